"""Voxels that contrast fills, whatever the noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from diptych.anatomy.baseline import CALM_HU, read_noise
from diptych.anatomy.images import FloatGrid, Images, Mask
from diptych.anatomy.policy import AnatomyPolicy
from diptych.kernels.components import label_components
from diptych.kernels.strokes import average_strokes

LEAST_VESSEL_VOXELS, LEAST_NOISY_VOXELS = 6, 8
GAP_MM = 6.0
LONGEST = 0.75
"""Voxels; longer strokes cut the curves of veins short, and noise that a stroke can choose among
similar ones looks like blood: centrelines were lost at 1."""
WIDE = 0.6
"""Voxels; smoothing that shows wide vessels in the most noise."""
STAND_OUT = 2.5
"""Noise of the smoothed contrast that a voxel must stand out from to be looked at closely."""
SUPPORT = 0.92
"""Share of the limit that must be reached along a stroke; noise alone seldom does."""
FULL, BESIDE, LEAST_DEEP = 75.0, 3, 200
"""Percentile of the contrast deep in vessels that is full blood; steps from vessels to what
lies beside them, beyond the blur; voxels that are enough to read it from."""


def calm_contrast(images: Images, rise: FloatGrid) -> FloatGrid:
    """The contrast with its noise averaged out along vessels; itself where it is calm enough.

    Where something stands out, the brightest of short strokes through a voxel stands for
    it, the longer the more noise there is, and elsewhere a smoothed image. Wide vessels are
    smoothed evenly.
    """
    noise = read_noise(rise, images.body)
    if not images.contrast or noise <= CALM_HU:
        return rise
    soft: FloatGrid = ndimage.gaussian_filter(rise, 0.8)
    level = float(np.median(soft[images.body]))
    stands = (soft > level + STAND_OUT * read_noise(soft, images.body)) & images.body
    length = min((noise / CALM_HU) ** 2 / (2.0 * np.sqrt(np.pi)), LONGEST)
    even = ndimage.gaussian_filter(rise, WIDE * min(noise / CALM_HU - 1.0, 1.0))
    places = np.argwhere(stands)
    strokes = average_strokes(rise, places, images.spacing, length)
    soft[tuple(places.T)] = np.maximum(strokes, even[tuple(places.T)])
    return soft


def find_vessels(images: Images, rise: FloatGrid, calm: FloatGrid, policy: AnatomyPolicy) -> Mask:
    """Voxels that gain at least half of what full vessels gain, in pieces of some size.

    calm : from `calm_contrast`; where it is not `rise` itself, it decides, or supports the
        voxel's own contrast
    Bone gains nothing, so the difference of both images shows vessels against bone too.
    Without contrast: none.
    """
    core = (calm > policy.blood_core) & images.body
    if not images.contrast or not core.any():
        return np.zeros(images.body.shape, dtype=bool)
    limit = max(policy.blood, 0.5 * float(np.percentile(calm[core], 75.0)))
    noisy = calm is not rise
    candidate = (calm > limit) & images.body
    if noisy:
        candidate |= (rise > limit) & (calm > SUPPORT * limit) & images.body
    pieces = label_components(candidate, neighbours=26)
    strong = np.bincount(pieces.labels[core & candidate], minlength=pieces.count + 1) > 0
    keep = strong & (pieces.sizes >= (LEAST_NOISY_VOXELS if noisy else LEAST_VESSEL_VOXELS))
    keep[0] = False
    return _join_pieces(np.asarray(keep[pieces.labels]), images)


def find_rims(vessel: Mask, calm: FloatGrid) -> Mask:
    """The voxels round wide vessels that hold less than half a voxel of blood.

    Half lies between the contrast of what lies beside vessels and that of their middle, which
    is more than most of the mask shows. Where nothing lies deep, in thin vessels, none is:
    there the brightest voxel may hold less than half.
    """
    deep = ndimage.binary_erosion(vessel)
    if int(deep.sum()) < LEAST_DEEP:
        return np.zeros(vessel.shape, dtype=bool)
    deepest = ndimage.binary_erosion(deep)
    full = calm[deepest if int(deepest.sum()) >= LEAST_DEEP else deep]
    beside = ndimage.binary_dilation(vessel, iterations=BESIDE)
    beside &= ~ndimage.binary_dilation(vessel, iterations=BESIDE - 1)
    half = 0.5 * (float(np.percentile(full, FULL)) + float(np.median(calm[beside])))
    near = vessel & ndimage.binary_dilation(deep, np.ones((3, 3, 3), dtype=bool))
    return np.asarray(near & (calm < half))


def _join_pieces(vessel: Mask, images: Images) -> Mask:
    """Closes gaps of up to GAP_MM by the straight line between the nearest voxels.

    A thin vein fades where it lies between voxels; its piece is joined to the rest, the
    largest piece first.
    """
    pieces = label_components(vessel, neighbours=26)
    order = np.argsort(-pieces.sizes[1:], kind="stable") + 1
    result = vessel.copy()
    places = [np.argwhere(pieces.labels == label) for label in order.tolist()]
    spacing: NDArray[np.float64] = np.array(images.spacing)
    for number in range(1, len(places)):
        rest = np.concatenate([piece for n, piece in enumerate(places) if n != number])
        away, nearest = cKDTree(rest * spacing).query(places[number] * spacing)
        closest = int(away.argmin())
        if away[closest] <= GAP_MM:
            steps = np.linspace(places[number][closest], rest[nearest[closest]], 12)
            result[tuple(np.rint(steps).astype(np.int64).T)] = True
    return result
