"""Turns errors into words and exit codes, and results into lines or JSON."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from json import dumps

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
    except MemoryError as error:
        say.message("error: this machine ran out of memory.")
        say.message("What to do: close other programs, or plan at a coarser spacing.")
        raise typer.Exit(1) from error
    except typer.Exit:
        raise
    except Exception as error:
        if verbose:
            _show_traceback(error)
        say.message(f"error: an unexpected fault: {type(error).__name__}: {error}.")
        say.message("What to do: run it again with -v and report what it prints.")
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        say.message("stopped; the case is as it was.")
        raise typer.Exit(130) from error


def _tell(error: "Exception", say: Say) -> None:
    tree = {
        "code": getattr(error, "code", "failed"),
        "message": getattr(error, "message", str(error)),
        "remedy": getattr(error, "remedy", ""),
        "conflicts": list(getattr(error, "conflicts", ())),
    }
    if say.as_json:
        typer.echo(dumps({"error": tree}, sort_keys=True, indent=2, ensure_ascii=False))
    typer.echo(f"error: {tree['message']}", err=True)
    for conflict in tree["conflicts"]:
        typer.echo(f"  - {conflict}", err=True)
    typer.echo(f"What to do: {tree['remedy']}.", err=True)


def _show_traceback(error: Exception) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)
