"""Dominated cuts are no plans; of equal ones the nearest to balanced stays."""

import numpy as np
import pytest

from diptych.model import CutProof, Millilitre, MillilitrePerMinute, TwinCost, TwinId
from diptych.separation.allocate import Judgement
from diptych.separation.cut import Parting
from diptych.separation.front import choose_plans
from diptych.separation.points import Trial, find_dominated, nest_sides
from diptych.separation.terms import Wishes

PREFERENCES = ("balanced", "A", "B")


def parting(kindness, value=0, side=(0,)):
    return Parting(
        kindness=kindness,
        side=np.array(side, dtype=np.uint8).reshape(-1, 1, 1),
        unary=np.zeros((1, 1, 1), dtype=np.int64),
        proof=CutProof(
            value=value, flow=value, proven=True, scale=1.0, method="", statement="proven"
        ),
        notes=(),
    )


def trials(*given, drained=None, values=None):
    """One cut for each pair of ml given by A and by B, from kinder to B to kinder to A."""
    half = len(given) // 2
    return tuple(
        Trial(
            parting=parting((n - half) / half, value=values[n] if values else 0),
            severed=(),
            wishes=Wishes(),
            judgement=Judgement(
                keepers={},
                drained=dict(zip(TwinId, drained[n], strict=True)) if drained else {},
                infarct={},
            ),
            costs={
                twin: TwinCost(
                    own_tissue_given=Millilitre(amount),
                    brain_given=Millilitre(0.0),
                    vein_flow_given=MillilitrePerMinute(0.0),
                    vein_flow_kept=MillilitrePerMinute(0.0),
                )
                for twin, amount in zip(TwinId, pair, strict=True)
            },
        )
        for n, pair in enumerate(given)
    )


def test_a_trade_off_keeps_all_three():
    chosen, told = choose_plans(trials((9.0, 2.0), (5.0, 5.0), (2.0, 9.0)), PREFERENCES)
    assert chosen == {"balanced": 1, "A": 2, "B": 0}
    assert told == ()


def test_a_worse_cut_is_no_plan():
    front = trials((5.0, 6.0), (5.0, 5.0), (2.0, 9.0))
    chosen, told = choose_plans(front, PREFERENCES)
    assert chosen == {"balanced": 1, "A": 2}
    assert told == ("kinder-B: point 2 is no worse for either twin and better for one",)
    assert find_dominated(front)[0] == "point 2 is no worse for either twin and better for one"


def test_of_equal_cuts_the_one_nearest_to_balanced_stays():
    front = trials((5.0, 5.0), (5.0, 5.0), (5.0, 5.0), (4.0, 6.0), (4.0, 6.0))
    chosen, told = choose_plans(front, PREFERENCES)
    assert chosen == {"balanced": 2, "A": 3}
    assert told == ("kinder-B: costs both twins exactly what point 3 costs them",)


def test_the_kindest_cut_on_the_front_is_the_plan():
    front = trials((9.0, 2.0), (7.0, 3.0), (5.0, 5.0), (3.0, 7.0), (3.0, 8.0))
    chosen, _ = choose_plans(front, PREFERENCES)
    assert chosen == {"balanced": 2, "A": 3, "B": 0}


def test_blood_that_no_longer_drains_counts():
    front = trials((5.0, 5.0), (5.0, 5.0), (5.0, 5.0), drained=[(0.6, 0.9), (0.8, 0.8), (0.9, 0.5)])
    assert choose_plans(front, PREFERENCES)[0] == {"balanced": 1, "A": 2, "B": 0}


def test_a_dominated_middle_gives_way_to_the_nearest_that_is_better():
    front = trials((9.0, 1.0), (5.0, 4.0), (5.0, 5.0), (4.0, 6.0), (3.0, 7.0))
    chosen, told = choose_plans(front, PREFERENCES)
    assert chosen["balanced"] == 1
    assert "point 2 takes its place as the balanced plan" in told[0]


@pytest.mark.parametrize(("values", "expected"), [([0, 8, 5, 7, 0], 3), ([0, 7, 5, 7, 0], 2)])
def test_of_two_as_near_the_cheaper_is_taken_and_of_equal_ones_none(values, expected):
    front = trials((9.0, 1.0), (5.0, 4.0), (5.0, 5.0), (4.0, 5.0), (1.0, 9.0), values=values)
    assert choose_plans(front, PREFERENCES)[0]["balanced"] == expected


def test_swapping_the_twins_swaps_what_is_chosen():
    given = ((9.0, 2.0), (5.0, 5.0), (5.0, 5.0), (4.0, 6.0), (4.0, 7.0))
    chosen, _ = choose_plans(trials(*given), PREFERENCES)
    mirrored, _ = choose_plans(trials(*((b, a) for a, b in given[::-1])), PREFERENCES)
    names = {"balanced": "balanced", "A": "B", "B": "A"}
    assert mirrored == {names[name]: 4 - number for name, number in chosen.items()}


def test_only_what_is_wanted_is_planned():
    front = trials((9.0, 2.0), (5.0, 5.0), (2.0, 9.0))
    assert choose_plans(front, ("balanced",))[0] == {"balanced": 1}


def test_nested_sides_tell_from_which_cut_on_a_voxel_is_with_a():
    sides = [(0, 1, 2, 2), (0, 1, 1, 2)]
    codes = nest_sides([parting(0.0, side=side) for side in sides])
    assert codes.reshape(-1).tolist() == [0, 1, 2, 3]


def test_cuts_that_are_not_nested_are_an_error():
    sides = [(0, 1, 2, 2), (0, 2, 1, 2)]
    with pytest.raises(AssertionError, match="not nested"):
        nest_sides([parting(0.0, side=side) for side in sides])
