"""The countdown to print: what must have happened before the day, both twins side by side."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from diptych.model import (
    Block,
    Confidence,
    Countdown,
    Dossier,
    Fast,
    Minute,
    Paragraph,
    Preparation,
    Schedule,
    Section,
    TwinId,
    Wait,
)
from diptych.report.blocks import list_paragraphs, table
from diptych.report.fingerprint import name_values
from diptych.report.words import NBSP, sign_twin, tell_before, tell_clock, tell_length

COUNTDOWN_COLUMNS = (
    "latest_min",
    "latest",
    "what",
    "twin",
    "who",
    "earliest_min",
    "earliest",
    "earliest_counted_from",
    "counted_from",
    "counted_from_min",
    "lead_min",
    "lead_least_min",
    "lead_most_min",
    "confidence",
    "source",
    "row",
)
_LEAD = (
    "Counted back from the planned minutes of the day, which begins at {start}. A new plan makes a"
    " new countdown: print it again. Where two guidelines differ the stricter one counts, and the"
    " other is the end of the range. What is marked assumption is made up: the team's own figures"
    " belong in its place (CASE/tables/countdown.toml)."
)


def write_countdown(
    preparation: Preparation,
    schedule: Schedule,
    banner: str = "",
    names: Mapping[TwinId, str] | None = None,
) -> Dossier:
    """One page in the order of the last minute for each thing, fasting apart; on its back the
    sources. `names` stand beside the letters of the twins.
    """
    heads = _headings(names or {})
    start = schedule.procedure.day_start
    values = name_values(countdown=preparation, schedule=schedule)
    fasting = [one for one in preparation.rows if one.feed is not None]
    others = [one for one in preparation.rows if one.feed is None]
    blocks: tuple[Block, ...] = (
        Paragraph(text=_LEAD.format(start=start)),
        table(
            "Before the day, and what has to be called for within it",
            heads,
            _rows(others, start),
        ),
        table("Fasting before each twin's own induction", heads, _rows(fasting, start)),
        *_tell_wait(preparation.wait, start),
        *_tell_fed(preparation, heads, start),
        *list_paragraphs((f"Not counted: {text}." for text in preparation.absent), "doubt"),
    )
    return Dossier(
        title="Countdown to the day",
        banner=banner,
        sections=(
            Section(id="countdown", title="Countdown to the day", blocks=blocks),
            _write_grounds(preparation.rows),
        ),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def _headings(names: Mapping[TwinId, str]) -> tuple[str, ...]:
    twins = (" ".join((sign_twin(twin), *names.get(twin, "").split(), "by")) for twin in TwinId)
    return ("What", *twins, "Who sees to it", "Counted back from", "Lead (range)", "Grounds")


def _rows(rows: Sequence[Countdown], start: str) -> Iterator[tuple[str, ...]]:
    """The rows of one thing for both twins on one line, by the earlier of the two."""
    order = list(dict.fromkeys(one.key for one in rows))
    ranked = sorted(rows, key=lambda one: order.index(one.key))
    for _, group in groupby(ranked, key=lambda one: one.key):
        own = {one.twin: one for one in group}
        first = next(iter(own.values()))
        box = f"☐{NBSP}"
        cells = [_when(own.get(twin, own.get(None)), start) for twin in TwinId]
        grounds = first.confidence.value
        if first.confidence is not Confidence.ASSUMPTION:
            grounds = f"published, {grounds}"
        whole, each = (box, "") if None in own else ("", box)
        cells = [f"{each}{cell}" for cell in cells]
        yield (f"{whole}{first.title}", *cells, first.who, first.anchor, _lead(first), grounds)


def _when(one: Countdown | None, start: str) -> str:
    if one is None:
        return "-"
    latest = tell_before(one.latest, start)
    if one.earliest is None:
        return latest
    earliest = tell_before(one.earliest, start)
    if one.fits:
        return f"from {earliest} to{NBSP}{latest}"
    return f"NO moment fits: not before {earliest}, not after {latest}"


def _lead(one: Countdown) -> str:
    least, most = (one.at - minute for minute in reversed(one.by_range))
    lead = tell_long(one.at - one.latest)
    return lead if least == most else f"{lead} ({tell_long(least)} to {tell_long(most)})"


def _write_grounds(rows: Sequence[Countdown]) -> Section:
    """The back of the page: where each lead comes from."""
    known = {one.key: one for one in rows}
    told = [(one.title, one.confidence.value, one.source) for one in known.values()]
    return Section(
        id="countdown-grounds",
        title="Where the leads of the countdown come from",
        blocks=(table("One row for each lead", ("What", "Confidence", "Source"), told),),
    )


def tell_long(minutes: int) -> str:
    """A length of time; whole days from two days on."""
    days, rest = divmod(minutes, 1440)
    return f"{days}{NBSP}d" if days > 1 and not rest else tell_length(minutes)


def _tell_wait(wait: Wait | None, start: str) -> Iterator[Paragraph]:
    if wait is None:
        return
    first, second = sign_twin(wait.twin.other), sign_twin(wait.twin)
    text = (
        f"{second} is anaesthetised second. If both drink for the last time by {first}'s clock,"
        f" {second} goes {tell_length(wait.longest)} without clear fluid, and"
        f" {tell_length(wait.at_most)} if the induction of {first} takes its most minutes: a tired,"
        f" dry infant. Give {second} clear fluid until {tell_before(wait.until, start)}."
    )
    yield Paragraph(text=text, kind="warning")


def _tell_fed(preparation: Preparation, heads: Sequence[str], start: str) -> Iterator[Block]:
    """What each twin had, and from when on it may be anaesthetised; a warning if it is too soon."""
    told: dict[str, dict[TwinId, str]] = {}
    broken = []
    for fast, begins in zip(preparation.fasts, preparation.starts, strict=True):
        told.setdefault(fast.feed.words, {})[fast.twin] = _fed(fast, begins, start)
        if begins < fast.over:
            broken.append(f"{sign_twin(fast.twin)} after {fast.feed.words}")
    if told:
        twins = (head.removesuffix(" by") for head in heads[1:3])
        rows = (
            (feed, *(own.get(twin, "not said") for twin in TwinId)) for feed, own in told.items()
        )
        yield table("What they were fed, as the case says", ("Last", *twins), rows)
    if broken:
        text = f"The plan does NOT keep the fast of {', '.join(broken)}."
        yield Paragraph(text=text, kind="warning")


def _fed(fast: Fast, begins: Minute, start: str) -> str:
    kept = "kept" if begins >= fast.over else "NOT KEPT"
    return (
        f"{tell_before(fast.fed, start)}, so not before {tell_clock(fast.over, start)}; planned"
        f" {tell_clock(begins, start)}, {tell_length(begins - fast.fed)} later: {kept}"
    )


def list_countdown(preparation: Preparation, start: str) -> list[tuple[object, ...]]:
    """Every row of the countdown for a spreadsheet, by the last minute for it."""
    return [
        (
            one.latest,
            tell_before(one.latest, start),
            one.title,
            "both" if one.twin is None else one.twin.value,
            one.who,
            "" if one.earliest is None else one.earliest,
            "" if one.earliest is None else tell_before(one.earliest, start),
            one.since,
            one.anchor,
            one.at,
            one.at - one.latest,
            one.at - one.by_range[1],
            one.at - one.by_range[0],
            one.confidence.value,
            one.source,
            one.key,
        )
        for one in preparation.rows
    ]
