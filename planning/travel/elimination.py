"""
Contraction by elimination: from an order to the hierarchy, which depends on the topology alone.

Contracting a node links all its neighbours that are still there. The links that a node has to nodes contracted after
it, old and new, are its *upward* arcs. The first of those neighbours to be contracted is its parent in the *elimination
tree*; all of them are its ancestors. Whoever leaves the subtree of a node passes one of them: they are the boundary of the
subtree, on which every query rests.

Core nodes are renumbered by depth-first preorder of the tree. Then ancestors come before their descendants, a subtree is
a contiguous range, and a query is one sweep through memory. *Up* is towards the root, so towards lower numbers.

Compiled by numba on first use: import this module inside a function only.

References
----------
.. [1] J. Dibbelt, B. Strasser, D. Wagner, Customizable Contraction Hierarchies, ACM JEA 21, 2016.
   https://doi.org/10.1145/2886843
.. [2] J. W. H. Liu, The role of elimination trees in sparse factorization, SIAM J. Matrix Anal. Appl. 11(1), 134-172,
   1990. https://doi.org/10.1137/0611010
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["Hierarchy", "eliminate", "lengthen"]

Ints = NDArray[np.int32]


class Hierarchy(NamedTuple):
    """
    The topology of the contraction hierarchy; core nodes by their number in preorder.

    Parameters
    ----------
    number : numpy.ndarray of int32, shape (n_core,)
        Preorder number of each core node, as the caller numbered them.
    parent : numpy.ndarray of int32, shape (n_core,)
        Parent in the elimination tree; -1 for roots.
    subtree_end : numpy.ndarray of int32, shape (n_core,)
        The subtree of ``v`` is ``v … subtree_end[v] - 1``.
    up_first : numpy.ndarray of int32, shape (n_core + 1,)
        Where the upward arcs of each node begin.
    up_head : numpy.ndarray of int32, shape (n_up,)
        Their upper ends, ascending for each node; the last of a node is its parent.
    up_tail : numpy.ndarray of int32, shape (n_up,)
        Their lower ends.
    down_first : numpy.ndarray of int32, shape (n_core + 1,)
        Where the arcs down from each node begin in `down_arc`.
    down_arc : numpy.ndarray of int32, shape (n_up,)
        The upward arcs sorted by their upper ends.
    """

    number: Ints
    parent: Ints
    subtree_end: Ints
    up_first: Ints
    up_head: Ints
    up_tail: Ints
    down_first: Ints
    down_arc: Ints


def eliminate(link_tail: Ints, link_head: Ints, order: Ints) -> Hierarchy:
    """
    Contract core nodes in an order.

    Parameters
    ----------
    link_tail, link_head : numpy.ndarray of int32, shape (n_links,)
        Pairs of neighbours; parallel links and loops are allowed.
    order : numpy.ndarray of int32, shape (n_core,)
        All core nodes, the first to be contracted first.

    Returns
    -------
    Hierarchy
        The elimination tree and the upward arcs.
    """
    rank_first, rank_head, rank_parent = _contract(link_tail, link_head, order)
    preorder, end = _preorder(rank_parent)
    parent, up_first, up_head, up_tail, down_first, down_arc = _renumber(rank_first, rank_head, rank_parent, preorder)
    number = np.empty_like(preorder)
    number[order] = preorder
    return Hierarchy(number, parent, end, up_first, up_head, up_tail, down_first, down_arc)


@kernel
def lengthen(items: NDArray[Any]) -> NDArray[Any]:
    """
    Make room for as many items again.

    Parameters
    ----------
    items : numpy.ndarray, shape (n,)
        Items of any type.

    Returns
    -------
    numpy.ndarray, shape (2 n,)
        The items, then room.
    """
    longer = np.empty(2 * items.size, items.dtype)
    for at in range(items.size):  # to assign a slice takes two seconds to compile
        longer[at] = items[at]
    return longer


@kernel
def _contract(link_tail: Ints, link_head: Ints, order: Ints) -> tuple[Ints, Ints, Ints]:
    """Find the upward arcs and the parent of each node, all by rank in the order."""
    n = order.size
    rank = np.empty(n, np.int32)
    for at in range(n):
        rank[order[at]] = at
    own_first = np.zeros(n + 2, np.int32)
    for link in range(link_tail.size):
        if link_tail[link] != link_head[link]:
            own_first[min(rank[link_tail[link]], rank[link_head[link]]) + 2] += 1
    for node in range(n):
        own_first[node + 2] += own_first[node + 1]
    own = np.empty(own_first[n + 1], np.int32)
    for link in range(link_tail.size):
        if link_tail[link] != link_head[link]:
            one, other = rank[link_tail[link]], rank[link_head[link]]
            low, high = min(one, other), max(one, other)
            own[own_first[low + 1]] = high
            own_first[low + 1] += 1

    first = np.zeros(n + 1, np.int32)
    head = np.empty(2 * own.size + n + 1, np.int32)
    parent = np.full(n, -1, np.int32)
    child, sibling = np.full(n, -1, np.int32), np.full(n, -1, np.int32)
    seen = np.full(n, -1, np.int32)
    at = 0
    for node in range(n):
        seen[node] = node
        begin = at
        for of in range(own_first[node], own_first[node + 1]):
            up = own[of]
            if seen[up] != node:
                seen[up] = node
                if at == head.size:
                    head = lengthen(head)
                head[at] = up
                at += 1
        # what a child was linked to, its parent is linked to now
        below = child[node]
        while below >= 0:
            for of in range(first[below], first[below + 1]):
                up = head[of]
                if seen[up] != node:
                    seen[up] = node
                    if at == head.size:
                        head = lengthen(head)
                    head[at] = up
                    at += 1
            below = sibling[below]
        first[node + 1] = at
        for of in range(begin, at):
            if parent[node] < 0 or head[of] < parent[node]:
                parent[node] = head[of]
        if parent[node] >= 0:
            sibling[node], child[parent[node]] = child[parent[node]], node
    return first, head[:at].copy(), parent


@kernel
def _preorder(parent: Ints) -> tuple[Ints, Ints]:
    """Number a forest, whose parents stand after their children, in depth-first preorder: (number, end of subtree)."""
    n = parent.size
    size = np.ones(n, np.int32)
    for node in range(n):
        if parent[node] >= 0:
            size[parent[node]] += size[node]
    number, end = np.empty(n, np.int32), np.empty(n, np.int32)
    free = np.zeros(n, np.int32)  # the next number that a child of this node gets
    next_root = 0
    for node in range(n - 1, -1, -1):
        if parent[node] < 0:
            number[node] = next_root
            next_root += size[node]
        else:
            number[node] = free[parent[node]]
            free[parent[node]] += size[node]
        free[node] = number[node] + 1
        end[number[node]] = number[node] + size[node]
    return number, end


@kernel
def _renumber(
    rank_first: Ints, rank_head: Ints, rank_parent: Ints, number: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints, Ints]:
    """Bring the upward arcs into preorder, sorted by both ends, and sort them by their upper ends as well."""
    n, n_up = number.size, rank_head.size
    parent, up_first, down_first = np.empty(n, np.int32), np.zeros(n + 1, np.int32), np.zeros(n + 2, np.int32)
    for rank in range(n):
        parent[number[rank]] = number[rank_parent[rank]] if rank_parent[rank] >= 0 else -1
        up_first[number[rank] + 1] = rank_first[rank + 1] - rank_first[rank]
        for of in range(rank_first[rank], rank_first[rank + 1]):
            down_first[number[rank_head[of]] + 2] += 1
    rank_of = np.empty(n, np.int32)
    for rank in range(n):
        rank_of[number[rank]] = rank
    for node in range(n):
        up_first[node + 1] += up_first[node]
        down_first[node + 2] += down_first[node + 1]
    # by upper end, lower ends ascending
    below = np.empty(n_up, np.int32)
    for node in range(n):
        rank = rank_of[node]
        for of in range(rank_first[rank], rank_first[rank + 1]):
            up = number[rank_head[of]]
            below[down_first[up + 1]] = node
            down_first[up + 1] += 1
    # back again: by lower end, upper ends ascending
    head, tail, down_arc = np.empty(n_up, np.int32), np.empty(n_up, np.int32), np.empty(n_up, np.int32)
    fill = up_first[:-1].copy()
    for up in range(n):
        for of in range(down_first[up], down_first[up + 1]):
            node = below[of]
            head[fill[node]], tail[fill[node]], down_arc[of] = up, node, fill[node]
            fill[node] += 1
    return parent, up_first, head, tail, down_first[:-1].copy(), down_arc
