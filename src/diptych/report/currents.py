"""The vessel network by flow: how much blood each vessel carries, and which way."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diptych.model import Figure, Vessel
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs
from diptych.report.plates import PLATE, count_owners, lay_plate, owner_keys
from diptych.report.renderings import Picture, render_flow, render_network
from diptych.report.scene import Scene, mix_colour
from diptych.report.svg import INK, PAPER, draw
from diptych.report.words import count_things

FloatArray = NDArray[np.float64]

STEPS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""ml/min at which the colour changes; each step is about three times the last."""
COLOURS = ("#b9c0c7", "#c2e6b5", "#7fcdbb", "#3aa7c7", "#2467b8", "#14234f")
"""From light green to dark blue: the order is seen without telling colours apart."""
LEAST_ARROW_MM = 10.0
ARROW = 13.0
APART = 26.0


def draw_flow(scene: Scene, inputs: DossierInputs) -> Figure:
    """Figure of the vessels coloured by flow, with arrows the way blood runs."""
    network = inputs.anatomy.vessels
    steps = [find_step(vessel.flow.value) for vessel in network.vessels]
    colours = np.array([mix_colour(colour, 0.0) for colour in COLOURS])
    padded = np.vstack([colours, np.tile(colours[-1:], (8 - len(colours), 1))])
    picture = render_flow(scene, network, steps, padded, inputs.picture_width)
    arrows = draw_arrows(network.vessels, picture, PLATE / picture.view.width)
    known = sum(step > 0 for step in steps)
    return Figure(
        id="flow",
        caption="Veins and sinuses by the blood they carry, computed from the calibre of each"
        " vessel and the brain that drains into it; arrows show which way it runs. Grey: less"
        f" than {STEPS[0]:g} ml/min, or no way to a jugular was seen.",
        alt="Three-dimensional picture of"
        f" {count_things(len(network.vessels), 'piece')} of vessels coloured by flow;"
        f" {known} carry {STEPS[0]:g} ml/min or more.",
        png=None,
        svg=lay_plate(picture, inputs.encode_png, flow_keys(), arrows),
        values=name_values(vessels=network),
    )


def draw_arteries(scene: Scene, inputs: DossierInputs) -> tuple[Figure, ...]:
    """Figure of the arteries by owner, with arrows the way blood runs; none without arteries."""
    network = inputs.anatomy.arteries
    if not network.vessels:
        return ()
    picture = render_network(scene, network, inputs.picture_width)
    arrows = draw_arrows(network.vessels, picture, PLATE / picture.view.width)
    counts = count_owners(network)
    figure = Figure(
        id="arteries",
        caption="Arteries by the twin whose neck feeds them, from the arterial phase, and the cut"
        " as a grey sheet; arrows show which way blood runs.",
        alt="Three-dimensional picture of"
        f" {count_things(len(network.vessels), 'piece')} of arteries: {counts}.",
        png=None,
        svg=lay_plate(picture, inputs.encode_png, owner_keys(scene), arrows),
        values=name_values(arteries=network),
    )
    return (figure,)


def find_step(flow: float) -> int:
    """Number of the colour for a flow, ml/min."""
    return int(np.searchsorted(STEPS, abs(flow), side="right"))


def flow_keys() -> list[tuple[str, str]]:
    """Colours and their flows in words, from the right: the most first."""
    words = [f"below {STEPS[0]:g}"]
    words += [f"{low:g} to {high:g}" for low, high in pairwise(STEPS)]
    words.append(f"{STEPS[-1]:g} ml/min and more")
    return list(zip(COLOURS, words, strict=True))[::-1]


def draw_arrows(vessels: Sequence[Vessel], picture: Picture, zoom: float) -> str:
    """Arrowheads at the middle of vessels long enough, the greatest flow first, none too near."""
    placed: list[FloatArray] = []
    parts = []
    order = sorted(vessels, key=lambda vessel: (-abs(vessel.flow.value), vessel.id))
    for vessel in order:
        if vessel.flow.value < STEPS[0] or vessel.length < LEAST_ARROW_MM:
            continue
        tip, tail = _middle_of(vessel, picture, zoom)
        away = float(np.linalg.norm(tip - tail))
        if away < 1.0 or any(float(np.linalg.norm(tip - other)) < APART for other in placed):
            continue
        placed.append(tip)
        parts.append(_arrowhead(tip, (tip - tail) / away))
    return "".join(parts)


def _middle_of(vessel: Vessel, picture: Picture, zoom: float) -> tuple[FloatArray, FloatArray]:
    """Two points of the picture about the middle of the vessel, the later one first."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(vessel.path, axis=0), axis=1))])
    marks = 0.5 * along[-1] + np.array([2.5, -2.5])
    places = np.stack([np.interp(marks, along, vessel.path[:, axis]) for axis in range(3)], axis=1)
    tip, tail = zoom * picture.view.project(places)
    return tip, tail


def _arrowhead(tip: FloatArray, way: FloatArray) -> str:
    """A dart with its middle at the tip."""
    aside = np.array([-way[1], way[0]])
    corners = [
        tip + 0.6 * ARROW * way,
        tip - 0.4 * ARROW * way + 0.42 * ARROW * aside,
        tip - 0.15 * ARROW * way,
        tip - 0.4 * ARROW * way - 0.42 * ARROW * aside,
    ]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return draw("polygon", points=points, fill=PAPER, stroke=INK, stroke_width=1.3)
