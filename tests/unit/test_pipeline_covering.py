"""The wish that a day be covered: kept in the case, obeyed, told; taken back when work fails."""

from pathlib import Path

import pytest
from contingency_days import hazard, person, plan, task

import diptych.contingencies
from diptych.model import InputError, Schedule
from diptych.pipeline.covering import (
    Wish,
    cover_day,
    cover_facts,
    open_sets,
    read_wish,
    tell_reserve,
    wished,
)
from diptych.pipeline.folder import CaseFolder


@pytest.fixture
def case(tmp_path: Path) -> CaseFolder:
    (tmp_path / "case.toml").write_text("", "utf-8")
    return CaseFolder(tmp_path)


def day(*staff: str) -> Schedule:
    """An operation of an hour that holds the first of the surgeons."""
    people = [person(who, "surgery", hours=(0, 60)) for who in staff]
    return plan([(task("op", 10), 0, 60, staff[0])], people)


@pytest.fixture
def bleeding(monkeypatch: pytest.MonkeyPatch) -> None:
    """One hazard only: somebody who is on no task must be there at once."""
    found = (hazard("bleed", (1, "surgery", 0), steps=(10, 10), severity=1),)
    monkeypatch.setattr(diptych.contingencies, "read_hazards", lambda *_: found)


RULES = {"those_at_the_twin_answer": False}


def test_nothing_is_wished_at_first(case: CaseFolder) -> None:
    assert read_wish(case) is None
    assert cover_facts(case) == {}


def test_a_wish_is_kept_and_its_inputs_are_facts(case: CaseFolder) -> None:
    with wished(case, 2):
        pass
    assert read_wish(case) == Wish(order=2, tries=2)
    facts = cover_facts(case)
    assert facts["cover"] == {"order": 2, "tries": 2}
    assert sorted(facts["cover-tables"]) == ["hazards", "reserve"]


def test_zero_takes_it_back_and_none_leaves_it(case: CaseFolder) -> None:
    with wished(case, 3):
        pass
    with wished(case, None):
        assert read_wish(case) == Wish(order=3)
    with wished(case, 0):
        assert read_wish(case) is None
    assert read_wish(case) is None


@pytest.mark.parametrize("before", [None, "order = 1\ntries = 5\n"])
def test_an_error_leaves_the_case_as_it_was(case: CaseFolder, before: str | None) -> None:
    path = case.root / "cover.toml"
    if before:
        path.write_text(before, "utf-8")
    with pytest.raises(RuntimeError), wished(case, 2):
        assert read_wish(case).order == 2
        raise RuntimeError
    assert (path.read_text("utf-8") if path.is_file() else None) == before


def test_tries_that_a_person_set_stay(case: CaseFolder) -> None:
    (case.root / "cover.toml").write_text("order = 1\ntries = 5\n", "utf-8")
    with wished(case, 2):
        pass
    assert read_wish(case) == Wish(order=2, tries=5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("order = 4\n", "order is 4, expected a whole number from 1 to 3"),
        ("order = true\n", "order is True"),
        ("tries = 2\n", "order is None"),
        ("order = 1\ntries = 11\n", "tries is 11, expected a whole number from 1 to 10"),
        ("order = 1\nother = 2\n", "cover.toml holds other"),
        ("order =", "cannot be read"),
    ],
)
def test_another_form_is_refused(case: CaseFolder, text: str, words: str) -> None:
    (case.root / "cover.toml").write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        read_wish(case)


def test_the_day_that_needs_least_is_taken(case: CaseFolder, bleeding: None) -> None:
    days = [day("ann"), day("ann", "bo")]
    found, reserve = cover_day(case, Wish(order=1, tries=2), days.__getitem__, RULES)
    assert [who.id for who in found.procedure.staff] == ["ann", "bo"]
    assert (reserve.size, open_sets(reserve), tell_reserve(reserve, found)) == (0, (), [])


def test_a_day_without_need_ends_the_search(case: CaseFolder, bleeding: None) -> None:
    made = []

    def make(number: int) -> Schedule:
        made.append(number)
        return day("ann", "bo")

    cover_day(case, Wish(order=1, tries=5), make, RULES)
    assert made == [0]


def test_who_is_needed_stands_on_the_day_and_is_told(case: CaseFolder, bleeding: None) -> None:
    found, reserve = cover_day(case, Wish(order=1, tries=1), lambda _: day("ann"), RULES)
    assert [who.id for who in found.procedure.staff] == ["ann", "standby-1"]
    assert reserve.proven
    assert tell_reserve(reserve, found) == ["1 standing by as worker, 07:00 to 08:00"]


def test_what_no_reserve_covers_is_named(case: CaseFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = (hazard("flood", (1, "plumbing", 0), steps=(10, 10)),)
    monkeypatch.setattr(diptych.contingencies, "read_hazards", lambda *_: odd)
    _, reserve = cover_day(case, Wish(order=1, tries=1), lambda _: day("ann"), RULES)
    assert [gap.hazards for gap in open_sets(reserve)] == [("flood",)]
