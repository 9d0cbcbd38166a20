"""The steps from the price of a tissue to the price of one voxel near the septum.

In this order, each with its own rows in the table of costs, and 0 as the weight that takes it
away exactly:

- bony-plate: a plate of bone between the brains is priced as a sheet, not as a vault
- septum: what looks like a sheet is cheaper, x (1 - septum-discount x evidence)
- middle: fluid, dura and plate rise with the difference of the distances to the two brains
- doubt: brain whose owner is uncertain is cheaper, x (1 - doubt-discount x doubt)
- boundary: brain on either side of the map's boundary costs no more than without doubt
  x (1 - boundary-discount): a cut there divides neither brain
- cortex-depth: brain rises with its depth below the nearest surface of brain
- reach: all of these rise with their depth below the open scalp
- margin-brain, margin-vessel: and near brain that is surely someone's, and near vessels

Every step is rounded to whole units of at least 1, so that the differences between steps,
summed over what a cut severs, are exactly what each term contributed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import Tissue
from diptych.tables import SourcedTable

Numbers = NDArray[np.float64]
SOFT = (int(Tissue.BRAIN), int(Tissue.DURA), int(Tissue.CSF))


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weights of the steps, from the table of costs; lengths in mm."""

    plate: float
    septum: float
    middle: float
    middle_limit: float
    doubt: float
    boundary: float
    depth: float
    depth_limit: float
    reach: float
    margin_brain: float
    margin_vessel: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ladder:
    """What the prices of N soft voxels are made of.

    base : (N,) int64 price of the tissue, units; brain, plate : (N,) bool
    septum : (N,) float32 evidence 0..1; apart : difference of the distances to the brains, mm
    sure : (N,) uint8 confidence of the owner 0..100 (shared and unknown 0)
    beside : (N,) bool, shares a face with a voxel of the other twin
    depth : below the nearest surface of brain, mm; below : below the open scalp, mm
    near_brain, near_vessel : 1 at surely owned brain or a vessel, 0 beyond the margin
    scale : units for a cost of 1
    """

    base: NDArray[np.int64]
    brain: NDArray[np.bool_]
    plate: NDArray[np.bool_]
    septum: NDArray[np.float32]
    apart: NDArray[np.float32]
    sure: NDArray[np.uint8]
    beside: NDArray[np.bool_]
    depth: NDArray[np.float32]
    below: NDArray[np.float32]
    near_brain: NDArray[np.float32]
    near_vessel: NDArray[np.float32]
    weights: Weights
    scale: int


def read_weights(table: SourcedTable) -> Weights:
    """The weights of the steps; the plate never costs more than the vault."""
    return Weights(
        plate=min(table.value("cut-plate"), table.value("cut-bone")),
        septum=table.value("septum-discount"),
        middle=table.value("off-middle"),
        middle_limit=table.value("off-middle-limit"),
        doubt=table.value("doubt-discount"),
        boundary=table.value("boundary-discount"),
        depth=table.value("cortex-depth"),
        depth_limit=table.value("cortex-depth-limit"),
        reach=table.value("reach"),
        margin_brain=table.value("margin-brain"),
        margin_vessel=table.value("margin-vessel"),
    )


def price_soft(ladder: Ladder) -> NDArray[np.int64]:
    """The whole price of every soft voxel (N,), units of at least 1."""
    return _whole(_climb(ladder, np.arange(len(ladder.base)))[-1][1])


def split_price(ladder: Ladder, at: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """What each step adds to the price of the voxels `at` (M,): the sums are `price_soft`
    less `base`, exactly.
    """
    steps = _climb(ladder, at)
    whole = [_whole(price) for _, price in steps]
    added = zip(steps[1:], whole[1:], whole[:-1], strict=True)
    return {name: after - before for (name, _), after, before in added}


def _climb(ladder: Ladder, at: NDArray[np.int64]) -> list[tuple[str, Numbers]]:
    """The price after each step, not yet rounded; the first is that of the tissue."""
    weights, scale = ladder.weights, ladder.scale
    brain, plate = ladder.brain[at], ladder.plate[at]
    price = ladder.base[at].astype(np.float64)
    steps = [("tissue", price)]

    def step(name: str, price: Numbers) -> Numbers:
        steps.append((name, price))
        return price

    price = step("bony-plate", np.where(plate, weights.plate * scale, price))
    price = step("septum", price * (1.0 - weights.septum * ladder.septum[at]))
    rise = np.minimum(weights.middle * ladder.apart[at].astype(np.float64), weights.middle_limit)
    price = step("middle", np.where(brain, price, price * (1.0 + rise)))
    doubt = 1.0 - ladder.sure[at] / 100.0
    parted = np.where(brain & ladder.beside[at], price * (1.0 - weights.boundary), price)
    price = step("doubt", np.where(brain, price * (1.0 - weights.doubt * doubt), price))
    price = step("boundary", np.minimum(price, parted))
    deep = np.minimum(ladder.depth[at].astype(np.float64), weights.depth_limit)
    price = step("cortex-depth", price * (1.0 + weights.depth * deep))
    price = step("reach", price + scale * weights.reach * ladder.below[at])
    price = step("margin-brain", price + scale * weights.margin_brain * ladder.near_brain[at])
    step("margin-vessel", price + scale * weights.margin_vessel * ladder.near_vessel[at])
    return steps


def _whole(price: Numbers) -> NDArray[np.int64]:
    units: NDArray[np.int64] = np.maximum(1, np.rint(price)).astype(np.int64)
    return units
