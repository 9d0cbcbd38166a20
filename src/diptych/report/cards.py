"""Role cards: for each person one page with their own day, breaks and hand-overs, and what to
do in the hazards that they are called to first.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from diptych.model import (
    Coverage,
    Dossier,
    Hazard,
    HazardId,
    Minute,
    Paragraph,
    Schedule,
    Section,
    SkillId,
    Staff,
    StaffId,
    Subject,
    Table,
    TwinId,
)
from diptych.report.blocks import table
from diptych.report.duties import DayBook, HandOver, Pause, Turn, merge_spans
from diptych.report.fingerprint import name_values
from diptych.report.words import (
    count_things,
    name_subject,
    sign_twin,
    tell_clock,
    tell_length,
    tell_span,
)

MOST_ROWS = 26
"""Rows of a day that fit a page; in a longer day, runs of tasks of one step become one row."""
MOST_HAZARDS = 10
TEAMS = {"A": sign_twin(TwinId.A), "B": sign_twin(TwinId.B), "both": "both twins"}


def write_cards(schedule: Schedule, coverage: Coverage | None = None, banner: str = "") -> Dossier:
    """A section for each person of the roster, in its order.

    coverage : if the contingencies are proven, each card says which hazards call the person
        first; without it, it says that this is not known
    banner : stands at the top of every page
    """
    book = DayBook(schedule)
    values = name_values(schedule=schedule)
    return Dossier(
        title="Role cards",
        banner=banner,
        sections=tuple(
            _card(book, person, number, coverage)
            for number, person in enumerate(book.procedure.staff, start=1)
        ),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def _card(book: DayBook, person: Staff, number: int, coverage: Coverage | None) -> Section:
    hours = _clock(book, person.start, person.end)
    about = (
        f"{book.role(person.id)}. Team: {TEAMS[person.team]}. Grade {person.grade} of 5. Can be"
        f" asked {hours}."
    )
    rows = write_turns(book, person.id)
    day: tuple[Table | Paragraph, ...] = (
        (table(_tell_load(book, person.id), ("Clock", "Whom", "Task", "Where", "With"), rows),)
        if rows
        else (Paragraph(text="No task in the plan of the day: at hand for what departs from it."),)
    )
    passed = [p for p in book.hand_overs if person.id in (p.giver, p.taker)]
    return Section(
        id=f"card-{number}",
        title=person.name,
        blocks=(
            Paragraph(text=about),
            *day,
            *((_hand_overs(book, person.id, passed),) if passed else ()),
            *_hazards(book, person.id, coverage),
        ),
    )


def _tell_load(book: DayBook, person: StaffId) -> str:
    turns = book.turns[person]
    work = merge_spans((turn.start, turn.end) for turn in turns)
    minutes = sum(end - start for start, end in work)
    return f"Your day: {count_things(len(turns), 'task')}, {tell_length(minutes)} on duty"


def write_turns(book: DayBook, person: StaffId) -> list[tuple[str, ...]]:
    """Rows of a person's day: turns and pauses in order of time.

    In a day of more than `MOST_ROWS`, runs of tasks become one row: first those of one step
    without a break between them, then those in one place, then those of one twin.
    """
    turns, pauses = book.turns.get(person, ()), book.pauses(person)
    runs = [[turn] for turn in turns]
    for same in (_same_step, _same_place, _same_subject):
        if len(runs) + len(_outside(runs, pauses)) <= MOST_ROWS:
            break
        runs = _fold(turns, same)
    before = [None, *(run[-1] for run in runs)]
    rows = [
        (run[0].start, 0, _turn(book, run, last, pauses))
        for run, last in zip(runs, before, strict=False)
    ]
    rows += [(pause.start, 1, _pause(book, pause)) for pause in _outside(runs, pauses)]
    return [row for *_, row in sorted(rows, key=lambda entry: entry[:2])]


def _same_step(one: Turn, two: Turn) -> bool:
    return (
        one.task.step == two.task.step
        and one.skills == two.skills
        and two.start <= one.end
        and _same_place(one, two)
    )


def _same_place(one: Turn, two: Turn) -> bool:
    return one.place == two.place and _same_subject(one, two)


def _same_subject(one: Turn, two: Turn) -> bool:
    return one.task.subject == two.task.subject


def _fold(turns: Sequence[Turn], same: Callable[[Turn, Turn], bool]) -> list[list[Turn]]:
    runs: list[list[Turn]] = []
    for turn in turns:
        if runs and same(runs[-1][-1], turn):
            runs[-1].append(turn)
        else:
            runs.append([turn])
    return runs


def _outside(runs: Sequence[Sequence[Turn]], pauses: Sequence[Pause]) -> list[Pause]:
    """Pauses that lie in no run of tasks."""
    return [pause for pause in pauses if not any(_within(pause, run) for run in runs)]


def _within(pause: Pause, run: Sequence[Turn]) -> bool:
    return run[0].start <= pause.start and pause.end <= run[-1].end


def _turn(
    book: DayBook, run: Sequence[Turn], last: Turn | None, pauses: Sequence[Pause]
) -> tuple[str, ...]:
    """The row of a turn, or of a run of them. What did not change since the turn before is not
    said again.
    """
    first, end = run[0], run[-1]
    task = first.task
    title = task.title
    if len(run) > 1:
        title = f"{count_things(len(run), 'task')}, from “{title}” to “{end.task.title}”"
        title += _tell_breaks(book, [pause for pause in pauses if _within(pause, run)])
    if last is None or last.skills != first.skills:
        title += f" (as {', '.join(first.skills)})"
    kit = sorted({id for turn in run for id in turn.task.equipment})
    if kit and (last is None or sorted(last.task.equipment) != kit):
        title += f"; kit: {', '.join(book.kit.get(id, str(id)) for id in kit)}"
    beside = tuple(dict.fromkeys(other for turn in run for other in turn.beside))
    names = ", ".join(book.name(other) for other in beside) or "-"
    same = last is not None and beside and beside == last.beside
    return (
        _clock(book, first.start, max(turn.end for turn in run)),
        name_subject(task.subject),
        title,
        book.tell_place(first.place, task.subject, (first.start, end.end)) or "-",
        "the same" if same else names,
    )


def _tell_breaks(book: DayBook, pauses: Sequence[Pause]) -> str:
    """The breaks within a run of tasks, the longest by their hours."""
    if not pauses:
        return ""
    longest = sorted(pauses, key=lambda pause: (pause.start - pause.end, pause.start))[:5]
    told = [_clock(book, p.start, p.end) for p in sorted(longest, key=lambda p: p.start)]
    more = f" and {len(pauses) - len(told)} more" if len(pauses) > len(told) else ""
    return f", breaks between them {', '.join(told)}{more}"


def _clock(book: DayBook, start: Minute, end: Minute) -> str:
    return tell_span(start, end, book.procedure.day_start)


def _pause(book: DayBook, pause: Pause) -> tuple[str, ...]:
    what = "Absent" if pause.absent else "Break, free"
    length = tell_length(pause.end - pause.start)
    return (_clock(book, pause.start, pause.end), "", f"{what}: {length}", "", "")


def _hand_overs(book: DayBook, person: StaffId, passed: Sequence[HandOver]) -> Table:
    rows = [
        (
            tell_overlap(book, entry),
            name_subject(entry.subject),
            str(entry.skill),
            "you" if entry.giver == person else book.name(entry.giver),
            "you" if entry.taker == person else book.name(entry.taker),
        )
        for entry in passed
    ]
    return table("Hand-overs", ("Clock", "Whom", "Duty", "From", "To"), rows)


def tell_overlap(book: DayBook, entry: HandOver) -> str:
    """When a duty passes: the minute, or from when to when both are there."""
    if entry.start == entry.end:
        return tell_clock(entry.start, book.procedure.day_start)
    return _clock(book, entry.start, entry.end)


def _hazards(
    book: DayBook, person: StaffId, coverage: Coverage | None
) -> tuple[Table | Paragraph, ...]:
    if coverage is None:
        words = "Who answers which hazard: in a planned case, see dossier/cards.html."
        return (Paragraph(text=words),)
    calls = _calls(person, coverage)
    if not calls:
        return (Paragraph(text="No hazard calls this person first."),)
    rows = [_hazard(book, *call) for call in calls[:MOST_HAZARDS]]
    more = len(calls) - len(rows)
    caption = "If this happens, you are called first"
    if more:
        caption += f" (the {len(rows)} gravest; {more} more stand in the dossier)"
    return (table(caption, ("Hazard", "Whom", "When", "As, within", "What is done"), rows),)


Call = tuple[Hazard, tuple[Subject, ...], tuple[SkillId, ...], list[tuple[Minute, Minute]]]


def _calls(person: StaffId, coverage: Coverage) -> list[Call]:
    """Hazards for which the person is a witness, the gravest first; both twins' as one."""
    hazards = {hazard.id: hazard for hazard in coverage.hazards}
    held: dict[HazardId, list[tuple[SkillId, Minute, Minute]]] = {}
    for cell in coverage.cells:
        for who, skill in cell.witness:
            if who == person and cell.covered:
                held.setdefault(cell.hazard, []).append((skill, cell.start, cell.end))
    found = sorted(
        (hazards[id] for id in held),
        key=lambda h: (-h.severity, _untwinned(h), h.response.actions, h.subject),
    )
    calls: list[Call] = []
    for _, group in groupby(found, key=lambda h: (_untwinned(h), h.response.actions)):
        kinds = list(group)
        turns = [turn for hazard in kinds for turn in held[hazard.id]]
        calls.append(
            (
                kinds[0],
                tuple(hazard.subject for hazard in kinds),
                tuple(dict.fromkeys(skill for skill, _, _ in turns)),
                merge_spans((start, end) for _, start, end in turns),
            )
        )
    return sorted(calls, key=lambda call: (-call[0].severity, -call[0].probability))


def _untwinned(hazard: Hazard) -> str:
    return hazard.title.replace(f"twin {hazard.subject}", "a twin")


def _hazard(
    book: DayBook,
    hazard: Hazard,
    subjects: Sequence[Subject],
    skills: Sequence[SkillId],
    spans: Sequence[tuple[Minute, Minute]],
) -> tuple[str, ...]:
    within = [demand.within for demand in hazard.response.demands if demand.skill in skills]
    when = ", ".join(_clock(book, start, end) for start, end in spans[:3])
    if len(spans) > 3:
        when += f", {count_things(len(spans) - 3, 'more stretch', 'more stretches')}"
    title = _untwinned(hazard) if len(subjects) > 1 else hazard.title
    return (
        title,
        ", ".join(name_subject(subject) for subject in subjects),
        when
        + (
            f", {count_things(len(spans) - 3, 'more stretch', 'more stretches')}"
            if len(spans) > 3
            else ""
        ),
        f"{', '.join(skills)}" + (f", {min(within)}\u00a0min" if within else ""),
        hazard.response.actions,
    )
