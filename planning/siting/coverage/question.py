"""
Who covers whom: the compact question behind maximal covering, set cover and p-center, and what can be left out of it.

Only the pairs within the limit are kept, as numbers of 32 bits, by row and by site. Rows that open sites cover are settled;
rows covered by the same sites are one row with more pupils; a site whose rows another one covers as well is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.tables.cost_table import Block, CostTable, Indices

__all__ = [
    "Covering",
    "build_covering",
    "covering_of",
    "drop_dominated_rows",
    "drop_dominated_sites",
    "gather_covering",
]

_WORK = 300_000_000  # comparisons in search of dominated rows or sites: about half a second


@dataclass(frozen=True)
class Covering:
    """
    A question of covering: rows with weights, and the sites that cover each.

    Parameters
    ----------
    row_start, row_site : numpy.ndarray of int64 and int32
        Sites that cover each row, rising.
    site_start, site_row : numpy.ndarray of int64 and int32
        Rows that each site covers, rising.
    weight : numpy.ndarray of float64, shape (n_rows,)
        Pupils of each row, above 0.
    column : numpy.ndarray of int64, shape (n_sites,)
        Column of the caller that each site is, rising.
    settled : float
        Pupils that are covered anyway.
    """

    row_start: Ints
    row_site: Indices
    site_start: Ints
    site_row: Indices
    weight: Floats
    column: Ints
    settled: float

    @property
    def n_rows(self) -> int:
        """
        Number of rows.

        Returns
        -------
        int
            Rows.
        """
        return int(self.weight.size)

    @property
    def n_sites(self) -> int:
        """
        Number of sites.

        Returns
        -------
        int
            Sites.
        """
        return int(self.column.size)

    @property
    def n_pairs(self) -> int:
        """
        Number of pairs.

        Returns
        -------
        int
            Pairs of row and site.
        """
        return int(self.row_site.size)

    def counts(self, sites: npt.ArrayLike) -> Indices:
        """
        Count the sites among some that cover each row.

        Parameters
        ----------
        sites : array_like of int
            Sites, by their number in this question.

        Returns
        -------
        numpy.ndarray of int32, shape (n_rows,)
            Sites.
        """
        found = np.zeros(self.n_rows, dtype=np.int32)
        for site in np.asarray(sites, dtype=np.int64).tolist():
            found[self.site_row[self.site_start[site] : self.site_start[site + 1]]] += 1
        return found

    def value(self, sites: npt.ArrayLike) -> float:
        """
        Count the pupils that some sites cover, with those covered anyway.

        Parameters
        ----------
        sites : array_like of int
            Sites, by their number in this question.

        Returns
        -------
        float
            Pupils.
        """
        return self.settled + float(self.weight[self.counts(sites) > 0].sum())

    def restricted(self, sites: npt.NDArray[np.bool_], covered: npt.ArrayLike = ()) -> Covering:
        """
        Keep some sites, and settle the rows that others cover, which are open for certain.

        Parameters
        ----------
        sites : numpy.ndarray of bool, shape (n_sites,)
            True for the sites that stay.
        covered : array_like of int
            Sites that are open.

        Returns
        -------
        Covering
            The smaller question, its rows merged anew.
        """
        from planning.siting.coverage.kernels import take_lists

        opened = self.counts(covered) > 0
        rename = np.where(sites, np.cumsum(sites) - 1, -1).astype(np.int64)
        rows = np.flatnonzero(~opened).astype(np.int64)
        start, member = take_lists(self.row_start, self.row_site, rows, rename)
        settled = self.settled + float(self.weight[opened].sum())
        return _assemble(start, member, self.weight[rows], self.column[sites], settled)


def build_covering(table: CostTable, weight: Floats, limit: float, fixed: Ints) -> Covering:
    """
    Take the pairs within a limit out of a table of costs.

    Parameters
    ----------
    table : CostTable
        The costs.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils]; rows without pupils are left out.
    limit : float
        Largest cost that counts as covered, inclusive [cost unit].
    fixed : numpy.ndarray of int64
        Columns that are open already: the rows they cover are settled.

    Returns
    -------
    Covering
        The question, without sites that cover nothing; rows that no site covers are left out.
    """
    return gather_covering(table.blocks(limit), weight, table.n_sites, fixed)


def covering_of(row: Ints, site: Ints, weight: Floats, n_sites: int) -> Covering:
    """
    Take pairs as they are.

    Parameters
    ----------
    row, site : numpy.ndarray of int, shape (n_pairs,)
        Which site covers which row, ordered by row and then by site.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils].
    n_sites : int
        Number of columns.

    Returns
    -------
    Covering
        The question.
    """
    start = np.searchsorted(row, np.arange(weight.size + 1)).astype(np.int64)
    block = Block(0, start, site.astype(np.int32), np.zeros(0))
    return gather_covering([block], weight, n_sites, np.zeros(0, dtype=np.int64))


def gather_covering(blocks: Iterable[Block], weight: Floats, n_sites: int, fixed: Ints) -> Covering:
    """
    Put pairs together that come block by block.

    Parameters
    ----------
    blocks : iterable of Block
        The pairs that cover.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row [pupils]; rows without pupils are left out.
    n_sites : int
        Number of columns.
    fixed : numpy.ndarray of int64
        Columns that are open already: the rows they cover are settled.

    Returns
    -------
    Covering
        The question, without sites that cover nothing; rows that no site covers are left out.
    """
    is_fixed = np.zeros(n_sites, dtype=bool)
    is_fixed[fixed] = True
    settled = 0.0
    lengths, rows, members = [np.zeros(1, dtype=np.int64)], [], []
    used = np.zeros(n_sites, dtype=bool)
    for first, start, site, _ in blocks:
        length = np.diff(start)
        mine = weight[first : first + length.size]
        covered = np.diff(np.concatenate([[0], np.cumsum(is_fixed[site])])[start]) > 0 if fixed.size else length < 0
        settled += float(mine[covered].sum())
        keep = ~covered & (mine > 0) & (length > 0)
        kept = site[np.repeat(keep, length)]
        used[kept] = True
        lengths.append(length[keep])
        rows.append(first + np.flatnonzero(keep))
        members.append(kept)
    where = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    all_members = np.concatenate(members) if members else np.zeros(0, dtype=np.int32)
    members.clear()
    rename = (np.cumsum(used) - 1).astype(np.int32)
    return _assemble(
        np.cumsum(np.concatenate(lengths)).astype(np.int64),
        rename[all_members] if all_members.size else all_members,
        weight[where],
        np.flatnonzero(used).astype(np.int64),
        settled,
    )


def _assemble(start: Ints, member: Indices, weight: Floats, column: Ints, settled: float) -> Covering:
    """Merge rows of the same sites, drop those of none, and turn the lists round."""
    from planning.siting.coverage.kernels import hash_rows, merge_sorted, take_lists, transpose

    key = np.random.default_rng(20260101).integers(0, 2**64, column.size, dtype=np.uint64)
    hashed = hash_rows(start, member, key)
    order = np.argsort(hashed, kind="stable")
    lead = merge_sorted(start, member, order, hashed)
    is_lead = (lead == np.arange(weight.size)) & (np.diff(start) > 0)
    merged = np.bincount(lead, weights=weight, minlength=weight.size).astype(np.float64)
    which = np.flatnonzero(is_lead)
    if which.size < weight.size:
        start, member = take_lists(start, member, which, np.arange(column.size))
    site_start, site_row = transpose(start, member, column.size)
    return Covering(start, member, site_start, site_row, merged[which], column, settled)


def drop_dominated_sites(question: Covering, spend: Floats | None = None) -> Covering:
    """
    Leave out the sites whose rows another one covers as well, and for no more money.

    Parameters
    ----------
    question : Covering
        The question.
    spend : numpy.ndarray, shape (n_sites,), optional
        What each site of the question takes from a budget; without it all take the same.

    Returns
    -------
    Covering
        The smaller question; of equal sites the lowest column stays. Sites are left over where many take much time.
    """
    from planning.siting.coverage.kernels import find_dominated

    gone = find_dominated(
        question.site_start,
        question.site_row,
        question.row_start,
        question.row_site,
        np.arange(question.n_sites - 1, -1, -1),
        np.zeros(question.n_sites) if spend is None else spend,
        True,
        _WORK,
    )
    return question.restricted(~gone) if gone.any() else question


def drop_dominated_rows(question: Covering) -> Covering:
    """
    Leave out the rows that are covered whenever another one is: sound only where all rows must be covered.

    Parameters
    ----------
    question : Covering
        The question.

    Returns
    -------
    Covering
        The smaller question; its weights are those of the rows that stay.
    """
    from planning.siting.coverage.kernels import find_dominated, take_lists, transpose

    gone: Bools = find_dominated(
        question.row_start,
        question.row_site,
        question.site_start,
        question.site_row,
        np.argsort(np.diff(question.row_start), kind="stable"),
        np.zeros(question.n_rows),
        False,
        _WORK,
    )
    if not gone.any():
        return question
    which = np.flatnonzero(~gone)
    start, member = take_lists(question.row_start, question.row_site, which, np.arange(question.n_sites))
    site_start, site_row = transpose(start, member, question.n_sites)
    return replace(
        question,
        row_start=start,
        row_site=member,
        site_start=site_start,
        site_row=site_row,
        weight=question.weight[which],
    )
