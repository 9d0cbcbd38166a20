"""Pages to be printed and held in the hand: each section of a document on a page of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from math import ceil

from markupsafe import Markup

from diptych.formats.html import POLICY, SIGN_MARKS, make_environment, make_style
from diptych.model import SIGNS, Block, Dossier, Figure, Paragraph, Section, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A printed page: its CSS name, and the room inside its margins in millimetres.

    abreast : how many sections stand side by side on it; the room is that of one
    """

    name: str
    width: float
    height: float
    abreast: int = 1


A4 = Paper(name="A4 portrait", width=188.0, height=273.0)
A4_ACROSS = Paper(name="A4 landscape", width=275.0, height=186.0)
A5_PAIR = Paper(name="A4 landscape", width=131.0, height=186.0, abreast=2)
A3_ACROSS = Paper(name="A3 landscape", width=398.0, height=273.0)
_CLASSES = (90.0, 115.0, 145.0, 180.0, 220.0, 270.0)
"""Letters across a page for which columns are laid out; the next smaller holds."""
_STEPS, _GAP = 36, 2.2
"""In how many steps, and the space between two columns in letters."""
LARGEST, SMALLEST, STEP = 10.0, 5.5, 0.25
"""Sizes of type in points between which a page is fitted."""
_POINT = 25.4 / 72
_LETTER = 0.54
"""Mean width of a letter as a share of the size of type, on the safe side."""
_HEAD, _BOLD, _DARK = 1.7, 1.2, 1.06
"""Size of a heading as a multiple of the size of type; width of letters in headings and in
first columns as a multiple of that of plain ones."""
_BROAD = 0.6
"""What an m or w is broader than a letter of middling breadth, in letters."""
_SIGNS = tuple(SIGN_MARKS.values())
_FOOT = 5.0
"""The line at the end of a page, mm."""
_LINE = 1.28
_WRAP = 1.12
"""What words that are not broken cost in a paragraph, as a multiple of its letters."""
_SAFE = 0.98
"""Share of the page that estimates may fill."""
_FIGURE, _LEAST_FIGURE = 0.6, 60.0
"""Share of the page that a figure is to have, and the least height that it gets, mm."""
_PAD = 0.5
"""Space above, below and beneath a row, as a share of the size of type."""


def render_sheets(dossier: Dossier, paper: Paper = A4, lead: str = "") -> str:
    """The document as one HTML file; each section prints on one page of that paper, or on its
    share of one.

    The size of type of each page is chosen so that its tables fit, down to 5.5 points.
    `lead` stands beside the signs at the top of the page on a screen.
    """
    environment = make_environment()
    environment.filters["columns"] = partial(_columns, paper=paper)
    environment.filters["fit"] = lambda section: fit_page(section, paper)
    own = files("diptych.formats.html").joinpath("sheets.css").read_text("utf-8")
    own = own.replace("PAPER", paper.name)
    text: str = environment.get_template("sheets.html").render(
        dossier=dossier,
        style=Markup(make_style(dossier.banner) + own),  # noqa: S704 - our own style sheet
        policy=POLICY,
        lead=lead,
        abreast=paper.abreast,
        signs=[(twin.value, SIGN_MARKS[sign.shape], sign) for twin, sign in SIGNS.items()],
    )
    return text.lstrip()


def _columns(table: Table, section: Section, paper: Paper) -> Markup:
    letters = _letters(paper, fit_size(section, paper))
    shares = share_columns(table, _class_of(letters))
    cells = "".join(f'<col style="width:{100 * share:.1f}%">' for share in shares)
    return Markup(f"<colgroup>{cells}</colgroup>")  # noqa: S704 - numbers only


def fit_page(section: Section, paper: Paper) -> str:
    """CSS that fits the section on the page: size of type, and what is left for a figure."""
    size = fit_size(section, paper)
    left = max(_SAFE * paper.height - estimate_height(section, paper, size), _LEAST_FIGURE)
    return f"--size: {size:g}pt; --tall: {left:.0f}mm"


def fit_size(section: Section, paper: Paper) -> float:
    """The largest size of type, points, at which the section should fit the page."""
    figure = any(isinstance(block, Figure) for block in section.blocks)
    room = _SAFE * paper.height - (_FIGURE * paper.height if figure else 0.0)
    size = LARGEST
    while size > SMALLEST and estimate_height(section, paper, size) > room:
        size -= STEP
    return size


def estimate_height(section: Section, paper: Paper, size: float) -> float:
    """About how tall the printed section is without its figures, in millimetres, at that size
    of type in points.
    """
    em, letters = size * _POINT, _letters(paper, size)
    head = ceil(len(section.title) * _HEAD * _BOLD / letters) * _HEAD * 1.3 + 1.2
    return (head + sum(_block_height(block, letters) for block in section.blocks)) * em + _FOOT


def _letters(paper: Paper, size: float) -> float:
    """About how many letters of that size go across the page."""
    return paper.width / (size * _POINT * _LETTER)


def _class_of(letters: float) -> float:
    return max((each for each in _CLASSES if each <= letters), default=_CLASSES[0])


def _block_height(block: Block, letters: float) -> float:
    """Height of a block in multiples of the size of type."""
    if isinstance(block, Paragraph):
        return ceil(_WRAP * len(block.text) / letters) * 1.5 + 0.5
    if isinstance(block, Table):
        return 2.0 + 2.0 + _LINE * 1.2 + _rows_height(block, letters)
    if isinstance(block, Figure):
        return ceil(len(block.caption) / letters) * 1.3 + 0.8
    return 0.0


def _rows_height(table: Table, letters: float) -> float:
    """Height of all rows in multiples of the size of type."""
    widths = [share * letters for share in share_columns(table, _class_of(letters))]
    return sum(max(_lines(row, widths)) * _LINE + _PAD for row in table.rows)


def _lines(row: Sequence[str], widths: Sequence[float]) -> list[int]:
    return [
        ceil(len(cell) * (_DARK if n == 0 else 1.0) / max(width - _GAP, 1.0)) or 1
        for n, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


@cache
def share_columns(table: Table, letters: float) -> tuple[float, ...]:
    """The share of the width that each column of a page of so many letters gets.

    Each column has room for its longest word; what is left goes, a little at a time, where it
    saves most lines.
    """
    least = [
        max(
            longest_word(table.headings[n]) * _BOLD,
            max((longest_word(row[n]) for row in table.rows), default=0.0)
            * (_DARK if n == 0 else 1.0),
        )
        + _GAP
        for n in range(len(table.headings))
    ]
    widths = [width * min(1.0, letters / sum(least)) for width in least]
    step = max(letters - sum(widths), 0.0) / _STEPS
    for _ in range(_STEPS):
        costs = [_cost(table, widths, n, step) for n in range(len(widths))]
        widths[costs.index(min(costs))] += step
    return tuple(width / sum(widths) for width in widths)


def longest_word(text: str) -> float:
    """Letters of middling breadth in the longest word; a twin's sign is wider than its letters."""
    return max(
        len(word)
        + _BROAD * sum(letter in "mwMW" for letter in word)
        + (2.0 if word[:1] in _SIGNS else 0.6)
        for word in text.split(" ")
    )


def _cost(table: Table, widths: Sequence[float], column: int, step: float) -> float:
    """How tall the rows are, whole and broken lines mixed, if the column had that much more."""
    wider = [width + step if n == column else width for n, width in enumerate(widths)]
    total = 0.0
    for row in table.rows:
        parts = [len(cell) / (width - _GAP) for cell, width in zip(row, wider, strict=True)]
        total += max(_lines(row, wider)) + max(parts) + 0.05 * sum(parts)
    return total
