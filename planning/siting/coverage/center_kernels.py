"""
Loops of the search for the nearest farthest site, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

References
----------
.. [1] C. Gao, X. Yao, T. Weise and J. Li, Eur. J. Oper. Res. 246(3), 750-761, 2015 (rows that stay uncovered weigh more and
   more). https://doi.org/10.1016/j.ejor.2015.05.038
.. [2] F. Barahona and R. Anbil, Math. Program. 87, 385-399, 2000. https://doi.org/10.1007/s101070050002
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["price_rows", "swap_by_weight"]

Starts = NDArray[np.int64]
Members = NDArray[np.int32]
Values = NDArray[np.float64]


@kernel
def _flip(
    site: int,
    way: int,
    row_start: Starts,
    row_site: Members,
    site_start: Starts,
    site_row: Members,
    weight: Starts,
    count: Members,
    owner: Starts,
    gain: Starts,
    bare: Members,
    place: Members,
    n_bare: int,
) -> int:
    """Open a site (``way`` 1) or shut it (-1); keep counts, gains and the list of uncovered rows, and give its length."""
    own = gain[site]
    for at in range(site_start[site], site_start[site + 1]):
        i = site_row[at]
        count[i] += way
        owner[i] += way * site
        covers = count[i] if way < 0 else count[i] - 1  # by the others
        w = weight[i]
        if covers == 1:
            other = owner[i] if way < 0 else owner[i] - site
            gain[other] -= way * w
        elif covers == 0:
            for b in range(row_start[i], row_start[i + 1]):
                gain[row_site[b]] -= way * w
            if way < 0:
                bare[n_bare] = i
                place[i] = n_bare
                n_bare += 1
            else:
                n_bare -= 1
                last = bare[n_bare]
                bare[place[i]] = last
                place[last] = place[i]
    gain[site] = own
    return n_bare


@kernel
def swap_by_weight(  # noqa: C901 - one search, read from top to bottom
    row_start: Starts,
    row_site: Members,
    site_start: Starts,
    site_row: Members,
    sites: NDArray[np.int64],
    weight: NDArray[np.int64],
    steps: int,
    seed: int,
) -> int:
    """
    Swap sites until every row is covered: shut the one that least hangs on, open one for a row that is uncovered.

    Rows weigh more with every step that they stay uncovered.

    Parameters
    ----------
    row_start, row_site : numpy.ndarray
        The sites of each row; each row has one.
    site_start, site_row : numpy.ndarray
        The rows of each site.
    sites : numpy.ndarray of int64
        Open sites, all different; swapped in place.
    weight : numpy.ndarray of int64
        Weight of each row, 1 or more; raised in place.
    steps : int
        Swaps at most.
    seed : int
        Of the random choice among uncovered rows.

    Returns
    -------
    int
        Rows that stay uncovered.
    """
    n_rows, n_sites = row_start.size - 1, site_start.size - 1
    owner = np.zeros(n_rows, np.int64)
    count = np.zeros(n_rows, np.int32)
    gain = np.zeros(n_sites, np.int64)
    bare, place = np.arange(n_rows).astype(np.int32), np.arange(n_rows).astype(np.int32)
    n_bare = n_rows
    since = np.zeros(n_sites, np.int64)  # step at which a site was last opened or shut
    is_open = np.zeros(n_sites, np.bool_)
    for j in range(n_sites):
        for at in range(site_start[j], site_start[j + 1]):
            gain[j] += weight[site_row[at]]
    for k in range(sites.size):
        is_open[sites[k]] = True
        n_bare = _flip(
            sites[k], 1, row_start, row_site, site_start, site_row, weight, count, owner, gain, bare, place, n_bare
        )
    state = np.uint64(seed * 2 + 1)
    newest = -1
    for step in range(1, steps + 1):
        if n_bare == 0:
            break
        worst = -1
        for k in range(sites.size):
            j = sites[k]
            if j == newest and sites.size > 1:
                continue
            if worst < 0:
                worst = k
                continue
            least = sites[worst]
            if gain[j] < gain[least] or (gain[j] == gain[least] and since[j] < since[least]):
                worst = k
        shut = sites[worst]
        n_bare = _flip(
            shut, -1, row_start, row_site, site_start, site_row, weight, count, owner, gain, bare, place, n_bare
        )
        is_open[shut] = False
        since[shut] = step
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        i = bare[np.int64((state >> np.uint64(11)) % np.uint64(n_bare))]
        enters = shut
        for b in range(row_start[i], row_start[i + 1]):
            j = row_site[b]
            if j == shut:
                continue
            if enters == shut or gain[j] > gain[enters] or (gain[j] == gain[enters] and since[j] < since[enters]):
                enters = np.int64(j)
        n_bare = _flip(
            enters, 1, row_start, row_site, site_start, site_row, weight, count, owner, gain, bare, place, n_bare
        )
        is_open[enters] = True
        since[enters] = step
        sites[worst] = enters
        newest = enters
        for k in range(n_bare):
            i = bare[k]
            weight[i] += 1
            for b in range(row_start[i], row_start[i + 1]):
                gain[row_site[b]] += 1
    return n_bare


@kernel
def price_rows(  # noqa: C901 - one climb, read from top to bottom
    site_start: Starts, site_row: Members, price: Values, target: float, rounds: int, average: Values, step: float
) -> tuple[float, float]:
    """
    Price rows so that the fewest sites that cover them all are bounded from below, by the volume method.

    A site costs 1 and takes the prices of its rows: the prices together, less what sites earn above 1, are the bound.

    Parameters
    ----------
    site_start, site_row : numpy.ndarray
        The rows of each site.
    price : numpy.ndarray
        Price of each row; bettered in place.
    target : float
        Bound that is enough.
    rounds : int
        Changes of the prices at most.
    average : numpy.ndarray
        How much of each site the choices had on the average; moved on in place.
    step : float
        Length of a step, to begin with.

    Returns
    -------
    tuple of float
        The bound of the prices, and the length of the last step.
    """
    n_rows, n_sites = price.size, site_start.size - 1
    tried, count, found = price.copy(), np.zeros(n_rows), np.zeros(n_rows)
    for j in range(n_sites):
        if average[j] > 0.0:
            for at in range(site_start[j], site_start[j + 1]):
                count[site_row[at]] += average[j]
    chosen = np.zeros(n_sites, np.bool_)
    best, reds = -np.inf, 0
    for turn in range(rounds):
        bound = 0.0
        for i in range(n_rows):
            bound += tried[i]
            found[i] = 0.0
        for j in range(n_sites):
            earned = 0.0
            for at in range(site_start[j], site_start[j + 1]):
                earned += tried[site_row[at]]
            if earned > 1.0:
                bound += 1.0 - earned
                for at in range(site_start[j], site_start[j + 1]):
                    found[site_row[at]] += 1.0
            chosen[j] = earned > 1.0
        if bound > best:
            onward = 0.0
            for i in range(n_rows):
                onward += (1.0 - found[i]) * (1.0 - count[i])
            best, reds = bound, 0
            price[:] = tried
            if turn > 0 and onward > 0.0:
                step = min(step * 1.1, 2.0)
        else:
            reds += 1
            if reds >= 20:
                step, reds = step * 0.7, 0
        if best > target or step < 1e-6:
            break
        toward, apart = 0.0, 1e-12
        for i in range(n_rows):
            change = found[i] - count[i]
            toward += (1.0 - count[i]) * change
            apart += change * change
        part = min(max(toward / apart, 0.003), 0.05)
        for j in range(n_sites):
            average[j] += part * ((1.0 if chosen[j] else 0.0) - average[j])
        length = 0.0
        for i in range(n_rows):
            count[i] += part * (found[i] - count[i])
            way = 1.0 - count[i]
            if way > 0.0 or price[i] > 0.0:
                length += way * way
        if length < 1e-12:
            break
        far = step * max(target + 0.5 - best, 0.1 * best) / length
        for i in range(n_rows):
            tried[i] = max(0.0, price[i] + far * (1.0 - count[i]))
    return best, step
