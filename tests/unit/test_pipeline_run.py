"""The pipeline does again only what is stale, and publishes all or nothing."""

import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from diptych.model import EdgeError, Infeasible, InputError
from diptych.pipeline import plan as planning
from diptych.pipeline.folder import CaseFolder, write_atomically
from diptych.pipeline.plan import PlanOptions, run_part
from diptych.pipeline.stage import Run, Stage
from diptych.pipeline.verify import _faults
from diptych.storage.blobs import hash_folder


class Watcher:
    def __init__(self) -> None:
        self.ended: list[tuple[str, str]] = []

    def announce(self, parts: tuple[str, ...]) -> None:
        pass

    def begin(self, part: str) -> None:
        pass

    def end(self, part: str, outcome: str) -> None:
        self.ended.append((part, outcome))


def first_facts(folder: CaseFolder) -> Mapping[str, object]:
    return {"text": (folder.root / "input.txt").read_text("utf-8")}


def no_facts(folder: CaseFolder) -> Mapping[str, object]:
    return {}


def first(run: Run, out: Path) -> None:
    text = (run.folder.root / "input.txt").read_text("utf-8")
    run.keep(out, "derivatives/first", "length", len(text))


def second(run: Run, out: Path) -> None:
    length = run.load(int, "derivatives/first", "length")
    if length > 10:
        raise Infeasible("too long", remedy="shorten it", conflicts=("length <= 10",))
    run.keep(out, "derivatives/second", "double", 2 * length + run.options.seed)


def stage(verb: str, after: tuple[str, ...], **changes: object) -> Stage:
    fields: dict[str, object] = {
        "verb": verb,
        "place": f"derivatives/{verb}",
        "after": after,
        "tables": ("classification",) if verb == "second" else (),
        "options": ("seed",) if verb == "second" else (),
        "policy": verb,
        "rooms": ("model",),
        "facts": no_facts,
        "work": second,
    }
    return Stage(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    stages = (stage("first", (), facts=first_facts, work=first), stage("second", ("first",)))
    monkeypatch.setattr(planning, "STAGES", stages)
    monkeypatch.setattr(planning, "check_before_work", lambda run, stages: None)
    root = tmp_path / "case"
    root.mkdir()
    (root / "case.toml").write_text("", "utf-8")
    (root / "input.txt").write_text("abc", "utf-8")
    return root


def run(case: Path, seed: int = 1) -> list[tuple[str, str]]:
    watcher = Watcher()
    run_part(case, "second", PlanOptions(seed=seed), watcher)
    return watcher.ended


def double(case: Path) -> str:
    return (case / "derivatives/second/double.json").read_text("utf-8").strip()


def test_second_run_does_nothing(case: Path) -> None:
    assert run(case) == [("first", "done"), ("second", "done")]
    before = hash_folder(case)
    assert run(case) == [("first", "unchanged"), ("second", "unchanged")]
    assert hash_folder(case) == before
    assert double(case) == "7"


def test_a_changed_option_redoes_only_what_depends_on_it(case: Path) -> None:
    run(case)
    assert run(case, seed=5) == [("first", "unchanged"), ("second", "done")]
    assert double(case) == "11"


def test_a_changed_table_redoes_only_what_reads_it(case: Path) -> None:
    run(case)
    override = '[[row]]\nkey = "PA"\nname = "ours"\nsource = "our team"\n'
    write_atomically(case / "tables" / "classification.toml", override.encode())
    assert run(case) == [("first", "unchanged"), ("second", "done")]


def test_an_input_that_changes_nothing_downstream_stops_there(case: Path) -> None:
    run(case)
    (case / "input.txt").write_text("xyz", "utf-8")
    assert run(case) == [("first", "done"), ("second", "unchanged")]


def test_a_damaged_result_is_made_again(case: Path) -> None:
    run(case)
    (case / "derivatives/second/double.json").write_text("8\n", "utf-8")
    assert _faults(case / "derivatives/second") == ["double.json differs"]
    assert run(case) == [("first", "unchanged"), ("second", "done")]
    assert double(case) == "7"
    assert _faults(case / "derivatives/second") == []


def test_a_failed_part_leaves_the_case_as_it_was(case: Path) -> None:
    (case / "input.txt").write_text("a text that is too long", "utf-8")
    before = hash_folder(case)
    with pytest.raises(Infeasible, match="too long"):
        run(case)
    assert hash_folder(case) == before
    assert [path.name for path in case.parent.iterdir()] == ["case"]


HOLD = """
import sys
from pathlib import Path
from diptych.pipeline.folder import CaseFolder
with CaseFolder(Path(sys.argv[1])).locked():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_commands_at_once_are_told(case: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(case)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(EdgeError, match="another command is working on case 'case'"):
            run(case)
        other.communicate()
    run(case)


def test_steps_of_one_command_share_its_lock_and_other_threads_do_not(case: Path) -> None:
    folder = CaseFolder(case)

    def take() -> None:
        with folder.locked():
            pass

    with folder.locked():
        take()
        with ThreadPoolExecutor(1) as pool, pytest.raises(EdgeError, match="another command"):
            pool.submit(take).result()
    take()


def test_a_missing_case_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'nowhere' does not exist.*diptych new"):
        run_part(tmp_path / "nowhere", "second", PlanOptions(), Watcher())


def test_a_folder_without_a_case_file_is_not_a_case(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no case\.toml"):
        run_part(tmp_path, "second", PlanOptions(), Watcher())


def test_broken_case_file_is_told(case: Path) -> None:
    (case / "case.toml").write_text("[case\n", "utf-8")
    with pytest.raises(InputError, match=r"case\.toml is not valid TOML"):
        run(case)
