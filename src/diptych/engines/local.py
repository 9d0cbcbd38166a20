"""Maps over this machine's cores with processes, and survives the loss of one.

The function must be pure: a lost item is simply computed again in a fresh pool, so the
results are the same for any number of workers, kills included.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

from diptych.model import EdgeError, InputError

Item = TypeVar("Item")
Result = TypeVar("Result")
_TRIES = 3


class LocalEngine:
    """`workers` processes; with one worker everything runs in this process."""

    def __init__(self, workers: int = 1) -> None:
        if workers < 1:
            raise InputError(f"workers is {workers}, expected 1 or more", remedy="give at least 1")
        self.workers = workers

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results in the order of the items.

        Raises EdgeError if worker processes die three times over the same work.
        """
        todo = list(items)
        if self.workers == 1 or len(todo) < 2:
            return map(function, todo)
        return iter(self._pooled(function, todo))

    def _pooled(self, function: Callable[[Item], Result], items: list[Item]) -> list[Result]:
        done: dict[int, Result] = {}
        for _ in range(_TRIES):
            self._attempt(function, items, done)
            if len(done) == len(items):
                return [done[n] for n in range(len(items))]
        raise EdgeError(
            f"worker processes died {_TRIES} times; {len(items) - len(done)} of {len(items)}"
            " pieces of work are undone",
            remedy="look for a lack of memory on this machine, or use one worker",
        )

    def _attempt(
        self, function: Callable[[Item], Result], items: list[Item], done: dict[int, Result]
    ) -> None:
        with ProcessPoolExecutor(self.workers, mp_context=get_context("spawn")) as pool:
            waiting: dict[int, Future[Result]] = {
                n: pool.submit(function, item) for n, item in enumerate(items) if n not in done
            }
            for n, future in waiting.items():
                try:
                    done[n] = future.result()
                except BrokenProcessPool:
                    return
