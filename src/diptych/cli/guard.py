"""Turns errors into words and exit codes, and results into lines or JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from json import dumps
from typing import Any

import typer


class Say:
    """Where a verb puts its words: messages on stderr, the result on stdout."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def message(self, text: str) -> None:
        """A line for people, on stderr."""
        typer.echo(text, err=True)

    def result(self, tree: Mapping[str, object], *, lines: Sequence[str]) -> None:
        """The result: one JSON object with --json, else the lines."""
        if self.as_json:
            typer.echo(dumps(tree, sort_keys=True, indent=2, ensure_ascii=False))
            return
        for line in lines:
            typer.echo(line)


@contextmanager
def guarded(*, json: bool, verbose: bool) -> Iterator[Say]:
    """Runs a verb; a DiptychError ends it with its exit code, message and remedy."""
    from diptych.model.errors import DiptychError

    say = Say(json)
    try:
        yield say
    except DiptychError as error:
        if verbose:
            _show_traceback(error)
        _tell(error, say)
        raise typer.Exit(error.exit_code) from error
    except typer.Exit:
        raise
    except Exception as error:
        if verbose:
            _show_traceback(error)
        _say(_describe(error), say)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        if say.as_json:
            typer.echo(dumps({"error": _fault("stopped", "stopped by the keyboard", "")}, indent=2))
        say.message("stopped; the case is as it was.")
        raise typer.Exit(130) from error


def _fault(code: str, message: str, remedy: str) -> dict[str, object]:
    return {"code": code, "message": message, "remedy": remedy, "conflicts": []}


def _describe(error: Exception) -> dict[str, object]:
    """An error that no part foresaw, in words."""
    if isinstance(error, MemoryError):
        words = "this machine ran out of memory"
        return _fault("failed", words, "close other programs, or plan at a coarser spacing")
    if isinstance(error, OSError):
        name = "" if error.filename is None else f" ({error.filename})"
        words = f"a file cannot be read or written: {error.strerror or error}{name}"
        remedy = "free some space, or make the folder writable, then run it again; -v says more"
        return _fault("failed", words, remedy)
    words = f"an unexpected fault: {type(error).__name__}: {error}"
    return _fault("failed", words, "run it again with -v and report what it prints")


def _tell(error: "Exception", say: Say) -> None:
    tree = {
        "code": getattr(error, "code", "failed"),
        "message": getattr(error, "message", str(error)),
        "remedy": getattr(error, "remedy", ""),
        "conflicts": list(getattr(error, "conflicts", ())),
    }
    _say(tree, say)


def _say(tree: dict[str, Any], say: Say) -> None:
    if say.as_json:
        typer.echo(dumps({"error": tree}, sort_keys=True, indent=2, ensure_ascii=False))
    typer.echo(f"error: {tree['message']}", err=True)
    for conflict in tree["conflicts"]:
        typer.echo(f"  - {conflict}", err=True)
    typer.echo(f"What to do: {tree['remedy']}.", err=True)


def _show_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)
