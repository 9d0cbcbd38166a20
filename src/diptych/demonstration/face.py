"""Ear canals and orbital rims where a head's Frankfurt points are, painted with their bone.

A T1 image shows neither: what a made head has there is guessed from it, and nobody could mark
a porion or an orbitale on that. Shapes and sizes are assumptions, drawn anew for each ear and
each orbit; only the point itself is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.demonstration.infant import Infant
from diptych.demonstration.marks import true_landmarks
from diptych.demonstration.order import PairOrder, random_stream
from diptych.model import Tissue

Values = NDArray[np.float64]

_FAT, _GLOBE, _AIR = -60.0, 15.0, -1000.0
_CANAL_HEIGHT, _CANAL_WIDTH = (4.8, 6.4), (4.2, 5.6)
"""Bony ear canal at its outer end, mm; not scaled, since it is near to grown early in life."""
_CANAL_LENGTH, _OPENING = 14.0, 14.0
_CANAL_BONE = (2.2, 3.4)
_CANAL_SLOPE = 0.15
_ORBIT = ((16.0, 19.0), (13.0, 15.0), (2.0, 2.6))
"""Half-width, half-height and half-thickness of the rim of an adult's orbit, mm."""
_ORBIT_TURN, _ORBIT_TILT = (8.0, 20.0), (0.0, 12.0)
"""Degrees that its outer side lies back, and its upper rim forward."""
_ORBIT_DEPTH, _GLOBE_RADIUS, _CHEEK = 34.0, 11.5, 15.0
_WALL, _DIP, _RISE = 0.7, 1.2, 0.2
_BONE_VALUES = (480.0, 760.0)
_NEAR = 42.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """Signed distance (N,) mm to what is painted, negative inside; its tissue and CT value."""

    distance: Values
    tissue: Tissue
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ear:
    """One ear canal: `place` of the porion, side +1 left, half its height and width, its bone's
    thickness, slopes backwards and upwards per mm inwards, bone's CT value.
    """

    place: tuple[float, float, float]
    side: float
    half: tuple[float, float]
    bone: float
    slope: tuple[float, float]
    value: float

    def list_layers(self, own: Values) -> Iterator[Layer]:
        out = self.side * (own[0] - self.place[0])
        y = own[1] - self.place[1] + self.slope[0] * out
        z = own[2] - self.place[2] + self.half[0] + self.slope[1] * out
        away = _ellipse_distance(y, z, self.half[1], self.half[0])
        tube = np.maximum.reduce([away - self.bone, out, -out - _CANAL_LENGTH - self.bone])
        yield Layer(distance=tube, tissue=Tissue.BONE, value=self.value)
        lumen = np.maximum.reduce([away, out - _OPENING, -out - _CANAL_LENGTH])
        yield Layer(distance=lumen, tissue=Tissue.AIR, value=_AIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Orbit:
    """One orbit: `place` of the orbitale, side +1 left, size of the head beside an adult's, half
    its width and height and half the thickness of its rim, turn and tilt (radians), CT value.
    """

    place: tuple[float, float, float]
    side: float
    size: float
    half: tuple[float, float, float]
    turn: float
    tilt: float
    value: float

    def list_layers(self, own: Values) -> Iterator[Layer]:
        across, behind, z = self._place_of(own)
        width, height, rim = self.half
        back = behind + np.tan(self.tilt) * z
        depth = _ORBIT_DEPTH * self.size
        taper = np.clip(1.0 - back / depth, 0.05, 1.3)
        room = _ellipse_distance(across, z - height, width * taper, height * taper)
        inside = np.maximum.reduce([room, -back, back - depth])
        yield Layer(distance=inside, tissue=Tissue.SKIN, value=_FAT)
        globe = np.sqrt(across**2 + (back - 8.0 * self.size) ** 2 + (z - height) ** 2)
        yield Layer(distance=globe - _GLOBE_RADIUS * self.size, tissue=Tissue.SKIN, value=_GLOBE)
        for distance in (self._floor(across, back, z), self._cheek(across, back, z)):
            yield Layer(distance=distance, tissue=Tissue.BONE, value=self.value)
        ring = _ellipse_distance(across, z - height, width + rim, height + rim)
        yield Layer(distance=np.hypot(ring, back) - rim, tissue=Tissue.BONE, value=self.value)

    def _place_of(self, own: Values) -> tuple[Values, Values, Values]:
        """Outwards along the rim, backwards and upwards from the orbitale, mm."""
        out, behind = self.side * (own[0] - self.place[0]), own[1] - self.place[1]
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        return (
            cosine * out + sine * behind,
            cosine * behind - sine * out,
            own[2] - self.place[2],
        )

    def _floor(self, across: Values, back: Values, z: Values) -> Values:
        """A thin plate that dips behind the rim and rises farther back."""
        dip = _DIP * np.clip(back / 6.0, 0.0, 1.0)
        level = -self.half[2] - dip + _RISE * np.maximum(back - 8.0, 0.0)
        plate = np.abs(z - level) - _WALL
        reach = 24.0 * self.size
        side = np.abs(across) - 0.8 * self.half[0]
        result: Values = np.maximum.reduce([plate, side, -back, back - reach])
        return result

    def _cheek(self, across: Values, back: Values, z: Values) -> Values:
        """The front of the maxilla, from the rim downwards and a little back."""
        sheet = np.abs(back + 0.25 * z) - 2.0 * _WALL
        low = _CHEEK * self.size
        side = np.abs(across) - self.half[0]
        result: Values = np.maximum.reduce([sheet, z + self.half[2], -z - low, side])
        return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What is painted round the four Frankfurt points of one head."""

    parts: tuple[_Ear | _Orbit, ...]

    def list_layers(self, own: Values) -> Iterator[tuple[NDArray[np.intp], Layer]]:
        """For points (3, N) of the head's own frame: which are near, and each layer of them,
        in the order of painting.
        """
        for part in self.parts:
            away = np.linalg.norm(own - np.array(part.place)[:, None], axis=0)
            near = np.nonzero(away < _NEAR)[0]
            if len(near):
                for layer in part.list_layers(own[:, near]):
                    yield near, layer


def make_face(order: PairOrder, infant: Infant, letter: str) -> Face:
    """The face of twin `letter`; without parts where the head's own image shows its bone."""
    if infant.shows_bone:
        return Face(parts=())
    stream = random_stream(order, f"face {letter}")
    places = true_landmarks(infant)
    parts: list[_Ear | _Orbit] = []
    for name, side in (("left", 1.0), ("right", -1.0)):
        parts.append(_make_ear(stream, places[f"porion-{name}"], side))
        parts.append(_make_orbit(stream, places[f"orbitale-{name}"], side, infant.size))
    return Face(parts=tuple(parts))


def _make_ear(stream: np.random.Generator, place: tuple[float, float, float], side: float) -> _Ear:
    return _Ear(
        place=place,
        side=side,
        half=(0.5 * stream.uniform(*_CANAL_HEIGHT), 0.5 * stream.uniform(*_CANAL_WIDTH)),
        bone=stream.uniform(*_CANAL_BONE),
        slope=(
            stream.uniform(-_CANAL_SLOPE, _CANAL_SLOPE),
            stream.uniform(-_CANAL_SLOPE, _CANAL_SLOPE),
        ),
        value=stream.uniform(*_BONE_VALUES),
    )


def _make_orbit(
    stream: np.random.Generator, place: tuple[float, float, float], side: float, size: float
) -> _Orbit:
    width, height, rim = (size * stream.uniform(*limits) for limits in _ORBIT)
    return _Orbit(
        place=place,
        side=side,
        size=size,
        half=(width, height, rim),
        turn=float(np.radians(stream.uniform(*_ORBIT_TURN))),
        tilt=float(np.radians(stream.uniform(*_ORBIT_TILT))),
        value=stream.uniform(*_BONE_VALUES),
    )


def _ellipse_distance(
    a: Values, b: Values, half_a: float | Values, half_b: float | Values
) -> Values:
    """About the signed distance to an ellipse, mm; exact to first order at its edge."""
    ratio = np.hypot(a / half_a, b / half_b)
    steep = np.hypot(a / half_a**2, b / half_b**2) / np.maximum(ratio, 1e-6)
    result: Values = (ratio - 1.0) / np.maximum(steep, 1e-6)
    return result
