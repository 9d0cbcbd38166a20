"""Labels made elsewhere: names become tissues, lie on the case's grid, and outrank the images."""

from pathlib import Path

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import UNSAID, find_tissues, map_anatomy
from diptych.formats.labels import LabelName, list_masks, read_label_table, read_labels
from diptych.formats.nifti import write_volume
from diptych.model import InputError, SafetyRefusal, Tissue, UsageError, Volume
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.labels import keep_labels, read_tissue_labels, translate
from diptych.tables import load_table

NAMES = load_table("labels")


@pytest.mark.parametrize(
    ("name", "tissue"),
    [
        ("Left-Cerebral-White-Matter", Tissue.BRAIN),
        ("ctx-lh-superiorfrontal", Tissue.BRAIN),
        ("Right-Lateral-Ventricle", Tissue.CSF),
        ("3rd-Ventricle", Tissue.CSF),
        ("Gray Matter", Tissue.BRAIN),
        ("skull", Tissue.BONE),
        ("subarachnoid_space", Tissue.CSF),
        ("venous_sinuses", Tissue.VESSEL),
        ("internal_jugular_vein_left", Tissue.VESSEL),
        ("sinus_maxillary", Tissue.AIR),
        ("DURA", Tissue.DURA),
        ("Background", None),
        ("liver", None),
    ],
)
def test_names_of_other_programs_are_known(name: str, tissue: Tissue | None) -> None:
    assert translate(LabelName(name=name), NAMES) is tissue


def test_the_tables_own_word_outranks_the_name() -> None:
    assert translate(LabelName(name="skull", tissue="dura"), NAMES) is Tissue.DURA
    with pytest.raises(InputError, match=r"tissue 'marrow', expected one of air, skin"):
        translate(LabelName(name="skull", tissue="marrow"), NAMES)


def write_table(path: Path, text: str = "index\tname\n0\tBackground\n7\tskull\n9\tGM\n") -> Path:
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("number\tname\n1\tskull\n", r"columns number, name, expected index and name"),
        ("index\tname\n", "names no label"),
        ("index\tname\n-3\tskull\n", r"line 2: index is '-3', expected a whole number"),
        ("index\tname\n1\tskull\n1\tGM\n", r"line 3: index 1 comes twice"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_label_table(write_table(tmp_path / "dseg.tsv", text))


def toy_grid() -> Volume:
    return draw(Toy()).volumes[0].volume


def painted(grid: Volume) -> np.ndarray:
    """9 in a cube in the middle of A's brain, 7 beside it, 0 elsewhere."""
    voxels = np.zeros(grid.shape, dtype=np.int16)
    i, j, k = (int(n) for n in np.rint(grid.to_index(np.array([0.0, 0.0, -36.0]))))
    voxels[i : i + 4, j - 4 : j + 4, k - 4 : k + 4] = 9
    voxels[i - 4 : i, j - 4 : j + 4, k - 4 : k + 4] = 7
    return voxels


def test_a_nifti_with_its_table_is_read(tmp_path: Path) -> None:
    grid = toy_grid()
    write_volume(tmp_path / "seg.nii.gz", grid.on_this_grid(painted(grid), source="x"))
    found = read_labels(tmp_path / "seg.nii.gz", write_table(tmp_path / "dseg.tsv"))
    assert found.names[7].name == "skull"
    assert np.array_equal(found.volume.voxels, painted(grid))
    with pytest.raises(InputError, match="does not say what its labels stand for"):
        read_labels(tmp_path / "seg.nii.gz", None)
    table = write_table(tmp_path / "short.tsv", "index\tname\n7\tskull\n")
    with pytest.raises(InputError, match="holds the labels 9, which its table does not name"):
        read_labels(tmp_path / "seg.nii.gz", table)


def kept_case(tmp_path: Path) -> CaseFolder:
    folder = CaseFolder(tmp_path / "case")
    folder.root.mkdir()
    folder.case_file.write_text("id = 'x'\n", "utf-8")
    return folder


def test_labels_are_kept_laid_on_the_grid_and_taken_away(tmp_path: Path) -> None:
    folder, case, grid = kept_case(tmp_path), draw(Toy()), toy_grid()
    seg = write_volume(tmp_path / "seg.nii.gz", grid.on_this_grid(painted(grid), source="x"))[0]
    told = keep_labels(folder, seg, write_table(tmp_path / "dseg.tsv"))
    assert told["used"] == {"skull": "bone", "GM": "brain"}
    assert told["unused"] == ["Background"]
    found = read_tissue_labels(folder, case, "")
    assert found is not None
    expected = np.full(grid.shape, UNSAID)
    expected[painted(grid) == 9] = Tissue.BRAIN
    expected[painted(grid) == 7] = Tissue.BONE
    assert np.array_equal(found.voxels, expected)
    with pytest.raises(InputError, match="asks for 'other' as well"):
        read_tissue_labels(folder, case, "other")
    keep_labels(folder, Path("none"), None)
    assert read_tissue_labels(folder, case, "") is None


def test_a_finer_turned_grid_is_laid_on_the_cases(tmp_path: Path) -> None:
    folder, grid = kept_case(tmp_path), toy_grid()
    fine = painted(grid).repeat(2, 0).repeat(2, 1).repeat(2, 2)[::-1]
    affine = grid.affine.copy()
    affine[:3, :3] *= 0.5
    affine[:3, 3] -= 0.25 * np.diag(grid.affine)[:3]
    affine[:3, 3] += affine[:3, 0] * (fine.shape[0] - 1)
    affine[:3, 0] *= -1.0
    volume = Volume(
        voxels=np.ascontiguousarray(fine),
        affine=affine,
        frame_of_reference=grid.frame_of_reference,
        modality="SEG",
        source="fine",
    )
    seg = write_volume(tmp_path / "seg.nii.gz", volume)[0]
    keep_labels(folder, seg, write_table(tmp_path / "dseg.tsv"))
    found = read_tissue_labels(folder, draw(Toy()), "")
    assert found is not None
    assert np.array_equal(found.voxels == Tissue.BRAIN, painted(grid) == 9)


def test_another_frame_or_place_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    folder, grid = kept_case(tmp_path), toy_grid()
    table = write_table(tmp_path / "dseg.tsv")
    labels = grid.on_this_grid(painted(grid), source="x")
    other = write_volume(tmp_path / "a.nii.gz", replace(labels, frame_of_reference="1.9"))[0]
    keep_labels(folder, other, table)
    with pytest.raises(SafetyRefusal, match="different frames of reference"):
        read_tissue_labels(folder, draw(Toy()), "")
    far = grid.affine.copy()
    far[:3, 3] += 500.0
    moved = write_volume(tmp_path / "b.nii.gz", replace(labels, affine=far))[0]
    keep_labels(folder, moved, table)
    with pytest.raises(InputError, match=r"only 0 of .* ml of labels lie in the field"):
        read_tissue_labels(folder, draw(Toy()), "")


def test_a_folder_of_masks_is_read_and_the_thinner_tissue_stays(tmp_path: Path) -> None:
    folder, grid = kept_case(tmp_path), toy_grid()
    masks = tmp_path / "total"
    brain = (painted(grid) > 0).astype(np.uint8)
    vein = (painted(grid) == 7).astype(np.uint8)
    for name, mask in (("brain", brain), ("venous_sinuses", vein), ("liver", vein)):
        write_volume(masks / f"{name}.nii.gz", grid.on_this_grid(mask, source=name))
    assert sorted(list_masks(masks)) == ["brain", "liver", "venous_sinuses"]
    told = keep_labels(folder, masks, None)
    assert told["unused"] == ["liver"]
    found = read_tissue_labels(folder, draw(Toy()), "")
    assert found is not None
    assert np.array_equal(found.voxels == Tissue.VESSEL, vein == 1)
    assert np.array_equal(found.voxels == Tissue.BRAIN, (brain == 1) & (vein == 0))
    with pytest.raises(UsageError, match="given with the folder"):
        keep_labels(folder, masks, tmp_path / "dseg.tsv")


def said(code: Tissue) -> Volume:
    grid = toy_grid()
    voxels = np.where(painted(grid) == 9, int(code), UNSAID).astype(np.uint8)
    return grid.on_this_grid(voxels, source="somebody's labels")


def test_labels_outrank_the_images_and_disagreement_is_shown() -> None:
    case = draw(Toy())
    volumes = {entry.role: entry.volume for entry in case.volumes}
    plain = find_tissues(volumes)
    found = find_tissues(volumes, labels=said(Tissue.CSF))
    cube = said(Tissue.CSF).voxels != UNSAID
    assert (found.tissues.voxels[cube] == Tissue.CSF).all()
    assert np.array_equal(found.tissues.voxels[~cube], plain.tissues.voxels[~cube])
    assert (found.confidence.voxels[cube & (plain.tissues.voxels != Tissue.CSF)] == 50).all()
    assert any("somebody's labels" in note for note in found.notes)
    agreed = find_tissues(volumes, labels=said(Tissue.BRAIN)).confidence.voxels
    assert (agreed[cube & (plain.tissues.voxels == Tissue.BRAIN)] >= 90).all()


def test_the_whole_part_takes_labels() -> None:
    anatomy = map_anatomy(draw(Toy()), tables=TABLES, labels=said(Tissue.CSF))
    cube = said(Tissue.CSF).voxels != UNSAID
    assert (anatomy.tissues.voxels[cube] == Tissue.CSF).mean() > 0.9
    assert anatomy.tissue_confidence is not None


def test_labels_off_the_heads_are_refused() -> None:
    case, grid = draw(Toy()), toy_grid()
    volumes = {entry.role: entry.volume for entry in case.volumes}
    corner = np.full(grid.shape, UNSAID, dtype=np.uint8)
    corner[:5, :5, 20:40] = Tissue.BRAIN
    with pytest.raises(InputError, match=r"of the labelled tissue lies in the heads|no voxel"):
        find_tissues(volumes, labels=grid.on_this_grid(corner, source="corner"))
    with pytest.raises(InputError, match="no voxel of the heads has a label"):
        find_tissues(volumes, labels=grid.on_this_grid(corner * 0 + UNSAID, source="none"))
