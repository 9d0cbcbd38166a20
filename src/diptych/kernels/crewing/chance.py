"""Seeded numbers that depend on a key and a counter only."""

import numpy as np
from numpy.typing import NDArray

from diptych.kernels.compiled import compiled


@compiled
def mix(key: int, counter: int) -> float:
    """A number in 0..1 of that key and counter (splitmix64: Steele, Lea, Flood 2014)."""
    z = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(counter)
    z *= np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return np.float64(z >> np.uint64(11)) / 9007199254740992.0


@compiled
def draw(stream: NDArray[np.int64]) -> float:
    """The next number of a stream (key, counter); the counter moves on by one."""
    stream[1] += 1
    return mix(stream[0], stream[1])


@compiled
def pick(stream: NDArray[np.int64], below: int) -> int:
    """A whole number from 0 to `below` - 1."""
    return min(int(draw(stream) * below), below - 1)
