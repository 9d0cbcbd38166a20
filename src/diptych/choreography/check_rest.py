"""The independent checker's rules of rest: work, span, stretch and the circadian low."""

from collections.abc import Iterator, Mapping, Sequence

from diptych.model import Assignment, Procedure, Rest, StaffId, Violation

Duties = Mapping[StaffId, tuple[Assignment, ...]]
_DAY = 1440


def find_tired(procedure: Procedure, duties: Duties) -> Iterator[Violation]:
    """Every rule of rest that somebody's duties (in order of start) break."""
    rest = procedure.rest
    if rest is None:
        return
    hours, minutes = procedure.day_start.split(":")
    opening = 60 * int(hours) + int(minutes)
    for person, entries in duties.items():
        yield from _check_totals(rest, person, entries)
        for stretch in _stretches(entries, rest.shortest_break):
            yield from _check_stretch(rest, opening, person, stretch)


def _violation(
    rule: str, message: str, entries: Sequence[Assignment], person: StaffId
) -> Violation:
    tasks = tuple(entry.task for entry in entries)
    return Violation(rule=rule, message=message, tasks=tasks, staff=(person,))


def _check_totals(
    rest: Rest, person: StaffId, entries: Sequence[Assignment]
) -> Iterator[Violation]:
    work = sum(entry.end - entry.start for entry in entries)
    if work > rest.longest_work:
        text = f"{person} works {work} min, at most {rest.longest_work} are allowed"
        yield _violation("work", text, entries, person)
    span = max(entry.end for entry in entries) - entries[0].start
    if rest.longest_span is not None and span > rest.longest_span:
        text = (
            f"{person} is on duty over {span} min from first to last, at most"
            f" {rest.longest_span} are allowed"
        )
        yield _violation("span", text, entries, person)


def _check_stretch(
    rest: Rest, opening: int, person: StaffId, stretch: Sequence[Assignment]
) -> Iterator[Violation]:
    begin, end = stretch[0].start, max(entry.end for entry in stretch)
    if end - begin > rest.longest_stretch:
        text = (
            f"{person} works {end - begin} min without a break of {rest.shortest_break},"
            f" at most {rest.longest_stretch}"
        )
        yield _violation("stretch", text, stretch, person)
    if rest.low_stretch is None or end - begin <= rest.low_stretch:
        return
    if _touches_low(rest, begin + opening, end + opening):
        text = (
            f"{person} works {end - begin} min without a break of {rest.shortest_break} at the"
            f" low of the night, at most {rest.low_stretch}"
        )
        yield _violation("low", text, stretch, person)


def _touches_low(rest: Rest, begin: int, end: int) -> bool:
    """Any minute from `begin` to `end` (clock minutes, days counted on) lies in a low."""
    first, last = rest.low or (0, 0)
    return any(
        begin < last + _DAY * day and first + _DAY * day < end for day in range(-1, end // _DAY + 2)
    )


def _stretches(entries: Sequence[Assignment], pause: int) -> Iterator[list[Assignment]]:
    """Runs of duties between which there is no break of that length."""
    run = [entries[0]]
    for entry in entries[1:]:
        if entry.start - max(one.end for one in run) >= pause:
            yield run
            run = []
        run.append(entry)
    yield run
