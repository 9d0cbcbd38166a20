"""The benchmark of coverage: its peers answer the same questions, and its ratios add up."""

import runpy
import subprocess
import sys
from argparse import Namespace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from contingency_days import crowded_day, uncovered_sets

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import coverage_peer
import coverage_run

from diptych.contingencies import AnswerPolicy
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.sets import search_sets
from diptych.model import SetCount


@pytest.fixture(scope="module")
def asked():
    """Classes of a day, its proof, and random questions of three hazards."""
    schedule, hazards = crowded_day(274, people=9, troubles=6)
    classes = sort_minutes(schedule, hazards, AnswerPolicy())
    proof = search_sets(classes, schedule, hazards, 3, turns=False)
    rng = np.random.Generator(np.random.Philox(key=3))
    questions = coverage_run.draw_questions(classes, 3, 120, rng)
    return schedule, hazards, classes, proof, questions


def test_the_answers_are_those_of_trying_everything(asked):
    schedule, hazards, classes, proof, questions = asked
    bare, _ = uncovered_sets(schedule, hazards, 3)
    starts = {int(n): int(m) for n, m in zip(classes.of, classes.stretch, strict=False)}
    truth = [
        (starts[number], frozenset(str(hazards[h].id) for h in chosen)) not in bare
        for number, chosen in questions
    ]
    assert coverage_run.answer(proof, questions) == truth
    assert 0 < sum(truth) < len(truth)


def test_every_question_is_a_set_that_can_strike(asked):
    *_, classes, _, questions = asked
    assert len(questions) == 120
    for number, chosen in questions:
        assert len(set(chosen)) == 3
        assert classes.alive[number, list(chosen)].all()


@pytest.mark.parametrize("peer", ["ortools", "scipy", "networkx", "igraph"])
def test_peers_answer_as_we_do(asked, peer):
    *_, classes, proof, questions = asked
    if peer in coverage_run.OTHER_PEERS:
        pytest.importorskip(peer)
    match = coverage_peer.PEERS[peer]()
    posed = coverage_run.pose(classes, coverage_run.list_fillers(classes), questions)
    arrays = peer in coverage_peer.ARRAYS
    found = [match(coverage_peer.to_arrays(places) if arrays else places) for places in posed]
    assert found == coverage_run.answer(proof, questions)


def test_a_peer_runs_in_a_process_of_its_own():
    found = coverage_run.ask_peer("scipy", sys.executable, [[[0, 1], [1]], [[0], [0]]])
    assert found["covered"] == [True, False]
    assert found["cpu_s"] > 0


def test_ratios_by_hand():
    counts = [
        SetCount(order=n, combinations=100 * n, classes=10 * n, searched=0, covered=0, gaps=0)
        for n in (1, 2)
    ]
    peers = [
        {"order": order, "peer": name, "each_us": each * 1e6}
        for name, each in zip(
            coverage_run.OWN_PEERS + coverage_run.OTHER_PEERS, (1, 2, 4, 8), strict=True
        )
        for order in (1, 2)
    ]
    ratios = coverage_run.sum_ratios(counts, 3.0, 1.5, peers)
    assert ratios["scipy"] == {
        "a question": pytest.approx(20.0),
        "all classes": pytest.approx(20.0),
        "all combinations": pytest.approx(200.0),
        "and checked": pytest.approx(400 / 3),
    }
    assert ratios["best"] == ratios["ortools"]


def test_an_answer_that_differs_is_counted(asked, monkeypatch):
    *_, classes, proof, _ = asked
    ours = coverage_run.answer
    monkeypatch.setattr(coverage_run, "answer", lambda *given: [not one for one in ours(*given)])
    monkeypatch.setattr(coverage_run, "OWN_PEERS", ("scipy",))
    monkeypatch.setattr(coverage_run, "OTHER_PEERS", ())
    options = Namespace(seed=1, sample=5, peer_python=sys.executable)
    rows = coverage_run.measure_peers(options, classes, proof)
    assert [row["differ"] for row in rows] == [5] * 3


@pytest.mark.parametrize("order", [1, 2])
def test_a_row_tells_what_was_measured(asked, order):
    schedule, hazards, *_ = asked
    row, _, _ = coverage_run.measure(schedule, hazards, order, 1)
    assert row["faults"] == 0
    assert row["combinations"] >= row["covered"] > row["gaps"] > 0
    assert row["peak_mib"] > 10


def test_all_sets_are_drawn_when_there_are_few():
    class Few:
        alive = np.array([[True, True, False], [True, True, True]])

    rng = np.random.Generator(np.random.Philox(key=1))
    drawn = set(coverage_run.draw_questions(Few, 2, 200, rng))
    assert drawn == {(0, (0, 1)), *((1, two) for two in combinations(range(3), 2))}


def test_the_benchmark_does_not_stand_in_for_the_package_of_its_name():
    script = Path(coverage_run.__file__).with_name("coverage.py")
    with pytest.raises(ImportError, match="this is the benchmark"):
        runpy.run_path(str(script), run_name="coverage")


def test_help_names_the_order_and_the_peers():
    script = Path(coverage_run.__file__).with_name("coverage.py")
    told = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=True
    )
    assert "--order {1,2,3,4}" in told.stdout
    assert "igraph (GPL)" in told.stdout
