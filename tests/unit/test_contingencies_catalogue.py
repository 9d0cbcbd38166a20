"""The catalogue: complete, sourced, the same for both twins."""

from dataclasses import replace
from pathlib import Path

import pytest
from contingency_days import person, plan, task

from diptych.contingencies import read_hazards
from diptych.model import Confidence, InputError, Procedure, Role, RoleId, SkillId, Subject
from diptych.model.team import Equipment, Zone
from diptych.tables import SourcedTable, load_table

CATALOGUE = (
    "sinus-haemorrhage",
    "air-embolism",
    "cardiac-arrest",
    "hyperkalaemic-arrest",
    "shunt-reversal",
    "brain-swelling",
    "coagulopathy",
    "hypothermia",
    "airway-loss",
    "cross-circulating-drug",
    "wrong-twin-drug",
    "wrong-twin-sample",
    "anaphylaxis",
    "surprise-anatomy",
    "csf-leak",
    "skin-shortage",
    "infection",
    "hydrocephalus",
    "equipment-failure",
    "power-loss",
    "fatigue",
    "retained-item",
    "blood-out",
    "graft-thrombosis",
    "death-of-twin",
)


def procedure() -> Procedure:
    """A procedure with every skill, place and kind of kit that the package's tables know."""
    base = plan([(task("t", 14), 0, 60, "x")], [person("x", "surgery")]).procedure
    skills = tuple(SkillId(key) for key in load_table("skills").rows)
    kit = tuple(
        Equipment(id=key, title=key, count=row.integer("count"))
        for key, row in load_table("equipment").rows.items()
    )
    zones = tuple(
        Zone(id=key, title=key, capacity=row.integer("capacity"))
        for key, row in load_table("zones").rows.items()
    )
    role = Role(id=RoleId("all"), title="All", skills=skills)
    return replace(base, roles=(role,), equipment=kit, zones=zones)


def changed(**fields: object) -> SourcedTable:
    """The table with the first row's fields replaced."""
    table = load_table("hazards")
    row = table.row("sinus-haemorrhage")
    return replace(
        table, rows={row.key: replace(row, fields={**row.fields, "knock_on": [], **fields})}
    )


def test_all_hazards_are_there_for_each_twin() -> None:
    hazards = read_hazards(load_table("hazards"), procedure())
    ids = {hazard.id for hazard in hazards}
    assert len(ids) == len(hazards) >= 45
    for key in CATALOGUE:
        assert key in ids or {f"{key}-A", f"{key}-B"} <= ids, key


def test_every_hazard_says_where_it_comes_from_and_what_to_do() -> None:
    for hazard in read_hazards(load_table("hazards"), procedure()):
        assert len(hazard.source) > 10
        assert len(hazard.response.actions) > 20
        assert hazard.response.demands
        if hazard.source.startswith("assumption"):
            assert hazard.confidence is Confidence.ASSUMPTION, hazard.id


def test_mirror_of_the_catalogue() -> None:
    hazards = read_hazards(load_table("hazards"), procedure())
    for one in (hazard for hazard in hazards if hazard.subject is Subject.A):
        other = next(h for h in hazards if h.id == one.id.removesuffix("-A") + "-B")
        follows = tuple(swapped(id) for id in one.response.knock_on)
        response = replace(one.response, knock_on=follows)
        mirror = replace(one, id=other.id, title=other.title, subject=Subject.B, response=response)
        assert mirror == other
        assert other.title == one.title.replace("twin A", "twin B")
        assert "twin A" in one.title


def swapped(id: str) -> str:
    key, dash, letter = id.rpartition("-")
    return f"{key}{dash}{'BA'['AB'.index(letter)]}" if letter in ("A", "B") else id


def test_share_of_operations_is_met_by_the_two_twins_together() -> None:
    one, other = read_hazards(changed(probability=0.75), procedure())
    assert one.probability == other.probability == pytest.approx(0.5)
    single, _ = read_hazards(changed(probability=0.75, per="twin"), procedure())
    assert single.probability == 0.75


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"subject": "nurse"}, "subject is 'nurse'"),
        ({"first_step": 9, "last_step": 8}, "steps are 9 to 8"),
        ({"severity": 4}, "severity is 4"),
        ({"probability": 1.5}, "probability is 1.5"),
        ({"per": "day"}, "per is 'day'"),
        ({"subject": "both", "per": "twin"}, "per is 'twin'"),
        ({"demands": []}, "demands are missing"),
        ({"demands": [{"skill": "scrub", "count": 0, "within": 1}]}, "demand is"),
        ({"demands": [{"skill": "scrub", "count": 1, "within": 1, "grade": 6}]}, "demand is"),
        ({"demands": [{"skill": "scrub", "count": 1, "within": 1, "leader": 4}]}, "demand is"),
        ({"demands": [{"skill": "juggling", "count": 1, "within": 1}]}, "skill 'juggling'"),
        ({"equipment": {"trampoline": 1}}, "equipment 'trampoline'"),
        ({"sterile": -1}, "sterile is -1"),
        ({"drugs": 3}, "drugs is 3"),
        ({"drugs": [{"name": "x", "low": 1, "high": 2, "unit": "mg"}]}, "drug is .* a unit of"),
        ({"drugs": [{"name": "x", "low": 3, "high": 2, "unit": "mg/kg"}]}, "low <= high"),
        ({"drugs": [{"name": "x", "low": 1, "high": 2, "unit": "mg/kg", "max": 1}]}, "drug is"),
        ({"blood": {"ink": 4}}, "blood is {'ink': 4}"),
        ({"blood": {"plasma": 0}}, "blood is .* mL/kg above 0"),
        ({"knock_on": ["flood"]}, "knock_on names 'flood', expected KEY or other:KEY"),
        ({"knock_on": ["third:sinus-haemorrhage"]}, "knock_on names 'third:"),
        (
            {"knock_on": ["other:sinus-haemorrhage"], "subject": "both"},
            "there is no other twin",
        ),
        ({"sterile": 1, "subject": "team"}, "sterile is 1, expected 0 or more, and 0 for the team"),
        ({"hold": [5, 4, 6]}, r"hold is \[5, 4, 6\]"),
        ({"delay": [1, 2]}, r"delay is \[1, 2\]"),
    ],
)
def test_faulty_rows_are_refused_by_name(fields: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_hazards(changed(**fields), procedure())
    assert "sinus-haemorrhage" in str(caught.value)


def test_doses_blood_and_knock_ons_are_read() -> None:
    one, other = read_hazards(
        changed(
            drugs=[{"name": "x", "low": 1, "high": 10, "unit": "micrograms/kg", "most": 60}],
            blood={"platelets": 10, "red-cells": 20.5},
            knock_on=["other:sinus-haemorrhage", "sinus-haemorrhage"],
            meanwhile="The count can wait.",
        ),
        procedure(),
    )
    dose = one.response.drugs[0]
    assert (dose.of(5), dose.of(8.5)) == ((5, 50), (8.5, 60))
    assert list(one.response.blood.items()) == [("red-cells", 20.5), ("platelets", 10)]
    assert one.response.knock_on == ("sinus-haemorrhage-B", "sinus-haemorrhage-A")
    assert other.response.knock_on == ("sinus-haemorrhage-A", "sinus-haemorrhage-B")
    assert one.response.meanwhile == "The count can wait."


def test_the_catalogue_has_thirty_kinds_and_those_of_the_published_crisis_list() -> None:
    rows = load_table("hazards").rows
    assert len(rows) >= 30
    assert {
        "bronchospasm",
        "tension-pneumothorax",
        "malignant-hyperthermia",
        "bradycardia",
        "evoked-potential-loss",
        "transfusion-reaction",
        "line-loss",
        "local-anaesthetic-toxicity",
    } <= set(rows)


def test_every_knock_on_is_a_hazard_and_doses_fit_an_infant() -> None:
    hazards = read_hazards(load_table("hazards"), procedure())
    ids = {hazard.id for hazard in hazards}
    assert {id for hazard in hazards for id in hazard.response.knock_on} <= ids
    doses = [(dose, hazard) for hazard in hazards for dose in hazard.response.drugs]
    assert len(doses) > 20
    for dose, hazard in doses:
        low, high = dose.of(8.5)
        assert 0 < low <= high, (dose, hazard.id)
    bleeding = next(hazard for hazard in hazards if hazard.id == "sinus-haemorrhage-A")
    assert bleeding.response.blood["red-cells"] * 8.5 == pytest.approx(433.5)
    assert all(len(hazard.response.meanwhile) > 10 for hazard in hazards)


def test_places_at_a_field_that_the_procedure_lacks_are_refused() -> None:
    bare = replace(procedure(), zones=())
    with pytest.raises(InputError, match="asks for zone 'sterile-joined', which is not known"):
        read_hazards(changed(sterile=1), bare)
    assert read_hazards(changed(sterile=0), bare)


def test_responses_that_need_a_leader_ask_for_a_grade() -> None:
    hazards = read_hazards(load_table("hazards"), procedure())
    led = {
        str(hazard.id): [demand.grade for demand in hazard.response.demands if demand.grade]
        for hazard in hazards
    }
    for key in ("sinus-haemorrhage-A", "cardiac-arrest-B", "death-of-twin-A", "fire"):
        assert led[key], key
        assert min(led[key]) >= 4
    assert not led["csf-leak-A"]


def test_a_hazard_without_a_source_is_refused() -> None:
    row = '[[row]]\nkey = "sinus-haemorrhage"\nsource = " "\n'
    with pytest.raises(InputError, match="'sinus-haemorrhage' has no source"):
        load_table("hazards", override=row)
    table = load_table("hazards")
    bare = {**table.rows, "air-embolism": replace(table.row("air-embolism"), source="")}
    with pytest.raises(InputError, match="air-embolism-A has no source"):
        read_hazards(replace(table, rows=bare), procedure())


def test_the_example_of_the_how_to_is_read() -> None:
    page = Path(__file__).parents[2] / "docs" / "howto" / "write-a-hazard.md"
    row = page.read_text("utf-8").split("```toml")[1].split("```")[0]
    one, other = read_hazards(load_table("hazards", override=row), procedure())[-2:]
    assert (one.title, other.title) == ("Lift stuck with twin A", "Lift stuck with twin B")
    assert one.response.knock_on == ("line-loss-A", "bradycardia-B")
    assert one.response.drugs[0].of(8) == (80, 160)
    assert one.response.sterile == 1


def test_a_site_adds_its_own_hazard() -> None:
    row = """
[[row]]
key = "lift-stuck"
title = "Lift stuck"
subject = "team"
first_step = 15
last_step = 15
per = "operation"
probability = 0.01
probability_low = 0.001
probability_high = 0.1
severity = 1
demands = [{ skill = "positioning", count = 1, within = 5 }]
equipment = {}
hold = [5, 10, 20]
delay = [5, 10, 20]
actions = "Take the other lift."
source = "our own log"
confidence = "medium"
"""
    hazards = read_hazards(load_table("hazards", override=row), procedure())
    assert hazards[-1].title == "Lift stuck"
    assert hazards[-1].response.delay == (5, 10, 20)
