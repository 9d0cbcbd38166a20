"""Every engine gives the results in order, whatever the number of workers and losses."""

import os
from pathlib import Path

import pytest

from diptych.engines import LocalEngine
from diptych.model import EdgeError, InputError


def double(item: int) -> int:
    return 2 * item


def die_once(item: tuple[int, str]) -> int:
    number, folder = item
    mark = Path(folder) / "died"
    if number == 2 and not mark.exists():
        mark.touch()
        os._exit(1)
    return number


def die(item: int) -> int:
    os._exit(1)


@pytest.mark.parametrize("workers", [1, 2])
def test_order_is_kept(workers: int) -> None:
    assert list(LocalEngine(workers).map(double, range(7))) == [0, 2, 4, 6, 8, 10, 12]


@pytest.mark.slow
def test_a_lost_worker_costs_nothing(tmp_path: Path) -> None:
    items = [(n, str(tmp_path)) for n in range(5)]
    assert list(LocalEngine(2).map(die_once, items)) == [0, 1, 2, 3, 4]


@pytest.mark.slow
def test_work_that_always_dies_is_told() -> None:
    with pytest.raises(EdgeError, match="worker processes died 3 times; 2 of 2"):
        list(LocalEngine(2).map(die, [1, 2]))


def test_no_workers_is_refused() -> None:
    with pytest.raises(InputError, match="workers is 0"):
        LocalEngine(0)
