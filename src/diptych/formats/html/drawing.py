"""Figures as they stand in the page: drawings inline, pictures as data addresses."""

import re
from base64 import b64encode
from html import escape

from markupsafe import Markup

from diptych.model import Figure, InputError

_FORBIDDEN = re.compile(
    r"<\s*(script|foreignObject|iframe|object|embed|style|link|set|animate)|\son\w+\s*=|javascript:",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:href|src)\s*=\s*[\"']([^\"']{0,40})", re.IGNORECASE)


def embed_figure(figure: Figure) -> Markup:
    """The drawing or picture as HTML; InputError if a drawing is not safe to embed."""
    if figure.svg is not None:
        _refuse_unsafe(figure)
        label = f'<svg role="img" aria-label="{escape(figure.alt)}"'
        return Markup(figure.svg.replace("<svg", label, 1))  # noqa: S704 - checked above
    data = b64encode(figure.png or b"").decode("ascii")
    return Markup('<img alt="{}" src="data:image/png;base64,{}">').format(figure.alt, data)


def _refuse_unsafe(figure: Figure) -> None:
    svg = figure.svg or ""
    found = _FORBIDDEN.search(svg)
    addresses = [a for a in _ADDRESS.findall(svg) if not a.startswith(("data:image/png", "#"))]
    if found or addresses or not svg.startswith("<svg"):
        what = found.group(0).strip() if found else (addresses or [svg[:20]])[0]
        raise InputError(
            f"figure {figure.id!r} holds {what!r}, which a page must not carry",
            remedy="draw it with plain shapes, words and embedded PNG pictures only",
        )
