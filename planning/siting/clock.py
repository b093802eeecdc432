"""How long a run may still take, and whether somebody has called it off."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

__all__ = ["Cancel", "Clock"]

Cancel = Callable[[], bool]


class Clock:
    """
    Count down the time of one run.

    Parameters
    ----------
    limit_s : float
        Wall time the run may take [s].
    cancel : callable or None
        Asked between rounds; True stops the run.
    """

    def __init__(self, limit_s: float, cancel: Cancel | None = None) -> None:
        self._began = time.perf_counter()
        self._limit_s = float(limit_s)
        self.cancel = cancel

    @property
    def seconds(self) -> float:
        """
        Wall time since the run began [s].

        Returns
        -------
        float
            Seconds since the run began.
        """
        return time.perf_counter() - self._began

    @property
    def left(self) -> float:
        """
        Wall time the run may still take [s], never below 0.

        Returns
        -------
        float
            Seconds left.
        """
        return max(0.0, self._limit_s - self.seconds)

    @property
    def stopped(self) -> bool:
        """
        True where the run must end now.

        Returns
        -------
        bool
            True where the run must end.
        """
        return self.left <= 0.0 or self.cancelled

    @property
    def cancelled(self) -> bool:
        """
        True where somebody has called the run off.

        Returns
        -------
        bool
            True where it was called off.
        """
        return self.cancel is not None and bool(self.cancel())

    def reason(self) -> Literal["time_limit", "cancelled"]:
        """
        Say why an unproven run has ended.

        Returns
        -------
        {"time_limit", "cancelled"}
            The status that the run ends with.
        """
        return "cancelled" if self.cancelled else "time_limit"
