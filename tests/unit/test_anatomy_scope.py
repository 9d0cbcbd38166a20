"""Not every joined pair is craniopagus, and not every scan shows everything: it is told."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw, map_toy, points

from diptych.anatomy import map_anatomy
from diptych.model import InputError, SafetyRefusal, Scope
from diptych.pipeline.parts import _require_craniopagus


def scope(toy: Toy) -> Scope:
    found = map_toy(toy).scope
    assert found is not None
    return found


def test_joined_by_the_calvaria_is_craniopagus() -> None:
    found = scope(Toy())
    assert found.craniopagus is True
    assert "a plan of separation" in found.possible
    _require_craniopagus(map_toy(Toy()))


def test_joined_below_the_frankfurt_planes_is_not_and_nothing_is_planned() -> None:
    found = scope(Toy(upside_down=True))
    assert found.craniopagus is False
    assert "not craniopagus" in found.findings[0]
    below = [line for line in found.findings if "below the Frankfurt plane of twin" in line]
    assert {line.split("twin ")[1][0] for line in below} == {"A", "B"}
    assert "a plan of separation" in found.impossible
    with pytest.raises(SafetyRefusal, match="no separation was planned: not craniopagus"):
        _require_craniopagus(map_toy(Toy(upside_down=True)))


def test_the_same_is_said_when_the_letters_are_swapped() -> None:
    here, there = (scope(Toy(upside_down=True, swapped=swapped)) for swapped in (False, True))
    letters = str.maketrans("AB", "BA")
    assert sorted(line.translate(letters) for line in here.findings[1:]) == sorted(
        there.findings[1:]
    )


def test_without_frankfurt_points_it_is_left_open() -> None:
    found = scope(Toy(marks=("nasion",)))
    assert found.craniopagus is None
    assert any("was not judged" in line for line in found.findings)


def test_without_contrast_vessels_cannot_be_computed() -> None:
    found = scope(Toy(contrast=False))
    assert any("no series has contrast" in line for line in found.impossible)
    assert not any("venous network" in line for line in found.possible)


def test_metal_is_told_with_its_distance() -> None:
    case = draw(Toy())
    x, y, z = points()
    screw = np.sqrt(x**2 + (y + 45.0) ** 2 + (z - 40.0) ** 2) < 4.0
    series = tuple(
        replace(
            entry,
            volume=replace(
                entry.volume,
                voxels=np.where(screw, 3071, entry.volume.voxels).astype(np.int16),
            ),
        )
        for entry in case.volumes
    )
    found = map_anatomy(replace(case, volumes=series), tables=TABLES).scope
    assert found is not None
    metal = [line for line in found.findings if "metal" in line]
    assert len(metal) == 1
    assert "around 0, -45, 40 mm" in metal[0].replace("-0,", "0,")
    assert not any("metal" in line for line in scope(Toy()).findings)


def test_one_head_marked_twice_is_refused() -> None:
    case = draw(Toy())
    again = tuple(
        replace(mark, position=tuple(np.add(mark.position, 2.0)))
        for mark in case.twins[0].landmarks
    )
    twice = replace(case, twins=(case.twins[0], replace(case.twins[1], landmarks=again)))
    with pytest.raises(InputError, match="lie on the same head, their skull bases"):
        map_anatomy(twice, tables=TABLES)
