"""The cuts at points of the front, side by side: small pictures with both twins' figures."""

from collections.abc import Sequence

from diptych.model import Figure, TwinId
from diptych.report.fingerprint import name_values
from diptych.report.frontier import BADGE, WIDTH, mark_plan
from diptych.report.inputs import DossierInputs
from diptych.report.points import choose_shown, tell_given, tell_kindness, tell_point
from diptych.report.scene import Scene
from diptych.report.svg import draw, finish, mark_number, mark_twin, place_image, write
from diptych.report.thumbnails import Slab, paint_slab, take_slab, trace_cut
from diptych.report.words import tell_share

COLUMNS, CELL, GAP, PICTURE = 3, 190.0, 15.0, 138.0
SHARE = 0.21
"""Height of a small picture in pixels over the width of a full one."""


def draw_previews(scene: Scene, inputs: DossierInputs) -> tuple[Figure, ...]:
    """Figure of the cuts at some points; none where no points were computed."""
    front = inputs.front
    if not front.points or front.nested is None:
        return ()
    shown = choose_shown(front)
    cuts, tall = _cuts(scene, inputs, shown)
    return (
        Figure(
            id="front-cuts",
            caption="Cuts along the front, numbered as in the chart, on the slice through the"
            " junction where they differ most: the cut as a solid line, the proposed one dashed."
            " Tissue given by each twin, and its risk of a venous infarct (low confidence).",
            alt=f"Slices with the cut at {len(shown)} points of the front. "
            + " ".join(tell_point(front, n) for n in shown),
            png=None,
            svg=finish(WIDTH, tall, cuts),
            values=name_values(nested=front.nested, points=front.points),
        ),
    )


def _cuts(scene: Scene, inputs: DossierInputs, shown: Sequence[int]) -> tuple[str, float]:
    """The small pictures in rows, and the height of all."""
    front = inputs.front
    assert front.nested is not None
    height = max(round(SHARE * inputs.picture_width), 12)
    slab = take_slab(scene, inputs.anatomy, front.nested, height)
    proposed = next((n for n, p in enumerate(front.points) if p.plan == front.proposed), None)
    risky = all(front.points[n].infarct for n in shown)
    row = 24.0 + PICTURE + (56.0 if risky else 24.0) + 12.0
    parts = [
        draw(
            "g",
            _cut(slab, inputs, n, proposed),
            transform=f"translate({place % COLUMNS * (CELL + GAP):.1f}"
            f" {place // COLUMNS * row:.1f})",
        )
        for place, n in enumerate(shown)
    ]
    return "".join(parts), row * -(-len(shown) // COLUMNS)


def _cut(slab: Slab, inputs: DossierInputs, number: int, proposed: int | None) -> str:
    """One small picture with its number, name and figures."""
    front = inputs.front
    point = front.points[number]
    zoom = PICTURE / slab.codes.shape[0]
    wide = slab.codes.shape[1] * zoom
    png = inputs.encode_png(paint_slab(slab, number))
    x, parts = 24.0, [mark_number(number + 1, 11, 11, BADGE)]
    if point.plan is not None:
        parts.append(mark_plan(front, point, 35, 11, 7.0))
        x = 50.0
    parts += [
        write(x, 15.5, point.plan or tell_kindness(point), 12.5, font_weight=700),
        place_image(png, (CELL - wide) / 2, 24, wide, PICTURE),
        draw(
            "g",
            _lines(slab, number, proposed, zoom),
            transform=f"translate({(CELL - wide) / 2:.1f} 24) scale({zoom:.4f})",
        ),
        mark_twin(TwinId.A, 10, 34, 7),
        mark_twin(TwinId.B, CELL - 10, 34, 7),
    ]
    a, b = (tell_given(point, twin) for twin in TwinId)
    words = [f"A gives {a}, B {b}"]
    if point.infarct:
        a, b = (tell_share(round(point.infarct[twin].value, 3)) for twin in TwinId)
        words += ["infarct (low confidence):", f"A {a}, B {b}"]
    parts += [write(2, 24 + PICTURE + 16 + 15 * n, text, 12) for n, text in enumerate(words)]
    return "".join(parts)


def _lines(slab: Slab, number: int, proposed: int | None, zoom: float) -> str:
    """The proposed cut dashed, and this cut solid, both legible on any ground."""
    parts = []
    path = trace_cut(slab, number)
    if path:
        for colour, wide in (("#000000", 4.2), ("#ffffff", 2.0)):
            parts.append(draw("path", d=path, fill="none", stroke=colour, stroke_width=wide / zoom))
    if proposed is not None and proposed != number and (path := trace_cut(slab, proposed)):
        parts.append(
            draw(
                "path",
                d=path,
                fill="none",
                stroke="#000000",
                stroke_width=1.4 / zoom,
                stroke_dasharray=f"{4 / zoom:.1f} {3 / zoom:.1f}",
            )
        )
    return "".join(parts)
