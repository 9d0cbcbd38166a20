"""Shifts and breaks of everybody, and the sheets on which duties are handed over."""

from collections.abc import Sequence

from diptych.model import Dossier, Minute, Paragraph, Schedule, Section, Table, TwinId
from diptych.report.blocks import table
from diptych.report.cards import TEAMS, tell_overlap
from diptych.report.duties import DayBook, HandOver, Pause, concerns, merge_spans
from diptych.report.fingerprint import name_values
from diptych.report.words import name_subject, tell_clock, tell_length

SHIFT_COLUMNS = (
    "id",
    "person",
    "role",
    "team",
    "grade",
    "asked_from",
    "asked_to",
    "first_task",
    "last_end",
    "on_duty_min",
    "longest_stretch_min",
    "breaks",
    "absences",
    "tasks",
)


PAGE = 13
"""Hand-overs on one page, so that it can be read at arm's length."""
_SHEETS = (
    ("A", "Hand-overs of twin A"),
    ("B", "Hand-overs of twin B"),
    ("both", "Hand-overs in the work on both twins"),
)


def list_shifts(schedule: Schedule) -> list[tuple[object, ...]]:
    """A row for each person of the roster under `SHIFT_COLUMNS`; clock readings as text."""
    book = DayBook(schedule)
    clock = book.procedure.day_start
    rows: list[tuple[object, ...]] = []
    for person in book.procedure.staff:
        turns, span = book.turns.get(person.id, ()), book.span(person.id)
        spans = merge_spans((turn.start, turn.end) for turn in turns)
        pauses = book.pauses(person.id)
        rows.append(
            (
                person.id,
                person.name,
                book.role(person.id),
                person.team,
                person.grade,
                tell_clock(person.start, clock),
                tell_clock(person.end, clock),
                *((tell_clock(minute, clock) for minute in span) if span else ("", "")),
                sum(end - start for start, end in spans),
                _longest(book, spans),
                "; ".join(_tell(clock, p) for p in pauses if not p.absent),
                "; ".join(_tell(clock, p) for p in pauses if p.absent),
                len(turns),
            )
        )
    return rows


def _tell(clock: str, pause: Pause) -> str:
    """Both ends with their day, so that a sheet's program takes it for no formula."""
    return f"{tell_clock(pause.start, clock)} to {tell_clock(pause.end, clock)}"


def _longest(book: DayBook, spans: Sequence[tuple[Minute, Minute]]) -> int:
    """Longest time on duty without a break of the length that the rest rules ask for."""
    least = book.procedure.rest.shortest_break if book.procedure.rest else 1
    joined: list[tuple[Minute, Minute]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < least:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return max((end - start for start, end in joined), default=0)


def tabulate_shifts(schedule: Schedule) -> Table:
    """Everybody's shift and breaks, for people to read."""
    rows = []
    for row in list_shifts(schedule):
        shift = dict(zip(SHIFT_COLUMNS, row, strict=True))
        busy = bool(shift["tasks"])
        load = (
            f"{tell_length(_number(shift['on_duty_min']))}, at most"
            f" {tell_length(_number(shift['longest_stretch_min']))} at a stretch"
        )
        rows.append(
            (
                str(shift["person"]),
                str(shift["role"]),
                TEAMS[str(shift["team"])],
                f"{shift['asked_from']} to {shift['asked_to']}",
                f"{shift['first_task']} to {shift['last_end']}" if busy else "no task",
                load if busy else "-",
                str(shift["breaks"]) or "-",
                str(shift["absences"]) or "-",
            )
        )
    headings = (
        "Person",
        "Role",
        "Team",
        "Can be asked",
        "First to last task",
        "On duty",
        "Breaks",
        "Absent",
    )
    return table("Shifts and breaks", headings, rows)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def write_hand_overs(schedule: Schedule, banner: str = "") -> Dossier:
    """A sheet for each team's hand-overs: who, when, what is going on, what is still open."""
    book = DayBook(schedule)
    sections: list[Section] = []
    for key, title in _SHEETS:
        entries = [entry for entry in book.hand_overs if _side(entry) == key]
        pages = [entries[n : n + PAGE] for n in range(0, len(entries), PAGE)]
        for number, page in enumerate(pages, start=1):
            name = f"{title}, {number} of {len(pages)}" if len(pages) > 1 else title
            sections.append(_sheet(book, name, f"hand-overs-{key.lower()}-{number}", page))
    values = name_values(schedule=schedule)
    return Dossier(
        title="Hand-over sheets",
        banner=banner,
        sections=tuple(sections),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def _side(entry: HandOver) -> str:
    return entry.subject.value if entry.subject.value in tuple(TwinId) else "both"


def _sheet(book: DayBook, title: str, id: str, entries: Sequence[HandOver]) -> Section:
    rows = [
        (
            tell_overlap(book, entry),
            _tell_overlap_length(entry),
            name_subject(entry.subject),
            str(entry.skill),
            book.name(entry.giver),
            book.name(entry.taker),
            _going_on(book, entry),
            _next(book, entry),
            "☐",
        )
        for entry in entries
    ]
    headings = ("Clock", "Overlap", "Whom", "Duty", "From", "To", "Going on", "Comes next", "Said")
    words = (
        "Say for each: state of the twin, what is running, what was lost and given, what is open,"
        " what comes next. Tick when the one who takes over has said it back."
    )
    return Section(
        id=id,
        title=title,
        blocks=(Paragraph(text=words), table(title, headings, rows)),
    )


def _tell_overlap_length(entry: HandOver) -> str:
    return tell_length(entry.end - entry.start) if entry.end > entry.start else "none"


def _going_on(book: DayBook, entry: HandOver) -> str:
    """Work on that twin that has begun and goes on after the hand-over, watches apart."""
    clock = book.procedure.day_start
    open_ = [
        f"{book.tasks[each.task].title} (until {tell_clock(each.end, clock)})"
        for each in book.entries
        if each.start < entry.end < each.end
        and book.tasks[each.task].step
        and concerns(book.tasks[each.task].subject, entry.subject)
    ]
    return "; ".join(open_) or "-"


def _next(book: DayBook, entry: HandOver) -> str:
    """What begins next on that twin, and the next milestone."""
    clock = book.procedure.day_start
    coming = [
        each
        for each in book.entries
        if each.start >= entry.end
        and book.tasks[each.task].step
        and concerns(book.tasks[each.task].subject, entry.subject)
    ]
    ahead = sorted(
        (minute, milestone.title)
        for milestone in book.procedure.milestones
        if (minute := book.schedule.milestones.get(milestone.id)) is not None and minute > entry.end
    )
    words = [
        f"{tell_clock(each.start, clock)} {book.tasks[each.task].title}" for each in coming[:1]
    ]
    words += [f"{tell_clock(minute, clock)} {title} (milestone)" for minute, title in ahead[:1]]
    return "; ".join(dict.fromkeys(words)) or "-"
