"""Runs the command line in a process of its own."""

import subprocess
import sys
from pathlib import Path


def diptych(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the command as a person would and returns what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "diptych", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
