"""Which voxels hold blood, at any noise: thin vessels kept, noise left out, rims halved."""

from functools import cache

import numpy as np
import pytest
from blood_images import lay_images
from scipy import ndimage

from diptych.anatomy.baseline import read_noise
from diptych.anatomy.filling import calm_contrast, find_rims, find_vessels
from diptych.anatomy.images import Images
from diptych.anatomy.policy import AnatomyPolicy

STEP, FULL, FINE = 1.5, 160.0, 5
SHAPE = (44, 40, 36)
BODY = np.ones(SHAPE, dtype=bool)


@cache
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Contrast of a sinus of 8 mm and a vein of 2.4 mm that runs aslant, without noise; and
    the share of blood in each voxel.
    """
    steps = [(np.arange(size * FINE) + 0.5) * STEP / FINE for size in SHAPE]
    x, y, z = np.meshgrid(*steps, indexing="ij", sparse=True)
    sinus = (y - 20.0) ** 2 + (z - 18.0) ** 2 < 4.0**2
    along = (x - 8.0) + (y - 44.0) * 0.2
    vein = (y - 44.0 - 0.1 * x) ** 2 + (z - 36.0) ** 2 < 1.2**2
    blood = np.broadcast_to(sinus, x.shape[:1] + sinus.shape[1:]) | (vein & (along > 0.0))
    shares = blood.reshape(SHAPE[0], FINE, SHAPE[1], FINE, SHAPE[2], FINE).mean(axis=(1, 3, 5))
    return ndimage.gaussian_filter(FULL * shares, 0.55 / STEP) + 4.0, shares


def scan(noise: float) -> tuple[Images, np.ndarray]:
    random = np.random.Generator(np.random.Philox(key=5))
    rise = (drawn()[0] + random.normal(0.0, noise, SHAPE)).astype(np.float32)
    images = lay_images(rise, BODY, STEP)
    return images, rise


def find(noise: float) -> np.ndarray:
    images, rise = scan(noise)
    return find_vessels(images, rise, calm_contrast(images, rise), AnatomyPolicy())


def test_little_noise_is_left_as_it_is() -> None:
    images, rise = scan(10.0)
    assert calm_contrast(images, rise) is rise


def test_noise_is_calmed_and_vessels_stay_bright() -> None:
    images, rise = scan(35.0)
    calm = calm_contrast(images, rise)
    shares = drawn()[1]
    far = ndimage.distance_transform_edt(shares == 0.0) > 3.0
    assert read_noise(calm, far) < 0.4 * read_noise(rise, far)
    assert float(calm[shares > 0.9].mean()) > 0.85 * FULL


@pytest.mark.parametrize(("noise", "seen"), [(5.0, 0.95), (20.0, 0.9), (35.0, 0.85)])
def test_a_thin_vein_is_seen_and_noise_is_not(noise: float, seen: float) -> None:
    mask, shares = find(noise), drawn()[1]
    vein = shares.copy()
    vein[:, :20] = 0.0
    lines = [mask[i][vein[i] > 0.5].any() for i in range(SHAPE[0]) if (vein[i] > 0.5).any()]
    assert np.mean(lines) >= seen
    far = ndimage.distance_transform_edt(shares < 0.3) > 1.5
    assert int((mask & far).sum()) <= 10


def test_without_its_rim_a_sinus_is_as_large_as_its_blood() -> None:
    _, rise = scan(5.0)
    mask, shares = find(5.0), drawn()[1]
    rims = find_rims(mask, rise)
    assert rims.any() and not (rims & ~mask).any()
    assert not rims[:, 24:].any()
    mask &= ~rims
    sinus = np.zeros(SHAPE, dtype=bool)
    sinus[4:-4, :22] = True
    assert int((mask & sinus).sum()) == pytest.approx(float(shares[sinus].sum()), rel=0.02)


def test_without_contrast_there_are_none() -> None:
    images, _ = scan(5.0)
    flat = np.zeros(SHAPE, dtype=np.float32)
    assert not find_vessels(images, flat, flat, AnatomyPolicy()).any()
