"""The cut in three dimensions, with the vessels to clip numbered in the order of test clamps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from diptych.kernels.render import render_layers
from diptych.model import (
    OWNER_COLOURS,
    Figure,
    Owner,
    SeparationPlan,
    TwinId,
    Vessel,
    VesselNetwork,
)
from diptych.report.callouts import Margins, least_height, place_callouts
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs
from diptych.report.renderings import Picture, draw_sheet, tube_layers
from diptych.report.scene import (
    Scene,
    crop_scene,
    find_interface,
    frame_points,
    lay_sides,
    locate_voxels,
    mix_colour,
    turn_axes,
)
from diptych.report.svg import (
    INK,
    PAPER,
    draw,
    finish,
    line,
    mark_number,
    mark_twin,
    place_image,
    write,
)
from diptych.report.words import count_things

FloatArray = NDArray[np.float64]

WIDTH, SIDE, HEAD, FOOT = 600.0, 62.0, 34.0, 40.0
BADGE, APART = 11.0, 25.0
TURN, TILT = 52.0, 14.0
REACH = 22.0
"""mm from the cut that vessels are shown."""
SHARE = 0.62
"""Of the pixels of a full picture."""
GREY, GREY_CODE = "#aab2ba", 3
BAR = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A vessel to clip: its number among the clamps, place (LPS+ mm) and keeper.

    met : the cut meets it there; else it is a shared vessel that stays whole, at its middle
    """

    order: int
    name: str
    position: tuple[float, float, float]
    keeper: TwinId
    met: bool


def draw_clips(scene: Scene, inputs: DossierInputs) -> tuple[Figure, ...]:
    """A figure for each plan, the one proposed first."""
    plans = sorted(inputs.front.plans, key=lambda plan: plan.id != inputs.front.proposed)
    return tuple(_draw_one(scene, inputs, plan) for plan in plans)


def list_clips(plan: SeparationPlan, network: VesselNetwork) -> tuple[Clip, ...]:
    """Vessels in the order of their test clamps, else in that of the crossings."""
    met = {crossing.vessel: crossing for crossing in plan.crossings}
    if plan.allocation is None:
        steps = [(c.order, c.vessel, c.keeper) for c in plan.crossings]
    else:
        steps = [(s.order, s.vessel, s.keeper) for s in plan.allocation.clamps]
    clips = []
    for order, id, keeper in steps:
        vessel, crossing = network.vessel(id), met.get(id)
        middle = vessel.path[len(vessel.path) // 2].tolist()
        clips.append(
            Clip(
                order=order,
                name=vessel.name,
                position=crossing.position if crossing else (middle[0], middle[1], middle[2]),
                keeper=keeper,
                met=crossing is not None,
            )
        )
    return tuple(clips)


def _draw_one(scene: Scene, inputs: DossierInputs, plan: SeparationPlan) -> Figure:
    network = inputs.anatomy.vessels
    clips = list_clips(plan, network)
    here = lay_sides(scene, inputs.anatomy, plan.side)
    inner = WIDTH - 2 * SIDE
    picture = render_cut(here, network, plan, round(SHARE * inputs.picture_width))
    zoom = inner / picture.view.width
    tall = max(picture.view.height * zoom, least_height(len(clips), APART))
    top = HEAD + (tall - picture.view.height * zoom) / 2
    kept = {twin: [c.order for c in clips if c.keeper is twin] for twin in TwinId}
    return Figure(
        id=f"cut-{plan.id}",
        caption=f"Plan {plan.id}: the cut (grey sheet) with the vessels to clip, numbered as in the"
        " table of test clamps. Beside each number the twin that keeps the vessel, whose colour it"
        " has. Dot: the cut meets the vessel there; ring: the cut leaves it whole, but it has to be"
        " divided from the other twin's.",
        alt=f"Three-dimensional picture of the cut of plan {plan.id} and"
        f" {count_things(len(clips), 'vessel')} to clip. "
        + " ".join(f"Twin {twin} keeps {_list(kept[twin])}." for twin in TwinId),
        png=None,
        svg=finish(
            WIDTH,
            HEAD + tall + FOOT,
            _heading(),
            place_image(
                inputs.encode_png(picture.image), SIDE, top, inner, picture.view.height * zoom
            ),
            _number(clips, picture, zoom, top, tall),
            _bar(HEAD + tall + 24, picture.view.scale / zoom),
        ),
        values=name_values(vessels=network, side=plan.side, clips=clips),
    )


def _list(orders: Sequence[int]) -> str:
    return ", ".join(map(str, orders)) if orders else "none of them"


def render_cut(scene: Scene, network: VesselNetwork, plan: SeparationPlan, width: int) -> Picture:
    """The cut as a sheet, aslant, with vessels near it in the colours of their keepers."""
    cut = locate_voxels(scene, find_interface(scene.sides))
    if not len(cut):
        cut = scene.junction[None]
    tree = cKDTree(cut[::4])
    keepers = {crossing.vessel: crossing.keeper for crossing in plan.crossings}
    keepers |= dict(plan.allocation.keepers) if plan.allocation else {}
    pieces = [
        piece
        for vessel in network.vessels
        for piece in trim_vessel(vessel, tree) or [vessel] * (vessel.id in keepers)
    ]
    codes = [
        int(Owner.of(keepers[piece.id])) if piece.id in keepers else GREY_CODE for piece in pieces
    ]
    right, up = turn_axes(scene, TURN, TILT)
    shown = np.vstack([cut, *(piece.path for piece in pieces)])
    view = frame_points(shown, right, up, width)
    near = crop_scene(scene, shown, 8.0)
    near_network = VesselNetwork(nodes=network.nodes, vessels=tuple(pieces))
    layers = (draw_sheet(near, 0.45), *tube_layers(near, near_network, codes, _paint_keepers()))
    return Picture(image=render_layers(layers, near.affine, view), view=view)


def trim_vessel(vessel: Vessel, cut: cKDTree) -> list[Vessel]:
    """The stretches of a vessel within REACH of the cut, none shorter than two points."""
    near = cut.query(vessel.path, distance_upper_bound=REACH)[0] < REACH
    edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(np.int8)))
    return [
        replace(vessel, path=vessel.path[a:b], radius=vessel.radius[a:b])
        for a, b in edges.reshape(-1, 2).tolist()
        if b - a >= 2
    ]


def _paint_keepers() -> FloatArray:
    palette = np.zeros((64, 3))
    for code, colour in (
        (int(Owner.A), OWNER_COLOURS[Owner.A]),
        (int(Owner.B), OWNER_COLOURS[Owner.B]),
        (GREY_CODE, GREY),
    ):
        palette[code] = mix_colour(colour, 0.0)
    return palette


def _heading() -> str:
    return "".join(
        (
            mark_twin(TwinId.A, 14, 16, 9),
            write(30, 21, "side of A", 13.5, font_weight=700),
            mark_twin(TwinId.B, WIDTH - 14, 16, 9),
            write(WIDTH - 30, 21, "side of B", 13.5, font_weight=700, text_anchor="end"),
        )
    )


def _number(clips: Sequence[Clip], picture: Picture, zoom: float, top: float, tall: float) -> str:
    if not clips:
        return write(SIDE, top + 20, "The cut severs no vessel that was found.", 13.5)
    points = zoom * picture.view.project(np.array([clip.position for clip in clips]))
    points += np.array([SIDE, top])
    points = np.clip(points, [SIDE, HEAD], [WIDTH - SIDE, HEAD + tall])
    places = place_callouts(points, lay_margins(tall))
    parts = [_leader(*pair) for pair in zip(points.tolist(), places.tolist(), strict=True)]
    for clip, point, place in zip(clips, points.tolist(), places.tolist(), strict=True):
        parts.append(_dot(clip, *point))
        parts.append(_badge(clip, *place))
    return "".join(parts)


def lay_margins(tall: float) -> Margins:
    """Where the badges of a picture `tall` units high stand."""
    return Margins(
        left=SIDE - BADGE - 8,
        right=WIDTH - SIDE + BADGE + 8,
        top=HEAD + APART / 2,
        bottom=HEAD + tall - APART / 2,
        apart=APART,
    )


def _leader(point: Sequence[float], place: Sequence[float]) -> str:
    """A line with a rim of the colour of the paper, so that it shows on any ground."""
    ends = (point[0], point[1], place[0], place[1])
    return line(*ends, stroke=PAPER, stroke_width=3.2, stroke_opacity=0.75) + line(
        *ends, stroke=INK, stroke_width=1.2
    )


def _dot(clip: Clip, x: float, y: float) -> str:
    return draw(
        "circle",
        cx=x,
        cy=y,
        r=3.6,
        fill="#1b1f24" if clip.met else "#ffffff",
        stroke="#ffffff" if clip.met else "#1b1f24",
        stroke_width=1.3,
    )


def _badge(clip: Clip, x: float, y: float) -> str:
    """The number, and towards the edge of the page the twin that keeps the vessel."""
    away = -1 if x < WIDTH / 2 else 1
    return mark_number(clip.order, x, y, BADGE) + mark_twin(
        clip.keeper, x + away * (BADGE + 10), y, 8
    )


def _bar(y: float, scale: float) -> str:
    wide = BAR / scale
    x = SIDE
    return "".join(
        (
            line(x, y, x + wide, y, stroke=INK, stroke_width=2.5),
            line(x, y - 5, x, y + 5, stroke=INK, stroke_width=2.5),
            line(x + wide, y - 5, x + wide, y + 5, stroke=INK, stroke_width=2.5),
            write(x + wide + 8, y + 4.5, f"{BAR:.0f} mm", 13),
        )
    )
