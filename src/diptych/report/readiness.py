"""What would make the day ready: first pairs, reserve, who must not fall ill, drills."""

import re
from collections.abc import Iterable, Sequence

from diptych.model import (
    Block,
    Coverage,
    Drill,
    EmergencyCover,
    Gap,
    Links,
    Mending,
    PairAnswer,
    Paragraph,
    Pillar,
    Reserve,
    Schedule,
    Section,
    SetCount,
    SetGap,
    Table,
    ThinSpot,
    TwinId,
)
from diptych.report.blocks import table
from diptych.report.inputs import Readiness
from diptych.report.shortages import Roll
from diptych.report.words import count_things, sign_twin, tell_length, tell_share

MOST_ROWS = 12
SHEETS = (("All drills, to print and tick off", "drills.html"),)
SIZES = {1: "single hazards", 2: "pairs", 3: "triples", 4: "sets of four"}


def write_readiness(
    coverage: Coverage, schedule: Schedule, readiness: Readiness
) -> tuple[Section, ...]:
    """The section "What would make it ready"; none where there is nothing to say."""
    roll = Roll(schedule, coverage.hazards)
    blocks: tuple[Block, ...] = (
        *tabulate_pairs(readiness.pairs, roll),
        *tabulate_emergency(coverage.emergency, roll),
        *tell_reserve(readiness.reserve, roll, laid=readiness.laid),
        *tabulate_mendings(readiness.mendings, roll),
        *tabulate_pillars(readiness.pillars, roll),
        *tabulate_thin(readiness.thin, roll),
        *tabulate_drills(readiness.drills, most=MOST_ROWS),
        *((Links(entries=SHEETS),) if readiness.drills else ()),
    )
    if not blocks:
        return ()
    return (Section(id="readiness", title="What would make it ready", blocks=blocks),)


def sign_words(text: str) -> str:
    """The text with each "twin A" and "twin B" with its sign."""
    return re.sub(r"\btwin ([AB])\b", lambda found: f"twin {sign_twin(TwinId(found[1]))}", text)


def tabulate_pairs(pairs: Sequence[PairAnswer], roll: Roll) -> tuple[Table, ...]:
    """The pairs to look at first, each with its cover and who goes where at its worst minute."""
    if not pairs:
        return ()
    headings = (
        "Pair",
        "Covered",
        "By one way only",
        "Worst minute",
        "Who goes where then",
        "Why first, and from where",
    )
    return (table("Pairs to look at first", headings, (_pair(pair, roll) for pair in pairs)),)


def _pair(pair: PairAnswer, roll: Roll) -> tuple[str, ...]:
    if pair.worst is None:
        never = "cannot strike together on this day"
        return (sign_words(pair.title), never, "-", "-", "-", _why(pair))
    gaps = tell_once(gap.missing for gap in pair.gaps)
    share = tell_share(pair.covered / pair.minutes) if pair.minutes else "-"
    state = f"{share} of {tell_length(pair.minutes)}"
    return (
        sign_words(pair.title),
        f"GAP: {state}; {gaps}" if gaps else state,
        tell_length(pair.thin),
        f"{roll.clock(pair.worst)}, {_tell_slack(pair.slack)}",
        _tell_responders(pair, roll),
        _why(pair),
    )


def tell_once(told: Iterable[str]) -> str:
    """What several gaps lack, each thing once ("needs 2 rapid infuser; 1 at hand")."""
    parts = (part for words in told for part in words.replace("; needs ", "\nneeds ").split("\n"))
    return "; ".join(dict.fromkeys(parts))


def _why(pair: PairAnswer) -> str:
    called = "ASSUMPTION" if pair.confidence == "assumption" else f"confidence {pair.confidence}"
    return f"{sign_words(pair.why)} Source: {pair.source} ({called})"


def _tell_slack(slack: int) -> str:
    if slack < 0:
        return f"{-slack} too few"
    return f"{slack} to spare" if slack else "nobody to spare"


def _tell_responders(pair: PairAnswer, roll: Roll) -> str:
    parts = []
    for id in dict.fromkeys(responder.hazard for responder in pair.responders):
        here = [r for r in pair.responders if r.hazard == id]
        people = [f"{r.asked}: {roll.name(r.who) if r.who else 'NOBODY'}" for r in here]
        title = roll.title(id)
        parts.append(f"{title[:1].upper()}{title[1:]}: {', '.join(people)}")
    return ". ".join(parts)


def tabulate_emergency(rows: Sequence[EmergencyCover], roll: Roll) -> tuple[Block, ...]:
    """From which steps the way out is staffed if one twin is dying, and where it is not."""
    if not rows:
        return ()
    short = [row for row in rows if row.staffed < row.minutes]
    steps = len({row.step for row in rows if row not in short} - {row.step for row in short})
    longest = max(row.longest for row in rows)
    text = (
        f"If one twin is dying: from {count_things(steps, 'step')} the emergency path is staffed at"
        f" every minute, whichever twin it is; it takes {longest}\u00a0min at most."
    )
    found = [
        (
            row.title,
            sign_twin(row.dying),
            f"{row.longest}\u00a0min",
            tell_share(row.staffed / row.minutes),
            _tell_unstaffed(row, roll),
        )
        for row in short
    ]
    headings = ("Step", "Dying", "Longest way out", "Staffed", "Not staffed")
    caption = "Steps from which the emergency path is not always staffed"
    return (Paragraph(text=text), *((table(caption, headings, found),) if found else ()))


def _tell_unstaffed(row: EmergencyCover, roll: Roll) -> str:
    told = [f"GAP {roll.span(gap.start, gap.end)}: {gap.missing}" for gap in row.gaps[:3]]
    more = len(row.gaps) - len(told)
    return "; ".join(told) + (f"; {more} more" if more else "")


def tell_reserve(reserve: Reserve | None, roll: Roll, *, laid: bool = False) -> tuple[Block, ...]:
    """The smallest reserve: who stands by when, who is kept longer, which kit, and what it does."""
    if reserve is None:
        return ()
    what = " and ".join(SIZES[order] for order in range(1, reserve.order + 1))
    size = f"{count_things(reserve.size, 'person or piece of kit', 'people and pieces of kit')}"
    proof = (
        "Proven: no smaller one does."
        if reserve.proven
        else f"NOT PROVEN to be the smallest; at least {reserve.least} are needed."
    )
    text = f"The smallest reserve that covers all {what}: {size}, {tell_length(reserve.minutes)}"
    text += f" of standing by and longer hours in all. {proof}"
    if reserve.beyond:
        text += f" {count_things(len(reserve.beyond), 'gap')} no reserve could close."
    if reserve.open:
        text += f" {count_things(len(reserve.open), 'gap')} stay open."
    if laid:
        text += " This day holds it: those who stand by are still to be found and named."
    headings = ("Who or what", "How many", "From", "To")
    return (
        Paragraph(text=text),
        table("The reserve", headings, _reserve_rows(reserve, roll)),
        _effect(reserve),
    )


def _reserve_rows(reserve: Reserve, roll: Roll) -> Iterable[tuple[str, ...]]:
    titles = {role.id: role.title for role in roll.schedule.procedure.roles}
    for watch in reserve.watches:
        title = titles.get(watch.role, str(watch.role))
        yield (
            f"{title} standing by",
            str(watch.count),
            roll.clock(watch.start),
            roll.clock(watch.end),
        )
    for row in reserve.longer:
        name = f"{roll.name(row.staff)} ({roll.role(row.staff)}), kept longer or called earlier"
        span = roll.clock(row.new_start), roll.clock(row.new_end)
        yield name, "-", *span
    for spare in reserve.kit:
        yield f"{roll.kit(spare.kind)}, one more of", str(spare.count), "all day", "all day"


def _effect(reserve: Reserve) -> Table:
    rows = [
        (SIZES[one.order].capitalize(), _share(one), _share(two))
        for one, two in zip(reserve.before, reserve.after, strict=True)
    ]
    return table("Covered without and with the reserve", ("Sets", "Without", "With"), rows)


def _share(count: SetCount) -> str:
    return tell_share(count.covered / count.combinations if count.combinations else 1.0)


def tabulate_mendings(
    mendings: Sequence[tuple[Gap | SetGap, Sequence[Mending]]], roll: Roll
) -> tuple[Table, ...]:
    """For each gap the smallest changes that close it."""
    if not mendings:
        return ()
    rows = [
        (
            " with ".join(roll.title(id) for id in gap.hazards),
            gap.missing,
            sign_words("; or ".join(m.words for m in found[:3]))
            or "nothing smaller than a reserve",
        )
        for gap, found in mendings[:MOST_ROWS]
    ]
    headings = ("Gap", "What is missing", "Smallest changes that close it")
    return (table("What would close the first gaps", headings, rows),)


def tabulate_pillars(pillars: Sequence[Pillar], roll: Roll) -> tuple[Table, ...]:
    """Who must not fall ill, and which kit must not fail."""
    if not pillars:
        return ()
    rows = [
        (
            f"{roll.name(p.who)} ({roll.role(p.who)})" if roll.role(p.who) else roll.name(p.who),
            tell_share(p.lost[0] / p.covered[0]) if p.covered[0] else "-",
            tell_share(p.lost[1] / p.covered[1]) if len(p.lost) > 1 and p.covered[1] else "-",
            "; ".join(f"{roll.title(id)} {tell_length(minutes)}" for id, minutes in p.hazards[:3]),
        )
        for p in pillars[:MOST_ROWS]
    ]
    headings = ("Without", "Single hazards lost", "Pairs lost", "No longer answered, alone")
    return (table(_most("Who must not fall ill, what must not fail", pillars), headings, rows),)


def tabulate_thin(thin: Sequence[ThinSpot], roll: Roll) -> tuple[Table, ...]:
    """Hazards that are covered by one way only, the longest first."""
    if not thin:
        return ()
    longest = sorted(thin, key=lambda spot: (-spot.minutes, spot.hazard, spot.spans))
    rows = [
        (
            roll.title(spot.hazard),
            ", ".join(roll.span(*span) for span in spot.spans[:3])
            + (f", {len(spot.spans) - 3} more" if len(spot.spans) > 3 else ""),
            tell_length(spot.minutes),
            ", ".join(roll.name(who) for who in spot.only),
        )
        for spot in longest[:MOST_ROWS]
    ]
    headings = ("Hazard", "When", "How long", "Only with")
    return (table(_most("Covered by one way only", thin), headings, rows),)


def tabulate_drills(drills: Sequence[Drill], *, most: int) -> tuple[Table, ...]:
    """What to rehearse first: the likely and grave whose cover is thin."""
    if not drills:
        return ()
    rows = [
        (
            str(n),
            sign_words(drill.title),
            tell_share(drill.thinness),
            tell_length(drill.gap_minutes),
            tell_length(drill.thin_minutes),
            f"{drill.risk:.2g}",
            f"{drill.score:.2g}",
        )
        for n, drill in enumerate(drills[:most], start=1)
    ]
    headings = (
        "No.",
        "Drill",
        "Thin",
        "Not covered",
        "By one way only",
        "Risk (chance x gravity)",
        "Risk x thinness",
    )
    return (table(_most("What to rehearse first", drills, most), headings, rows),)


def _most(caption: str, rows: Sequence[object], most: int = MOST_ROWS) -> str:
    return f"{caption} (the first {most} of {len(rows)})" if len(rows) > most else caption
