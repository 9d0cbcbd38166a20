"""One operation or several: what is divided at each, and how both twins stand after it.

The vessels are divided in the order of the test clamps, in as many groups as there are stages,
so that the largest part of the shared flow that one stage divides is as small as can be. Between
stages collaterals grow from junctions that lost a vessel to kept junctions of the same twin
near by: G(t) = G0 + (Gmax - G0)(1 - exp(-t / tau)). Who loses a vessel is told by `losses`; one
that serves neither twin counts as kept by nobody. Where collaterals open and how fast is assumed,
so every figure comes with the interval of tau. Stagings are shown side by side, none is chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from diptych.kernels.flow import tube_conductance
from diptych.model import (
    Measured,
    MillilitrePerMinute,
    MillimetreOfMercury,
    Staging,
    VeinStage,
)
from diptych.separation.channels import Channels, FloatArray, IntArray, Mask
from diptych.separation.clamps import Clamping, gradient_of
from diptych.separation.drained import reached_from
from diptych.separation.joint import Bridge, drain_joint, join, solve_pressures
from diptych.separation.terms import AllocationTerms

MOST_STAGES = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Theatre:
    """What all stagings share. position (V, 3) : of the junctions, LPS+ mm; flow (E,) : ml/min
    through each tube before the first clamp.
    """

    channels: Channels
    keepers: IntArray
    clamping: Clamping
    position: FloatArray
    terms: AllocationTerms

    @property
    def flow(self) -> FloatArray:
        """ml/min (E,), without sign."""
        return np.abs(self.clamping.states[0].flow[: len(self.channels.tubes)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sprout:
    """A collateral that opens after a stage; conductance at the start and when grown."""

    bridge: Bridge
    grown: float
    stage: int


def compare_stagings(theatre: Theatre, *, interval: float | None = None) -> tuple[Staging, ...]:
    """One staging for each number of operations from 1 to 5 (no more than vessels).

    interval : weeks between operations; None takes the table's
    """
    weeks = theatre.terms.value("stage-interval") if interval is None else interval
    most = min(MOST_STAGES, len(theatre.clamping.order))
    return tuple(_staging(theatre, count, weeks) for count in range(1, most + 1))


def part_order(flow: Sequence[float], count: int) -> tuple[tuple[int, int], ...]:
    """Bounds (first, after last) of `count` runs, none empty, whose largest sum is least.

    Dynamic programming over the last bound; of equals the earliest bounds.
    """
    sums = np.concatenate([[0.0], np.cumsum(flow)])
    size = len(flow)
    best = [[(np.inf, 0)] * (size + 1) for _ in range(count + 1)]
    best[0][0] = (0.0, 0)
    for stage in range(1, count + 1):
        for end in range(stage, size + 1):
            best[stage][end] = min(
                (max(best[stage - 1][k][0], float(sums[end] - sums[k])), k)
                for k in range(stage - 1, end)
            )
    bounds, end = [], size
    for stage in range(count, 0, -1):
        start = best[stage][end][1]
        bounds.append((start, end))
        end = start
    return tuple(reversed(bounds))


def _staging(theatre: Theatre, count: int, weeks: float) -> Staging:
    order = theatre.clamping.order
    flow = [float(theatre.flow[tube]) for tube in order]
    groups = [order[a:b] for a, b in part_order(flow, count)]
    tau = theatre.terms.measured("collateral-time")
    sprouts = _sprouts(theatre, groups)
    usual = _run(theatre, groups, sprouts, (weeks, tau.value))
    slow = _run(theatre, groups, sprouts, (weeks, tau.high)) if sprouts else usual
    fast = _run(theatre, groups, sprouts, (weeks, tau.low)) if sprouts else usual
    twins = theatre.channels.twins
    worst = {
        twin: [min(float(s.drained[twin]) for s in run) for run in (usual, slow, fast)]
        for twin in twins
    }
    within = all(stage.within for stage in usual)
    return Staging(
        stages=usual,
        drained={
            twin: Measured(value=w[0], low=min(w), high=max(w), unit="ml/min")
            for twin, w in worst.items()
        },
        gradient={
            twin: MillimetreOfMercury(max(float(s.gradient[twin]) for s in usual)) for twin in twins
        },
        weeks=weeks * (count - 1),
        within=within,
        collaterals=len(sprouts),
        notes=_notes(theatre, usual, len(sprouts)),
    )


def _run(
    theatre: Theatre,
    groups: Sequence[Sequence[int]],
    sprouts: Sequence[_Sprout],
    pace: tuple[float, float],
) -> tuple[VeinStage, ...]:
    """The stages with collaterals as grown just before each; pace: weeks between, tau."""
    done = np.zeros(len(theatre.channels.tubes), dtype=np.bool_)
    found = []
    for stage, group in enumerate(groups):
        done[list(group)] = True
        bridges = [
            _grown(s, (stage - s.stage) * pace[0], pace[1]) for s in sprouts if s.stage < stage
        ]
        found.append(_stage(theatre, (stage, group), done.copy(), bridges, stage * pace[0]))
    return tuple(found)


def _stage(
    theatre: Theatre,
    group: tuple[int, Sequence[int]],
    done: Mask,
    bridges: Sequence[Bridge],
    week: float,
) -> VeinStage:
    channels = theatre.channels
    state = join(channels, theatre.keepers, done, bridges)
    solved, drained = solve_pressures(state), drain_joint(state)
    whole = float(theatre.flow[list(theatre.clamping.order)].sum())
    share = float(theatre.flow[list(group[1])].sum()) / whole if whole > 0.0 else 0.0
    twins = channels.twins
    return VeinStage(
        number=group[0] + 1,
        week=week,
        vessels=tuple(channels.vessels[tube] for tube in group[1]),
        flow_share=round(share, 9),
        within=share <= theatre.terms.value("stage-flow-most") + 1e-9,
        drained={twins[p]: MillilitrePerMinute(round(drained[p], 6)) for p in (0, 1)},
        gradient={
            twins[p]: MillimetreOfMercury(round(gradient_of(channels, p, solved), 6))
            for p in (0, 1)
        },
        cut_off={twins[p]: MillilitrePerMinute(round(solved.cut_off[p], 6)) for p in (0, 1)},
    )


def grow(start: float, grown: float, weeks: float, tau: float) -> float:
    """Conductance of a collateral some weeks after it opened; tau in weeks."""
    return start + (grown - start) * (1.0 - float(np.exp(-weeks / tau)))


def _grown(sprout: _Sprout, weeks: float, tau: float) -> Bridge:
    return replace(
        sprout.bridge, conductance=grow(sprout.bridge.conductance, sprout.grown, weeks, tau)
    )


def _sprouts(theatre: Theatre, groups: Sequence[Sequence[int]]) -> list[_Sprout]:
    """Collaterals that open after each stage but the last, each junction once."""
    found: list[_Sprout] = []
    seen: set[tuple[int, int]] = set()
    for stage, group in enumerate(groups[:-1]):
        for tube in group:
            ends = sorted({int(end) for end in theatre.channels.tubes[tube]})
            for opening in product(theatre.clamping.losses.losers(tube), ends):
                if opening not in seen:
                    seen.add(opening)
                    found += _open_from(theatre, *opening, stage)
    return found


def _open_from(theatre: Theatre, place: int, node: int, stage: int) -> list[_Sprout]:
    """The nearest kept junctions of the twin that its own blood can leave from."""
    channels, terms = theatre.channels, theatre.terms
    kept = channels.kept(theatre.keepers, place) & ~theatre.clamping.losses.blind
    mine = np.zeros(len(channels.nodes), dtype=np.bool_)
    mine[channels.tubes[kept].ravel()] = True
    if not mine[node]:
        return []
    drains = mine & reached_from(channels.tubes[kept], channels.root == place)
    away = np.linalg.norm(theatre.position - theatre.position[node], axis=1)
    near = np.flatnonzero(drains & (away > 0.0) & (away <= terms.value("collateral-reach")))
    ends = sorted(near.tolist(), key=lambda n: (round(float(away[n]), 6), n))
    start, grown = terms.value("collateral-start"), terms.value("collateral-grown")
    return [
        _Sprout(
            bridge=Bridge(
                place=place,
                start=node,
                end=end,
                conductance=_conductance(start, float(away[end]), terms),
            ),
            grown=_conductance(grown, float(away[end]), terms),
            stage=stage,
        )
        for end in ends[: round(terms.value("collateral-count"))]
    ]


def _conductance(calibre: float, away: float, terms: AllocationTerms) -> float:
    path = np.array([[0.0, 0.0, 0.0], [away * terms.value("collateral-winding"), 0.0, 0.0]])
    return tube_conductance(path, np.full(2, calibre / 2.0), terms.viscosity)


def _notes(theatre: Theatre, stages: Sequence[VeinStage], collaterals: int) -> tuple[str, ...]:
    terms = theatre.terms
    least, most = terms.value("stage-flow-least"), terms.value("stage-flow-most")
    notes = [
        f"stage {s.number} divides {s.flow_share:.0%} of the shared flow,"
        f" more than {most:.0%} (published: {least:.0%} to {most:.0%})"
        for s in stages
        if not s.within
    ]
    if len(stages) > 1:
        notes.append(
            f"{collaterals} collaterals are assumed to open and to grow with a time constant of"
            f" {terms.value('collateral-time'):g} weeks; measure them before each stage"
        )
        notes.append("a sheet is laid between the brains after each stage but the last")
    return tuple(notes)
