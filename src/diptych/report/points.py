"""The points of the front in words: a title for each, a table of all, which ones get a picture."""

from diptych.model import Case, FrontPoint, SeparationFront, Table, TwinId
from diptych.report.blocks import table
from diptych.report.veins import tell_risk
from diptych.report.words import name_twin, tell_number, tell_share

MOST_SHOWN = 6


def choose_shown(front: SeparationFront) -> tuple[int, ...]:
    """Numbers (0 is the first) of the points to show by a picture, in their order.

    Every point that has a plan, and as many others of the front as fit, evenly between.
    """
    planned = [n for n, point in enumerate(front.points) if point.plan is not None]
    rest = [n for n, p in enumerate(front.points) if p.plan is None and not p.dominated]
    room = min(max(MOST_SHOWN - len(planned), 0), len(rest))
    between = [rest[(2 * n + 1) * len(rest) // (2 * room)] for n in range(room)]
    return tuple(sorted({*planned, *between}))


def name_point(front: SeparationFront, point: FrontPoint) -> str:
    """Its plan, else whom it leans to."""
    if point.plan is not None:
        mark = " (proposed)" if point.plan == front.proposed else ""
        return f"{point.plan}{mark}"
    return tell_kindness(point)


def tell_kindness(point: FrontPoint) -> str:
    """How far the point leans to a twin."""
    if abs(point.kindness) < 1e-9:
        return "even"
    return f"{abs(100.0 * point.kindness):.0f}\u00a0% kinder to {_favoured(point)}"


def _favoured(point: FrontPoint) -> TwinId:
    return TwinId.A if point.kindness > 0 else TwinId.B


def tell_point(front: SeparationFront, number: int) -> str:
    """The figures of a point (0 is the first), both twins."""
    point = front.points[number]
    parts = [f"twin {twin} {_tell_twin(point, twin)}" for twin in TwinId]
    doubt = f"; dominated: {point.dominated}" if point.dominated else ""
    return f"Point {number + 1}, {name_point(front, point)}: {'; '.join(parts)}{doubt}."


def _tell_twin(point: FrontPoint, twin: TwinId) -> str:
    words = [f"gives {tell_given(point, twin)}"]
    if twin in point.drained:
        words.append(f"drains {tell_share(round(point.drained[twin], 3))}")
    if twin in point.infarct:
        words.append(f"infarct {tell_risk(point.infarct[twin])}, low confidence")
    return ", ".join(words)


def tell_given(point: FrontPoint, twin: TwinId) -> str:
    """Own tissue that the twin gives, ml."""
    return f"{tell_number(round(point.costs[twin].own_tissue_given, 2))}\u00a0ml"


def tabulate_points(case: Case, front: SeparationFront) -> tuple[Table, ...]:
    """All points of the front with both twins' figures; none where none were computed."""
    rows = [
        (
            str(number),
            name_point(front, point),
            *(_tell_twin(point, twin) for twin in TwinId),
            f"{point.value} ({'proven' if point.proven else 'NOT PROVEN'})",
            f"dominated: {point.dominated}" if point.dominated else "",
        )
        for number, point in enumerate(front.points, start=1)
    ]
    headings = ("Point", "Plan, or whom it leans to", *(name_twin(case, t) for t in TwinId))
    title = "Points of the front, from kinder to B to kinder to A"
    return (table(title, (*headings, "Cut value", "Note"), rows),) if rows else ()
