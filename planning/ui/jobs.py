"""
Work that takes longer than a fifth of a second: it leaves the script thread, tells how far it is, can be cancelled.

Jobs run in threads. Measured on the demo county with two cores: while a proposal is worked out, an edit takes 0.20-0.32 s
(0.43 s beside the search for boarding schools) instead of 0.18 s, and 0.18-0.21 s where the proposal has a process of its
own, since solvers and kernels let go of the interpreter. That gain is not worth a county's second copy in memory, nor the
seconds to load it there. What takes minutes has workers of its own, one fewer than there are cores, so that opening a
county or writing files never waits for it, and a core is left for whoever clicks.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from planning.errors import Message, PlanningError, msg

__all__ = ["Job", "Jobs"]

logger = logging.getLogger(__name__)

#: Work of a job: is given a way to tell how far it is (share, what is done, and perhaps more about it), and an event that
#: says "stop".
Work = Callable[[Callable[..., None], threading.Event], Any]


@dataclass
class Job:
    """
    One piece of work under way or done; several sessions may wait for it.

    Parameters
    ----------
    key : str
        What it computes; the same key is never computed twice at once.
    """

    key: str
    started: float = field(default_factory=time.monotonic)
    share: float = 0.0
    doing: Message = field(default_factory=lambda: msg("Starting…"))
    step: Any = None
    cancel: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)
    watchers: set[str] = field(default_factory=set)
    content: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def done(self) -> bool:
        """True once there is a result or an error."""
        return self.future.done()

    @property
    def waiting(self) -> bool:
        """True while other work must end before this can begin."""
        return not self.future.running() and not self.future.done()

    @property
    def error(self) -> Message | PlanningError | None:
        """Why there is no result, in words; None while it runs or where there is one."""
        if self.future.cancelled():
            return msg("This was called off before it began.")
        problem = self.future.exception() if self.future.done() else None
        if problem is None or isinstance(problem, PlanningError):
            return problem
        return msg("The program failed here ({kind}). The log says more.", kind=type(problem).__name__)

    def result(self) -> Any:
        """Give the result of a job that is done without error."""
        return self.future.result(timeout=0)

    def seconds(self) -> float:
        """Tell how long ago it started [s]."""
        return time.monotonic() - self.started

    def tell(self, share: float, doing: Message, step: Any = None) -> None:
        """Take note of how far the work is; ``step`` is whatever more there is to know."""
        self.share, self.doing, self.step = min(max(share, 0.0), 1.0), doing, step

    def watch(self, who: str) -> None:
        """Wait for it; what one session calls off goes on for the others."""
        with self._lock:
            self.watchers.add(who)
            self.content.discard(who)

    def leave(self, who: str) -> None:
        """Wait no more; it ends when nobody is left who does."""
        with self._lock:
            self.watchers.discard(who)
            self.content.discard(who)
            self._look()

    def enough(self, who: str) -> None:
        """Be content with the best so far; it ends when everybody is who waits for it."""
        with self._lock:
            if who in self.watchers:
                self.content.add(who)
            self._look()

    def others(self, who: str) -> int:
        """Count who else waits for it and is not content yet."""
        with self._lock:
            return len(self.watchers - self.content - {who})

    def _look(self) -> None:
        if self.watchers <= self.content:
            self.cancel.set()
            if not self.watchers:
                self.future.cancel()  # takes it out of the queue where it has not begun


class Jobs:
    """
    All jobs of this process, by key; at most ``keep`` finished ones are remembered.

    Parameters
    ----------
    workers : int
        Jobs that run at the same time.
    long_workers : int, optional
        Long jobs that run at the same time; one fewer than there are cores otherwise.
    keep : int
        Finished jobs that are remembered.
    """

    def __init__(self, *, workers: int = 2, long_workers: int | None = None, keep: int = 32) -> None:
        beside = max(1, (os.cpu_count() or 2) - 1) if long_workers is None else long_workers
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="planning-job")
        self._long = ThreadPoolExecutor(beside, thread_name_prefix="planning-long-job")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._keep = keep

    def start(self, key: str, work: Work, *, again: bool = False, who: str = "", long: bool = False) -> Job:
        """
        Start a job, or give the one of this key that runs already or is done.

        Parameters
        ----------
        key : str
            What it computes.
        work : callable
            The work.
        again : bool
            Start anew where the one before failed or was cancelled.
        who : str
            The session that waits for it; such a job can be left.
        long : bool
            True for what may take minutes: it never stands in the way of shorter work.

        Returns
        -------
        Job
            The job; it may be done.
        """
        with self._lock:
            job = self._jobs.get(key)
            failed = job is not None and job.done and job.error is not None
            if job is not None and not (again and (failed or job.cancel.is_set())):
                if who:
                    job.watch(who)
                return job
            job = Job(key)
            if who:
                job.watch(who)
            job.future = (self._long if long else self._pool).submit(work, job.tell, job.cancel)
            self._jobs[key] = job
            for old in [k for k, j in self._jobs.items() if j.done][: max(0, len(self._jobs) - self._keep)]:
                del self._jobs[old]
        job.future.add_done_callback(lambda future: _log(key, future))
        return job

    def get(self, key: str) -> Job | None:
        """
        Look a job up.

        Parameters
        ----------
        key : str
            What it computes.

        Returns
        -------
        Job or None
            None where there is none.
        """
        return self._jobs.get(key)


def _log(key: str, future: Future[Any]) -> None:
    """Leave a trace of an error that is not a message for people."""
    problem = None if future.cancelled() else future.exception()
    if problem is not None and not isinstance(problem, PlanningError):
        logger.error("job %s failed", key, exc_info=problem)
