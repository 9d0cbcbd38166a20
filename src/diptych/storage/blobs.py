"""Values in folders: JSON beside .npy arrays, written the same way every time."""

from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from diptych.model import EdgeError
from diptych.storage.codec import decode, encode

Value = TypeVar("Value")
_BLOCK = 1 << 20


def save_value(folder: Path, name: str, value: object) -> None:
    """Writes `name`.json and one `name`.FIELD.npy for each array into `folder`."""
    tree, arrays = encode(value)
    for field in sorted(arrays):
        np.save(folder / f"{name}.{field}.npy", arrays[field], allow_pickle=False)
    write_json(folder / f"{name}.json", tree)


def load_value(folder: Path, name: str, kind: type[Value]) -> Value:
    """The value that `save_value` wrote; EdgeError if a file is missing or damaged."""
    arrays: dict[str, NDArray[np.generic]] = {}
    for path in sorted(folder.glob(f"{name}.*.npy")):
        arrays[path.name[len(name) + 1 : -4]] = _load_array(path)
    return decode(kind, read_json(folder / f"{name}.json"), arrays)


def write_json(path: Path, tree: object) -> None:
    """Canonical JSON: sorted keys, two spaces, one newline at the end."""
    path.write_text(dumps(tree, sort_keys=True, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: Path) -> object:
    """The JSON tree of a file; EdgeError if it is missing or not JSON."""
    try:
        tree: object = loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EdgeError(
            f"{path.name} cannot be read: {error}",
            remedy="run the command that makes it again",
        ) from error
    return tree


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    digest = sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def hash_folder(folder: Path, *, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """SHA-256 of each file below a folder, by its path inside it, sorted."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    named = ((path.relative_to(folder).as_posix(), path) for path in found)
    return {name: hash_file(path) for name, path in named if name not in without}


def _load_array(path: Path) -> NDArray[np.generic]:
    try:
        array: NDArray[np.generic] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise EdgeError(
            f"{path.name} cannot be read: {error}",
            remedy="run the command that makes it again",
        ) from error
    array.setflags(write=False)
    return array
