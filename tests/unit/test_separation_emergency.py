"""The way out from each step when one twin is dying, reckoned by hand."""

import pytest
from covered_pair import make_crossings

from diptych.model import InputError, TwinId
from diptych.separation.emergency import find_emergency_path, find_emergency_paths
from diptych.tables import load_table

STEPS, TABLE = load_table("steps"), load_table("reconstruction")
VESSELS = make_crossings([4.0, 3.0, 0.5], "ABA")
DAY = [key for key, row in STEPS.rows.items() if row.text("each") != "watch"]


def path(step, divided=0, dying=TwinId.A, vessels=VESSELS, table=TABLE):
    return find_emergency_path(step, dying, vessels, divided, steps=STEPS, table=table)


def minutes(*keys):
    rows = [TABLE.row(f"emergency-{key}") for key in keys]
    return tuple(sum(row.integer(name) for row in rows) for name in ("low", "mode", "high"))


def test_while_clamping_the_second_vessel():
    found = path("clamp", 1)
    expected = minutes("clip", "seal", "transect", "last", "apart", "cover")
    assert (found.low, found.mode, found.high) == expected
    assert found.clipped == ("V-2", "V-3")
    assert found.lost == ("V-1",)
    assert (found.dying, found.survivor) == (TwinId.A, TwinId.B)
    assert path("clamp", 1, dying=TwinId.B).lost == ()
    assert path("clamp", 2, dying=TwinId.B).lost == ("V-2",)


def test_each_step_done_is_time_saved():
    whole = [path(step, 3 if DAY.index(step) > DAY.index("divide") else 0).high for step in DAY]
    assert whole == sorted(whole, reverse=True)
    assert path("craniotomy-2").mode == path("craniotomy-1").mode - minutes("bone-first")[1]


def test_the_step_under_way_counts_as_not_done():
    keys = {action.key for action in path("scalp").actions}
    assert "emergency-scalp" in keys
    assert "emergency-prepare" not in keys


def test_what_is_left_undone():
    early, late = path("dura"), path("separation", 3)
    assert len(early.undone) == 4
    assert any("Dural patch" in text for text in late.undone)
    assert not any("tissue left" in text for text in late.undone)


def test_the_verdicts():
    assert path("last-bridge", 3).verdict == "within"
    many = make_crossings([3.0] * 20, "AB" * 10)
    assert path("clamp", 0, vessels=many).verdict == "doubtful"
    beyond = path("room-check", 0, vessels=many)
    assert beyond.verdict == "beyond"
    assert beyond.mode > beyond.limit == 120
    assert "cannot be relied on" in beyond.sentence
    after = path("dural-patch", 3)
    assert (after.verdict, after.high, after.actions) == ("separated", 0, ())


def test_from_every_step_for_either_twin():
    paths = find_emergency_paths(tuple(reversed(VESSELS)), steps=STEPS, table=TABLE)
    assert {entry.step for entry in paths} == set(DAY)
    clamps = [(p.divided, p.dying) for p in paths if p.step == "clamp"]
    assert clamps == [(n, twin) for n in range(3) for twin in TwinId]
    assert all(p.divided == 3 for p in paths if p.step == "brain")
    assert all(p.divided == 0 for p in paths if p.step == "dura")


def test_no_vessels():
    paths = find_emergency_paths((), steps=STEPS, table=TABLE)
    assert len(paths) == 2 * len(DAY)


def test_mirror():
    swapped = make_crossings([4.0, 3.0, 0.5], "BAB")
    for mine in find_emergency_paths(VESSELS, steps=STEPS, table=TABLE):
        other = path(mine.step, mine.divided, mine.survivor, swapped)
        assert (other.lost, other.clipped, other.high) == (mine.lost, mine.clipped, mine.high)


def test_wrong_questions_are_refused():
    with pytest.raises(InputError, match="from step 'tea' with 0 of 3"):
        path("tea")
    with pytest.raises(InputError, match="with 4 of 3 vessels"):
        path("clamp", 4)
    wrong = load_table(
        "reconstruction", '[[row]]\nkey = "emergency-clip"\nlow = 9\nsource = "test"\n'
    )
    with pytest.raises(InputError, match="expected them to rise"):
        path("clamp", 0, table=wrong)
