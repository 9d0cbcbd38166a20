"""Random numbers by count: the n-th number of a seed is always the same.

SplitMix64 (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195): a counter that grows by a
fixed odd step, mixed. The whole state is one number, so a search can be stopped, stored and
gone on with, and depends on nothing but its seed and how far it is.
"""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled

_STEP = np.uint64(0x9E3779B97F4A7C15)
_ONE = np.uint64(0xBF58476D1CE4E5B9)
_TWO = np.uint64(0x94D049BB133111EB)
_A, _B, _C, _D = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(33)


def open_stream(seed: int) -> NDArray[np.uint64]:
    """The state of a stream, (1,), before its first number."""
    return np.array([seed % 2**64], dtype=np.uint64)


@compiled
def draw_below(stream: NDArray[np.uint64], limit: int) -> int:
    """The next number of the stream, 0 to `limit` - 1; `limit` < 2**31."""
    stream[0] += _STEP
    z = stream[0]
    z = (z ^ (z >> _A)) * _ONE
    z = (z ^ (z >> _B)) * _TWO
    z = z ^ (z >> _C)
    return np.int64(z >> _D) % np.int64(limit)  # type: ignore[return-value]
