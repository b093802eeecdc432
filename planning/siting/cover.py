"""
Reach rows with as few sites as possible: the core of set cover, of p-center, and of "can everybody be served at all".

References
----------
.. [1] C. Toregas et al., Oper. Res. 19(6), 1363-1373, 1971. https://doi.org/10.1287/opre.19.6.1363
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.lists import merge_rows

__all__ = ["Cover", "cover_rows"]


@dataclass(frozen=True)
class Cover:
    """
    Sites that reach the rows.

    Parameters
    ----------
    status : {"optimal", "enough", "stopped", "infeasible"}
        ``enough``: no more sites than the caller allows, not proven to be the fewest.
    sites : numpy.ndarray of int64
        Columns, rising; empty where there is no answer.
    bound : int
        No fewer sites do.
    """

    status: Literal["optimal", "enough", "stopped", "infeasible"]
    sites: Ints
    bound: int


def cover_rows(
    row: Ints,
    site: Ints,
    weight: Floats,
    n_sites: int,
    *,
    clock: Clock,
    spare: float = 0.0,
    enough: int | None = None,
) -> Cover:
    """
    Open as few sites as possible so that at most ``spare`` of the weight stays out of reach.

    Parameters
    ----------
    row, site : numpy.ndarray of int, shape (n_pairs,)
        Which site reaches which row, ordered by row.
    weight : numpy.ndarray, shape (n_rows,)
        Pupils of each row, all above 0.
    n_sites : int
        Number of columns.
    clock : Clock
        Time left.
    spare : float
        Pupils that may stay out of reach; 0 = every row is reached.
    enough : int, optional
        The search may end with this many sites.

    Returns
    -------
    Cover
        The sites and the proven lower bound.
    """
    n_rows = weight.size
    group = merge_rows(row, [site], [], n_rows)
    lead, number = np.unique(group, return_inverse=True)
    merged: Floats = np.bincount(number, weights=weight, minlength=lead.size).astype(np.float64)
    is_lead = np.zeros(n_rows, dtype=bool)
    is_lead[lead] = True
    keep = is_lead[row]
    renamed = np.cumsum(is_lead) - 1
    row, site = renamed[row[keep]], site[keep]
    length = np.bincount(row, minlength=lead.size)
    if float(merged[length == 0].sum()) > spare:
        return Cover("infeasible", np.zeros(0, dtype=np.int64), n_sites + 1)
    if float(merged.sum()) <= spare:
        return Cover("optimal", np.zeros(0, dtype=np.int64), 0)
    greedy = _greedy(row, site, merged, n_sites, spare)
    if greedy.size == 1:
        return Cover("optimal", greedy, 1)
    if enough is not None and greedy.size <= enough:
        return Cover("enough", greedy, 1)
    return _exact(row, site, merged, n_sites, greedy, spare=spare, enough=enough, clock=clock)


def _greedy(row: Ints, site: Ints, weight: Floats, n_sites: int, spare: float) -> Ints:
    """Open the site that reaches most of what is left, then drop those no longer needed."""
    missed = np.ones(weight.size, dtype=bool)
    chosen: list[int] = []
    while float(weight[missed].sum()) > spare:
        gain = np.bincount(site, weights=np.where(missed[row], weight[row], 0.0), minlength=n_sites)
        best = int(np.argmax(gain))
        chosen.append(best)
        missed[row[site == best]] = False
    is_open = np.zeros(n_sites, dtype=bool)
    is_open[chosen] = True
    times = np.bincount(row[is_open[site]], minlength=weight.size)
    for candidate in chosen:
        here = row[site == candidate]
        after = times.copy()
        after[here] -= 1
        if float(weight[after == 0].sum()) <= spare:
            times = after
            is_open[candidate] = False
    return np.flatnonzero(is_open).astype(np.int64)


def _exact(
    row: Ints,
    site: Ints,
    weight: Floats,
    n_sites: int,
    greedy: Ints,
    *,
    spare: float,
    enough: int | None,
    clock: Clock,
) -> Cover:
    used = np.unique(site)
    column = np.searchsorted(used, site)
    n_y, n_rows = used.size, weight.size
    with_slack = spare > 0
    n_z = n_rows if with_slack else 0
    rows = Rows()
    slack = np.arange(n_z)
    rows.add(np.concatenate([row, slack]), np.concatenate([column, n_y + slack]), 1.0, n=n_rows, lower=1.0)
    if with_slack:
        rows.add(np.zeros(n_rows), n_y + np.arange(n_rows), weight, n=1, upper=spare)
    model = Model(
        np.concatenate([np.ones(n_y), np.zeros(n_z)]),
        np.zeros(n_y + n_z),
        np.ones(n_y + n_z),
        np.concatenate([np.ones(n_y, dtype=bool), np.zeros(n_z, dtype=bool)]),
        rows,
    )
    start = np.zeros(n_y + n_z)
    start[np.searchsorted(used, greedy)] = 1.0
    if with_slack:
        start[n_y:] = np.bincount(row, weights=start[column], minlength=n_rows) == 0
    solution = solve_model(model, clock=clock, start=start, stop_at=None if enough is None else enough + 0.5)
    sites = greedy
    if solution.x is not None:
        found = used[solution.x[:n_y] > 0.5]
        reached = np.zeros(n_rows, dtype=bool)
        reached[row[solution.x[column] > 0.5]] = True
        if found.size < greedy.size and float(weight[~reached].sum()) <= spare * (1 + 1e-12):
            sites = found.astype(np.int64)
    bound = max(1, int(np.ceil(solution.bound - 1e-6))) if np.isfinite(solution.bound) else 1
    if bound >= sites.size:
        return Cover("optimal", sites, int(sites.size))
    return Cover("enough" if enough is not None and sites.size <= enough else "stopped", sites, bound)
