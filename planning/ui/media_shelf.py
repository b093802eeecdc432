"""
Files of the map that a browser may still ask for after the page has moved on.

Streamlit drops a file as soon as no session shows it. Between two quick edits that is before the browser has fetched it: the map would
lose a state, and the console show an error. The last files are kept here, in the name of no session.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner_utils.script_run_context import SCRIPT_RUN_CONTEXT_ATTR_NAME

__all__ = ["MediaShelf"]


@dataclass(frozen=True)
class _Nobody:
    """All that Streamlit asks of a thread that adds a file."""

    session_id: str = "planmap-shelf"


def _belong_to_nobody() -> None:
    setattr(threading.current_thread(), SCRIPT_RUN_CONTEXT_ATTR_NAME, _Nobody())


class MediaShelf:
    """
    Keeps the files asked for last.

    Parameters
    ----------
    room : int
        How many.
    """

    def __init__(self, room: int = 128) -> None:
        self._room = room
        self._slots: dict[str, int] = {}
        self._lock = threading.Lock()
        # Streamlit ties a file to the session of the thread that adds it; this thread's session never ends.
        self._nobody = ThreadPoolExecutor(1, thread_name_prefix="planning-media", initializer=_belong_to_nobody)

    def keep(self, manager: MediaFileManager, data: bytes, mime: str, *, name: str = "") -> None:
        """Keep a file until as many others as there is room for were asked for after it; ``name`` stands for its content."""
        name = name or hashlib.sha256(data).hexdigest()
        with self._lock:
            slot = self._slots.pop(name, None)
            is_there = slot is not None
            if slot is None:
                full = len(self._slots) >= self._room
                slot = self._slots.pop(next(iter(self._slots))) if full else len(self._slots)
            self._slots[name] = slot
            if not is_there:
                self._nobody.submit(manager.add, data, mime, f"planmap-shelf-{slot}").result()
