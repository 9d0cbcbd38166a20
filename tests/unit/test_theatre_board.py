"""Commands become events or refusals; events fold into the board."""

from dataclasses import replace

import pytest
from day_builders import (
    MIRROR,
    MemoryLog,
    command,
    correct,
    finish,
    make_schedule,
    open_day,
    retract,
    separate,
    start,
)

from diptych.model import Board, Command, Event, InputError, Minute, StaffId, Subject, TaskId
from diptych.theatre import Refusal, decide, evolve
from diptych.theatre.evolve import task_state

LATE = Minute(2000)


class Day:
    """A schedule, a log, and what is in it; `enter` expects to be taken."""

    def __init__(self, *commands: Command) -> None:
        self.schedule = make_schedule()
        self.log = MemoryLog()
        for each in commands:
            self.enter(each)

    @property
    def board(self) -> Board:
        return evolve(self.log.events(), self.schedule)

    def ask(self, asked: Command, now: int = LATE) -> Event | Refusal:
        return decide(self.board, asked, self.schedule, Minute(now))

    def enter(self, asked: Command) -> Event:
        decision = self.ask(asked)
        assert isinstance(decision, Event), decision
        return self.log.append(decision)

    def refusal(self, asked: Command, now: int = LATE) -> str:
        decision = self.ask(asked, now)
        assert isinstance(decision, Refusal), decision
        assert decision.message and decision.remedy
        return decision.code

    def state(self, task: str) -> tuple[str, int | None, int | None]:
        state = task_state(self.board, TaskId(task))
        return state.status, state.started, state.finished


def to_the_separation() -> Day:
    return Day(
        open_day(),
        start("check", 0),
        finish("check", 30),
        start("expose", 90),
        finish("expose", 200),
        start("apart", 400),
    )


def test_an_empty_day_waits() -> None:
    day = Day()
    assert {state.status for state in day.board.tasks} == {"waiting"}
    assert (day.board.last_seq, day.board.opened, day.board.separated) == (0, None, None)
    assert day.board.head == "0" * 64


def test_start_and_finish() -> None:
    day = Day(open_day(), start("check", 2))
    assert day.state("check") == ("running", 2, None)
    day.enter(finish("check", 31))
    assert day.state("check") == ("done", 2, 31)
    assert day.board.last_seq == 3
    assert day.board.head == day.log.events()[-1].hash


def test_the_draft_names_the_place_where_it_must_stand() -> None:
    day = Day(open_day())
    event = day.ask(start("check", 1))
    assert isinstance(event, Event)
    assert (event.seq, event.previous_hash, event.hash) == (2, day.board.head, "")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (command("task.stop", 1, task="check"), "kind"),
        (start("check", 1, event_id="short"), "event-id"),
        (start("check", 1, event_id="<script>alert(1)</script>"), "event-id"),
        (start("check", 1, by=StaffId("nobody")), "not-on-roster"),
        (start("check", 1, by=StaffId("")), "text"),
        (start("check", 1, body={"text": "\ud800"}), "text"),
        (start("check", 1, body={"text": "x" * 2001}), "text"),
        (start("check", 1, corrects=1), "corrects"),
        (command("task.start", 1, task="nothing"), "task-unknown"),
        (command("task.start", 1), "task-unknown"),
        (command("task.start", 1, task="air-a", subject=Subject.B), "subject"),
        (command("task.start", 1, task="air-a", subject=Subject.BOTH), "subject"),
        (finish("check", 1), "not-started"),
        (open_day(), "day-started"),
        (command("note", 1), "text"),
        (command("note", 1, body={"text": "  "}), "text"),
        (command("note", 1, body={"text": "x"}, task="air-a", subject=Subject.B), "subject"),
        (command("separated", 1, subject=Subject.TEAM), "subject"),
        (separate(1, witness="cho"), "two-persons"),
        (separate(1, witness="nobody"), "not-on-roster"),
        (command("separated", 1, subject=Subject.BOTH), "two-persons"),
        (separate(1), "separation-not-begun"),
    ],
)
def test_refusals_on_an_open_day(asked: Command, code: str) -> None:
    day = Day(open_day())
    assert day.refusal(asked) == code


@pytest.mark.parametrize("asked", [start("check", 1), finish("check", 1), separate(1)])
def test_the_day_must_be_open(asked: Command) -> None:
    assert Day().refusal(asked) == "day-not-started"


@pytest.mark.parametrize("zero", ["", "yesterday", "2026-03-02T07:00:00"])
def test_the_day_start_needs_its_instant(zero: str) -> None:
    body = {"zero": zero} if zero else {}
    assert Day().refusal(command("day.start", 0, body=body)) == "zero"


def test_starting_twice_is_refused_and_says_who_was_first() -> None:
    day = Day(open_day(), start("check", 3, by=StaffId("ben")))
    decision = day.ask(start("check", 4))
    assert isinstance(decision, Refusal)
    assert decision.code == "started"
    assert "minute 3 by Ben Adeyemi (entry 2)" in decision.message


def test_finishing_twice_or_before_the_start_is_refused() -> None:
    day = Day(open_day(), start("check", 10))
    assert day.refusal(finish("check", 9)) == "before-start"
    day.enter(finish("check", 10))
    assert day.refusal(finish("check", 12)) == "finished"


def test_nothing_happens_in_the_future() -> None:
    day = Day(open_day())
    assert day.refusal(start("check", 11), now=10) == "future"
    assert isinstance(day.ask(start("check", 10), now=10), Event)
    assert day.refusal(start("check", -1441)) == "too-early"
    assert isinstance(day.ask(start("check", -1440)), Event)


def test_a_note_about_one_twin_on_a_joint_step() -> None:
    day = Day(open_day())
    note = command("note", 5, body={"text": "pale"}, task="expose", subject=Subject.A)
    assert day.enter(note).subject is Subject.A
    assert [event.body["text"] for event in day.board.notes] == ["pale"]


def test_separation_ends_its_step_and_the_joint_record() -> None:
    day = to_the_separation()
    day.enter(separate(425))
    assert day.board.separated == 425
    assert day.state("apart") == ("done", 400, 425)
    assert day.refusal(separate(426)) == "already-separated"
    for subject in (Subject.BOTH, Subject.SHARED):
        late = command("note", 426, subject=subject, body={"text": "x"})
        assert day.refusal(late) == "separated"
        assert isinstance(day.ask(replace(late, at=Minute(425))), Event)
    assert day.refusal(start("part", 426)) == "separated"
    assert day.refusal(finish("part", 426)) == "separated"
    for task in ("close-a", "close-b"):
        day.enter(start(task, 430))


def test_separation_after_the_step_was_finished_keeps_its_end() -> None:
    day = to_the_separation()
    day.enter(finish("apart", 420))
    day.enter(separate(425))
    assert day.state("apart") == ("done", 400, 420)


def test_separation_cannot_come_before_what_is_entered() -> None:
    day = to_the_separation()
    assert day.refusal(separate(399)) == "before-start"
    day.enter(command("note", 430, subject=Subject.BOTH, body={"text": "still joined"}))
    assert day.refusal(separate(425)) == "joint-later"


def test_undo_takes_an_entry_back_and_both_stay_in_the_record() -> None:
    day = Day(open_day())
    wrong = day.enter(start("air-a", 5))
    day.enter(retract(wrong, 6))
    assert day.state("air-a") == ("waiting", None, None)
    assert [event.kind for event in day.board.record] == ["day.start", "task.start", "correct"]
    day.enter(start("air-a", 7))
    assert day.state("air-a") == ("running", 7, None)
    assert day.refusal(retract(wrong, 8)) == "corrects"


def test_a_time_is_corrected_by_a_later_entry() -> None:
    day = Day(open_day())
    begun = day.enter(start("air-a", 50))
    day.enter(correct(begun, 60, action="time", minute="45"))
    assert day.state("air-a") == ("running", 45, None)
    day.enter(correct(begun, 60, action="time", minute="47"))
    assert day.state("air-a") == ("running", 47, None)
    assert day.board.record[1].at == 50


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": "delete"},
        {"action": "time"},
        {"action": "time", "minute": "soon"},
        {"action": "time", "minute": "61"},
        {"action": "time", "minute": "-1441"},
        {"action": "time", "minute": "٣"},
    ],
)
def test_a_correction_must_say_what_it_does(body: dict[str, str]) -> None:
    day = Day(open_day())
    begun = day.enter(start("air-a", 50))
    assert day.refusal(correct(begun, 60, **body)) == "action"


def test_a_correction_cannot_move_an_entry_to_the_other_twin() -> None:
    day = Day(open_day())
    begun = day.enter(start("air-a", 50))
    moved = replace(retract(begun, 60), subject=Subject.B)
    assert day.refusal(moved) == "subject"
    assert day.refusal(replace(retract(begun, 60), task=TaskId("air-b"))) == "subject"
    assert day.refusal(replace(retract(begun, 60), corrects=99)) == "corrects"
    assert day.refusal(replace(retract(begun, 60), corrects=None)) == "corrects"


def test_a_correction_that_breaks_the_day_is_refused() -> None:
    day = Day()
    opened = day.enter(open_day())
    begun = day.enter(start("air-a", 50))
    ended = day.enter(finish("air-a", 70))
    assert day.refusal(retract(begun, 80)) == "history"
    assert day.refusal(retract(opened, 80)) == "history"
    assert day.refusal(correct(begun, 80, action="time", minute="71")) == "history"
    assert day.refusal(correct(ended, 80, action="time", minute="49")) == "history"
    day.enter(retract(ended, 80))
    day.enter(retract(begun, 80))
    day.enter(retract(opened, 80))
    assert day.board.opened is None


def test_a_correction_of_a_correction_is_refused() -> None:
    day = Day(open_day())
    begun = day.enter(start("air-a", 50))
    undone = day.enter(retract(begun, 60))
    assert day.refusal(retract(undone, 61)) == "corrects"


def test_undoing_the_separation_needs_two_persons() -> None:
    day = to_the_separation()
    parted = day.enter(separate(425))
    assert day.refusal(retract(parted, 430)) == "two-persons"
    assert day.refusal(retract(parted, 430, witness="ana")) == "two-persons"
    day.enter(retract(parted, 430, witness="ben"))
    assert day.board.separated is None
    assert day.state("apart") == ("running", 400, None)


def test_an_event_of_an_unknown_kind_is_not_left_out() -> None:
    day = Day(open_day())
    strange = replace(day.log.events()[0], kind="count", seq=2)
    with pytest.raises(InputError, match="entry 2 of the record is of kind 'count'"):
        evolve((*day.log.events(), strange), day.schedule)


def test_a_task_that_the_plan_no_longer_knows_stays_on_the_board() -> None:
    day = Day(open_day(), start("check", 1))
    strange = replace(day.log.events()[1], task=TaskId("old"), seq=3)
    board = evolve((*day.log.events(), strange), day.schedule)
    assert board.tasks[-1].task == "old"
    assert board.tasks[-1].status == "running"


def test_mirror() -> None:
    """With A and B swapped in plan and entries, the board and the answers are the same."""
    plain, swapped = make_schedule(), make_schedule(mirrored=True)
    asked = [
        open_day(),
        start("air-a", 30),
        start("air-b", 31),
        finish("air-b", 80),
        start("air-b", 81),
        command("task.finish", 82, task="air-a", subject=Subject.B),
        finish("air-a", 90),
        start("apart", 400),
        separate(420),
        start("close-b", 431),
        command("note", 440, subject=Subject.A, body={"text": "x"}),
    ]
    results = []
    for schedule, swap in ((plain, False), (swapped, True)):
        log, codes = MemoryLog(), []
        for each in asked:
            sent = replace(each, subject=MIRROR.get(each.subject, each.subject)) if swap else each
            board = evolve(log.events(), schedule)
            decision = decide(board, sent, schedule, LATE)
            codes.append(decision.code if isinstance(decision, Refusal) else "taken")
            if isinstance(decision, Event):
                log.append(decision)
        results.append((codes, evolve(log.events(), schedule).tasks, board.separated))
    assert results[0] == results[1]
    assert results[0][0].count("taken") == 9
