"""
Bound a p-median from below by pricing "every row is served", and settle sites that the bound decides.

For prices ``u`` of the rows the bound is ``sum(u)`` plus the ``p`` lowest values of ``sum_i min(0, w_i c_ij - u_i)``. A
price never exceeds what the row pays at its fallback, since the fallback is open to all. Prices rise and fall along a
deflected subgradient with a Polyak step.

References
----------
.. [1] J. E. Beasley, Eur. J. Oper. Res. 65, 383-399, 1993. https://doi.org/10.1016/0377-2217(93)90118-7
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.lists import Lists

__all__ = ["Bound", "raise_bound"]


@dataclass(frozen=True)
class Bound:
    """
    A proven lower bound and what it settles.

    Parameters
    ----------
    value : float
        No choice of sites costs less.
    shut, opened : numpy.ndarray of bool, shape (n_sites,)
        Sites that no better answer than the one known opens, or leaves out.
    sites : numpy.ndarray of int64
        Best choice met on the way.
    objective : float
        What it costs; inf where none was met.
    """

    value: float
    shut: npt.NDArray[np.bool_]
    opened: npt.NDArray[np.bool_]
    sites: Ints
    objective: float


def raise_bound(
    lists: Lists,
    p: int,
    candidates: Ints,
    known: tuple[Ints, float],
    *,
    clock: Clock,
    step_unit: float,
    rounds: int = 500,
) -> Bound:
    """
    Raise the Lagrangian bound and settle sites by their reduced costs.

    Parameters
    ----------
    lists : Lists
        The question; a fallback may be inf.
    p : int
        New sites.
    candidates : numpy.ndarray of int
        Columns that may be opened.
    known : tuple of numpy.ndarray and float
        Best choice known and its cost, which may be inf.
    clock : Clock
        Stops the rounds.
    step_unit : float
        Two answers differ by at least this much (1 where everything is whole, else 0).
    rounds : int
        Rounds at most.

    Returns
    -------
    Bound
        The best bound found, at least ``sum(weight * cheapest)``.
    """
    n = lists.n_sites
    allowed = np.zeros(n, dtype=bool)
    allowed[candidates] = True
    best_sites, best_value = known
    shut, opened = ~allowed, np.zeros(n, dtype=bool)
    none = Bound(lists.constant, shut, opened, best_sites, best_value)
    if lists.n_rows == 0:
        return none
    has = lists.start[1:] > lists.start[:-1]
    cheapest = np.where(has, lists.cost[np.minimum(lists.start[:-1], max(lists.cost.size - 1, 0))], lists.fallback)
    if not has.all() and np.isinf(cheapest).any():
        return none  # a row without any site: the caller says who
    ceiling = lists.weight * lists.fallback
    pair_cost = lists.weight[lists.row] * lists.cost
    price = lists.weight * cheapest
    if np.isfinite(best_value):
        is_open = np.zeros(n, dtype=bool)
        is_open[best_sites] = True
        pays, _, second = lists.best_two(is_open)
        price = lists.weight * np.where(np.isfinite(second), (pays + second) / 2, pays)
    price = np.minimum(price, ceiling)
    value, best_price, lead, stale = lists.constant + float(lists.weight @ cheapest), lists.weight * cheapest, 1.0, 0
    direction = np.zeros(lists.n_rows)
    for _ in range(rounds):
        if clock.stopped or best_value - value < max(step_unit * (1 - 1e-6), 1e-9 * abs(best_value)):
            break
        reduced = np.minimum(pair_cost - price[lists.row], 0.0)
        worth = np.bincount(lists.site, weights=reduced, minlength=n)
        worth[~allowed] = np.inf
        chosen = np.argsort(worth, kind="stable")[:p]
        at_price = lists.constant + float(price.sum() + worth[chosen].sum())
        if at_price > value:
            stale = 0 if at_price > value + 1e-6 * abs(value) else stale + 1
            value, best_price = at_price, price
        else:
            stale += 1
        if stale >= 15:
            lead, stale, price = lead / 2, 0, best_price
            direction[:] = 0.0
            if lead < 0.01:
                break
            continue
        is_open = np.zeros(n, dtype=bool)
        is_open[chosen] = True
        found = lists.value(chosen)
        if found < best_value:
            best_sites, best_value = np.sort(chosen).astype(np.int64), found
        slope = 1.0 - np.bincount(lists.row[is_open[lists.site] & (reduced < 0)], minlength=lists.n_rows)
        slope[(price >= ceiling) & (slope > 0)] = 0.0
        direction = 0.7 * slope + 0.3 * direction
        length = float(direction @ direction)
        if length <= 1e-12:
            break
        target = best_value if np.isfinite(best_value) else at_price + 0.05 * abs(at_price) + 1.0
        step = lead * (target - at_price + 1e-3 * abs(target)) / length
        price = np.clip(price + step * direction, 0.0, ceiling)
    shut, opened = _settle(lists, p, allowed, best_price, best_value - step_unit * (1 - 1e-6))
    return Bound(value, shut, opened, best_sites, best_value)


def _settle(
    lists: Lists, p: int, allowed: npt.NDArray[np.bool_], price: Floats, below: float
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Shut and open the sites whose other state cannot lead to an answer that costs at most ``below``."""
    n = lists.n_sites
    reduced = np.minimum(lists.weight[lists.row] * lists.cost - price[lists.row], 0.0)
    worth = np.bincount(lists.site, weights=reduced, minlength=n)
    worth[~allowed] = np.inf
    order = np.argsort(worth, kind="stable")
    value = lists.constant + float(price.sum() + worth[order[:p]].sum())
    shut, opened = ~allowed, np.zeros(n, dtype=bool)
    slack = 1e-7 * max(1.0, abs(below))  # float sums: never settle on a hair
    if not np.isfinite(below):
        return shut, opened
    if 0 < p <= int(allowed.sum()):
        inside, outside = order[:p], order[p : int(allowed.sum())]
        shut[outside[value + worth[outside] - worth[order[p - 1]] > below + slack]] = True
        if outside.size:
            opened[inside[value + worth[order[p]] - worth[inside] > below + slack]] = True
    elif p == 0:
        shut[:] = True
    return shut, opened
