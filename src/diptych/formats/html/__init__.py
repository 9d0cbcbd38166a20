"""The dossier as one HTML file that needs nothing else: no script, no request, no font.

Everything that came from a case is escaped by the template; drawings are checked, since they
go in as they are; a content security policy forbids scripts and requests in any case.
"""

import re
from html import escape
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from diptych.formats.html.drawing import embed_figure
from diptych.model import SIGNS, Dossier, Figure, InputError, Links, Paragraph, Table

POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'"
)
SLIM = 640.0
"""Drawing units; a drawing that is no wider shrinks with the page."""
SIGN_MARKS = {"circle": "●", "square": "■"}
_LOUD = re.compile(
    r"\b(GAP|NOT PROVEN|NOT CHECKED|NOT ACCEPTED|NOT PASSED|AMBIGUOUS|DOUBT|YES|NO)\b"
)


def render_html(dossier: Dossier) -> str:
    """The page as text (UTF-8 when written), the same for the same dossier.

    Raises InputError when a drawing holds a script or an address outside the page, or when
    a block is of a kind that the page does not know.
    """
    page: str = (
        make_environment()
        .get_template("page.html")
        .render(
            dossier=dossier,
            style=Markup(make_style(dossier.banner)),  # noqa: S704 - our own style sheet
            policy=POLICY,
            signs=[(twin.value, SIGN_MARKS[sign.shape], sign) for twin, sign in SIGNS.items()],
        )
    )
    return page


def make_environment() -> Environment:
    """The templates of this folder with the ways to show blocks and cells."""
    environment = Environment(
        loader=PackageLoader("diptych.formats.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["say"] = say_cell
    environment.filters["embed"] = embed_figure
    environment.filters["kind"] = name_block
    environment.filters["stacks"] = stacks_when_narrow
    environment.filters["breadth"] = name_breadth
    environment.filters["columns"] = str
    return environment


def name_block(block: object) -> str:
    """Which part of the template draws the block."""
    kinds = {Paragraph: "paragraph", Table: "table", Figure: "figure", Links: "links"}
    if type(block) not in kinds:
        raise InputError(
            f"a block of the dossier is {type(block).__name__}, expected a paragraph, a table or"
            " a figure",
            remedy="build the dossier from these",
        )
    return kinds[type(block)]


def say_cell(text: str) -> Markup:
    """Escaped text with the twins' signs in their colours and words of warning in bold."""
    safe = escape(text)
    for twin, sign in sorted(SIGNS.items()):
        mark = f"{SIGN_MARKS[sign.shape]}\u00a0{sign.letter}"
        safe = safe.replace(mark, f'<span class="twin twin-{twin.value.lower()}">{mark}</span>')
    safe = _LOUD.sub(lambda found: _loud(found.group(1)), safe)
    return Markup(safe)  # noqa: S704 - escaped above


def _loud(word: str) -> str:
    alarm = ' class="alarm"' if word == "GAP" else ""
    return f"<strong{alarm}>{word}</strong>"


def stacks_when_narrow(table: Table) -> bool:
    """Whether rows become cards on a narrow screen; twins' columns always stay side by side."""
    marks = [SIGN_MARKS[sign.shape] for sign in SIGNS.values()]
    twins = any(heading.startswith(tuple(marks)) for heading in table.headings)
    return len(table.headings) > 2 and not twins


def name_breadth(figure: Figure) -> str:
    """How wide a drawing is: "wide" for a chart of the whole day, printed on A3 across; "slim"
    for one that is legible on a phone without scrolling; else "fits".
    """
    found = re.search(r'viewBox="0 0 ([0-9.]+) ', figure.svg or "")
    width = float(found.group(1)) if found else 1000.0
    return "wide" if width > 1200.0 else "slim" if width <= SLIM else "fits"


def make_style(banner: str) -> str:
    """The style sheet with the colours of the twins and the banner of printed pages."""
    text = files("diptych.formats.html").joinpath("page.css").read_text("utf-8")
    colours = {f"--twin-{twin.value.lower()}": sign.colour for twin, sign in SIGNS.items()}
    declared = "".join(f"{name}:{value};" for name, value in sorted(colours.items()))
    return f":root{{{declared}}}\n" + text.replace("BANNER", _css_text(banner))


def _css_text(text: str) -> str:
    """The text with every sign but letters, digits and spaces written as a CSS escape.

    The space that ends an escape belongs to it; without one, a space of the text would be lost.
    """
    return "".join(
        sign if sign.isascii() and (sign.isalnum() or sign == " ") else f"\\{ord(sign):06x} "
        for sign in text
    )
