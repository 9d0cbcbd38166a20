"""One demonstration case, made and planned once, coarse so that it is quick."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command import diptych

SPACING = "2.0"


@pytest.fixture(scope="session")
def raw_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration case that nobody has planned yet."""
    case = tmp_path_factory.mktemp("raw") / "pair"
    result = diptych("demo", case, "--no-plan", "-q", "--spacing", SPACING)
    assert result.returncode == 0, result.stderr
    return case


@pytest.fixture(scope="session")
def planned(
    raw_case: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The same case, planned on two threads, and what `--json` printed."""
    case = tmp_path_factory.mktemp("planned") / "pair"
    shutil.copytree(raw_case, case)
    result = diptych("plan", case, "--json", "-q", "--threads", "2", "--days", "2000")
    assert result.returncode == 0, result.stderr
    return case, json.loads(result.stdout)


@pytest.fixture
def copy(planned: tuple[Path, dict[str, Any]], tmp_path: Path) -> Path:
    """A planned case to spoil."""
    case = tmp_path / "pair"
    shutil.copytree(planned[0], case)
    return case
