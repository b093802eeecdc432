"""
The kernels that raise the Lagrangian bound, compiled by numba on first use; import inside functions only.

All take a question in the same arrays: ``start``, ``site`` and ``cost`` are the lists (row ``i`` has the pairs from
``start[i]`` to ``start[i + 1]``, cheapest first), ``weight`` the pupils of each row, ``fallback`` what a row pays where none
of its sites is open; ``allowed`` and ``counted`` mark the sites that may be opened, and those of which only so many may be;
``charge`` is what opening a site costs. Columns are unsigned, which spares the question whether one counts from the end.
``site_start``, ``site_row``, ``site_cost`` are the same pairs site by site.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.siting.median.list_kernels import select

__all__ = ["BEST", "FOUND", "LEAD", "SINCE", "STALE", "STOP_AT", "TARGET", "ascend", "decide", "whole_step"]

BEST, FOUND, LEAD, STALE, TARGET, STOP_AT, SINCE = range(7)
"""Places in the kernel's numbers: best bound, cheapest choice met, step factor, rounds without a better bound, cost aimed
at, bound at which to stop, and value of the bound at the last check for progress."""


@kernel
def price_sites(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.uint32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    charge: NDArray[np.float64],
    price: NDArray[np.float64],
    worth: NDArray[np.float64],
) -> float:
    """Write what opening each site costs at these prices; the result is what the prices bring in."""
    for j in range(worth.size):
        worth[j] = charge[j]
    total = 0.0
    for i in range(weight.size):
        w, v = weight[i], price[i]
        total += w * v
        a, b = start[i], start[i + 1]
        sites, costs = site[a:b], cost[a:b]
        for k in range(costs.size):
            c = costs[k]
            if c >= v:
                break
            worth[sites[k]] += w * (c - v)
    return total


@kernel
def choose(  # numpydoc ignore=PR01,RT01
    worth: NDArray[np.float64],
    counted: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    p: int,
    chosen: NDArray[np.bool_],
    scratch: NDArray[np.float64],
) -> float:
    """Choose the sites worth opening, of the counted ones at most the best ``p``, of equals the lowest; add them up."""
    n = 0
    total = 0.0
    for j in range(worth.size):
        chosen[j] = False
        if allowed[j] and worth[j] < 0.0:
            if counted[j]:
                scratch[n] = worth[j]
                n += 1
            else:
                chosen[j] = True
                total += worth[j]
    limit, left = 0.0, p
    if n > p > 0:
        limit = select(scratch, n, p - 1)
        for t in range(n):  # how many are left for those equal to the limit
            left -= scratch[t] < limit
    if p > 0:
        for j in range(worth.size):
            if allowed[j] and counted[j] and worth[j] < 0.0 and (n <= p or worth[j] <= limit):
                if n > p and worth[j] == limit:
                    if left == 0:
                        continue
                    left -= 1
                chosen[j] = True
                total += worth[j]
    return total


@kernel
def whole_step(  # numpydoc ignore=PR01,RT01
    cost: NDArray[np.float64], weight: NDArray[np.float64], fallback: NDArray[np.float64], charge: NDArray[np.float64]
) -> bool:
    """Tell whether all choices cost whole numbers, small enough for float64 to hold their sums."""
    total, dearest = 0.0, 0.0
    for j in range(charge.size):
        if charge[j] != np.floor(charge[j]):
            return False
    for i in range(weight.size):
        if weight[i] != np.floor(weight[i]) or fallback[i] != np.floor(fallback[i]):
            return False
        total += weight[i]
        if fallback[i] < np.inf:
            dearest = max(dearest, fallback[i])
    for k in range(cost.size):
        if cost[k] != np.floor(cost[k]):
            return False
        dearest = max(dearest, cost[k])
    return total * dearest < 2.0**32


@kernel
def decide(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.uint32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    charge: NDArray[np.float64],
    counted: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    p: int,
    price: NDArray[np.float64],
    below: float,
    slack: float,
    stays_shut: NDArray[np.bool_],
    stays_open: NDArray[np.bool_],
) -> None:
    """Mark the sites that every choice which costs at most ``below`` leaves shut, and those it opens."""
    worth, scratch = np.empty(charge.size), np.empty(charge.size)
    chosen = np.zeros(charge.size, np.bool_)
    value = price_sites(start, site, cost, weight, charge, price, worth)
    value += choose(worth, counted, allowed, p, chosen, scratch)
    room, leaving, entering = p, -np.inf, 0.0
    for j in range(charge.size):
        if counted[j] and allowed[j]:
            if chosen[j]:
                room -= 1
                leaving = max(leaving, worth[j])
            else:
                entering = min(entering, worth[j])
    if room > 0 or p <= 0:
        leaving = 0.0
    if room > 0:
        entering = 0.0
    for j in range(charge.size):
        out, into = (leaving, entering) if counted[j] else (0.0, 0.0)
        stays_shut[j] = not allowed[j] or (not chosen[j] and value + worth[j] - out > below + slack)
        stays_open[j] = chosen[j] and value - worth[j] + into > below + slack


@kernel
def ascend(  # noqa: C901 - loops over shared arrays stay in one piece  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.uint32],
    cost: NDArray[np.float64],
    site_start: NDArray[np.int64],
    site_row: NDArray[np.int32],
    site_cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    fallback: NDArray[np.float64],
    charge: NDArray[np.float64],
    counted: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    p: int,
    price: NDArray[np.float64],
    direction: NDArray[np.float64],
    best_price: NDArray[np.float64],
    share: NDArray[np.float64],
    found: NDArray[np.bool_],
    numbers: NDArray[np.float64],
    rounds: int,
    patience: int,
) -> int:
    """
    Raise the bound by up to ``rounds`` deflected subgradient steps; give the rounds that were made.

    Prices are per pupil. ``share`` keeps how often each site was chosen of late, ``found`` the cheapest choice met.
    """
    n_rows = weight.size
    worth, scratch = np.empty(charge.size), np.empty(charge.size)
    chosen = np.zeros(charge.size, np.bool_)
    slope, lowest = np.empty(n_rows), np.empty(n_rows)
    for made in range(rounds):
        if numbers[BEST] >= numbers[STOP_AT] or numbers[LEAD] < 1e-3:
            return made
        value = price_sites(start, site, cost, weight, charge, price, worth)
        value += choose(worth, counted, allowed, p, chosen, scratch)
        pays, length, steepness = 0.0, 0.0, 0.0
        for j in range(charge.size):
            share[j] *= 0.95
            if chosen[j]:
                share[j] += 0.05
                pays += charge[j]
        for i in range(n_rows):
            slope[i], lowest[i] = 1.0, fallback[i]
        for j in range(charge.size):
            if chosen[j]:
                for t in range(site_start[j], site_start[j + 1]):
                    i, c = site_row[t], site_cost[t]
                    if c < lowest[i]:
                        lowest[i] = c
                    if c < price[i]:
                        slope[i] -= 1.0
        for i in range(n_rows):
            pays += weight[i] * lowest[i]
            if slope[i] > 0.0 and price[i] >= fallback[i]:
                slope[i] = 0.0
        if pays < numbers[FOUND]:
            numbers[FOUND] = pays
            for j in range(charge.size):
                found[j] = chosen[j]
        if value > numbers[BEST]:
            numbers[BEST] = value
            for i in range(n_rows):
                best_price[i] = price[i]
        if numbers[BEST] > numbers[SINCE] + 1e-2 * max(0.0, numbers[TARGET] - numbers[BEST]):
            numbers[SINCE], numbers[STALE] = numbers[BEST], 0.0
        else:
            numbers[STALE] += 1.0
            if numbers[STALE] >= patience:
                numbers[LEAD] *= 0.5
                numbers[STALE], numbers[SINCE] = 0.0, numbers[BEST]
        against, before = 0.0, 0.0
        for i in range(n_rows):
            against += weight[i] * slope[i] * direction[i]
            before += weight[i] * direction[i] * direction[i]
        turned = -1.5 * against / before if against < 0.0 else 0.0  # turned off the last direction where they disagree
        for i in range(n_rows):
            d = slope[i] + turned * direction[i]
            direction[i] = d
            length += weight[i] * d * d
            steepness += weight[i] * abs(slope[i])
        if steepness == 0.0 or length <= 0.0:
            numbers[LEAD] = 0.0
            return made + 1
        step = numbers[LEAD] * (numbers[TARGET] - value) / length
        for i in range(n_rows):
            price[i] = min(max(price[i] + step * direction[i], 0.0), fallback[i])
    return rounds
