"""What a derivative folder was made from, so that nothing is done twice and all can be checked.

The manifest holds only what the result depends on; it is the same for the same inputs
whatever the number of threads. Minutes spent and the machine stand in effort.jsonl.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from json import dumps, loads
from pathlib import Path

from diptych import __version__
from diptych.model import EdgeError
from diptych.storage.blobs import hash_folder, read_json, write_json

NAME = "manifest.json"
_LIBRARIES = ("numpy", "scipy", "scikit-image", "numba", "ortools", "nibabel", "pydicom", "jinja2")


def write_manifest(folder: Path, inputs: Mapping[str, object]) -> None:
    """Adds manifest.json to a finished derivative folder: inputs, and outputs by SHA-256."""
    outputs = hash_folder(folder, without=frozenset({NAME}))
    write_json(folder / NAME, {"inputs": dict(inputs), "outputs": outputs})


def read_manifest(folder: Path) -> dict[str, dict[str, object]] | None:
    """The manifest of a derivative folder, or None if there is none that can be read."""
    try:
        tree = read_json(folder / NAME)
    except EdgeError:
        return None
    return tree if isinstance(tree, dict) and {"inputs", "outputs"} <= set(tree) else None


def is_fresh(folder: Path, inputs: Mapping[str, object]) -> bool:
    """Whether the folder was made from exactly these inputs and is still whole."""
    manifest = read_manifest(folder)
    if manifest is None or manifest["inputs"] != loads(dumps(dict(inputs))):
        return False
    return hash_folder(folder, without=frozenset({NAME})) == manifest["outputs"]


def outputs_digest(folder: Path) -> str:
    """One SHA-256 over the names and hashes of everything a derivative folder holds."""
    manifest = read_manifest(folder)
    outputs = manifest["outputs"] if manifest else hash_folder(folder)
    lines = "".join(f"{name} {outputs[name]}\n" for name in sorted(outputs))
    return sha256(lines.encode()).hexdigest()


@cache
def program(rooms: tuple[str, ...]) -> dict[str, str]:
    """Version, a hash over the source of the rooms a part is made of, and its libraries."""
    return {"diptych": __version__, "source": _source_hash(rooms)} | {
        name: _version(name) for name in _LIBRARIES
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _source_hash(rooms: tuple[str, ...]) -> str:
    digest = sha256()
    root = Path(str(files("diptych")))
    for room in sorted(rooms):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".html", ".css", ".js", ".j2"):
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
