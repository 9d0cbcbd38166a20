"""The examples run as a stranger would run them."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EXPECTED = {
    "minimum_cut.py": (": proven", "optimal: True", "same surface: True"),
    "explicit_capacities.py": (", proven\n", "\nequal\n"),
}


def test_every_example_is_run_and_listed() -> None:
    present = {path.name for path in EXAMPLES.glob("*.py")}
    text = (EXAMPLES / "README.md").read_text("utf-8")
    assert present == set(EXPECTED)
    assert [name for name in sorted(present) if f"]({name})" not in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_example_runs(name: str) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [words for words in EXPECTED[name] if words not in done.stdout] == []
    assert "NOT PROVEN" not in done.stdout
