"""Closed triangle surfaces of tubes along centrelines, for vessels in models."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Faces = NDArray[np.int64]


def sweep_tube(path: Points, radius: Points, *, sides: int = 10) -> tuple[Points, Faces]:
    """Vertices (N * sides + 2, 3) and faces, counter-clockwise seen from outside.

    path : (N, 3) with N >= 2, no point twice in a row; radius : (N,), the same unit
    A ring of `sides` corners stands across each point, turned with the path and not about
    it; a fan closes either end. Each ring holds as much area as the round lumen.
    """
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-12)
    across = _carry(ahead)
    aside = np.cross(ahead, across)
    angle = 2.0 * np.pi * np.arange(sides) / sides
    reach = radius * np.sqrt(2.0 * np.pi / (sides * np.sin(2.0 * np.pi / sides)))
    ring = np.cos(angle)[:, None] * across[:, None] + np.sin(angle)[:, None] * aside[:, None]
    corners = path[:, None] + reach[:, None, None] * ring
    vertices = np.concatenate([corners.reshape(-1, 3), path[:1], path[-1:]])
    return vertices, _join_rings(len(path), sides)


def _carry(ahead: Points) -> Points:
    """A unit vector across each direction, carried from one to the next with the least turn."""
    across = np.empty_like(ahead)
    first = np.eye(3)[int(np.abs(ahead[0]).argmin())]
    for n, way in enumerate(ahead):
        before = first if n == 0 else across[n - 1]
        flat = before - way * float(before @ way)
        if float(np.linalg.norm(flat)) < 1e-6:
            flat = np.cross(way, np.eye(3)[int(np.abs(way).argmin())])
        across[n] = flat / np.linalg.norm(flat)
    return across


def _join_rings(rings: int, sides: int) -> Faces:
    corner = np.arange(sides)
    beside = (corner + 1) % sides
    start = sides * np.arange(rings - 1)[:, None]
    a, b = start + corner, start + beside
    walls = [np.stack([a, b, b + sides], axis=-1), np.stack([a, b + sides, a + sides], axis=-1)]
    last, count = sides * (rings - 1), sides * rings
    ends = [
        np.stack([np.full(sides, count), beside, corner], axis=-1),
        np.stack([np.full(sides, count + 1), last + corner, last + beside], axis=-1),
    ]
    return np.concatenate([*(wall.reshape(-1, 3) for wall in walls), *ends]).astype(np.int64)
