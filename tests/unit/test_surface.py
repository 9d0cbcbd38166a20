"""Surfaces are closed, look outward and have the right size; STL keeps them."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from diptych.formats.mesh import read_stl, write_stl
from diptych.formats.sheet import render_csv
from diptych.kernels.surface import enclosed_volume, label_surface, surface_area
from diptych.model import InputError

LPS = np.array([[-1.5, 0, 0, 10], [0, 1.5, 0, -4], [0, 0, 1.5, 3], [0, 0, 0, 1.0]])


def ball(radius: float, size: int = 40) -> np.ndarray:
    axes = np.indices((size, size, size)) - (size - 1) / 2
    return (axes**2).sum(axis=0) <= radius**2


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_ball_has_its_volume_and_area(flip: float) -> None:
    affine = LPS @ np.diag([flip, 1, 1, 1])
    vertices, faces = label_surface(ball(14.0), affine)
    radius = 14.0 * 1.5
    assert enclosed_volume(vertices, faces) == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.02)
    assert surface_area(vertices, faces) == pytest.approx(4 * np.pi * radius**2, rel=0.02)


def test_surface_is_closed_even_at_the_edge_of_the_grid() -> None:
    _, faces = label_surface(np.ones((4, 4, 4), dtype=bool), np.eye(4))
    edges: dict[tuple[int, int], int] = {}
    for face in faces.tolist():
        for pair in combinations(sorted(face), 2):
            edges[pair] = edges.get(pair, 0) + 1
    assert set(edges.values()) == {2}


def test_empty_region_is_refused() -> None:
    with pytest.raises(InputError, match="region is empty"):
        label_surface(np.zeros((3, 3, 3), dtype=bool), np.eye(4))


def test_stl_round_trip(tmp_path: Path) -> None:
    vertices, faces = label_surface(ball(6.0, 20), LPS)
    write_stl(tmp_path / "a.stl", vertices, faces, title="Twin A")
    corners = read_stl(tmp_path / "a.stl")
    np.testing.assert_allclose(corners, vertices[faces], atol=1e-3)


def test_csv_runs_no_formula() -> None:
    text = render_csv(("who", "n"), [("=cmd|' /C calc'!A0", -3), ("Аня", 4)])
    assert text.splitlines() == ["who,n", "'=cmd|' /C calc'!A0,-3", "Аня,4"]
