"""A grid cut into slabs."""

import numpy as np
import pytest

from diptych.kernels import slabs
from diptych.kernels.slabs import cut_slabs


@pytest.mark.parametrize("shape", [(1, 1, 1), (7, 3, 2), (12, 5, 4), (5, 40, 50), (3, 0, 4)])
@pytest.mark.parametrize("voxels", [1, 20, 41, 10_000])
def test_slabs_cover_each_plane_once_and_none_is_empty(shape, voxels, monkeypatch):
    monkeypatch.setattr(slabs, "VOXELS", voxels)
    planes = [np.arange(shape[0])[slab] for slab in cut_slabs(shape)]
    assert np.concatenate(planes).tolist() == list(range(shape[0]))
    assert all(len(part) for part in planes)
    plane = shape[1] * shape[2]
    assert all(len(part) == 1 or len(part) * plane <= voxels for part in planes)


def test_a_grid_without_planes_has_no_slab():
    assert list(cut_slabs((0, 4, 4))) == []
