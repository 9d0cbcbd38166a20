"""How the dossier says things: signs of the twins, clock times, lengths of time, figures."""

from diptych.model import (
    SIGNS,
    Case,
    Measured,
    Minute,
    Owner,
    Subject,
    TwinId,
)

SHAPES = {"circle": "●", "square": "■"}
UNITS = {
    "1": "",
    "cm2": "cm²",
    "mm2": "mm²",
    "mm3": "mm³",
    "deg": "°",
    "degrees": "°",
    "degree": "°",
}
NBSP = "\u00a0"


_EVENING = "18:00"
_NOTHING = 1e-6
"""Smaller figures are what is left of a difference of equal ones."""


def sign_twin(twin: TwinId) -> str:
    """Shape and letter of a twin, "● A"; the page adds the colour."""
    sign = SIGNS[twin]
    return f"{SHAPES[sign.shape]}{NBSP}{sign.letter}"


def name_twin(case: Case, twin: TwinId) -> str:
    """Shape, letter and label of a twin, for headings of columns."""
    label = case.twin(twin).label
    return sign_twin(twin) if label == twin.value else f"{sign_twin(twin)} {label}"


def name_owner(owner: Owner) -> str:
    """Whose it is, in words with the sign."""
    words = {
        Owner.NOBODY: "nobody",
        Owner.A: sign_twin(TwinId.A),
        Owner.B: sign_twin(TwinId.B),
        Owner.SHARED: f"◆{NBSP}shared",
        Owner.UNKNOWN: f"?{NBSP}unknown",
    }
    return words[owner]


def name_subject(subject: Subject) -> str:
    """Whom a task or hazard concerns, in words with the sign."""
    words = {
        Subject.A: sign_twin(TwinId.A),
        Subject.B: sign_twin(TwinId.B),
        Subject.BOTH: "both twins",
        Subject.SHARED: f"◆{NBSP}shared",
        Subject.TEAM: "team",
    }
    return words[subject]


def tell_clock(minute: float, day_start: str) -> str:
    """Clock reading of a minute of the day; later days are marked "+1 d"."""
    hour, past = (int(part) for part in day_start.split(":"))
    total = hour * 60 + past + round(minute)
    days, rest = divmod(total, 24 * 60)
    day = f" +{days}{NBSP}d" if days > 0 else (f" {days}{NBSP}d" if days < 0 else "")
    return f"{rest // 60:02d}:{rest % 60:02d}{day}"


def tell_before(minute: float, day_start: str) -> str:
    """Clock reading of a minute with its day in words, for what comes before the day."""
    clock = tell_clock(minute, day_start).partition(" ")[0]
    hour, past = (int(part) for part in day_start.split(":"))
    days = (hour * 60 + past + round(minute)) // (24 * 60)
    if days < -1:
        return f"{clock}, {-days} days before"
    if days == -1:
        return f"{clock} the {'evening' if clock >= _EVENING else 'day'} before"
    return f"{clock} on the day" if days == 0 else tell_clock(minute, day_start)


def tell_span(start: float, end: float, day_start: str) -> str:
    """From one minute to another in one piece, "23:40 to +1 d 00:20"; a day stands before the
    clock reading from which on it holds.
    """
    days, told = "", []
    for minute in (start, end):
        clock, _, day = tell_clock(minute, day_start).partition(" ")
        told.append(f"{day} {clock}" if day and day != days else clock)
        days = day
    return " to ".join(told).replace(" ", NBSP)


def tell_length(minutes: float) -> str:
    """A length of time in hours and minutes."""
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest}{NBSP}min"
    return f"{hours}{NBSP}h" + (f" {rest}{NBSP}min" if rest else "")


def tell_number(value: float) -> str:
    """A figure with about three digits that mean something."""
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size < _NOTHING:
        return "0"
    return f"{value:.2f}" if size >= 0.01 else f"{value:.2g}"


def tell_unit(unit: str) -> str:
    """The unit as it is printed, with a space before it unless it is degrees."""
    printed = UNITS.get(unit, unit)
    return printed if printed in ("°", "") else f"{NBSP}{printed}"


def tell_amount(figure: Measured) -> str:
    """A measured figure without its sign, for what has a direction only by convention."""
    if figure.value >= 0:
        return tell_measured(figure)
    turned = Measured(value=-figure.value, low=-figure.high, high=-figure.low, unit=figure.unit)
    return tell_measured(turned)


def tell_measured(figure: Measured) -> str:
    """Value, unit and interval of a measured figure."""
    value = f"{tell_number(figure.value)}{tell_unit(figure.unit)}"
    if figure.low == figure.high:
        return value
    return f"{value} ({tell_number(figure.low)} to {tell_number(figure.high)})"


def tell_share(share: float) -> str:
    """A share as per cent, never rounded up to all or down to nothing."""
    percent = round(100.0 * share, 6)
    if 0.0 < percent < 0.1:
        return f"<{NBSP}0.1{NBSP}%"
    if 99.9 < percent < 100.0:
        return f">{NBSP}99.9{NBSP}%"
    return f"{percent:.1f}{NBSP}%" if percent != round(percent) else f"{percent:.0f}{NBSP}%"


def tell_interval(figure: Measured) -> str:
    """A share with its interval, as per cent."""
    low, high = tell_share(figure.low), tell_share(figure.high)
    return f"{tell_share(figure.value)} ({low} to {high})"


def tell_minute(minute: Minute, day_start: str) -> str:
    """Minute of the day as clock reading and length since the start."""
    return f"{tell_clock(minute, day_start)} ({tell_length(minute)} after the start)"


def spell_name(name: str) -> str:
    """A key such as "fused-area-skin" as words, "Fused area skin"."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def count_things(number: int, thing: str, plural: str = "") -> str:
    """A number with its noun, in the singular or plural."""
    return f"{number} {thing if number == 1 else plural or thing + 's'}"


def end_sentence(words: str) -> str:
    """The words with a capital at the start and a full stop at the end; empty stays empty."""
    words = words.strip()
    if not words:
        return ""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
