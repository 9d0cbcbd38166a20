"""The drainage of both brains before and after the division, as figures of streams."""

from collections.abc import Mapping, Sequence

from diptych.model import (
    OWNER_COLOURS,
    Figure,
    NodeId,
    Owner,
    SeparationPlan,
    TwinDrainage,
    TwinId,
    VeinAllocation,
    VesselNetwork,
)
from diptych.report.fingerprint import name_values
from diptych.report.inputs import DossierInputs
from diptych.report.passage import Passage, trace_passages
from diptych.report.streams import (
    LOST,
    OWN,
    REST,
    Band,
    Bar,
    Key,
    Ruler,
    Streams,
    choose_ways,
    lay_streams,
)
from diptych.report.svg import (
    INK,
    MUTED,
    draw,
    finish,
    hatch,
    line,
    mark_twin,
    rect,
    shorten,
    write,
    write_over,
)
from diptych.report.words import tell_number, tell_share

WIDTH, EDGE, BAR, HEAD, TAIL = 600.0, 10.0, 13.0, 82.0, 22.0
COLUMNS = (EDGE, 168.0, 446.0)
"""Left edges of the bars of each column."""
TALL = 190.0
"""Drawing units for all blood of both twins."""
SIZE = 13.0
Roots = Mapping[NodeId, Key]


def draw_drainage(inputs: DossierInputs) -> tuple[Figure, ...]:
    """Figures of the plan proposed, before and after, and of the other plans, after.

    Plans without an allocation have none.
    """
    plans = [plan for plan in inputs.front.plans if plan.allocation is not None]
    proposed = [plan for plan in plans if plan.id == inputs.front.proposed]
    others = [plan for plan in plans if plan.id != inputs.front.proposed]
    figures = [_draw_one("drainage", inputs, proposed, before=True)] if proposed else []
    if others:
        figures.append(_draw_one("drainage-others", inputs, others, before=False))
    return tuple(figures)


def _draw_one(
    id: str, inputs: DossierInputs, plans: Sequence[SeparationPlan], *, before: bool
) -> Figure:
    network = inputs.anatomy.vessels
    states = list_states(network, plans, before=before)
    ways = choose_ways(*(passages for _, passages, _ in states))
    roots = name_roots(network)
    everything = max(sum(p.flow for p in passages) for _, passages, _ in states)
    ruler = Ruler(scale=TALL / max(everything, 1.0), gap=7.0, room=(44.0, 18.0, 34.0))
    y, body = 0.0, [_patterns(id)]
    for title, passages, drainage in states:
        streams = lay_streams(passages, ways, roots, ruler)
        panel = _panel(id, title, streams, drainage, _keepers(network, plans, title))
        body.append(draw("g", panel, transform=f"translate(0 {y:.1f})"))
        y += HEAD + streams.high + TAIL
    told = " ".join(_tell(title, passages, roots) for title, passages, _ in states)
    return Figure(
        id=id,
        caption=_caption(before),
        alt=f"Flow diagram of drainage. {told}",
        png=None,
        svg=finish(WIDTH, y, *body),
        values=name_values(vessels=network, keepers=[_given(plan).keepers for plan in plans]),
    )


def _caption(before: bool) -> str:
    what = (
        "Drainage before and after the proposed plan."
        if before
        else "Drainage after each of the other plans."
    )
    return (
        f"{what} From the left: each brain's blood, the first shared or severed vessel that it"
        " enters (with its ml/min), and the jugular that it leaves by. Width is ml/min, and what"
        " enters leaves. Crossed boxes: blood that would have no way out. Plain bands: of twin A;"
        " hatched: of twin B. Signs at a vessel: who keeps it. Computed by the flow model as if"
        " all blood with a way out leaves; vessels too thin to be seen are not in it."
    )


State = tuple[str, tuple[Passage, ...], Mapping[TwinId, TwinDrainage]]


def list_states(
    network: VesselNetwork, plans: Sequence[SeparationPlan], *, before: bool
) -> list[State]:
    """Title, passages and drainage of each panel; all plans have the same state before."""
    states: list[State] = []
    if before:
        given = _given(plans[0])
        passages = trace_passages(network, given.keepers, divided=False)
        states.append(("Before: all vessels in common", passages, given.before))
    for plan in plans:
        given = _given(plan)
        passages = trace_passages(network, given.keepers, divided=True)
        states.append((_title(plan), passages, given.after))
    return states


def _title(plan: SeparationPlan) -> str:
    return f"After: plan {plan.id}"


def _given(plan: SeparationPlan) -> VeinAllocation:
    assert plan.allocation is not None
    return plan.allocation


def name_roots(network: VesselNetwork) -> Roots:
    """The bar of each jugular: those of A first, by the side of that twin where it is known."""
    sides = {share.root: f"{share.outlet_side} " for share in network.shares if share.outlet_side}
    found = sorted(
        (node.root, sides.get(node.id, ""), node.id) for node in network.nodes if node.root
    )
    return {id: (twin.value, f"{side}jugular") for twin, side, id in found}


def _keepers(
    network: VesselNetwork, plans: Sequence[SeparationPlan], title: str
) -> Mapping[str, tuple[TwinId, ...]]:
    """Who keeps the vessels of each name after the plan of that title; none before."""
    plan = next((plan for plan in plans if _title(plan) == title), None)
    if plan is None:
        return {}
    names = {vessel.id: vessel.name for vessel in network.vessels}
    kept: dict[str, set[TwinId]] = {}
    for vessel, twin in _given(plan).keepers.items():
        kept.setdefault(names[vessel], set()).add(twin)
    return {name: tuple(sorted(twins)) for name, twins in kept.items()}


def _patterns(id: str) -> str:
    colour = OWNER_COLOURS[Owner.B]
    return draw(
        "defs",
        hatch(f"{id}-b", colour, "#ffffff", "falling"),
        hatch(f"{id}-lost", "#ffffff", "#1b1f24", "cross"),
    )


def _panel(
    id: str,
    title: str,
    streams: Streams,
    drainage: Mapping[TwinId, TwinDrainage],
    keepers: Mapping[str, tuple[TwinId, ...]],
) -> str:
    drawing = draw(
        "g",
        _fill_bands(id, streams),
        *(_draw_bar(id, bar) for bar in streams.bars),
        *(_name_bar(bar, keepers) for bar in streams.bars),
        transform=f"translate(0 {HEAD:.0f})",
    )
    return _heading(title, drainage) + drawing


def _heading(title: str, drainage: Mapping[TwinId, TwinDrainage]) -> str:
    parts = [write(EDGE, 20, title, 15, font_weight=700)]
    x = EDGE
    for twin in TwinId:
        entry = drainage[twin]
        words = f"{tell_share(round(entry.share, 2))} within the limit of pressure"
        parts += [mark_twin(twin, x + 7, 40, 7), write(x + 20, 44.5, words, SIZE)]
        x += 290
    titles = ("brain", "first shared vessel", "leaves by")
    parts += [write(x, 70, words, 12, fill=MUTED) for x, words in zip(COLUMNS, titles, strict=True)]
    return "".join(parts) + line(EDGE, 52, WIDTH - EDGE, 52)


def _fill_bands(id: str, streams: Streams) -> str:
    """The bands of each twin as one shape, which keeps a printed page small."""
    fills = {TwinId.A: OWNER_COLOURS[Owner.A], TwinId.B: f"url(#{id}-b)"}
    paths: dict[TwinId, list[str]] = {twin: [] for twin in TwinId}
    for band in streams.bands:
        paths[band.twin].append(outline_band(band))
    return "".join(
        draw("path", d="".join(paths[twin]), fill=fills[twin], fill_opacity=0.78)
        for twin in TwinId
        if paths[twin]
    )


def outline_band(band: Band) -> str:
    """The path of a band from its column to the next, with level ends."""
    left, right = COLUMNS[band.column] + BAR, COLUMNS[band.column + 1]
    middle = (left + right) / 2
    low, far = band.top + band.wide, band.bottom + band.wide
    return (
        f"M{left:.1f},{band.top:.2f}C{middle:.1f},{band.top:.2f} {middle:.1f},{band.bottom:.2f}"
        f" {right:.1f},{band.bottom:.2f}V{far:.2f}C{middle:.1f},{far:.2f} {middle:.1f},{low:.2f}"
        f" {left:.1f},{low:.2f}z"
    )


def _draw_bar(id: str, bar: Bar) -> str:
    lost = bar.key[0] == LOST
    return rect(
        COLUMNS[bar.column],
        bar.y,
        2 * BAR if lost else BAR,
        max(bar.tall, 1.0),
        fill=f"url(#{id}-lost)" if lost else INK,
        stroke=INK,
        stroke_width=1.5 if lost else 0.5,
    )


def _name_bar(bar: Bar, keepers: Mapping[str, tuple[TwinId, ...]]) -> str:
    middle = bar.y + bar.tall / 2
    flow = f"{bar.flow:.0f} ml/min"
    if bar.column == 0:
        twin = TwinId(bar.key[1])
        x = COLUMNS[0] + BAR + 14
        return mark_twin(twin, x, middle, 8) + write_over(
            x + 13, middle + 5, flow, SIZE, font_weight=700
        )
    if bar.column == 2:
        return _name_jugular(bar, middle, flow)
    x = COLUMNS[1] + BAR + 6
    signs, words = _say_way(bar, keepers)
    if bar.key[0] == LOST:
        x += BAR
    badges = [mark_twin(twin, x + 7 + 17 * n, middle, 7) for n, twin in enumerate(signs)]
    x += 17 * len(signs) + (2 if signs else 0)
    weight = 700 if bar.key[0] == LOST else 400
    room = COLUMNS[2] - x - 46
    unit = " ml/min" if bar.key[0] == LOST else ""
    words = f"{shorten(words, room, SIZE)}: {bar.flow:.0f}{unit}"
    return "".join(badges) + write_over(x, middle + 4.5, words, SIZE, font_weight=weight)


def _say_way(bar: Bar, keepers: Mapping[str, tuple[TwinId, ...]]) -> tuple[tuple[TwinId, ...], str]:
    kind, name = bar.key
    if kind == LOST:
        return (TwinId(name),), "no way out"
    if kind == OWN:
        return (TwinId(name),), "own veins alone"
    if kind == REST:
        return (), "other shared vessels"
    return keepers.get(name, ()), name


def _name_jugular(bar: Bar, middle: float, flow: str) -> str:
    twin, name = TwinId(bar.key[0]), bar.key[1]
    x = COLUMNS[2] + BAR + 6
    return (
        mark_twin(twin, x + 8, middle, 8)
        + write(x + 22, middle - 3, name, SIZE)
        + write(x + 22, middle + 12, flow, SIZE, font_weight=700)
    )


def _tell(title: str, passages: Sequence[Passage], roots: Roots) -> str:
    """The figures of a panel in words."""
    parts = []
    for twin in TwinId:
        mine = [p for p in passages if p.twin is twin]
        need = sum(p.flow for p in mine)
        shared = sum(p.flow for p in mine if p.via)
        lost = sum(p.flow for p in mine if p.root is None)
        other = sum(p.flow for p in mine if p.root and roots[p.root][0] != twin.value)
        parts.append(
            f"of twin {twin}'s {need:.0f} ml/min, {shared:.0f} enter shared vessels,"
            f" {tell_number(round(other))} leave by twin {twin.other}'s jugulars,"
            f" {tell_number(round(lost))} have no way out"
        )
    return f"{title}: {'; '.join(parts)}."
