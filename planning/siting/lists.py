"""
Cut the pairs of cell and site down to those that can matter, without changing any answer.

With schools already open, a candidate matters to a cell only where it is nearer than the cell's nearest open school
(exact truncation). Cells without pupils do not matter, and cells with the same list are one cell with more pupils.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Floats, Ints, Reach

__all__ = ["Lists", "build_lists", "merge_rows", "nearest_cost", "nearest_site"]


@dataclass(frozen=True)
class Lists:
    """
    Each row's candidates, cheapest first, and what it falls back on.

    Parameters
    ----------
    start : numpy.ndarray, shape (n_rows + 1,)
        Where each row's pairs begin.
    row, site : numpy.ndarray, shape (n_pairs,)
        Row and column of each pair; in each row by cost, then by column.
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
    """

    start: Ints
    row: Ints
    site: Ints
    cost: Floats
    weight: Floats
    fallback: Floats
    n_sites: int
    constant: float

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

    def best_two(self, opened: npt.NDArray[np.bool_]) -> tuple[Floats, Ints, Floats]:
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
        at = np.flatnonzero(opened[self.site])
        row = self.row[at]
        first = np.ones(at.size, dtype=bool)
        first[1:] = row[1:] != row[:-1]
        lead = np.flatnonzero(first)
        cheapest, second = self.fallback.copy(), self.fallback.copy()
        where = np.full(self.n_rows, -1, dtype=np.int64)
        cheapest[row[lead]] = self.cost[at[lead]]
        where[row[lead]] = self.site[at[lead]]
        follow = lead + 1
        follow = follow[follow < at.size]
        follow = follow[~first[follow]]
        second[row[follow]] = self.cost[at[follow]]
        return cheapest, where, second

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
        opened = np.zeros(self.n_sites, dtype=bool)
        opened[np.asarray(sites, dtype=np.int64)] = True
        cheapest = self.best_two(opened)[0]
        return float(self.weight @ cheapest) + self.constant if self.n_rows else self.constant

    def settled(self, opened: npt.ArrayLike, shut: npt.NDArray[np.bool_]) -> Lists:
        """
        Shorten the lists once some sites are known to be open and some to be shut.

        Parameters
        ----------
        opened : array_like of int
            Columns known to be open.
        shut : numpy.ndarray of bool, shape (n_sites,)
            True for columns known to stay shut.

        Returns
        -------
        Lists
            Shorter lists of the same question.
        """
        is_open = np.zeros(self.n_sites, dtype=bool)
        is_open[np.asarray(opened, dtype=np.int64)] = True
        fallback = self.best_two(is_open)[0]
        keep = ~shut[self.site] & ~is_open[self.site] & (self.cost < fallback[self.row])
        lists = _assemble(self.row[keep], self.site[keep], self.cost[keep], self.weight, fallback, self.n_sites)
        return Lists(**{**lists.__dict__, "constant": lists.constant + self.constant})


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
    is_open = np.zeros(reach.n_sites, dtype=bool)
    is_open[np.asarray(columns, dtype=np.int64)] = True
    at = is_open[reach.site]
    lowest = np.full(reach.n_rows, np.inf)
    np.minimum.at(lowest, reach.row[at], reach.cost[at])
    return lowest


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
    lowest = nearest_cost(reach, columns)
    is_open = np.zeros(reach.n_sites, dtype=bool)
    is_open[np.asarray(columns, dtype=np.int64)] = True
    hit = np.flatnonzero(is_open[reach.site] & (reach.cost == lowest[reach.row]))
    site = np.full(reach.n_rows, -1, dtype=np.int64)
    site[reach.row[hit[::-1]]] = reach.site[hit[::-1]]  # pairs stand in column order: the first one is written last
    return site, lowest


def build_lists(reach: Reach, weight: Floats, fixed: Ints, *, ceiling: float = np.inf) -> Lists:
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

    Returns
    -------
    Lists
        What is left of the question. A row that no site reaches is left out.
    """
    fallback = np.minimum(nearest_cost(reach, fixed), ceiling)
    is_fixed = np.zeros(reach.n_sites, dtype=bool)
    is_fixed[fixed] = True
    counted = (weight > 0) & reach.reached()
    keep = ~is_fixed[reach.site] & (reach.cost < fallback[reach.row]) & counted[reach.row]
    at = np.flatnonzero(keep)
    at = at[np.lexsort((reach.site[at], reach.cost[at], reach.row[at]))]
    number = np.cumsum(counted) - 1
    return _assemble(
        number[reach.row[at]], reach.site[at], reach.cost[at], weight[counted], fallback[counted], reach.n_sites
    )


def _assemble(row: Ints, site: Ints, cost: Floats, weight: Floats, fallback: Floats, n_sites: int) -> Lists:
    """Drop rows with nothing to choose and merge equal ones; pairs come sorted by row and cost."""
    length = np.bincount(row, minlength=weight.size)
    idle = (length == 0) & np.isfinite(fallback)
    constant = float(weight[idle] @ fallback[idle])
    group = merge_rows(row, [site, cost], [fallback], weight.size)
    group[idle] = -1
    _, lead, number = np.unique(group, return_index=True, return_inverse=True)
    if idle.any():
        lead, number = lead[1:], number - 1
    merged = np.bincount(number[number >= 0], weights=weight[number >= 0], minlength=lead.size)
    is_lead = np.zeros(weight.size, dtype=bool)
    is_lead[lead] = True
    keep = is_lead[row]
    renamed = np.full(weight.size, -1, dtype=np.int64)
    order = np.flatnonzero(is_lead)
    renamed[order] = np.arange(order.size)
    position = renamed[lead]
    total = np.zeros(lead.size)
    total[position] = merged
    new_row = renamed[row[keep]]
    start = np.concatenate([[0], np.cumsum(np.bincount(new_row, minlength=order.size))]).astype(np.int64)
    return Lists(start, new_row, site[keep], cost[keep], total, fallback[order], n_sites, constant)


def merge_rows(row: Ints, columns: list[npt.NDArray[np.generic]], extra: list[Floats], n_rows: int) -> Ints:
    """
    Number the rows so that equal ones have the same number.

    Parameters
    ----------
    row : numpy.ndarray, shape (n_pairs,)
        Row of each pair, rising.
    columns : list of numpy.ndarray, each of shape (n_pairs,)
        What must be equal pair by pair.
    extra : list of numpy.ndarray, each of shape (n_rows,)
        What must be equal row by row.
    n_rows : int
        Number of rows.

    Returns
    -------
    numpy.ndarray of int64, shape (n_rows,)
        Number of the first row that equals it.
    """
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n_rows))])
    parts = [np.ascontiguousarray(column) for column in columns]
    heads = [np.ascontiguousarray(values) for values in extra]
    seen: dict[bytes, int] = {}
    group = np.empty(n_rows, dtype=np.int64)
    for i in range(n_rows):
        a, b = start[i], start[i + 1]
        key = b"".join([part[a:b].tobytes() for part in parts] + [head[i : i + 1].tobytes() for head in heads])
        group[i] = seen.setdefault(key, i)
    return group
