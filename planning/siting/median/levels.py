"""
The nearest-site model in levels, for small questions that HiGHS settles at once.

For each cell and each cost that occurs in its list there is a variable: 1 where no site within that cost is open. What a
cell pays is its lowest cost plus a step for each such level.

References
----------
.. [1] S. García, M. Labbé, A. Marín, INFORMS J. Comput. 23(4), 546-556, 2011. https://doi.org/10.1287/ijoc.1100.0418
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.highs import Rows
from planning.siting.tables.shortlist import Shortlist

__all__ = ["Levels", "build_levels"]


@dataclass(frozen=True)
class Levels:
    """
    Variables and rows of a nearest-site model; ``y`` of the candidates comes first, then ``z`` of the levels.

    Parameters
    ----------
    rows : Rows
        The constraints that tie levels to sites; more may be added.
    candidates : numpy.ndarray of int64, shape (n_y,)
        Site of each ``y``.
    row : numpy.ndarray of int64, shape (n_z,)
        Cell of each ``z``.
    radius, step : numpy.ndarray, shape (n_z,)
        Cost within which no site is open, and what the next level adds [cost unit]; a step beyond which nothing is in
        reach is 0, and its ``z`` must be 0.
    upper : numpy.ndarray, shape (n_y + n_z,)
        Upper sides of the variables.
    base : numpy.ndarray, shape (n_rows,)
        Lowest cost of each cell [cost unit]; 0 for cells that are not counted.
    """

    rows: Rows
    candidates: Ints
    row: Ints
    radius: Floats
    step: Floats
    upper: Floats
    base: Floats

    def point(self, short: Shortlist, sites: Ints) -> Floats:
        """
        Write a choice of sites as a point of the model.

        Parameters
        ----------
        short : Shortlist
            The question of the model.
        sites : numpy.ndarray of int64
            Columns that are opened.

        Returns
        -------
        numpy.ndarray, shape (n_y + n_z,)
            The point.
        """
        pays = short.cheapest(sites)
        opened = np.isin(self.candidates, sites).astype(float)
        return np.concatenate([opened, (pays[self.row] > self.radius).astype(float)])


def build_levels(short: Shortlist) -> Levels:
    """
    Build the model of a shortlist.

    Parameters
    ----------
    short : Shortlist
        The question.

    Returns
    -------
    Levels
        Its variables, sides and constraints, with no objective.
    """
    order = np.lexsort((short.pairs.site, short.pairs.cost, short.pairs.row))
    row, cost = short.pairs.row[order], short.pairs.cost[order]
    is_new = np.ones(row.size, dtype=bool)
    is_new[1:] = (row[1:] != row[:-1]) | (cost[1:] != cost[:-1])
    level = np.cumsum(is_new) - 1
    level_row, radius = row[is_new], cost[is_new]
    leads = np.ones(level_row.size, dtype=bool)
    leads[1:] = level_row[1:] != level_row[:-1]
    after = np.append(radius[1:], 0.0)[: radius.size]
    ends = np.append(leads[1:], True)[: radius.size]
    after[ends] = short.fallback[level_row[ends]]
    n_y, n_z = short.candidates.size, level_row.size
    at = np.arange(n_z)
    chained = at[~leads]
    rows = Rows()
    rows.add(
        np.concatenate([level, at, chained]),
        np.concatenate([np.searchsorted(short.candidates, short.pairs.site[order]), n_y + at, n_y + chained - 1]),
        np.concatenate([np.ones(row.size + n_z), -np.ones(chained.size)]),
        n=n_z,
        lower=leads.astype(float),
    )
    base = np.where((short.weight > 0) & np.isfinite(short.fallback), short.fallback, 0.0)
    base[level_row[leads]] = radius[leads]
    return Levels(
        rows=rows,
        candidates=short.candidates,
        row=level_row,
        radius=radius,
        step=np.where(np.isfinite(after), after - radius, 0.0),
        upper=np.concatenate([np.ones(n_y), np.isfinite(after).astype(float)]),
        base=base,
    )
