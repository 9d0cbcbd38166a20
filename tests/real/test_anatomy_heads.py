"""Tissues and vessels of real single heads: no crash, sizes as published, skull shut."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import AnatomyPolicy, HeadTissues, find_tissues, map_anatomy
from diptych.anatomy.contrast import Lumen, find_lumen
from diptych.anatomy.images import read_volumes
from diptych.anatomy.tissues import find_compartments
from diptych.kernels.components import label_components
from diptych.kernels.distance import measure_distance
from diptych.model import InputError, Tissue, Volume

DATA = Path(__file__).parents[3] / "shared" / "data"
ADULT_ML = (1173.0, 1626.0)
"""Whole brains of 20 young adults: Filipek 1994, doi:10.1093/cercor/4.4.344."""
NEWBORN_ML = (260.0, 435.0)
"""A quarter about 347 ml (boys at birth): Holland 2014, doi:10.1001/jamaneurol.2014.1638."""
MEMBRANES_ML = 40.0
NEWBORN_SHUT = 0.8
"""Fontanelles and sutures are open, and a newborn's vault is about as thin as a voxel."""

pytestmark = [pytest.mark.real, pytest.mark.slow]


def mean_head() -> Path:
    spec = find_spec("pydeface")
    origin = spec.origin if spec and spec.origin else ""
    return Path(origin).parent / "data" / "mean_reg2mean.nii.gz"


HEADS = {
    "adult CT": (DATA / "ct" / "cranium_headct_debian_invesalius.nii.gz", "ct", ADULT_ML),
    "adult T1, 0.9 mm": (DATA / "mr" / "chris_t1.nii.gz", "mr", ADULT_ML),
    "adult T1, 1.6 mm": (DATA / "mr" / "T1_head_ext2.nii.gz", "mr", ADULT_ML),
    "mean T1": (mean_head(), "mr", ADULT_ML),
    "newborn T1": (DATA / "mr" / "babybrain_newborn_T1_defaced.nii.gz", "mr", NEWBORN_ML),
}


def read(path: Path, modality: str) -> Volume:
    if not path.is_file():
        pytest.skip(f"NO REAL HEAD HERE: {path} is missing")
    image = nibabel.load(path)
    return Volume(
        voxels=np.asarray(image.dataobj),
        affine=np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine,
        frame_of_reference="2.25.1",
        modality=modality,
        source=path.name,
    )


def tissues_of(name: str) -> tuple[Volume, HeadTissues]:
    path, role, _ = HEADS[name]
    volume = read(path, role.upper())
    return volume, find_tissues({role: volume}, name=name)


def amount(found: HeadTissues, *tissues: Tissue) -> float:
    count = np.isin(found.tissues.voxels, [int(tissue) for tissue in tissues]).sum()
    return float(count) * float(found.tissues.voxel_volume)


@pytest.mark.parametrize("name", HEADS)
def test_brain_is_as_large_as_published_and_the_skull_is_shut(name: str) -> None:
    _, found = tissues_of(name)
    low, high = HEADS[name][2]
    dura = amount(found, Tissue.DURA)
    assert low - MEMBRANES_ML <= amount(found, Tissue.BRAIN) <= high, "brain, ml"
    assert amount(found, Tissue.CSF) < 0.25 * amount(found, Tissue.BRAIN)
    assert dura < 0.15 * amount(found, Tissue.BRAIN)
    assert shut_share(found) > (NEWBORN_SHUT if name == "newborn T1" else 0.97)


def shut_share(found: HeadTissues) -> float:
    """Share of the upper border of the inside that has bone within 5 mm."""
    codes = found.tissues.voxels
    step = tuple(float(size) for size in found.tissues.spacing)
    inside = np.isin(codes, [int(Tissue.BRAIN), int(Tissue.CSF), int(Tissue.DURA)])
    pieces = label_components(inside)
    inside = pieces.labels == 1 + int(pieces.sizes[1:].argmax())
    away = measure_distance(~inside, step)
    rim = (away > 0) & (away <= 1.5 * max(step))
    up = int(np.argmax(np.abs(found.tissues.affine[2, :3])))
    height = np.argwhere(rim)[:, up]
    top = np.quantile(height, 0.45)
    if found.tissues.affine[2, up] < 0:
        height, top = -height, -np.quantile(np.argwhere(rim)[:, up], 0.55)
    bone = measure_distance(codes != Tissue.BONE, step) <= 5.0
    return float(bone[rim][height > top].mean())


@pytest.mark.parametrize("name", HEADS)
def test_unsure_voxels_are_shown(name: str) -> None:
    _, found = tissues_of(name)
    sure, codes = found.confidence.voxels, found.tissues.voxels
    assert int(sure.max()) <= 100
    assert 0.002 < float((sure[codes > 0] < 60).mean()) < 0.25
    assert float(sure[codes == Tissue.BRAIN].mean()) > 75.0
    assert any("T1 image" in note for note in found.notes) == (HEADS[name][1] == "mr")


def test_a_brain_without_its_skull_is_refused() -> None:
    brain = read(DATA / "mr" / "bmex_month6_T1w_brainonly.nii.gz", "MR")
    with pytest.raises(InputError, match=r"dark layer of bone|no brain was found|seeds"):
        find_tissues({"mr": brain})


def lumen_of(path: Path) -> tuple[Volume, Lumen]:
    volume = read(path, "MR")
    values = volume.voxels.astype(np.float32)
    return volume, find_lumen(values, np.ones(values.shape, dtype=bool), volume.spacing)


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        (DATA / "vessels" / "chris_MRA.nii.gz", 3.0, 8.0),
        (DATA / "vessels" / "CT_AVM.nii.gz", 45, 90),
    ],
    ids=["TOF-MRA", "CTA with malformation"],
)
def test_a_vessel_tree_is_found_in_one_piece(path: Path, low: float, high: float) -> None:
    volume, lumen = lumen_of(path)
    pieces = label_components(lumen.mask, neighbours=26)
    assert low < float(lumen.mask.sum()) * float(volume.voxel_volume) < high
    assert float(pieces.sizes[1:].max()) / float(lumen.mask.sum()) > 0.9
    bright = lumen.rise > 0.5 * lumen.full
    assert float(lumen.mask[bright].mean()) > 0.97
    assert pieces.count <= 10


def test_one_head_is_segmented_though_the_part_refuses_it() -> None:
    volume = read(HEADS["adult CT"][0], "CT")
    parts = find_compartments(read_volumes({"ct": volume}, AnatomyPolicy(), "one"), AnatomyPolicy())
    inside = float(parts.cavity.sum()) * float(volume.voxel_volume)
    assert 1300.0 < inside < 1650.0
    case = draw(Toy(marks=("nasion",)))
    entry = replace(case.volumes[0], volume=volume)
    with pytest.raises(InputError, match="one head"):
        map_anatomy(replace(case, volumes=(entry,)), tables=TABLES)
