"""
Kernel that sends whole rows to open sites and betters that by moves and exchanges; import inside functions only (numba).

Seats may be overdrawn at a price, so that the search can pass through what is not allowed; after it has come to rest, a few
rows are moved by chance and it goes on, keeping the best.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["search_whole"]


@kernel
def _over(load: int, seats: int) -> int:
    """Count the pupils above the seats."""
    return max(load - seats, 0)


@kernel
def _swap(  # noqa: C901 - one loop nest: a kernel that calls another counts every array it hands over
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    seats: NDArray[np.int64],
    fine: float,
    at: NDArray[np.int64],
    load: NDArray[np.int64],
) -> bool:
    """Exchange rows between sites; tells whether any were."""
    n, m = cost.shape
    first = np.zeros(m + 1, np.int64)
    gain = np.full((m, m), -np.inf)  # the most that a row of one site saves by going to another
    for i in range(n):
        a = at[i]
        first[a + 1] += 1
        for k in range(m):
            gain[a, k] = max(gain[a, k], cost[i, a] - cost[i, k])
    for k in range(m):
        first[k + 1] += first[k]
    member, fill = np.empty(n, np.int64), first.copy()
    for i in range(n):
        member[fill[at[i]]] = i
        fill[at[i]] += 1
    moved = False
    for i in range(n):
        for b in range(m):
            a = at[i]
            if a == b:
                continue
            further = cost[i, b] - cost[i, a]
            over = _over(load[a], seats[a]) + _over(load[b], seats[b])
            if further - gain[b, a] - fine * over >= -1e-9:  # neither the ways nor the fines can give so much
                continue
            for e in range(first[b], first[b + 1]):
                h = member[e]
                if at[h] != b:
                    continue
                change = further + cost[h, a] - cost[h, b]
                if change - fine * over >= -1e-9:
                    continue
                more = size[h] - size[i]
                change += fine * (_over(load[a] + more, seats[a]) + _over(load[b] - more, seats[b]) - over)
                if change < -1e-9:
                    load[a] += more
                    load[b] -= more
                    at[i], at[h] = b, a
                    moved = True
                    break
    return moved


@kernel
def _rest(
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    seats: NDArray[np.int64],
    fine: float,
    at: NDArray[np.int64],
    load: NDArray[np.int64],
    passes: int,
) -> bool:
    """Move and exchange rows until nothing gets better; tells whether that came about in so many passes."""
    n, m = cost.shape
    for _ in range(passes):
        moved = False
        for i in range(n):
            a, w = at[i], size[i]
            best, to = -1e-9, -1
            relief = fine * (_over(load[a], seats[a]) - _over(load[a] - w, seats[a]))
            for k in range(m):
                if k != a:
                    change = cost[i, k] - cost[i, a] - relief
                    if change < best:
                        change += fine * (_over(load[k] + w, seats[k]) - _over(load[k], seats[k]))
                        if change < best:
                            best, to = change, k
            if to >= 0:
                load[a] -= w
                load[to] += w
                at[i] = to
                moved = True
        if _swap(cost, size, seats, fine, at, load):
            moved = True
        if not moved:
            return True
    return False


@kernel
def _price(
    cost: NDArray[np.float64],
    seats: NDArray[np.int64],
    fine: float,
    at: NDArray[np.int64],
    load: NDArray[np.int64],
) -> tuple[float, int]:
    """Add up; gives the cost with fines, and the pupils above the seats."""
    total, above = 0.0, 0
    for i in range(at.size):
        total += cost[i, at[i]]
    for k in range(seats.size):
        above += _over(load[k], seats[k])
    return total + fine * above, above


@kernel
def search_whole(  # noqa: C901 - as above
    cost: NDArray[np.float64],
    size: NDArray[np.int64],
    seats: NDArray[np.int64],
    fine: float,
    begin: NDArray[np.int64],
    passes: int,
    kicks: int,
    seed: int,
) -> tuple[NDArray[np.int64], float, int, bool]:
    """
    Send each row to a site.

    Parameters
    ----------
    cost : numpy.ndarray, shape (n_rows, n_open)
        Cost of a whole row at each open site; very large where it may not go.
    size : numpy.ndarray of int64, shape (n_rows,)
        Pupils of each row [pupils].
    seats : numpy.ndarray of int64, shape (n_open,)
        Seats [seats].
    fine : float
        Price of a pupil above the seats.
    begin : numpy.ndarray of int64, shape (n_rows,)
        Site of each row to begin with; -1 = where it is cheapest and there is room.
    passes : int
        How often all rows are gone through at most before the search is at rest, and after each kick; whoever asks can look
        at the clock after that.
    kicks : int
        How often a few rows are moved by chance, once the search is at rest.
    seed : int
        Seed of that chance.

    Returns
    -------
    at : numpy.ndarray of int64, shape (n_rows,)
        Site of each row.
    total : float
        Cost, with fines.
    above : int
        Pupils above the seats.
    resting : bool
        True where the search came to rest.
    """
    n, m = cost.shape
    at, load = begin.copy(), np.zeros(m, np.int64)
    for i in range(n):
        if at[i] >= 0:
            load[at[i]] += size[i]
    for i in range(n):
        if at[i] < 0:
            best, to = np.inf, 0
            for k in range(m):
                value = cost[i, k] + fine * (_over(load[k] + size[i], seats[k]) - _over(load[k], seats[k]))
                if value < best:
                    best, to = value, k
            at[i] = to
            load[to] += size[i]
    resting = _rest(cost, size, seats, fine, at, load, passes)
    best_total, above = _price(cost, seats, fine, at, load)
    if not resting:
        return at, best_total, above, False
    best_at, best_load = at.copy(), load.copy()
    state = np.uint64(seed * 2654435769 + 88172645463325252)
    for _ in range(kicks):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        # rows of one site, or that would go there, are moved about
        site = np.int64(state % np.uint64(m))
        for _ in range(4):
            state ^= state << np.uint64(13)
            state ^= state >> np.uint64(7)
            state ^= state << np.uint64(17)
            row = np.int64(state % np.uint64(n))
            for step in range(n):
                if at[(row + step) % n] == site:
                    row = (row + step) % n
                    break
            a = at[row]
            near, goal = np.inf, a
            for k in range(m):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                spread = 1.0 + np.float64(state % np.uint64(1000)) * 1e-3
                if k != a and cost[row, k] * spread < near:
                    near, goal = cost[row, k] * spread, np.int64(k)
            load[a] -= size[row]
            load[goal] += size[row]
            at[row] = goal
        _rest(cost, size, seats, fine, at, load, passes)
        total, over = _price(cost, seats, fine, at, load)
        if total < best_total - 1e-12:
            best_total, above = total, over
            for i in range(n):
                best_at[i] = at[i]
            for k in range(m):
                best_load[k] = load[k]
        elif total > best_total:
            for i in range(n):
                at[i] = best_at[i]
            for k in range(m):
                load[k] = best_load[k]
    return best_at, best_total, above, True
