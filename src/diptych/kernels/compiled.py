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
    return compiled_with()(function)


def compiled_with(
    **options: Any,
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """The same with more options of `numba.njit`."""

    def compile_function(function: Callable[..., Result]) -> Callable[..., Result]:
        try:
            found: Any = njit(cache=True, nogil=True, **options)(function)
        except RuntimeError:
            found = njit(nogil=True, **options)(function)
        return found  # type: ignore[no-any-return]

    return compile_function
