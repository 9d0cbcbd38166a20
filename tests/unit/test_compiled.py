"""The garbage collector rests while a kernel is compiled, and only then."""

import gc
from collections.abc import Iterator

import pytest
from numba import njit
from numba.core import event

import diptych.kernels.compiled  # noqa: F401 - registers the listener


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


def compile_watched() -> list[bool]:
    """Compiles a function within another; whether the collector was on at the end of each."""
    seen = []

    class Watch(event.Listener):
        def on_start(self, event): ...

        def on_end(self, event):
            seen.append(gc.isenabled())

    watch = Watch()

    @njit
    def inner(n: int) -> int:
        return n + 1

    @njit
    def outer(n: int) -> int:
        return inner(n) * 2

    event.register("numba:run_pass", watch)
    try:
        assert outer(2) == 6
    finally:
        event.unregister("numba:run_pass", watch)
    return seen


def test_it_rests_while_numba_compiles_and_works_again() -> None:
    gc.enable()
    seen = compile_watched()
    assert seen
    assert not any(seen)
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    compile_watched()
    assert not gc.isenabled()


def test_it_works_again_after_a_function_that_cannot_be_compiled() -> None:
    gc.enable()

    @njit
    def wrong(n: int) -> int:
        return n + "one"

    with pytest.raises(Exception, match="No implementation"):
        wrong(1)
    assert gc.isenabled()
