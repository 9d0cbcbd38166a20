"""How much memory the division of tissue and the search for seeds take beside what they return."""

import tracemalloc

import numba
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy.images import read_images
from diptych.anatomy.ownership import Ground, divide_tissue, read_errors
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.territory import find_territory
from diptych.anatomy.tissues import find_compartments
from diptych.kernels import slabs


@pytest.fixture(scope="module")
def case():
    return draw(Toy())


@pytest.fixture(scope="module")
def ground(case):
    policy = AnatomyPolicy()
    images = read_images(case, policy)
    parts = find_compartments(images, policy)
    return Ground(
        images=images,
        parts=parts,
        territory=find_territory(case, images, parts, policy),
        errors=read_errors(TABLES["classification"], 0.0),
    )


@pytest.fixture
def one_thread():
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def measure(work):
    """Greatest number of bytes that are held at once while `work` runs, beyond those before."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_print(case, ground, one_thread, monkeypatch):
    monkeypatch.setattr(slabs, "VOXELS", 4096)
    voxels = ground.images.body.size
    spent = measure(
        lambda: divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)
    )
    seeds = measure(lambda: find_territory(case, ground.images, ground.parts, AnatomyPolicy()))
    print(voxels, ground.images.body.shape, spent / voxels, seeds / voxels)
