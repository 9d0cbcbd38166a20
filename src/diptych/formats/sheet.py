"""Rows as CSV that a spreadsheet opens without running anything in it."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def render_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text with a heading line.

    Text that a spreadsheet would take for a formula gets a leading apostrophe
    (OWASP, CSV injection: the signs = + - @, also in full width, and white space that some
    programs skip before them); numbers stay numbers.
    """
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _safe(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell
