"""
The order of contraction: low degrees first, then nested dissection of what is left.

A node of up to three neighbours may be contracted at once without harm: at most as many links come as go. On roads
that removes four nodes in five. The rest is cut by nested dissection: a small separator goes last, its two sides before it,
each cut in turn. METIS finds the separators where its wheel exists; else they are the thinnest levels of a breadth-first
search near the middle, which need no coordinates and cost some speed but no exactness.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] A. George, Nested dissection of a regular finite element mesh, SIAM J. Numer. Anal. 10(2), 345-363, 1973.
   https://doi.org/10.1137/0710032
.. [2] G. Karypis, V. Kumar, A fast and high quality multilevel scheme for partitioning irregular graphs, SIAM J. Sci.
   Comput. 20(1), 359-392, 1998. https://doi.org/10.1137/S1064827595287997
.. [3] J. Dibbelt, B. Strasser, D. Wagner, Customizable Contraction Hierarchies, ACM JEA 21, 2016.
   https://doi.org/10.1145/2886843
"""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel
from planning.travel.chains import pair_up

__all__ = ["contraction_order", "dissect_by_levels", "dissect_by_metis"]

Ints = NDArray[np.int32]

_MOST_NEIGHBOURS = 3  # contracted ahead of the dissection
_HUB = 64  # whether two nodes of more links than this are neighbours is not looked up: they stay
_SMALL = 32  # a part of fewer nodes is not cut further


class _Links(NamedTuple):
    """Links as pairs of half-links ``h`` and ``h ^ 1``, those of one node in a doubly linked list."""

    to: Ints
    following: Ints
    previous: Ints
    start: Ints
    degree: Ints


def contraction_order(link_tail: Ints, link_head: Ints, n_nodes: int) -> Ints:
    """
    Say in which order nodes are to be contracted.

    Parameters
    ----------
    link_tail, link_head : numpy.ndarray of int32, shape (n_links,)
        Pairs of neighbours, in either direction; parallel links and loops are allowed.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    numpy.ndarray of int32, shape (n_nodes,)
        All nodes, the first to be contracted first.
    """
    low, high, _ = pair_up(link_tail.astype(np.int64), link_head.astype(np.int64), n_nodes)
    links = _Links(*_lay_out(low, high, n_nodes))
    early = _contract_low_degrees(links)
    rest, indptr, indices = _what_is_left(links, early)
    order = np.arange(len(rest)) if len(rest) < _SMALL else dissect_by_metis(indptr, indices)
    if order is None:
        order = dissect_by_levels(indptr, indices).astype(np.int64)
    return np.concatenate((early, rest[order]))


def dissect_by_metis(indptr: Ints, indices: Ints) -> NDArray[np.int64] | None:
    """
    Order a graph by METIS.

    Parameters
    ----------
    indptr, indices : numpy.ndarray of int32
        Neighbours of each node in CSR form, each link from both its ends.

    Returns
    -------
    numpy.ndarray of int64, shape (n_nodes,), or None
        All nodes, the first to be contracted first; None where METIS is not installed.
    """
    try:
        metis = import_module("pymetis")
    except ImportError:  # no wheel for this platform
        return None
    order, _ = metis.nested_dissection(metis.CSRAdjacency(indptr, indices))
    return np.asarray(order, np.int64)


@kernel
def _lay_out(low: Ints, high: Ints, n_nodes: int) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Link the half-links of each node."""
    n = 2 * low.size
    to, following, previous = np.empty(n, np.int32), np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    start, degree = np.full(n_nodes, -1, np.int32), np.zeros(n_nodes, np.int32)
    for link in range(low.size):
        for side in range(2):
            half = 2 * link + side
            owner, to[half] = (low[link], high[link]) if side == 0 else (high[link], low[link])
            _insert(half, owner, following, previous, start, degree)
    return to, following, previous, start, degree


@kernel
def _insert(half: int, owner: int, following: Ints, previous: Ints, start: Ints, degree: Ints) -> None:
    """Put a half-link at the head of its owner's list."""
    following[half], previous[half] = start[owner], -1
    if start[owner] >= 0:
        previous[start[owner]] = half
    start[owner] = half
    degree[owner] += 1


@kernel
def _remove(half: int, owner: int, following: Ints, previous: Ints, start: Ints, degree: Ints) -> None:
    """Take a half-link out of its owner's list."""
    if previous[half] >= 0:
        following[previous[half]] = following[half]
    else:
        start[owner] = following[half]
    if following[half] >= 0:
        previous[following[half]] = previous[half]
    degree[owner] -= 1


@kernel
def _are_linked(one: int, other: int, links: _Links) -> bool:
    """Look up whether two nodes are neighbours, from the one of fewer links."""
    if links.degree[other] < links.degree[one]:
        one, other = other, one
    half = links.start[one]
    while half >= 0:
        if links.to[half] == other:
            return True
        half = links.following[half]
    return False


@kernel
def _contract_low_degrees(links: _Links) -> Ints:
    """
    Contract nodes of few neighbours, changing the links, and return them in order.

    It goes in rounds, and no two neighbours are contracted in the same one: a long run of such nodes is then halved
    from round to round, which keeps the tree of contractions low.
    """
    to, following, previous, start, degree = links
    n_nodes = start.size
    order = np.empty(n_nodes, np.int32)
    touched = np.zeros(n_nodes, np.int32)  # the last round in which a neighbour was contracted
    queued = np.zeros(n_nodes, np.bool_)
    around = np.empty(_MOST_NEIGHBOURS, np.int32)
    spare = np.empty(_MOST_NEIGHBOURS, np.int32)
    n_order, round_ = 0, 0
    # trees and plain runs first: contracting a node of three while they stand would only hide them
    for most in range(2, _MOST_NEIGHBOURS + 1):
        queue = np.empty(n_nodes, np.int32)
        n_queue = 0
        for node in range(n_nodes):
            queued[node] = 0 <= degree[node] <= most
            if queued[node]:
                queue[n_queue] = node
                n_queue += 1
        while n_queue:
            round_ += 1
            later = np.empty(n_nodes if n_queue * (_MOST_NEIGHBOURS + 1) > n_nodes else n_queue * 4, np.int32)
            n_later = 0
            for at in range(n_queue):
                node = queue[at]
                queued[node] = False
                if degree[node] > most:
                    continue
                if touched[node] == round_:
                    later[n_later] = node
                    n_later += 1
                    queued[node] = True
                    continue
                n_around = 0
                half = start[node]
                hubs = 0
                while half >= 0:
                    around[n_around], spare[n_around] = to[half], half >> 1
                    hubs += degree[to[half]] > _HUB
                    n_around += 1
                    half = following[half]
                if hubs > 1:
                    continue
                for i in range(n_around):
                    neighbour = around[i]
                    twin = 2 * spare[i] if to[2 * spare[i]] == node else 2 * spare[i] + 1
                    _remove(twin, neighbour, following, previous, start, degree)
                    touched[neighbour] = round_
                n_spare = 0
                for i in range(n_around):
                    for j in range(i + 1, n_around):
                        if not _are_linked(around[i], around[j], links):
                            link = spare[n_spare]
                            n_spare += 1
                            to[2 * link], to[2 * link + 1] = around[j], around[i]
                            _insert(2 * link, around[i], following, previous, start, degree)
                            _insert(2 * link + 1, around[j], following, previous, start, degree)
                for i in range(n_around):
                    neighbour = around[i]
                    if degree[neighbour] <= most and not queued[neighbour]:
                        later[n_later] = neighbour
                        n_later += 1
                        queued[neighbour] = True
                degree[node] = -1
                order[n_order] = node
                n_order += 1
            queue, n_queue = later, n_later
    return order[:n_order].copy()


@kernel
def _what_is_left(links: _Links, early: Ints) -> tuple[Ints, Ints, Ints]:
    """Number the nodes that were not contracted, and give their neighbours in CSR form."""
    n_nodes = links.start.size
    number = np.full(n_nodes, -1, np.int32)
    rest = np.empty(n_nodes - early.size, np.int32)
    n, total = 0, 0
    for node in range(n_nodes):
        if links.degree[node] >= 0:
            number[node], rest[n] = n, node
            n += 1
            total += links.degree[node]
    indptr, indices = np.zeros(n + 1, np.int32), np.empty(total, np.int32)
    at = 0
    for row in range(n):
        half = links.start[rest[row]]
        while half >= 0:
            indices[at] = number[links.to[half]]
            at += 1
            half = links.following[half]
        indptr[row + 1] = at
    return rest, indptr, indices


@kernel
def dissect_by_levels(indptr: Ints, indices: Ints) -> Ints:
    """
    Order a graph by nested dissection whose separators are levels of a breadth-first search.

    Parameters
    ----------
    indptr, indices : numpy.ndarray of int32
        Neighbours of each node in CSR form, each link from both its ends.

    Returns
    -------
    numpy.ndarray of int32, shape (n_nodes,)
        All nodes, the first to be contracted first.
    """
    n = indptr.size - 1
    order = np.empty(n, np.int32)
    nodes = np.arange(n).astype(np.int32)  # each part is a slice of it, and ends where its order ends
    part = np.zeros(n, np.int32)
    level = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    stack = [(np.int64(0), np.int64(n))]
    n_parts = 0
    while len(stack):
        begin, end = stack.pop()
        if end - begin < _SMALL:
            order[begin:end] = nodes[begin:end]
            continue
        n_parts += 1
        for at in range(begin, end):
            part[nodes[at]] = n_parts
        # twice from the farthest node yet: its levels are many and thin
        root = nodes[begin]
        for _ in range(3):
            reached, n_levels = _levels_from(root, n_parts, indptr, indices, part, level, queue)
            root = queue[reached - 1]
            if _ < 2:
                for at in range(reached):
                    level[queue[at]] = -1
        size = end - begin
        if reached < size:  # in several pieces: each becomes a part of its own
            for at in range(begin, end):
                level[nodes[at]] = -1
            found = 0
            for at in range(begin, end):
                if level[nodes[at]] < 0:
                    more, _ = _levels_from(nodes[at], n_parts, indptr, indices, part, level, queue[found:])
                    stack.append((begin + found, begin + found + more))
                    found += more
            nodes[begin:end] = queue[:size]
            for at in range(begin, end):
                level[nodes[at]] = -1
            continue
        count = np.zeros(n_levels + 1, np.int64)
        for at in range(reached):
            count[level[queue[at]]] += 1
        cut, before, best = np.int64(0), np.int64(0), np.inf
        for one in range(n_levels):
            behind = size - before - count[one]
            # thin, and not far from the middle
            score = count[one] / (min(before, behind) + 1.0) if one else np.inf
            if score < best:
                cut, best = np.int64(one), score
            before += count[one]
        front, last = begin, end
        middle = np.empty(count[cut], np.int32)
        n_middle = 0
        behind_all = np.empty(size, np.int32)
        n_behind = 0
        for at in range(reached):
            node = queue[at]
            if level[node] < cut:
                nodes[front] = node
                front += 1
            elif level[node] == cut:
                middle[n_middle] = node
                n_middle += 1
            else:
                behind_all[n_behind] = node
                n_behind += 1
            level[node] = -1
        nodes[front : front + n_behind] = behind_all[:n_behind]
        order[last - n_middle : last] = middle
        if n_middle == size:
            continue
        stack.append((begin, front))
        stack.append((front, front + n_behind))
    return order


@kernel
def _levels_from(
    root: int, own: int, indptr: Ints, indices: Ints, part: Ints, level: Ints, queue: Ints
) -> tuple[int, int]:
    """Search a part breadth-first: (how many nodes were reached, how many levels)."""
    queue[0], level[root] = root, 0
    head, tail = 0, 1
    while head < tail:
        node = queue[head]
        head += 1
        for at in range(indptr[node], indptr[node + 1]):
            neighbour = indices[at]
            if part[neighbour] == own and level[neighbour] < 0:
                level[neighbour] = level[node] + 1
                queue[tail] = neighbour
                tail += 1
    return tail, level[queue[tail - 1]] + 1
