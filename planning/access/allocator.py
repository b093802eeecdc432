"""Keep an allocation up to date: after a change of seats or pupils the answer is found from the one before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.access.allocation import Allocation, seat_numbers
from planning.access.pairs import cost_pairs, whole_numbers
from planning.errors import SchemaError, msg

if TYPE_CHECKING:
    from planning.access.shortlists import Lists
    from planning.access.transport import Market

__all__ = ["Allocator", "Mark"]

_NO_LIMIT = 2**40
"""Seats of a school without a limit; the sum over many schools is far from what int64 holds."""
_LEVELS = ((32, 24), (8, 6), (1, 2))
"""Rows are first taken together by so many; pairs are listed up to the cost of the so-manieth next school of a row."""
_FEW = 400
_SAMPLE = 200
_COLUMNS = 256
_LONG = 3
"""Lists so many times as long as usual are made anew: that takes about as long as one answer from them."""


@dataclass(frozen=True)
class Mark:
    """
    A state that an :class:`Allocator` can go back to.

    Parameters
    ----------
    pupils, seats, price : numpy.ndarray
        As they were.
    lists : Lists or None
        Lists with pupils.
    """

    pupils: NDArray[np.int64]
    seats: NDArray[np.int64]
    price: NDArray[np.float64]
    lists: Lists | None


class Allocator:
    """
    Give pupils seats as :func:`planning.access.allocate` does, again and again as seats and pupils change.

    Each answer is as good as one from scratch. Where several are equally cheap it may be another one of them.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost per pupil from cell to school, 0 or more, in any unit; inf = not allowed. Of a sparse table the stored
        entries are the pairs in reach, stored zeros included. A place where a school may open is a column without seats.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : array_like of int, shape (n_schools,)
        Seats of each school [seats]; inf = no limit, or unknown. One number stands for all schools.
    keep_empty : bool
        Whether cells without pupils take part, since they may get some later.

    Raises
    ------
    SchemaError
        If a number is negative, NaN or not whole, or the shapes do not fit each other. It is a ``ValueError``.

    Examples
    --------
    >>> allocator = Allocator([[1, 5], [2, 3]], pupils=[10, 10], seats=[10, 15])
    >>> allocator.answer().cost
    40.0
    >>> allocator.set_seats(0, 20)
    >>> allocator.answer().cost
    30.0
    """

    def __init__(self, costs: Any, pupils: ArrayLike, seats: ArrayLike, *, keep_empty: bool = True) -> None:
        self._pairs = cost_pairs(costs)
        n_cells, n_schools = self._pairs.shape
        self._pupils = whole_numbers(pupils, n_cells, what="pupils").astype(np.int64)
        offered = seat_numbers(seats, n_schools)
        self._seats = np.append(np.minimum(offered, _NO_LIMIT), _NO_LIMIT).astype(np.int64)
        # Having no seat outweighs every chain of moves; as a power of two it keeps whole costs exact beside it.
        dearest = float(self._pairs.data.max(initial=0.0))
        self._most = 2.0 ** math.ceil(math.log2((n_schools + 1) * dearest + 2))
        self._price = np.zeros(n_schools + 1)
        self._price[self._seats == 0] = 2 * self._most
        self._order = self._canonical_order(keep_empty)
        self._costs = (self._pairs.indptr, self._pairs.indices, self._pairs.data)
        self._lists: Lists | None = None
        self._widths: list[float] = []
        self._usual = 0  # entries of lists of the usual width
        self._columns: dict[int, NDArray[np.float64]] = {}

    def set_seats(self, school: int, seats: float) -> None:
        """
        Change the seats of a school; 0 closes it.

        Parameters
        ----------
        school : int
            Column of the school.
        seats : int or inf
            Its seats [seats].

        Raises
        ------
        SchemaError
            If there is no such school, or ``seats`` is no whole number of 0 or more.
        """
        self._check_place(school, self._seats.size - 1)
        offered = whole_numbers([seats], 1, what="seats", limitless=True)[0]
        before, now = int(self._seats[school]), int(min(offered, _NO_LIMIT))
        self._seats[school] = now
        if self._lists is not None and (before == 0) != (now == 0):
            if now > 0:
                self._open(school, self._lists)
            else:
                self._reprice(school, 2 * self._most, self._lists)

    def set_pupils(self, cell: int, pupils: int) -> None:
        """
        Change the pupils of a cell.

        Parameters
        ----------
        cell : int
            Row of the cell.
        pupils : int
            Its pupils [pupils].

        Raises
        ------
        SchemaError
            If there is no such cell, or ``pupils`` is no whole number of 0 or more.
        """
        self._check_place(cell, self._pupils.size)
        more = int(whole_numbers([pupils], 1, what="pupils")[0]) - int(self._pupils[cell])
        self._pupils[cell] += more
        row = int(self._row_of[cell])
        if self._lists is None or row < 0:
            return
        lists = self._lists
        entries = np.arange(lists.start[row], lists.start[row + 1])
        if more > 0:
            value = lists.cost[entries] + self._price[lists.school[entries]]
            lists.flow[entries[np.argmin(value)]] += more
        for entry in entries[::-1]:
            less = min(-more, int(lists.flow[entry]))
            if less > 0:
                lists.flow[entry] -= less
                more += less

    def mark(self) -> Mark:
        """
        Remember how things stand.

        Returns
        -------
        Mark
            What :meth:`back` goes back to.
        """
        lists = self._lists
        kept = lists if lists is None else lists._replace(flow=lists.flow.copy())
        return Mark(self._pupils.copy(), self._seats.copy(), self._price.copy(), kept)

    def back(self, mark: Mark) -> None:
        """
        Undo all changes since a mark was made.

        Parameters
        ----------
        mark : Mark
            What :meth:`mark` of this allocator gave.
        """
        self._pupils, self._seats, self._price = mark.pupils.copy(), mark.seats.copy(), mark.price.copy()
        self._lists = mark.lists if mark.lists is None else mark.lists._replace(flow=mark.lists.flow.copy())

    def answer(self, *, last: bool = False) -> Allocation:
        """
        Seat the pupils.

        Parameters
        ----------
        last : bool
            True where nothing is asked after this: the lists need not be made ready for the next change.

        Returns
        -------
        Allocation
            Flows, cost, pupils without a seat and the price of a seat at each school.
        """
        from planning.access import transport  # numba: not at import time

        n_cells, n_schools = self._pairs.shape
        if self._order.size == 0 or n_schools == 0:
            empty: sparse.csr_array = sparse.csr_array((n_cells, n_schools), dtype=np.int64)
            return Allocation(flows=empty, cost=0.0, unserved=self._pupils.copy(), prices=np.zeros(n_schools))
        if self._lists is None:
            lists, market = self._from_scratch()
        else:
            lists, market = self._clear(self._order, self._lists, self._price, self._widths[-1])
        at_home = False
        while True:
            saving, need = transport.seat_prices(lists, market)
            if need < 0:
                break
            if market.load[-1] == 0 and not at_home:
                # Rows from the time when someone had no seat would ask for lists as wide as what that costs.
                lists, at_home = self._at_home(lists, market), True
            else:
                lists = self._relist(self._order, lists, market, need, max(self._widths[-1], 2 * need))
            market = transport.open_market(lists, self._seats, market.price)
        self._lists = lists._replace(reach=_left(lists, market))
        self._price = market.price - market.price[-1]
        answer = self._allocation(lists, market, saving)
        if not last:
            self._shorten()
        return answer

    def _shorten(self) -> None:
        """List all rows anew where a change that is over, as when someone had no seat, has left the lists far too long."""
        from planning.access import shortlists

        lists = self._lists
        if lists is None or lists.cost.size <= _LONG * max(self._usual, self._order.size):
            self._usual = self._usual or (0 if lists is None else lists.cost.size)
            return
        everywhere = np.ones(self._price.size, dtype=np.bool_)
        width = self._widths[-1]
        self._lists = shortlists.list_pairs(
            *self._costs, self._order, self._price, width, self._most, lists, everywhere
        )
        self._usual = self._lists.cost.size

    def _allocation(self, lists: Lists, market: Market, saving: NDArray[np.float64]) -> Allocation:
        from planning.access import seated

        n_schools = self._pairs.shape[1]
        indptr, indices, amount, unserved, cost = seated.read_off(lists, self._row_of, self._pupils, n_schools)
        flows: sparse.csr_array = sparse.csr_array((amount, indices, indptr), shape=self._pairs.shape)
        free = market.load[:-1] < self._seats[:-1]
        saving[:-1][free] = 0.0
        saving[-1] = np.inf
        closed = np.flatnonzero(self._seats == 0)
        saving[closed] = 0.0  # nobody is there: no gain is reckoned from it
        if closed.size:
            now = seated.dearest(lists, saving)
            saving[closed] = [max(0.0, float(self._gain(now, school).max())) for school in closed.tolist()]
        # rounding, where costs are not whole
        prices = np.maximum(saving[:-1], 0.0)
        return Allocation(flows=flows, cost=cost, unserved=unserved, prices=prices)

    def _gain(self, now: NDArray[np.float64], school: int) -> NDArray[np.float64]:
        """Give what a seat at a school would save a pupil of each row; -inf for one without pupils or out of reach."""
        cost = self._column(school)
        gain = np.full(now.size, -np.inf)
        np.subtract(now, cost, out=gain, where=np.isfinite(cost))
        return gain

    def _column(self, school: int) -> NDArray[np.float64]:
        """Give a school's cost for each row; those asked for of late are kept, since picking them out of the table takes time."""
        from planning.access import seated

        known = self._columns.pop(school, None)
        if known is None:
            if len(self._columns) >= _COLUMNS:
                del self._columns[next(iter(self._columns))]
            known = seated.column(*self._costs, self._row_of, self._order.size, school)
        self._columns[school] = known
        return known

    def _canonical_order(self, keep_empty: bool) -> NDArray[np.int64]:
        """
        Order the rows by what they hold, like beside like, so that the answer does not depend on the order in which they came.

        A row's content is condensed to one number; rows that share it and everything else are the same row for all purposes.
        """
        from planning.access.shortlists import survey

        pairs = self._pairs
        with np.errstate(over="ignore"):
            spread = _mix(np.arange(1, pairs.shape[1] + 1, dtype=np.uint64)) | np.uint64(1)
        bits = pairs.data.view(np.uint64)
        nearest, margin, content = survey(pairs.indptr, pairs.indices, pairs.data, bits, spread, self._price)
        taken = np.flatnonzero((nearest >= 0) & ((self._pupils > 0) | keep_empty))
        keys = (self._pupils[taken], content[taken], margin[taken], nearest[taken])
        order = taken[np.lexsort(keys)]
        self._row_of = np.full(pairs.shape[0], -1, dtype=np.int64)
        self._row_of[order] = np.arange(order.size)
        return order

    def _from_scratch(self) -> tuple[Lists, Market]:
        """Solve with rows taken together first: the prices found are a good start for fewer together, and at last for all."""
        from planning.access import shortlists

        pairs, order, price = self._pairs, self._order, self._price
        if self._pupils[order].sum() > self._seats[:-1].sum():
            # Someone stays without a seat: prices are near what that costs. A start, not a bound.
            starts = pairs.indptr[:-1][np.diff(pairs.indptr) > 0].astype(np.int64)
            lowest = float(np.minimum.reduceat(pairs.data, starts).max())
            price[:-1][self._seats[:-1] > 0] = max(0.0, self._most - lowest)
        self._widths = self._spacing()
        lists: Any = None
        market: Any = None
        for (together, _), width in zip(_LEVELS, self._widths, strict=True):
            if together > 1 and order.size < together * _FEW:
                continue
            first = np.arange(0, order.size, together)
            rows = order[np.minimum(first + together // 2, order.size - 1)] if together > 1 else order
            pupils = np.add.reduceat(self._pupils[order], first)
            everywhere = np.ones(price.size, dtype=np.bool_)
            lists = shortlists.list_pairs(
                *self._costs, rows, price, width, self._most, shortlists.no_lists(), everywhere
            )
            shortlists.place(lists, pupils, price, np.ones(rows.size, dtype=np.bool_))
            lists, market = self._clear(rows, lists, price, width)
            price = market.price - market.price[-1]
        return lists, market

    def _spacing(self) -> list[float]:
        """Give how far above its nearest school a row's next ones are on average, for each level [cost]."""
        some = self._order[np.linspace(0, self._order.size - 1, min(self._order.size, _SAMPLE)).astype(np.int64)]
        ranks = np.array([rank for _, rank in _LEVELS])
        total = np.zeros(ranks.size)
        for row in some:
            costs = np.sort(self._pairs.data[self._pairs.indptr[row] : self._pairs.indptr[row + 1]])
            total += costs[np.minimum(ranks, costs.size - 1)] - costs[0]
        return [float(width) for width in total / some.size]

    def _clear(
        self, rows: NDArray[np.int64], lists: Lists, price: NDArray[np.float64], width: float
    ) -> tuple[Lists, Market]:
        """Settle, with lists made anew where they become too short."""
        from planning.access import transport

        market = transport.open_market(lists, self._seats, price)
        while True:
            need = transport.settle(lists, market)
            if need < 0:
                return lists, market
            lists = self._relist(rows, lists, market, max(width / 2, 1.5 * need), max(width, 2 * need))
            market = transport.open_market(lists, self._seats, market.price)

    def _relist(self, rows: NDArray[np.int64], lists: Lists, market: Market, wanted: float, width: float) -> Lists:
        """List the rows anew whose home has less leeway than is wanted."""
        return self._listed(rows, lists._replace(reach=_left(lists, market)), market.price, wanted, width)

    def _at_home(self, lists: Lists, market: Market) -> Lists:
        """List the rows anew that were nowhere when they were listed."""
        from planning.access import shortlists

        stale = np.arange(market.price.size) == market.price.size - 1
        lists = lists._replace(reach=_left(lists, market))
        return shortlists.list_pairs(
            *self._costs, self._order, market.price, self._widths[-1], self._most, lists, stale
        )

    def _listed(
        self, rows: NDArray[np.int64], lists: Lists, price: NDArray[np.float64], wanted: float, width: float
    ) -> Lists:
        from planning.access import shortlists

        stale = lists.reach.min(axis=1) <= wanted
        return shortlists.list_pairs(*self._costs, rows, price, width, self._most, lists, stale)

    def _open(self, school: int, lists: Lists) -> None:
        """Open a school at a price at which about as many would come as it has seats."""
        from planning.access import seated

        gain = self._gain(seated.dearest(lists, self._price), school)
        gaining = np.flatnonzero(gain > 0)
        best_first = gaining[np.argsort(-gain[gaining], kind="stable")]
        come = np.cumsum(self._pupils[self._order[best_first]]) > self._seats[school]
        marginal = float(gain[best_first[np.argmax(come)]]) if come.any() else 0.0
        self._reprice(school, marginal, lists, joining=gain > marginal)

    def _reprice(self, school: int, price: float, lists: Lists, *, joining: NDArray[np.bool_] | None = None) -> None:
        """Set the price of a school, and put the rows that it attracts, or drives away, where it is now cheapest for them."""
        from planning.access import shortlists

        risen = price - self._price[school]
        self._price[school] = price
        reach = lists.reach.copy()
        reach[:, school] += risen
        reach[school, :] -= risen
        reach[school, school] = np.inf
        width = self._widths[-1]
        moving = np.zeros(self._order.size, dtype=np.bool_)
        moving[lists.row[(lists.school == school) & (lists.flow > 0)]] = True
        if joining is not None:
            moving |= joining
        lists = self._listed(self._order, lists._replace(reach=reach), self._price, width / 2, width)
        shortlists.place(lists, self._pupils[self._order], self._price, moving)
        self._lists = lists

    @staticmethod
    def _check_place(place: int, n: int) -> None:
        if not 0 <= place < n:
            raise SchemaError(
                msg("There are {n} rows or columns, counted from 0; {place} is none of them.", n=n, place=place)
            )


def _left(lists: Lists, market: Market) -> NDArray[np.float64]:
    """Give what is left of the leeway at the prices of now."""
    moved = market.price - market.since
    return np.asarray(lists.reach - moved[:, None] + moved[None, :])


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread the bits of whole numbers (splitmix64, public domain constants)."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
