"""Reserve and mendings on random days with absences, times on call, grades, stocks and fields."""

from dataclasses import replace

import pytest
from contingency_days import hazard, person, plan, ruled_day, task
from reserve_days import RULES, uncovered, with_roles

from diptych.contingencies import AnswerPolicy, prove_coverage
from diptych.contingencies.classes import sort_minutes
from diptych.contingencies.mending import clip, find_short, mend_gap
from diptych.contingencies.reserve import apply_reserve, design_reserve
from diptych.contingencies.sets import search_sets
from diptych.model import Minute

SHORT = replace(RULES, longest_watch=Minute(60))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 60))]
)
def test_the_reserve_leaves_only_what_nobody_could_mend(seed, own):
    day, hazards = ruled_day(seed)
    day = with_roles(day)
    found = design_reserve(day, hazards, order=2, policy=replace(SHORT, own_people=own))
    assert found.proven
    beyond = [(set(gap.hazards), gap.spans) for gap in found.beyond]
    for chosen, start, end in uncovered(apply_reserve(day, found), hazards, 2):
        ids = {hazards[h].id for h in chosen}
        assert any(
            gap <= ids and any(a <= start and end <= b for a, b in spans) for gap, spans in beyond
        )


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(n, marks=pytest.mark.slow) for n in range(6, 60))]
)
def test_every_mending_closes_its_gap(seed):
    day, hazards = ruled_day(seed)
    day = with_roles(day)
    classes = sort_minutes(day, hazards, AnswerPolicy())
    rules = replace(SHORT, own_people=True)
    for gap in search_sets(classes, day, hazards, 2, turns=False).gaps[:3]:
        chosen = [one for one in hazards if one.id in gap.hazards]
        for mending in mend_gap(day, hazards, gap, policy=rules, violations=lambda _: ()):
            assert clip(find_short(mending.applied, chosen, AnswerPolicy()), gap.spans) == ()


def test_a_break_is_moved():
    ada = replace(person("ada", "anaesthesia", hours=(0, 100)), absences=((30, 50),))
    bob = person("bob", "anaesthesia", hours=(50, 200))
    day = with_roles(plan([(task("work", 5), 0, 100, "")], [ada, bob]))
    arrest = hazard("arrest", (1, "anaesthesia", 1))
    (gap,) = prove_coverage(day, [arrest]).gaps
    assert (gap.start, gap.end) == (30, 50)
    found = mend_gap(day, [arrest], gap, policy=RULES, violations=lambda _: ())
    (moved,) = [mending for mending in found if mending.kind == "break"]
    assert moved.words == "break of Ada moved to 07:50, until 08:10"
    assert moved.cost == 50
    assert prove_coverage(moved.applied, [arrest]).gaps == ()


def test_a_person_on_call_is_not_counted_twice():
    ada = replace(person("ada", "anaesthesia", hours=(0, 40)), on_call=((40, 100, 20),))
    rows = [(task("early", 5), 0, 40, ""), (task("work", 6), 40, 100, "")]
    day = with_roles(plan(rows, [ada]))
    both = (
        hazard("soon", (1, "anaesthesia", 1), steps=(6, 19)),
        hazard("late", (1, "anaesthesia", 30), steps=(6, 19)),
    )
    rules = replace(RULES, own_people=True)
    found = design_reserve(day, both, order=2, policy=rules)
    assert (found.size, found.proven, found.open) == (1, True, ())
    (gap,) = prove_coverage(day, both).gaps
    assert next(mending.words for mending in mend_gap(day, both, gap, policy=rules)) == (
        "keep Ada 60 min longer, until 08:40"
    )


def test_whoever_stands_by_has_the_grade_that_is_asked():
    day = with_roles(plan([(task("work", 5), 0, 100, "")], [person("sue", "surgery")]))
    plain = hazard("arrest", (1, "anaesthesia", 1))
    (demand,) = plain.response.demands
    led = replace(plain, response=replace(plain.response, demands=(replace(demand, grade=5),)))
    found = design_reserve(day, [led], order=1, policy=RULES)
    assert (found.watches[0].grade, found.beyond) == (5, ())
    assert design_reserve(day, [plain], order=1, policy=RULES).watches[0].grade == 4
    (gap,) = prove_coverage(day, [led]).gaps
    assert mend_gap(day, [led], gap, policy=RULES)
