"""The page of counter-examples: where the cover fails, in words, and all of it as rows."""

from collections.abc import Iterator

from diptych.model import Coverage, Dossier, Paragraph, Schedule, Section
from diptych.report.blocks import table
from diptych.report.fingerprint import name_values
from diptych.report.shortages import (
    PLURALS,
    Roll,
    Shortage,
    group_gaps,
    list_gaps,
    tell_gap,
    tell_others,
)
from diptych.report.words import count_things

GAP_COLUMNS = (
    "hazards",
    "what",
    "from_min",
    "to_min",
    "from",
    "to",
    "missing",
    "too_few_by",
    "there_are",
)
ROWS_TO_A_PAGE = 13
TITLES = {1: "One hazard alone", 2: "Two at once", 3: "Three at once", 4: "Four at once"}
NONE = "No gap: everything that was examined is covered at every minute."


def write_gaps(coverage: Coverage, schedule: Schedule, banner: str = "") -> Dossier:
    """Pages to print: first what fails with one hazard, then with two, three and four.

    Gaps for which the same people or pieces are too few share a line; the line tells the one
    with the fewest hazards, and of these the one of the greatest chance times minutes.
    """
    roll = Roll(schedule, coverage.hazards)
    shortages = group_gaps(list_gaps(coverage), roll)
    values = name_values(coverage=coverage, schedule=schedule)
    return Dossier(
        title="Where the cover fails",
        banner=banner,
        sections=tuple(_pages(shortages, roll)) or (_empty(),),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def _pages(shortages: tuple[Shortage, ...], roll: Roll) -> Iterator[Section]:
    number = 0
    for size, title in TITLES.items():
        group = [s for s in shortages if len(s.worst.hazards) == size]
        cuts = range(0, len(group), ROWS_TO_A_PAGE)
        for page, cut in enumerate(cuts, start=1):
            more = f" ({page} of {len(cuts)})" if len(cuts) > 1 else ""
            here = group[cut : cut + ROWS_TO_A_PAGE]
            yield _page(title + more, here, roll, number)
            number += len(here)


def _page(title: str, shortages: list[Shortage], roll: Roll, before: int) -> Section:
    size = len(shortages[0].worst.hazards)
    numbered = enumerate(shortages, start=before + 1)
    rows: list[tuple[str, ...]]
    headings: tuple[str, ...] = ("No.", "When, what, and what is missing")
    if size == 1:
        caption = f"{count_things(len(shortages), 'hazard')} that cannot be answered even alone"
        rows = [(str(n), tell_gap(s.worst, roll)) for n, s in numbered]
    else:
        words = count_things(len(shortages), "shortage")
        caption = f"{words}, each told by the worst of its {PLURALS[size]}"
        headings = (*headings, "The same ones are too few for")
        rows = [(str(n), tell_gap(s.worst, roll), tell_others(s, roll)) for n, s in numbered]
    return Section(id=f"gaps-{before + 1}", title=title, blocks=(table(caption, headings, rows),))


def _empty() -> Section:
    return Section(id="gaps-1", title="No gap", blocks=(Paragraph(text=NONE),))


def list_gap_rows(coverage: Coverage, schedule: Schedule) -> Iterator[tuple[object, ...]]:
    """Every gap and each of its stretches, under GAP_COLUMNS; single hazards first."""
    roll = Roll(schedule, coverage.hazards)
    for gap in sorted(list_gaps(coverage), key=roll.rank):
        titles = " + ".join(
            roll.hazards[id].title if id in roll.hazards else id for id in gap.hazards
        )
        there = "; ".join(roll.name(id) for id in gap.free)
        for start, end in gap.spans:
            yield (
                " + ".join(gap.hazards),
                titles,
                start,
                end,
                roll.clock(start),
                roll.clock(end),
                gap.missing,
                gap.lacking or "",
                there,
            )
