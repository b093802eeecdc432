"""
The kernels of greedy and of the swap search, compiled by numba on first use; import inside functions only.

All take a question in the same arrays: ``start``, ``site`` and ``cost`` are the lists (row ``i`` has the pairs from
``start[i]`` to ``start[i + 1]``, cheapest first), ``weight`` the pupils of each row, ``fallback`` what a row pays where none
of its sites is open; ``allowed`` and ``counted`` mark the sites that may be opened, and those of which only so many may be;
``charge`` is what opening a site costs. ``site_start``, ``site_row``, ``site_cost`` are the same pairs site by site.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["greedy", "swap"]


@kernel
def greedy(  # noqa: C901 - loops over shared arrays stay in one piece  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    site_start: NDArray[np.int64],
    site_row: NDArray[np.int32],
    site_cost: NDArray[np.float64],
    charge: NDArray[np.float64],
    counted: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    pays: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    room: int,
    steps: int,
) -> int:
    """
    Open the site that saves most, up to ``steps`` times, and give the room that is left for counted sites.

    ``pays`` holds what each row pays with the sites that are open.
    """
    gain = -charge
    for i in range(weight.size):
        for k in range(start[i], start[i + 1]):
            if cost[k] >= pays[i]:
                break
            gain[site[k]] += weight[i] * (pays[i] - cost[k])
    for _ in range(steps):
        best = -1
        for j in range(gain.size):
            if allowed[j] and not is_open[j] and (room > 0 or not counted[j]) and (best < 0 or gain[j] > gain[best]):
                best = j
        if best < 0 or gain[best] <= 0.0:
            break
        is_open[best] = True
        if counted[best]:
            room -= 1
        for t in range(site_start[best], site_start[best + 1]):
            i, now = site_row[t], site_cost[t]
            before = pays[i]
            if now < before:
                pays[i] = now
                for k in range(start[i], start[i + 1]):
                    if cost[k] >= before:
                        break
                    gain[site[k]] -= weight[i] * (before - max(cost[k], now))
    return room


@kernel
def _enter(
    i: int,
    sign: float,
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    slot: NDArray[np.int32],
    first: NDArray[np.int32],
    near: NDArray[np.float64],
    next_near: NDArray[np.float64],
    gain: NDArray[np.float64],
    loss: NDArray[np.float64],
    extra: NDArray[np.float64],
) -> None:
    """Add (sign 1) or take away (sign -1) what one row says about opening, shutting, and both."""
    w, c1, c2 = sign * weight[i], near[i], next_near[i]
    if first[i] < 0:
        for k in range(start[i], start[i + 1]):
            if cost[k] >= c1:
                break
            gain[site[k]] += w * (c1 - cost[k])
        return
    s = slot[first[i]]
    loss[s] += w * (c2 - c1)
    for k in range(start[i], start[i + 1]):
        c, j = cost[k], site[k]
        if c >= c2:
            break
        if c < c1:
            gain[j] += w * (c1 - c)
            extra[s, j] += w * (c2 - c1)
        else:
            extra[s, j] += w * (c2 - c)


@kernel
def _look(
    i: int,
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    fallback: NDArray[np.float64],
    is_open: NDArray[np.bool_],
    first: NDArray[np.int32],
    near: NDArray[np.float64],
    next_near: NDArray[np.float64],
) -> None:
    """Find a row's two nearest open sites."""
    first[i], near[i], next_near[i] = -1, fallback[i], fallback[i]
    for k in range(start[i], start[i + 1]):
        if is_open[site[k]]:
            if first[i] >= 0:
                next_near[i] = cost[k]
                break
            first[i], near[i] = site[k], cost[k]


@kernel
def swap(  # noqa: C901 - loops over shared arrays stay in one piece  # numpydoc ignore=PR01,RT01
    start: NDArray[np.int64],
    site: NDArray[np.int32],
    cost: NDArray[np.float64],
    weight: NDArray[np.float64],
    fallback: NDArray[np.float64],
    site_start: NDArray[np.int64],
    site_row: NDArray[np.int32],
    site_cost: NDArray[np.float64],
    charge: NDArray[np.float64],
    counted: NDArray[np.bool_],
    allowed: NDArray[np.bool_],
    is_open: NDArray[np.bool_],
    room: int,
    n_slots: int,
    steps: int,
    least: float,
) -> int:
    """
    Swap, open or shut the sites with the best profit, up to ``steps`` times; give the number of moves.

    ``room`` is how many more counted sites may be opened. A move must save more than ``least``.
    """
    n_rows, n_sites = weight.size, is_open.size
    first, near, next_near = np.empty(n_rows, np.int32), np.empty(n_rows), np.empty(n_rows)
    slot, of_slot = np.full(n_sites, -1, np.int32), np.full(n_slots, -1, np.int32)
    gain, loss, extra = -charge, np.zeros(n_slots), np.zeros((n_slots, n_sites))
    used = 0
    for j in range(n_sites):
        if is_open[j]:
            slot[j], of_slot[used] = used, j
            loss[used] = -charge[j]
            used += 1
    for i in range(n_rows):
        _look(i, start, site, cost, fallback, is_open, first, near, next_near)
        _enter(i, 1.0, start, site, cost, weight, slot, first, near, next_near, gain, loss, extra)
    touched = np.zeros(n_rows, np.bool_)
    rows = np.empty(n_rows, np.int32)
    for step in range(steps):
        best, leaves, enters = least, -1, -1
        for j in range(n_sites):  # open one
            if allowed[j] and not is_open[j] and used < n_slots and (room > 0 or not counted[j]) and gain[j] > best:
                best, enters = gain[j], j
        for s in range(n_slots):
            if of_slot[s] < 0:
                continue
            if -loss[s] > best:  # shut one
                best, leaves, enters = -loss[s], of_slot[s], -1
            free = room > 0 or counted[of_slot[s]]
            for j in range(n_sites):  # swap
                profit = gain[j] + extra[s, j] - loss[s]
                if profit > best and allowed[j] and not is_open[j] and (free or not counted[j]):
                    best, leaves, enters = profit, of_slot[s], j
        if leaves < 0 and enters < 0:
            return step
        n = 0
        if leaves >= 0:
            for t in range(site_start[leaves], site_start[leaves + 1]):
                i = site_row[t]
                if site_cost[t] <= next_near[i]:
                    touched[i], rows[n] = True, i
                    n += 1
        if enters >= 0:
            for t in range(site_start[enters], site_start[enters + 1]):
                i = site_row[t]
                if site_cost[t] < next_near[i] and not touched[i]:
                    rows[n] = i
                    n += 1
        for t in range(n):
            i = rows[t]
            touched[i] = False
            _enter(i, -1.0, start, site, cost, weight, slot, first, near, next_near, gain, loss, extra)
        if leaves >= 0:
            s = slot[leaves]
            is_open[leaves], slot[leaves], of_slot[s], loss[s] = False, -1, -1, 0.0
            for j in range(n_sites):
                extra[s, j] = 0.0
            used -= 1
            room += counted[leaves]
        if enters >= 0:
            s = 0
            while of_slot[s] >= 0:
                s += 1
            is_open[enters], slot[enters], of_slot[s], loss[s] = True, s, enters, -charge[enters]
            used += 1
            room -= counted[enters]
        for t in range(n):
            i = rows[t]
            _look(i, start, site, cost, fallback, is_open, first, near, next_near)
            _enter(i, 1.0, start, site, cost, weight, slot, first, near, next_near, gain, loss, extra)
    return steps
