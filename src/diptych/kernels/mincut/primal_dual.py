"""The second engine: a continuous max-flow in even sweeps, with a bound that anyone can check.

    preview = solve_primal_dual(cost, seeds, weights=weights, steps=steps, gap=0.001)
    preview.lower_bound <= minimum cut <= preview.value

The linear relaxation of the cut, min over z of max over |flow| <= capacity, is solved by the
primal-dual steps of Chambolle & Pock (2011, doi:10.1007/s10851-010-0251-1) with diagonal
preconditioning (`primal_dual_steps`), from coarse voxels to fine ones (`primal_dual_run`).
The sweeps work in floats; nothing they compute is trusted. `certify_preview` derives the
bound anew in integers.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled
from diptych.kernels.mincut.primal_dual_run import Crew, start_finest
from diptych.kernels.mincut.primal_dual_start import find_idle
from diptych.kernels.mincut.primal_dual_steps import Given
from diptych.model.checks import require

_PRECISION = 24  # bits of a fraction of a unit of flow in the certificate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Preview:
    """A cut that is optimal up to a proven gap.

    labels : (I, J, K) uint8, 0 no tissue, 1 source side, 2 sink side
    value : sum of the capacities that the labels sever
    lower_bound : no cut can be smaller, by `certify_preview`
    gap : (value - lower_bound) / value, 0.0 when the cut is proven optimal
    iterations : steps taken at full resolution
    flow, corner : float32 (H, i, j, k) flows on a block of the grid and where it lies;
        flow[h, v] runs from v - s to v, s the h-th of the steps that are above (0, 0, 0) in
        dictionary order. `certify_preview` turns them into the bound.
    """

    labels: NDArray[np.uint8]
    value: int
    lower_bound: int
    gap: float
    iterations: int
    flow: NDArray[np.float32]
    corner: tuple[int, int, int]


def solve_primal_dual(
    cost: NDArray[np.integer],
    seeds: NDArray[np.uint8],
    *,
    weights: NDArray[np.int64],
    steps: NDArray[np.int64],
    unary: NDArray[np.int64] | None = None,
    walled: NDArray[np.bool_] | None = None,
    gap: float = 0.001,
    threads: int = 1,
    iterations: int = 2000,
) -> Preview:
    """A cut and a certified lower bound, as close as `gap` if `iterations` steps reach it.

    cost, seeds, unary, walled : (I, J, K) as `minimum_cut` takes them, already checked
    weights, steps : (D,), (D, 3) as made by `grid`
    gap : stop when value - lower_bound <= gap * value, or when the cut is proven optimal
    threads : changes no byte of the result

    When the gap is not reached, the result says so in its own `gap`.
    """
    block = _find_block(cost)
    given = _take_block(cost, seeds, (unary, walled), (steps, weights), block)
    idle = np.zeros(given.cost.shape, dtype=np.uint8)
    find_idle(given, idle)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        best = _descend(given, idle, (gap, iterations), Crew(threads, pool))
    labels = np.zeros(cost.shape, dtype=np.uint8)
    labels[block] = best.labels
    return Preview(
        labels=labels,
        value=best.value,
        lower_bound=best.bound,
        gap=(best.value - best.bound) / best.value if best.value else 0.0,
        iterations=best.steps,
        flow=best.flow,
        corner=(block[0].start, block[1].start, block[2].start),
    )


def _find_block(cost: NDArray[np.integer]) -> tuple[slice, slice, slice]:
    """The smallest block that holds all tissue."""
    filled = [np.flatnonzero(cost.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    i, j, k = (slice(int(places[0]), int(places[-1]) + 1) for places in filled)
    return i, j, k


def _take_block(
    cost: NDArray[np.integer],
    seeds: NDArray[np.uint8],
    extras: tuple[NDArray[np.int64] | None, NDArray[np.bool_] | None],
    edges: tuple[NDArray[np.int64], NDArray[np.int64]],
    block: tuple[slice, ...],
) -> Given:
    unary, walled = extras
    steps, weights = edges
    ahead = [tuple(step) > (0, 0, 0) for step in steps.tolist()]
    none = np.zeros((0, 0, 0), dtype=np.int64)
    return Given(
        cost=np.ascontiguousarray(cost[block], dtype=np.int32),
        seeds=np.ascontiguousarray(seeds[block], dtype=np.uint8),
        unary=none if unary is None else np.ascontiguousarray(unary[block], dtype=np.int64),
        walled=none > 0 if walled is None else np.ascontiguousarray(walled[block], dtype=np.bool_),
        steps=np.ascontiguousarray(steps[ahead]),
        weights=np.ascontiguousarray(weights[ahead]),
    )


class _Best(NamedTuple):
    labels: NDArray[np.uint8]
    value: int
    bound: int
    steps: int
    flow: NDArray[np.float32]


def _descend(given: Given, idle: NDArray[np.uint8], wanted: tuple[float, int], crew: Crew) -> _Best:
    """Coarse levels first, each the start of the next finer one."""
    gap, limit = wanted
    run = start_finest(given, idle, crew)
    aim = gap
    while True:
        run.approach(aim, limit)
        labels = np.where(idle > 0, idle, run.labels)
        flow = run.level.flow[:, 1:-1, 1:-1, 1:-1]
        value, bound = _value_and_bound(given, labels, flow)
        if value - bound <= gap * value or run.step >= limit or run.still:
            return _Best(labels, value, bound, run.step, flow)
        aim *= 0.5


def certify_preview(
    preview: Preview,
    cost: NDArray[np.integer],
    seeds: NDArray[np.uint8],
    *,
    weights: NDArray[np.int64],
    steps: NDArray[np.int64],
    unary: NDArray[np.int64] | None = None,
    walled: NDArray[np.bool_] | None = None,
) -> tuple[int, int]:
    """What the labels sever and what the flow proves: (value, lower bound), anew from the inputs.

    The flow is trusted in nothing. It is rounded to multiples of 2**-s and clipped to the
    capacities; call the result f. For labels x in {0, 1} (1 source side), unary u with
    u+ = max(u, 0), u- = max(-u, 0), and any f with |f(e)| <= w(e),

        cut(x) = sum_e w(e) |x_p - x_q| + sum_v (u+ (1 - x_v) + u- x_v)
              >= sum_e f(e) (x_p - x_q) + sum_v (u+ (1 - x_v) + u- x_v)
               = sum_v (x_v out_v + u+ (1 - x_v) + u- x_v)
              >= sum over source seeds of out_v + sum over free v of min(u+, out_v + u-)

    with out_v the flow that leaves v less what enters, since each free x_v is 0 or 1. The
    last line does not know x: it is below every cut. No conservation is asked for; what f
    loses on its way lowers the bound by itself. All sums are integers, in units of 2**-s.
    The optimum is an integer at least 0, so the bound is rounded up. Voxels without tissue have no
    edges. InputError when the labels are no cut of this problem.
    """
    block = tuple(
        slice(a, a + n) for a, n in zip(preview.corner, preview.flow.shape[1:], strict=True)
    )
    require(
        np.count_nonzero(cost) == np.count_nonzero(cost[block]),
        f"tissue lies outside the block at {preview.corner} that has flows",
        remedy="certify a preview with the cost it was made from",
    )
    given = _take_block(cost, seeds, (unary, walled), (steps, weights), block)
    return _value_and_bound(given, preview.labels[block], preview.flow)


def _value_and_bound(
    given: Given, labels: NDArray[np.uint8], flow: NDArray[np.float32]
) -> tuple[int, int]:
    """The sums of `certify_preview` on the block."""
    _, nj, nk = labels.shape
    heaviest = len(given.steps) * 4 * int(given.cost.max()) * int(given.weights.max())
    if given.unary.size:
        heaviest += int(np.abs(given.unary).max())
    shift = min(_PRECISION, 62 - (heaviest * nj * nk).bit_length())
    paid, kept, wrong = _inspect(given, labels, flow, max(0, shift))
    require(
        wrong == 0,
        f"{wrong} voxels have a label that does not fit tissue and seeds",
        remedy="certify labels 1 and 2 on tissue, 0 elsewhere, seeds on their own side",
    )
    bound = -(-sum(int(part) for part in kept) >> max(0, shift))
    return sum(int(part) for part in paid), max(0, bound)


@compiled
def _inspect(
    given: Given, labels: NDArray[np.uint8], flow: NDArray[np.float32], shift: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Per plane what labels sever and what the flow keeps (times 2**shift); wrong labels.

    One loop, so that each voxel is read once; it shares no code with the sweeps.
    """
    ni, nj, nk = labels.shape
    paid, kept = np.zeros(ni, dtype=np.int64), np.zeros(ni, dtype=np.int64)
    wrong = 0
    scale = np.float64(np.int64(1) << shift)
    for i in range(ni):
        for j in range(nj):
            for k in range(nk):
                mine, label = np.int64(given.cost[i, j, k]), labels[i, j, k]
                seed = given.seeds[i, j, k]
                if mine == 0:
                    wrong += label != 0
                    continue
                wrong += label not in (1, 2) or (seed > 0 and seed != label)
                out = np.int64(0)
                for d in range(2 * given.steps.shape[0]):
                    h, sign = d // 2, 1 - 2 * (d % 2)
                    a = i + sign * given.steps[h, 0]
                    b = j + sign * given.steps[h, 1]
                    c = k + sign * given.steps[h, 2]
                    if not (0 <= a < ni and 0 <= b < nj and 0 <= c < nk):
                        continue
                    other = np.int64(given.cost[a, b, c])
                    if other == 0:
                        continue
                    room = given.weights[h] * (mine + other)
                    if given.walled.size > 0 and given.walled[i, j, k] != given.walled[a, b, c]:
                        room = given.weights[h] * 2 * min(mine, other)
                    if label == 1 and labels[a, b, c] == 2:
                        paid[i] += room
                    room <<= shift
                    moved = scale * np.float64(flow[h, a, b, c] if sign > 0 else flow[h, i, j, k])
                    units = np.int64(0)
                    if abs(moved) < room:
                        units = np.int64(np.rint(moved))
                    elif not np.isnan(moved):
                        units = room if moved > 0 else -room
                    out += sign * units
                if seed == 1:
                    kept[i] += out
                elif seed == 0:
                    price = given.unary[i, j, k] if given.unary.size > 0 else np.int64(0)
                    high, low = max(price, np.int64(0)), max(-price, np.int64(0))
                    kept[i] += min(high << shift, out + (low << shift))
                    paid[i] += high if label == 2 else low
    return paid, kept, wrong
