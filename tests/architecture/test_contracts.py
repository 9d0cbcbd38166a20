"""The floors hold, and the contracts bite when somebody breaks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", str(root / "pyproject.toml")],
        cwd=root,
        env={"PYTHONPATH": str(root / "src"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contracts_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(
        ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__", "*.toml", "*.csv")
    )
    return root


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("model/units.py", "from diptych.kernels import flow"),
        ("anatomy/policy.py", "from diptych.separation import policy"),
        ("timing/policy.py", "import pydicom"),
        ("theatre/decide.py", "import time"),
        ("separation/policy.py", "import random"),
        ("choreography/check.py", "from ortools.sat.python import cp_model"),
        ("cli/options.py", "from diptych.storage import codec"),
        ("web/app.py", "from diptych.storage import codec"),
        ("kernels/render.py", "from diptych.anatomy import policy"),
        ("contingencies/certificate.py", "from diptych.contingencies import cover"),
        ("contingencies/setcheck.py", "from diptych.contingencies import sets"),
        ("contingencies/setreplay.py", "from diptych.kernels import simultaneous"),
        ("choreography/check.py", "from diptych.choreography import solve"),
    ],
)
def test_a_broken_floor_is_seen(copy: Path, file: str, line: str) -> None:
    path = copy / "src" / "diptych" / file
    before = path.read_text("utf-8")
    path.write_text(before + f"\n{line}\n", "utf-8")
    try:
        assert lint(copy).returncode != 0
    finally:
        path.write_text(before, "utf-8")


def test_a_room_without_a_floor_is_seen(copy: Path) -> None:
    room = copy / "src" / "diptych" / "cellar"
    room.mkdir()
    (room / "__init__.py").write_text('"""A room that nobody agreed on."""\n', "utf-8")
    try:
        assert lint(copy).returncode != 0
    finally:
        shutil.rmtree(room)
