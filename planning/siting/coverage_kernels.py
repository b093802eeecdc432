"""
Loops over pairs of row and site that cover each other, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

A relation is kept twice, as two lists of lists: the sites that cover each row, and the rows that each site covers, each
list rising. Swaps keep, for every shut site, what it would add (``gain``) and, for every open slot and site, the weight
that hangs on this slot alone and that the site covers too (``held``): a swap is priced by three look-ups.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = [
    "close_slot",
    "count_covers",
    "find_dominated",
    "gather_groups",
    "hash_rows",
    "merge_sorted",
    "open_slot",
    "pack_rows",
    "price_sites",
    "take_lists",
    "transpose",
]

Starts = NDArray[np.int64]
Members = NDArray[np.int32]
Values = NDArray[np.float64]


@kernel
def transpose(start: Starts, member: Members, n_out: int) -> tuple[Starts, Members]:
    """Turn the sites of each row into the rows of each site."""
    out_start = np.zeros(n_out + 1, np.int64)
    for at in range(member.size):
        out_start[member[at] + 1] += 1
    for k in range(n_out):
        out_start[k + 1] += out_start[k]
    place = out_start[:n_out].copy()
    out = np.empty(member.size, np.int32)
    for i in range(start.size - 1):
        for at in range(start[i], start[i + 1]):
            j = member[at]
            out[place[j]] = i
            place[j] += 1
    return out_start, out


@kernel
def hash_rows(start: Starts, member: Members, key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Condense each list into one number."""
    out = np.zeros(start.size - 1, np.uint64)
    for i in range(start.size - 1):
        total = np.uint64(0)
        for at in range(start[i], start[i + 1]):
            total += key[member[at]]
        out[i] = total
    return out


@kernel
def merge_sorted(
    start: Starts, member: Members, order: NDArray[np.int64], hashed: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Give each list the first of those that equal it; lists come in order of their hash, and are compared in full."""
    lead = np.empty(order.size, np.int64)
    first = -1
    for k in range(order.size):
        i = order[k]
        same = first >= 0 and hashed[i] == hashed[first] and start[i + 1] - start[i] == start[first + 1] - start[first]
        if same:
            shift = start[first] - start[i]
            for at in range(start[i], start[i + 1]):
                if member[at] != member[at + shift]:
                    same = False
                    break
        if not same:
            first = i
        lead[i] = first
    return lead


@kernel
def take_lists(
    start: Starts, member: Members, which: NDArray[np.int64], rename: NDArray[np.int64]
) -> tuple[Starts, Members]:
    """Keep some lists, and of their members those that have a new number; the others' number is -1."""
    out_start = np.zeros(which.size + 1, np.int64)
    for k in range(which.size):
        kept = 0
        for at in range(start[which[k]], start[which[k] + 1]):
            if rename[member[at]] >= 0:
                kept += 1
        out_start[k + 1] = out_start[k] + kept
    out = np.empty(out_start[which.size], np.int32)
    place = 0
    for k in range(which.size):
        for at in range(start[which[k]], start[which[k] + 1]):
            j = rename[member[at]]
            if j >= 0:
                out[place] = j
                place += 1
    return out_start, out


@kernel
def find_dominated(
    start: Starts,
    member: Members,
    other_start: Starts,
    other: Members,
    order: NDArray[np.int64],
    weight: Values,
    smaller: bool,
    work: int,
) -> NDArray[np.bool_]:
    """
    Mark lists that contain another one (or, where ``smaller``, lists that another one contains).

    Lists are looked at in ``order``; among equal ones the first stays. ``weight`` must not fall from the list that goes to
    the one that stays. It stops after ``work`` comparisons: what is marked by then is right.
    """
    n = start.size - 1
    gone = np.zeros(n, np.bool_)
    seen = np.full(other_start.size - 1, -1, np.int64)
    for k in range(n):
        i = order[k]
        if gone[i] or start[i] == start[i + 1]:
            continue
        size = start[i + 1] - start[i]
        rarest = member[start[i]]
        for at in range(start[i], start[i + 1]):
            j = member[at]
            seen[j] = i
            if other_start[j + 1] - other_start[j] < other_start[rarest + 1] - other_start[rarest]:
                rarest = j
        if smaller:
            # i goes where some list through its rarest member contains all of it
            for at in range(other_start[rarest], other_start[rarest + 1]):
                r = other[at]
                if r == i or gone[r] or start[r + 1] - start[r] < size or weight[r] > weight[i]:
                    continue
                found = 0
                for b in range(start[r], start[r + 1]):
                    work -= 1
                    if seen[member[b]] == i:
                        found += 1
                        if found == size:
                            break
                if found == size:
                    gone[i] = True
                    break
        else:
            # lists through its rarest member go where they contain all of i
            for at in range(other_start[rarest], other_start[rarest + 1]):
                r = other[at]
                if r == i or gone[r] or start[r + 1] - start[r] < size:
                    continue
                found = 0
                for b in range(start[r], start[r + 1]):
                    work -= 1
                    if seen[member[b]] == i:
                        found += 1
                        if found == size:
                            break
                if found == size:
                    gone[r] = True
        if work < 0:
            break
    return gone


@kernel
def pack_rows(row_start: Starts, row_site: Members, order: NDArray[np.int64], n_sites: int) -> int:
    """Count rows of which no two share a site, taken in order: each needs a site of its own."""
    used = np.zeros(n_sites, np.bool_)
    found = 0
    for k in range(order.size):
        i = order[k]
        free = True
        for at in range(row_start[i], row_start[i + 1]):
            if used[row_site[at]]:
                free = False
                break
        if free:
            found += 1
            for at in range(row_start[i], row_start[i + 1]):
                used[row_site[at]] = True
    return found


@kernel
def gather_groups(
    site_start: Starts, site_row: Members, group: Members, weight: Values, n_groups: int
) -> tuple[Starts, Members, Values]:
    """Sum up, for each site, the weight that it covers of each group of rows."""
    n = site_start.size - 1
    start = np.zeros(n + 1, np.int64)
    seen = np.full(n_groups, -1, np.int64)
    for j in range(n):
        found = 0
        for at in range(site_start[j], site_start[j + 1]):
            g = group[site_row[at]]
            if seen[g] != j:
                seen[g] = j
                found += 1
        start[j + 1] = start[j] + found
    member = np.empty(start[n], np.int32)
    value = np.zeros(start[n], np.float64)
    seen[:] = -1
    for j in range(n):
        place = start[j]
        for at in range(site_start[j], site_start[j + 1]):
            i = site_row[at]
            g = group[i]
            if seen[g] < start[j]:
                seen[g] = place
                member[place] = g
                place += 1
            value[seen[g]] += weight[i]
    return start, member, value


@kernel
def price_sites(site_start: Starts, site_row: Members, value: Values, price: Values, worth: Values) -> None:
    """Add up, for each site, the prices of the rows that it covers, times the values of the pairs where there are any."""
    weighed = value.size > 0
    for j in range(site_start.size - 1):
        total = 0.0
        if weighed:
            for at in range(site_start[j], site_start[j + 1]):
                total += value[at] * price[site_row[at]]
        else:
            for at in range(site_start[j], site_start[j + 1]):
                total += price[site_row[at]]
        worth[j] = total


@kernel
def count_covers(
    site_start: Starts, site_row: Members, value: Values, sites: NDArray[np.int64], share: Values, count: Values
) -> None:
    """Add to each row's count the share of each of some sites that cover it, times the values where there are any."""
    weighed = value.size > 0
    for k in range(sites.size):
        j = sites[k]
        part = share[k]
        if weighed:
            for at in range(site_start[j], site_start[j + 1]):
                count[site_row[at]] += part * value[at]
        else:
            for at in range(site_start[j], site_start[j + 1]):
                count[site_row[at]] += part


@kernel
def open_slot(
    site: int,
    slot: int,
    site_start: Starts,
    site_row: Members,
    row_start: Starts,
    row_site: Members,
    weight: Values,
    count: Members,
    owner: Members,
    gain: Values,
    held: NDArray[Any],
) -> None:
    """Open a site in a slot, and keep counts, gains and holds."""
    mine = held[slot]
    for at in range(site_start[site], site_start[site + 1]):
        i = site_row[at]
        before = count[i]
        count[i] = before + 1
        if before == 0:
            w = weight[i]
            for b in range(row_start[i], row_start[i + 1]):
                j = row_site[b]
                gain[j] -= w
                mine[j] += w
        elif before == 1:
            w = weight[i]
            theirs = held[owner[i]]
            for b in range(row_start[i], row_start[i + 1]):
                theirs[row_site[b]] -= w
        owner[i] += slot


@kernel
def close_slot(
    site: int,
    slot: int,
    site_start: Starts,
    site_row: Members,
    row_start: Starts,
    row_site: Members,
    weight: Values,
    count: Members,
    owner: Members,
    gain: Values,
    held: NDArray[Any],
) -> None:
    """Shut the site of a slot, and keep counts, gains and holds."""
    mine = held[slot]
    for at in range(site_start[site], site_start[site + 1]):
        i = site_row[at]
        after = count[i] - 1
        count[i] = after
        owner[i] -= slot
        if after == 0:
            w = weight[i]
            for b in range(row_start[i], row_start[i + 1]):
                j = row_site[b]
                gain[j] += w
                mine[j] -= w
        elif after == 1:
            w = weight[i]
            theirs = held[owner[i]]
            for b in range(row_start[i], row_start[i + 1]):
                theirs[row_site[b]] += w
