"""How much memory the division of tissue and the search for seeds take beside what they return."""

import tracemalloc
from dataclasses import fields

import numba
import numpy as np
import pytest
from anatomy_toys import TABLES, Toy, draw

from diptych.anatomy import ownership
from diptych.anatomy.images import read_images
from diptych.anatomy.ownership import Ground, Sides, divide_tissue, read_errors
from diptych.anatomy.policy import AnatomyPolicy
from diptych.anatomy.territory import find_territory
from diptych.anatomy.tissues import find_compartments
from diptych.kernels import slabs
from diptych.kernels.mincut import network

price_film = ownership._price_film


@pytest.fixture(scope="module")
def case():
    return draw(Toy(bridge=14.0))


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


def test_the_division_holds_little_more_than_it_returns(ground, one_thread, monkeypatch):
    """Bytes a voxel: 20 of the sides, 2 of prices, 1 of seeds, 4 of how far errors reach, 12 of
    distances and one mask. Large arrays of the cut are in memory of its own that is not counted.
    """
    monkeypatch.setattr(slabs, "VOXELS", 4096)
    monkeypatch.setattr(network, "_SLAB", 4096)
    asked = []
    monkeypatch.setattr(
        ownership, "_price_film", lambda *given: asked.append(given) or price_film(*given)
    )
    spent = measure(
        lambda: divide_tissue(ground.images, ground.parts, ground.territory, ground.errors)
    )
    assert asked, "the boundary was sought only once"
    assert spent <= 43 * ground.images.body.size


def test_territories_are_found_slab_by_slab(case, ground, monkeypatch):
    monkeypatch.setattr(slabs, "VOXELS", 4096)
    spent = measure(lambda: find_territory(case, ground.images, ground.parts, AnatomyPolicy()))
    assert spent <= 10 * ground.images.body.size


def test_slabs_do_not_change_the_sides(case, ground, monkeypatch):
    def divide():
        territory = find_territory(case, ground.images, ground.parts, AnatomyPolicy())
        return divide_tissue(ground.images, ground.parts, territory, ground.errors)

    whole = divide()
    monkeypatch.setattr(slabs, "VOXELS", 1)
    sliced = divide()
    for field in fields(Sides):
        one, other = getattr(whole, field.name), getattr(sliced, field.name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other), field.name
