"""A day that was asked to be covered: for how many hazards at once, and by which reserve.

CASE/cover.toml holds the wish, so that every later command obeys it too.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from diptych.model import InputError, Reserve, Schedule, SetGap
from diptych.pipeline.folder import CaseFolder, read_text, write_atomically
from diptych.pipeline.manifest import program
from diptych.tables import load_table

TABLES = ("hazards", "reserve")
LARGEST = 3
_HEAD = """# For how many hazards at once every minute of the day must be covered (1 to 3), and how
# many days are made to choose from. Written by: diptych plan CASE --cover N (0 removes it).
"""
_FORM = "cover.toml may hold order = 1, 2 or 3, and tries = 1 to 10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Every set of up to `order` hazards is to be covered; the best of `tries` days is kept."""

    order: int
    tries: int = 2


def read_wish(folder: CaseFolder) -> Wish | None:
    """What the case wishes; None where nothing is wished. InputError for another form."""
    path = folder.root / "cover.toml"
    if not path.is_file():
        return None
    try:
        tree = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"cover.toml cannot be read: {error}", remedy=_FORM) from error
    unknown = sorted(set(tree) - {"order", "tries"})
    if unknown:
        raise InputError(f"cover.toml holds {', '.join(unknown)}", remedy=_FORM)
    order, tries = tree.get("order"), tree.get("tries", Wish(order=1).tries)
    for name, value, most in (("order", order, LARGEST), ("tries", tries, 10)):
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise InputError(
                f"cover.toml: {name} is {value!r}, expected a whole number from 1 to {most}",
                remedy=_FORM,
            )
    return Wish(order=int(str(order)), tries=int(str(tries)))


@contextmanager
def wished(folder: CaseFolder, order: int | None) -> Iterator[None]:
    """The case holds the wish within, and after; as before if an error ends it. 0: no wish."""
    if order is None:
        yield
        return
    folder.require()
    path = folder.root / "cover.toml"
    with folder.locked():
        before = path.read_bytes() if path.is_file() else None
        _write(folder, order)
        try:
            yield
        except (Exception, KeyboardInterrupt):
            path.unlink(missing_ok=True)
            if before is not None:
                write_atomically(path, before)
            raise


def _write(folder: CaseFolder, order: int) -> None:
    path = folder.root / "cover.toml"
    if order == 0:
        path.unlink(missing_ok=True)
        return
    try:
        tries = (read_wish(folder) or Wish(order=order)).tries
    except InputError:
        tries = Wish(order=order).tries
    write_atomically(path, f"{_HEAD}order = {order}\ntries = {tries}\n".encode())


def cover_facts(folder: CaseFolder) -> Mapping[str, object]:
    """What a covered day depends on besides the roster; nothing where nothing is wished."""
    wish = read_wish(folder)
    if wish is None:
        return {}
    tables = {name: load_table(name, folder.override(name)).content_hash for name in TABLES}
    return {
        "cover": {"order": wish.order, "tries": wish.tries},
        "cover-tables": tables,
        "cover-program": program(("contingencies", "kernels")),
    }


def cover_day(
    folder: CaseFolder,
    wish: Wish,
    make: Callable[[int], Schedule],
    policy: Mapping[str, object],
) -> tuple[Schedule, Reserve]:
    """Of `tries` days the one that needs the smallest reserve, with that reserve on its roster.

    make : the day of a try, 0, 1, ...; a day that needs nothing ends the search
    policy : the section [policy.contingencies]
    Of days for which some sets are beyond every reserve (`Reserve.beyond`), the one with
    fewest such minutes is taken.
    """
    from diptych.choreography import check
    from diptych.contingencies import AnswerPolicy, read_hazards
    from diptych.contingencies.reserve import design_reserve
    from diptych.contingencies.reserve_policy import read_reserve_policy
    from diptych.contingencies.standby import apply_reserve
    from diptych.pipeline.policy import merge_policy

    tables = {name: load_table(name, folder.override(name)) for name in TABLES}
    answer = merge_policy(AnswerPolicy(), policy, "contingencies")
    rules = read_reserve_policy(tables["reserve"], answer=answer)
    found: list[tuple[Schedule, Reserve]] = []
    for number in range(wish.tries):
        day = make(number)
        hazards = read_hazards(tables["hazards"], day.procedure)
        reserve = design_reserve(day, hazards, order=wish.order, policy=rules)
        found.append((day, reserve))
        if not (reserve.size or reserve.minutes or open_sets(reserve)):
            break
    day, reserve = min(found, key=lambda pair: _burden(pair[1]))
    plan = apply_reserve(day, reserve)
    violations = check(plan.procedure, plan)
    return replace(plan, checked=not violations, violations=violations), reserve


def tell_reserve(reserve: Reserve, day: Schedule) -> list[str]:
    """Whom and what the day needs besides its roster, in words; empty where it needs nothing."""
    from diptych.contingencies.wording import clock, spoken

    start = day.procedure.day_start
    titles = {role.id: role.title for role in day.procedure.roles}
    names = {person.id: person.name for person in day.procedure.staff}
    lines = [
        f"{row.count} standing by as {titles.get(row.role, row.role).lower()},"
        f" {clock(start, row.start)} to {clock(start, row.end)}"
        for row in reserve.watches
    ]
    lines += [
        f"{names.get(row.staff, row.staff)} from {clock(start, row.new_start)} to"
        f" {clock(start, row.new_end)} instead of {clock(start, row.start)} to"
        f" {clock(start, row.end)}"
        for row in reserve.longer
    ]
    return lines + [f"{row.count} more {spoken(row.kind)}" for row in reserve.kit]


def open_sets(reserve: Reserve) -> tuple[SetGap, ...]:
    """Sets that stay uncovered with the reserve, beyond any or not closed by this one."""
    return (*reserve.beyond, *reserve.open)


def _burden(reserve: Reserve) -> tuple[int, int, int]:
    left = sum(gap.minutes for gap in open_sets(reserve))
    return left, reserve.size, reserve.minutes
