"""
Seat the pupils of a table too large for a model in given sites: cheapest where seats alone bind, and with rules where asked.

A site that must have so many pupils gets two columns: one with that many seats, and one with the others, in which a pupil
costs a fine more. Where the cheapest answer fills all first columns, the fines are the same in every answer that keeps the
rule, so that it is the cheapest of those. Whole cells begin where most
of their pupils sit; those that could as well go elsewhere are moved until no site is overfull.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from scipy import sparse

from planning.access.allocation import Allocation, allocate
from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.seats.flow import FlowQuestion
from planning.siting.seats.whole_rounding import round_whole
from planning.siting.tables.cheapest import columns_of, dense_rows

__all__ = ["TableSeater"]

logger = logging.getLogger(__name__)

_FINES = (3.0, 100.0)  # of the dearest pair, for a pupil who sits where the least size does not need one
_TRIES = 12  # choices of sites until the rules are kept
_MOST_PAIRS = 100_000_000  # cells times open sites beyond which whole cells are not tried


class TableSeater:
    """
    Seats the pupils of one table in many choices of sites.

    Parameters
    ----------
    costs : numpy.ndarray or scipy.sparse matrix, shape (n_cells, n_sites)
        The table.
    wanted : numpy.ndarray, shape (n_cells,)
        Pupils [pupils].
    question : FlowQuestion
        Seats, costs of opening and rules of the question's sites, which are columns of the table or sizes of them.
    site : numpy.ndarray of int64, shape (n_question_sites,)
        Column of the table of each site of the question.
    price : float
        Price of a pupil in reach without a seat; inf = all must be seated.
    """

    def __init__(self, costs: Any, wanted: Floats, question: FlowQuestion, site: Ints, price: float) -> None:
        self._costs, self._wanted, self._question, self._site, self._price = costs, wanted, question, site, price
        self._least = np.where(question.free, np.ceil(question.least_load - 1e-9), 0.0)
        self._best: tuple[float, bytes, Allocation] | None = None

    def value(self, opened: Bools) -> float:
        """
        Price a choice of sites with seats as its only limit.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_question_sites,)
            Open sites.

        Returns
        -------
        float
            Travel, opening and pupils without a seat; inf where not all can be seated who must be.
        """
        allocation = self._seat(opened)
        value = self.worth(opened, allocation)
        if self._best is None or value < self._best[0]:
            self._best = value, opened.tobytes(), allocation
        return value

    def worth(self, opened: Bools, allocation: Allocation) -> float:
        """
        Price an allocation.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_question_sites,)
            Open sites.
        allocation : Allocation
            An allocation to them.

        Returns
        -------
        float
            Travel, opening and pupils without a seat; inf where one has none who must have one.
        """
        missing = float(allocation.unserved[self._question.pupils > 0].sum())
        return (
            allocation.cost + float(self._question.opening[opened].sum()) + (missing * self._price if missing else 0.0)
        )

    def seat(self, opened: Bools) -> Allocation:
        """
        Seat the pupils with seats as the only limit.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_question_sites,)
            Open sites.

        Returns
        -------
        Allocation
            The cheapest allocation of as many as possible.
        """
        if self._best is not None and self._best[1] == opened.tobytes():
            return self._best[2]
        return self._seat(opened)

    def seat_by_rules(self, opened: Bools, clock: Clock) -> tuple[Bools, Allocation] | None:
        """
        Seat the pupils so that no site is too small and, where asked, no cell is split; sites too small for that are shut.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_question_sites,)
            Open sites to begin with.
        clock : Clock
            Time left; one look is taken in any case.

        Returns
        -------
        tuple of numpy.ndarray of bool and Allocation, or None
            Open sites and the allocation; None where none was found.
        """
        for turn in range(_TRIES):
            found = self._seat_least(opened)
            if not np.isfinite(self.worth(opened, found)):
                return None
            if self._question.single_source:
                whole = self._seat_whole(opened, found)
                if whole is None:
                    return None
                found = whole
            short = self._too_small(opened, found)
            if short.size == 0:
                return opened, found
            count = 1 if short.size < 4 else short.size // 2  # each site shut leaves its pupils to the others
            opened = opened.copy()
            opened[short[:count]] = False
            logger.debug("turn %d: %d sites are too small, %d are shut", turn, short.size, count)
            if not self._question.fits(opened) or clock.cancelled:
                return None
        return None

    def _too_small(self, opened: Bools, found: Allocation) -> Ints:
        """List the open sites that have too few pupils, the one that lacks most first."""
        load = np.asarray(found.flows.sum(axis=0)).ravel()[self._site]
        lacks = np.where(opened, self._least - load, 0.0)
        short = np.flatnonzero(lacks > 0.5)
        return np.asarray(short[np.argsort(-lacks[short], kind="stable")])

    def _seat(self, opened: Bools, least: Floats | None = None, fine: float = 0.0) -> Allocation:
        """Seat the pupils at least cost; being without a seat at a price is one more column."""
        n_rows, n = self._costs.shape
        at = np.flatnonzero(opened)
        table, seats = columns_of(self._costs, self._site[at]), self._question.seats[at]
        column = at
        if least is not None:
            two = np.flatnonzero(least[at] > 0)
            needed = np.minimum(least[at[two]], seats[two])
            main, seats = _dearer(table, fine), np.concatenate([seats, needed])
            seats[two] -= needed
            table, column = _beside(main, table[:, two]), np.concatenate([at, at[two]])
        if np.isfinite(self._price):
            way_out: Any = np.where(self._question.pupils > 0, self._price + fine, np.inf)[:, None]
            if sparse.issparse(table):
                rows = np.flatnonzero(self._question.pupils > 0)
                entries = (way_out[rows, 0], (rows, np.zeros(rows.size, dtype=np.int64)))
                way_out = sparse.csr_array(entries, shape=(n_rows, 1))
            table, seats = _beside(table, way_out), np.append(seats, np.inf)
        found = allocate(table, self._wanted, seats)
        flows = sparse.csr_array(found.flows[:, : column.size]).tocoo()
        place: Any = (flows.row, self._site[column][flows.col])
        whole = sparse.csr_array((flows.data, place), shape=(n_rows, n))
        prices = np.zeros(n)
        prices[self._site[at]] = found.prices[: at.size]
        missing = self._wanted.astype(np.int64) - np.asarray(whole.sum(axis=1)).ravel().astype(np.int64)
        served = float(found.flows[:, : column.size].sum())
        paid = (self._price + fine) * float(found.flows[:, [column.size]].sum()) if np.isfinite(self._price) else 0.0
        in_first = float(found.flows[:, at.size : column.size].sum()) if least is not None else 0.0
        return Allocation(
            flows=whole, cost=found.cost - paid - fine * (served - in_first), unserved=missing, prices=prices
        )

    def _seat_least(self, opened: Bools) -> Allocation:
        """Seat the pupils so that as many places as possible are taken in the sites that need them."""
        if not (self._least[opened] > 0).any():
            return self.seat(opened)
        plain = self.seat(opened)
        if self._too_small(opened, plain).size == 0 and not self._question.single_source:
            return plain
        dearest = max(
            float(self._question.arcs.cost.max(initial=0.0)), self._price if np.isfinite(self._price) else 0.0
        )
        found, least = plain, self._least
        if self._question.single_source:  # room for what is lost when cells are made whole
            some = self._question.pupils[self._question.pupils > 0]
            least = np.where(least > 0, np.ceil(least + np.median(some)), 0.0)
        for fine in _FINES:
            found = self._seat(opened, least, np.ceil(fine * dearest + 1.0))
            if self._too_small(opened, found).size == 0:
                break
        return found

    def _seat_whole(self, opened: Bools, split: Allocation) -> Allocation | None:
        """Send each cell to one site, beginning where most of its pupils sit."""
        question, at = self._question, np.flatnonzero(opened)
        rows = np.flatnonzero(question.pupils > 0)
        if rows.size * (at.size + 1) > _MOST_PAIRS or at.size == 0:
            return None
        pupils = question.pupils[rows].astype(np.int64)
        each = np.column_stack(
            [dense_rows(columns_of(self._costs, self._site[at]), rows), np.full(rows.size, self._price)]
        )
        flows = columns_of(split.flows, self._site[at])[rows].toarray()
        begun = np.argmax(np.column_stack([flows, split.unserved[rows]]), axis=1)
        total = int(pupils.sum())
        seats = np.append(np.minimum(question.seats[at], total), total).astype(np.int64)
        cost: Floats = each * pupils[:, None]
        found = round_whole(cost, pupils, seats, begun, np.append(split.prices[self._site[at]], 0.0))
        if found is None:
            return None
        place, seated = found[0], found[0] < at.size
        return self._whole(rows[seated], self._site[at][place[seated]], cost[np.arange(rows.size), place])

    def _whole(self, rows: Ints, sites: Ints, paid: Floats) -> Allocation:
        """Put cells and their sites into a table."""
        amounts = self._wanted[rows].astype(np.int64)
        place: Any = (rows, sites)
        flows = sparse.csr_array((amounts, place), shape=self._costs.shape)
        missing = self._wanted.astype(np.int64)
        missing[rows] = 0
        without = float(missing[self._question.pupils > 0].sum())
        travel = float(paid.sum()) - (without * self._price if without else 0.0)
        return Allocation(flows=flows, cost=travel, unserved=missing, prices=np.zeros(self._costs.shape[1]))


def _dearer(table: Any, fine: float) -> Any:
    """Add a fine to every pair."""
    if isinstance(table, np.ndarray):
        return table + fine
    return sparse.csr_array((table.data + fine, table.indices, table.indptr), shape=table.shape)


def _beside(left: Any, right: Any) -> Any:
    """Put two tables side by side."""
    if not sparse.issparse(left):
        return np.column_stack([left, right])
    parts: Any = [left, right]
    return sparse.csr_array(sparse.hstack(parts))
