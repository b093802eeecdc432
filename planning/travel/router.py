"""The router: cheapest ways over a network of directed arcs, behind the names that other programs call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import NetworkError, msg
from planning.travel.arguments import Limit, check_costs, check_count, check_nodes, check_pairs, to_float32

if TYPE_CHECKING:
    from planning.travel.customisation import Ways
    from planning.travel.matrices import Direction
    from planning.travel.second import Second
    from planning.travel.topology import Topology
    from planning.travel.unpacking import Origin
    from planning.travel.what_if import WhatIf

__all__ = ["Path", "Router"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Matrix = NDArray[np.float32]
Progress = Callable[[int, int], None]

_THREADS = 2
_EXACT = 2**24  # sums of whole numbers are exact in float32 up to here
_BLOCK_MB = 256
_FEW = 16  # roots for which it does not pay to prune arcs
_WORTH_SPREADING = 4
_DENSE = 24  # upward arcs a node from which on, as on open ground, pruning takes seconds: a single search does without
_MANY = 8  # nearest facilities for which sorted lists at every core node cost more than all costs, sorted
_SORTED = 1 << 24


class Path(NamedTuple):
    """
    One cheapest path.

    Parameters
    ----------
    nodes : numpy.ndarray, shape (n_steps + 1,)
        Nodes in order, both ends included; empty where there is no path.
    arcs : numpy.ndarray, shape (n_steps,)
        Arcs in order, as the caller numbers them; empty where there is no path and where the path stays at its node.
    """

    nodes: Ints
    arcs: Ints


class Router:
    """
    Cheapest ways over directed arcs.

    Sums of whole numbers below 2^24 are exact; others are good to 1e-6 of themselves. No argument is kept or changed.

    Parameters
    ----------
    tails, heads : array_like of int, shape (n_arcs,)
        Nodes each arc leads from and to. Parallel arcs and loops are allowed.
    costs : array_like of float, shape (n_arcs,)
        Cost of each arc, 0 or more, in any unit; inf = closed.
    n_nodes : int
        Number of nodes; nodes are 0 … n_nodes - 1, and may have no arc.
    threads : int
        How many threads a matrix may use, 1 or more; answers do not depend on it.

    Raises
    ------
    NetworkError
        If the arrays differ in length, a node is out of range, or a cost is negative or not a number. It is a ValueError.

    Examples
    --------
    >>> router = Router([0, 1, 2], [1, 2, 0], [1, 2, 4], 3)
    >>> router.matrix([0], [0, 1, 2]).tolist()
    [[0.0, 1.0, 3.0]]
    >>> router.path(1, 0).arcs.tolist()
    [1, 2]
    """

    def __init__(
        self, tails: ArrayLike, heads: ArrayLike, costs: ArrayLike, n_nodes: int, *, threads: int = _THREADS
    ) -> None:
        # The steps are compiled by numba, which import planning must not pay for: here, as everywhere below.
        from planning.travel.topology import build_topology

        n_nodes, threads = check_count(n_nodes, 0), check_count(threads, 1)
        if n_nodes >= 2**31 - 1:
            raise NetworkError(msg("A network of {n} nodes cannot be routed on.", n=n_nodes))
        tail, head, arc_costs = _check_arcs(tails, heads, costs, n_nodes)
        self._threads, self._loops = threads, _loop_nodes(tail, head)
        self._lay(build_topology(tail, head, n_nodes), arc_costs)

    def _lay(self, topology: Topology, costs: Floats) -> None:
        """Lay costs upon the topology."""
        from planning.travel.customisation import all_ways, customise, reverse

        self._topology = topology
        self._known_second: tuple[NDArray[np.complex128], Second] | None = None
        self._every: tuple[Ways, Ways] | None = None  # all arcs, laid out once where they are very many
        self._costs = costs
        self._costs.flags.writeable = False
        self._there = customise(topology, costs)
        self._back = reverse(self._there)
        if len(topology.tree.up_head) > _DENSE * len(topology.core_node):
            self._every = all_ways(topology.tree, self._there)

    @property
    def n_nodes(self) -> int:
        """
        Number of nodes.

        Returns
        -------
        int
            Nodes are 0 … n_nodes - 1.
        """
        return len(self._topology.left)

    @property
    def n_arcs(self) -> int:
        """
        Number of arcs.

        Returns
        -------
        int
            As many as the caller gave, loops and closed ones included.
        """
        return len(self._topology.arc_dart)

    @property
    def costs(self) -> Floats:
        """
        Cost of each arc.

        Returns
        -------
        numpy.ndarray of float64, shape (n_arcs,)
            Costs in the unit they were given in; read-only.
        """
        return self._costs

    @cached_property
    def _whole(self) -> bool:
        """Whether all open arcs cost whole numbers."""
        from planning.travel.customisation import all_whole

        return all_whole(self._costs)

    @cached_property
    def _ways(self) -> tuple[Ways, Ways]:
        """Find the arcs that searches need, up and down in the network's own direction."""
        from planning.travel.customisation import perfect

        return perfect(self._topology.tree, self._there)

    @property
    def _is_pruned(self) -> bool:
        """Whether single searches go by pruned arcs: not where these are not known yet and take seconds to find."""
        return self._every is None or "_ways" in self.__dict__

    @cached_property
    def _bound(self) -> float:
        """Bound all finite costs, from above; inf where that is not easily said."""
        from planning.travel.nearest import farthest

        return sum(farthest(*self._way(turned=turned)) for turned in (False, True))

    @cached_property
    def _origin(self) -> Origin:
        """Find where the costs of arcs come from."""
        from planning.travel.unpacking import find_origin

        return find_origin(self._topology, self._there, self._steps, self._costs, np.zeros(self.n_arcs))

    @cached_property
    def _steps(self) -> Second:
        """Count the steps along cheapest paths: of several, the path of the fewest is taken."""
        return self._second(np.zeros(self.n_arcs))

    def with_costs(self, costs: ArrayLike) -> Self:
        """
        Make a router of the same topology with other costs, far cheaper than a new one.

        Parameters
        ----------
        costs : array_like of float, shape (n_arcs,)
            Cost of each arc, 0 or more; inf = closed. An arc that was closed may be open now.

        Returns
        -------
        Router
            A router that shares the topology; this one is unchanged.

        Raises
        ------
        NetworkError
            If a cost is negative or not a number, or there are more or fewer than arcs.
        """
        other = object.__new__(type(self))
        other._threads, other._loops = self._threads, self._loops
        other._lay(self._topology, check_costs(costs, self.n_arcs))
        return other

    def with_arcs(self, tails: ArrayLike, heads: ArrayLike, costs: ArrayLike, *, n_nodes: int | None = None) -> Self:
        """
        Make a router with more arcs, such as a road that a planner draws, cheaper than a new one.

        Chains and shortcuts are built again around the order of contraction that is known; a few roads do it no harm, a
        network that grew much is better served by a new router.

        Parameters
        ----------
        tails, heads : array_like of int, shape (n_new,)
            Nodes each new arc leads from and to.
        costs : array_like of float, shape (n_new,)
            Cost of each, 0 or more; inf = closed.
        n_nodes : int, optional
            Number of nodes with the new ones, which follow those of this router; as many as before by default.

        Returns
        -------
        Router
            A router whose arcs are those of this one, then the new ones; this one is unchanged.

        Raises
        ------
        NetworkError
            If the arrays differ in length, a node is out of range, or a cost is negative or not a number.
        """
        from planning.travel.topology import build_topology, ends_of_arcs

        n = check_count(self.n_nodes if n_nodes is None else n_nodes, self.n_nodes)
        tail, head, new_costs = _check_arcs(tails, heads, costs, n)
        old_tail, old_head = ends_of_arcs(self._topology, self._loops)
        every_tail, every_head = np.concatenate((old_tail, tail)), np.concatenate((old_head, head))
        other = object.__new__(type(self))
        other._threads, other._loops = self._threads, _loop_nodes(every_tail, every_head)
        order = self._topology.core_node[::-1].astype(np.int64)
        other._lay(build_topology(every_tail, every_head, n, order), np.concatenate((self._costs, new_costs)))
        return other

    @overload
    def matrix(  # numpydoc ignore=GL08
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: None = None,
        out: Matrix | None = None,
        progress: Progress | None = None,
    ) -> Matrix: ...

    @overload
    def matrix(  # numpydoc ignore=GL08
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: ArrayLike,
        out: None = None,
        progress: Progress | None = None,
    ) -> tuple[Matrix, Matrix]: ...

    def matrix(
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: ArrayLike | None = None,
        out: Matrix | None = None,
        progress: Progress | None = None,
    ) -> Matrix | tuple[Matrix, Matrix]:
        """
        Compute the cost from each source to each target.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_sources,) and (n_targets,)
            Nodes; repeats and none at all are allowed.
        limit : float, optional
            Costs beyond it become inf; a cost equal to it stays.
        also : array_like of float, shape (n_arcs,), optional
            A second arc cost to sum along the cheapest path; of several cheapest paths, along the one where it is least.
            Paths are as cheap if their sums are the same to the last bit, which is certain for whole numbers only.
        out : numpy.ndarray of float32, shape (n_sources, n_targets), optional
            Where to put the costs, such as a buffer that is used again or a file in memory (``numpy.memmap``); not with
            `also`. Fastest is the memory order of the array that is returned without it.
        progress : callable, optional
            Called as ``progress(done, total)`` after each block of work.

        Returns
        -------
        numpy.ndarray of float32, shape (n_sources, n_targets), or two of them
            Costs, inf where unreachable or beyond the limit; with `also`, the second costs too. May be transposed views.

        Raises
        ------
        NetworkError
            If a node is out of range, the limit or a second cost is negative or not a number, or `out` does not fit.
        """
        origin, target = check_nodes(sources, self.n_nodes), check_nodes(targets, self.n_nodes)
        bound = self._limit(limit)
        # one sweep for each of the fewer, against the arcs where those are targets
        turned = len(target) < len(origin)
        given, places = (target, origin) if turned else (origin, target)
        roots, root_of = _fewer(given)
        if also is not None:
            if out is not None:
                raise NetworkError(msg("Two costs cannot go into one array: leave out= away, or also=."))
            two = self._several_matrices(
                self._second(also), roots, root_of, places, bound, progress, turned=turned, three=False
            )
            return two[0], two[1]
        if out is not None and not isinstance(out, np.ndarray):
            raise NetworkError(
                msg("Costs can be put into a numpy array only, not into {kind}.", kind=type(out).__name__)
            )
        if out is not None and (out.shape != (len(origin), len(target)) or out.dtype != np.float32):
            raise NetworkError(
                msg(
                    "The array to fill must be float32 of shape {needed}, not {kind} of shape {shape}.",
                    needed=str((len(origin), len(target))),
                    kind=str(out.dtype),
                    shape=str(out.shape),
                )
            )
        fill = out if out is not None and root_of is None else None
        found = self._matrix(roots, places, bound, fill, progress, turned=turned)
        if root_of is not None:
            found = found[:, root_of]
            if out is not None:
                (out if turned else out.T)[:] = found
        return found if turned else found.T

    def three_matrices(
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        second: ArrayLike,
        third: ArrayLike,
        *,
        progress: Progress | None = None,
    ) -> tuple[Matrix, Matrix, Matrix]:
        """
        Compute the cost from each source to each target and two more sums along the same cheapest path.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_sources,) and (n_targets,)
            Nodes; repeats and none at all are allowed.
        second, third : array_like of float, shape (n_arcs,)
            Arc costs to sum along the cheapest path; of several cheapest paths, along the one where the second is least, then the
            third.
        progress : callable, optional
            Called as ``progress(done, total)`` after each block of work.

        Returns
        -------
        tuple of numpy.ndarray of float32, shape (n_sources, n_targets)
            Costs, second and third; inf where unreachable. May be transposed views.

        Raises
        ------
        NetworkError
            If a node is out of range, or a second or third cost is negative or not a number.
        """
        origin, target = check_nodes(sources, self.n_nodes), check_nodes(targets, self.n_nodes)
        turned = len(target) < len(origin)
        given, places = (target, origin) if turned else (origin, target)
        roots, root_of = _fewer(given)
        found = self._several_matrices(
            self._second(second, third), roots, root_of, places, self._limit(None), progress, turned=turned, three=True
        )
        return found[0], found[1], found[2]

    def _matrix(
        self, roots: Ints, places: Ints, limit: Limit, out: Matrix | None, progress: Progress | None, *, turned: bool
    ) -> Matrix:
        """Fill a matrix with one row a place."""
        from planning.travel.matrices import fill_matrix, fill_within

        given = out if out is None or turned else out.T
        filled = np.empty((len(places), len(roots)), np.float32) if given is None else given
        if len(roots) < _FEW:
            way = self._way(turned=turned, pruned=False)
            fill_within(way, roots, places, limit, filled, in_float32=False, threads=1, progress=progress)
            return filled
        way = self._way(turned=turned)
        # whole numbers below this are exact in float32, and what grows past it never comes back within the limit
        in_float32 = self._whole and (limit.value < _EXACT or self._bound < _EXACT)
        if limit.value < np.inf:
            fill_within(
                way, roots, places, limit, filled, in_float32=in_float32, threads=self._threads, progress=progress
            )
        else:
            fill_matrix(way, roots, places, filled, in_float32=in_float32, threads=self._threads, progress=progress)
        return filled

    def _several_matrices(
        self,
        second: Second,
        roots: Ints,
        root_of: Ints | None,
        places: Ints,
        limit: Limit,
        progress: Progress | None,
        *,
        turned: bool,
        three: bool,
    ) -> list[Matrix]:
        """Compute costs and what is summed along with them."""
        from planning.travel.matrices import fill_several_matrices

        way = self._way(turned=turned)
        filled = [np.empty((len(places), len(roots)), np.float32) for _ in range(3 if three else 2)]
        second = second._replace(turned=way.metric.turned)
        fill_several_matrices(way, second, roots, places, limit, *filled, threads=self._threads, progress=progress)
        if root_of is not None:
            filled = [matrix[:, root_of] for matrix in filled]
        return filled if turned else [matrix.T for matrix in filled]

    def matrix_blocks(
        self, sources: ArrayLike, targets: ArrayLike, limit: float | None = None, *, budget_mb: float = _BLOCK_MB
    ) -> Iterator[tuple[slice, Matrix]]:
        """
        Compute a matrix that need not fit into memory, some sources at a time.

        Parameters
        ----------
        sources, targets : array_like of int, shape (n_sources,) and (n_targets,)
            Nodes.
        limit : float, optional
            Costs beyond it become inf.
        budget_mb : float
            How large a block may be, above 0 [MB]; one source's costs are always whole.

        Yields
        ------
        tuple of slice and numpy.ndarray of float32
            Which sources, and their costs, shape (n_block, n_targets).

        Raises
        ------
        NetworkError
            As `matrix`; or if the budget is not above 0.
        """
        origin, target = check_nodes(sources, self.n_nodes), check_nodes(targets, self.n_nodes)
        if not budget_mb > 0:
            raise NetworkError(msg("The budget of a block must be above 0 MB, not {budget}.", budget=budget_mb))
        n_block = int(np.clip(budget_mb * 1e6 / max(4 * len(target), 1), 1, max(len(origin), 1)))
        for begin in range(0, len(origin), n_block):
            rows = slice(begin, min(begin + n_block, len(origin)))
            yield rows, self.matrix(origin[rows], target, limit)

    def nearest(
        self, facilities: ArrayLike, origins: ArrayLike, k: int = 1, limit: float | None = None
    ) -> tuple[NDArray[np.float32], Ints]:
        """
        Find the k nearest facilities going from each origin.

        Parameters
        ----------
        facilities : array_like of int, shape (n_facilities,)
            Nodes of the facilities; two at one node are two facilities.
        origins : array_like of int, shape (n_origins,)
            Nodes of the origins.
        k : int
            How many, 1 or more.
        limit : float, optional
            A facility beyond it does not count; one exactly at it does.

        Returns
        -------
        costs : numpy.ndarray of float32, shape (n_origins, k)
            Cost to each, from the nearest on; inf where there are no more.
        positions : numpy.ndarray of int64, shape (n_origins, k)
            Position in `facilities`, the lowest first among equal costs (the same to the last bit, which is certain for
            whole numbers only); -1 where there are no more.

        Raises
        ------
        NetworkError
            If a node is out of range, `k` is below 1, or the limit is negative or not a number.
        """
        places, starts = check_nodes(facilities, self.n_nodes), check_nodes(origins, self.n_nodes)
        bound = self._limit(limit)
        k = check_count(k, 1)
        if not len(places) or not len(starts):
            return np.full((len(starts), k), np.inf, np.float32), np.full((len(starts), k), -1, np.int64)
        if k > _MANY:
            return self._many_nearest(places, starts, k, bound)
        from planning.travel.nearest import k_nearest, nearest_one

        way = self._way(turned=True, pruned=self._is_pruned)
        if k == 1:
            one, which = nearest_one(*way, places, starts, whole=self._whole)
            cost, label = to_float32(one)[:, None], which[:, None]
        else:
            several, label = k_nearest(*way, places, starts, k)
            cost = to_float32(several)
        bound.apply(cost)
        position = label.astype(np.int64)
        np.copyto(position, -1, where=np.isinf(cost))
        return cost, position

    def _many_nearest(self, places: Ints, starts: Ints, k: int, limit: Limit) -> tuple[Matrix, Ints]:
        """Find many nearest facilities by sorting all costs, some origins at a time."""
        cost, position = np.full((len(starts), k), np.inf, np.float32), np.full((len(starts), k), -1, np.int64)
        found = min(k, len(places))
        n_block = max(_SORTED // len(places), 1)
        for begin in range(0, len(starts), n_block):
            rows = slice(begin, begin + n_block)
            costs = self.matrix(starts[rows], places, limit.value)
            order = np.argsort(costs, axis=1, kind="stable")[:, :found]
            cost[rows, :found] = np.take_along_axis(costs, order, axis=1)
            position[rows, :found] = order
        position[np.isinf(cost)] = -1
        return cost, position

    def what_if(self, facilities: ArrayLike, origins: ArrayLike) -> WhatIf:
        """
        Keep the nearest facility of each origin while facilities are added, removed and moved.

        Parameters
        ----------
        facilities : array_like of int, shape (n_facilities,)
            Nodes of the facilities that are open at first; none is allowed.
        origins : array_like of int, shape (n_origins,)
            Nodes of the origins.

        Returns
        -------
        WhatIf
            Costs and facilities now, and the changes.

        Raises
        ------
        NetworkError
            If a node is out of range.
        """
        from planning.travel.what_if import WhatIf

        places, starts = check_nodes(facilities, self.n_nodes), check_nodes(origins, self.n_nodes)
        return WhatIf(*self._way(turned=True), places, starts)

    def to_target(self, target: int, limit: float | None = None) -> NDArray[np.float32]:
        """
        Compute the cost from every node to one target, as isochrones need it.

        Parameters
        ----------
        target : int
            Node to go to.
        limit : float, optional
            Costs beyond it become inf.

        Returns
        -------
        numpy.ndarray of float32, shape (n_nodes,)
            Costs; inf where the target is out of reach.

        Raises
        ------
        NetworkError
            If the node is out of range, or the limit is negative or not a number.
        """
        from planning.travel.nearest import nearest_one

        root = check_nodes([target], self.n_nodes)
        way, everywhere = self._way(turned=True, pruned=self._is_pruned), np.arange(self.n_nodes)
        costs = to_float32(nearest_one(*way, root, everywhere, whole=self._whole)[0])
        self._limit(limit).apply(costs)
        return costs

    def path(self, origin: int, target: int) -> Path:
        """
        Find one cheapest path; always the same one.

        Parameters
        ----------
        origin, target : int
            Nodes to go from and to.

        Returns
        -------
        Path
            ``nodes`` and ``arcs``; of parallel arcs the cheapest, the lowest number among equals. No nodes where there is
            no path; one node and no arcs from a node to itself.

        Raises
        ------
        NetworkError
            If a node is out of range.
        """
        ends = check_nodes([origin, target], self.n_nodes)
        from planning.travel.trees import branch, make_room
        from planning.travel.unpacking import path_darts

        way = self._way(turned=False, pruned=False)
        topology, second = self._topology, self._steps
        branches = branch(topology, way.metric, second, way.descend, ends[1:])
        room = make_room(branches)
        darts = path_darts(topology, way.metric, second, way.climb, branches, room, self._origin, int(ends[0]))
        if darts is None:
            return Path(np.empty(0, np.int64), np.empty(0, np.int64))
        heads = np.where(darts % 2 == 0, topology.head[darts // 2], topology.tail[darts // 2])
        nodes = np.append(ends[0], heads)
        arcs = self._origin.arc[darts // 2, darts % 2].astype(np.int64)
        return Path(*_without_rounds(nodes, arcs))

    @overload
    def arc_flows(  # numpydoc ignore=GL08
        self, origins: ArrayLike, targets: ArrayLike, amounts: ArrayLike, *, also: None = None
    ) -> NDArray[np.float64]: ...

    @overload
    def arc_flows(  # numpydoc ignore=GL08
        self, origins: ArrayLike, targets: ArrayLike, amounts: ArrayLike, *, also: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

    def arc_flows(
        self, origins: ArrayLike, targets: ArrayLike, amounts: ArrayLike, *, also: ArrayLike | None = None
    ) -> NDArray[np.float64] | tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Carry amounts along cheapest paths and say how much passes over each arc.

        The work is one sweep for each distinct target or each distinct origin, whichever are fewer.

        Parameters
        ----------
        origins, targets : array_like of int, shape (n_pairs,)
            Nodes that each pair goes from and to.
        amounts : array_like of float, shape (n_pairs,)
            What each pair carries, 0 or more [pupils].
        also : array_like of float, shape (n_arcs,), optional
            A second arc cost to sum along the same paths; of several cheapest paths the one where it is least is taken.

        Returns
        -------
        flows : numpy.ndarray of float64, shape (n_arcs,)
            Amount over each arc. Pairs without a path are not carried; pairs from a node to itself load no arc.
        second : numpy.ndarray of float64, shape (n_pairs,)
            Only with `also`: the second cost of each pair, per unit of amount; inf where there is no path.

        Raises
        ------
        NetworkError
            If the arrays differ in length, a node is out of range, an amount is negative or not finite, or a second cost is
            negative or not a number.
        """
        origin, target = check_nodes(origins, self.n_nodes), check_nodes(targets, self.n_nodes)
        amount = check_costs(amounts, len(origin))
        check_pairs(origin, target, amount)
        from planning.travel.flows import carry
        from planning.travel.unpacking import find_origin

        if also is None:
            own, second = self._origin, self._steps
        else:
            costs_second = check_costs(also, self.n_arcs)
            second = self._second(costs_second)
            own = find_origin(self._topology, self._there, second, self._costs, costs_second)
        turned = len(np.unique(target)) <= len(np.unique(origin))
        way = self._way(turned=turned)
        second = second._replace(turned=way.metric.turned)
        roots, places = (target, origin) if turned else (origin, target)
        flows, along = carry(way, second, own, roots, places, amount)
        return flows if also is None else (flows, along)

    def _way(self, *, turned: bool, pruned: bool = True) -> Direction:
        """Give the network as it is searched along its arcs or against them; pruning pays for larger questions only."""
        from planning.travel.customisation import all_ways
        from planning.travel.matrices import Direction

        up, down = self._ways if pruned else self._every or all_ways(self._topology.tree, self._there)
        if turned:
            return Direction(self._topology, self._back, down, up)
        return Direction(self._topology, self._there, up, down)

    def _limit(self, limit: float | None) -> Limit:
        """Check a limit."""
        value = np.inf if limit is None else float(limit)
        if not value >= 0:
            raise NetworkError(msg("The limit must be 0 or more, not {limit}.", limit=value))
        return Limit(value, self._whole)

    def _second(self, also: ArrayLike, third: ArrayLike | None = None) -> Second:
        """Customise a second cost and a third, steps by default; the last ones are kept, since on open ground they take seconds."""
        from planning.travel.second import customise_second

        pairs = np.ones(self.n_arcs, np.complex128) * 1j
        pairs.real = check_costs(also, self.n_arcs)
        if third is not None:
            pairs.imag = check_costs(third, self.n_arcs)
        known = self._known_second
        if known is None or not np.array_equal(known[0], pairs):
            known = pairs, customise_second(self._topology, self._there, self._costs, pairs)
            self._known_second = known
        return known[1]


def _check_arcs(tails: ArrayLike, heads: ArrayLike, costs: ArrayLike, n_nodes: int) -> tuple[Ints, Ints, Floats]:
    """Check arcs."""
    tail, head = check_nodes(tails, n_nodes), check_nodes(heads, n_nodes)
    if len(tail) != len(head):
        raise NetworkError(
            msg(
                "The arcs have {tails} tails but {heads} heads: give one of each per arc.",
                tails=len(tail),
                heads=len(head),
            )
        )
    return tail, head, check_costs(costs, len(tail))


def _loop_nodes(tail: Ints, head: Ints) -> Ints:
    """Give the nodes of the arcs that end where they begin: nothing else remembers them."""
    loops: Ints = tail[tail == head]
    return loops


def _fewer(nodes: Ints) -> tuple[Ints, Ints | None]:
    """Name each node once, and say where each goes; None where to copy its costs about would take more than a sweep."""
    distinct, number = np.unique(nodes, return_inverse=True)
    return (nodes, None) if _WORTH_SPREADING * len(distinct) > len(nodes) else (distinct, number)


def _without_rounds(nodes: Ints, arcs: Ints) -> tuple[Ints, Ints]:
    """Leave out what leads back to a node that was passed already, as the rounding of tiny decimals might."""
    if len(np.unique(nodes)) == len(nodes):
        return nodes, arcs
    last = {int(node): at for at, node in enumerate(nodes)}
    kept, at = [], 0
    while at < len(arcs):
        at = last[int(nodes[at])]
        if at < len(arcs):
            kept.append(at)
            at += 1
    return np.append(nodes[kept], nodes[-1]), arcs[kept]
