"""The public door: at most forty names, pinned, and nothing heavy behind the import."""

import subprocess
import sys

import diptych

NAMES = [
    "DemoOrder",
    "DiptychError",
    "EdgeError",
    "Infeasible",
    "InputError",
    "PlanOptions",
    "SafetyRefusal",
    "TwinId",
    "UsageError",
    "Watcher",
    "__version__",
    "export_case",
    "load_result",
    "load_schedule",
    "make_demo",
    "new_case",
    "plan_case",
    "verify_case",
]


def test_names_are_pinned() -> None:
    assert diptych.__all__ == NAMES
    assert len(NAMES) <= 40


def test_every_name_opens() -> None:
    for name in NAMES:
        assert getattr(diptych, name) is not None


def test_importing_is_light() -> None:
    program = "import sys, diptych; assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
