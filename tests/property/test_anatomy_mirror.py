"""Swapping the twins' letters swaps owners and letters, and nothing else."""

import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw, map_toy

from diptych.anatomy import map_anatomy
from diptych.model import Anatomy, Owner


@pytest.fixture(scope="module")
def both() -> tuple[Anatomy, Anatomy]:
    return (
        map_toy(),
        map_toy(Toy(swapped=True)),
    )


def test_owners_are_mirrored_voxel_by_voxel(both: tuple[Anatomy, Anatomy]) -> None:
    here, there = both
    swap = np.array([int(Owner(code).mirrored) for code in range(5)], dtype=np.uint8)
    assert np.array_equal(swap[here.ownership.voxels], there.ownership.voxels)
    assert np.array_equal(here.tissues.voxels, there.tissues.voxels)
    assert np.array_equal(here.confidence.voxels, there.confidence.voxels)


def test_network_is_mirrored(both: tuple[Anatomy, Anatomy]) -> None:
    letters = str.maketrans("AB", "BA")
    for here, there in zip(both[0].vessels.vessels, both[1].vessels.vessels, strict=True):
        assert there.name == here.name.translate(letters)
        assert there.owner is here.owner.mirrored
        assert np.array_equal(here.path, there.path)
        assert there.flow.value == pytest.approx(here.flow.value, rel=1e-12)


def test_axes_class_and_measures_are_mirrored(both: tuple[Anatomy, Anatomy]) -> None:
    here, there = both
    assert here.axes[0].long == there.axes[1].long
    assert here.axes[1].facing == there.axes[0].facing
    assert here.classification.label == there.classification.label
    assert here.classification.long_axis_angle == there.classification.long_axis_angle
    assert here.classification.rotation == there.classification.rotation
    for name, figure in here.measures.items():
        other = name[:-1] + {"A": "B", "B": "A"}[name[-1]] if name[-2] == "-" else name
        assert there.measures[other] == figure
    assert here.notes == there.notes


def test_the_same_case_gives_the_same_bytes(both: tuple[Anatomy, Anatomy]) -> None:
    first = both[0]
    second = map_anatomy(draw(Toy()), tables=TABLES)
    assert first.ownership.content_hash == second.ownership.content_hash
    assert first.confidence.content_hash == second.confidence.content_hash
    flows = [[v.flow.value for v in anatomy.vessels.vessels] for anatomy in (first, second)]
    assert flows[0] == flows[1]
