"""
Cover as much as possible by greedy and swaps, with every swap priced by look-ups.

References
----------
.. [1] M. G. C. Resende and R. F. Werneck, Eur. J. Oper. Res. 174, 54-68, 2006. https://doi.org/10.1016/j.ejor.2005.02.026
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.question import Covering

__all__ = ["CoverSearch"]

_LEAST = 1e-9  # of all pupils: what a move must win, above the rounding of sums


class CoverSearch:
    """
    Open sites of a question of covering, and what opening, shutting and swapping would change.

    Parameters
    ----------
    question : Covering
        The question.
    n_slots : int
        Sites that may be open at a time.
    spend : numpy.ndarray, shape (n_sites,), optional
        What each site takes from the budget; without it nothing.
    budget : float
        What all open sites may take together.
    """

    def __init__(self, question: Covering, n_slots: int, spend: Floats | None = None, budget: float = np.inf) -> None:
        from planning.siting.coverage.kernels import price_sites

        self.question, self.budget = question, budget
        self._spend = np.zeros(question.n_sites) if spend is None else spend
        self._slots = np.full(min(n_slots, question.n_sites), -1, dtype=np.int64)  # site of each slot, -1 = free
        self._least = _LEAST * max(1.0, float(question.weight.sum()))
        self._count = np.zeros(question.n_rows, dtype=np.int32)
        self._owner = np.zeros(question.n_rows, dtype=np.int32)
        self._held = np.zeros((self._slots.size, question.n_sites))
        self._is_open = np.zeros(question.n_sites, dtype=bool)
        self._gain = np.empty(question.n_sites)
        price_sites(question.site_start, question.site_row, np.zeros(0), question.weight, self._gain)

    @property
    def sites(self) -> Ints:
        """
        Sites that are open.

        Returns
        -------
        numpy.ndarray of int64
            Sites, rising.
        """
        return np.flatnonzero(self._is_open).astype(np.int64)

    @property
    def spent(self) -> float:
        """
        What the open sites take from the budget.

        Returns
        -------
        float
            Money.
        """
        return float(self._spend[self._is_open].sum())

    @property
    def value(self) -> float:
        """
        Pupils that are covered.

        Returns
        -------
        float
            Pupils, with those covered anyway.
        """
        return self.question.settled + float(self.question.weight[self._count > 0].sum())

    def restart(self, sites: npt.ArrayLike) -> None:
        """
        Shut what is open and open others, as far as there are slots.

        Parameters
        ----------
        sites : array_like of int
            Sites to be open.
        """
        wanted = np.unique(np.asarray(sites, dtype=np.int64))[: self._slots.size]
        stays = np.zeros(self.question.n_sites, dtype=bool)
        stays[wanted] = True
        for site in np.flatnonzero(self._is_open & ~stays).tolist():
            self.shut(site)
        for site in wanted[~self._is_open[wanted]].tolist():
            self.open(site)

    def open(self, site: int) -> None:
        """
        Open a site in a free slot.

        Parameters
        ----------
        site : int
            Site that is shut.
        """
        self._move("open", site, int(np.argmax(self._slots < 0)))

    def shut(self, site: int) -> None:
        """
        Shut a site.

        Parameters
        ----------
        site : int
            Site that is open.
        """
        self._move("close", site, int(np.argmax(self._slots == site)))

    def _move(self, what: str, site: int, slot: int) -> None:
        from planning.siting.coverage import kernels

        asked = self.question
        change = kernels.open_slot if what == "open" else kernels.close_slot
        change(
            site,
            slot,
            asked.site_start,
            asked.site_row,
            asked.row_start,
            asked.row_site,
            asked.weight,
            self._count,
            self._owner,
            self._gain,
            self._held,
        )
        self._slots[slot] = site if what == "open" else -1
        self._is_open[site] = what == "open"

    def add(self, n: int, clock: Clock) -> None:
        """
        Open sites one after another, each the one that adds most (by its money, where money counts).

        Parameters
        ----------
        n : int
            Sites to open at most; it ends earlier when nothing more is to be won.
        clock : Clock
            Stops it.
        """
        per = np.maximum(self._spend, 1e-12) if np.isfinite(self.budget) else 1.0
        for _ in range(min(n, int((self._slots < 0).sum()))):
            fits = ~self._is_open & (self._spend <= self.budget - self.spent) & (self._gain > self._least)
            if clock.stopped or not fits.any():
                return
            self.open(int(np.argmax(np.where(fits, self._gain / per, -1.0))))

    def least(self, *, paid: bool = False) -> int:
        """
        Find the open site whose shutting loses least; of equal ones the highest.

        Parameters
        ----------
        paid : bool
            Look only at sites that take money, and at what they lose for each unit of it.

        Returns
        -------
        int
            Site.
        """
        slots = np.flatnonzero(self._slots >= 0)
        sites = self._slots[slots]
        loss = self._held[slots, sites]
        if paid:
            with np.errstate(divide="ignore", invalid="ignore"):
                loss = np.where(self._spend[sites] > 0.0, loss / self._spend[sites], np.inf)
        return int(sites[loss <= loss.min() + self._least].max())

    def swap(self, clock: Clock, until: float = np.inf) -> int:
        """
        Swap one open site for one shut site, the best swap first, while it pays.

        Parameters
        ----------
        clock : Clock
            Stops it between swaps.
        until : float
            It ends when so many pupils are covered.

        Returns
        -------
        int
            Swaps made.
        """
        done = 0
        while True:
            slots = np.flatnonzero(self._slots >= 0)
            if clock.stopped or slots.size == 0 or (until < np.inf and self.value >= until):
                return done
            sites = self._slots[slots]
            profit = self._held[slots]
            profit += self._gain
            profit -= self._held[slots, sites][:, None]
            profit[:, self._is_open] = -np.inf
            if np.isfinite(self.budget):
                over = self.spent + self._spend[None, :] - self._spend[sites][:, None] > self.budget
                profit[over] = -np.inf
            # among equal swaps the lowest columns, whatever slots they stand in
            best = float(profit.max(initial=-np.inf))
            if not best > self._least:
                return done
            slot, enters = min(
                zip(*np.nonzero(profit >= best - self._least), strict=True), key=lambda at: (at[1], sites[at[0]])
            )
            self._move("close", int(sites[slot]), int(slots[slot]))
            self._move("open", int(enters), int(slots[slot]))
            done += 1
