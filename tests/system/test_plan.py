"""The whole command: what it prints, what it leaves, that it does nothing twice."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command import diptych

from diptych.storage.blobs import hash_folder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("system")]
Planned = tuple[Path, dict[str, Any]]
PARTS = ["intake", "anatomy", "separate", "timing", "choreograph", "prove", "rehearse", "dossier"]


def efforts(case: Path) -> list[str]:
    lines = (case / "effort.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["part"] for line in lines]


def test_json_keys_are_pinned(planned: Planned) -> None:
    summary = planned[1]
    assert sorted(summary) == [
        "case",
        "classification",
        "coverage",
        "cut",
        "defects",
        "demands",
        "dossier",
        "drainage",
        "front",
        "intervals",
        "measures",
        "not_a_patient",
        "notes",
        "rehearsal",
        "reserve",
        "schedule",
        "schema",
        "scope",
        "tissue_confidence",
        "twins",
        "vessels",
        "window",
    ]
    assert sorted(summary["twins"]) == ["A", "B"]
    assert sorted(summary["cut"]) == [
        "area_by_tissue_cm2",
        "cost_terms",
        "flow",
        "plan",
        "proven",
        "statement",
        "value",
    ]
    assert {"makespan_min", "milestones", "checked", "status"} <= set(summary["schedule"])
    assert {"cells", "covered", "gaps"} <= set(summary["coverage"])
    assert {"days", "end_time", "seed"} <= set(summary["rehearsal"])
    for twin in "AB":
        assert sorted(summary["defects"][twin]) == ["bone_cm2", "dura_cm2", "skin_cm2"]
    crossed = summary["vessels"]["crossed"]
    # Numbers of clamps: vessels that are clamped but not severed have theirs too.
    orders = [row["order"] for row in crossed]
    assert orders == sorted(set(orders))
    assert orders[0] >= 1
    assert all({"name", "owner", "keeper", "calibre_mm", "flow"} <= set(row) for row in crossed)


def test_every_key_is_documented(planned: Planned) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "plan-json.md"
    text = page.read_text("utf-8")
    assert [key for key in planned[1] if f"`{key}" not in text] == []


def test_the_plan_is_whole(planned: Planned) -> None:
    summary = planned[1]
    assert summary["not_a_patient"].endswith("not a patient")
    assert summary["classification"]["label"] == "TV-II"
    assert summary["classification"]["distances"]
    assert summary["cut"]["proven"]
    assert summary["cut"]["value"] == summary["cut"]["flow"] > 0
    assert summary["schedule"]["checked"]
    assert summary["schedule"]["violations"] == []
    assert 0 < summary["schedule"]["milestones"]["separation"] < summary["schedule"]["makespan_min"]
    assert summary["schedule"]["people"] >= 30
    assert summary["coverage"]["certified"]
    assert summary["coverage"]["hazards"] >= 20
    assert (
        summary["rehearsal"]["end_time"]["p10"]["value"]
        <= (summary["rehearsal"]["end_time"]["p90"]["value"])
    )
    assert Path(summary["dossier"]).is_file()


def test_dossier_is_one_page_that_says_what_it_is(planned: Planned) -> None:
    page = Path(planned[1]["dossier"]).read_text("utf-8")
    assert "not a patient" in page
    assert "Decision support" in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert "https://" not in page
    assert "<script" not in page


def test_second_run_changes_nothing(planned: Planned, copy: Path) -> None:
    before = hash_folder(copy)
    result = diptych("plan", copy, "--json", "-q", "--days", "2000")
    assert result.returncode == 0, result.stderr
    assert hash_folder(copy) == before
    again = json.loads(result.stdout)
    assert again | {"dossier": ""} == planned[1] | {"dossier": ""}


def test_one_changed_duration_redoes_choreography_and_what_follows(
    planned: Planned, copy: Path
) -> None:
    (copy / "tables").mkdir()
    (copy / "tables" / "steps.toml").write_text(
        '[[row]]\nkey = "induction"\nmode = 35\nsource = "our own log"\nconfidence = "medium"\n',
        "utf-8",
    )
    before = efforts(copy)
    result = diptych("plan", copy, "-q", "--days", "2000")
    assert result.returncode == 0, result.stderr
    # The emergency paths walk the day's steps; the plan comes out the same, so timing rests.
    assert efforts(copy)[len(before) :] == ["separate", *PARTS[4:]]
    assert "our own log" in (copy / "dossier" / "index.html").read_text("utf-8")
    shutil.rmtree(copy / "tables")
    result = diptych("plan", copy, "-q", "--days", "2000")
    assert result.returncode == 0, result.stderr
    for place in ("derivatives", "dossier"):
        assert hash_folder(copy / place) == hash_folder(planned[0] / place)


def test_one_thread_gives_the_same_bytes(raw_case: Path, planned: Planned, tmp_path: Path) -> None:
    case = tmp_path / "pair"
    shutil.copytree(raw_case, case)
    result = diptych("plan", case, "-q", "--threads", "1", "--days", "2000")
    assert result.returncode == 0, result.stderr
    assert hash_folder(case / "derivatives") == hash_folder(planned[0] / "derivatives")
    assert hash_folder(case / "dossier") == hash_folder(planned[0] / "dossier")


def test_a_correction_is_seen_at_once_and_a_plan_ends_the_same(copy: Path, tmp_path: Path) -> None:
    other, seeds = tmp_path / "other", tmp_path / "seeds.csv"
    seeds.write_text("x,y,z,radius,owner\n4,-4,9,7,A\n", "utf-8")
    shutil.copytree(copy, other)
    shutil.rmtree(other / "derivatives" / "anatomy")
    result = diptych("anatomy", copy, "--seeds", seeds, "--json", "-q")
    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["anatomy"]["intervals"] == "before correction"
    assert any("measured again by the next diptych plan" in note for note in told["notes"])
    whole = diptych("anatomy", other, "--seeds", seeds, "--json", "-q")
    found = json.loads(whole.stdout)["anatomy"]
    assert found["intervals"] == "measured"
    for key in ("owners", "vessels", "drainage", "tissue_confidence", "scope"):
        assert told["anatomy"][key] == found[key], key
    for name, figure in found["measures"].items():
        assert told["anatomy"]["measures"][name]["value"] == figure["value"]
    again = diptych("anatomy", copy, "--json", "-q")
    assert json.loads(again.stdout)["anatomy"] == found
    place = Path("derivatives") / "anatomy"
    assert hash_folder(copy / place) == hash_folder(other / place)


def test_verify_finds_the_case_intact_and_a_flipped_bit(copy: Path) -> None:
    assert diptych("verify", copy).returncode == 0
    target = copy / "derivatives" / "anatomy" / "anatomy.json"
    target.write_bytes(target.read_bytes()[:-1] + b" ")
    result = diptych("verify", copy, "--json")
    assert result.returncode == 1
    assert json.loads(result.stdout)["damaged"] == ["derivatives/anatomy: anatomy.json differs"]


def test_export_writes_what_was_asked(copy: Path, tmp_path: Path) -> None:
    result = diptych("export", copy, "--to", "nifti,stl,csv", "--out", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert {"half-A.stl", "half-B.stl", "ownership.nii.gz", "schedule.csv"} <= set(names)
