"""Work that cannot be interrupted: its result, its error, and that nobody waits for it once the clock has stopped."""

import threading
import time

import pytest

from planning.siting.beside import run_beside
from planning.siting.clock import Clock


def test_the_result_comes_back():
    assert run_beside(lambda: 7, Clock(60.0)) == 7


def test_nothing_is_begun_when_time_is_up():
    begun = []
    assert run_beside(lambda: begun.append(True), Clock(0.0)) is None
    assert begun == []


def test_an_error_is_raised_where_the_caller_hears_it():
    def fail():
        raise MemoryError("no room")

    with pytest.raises(MemoryError, match="no room"):
        run_beside(fail, Clock(60.0))


@pytest.mark.parametrize("called_off", [True, False])
def test_work_is_left_alone_when_the_clock_stops(called_off):
    go_on = threading.Event()
    began = time.perf_counter()
    limit_s, cancel = (60.0, lambda: time.perf_counter() - began > 0.1) if called_off else (0.1, None)
    try:
        assert run_beside(lambda: go_on.wait(30.0), Clock(limit_s, cancel)) is None
        assert time.perf_counter() - began < 20.0  # the work itself would take half a minute
    finally:
        go_on.set()
