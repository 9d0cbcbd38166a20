"""Short fingerprints of the values that a figure was drawn from."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from hashlib import sha256

import numpy as np

from diptych.model import Volume


def name_values(**values: object) -> tuple[str, ...]:
    """`name:first twelve digits of the SHA-256` of each value, sorted by name."""
    return tuple(f"{name}:{hash_value(values[name])[:12]}" for name in sorted(values))


def hash_value(value: object) -> str:
    """SHA-256 over a canonical walk through dataclasses, mappings, tuples and arrays."""
    digest = sha256()
    for piece in _walk(value):
        digest.update(piece)
        digest.update(b"\x00")
    return digest.hexdigest()


def _walk(value: object) -> Iterator[bytes]:
    if isinstance(value, Volume):
        yield value.content_hash.encode()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__.encode()
        for field in fields(value):
            yield field.name.encode()
            yield from _walk(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from _walk(value[key])
    elif isinstance(value, tuple | list):
        yield str(len(value)).encode()
        for item in value:
            yield from _walk(item)
    else:
        yield _spell(value)


def _spell(value: object) -> bytes:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}".encode()
    if isinstance(value, date):
        return value.isoformat().encode()
    return repr(value).encode()
