"""Swapping the twins swaps their figures and changes nothing else; time shifts shift the curve."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from diptych.model import (
    Brief,
    Case,
    CaseId,
    Kilogram,
    Series,
    Subject,
    Twin,
    TwinId,
    Volume,
)
from diptych.tables import load_table
from diptych.timing import window

TABLES = {name: load_table(name) for name in ("growth", "seasons", "timing")}


def random_case(seed: int) -> Case:
    stream = np.random.Generator(np.random.Philox(key=seed))
    born = date(2024, 1, 1).toordinal() + int(stream.integers(0, 700))
    imaged = born + int(stream.integers(60, 900))
    earliest = imaged + int(stream.integers(0, 120))
    brief = Brief(
        born=date.fromordinal(born),
        imaged=date.fromordinal(imaged),
        earliest_operation=date.fromordinal(earliest),
        latest_operation=date.fromordinal(earliest + int(stream.integers(7, 500))),
        hemisphere=str(stream.choice(["north", "south"])),
        made_from="",
        notes="",
    )
    typical = 5.0 + 4.0 * (imaged - born) / 365.0
    twins = [
        Twin(
            id=twin,
            label=f"twin {twin}",
            sex=str(stream.choice(["female", "male", "unknown"])),
            weight=None
            if stream.random() < 0.3
            else Kilogram(min(typical, 10.0) * float(stream.uniform(0.8, 1.2))),
            landmarks=(),
        )
        for twin in TwinId
    ]
    volume = Volume(
        voxels=np.zeros((2, 2, 2), dtype=np.int16),
        affine=np.eye(4),
        frame_of_reference="2.25.1",
        modality="CT",
        source="x",
    )
    series = Series(role="ct", subject=Subject.SHARED, evidence="e", volume=volume)
    return Case(
        id=CaseId("c"), twins=(twins[0], twins[1]), volumes=(series,), brief=brief, checks=()
    )


def mirrored(case: Case) -> Case:
    a, b = case.twins
    return replace(case, twins=(replace(b, id=TwinId.A), replace(a, id=TwinId.B)))


def swap_names(facts: Mapping[str, float]) -> dict[str, float]:
    swap = {"A": "B", "B": "A"}
    return {"-".join(swap.get(p, p) for p in name.split("-")): facts[name] for name in facts}


@pytest.mark.parametrize("seed", range(12))
def test_mirror(seed: int) -> None:
    case = random_case(seed)
    one = window(case, fused_area_cm2=31.0, tables=TABLES)
    other = window(mirrored(case), fused_area_cm2=31.0, tables=TABLES)
    assert (one.opens, one.lowest, one.closes) == (other.opens, other.lowest, other.closes)
    for here, there in zip(one.points, other.points, strict=True):
        assert here.terms == there.terms
        assert swap_names(here.facts) == dict(there.facts)


@pytest.mark.parametrize("seed", range(12))
def test_every_term_is_finite_and_no_burden_is_negative(seed: int) -> None:
    found = window(random_case(seed), tables=TABLES)
    names = set(found.points[0].terms)
    for point in found.points:
        assert set(point.terms) == names
        assert all(np.isfinite(value) and value >= 0.0 for value in point.terms.values())
    assert found.opens <= found.lowest <= found.closes


@pytest.mark.parametrize("seed", range(6))
def test_a_larger_join_never_makes_waiting_better(seed: int) -> None:
    case = random_case(seed)
    small, large = (window(case, fused_area_cm2=area, tables=TABLES) for area in (10.0, 80.0))
    assert large.lowest <= small.lowest
