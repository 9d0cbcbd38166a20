"""Dominated plans are dropped and named."""

from dataclasses import replace

import pytest
from separation_pair import make_anatomy, make_case

from diptych.model import Millilitre, PlanId, TwinId
from diptych.separation import SeparationPolicy, plan
from diptych.separation.front import build_front
from diptych.separation.plan import TABLES
from diptych.tables import load_table


@pytest.fixture(scope="module")
def base():
    policy = SeparationPolicy(preferences=("balanced",))
    return plan(make_case(), make_anatomy(), tables=ALL, policy=policy).plan


ALL = {name: load_table(name) for name in TABLES}


def with_tissue(base, name, given_a, given_b):
    costs = {
        twin: replace(base.costs[twin], own_tissue_given=Millilitre(given))
        for twin, given in ((TwinId.A, given_a), (TwinId.B, given_b))
    }
    preference = name if name in {"A", "B"} else "balanced"
    return replace(base, id=PlanId(name), preference=preference, costs=costs)


def test_a_trade_off_keeps_all_three(base):
    plans = [
        with_tissue(base, "balanced", 5.0, 5.0),
        with_tissue(base, "A", 2.0, 9.0),
        with_tissue(base, "B", 9.0, 2.0),
    ]
    front = build_front(plans)
    assert [p.id for p in front.plans] == ["balanced", "A", "B"]
    assert (front.proposed, front.dominated) == ("balanced", ())


def test_a_worse_plan_is_dropped(base):
    front = build_front([with_tissue(base, "balanced", 5.0, 5.0), with_tissue(base, "A", 5.0, 6.0)])
    assert [p.id for p in front.plans] == ["balanced"]
    assert front.dominated == ("A: balanced is no worse for either twin and better for one",)


def test_an_equal_plan_is_dropped(base):
    front = build_front([with_tissue(base, "balanced", 5.0, 5.0), with_tissue(base, "B", 5.0, 5.0)])
    assert front.dominated == ("B: costs both twins exactly what balanced costs them",)


def test_a_balanced_plan_that_is_dominated_is_not_proposed(base):
    front = build_front([with_tissue(base, "balanced", 5.0, 5.0), with_tissue(base, "A", 4.0, 5.0)])
    assert front.proposed == "A"
