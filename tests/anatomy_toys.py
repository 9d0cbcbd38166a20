"""Two ball-shaped heads joined at the vertex: small enough for unit tests, drawn by formula.

A lies below (z < 0), B above, both facing -y: class TV-I with a ring sinus, PV without.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from diptych.anatomy import Seen, divide_seen, see_case
from diptych.model import (
    Anatomy,
    Brief,
    Case,
    CaseId,
    Landmark,
    Owner,
    Series,
    Subject,
    Twin,
    TwinId,
    Volume,
)
from diptych.tables import SourcedTable, load_table

STEP = 2.5
CAVITY, BONE, SKIN = 42.0, 45.5, 50.0
HALF = 36.0
RING = 18.0
BASE = 20.0
BRIDGE_AT = -3.0

TABLES: dict[str, SourcedTable] = {
    name: load_table(name) for name in ("classification", "physiology")
}


@dataclass(frozen=True, kw_only=True)
class Toy:
    """What to draw: `ring` a shared sinus, `heads` 1 or 2, `shift` moves all, mm.

    `turn` turns all about the x axis (degrees), `step` is the voxel's edge (mm), `bridge` the
    radius of brain that grows through the septum off its middle (mm), `upside_down` puts the
    marks as if the skull bases met. `noise` is its standard deviation, HU.
    """

    ring: bool = True
    heads: int = 2
    contrast: bool = True
    marks: tuple[str, ...] = ("porion-left", "porion-right", "orbitale-left", "orbitale-right")
    marked: str = "AB"
    swapped: bool = False
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0
    step: float = STEP
    bridge: float = 0.0
    upside_down: bool = False
    noise: float = 4.0


def map_toy(toy: Toy | None = None) -> Anatomy:
    """The anatomy of a toy pair, found once in a run of the tests."""
    return _map_once(toy or Toy())


@cache
def see_toy(toy: Toy) -> Seen:
    """What the images of a toy pair show, found once: corrections are divided from it."""
    return see_case(draw(toy), tables=TABLES)


@cache
def _map_once(toy: Toy) -> Anatomy:
    return divide_seen(draw(toy), see_toy(toy), tables=TABLES)


@cache
def draw(toy: Toy) -> Case:
    """The case of a toy pair, drawn once in a run of the tests; nobody can write into it."""
    plain, venous = _images(toy)
    affine = np.diag([toy.step, toy.step, toy.step, 1.0])
    affine[:3, 3] = corner(toy) + toy.shift
    series = [("ct", plain)] + ([("ctv", venous)] if toy.contrast else [])
    return Case(
        id=CaseId("toy"),
        twins=(_twin(TwinId.A, toy), _twin(TwinId.B, toy)),
        volumes=tuple(
            Series(
                role=role,
                subject=Subject.SHARED,
                evidence="drawn",
                volume=Volume(
                    voxels=voxels,
                    affine=affine,
                    frame_of_reference="1.2.3",
                    modality="CT",
                    source=f"toy {role}",
                ),
            )
            for role, voxels in series
        ),
        brief=Brief(
            born=date(2025, 1, 1),
            imaged=date(2025, 10, 1),
            earliest_operation=date(2025, 11, 1),
            latest_operation=date(2026, 3, 1),
            hemisphere="north",
            made_from="spheres",
            notes="",
        ),
        checks=(),
    )


def corner(toy: Toy) -> np.ndarray:
    """Position of the first voxel before any shift, mm."""
    return np.array([-60.0, -60.0 - 25.0 * (toy.turn != 0.0), -95.7])


def turning(toy: Toy) -> np.ndarray:
    """The matrix (3, 3) that turns the pair."""
    cosine, sine = np.cos(np.radians(toy.turn)), np.sin(np.radians(toy.turn))
    return np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])


def points(toy: Toy | None = None) -> np.ndarray:
    """Positions (3, I, J, K) of the voxels in the pair's own axes, mm."""
    toy = toy or Toy()
    sides = np.array([49, 49 + 20 * (toy.turn != 0.0), 77]) * STEP / toy.step
    grid = np.indices(np.rint(sides).astype(int)).astype(np.float64) * toy.step
    place = grid + corner(toy).reshape(3, 1, 1, 1)
    return np.einsum("ij,j...->i...", turning(toy).T, place) if toy.turn else place


def routes(ring: bool) -> list[tuple[str, Owner, np.ndarray, float]]:
    """Name, owner, centreline and radius of each vessel drawn."""
    turn = np.linspace(0.0, 2.0 * np.pi, 120)
    found = []
    if ring:
        circle = np.stack([RING * np.cos(turn), RING * np.sin(turn), 0 * turn], axis=1)
        found.append(("ring", Owner.SHARED, circle, 3.0))
    for owner, sign in ((Owner.A, -1.0), (Owner.B, 1.0)):
        down = np.radians(np.linspace(62.0 if ring else 50.0, -70.0, 80))
        arc = np.stack([0 * down, 39.0 * np.cos(down), sign * (HALF - 39.0 * np.sin(down))], axis=1)
        neck = np.stack([0 * turn, 0 * turn + arc[-1, 1], sign * np.linspace(73, 92, 120)], axis=1)
        path = np.concatenate([[[0.0, RING, 0.0]] if ring else arc[:1], arc, neck])
        found.append(("sagittal", owner, path, 2.6))
        side = np.radians(np.linspace(10.0, 62.0 if ring else 40.0, 60))
        vein = np.stack([40 * np.cos(side), 0 * side, sign * (HALF - 40.0 * np.sin(side))], axis=1)
        end = [[RING, 0.0, 0.0]] if ring else [[0.0, 39.0, sign * HALF]]
        found.append(("bridging", owner, np.concatenate([vein, end]), 1.2))
    return found


def tube(path: np.ndarray, toy: Toy | None = None) -> np.ndarray:
    """Distance of each voxel to a centreline, mm."""
    from scipy.spatial import cKDTree

    steps = np.linspace(0.0, len(path) - 1.0, 600)
    known = np.arange(len(path))
    dense = np.stack([np.interp(steps, known, path[:, a]) for a in range(3)], axis=1)
    place = points(toy)
    return cKDTree(dense).query(place.reshape(3, -1).T)[0].reshape(place.shape[1:])


def _images(toy: Toy) -> tuple[np.ndarray, np.ndarray]:
    x, y, z = points(toy)

    def _share(distance: np.ndarray) -> np.ndarray:
        return np.clip(0.5 - distance / toy.step, 0.0, 1.0)

    lower = np.sqrt(x**2 + y**2 + (z + HALF) ** 2)
    upper = np.sqrt(x**2 + y**2 + (z - HALF) ** 2)
    away = np.minimum(lower, upper) if toy.heads == 2 else lower
    pair = [np.full(x.shape, -1000.0) for _ in range(2)]

    def lay(share: np.ndarray, plain: float, venous: float) -> None:
        for number, value in enumerate((plain, venous)):
            pair[number] += share * (value - pair[number])

    lay(_share(away - SKIN), 40.0, 46.0)
    lay(_share(away - BONE), 620.0, 620.0)
    lay(_share(away - CAVITY), 32.0, 36.0)
    if toy.heads == 2:
        inside = _share(away - CAVITY)
        inside *= 1.0 - _share(np.hypot(x, y - BRIDGE_AT) - toy.bridge) * (toy.bridge > 0.0)
        lay(inside * _share(np.abs(z) - 3.5), 10.0, 10.0)
        lay(inside * _share(np.abs(z) - 1.2), 55.0, 95.0)
        lay((away > CAVITY) * (away < BONE) * _share(np.abs(z) - 1.2), 60.0, 70.0)
    for _, owner, path, radius in routes(toy.ring and toy.heads == 2):
        if toy.heads == 2 or owner is Owner.A:
            lay(_share(tube(path, toy) - radius), 48.0, 208.0)
    random = np.random.Generator(np.random.Philox(key=11))
    noisy = [image + random.normal(0.0, toy.noise, x.shape) for image in pair]
    return noisy[0].astype(np.int16), noisy[1].astype(np.int16)


def _twin(id: TwinId, toy: Toy) -> Twin:
    lower = (id is TwinId.A) != toy.swapped
    sign = 1.0 if lower else -1.0
    level = sign * -(HALF + BASE)
    if toy.upside_down:
        level, sign = sign * -10.0, -sign
    places = {
        "porion-left": (sign * 40.0, 0.0, level),
        "porion-right": (sign * -40.0, 0.0, level),
        "orbitale-left": (sign * 25.0, -38.0, level),
        "orbitale-right": (sign * -25.0, -38.0, level),
        "nasion": (0.0, -42.0, level + sign * 10.0),
    }
    marks = tuple(
        Landmark(
            name=name,
            position=tuple(float(v) for v in turning(toy) @ places[name] + toy.shift),
            scatter=1.0,
            confirmed_by=("drawn",),
        )
        for name in toy.marks
        if id in toy.marked
    )
    return Twin(id=id, label=f"Twin {id}", sex="female", weight=None, landmarks=marks)
