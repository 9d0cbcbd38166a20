"""`diptych schedule` and `diptych dry-run` from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from choreography_days import hand_day
from test_choreography_dryrun import small_day
from test_choreography_script import SMALL
from typer.testing import CliRunner

from diptych.choreography import write_procedure
from diptych.cli.main import app
from diptych.pipeline.operation import read_operation, read_tree
from diptych.storage.blobs import save_value

ROSTER = "id,name,role,extra_skills,team,start,end\n"


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "procedure.toml"
    path.write_text(SMALL, "utf-8")
    return path


def test_a_file_is_scheduled_and_written(file: Path, tmp_path: Path) -> None:
    done = run("schedule", file, "--out", tmp_path / "out", "--days", 200, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == {
        "bound",
        "checked",
        "day_start",
        "file",
        "files",
        "gap",
        "makespan",
        "milestones",
        "notes",
        "people",
        "schema",
        "simulated",
        "status",
        "title",
        "violations",
    }
    assert (told["schema"], told["status"], told["gap"]) == ("diptych.schedule/1", "optimal", 0)
    assert (told["makespan"], told["violations"], told["checked"]) == (125, [], True)
    assert told["simulated"]["end"]["p10"] <= told["simulated"]["end"]["p90"]
    names = [Path(path).name for path in told["files"]]
    assert names == [
        "schedule.json",
        "schedule.csv",
        "schedule.svg",
        "cards.html",
        "rooms.html",
        "hand-overs.html",
    ]
    assert all(Path(path).stat().st_size > 100 for path in told["files"])
    tasks = json.loads(Path(told["files"][0]).read_text("utf-8"))["tasks"]
    assert [row["task"] for row in tasks][:2] == ["map-A", "map-B"]
    assert tasks[0]["people"][0]["skill"] == "hepatobiliary"
    again = run("schedule", file, "--out", tmp_path / "again", "--days", 200)
    assert again.exit_code == 0
    assert "125 min from 08:00 (proven shortest), 2 people." in again.stdout
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_roster_takes_the_place_of_the_files_people(file: Path, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    rows = ["a1,Ann One,surgeon,,both,08:00,20:00", "b1,Bea Two,surgeon,,both,08:00,20:00"]
    roster.write_text(ROSTER + "\n".join(rows) + "\n", "utf-8")
    staff = read_operation(read_tree(file), roster).staff
    assert [person.id for person in staff] == ["a1", "b1"]


def test_faults_end_with_exit_three_and_their_place(file: Path) -> None:
    file.write_text(SMALL.replace('skills = ["hepatobiliary"]\nteam', 'skills = ["liver"]\nteam'))
    done = run("schedule", file, "--json")
    assert done.exit_code == 3
    assert "staff 2 'bea': skill 'liver' is unknown" in json.loads(done.stdout)["error"]["message"]
    file.write_text("a = ", "utf-8")
    assert "is not valid TOML" in run("schedule", file, "--json").stdout
    assert run("schedule", file.with_name("none.toml")).exit_code == 3


def test_a_milestone_of_step_zero_is_refused(file: Path) -> None:
    file.write_text(SMALL.replace('subject = "SHARED"', 'subject = "SHARED"\nstep = 0'), "utf-8")
    done = run("schedule", file, "--json")
    assert done.exit_code == 3
    assert "milestones separation end steps with number 0" in done.stdout


def test_too_few_people_end_with_exit_four(file: Path) -> None:
    file.write_text(SMALL.replace("count = 2, leader = 4", "count = 3"), "utf-8")
    done = run("schedule", file, "--json")
    assert done.exit_code == 4
    assert json.loads(done.stdout)["error"]["conflicts"]


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    place = folder / "derivatives" / "choreography"
    place.mkdir(parents=True)
    (folder / "case.toml").write_text("", "utf-8")
    save_value(place, "schedule", small_day())
    return folder


def test_rehearsals_of_a_case(case: Path) -> None:
    done = run("dry-run", case, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert set(told) == {
        "files",
        "left_out",
        "notes",
        "proposals",
        "ranked",
        "schema",
        "sessions",
    }
    assert told["schema"] == "diptych.dry-run/1"
    assert told["sessions"][-1]["kind"] == "full"
    assert told["ranked"][0]["title"] == "Title separation"
    assert told["proposals"] == []
    sheet = (case / "dry-run" / "sessions.csv").read_text("utf-8").splitlines()
    assert len(sheet) == 1 + sum(len(session["parts"]) for session in told["sessions"])
    assert not (case / "tables").exists()


def test_a_time_log_proposes_and_takes_nothing_over(case: Path, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("task,kind,minutes\nlines-A,doll,150\nclamp-01,doll,30\n", "utf-8")
    done = run("dry-run", case, "--log", log, "--json")
    assert done.exit_code == 0, done.output
    rows = {row["step"]: row for row in json.loads(done.stdout)["proposals"]}
    assert rows["lines"]["old"] == [90, 150, 240]
    assert rows["lines"]["new"][1] > 150
    assert rows["lines"]["n"] == 1
    assert "not the operation" in rows["clamp"]["note"]
    assert (case / "dry-run" / "steps-proposed.toml").is_file()
    assert not (case / "tables").exists()
    words = run("dry-run", case, "--log", log).stdout
    assert "lines: 90/150/240 -> " in words
    log.write_text("task,kind,minutes\nliness,doll,150\n", "utf-8")
    assert run("dry-run", case, "--log", log).exit_code == 3


def test_the_day_of_a_case_is_written_as_a_procedure_file(case: Path, tmp_path: Path) -> None:
    done = run("export", case, "--to", "procedure", "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    path = tmp_path / "out" / "procedure.toml"
    assert read_operation(read_tree(path), None) == small_day().procedure


def test_an_unproven_schedule_ends_with_exit_five(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diptych import choreography

    path = tmp_path / "hand.toml"
    path.write_text(write_procedure(hand_day()), "utf-8")
    real = choreography.solve
    monkeypatch.setattr(
        choreography, "solve", lambda *given: replace(real(*given), status="feasible", bound=60)
    )
    done = run("schedule", path, "--days", 100, "--json")
    assert done.exit_code == 5
    assert json.loads(done.stdout)["gap"] == pytest.approx(1 / 3)
