"""
The kernels that cut pairs down to lists, compiled by numba on first use; import inside functions only.

Pairs come in the form of compressed rows: those of row ``i`` stand from ``start[i]`` to ``start[i + 1]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["best_two", "count_below", "hash_rows", "nearest_open", "pay", "select", "shorten", "take_below", "turn"]

_RUN = 16  # pairs that are sorted by insertion


@kernel
def count_below(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64], cost: NDArray[np.float64], below: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Count each row's pairs that cost less than the row's limit."""
    count = np.zeros(below.size, np.int64)
    for i in range(below.size):
        limit, n = below[i], 0
        for k in range(start[i], start[i + 1]):
            n += cost[k] < limit
        count[i] = n
    return count


@kernel
def _insert(cost: Any, site: Any, a: int, b: int) -> None:
    """Sort a few pairs by insertion, equal ones in the order they stand in."""
    for k in range(a + 1, b):
        c, s, at = cost[k], site[k], k
        while at > a and cost[at - 1] > c:
            cost[at], site[at] = cost[at - 1], site[at - 1]
            at -= 1
        cost[at], site[at] = c, s


@kernel
def _merge_sort(cost: Any, site: Any, n: int, other_cost: Any, other_site: Any) -> None:
    """Sort the first ``n`` pairs by cost, equal ones in the order they stand in: runs by insertion, then merged."""
    for a in range(0, n, _RUN):
        _insert(cost, site, a, min(a + _RUN, n))
    width = _RUN
    while width < n:
        for a in range(0, n, 2 * width):
            middle, end = min(a + width, n), min(a + 2 * width, n)
            left, right = a, middle
            for k in range(a, end):
                if right >= end or (left < middle and cost[left] <= cost[right]):
                    other_cost[k], other_site[k] = cost[left], site[left]
                    left += 1
                else:
                    other_cost[k], other_site[k] = cost[right], site[right]
                    right += 1
        for k in range(n):
            cost[k], site[k] = other_cost[k], other_site[k]
        width *= 2


@kernel
def _sort(
    cost: Any, site: Any, n: int, other_cost: Any, other_site: Any, ends: Any, out_cost: Any, out_site: Any, at: int
) -> None:
    """
    Write the first ``n`` pairs by cost, equal ones in the order they stand in.

    They are dealt out to as many boxes as there are pairs, by where their cost lies between the lowest and the highest,
    and sorted within each box: of most tables few pairs share one.
    """
    low, high = np.inf, -np.inf
    for k in range(n):
        low, high = min(low, cost[k]), max(high, cost[k])
    scale = n / (high - low) if high > low else 0.0
    if n <= _RUN or not 0.0 < scale < 1e300:
        _merge_sort(cost, site, n, other_cost, other_site)
        for k in range(n):
            out_cost[at + k], out_site[at + k] = cost[k], site[k]
        return
    for box in range(n + 1):
        ends[box] = 0
    for k in range(n):
        ends[min(int((cost[k] - low) * scale), n - 1) + 1] += 1
    for box in range(n):
        ends[box + 1] += ends[box]
    for k in range(n):  # from here on a box's place is where its next pair goes, and at last where it ends
        box = min(int((cost[k] - low) * scale), n - 1)
        t = at + ends[box]
        out_cost[t], out_site[t] = cost[k], site[k]
        ends[box] += 1
    a = 0
    for box in range(n):
        b = ends[box]
        if b - a > _RUN:
            _merge_sort(out_cost[at + a : at + b], out_site[at + a : at + b], b - a, other_cost, other_site)
        elif b - a > 1:
            _insert(out_cost, out_site, at + a, at + b)
        a = b


@kernel
def select(values: Any, n: int, k: int) -> float:
    """
    Find the value that stands at a place of the first few once they are sorted.

    Parameters
    ----------
    values : numpy.ndarray of float64
        Values; those looked at are moved about.
    n : int
        How many are looked at.
    k : int
        Place, from 0.

    Returns
    -------
    float
        The value.
    """
    low, high = 0, n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        a, b = low, high
        while a <= b:
            while values[a] < pivot:
                a += 1
            while values[b] > pivot:
                b -= 1
            if a <= b:
                values[a], values[b] = values[b], values[a]
                a += 1
                b -= 1
        if k <= b:
            high = b
        elif k >= a:
            low = a
        else:
            break
    return float(values[k])


@kernel
def _place(values: Any, n: int, k: int, scratch: Any, ends: Any) -> float:
    """Find the value that stands at a place of the first few once they are sorted, and leave them as they are."""
    low, high = np.inf, -np.inf
    for t in range(n):
        low, high = min(low, values[t]), max(high, values[t])
    scale = n / (high - low) if high > low else 0.0
    if not 0.0 < scale < 1e300:
        scale = 0.0
    for box in range(n):
        ends[box] = 0
    for t in range(n):
        ends[min(int((values[t] - low) * scale), n - 1)] += 1
    box, before = 0, 0
    while before + ends[box] <= k:
        before += ends[box]
        box += 1
    m = 0
    for t in range(n):
        if min(int((values[t] - low) * scale), n - 1) == box:
            scratch[m] = values[t]
            m += 1
    return float(select(scratch, m, k - before))


@kernel
def take_below(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    below: NDArray[np.float64],
    most: NDArray[np.int64],
    at: int,
    out_site: NDArray[np.int32],
    out_cost: NDArray[np.float64],
    length: NDArray[np.int64],
    beyond: NDArray[np.float64],
) -> int:
    """
    Write each row's pairs below its limit, by cost and then as they stood; at most ``most`` of a row, the cheapest.

    ``beyond`` becomes the cost of the cheapest pair that was left out for it, and stays as it is where none was.
    """
    widest = 0
    for i in range(below.size):
        widest = max(widest, start[i + 1] - start[i])
    row_cost, row_site = np.empty(widest), np.empty(widest, np.int32)
    other_cost, other_site = np.empty(widest), np.empty(widest, np.int32)
    ends = np.empty(widest + 1, np.int64)
    for i in range(below.size):
        limit, n = below[i], 0
        for k in range(start[i], start[i + 1]):
            if cost[k] < limit:
                row_cost[n], row_site[n] = cost[k], site[k]
                n += 1
        if n > most[i]:
            limit = _place(row_cost, n, most[i], other_cost, ends)
            beyond[i] = limit
            kept = 0
            for k in range(n):
                if row_cost[k] < limit:
                    row_cost[kept], row_site[kept] = row_cost[k], row_site[k]
                    kept += 1
            n = kept
        _sort(row_cost, row_site, n, other_cost, other_site, ends, out_cost, out_site, at)
        length[i] = n
        at += n
    return at


@kernel
def nearest_open(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    nearest: NDArray[np.float64],
    where: NDArray[np.int64],
) -> None:
    """Find each row's nearest open site in unsorted pairs, of equals the lowest column; rows without one stay."""
    for i in range(nearest.size):
        for k in range(start[i], start[i + 1]):
            j = site[k]
            if is_open[j] and (cost[k] < nearest[i] or (cost[k] == nearest[i] and j < where[i])):
                nearest[i], where[i] = cost[k], j


@kernel
def best_two(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    cheapest: NDArray[np.float64],
    where: NDArray[np.int64],
    second: NDArray[np.float64],
) -> None:
    """Find each row's two nearest open sites in sorted lists; what is handed in holds the fallback."""
    for i in range(cheapest.size):
        found = False
        for k in range(start[i], start[i + 1]):
            if is_open[site[k]]:
                if found:
                    second[i] = cost[k]
                    break
                cheapest[i], where[i], found = cost[k], site[k], True


@kernel
def pay(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    fallback: NDArray[np.float64],
    is_open: NDArray[np.bool_],
) -> float:
    """Add up what the rows pay at their nearest open sites, in sorted lists."""
    total = 0.0
    for i in range(weight.size):
        cheapest = fallback[i]
        for k in range(start[i], start[i + 1]):
            if is_open[site[k]]:
                cheapest = cost[k]
                break
        total += weight[i] * cheapest
    return total


@kernel
def shorten(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    fallback: NDArray[np.float64],
    cut: NDArray[np.bool_],
    is_open: NDArray[np.bool_],
    shut: NDArray[np.bool_],
    out_start: NDArray[np.int64],
    out_site: NDArray[np.int32],
    out_cost: NDArray[np.float64],
    out_weight: NDArray[np.float64],
    out_fallback: NDArray[np.float64],
    out_cut: NDArray[np.bool_],
    number: NDArray[np.int64],
) -> tuple[int, float]:
    """
    Keep each row's pairs with sites that are not shut and cheaper than its nearest open one, its new fallback.

    A row without such a pair goes, if it has a fallback. The result is how many stay, and what those that go pay.
    """
    at, n, paid = 0, 0, 0.0
    out_start[0] = 0
    for i in range(weight.size):
        before, limit, short = at, fallback[i], cut[i]
        for k in range(start[i], start[i + 1]):
            if is_open[site[k]]:  # those that cost as much and stand before it are no better
                limit, short = cost[k], False
                while at > before and out_cost[at - 1] == limit:
                    at -= 1
                break
            if not shut[site[k]]:
                out_site[at], out_cost[at] = site[k], cost[k]
                at += 1
        if at == before and limit < np.inf:
            number[i] = -1
            paid += weight[i] * limit
        else:
            number[i] = n
            out_weight[n], out_fallback[n], out_cut[n] = weight[i], limit, short
            n += 1
            out_start[n] = at
    return n, paid


@kernel
def hash_rows(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.int64],
    fallback: NDArray[np.int64],
    cut: NDArray[np.bool_],
    most: int,
    seed: int,
) -> NDArray[np.uint64]:
    """Mix each row's length, fallback (both kinds of cost as bits) and first few pairs into a hash."""
    mixed = np.empty(cut.size, np.uint64)
    for i in range(cut.size):
        length = start[i + 1] - start[i]
        h = (np.uint64(seed) ^ np.uint64(fallback[i])) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(2 * length + cut[i])
        for k in range(start[i], start[i] + min(most, length)):
            h = (h ^ np.uint64(site[k])) * np.uint64(0xD6E8FEB86659FD93)
            h ^= h >> np.uint64(32)
            h = (h ^ np.uint64(cost[k])) * np.uint64(0x9E3779B97F4A7C15)
            h ^= h >> np.uint64(29)
        mixed[i] = h * np.uint64(0xBF58476D1CE4E5B9)
    return mixed


@kernel
def turn(  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64], site: NDArray[np.int32], cost: NDArray[np.float64], n_sites: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Give the pairs site by site: where each site begins, and row and cost of each pair, rows rising."""
    begins = np.zeros(n_sites + 1, np.int64)
    for k in range(site.size):
        begins[site[k] + 1] += 1
    for j in range(n_sites):
        begins[j + 1] += begins[j]
    at = begins.copy()
    row, turned = np.empty(site.size, np.int32), np.empty(site.size)
    for i in range(start.size - 1):
        for k in range(start[i], start[i + 1]):
            t = at[site[k]]
            row[t], turned[t] = i, cost[k]
            at[site[k]] = t + 1
    return begins, row, turned
