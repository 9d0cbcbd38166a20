"""Two pieces of work side by side."""

import threading

import numba
import pytest

from diptych.kernels.abreast import run_abreast


@pytest.fixture(params=[1, 2])
def threads(request):
    before = numba.get_num_threads()
    if request.param > before:
        pytest.skip("this machine has one processor")
    numba.set_num_threads(request.param)
    yield request.param
    numba.set_num_threads(before)


def test_each_result_in_its_place(threads):
    assert run_abreast(lambda: "one", lambda: "two") == ("one", "two")


def test_two_threads_only_where_two_may_be_used(threads):
    one, two = run_abreast(threading.get_ident, threading.get_ident)
    assert (one != two) == (threads == 2)


def fail(words):
    raise ValueError(words)


def test_the_first_error_is_the_first_functions(threads):
    with pytest.raises(ValueError, match="first"):
        run_abreast(lambda: fail("first"), lambda: fail("second"))
    with pytest.raises(ValueError, match="second"):
        run_abreast(lambda: 1, lambda: fail("second"))
