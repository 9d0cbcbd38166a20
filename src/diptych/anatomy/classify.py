"""The class of a pair by the decision table of Stone & Goodrich 2006."""

from dataclasses import dataclass

import numpy as np

from diptych.model import Classification, InputError, Measured, TwinAxes
from diptych.tables import SourcedTable, TableRow

LABELS = ("PA", "PV", "TA", "TV-I", "TV-II", "TV-III")
COVERAGE = 1.96
"""Standard deviations to each side of a 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedSinus:
    """Whether a significant dural venous sinus is shared, and what says so.

    known : False where the images cannot show it; then the class assumes none, and says so
    """

    present: bool
    evidence: str
    known: bool = True


def classify_pair(
    axes: tuple[TwinAxes, TwinAxes], sinus: SharedSinus, table: SourcedTable
) -> Classification:
    """Angle, rotation and class, with the distance of each figure to each limit.

    `table` is the classification table: rows by class label with the ranges of angle
    and rotation, and "ambiguous-within". A figure closer than that to a limit that would
    change the class, or whose interval reaches across it, makes the class ambiguous.
    """
    angle, rotation = long_axis_angle(axes), facing_rotation(axes)
    label = class_label(sinus.present, angle.value, rotation.value, table)
    doubts = _doubts(sinus.present, (angle, rotation), table)
    if not sinus.known:
        other = class_label(not sinus.present, angle.value, rotation.value, table)
        doubts = (f"{sinus.evidence}; if one is shared, the class is {other}", *doubts)
    return Classification(
        label=label,
        shared_sinus=sinus.present,
        shared_sinus_evidence=sinus.evidence,
        long_axis_angle=angle,
        rotation=rotation,
        margins=_margins(angle.value, rotation.value, table),
        ambiguous=bool(doubts),
        reasons=(_reason(label, sinus, angle, rotation, table), *doubts),
    )


def long_axis_angle(axes: tuple[TwinAxes, TwinAxes]) -> Measured:
    """Angle between the twins' long axes, degrees; 180 is vertex to vertex."""
    cosine = float(np.dot(axes[0].long, axes[1].long))
    return _interval(float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))), axes)


def facing_rotation(axes: tuple[TwinAxes, TwinAxes]) -> Measured:
    """Rotation of one face against the other about the joint axis, degrees.

    The joint axis is the direction of the difference of the long axes; 0 when both
    face the same way, 180 when they face opposite ways.
    """
    joint = np.subtract(axes[0].long, axes[1].long)
    joint = joint / max(float(np.linalg.norm(joint)), 1e-9)
    flat = []
    for twin in axes:
        facing = np.array(twin.facing)
        flat.append(facing - joint * float(facing @ joint))
    product = float(flat[0] @ flat[1])
    size = float(np.linalg.norm(np.cross(flat[0], flat[1])))
    return _interval(float(np.degrees(np.arctan2(size, product))), axes)


def class_label(shared: bool, angle: float, rotation: float, table: SourcedTable) -> str:
    """The first class of the table that fits; InputError if none does."""
    for label in LABELS:
        if _fits(table.row(label), shared, angle, rotation):
            return label
    raise InputError(
        f"no class of table {table.name} fits angle {angle:.1f} and rotation {rotation:.1f}"
        f" degrees with shared sinus {'yes' if shared else 'no'}",
        remedy="correct the limits in the case's classification table so that they leave no gap",
    )


def _fits(row: TableRow, shared: bool, angle: float, rotation: float) -> bool:
    return (
        row.text("shared_sinus") == ("yes" if shared else "no")
        and row.number("angle_from") <= angle < row.number("angle_below")
        and row.number("rotation_from") <= rotation < row.number("rotation_below")
    )


def _interval(value: float, axes: tuple[TwinAxes, TwinAxes]) -> Measured:
    spread = COVERAGE * float(np.hypot(axes[0].uncertainty, axes[1].uncertainty))
    low, high = max(0.0, value - spread), min(180.0, value + spread)
    return Measured(value=value, low=low, high=high, unit="degree")


def _limits(table: SourcedTable) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The inner limits of angle and of rotation that the table draws."""
    found: list[tuple[float, ...]] = []
    for figure in ("angle", "rotation"):
        edges = {table.row(label).number(f"{figure}_from") for label in LABELS}
        edges |= {table.row(label).number(f"{figure}_below") for label in LABELS}
        found.append(tuple(sorted(edge for edge in edges if 0.0 < edge < 180.0)))
    return found[0], found[1]


def _margins(angle: float, rotation: float, table: SourcedTable) -> dict[str, float]:
    angles, rotations = _limits(table)
    margins = {f"long_axis_angle-{limit:g}": abs(angle - limit) for limit in angles}
    return margins | {f"rotation-{limit:g}": abs(rotation - limit) for limit in rotations}


def _doubts(
    shared: bool, measured: tuple[Measured, Measured], table: SourcedTable
) -> tuple[str, ...]:
    """One sentence for each limit that is near and would change the class if crossed."""
    within = table.value("ambiguous-within")
    figures = measured[0].value, measured[1].value
    label = class_label(shared, *figures, table)
    found = []
    for place, (word, limits) in enumerate(
        zip(("long-axis angle", "rotation"), _limits(table), strict=True)
    ):
        value, figure = figures[place], measured[place]
        for limit in limits:
            moved = list(figures)
            moved[place] = limit - 1e-6 if value >= limit else limit
            other = class_label(shared, moved[0], moved[1], table)
            near = abs(value - limit) < within or figure.low < limit < figure.high
            if near and other != label:
                found.append(
                    f"the {word} of {value:.1f} degrees ({figure.low:.0f} to {figure.high:.0f})"
                    f" lies near the limit {limit:g}, beyond which the class would be {other}"
                )
    return tuple(found)


def _reason(
    label: str, sinus: SharedSinus, angle: Measured, rotation: Measured, table: SourcedTable
) -> str:
    row = table.row(label)
    return (
        f"{label} ({row.text('name')}): {sinus.evidence}; long axes {angle.value:.1f} degrees"
        f" apart, faces turned {rotation.value:.1f} degrees ({row.source})"
    )
