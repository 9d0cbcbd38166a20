"""The independent pass: is this flow feasible, and does it equal this cut?

It shares no code with the solver. Capacities are read from the caller's own arrays, flows are
one number an edge, and both are judged voxel by voxel. By weak duality any feasible flow is
at most any cut; where the two are equal, the cut is a global minimum (Ford & Fulkerson 1956,
doi:10.4153/CJM-1956-045-5).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.mincut.inspection import inspect_planes
from diptych.kernels.mincut.result import Certificate

Split = Callable[[int, int, Callable[[int, int], Any]], list[Any]]
Counts = NDArray[np.int64]

_LUMP = 8
"""Rows judged at a time: rows of 200 voxels alone are too short for wide instructions."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """A cut, a flow and the problem they answer; whole arrays, in the caller's order.

    cost : (I, J, K) whole numbers, 0 no tissue; where capacities are given, 0 is no voxel of
        the problem, None none such
    capacities : (6, I, J, K) in the order +i, -i, +j, -j, +k, -k; None where costs are given
    weights : (H,) edge weights, by half-direction
    walled : (I, J, K) uint8, or None
    seeds, labels : (I, J, K) uint8
    unary : (I, J, K) int64 in capacity units, or None
    ahead : (H, 3) steps to the neighbour ahead along each half-direction
    corner : where the block that has flow lies; there is neither tissue nor flow outside
    beyond : tissue of the problem that the arrays here leave out; there must be none
    flow : (i, j, k, H) of that block, net flow from each voxel to that neighbour
    """

    cost: NDArray[Any] | None = None
    capacities: NDArray[Any] | None = None
    weights: NDArray[np.int64]
    walled: NDArray[np.uint8] | None = None
    seeds: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    unary: NDArray[np.int64] | None = None
    ahead: NDArray[np.int64]
    corner: tuple[int, int, int] = (0, 0, 0)
    beyond: int = 0
    flow: NDArray[Any]


def certify_flow(claim: Claim, split: Split | None = None) -> Certificate:
    """Verdict on a claim; `split(start, stop, work)` may share the planes among threads."""
    zero = wide_enough(claim)

    def inspect(start: int, stop: int) -> Counts:
        return count_faults(claim, start, stop, zero)

    planes = claim.flow.shape[0]
    parts = [inspect(0, planes)] if split is None else split(0, planes, inspect)
    return sum_up(parts, _stray_labels(claim) + claim.beyond)


def count_faults(claim: Claim, start: int, stop: int, zero: type[np.integer[Any]]) -> Counts:
    """What `inspect_planes` finds in planes start to stop of the block of flow.

    zero : a type wide enough for all sums (`wide_enough`)
    """
    found = np.zeros(6, dtype=np.int64)
    inspect_planes(*_arrays(claim), start, stop, np.zeros(1, dtype=zero), found)
    return found


def sum_up(parts: list[Counts], stray: int) -> Certificate:
    """The certificate of parts that make up the whole; `stray` are labels where none may be."""
    capacity, conservation, unsaturated, labels, value, flow = (
        int(n) for n in np.sum(parts, axis=0)
    )
    return Certificate(
        capacity=capacity,
        conservation=conservation,
        unsaturated=unsaturated,
        labels=labels + stray,
        value=value,
        flow=flow,
    )


def _stray_labels(claim: Claim) -> int:
    """Labels and tissue outside the block, where there must be none."""
    shape = claim.flow.shape[:3]
    if shape == claim.labels.shape:
        return 0
    inside = tuple(
        slice(low, low + length) for low, length in zip(claim.corner, shape, strict=True)
    )
    stray = np.count_nonzero(claim.labels) - np.count_nonzero(claim.labels[inside])
    if claim.cost is not None:
        stray += np.count_nonzero(claim.cost) - np.count_nonzero(claim.cost[inside])
    return int(stray)


def wide_enough(claim: Claim) -> type[np.integer[Any]]:
    """Two or four bytes where no sum of what is judged can pass them, else eight.

    A flow above its capacity is counted as such whatever its sums come to.
    """
    if claim.capacities is not None or claim.walled is not None or claim.unary is not None:
        return np.int64
    assert claim.cost is not None
    most = 2 * int(claim.cost.max(initial=0)) * int(claim.weights.max())
    most *= 2 * len(claim.ahead)
    if most < 1 << 15 and claim.flow.dtype.itemsize <= 2:
        return np.int16
    return np.int32 if most < 1 << 31 and claim.flow.dtype.itemsize <= 4 else np.int64


def _arrays(claim: Claim) -> tuple[Any, ...]:
    """What the compiled pass takes."""
    cost, capacities, walled, unary = claim.cost, claim.capacities, claim.walled, claim.unary
    return (
        _flat(np.ones(claim.seeds.shape, dtype=np.uint8) if cost is None else cost),
        None if capacities is None else _plain(capacities.reshape(6, -1)),
        _plain(claim.weights),
        None if walled is None else _flat(walled),
        _flat(claim.seeds),
        None if unary is None else _flat(unary),
        _flat(claim.labels),
        claim.seeds.shape,
        _plain(claim.ahead),
        _flat(claim.flow),
        claim.flow.shape[:3],
        claim.corner,
        _LUMP if _is_bordered(claim) else 1,
    )


def _is_bordered(claim: Claim) -> bool:
    """Whether each row of the block begins and ends with air, so that rows can be judged as one.

    What leads over the end of a row then comes from air and leads to air: it has no capacity.
    """
    if claim.cost is None or claim.capacities is not None:
        return False
    if claim.corner[1:] != (0, 0) or claim.flow.shape[1:3] != claim.cost.shape[1:]:
        return False
    return not (claim.cost[..., 0].any() or claim.cost[..., -1].any())


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    return _plain(array).reshape(-1)


def _plain(array: NDArray[Any]) -> NDArray[Any]:
    """The array as one contiguous, writable block: a single form for the compiler."""
    return np.require(array, requirements=["C", "W", "A"])
