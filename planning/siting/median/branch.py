"""
Branch and bound on the Lagrangian bound: the proof for what the bound alone leaves open.

Each node has some sites open and some shut, and its own, shorter lists. It takes over its parent's prices, so that few
rounds bring its bound up; what that bound decides is settled for the whole subtree. The node with the lowest bound comes
first, so that the bound of the whole question rises all the while.
Swaps improve what the first nodes come upon, and ever fewer of the later ones.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.median.lagrange import Ascent, reduce_question
from planning.siting.median.lists import Lists
from planning.siting.median.swap import Choice, finite_for, improve_choice

__all__ = ["prove_by_branching"]

logger = logging.getLogger(__name__)

_ROUNDS = 15, 30
"""Steps of a node between two looks at what can be settled, at least and at most."""

_STRIDE = 100_000_000
"""Pairs after which the clock is asked."""

_LEAD = 1.0
"""Factor of a node's first Polyak step."""

_WORTH = 0.5
"""Share of the missing bound that a look must bring; else the node is parted."""


@dataclass
class _Search:
    """The question, the best choice known, and what is left to do."""

    lists: Lists
    choice: Choice
    sites: Ints
    value: float
    margin: float  # a choice is better only if it costs less by this much
    finite: Lists  # the lists for the swap search
    rounds: int  # steps of a node between two looks
    tried: set[bytes] = field(default_factory=set)
    grown: int = 0  # nodes so far
    pruned: float = np.inf  # lowest bound of the nodes that were given up

    @property
    def below(self) -> float:
        return self.value - self.margin

    def meet(self, sites: Ints, value: float) -> None:
        if value < self.value:
            self.sites, self.value = np.sort(sites), value

    def improve(self, sites: Ints, clock: Clock) -> None:
        """Let swaps improve a choice that the bound came upon, unless they have done so before."""
        mark = self.lists.mask(sites).tobytes()
        if mark not in self.tried:
            self.tried.add(mark)
            better = improve_choice(self.finite, sites, self.choice, clock)
            self.meet(better, self.lists.value(better) + float(self.choice.charge[better].sum()))


def prove_by_branching(
    lists: Lists,
    choice: Choice,
    known: tuple[Ints, float],
    price: Floats,
    *,
    clock: Clock,
    lower: float,
    margin: float,
    hear: Callable[[float], None] | None = None,
) -> tuple[Ints, float, float]:
    """
    Search for a choice better than the one known, or prove that there is none.

    Parameters
    ----------
    lists : Lists
        The question that is left.
    choice : Choice
        What may be opened.
    known : tuple of numpy.ndarray and float
        Best choice known and its cost; it need not be a choice of this question.
    price : numpy.ndarray, shape (n_rows,)
        Prices to begin with [cost per pupil].
    clock : Clock
        Time left.
    lower : float
        Bound that is proven already.
    margin : float
        A choice is better only if it costs less by this much.
    hear : callable, optional
        Told the bound as it rises.

    Returns
    -------
    tuple of numpy.ndarray, float, float
        Best choice, its cost, and a lower bound for all choices at least as good as the one known. A choice of this
        question comes in its columns.
    """
    used = np.unique(lists.site).astype(np.int64)
    small = replace(lists, site=np.searchsorted(used, lists.site).astype(np.int32), n_sites=used.size)
    inner = Choice(choice.allowed[used], choice.counted[used], choice.charge[used], choice.p)
    fewest, most = _ROUNDS
    rounds = min(most, max(fewest, 12 + inner.p // 4))  # where many sites are open, prices take longer to settle
    search = _Search(small, inner, np.zeros(0, dtype=np.int64), known[1], margin, finite_for(small, inner), rounds)
    none = np.zeros(used.size, dtype=bool)
    heap = [(lower, 0, none, ~inner.allowed, price)]
    made = 0
    bound = lower
    while heap:
        bound = max(bound, heap[0][0])
        if hear is not None:
            hear(min(bound, search.value, search.pruned))
        if bound >= search.below or clock.stopped:
            break
        node = heapq.heappop(heap)
        for child in _grow(search, node, clock):
            made += 1
            heapq.heappush(heap, (child[0], made, *child[1:]))
    logger.debug("branch and bound: %d nodes, %d left", made, len(heap))
    bound = min(heap[0][0] if heap else np.inf, search.pruned, search.value)
    sites = used[search.sites] if search.value < known[1] else known[0]
    return sites, search.value, max(bound, lower)


_Node = tuple[float, int, Bools, Bools, Floats]


def _grow(search: _Search, node: _Node, clock: Clock) -> list[tuple[float, Bools, Bools, Floats]]:
    """Raise a node's bound; unless it is given up, part it in two."""
    lower, _, opened, shut, price = node
    search.grown += 1
    lists, choice = reduce_question(search.lists, search.choice, shut, opened)
    place = lists.number
    price = price.copy()
    ascent = Ascent(lists, choice, price[place >= 0], _LEAD)
    first = True
    while True:
        if np.isinf(lists.fallback[np.diff(lists.start) == 0]).any():
            return []  # a row without any site
        if lists.n_rows == 0 or _all_fit(choice):
            more = choice.allowed & (lists.n_rows > 0)
            search.meet(np.flatnonzero(opened | more), lists.value(np.flatnonzero(more)))
            search.pruned = min(search.pruned, search.value)
            return []
        before = lower
        ascent.forget_found()
        rounds = max(4, min(search.rounds, _STRIDE // max(1, lists.site.size)))
        ascent.run(rounds, target=search.value, stop_at=search.below, patience=(2 * search.rounds) // 3)
        lower = max(lower, ascent.value)
        inner, value = ascent.found
        look = first and np.isfinite(value) and search.grown & (search.grown - 1) == 0  # ever more rarely
        if look or value < search.value:
            met = np.concatenate([np.flatnonzero(opened), inner])
            search.meet(met, value)
            if look:
                search.improve(met, clock)
        first = False
        if lower >= search.below:
            search.pruned = min(search.pruned, lower)
            return []
        more_shut, more_open = ascent.settle(search.below)
        price[place >= 0] = ascent.price
        fresh = (more_shut & choice.allowed) | more_open
        shut, opened = shut | more_shut & ~opened, opened | more_open
        if more_open.any() or fresh.sum() > 0.1 * choice.allowed.sum():
            lists, choice = reduce_question(lists, choice, shut, more_open)
            inside = place >= 0
            place[inside] = lists.number[place[inside]]
            ascent = ascent.moved_to(lists, choice)
        elif fresh.any():
            choice = replace(choice, allowed=choice.allowed & ~more_shut)
            ascent.choice = choice
        if clock.stopped:
            return [(lower, opened, shut, price)]
        if ascent.done or lower - before < _WORTH * (search.below - lower):
            break
    j = _branching_site(ascent.share, choice.allowed)
    with_it, without = opened.copy(), shut.copy()
    with_it[j], without[j] = True, True
    return [(lower, with_it, shut, price), (lower, opened, without, price)]


def _all_fit(choice: Choice) -> bool:
    """Tell whether all sites that are left may be opened, at no cost."""
    return int((choice.allowed & choice.counted).sum()) <= choice.p and not choice.charge[choice.allowed].any()


def _branching_site(share: Floats, allowed: Bools) -> int:
    """Take a site that the last rounds chose often but not always: without it, much changes."""
    doubt = np.where(allowed, np.minimum(share, 1.5 * (1.0 - share)), -1.0)
    return int(np.argmax(doubt))
