"""`--help` is light, every verb is there and is documented."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from diptych.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]
VERBS = sorted(COMMANDS)


def test_verbs_are_pinned() -> None:
    assert VERBS == [
        "anatomy",
        "choreograph",
        "demo",
        "dossier",
        "export",
        "intake",
        "list",
        "new",
        "picture",
        "plan",
        "prove",
        "rehearse",
        "schedule",
        "separate",
        "theatre",
        "timing",
        "verify",
    ]


@pytest.mark.parametrize("arguments", [[], ["plan"]])
def test_help_imports_no_numpy(arguments: list[str]) -> None:
    program = (
        f"import sys; sys.argv = ['diptych', *{arguments!r}, '--help']\n"
        "from diptych.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0, end.code\n"
        "heavy = {'numpy', 'scipy', 'numba', 'ortools', 'pydicom'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "Usage: diptych" in result.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb: str) -> None:
    assert f"## diptych {verb}" in (ROOT / "docs" / "reference" / "command-line.md").read_text(
        "utf-8"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_json(verb: str) -> None:
    options = {name for each in COMMANDS[verb].params for name in each.opts}
    assert "--json" in options
