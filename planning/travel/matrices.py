"""
Cost matrices: batches of sweeps, laid out, shared among threads, and joined along chains.

The kernels free the interpreter's lock, so that plain threads do. The natural layout has one row a place, which takes the
costs of a batch of roots in one piece; where the caller's own array has another, a batch goes through a buffer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from planning.travel.arguments import Limit
from planning.travel.customisation import Metric, Ways
from planning.travel.sweep import (
    LANES,
    Costs,
    Lanes,
    end_costs,
    make_lanes,
    meet,
    restrict,
    sort_by_chain,
    sweep,
    sweep_within,
)
from planning.travel.topology import Topology
from planning.travel.trees import Grown, branch, costs_from, make_room

__all__ = ["Direction", "fill_matrix", "fill_two_matrices"]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]

_TREES = 16  # roots of one batch of trees

Room = TypeVar("Room")


class Direction(NamedTuple):
    """
    A network as it is searched in one direction of travel.

    Parameters
    ----------
    topology : Topology
        The network.
    metric : Metric
        Costs.
    climb, descend : Ways
        The upward arcs that searches need, to go up by and to come down by.
    """

    topology: Topology
    metric: Metric
    climb: Ways
    descend: Ways


def fill_matrix(
    way: Direction,
    roots: Longs,
    places: Longs,
    limit: Limit,
    out: Matrix,
    *,
    in_float32: bool,
    threads: int,
    progress: Progress | None,
) -> None:
    """
    Compute the cost from each root to each place.

    Parameters
    ----------
    way : Direction
        The network in the direction of travel.
    roots : numpy.ndarray of int64, shape (n_roots,)
        Nodes of departure.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes of arrival.
    limit : Limit
        Costs beyond it are inf.
    out : numpy.ndarray of float32, shape (n_places, n_roots)
        Changed in place: the costs. C-contiguous is fastest.
    in_float32 : bool
        Whether sums are exact in float32.
    threads : int
        How many threads to use.
    progress : callable, optional
        Called as ``progress(roots done, roots in all)``.
    """
    topology, metric = way.topology, way.metric
    first, last, at_first, at_last = end_costs(topology, metric, roots, True)
    like: Costs = np.empty(0, np.float32) if in_float32 else np.empty(0, np.float64)
    rows = restrict(topology.tree, way.descend, *end_costs(topology, metric, places, False), like)
    order, keys = sort_by_chain(topology, places)
    parent, cut = topology.tree.parent, limit.cut
    limited = np.isfinite(limit.value)
    # neighbours share a batch: it goes no further than the farthest of them
    columns = np.argsort(first, kind="stable") if limited else np.arange(len(roots))
    direct = out.flags.c_contiguous
    if limited and direct:
        out.fill(np.inf)

    def work(lanes: Lanes, batch: int) -> None:
        at = columns[batch * LANES : (batch + 1) * LANES]
        block = out if direct else np.empty((len(places), LANES), np.float32)
        into = at if direct else np.arange(len(at))
        ends = first[at], last[at], at_first[at], at_last[at]
        if limited:
            if not direct:
                block.fill(np.inf)
            sweep_within(parent, way.climb, rows, lanes, batch, *ends, block, into, limit.reach, cut)
        else:
            sweep(parent, way.climb, rows, lanes, batch, *ends, block, batch * LANES if direct else 0)
        meet(topology, metric, roots[at], order, keys, block, into, cut)
        if not direct:
            out[:, at] = block[:, : len(at)]

    batches = range(-(-len(roots) // LANES))
    for batch in _share(lambda: make_lanes(rows, LANES), work, batches, threads):
        if progress is not None:
            progress(min((batch + 1) * LANES, len(roots)), len(roots))


def fill_two_matrices(
    way: Direction,
    second: Metric,
    roots: Longs,
    places: Longs,
    limit: Limit,
    out: Matrix,
    out_second: Matrix,
    *,
    threads: int,
    progress: Progress | None,
) -> None:
    """
    Compute the cost from each root to each place, and a second cost along the cheapest way.

    Parameters
    ----------
    way : Direction
        The network in the direction of travel.
    second : Metric
        The second cost, in the same direction.
    roots : numpy.ndarray of int64, shape (n_roots,)
        Nodes of departure.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes of arrival.
    limit : Limit
        Costs beyond it are inf, and their second costs.
    out, out_second : numpy.ndarray of float32, shape (n_places, n_roots), C-contiguous
        Changed in place: both costs.
    threads : int
        How many threads to use.
    progress : callable, optional
        Called as ``progress(roots done, roots in all)``.
    """
    topology, metric = way.topology, way.metric
    branches = branch(topology, metric, second, way.descend, places)
    n = len(roots)

    def work(room: Grown, batch: int) -> None:
        some = roots[batch * _TREES : (batch + 1) * _TREES]
        column = batch * _TREES
        costs_from(topology, metric, second, way.climb, branches, some, room, out, out_second, column, limit.cut)

    for batch in _share(lambda: make_room(branches), work, range(-(-n // _TREES)), threads):
        if progress is not None:
            progress(min((batch + 1) * _TREES, n), n)


def _share(
    make: Callable[[], Room], work: Callable[[Room, int], None], batches: Iterable[int], threads: int
) -> Iterator[int]:
    """Do batches of work, each thread in a room of its own, and yield them in order as they are done."""
    batches = list(batches)
    threads = min(threads, len(batches))
    if threads == 1:
        room = make()
        for batch in batches:
            work(room, batch)
            yield batch
    if threads < 2:
        return
    own = threading.local()

    def step(batch: int) -> int:
        if not hasattr(own, "room"):
            own.room = make()
        work(own.room, batch)
        return batch

    with ThreadPoolExecutor(threads, thread_name_prefix="travel") as pool:
        yield from pool.map(step, batches)
