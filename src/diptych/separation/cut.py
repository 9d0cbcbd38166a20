"""The cheapest surface between the twins, with its proof and its faces.

The source of the flow is the twin whose first seed comes first in the volume, so that
swapping the letters A and B swaps the result and changes nothing else, ties included.
"""

from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.kernels.components import label_components
from diptych.kernels.mincut import Cut, front
from diptych.kernels.mincut.grid import edge_weights, neighbour_steps
from diptych.model import CutProof, Owner
from diptych.separation.costs import CostField
from diptych.separation.policy import SeparationPolicy

METHOD = (
    "exact minimum cut on the voxel grid: coarse-to-fine start, push-relabel on either side,"
    " independent certificate (diptych.kernels.mincut)"
)
_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parting:
    """Sides of one cut, and what proves it. All arrays cover the block that was cut.

    kindness : -1 (kinder to B) over 0 (balanced) to 1 (kinder to A)
    side : (I, J, K) uint8, 0 no tissue, 1 with A, 2 with B
    unary : (I, J, K) int64 the prices that this cut was solved with
    """

    kindness: float
    side: NDArray[np.uint8]
    unary: NDArray[np.int64]
    proof: CutProof
    notes: tuple[str, ...]


def area_unit(spacing: tuple[float, float, float], neighbours: int) -> int:
    """Total edge weight that a flat cut severs for each smallest voxel face it crosses."""
    steps = neighbour_steps(neighbours)
    weights = edge_weights(steps, spacing)
    widest = int(np.argmax(spacing))
    return int((weights * np.abs(steps[:, widest])).sum()) // 2


def part_twins(
    field: CostField,
    seeds: NDArray[np.uint8],
    owner: NDArray[np.uint8],
    *,
    spacing: tuple[float, float, float],
    policy: SeparationPolicy,
    only: int | None = None,
) -> tuple[Parting, ...]:
    """The nested minimum cuts from kinder to B to kinder to A; both sides in one piece each.

    only : number of the one point to cut (0 is the kindest to B); None cuts all
    Where the prices of ownership would leave an island of one twin inside the other at any
    point, the claim on that island is dropped and all are solved again; `notes` say so.
    """
    unit, half = area_unit(spacing, policy.neighbours), policy.points // 2
    giving = unit * field.giving.astype(np.int64)
    doubtful = unit * field.doubtful.astype(np.int64) // half
    steps = list(range(-half, half + 1)) if only is None else [only - half]
    dropped = 0
    for _ in range(_ROUNDS):
        cuts = _solve_mirrored(field, seeds, (giving, doubtful), steps, spacing, policy.neighbours)
        islands = np.zeros(seeds.shape, dtype=np.bool_)
        for cut in cuts:
            islands |= _islands(cut.labels, seeds)
        claimed = islands & ((giving != 0) | (doubtful != 0))
        if not claimed.any():
            break
        dropped += int(claimed.sum())
        giving[claimed] = 0
        doubtful[claimed] = 0
    settled = _settle_loose_pieces(cuts[len(cuts) // 2].labels, islands, owner)
    notes = _tell_islands(dropped, int(islands.sum()), spacing)
    return tuple(
        Parting(
            kindness=step / half,
            side=np.where(islands, settled, cut.labels),
            unary=giving + step * doubtful,
            proof=_prove(cut, field.scale),
            notes=notes,
        )
        for step, cut in zip(steps, cuts, strict=True)
    )


def _solve_mirrored(
    field: CostField,
    seeds: NDArray[np.uint8],
    prices: tuple[NDArray[np.int64], NDArray[np.int64]],
    steps: list[int],
    spacing: tuple[float, float, float],
    neighbours: int,
) -> list[Cut]:
    """The cuts with the source at the twin whose first seed comes first; labels 1 = A."""
    giving, doubtful = prices
    first = seeds.reshape(-1)[np.argmax(seeds.reshape(-1) != 0)]
    swap = np.array([0, 1, 2] if first == 1 else [0, 2, 1], dtype=np.uint8)
    cuts = front(
        field.cost,
        swap[seeds],
        doubtful,
        steps if first == 1 else [-step for step in reversed(steps)],
        neighbours=neighbours,
        spacing=spacing,
        unary=giving if first == 1 else -giving,
        walled=field.vessel,
        threads=min(numba.get_num_threads(), 2),
    )
    turned = [replace(cut, labels=swap[cut.labels]) for cut in cuts]
    return turned if first == 1 else turned[::-1]


def _islands(side: NDArray[np.uint8], seeds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Voxels of either side that are not in one piece with that side's seeds."""
    found = np.zeros(side.shape, dtype=np.bool_)
    for code in (1, 2):
        pieces = label_components(side == code)
        if pieces.count > 1:
            main = np.zeros(pieces.count + 1, dtype=np.bool_)
            main[pieces.labels[seeds == code]] = True
            main[0] = True
            found |= ~main[pieces.labels]
    return found


def _settle_loose_pieces(
    side: NDArray[np.uint8], loose: NDArray[np.bool_], owner: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Gives each loose piece to the twin it touches, else to the owner it names.

    A piece that names neither twin goes to the side with more tissue in its
    slice-neighbourhood (nearest by bounding box).
    """
    if not loose.any():
        return side
    settled = side.copy()
    found = label_components(loose)
    pieces, number = found.labels, found.count
    solid = np.where(loose, 0, side)
    for index, place in enumerate(ndimage.find_objects(pieces, number), start=1):
        wide = tuple(slice(max(axis.start - 1, 0), axis.stop + 1) for axis in place)
        mine = pieces[wide] == index
        settled[wide][mine] = _choose_side(mine, solid[wide], owner[wide], solid, place)
    return settled


def _choose_side(
    mine: NDArray[np.bool_],
    around: NDArray[np.uint8],
    owner: NDArray[np.uint8],
    solid: NDArray[np.uint8],
    place: tuple[slice, slice, slice],
) -> int:
    """1 or 2 for one loose piece: by contact, then by owner, then by nearness."""
    shell = ndimage.binary_dilation(mine) & ~mine
    for votes in (
        [int((around[shell] == code).sum()) for code in (1, 2)],
        [int((owner[mine] == code).sum()) for code in (int(Owner.A), int(Owner.B))],
    ):
        if votes[0] != votes[1]:
            return 1 if votes[0] > votes[1] else 2
    reach = 2
    while True:
        wide = tuple(slice(max(axis.start - reach, 0), axis.stop + reach) for axis in place)
        votes = [int((solid[wide] == code).sum()) for code in (1, 2)]
        if votes[0] != votes[1]:
            return 1 if votes[0] > votes[1] else 2
        if reach > max(solid.shape):
            return int(solid.reshape(-1)[np.argmax(solid.reshape(-1) != 0)])
        reach *= 2


def _tell_islands(dropped: int, loose: int, spacing: tuple[float, float, float]) -> tuple[str, ...]:
    notes = []
    volume = float(np.prod(spacing)) / 1000.0
    if dropped:
        notes.append(
            f"islands of {dropped * volume:.2f} ml that the ownership gave to one twin inside"
            " the other were absorbed by the twin around them"
        )
    if loose:
        notes.append(
            f"{loose * volume:.2f} ml of tissue in pieces that touch neither twin's body was"
            " given to the twin that it touches, names or lies nearest to"
        )
    return tuple(notes)


def _prove(cut: Cut, scale: int) -> CutProof:
    proven = cut.certificate.passed
    if proven:
        statement = (
            f"proven: a flow of {cut.lower_bound} units passes between the twins and the cut"
            f" costs {cut.value} units, so no surface is cheaper for these costs"
        )
    else:
        statement = (
            f"not proven: the cut costs {cut.value} units, the flow found is"
            f" {cut.lower_bound}, and {cut.certificate.faults} checks failed"
        )
    return CutProof(
        value=cut.value,
        flow=cut.lower_bound,
        proven=proven,
        scale=float(scale),
        method=METHOD,
        statement=statement,
    )


def severed_pairs(
    side: NDArray[np.uint8], neighbours: int, spacing: tuple[float, float, float]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Flat indices (N, 2) of the voxel pairs that the cut severs, and their weights (N,)."""
    steps = neighbour_steps(neighbours)
    weights = edge_weights(steps, spacing)
    flat = np.arange(side.size, dtype=np.int64).reshape(side.shape)
    pairs, heavy = [], []
    for step, weight in zip(steps[::2].tolist(), weights[::2].tolist(), strict=True):
        here, there = _shifted(step)
        parted = (side[here] != side[there]) & (side[here] != 0) & (side[there] != 0)
        found = np.stack([flat[here][parted], flat[there][parted]], axis=1)
        pairs.append(found)
        heavy.append(np.full(len(found), weight, dtype=np.int64))
    return np.concatenate(pairs), np.concatenate(heavy)


def _shifted(step: list[int]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Slices of the voxels that have a neighbour along `step`, and of those neighbours."""
    here = tuple(slice(max(0, -s), -s if s > 0 else None) for s in step)
    there = tuple(slice(max(0, s), s if s < 0 else None) for s in step)
    return here, there
