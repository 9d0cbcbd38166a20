"""The benchmark of schedules: readers of the public formats, names, made instances, solvers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import schedule
import schedule_make
import schedule_plain
from schedule_files import Malformed, read_procedure

from diptych.choreography import ChoreographyPolicy, check, solve
from diptych.choreography.search import schedule_project
from diptych.model import Assignment

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PSPLIB = """************************************************************************
file with basedata            : hand
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  4
horizon                       :  9
RESOURCES
  - renewable                 :  1   R
  - nonrenewable              :  1   N
  - doubly constrained        :  0   D
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        2          1           4
   3        1          1           4
   4        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     2       1    5
         2     4       1    1
  3      1     3       1    0
  4      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  N 1
    1    4
************************************************************************
"""
PATTERSON = """4 1
2

0 0 2 2 3
3 1 1 4
2 2 1
4
0 0 0
"""
IMOPSE = """====================
General characteristics:
Tasks: 3
Resources: 2
Precedence relations: 1
Number of skill types: 2
====================
ResourceID \t Salary \t Skills
1 \t 10.5 \t Q0: 2 \t Q1: 0
2 \t 11.0 \t Q1: 1
====================
TaskID \t Duration \t Skill \t Predecessor IDs
1 \t 5 \t Q0: 1
3 \t 4 \t Q1: 1 \t 1
4 \t 7 \t Q1: 0
====================
"""
MSPSP = """% seed = 1
mint = 2;
nActs = 4;
dur = [0,3,2,0];
nSkills = 2;
sreq = [| 0,0,
\t| 1,1,
\t| 1,0,
\t| 0,0, |];
nResources = 2;
mastery = [| true,true,
\t| false,true, |];
nPrecs = 4;
pred = [1,1,2,3];
succ = [2,3,4,4];
USEFUL_RES = [{},{1,2},{1},{}];
"""
FILES = {"a.mm": PSPLIB, "b.rcp": PATTERSON, "c.def": IMOPSE, "d.dzn": MSPSP}


def write(folder, name, text=None):
    path = folder / name
    path.write_text(FILES[name] if text is None else text)
    return path


def test_psplib_modes_and_both_kinds_of_resource(tmp_path):
    procedure = read_procedure(write(tmp_path, "a.mm"))
    job = procedure.task("J2")
    assert [job.in_mode(mode).duration.planned for mode in (0, 1)] == [2, 4]
    assert [dict(job.in_mode(mode).equipment) for mode in (0, 1)] == [
        {"R1": 1, "N1": 5},
        {"R1": 1, "N1": 1},
    ]
    assert [(kit.id, kit.count, kit.renewable) for kit in procedure.equipment] == [
        ("R1", 1, True),
        ("N1", 4, False),
    ]
    # the short mode uses up more than there is: 4 + 3 one after the other
    assert schedule_project(procedure, ChoreographyPolicy(time_limit=0.1)).makespan == 7


def test_patterson_rows_may_run_over_several_lines(tmp_path):
    procedure = read_procedure(write(tmp_path, "b.rcp"))
    assert [(rule.before, rule.after) for rule in procedure.precedence] == [
        ("J1", "J2"),
        ("J1", "J3"),
        ("J2", "J4"),
        ("J3", "J4"),
    ]
    assert schedule_project(procedure, ChoreographyPolicy(time_limit=0.1)).makespan == 5


def test_imopse_levels_become_skills_and_missing_ids_are_kept_apart(tmp_path):
    procedure = read_procedure(write(tmp_path, "c.def"))
    assert procedure.staff[0].skills == ("Q0>=0", "Q0>=1", "Q0>=2", "Q1>=0")
    assert [(rule.before, rule.after) for rule in procedure.precedence] == [("J1", "J2")]
    assert solve(procedure).makespan == 11  # 7 by the second, then 4; or 5 and 7 by the first


def test_mspsp_people_with_one_skill_each_at_a_time(tmp_path):
    procedure = read_procedure(write(tmp_path, "d.dzn"))
    assert procedure.staff[0].skills == ("s1", "s2")
    assert {d.skill: d.count for d in procedure.task("J2").demands} == {"s1": 1, "s2": 1}
    assert solve(procedure).makespan == 5


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("a.mm", "   3        1          1           4", "   3        1          2           4",
         r"a.mm, line 16: expected job 3: .* found '3        1          2           4'"),
        ("a.mm", "  3      1     3       1    0", "  3      1     x       1    0",
         r"a.mm, line 25: expected 5 whole numbers \(job 3, mode 1"),
        ("a.mm", "PRECEDENCE RELATIONS:\n", "", r"expected the section PRECEDENCE RELATIONS"),
        ("a.mm", "    1    4\n", "    1\n", r"line 30: expected 2 whole numbers"),
        ("b.rcp", "3 1 1 4", "3 1 1 9", r"b.rcp, line 5: expected successors of job 2 between"),
        ("b.rcp", "0 0 0\n", "", r"b.rcp, line 8: expected job 4.* found 'end of file'"),
        ("c.def", "Q1: 1 \t 1", "Q1: 1 \t 8",
         r"c.def, line 14: expected predecessors that are other tasks \(8 is not\)"),
        ("c.def", "5 \t Q0: 1", "5 \t Q0", r"c.def, line 13: expected task 1: id, duration"),
        ("d.dzn", "dur = [0,3,2,0]", "dur = [0,3,2]", r"line 4: expected dur: 4 whole numbers"),
        ("d.dzn", "mastery", "master", r"expected a statement 'mastery = ...;'"),
        ("d.dzn", "= [2,3,4,4];", "= [2,3,4,4]", r"line 15: expected succ: 4 whole numbers"),
    ],
)  # fmt: skip
def test_malformed_file_is_named_with_its_line(tmp_path, name, old, new, message):
    assert old in FILES[name]
    with pytest.raises(Malformed, match=message):
        read_procedure(write(tmp_path, name, FILES[name].replace(old, new)))


def test_unknown_ending_and_missing_file_are_refused(tmp_path):
    with pytest.raises(Malformed, match=r"expected a file that ends in .def, .dzn, .mm"):
        read_procedure(tmp_path / "x.txt")
    with pytest.raises(Malformed, match="expected a readable file"):
        read_procedure(tmp_path / "x.sm")


@pytest.mark.parametrize("name", sorted(FILES))
def test_plain_cp_sat_keeps_the_rules_and_finds_the_same_length(tmp_path, name):
    procedure = read_procedure(write(tmp_path, name))
    rows, makespan, bound, status = schedule_plain.solve_plain(procedure, 5.0, 1)
    assert status == "optimal"
    assert makespan == bound == {"a.mm": 7, "b.rcp": 5, "c.def": 11, "d.dzn": 5}[name]
    entries = [
        Assignment(task=task, start=start, end=end, staff=tuple(staff), mode=mode)
        for task, start, end, staff, mode in rows
    ]
    assert not check(procedure, entries)


@pytest.mark.parametrize("name", ["j12011_1", "j120_11_1", "J120_101", "J12011_1"])
def test_one_instance_has_one_name(name):
    best = schedule.read_best([BENCHMARKS / "schedule_best.csv"])
    assert best[schedule.plain_name(name)] == 171


def test_given_values_overrule_the_built_in_ones(tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("# mine\nname,value\nj12011_1,170\nother,5\n")
    best = schedule.read_best([BENCHMARKS / "schedule_best.csv", own])
    assert (best["j120_11_1"], best["other"], best["j60_1_1"]) == (170, 5, 77)


@pytest.mark.parametrize("name", ["j30", "mm30"])
def test_made_instances_are_read_back_and_depend_on_their_seed(tmp_path, name):
    one, again = (schedule_make.write_instance(tmp_path, name, 3).read_text() for _ in "ab")
    assert one == again
    assert schedule_make.write_instance(tmp_path, name, 4).read_text() != one
    suffix = "mm" if name == "mm30" else "sm"
    procedure = read_procedure(tmp_path / f"made_{name}_3.{suffix}")
    assert len(procedure.tasks) == 32
    assert schedule_project(procedure, ChoreographyPolicy(time_limit=0.05)).checked


@pytest.mark.parametrize(("name", "tasks", "people"), [("mspsp", 42, 25), ("imopse", 100, 10)])
def test_made_instances_with_skills_have_somebody_for_every_task(tmp_path, name, tasks, people):
    for seed in range(3):
        path = schedule_make.write_instance(tmp_path, name, seed)
        procedure = read_procedure(path)
        assert (len(procedure.tasks), len(procedure.staff)) == (tasks, people)
        for task in procedure.tasks:
            able = [sum(d.skill in p.skills for p in procedure.staff) for d in task.demands]
            wanted = [d.count for d in task.demands]
            assert all(a >= w for a, w in zip(able, wanted, strict=True)), task


@pytest.mark.slow
def test_benchmark_prints_a_row_a_solver_and_refuses_a_malformed_file(tmp_path):
    path = write(tmp_path, "b.rcp")
    command = [sys.executable, str(BENCHMARKS / "schedule.py"), str(path), "--limit", "1"]
    done = subprocess.run(
        [*command, "--peers", "cpsat", "--json"], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)["rows"]
    assert [(row["solver"], row["makespan"], row["bound"]) for row in rows] == [
        ("diptych", 5, 5),
        ("cpsat", 5, 5),
    ]
    assert {"file", "seconds", "best_known", "gap", "memory_mb"} <= rows[0].keys()
    path.write_text("4 1\n2\nno\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "b.rcp, line 3: expected job 1" in done.stderr
