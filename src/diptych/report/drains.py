"""Which way the blood of each half of each brain leaves, and what the images allow, as tables."""

from collections.abc import Iterable

from diptych.model import DrainageShare, Scope, Table, TwinId, VesselNetwork
from diptych.report.blocks import table
from diptych.report.words import tell_share

HALVES = ("left", "right")
JUGULARS = tuple((twin, side) for twin in TwinId for side in HALVES)
Row = tuple[str, ...]


def tabulate_shares(network: VesselNetwork) -> tuple[Table, ...]:
    """Share of each hemisphere's drainage by each twin's jugulars; none where none is known.

    Left and right are each twin's own. A row's shares add up to all that the hemisphere drains.
    """
    if not network.shares:
        return ()
    outlets = (f"by {side} jugular of {twin}" for twin, side in JUGULARS)
    rows = [_share_row(network.shares, twin, half) for twin in TwinId for half in HALVES]
    crossed = [
        (f"of {twin}, through the other twin", f"{network.crossed(twin):.0f}\u00a0ml/min")
        for twin in TwinId
    ]
    headings = ("Hemisphere", "Drains", *outlets)
    return (
        table("Where the blood of each half of each brain leaves (computed)", headings, rows),
        table("Venous blood that leaves by the other twin's jugulars", ("Blood", "Flow"), crossed),
    )


def _share_row(shares: Iterable[DrainageShare], twin: TwinId, half: str) -> Row:
    mine = [share for share in shares if share.twin is twin and share.hemisphere == half]
    cells = [
        sum(s.share for s in mine if s.outlet is outlet and s.outlet_side == side)
        for outlet, side in JUGULARS
    ]
    return (
        f"{half} of {twin}",
        f"{sum(share.flow.value for share in mine):.0f}\u00a0ml/min",
        *(tell_share(round(cell, 2)) for cell in cells),
    )


def tabulate_scope(scope: Scope | None) -> tuple[Table, ...]:
    """Whether this is craniopagus, what limits the work, and what can and cannot be computed."""
    if scope is None:
        return ()
    answer = {True: "yes", False: "NO", None: "open: the images cannot say"}[scope.craniopagus]
    rows = [
        ("Joined by the calvaria alone (craniopagus)", answer),
        *(("Seen", words) for words in scope.findings),
        *(("Can be computed", words) for words in scope.possible),
        *(("Cannot be computed", words) for words in scope.impossible),
    ]
    return (table("What these images allow", ("Question", "Answer"), rows),)
