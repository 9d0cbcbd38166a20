"""Bytes of a block whose last axis becomes the first, eight by eight in words of eight bytes.

Copying such a block byte by byte costs six times as much: either what is read or what is
written lies far apart. Words are put together from single bytes, which compilers make into
one load or store on any machine, whatever its order of bytes.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

Bytes = NDArray[np.uint8]

_S4, _M4 = np.uint64(32), np.uint64(0x00000000FFFFFFFF)
_S2, _M2 = np.uint64(16), np.uint64(0x0000FFFF0000FFFF)
_S1, _M1 = np.uint64(8), np.uint64(0x00FF00FF00FF00FF)


@compiled
def turn_bytes(  # noqa: PLR0917 - numba takes no dataclass
    source: Bytes,
    first: int,
    plane: int,
    row: int,
    target: Bytes,
    start: int,
    sheet: int,
    column: int,
    shape: tuple[int, int, int],
) -> None:
    """target[start + p * sheet + a * column + b] = source[first + p * plane + b * row + a].

    Both arrays are flat; `shape` says how many p, b and a there are.
    """
    planes, rows, long = shape
    for p in range(planes):
        s, t = first + p * plane, start + p * sheet
        for b in range(0, rows - 7, 8):
            for a in range(0, long - 7, 8):
                _turn_words(source, s + b * row + a, row, target, t + a * column + b, column)
            for a in range(long // 8 * 8, long):
                for c in range(b, b + 8):
                    target[t + a * column + c] = source[s + c * row + a]
        for b in range(rows // 8 * 8, rows):
            for a in range(long):
                target[t + a * column + b] = source[s + b * row + a]


@compiled
def _turn_words(source: Bytes, s: int, row: int, target: Bytes, t: int, column: int) -> None:
    """Eight rows of eight bytes: halves change places, then quarters, then single bytes."""
    x0, x1 = _load(source, s), _load(source, s + row)
    x2, x3 = _load(source, s + 2 * row), _load(source, s + 3 * row)
    x4, x5 = _load(source, s + 4 * row), _load(source, s + 5 * row)
    x6, x7 = _load(source, s + 6 * row), _load(source, s + 7 * row)
    x0, x4 = _swap(x0, x4, _S4, _M4)
    x1, x5 = _swap(x1, x5, _S4, _M4)
    x2, x6 = _swap(x2, x6, _S4, _M4)
    x3, x7 = _swap(x3, x7, _S4, _M4)
    x0, x2 = _swap(x0, x2, _S2, _M2)
    x1, x3 = _swap(x1, x3, _S2, _M2)
    x4, x6 = _swap(x4, x6, _S2, _M2)
    x5, x7 = _swap(x5, x7, _S2, _M2)
    x0, x1 = _swap(x0, x1, _S1, _M1)
    x2, x3 = _swap(x2, x3, _S1, _M1)
    x4, x5 = _swap(x4, x5, _S1, _M1)
    x6, x7 = _swap(x6, x7, _S1, _M1)
    _store(target, t, x0)
    _store(target, t + column, x1)
    _store(target, t + 2 * column, x2)
    _store(target, t + 3 * column, x3)
    _store(target, t + 4 * column, x4)
    _store(target, t + 5 * column, x5)
    _store(target, t + 6 * column, x6)
    _store(target, t + 7 * column, x7)


@compiled
def _swap(
    one: np.uint64, other: np.uint64, shift: np.uint64, mask: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """Exchanges the masked parts of `other` with those a shift higher in `one`."""
    apart = ((one >> shift) ^ other) & mask
    return one ^ (apart << shift), other ^ apart


@compiled
def _load(source: Bytes, place: int) -> np.uint64:
    word = np.uint64(0)
    for n in range(8):
        word |= np.uint64(source[np.uintp(place + n)]) << np.uint64(8 * n)
    return word


@compiled
def _store(target: Bytes, place: int, word: np.uint64) -> None:
    for n in range(8):
        target[np.uintp(place + n)] = np.uint8(word >> np.uint64(8 * n))
