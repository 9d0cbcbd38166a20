"""Room plans: for each phase of the day where everybody stands, with name and duty.

Not to scale. The pair lies on one table, head to head, until the separation; then each infant
on its own. Around a table: the field, the head with anaesthesia, the instrument table; along
the wall whoever has no place of their own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from diptych.model import Dossier, Figure, Paragraph, Schedule, Section, StaffId, TwinId, ZoneId
from diptych.report.duties import FIELDS, HEADS, ROOM, DayBook
from diptych.report.fingerprint import name_values
from diptych.report.phases import Phase, Stand, find_phases, kit_in_use
from diptych.report.svg import (
    INK,
    MUTED,
    PAPER,
    draw,
    estimate_width,
    finish,
    line,
    mark_twin,
    rect,
    shorten,
    write,
)
from diptych.report.words import count_things, name_subject, tell_clock, tell_length, tell_span

WIDTH = 1200.0
TAG, TALL, GAP = 186.0, 37.0, 8.0
NAME, DUTY = 12.5, 10.0
_BOLD = 1.12
"""How much wider bold letters are."""
_TABLE = 150.0
_BESIDE = "translate({:.1f} {:.1f}) scale(0.8)"
DrawPair = Callable[[tuple[float, float], float], str]
"""Draws both twins on a table: where it begins and how wide it is, and its middle line."""
_INSTRUMENTS = "scrub"


def write_rooms(schedule: Schedule, banner: str = "", *, by_heads: bool = True) -> Dossier:
    """A page for each phase: the picture, who comes and goes, and what stands ready.

    by_heads : the twins are joined by their heads; else they are drawn side by side
    """
    book = DayBook(schedule)
    values = name_values(schedule=schedule)
    return Dossier(
        title="Room plans",
        banner=banner,
        sections=tuple(_section(book, phase, by_heads) for phase in find_phases(book)),
        provenance=tuple((value.partition(":")[0], value.partition(":")[2]) for value in values),
    )


def draw_rooms(schedule: Schedule) -> tuple[Figure, ...]:
    """The picture of each phase, with its name in the caption."""
    book = DayBook(schedule)
    return tuple(
        replace(figure, caption=f"{_name_phase(book, phase)}. {figure.caption}")
        for phase in find_phases(book)
        for figure in (draw_room(book, phase),)
    )


def _name_phase(book: DayBook, phase: Phase) -> str:
    span = tell_span(phase.start, phase.end, book.procedure.day_start)
    return f"{phase.number}. {phase.title}, {span}"


def _section(book: DayBook, phase: Phase, by_heads: bool) -> Section:
    clock = book.procedure.day_start
    moves = [
        f"{book.name(move.person)} ({book.role(move.person)},"
        f" {name_subject(move.subject)}, {tell_span(move.start, move.end, clock)})"
        for move in phase.moves
    ]
    texts = (
        ("Come in since the plan before", _names(book, phase.entering)),
        ("Have left since then", _names(book, phase.leaving)),
        ("Also at work in this phase, not at the moment drawn", moves),
    )
    return Section(
        id=f"phase-{phase.number}",
        title=_name_phase(book, phase),
        blocks=(
            draw_room(book, phase, by_heads=by_heads),
            *(Paragraph(text=_tell_people(what, people)) for what, people in texts),
        ),
    )


def _names(book: DayBook, people: Sequence[StaffId]) -> list[str]:
    return [book.name(person) for person in people]


def _tell_people(what: str, people: Sequence[str]) -> str:
    return f"{what}: {', '.join(people) or 'nobody'}."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Station:
    """Some people who stand together: the words above them and how many stand abreast."""

    title: str
    stands: tuple[Stand, ...]
    columns: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, drawing units."""
        rows = ceil(max(len(self.stands), 1) / self.columns)
        return self.columns * (TAG + GAP) - GAP, 18.0 + rows * (TALL + GAP)


def draw_room(book: DayBook, phase: Phase, *, by_heads: bool = True) -> Figure:
    """The picture of one phase: each theatre that is in use, side by side or below."""
    rooms = _rooms(book, phase)
    parts, y = [], 0.0
    abreast = 2 if len(rooms) == 2 and all(len(twins) < 2 for _, twins in rooms) else 1
    width = (WIDTH - 10.0 * (abreast - 1)) / abreast
    pair = _draw_pair if by_heads else _draw_beside
    drawn = [_draw_theatre(book, phase, (room, twins, pair), width) for room, twins in rooms]
    for n in range(0, len(drawn), abreast):
        row = drawn[n : n + abreast]
        tall = max(theatre.height for theatre in row)
        for column, theatre in enumerate(row):
            place = f"translate({column * (width + 10.0):.0f} {y:.0f})"
            parts.append(draw("g", *theatre.parts, _frame(width, tall), transform=place))
        y += tall + 12.0
    outside = [s for s in phase.stands if s.room not in {room for room, _ in rooms}]
    if outside:
        station = _Station(title="On the way or outside", stands=tuple(outside), columns=6)
        parts.append(_draw_station(book, station, 10.0, y + 4.0))
        y += station.size[1] + 10.0
    clock = tell_clock(phase.moment, book.procedure.day_start)
    length = tell_length(phase.end - phase.start)
    return Figure(
        id=f"room-{phase.number}",
        caption=f"At {clock}, when most people are at work"
        f" ({count_things(len(phase.stands), 'person', 'people')}); the phase lasts {length}. Not"
        " to scale. Under each name the duty, and until when; a thick frame: new since the plan"
        " before.",
        alt=_alt(book, phase, clock),
        png=None,
        svg=finish(WIDTH, y, *parts),
        values=name_values(schedule=book.schedule),
    )


def _alt(book: DayBook, phase: Phase, clock: str) -> str:
    now = (phase.moment, phase.moment)
    places = [book.tell_place(stand.place, stand.subject, now) for stand in phase.stands]
    words = [
        f"{book.name(stand.person)}, {stand.skill}, at {place or 'no fixed place'}"
        for stand, place in zip(phase.stands, places, strict=True)
    ]
    return f"Room plan at {clock}: {'; '.join(words)}."


def _rooms(book: DayBook, phase: Phase) -> list[tuple[ZoneId | None, tuple[TwinId, ...]]]:
    """The theatres in use and which twins lie in each; while joined, both in one."""
    if not phase.apart:
        room = phase.rooms[TwinId.A] or phase.rooms[TwinId.B]
        found: dict[ZoneId | None, tuple[TwinId, ...]] = {room: phase.present}
    else:
        found = {}
        for twin in phase.present:
            room = phase.rooms[twin]
            found[room] = (*found.get(room, ()), twin)
    others = {s.room for s in phase.stands if s.room is not None and s.room.startswith(ROOM)}
    for room in sorted(others - set(found), key=str):
        found[room] = ()
    return sorted(found.items(), key=lambda entry: str(entry[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theatre:
    parts: tuple[str, ...]
    height: float


def _frame(width: float, tall: float) -> str:
    return rect(1, 1, width - 2, tall - 2, fill="none", stroke=INK, stroke_width=2, rx=4)


def _draw_theatre(
    book: DayBook,
    phase: Phase,
    theatre: tuple[ZoneId | None, tuple[TwinId, ...], DrawPair],
    width: float,
) -> _Theatre:
    """One theatre. The left and right column are the heads of the twins; above and below the
    table the field; the wall beneath.
    """
    room, twins, pair = theatre
    new = set(phase.entering)
    here = [stand for stand in phase.stands if stand.room == room]
    heads = {
        twin: _Station(
            title=f"Head of twin {twin}: anaesthesia",
            stands=tuple(s for s in here if s.place is not None and _is_head(s.place, twin)),
            columns=1,
        )
        for twin in TwinId
    }
    used = [twin for twin in TwinId if twin in twins or heads[twin].stands]
    column = TAG + 2 * GAP + 6.0
    left = 10.0 + (column if TwinId.A in used else 0.0)
    inner = width - 10.0 - (column if TwinId.B in used else 0.0) - left
    centre, middle = _draw_centre(book, here, (left, inner), (twins, pair), new)
    parts = [write(12, 23, book.zone_title(room) if room else "Theatre", 16, font_weight=700)]
    parts += centre
    tall = middle
    for twin in used:
        at = 10.0 if twin is TwinId.A else width - 10.0 - TAG
        parts.append(_draw_station(book, heads[twin], at, 40.0, new))
        tall = max(tall, 44.0 + heads[twin].size[1])
    wall = tuple(s for s in here if not _is_inner(s.place))
    if wall:
        columns = int((width - 20.0 + GAP) / (TAG + GAP))
        around = _Station(title="In the room", stands=wall, columns=columns)
        parts.append(line(10, tall + 2, width - 10, tall + 2, stroke_dasharray="3 4"))
        parts.append(_draw_station(book, around, 10.0, tall + 8.0, new))
        tall += around.size[1] + 8.0
    kit = kit_in_use(book, phase.moment, twins[0] if len(twins) == 1 else None)
    parts.append(_draw_kit(kit, tall + 16.0, width))
    return _Theatre(parts=tuple(parts), height=tall + 26.0)


def _draw_centre(
    book: DayBook,
    here: Sequence[Stand],
    across: tuple[float, float],
    infants: tuple[tuple[TwinId, ...], DrawPair],
    new: set[StaffId],
) -> tuple[list[str], float]:
    """The table between the two halves of the field, the instrument tables beneath it; and
    where that ends.
    """
    (x, inner), (twins, pair) = across, infants
    field = [s for s in here if s.place is not None and s.place.startswith(FIELDS)]
    scrub = tuple(s for s in field if s.skill == _INSTRUMENTS)
    surgeons = [s for s in field if s.skill != _INSTRUMENTS]
    half = ceil(len(surgeons) / 2)
    columns = max(int((inner + GAP) / (TAG + GAP)), 1)
    above = _Station(title="Field", stands=tuple(surgeons[:half]), columns=columns)
    below = _Station(title="Field", stands=tuple(surgeons[half:]), columns=columns)
    instruments = _Station(title="Instrument tables", stands=scrub, columns=columns)
    parts, y = [], 34.0
    for station in (above, None, below, instruments):
        if station is None and not twins:
            parts.append(write(x, y + 14, "No infant in this theatre.", 12, fill=MUTED))
            y += 22.0
        elif station is None:
            parts.append(_draw_table((x, inner), y, twins, pair))
            y += _TABLE
        elif station.stands:
            parts.append(_draw_station(book, station, _centre(station, x, inner), y, new))
            y += station.size[1] + 4.0
    return parts, y


def _is_inner(place: ZoneId | None) -> bool:
    return place is not None and place.startswith((*FIELDS, *HEADS))


def _is_head(place: ZoneId, twin: TwinId) -> bool:
    return place.startswith(HEADS) and place.rpartition("-")[2] == twin.value


def _centre(station: _Station, x: float, room: float) -> float:
    used = min(station.columns, max(len(station.stands), 1)) * (TAG + GAP) - GAP
    return x + (room - used) / 2


def _draw_kit(kit: Mapping[str, int], y: float, width: float) -> str:
    words = ", ".join(f"{n} {title}" if n > 1 else title for title, n in kit.items())
    return write(12, y, shorten(f"Kit in use: {words or 'none'}", width - 24, 11.5), 11.5)


def _draw_station(
    book: DayBook, station: _Station, x: float, y: float, new: set[StaffId] | None = None
) -> str:
    parts = [write(x, y + 12, station.title, 11, fill=MUTED, font_weight=600)]
    for n, stand in enumerate(station.stands):
        row, column = divmod(n, station.columns)
        place = x + column * (TAG + GAP), y + 18.0 + row * (TALL + GAP)
        parts.append(_draw_tag(book, stand, place, stand.person in (new or set())))
    if not station.stands:
        parts.append(write(x, y + 34, "nobody at this moment", 11, fill=MUTED))
    return "".join(parts)


def _draw_tag(book: DayBook, stand: Stand, at: tuple[float, float], new: bool) -> str:
    """A person's tag: the sign of the twin they are with, the name, the duty, until when."""
    x, y = at
    twin = stand.subject.value if stand.subject.value in tuple(TwinId) else ""
    inset = 25.0 if twin else 7.0
    until = tell_clock(stand.until, book.procedure.day_start).partition(" ")[0]
    room = TAG - inset - 5
    name = book.name(stand.person)
    size = min(NAME, max(NAME * room / (_BOLD * estimate_width(name, NAME)), 9.0))
    return "".join(
        (
            rect(x, y, TAG, TALL, fill=PAPER, stroke=INK, stroke_width=2.6 if new else 1.0, rx=3),
            mark_twin(TwinId(twin), x + 13, y + TALL / 2, 7.5) if twin else "",
            write(x + inset, y + 15.5, shorten(name, room / _BOLD, size), size, font_weight=600),
            write(x + inset, y + 30.5, shorten(f"{stand.skill} to {until}", room, DUTY), DUTY),
        )
    )


def _draw_table(
    across: tuple[float, float], y: float, twins: tuple[TwinId, ...], pair: DrawPair
) -> str:
    """The table with the joined pair, or with one infant."""
    x, width = across
    top, tall = y + 12.0, _TABLE - 30.0
    slab = rect(x + 14, top, width - 28, tall, fill="none", stroke=INK, stroke_width=1.5, rx=10)
    if len(twins) == 2:
        return slab + pair(across, top + tall / 2)
    middle, side = x + width / 2, 1 if twins[0] is TwinId.A else -1
    at = middle - side * 100
    infant = _draw_infant(twins[0], (at, top + tall / 2), side)
    return slab + infant + _draw_tube(at, top + tall / 2, x - 14 if side > 0 else x + width + 14)


def _draw_pair(across: tuple[float, float], y: float) -> str:
    """Twins joined by their heads, A to the left, and the line between them."""
    x, width = across
    middle = x + width / 2
    return "".join(
        (
            _draw_infant(TwinId.A, (middle - 33, y), -1),
            _draw_infant(TwinId.B, (middle + 33, y), 1),
            line(middle, y - 68, middle, y + 68, stroke=INK, stroke_dasharray="5 4"),
            _draw_tube(middle - 33, y, x - 14),
            _draw_tube(middle + 33, y, x + width + 14),
        )
    )


def _draw_beside(across: tuple[float, float], y: float) -> str:
    """Twins joined otherwise, side by side; where they are joined is not drawn."""
    at = across[0] + across[1] / 2 - 70
    places = ((TwinId.A, y - 27.0), (TwinId.B, y + 27.0))
    infants = [
        draw("g", _draw_infant(twin, (0.0, 0.0), 1), transform=_BESIDE.format(at, down))
        for twin, down in places
    ]
    return "".join(infants)


def _draw_tube(head: float, y: float, end: float) -> str:
    """The breathing tube from a head at (head, y) over the edge of the table to anaesthesia."""
    rise, over = f"{head:.1f},{y - 26:.1f} C{head:.1f},{y - 66:.1f}", f"{y - 52:.1f}"
    path = f"M{rise} {head:.1f},{over} {end:.1f},{over}"
    return draw("path", d=path, fill="none", stroke=MUTED, stroke_width=2.2)


def _draw_infant(twin: TwinId, at: tuple[float, float], side: int) -> str:
    """An infant from above, its head at that point, its body towards that side (-1 left)."""
    x, y = at
    limbs = [
        f"M{x + side * start:.1f},{y + dy:.1f} L{x + side * end:.1f},{y + bend * dy:.1f}"
        for start, end, gap, bend in ((150, 214, 13, 1.5), (62, 104, 22, 1.75))
        for dy in (-gap, gap)
    ]
    thick = {"d": " ".join(limbs), "fill": "none", "stroke_linecap": "round"}
    shape = {"fill": PAPER, "stroke": INK, "stroke_width": 1.6}
    return "".join(
        (
            draw("path", **thick, stroke=INK, stroke_width=15),
            draw("path", **thick, stroke=PAPER, stroke_width=12),
            draw("ellipse", cx=x + side * 98, cy=y, rx=68.0, ry=27.0, **shape),
            draw("circle", cx=x, cy=y, r=33.0, **shape),
            mark_twin(twin, x + side * 98, y, 14.0),
        )
    )
