"""
Cut the pairs of cell and site down to those that can matter, without changing any answer.

With schools already open, a candidate matters to a cell only where it is nearer than the cell's nearest open school
(exact truncation). Cells without pupils do not matter, and cells with the same list are one cell with more pupils.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Bools, Floats, Ints, Reach

__all__ = ["Lists", "build_lists", "nearest_cost", "nearest_site", "stack_lists"]

_FEW = 4
"""Pairs by which most lists that differ can be told apart."""


@dataclass(frozen=True)
class Lists:
    """
    Each row's candidates, cheapest first, and what it falls back on.

    Parameters
    ----------
    start : numpy.ndarray of int64, shape (n_rows + 1,)
        Where each row's pairs begin.
    site : numpy.ndarray of int32, shape (n_pairs,)
        Column of each pair; in each row by cost, then by column.
    cost : numpy.ndarray, shape (n_pairs,)
        Cost per pupil, below the row's fallback.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of the row.
    fallback : numpy.ndarray, shape (n_rows,)
        Cost of the nearest open site; inf where none is in reach.
    n_sites : int
        Number of columns.
    constant : float
        What rows that no candidate can help cost.
    number : numpy.ndarray of int64, shape (n_cells,)
        The row that each cell of the question became; -1 where nothing is left to decide for it.
    cut : numpy.ndarray of bool, shape (n_rows,)
        True where the list was cut short: the fallback is then no open site but the cheapest pair left out.
    """

    start: Ints
    site: npt.NDArray[np.int32]
    cost: Floats
    weight: Floats
    fallback: Floats
    n_sites: int
    constant: float
    number: Ints
    cut: Bools

    @property
    def n_rows(self) -> int:
        """
        Number of rows left.

        Returns
        -------
        int
            Rows.
        """
        return int(self.weight.size)

    @cached_property
    def row(self) -> npt.NDArray[np.int32]:
        """
        Row of each pair.

        Returns
        -------
        numpy.ndarray of int32, shape (n_pairs,)
            Rows, rising.
        """
        return np.repeat(np.arange(self.n_rows, dtype=np.int32), np.diff(self.start))

    @cached_property
    def by_site(self) -> tuple[Ints, npt.NDArray[np.int32], Floats]:
        """
        The pairs site by site.

        Returns
        -------
        tuple of numpy.ndarray
            Where each site's pairs begin, shape (n_sites + 1,), and row and cost of each pair, rows rising.
        """
        from planning.siting.median.list_kernels import turn

        return turn(self.start, self.site, self.cost, self.n_sites)

    def best_two(self, opened: Bools) -> tuple[Floats, Ints, Floats]:
        """
        Find what each row pays, where, and what it would pay without that site.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            True for the sites that are open.

        Returns
        -------
        tuple of numpy.ndarray
            Cheapest cost, its site (-1 for the fallback) and second cheapest cost, each of shape (n_rows,).
        """
        from planning.siting.median.list_kernels import best_two

        cheapest, second = self.fallback.copy(), self.fallback.copy()
        where = np.full(self.n_rows, -1, dtype=np.int64)
        best_two(self.start, self.site, self.cost, np.asarray(opened, dtype=np.bool_), cheapest, where, second)
        return cheapest, where, second

    def falling_back(self, fallback: Floats) -> Lists:
        """
        Let the rows fall back on something else; the pairs stay as they are.

        Parameters
        ----------
        fallback : numpy.ndarray, shape (n_rows,)
            New fallbacks.

        Returns
        -------
        Lists
            The same lists otherwise.
        """
        other = replace(self, fallback=fallback)
        other.__dict__["by_site"] = self.by_site  # of the same pairs: they are not turned twice
        return other

    def mask(self, sites: npt.ArrayLike) -> Bools:
        """
        Mark some columns.

        Parameters
        ----------
        sites : array_like of int
            Columns.

        Returns
        -------
        numpy.ndarray of bool, shape (n_sites,)
            True for these.
        """
        marked = np.zeros(self.n_sites, dtype=bool)
        marked[np.asarray(sites, dtype=np.int64)] = True
        return marked

    def value(self, sites: npt.ArrayLike) -> float:
        """
        Price a choice of new sites.

        Parameters
        ----------
        sites : array_like of int
            Columns that are opened.

        Returns
        -------
        float
            Pupils times cost over all rows; inf where a row is left without any site.
        """
        return self.paid(self.mask(sites))

    def cheapest_possible(self) -> float:
        """
        Price all sites together, which no choice can beat.

        Returns
        -------
        float
            Pupils times cost over all rows.
        """
        return self.paid(np.ones(self.n_sites, dtype=bool))

    def paid(self, is_open: Bools) -> float:
        """
        Price a choice of new sites that is marked.

        Parameters
        ----------
        is_open : numpy.ndarray of bool, shape (n_sites,)
            True for the columns that are opened.

        Returns
        -------
        float
            Pupils times cost over all rows; inf where a row is left without any site.
        """
        from planning.siting.median.list_kernels import pay

        return float(pay(self.start, self.site, self.cost, self.weight, self.fallback, is_open)) + self.constant

    def settled(self, opened: Bools, shut: Bools) -> Lists:
        """
        Shorten the lists once some sites are known to be open and some to be shut.

        Parameters
        ----------
        opened, shut : numpy.ndarray of bool, shape (n_sites,)
            True for columns known to be open, and for those known to stay shut.

        Returns
        -------
        Lists
            Shorter lists of the same question; ``number`` leads from the rows of these lists to theirs.
        """
        from planning.siting.median.list_kernels import shorten

        n_rows, n_pairs = self.n_rows, self.site.size
        site, cost = np.empty(n_pairs, dtype=np.int32), np.empty(n_pairs)
        start, number = np.empty(n_rows + 1, dtype=np.int64), np.empty(n_rows, dtype=np.int64)
        weight, fallback, cut = np.empty(n_rows), np.empty(n_rows), np.empty(n_rows, dtype=bool)
        n, paid = shorten(
            self.start, self.site, self.cost, self.weight, self.fallback, self.cut, opened, shut,
            start, site, cost, weight, fallback, cut, number,
        )  # fmt: skip
        end = start[n]
        return Lists(
            start=start[: n + 1],
            site=site[:end],
            cost=cost[:end],
            weight=weight[:n],
            fallback=fallback[:n],
            n_sites=self.n_sites,
            constant=self.constant + float(paid),
            number=number,
            cut=cut[:n],
        )


def nearest_cost(reach: Reach, columns: npt.ArrayLike) -> Floats:
    """
    Find what each cell pays at its nearest site among some.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    columns : array_like of int
        Sites that are open.

    Returns
    -------
    numpy.ndarray, shape (n_rows,)
        Lowest cost [cost unit]; inf where none of them is in reach.
    """
    return nearest_site(reach, columns)[1]


def nearest_site(reach: Reach, columns: npt.ArrayLike) -> tuple[Ints, Floats]:
    """
    Find each cell's nearest site among some; of equally near ones the lowest column.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    columns : array_like of int
        Sites that are open.

    Returns
    -------
    tuple of numpy.ndarray
        Column (-1 where none is in reach) and cost, each of shape (n_rows,).
    """
    from planning.siting.median.list_kernels import nearest_open

    taken = np.unique(np.asarray(columns, dtype=np.int64))
    site, lowest = np.full(reach.n_rows, -1, dtype=np.int64), np.full(reach.n_rows, np.inf)
    if taken.size == 0 or reach.n_rows == 0:
        return site, lowest
    if reach.dense is not None:
        deep = max(1, (1 << 20) // taken.size)
        for a in range(0, reach.n_rows, deep):
            part = np.take(reach.dense[a : a + deep], taken, axis=1)
            best = part.argmin(axis=1)
            lowest[a : a + deep] = part[np.arange(best.size), best]
            site[a : a + deep] = np.where(np.isfinite(lowest[a : a + deep]), taken[best], -1)
        return site, lowest
    is_open = np.zeros(reach.n_sites, dtype=bool)
    is_open[taken] = True
    for a, start, sites, cost in reach.blocks():
        b = a + start.size - 1
        nearest_open(start, sites, cost, is_open, lowest[a:b], site[a:b])
    return site, lowest


def build_lists(
    reach: Reach, weight: Floats, fixed: Ints, *, ceiling: float = np.inf, most: npt.ArrayLike | None = None
) -> Lists:
    """
    Build the lists of a question in which every row goes to its cheapest open site.

    Parameters
    ----------
    reach : Reach
        Pairs in reach.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils]; rows without pupils are left out.
    fixed : numpy.ndarray of int
        Columns that are open already.
    ceiling : float
        What a row pays at most, served or not [cost unit].
    most : int or array_like of int, shape (n_rows,), optional
        Pairs that a row's list holds at most, the cheapest; see `Lists.cut`. Without it the lists are complete.

    Returns
    -------
    Lists
        What is left of the question. A row that no site reaches is left out.
    """
    from planning.siting.median.list_kernels import count_below, take_below

    fallback = np.minimum(nearest_cost(reach, fixed), ceiling)
    counted = (weight > 0) & reach.reached()
    below = np.where(counted, fallback, -1.0)
    limit = np.broadcast_to(np.asarray(reach.n_sites if most is None else most, dtype=np.int64), (reach.n_rows,))
    length, beyond = np.zeros(reach.n_rows, dtype=np.int64), np.full(reach.n_rows, np.inf)
    sites: list[npt.NDArray[np.int32]] = []
    costs: list[Floats] = []
    for a, start, site, cost in reach.blocks():
        b = a + start.size - 1
        count = np.minimum(count_below(start, cost, below[a:b]), limit[a:b])
        room = int(count.sum())
        out_site, out_cost = np.empty(room, dtype=np.int32), np.empty(room)
        end = take_below(start, site, cost, below[a:b], limit[a:b], 0, out_site, out_cost, length[a:b], beyond[a:b])
        sites.append(out_site[:end])
        costs.append(out_cost[:end])
    cut = beyond < fallback
    fallback = np.where(counted, np.minimum(fallback, beyond), 0.0)
    return _assemble(_joined(sites, np.int32), _joined(costs, np.float64), length, np.where(counted, weight, 0.0),
                     fallback, cut, reach.n_sites)  # fmt: skip


def stack_lists(parts: Sequence[Lists], weights: Sequence[float]) -> Lists:
    """
    Put the rows of several questions on the same sites under each other.

    Parameters
    ----------
    parts : sequence of Lists
        The questions, such as the stages of school.
    weights : sequence of float
        What a pupil of each of them counts, above 0.

    Returns
    -------
    Lists
        All rows, part by part.
    """
    if len(parts) == 1 and weights[0] == 1.0:
        return parts[0]
    rows = np.cumsum([0] + [part.n_rows for part in parts])
    pairs = np.cumsum([0] + [part.site.size for part in parts])
    return Lists(
        start=np.concatenate([[0]] + [part.start[1:] + at for part, at in zip(parts, pairs, strict=False)]),
        site=np.concatenate([part.site for part in parts]),
        cost=np.concatenate([part.cost for part in parts]),
        weight=np.concatenate([part.weight * w for part, w in zip(parts, weights, strict=True)]),
        fallback=np.concatenate([part.fallback for part in parts]),
        n_sites=parts[0].n_sites,
        constant=sum(part.constant * w for part, w in zip(parts, weights, strict=True)),
        number=np.concatenate(
            [np.where(part.number >= 0, part.number + at, -1) for part, at in zip(parts, rows, strict=False)]
        ),
        cut=np.concatenate([part.cut for part in parts]),
    )


def _joined(parts: list[npt.NDArray[Any]], dtype: type) -> npt.NDArray[Any]:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _assemble(
    site: npt.NDArray[np.int32],
    cost: Floats,
    length: Ints,
    weight: Floats,
    fallback: Floats,
    cut: Bools,
    n_sites: int,
) -> Lists:
    """Drop rows without pupils or with nothing to choose, and merge equal ones."""
    idle = (weight <= 0) | ((length == 0) & np.isfinite(fallback) & ~cut)
    start = np.zeros(length.size + 1, dtype=np.int64)
    np.cumsum(length, out=start[1:])
    group = _equal_rows(start, site, cost, fallback, cut)
    own = np.arange(weight.size)
    if group is None and not idle.any():
        return Lists(start, site, cost, weight, fallback, n_sites, 0.0, own, cut)
    group = own if group is None else group
    constant = float((weight[idle] * fallback[idle]).sum())
    weight = np.bincount(group[~idle], weights=weight[~idle], minlength=weight.size).astype(np.float64)
    keep = ~idle & (group == own)
    number = np.cumsum(keep) - 1
    of_kept = np.repeat(keep, length)
    return Lists(
        start=np.concatenate([[0], np.cumsum(length[keep])]).astype(np.int64),
        site=site[of_kept],
        cost=cost[of_kept],
        weight=weight[keep],
        fallback=fallback[keep],
        n_sites=n_sites,
        constant=constant,
        number=np.where(idle, -1, number[group]),
        cut=cut[keep],
    )


def _equal_rows(start: Ints, site: npt.NDArray[np.int32], cost: Floats, fallback: Floats, cut: Bools) -> Ints | None:
    """Find the first row equal to each row: two hashes of 64 bits say which are; None where all rows differ."""
    from planning.siting.median.list_kernels import hash_rows

    row = (start, site, cost.view(np.int64), fallback.view(np.int64), cut)
    begins = np.sort(hash_rows(*row, _FEW, 0))  # few lists that begin alike are alike
    if not (begins[1:] == begins[:-1]).any():
        return None
    mixed, again = (hash_rows(*row, site.size, seed) for seed in (0, 0x2545F4914F6CDD1D))
    _, first, number = np.unique(mixed, return_index=True, return_inverse=True)
    lead = first[number]
    return np.where(again[lead] == again, lead, np.arange(cut.size))
