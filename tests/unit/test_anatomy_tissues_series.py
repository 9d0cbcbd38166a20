"""MR alone, angiograms, metal, and how sure the tissues are, on two joined balls."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from anatomy_toys import (
    BONE,
    CAVITY,
    HALF,
    SKIN,
    STEP,
    TABLES,
    Toy,
    draw,
    map_toy,
    points,
    routes,
    tube,
)

from diptych.anatomy import AnatomyPolicy, HeadTissues, find_tissues, map_anatomy
from diptych.anatomy.contrast import FULL_HU, Contrast, find_lumen, read_angiogram
from diptych.anatomy.images import read_images
from diptych.anatomy.t1 import Reading, read_t1
from diptych.model import Case, InputError, Owner, Tissue, Volume


def share(distance: np.ndarray) -> np.ndarray:
    return np.clip(0.5 - distance / STEP, 0.0, 1.0)


def away(heads: int = 2) -> np.ndarray:
    x, y, z = points()
    lower = np.sqrt(x**2 + y**2 + (z + HALF) ** 2)
    upper = np.sqrt(x**2 + y**2 + (z - HALF) ** 2)
    return np.minimum(lower, upper) if heads == 2 else lower


@cache
def t1(heads: int = 2, skull: bool = True) -> np.ndarray:
    """Bright scalp, black bone, dark CSF at bone and septum, bright brain; no unit."""
    far, z = away(heads), points()[2]
    values = np.zeros(far.shape)
    if skull:
        values += share(far - SKIN) * (600.0 - values)
        values += share(far - BONE) * (30.0 - values)
        values += share(far - CAVITY) * (150.0 - values)
    values += share(far - CAVITY + 2.5) * (520.0 - values)
    if heads == 2:
        slab = share(far - CAVITY + 1.0) * share(np.abs(z) - 2.6)
        values += slab * (150.0 - values)
    random = np.random.Generator(np.random.Philox(key=4))
    noisy = np.hypot(values + random.normal(0, 12, far.shape), random.normal(0, 12, far.shape))
    return noisy.astype(np.int16)


@cache
def venogram() -> np.ndarray:
    values = np.where(away() < SKIN, 70.0, 4.0)
    for _, _, path, radius in routes(ring=True):
        values += share(tube(path) - radius) * (800.0 - values)
    random = np.random.Generator(np.random.Philox(key=5))
    return np.abs(values + random.normal(0, 8, values.shape)).astype(np.int16)


def case_of(**series: np.ndarray) -> Case:
    case = draw(Toy())
    grid = case.volumes[0].volume
    volumes = tuple(
        replace(
            case.volumes[0],
            role=role,
            volume=replace(grid, voxels=voxels, modality="CT" if role[0] == "c" else "MR"),
        )
        for role, voxels in series.items()
    )
    return replace(case, volumes=volumes)


def volume_of(voxels: np.ndarray, modality: str) -> Volume:
    return replace(draw(Toy()).volumes[0].volume, voxels=voxels, modality=modality)


def ct() -> np.ndarray:
    return np.asarray(draw(Toy()).volumes[0].volume.voxels)


@cache
def t1_reading() -> Reading:
    return read_t1(volume_of(t1(), "MR"))


def test_the_layers_of_a_t1_head_are_read_as_a_ct_would_show_them() -> None:
    reading = t1_reading()
    far, z = away(), np.abs(points()[2])
    middle = np.abs(far - 0.5 * (CAVITY + BONE)) < 0.5
    assert float((reading.plain[middle & (z > 12)] > 210.0).mean()) > 0.95
    assert reading.hull[far < CAVITY - 3.0].mean() > 0.99
    assert not reading.hull[far > BONE].any()
    brain = (far < CAVITY - 8.0) & (z > 8.0)
    assert float(np.median(reading.plain[brain])) == pytest.approx(38.0, abs=2.0)
    assert reading.rim > 0.9


def test_units_of_an_mr_do_not_count() -> None:
    once = t1_reading()
    other = read_t1(volume_of((t1() * 3.0).astype(np.float32), "MR"))
    assert np.array_equal(once.hull, other.hull)
    assert np.allclose(once.plain, other.plain, atol=0.01)


def test_a_brain_without_skull_and_an_empty_mr_are_refused() -> None:
    with pytest.raises(InputError, match=r"dark layer of bone|no brain was found|seeds"):
        read_t1(volume_of(t1(skull=False), "MR"))
    with pytest.raises(InputError, match=r"no brain was found|dark layer|no head"):
        read_t1(volume_of(np.zeros_like(t1()), "MR"))


def test_one_head_on_mr_is_segmented() -> None:
    found = find_tissues({"mr": volume_of(t1(heads=1), "MR")})
    brain = found.tissues.voxels == Tissue.BRAIN
    # a layer of one voxel (2.5 mm) of this ball is a fifth of it
    ball = 4.0 / 3.0 * np.pi * (CAVITY - 2.5) ** 3 / 1000.0
    assert float(brain.sum()) * STEP**3 / 1000.0 == pytest.approx(ball, rel=0.16)
    assert any("T1 image" in note for note in found.notes)


def test_a_pair_on_mr_and_venogram_is_mapped() -> None:
    anatomy = map_anatomy(case_of(mr=t1(), mrv=venogram()), tables=TABLES)
    codes, height = anatomy.ownership.voxels, points()[2]
    inside = (codes > 0) & (anatomy.tissues.voxels == Tissue.BRAIN) & (np.abs(height) > 4.0)
    true = np.where(height < 0.0, int(Owner.A), int(Owner.B))
    assert not (codes != true)[inside].any()
    assert any(vessel.owner is Owner.SHARED for vessel in anatomy.vessels.vessels)
    assert anatomy.classification.label == "TV-I"


def test_without_any_image_of_the_skull_it_is_refused() -> None:
    with pytest.raises(InputError, match="has series mrv; none of them shows skull and brain"):
        read_images(case_of(mrv=venogram()), AnatomyPolicy())


def test_a_contrast_ct_alone_tells_what_it_cannot_show() -> None:
    images = read_images(case_of(ctv=ct()), AnatomyPolicy())
    assert not images.contrast
    assert any("blood and thin bone are equally bright" in note for note in images.notes)


def test_arterial_contrast_alone_is_told() -> None:
    images = read_images(case_of(ct=ct(), mra=venogram()), AnatomyPolicy())
    assert images.contrast
    assert images.roles == ("ct", "mra")
    assert any("arterial phase (mra) alone" in note for note in images.notes)


def test_the_arterial_phase_is_kept_beside_the_venous() -> None:
    images = read_images(case_of(ct=ct(), mrv=venogram(), mra=venogram()), AnatomyPolicy())
    assert images.roles == ("ct", "mrv")
    assert images.arterial is not None
    assert float(images.arterial.max()) > 100.0
    assert not any("arterial phase" in note for note in images.notes)


def test_tubes_are_found_and_sheets_are_not() -> None:
    x, y, z = np.indices((40, 40, 40)).astype(float)
    values = np.full(x.shape, 50.0)
    values += np.clip(2.5 - np.hypot(x - 20, y - 20), 0.0, 1.0) * 300.0
    values += np.clip(1.2 - np.abs(z - 6), 0.0, 1.0) * 120.0 * (np.hypot(x - 20, y - 20) > 8)
    body = np.ones(values.shape, dtype=bool)
    lumen = find_lumen(values.astype(np.float32), body, (1.0, 1.0, 1.0))
    axis = np.hypot(x - 20, y - 20)
    assert lumen.mask[(axis < 1.5) & (z > 3) & (z < 36)].all()
    assert not lumen.mask[axis > 4.0].any()
    assert lumen.full == pytest.approx(300.0, rel=0.1)
    gained = read_angiogram(
        values.astype(np.float32), Contrast(body=body, hull=None, spacing=(1.0, 1.0, 1.0))
    )
    assert float(np.median(gained[axis < 1.5])) == pytest.approx(FULL_HU, rel=0.1)
    assert float(gained[axis > 6.0].max()) == 0.0


def test_an_angiogram_without_vessels_has_none() -> None:
    flat = np.zeros((12, 12, 12), dtype=np.float32)
    assert not find_lumen(flat, np.ones(flat.shape, dtype=bool), (1.0, 1.0, 1.0)).mask.any()


def found_in(voxels: np.ndarray) -> HeadTissues:
    return find_tissues({"ct": volume_of(voxels, "CT")})


@cache
def found_clean() -> HeadTissues:
    return found_in(ct())


def test_metal_is_told_and_makes_its_surroundings_doubtful() -> None:
    plain, metal = ct(), ct().copy()
    i, j, k = (int(n) for n in np.argwhere(np.abs(away() - 44.0) < 1.0)[200])
    metal[i : i + 2, j : j + 2, k : k + 2] = 3071
    clean, spoilt = found_clean(), found_in(metal)
    assert not clean.notes
    assert any("metal" in note and "streaks" in note for note in spoilt.notes)
    near = np.zeros(plain.shape, dtype=bool)
    near[max(i - 3, 0) : i + 5, max(j - 3, 0) : j + 5, max(k - 3, 0) : k + 5] = True
    lost = clean.confidence.voxels[near].mean() - spoilt.confidence.voxels[near].mean()
    assert lost > 30.0


def test_confidence_is_high_inside_and_low_where_tissues_meet() -> None:
    found = found_clean()
    sure, far, z = found.confidence.voxels, away(), np.abs(points()[2])
    assert float(sure[(far < CAVITY - 12.0) & (z > 10.0)].mean()) > 90.0
    lining = (found.tissues.voxels == Tissue.DURA) & (far > CAVITY - 4.0)
    assert float(sure[lining].mean()) < 60.0
    outside = (far > SKIN + 8.0) & (found.tissues.voxels == Tissue.AIR)
    assert float((sure[outside] >= 99).mean()) > 0.99


def test_the_names_of_the_twins_do_not_count() -> None:
    anatomies = [map_toy(Toy(swapped=swap)) for swap in (False, True)]
    one, other = (anatomy.tissue_confidence for anatomy in anatomies)
    assert one is not None
    assert other is not None
    assert np.array_equal(one.voxels, other.voxels)
