"""The bounds of the benchmark hold for every type: owners, veins, cut, axes, class, proof."""

import subprocess
import sys
from pathlib import Path

import pytest

from diptych.demonstration import TYPES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TYPES)
def test_bounds_hold(kind: str) -> None:
    result = subprocess.run(
        [sys.executable, "benchmarks/accuracy.py", "--types", kind, "--seeds", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count(f"| {kind} ") == 1
