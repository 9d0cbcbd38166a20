"""Vessels in angiograms, which have no twin without contrast to be compared with.

Multi-scale vesselness finds where tubes are; from its cores the lumen is grown through what is
about as bright. It is given as the HU that full vessels gain in a CT, so that one set of rules
serves every kind of contrast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from diptych.kernels.components import label_components
from diptych.kernels.vesselness import measure_vesselness

FloatGrid = NDArray[np.float32]
Mask = NDArray[np.bool_]

FULL_HU = 160.0
"""What blood gains in a CT with venous contrast; the scale that angiograms are read on."""
SCALES_MM = (0.7, 1.2, 2.0, 3.2)
"""Radii over the square root of two: vessels of 2 to 9 mm; thinner ones answer at the first."""
ON_AXIS = 1.0 / np.e
"""What a full tube of the best scale answers on its axis, per unit of contrast."""
SEED_TUBE, SEED_SHARE = 0.4, 0.55
GROW_TUBE, GROW_SHARE = 0.10, 0.35
"""Shares of a full tube's answer and of full contrast, where a vessel begins and goes on."""
LEAST_VESSEL_MM3 = 12.0
TOP = 0.0005
"""Share of the head that vessels' cores surely fill."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """Where vessels may be: `body` the heads, `hull` the inside of the skulls if known."""

    body: Mask
    hull: Mask | None
    spacing: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lumen:
    """mask : vessels; rise : brightness above the surroundings; full : that of wide vessels."""

    mask: Mask
    rise: FloatGrid
    full: float


def find_lumen(values: FloatGrid, body: Mask, spacing: tuple[float, ...]) -> Lumen:
    """Vessels of an angiogram (I, J, K): bright, tube-like, connected.

    body : where they may be. Its median is the level that vessels rise from.
    """
    level = float(np.median(values[body])) if body.any() else 0.0
    rise = np.maximum(values - np.float32(level), np.float32(0.0))
    i, j, k = (float(step) for step in spacing)
    tube = measure_vesselness(rise, (i, j, k), scales=SCALES_MM, mask=body)
    full = _full_rise(rise, tube, body)
    if full <= 0.0:
        return Lumen(mask=np.zeros(body.shape, dtype=bool), rise=rise, full=1.0)
    seeds = (tube > SEED_TUBE * ON_AXIS * full) & (rise > SEED_SHARE * full)
    bright = rise > SEED_SHARE * full
    grown = (tube > GROW_TUBE * ON_AXIS * full) & (rise > GROW_SHARE * full)
    grown |= bright & ndimage.binary_dilation(grown, iterations=2)
    mask = _connected(grown & body, seeds, LEAST_VESSEL_MM3 / (i * j * k))
    return Lumen(mask=mask, rise=rise, full=full)


def _full_rise(rise: FloatGrid, tube: FloatGrid, body: Mask) -> float:
    inside = tube[body]
    if not inside.size or float(inside.max()) <= 0.0:
        return 0.0
    strong = float(np.quantile(inside, 1.0 - TOP))
    return float(np.median(rise[body & (tube >= max(strong, 1e-6))]))


def _connected(candidate: Mask, seeds: Mask, least: float) -> Mask:
    """Pieces of the candidates that hold a seed and at least so many voxels."""
    pieces = label_components(candidate, neighbours=26)
    seeded = np.bincount(pieces.labels[seeds & candidate], minlength=pieces.count + 1) > 0
    keep = seeded & (pieces.sizes >= least)
    keep[0] = False
    return np.asarray(keep[pieces.labels])


def read_angiogram(values: FloatGrid, scene: Contrast) -> FloatGrid:
    """HU that a CT would gain: 0 but in and round vessels, about FULL_HU in wide ones."""
    lumen = find_lumen(values, scene.body, scene.spacing)
    halo = ndimage.binary_dilation(lumen.mask, iterations=2)
    scaled = np.clip(lumen.rise * np.float32(FULL_HU / lumen.full), 0.0, 1.25 * FULL_HU)
    return np.where(halo, scaled, np.float32(0.0)).astype(np.float32)
