"""All contingencies: every set of hazards, whether it is covered, and where it is not."""

from diptych.model import (
    Block,
    Coverage,
    Links,
    Paragraph,
    Schedule,
    Section,
    SetCount,
    SetProof,
    Table,
)
from diptych.report.blocks import table
from diptych.report.daystrip import draw_strips
from diptych.report.pairmap import draw_pairs
from diptych.report.shortages import Roll, group_gaps, list_gaps, tell_gap, tell_others
from diptych.report.words import count_things, tell_share

SIZES = {1: "One hazard", 2: "Two at once", 3: "Three at once", 4: "Four at once"}
WORST = 10
SHEETS = (
    ("Every gap in words, to print", "gaps.html"),
    ("Every gap as a table for a spreadsheet", "gaps.csv"),
)


def write_all_hazards(coverage: Coverage, schedule: Schedule) -> tuple[Section, ...]:
    """The section of all sets of hazards; none where only single hazards were proved."""
    proof = coverage.sets
    if proof is None:
        return ()
    blocks: tuple[Block, ...] = (
        Paragraph(text=_verdict(proof), kind="text" if proof.certified else "warning"),
        _counts(proof),
        *_words(proof),
        Links(entries=SHEETS),
        _worst(coverage, schedule),
        draw_strips(coverage, proof, schedule),
        draw_pairs(coverage, proof),
    )
    return (Section(id="all-contingencies", title="All contingencies", blocks=blocks),)


def _verdict(proof: SetProof) -> str:
    total = sum(count.combinations for count in proof.counts)
    most = SIZES[proof.order].partition(" ")[0].lower()
    text = (
        f"Every set of up to {most} hazards was examined at every minute at which all of them can"
        f" strike: {_thousands(total)} combinations, none left out and none sampled."
    )
    if proof.certified:
        return f"{text} Certified: an independent checker went through the whole proof again."
    return f"{text} NOT CERTIFIED: no independent checker has accepted this proof."


def _words(proof: SetProof) -> tuple[Paragraph, ...]:
    best = any(count.best for count in proof.counts)
    return (
        Paragraph(
            text="Covered means: for every place that the hazards ask for there is a different"
            " person on shift with the skill who can be there in time without leaving what cannot"
            " wait, and kit for each. A gap is counted where fewer hazards at once would be"
            " covered. One after another means: in every order in which they can come, those"
            " called to the first stay with it, by the call-out list; for two hazards it was"
            f" {'shown' if best else 'NOT SHOWN'} that no other list answers more of them, for"
            " three it was not."
        ),
    )


def _counts(proof: SetProof) -> Table:
    return table(
        "What was examined",
        (
            "Hazards at once",
            "Combinations (sets of hazards, minutes)",
            "Different cases",
            "Covered",
            "Not covered",
            "Of these, gaps of their own",
            "One after another, in every order",
        ),
        (_count(count) for count in proof.counts),
    )


def _count(count: SetCount) -> tuple[str, ...]:
    share = count.covered / count.combinations if count.combinations else 1.0
    turned = tell_share(count.turned / count.turns) if count.turns else "-"
    return (
        SIZES[count.order],
        _thousands(count.combinations),
        _thousands(count.classes),
        tell_share(share),
        _thousands(count.combinations - count.covered),
        _thousands(count.gaps),
        turned,
    )


def _thousands(number: int) -> str:
    return f"{number:,}".replace(",", "\u00a0")


def _worst(coverage: Coverage, schedule: Schedule) -> Table:
    roll = Roll(schedule, coverage.hazards)
    shortages = group_gaps(list_gaps(coverage), roll)
    rows = [
        (str(n), tell_gap(s.worst, roll), tell_others(s, roll))
        for n, s in enumerate(shortages[:WORST], start=1)
    ]
    caption = "Where the cover fails first"
    if len(shortages) > WORST:
        caption += f" ({WORST} of {count_things(len(shortages), 'shortage')}; the rest beside it)"
    headings = ("No.", "When, what, and what is missing", "The same ones are too few for")
    return table(caption, headings, rows)
