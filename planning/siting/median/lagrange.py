"""
Bound a location question from below by pricing "every row is served", and settle sites that the bound decides.

For prices ``v`` per pupil of the rows the bound is ``sum(w v)`` plus the lowest values of
``charge_j + sum_i w_i min(0, c_ij - v_i)``, of the counted sites at most ``p``. A price never exceeds what the row pays at
its fallback, since the fallback is open to all; as lists are sorted, only the pairs below a row's price are looked at.
Prices rise and fall along a deflected subgradient with a Polyak step.

References
----------
.. [3] P. M. Camerini, L. Fratta and F. Maffioli, Math. Program. Stud. 3, 26-34, 1975. https://doi.org/10.1007/BFb0120697
.. [1] J. E. Beasley, Eur. J. Oper. Res. 65, 383-399, 1993. https://doi.org/10.1016/0377-2217(93)90118-7
.. [2] N. Christofides and J. E. Beasley, Eur. J. Oper. Res. 10, 196-208, 1982.
   https://doi.org/10.1016/0377-2217(82)90161-X
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.median.lists import Lists
from planning.siting.median.swap import Choice

__all__ = ["Ascent", "first_prices", "reduce_question"]


class Ascent:
    """
    Prices on their way up.

    Parameters
    ----------
    lists : Lists
        The question; a fallback may be inf.
    choice : Choice
        What may be opened.
    price : numpy.ndarray, shape (n_rows,)
        Prices to begin with [cost per pupil].
    lead : float
        First factor of the Polyak step.
    """

    def __init__(self, lists: Lists, choice: Choice, price: Floats, lead: float = 1.0) -> None:
        from planning.siting.median.lagrange_kernels import BEST, FOUND, LEAD, SINCE

        self.lists, self.choice = lists, choice
        self._price = np.minimum(price, lists.fallback)
        self.price = self._price.copy()
        self._direction = np.zeros(lists.n_rows)
        self.share = np.zeros(lists.n_sites)
        self._found = np.zeros(lists.n_sites, dtype=bool)
        self._numbers = np.zeros(7)
        self._numbers[[BEST, SINCE]] = -np.inf
        self._numbers[FOUND], self._numbers[LEAD] = np.inf, lead

    @property
    def value(self) -> float:
        """
        The best bound so far.

        Returns
        -------
        float
            No choice costs less.
        """
        return float(self._numbers[0]) + self.lists.constant

    @property
    def found(self) -> tuple[Ints, float]:
        """
        The cheapest choice met on the way.

        Returns
        -------
        tuple of numpy.ndarray and float
            Columns and cost; inf where none was met.
        """
        return np.flatnonzero(self._found).astype(np.int64), float(self._numbers[1]) + self.lists.constant

    def forget_found(self) -> None:
        """Look for a cheapest choice afresh."""
        self._numbers[1] = np.inf

    @property
    def lead(self) -> float:
        """
        Factor of the Polyak step.

        Returns
        -------
        float
            It halves whenever the bound stands still.
        """
        return float(self._numbers[2])

    @property
    def done(self) -> bool:
        """
        Tell whether further rounds would change nothing.

        Returns
        -------
        bool
            True where the steps have become too small, or the prices are optimal.
        """
        return self.lead < 1e-3

    def run(self, rounds: int, *, target: float, stop_at: float, patience: int = 12) -> int:
        """
        Take some steps.

        Parameters
        ----------
        rounds : int
            Steps at most.
        target : float
            Cost of the best choice known; inf where none is.
        stop_at : float
            Bound that is enough.
        patience : int
            Rounds without progress after which the step is halved.

        Returns
        -------
        int
            Steps taken.
        """
        from planning.siting.median.lagrange_kernels import STOP_AT, TARGET, ascend

        lists, choice = self.lists, self.choice
        if not np.isfinite(target):
            now = self.value if np.isfinite(self.value) else float(lists.weight @ self.price)
            target = now + 0.05 * abs(now) + 1.0
        self._numbers[TARGET] = target - lists.constant
        self._numbers[STOP_AT] = stop_at - lists.constant
        return int(
            ascend(
                lists.start, lists.site.view(np.uint32), lists.cost, *lists.by_site, lists.weight, lists.fallback,
                choice.charge, choice.counted, choice.allowed, choice.p, self._price, self._direction,
                self.price, self.share, self._found, self._numbers, rounds, patience,
            )
        )  # fmt: skip

    def moved_to(self, lists: Lists, choice: Choice) -> Ascent:
        """
        Go on with a question that was reduced.

        Parameters
        ----------
        lists : Lists
            The reduced question; ``number`` leads from the rows of this one.
        choice : Choice
            What may be opened.

        Returns
        -------
        Ascent
            The same prices and steps on the reduced question.
        """
        from planning.siting.median.lagrange_kernels import BEST, FOUND, SINCE

        kept = lists.number >= 0
        moved = Ascent(lists, choice, self._price[kept], self.lead)
        moved.price = np.minimum(self.price[kept], lists.fallback)
        moved.share, moved._direction = self.share, self._direction[kept]
        moved._numbers = self._numbers.copy()
        moved._numbers[FOUND] = np.inf
        moved._numbers[[BEST, SINCE]] += self.lists.constant - lists.constant
        return moved

    def settle(self, below: float) -> tuple[Bools, Bools]:
        """
        Find the sites whose other state cannot lead to a choice that costs at most ``below``.

        Parameters
        ----------
        below : float
            What a better choice would cost at most.

        Returns
        -------
        tuple of numpy.ndarray of bool, each of shape (n_sites,)
            Sites that stay shut, and sites that are open.
        """
        from planning.siting.median.lagrange_kernels import decide

        lists, choice = self.lists, self.choice
        if not np.isfinite(below):
            return ~choice.allowed, np.zeros(lists.n_sites, dtype=bool)
        shut, opened = np.empty(lists.n_sites, dtype=bool), np.empty(lists.n_sites, dtype=bool)
        decide(
            lists.start, lists.site.view(np.uint32), lists.cost, lists.weight, choice.charge, choice.counted,
            choice.allowed, choice.p, self.price, below - lists.constant,
            1e-9 * max(1.0, abs(below)),  # float sums: never settle on a hair
            shut, opened,
        )  # fmt: skip
        return shut, opened


def first_prices(lists: Lists, sites: Ints) -> Floats:
    """
    Price the rows by a choice that is known: between its nearest and its second nearest site.

    Parameters
    ----------
    lists : Lists
        The question.
    sites : numpy.ndarray of int
        Columns that are open.

    Returns
    -------
    numpy.ndarray, shape (n_rows,)
        Prices [cost per pupil].
    """
    near, _, second = lists.best_two(lists.mask(sites))
    near = np.where(np.isfinite(near), near, 0.0)
    return np.where(np.isfinite(second), (near + second) / 2, near)


def reduce_question(lists: Lists, choice: Choice, shut: Bools, opened: Bools) -> tuple[Lists, Choice]:
    """
    Take sites whose state is known out of the question.

    Parameters
    ----------
    lists : Lists
        The question.
    choice : Choice
        What may be opened.
    shut, opened : numpy.ndarray of bool, shape (n_sites,)
        Sites that stay shut, and sites that are open.

    Returns
    -------
    tuple of Lists and Choice
        What is left; ``number`` of the lists leads from the rows before.
    """
    rest = lists.settled(opened, shut)
    charge = float(choice.charge[opened].sum())
    if charge:
        rest = replace(rest, constant=rest.constant + charge)
    allowed = choice.allowed & ~shut & ~opened
    return rest, replace(choice, allowed=allowed, p=choice.p - int((opened & choice.counted).sum()))
