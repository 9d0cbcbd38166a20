"""Marked Frankfurt points, each weighed with what the CT itself shows near it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diptych.anatomy.axes import FRANKFURT, axes_from_landmarks
from diptych.anatomy.bony_points import MAY_MOVE, cut_block, read_orbitale, read_porion
from diptych.anatomy.images import Images
from diptych.model import Landmark, Twin, TwinAxes

COMPUTED = ("ct", "ctv", "cta")
"""Roles whose image shows bone and the air in an ear canal; in an MR both are black."""
FAR = 3.0
"""Standard deviations between mark and reading, up to which both may be of one point."""
SURE = 2.0
"""Standard deviations of a mark that must lie within what is looked at."""
OF_VOXEL = 0.3
"""The standard deviation of a reading is this share of the largest voxel edge at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """twin : with the points moved that were seen; seen : their names; notes : in words."""

    twin: Twin
    seen: tuple[str, ...]
    notes: tuple[str, ...]


def remark_points(images: Images, twin: Twin, reading_error: float) -> Remarked:
    """The twin with both porions and orbitalia read again in a CT near their marks.

    reading_error : standard deviation of a reading, mm. Mark and reading are weighed by their
    variances. A point that is not seen keeps its mark; so does one that is seen farther away
    than both can explain, and a note says so.
    """
    if images.roles[0] not in COMPUTED:
        return Remarked(twin=twin, seen=(), notes=())
    axes = axes_from_landmarks(twin)
    error = max(reading_error, OF_VOXEL * max(images.spacing))
    marks, seen, unseen, notes = [], [], [], []
    for mark in twin.landmarks:
        offset = _read_near(images, axes, mark) if mark.name in FRANKFURT else None
        if offset is None:
            marks.append(mark)
            unseen += [mark.name] if mark.name in FRANKFURT else []
        elif _far(offset, mark, error):
            marks.append(mark)
            notes.append(_disagree(twin, mark, offset))
        else:
            marks.append(_weigh(mark, offset @ _frame_at(axes, mark), error))
            seen.append(mark.name)
    if seen:
        notes.append(_tell(twin, marks, seen, unseen))
    elif unseen:
        notes.append(
            f"{twin.id}: not read in the CT near their marks, so as marked: {_list(unseen)}"
        )
    return Remarked(
        twin=replace(twin, landmarks=tuple(marks)), seen=tuple(seen), notes=tuple(notes)
    )


def _frame_at(axes: TwinAxes, mark: Landmark) -> NDArray[np.float64]:
    """Rows outwards from the midline, forwards and upwards at a paired point."""
    side = 1.0 if mark.name.endswith("left") else -1.0
    return np.array([side * np.array(axes.left), axes.facing, axes.long])


def _read_near(images: Images, axes: TwinAxes, mark: Landmark) -> NDArray[np.float64] | None:
    """Offset (3,) of the point from its mark, mm, in the rows of `_frame_at`; None if unseen, or
    if the mark is so rough that the point may well lie where nothing is looked at.
    """
    if SURE * mark.scatter > MAY_MOVE:
        return None
    block = cut_block(images, np.array(mark.position), _frame_at(axes, mark))
    return read_porion(block) if mark.name.startswith("porion") else read_orbitale(block)


def _far(offset: NDArray[np.float64], mark: Landmark, error: float) -> bool:
    """Whether the reading lies too far ahead of, behind, over or under the mark."""
    return bool(np.abs(offset[1:]).max() > FAR * float(np.hypot(mark.scatter, error)))


def _weigh(mark: Landmark, offset: NDArray[np.float64], error: float) -> Landmark:
    share = mark.scatter**2 / (mark.scatter**2 + error**2)
    x, y, z = (np.array(mark.position) + share * offset).tolist()
    return replace(mark, position=(x, y, z), scatter=float(np.sqrt(share)) * error)


def _disagree(twin: Twin, mark: Landmark, offset: NDArray[np.float64]) -> str:
    away = float(np.linalg.norm(offset[1:]))
    return (
        f"{twin.id}: the image shows a bony edge like the {_spoken(mark.name)} {away:.1f} mm from"
        " its mark, too far to be the same point; the mark was kept: look at it"
    )


def _tell(twin: Twin, marks: list[Landmark], seen: list[str], unseen: list[str]) -> str:
    before = {mark.name: np.array(mark.position) for mark in twin.landmarks}
    moved = ", ".join(
        f"{_spoken(mark.name)} by {np.linalg.norm(np.array(mark.position) - before[mark.name]):.1f}"
        for mark in marks
        if mark.name in seen
    )
    rest = f"; not read there, so as marked: {_list(unseen)}" if unseen else ""
    return f"{twin.id}: points read again in the CT near their marks moved, mm: {moved}{rest}"


def _list(names: list[str]) -> str:
    return ", ".join(map(_spoken, names))


def _spoken(name: str) -> str:
    point, side = name.split("-")
    return f"{side} {point}"
