"""Demands are kept in the case beside what a person wrote, and taken back when they fail."""

from pathlib import Path

import numpy as np
import pytest

from diptych.formats.nifti import write_volume
from diptych.model import InputError, TwinId, Volume
from diptych.pipeline.demands import Asked, demand_facts, demanded, read_demands
from diptych.pipeline.folder import CaseFolder

GRID = Volume(
    voxels=np.zeros((4, 5, 6), dtype=np.uint8),
    affine=np.diag([1.5, 1.5, 1.5, 1.0]),
    frame_of_reference="1.2.3",
    modality="CT",
    source="ct",
)
BALLS = """
[[never-cut]]
name = "речевая зона"
position_lps_mm = [1, -2.5, 3]
radius_mm = 4
"""


@pytest.fixture
def folder(tmp_path: Path) -> CaseFolder:
    case = tmp_path / "case"
    case.mkdir()
    (case / "case.toml").write_text("", "utf-8")
    return CaseFolder(case)


def add(folder: CaseFolder, **asked: object) -> None:
    with demanded(folder, Asked(**asked)):  # type: ignore[arg-type]
        pass


def test_demands_add_up_and_are_read_again(folder) -> None:
    add(folder, keep=("A:V003",), stages=2)
    add(folder, keep=("B:torcular", "A:V003"), split=("V004",), prefer="B")
    found = read_demands(folder, GRID)
    assert found.keep == (("V003", TwinId.A), ("torcular", TwinId.B))
    assert (found.split, found.stages, found.prefer) == (("V004",), 2, "B")


def test_what_a_person_wrote_stays(folder) -> None:
    folder.demands.write_text(
        '# agreed on 3 May\nprefer = "A"  # for now\n\n[[keep]]\ntwin = "A"\nvessel = "V001"\n',
        "utf-8",
    )
    add(folder, prefer="B", stages=3, keep=("B:V002",))
    text = folder.demands.read_text("utf-8")
    assert text.startswith('# agreed on 3 May\nprefer = "B"\nstages = 3\n')
    found = read_demands(folder, GRID)
    assert found.keep == (("V001", TwinId.A), ("V002", TwinId.B))


def test_a_demand_that_fails_leaves_the_case_as_it_was(folder) -> None:
    add(folder, keep=("A:V003",))
    before = folder.demands.read_bytes()

    def fail() -> None:
        with demanded(folder, Asked(keep=("B:V003",), forget=True)):
            assert read_demands(folder, GRID).keep == (("V003", TwinId.B),)
            raise InputError("it cannot be met", remedy="drop it")

    with pytest.raises(InputError, match="cannot be met"):
        fail()
    assert folder.demands.read_bytes() == before


def test_a_word_that_cannot_be_read_changes_nothing(folder) -> None:
    for word in ("V003", "C:V003", "A:", "a:V1"):
        with pytest.raises(InputError, match="expected a twin and a vessel"):
            add(folder, keep=(word,))
    assert not folder.demands.exists()


def test_painted_regions_and_balls_are_kept_in_the_case(folder, tmp_path) -> None:
    paint = GRID.on_this_grid(np.ones(GRID.shape, dtype=np.uint8), source="scar")
    write_volume(tmp_path / "scar.nii.gz", paint)
    balls = tmp_path / "balls.toml"
    balls.write_text(BALLS, "utf-8")
    before = demand_facts(folder)
    add(folder, never_cut=(tmp_path / "scar.nii.gz", balls))
    add(folder, never_cut=(balls,))
    found = read_demands(folder, GRID)
    assert [volume.source for volume in found.painted] == ["scar"]
    assert found.painted[0].same_grid(GRID)
    (ball,) = found.balls
    assert (ball.name, ball.position, ball.radius) == ("речевая зона", (1.0, -2.5, 3.0), 4.0)
    assert demand_facts(folder) != before
    add(folder, forget=True)
    assert demand_facts(folder) == {} == before


def test_nothing_asked_changes_nothing(folder) -> None:
    folder.demands.write_text("stages = 4\n", "utf-8")
    add(folder)
    assert read_demands(folder, GRID).stages == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prefer = ", "not valid TOML"),
        ("prefers = 'A'", "holds prefers, which means nothing"),
        ("stages = 'two'", "stages is 'two', expected a number"),
        ("stages = true", "stages is True, expected a number"),
        ("keep = 'V1'", "expected \\[\\[keep\\]\\] with twin, vessel"),
        ("[[keep]]\ntwin = 'C'\nvessel = 'V1'", "twin is 'C', expected A or B"),
        ("[[never-cut]]\nname = 'x'\nposition_lps_mm = [1, 2]\nradius_mm = 3", "never-cut 1 has"),
        ("[[never-cut]]\nname = 'x'\nposition_lps_mm = [1, 2, 3]\nradius_mm = 0", "radius"),
        ("stages = 9", "number of operations is 9"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_line(folder, text, words) -> None:
    folder.demands.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        read_demands(folder, GRID)
