"""Minutes of the day against the wall clock. No clock is read here; the instant is given."""

from datetime import UTC, datetime, timedelta

from diptych.model import Board, Minute


def minute_zero(board: Board, now: datetime, day_start: str) -> datetime:
    """The instant of minute 0: as the entry that started the day holds it.

    Before that entry it is `day_start` ("HH:MM") on the date of `now`, in the time zone of
    `now`. The instant is UTC, so a change to or from summer time does not move it.
    """
    if board.opened is not None:
        return datetime.fromisoformat(board.opened.body["zero"])
    hour, minute = (int(part) for part in day_start.split(":"))
    return now.replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(UTC)


def minute_of(now: datetime, zero: datetime) -> Minute:
    """Whole minutes from `zero` to `now`, rounded down."""
    return Minute((now - zero) // timedelta(minutes=1))
