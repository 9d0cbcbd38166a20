"""Values as JSON trees plus named arrays, and back, guided by their type annotations.

A tree holds only JSON's own types. Arrays become {"$array": name}, slices {"$slice": ends};
a value whose field may be one of several dataclasses carries {"$type": name}. Decoding checks
that the keys are exactly the fields of the dataclass, so a file of another version is refused
with the path to the bad element, never half understood.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from diptych.model import InputError

Arrays = dict[str, NDArray[np.generic]]
Value = TypeVar("Value")


def encode(value: object) -> tuple[object, Arrays]:
    """The JSON tree of a value and its arrays by name (the path of their field)."""
    arrays: Arrays = {}
    return _encode(value, "", arrays), arrays


def decode(kind: type[Value], tree: object, arrays: Mapping[str, NDArray[np.generic]]) -> Value:
    """The value of type `kind` that `encode` made `tree` and `arrays` from.

    Raises InputError, naming the path, where the tree is not of that type.
    """
    result: Value = _decode(kind, tree, "", arrays)
    return result


def _encode(value: object, path: str, arrays: Arrays) -> object:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"$bytes": b64encode(value).decode("ascii")}
    if isinstance(value, np.ndarray):
        name = path.strip(".") or "array"
        arrays[name] = value
        return {"$array": name}
    return _encode_many(value, path, arrays)


def _encode_many(value: object, path: str, arrays: Arrays) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        tree: dict[str, object] = {"$type": type(value).__name__}
        for field in fields(value):
            tree[field.name] = _encode(getattr(value, field.name), f"{path}.{field.name}", arrays)
        return tree
    if isinstance(value, Mapping):
        return {
            str(_encode(key, path, arrays)): _encode(value[key], f"{path}.{key}", arrays)
            for key in sorted(value, key=str)
        }
    if isinstance(value, slice):
        return {"$slice": [value.start, value.stop]}
    if isinstance(value, tuple | list):
        return [_encode(item, f"{path}.{n}", arrays) for n, item in enumerate(value)]
    raise InputError(
        f"{path or 'value'} is a {type(value).__name__}, which has no place in a file",
        remedy="pass only the values of diptych.model",
    )


def _decode(kind: Any, tree: object, path: str, arrays: Mapping[str, NDArray[np.generic]]) -> Any:
    kind = getattr(kind, "__supertype__", kind)
    origin = get_origin(kind)
    if isinstance(tree, dict) and "$array" in tree:
        return _array(str(tree["$array"]), path, arrays)
    if origin in (Union, UnionType):
        return _decode_union(kind, tree, path, arrays)
    if origin is tuple:
        return _decode_tuple(kind, tree, path, arrays)
    if origin is not None and issubclass(origin, Mapping):
        key_kind, item_kind = get_args(kind)
        entries: dict[str, object] = _expect(dict, tree, path)
        return {
            _decode(key_kind, _key(key_kind, key), path, arrays): _decode(
                item_kind, entries[key], f"{path}.{key}", arrays
            )
            for key in sorted(entries)
        }
    if is_dataclass(kind):
        return _decode_dataclass(kind, tree, path, arrays)
    return _decode_leaf(kind, tree, path)


def _decode_leaf(kind: Any, tree: object, path: str) -> Any:
    if kind in (bytes, slice):
        entries = _expect(dict, tree, path)
        return slice(*entries["$slice"]) if kind is slice else b64decode(str(entries["$bytes"]))
    if kind is date:
        return date.fromisoformat(_expect(str, tree, path))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(tree)
    if kind is float and isinstance(tree, int) and not isinstance(tree, bool):
        return float(tree)
    if kind in (bool, int, float, str):
        return _expect(kind, tree, path)
    if kind is NoneType and tree is None:
        return None
    raise _fault(path, tree, getattr(kind, "__name__", str(kind)))


def _decode_dataclass(
    kind: Any, tree: object, path: str, arrays: Mapping[str, NDArray[np.generic]]
) -> Any:
    entries: dict[str, object] = _expect(dict, tree, path)
    names = {field.name for field in fields(kind)}
    given = set(entries) - {"$type"}
    if entries.get("$type", kind.__name__) != kind.__name__ or given != names:
        raise InputError(
            f"{path.strip('.') or kind.__name__}: fields {', '.join(sorted(given ^ names))}"
            f" do not fit {kind.__name__} of this version",
            remedy="run the command that makes it again with this version",
        )
    hints = get_type_hints(kind)
    return kind(
        **{name: _decode(hints[name], entries[name], f"{path}.{name}", arrays) for name in names}
    )


def _decode_tuple(
    kind: Any, tree: object, path: str, arrays: Mapping[str, NDArray[np.generic]]
) -> Any:
    items = _expect(list, tree, path)
    kinds = get_args(kind)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(items)
    if len(kinds) != len(items):
        raise _fault(path, items, f"{len(kinds)} entries")
    pairs = enumerate(zip(kinds, items, strict=True))
    return tuple(_decode(each, item, f"{path}.{n}", arrays) for n, (each, item) in pairs)


def _decode_union(
    kind: Any, tree: object, path: str, arrays: Mapping[str, NDArray[np.generic]]
) -> Any:
    choices = get_args(kind)
    if tree is None and NoneType in choices:
        return None
    name = tree.get("$type") if isinstance(tree, dict) else None
    rest = [choice for choice in choices if choice is not NoneType]
    named = [choice for choice in rest if getattr(choice, "__name__", None) == name]
    if len(named or rest) != 1:
        raise _fault(path, tree, " or ".join(str(choice) for choice in rest))
    return _decode((named or rest)[0], tree, path, arrays)


def _array(name: str, path: str, arrays: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic]:
    if name not in arrays:
        raise InputError(
            f"{path.strip('.')}: the array {name!r} is missing from the folder",
            remedy="run the command that makes it again",
        )
    return arrays[name]


def _key(kind: Any, key: str) -> object:
    base = getattr(kind, "__supertype__", kind)
    return int(key) if base is int else key


def _expect(kind: Any, tree: object, path: str) -> Any:
    if not isinstance(tree, kind) or (kind is not bool and isinstance(tree, bool)):
        raise _fault(path, tree, kind.__name__)
    return tree


def _fault(path: str, tree: object, expected: str) -> InputError:
    shown = repr(tree) if len(repr(tree)) <= 60 else repr(tree)[:57] + "..."
    return InputError(
        f"{path.strip('.') or 'value'} is {shown}, expected {expected}",
        remedy="run the command that makes it again with this version",
    )
