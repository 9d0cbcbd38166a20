"""Response cards: for each kind of hazard what is done, who comes, with what; two to a page."""

import re
from collections.abc import Sequence

from diptych.model import (
    Block,
    Confidence,
    Coverage,
    Dossier,
    Hazard,
    Paragraph,
    Schedule,
    Section,
    Subject,
    Table,
)
from diptych.report.blocks import table
from diptych.report.callorder import CalledPlace, find_window, order_calls
from diptych.report.doses import Weights, tabulate_doses
from diptych.report.fingerprint import name_values
from diptych.report.shortages import Roll, lower_first
from diptych.report.words import count_things, end_sentence, name_subject, tell_share

UNKNOWN: Weights = {}
MOST_CALLS = 5
"""Changes of a name that a cell shows; the rest stands in the table for a spreadsheet."""


def write_responses(
    coverage: Coverage, schedule: Schedule, banner: str = "", weights: Weights = UNKNOWN
) -> Dossier:
    """One card for each kind of hazard, the gravest and likeliest first.

    Both twins share a card, each with its own column of names and of doses.
    """
    roll = Roll(schedule, coverage.hazards)
    values = name_values(coverage=coverage, schedule=schedule)
    return Dossier(
        title="Response cards",
        banner=banner,
        sections=tuple(
            _card(number, group, (coverage, weights), roll)
            for number, group in enumerate(group_kinds(coverage.hazards), start=1)
        ),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def group_kinds(hazards: Sequence[Hazard]) -> tuple[tuple[Hazard, ...], ...]:
    """Hazards that differ only in the twin together, A first; the gravest, then likeliest first."""
    groups: dict[tuple[str, int, str], list[Hazard]] = {}
    for hazard in hazards:
        key = untwin(hazard), hazard.first_step, hazard.response.actions
        groups.setdefault(key, []).append(hazard)
    kinds = [tuple(sorted(group, key=lambda h: h.subject)) for group in groups.values()]
    return tuple(sorted(kinds, key=lambda kind: (-kind[0].severity, -kind[0].probability)))


def untwin(hazard: Hazard) -> str:
    """The title for either twin: " of twin A" left out after two words and more, else "a twin"."""
    if hazard.subject not in (Subject.A, Subject.B):
        return hazard.title
    title = re.sub(rf"(?<=\w \w)(.*) of twin {hazard.subject}$", r"\1", hazard.title)
    return title.replace(f"twin {hazard.subject}", "a twin")


def _card(
    number: int, kind: tuple[Hazard, ...], known: tuple[Coverage, Weights], roll: Roll
) -> Section:
    first, (coverage, weights) = kind[0], known
    blocks: tuple[Block, ...] = (
        Paragraph(text=_tell_when(kind, coverage, roll)),
        _steps(first),
        _callers(kind, coverage, roll),
        *_kit(first, roll),
        *tabulate_doses(kind, weights),
        *_meanwhile(kind, roll),
        *_sources(first),
    )
    return Section(id=f"response-{number}", title=untwin(first), blocks=blocks)


def _tell_when(kind: tuple[Hazard, ...], coverage: Coverage, roll: Roll) -> str:
    """Whom it can hit and when, how grave, how likely, for how long it holds people."""
    first = kind[0]
    whom = []
    for hazard in kind:
        window = find_window(coverage, hazard.id)
        hours = "not on this day" if window is None else roll.span(*window)
        whom.append(f"{name_subject(hazard.subject)} {hours}")
    low, high = tell_share(first.probability_low), tell_share(first.probability_high)
    each = " for each twin" if len(kind) > 1 else ""
    return (
        f"{'; '.join(whom)}. Gravity {first.severity} of 3. Chance{each}"
        f" {tell_share(first.probability)} ({low} to {high}). Holds people for about"
        f" {first.response.mode}\u00a0min ({first.response.low} to {first.response.high})."
    )


def split_actions(actions: str) -> tuple[str, ...]:
    """The sentences of the actions, each a step."""
    return tuple(
        end_sentence(part) for part in re.split(r"(?<=[.!?])\s+(?=[A-Z])", actions) if part.strip()
    )


def _steps(hazard: Hazard) -> Table:
    rows = [(str(n), step) for n, step in enumerate(split_actions(hazard.response.actions), 1)]
    return table("What is done", ("No.", "Step"), rows)


def _callers(kind: tuple[Hazard, ...], coverage: Coverage, roll: Roll) -> Table:
    """Each place of the response with those called first, twins side by side."""
    columns = [order_calls(coverage, hazard) for hazard in kind]
    rows = []
    for n, place in enumerate(columns[0]):
        names = [tell_calls(column[n], roll) for column in columns]
        rows.append((tell_place(place), f"{place.demand.within}\u00a0min", *names))
    whom = [name_subject(hazard.subject) for hazard in kind] if len(kind) > 1 else ["Who"]
    return table("Who comes: called first", ("As", "Within", *whom), rows)


def tell_place(place: CalledPlace) -> str:
    """What somebody is called as, numbered where several are, with the least grade."""
    name = str(place.demand.skill).replace("-", " ")
    number = f" {place.number}" if place.demand.count > 1 else ""
    return f"{name}{number}" + (f", grade {place.demand.grade}+" if place.demand.grade else "")


def tell_calls(place: CalledPlace, roll: Roll) -> str:
    """Who from when on; hours without anybody are named as a gap."""
    if not place.calls:
        return "-"
    told = [
        f"{roll.clock(call.start)} {'GAP' if call.person is None else roll.name(call.person)}"
        for call in place.calls[:MOST_CALLS]
    ]
    more = len(place.calls) - len(told)
    tail = f"; {count_things(more, 'change')} more, see call-outs.csv" if more else ""
    return "; ".join(told).replace(" +", "\u00a0+") + tail


def _kit(hazard: Hazard, roll: Roll) -> tuple[Paragraph, ...]:
    kit = [f"{n} x {roll.kit(id)}" for id, n in sorted(hazard.response.equipment.items())]
    text = f"Kit: {', '.join(kit) if kit else 'none beyond what stands there'}."
    if hazard.response.sterile:
        places = count_things(hazard.response.sterile, "more place", "more places")
        text += f" At the field of each twin in trouble: {places}."
    return (Paragraph(text=text),)


def _meanwhile(kind: tuple[Hazard, ...], roll: Roll) -> tuple[Paragraph, ...]:
    """What may be left undone, and what may follow."""
    texts = []
    if kind[0].response.meanwhile:
        texts.append(f"May be left meanwhile: {kind[0].response.meanwhile}")
    known = [roll.hazards[id] for h in kind for id in h.response.knock_on if id in roll.hazards]
    if known:
        names = dict.fromkeys(lower_first(untwin(hazard)) for hazard in known)
        texts.append(f"May follow: {', '.join(names)}.")
    return tuple(Paragraph(text=text) for text in texts)


def _sources(hazard: Hazard) -> tuple[Paragraph, ...]:
    """Where the card comes from; an assumption is called one."""
    if hazard.confidence is Confidence.ASSUMPTION:
        words = "ASSUMPTION, not a published figure"
        return (Paragraph(text=f"{words}: {hazard.source}.", kind="assumption"),)
    return (Paragraph(text=f"Source: {hazard.source}. Confidence: {hazard.confidence}."),)
