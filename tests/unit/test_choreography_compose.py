from dataclasses import replace

import pytest
from choreography_days import TABLES, demonstration, plan, roster, tables

from diptych.choreography import ChoreographyPolicy, compose
from diptych.choreography.steps import three_point
from diptych.model import InputError, InputErrors, Subject, TwinId
from diptych.tables import load_table


def ids(procedure) -> set[str]:
    return {task.id for task in procedure.tasks}


def rule(procedure, before: str, after: str):
    return next(p for p in procedure.precedence if (p.before, p.after) == (before, after))


def test_each_vessel_is_clamped_then_divided_in_the_plans_order():
    procedure = demonstration(3)
    assert {"clamp-01", "divide-01", "clamp-03", "divide-03"} <= ids(procedure)
    assert (rule(procedure, "clamp-02", "divide-02").max_lag or 0) <= 5
    assert rule(procedure, "divide-01", "clamp-02").min_lag == 0
    assert rule(procedure, "divide-03", "brain").min_lag == 0
    assert procedure.task("clamp-01").subject is Subject.SHARED
    assert procedure.task("clamp-01").duration.planned == 20


def test_vessels_too_thin_for_a_test_are_divided_without_one():
    procedure = compose(plan(2, calibre=0.8), roster(), tables=tables())
    assert "divide-01" in ids(procedure)
    assert "clamp-01" not in ids(procedure)
    assert rule(procedure, "dura", "divide-01").max_lag is None
    assert any("2 vessels of less than 1 mm" in note for note in procedure.notes)


def test_a_plan_without_crossings_goes_from_dura_to_brain():
    procedure = demonstration(0)
    assert rule(procedure, "dura", "brain").min_lag == 0
    assert not any(task.id.startswith("clamp") for task in procedure.tasks)


def test_each_twin_has_its_own_place_after_separation():
    procedure = demonstration()
    assert procedure.task("dural-patch-A").zones == {"sterile-A": 3, "theatre-1": 3}
    assert procedure.task("dural-patch-B").zones == {"sterile-B": 3, "theatre-2": 3}
    assert "second theatre" in procedure.task("resettle-B").title
    assert procedure.task("brain").zones["sterile-joined"] == 4
    assert rule(procedure, "separation", "resettle-B").max_lag == 5


def test_the_policy_decides_who_is_first_and_who_moves():
    policy = ChoreographyPolicy(first=TwinId.B, moves=TwinId.A)
    procedure = compose(plan(), roster(), tables=tables(), policy=policy)
    assert rule(procedure, "induction-B", "induction-A")
    assert "theatre-2" in procedure.task("skull-A").zones
    assert rule(demonstration(), "induction-A", "induction-B")


def test_a_turn_replaces_the_pause_and_comes_before_the_second_side():
    policy = ChoreographyPolicy(turn=True)
    procedure = compose(plan(), roster(), tables=tables(), policy=policy)
    assert "turn" in ids(procedure)
    assert "pause" not in ids(procedure)
    assert rule(procedure, "turn", "craniotomy-2")


def test_milestones_and_notes():
    procedure = demonstration()
    milestones = {milestone.id: milestone.task for milestone in procedure.milestones}
    assert procedure.separation == "separation"
    assert milestones["separation"] == "separation"
    assert milestones["incision"] == "time-out"
    assert milestones["twin-B-out"] == "handover-B"
    assert any("expected to end later than this plan" in note for note in procedure.notes)


def test_every_step_says_how_long_it_may_wait_and_whom_it_keeps():
    tasks = {task.id: task for task in demonstration().tasks}
    assert all(task.may_wait is not None for task in tasks.values())
    assert all(task.may_wait == 0 for task in tasks.values() if task.priority == 3)
    assert tasks["closure-A"].may_wait > tasks["dura"].may_wait > tasks["clamp-01"].may_wait
    assert tasks["cell-salvage-B"].keeps == ("perfusion",)
    assert tasks["watch-anaesthesia-A-1"].keeps == ("anaesthesia",)
    assert tasks["antibiotic-A-1"].may_wait == 30


def test_packs_of_blood_are_a_stock_that_bleeding_steps_use():
    procedure = demonstration()
    packs = next(kit for kit in procedure.equipment if kit.id == "transfusion-pack")
    assert not packs.renewable
    assert packs.restock
    used = {
        task.id: task.equipment[packs.id] for task in procedure.tasks if packs.id in task.equipment
    }
    assert {"craniotomy-1", "brain", "last-bridge"} <= set(used)
    assert sum(used.values()) <= packs.count


def test_planned_quantile_is_that_of_the_triangle():
    """Triangle 0, 10, 20: half its area lies below 10, an eighth below 5."""
    assert three_point(0, 10, 20, 0.5) == 10
    assert three_point(0, 10, 20, 0.125) == 5
    assert three_point(0, 10, 20, 0.875) == 15
    assert three_point(7, 7, 7, 0.9) == 7
    policy = ChoreographyPolicy(quantile=0.8)
    later = compose(plan(), roster(), tables=tables(), policy=policy)
    for task in later.tasks:
        assert task.duration.low <= task.duration.planned <= task.duration.high
    assert later.task("brain").duration.planned > demonstration().task("brain").duration.planned


def test_every_zone_of_a_task_holds_at_most_its_people():
    for task in demonstration().tasks:
        people = sum(demand.count for demand in task.demands)
        assert all(count <= people for count in task.zones.values()), task.id


@pytest.mark.parametrize("name", TABLES)
def test_every_row_has_a_source(name):
    assert all(row.source and row.confidence for row in load_table(name).rows.values())


def overridden(text: str):
    return {**tables(), "steps": load_table("steps", text)}


def test_an_override_of_one_length_changes_that_task_only():
    changed = overridden('[[row]]\nkey = "scalp"\nmode = 70\nsource = "our own"\n')
    procedure = compose(plan(), roster(), tables=changed)
    different = [
        task.id
        for task, old in zip(procedure.tasks, demonstration().tasks, strict=False)
        if replace(task, source="") != replace(old, source="") and task.step
    ]
    assert different == ["scalp"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('key = "scalp"\ndemands = { juggling = 1 }', "step scalp names skill 'juggling'"),
        ('key = "scalp"\nkeeps = ["jester"]', "step scalp names skill or role 'jester'"),
        ('key = "scalp"\nequipment = { laser = 1 }', "step scalp names equipment 'laser'"),
        ('key = "scalp"\nzones = { moon = 1 }', "step scalp names zone 'moon'"),
    ],
)
def test_unknown_names_are_refused(text, message):
    with pytest.raises(InputErrors, match=message):
        changed = overridden(f'[[row]]\n{text}\nsource = "our own"\n')
        compose(plan(), roster(), tables=changed)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('key = "scalp"\nafter = ["closure"]', "after names closure"),
        ('key = "scalp"\neach = "often"', "each is 'often'"),
        ('key = "separation"\nmilestone = "parted"', "marks no step with milestone"),
        ('key = "scalp"\nmay_wait = -1', "task scalp: may_wait is -1 min"),
        ('key = "scalp"\nmode = 10', "duration min/mode/max 45/10/120"),
    ],
)
def test_rows_out_of_order_are_refused(text, message):
    with pytest.raises(InputError, match=message):
        changed = overridden(f'[[row]]\n{text}\nsource = "our own"\n')
        compose(plan(), roster(), tables=changed)


def reach_of(procedure, chain: str) -> int:
    """The longest that a chain of watches or of a course lets pass from its opening to its end."""
    own = {task.id for task in procedure.tasks if task.id.startswith(chain)}
    rules = [rule for rule in procedure.precedence if {rule.before, rule.after} & own]
    lengths = sum(procedure.task(task).duration.planned for task in own)
    return lengths + sum(rule.max_lag for rule in rules if rule.max_lag is not None)


def day_with_slack(minutes: int):
    rest = tables()["rest"]
    row = rest.row("coverage-slack")
    edited = replace(row, fields={**row.fields, "value": minutes})
    rows = {**rest.rows, "coverage-slack": edited}
    return compose(plan(), roster(), tables={**tables(), "rest": replace(rest, rows=rows)})


def test_watches_and_courses_reach_as_far_as_the_slack_asks():
    tight, wide = day_with_slack(0), day_with_slack(360)
    for chain in ("watch-anaesthesia-A-", "watch-assist-B-", "watch-nursing-A-"):
        assert 350 <= reach_of(wide, chain) - reach_of(tight, chain) <= 370, chain
    for chain, most in (("pressure-care-A-", 220), ("antibiotic-B-", 250), ("family-", 260)):
        assert reach_of(wide, chain) - reach_of(tight, chain) > 360 - most, chain
