"""Demands are kept in the case beside what a person wrote, and taken back when they fail."""

from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from diptych.formats.nifti import write_volume
from diptych.model import EdgeError, InputError, TwinId, Volume
from diptych.pipeline import demands as module
from diptych.pipeline.demands import Asked, ask, demand_facts, demanded, read_demands
from diptych.pipeline.folder import CaseFolder, write_atomically

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
        ("stages = 'two'", "stages is 'two', expected a whole number"),
        ("stages = 2.0", "stages is 2.0, expected a whole number"),
        ("stages = true", "stages is True, expected a whole number"),
        ("keep = 'V1'", "expected \\[\\[keep\\]\\] with twin, vessel"),
        ("[[keep]]\ntwin = 'C'\nvessel = 'V1'", "twin is 'C', expected A or B"),
        ("[[never-cut]]\nname = 'x'\nposition_lps_mm = [1, 2]\nradius_mm = 3", "never-cut 1 has"),
        ("[[never-cut]]\nname = 'x'\nposition_lps_mm = [1, 2, 3]\nradius_mm = 0", "radius"),
        (
            "[[never-cut]]\nname = '''x\ny'''\nposition_lps_mm = [1, 2, 3]\nradius_mm = 3",
            "has name",
        ),
        ("[[never-cut]]\nname = ' '\nposition_lps_mm = [1, 2, 3]\nradius_mm = 3", "has name ' '"),
        ("stages = 9", "number of operations is 9"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_line(folder, text, words) -> None:
    folder.demands.write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        read_demands(folder, GRID)


def paint(path: Path, value: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    voxels = np.full(GRID.shape, value, dtype=np.uint8)
    write_volume(path, GRID.on_this_grid(voxels, source=path.name))
    return path


def test_no_other_command_works_on_the_case_while_a_demand_may_be_taken_back(folder) -> None:
    with demanded(folder, Asked(keep=("A:V003",))):
        with CaseFolder(folder.root).locked():
            pass  # the same command may
        other = Thread(target=lambda: refused.append(_refusal(folder)))
        refused: list[str] = []
        other.start()
        other.join()
    assert "another command is working" in refused[0]
    assert read_demands(folder, GRID).keep == (("V003", TwinId.A),)


def _refusal(folder: CaseFolder) -> str:
    try:
        add(folder, keep=("B:V009",))
    except EdgeError as error:
        return error.message
    return "nothing"


def test_a_full_disk_takes_no_demand_away(folder, tmp_path, monkeypatch) -> None:
    old = paint(tmp_path / "old.nii.gz")
    add(folder, keep=("A:V003",), never_cut=(old,))
    (folder.never_cut / ".kept").mkdir()
    (folder.never_cut / ".kept" / "why.txt").write_text("agreed on 3 May", "utf-8")
    before = demand_facts(folder)
    written: list[Path] = []

    def fill(path: Path, content: bytes) -> None:
        if len(written) > 1:
            raise OSError(28, "No space left on device")
        written.append(path)
        path.write_bytes(content)

    with monkeypatch.context() as patched:
        patched.setattr(module, "write_atomically", fill)
        with pytest.raises(OSError, match="No space"):
            add(folder, never_cut=(paint(tmp_path / "one.nii.gz"), paint(tmp_path / "two.nii.gz")))
    assert demand_facts(folder) == before


def test_a_file_that_cannot_be_written_leaves_nothing_behind(tmp_path, monkeypatch) -> None:
    def fill(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fill)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "demands.toml", b"stages = 2")
    assert list(tmp_path.iterdir()) == []


def test_one_painted_region_does_not_take_the_place_of_another(folder, tmp_path) -> None:
    monday, friday = paint(tmp_path / "mon" / "scar.nii"), paint(tmp_path / "fri" / "scar.nii", 2)
    for files in ((monday, friday), (friday, monday)):
        with pytest.raises(InputError, match=r"never cut scar\.nii: another painted region"):
            add(folder, never_cut=files)
    add(folder, never_cut=(monday, monday))
    with pytest.raises(InputError, match="another painted region has this name"):
        add(folder, never_cut=(friday,))
    with pytest.raises(InputError, match="another painted region has this name"):
        ask(folder, Asked(never_cut=(friday,)), GRID)
    add(folder, never_cut=(friday,), forget=True)
    assert read_demands(folder, GRID).painted[0].voxels.max() == 2


@pytest.mark.parametrize("name", ["motor.nrrd", "MOTOR.NII.GZ", "balls.toml"])
def test_a_file_in_never_cut_that_would_not_be_obeyed_is_refused(folder, name) -> None:
    folder.never_cut.mkdir()
    (folder.never_cut / name).write_text(BALLS, "utf-8")
    with pytest.raises(InputError, match=f"never-cut/{name} is not a painted NIfTI"):
        read_demands(folder, GRID)


def test_a_file_saved_with_a_mark_at_its_start_is_read_and_added_to(folder, tmp_path) -> None:
    balls = tmp_path / "balls.toml"
    balls.write_text(BALLS, "utf-8-sig")
    folder.demands.write_text('[[keep]]\ntwin = "A"\nvessel = "V001"\n', "utf-8-sig")
    assert read_demands(folder, GRID).keep == (("V001", TwinId.A),)
    add(folder, prefer="A", never_cut=(balls,))
    found = read_demands(folder, GRID)
    assert (found.prefer, found.keep, len(found.balls)) == ("A", (("V001", TwinId.A),), 1)


def test_choices_that_a_person_set_in_are_replaced_where_they_stand(folder) -> None:
    text = '# prefer = "B" was refused\n  prefer = "A"\n  [[keep]]\n  twin = "A"\n  vessel = "V1"\n'
    folder.demands.write_text(text, "utf-8")
    add(folder, prefer="B", stages=2)
    found = read_demands(folder, GRID)
    assert (found.prefer, found.stages, found.keep) == ("B", 2, (("V1", TwinId.A),))
    assert folder.demands.read_text("utf-8").startswith('# prefer = "B" was refused\n')
