"""A value in one file, its arrays packed: for what is kept only so as not to be found again.

The file starts with a line that names the format, then the length of a JSON header, the
header (key, SHA-256 of the rest, tree of the value, one entry for each array) and the arrays,
each compressed on its own. Who reads it names the key that it was written under.
"""

import zlib
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from json import dumps, loads
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from diptych.model import EdgeError, InputError
from diptych.storage.codec import decode, encode

Value = TypeVar("Value")
MAGIC = b"diptych packed value 1\n"
THREADS = 2
"""zlib lets other threads work meanwhile."""
QUICK = 1
"""The level of zlib: three times as fast as the usual one, and a tenth larger."""
_AGAIN = "run the command that makes it again"


def pack_value(value: object, key: str) -> bytes:
    """The file's content. Same value and key: same bytes."""
    tree, arrays = encode(value)
    entries, parts, start = {}, [], 0
    for name in sorted(arrays):
        array = np.asarray(arrays[name])
        form, content = _narrow(array)
        packed = zlib.compress(content, QUICK)
        place = {"start": start, "size": len(packed)}
        entries[name] = place | {"dtype": array.dtype.str, "shape": array.shape, "form": form}
        parts.append(packed)
        start += len(packed)
    body = b"".join(parts)
    facts = {"key": key, "sha256": sha256(body).hexdigest(), "tree": tree, "arrays": entries}
    header = dumps(facts, sort_keys=True).encode()
    return MAGIC + len(header).to_bytes(8, "little") + header + body


def unpack_value(path: Path, key: str, kind: type[Value]) -> Value:
    """The value in a file that was packed under that key; its arrays can be written to.

    Raises EdgeError when it is missing, damaged, of another version or under another key.
    """
    header, body = _open(path)
    if header.get("key") != key:
        raise EdgeError(f"{path.name} was made from other inputs", remedy=_AGAIN)
    if sha256(body).hexdigest() != header["sha256"]:
        raise EdgeError(f"{path.name} is damaged", remedy=_AGAIN)
    entries = header["arrays"]
    with ThreadPoolExecutor(THREADS) as pool:
        widened = pool.map(lambda name: _widen(entries[name], body), entries)
        arrays = dict(zip(entries, widened, strict=True))
    try:
        return decode(kind, header["tree"], arrays)
    except InputError as error:
        raise EdgeError(f"{path.name}: {error.message}", remedy=_AGAIN) from error


def _open(path: Path) -> tuple[dict[str, Any], memoryview]:
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror}"
        raise EdgeError(message, remedy=_AGAIN) from error
    begin = len(MAGIC) + 8
    size = int.from_bytes(content[len(MAGIC) : begin], "little")
    if not content.startswith(MAGIC) or len(content) < begin + size:
        raise EdgeError(f"{path.name} is damaged or of another version", remedy=_AGAIN)
    try:
        header: dict[str, Any] = loads(content[begin : begin + size])
    except ValueError as error:
        raise EdgeError(f"{path.name} is damaged", remedy=_AGAIN) from error
    return header, memoryview(content)[begin + size :]


def _narrow(array: NDArray[Any]) -> tuple[str, bytes]:
    """The array's bytes in a form that packs well and loses nothing."""
    flat = np.ascontiguousarray(array).ravel()
    if flat.dtype == np.bool_:
        return "bits", np.packbits(flat).tobytes()
    if flat.dtype == np.float32 and len(flat):
        with np.errstate(invalid="ignore"):
            whole = flat.astype(np.int16)
        if np.array_equal(whole.astype(np.float32).view(np.uint32), flat.view(np.uint32)):
            return "whole", whole.tobytes()
    return "same", flat.tobytes()


def _widen(entry: dict[str, Any], body: memoryview) -> NDArray[Any]:
    content = zlib.decompress(body[entry["start"] : entry["start"] + entry["size"]])
    kind, shape = np.dtype(entry["dtype"]), tuple(entry["shape"])
    if entry["form"] == "bits":
        bits = np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=prod(shape))
        return bits.view(np.bool_).reshape(shape)
    stored = np.dtype(np.int16) if entry["form"] == "whole" else kind
    return np.frombuffer(content, dtype=stored).reshape(shape).astype(kind, copy=True)
