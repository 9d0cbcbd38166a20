"""Environments for benchmark peers: a venv in the cache folder, never a dependency of ours."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

UNAVAILABLE = 3  # exit code: the peer could not be installed


def find_python(name, requirements):
    """Path of a Python that has the requirements; makes the environment on first use.

    SystemExit with code 3, after a message, when that is impossible.
    """
    folder = _cache_folder() / f"{name}-py{sys.version_info.major}.{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    ready = folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if python.exists() and ready.exists() and ready.read_text() == wanted:
        return str(python)
    print(f"installing {' '.join(requirements)} into {folder}", file=sys.stderr)
    shutil.rmtree(folder, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(folder)], name)
    _run([str(python), "-m", "pip", "install", "--quiet", *requirements], name)
    ready.write_text(wanted)
    return str(python)


def check_python(python, module):
    """The same path when it can import the module; SystemExit with code 3 otherwise."""
    _run([python, "-c", f"import {module}"], module)
    return python


def _cache_folder():
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "diptych-benchmarks"
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError:
        base = Path(tempfile.mkdtemp(prefix="diptych-benchmarks-"))
    return base


def _run(command, name):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        trouble = (done.stderr or done.stdout).strip() if done.returncode else ""
        failed = done.returncode != 0
    except OSError as error:
        trouble, failed = str(error), True
    if failed:
        print(f"the peer {name} is not available: {' '.join(command)}", file=sys.stderr)
        print(trouble[-800:], file=sys.stderr)
        print("Leave --peer out, or name a Python that has it.", file=sys.stderr)
        raise SystemExit(UNAVAILABLE)
