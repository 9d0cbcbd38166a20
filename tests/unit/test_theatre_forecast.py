"""The expected rest of the day, and the clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from day_builders import MemoryLog, finish, make_schedule, open_day, separate, start

from diptych.model import (
    Assignment,
    Board,
    Command,
    Duration,
    Event,
    Minute,
    Precedence,
    TaskId,
)
from diptych.theatre import Forecast, decide, evolve, forecast, minute_of, minute_zero


def seen(now: int, *commands: Command) -> Forecast:
    return forecast(board_of(*commands), make_schedule(), Minute(now))


def board_of(*commands: Command) -> Board:
    schedule, log = make_schedule(), MemoryLog()
    for each in commands:
        event = decide(evolve(log.events(), schedule), each, schedule, Minute(2000))
        assert isinstance(event, Event), event
        log.append(event)
    return evolve(log.events(), schedule)


def span(expected: Forecast, task: str) -> tuple[int, int]:
    found = expected.tasks[TaskId(task)]
    return found.start, found.end


def test_on_time_is_the_plan() -> None:
    expected = seen(0)
    assert span(expected, "part") == (210, 420)
    assert (expected.separation, expected.end) == (430, 650)


def test_a_late_start_shifts_what_follows() -> None:
    expected = seen(20)
    assert span(expected, "check") == (20, 50)
    assert span(expected, "air-a") == (50, 110)
    assert (expected.separation, expected.end) == (450, 670)


def test_a_running_step_that_takes_too_long_ends_now_at_the_earliest() -> None:
    expected = seen(100, open_day(), start("check", 0))
    assert span(expected, "check") == (0, 100)
    assert span(expected, "air-a") == (100, 160)


def test_what_has_happened_keeps_its_times() -> None:
    expected = seen(25, open_day(), start("check", 0), finish("check", 12))
    assert span(expected, "check") == (0, 12)
    assert span(expected, "air-a") == (30, 90), "nothing is moved forward"


def test_a_person_held_elsewhere_makes_a_step_wait() -> None:
    """air-b waits for check only; close-a and close-b share no one, but cho does apart first."""
    expected = seen(500, open_day(), start("check", 0), finish("check", 30), start("air-a", 30))
    assert span(expected, "air-a") == (30, 500)
    assert span(expected, "air-b") == (500, 560)
    assert span(expected, "expose") == (560, 680)


def test_a_fast_passes_by_itself() -> None:
    """Nobody holds the fast of A and nothing comes before it: it ends at 30, pressed or not."""
    schedule = make_schedule()
    air = schedule.procedure.task(TaskId("air-a"))
    zero, length = Minute(0), Minute(30)
    fixed = Duration(low=length, mode=length, high=length, planned=length)
    fast = replace(air, id=TaskId("fast-A"), duration=fixed, demands=(), zones={}, equipment={})
    rule = Precedence(before=fast.id, after=air.id, min_lag=zero, max_lag=None)
    procedure = replace(
        schedule.procedure,
        tasks=(fast, *schedule.procedure.tasks),
        precedence=(*schedule.procedure.precedence, rule),
    )
    passing = Assignment(task=fast.id, start=zero, end=length, staff=())
    fed = replace(schedule, procedure=procedure, assignments=(passing, *schedule.assignments))
    board = evolve((), fed)
    assert span(forecast(board, fed, Minute(20)), "fast-A") == (0, 30)
    assert span(forecast(board, fed, Minute(0)), "air-a") == (30, 90)
    late = forecast(board, fed, Minute(45))
    assert span(late, "fast-A") == (0, 30)
    assert span(late, "air-a") == span(
        forecast(evolve((), schedule), schedule, Minute(45)), "air-a"
    )


def test_separation_is_real_once_entered() -> None:
    expected = seen(460, open_day(), start("apart", 400), separate(455))
    assert expected.separation == 455
    assert span(expected, "close-a")[0] >= 460


def test_mirror() -> None:
    for now in (0, 77, 600):
        plain = forecast(board_of(), make_schedule(), Minute(now))
        assert plain == forecast(board_of(), make_schedule(mirrored=True), Minute(now))


def test_minute_zero_is_the_planned_clock_until_the_day_is_started() -> None:
    zone = timezone(timedelta(hours=2))
    now = datetime(2026, 3, 2, 6, 40, 30, tzinfo=zone)
    zero = minute_zero(board_of(), now, "07:00")
    assert zero == datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
    assert minute_of(now, zero) == -20


def test_minute_zero_stays_over_midnight_once_the_day_is_started() -> None:
    after = datetime(2026, 3, 3, 1, 5, tzinfo=UTC)
    zero = minute_zero(board_of(open_day()), after, "07:00")
    assert minute_of(after, zero) == 18 * 60 + 5
