"""Small nasty networks for property tests, and a slow and obvious oracle for them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st


@dataclass(frozen=True)
class Arcs:
    tails: np.ndarray
    heads: np.ndarray
    costs: np.ndarray
    second: np.ndarray
    n_nodes: int

    @property
    def router_args(self):
        return self.tails, self.heads, self.costs, self.n_nodes


def floyd(tails, heads, costs, n_nodes):
    """Cheapest costs between all nodes, in float64, by the method of Floyd and Warshall."""
    best = np.full((n_nodes, n_nodes), np.inf)
    np.fill_diagonal(best, 0)
    np.minimum.at(best, (tails, heads), costs)
    for via in range(n_nodes):
        best = np.minimum(best, best[:, via : via + 1] + best[via])
    return best


def floyd_second(arcs):
    """Second cost summed along cheapest paths, the least where several are cheapest; costs must be small and whole."""
    first = floyd(*arcs.router_args)
    both = floyd(arcs.tails, arcs.heads, arcs.costs * 2.0**20 + arcs.second, arcs.n_nodes)
    reached = np.isfinite(first)
    return np.where(reached, both - np.where(reached, first, 0) * 2.0**20, np.inf)


@st.composite
def networks(draw, whole=True):
    """Draw runs of nodes, rings and loose arcs: one-ways, parallels, loops, lone nodes, parts, no cost, closed."""
    n_nodes = draw(st.integers(1, 14))
    node = st.integers(0, n_nodes - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=10))
    for _ in range(draw(st.integers(0, 2))):
        run = draw(st.permutations(range(n_nodes)))[: draw(st.integers(1, n_nodes))]
        pairs += list(itertools.pairwise(run))
        if draw(st.booleans()):
            pairs.append((run[-1], run[0]))
    back = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    pairs += [(head, tail) for (tail, head), both in zip(pairs, back, strict=True) if both]
    pairs = draw(st.permutations(pairs))
    numbers = st.integers(0, 5) if whole else st.sampled_from([0, 1e-6, 0.1, 0.2, 0.3, 1 / 3, 1.5, 1e4])
    cost = st.one_of(numbers, numbers, numbers, st.just(np.inf))
    n_arcs = len(pairs)
    ends = np.array(pairs, dtype=draw(st.sampled_from([np.int32, np.int64, np.uint32, np.uint64, np.int8])))
    ends = ends.reshape(n_arcs, 2)
    arcs = Arcs(
        tails=ends[:, 0],
        heads=ends[:, 1],
        costs=np.array(draw(st.lists(cost, min_size=n_arcs, max_size=n_arcs)), float),
        second=np.array(draw(st.lists(st.integers(0, 5), min_size=n_arcs, max_size=n_arcs)), float),
        n_nodes=n_nodes,
    )
    for array in (arcs.tails, arcs.heads, arcs.costs, arcs.second):
        array.flags.writeable = False
    return arcs


def some_nodes(n_nodes, max_size=6):
    """Draw nodes, repeats and none at all included."""
    return st.lists(st.integers(0, n_nodes - 1), max_size=max_size).map(lambda nodes: np.array(nodes, int))
