"""Before and after of each twin: joined, then alone under each plan, with the raw face marked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from diptych.kernels.render import Layer, View, render_layers, smooth_mask
from diptych.model import Figure, SeparationPlan, TwinId
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs
from diptych.report.renderings import Picture
from diptych.report.scene import (
    Scene,
    crop_scene,
    frame_points,
    lay_sides,
    locate_voxels,
    mix_colour,
    paint_owners,
    turn_axes,
)
from diptych.report.svg import INK, finish, line, mark_twin, place_image, write
from diptych.report.words import tell_measured

WIDTH, CELL, GAP, HEAD, LINE, FOOT = 600.0, 292.0, 16.0, 34.0, 16.0, 40.0
TURN, TILT = 42.0, 10.0
"""Degrees that the camera stands towards the other twin, so that the raw face shows."""
SHARE = 0.4
"""Of the pixels of a full picture, for one of the two columns."""
RAW = ("#ffe9a8", "#5a4200")
RAW_CODES = (62, 63)
PERIOD = 8.0
"""mm from one line of the hatching to the next."""
BAR = 50.0


Row = tuple[str, dict[TwinId, Picture], tuple[tuple[str, ...], tuple[str, ...]]]


def draw_partings(scene: Scene, inputs: DossierInputs) -> Figure:
    """One figure: a column for each twin, a row for the pair and one for each plan."""
    plans = sorted(inputs.front.plans, key=lambda plan: plan.id != inputs.front.proposed)
    views = aim_both(scene, round(SHARE * inputs.picture_width))
    zoom = CELL / views[TwinId.A].width
    y, body = HEAD, [_heading()]
    rows: list[Row] = [("Joined", render_joined(scene, views), ((), ()))]
    for plan in plans:
        here = lay_sides(scene, inputs.anatomy, plan.side)
        pictures = {twin: render_alone(here, twin, views[twin]) for twin in TwinId}
        told = (_tell_defects(plan, TwinId.A), _tell_defects(plan, TwinId.B))
        rows.append((f"Alone, plan {plan.id}", pictures, told))
    for title, pictures, told in rows:
        body.append(_row(title, pictures, told, zoom, y, inputs))
        tall = max(picture.view.height for picture in pictures.values()) * zoom
        y += 30.0 + tall + LINE * len(told[0]) + 8.0
    body.append(_bar(y + 8, views[TwinId.A].scale / zoom))
    return Figure(
        id="before-after",
        caption="Before and after. Each column is seen from one place and at one scale: twin A from"
        " B's side, twin B from A's. Hatched: the raw face that the cut leaves, which must be"
        " covered; below each picture what that twin lacks, today, with interval.",
        alt="Three-dimensional pictures of the pair and of each twin alone with the raw face"
        f" hatched. {' '.join(_tell(plan) for plan in plans)}",
        png=None,
        svg=finish(WIDTH, y + FOOT, *body),
        values=name_values(sides=[plan.side for plan in plans]),
    )


def aim_both(scene: Scene, width: int) -> dict[TwinId, View]:
    """For each twin a camera that sees the whole pair and its side of the cut; one scale."""
    body = locate_voxels(scene, _thin(scene.tissues > 0))
    views = {}
    for twin, turn in ((TwinId.A, TURN), (TwinId.B, -TURN)):
        views[twin] = frame_points(body, *turn_axes(scene, turn, TILT), width)
    scale = max(view.scale for view in views.values())
    height = max(round(view.height * view.scale / scale) for view in views.values())
    return {
        twin: View(
            centre=view.centre,
            right=view.right,
            up=view.up,
            width=width,
            height=height,
            scale=scale,
        )
        for twin, view in views.items()
    }


def _thin(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kept = np.zeros_like(mask)
    kept[::2, ::2, ::2] = mask[::2, ::2, ::2]
    return kept


def render_joined(scene: Scene, views: dict[TwinId, View]) -> dict[TwinId, Picture]:
    """The pair as it is, from both places."""
    body = Layer(
        level=smooth_mask(scene.tissues > 0, 1.4),
        labels=scene.codes,
        surface=paint_owners(),
        cap=paint_owners(),
    )
    return {
        twin: Picture(image=render_layers((body,), scene.affine, view), view=view)
        for twin, view in views.items()
    }


def render_alone(scene: Scene, twin: TwinId, view: View) -> Picture:
    """One twin's half, the raw face hatched."""
    code = 1 if twin is TwinId.A else 2
    half = scene.sides == code
    near = crop_scene(scene, locate_voxels(scene, _thin(half)), 4 * scene.spacing)
    half = near.sides == code
    palette = paint_owners()
    for raw, colour in zip(RAW_CODES, RAW, strict=True):
        palette[raw] = mix_colour(colour, 0.0)
    body = Layer(
        level=smooth_mask(half, 1.0),
        labels=label_raw(near, code),
        surface=palette,
        cap=palette,
    )
    return Picture(image=render_layers((body,), near.affine, view), view=view)


def label_raw(scene: Scene, code: int) -> NDArray[np.uint8]:
    """Labels of one half: owner's code, or one of two in stripes on the raw face; 0 elsewhere."""
    half = scene.sides == code
    labels = scene.owners * np.uint8(8) + np.uint8(7)
    raw = half & binary_dilation(scene.sides == 3 - code, np.ones((3, 3, 3)), iterations=2)
    where = np.argwhere(raw) @ scene.affine[:3, :3].T + scene.affine[:3, 3]
    across = np.cross(scene.axis, scene.up)
    period = max(PERIOD, 5.0 * scene.spacing)
    along = (where @ (scene.up + across)) / np.sqrt(2.0) / period
    dark = along - np.floor(along) < 0.36
    labels[raw] = np.where(dark, RAW_CODES[1], RAW_CODES[0]).astype(np.uint8)
    labels[~half] = 0
    return labels


def _tell_defects(plan: SeparationPlan, twin: TwinId) -> tuple[str, ...]:
    """What the twin lacks, a line for each tissue."""
    lacks = plan.defects[twin]
    return (
        f"skin {tell_measured(lacks.skin)}",
        f"dura {tell_measured(lacks.dura)}",
        f"bone {tell_measured(lacks.bone)}",
    )


def _tell(plan: SeparationPlan) -> str:
    parts = [
        f"twin {twin} lacks skin {tell_measured(d.skin)}, dura {tell_measured(d.dura)}, bone"
        f" {tell_measured(d.bone)}"
        for twin in TwinId
        for d in [plan.defects[twin]]
    ]
    return f"Plan {plan.id}: {'; '.join(parts)}."


def _left(twin: TwinId) -> float:
    return 0.0 if twin is TwinId.A else CELL + GAP


def _heading() -> str:
    return "".join(
        mark_twin(twin, _left(twin) + 14, 16, 9)
        + write(_left(twin) + 30, 21, f"twin {twin}", 14, font_weight=700)
        for twin in TwinId
    )


def _row(
    title: str,
    pictures: dict[TwinId, Picture],
    told: Sequence[Sequence[str]],
    zoom: float,
    y: float,
    inputs: DossierInputs,
) -> str:
    parts = [write(4, y + 18, title, 14, font_weight=700), line(4, y + 25, WIDTH - 4, y + 25)]
    top = y + 30
    for twin, words in zip(TwinId, told, strict=True):
        picture = pictures[twin]
        tall = picture.view.height * zoom
        parts.append(place_image(inputs.encode_png(picture.image), _left(twin), top, CELL, tall))
        for n, text in enumerate(words):
            y = top + tall + 12 + LINE * n
            parts.append(write(_left(twin) + 6, y, text, 13))
    return "".join(parts)


def _bar(y: float, scale: float) -> str:
    wide = BAR / scale
    return "".join(
        (
            line(6, y, 6 + wide, y, stroke=INK, stroke_width=2.5),
            line(6, y - 5, 6, y + 5, stroke=INK, stroke_width=2.5),
            line(6 + wide, y - 5, 6 + wide, y + 5, stroke=INK, stroke_width=2.5),
            write(14 + wide, y + 4.5, f"{BAR:.0f} mm", 13),
        )
    )
