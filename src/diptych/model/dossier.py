"""The document that people read: a tree of sections, free of file formats. Made by report."""

import re
from dataclasses import dataclass

from diptych.model.checks import require

_BESIDE = re.compile(r"[a-z0-9][a-z0-9-]*\.(?:html|svg|csv)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Plain text. `kind`: "text", "warning", "assumption" or "doubt"."""

    text: str
    kind: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text under headings; every row as long as the headings."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        require(
            all(len(row) == len(self.headings) for row in self.rows),
            f"table {self.caption!r} has rows that are not {len(self.headings)} cells long",
            remedy="give every row a cell under each heading",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture: PNG bytes or SVG text, with words for those who cannot see it.

    values : names and hashes of the values it was drawn from
    """

    id: str
    caption: str
    alt: str
    png: bytes | None
    svg: str | None
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        require(
            (self.png is None) != (self.svg is None),
            f"figure {self.id!r} needs exactly one of png and svg",
            remedy="draw it once",
        )
        require(
            bool(self.alt.strip()),
            f"figure {self.id!r} has no text for those who cannot see it",
            remedy="say in a sentence what the picture shows",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Files that lie beside the page: what each is, and its name there."""

    entries: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        odd = [name for _, name in self.entries if not _BESIDE.fullmatch(name)]
        require(
            not odd,
            f"link to {', '.join(map(repr, odd))}, expected the name of a file beside the page",
            remedy="give a name such as cards.html",
        )


Block = Paragraph | Table | Figure | Links


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and what stands under it."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """The whole report. `banner` stands at the top of every page ("not a patient")."""

    title: str
    banner: str
    sections: tuple[Section, ...]
    provenance: tuple[tuple[str, str], ...]
