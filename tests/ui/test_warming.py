"""Kernels made ready in the background: once, out of the way of the first page, and not in silence when it fails."""

import importlib
import threading

import pytest

from planning import access, kernels
from planning.ui import warming

travel = importlib.import_module("planning.travel.warm")  # the module, whatever the package calls by this name

siting = importlib.import_module("planning.siting.warm")


@pytest.fixture
def began(monkeypatch):
    """Let nothing have begun yet, and replace the work by something that waits."""
    monkeypatch.setattr(warming, "_started", threading.Lock())
    monkeypatch.setattr(warming, "_compiling", threading.Event())
    calls, go = [], threading.Event()

    def work(name):
        assert go.wait(20)
        calls.append((name, warming.compiling()))

    monkeypatch.setattr(travel, "warm", lambda: work("travel"))
    monkeypatch.setattr(access, "warm", lambda: work("access"))
    monkeypatch.setattr(siting, "warm", lambda: work("siting"))
    return calls, go


def finish():
    for thread in threading.enumerate():
        if thread.name == "planning-warm":
            thread.join(20)


@pytest.mark.parametrize("cold", [True, False])
def test_it_happens_once_and_nobody_waits(began, monkeypatch, cold):
    calls, go = began
    monkeypatch.setattr(kernels, "is_cold", lambda: cold)
    for _ in range(3):
        warming.start()
    assert calls == []  # start came back before the work was done
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "planning-warm"] == [True]
    go.set()
    finish()
    warming.start()
    assert calls == [("travel", cold), ("access", cold), ("siting", cold)]
    assert not warming.compiling()


def test_failure_is_logged(began, monkeypatch, caplog):
    _, go = began
    go.set()
    monkeypatch.setattr(kernels, "is_cold", lambda: True)
    monkeypatch.setattr(travel, "warm", lambda: [][0])
    warming.start()
    finish()
    assert "kernels could not be made ready" in caplog.text
    assert "IndexError" in caplog.text
    assert not warming.compiling()


def test_a_question_waits_for_the_compiling_and_for_nothing_else(began):
    cancel = threading.Event()
    warming.until_compiled(cancel)  # nothing is compiled: no wait
    warming._compiling.set()
    waiting = threading.Thread(target=warming.until_compiled, args=(cancel,))
    waiting.start()
    waiting.join(0.5)
    assert waiting.is_alive()
    warming._compiling.clear()
    waiting.join(20)
    assert not waiting.is_alive()


def test_who_calls_the_question_off_does_not_wait_for_the_compiling(began):
    cancel = threading.Event()
    cancel.set()
    warming._compiling.set()
    warming.until_compiled(cancel)
