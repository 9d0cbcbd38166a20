"""Values in one packed file: the same back again, and nothing from a file that does not fit."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from diptych.model import EdgeError
from diptych.storage.packed import pack_value, unpack_value


@dataclass(frozen=True, kw_only=True, eq=False)
class Inner:
    mask: NDArray[np.bool_]
    box: tuple[slice, slice]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outer:
    inner: Inner
    whole: NDArray[np.float32]
    broken: NDArray[np.float32]
    codes: NDArray[np.int32]
    empty: NDArray[np.float32]
    none: NDArray[np.float32] | None = None


def value() -> Outer:
    random = np.random.Generator(np.random.Philox(key=3))
    return Outer(
        inner=Inner(mask=random.random((3, 5, 7)) > 0.5, box=(slice(2, 9), slice(0, 4))),
        whole=np.arange(-30, 30, dtype=np.float32).reshape(3, 4, 5),
        broken=random.random((2, 3)).astype(np.float32) - np.float32(0.5),
        codes=np.asfortranarray(random.integers(-(2**31), 2**31, (4, 6)).astype(np.int32)),
        empty=np.zeros((0, 0, 0), dtype=np.float32),
    )


def write(folder: Path, content: bytes) -> Path:
    path = folder / "value.packed"
    path.write_bytes(content)
    return path


def test_what_was_packed_comes_back_and_can_be_written_to(tmp_path: Path) -> None:
    given = value()
    found = unpack_value(write(tmp_path, pack_value(given, "k")), "k", Outer)
    pairs = [(given.inner.mask, found.inner.mask)]
    pairs += [(getattr(given, n), getattr(found, n)) for n in ("whole", "broken", "codes", "empty")]
    for one, other in pairs:
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
        assert one.shape == other.shape
        assert other.flags.writeable
        assert other.flags.c_contiguous
    assert found.inner.box == given.inner.box
    assert found.none is None


@pytest.mark.parametrize("odd", [-0.0, np.nan, np.inf, 40000.0, 1.5])
def test_single_precision_loses_nothing(tmp_path: Path, odd: float) -> None:
    values = np.array([1.0, odd, -3.0], dtype=np.float32)
    given = Outer(
        **{n: getattr(value(), n) for n in ("inner", "broken", "codes", "empty")}, whole=values
    )
    found = unpack_value(write(tmp_path, pack_value(given, "k")), "k", Outer)
    assert found.whole.tobytes() == values.tobytes()


def test_same_value_same_bytes() -> None:
    assert pack_value(value(), "k") == pack_value(value(), "k")
    assert pack_value(value(), "k") != pack_value(value(), "l")


def test_other_key_damage_and_other_shape_are_told(tmp_path: Path) -> None:
    content = pack_value(value(), "k")
    path = write(tmp_path, content)
    with pytest.raises(EdgeError, match="made from other inputs"):
        unpack_value(path, "other", Outer)
    with pytest.raises(EdgeError, match=r"fields .* do not fit Inner"):
        unpack_value(path, "k", Inner)
    write(tmp_path, content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(EdgeError, match="is damaged"):
        unpack_value(path, "k", Outer)
    for spoilt in (b"", content[:40], b"x" + content[1:], content[:60] + b"\xff" + content[61:]):
        write(tmp_path, spoilt)
        with pytest.raises(EdgeError, match="damaged"):
            unpack_value(path, "k", Outer)
    with pytest.raises(EdgeError, match="cannot be read"):
        unpack_value(tmp_path / "absent", "k", Outer)
