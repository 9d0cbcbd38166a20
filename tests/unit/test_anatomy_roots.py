"""Roots: both jugulars, the narrow one too, and no vessel that hangs on nothing wide."""

import numpy as np
import pytest
from anatomy_toys import Toy, draw

from diptych.anatomy.drainage import Drainage
from diptych.anatomy.images import read_images
from diptych.anatomy.network import Surroundings
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.sources import find_roots
from diptych.anatomy.territory import find_territory
from diptych.anatomy.tissues import find_compartments
from diptych.anatomy.vessels import Branch, Tree
from diptych.model import Owner, TwinId

NECK_LEFT, NECK_RIGHT, TORCULAR = (12.0, 0.0, -88.0), (-12.0, 0.0, -88.0), (0.0, 20.0, -45.0)
CAROTID, CORTEX = (6.0, -8.0, -88.0), (6.0, -8.0, -50.0)


@pytest.mark.parametrize(("wide", "found"), [(2.5, {0, 2}), (1.6, {0, 2}), (0.6, {0})])
def test_a_narrow_jugular_is_a_root_when_it_joins_a_wide_one(wide: float, found: set[int]) -> None:
    case, policy = draw(Toy()), AnatomyPolicy()
    images = read_images(case, policy)
    parts = find_compartments(images, policy)
    nodes = np.array([NECK_LEFT, TORCULAR, NECK_RIGHT, CAROTID, CORTEX])
    ways = [(0, 1, 2.6), (1, 2, 0.5 * wide), (3, 4, 1.1)]
    tree = Tree(
        nodes=nodes,
        degree=np.array([1, 2, 1, 1, 1]),
        branches=tuple(
            Branch(start=a, end=b, path=np.linspace(nodes[a], nodes[b], 20), radius=np.full(20, r))
            for a, b, r in ways
        ),
    )
    drainage = Drainage(
        owner=(Owner.A,) * 3, confidence=(1.0,) * 3, run=(0, 1, 2), crossing=(0.0,) * 3
    )
    around = Surroundings(
        images=images,
        parts=parts,
        territory=find_territory(case, images, parts, policy),
        brain=parts.cavity,
        side=np.ones(parts.cavity.shape, dtype=np.uint8),
    )
    roots = find_roots(tree, drainage, around)
    assert roots == dict.fromkeys(found, TwinId.A)
