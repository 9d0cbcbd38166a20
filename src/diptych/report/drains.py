"""Which way the blood of each half of each brain leaves, and what the images allow, as tables."""

from collections.abc import Iterable
from dataclasses import dataclass

from diptych.model import DrainageShare, Scope, Table, TwinId, VesselNetwork
from diptych.report.blocks import table, tabulate_vessels
from diptych.report.words import tell_measured, tell_share

HALVES = ("left", "right")
JUGULARS = tuple((twin, side) for twin in TwinId for side in HALVES)
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Words for blood that leaves brains, or comes to them."""

    halves: str
    verb: str
    way: str
    crossed: str


VENOUS = Direction(
    halves="Where the blood of each half of each brain leaves (computed)",
    verb="Drains",
    way="jugular",
    crossed="Venous blood that leaves by the other twin's jugulars",
)
ARTERIAL = Direction(
    halves="Where the blood of each half of each brain comes from (computed)",
    verb="Gets",
    way="neck",
    crossed="Arterial blood that comes from the other twin's neck",
)


def tabulate_shares(network: VesselNetwork, words: Direction) -> tuple[Table, ...]:
    """Share of each hemisphere's blood by each twin's roots; none where none is known.

    Left and right are each twin's own. A row's shares add up to all the hemisphere's blood.
    """
    if not network.shares:
        return ()
    outlets = (f"by {side} {words.way} of {twin}" for twin, side in JUGULARS)
    rows = [_share_row(network.shares, twin, half) for twin in TwinId for half in HALVES]
    crossed = [
        (f"of {twin}, through the other twin", f"{network.crossed(twin):.0f}\u00a0ml/min")
        for twin in TwinId
    ]
    headings = ("Hemisphere", words.verb, *outlets)
    return (
        table(words.halves, headings, rows),
        table(words.crossed, ("Blood", "Flow"), crossed),
    )


def tabulate_supply(network: VesselNetwork) -> tuple[Table, ...]:
    """The arteries, and where each hemisphere's blood comes from; none without arteries."""
    if not network.vessels:
        return ()
    return (
        *tabulate_shares(network, ARTERIAL),
        tabulate_vessels(network.vessels, title="Arteries found", brain="Brain fed"),
    )


def tabulate_places(network: VesselNetwork) -> tuple[Table, ...]:
    """Meeting places of vessels that have a name, with their pressure; none without any."""
    rows = [
        (
            node.name,
            tell_measured(node.pressure) if node.pressure else "not known",
            tell_share(round(node.name_confidence, 2)),
        )
        for node in sorted(network.nodes, key=lambda node: (node.name, node.id))
        if node.name
    ]
    headings = ("Place", "Pressure (computed)", "Confidence of the name")
    return (table("Where sinuses meet", headings, rows),) if rows else ()


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
