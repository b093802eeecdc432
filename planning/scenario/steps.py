"""What an answer under way tells whoever waits for it: what it does, the best so far, the bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from planning.errors import Message
from planning.siting.clock import Cancel, Watch
from planning.siting.proposal import gap_between

__all__ = ["Follow", "Step", "Teller"]


@dataclass(frozen=True)
class Step:
    """
    How far an answer is.

    Parameters
    ----------
    doing : Message
        What is being done.
    objective : float
        Value of the best answer so far; nan without one.
    bound : float
        What no answer can beat; nan where nothing is proven yet.
    unit : str
        Unit of the two.
    """

    doing: Message
    objective: float = math.nan
    bound: float = math.nan
    unit: str = ""

    @property
    def gap(self) -> float:
        """
        Relative distance between objective and bound.

        Returns
        -------
        float
            nan where one of the two is not known.
        """
        return gap_between(self.objective, self.bound)


Follow = Callable[[Step], None]


class Teller:
    """
    Pass on what the steps of an answer tell; of the values and bounds of one search, the best.

    Parameters
    ----------
    follow : callable or None
        Hears the steps.
    cancel : callable or None
        True stops the search.
    """

    def __init__(self, follow: Follow | None, cancel: Cancel | None) -> None:
        self._follow = follow
        self.cancel = cancel
        self._step: Step | None = None

    def doing(self, doing: Message) -> None:
        """
        Say that something else is being done now; value and bound stand.

        Parameters
        ----------
        doing : Message
            What is being done.
        """
        before = self._step
        self._say(Step(doing) if before is None else Step(doing, before.objective, before.bound, before.unit))

    def search(self, doing: Message, unit: str, *, largest: bool = False) -> Cancel | None:
        """
        Begin a search.

        Parameters
        ----------
        doing : Message
            What is being done.
        unit : str
            Unit of its value.
        largest : bool
            True where a large value is good.

        Returns
        -------
        callable or None
            To be given to the siting engine as ``cancel``.
        """
        if self._follow is None:
            return self.cancel
        self._say(Step(doing, unit=unit))
        cancel = self.cancel

        def tell(objective: float, bound: float) -> None:  # numpydoc ignore=GL08
            before = self._step
            pick, other = (max, min) if largest else (min, max)
            if before is not None:
                objective = _better(objective, before.objective, pick)
                bound = _better(bound, before.bound, other)
            self._say(Step(doing, objective, bound, unit))

        return Watch(cancel or (lambda: False), tell)

    def _say(self, step: Step) -> None:
        self._step = step
        if self._follow is not None:
            self._follow(step)


def _better(value: float, before: float, pick: Callable[[float, float], float]) -> float:
    """Keep the better of two values, of which some are not known."""
    if not math.isfinite(value):
        return before
    return value if math.isnan(before) else pick(value, before)
