"""Whether the marked points of a twin lie in the images and have the right handedness.

Left and right are the twin's own. Seen from the two porions (upper edges of the ear
openings) and the face, one side of the head is up: the nasion lies above the Frankfurt
plane (porions and orbitales), or, where the orbitales are not marked, the basion (front
edge of the foramen magnum) below the plane of porions and nasion. If it comes out the
other way, left and right were swapped or the image is mirrored.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from diptych.model import Check, InputError, Landmark, SafetyRefusal, TwinId
from diptych.model.geometry import Volume

NAMES = ("nasion", "porion-left", "porion-right", "orbitale-left", "orbitale-right", "basion")
CLEAR_HEIGHT = 3.0
"""A point nearer to the plane than this, mm, or than two scatters, decides nothing."""
HEAD_WIDTH = (20.0, 180.0)
"""Distances between porions, mm, that a head from preterm to adult can have."""


def check_landmarks(
    twin: TwinId, marks: Sequence[Landmark], volumes: Sequence[Volume]
) -> tuple[Check, ...]:
    """The checks made on one twin's landmarks; none without landmarks.

    InputError for unknown, repeated or outlying points; SafetyRefusal when left and right
    are swapped.
    """
    if not marks:
        return ()
    _refuse_unknown(twin, marks)
    for mark in marks:
        _refuse_outside(twin, mark, volumes)
    inside = f"{len(marks)} landmarks of twin {twin} lie inside the images"
    return (
        Check(name=f"landmarks-inside-{twin}", passed=True, detail=inside),
        _check_side(twin, {mark.name: mark for mark in marks}),
        _check_confirmed(twin, marks),
    )


def _refuse_unknown(twin: TwinId, marks: Sequence[Landmark]) -> None:
    names = [mark.name for mark in marks]
    odd = sorted({name for name in names if name not in NAMES or names.count(name) > 1})
    if odd:
        raise InputError(
            f"twin {twin} has landmarks {', '.join(odd)} that are unknown or repeated,"
            f" expected each of {', '.join(NAMES)} at most once",
            remedy=f"correct twins.{twin}.landmarks in case.toml",
        )


def _refuse_outside(twin: TwinId, mark: Landmark, volumes: Sequence[Volume]) -> None:
    for volume in volumes:
        index = volume.to_index(np.array(mark.position))
        if bool((index < -0.5).any()) or bool((index > np.array(volume.shape) - 0.5).any()):
            shown = ", ".join(f"{part:.1f}" for part in mark.position)
            raise InputError(
                f"landmark {mark.name} of twin {twin} at ({shown}) mm lies outside"
                f" {volume.source!r}",
                remedy="give positions as LPS+ mm in the frame of the images",
            )


def _position(mark: Landmark) -> NDArray[np.float64]:
    return np.array(mark.position, dtype=np.float64)


def _check_side(twin: TwinId, marks: dict[str, Landmark]) -> Check:
    name = f"landmarks-side-{twin}"
    used = _points_that_decide(marks)
    if not used:
        return Check(
            name=name,
            passed=False,
            detail=f"twin {twin} lacks nasion, both porions, and both orbitales or the basion:"
            " left and right are not verified",
        )
    height = _height(twin, marks, used)
    side = "expected" if height > 0 else "opposite"
    what = f"{used[-1]} {abs(height):.1f} mm from its plane, on the {side} side"
    if abs(height) < max(CLEAR_HEIGHT, 2.0 * max(marks[point].scatter for point in used)):
        detail = f"twin {twin}: {what}, too near to tell left from right"
        return Check(name=name, passed=False, detail=detail)
    if height < 0 or not _orbits_agree(marks):
        raise SafetyRefusal(
            f"the landmarks of twin {twin} are those of a mirrored head ({what};"
            " left eye and left ear expected on one side)",
            remedy="find out whether left and right were swapped in the marking or in the image",
        )
    detail = f"twin {twin}: left and right fit a head that is not mirrored ({what})"
    return Check(name=name, passed=True, detail=detail)


def _points_that_decide(marks: dict[str, Landmark]) -> tuple[str, ...]:
    """The points of the plane and, last, the one whose side decides; empty if some are missing."""
    frankfurt = ("porion-left", "porion-right", "orbitale-left", "orbitale-right", "nasion")
    basal = ("porion-left", "porion-right", "nasion", "basion")
    return next((names for names in (frankfurt, basal) if set(names) <= set(marks)), ())


def _height(twin: TwinId, marks: dict[str, Landmark], used: tuple[str, ...]) -> float:
    """How far, mm, the last point lies on the side of the plane where a head has it."""
    left, right = _position(marks["porion-left"]), _position(marks["porion-right"])
    middle = (left + right) / 2.0
    width = float(np.linalg.norm(left - right))
    front = np.mean([_position(marks[name]) for name in used[2:-1]], axis=0)
    up = np.cross(front - middle, left - right)
    length = float(np.linalg.norm(up))
    if not HEAD_WIDTH[0] <= width <= HEAD_WIDTH[1] or length < 10.0 * width:
        raise InputError(
            f"twin {twin}: the porions are {width:.1f} mm apart, expected {HEAD_WIDTH[0]:g} to"
            f" {HEAD_WIDTH[1]:g} mm with the face at least 10 mm in front of them",
            remedy="check that landmarks are in millimetres and at the right points",
        )
    height = float(up @ (_position(marks[used[-1]]) - middle)) / length
    return height if used[-1] == "nasion" else -height


def _orbits_agree(marks: dict[str, Landmark]) -> bool:
    if "orbitale-left" not in marks or "orbitale-right" not in marks:
        return True
    ears = _position(marks["porion-left"]) - _position(marks["porion-right"])
    orbits = _position(marks["orbitale-left"]) - _position(marks["orbitale-right"])
    return float(ears @ orbits) > 0.0


def _check_confirmed(twin: TwinId, marks: Sequence[Landmark]) -> Check:
    alone = [mark.name for mark in marks if len(set(mark.confirmed_by)) < 2]
    return Check(
        name=f"landmarks-confirmed-{twin}",
        passed=not alone,
        detail=f"twin {twin}: fewer than two people confirmed {', '.join(alone)}"
        if alone
        else f"twin {twin}: two people confirmed each landmark",
    )


def refuse_shared_landmarks(a: Sequence[Landmark], b: Sequence[Landmark]) -> None:
    """SafetyRefusal when both twins carry the same point: one was marked under the other's name."""
    others = {mark.name: _position(mark) for mark in b}
    for mark in a:
        if mark.name in others and np.linalg.norm(_position(mark) - others[mark.name]) < 5.0:
            raise SafetyRefusal(
                f"the {mark.name} of twins A and B lie less than 5 mm apart: one head was marked"
                " under both letters",
                remedy="mark each twin's own head",
            )
