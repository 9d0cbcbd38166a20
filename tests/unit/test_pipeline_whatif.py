"""A question about demands changes nothing in the case, and needs a case that is up to date."""

from pathlib import Path

import pytest
from separation_pair import make_anatomy, make_case

from diptych.cli.wording import what_if_lines
from diptych.model import InputError
from diptych.pipeline import whatif
from diptych.pipeline.bedrock import FILE, find_ground, ground_key
from diptych.pipeline.demands import Asked, demanded, read_demands
from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.parts import ANATOMY, INTAKE, SEPARATION, STAGE
from diptych.pipeline.plan import open_run, stage_inputs
from diptych.pipeline.stage import PlanOptions
from diptych.separation import SeparationPolicy, plan_on
from diptych.storage.blobs import hash_folder, save_value

KEYS = "demands keepers_changed notes now schema then tissue_that_changes_sides_ml"


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A case with a map, a separation and its kept ground, as the stages leave them."""
    root = tmp_path / "case"
    folder = CaseFolder(root)
    for place, name, value in (
        (INTAKE, "case", make_case()),
        (ANATOMY, "anatomy", make_anatomy(lean=3.0)),
    ):
        (root / place).mkdir(parents=True)
        save_value(root / place, name, value)
    (root / "case.toml").write_text("[policy.separation]\npoints = 3\n", "utf-8")
    monkeypatch.setattr(whatif, "_is_fresh", lambda run, verb: True)
    run = open_run(folder, PlanOptions())
    place = root / SEPARATION
    place.mkdir(parents=True)
    ground = find_ground(
        (place, place),
        ground_key(stage_inputs(STAGE["separate"], run)),
        (make_case(), make_anatomy(lean=3.0)),
        (run.tables(STAGE["separate"].tables), SeparationPolicy(points=3)),
    )
    save_value(place, "front", plan_on(ground, read_demands(folder, None)))
    return root


def ask(case: Path, **asked: object) -> dict:
    return whatif.ask_what_if(case, Asked(**asked), PlanOptions())  # type: ignore[arg-type]


def test_the_answer_stands_beside_the_plan_and_the_case_keeps_nothing(case) -> None:
    before = hash_folder(case)
    found = ask(case, keep=("B:shared vein",))
    assert hash_folder(case) == before
    assert " ".join(sorted(found)) == KEYS
    assert found["keepers_changed"] == [
        {"vessel": "V-S", "name": "shared vein", "now": "A", "then": "B"}
    ]
    assert found["demands"] == ["twin B must keep shared vein (V-S)"]
    assert found["now"]["costs"]["A"] != found["then"]["costs"]["A"]
    assert found["tissue_that_changes_sides_ml"] == 0.0
    lines = what_if_lines(found)
    assert "shared vein (V-S): twin A now, twin B then" in lines
    assert "the case keeps nothing of this" in lines[-1]


def test_the_demands_of_the_case_hold_for_the_question_too(case) -> None:
    folder = CaseFolder(case)
    with demanded(folder, Asked(keep=("B:V-S",))):
        pass
    assert ask(case)["demands"] == ["twin B must keep shared vein (V-S)"]
    assert ask(case, forget=True)["demands"] == []


def test_every_key_is_documented(case) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "separation-json.md").read_text(
        "utf-8"
    )
    found = ask(case)
    words = [*found, *found["now"], *found["then"], "keepers_changed"]
    assert [word for word in words if f"`{word}" not in page and f".{word}`" not in page] == []


def test_a_case_that_has_changed_is_to_be_separated_first(case) -> None:
    (case / "tables").mkdir()
    row = '[[row]]\nkey = "cut-brain"\nvalue = 30.0\nsource = "our team"\n'
    (case / "tables" / "costs.toml").write_text(row, "utf-8")
    with pytest.raises(InputError, match="has changed since it was separated"):
        ask(case)


def test_a_case_without_a_kept_ground_is_to_be_separated_first(case) -> None:
    (case / SEPARATION / FILE).unlink()
    with pytest.raises(InputError, match="or never was"):
        ask(case)


def test_both_plans_are_called_by_the_names_of_plans(case) -> None:
    found = ask(case, prefer="A")
    assert (found["now"]["plan"], found["then"]["plan"]) == ("balanced", "kinder-A")
