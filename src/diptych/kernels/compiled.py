"""Compilation of numeric kernels: cached on disk where that is possible, in memory elsewhere."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Result = TypeVar("Result")


def compiled(function: Callable[..., Result]) -> Callable[..., Result]:
    """`function` compiled by numba, without Python's lock while it runs.

    The machine code is kept beside the module, or in the user's cache folder. Where neither
    can be written (a read-only installation), it is made anew in each process.
    """
    try:
        found: Any = njit(cache=True, nogil=True)(function)
    except RuntimeError:
        found = njit(nogil=True)(function)
    return found  # type: ignore[no-any-return]
