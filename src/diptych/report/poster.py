"""One wide picture of a case: the pair, the halves along the cut, and the vessels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diptych.model import SIGNS, Anatomy, SeparationPlan, TwinId
from diptych.report.renderings import (
    Picture,
    render_half,
    render_network,
    render_opened,
    render_pair,
)
from diptych.report.scene import lay_scene, mix_colour
from diptych.report.svg import is_light
from diptych.report.words import count_things, end_sentence

Image = NDArray[np.uint8]
Words = tuple[float, float, str, float, str, str]
INK, MUTED = "#1b1f24", "#56606b"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Poster:
    """image : (H, W, 3) uint8; words : what to write on it, (x, y, text, height in pixels,
    colour, anchor with "l", "m" or "r" and then "m" for the middle line).
    """

    image: Image
    words: tuple[Words, ...]


def compose_poster(anatomy: Anatomy, plan: SeparationPlan, made_from: str, width: int) -> Poster:
    """The poster, `width` pixels wide, on white, with `made_from` beneath.

    Four panels in a row: the pair, the pair opened, the halves opened like a book, the
    vessels with the cut as a sheet.
    """
    scene = lay_scene(anatomy, plan)
    unit = width // 40
    panels = [
        ("The pair", _lay(render_pair(scene, 9 * unit).image)),
        ("Opened", _lay(render_opened(scene, anatomy.vessels, 9 * unit).image)),
        ("Apart along the cut", _join([render_half(scene, t, 5 * unit) for t in TwinId], unit)),
        ("Veins and the cut", _lay(render_network(scene, anatomy.vessels, 9 * unit).image)),
    ]
    tall = max(image.shape[0] for _, image in panels)
    canvas = np.full((tall + 5 * unit, width, 3), 255, dtype=np.uint8)
    gap = (width - sum(image.shape[1] for _, image in panels)) // (len(panels) + 1)
    words: list[Words] = []
    x = gap
    for title, image in panels:
        y = 2 * unit + (tall - image.shape[0]) // 2
        canvas[y : y + image.shape[0], x : x + image.shape[1]] = image
        words.append((x + image.shape[1] / 2, unit * 0.9, title, 0.62 * unit, INK, "mm"))
        x += image.shape[1] + gap
    words += _sign(canvas, gap, tall + 3.6 * unit, unit)
    words.append(_line(plan, made_from, width, tall + 3.6 * unit, unit))
    return Poster(image=canvas, words=tuple(words))


def _lay(image: Image) -> Image:
    """The picture on white."""
    alpha = image[..., 3:].astype(np.float64) / 255.0
    mixed = image[..., :3] * alpha + 255.0 * (1.0 - alpha)
    return np.asarray(mixed + 0.5, dtype=np.uint8)


def _join(halves: list[Picture], unit: int) -> Image:
    """The halves side by side with a gap."""
    tall = max(half.image.shape[0] for half in halves)
    parts = []
    for half in halves:
        image = _lay(half.image)
        above = (tall - image.shape[0]) // 2
        below = tall - image.shape[0] - above
        parts.append(np.pad(image, ((above, below), (0, 0), (0, 0)), constant_values=255))
    space = np.full((tall, unit // 3, 3), 255, dtype=np.uint8)
    return np.concatenate([parts[0], space, parts[1]], axis=1)


def _sign(canvas: Image, x: float, y: float, unit: int) -> list[Words]:
    """The signs of the twins, drawn on the canvas, and the words beside them."""
    words: list[Words] = []
    rows, columns = np.ogrid[: canvas.shape[0], : canvas.shape[1]]
    for twin in TwinId:
        sign, size = SIGNS[twin], 0.42 * unit
        across, down = np.abs(columns - x - size), np.abs(rows - y)
        inside = (
            across**2 + down**2 <= size**2
            if sign.shape == "circle"
            else np.maximum(across, down) <= size
        )
        canvas[inside] = np.rint(255 * mix_colour(sign.colour, 0.0)).astype(np.uint8)
        letter = INK if is_light(sign.colour) else "#ffffff"
        words.append((x + size, y, sign.letter, 0.55 * unit, letter, "mm"))
        words.append((x + 2.6 * size, y, f"twin {sign.letter}", 0.55 * unit, INK, "lm"))
        x += 4.0 * unit
    return words


def _line(plan: SeparationPlan, made_from: str, width: int, y: float, unit: int) -> Words:
    """What the picture shows, and what it was made from."""
    proven = "proven optimal for its costs" if plan.proof.proven else "not proven optimal"
    crossed = count_things(len(plan.crossings), "vessel")
    text = f"Cut {proven}; {crossed} crossed. {end_sentence(made_from)}".strip()
    return (width - unit, y, text, 0.5 * unit, MUTED, "rm")
