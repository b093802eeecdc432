"""
Prove a p-median with HiGHS in the radius form, on the sites that the bound has left open.

A row's cost is its lowest possible cost plus a step for each distance within which no site is open. Only the near
distances of a row are in the model at first; what lies beyond is replaced by the next distance, free to all. That makes
the model smaller and its optimum a lower bound; where the bound and the true cost of its sites differ, the rows that
made the difference get more distances and the model is solved again.

References
----------
.. [1] S. García, M. Labbé, A. Marín, INFORMS J. Comput. 23(4), 546-556, 2011. https://doi.org/10.1287/ijoc.1100.0418
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.lists import Lists

__all__ = ["prove_by_radius"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Levels:
    """The radius model and how to read it."""

    model: Model
    used: Ints  # column of each y variable
    row: Ints  # row of each z variable
    radius: Floats  # distance of each z variable
    offset: float


def prove_by_radius(
    lists: Lists, p: int, known: tuple[Ints, float], *, clock: Clock, step_unit: float
) -> tuple[Ints, float, float]:
    """
    Search for an answer better than the one known, or prove that there is none.

    Parameters
    ----------
    lists : Lists
        The question that is left.
    p : int
        Sites that may be opened, at most.
    known : tuple of numpy.ndarray and float
        Best choice known and its cost; it need not be a choice of this question.
    clock : Clock
        Time left.
    step_unit : float
        Two answers differ by at least this much (0 where unknown).

    Returns
    -------
    tuple of numpy.ndarray, float, float
        Best choice, its cost, and a lower bound for all choices at least as good as the one known.
    """
    sites, value = known
    bound = float("-inf")
    is_open = np.zeros(lists.n_sites, dtype=bool)
    is_open[sites] = True
    pays, _, second = lists.best_two(is_open)
    cap = np.where(np.isfinite(second), second, np.where(np.isfinite(pays), pays, np.inf))
    while not clock.stopped:
        levels = _build_levels(lists, p, cap)
        solution = solve_model(levels.model, clock=clock, start=_start(lists, levels, sites, p))
        if solution.status == "infeasible":
            return sites, value, value
        bound = max(bound, min(value, solution.bound + levels.offset))
        if step_unit > 0:
            bound = min(value, max(bound, float(np.ceil(bound / step_unit - 1e-6)) * step_unit))
        if solution.x is None:
            break
        chosen = levels.used[solution.x[: levels.used.size] > 0.5]
        found = lists.value(chosen)
        if found < value:
            sites, value = chosen, found
        if solution.status != "optimal" or value - bound <= max(1e-9 * abs(value), 1e-9):
            break
        is_open[:] = False
        is_open[chosen] = True
        pays = lists.best_two(is_open)[0]
        short = pays > cap
        if not short.any():
            break  # the model priced this choice in full: what is left is the solver's tolerance
        cap = np.where(short, pays, cap)
        logger.debug("radius model: %d rows need more distances", int(short.sum()))
    return sites, value, bound


def _build_levels(lists: Lists, p: int, cap: Floats) -> _Levels:
    row, cost = lists.row, lists.cost
    is_new = np.ones(row.size, dtype=bool)
    is_new[1:] = (row[1:] != row[:-1]) | (cost[1:] != cost[:-1])
    level = np.cumsum(is_new) - 1
    first = np.flatnonzero(is_new)
    level_row, level_cost = row[first], cost[first]
    last = np.ones(level_row.size, dtype=bool)
    last[:-1] = level_row[1:] != level_row[:-1]
    after = np.where(last, lists.fallback[level_row], np.append(level_cost[1:], np.inf))
    leads = np.ones(level_row.size, dtype=bool)
    leads[1:] = level_row[1:] != level_row[:-1]
    kept = leads | (level_cost <= cap[level_row])
    number = np.cumsum(kept) - 1
    step = np.where(np.isfinite(after), lists.weight[level_row] * (after - level_cost), 0.0)[kept]
    must = ~np.isfinite(after)[kept]  # beyond this distance there is nothing: a site must be open
    pair = np.flatnonzero(kept[level])
    used, column = np.unique(lists.site[pair], return_inverse=True)
    n_y, n_z = used.size, int(kept.sum())
    at = np.arange(n_z)
    chained = at[~leads[kept]]
    rows = Rows()
    rows.add(
        np.concatenate([number[level[pair]], at, chained]),
        np.concatenate([column, n_y + at, n_y + chained - 1]),
        np.concatenate([np.ones(pair.size + n_z), -np.ones(chained.size)]),
        n=n_z,
        lower=leads[kept].astype(float),
    )
    rows.add(np.zeros(n_y), np.arange(n_y), 1.0, n=1, upper=float(p))
    upper = np.concatenate([np.ones(n_y), np.where(must, 0.0, 1.0)])
    whole = np.concatenate([np.ones(n_y, dtype=bool), np.zeros(n_z, dtype=bool)])
    cheapest = np.where(np.isfinite(lists.fallback), lists.fallback, 0.0)
    cheapest[level_row[leads]] = level_cost[leads]
    offset = lists.constant + float(lists.weight @ cheapest)
    model = Model(np.concatenate([np.zeros(n_y), step]), np.zeros(n_y + n_z), upper, whole, rows)
    return _Levels(model, used.astype(np.int64), level_row[kept], level_cost[kept], offset)


def _start(lists: Lists, levels: _Levels, sites: Ints, p: int) -> Floats | None:
    """Write the known answer as a point of the model, where it is one."""
    if sites.size == 0 or not np.isfinite(lists.value(sites)):
        return None
    y = np.isin(levels.used, sites)
    if int(y.sum()) > p:
        return None
    is_open = np.zeros(lists.n_sites, dtype=bool)
    is_open[levels.used[y]] = True
    pays = lists.best_two(is_open)[0]
    return np.concatenate([y.astype(float), (pays[levels.row] > levels.radius).astype(float)])
