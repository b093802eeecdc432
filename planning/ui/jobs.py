"""Work that takes longer than a fifth of a second: it leaves the script thread, tells how far it is, can be cancelled."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from planning.errors import Message, PlanningError, msg

__all__ = ["Job", "Jobs"]

logger = logging.getLogger(__name__)

#: Work of a job: is given a way to tell how far it is, and an event that says "stop".
Work = Callable[[Callable[[float, Message], None], threading.Event], Any]


@dataclass
class Job:
    """
    One piece of work under way or done.

    Parameters
    ----------
    key : str
        What it computes; the same key is never computed twice at once.
    """

    key: str
    started: float = field(default_factory=time.monotonic)
    share: float = 0.0
    doing: Message = field(default_factory=lambda: msg("Starting…"))
    cancel: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)

    @property
    def done(self) -> bool:
        """True once there is a result or an error."""
        return self.future.done()

    @property
    def error(self) -> Message | PlanningError | None:
        """Why there is no result, in words; None while it runs or where there is one."""
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

    def tell(self, share: float, doing: Message) -> None:
        """Take note of how far the work is."""
        self.share, self.doing = min(max(share, 0.0), 1.0), doing


class Jobs:
    """
    All jobs of this process, by key; at most ``keep`` finished ones are remembered.

    Parameters
    ----------
    workers : int
        Jobs that run at the same time.
    keep : int
        Finished jobs that are remembered.
    """

    def __init__(self, *, workers: int = 2, keep: int = 32) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="planning-job")
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._keep = keep

    def start(self, key: str, work: Work, *, again: bool = False) -> Job:
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

        Returns
        -------
        Job
            The job; it may be done.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and not (again and job.done and (job.error is not None or job.cancel.is_set())):
                return job
            job = Job(key)
            job.future = self._pool.submit(work, job.tell, job.cancel)
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
