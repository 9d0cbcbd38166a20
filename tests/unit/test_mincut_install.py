"""The kernel on a stranger's machine: what it needs, and where it can write nothing."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import diptych

SOURCE = Path(diptych.__file__).resolve().parent
KERNEL = SOURCE / "kernels" / "mincut"
ALLOWED = ("numpy", "numba", "diptych.kernels.mincut")
ALLOWED_FILES = ("diptych.model.errors", "diptych.model.checks", "diptych.kernels.compiled")

SOLVE = """
import sys
import numpy as np
from diptych.kernels.mincut import minimum_cut, minimum_cut_edges

cost = np.full((5, 4, 3), 7)
cost[3] = 2
seeds = np.zeros(cost.shape, dtype=np.uint8)
seeds[0], seeds[-1] = 1, 2
cut = minimum_cut(cost, seeds)
assert cut.value == cut.lower_bound == 12 * 9 and cut.certificate.passed, cut
edges = minimum_cut_edges(np.ones((6, 5, 4, 3), dtype=np.uint8), seeds == 1, seeds == 2)
assert edges.value == 12 and edges.certificate.passed, edges
preview = minimum_cut(cost, seeds, engine="primal-dual")
assert preview.lower_bound <= 12 * 9 <= preview.value, preview
"""

# Numba asks for scipy of its own accord; here nobody gets it, nor any other stranger.
ALONE = """
import sys
from importlib.abc import MetaPathFinder

class Refuse(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in KNOWN:
            raise ModuleNotFoundError(f"refused by the test: {name}", name=name)
        return None

KNOWN = {"numpy", "numba", "llvmlite", "diptych"}
sys.meta_path.insert(0, Refuse())
"""

REPORT = """
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - KNOWN
print("foreign:", *sorted(name for name in foreign if name in WATCHED))
print("ours:", *sorted(name for name in sys.modules if name.startswith("diptych.")))
"""
WATCHED = "WATCHED = {'scipy', 'ortools', 'skimage', 'nibabel', 'pydicom', 'pandas', 'typer'}\n"


def run(program, **environment):
    """Runs a program in a fresh interpreter; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(SOURCE.parent)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def imports_of(path):
    """Names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            yield node.module or ""
            if node.module in {"diptych", "diptych.model", "diptych.kernels"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", sorted(KERNEL.rglob("*.py")), ids=lambda path: path.stem)
def test_it_names_only_numpy_numba_and_the_errors(path):
    for name in imports_of(path):
        top = name.partition(".")[0]
        lawful = (
            top in sys.stdlib_module_names
            or name in ALLOWED_FILES
            or name in {"diptych.kernels", "diptych.model"}
            or any(name == known or name.startswith(known + ".") for known in ALLOWED)
        )
        assert lawful, f"{path.name} imports {name}"


def test_it_works_where_nothing_else_is_installed():
    """Imported and used with every other distribution refused."""
    lines = run(ALONE + WATCHED + SOLVE + REPORT).splitlines()
    assert lines[0].split() == ["foreign:"]
    ours = lines[1].split()[1:]
    strange = [name for name in ours if not name.startswith(("diptych.model", "diptych.kernels"))]
    assert strange == []
    kernels = {name.split(".")[2] for name in ours if name.startswith("diptych.kernels.")}
    assert kernels == {"compiled", "mincut"}


COMPILED = """
def forms():
    return {
        f"{name}.{key}": len(value.signatures)
        for name, module in list(sys.modules.items())
        if name.startswith("diptych.kernels.mincut")
        for key, value in vars(module).items()
        if hasattr(value, "signatures")
    }

def frozen(array):
    copy = array.copy()
    copy.setflags(write=False)
    return copy

def backwards(array):
    return np.ascontiguousarray(array[..., ::-1])[..., ::-1]

unary = np.ones(cost.shape, dtype=np.int64)
for known in (cost, cost.astype(float)):  # costs of 8 bits and of 14
    minimum_cut(known, seeds, unary=unary, walled=cost > 2)
known = forms()
assert sum(known.values()) > 3, known
for layout in (np.asfortranarray, backwards, frozen):
    for kind in (">i4", "u1", "f4"):
        given = {"unary": layout(unary.astype(kind)), "walled": layout(cost > 2)}
        minimum_cut(layout(cost.astype(kind)), layout(seeds), **given)
    capacities = np.ones((6, *cost.shape), dtype="u2")
    minimum_cut_edges(layout(capacities), layout(seeds == 1), layout(seeds == 2))
print(*(f"{key}:{known.get(key, 0)}->{now}" for key, now in forms().items() if now != known[key]))
"""


@pytest.mark.slow
def test_no_layout_or_type_is_compiled_anew():
    """A read-only or a turned array must not cost another compilation of the kernel."""
    assert run(SOLVE + COMPILED).split() == []


@pytest.fixture
def wall(tmp_path):
    """A path where nobody can write, not even root: below a regular file."""
    stone = tmp_path / "stone"
    stone.write_text("no folder", "utf-8")
    return stone / "cache"


@pytest.fixture
def sealed(tmp_path):
    """A copy of the package whose folders can hold no compiled code: `__pycache__` is a file."""
    copy = tmp_path / "sealed" / "diptych"
    for part in ("kernels/mincut", "model"):
        shutil.copytree(
            SOURCE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
        )
    for name in ("__init__.py", "kernels/__init__.py", "kernels/compiled.py"):
        shutil.copy(SOURCE / name, copy / name)
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        (folder / "__pycache__").write_text("no folder", "utf-8")
    return copy


@pytest.mark.slow
def test_it_works_where_numba_may_not_write(wall):
    """`NUMBA_CACHE_DIR` cannot be made; the package folder still can be written."""
    run(SOLVE, NUMBA_CACHE_DIR=str(wall))


@pytest.mark.slow
@pytest.mark.parametrize("told", [False, True])
def test_it_works_where_nothing_can_be_written(sealed, wall, told):
    """No cache beside the code, none in the home folder, none where numba is told to."""
    homes = {name: str(wall) for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    extra = {"NUMBA_CACHE_DIR": str(wall)} if told else {}
    where = "import diptych\nprint(diptych.__file__)\n"
    told_by = run(
        where + SOLVE, PYTHONPATH=str(sealed.parent), PYTHONDONTWRITEBYTECODE="1", **homes, **extra
    )
    assert told_by.startswith(str(sealed.parent))
    assert not [path for path in sealed.rglob("*.nb?")]


@pytest.mark.slow
def test_a_cache_made_by_others_does_no_harm_where_it_cannot_be_written(sealed, tmp_path, wall):
    """An administrator compiles once; users who may not write get the same answers."""
    cache = tmp_path / "shared"
    everyone = {"PYTHONPATH": str(sealed.parent), "NUMBA_CACHE_DIR": str(cache)}
    run(SOLVE, **everyone)
    made = {path: path.read_bytes() for path in cache.rglob("*.nb?")}
    assert made
    run("import sys\nsys.dont_write_bytecode = True\n" + NO_WRITING + SOLVE, **everyone)
    assert {path: path.read_bytes() for path in cache.rglob("*.nb?")} == made


NO_WRITING = """
import builtins, os, tempfile

def refuse(*args, **kwargs):
    raise PermissionError(13, "read-only file system, says the test")

def reading(path, mode="r", *args, _open=open, **kwargs):
    return refuse() if set(mode) & set("wxa+") else _open(path, mode, *args, **kwargs)

builtins.open = reading
os.replace = os.rename = os.mkdir = tempfile.TemporaryFile = refuse
"""
