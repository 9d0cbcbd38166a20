"""Functions and files stay small (ARCHITECTURE.md, budgets)."""

import ast
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2] / "src" / "diptych"
FILES = sorted(ROOT.rglob("*.py"))


def lengths() -> list[tuple[int, str, str | None]]:
    found = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                name = f"{path.relative_to(ROOT)}:{node.name}"
                found.append((size, name, ast.get_docstring(node)))
    return found


def test_functions_are_short() -> None:
    sizes = sorted(size for size, _, _ in lengths())
    assert median(sizes) <= 12
    assert sizes[int(0.9 * len(sizes))] <= 32


def test_long_functions_give_a_reason() -> None:
    silent = [name for size, name, text in lengths() if size > 60 and not text]
    assert silent == []


def test_files_are_short() -> None:
    sizes = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in FILES
    }
    assert {name: size for name, size in sizes.items() if size > 600} == {}
    assert median(sizes.values()) <= 200
