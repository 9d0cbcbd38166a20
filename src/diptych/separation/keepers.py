"""Who keeps each open vessel, exactly: a mixed-integer program on pressures and flows.

For each twin: pressure p of every node in reach of its own roots (0 at them, at most the limit),
what leaves each node d (at most its source) and, of each open tube, the flow f. An own
tube carries g (p_u - p_v); an open tube does so if the twin keeps it and carries nothing if not.
First the worse-off twin's drained part of its own blood is made as large as can be, then the sum
in ml/min; both in one search that weighs the sum by a ten-thousandth. Solved by HiGHS (branch
and cut; Huangfu and Hall 2018, doi:10.1007/s12532-017-0130-5); record 0012 has the figures
beside CP-SAT.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from diptych.separation.channels import Channels, FloatArray, IntArray, Mask
from diptych.separation.drained import drain_twin, reached_from, shares_drained

CLOSE = 1e-6
"""Parts of a need that count as equal."""
SECOND = 1e-4
"""Weight of the sum (as part of both needs) beside the smaller part, when both goals are solved
at once. Nobody's part is below the smaller part z, so the sum is at least z too, and the best z
is at most optimum / (1 + SECOND): the z found is within SECOND x (sum - z) of it, and the sum
is the best that goes with such a z.
"""
JOINED = 1e4
"""The solver closes gaps to 1e-6; the joined goal is scaled so that the sum is exact to that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How long to search: branch nodes for each solve (the same on every machine), and seconds
    after which even a slow machine gives up and says that nothing is proven.
    """

    nodes: int = 20_000
    seconds: float = 60.0
    tie_nodes: int = 300
    tie_seconds: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """Keepers and what is known about them.

    keepers (E,) : place that keeps each open tube; other tubes carry their owner
    shares : part of its own blood that the twin at each place drains
    value, bound : the worse-off twin's (weighed) part, and what no choice can exceed
    total, total_bound : the sum in ml/min, and what no choice with that part can exceed
    """

    keepers: IntArray
    shares: tuple[float, float]
    value: float
    bound: float
    total: float
    total_bound: float


Weights = tuple[float, float]
"""What the drained part of each place is divided by before the smaller is taken."""


def choose_keepers(
    channels: Channels, fixed: Mapping[int, int], *, weights: Weights, search: Search
) -> Choice:
    """The best keepers with some tubes fixed to a place, and the bounds that prove it."""
    program = _Program(channels, fixed, weights)
    best, top = program.solve(program.both(), search.nodes, search.seconds)
    if best is None:
        best = _naive(channels, fixed)
    value, total = worth(channels, best, weights), total_of(channels, best)
    top /= JOINED
    return Choice(
        keepers=best,
        shares=shares_drained(channels, best),
        value=value,
        bound=max(min(top / (1.0 + SECOND), 1.0 / max(weights)), value),
        total=total,
        total_bound=max(min((top - value) / SECOND, 1.0) * program.whole, total),
    )


def worth(channels: Channels, keepers: IntArray, weights: Weights) -> float:
    """The smaller of both twins' drained parts, each divided by its weight."""
    shares = shares_drained(channels, keepers)
    return min(shares[0] / weights[0], shares[1] / weights[1])


def total_of(channels: Channels, keepers: IntArray) -> float:
    """ml/min that both twins drain together."""
    return sum(drain_twin(channels, place, channels.kept(keepers, place)).total for place in (0, 1))


def find_better(
    channels: Channels,
    fixed: Mapping[int, int],
    *,
    weights: Weights,
    floor: tuple[float, float],
    search: Search,
) -> tuple[IntArray | None, bool]:
    """Keepers that reach `floor` (the smaller part, ml/min together), and whether it is certain.

    (None, True) says that there are none.
    """
    program = _Program(channels, fixed, weights)
    found, bound = program.solve(
        program.sum(), search.tie_nodes, search.tie_seconds, least=floor[0], least_sum=floor[1],
        first_found=True,
    )  # fmt: skip
    return found, found is not None or bound == -np.inf


def _naive(channels: Channels, fixed: Mapping[int, int]) -> IntArray:
    """Every tube with its owner, shared ones with place 0: only if no search found any."""
    keepers = np.where(channels.owner == 1, 1, 0)
    for tube, place in fixed.items():
        keepers[tube] = place
    return keepers


class _Rows:
    """Sparse rows low <= a x <= high, gathered one by one."""

    def __init__(self) -> None:
        self.row: list[int] = []
        self.column: list[int] = []
        self.value: list[float] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, terms: Sequence[tuple[int, float]], low: float, high: float) -> None:
        self.row += [len(self.low)] * len(terms)
        self.column += [column for column, _ in terms]
        self.value += [value for _, value in terms]
        self.low.append(low)
        self.high.append(high)

    def constraint(self, columns: int) -> LinearConstraint:
        shape = (len(self.low), columns)
        matrix = csr_matrix((self.value, (self.row, self.column)), shape=shape)
        return LinearConstraint(matrix, self.low, self.high)


class _Program:
    """Columns: keeper of each open tube (1: place 0 keeps it), then each place's pressures,
    flows and amounts, then the smaller part z.
    """

    def __init__(self, channels: Channels, fixed: Mapping[int, int], weights: Weights) -> None:
        self.channels = channels
        self.whole = max(channels.need(0) + channels.need(1), 1e-12)
        self.low: list[float] = []
        self.high: list[float] = []
        self.rows = _Rows()
        self.tubes = np.flatnonzero(channels.open)
        self.keeper = {int(tube): self._keeper(fixed.get(int(tube))) for tube in self.tubes}
        self.amounts = [self._add_twin(place) for place in (0, 1)]
        self.worst = self._column(0.0, 1.0 / max(weights))
        for place in (0, 1):
            need = channels.need(place)
            if need > 0.0:
                terms = [(column, 1.0 / need) for column in self.amounts[place]]
                self.rows.add([*terms, (self.worst, -weights[place])], 0.0, np.inf)

    def _column(self, low: float, high: float) -> int:
        self.low.append(low)
        self.high.append(high)
        return len(self.low) - 1

    def _keeper(self, place: int | None) -> int:
        return self._column(float(place == 0), float(place != 1))

    def _add_twin(self, place: int) -> list[int]:
        """One twin's flow; returns the columns of what its nodes drain."""
        channels = self.channels
        live = _live_tubes(channels, place)
        source, rooted = channels.source[place], channels.root == place
        pressure: dict[int, int] = {}
        for node in np.unique(channels.tubes[live]).tolist():
            pressure[node] = self._column(0.0, 0.0 if rooted[node] else channels.limit)
        balance: dict[int, list[tuple[int, float]]] = {node: [] for node in pressure}
        for tube in np.flatnonzero(live).tolist():
            one, two = (int(end) for end in channels.tubes[tube])
            drop = [(pressure[one], 1.0), (pressure[two], -1.0)]
            flow = self._flow(tube, place, drop) if channels.open[tube] else None
            g = float(channels.conductance[tube])
            terms = [(c, g * sign) for c, sign in drop] if flow is None else [(flow, 1.0)]
            balance[one] += terms
            balance[two] += [(column, -value) for column, value in terms]
        amounts = []
        for node in [n for n in pressure if not rooted[n]]:
            terms = balance[node]
            if source[node] > 0.0:
                amounts.append(self._column(0.0, float(source[node])))
                terms = [*terms, (amounts[-1], -1.0)]
            self.rows.add(terms, 0.0, 0.0)
        return amounts

    def _flow(self, tube: int, place: int, drop: list[tuple[int, float]]) -> int:
        """Column of the flow in an open tube: by the law if kept, else none."""
        channels = self.channels
        most = float(channels.conductance[tube]) * channels.limit
        bound = min(most, channels.need(place))
        up, down = bound, bound
        if self.high[drop[1][0]] == 0.0:
            down = 0.0
        if self.high[drop[0][0]] == 0.0:
            up = 0.0
        flow = self._column(-down, up)
        keeper, sign, base = self.keeper[tube], (1.0, -1.0)[place], float(place)
        # kept = base + sign * keeper
        self.rows.add([(flow, 1.0), (keeper, -up * sign)], -np.inf, up * base)
        self.rows.add([(flow, 1.0), (keeper, down * sign)], -down * base, np.inf)
        law = [(flow, 1.0), *((c, -s * most / channels.limit) for c, s in drop)]
        slack = [most if side else 0.0 for side in (down, up)]
        self.rows.add([*law, (keeper, slack[0] * sign)], -np.inf, slack[0] * (1.0 - base))
        self.rows.add([*law, (keeper, -slack[1] * sign)], -slack[1] * (1.0 - base), np.inf)
        return flow

    def fairness(self) -> FloatArray:
        """Cost of the first goal: minus the smaller part."""
        cost = np.zeros(len(self.low))
        cost[self.worst] = -1.0
        return cost

    def both(self) -> FloatArray:
        """Cost of both goals, the second by its small weight."""
        joined: FloatArray = JOINED * (self.fairness() + SECOND * self.sum())
        return joined

    def sum(self) -> FloatArray:
        """Cost of the second goal: minus the sum, as part of both needs."""
        cost = np.zeros(len(self.low))
        cost[self.amounts[0] + self.amounts[1]] = -1.0 / self.whole
        return cost

    def solve(
        self,
        cost: FloatArray,
        nodes: int,
        seconds: float,
        *,
        least: float = 0.0,
        least_sum: float = 0.0,
        first_found: bool = False,
    ) -> tuple[IntArray | None, float]:
        """Keepers (E,) and the bound (-inf: there are none) of one goal.

        least : of the smaller part; least_sum : ml/min together
        """
        low = np.array(self.low)
        low[self.worst] = max(least, 0.0)
        sums = -self.sum()
        extra = LinearConstraint(csr_matrix(sums[None]), [least_sum / self.whole - CLOSE], [np.inf])
        integral = np.zeros(len(low))
        integral[: len(self.keeper)] = 1
        answer = milp(
            np.zeros(len(low)) if first_found else cost,
            constraints=[self.rows.constraint(len(low)), extra],
            bounds=Bounds(low, np.array(self.high)),
            integrality=integral,
            options={"time_limit": seconds, "node_limit": nodes, "mip_rel_gap": 0.0},
        )
        if answer.status == 2:
            return None, -np.inf
        bound = np.inf if answer.mip_dual_bound is None else -float(answer.mip_dual_bound)
        return None if answer.x is None else self._read(answer.x), bound

    def _read(self, values: FloatArray) -> IntArray:
        keepers: IntArray = np.where(self.channels.owner == 1, 1, 0)
        for tube, column in self.keeper.items():
            keepers[tube] = 0 if values[column] > 0.5 else 1
        return keepers


def _live_tubes(channels: Channels, place: int) -> Mask:
    """Tubes (E,) that could carry the twin's blood: in reach of its roots, no blind ends."""
    live = channels.reach(place)
    rooted = channels.root == place
    live &= reached_from(channels.tubes[live], rooted)[channels.tubes[:, 0]]
    ends = rooted | (channels.source[place] > 0.0)
    while True:
        degree = np.bincount(channels.tubes[live].ravel(), minlength=len(rooted))
        blind = live & ((degree == 1) & ~ends)[channels.tubes].any(axis=1)
        if not blind.any():
            return live
        live &= ~blind
