"""`diptych replan`: three ways from the plan that stands; nothing written unless one is taken."""

from json import loads
from pathlib import Path

import pytest
from choreography_days import after, day, person, task
from replan_days import planned
from typer.testing import CliRunner

from diptych.cli.main import app
from diptych.model import InputError, Replan, UsageError
from diptych.pipeline.manifest import write_manifest
from diptych.pipeline.parts import CHOREOGRAPHY
from diptych.pipeline.replanning import Happened, ask_replan, read_minute
from diptych.pipeline.stage import PlanOptions
from diptych.storage.blobs import hash_folder, load_value, save_value


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A case whose day is three tasks: p, then s, and q beside p; Bea is free."""
    tasks = (task("p", 60, {"cut": 1}), task("q", 40, {"sew": 1}), task("s", 30, {"cut": 1}))
    staff = (person("ann", "cut"), person("cas", "sew"), person("bea", "cut"))
    procedure = day(tasks, (after("p", "s"), after("q", "s")), staff)
    plan = planned(procedure, {"p": 0, "q": 0, "s": 60}, {"p": ["ann"], "q": ["cas"], "s": ["ann"]})
    root = tmp_path / "case"
    place = root / CHOREOGRAPHY
    place.mkdir(parents=True)
    (root / "case.toml").write_text("", "utf-8")
    save_value(place, "schedule", plan)
    write_manifest(place, {})
    return root


def run(*arguments: str):
    return CliRunner().invoke(app, ["replan", *arguments])


def test_asking_writes_nothing(case) -> None:
    before = hash_folder(case)
    found = ask_replan(case, Happened(at="07:10", delays=("q=35",)), PlanOptions())
    assert hash_folder(case) == before
    assert found["schema"] == "diptych.replan/1"
    assert (found["stands"], found["now"], found["clock"]) == (CHOREOGRAPHY, 10, "07:10")
    assert set(found["ways"]) == {"least", "earliest", "reserve"}
    assert found["ways"]["earliest"]["end"] == "08:45"
    assert found["ways"]["least"]["checked"]


def test_a_way_taken_is_what_the_next_question_starts_from(case) -> None:
    done = ask_replan(case, Happened(at="10", delays=("q=35",)), PlanOptions(), take="earliest")
    assert done["taken"] == "derivatives/replans/001"
    kept = load_value(case / "derivatives/replans/001", "replan", Replan)
    assert kept.schedule.makespan == 105
    then = ask_replan(case, Happened(at="20", absent=("ann=08:00-12:00",)), PlanOptions())
    assert then["stands"] == "derivatives/replans/001"
    assert then["before"]["end_min"] == 105
    people = then["ways"]["least"]["people"]
    assert [(p["staff"], p["change"]) for p in people] == [("ann", "released"), ("bea", "called")]


def test_a_new_plan_of_the_day_sets_the_ways_aside(case) -> None:
    ask_replan(case, Happened(at="10", delays=("q=35",)), PlanOptions(), take="least")
    write_manifest(case / CHOREOGRAPHY, {"again": 1})
    (case / CHOREOGRAPHY / "note.txt").write_text("made anew", "utf-8")
    write_manifest(case / CHOREOGRAPHY, {"again": 1})
    assert ask_replan(case, Happened(at="10"), PlanOptions())["stands"] == CHOREOGRAPHY


def test_command_line_says_it_side_by_side(case) -> None:
    told = run(str(case), "--at", "07:10", "--delay", "q=35")
    assert told.exit_code == 0, told.output
    assert "least change" in told.stdout
    assert "08:45" in told.stdout
    assert "Nothing was written" in told.stdout
    tree = loads(run(str(case), "--at", "10", "--absent", "bea", "--json").stdout)
    assert tree["ways"]["least"]["people_changed"] == 0


def test_a_day_that_cannot_go_on_ends_with_4_and_the_rules(case) -> None:
    told = run(str(case), "--at", "30", "--absent", "ann", "--absent", "bea", "--json")
    assert told.exit_code == 4
    fault = loads(told.stdout)["error"]
    assert fault["code"] == "infeasible"
    assert any("cut" in rule for rule in fault["conflicts"])


@pytest.mark.parametrize(
    ("happened", "fault", "words"),
    [
        ({"delays": ("q",)}, UsageError, "expected TASK=MINUTES"),
        ({"delays": ("q=soon",)}, UsageError, "'soon' is no number"),
        ({"absent": ("zoe",)}, InputError, "nobody 'zoe' on the roster"),
        ({"absent": ("ann=08:00",)}, UsageError, "expected STAFF=FROM-TO"),
        ({"broken": ("saw",)}, InputError, "no kit 'saw'"),
        ({"stop_after": "nothing"}, InputError, "no task 'nothing'"),
    ],
)
def test_words_that_cannot_be_read_are_refused(case, happened, fault, words) -> None:
    with pytest.raises(fault, match=words):
        ask_replan(case, Happened(at="10", **happened), PlanOptions())


def test_a_case_without_a_schedule_is_refused(tmp_path) -> None:
    (tmp_path / "case.toml").write_text("", "utf-8")
    with pytest.raises(InputError, match="no schedule to go on from"):
        ask_replan(tmp_path, Happened(at="10"), PlanOptions())


@pytest.mark.parametrize(
    ("text", "minute"),
    [("430", 430), ("14:10", 430), ("07:00", 0), ("02:30", 1170), ("07:30+1", 1470)],
)
def test_clock_readings(text, minute) -> None:
    assert read_minute(text, "07:00") == minute


def test_unknown_way_is_refused(case) -> None:
    with pytest.raises(UsageError, match="--take is 'best'"):
        ask_replan(case, Happened(at="10"), PlanOptions(), take="best")
