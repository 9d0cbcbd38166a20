"""Vector drawings as text. Every word is escaped here, and only here.

Colours of ink, paper and rules are CSS variables with a fallback, so that one drawing fits
a light page, a dark page and paper. Widths of words are estimated on the safe side, since
no font is known at this point.
"""

from base64 import b64encode
from html import escape

from diptych.model import OWNER_COLOURS, SIGNS, Owner, Subject, TwinId

INK = "var(--ink,#1b1f24)"
MUTED = "var(--muted,#59636e)"
RULE = "var(--rule,#d0d7de)"
PAPER = "var(--paper,#ffffff)"
ALARM = "#c1121f"
WIDE = 0.57
FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif"

SUBJECT_COLOURS = {
    Subject.A: OWNER_COLOURS[Owner.A],
    Subject.B: OWNER_COLOURS[Owner.B],
    Subject.SHARED: OWNER_COLOURS[Owner.SHARED],
    Subject.BOTH: OWNER_COLOURS[Owner.SHARED],
    Subject.TEAM: OWNER_COLOURS[Owner.UNKNOWN],
}


def draw(name: str, *content: str, **attributes: object) -> str:
    """One element; underscores in attribute names become hyphens, numbers are shortened."""
    words = "".join(
        f' {key.strip("_").replace("_", "-")}="{escape(_spell(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{words}>{''.join(content)}</{name}>" if content else f"<{name}{words}/>"


def _spell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


def write(x: float, y: float, words: str, size: float = 13.0, **attributes: object) -> str:
    """A line of text with its baseline at y."""
    settings: dict[str, object] = {"x": float(x), "y": float(y), "font_size": size, "fill": INK}
    return draw("text", escape(words), **(settings | attributes))


def write_over(x: float, y: float, words: str, size: float = 13.0, **attributes: object) -> str:
    """A line of text with a rim of the colour of the paper, legible across lines."""
    rim: dict[str, object] = {
        "stroke": PAPER,
        "stroke_width": 4,
        "paint_order": "stroke",
        "stroke_linejoin": "round",
    }
    return write(x, y, words, size, **(rim | attributes))


def rect(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """A rectangle."""
    return draw(
        "rect", x=float(x), y=float(y), width=float(width), height=float(height), **attributes
    )


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """A straight line; thin and of the colour of rules unless told otherwise."""
    settings: dict[str, object] = {"stroke": RULE, "stroke_width": 1}
    ends = {"x1": float(x1), "y1": float(y1), "x2": float(x2), "y2": float(y2)}
    return draw("line", **(ends | settings | attributes))


def hint(words: str) -> str:
    """Text that shows when the pointer rests on the element that holds it."""
    return draw("title", escape(words))


def place_image(png: bytes, x: float, y: float, width: float, height: float) -> str:
    """A picture inside the drawing."""
    address = "data:image/png;base64," + b64encode(png).decode("ascii")
    return draw(
        "image", x=float(x), y=float(y), width=float(width), height=float(height), href=address
    )


def finish(width: float, height: float, *content: str) -> str:
    """The whole drawing."""
    return draw(
        "svg",
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_spell(float(width))} {_spell(float(height))}",
        width=float(width),
        height=float(height),
        font_family=FONT,
    )


def estimate_width(words: str, size: float = 13.0) -> float:
    """How wide a line of text is at most, in drawing units."""
    return WIDE * size * len(words)


def shorten(words: str, room: float, size: float = 13.0) -> str:
    """The words, cut with an ellipsis if they might not fit the room."""
    most = max(int(room / (WIDE * size)), 2)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def hatch(id: str, ground: str, stroke: str, style: str) -> str:
    """A pattern on a ground: "plain", "rising", "falling", "dots", "upright" or "cross"."""
    strokes = {
        "plain": "",
        "rising": "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4",
        "falling": "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4",
        "upright": "M2,0 v8 M6,0 v8",
        "level": "M0,2 h8 M0,6 h8",
        "cross": "M0,0 l8,8 M8,0 l-8,8",
        "dots": "",
    }
    content = [rect(0, 0, 8, 8, fill=ground)]
    if strokes[style]:
        content.append(draw("path", d=strokes[style], stroke=stroke, stroke_width=1.3, fill="none"))
    if style == "dots":
        content += [draw("circle", cx=x, cy=y, r=1.2, fill=stroke) for x, y in ((2, 2), (6, 6))]
    return draw("pattern", *content, id=id, width=8, height=8, patternUnits="userSpaceOnUse")


Box = tuple[str, float, float, float, float]
"""Id of a pattern, x, y, width and height of a box to be filled with it."""


def fill_boxes(boxes: list[Box]) -> str:
    """One path for each pattern over all its boxes.

    Browsers turn each use of a pattern into a picture when they print; one use for each
    pattern keeps a printed page small.
    """
    paths: dict[str, list[str]] = {}
    for pattern, x, y, width, height in boxes:
        step = f"M{x:.1f},{y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"
        paths.setdefault(pattern, []).append(step)
    return "".join(
        draw("path", d="".join(paths[pattern]), fill=f"url(#{pattern})")
        for pattern in sorted(paths)
    )


def outline_box(box: Box, words: str, **attributes: object) -> str:
    """The box without its fill, with words that show when the pointer rests on it."""
    _, x, y, width, height = box
    shape = rect(x, y, width, height, fill="none", pointer_events="all", **attributes)
    return draw("g", hint(words), shape)


def mark_twin(twin: TwinId, x: float, y: float, size: float = 9.0) -> str:
    """The badge of a twin, its letter in its shape and colour, centred at (x, y)."""
    sign = SIGNS[twin]
    if sign.shape == "circle":
        shape = draw("circle", cx=float(x), cy=float(y), r=size, fill=sign.colour)
    else:
        shape = rect(x - size, y - size, 2 * size, 2 * size, fill=sign.colour, rx=1)
    words = write(
        x,
        y + 0.47 * size,
        sign.letter,
        1.25 * size,
        text_anchor="middle",
        font_weight=700,
        fill="#1b1f24" if is_light(sign.colour) else "#ffffff",
    )
    return shape + words


def is_light(colour: str) -> bool:
    """Whether dark letters read better than white ones on the colour."""
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return 0.3 * red + 0.59 * green + 0.11 * blue > 128


def mark_number(number: int, x: float, y: float, size: float = 10.0) -> str:
    """A numbered badge, black on white with a black rim, legible on any ground."""
    disc = draw(
        "circle",
        cx=float(x),
        cy=float(y),
        r=size,
        fill="#ffffff",
        stroke="#1b1f24",
        stroke_width=1.5,
    )
    return disc + write(
        x,
        y + 0.4 * size,
        str(number),
        1.1 * size,
        text_anchor="middle",
        font_weight=700,
        fill="#1b1f24",
    )


def stack_labels(spans: list[tuple[float, float]], gap: float = 8.0) -> list[int]:
    """The row of each label so that none overlaps its neighbour; spans sorted by start."""
    ends: list[float] = []
    rows = []
    for start, end in spans:
        row = next((n for n, last in enumerate(ends) if last + gap <= start), len(ends))
        if row == len(ends):
            ends.append(end)
        ends[row] = end
        rows.append(row)
    return rows
