"""The separation as rows: pinned keys, both twins always, plain JSON."""

from json import dumps, loads
from pathlib import Path

import pytest
from separation_pair import make_anatomy, make_case

from diptych.cli.wording import separation_lines
from diptych.model import Demands, TwinId
from diptych.pipeline.separation_rows import tell_separation
from diptych.separation import SeparationPolicy, plan
from diptych.separation.plan import TABLES
from diptych.tables import load_table

KEYS = {
    "": "demands front notes plans proposed schema stages_demanded without_plan",
    "plan": "allocation area_by_tissue_cm2 cost_terms costs crossed defects emergency flow notes"
    " plan preference proven skin statement value",
    "point": "costs defects dominated drained_share flow infarct_risk kindness plan proven value",
    "allocation": "after before clamps keepers notes options proven stagings statement stop_rules"
    " ties",
    "drainage": "drained_ml_min gradient_mmhg need_ml_min no_way_out_ml_min share",
    "clamp": "hold_min infarct_risk keeper no_way_out_ml_min order rise_mmhg stop vessel",
    "staging": "drained_ml_min operations stages weeks within",
    "skin": "enough expanders gain_cm2 graft_cm2 need_cm2 own_cm2 weeks",
}


@pytest.fixture(scope="module")
def front():
    return plan(
        make_case(),
        make_anatomy(lean=5.0),
        tables={name: load_table(name) for name in TABLES},
        policy=SeparationPolicy(points=3),
        demands=Demands(keep=(("V-S", TwinId.A),), stages=2),
    )


@pytest.fixture(scope="module")
def told(front):
    tree = tell_separation(front)
    assert loads(dumps(tree)) == tree
    return tree


def test_keys_are_pinned_and_documented(told) -> None:
    found = told["plans"][0]["allocation"]
    trees = {
        "": told,
        "plan": told["plans"][0],
        "point": told["front"][0],
        "allocation": found,
        "drainage": found["after"]["A"],
        "clamp": found["clamps"][0],
        "staging": found["stagings"][0],
        "skin": told["plans"][0]["skin"]["A"],
    }
    assert {name: " ".join(sorted(tree)) for name, tree in trees.items()} == KEYS
    folder = Path(__file__).parents[2] / "docs" / "reference"
    page = "".join(
        (folder / name).read_text("utf-8") for name in ("separation-json.md", "plan-json.md")
    )
    words = {word for keys in KEYS.values() for word in keys.split()}
    assert (
        sorted(word for word in words if f"`{word}" not in page and f".{word}`" not in page) == []
    )


def test_both_twins_stand_beside_each_other(told) -> None:
    for row in (*told["plans"], *told["front"]):
        assert sorted(row["costs"]) == sorted(row["defects"]) == ["A", "B"]
    assert [row["plan"] for row in told["front"]] == ["kinder-B", "balanced", "kinder-A"]


def test_the_figures_are_those_of_the_plan(front, told) -> None:
    mine, row = front.plan, told["plans"][0]
    assert row["costs"]["A"]["own_tissue_given_ml"] == mine.costs[TwinId.A].own_tissue_given
    assert row["allocation"]["after"]["B"]["share"] == mine.allocation.after[TwinId.B].share
    assert told["demands"] == list(front.demands)
    assert told["stages_demanded"] == 2


def test_the_lines_for_people_say_what_was_proposed_demanded_and_proven(told) -> None:
    lines = separation_lines({"separate": told, "folder": "case/derivatives/separation"})
    assert lines[0] == "Plan balanced (proposed)"
    assert "Demanded: twin A must keep shared vein (V-S)" in lines
    assert any(line.split()[-2:] == ["cm²", "cm²"] or "skin to replace" in line for line in lines)
    assert lines.count("  proven the best cut for its costs") == 3
    assert lines[-1] == "Front: 3 cuts; written to case/derivatives/separation"


def test_what_is_not_proven_is_said(told) -> None:
    plan_row = dict(told["plans"][0]) | {"proven": False}
    plan_row["allocation"] = dict(plan_row["allocation"]) | {"proven": False}
    lines = separation_lines({"separate": dict(told) | {"plans": [plan_row]}, "folder": ""})
    assert "  the cut is NOT PROVEN; who keeps what is NOT PROVEN" in lines
