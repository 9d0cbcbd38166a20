"""Two pieces of work that need nothing of each other, side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

First = TypeVar("First")
Second = TypeVar("Second")


def run_abreast(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What both functions return; on two threads where numba may use two, else in turn.

    For functions without side effects: the results are the same either way. An exception of
    `first` is raised before one of `second`, as in turn.
    """
    if numba.get_num_threads() < 2:
        return first(), second()
    with ThreadPoolExecutor(max_workers=1) as pool:
        later = pool.submit(second)
        return first(), later.result()
