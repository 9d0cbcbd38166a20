"""A progress bar for each part, on stderr."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter:
    """Shows each part as it starts and ends; says nothing when quiet."""

    def __init__(self, quiet: bool) -> None:
        self._bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<15}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[outcome]:<10}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def announce(self, parts: tuple[str, ...]) -> None:
        """Lists the parts that will be looked at."""
        for part in parts:
            self._tasks[part] = self._bars.add_task(part, total=1, outcome="", start=False)

    def begin(self, part: str) -> None:
        """A part has started."""
        task = self._tasks[part]
        self._bars.update(task, outcome="working", total=None)
        self._bars.start_task(task)

    def end(self, part: str, outcome: str) -> None:
        """A part has ended: "done" or "unchanged"."""
        self._bars.update(self._tasks[part], outcome=outcome, total=1, completed=1)
