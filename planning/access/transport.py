"""
The transport kernel behind :func:`planning.access.allocate`, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

The network of the shortest paths has the *schools* as its nodes, and one node more, *nowhere*. An arc i → k costs what it
takes to move the pupil of school i who is cheapest to move to k. A pupil at nowhere has no seat, at a cost that
outweighs every chain of moves. A free seat is an arc from its school to nowhere without cost, a used one the arc
back. The kernel holds a price for each school such that no pupil would be cheaper, price included, in another school
than the one that he goes to. Where more pupils than seats are then at a school it has an excess, where a seat with a price stays empty a
deficit. Each augmentation along a shortest path takes from the one to the other and keeps the prices right (successive
shortest paths, primal and dual). So the kernel may start from any prices, and what was solved before a change is as good a start as any.

Only pairs that can matter are looked at (:mod:`planning.access.shortlists`); before prices have moved so far that another
pair may matter, :func:`settle` asks for new lists. So the answer is exact.

When the cheapest pupil of an arc has left, the old cost is still a lower bound. It is looked up again only where a search
would use the arc.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planning.access.shortlists import Lists
from planning.kernels import kernel

__all__ = ["Market", "open_market", "seat_prices", "settle"]

_SEAT = -2  # the way of a path that is no pupil's move but a seat used or freed


class Market(NamedTuple):
    """What the steps share; nodes are the schools and, last, nowhere."""

    root: NDArray[np.int32]  # (n_nodes, n_nodes): the heap of an arc's pupils, the cheapest on top, or one who has left
    move: NDArray[np.float64]  # (n_nodes, n_nodes): cost of the arc, or a bound below it
    size: NDArray[np.int64]  # shape (1,): elements of the heaps so far
    value: NDArray[np.float64]  # of an element of a heap: cost of the move,
    origin: NDArray[np.int32]  # the entry that gives,
    target: NDArray[np.int32]  # the entry that takes,
    child: NDArray[np.int32]
    sibling: NDArray[np.int32]
    seats: NDArray[np.int64]
    load: NDArray[np.int64]
    used: NDArray[np.int64]  # seats used or, where they have a price, to be used
    price: NDArray[np.float64]
    since: NDArray[np.float64]  # prices when the lists were made
    distance: NDArray[np.float64]
    settled: NDArray[np.bool_]
    parent: NDArray[np.int64]
    way: NDArray[np.int64]  # the element that moves on the last arc of the path to a node


@kernel
def _meld(s: Market, one: Any, two: Any) -> Any:
    """Join two heaps; among equals the lowest entry, so that the answer does not depend on the history of the heap."""
    if s.value[two] < s.value[one] or (s.value[two] == s.value[one] and s.origin[two] < s.origin[one]):
        one, two = two, one
    s.sibling[two] = s.child[one]
    s.child[one] = two
    return one


@kernel
def _look_up(lists: Lists, s: Market, i: int, k: int) -> None:
    """Take those off the heap of an arc who have left."""
    flow, origin, child, sibling = lists.flow, s.origin, s.child, s.sibling
    top = np.int64(s.root[i, k])
    while top >= 0 and flow[origin[top]] == 0:
        # two by two, then one by one from the last: a pairing heap
        pairs, rest = np.int64(-1), np.int64(child[top])
        while rest >= 0:
            one, two = rest, np.int64(sibling[rest])
            rest = np.int64(-1)
            if two >= 0:
                rest = np.int64(sibling[two])
                one = np.int64(_meld(s, one, two))
            sibling[one] = pairs
            pairs = one
        top = pairs
        if top >= 0:
            pairs = np.int64(sibling[top])
            while pairs >= 0:
                rest = np.int64(sibling[pairs])
                top = np.int64(_meld(s, top, pairs))
                pairs = rest
    s.root[i, k] = top
    s.move[i, k] = s.value[top] if top >= 0 else np.inf


@kernel
def _join(lists: Lists, s: Market, entry: Any) -> None:
    """Offer the pupils of an entry to the arcs out of its node."""
    school, cost = lists.school, lists.cost
    node = school[entry]
    moves, roots = s.move[node], s.root[node]
    row = lists.row[entry]
    own = cost[entry]
    fresh = s.size[0]
    for other in range(lists.start[row], lists.start[row + 1]):
        if other != entry:
            k = school[other]
            s.value[fresh] = cost[other] - own
            s.origin[fresh], s.target[fresh] = entry, other
            s.child[fresh] = s.sibling[fresh] = -1
            roots[k] = fresh if roots[k] < 0 else _meld(s, np.int64(roots[k]), fresh)
            moves[k] = s.value[roots[k]]
            fresh += 1
    s.size[0] = fresh


@kernel
def open_market(lists: Lists, seats: NDArray[np.int64], price: NDArray[np.float64]) -> Market:
    """
    Set up nodes and arcs from lists with pupils.

    Parameters
    ----------
    lists : Lists
        Lists with pupils, each where it is cheapest, price included.
    seats : numpy.ndarray of int64, shape (n_schools + 1,)
        Seats of each school, nowhere's last, which has no limit [seats].
    price : numpy.ndarray of float64, shape (n_schools + 1,)
        Prices when the lists were made [cost].

    Returns
    -------
    Market
        What :func:`settle` goes on with.
    """
    n = seats.size
    needed = np.int64(0)
    for row in range(lists.start.size - 1):
        for entry in range(lists.start[row], lists.start[row + 1]):
            if lists.flow[entry] > 0:
                needed += lists.start[row + 1] - lists.start[row]
    room = 2 * needed + 32 * n * n
    s = Market(
        np.full((n, n), -1, np.int32),
        np.full((n, n), np.inf),
        np.zeros(1, np.int64),
        np.empty(room),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        seats,
        np.zeros(n, np.int64),
        np.zeros(n, np.int64),
        price.copy(),
        price.copy(),
        np.empty(n),
        np.empty(n, np.bool_),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
    )
    for entry in range(lists.flow.size):
        if lists.flow[entry] > 0:
            s.load[lists.school[entry]] += lists.flow[entry]
            _join(lists, s, entry)
    for k in range(n):
        s.used[k] = min(s.load[k], seats[k]) if price[k] <= price[-1] else seats[k]
    return s


@kernel
def _relax(lists: Lists, s: Market, i: int, bound: float, total: Any) -> float:
    """Offer the way over a node to the nodes that it leads to, where it is shorter than the shortest to a deficit so far."""
    distance, price = s.distance, s.price
    load, used = s.load, s.used
    moves = s.move[i]
    nowhere = s.seats.size - 1
    here = distance[i] - price[i]
    least = distance[i]
    for k in range(nowhere + 1):
        # a settled node is no farther than this one, which no length is below
        limit = min(distance[k], bound)
        # a reduced cost below 0 can only be rounding
        if moves[k] + price[k] + here < limit and least < limit:
            _look_up(lists, s, i, k)
            length = max(least, moves[k] + price[k] + here)
            if length < limit:
                distance[k] = length
                s.parent[k], s.way[k] = i, s.root[i, k]
                if (k < nowhere and load[k] < used[k]) or (k == nowhere and total > 0):
                    bound = length
    if i < nowhere and used[i] < s.seats[i]:
        length = max(least, price[-1] + here)
        if length < min(distance[-1], bound):
            distance[-1] = length
            s.parent[-1], s.way[-1] = i, _SEAT
            if total > 0:
                bound = length
    if i == nowhere:
        for k in range(nowhere):
            length = max(least, price[k] + here)
            if used[k] > 0 and length < min(distance[k], bound):
                distance[k] = length
                s.parent[k], s.way[k] = i, _SEAT
                if load[k] < used[k]:
                    bound = length
    return bound


@kernel
def _relax_back(lists: Lists, s: Market, k: Any, bound: float) -> float:
    """Offer the way over a node to the nodes that lead to it, where it is shorter than the shortest from an excess so far."""
    distance, price, moves = s.distance, s.price, s.move
    load, used = s.load, s.used
    nowhere = s.seats.size - 1
    least = distance[k]
    here = least + price[k]
    for i in range(nowhere + 1):
        limit = min(distance[i], bound)  # a settled node is no farther than this one, which no length is below
        if moves[i, k] - price[i] + here < limit and least < limit:
            _look_up(lists, s, i, k)
            length = max(least, moves[i, k] - price[i] + here)
            if length < limit:
                distance[i] = length
                s.parent[i], s.way[i] = k, s.root[i, k]
                if i == nowhere or load[i] > used[i]:
                    bound = length
    if used[k] > 0:
        length = max(least, here - price[-1])
        if length < min(distance[-1], bound):
            distance[-1] = bound = length
            s.parent[-1], s.way[-1] = k, _SEAT
    return bound


@kernel
def _search_back(lists: Lists, s: Market) -> int:
    """Find the shortest path to the node with the largest deficit from one with an excess, where seats are empty in all."""
    distance, settled, load, used = s.distance, s.settled, s.load, s.used
    nowhere = s.seats.size - 1
    target: Any = np.argmin(load[:nowhere] - used[:nowhere])
    distance[target] = 0.0
    bound = np.inf  # the shortest way from an excess so far
    k = target
    while k < nowhere and load[k] <= used[k]:
        settled[k] = True
        bound = _relax_back(lists, s, k, bound)
        shortest = np.inf
        for i in range(nowhere + 1):
            if distance[i] < shortest and not settled[i]:
                k, shortest = np.int64(i), distance[i]
    # turn the path round: every node keeps the one before it
    after, way, before = s.parent[k], s.way[k], np.int64(-1)
    s.parent[k] = -1
    while k != target:
        before, k = k, after
        after, next_way = s.parent[k], s.way[k]
        s.parent[k], s.way[k] = before, way
        way = next_way
    return int(target)


@kernel
def _search(lists: Lists, s: Market) -> tuple[int, float]:
    """
    Find the shortest path from an excess to a deficit: give its end, -1 where nothing is in excess, and the prices' direction.

    It starts at the largest of all, so that little is searched: forward from an excess, or back from a deficit.
    """
    distance, settled, load, used = s.distance, s.settled, s.load, s.used
    nowhere = s.seats.size - 1
    total, largest, source = np.int64(0), np.int64(0), -1
    for k in range(nowhere + 1):
        settled[k] = False
        s.parent[k] = -1
        distance[k] = np.inf
        if k < nowhere and load[k] != used[k]:
            total += load[k] - used[k]
            if load[k] - used[k] > largest:
                largest, source = load[k] - used[k], k
    if -total > largest:
        return _search_back(lists, s), -1.0
    if source < 0:
        return -1, 1.0
    distance[source] = 0.0
    bound = np.inf  # the shortest way to a deficit so far
    while True:
        i, shortest = -1, np.inf
        for k in range(nowhere + 1):
            if distance[k] < shortest and not settled[k]:
                i, shortest = k, distance[k]
        if i < 0:
            return -1, 1.0
        if (load[i] < used[i] and i < nowhere) or (i == nowhere and total > 0):
            return i, 1.0
        settled[i] = True
        bound = _relax(lists, s, i, bound, total)


@kernel
def _augment(lists: Lists, s: Market, end: int) -> None:
    """Move as many pupils as the path carries."""
    flow = lists.flow
    nowhere = s.seats.size - 1
    amount = np.int64(2**62)
    k = end
    while s.parent[k] >= 0:
        i = s.parent[k]
        if s.way[k] != _SEAT:
            amount = min(amount, flow[s.origin[s.way[k]]])
        elif k == nowhere:
            amount = min(amount, s.seats[i] - s.used[i])
        else:
            amount = min(amount, s.used[k])
        k = i
    total = (s.load[:nowhere] - s.used[:nowhere]).sum()
    amount = min(amount, s.load[k] - s.used[k] if k < nowhere else -total)
    amount = min(amount, s.used[end] - s.load[end] if end < nowhere else total)
    # A row may give on one arc and take on the next: all amounts first, then the heaps.
    k = end
    while s.parent[k] >= 0:
        i = s.parent[k]
        if s.way[k] == _SEAT:
            s.used[i if k == nowhere else k] += amount if k == nowhere else -amount
        else:
            flow[s.origin[s.way[k]]] -= amount
            flow[s.target[s.way[k]]] += amount
            s.load[i] -= amount
            s.load[k] += amount
        k = i
    k = end
    while s.parent[k] >= 0:
        if s.way[k] != _SEAT and flow[s.target[s.way[k]]] == amount:
            _join(lists, s, np.int64(s.target[s.way[k]]))
        k = s.parent[k]


@kernel
def _leeway(lists: Lists, s: Market, reached: float, sign: float) -> float:
    """Give by how much prices may move against each other after a step; below 0 where the step would go too far."""
    n = s.seats.size
    moved = np.empty(n)
    for k in range(n):
        moved[k] = s.price[k] + sign * max(0.0, reached - s.distance[k]) - s.since[k]
    left = np.inf
    for i in range(n):
        reach = lists.reach[i]
        for k in range(n):
            left = min(left, reach[k] - moved[i] + moved[k])
    return left


@kernel
def settle(lists: Lists, s: Market) -> float:
    """
    Bring every excess to a deficit along shortest paths.

    Parameters
    ----------
    lists : Lists
        Lists; their pupils are moved.
    s : Market
        Nodes and arcs; they are changed.

    Returns
    -------
    float
        Below 0 where all is settled. Otherwise the lists must be made anew, wider than what is returned.
    """
    n = s.seats.size
    left = 0.0
    while True:
        end, sign = _search(lists, s)
        if end < 0:
            return -1.0
        start = end
        while s.parent[start] >= 0:
            start = s.parent[start]
        reached = max(s.distance[start], s.distance[end])
        left -= reached
        if left < 0:
            left = _leeway(lists, s, reached, sign)
            if left < 0:
                return float(reached)
        if s.size[0] + n * n > s.value.size:
            return 0.0
        for k in range(n):
            s.price[k] += sign * max(0.0, reached - s.distance[k])
        _augment(lists, s, end)


@kernel
def seat_prices(lists: Lists, s: Market) -> tuple[NDArray[np.float64], float]:
    """
    Find what one more seat at each school would save: the dearest chain of moves that ends there.

    A chain begins with a pupil who has no seat, or at a school that simply has one pupil less.

    Parameters
    ----------
    lists : Lists
        Lists with the settled pupils.
    s : Market
        The settled nodes.

    Returns
    -------
    saving : numpy.ndarray of float64, shape (n_schools + 1,)
        What is saved, inf where one more pupil would have a seat [cost]; of schools that have seats.
    need : float
        Below 0 where all is found. Otherwise the lists must be made anew, at least as wide [cost].
    """
    n = s.seats.size
    nowhere = n - 1
    distance, settled, price = s.distance, s.settled, s.price
    distance[:] = np.inf
    distance[nowhere] = 0.0
    settled[:] = False
    saving = np.zeros(n)
    while True:
        i, shortest = -1, np.inf
        for k in range(n):
            if distance[k] < shortest and not settled[k]:
                i, shortest = k, distance[k]
        if i < 0:
            break
        settled[i] = True
        for k in range(nowhere):
            if settled[k]:
                continue
            if i == nowhere and s.used[k] > 0 and price[k] - price[i] < distance[k]:
                distance[k], saving[k] = max(0.0, price[k] - price[i]), 0.0
            if shortest + max(0.0, s.move[i, k] + price[k] - price[i]) < distance[k]:
                _look_up(lists, s, i, k)
                length = shortest + max(0.0, s.move[i, k] + price[k] - price[i])
                if length < distance[k]:
                    distance[k] = length
                    saving[k] = np.inf if i == nowhere else saving[i] - s.move[i, k]
    # a pair that is not listed might be a link of a shorter chain
    need = -1.0
    for k in range(nowhere):
        if s.seats[k] > 0 and s.used[k] == s.seats[k]:
            for i in range(n):
                link = distance[k] - distance[i]
                if lists.reach[i, k] - (price[i] - s.since[i]) + price[k] - s.since[k] < link:
                    need = max(need, link)
    return saving, need
