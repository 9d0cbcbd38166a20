"""Not every joined pair is craniopagus, and not every scan shows everything: it is told."""

from dataclasses import replace

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw, map_toy, points

from diptych.anatomy import AnatomyPolicy, map_anatomy
from diptych.anatomy.images import read_volumes
from diptych.anatomy.scope import Contact, _judge_twin
from diptych.anatomy.territory import Territory
from diptych.anatomy.tissues import choose_lumps
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


def test_a_second_head_that_is_barely_enclosed_is_a_head() -> None:
    assert choose_lumps({1: 0.85, 2: 0.77, 3: 0.7}, {1: 370.0, 2: 360.0, 3: 60.0}) == (1, 2)
    assert choose_lumps({1: 0.85, 2: 0.39}, {1: 370.0, 2: 160.0}) == (1,)
    assert choose_lumps({1: 0.77, 2: 0.3}, {1: 370.0, 2: 160.0}) == (1,)
    assert choose_lumps({1: 0.5}, {1: 370.0}) == ()


def test_heads_that_hardly_touch_are_both_kept() -> None:
    case = draw(Toy())
    x, y, z = points()
    gap = (np.abs(z) < 4.0) & (np.hypot(x, y) > 6.0)
    series = {
        entry.role: replace(
            entry.volume,
            voxels=np.where(gap, -1000, entry.volume.voxels).astype(np.int16),
        )
        for entry in case.volumes
    }
    body = read_volumes(series, AnatomyPolicy(), "toy").body
    lower = z < -10.0
    whole = series["ct"].voxels > -480
    share = [float(body.sum()) / float(whole.sum()), float((whole & lower).sum() / whole.sum())]
    assert share[0] > 0.95 > share[1]


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ((0.0, -50.0, -70.0), "face"),
        ((0.0, 0.0, -70.0), "skull base"),
        ((0.0, 30.0, -70.0), "vertebrae or occiput"),
    ],
)
def test_where_bone_is_joined_below_is_named(place: tuple[float, float, float], word: str) -> None:
    territory = Territory(
        seeds=np.zeros((1, 1, 1), dtype=np.uint8),
        axes=(map_toy(Toy()).axes[0], map_toy(Toy()).axes[1]),
        middle=(np.array([0.0, 0.0, -56.0]), np.array([0.0, 0.0, 56.0])),
        width=(40.0, 40.0),
        notes=(),
    )
    contact = Contact(
        place=np.array([place, (0.0, 0.0, 0.0)]),
        area=np.array([2.0, 30.0]),
        bone=np.array([True, True]),
    )
    verdict, lines = _judge_twin(contact, territory, 0, TABLES["classification"])
    assert verdict is False
    assert lines == [f"bone is joined below the Frankfurt plane of twin A: {word} 2.0 cm2"]
