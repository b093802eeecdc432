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
from planning.travel.restriction import Costs, Restriction, end_costs, restrict
from planning.travel.second import Second
from planning.travel.straight import meet, sort_by_chain
from planning.travel.sweep import LANES, Seeds, climb_all, cut_blocks, sweep_block, sweep_top
from planning.travel.topology import Topology
from planning.travel.trees import Grown, branch, grow, make_room, reach
from planning.travel.within import Lanes, make_lanes, sweep_within

__all__ = ["Direction", "fill_matrix", "fill_several_matrices", "fill_within"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]

_BLOCK_ROWS = 512  # with LANES float32 each they fit into half a megabyte of cache
_WIDTH = 2048  # roots whose top rows are held at once
_BUFFER = 1 << 24  # numbers held at once where the caller's array has another layout (64 MB)
_NEIGHBOURS = 32  # roots that share a batch under a limit
_TREES = 16  # between two words of progress

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
    out : numpy.ndarray of float32, shape (n_places, n_roots)
        Changed in place: the costs. C-contiguous is fastest.
    in_float32 : bool
        Whether sums are exact in float32.
    threads : int
        How many threads to use.
    progress : callable, optional
        Called as ``progress(done, total)`` after each block of work.
    """
    topology, metric = way.topology, way.metric
    rows, order, keys = _prepare(way, places, in_float32=in_float32)
    blocks = cut_blocks(rows, _BLOCK_ROWS)
    n_blocks, n_tile = len(blocks.begin), _BLOCK_ROWS + int(np.diff(blocks.edge_first).max(initial=0))
    direct = out.flags.c_contiguous
    width = _WIDTH if direct else max(int(_BUFFER / max(len(places), 1)) // LANES, 1) * LANES
    starts = range(0, len(roots), width)
    for part, begin in enumerate(starts):
        some = roots[begin : begin + width]
        n = len(some)
        seeds = climb_all(
            topology.tree.parent, way.climb, rows, *end_costs(topology, metric.turned, metric.ends, some, True)
        )
        top = np.empty((len(blocks.top), -(-n // LANES) * LANES), rows.cost.dtype)
        into, at = (out, begin) if direct else (np.empty((len(places), n), np.float32), 0)
        sweep_top(rows, blocks, seeds, top, into, at, n)

        def _work(
            room: tuple[Costs, Ints],
            block: int,
            seeds: Seeds = seeds,
            top: Costs = top,
            into: Matrix = into,
            at: int = at,
            n: int = n,
        ) -> None:
            sweep_block(rows, blocks, seeds, top, block, *room, into, at, n)

        def _make() -> tuple[Costs, Ints]:
            return np.empty((n_tile, LANES), rows.cost.dtype), np.empty(len(rows.row_end), np.int32)

        for block in _share(_make, _work, range(n_blocks), threads):
            if progress is not None:
                progress(part * n_blocks + block + 1, len(starts) * n_blocks)
        meet(topology, metric, some, order, keys, into, np.arange(at, at + n), np.float32(np.inf))
        if not direct:
            out[:, begin : begin + n] = into


def fill_within(
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
    Compute the cost from each root to each place within a limit; with none, it is the way for a few roots.

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
    rows, order, keys = _prepare(way, places, in_float32=in_float32)
    first, last, at_first, at_last = end_costs(topology, metric.turned, metric.ends, roots, True)
    near = np.argsort(first, kind="stable")  # neighbours share a batch: it goes as far as the farthest of them
    n, direct = len(roots), out.flags.c_contiguous
    out.fill(np.inf)

    def _work(lanes: Lanes, batch: int) -> None:
        at = near[batch * _NEIGHBOURS : (batch + 1) * _NEIGHBOURS]
        into, columns = (
            (out, at) if direct else (np.full((len(places), len(at)), np.inf, np.float32), np.arange(len(at)))
        )
        ends = first[at], last[at], at_first[at], at_last[at]
        sweep_within(topology.tree.parent, way.climb, rows, lanes, batch, *ends, into, columns, limit.reach, limit.cut)
        meet(topology, metric, roots[at], order, keys, into, columns, limit.cut)
        if not direct:
            out[:, at] = into

    def _make() -> Lanes:
        return make_lanes(rows, min(_NEIGHBOURS, n))

    for batch in _share(_make, _work, range(-(-n // _NEIGHBOURS)), threads):
        if progress is not None:
            progress(min((batch + 1) * _NEIGHBOURS, n), n)


def _prepare(way: Direction, places: Longs, *, in_float32: bool) -> tuple[Restriction, Longs, Ints]:
    """Compact what leads to the places, and sort those inside chains."""
    topology = way.topology
    like: Costs = np.empty(0, np.float32) if in_float32 else np.empty(0, np.float64)
    rows = restrict(
        topology.tree, way.descend, *end_costs(topology, way.metric.turned, way.metric.ends, places, False), like
    )
    return rows, *sort_by_chain(topology, places)


def fill_several_matrices(
    way: Direction,
    second: Second,
    roots: Longs,
    places: Longs,
    limit: Limit,
    out: Matrix,
    out_second: Matrix,
    out_third: Matrix | None = None,
    *,
    threads: int,
    progress: Progress | None,
) -> None:
    """
    Compute the cost from each root to each place, and a second and a third cost along the cheapest way.

    Parameters
    ----------
    way : Direction
        The network in the direction of travel.
    second : Second
        The second cost, and the third in place of steps, in the same direction.
    roots : numpy.ndarray of int64, shape (n_roots,)
        Nodes of departure.
    places : numpy.ndarray of int64, shape (n_places,)
        Nodes of arrival.
    limit : Limit
        Costs beyond it are inf, and their second costs.
    out, out_second : numpy.ndarray of float32, shape (n_places, n_roots), C-contiguous
        Changed in place: both costs.
    out_third : numpy.ndarray of float32, shape (n_places, n_roots), C-contiguous, optional
        Changed in place: the third cost.
    threads : int
        How many threads to use.
    progress : callable, optional
        Called as ``progress(roots done, roots in all)``.
    """
    topology, metric = way.topology, way.metric
    branches = branch(topology, metric, second, way.descend, places)
    n = len(roots)

    every = np.arange(len(places))

    def _work(room: Grown, at: int) -> None:
        grow(topology, metric, second, way.climb, branches, roots[at], room)
        _, costs, seconds = reach(topology, metric, second, branches, roots[at], room, every)
        with np.errstate(over="ignore"):
            out[:, at], out_second[:, at] = costs, seconds.real
            if out_third is not None:
                out_third[:, at] = seconds.imag

    for at in _share(lambda: make_room(branches), _work, range(n), threads):
        if progress is not None and ((at + 1) % _TREES == 0 or at + 1 == n):
            progress(at + 1, n)
    limit.apply(out)
    out_second[np.isinf(out)] = np.inf
    if out_third is not None:
        out_third[np.isinf(out)] = np.inf


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
