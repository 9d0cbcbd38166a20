"""Finds the board that shows the operation day; the command line knows none by name."""

from collections.abc import Callable
from pathlib import Path

from diptych.pipeline.folder import CaseFolder
from diptych.pipeline.opening import read_case_file
from diptych.plugins import load_plugin

GROUP = "diptych.boards"


def serve_board(
    case: Path, *, host: str, port: int, announce: Callable[[str], None], name: str = "web"
) -> None:
    """Serves the board of a planned case until it is stopped.

    `announce` gets the address. Raises UsageError if no such board is installed, and
    whatever the board refuses the case for.
    """
    folder = CaseFolder(case)
    folder.require()
    notice = read_case_file(folder).made_from
    board = load_plugin(GROUP, name)
    assert callable(board)
    board(case, host=host, port=port, announce=announce, notice=notice)
