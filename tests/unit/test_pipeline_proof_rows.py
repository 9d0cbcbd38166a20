"""The proof as rows: pinned keys, sums that agree, and every key in the reference."""

from json import dumps, loads
from pathlib import Path

import pytest
from contingency_days import hazard, person, plan, task

from diptych.contingencies import prove_coverage
from diptych.model import Subject
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.proof_rows import last_effort, tell_proof

KEYS = (
    "certificate check_seconds classes combinations covered emergency gaps hazards order orders"
    " schema seconds turns_seconds"
)
COUNT = "classes combinations covered gaps in_turn in_turn_best in_turn_covered order searched"
GAP = "free hazards lacking missing spans_min"


def told(order: int) -> dict:
    staff = [person("x", "surgery", "anaesthesia"), person("y", "anaesthesia", hours=(0, 50))]
    schedule = plan([(task("op", 10), 0, 60, "x"), (task("end", 14), 60, 100, "x")], staff)
    hazards = [
        hazard("bleed", (1, "surgery", 0), (1, "anaesthesia", 5), severity=3),
        hazard("arrest", (1, "anaesthesia", 1), subject=Subject.B, severity=3),
    ]
    tree = tell_proof(prove_coverage(schedule, hazards, order=order), {"proof_seconds": 0.5})
    assert loads(dumps(tree)) == tree
    return tree


def test_keys_are_pinned_and_documented() -> None:
    tree = told(2)
    assert sorted(tree) == KEYS.split()
    assert all(sorted(row) == COUNT.split() for row in tree["orders"])
    assert all(sorted(row) == GAP.split() for row in tree["gaps"])
    page = (Path(__file__).parents[2] / "docs" / "reference" / "prove-json.md").read_text("utf-8")
    words = [*tree, *COUNT.split(), *GAP.split(), *tree["certificate"]]
    assert [word for word in words if f"`{word}`" not in page] == []


def test_counts_by_hand() -> None:
    """x and y together answer both for 50 minutes; then x is alone and each has a gap."""
    tree = told(2)
    one, two = tree["orders"]
    assert (one["combinations"], one["covered"]) == (200, 150)
    assert (two["combinations"], two["covered"], two["gaps"]) == (100, 0, 50)
    assert tree["combinations"] == 300
    assert tree["covered"] == 150
    assert tree["certificate"]["accepted"]
    pair = next(gap for gap in tree["gaps"] if len(gap["hazards"]) == 2)
    assert (pair["spans_min"], pair["lacking"], sorted(pair["free"])) == (
        [[0, 50]],
        1,
        ["x", "y"],
    )


def test_order_one_says_the_same_of_single_hazards() -> None:
    tree = told(1)
    assert [(row["combinations"], row["covered"]) for row in tree["orders"]] == [(200, 150)]
    assert tree["seconds"] == pytest.approx(0.5)


def test_last_effort_is_the_last_line_of_the_part(tmp_path: Path) -> None:
    (tmp_path / "effort.jsonl").write_text(
        '{"part": "prove", "proof_seconds": 1}\n{"part": "prove", "proof_seconds": 2}\n'
        '{"part": "rehearse"}\n',
        "utf-8",
    )
    assert last_effort(CaseFolder(tmp_path), "prove")["proof_seconds"] == 2
    assert last_effort(CaseFolder(tmp_path), "dossier") == {}
    assert last_effort(CaseFolder(tmp_path / "none"), "prove") == {}
