"""Bad input ends with the right code and a remedy, and the case folder stays as it was."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from command import diptych
from openpyxl import Workbook

from diptych.storage.blobs import hash_folder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("system")]


def remove_scan(case: Path) -> None:
    (case / "raw" / "ct.nii.gz").unlink()


def truncate_scan(case: Path) -> None:
    path = case / "raw" / "ctv.nii.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def keep_one_head(case: Path) -> None:
    """Wipes twin B's head out of every series, as a scan of a single child would be."""
    text = (case / "case.toml").read_text("utf-8")
    entries = text.split("[[series]]")
    kept = [entry for entry in entries[1:] if '.nii.gz"' in entry]
    (case / "case.toml").write_text("[[series]]".join([entries[0], *kept]), "utf-8")
    truth = case.parent / "owner.nii.gz"
    second = np.asarray(nib.load(truth).dataobj) == 2  # type: ignore[attr-defined]
    for role in ("ct", "ctv"):
        path = case / "raw" / f"{role}.nii.gz"
        image = nib.load(path)
        voxels = np.asanyarray(image.dataobj).copy()  # type: ignore[attr-defined]
        voxels[second] = -1000
        nib.save(nib.Nifti1Image(voxels, image.affine, image.header), path)  # type: ignore[attr-defined]


def dismiss_perfusionists(case: Path) -> None:
    path = case / "roster.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "perfusionist" not in line), "utf-8")


def dismiss_anaesthetists(case: Path) -> None:
    path = case / "roster.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",anaesthetist," not in line), "utf-8")


def add_row(row: str) -> Callable[[Path], None]:
    def spoil(case: Path) -> None:
        with (case / "roster.csv").open("a", encoding="utf-8") as stream:
            stream.write(row + "\n")

    return spoil


def put_a_workbook_beside(case: Path) -> None:
    book = Workbook()
    book.active.append(["id", "name", "role", "extra_skills", "team", "start", "end"])
    book.save(case / "roster.xlsx")


def break_case_file(case: Path) -> None:
    (case / "case.toml").write_text("[case\n", "utf-8")


def remove_a_twin(case: Path) -> None:
    path = case / "case.toml"
    path.write_text(path.read_text("utf-8").replace("twins.B", "twins.C"), "utf-8")


def misspell_a_policy(case: Path) -> None:
    path = case / "case.toml"
    path.write_text(path.read_text("utf-8") + "\n[policy.seperation]\nx = 1\n", "utf-8")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (remove_scan, 3, ["ct.nii.gz", "What to do"]),
        (truncate_scan, 3, ["ctv.nii.gz", "What to do"]),
        (keep_one_head, 3, ["one head", "What to do"]),
        (dismiss_perfusionists, 4, ["perfusi", "to the roster", "What to do"]),
        (dismiss_anaesthetists, 4, ["anaesthesia", "nobody", "add somebody with the role"]),
        (add_row("x1,Ann Ash,scrub-nurse,juggling,A,07:00,21:00"), 3, ["row 71", "juggling"]),
        (
            add_row("x1,Mееra Raghunathan,scrub-nurse,,A,07:00,21:00"),
            3,
            ["rows 4 and 71", "look alike", "CYRILLIC"],
        ),
        (
            add_row("ns1,Meera Raghunathan,neurosurgeon,,A,20:00,23:00"),
            3,
            ["overlap from 20:00 to 23:00"],
        ),
        (put_a_workbook_beside, 3, ["roster.csv and roster.xlsx", "remove the one"]),
        (break_case_file, 3, ["case.toml", "TOML"]),
        (remove_a_twin, 3, ["twin", "case.toml"]),
        (misspell_a_policy, 3, ["seperation", "separation"]),
    ],
)
def test_refusal(
    spoil: Callable[[Path], None],
    code: int,
    words: list[str],
    copy: Path,
    raw_case: Path,
) -> None:
    truth = raw_case.with_name("pair-truth") / "owner.nii.gz"
    (copy.parent / "owner.nii.gz").write_bytes(truth.read_bytes())
    spoil(copy)
    before = hash_folder(copy)
    result = diptych("plan", copy, "-q", "--days", "2000", "--json")
    assert result.returncode == code, result.stderr + result.stdout
    assert [word for word in words if word not in result.stderr] == []
    error = json.loads(result.stdout)["error"]
    assert error["message"]
    assert error["remedy"]
    assert "Traceback" not in result.stderr
    assert hash_folder(copy) == before


def test_no_such_case(tmp_path: Path) -> None:
    result = diptych("plan", tmp_path / "nowhere")
    assert result.returncode == 3
    assert "diptych new" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    assert diptych("plan", tmp_path, "--colour").returncode == 2


def test_a_demonstration_never_overwrites(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-grandmother.txt").write_text("dear", "utf-8")
    result = diptych("demo", tmp_path / "letters", "--spacing", "3")
    assert result.returncode == 2
    assert (tmp_path / "letters" / "to-grandmother.txt").read_text("utf-8") == "dear"


def test_a_type_that_there_is_not(tmp_path: Path) -> None:
    result = diptych("demo", tmp_path / "pair", "--type", "TV-IV")
    assert result.returncode == 3
    assert "TV-IV" in result.stderr
    assert "TV-III" in result.stderr
