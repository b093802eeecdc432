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
    """
    Turn the sites of each row into the rows of each site.

    Parameters
    ----------
    start, member : numpy.ndarray
        The sites of each row: where each list begins, and its members.
    n_out : int
        Number of sites.

    Returns
    -------
    tuple of numpy.ndarray
        The rows of each site, rising, in the same form.
    """
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
    """
    Condense each list into one number.

    Parameters
    ----------
    start, member : numpy.ndarray
        The lists: where each begins, and its members.
    key : numpy.ndarray of uint64
        Random number of each member; members whose number is 0 do not matter.

    Returns
    -------
    numpy.ndarray of uint64, shape (n_lists,)
        The same for equal lists, whatever their order.
    """
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
    """
    Give each list the first of those that equal it; lists come in order of their hash, and are compared in full.

    Parameters
    ----------
    start, member : numpy.ndarray
        The lists: where each begins, and its members.
    order : numpy.ndarray of int64
        Lists by their hash.
    hashed : numpy.ndarray of uint64
        As `hash_rows` has it.

    Returns
    -------
    numpy.ndarray of int64, shape (n_lists,)
        The first list, in that order, that equals it.
    """
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
    """
    Keep some lists, and of their members those that have a new number; the others' number is -1.

    Parameters
    ----------
    start, member : numpy.ndarray
        The lists: where each begins, and its members.
    which : numpy.ndarray of int64
        Lists that stay.
    rename : numpy.ndarray of int64
        New number of each member, -1 for those that go.

    Returns
    -------
    tuple of numpy.ndarray
        The lists that stay, in the same form.
    """
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
def _contains(start: Starts, member: Members, k: int, seen: NDArray[np.int64], mark: int, size: int) -> bool:
    """Tell whether a list has ``size`` members that bear a mark."""
    found = 0
    for at in range(start[k], start[k + 1]):
        if seen[member[at]] == mark:
            found += 1
            if found == size:
                return True
    return False


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
    Mark lists that contain another one or, where ``smaller``, lists that another one contains.

    Parameters
    ----------
    start, member : numpy.ndarray
        The lists.
    other_start, other : numpy.ndarray
        For each member, the lists it stands in.
    order : numpy.ndarray of int64
        Lists in the order they are looked at; of equal ones the last stays where ``smaller``, else the first.
    weight : numpy.ndarray
        Where ``smaller``: a list goes only for one that weighs no more.
    smaller : bool
        Which of two lists goes.
    work : int
        Members compared at most; what is marked by then is right.

    Returns
    -------
    numpy.ndarray of bool
        True for the lists that go.
    """
    gone = np.zeros(start.size - 1, np.bool_)
    seen = np.full(other_start.size - 1, -1, np.int64)
    for k in range(order.size):
        i = order[k]
        size = start[i + 1] - start[i]
        if gone[i] or size == 0:
            continue
        if work < 0:
            break
        rarest = member[start[i]]
        for at in range(start[i], start[i + 1]):
            j = member[at]
            seen[j] = i
            if other_start[j + 1] - other_start[j] < other_start[rarest + 1] - other_start[rarest]:
                rarest = j
        for at in range(other_start[rarest], other_start[rarest + 1]):
            r = other[at]
            length = start[r + 1] - start[r]
            if r == i or gone[r] or length < size or (smaller and weight[r] > weight[i]):
                continue
            work -= length
            if _contains(start, member, r, seen, i, size):
                if smaller:
                    gone[i] = True
                    break
                gone[r] = True
    return gone


@kernel
def pack_rows(row_start: Starts, row_site: Members, order: NDArray[np.int64], n_sites: int) -> int:
    """
    Count rows of which no two share a site, taken in order: each needs a site of its own.

    Parameters
    ----------
    row_start, row_site : numpy.ndarray
        The sites of each row.
    order : numpy.ndarray of int64
        Rows in the order they are looked at.
    n_sites : int
        Number of sites.

    Returns
    -------
    int
        Rows.
    """
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
    """
    Sum up, for each site, the weight that it covers of each group of rows.

    Parameters
    ----------
    site_start, site_row : numpy.ndarray
        The rows of each site.
    group : numpy.ndarray of int32
        Group of each row.
    weight : numpy.ndarray
        Weight of each row.
    n_groups : int
        Number of groups.

    Returns
    -------
    tuple of numpy.ndarray
        The groups of each site, and the weight of each such pair.
    """
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
    """
    Add up, for each site, the prices of the rows that it covers, times the values of the pairs where there are any.

    Parameters
    ----------
    site_start, site_row : numpy.ndarray
        The rows of each site.
    value : numpy.ndarray
        Value of each pair; empty where all are 1.
    price : numpy.ndarray
        Price of each row.
    worth : numpy.ndarray
        Takes the sums, one a site.
    """
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
    """
    Add to each row's count the share of each of some sites that cover it, times the values where there are any.

    Parameters
    ----------
    site_start, site_row : numpy.ndarray
        The rows of each site.
    value : numpy.ndarray
        Value of each pair; empty where all are 1.
    sites : numpy.ndarray of int64
        Sites that count.
    share : numpy.ndarray
        How much each of them counts.
    count : numpy.ndarray
        Count of each row, added to.
    """
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
    """
    Open a site in a slot, and keep counts, gains and holds.

    Parameters
    ----------
    site, slot : int
        The site, and the slot that is its.
    site_start, site_row : numpy.ndarray
        The rows of each site.
    row_start, row_site : numpy.ndarray
        The sites of each row.
    weight : numpy.ndarray
        Weight of each row.
    count, owner : numpy.ndarray of int32
        Open sites that cover each row, and the sum of their slots: where there is one, the slot itself.
    gain : numpy.ndarray
        What each site would add.
    held : numpy.ndarray, shape (n_slots, n_sites)
        Weight that hangs on a slot alone and that the site covers.
    """
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
    """
    Shut the site of a slot, and keep counts, gains and holds.

    Parameters
    ----------
    site, slot : int
        The site, and the slot that is its.
    site_start, site_row : numpy.ndarray
        The rows of each site.
    row_start, row_site : numpy.ndarray
        The sites of each row.
    weight : numpy.ndarray
        Weight of each row.
    count, owner : numpy.ndarray of int32
        Open sites that cover each row, and the sum of their slots: where there is one, the slot itself.
    gain : numpy.ndarray
        What each site would add.
    held : numpy.ndarray, shape (n_slots, n_sites)
        Weight that hangs on a slot alone and that the site covers.
    """
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
