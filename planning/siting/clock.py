"""How long a run may still take, whether somebody has called it off, and who hears how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

__all__ = ["Cancel", "Clock", "Tell", "Watch"]

Cancel = Callable[[], bool]
#: Hears the value of the best answer so far (infinite without one), and the proven bound.
Tell = Callable[[float, float], None]


@dataclass(frozen=True)
class Watch:
    """
    Whoever waits for a run: may call it off, and hears its best value and its bound as they get better.

    It goes where ``cancel`` is asked for. What is told holds for the question that was asked, never for a part of it; it may
    be told from another thread.

    Parameters
    ----------
    stop : callable
        Asked between rounds; True stops the run.
    tell : callable
        Called with objective and bound.
    """

    stop: Cancel
    tell: Tell

    def __call__(self) -> bool:
        """Say whether the run is called off."""
        return self.stop()


class Clock:
    """
    Count down the time of one run.

    Parameters
    ----------
    limit_s : float
        Wall time the run may take [s].
    cancel : callable or None
        Asked between rounds; True stops the run. A `Watch` hears how far the run is as well; a clock made with this clock's
        ``cancel`` is for a part of the question, and tells nobody.
    """

    def __init__(self, limit_s: float, cancel: Cancel | None = None) -> None:
        self._began = time.perf_counter()
        self._limit_s = float(limit_s)
        self._watch = cancel if isinstance(cancel, Watch) else None
        self.cancel = cancel.stop if isinstance(cancel, Watch) else cancel

    def part(self, limit_s: float) -> Clock:
        """
        Give a clock for a step that works on the whole question in part of the time.

        Parameters
        ----------
        limit_s : float
            Wall time of the step [s].

        Returns
        -------
        Clock
            Tells whom this one tells.
        """
        return Clock(limit_s, self._watch or self.cancel)

    def tell(self, objective: float, bound: float) -> None:
        """
        Say how far the whole question is.

        Parameters
        ----------
        objective : float
            Value of the best answer so far; infinite without one.
        bound : float
            What no answer can beat; infinite where nothing is proven.
        """
        if self._watch is not None:
            self._watch.tell(float(objective), float(bound))

    @property
    def heard(self) -> Tell | None:
        """
        Give the way to tell somebody how far the whole question is.

        Returns
        -------
        callable or None
            None where nobody listens.
        """
        return None if self._watch is None else self.tell

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
