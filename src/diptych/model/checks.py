"""The checks that every value makes at birth."""

from math import isfinite
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from diptych.model.errors import InputError


def require(condition: bool, message: str, *, remedy: str) -> None:
    """Raise InputError(message) unless `condition` holds."""
    if not condition:
        raise InputError(message, remedy=remedy)


def require_finite(thing: str, value: float, *, low: float = float("-inf")) -> None:
    """Raise InputError unless `value` is finite and at least `low`."""
    require(
        isfinite(value) and value >= low,
        f"{thing} is {value}, expected a finite number"
        + (f" of at least {low:g}" if isfinite(low) else ""),
        remedy=f"correct {thing}",
    )


Scalar = TypeVar("Scalar", bound=np.generic)


def frozen_copy(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A C-contiguous, read-only array with the same values.

    A read-only C-contiguous array that owns its data is returned as it is (its
    owner cannot be written through it); anything else is copied.
    """
    if array.flags.c_contiguous and array.flags.owndata and not array.flags.writeable:
        return array
    copy = np.array(array, order="C", copy=True)
    copy.setflags(write=False)
    return copy
