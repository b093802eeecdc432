"""A step that cannot be interrupted, such as a kernel, run so that whoever waits for it need not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from planning.siting.clock import Clock

__all__ = ["run_beside"]

T = TypeVar("T")

_LOOK_S = 0.05  # between two looks whether the run has ended


def run_beside(work: Callable[[], T], clock: Clock) -> T | None:
    """
    Do a piece of work in a thread of its own; once the clock stops it is left alone, and its result is lost.

    Parameters
    ----------
    work : callable
        Lets go of the interpreter while it takes long, and changes nothing that others see.
    clock : Clock
        Time left, and the caller's wish to stop.

    Returns
    -------
    object or None
        What the work gives; None where the clock stopped first.
    """
    if clock.stopped:
        return None
    ended = threading.Event()
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:  # numpydoc ignore=GL08
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again where the caller hears it
            failed.append(error)
        finally:
            ended.set()

    # not a daemon: a thread that is still in a kernel when the interpreter goes down would take it down with an error
    threading.Thread(target=run, name="beside").start()
    while not ended.wait(_LOOK_S):
        if clock.left <= 0.0 or clock.cancelled:
            return None
    if failed:
        raise failed[0]
    return found[0]
