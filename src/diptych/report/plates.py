"""The renderings as figures: signs of the twins, scale bar, legend and numbered crossings.

A plate is drawn in units of its own, so that more or fewer pixels change only how sharp the
picture in it is.
"""

from collections.abc import Sequence

import numpy as np

from diptych.model import (
    OWNER_COLOURS,
    Crossing,
    Figure,
    Owner,
    Tissue,
    TwinId,
    VesselNetwork,
)
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs, PngEncoder
from diptych.report.renderings import (
    LEAST_TUBE,
    Picture,
    render_half,
    render_network,
    render_opened,
    render_pair,
)
from diptych.report.scene import TISSUE_COLOURS, FloatArray, Scene
from diptych.report.svg import (
    INK,
    draw,
    estimate_width,
    finish,
    line,
    mark_number,
    mark_twin,
    place_image,
    rect,
    write,
)
from diptych.report.words import count_things, name_owner

PLATE, HALF = 1000.0, 560.0
TISSUE_WORDS = {
    Tissue.SKIN: "skin",
    Tissue.BONE: "bone",
    Tissue.DURA: "dura",
    Tissue.CSF: "CSF",
    Tissue.BRAIN: "brain",
    Tissue.VESSEL: "vessel",
}
BAR = 50.0
HEAD, FOOT = 44.0, 56.0
BADGE = 13.0
Keys = Sequence[tuple[str, str]]


def draw_pair(scene: Scene, inputs: DossierInputs) -> Figure:
    """Figure of the pair from outside."""
    anatomy = inputs.anatomy
    picture = render_pair(scene, inputs.picture_width)
    return Figure(
        id="pair",
        caption="The pair from the side. Colour, letter and shape say whose skin it is.",
        alt="Three-dimensional picture of both heads from the side, twin A (orange, circle) on the"
        " left, twin B (purple, square) on the right, joined in the middle.",
        png=None,
        svg=lay_plate(picture, inputs.encode_png, owner_keys(scene)),
        values=name_values(tissues=anatomy.tissues, ownership=anatomy.ownership),
    )


def draw_opened(scene: Scene, inputs: DossierInputs) -> Figure:
    """Figure of the pair with the near half of skin and bone taken away."""
    anatomy = inputs.anatomy
    picture = render_opened(scene, anatomy.vessels, inputs.picture_width)
    keys = [
        (TISSUE_COLOURS[tissue], TISSUE_WORDS[tissue])
        for tissue in (Tissue.VESSEL, Tissue.BONE, Tissue.SKIN)
    ]
    return Figure(
        id="pair-opened",
        caption="The same view with the near half of skin and bone taken away. Brains in the"
        " colours of the twins, veins and sinuses blue. Vessels thinner than"
        f" {2 * LEAST_TUBE * scene.spacing:.1f} mm are drawn that wide.",
        alt="Three-dimensional picture of the opened heads: the brain of twin A on the left, of"
        " twin B on the right, and the veins between them.",
        png=None,
        svg=lay_plate(picture, inputs.encode_png, keys),
        values=name_values(
            tissues=anatomy.tissues, ownership=anatomy.ownership, vessels=anatomy.vessels
        ),
    )


def draw_network(scene: Scene, inputs: DossierInputs) -> Figure:
    """Figure of the vessel network with the crossings numbered."""
    plan, vessels = inputs.front.plan, inputs.anatomy.vessels
    picture = render_network(scene, vessels, inputs.picture_width)
    numbers = number_crossings(plan.crossings, picture, PLATE / picture.view.width)
    counts = count_owners(vessels)
    return Figure(
        id="network",
        caption="Veins and sinuses by owner, and the cut as a grey sheet. The numbers are the"
        " vessels that the cut severs, in the order of test clamping.",
        alt="Three-dimensional picture of"
        f" {count_things(len(vessels.vessels), 'piece')} of vessels: {counts};"
        f" {count_things(len(plan.crossings), 'crossing')} of the cut numbered.",
        png=None,
        svg=lay_plate(picture, inputs.encode_png, owner_keys(scene), numbers),
        values=name_values(vessels=vessels, side=plan.side, crossings=plan.crossings),
    )


def count_owners(network: VesselNetwork) -> str:
    """Pieces of each owner, in words."""
    return ", ".join(
        f"{sum(v.owner is owner for v in network.vessels)} of {name_owner(owner)}"
        for owner in (Owner.A, Owner.B, Owner.SHARED, Owner.UNKNOWN)
    )


def draw_halves(scene: Scene, inputs: DossierInputs) -> Figure:
    """Figure of the two halves, opened like a book, side by side at one scale."""
    plan = inputs.front.plan
    width = round(inputs.picture_width * HALF / PLATE)
    halves = [(twin, render_half(scene, twin, width)) for twin in TwinId]
    scale = max(half.view.scale * half.view.width for _, half in halves) / HALF
    tall = max(half.view.height * half.view.scale / scale for _, half in halves)
    body, x = [], 16.0
    for twin, half in halves:
        zoom = half.view.scale / scale
        wide, high = half.view.width * zoom, half.view.height * zoom
        y = HEAD + (tall - high) / 2
        body += [
            mark_twin(twin, x + wide / 2 - 60, 24, 11),
            write(x + wide / 2 - 42, 29, f"half of twin {twin}", 15, font_weight=700),
            draw(
                "g",
                place_image(inputs.encode_png(half.image), 0, 0, wide, high),
                number_crossings(plan.crossings, half, zoom),
                transform=f"translate({x:.1f} {y:.1f})",
            ),
        ]
        x += wide + 24
    keys = [(colour, TISSUE_WORDS[tissue]) for tissue, colour in TISSUE_COLOURS.items()]
    body += [_bar(20, HEAD + tall + 34, scale), _legend(keys[::-1], x - 16, HEAD + tall + 24)]
    return Figure(
        id="halves",
        caption="The pair pulled apart along the proposed cut and opened like a book. On the cut"
        " faces the colours are tissues; elsewhere the owners. Numbers: vessels severed.",
        alt="Three-dimensional picture of the two halves with the cut surface of each turned to the"
        f" reader; {count_things(len(plan.crossings), 'severed vessel')} numbered on both faces.",
        png=None,
        svg=finish(x, HEAD + tall + FOOT, *body),
        values=name_values(side=plan.side, crossings=plan.crossings),
    )


def number_crossings(crossings: Sequence[Crossing], picture: Picture, zoom: float) -> str:
    """Numbered badges beside the points where the cut severs vessels, with lines to them."""
    if not crossings:
        return ""
    view = picture.view
    points = zoom * view.project(np.array([crossing.position for crossing in crossings]))
    places = spread_badges(points, BADGE, (zoom * view.width, zoom * view.height))
    parts = [
        line(*point, *place, stroke=INK, stroke_width=1.4)
        + draw("circle", cx=float(point[0]), cy=float(point[1]), r=3, fill=INK)
        for point, place in zip(points.tolist(), places.tolist(), strict=True)
    ]
    parts += [
        mark_number(crossing.order, float(x), float(y), BADGE)
        for crossing, (x, y) in zip(crossings, places.tolist(), strict=True)
    ]
    return "".join(parts)


def spread_badges(points: FloatArray, size: float, room: tuple[float, float]) -> FloatArray:
    """Places, (N, 2), around the points for badges of radius `size` that do not overlap."""
    away = points - points.mean(axis=0)
    angles = np.arctan2(away[:, 1], away[:, 0] + 1e-9 * np.arange(len(points)))
    places = points + 3.2 * size * np.column_stack([np.cos(angles), np.sin(angles)])
    low, high = np.full(2, 1.2 * size), np.array(room) - 1.2 * size
    for _ in range(300):
        places = np.clip(places, low, high)
        if not push_apart(places, 2.35 * size):
            break
    return np.asarray(places, dtype=np.float64)


def push_apart(places: FloatArray, least: float) -> bool:
    """Moves badges, (N, 2), nearer than `least` apart, in place; False where none were."""
    moved = False
    for n in range(len(places)):
        for m in range(n):
            gap = places[n] - places[m]
            far = float(np.linalg.norm(gap))
            if far < 0.98 * least:
                push = gap / far if far > 1e-6 else np.array([0.6, 0.8])
                places[n] += push * (least - far) / 2
                places[m] -= push * (least - far) / 2
                moved = True
    return moved


def lay_plate(picture: Picture, encode: PngEncoder, keys: Keys, over: str = "") -> str:
    """The image with the signs of the twins above, a scale bar, a legend, and a drawing over it.

    over : SVG in the units of the plate, its origin in the upper left corner of the image
    """
    view = picture.view
    zoom = PLATE / view.width
    tall = view.height * zoom
    return finish(
        PLATE,
        HEAD + tall + FOOT,
        mark_twin(TwinId.A, 26, 24, 11),
        write(44, 29, "twin A", 15, font_weight=700),
        mark_twin(TwinId.B, PLATE - 26, 24, 11),
        write(PLATE - 44, 29, "twin B", 15, font_weight=700, text_anchor="end"),
        draw(
            "g",
            place_image(encode(picture.image), 0, 0, PLATE, tall),
            over,
            transform=f"translate(0 {HEAD:.0f})",
        ),
        _bar(20, HEAD + tall + 34, view.scale / zoom),
        _legend(keys, PLATE - 20, HEAD + tall + 24),
    )


def _bar(x: float, y: float, scale: float) -> str:
    """A scale bar of 50 mm."""
    wide = BAR / scale
    return "".join(
        (
            line(x, y, x + wide, y, stroke=INK, stroke_width=2.5),
            line(x, y - 5, x, y + 5, stroke=INK, stroke_width=2.5),
            line(x + wide, y - 5, x + wide, y + 5, stroke=INK, stroke_width=2.5),
            write(x, y - 9, f"{BAR:.0f} mm", 12.5),
        )
    )


def owner_keys(scene: Scene) -> Keys:
    """Colour keys of the owners besides the twins that occur; the twins have badges above."""
    there = set(np.unique(scene.owners).tolist())
    return [
        (OWNER_COLOURS[owner], name_owner(owner))
        for owner in (Owner.UNKNOWN, Owner.SHARED)
        if int(owner) in there
    ]


def _legend(keys: Keys, right: float, y: float) -> str:
    """Colour keys in a row, laid from the right."""
    parts = []
    for colour, words in keys:
        right -= estimate_width(words, 12.5)
        parts.append(write(right, y + 11, words, 12.5))
        parts.append(rect(right - 20, y, 14, 14, fill=colour, stroke=INK, stroke_width=0.8))
        right -= 28
    return "".join(parts)
