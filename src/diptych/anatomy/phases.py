"""Arterial and venous blood told apart by two phases of contrast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]

CORE_HU = 90.0
"""Blood gains at least so much in its own phase (FULL_HU of angiograms is 160)."""
LEAST_CORE = 60
"""Fewer voxels than this are no vessels to learn a phase's contrast from."""
OWN_PHASE = 1.5
"""Arteries are brighter in the arterial phase by this factor, veins in the venous one."""
LEAST_SHARE = 0.12
"""Less arterial blood than this share of a voxel is noise, and is not taken away."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phases:
    """HU gained by venous and by arterial blood, each without what the other brings."""

    venous: FloatGrid
    arterial: FloatGrid


def part_phases(venous: FloatGrid, arterial: FloatGrid, body: Mask) -> Phases:
    """What each kind of blood brings to each voxel, from the HU gained in two phases.

    In either phase both kinds of blood are enhanced, by different amounts; the amounts are
    learnt from voxels that are clearly of one kind, and two equations with two unknowns part
    each voxel. Where a phase shows no vessels of its own, the other is left as it is.
    """
    late = _ratio(arterial, venous, body)
    own = arterial - np.float32(late) * venous
    early = _ratio(venous, own, body)
    share = np.where(body & (own > LEAST_SHARE * _full(own, body)), own, np.float32(0.0))
    late_only: FloatGrid = (venous - np.float32(early) * share).astype(np.float32)
    return Phases(venous=late_only, arterial=own.astype(np.float32))


def _ratio(other: FloatGrid, own: FloatGrid, body: Mask) -> float:
    """What blood of one phase gains in the other, as a share of what it gains in its own."""
    core = body & (own > CORE_HU) & (own > OWN_PHASE * other)
    if int(core.sum()) < LEAST_CORE:
        return 0.0
    return max(float(np.median(other[core] / own[core])), 0.0)


def _full(own: FloatGrid, body: Mask) -> float:
    core = body & (own > CORE_HU)
    return float(np.percentile(own[core], 90.0)) if core.any() else float("inf")
