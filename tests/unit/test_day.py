"""The day's kernel: addressed random numbers, and what a strike does to the clock."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from contingency_days import hazard, person, plan, task

from diptych.contingencies.daybook import Daybook, write_daybook
from diptych.kernels.day import live_days, philox, task_lengths
from diptych.model import Hazard, Schedule, Subject
from diptych.tables import load_table

SURE = 1.0
LONG = (200, 200, 200)


def book(day: Schedule, *hazards: Hazard) -> Daybook:
    return write_daybook(day, hazards, load_table("rehearsal"))


def ends(day: Schedule, *hazards: Hazard, days: int = 400, seed: int = 1) -> dict[str, np.ndarray]:
    """End of each task on each day, by its id."""
    written = book(day, *hazards)
    _, end, _, _ = live_days(seed, 0, days, written.day, True)
    return {entry.id: end[:, n] for n, entry in enumerate(written.tasks)}


def three_in_a_row(*, length: tuple[int, int, int] = (60, 60, 60)) -> Schedule:
    return plan(
        [
            (task("a", 6, length=length), 0, 60, "x"),
            (task("b", 7, length=(40, 40, 40)), 60, 100, "x"),
            (task("c", 14, length=(10, 10, 10)), 100, 110, "x y"),
        ],
        [person("x", "surgery"), person("y", "anaesthesia")],
    )


@pytest.mark.parametrize("address", [(0, 0, 0, 0), (1, 2, 3, 4), (2**40, 9999, 3, 1567)])
def test_philox_is_numpys_philox(address: tuple[int, int, int, int]) -> None:
    seed, replica, purpose, index = address
    counter = (index | purpose << 64 | replica << 128) - 1
    words = [(counter % 2**256) >> shift & (2**64 - 1) for shift in (0, 64, 128, 192)]
    peer = np.random.Philox(key=[seed, 0], counter=words).random_raw(4)
    assert [int(word) for word in philox(*address)] == [int(word) for word in peer]


def test_fixed_lengths_add_up() -> None:
    end = ends(three_in_a_row(), days=3)
    assert end["a"].tolist() == [60] * 3
    assert end["c"].tolist() == [110] * 3


def test_each_replica_can_be_lived_alone_and_on_any_thread() -> None:
    trouble = hazard("h", (1, "anaesthesia", 1), p=0.6, hold=(5, 20, 60), delay=(5, 10, 40))
    written = book(three_in_a_row(length=(30, 60, 200)), trouble)
    whole = live_days(7, 0, 300, written.day, True)
    alone = live_days(7, 123, 1, written.day, True)
    for one, all_days in zip(alone, whole, strict=True):
        assert one[0].tobytes() == all_days[123].tobytes()
    with ThreadPoolExecutor(2) as pool:
        chunks = list(
            pool.map(lambda first: live_days(7, first, 50, written.day, True), range(0, 300, 50))
        )
    for number, all_days in enumerate(whole):
        assert np.concatenate([chunk[number] for chunk in chunks]).tobytes() == all_days.tobytes()


def test_another_seed_gives_other_days() -> None:
    day = three_in_a_row(length=(30, 60, 200))
    assert not np.array_equal(ends(day, seed=1)["c"], ends(day, seed=2)["c"])


def test_a_further_hazard_leaves_the_lengths_as_they_were() -> None:
    day = three_in_a_row(length=(30, 60, 200))
    rare = hazard("rare", (1, "anaesthesia", 1), p=0.0, delay=(50, 50, 50))
    assert np.array_equal(ends(day)["c"], ends(day, rare)["c"])


def test_lengths_have_perts_moments_and_the_tables_correlation() -> None:
    long = (60, 180, 600)
    day = plan(
        [(task("a", 6, length=long), 0, 180, "x"), (task("b", 14, length=long), 180, 360, "x")],
        [person("x", "surgery")],
    )
    work = book(day).day.work
    drawn = np.array([task_lengths(3, replica, work) for replica in range(20_000)])
    assert drawn.min() > 60
    assert drawn.mean() == pytest.approx(230, rel=0.01)
    assert drawn.std() == pytest.approx(90, rel=0.03)
    normals = np.log(drawn - 60)
    assert np.corrcoef(normals.T)[0, 1] == pytest.approx(0.4, abs=0.02)


def test_a_delay_stops_the_operation_for_its_length() -> None:
    trouble = hazard("h", (1, "anaesthesia", 1), p=SURE, hold=(0, 0, 0), delay=(25, 25, 25))
    assert ends(three_in_a_row(), trouble)["c"] == pytest.approx(135)


def test_the_other_twins_work_goes_on() -> None:
    day = plan(
        [
            (task("own", 15, subject=Subject.A), 0, 60, ""),
            (task("other", 15, subject=Subject.B), 0, 60, ""),
        ],
        [person("y", "anaesthesia")],
    )
    trouble = hazard("h", (1, "anaesthesia", 1), p=SURE, hold=(0, 0, 0), delay=(25, 25, 25))
    end = ends(day, trouble, days=5)
    assert end["own"] == pytest.approx(85)
    assert end["other"] == pytest.approx(60)


def test_people_held_by_a_response_are_waited_for() -> None:
    """The strike falls evenly into a's hour; b needs y, held for 30 minutes."""
    day = plan(
        [(task("a", 6), 0, 60, "x"), (task("b", 14, length=(10, 10, 10)), 60, 70, "y")],
        [person("x", "surgery"), person("y", "anaesthesia")],
    )
    trouble = hazard(
        "h", (1, "anaesthesia", 1), steps=(6, 6), p=SURE, hold=(30, 30, 30), severity=1
    )
    end = ends(day, trouble, days=20_000)
    assert end["a"] == pytest.approx(60)
    assert end["b"].min() == pytest.approx(70)
    assert end["b"].max() == pytest.approx(100, abs=0.1)
    assert end["b"].mean() == pytest.approx((60 + 75) / 2 + 10, abs=0.5)


def test_work_that_can_be_left_pauses_while_its_people_answer() -> None:
    day = plan(
        [
            (
                task("low", 14, subject=Subject.TEAM, priority=1, length=(200, 200, 200)),
                0,
                200,
                "y",
            ),
            (task("a", 6), 0, 60, "x"),
        ],
        [person("x", "surgery"), person("y", "anaesthesia")],
    )
    trouble = hazard("h", (1, "anaesthesia", 1), steps=(6, 6), p=SURE, hold=(30, 30, 30))
    end = ends(day, trouble, days=50)
    assert end["low"] == pytest.approx(230)
    assert end["a"] == pytest.approx(60)


def test_nobody_able_means_missed_and_the_longest_delay() -> None:
    trouble = hazard("h", (1, "magic", 1), p=SURE, delay=(5, 10, 40))
    written = book(three_in_a_row(), trouble)
    _, end, struck, missed = live_days(1, 0, 50, written.day, True)
    assert (struck == 1).all()
    assert (missed == 1).all()
    assert end.max(axis=1) == pytest.approx(150)


def test_a_busy_person_does_not_come_but_one_at_the_twin_does() -> None:
    busy = plan(
        [
            (task("own", 6, subject=Subject.A), 0, 60, ""),
            (task("other", 6, subject=Subject.B), 0, 60, "x"),
            (task("near", 7, subject=Subject.A), 60, 120, "x"),
        ],
        [person("x", "surgery")],
    )
    for steps, near, expected in (((6, 6), True, 1), ((7, 7), True, 0), ((7, 7), False, 1)):
        trouble = hazard("h", (1, "surgery", 0), steps=steps, p=SURE)
        _, _, _, missed = live_days(1, 0, 20, book(busy, trouble).day, near)
        assert (missed == expected).all()


def test_kit_in_use_makes_a_strike_missed() -> None:
    day = plan(
        [
            (task("own", 6), 0, 60, ""),
            (task("other", 14, subject=Subject.TEAM, kit={"pump": 1}), 0, 60, ""),
        ],
        [person("x", "surgery")],
        kit={"pump": 1},
    )
    for count, expected in ((0, 0), (1, 1)):
        trouble = hazard("h", (1, "surgery", 1), steps=(6, 6), p=SURE, kit={"pump": count})
        _, _, _, missed = live_days(1, 0, 20, book(day, trouble).day, True)
        assert (missed == expected).all()


def test_two_strikes_at_once_need_two_people() -> None:
    day = plan([(task("a", 6), 0, 60, "")], [person("x", "surgery")])
    pair = [
        hazard(name, (1, "surgery", 1), p=SURE, hold=(200, 200, 200), delay=(0, 0, 0))
        for name in ("h", "k")
    ]
    _, _, _, missed = live_days(1, 0, 50, book(day, *pair).day, True)
    assert (missed.sum(axis=1) == 1).all()


def test_number_of_strikes_is_poisson() -> None:
    trouble = hazard("h", (1, "anaesthesia", 1), p=0.7, hold=(0, 0, 0))
    _, _, struck, _ = live_days(5, 0, 20_000, book(three_in_a_row(), trouble).day, True)
    mean = -np.log(0.3)
    assert struck.mean() == pytest.approx(mean, abs=0.03)
    assert struck.var() == pytest.approx(mean, rel=0.05)
    assert (struck > 0).mean() == pytest.approx(0.7, abs=0.01)


def test_the_operations_own_people_are_held_no_longer_than_it_stands_still() -> None:
    for delay, expected in (((0, 0, 0), 110), ((25, 25, 25), 135), ((45, 45, 45), 155)):
        trouble = hazard(
            "h", (1, "surgery", 1), steps=(6, 6), p=SURE, hold=(30, 30, 30), delay=delay
        )
        assert ends(three_in_a_row(), trouble, days=20)["c"] == pytest.approx(expected)


def test_kit_held_by_one_response_is_missing_to_the_next() -> None:
    day = plan(
        [(task("a", 6), 0, 60, "")],
        [person("x", "surgery"), person("y", "surgery")],
        kit={"pump": 1},
    )
    pair = [
        hazard(name, (1, "surgery", 1), p=SURE, hold=(200, 200, 200), kit={"pump": 1})
        for name in ("h", "k")
    ]
    _, _, _, missed = live_days(1, 0, 50, book(day, *pair).day, True)
    assert (missed.sum(axis=1) == 1).all()


def test_who_comes_after_the_end_of_a_task_is_held_from_then_on() -> None:
    day = plan(
        [
            (task("own", 6, subject=Subject.A), 0, 60, ""),
            (task("other", 7, subject=Subject.B), 0, 60, "x"),
            (task("next", 14, subject=Subject.B, length=(10, 10, 10)), 60, 70, "x"),
        ],
        [person("x", "surgery", team="B")],
    )
    trouble = hazard("h", (1, "surgery", 60), steps=(6, 6), p=SURE, hold=(30, 30, 30))
    end = ends(day, trouble, days=50)
    assert end["other"] == pytest.approx(60)
    assert end["next"] == pytest.approx(100)
