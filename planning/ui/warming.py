"""Compiled kernels made ready in the background, once per server process, while the first page is drawn."""

from __future__ import annotations

import logging
import threading

__all__ = ["compiling", "start", "until_compiled"]

logger = logging.getLogger(__name__)

_started = threading.Lock()  # taken by the first session, never given back
_compiling = threading.Event()
_POLL_S = 0.2


def start() -> None:
    """Begin, unless it was begun before; whoever needs a kernel sooner waits for that one or compiles it."""
    if _started.acquire(blocking=False):
        # a daemon, so that the server can be stopped meanwhile
        threading.Thread(target=_warm, name="planning-warm", daemon=True).start()


def compiling() -> bool:
    """
    Tell whether kernels are being compiled for the first time on this machine.

    Returns
    -------
    bool
        False where they only need to be loaded.
    """
    return _compiling.is_set()


def until_compiled(cancel: threading.Event) -> None:
    """
    Wait while kernels are being compiled, so that this falls into nobody's time limit.

    Parameters
    ----------
    cancel : threading.Event
        Ends the wait.
    """
    while compiling() and not cancel.wait(_POLL_S):
        pass


def _warm() -> None:
    try:
        from planning.kernels import is_cold

        if is_cold():
            _compiling.set()
        from planning.access import warm as warm_access
        from planning.siting.warm import warm as warm_siting
        from planning.travel.warm import warm as warm_travel

        warm_travel()
        warm_access()
        warm_siting()
    except Exception:  # the end of a thread: nobody else would hear of it
        logger.exception("kernels could not be made ready")
    finally:
        _compiling.clear()
