"""The router: cheapest ways over a network of directed arcs, behind the names that other programs call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import NetworkError, msg
from planning.travel.arguments import check_costs, check_nodes
from planning.travel.chains import Chains, contract_chains
from planning.travel.customise import Customised, Winners, customise, customise_second, find_winners
from planning.travel.flows import ChainLoads, carry, unpack_path
from planning.travel.nearest import k_nearest, nearest_one
from planning.travel.search import Limit
from planning.travel.sweep import cost_matrix

__all__ = ["Path", "Router"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]


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

    def __init__(self, tails: ArrayLike, heads: ArrayLike, costs: ArrayLike, n_nodes: int) -> None:
        if n_nodes < 0 or n_nodes >= 2**31:
            raise NetworkError(msg("A network of {n} nodes cannot be routed on.", n=n_nodes))
        n_nodes = int(n_nodes)
        tail, head = check_nodes(tails, n_nodes), check_nodes(heads, n_nodes)
        if len(tail) != len(head):
            raise NetworkError(
                msg(
                    "The arcs have {tails} tails but {heads} heads: give one of each per arc.",
                    tails=len(tail),
                    heads=len(head),
                )
            )
        arc_costs = check_costs(costs, len(tail))
        self._lay(contract_chains(tail, head, n_nodes), arc_costs)

    def _lay(self, chains: Chains, costs: Floats) -> None:
        """Lay costs upon the topology."""
        self._chains = chains
        self._costs = costs
        self._costs.flags.writeable = False
        self._there = customise(chains, costs)
        self._back = self._there.reversed()

    @property
    def n_nodes(self) -> int:
        """
        Number of nodes.

        Returns
        -------
        int
            Nodes are 0 … n_nodes - 1.
        """
        return self._chains.n_nodes

    @property
    def n_arcs(self) -> int:
        """
        Number of arcs.

        Returns
        -------
        int
            As many as the caller gave, loops and closed ones included.
        """
        return self._chains.n_arcs

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
        finite = self._costs[np.isfinite(self._costs)]
        return bool((finite == np.floor(finite)).all())

    @cached_property
    def _winners(self) -> Winners:
        return find_winners(self._there, self._costs)

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
        other._lay(self._chains, check_costs(costs, self.n_arcs))
        return other

    @overload
    def matrix(  # numpydoc ignore=GL08
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.float32]: ...

    @overload
    def matrix(  # numpydoc ignore=GL08
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: ArrayLike,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...

    def matrix(
        self,
        sources: ArrayLike,
        targets: ArrayLike,
        limit: float | None = None,
        *,
        also: ArrayLike | None = None,
        progress: Progress | None = None,
    ) -> NDArray[np.float32] | tuple[NDArray[np.float32], NDArray[np.float32]]:
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
        progress : callable, optional
            Called as ``progress(done, total)`` after each block of work.

        Returns
        -------
        numpy.ndarray of float32, shape (n_sources, n_targets), or two of them
            Costs, inf where unreachable or beyond the limit; with `also`, the second costs too. May be transposed views.

        Raises
        ------
        NetworkError
            If a node is out of range, or the limit or a second cost is negative or not a number.
        """
        origin, target = check_nodes(sources, self.n_nodes), check_nodes(targets, self.n_nodes)
        bound = self._limit(limit)
        second = None if also is None else self._second(also)[0]
        starts, ends = np.unique(origin, return_inverse=True), np.unique(target, return_inverse=True)
        turned = len(ends[0]) < len(starts[0])
        (roots, root_of), places = (ends, origin) if turned else (starts, target)
        costs = self._back if turned else self._there
        if second is not None and turned:
            second = second.reversed()
        order = np.argsort(root_of, kind="stable")
        bounds = np.searchsorted(root_of[order], np.arange(len(roots) + 1))
        out = np.empty((len(root_of), len(places)), np.float32)
        out_second = None if second is None else np.empty_like(out)
        for rows, block, block_second in cost_matrix(costs, roots, places, bound, second):
            at = order[bounds[rows.start] : bounds[rows.stop]]
            out[at] = _to_float32(block)[root_of[at] - rows.start]
            if out_second is not None and block_second is not None:
                out_second[at] = _to_float32(block_second)[root_of[at] - rows.start]
            if progress is not None:
                progress(rows.stop, len(roots))
        if out_second is None:
            return out.T if turned else out
        return (out.T, out_second.T) if turned else (out, out_second)

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
            Position in `facilities`, the lowest first among equal costs; -1 where there are no more.

        Raises
        ------
        NetworkError
            If a node is out of range, `k` is below 1, or the limit is negative or not a number.
        """
        places, starts = check_nodes(facilities, self.n_nodes), check_nodes(origins, self.n_nodes)
        bound = self._limit(limit)
        if k < 1:
            raise NetworkError(msg("The {k} nearest facilities cannot be found: ask for 1 or more.", k=k))
        if not len(places) or not len(starts):
            return np.full((len(starts), k), np.inf, np.float32), np.full((len(starts), k), -1, np.int64)
        if k == 1:
            cost, position = nearest_one(self._back, places, starts, bound)
            return _to_float32(cost)[:, None], position[:, None]
        cost, position = k_nearest(self._back, places, starts, k, bound)
        return _to_float32(cost), position

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
        root = check_nodes([target], self.n_nodes)
        ((_, block, _),) = cost_matrix(self._back, root, np.arange(self.n_nodes), self._limit(limit))
        return _to_float32(block[0])

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
        return Path(*unpack_path(self._there, self._winners, int(ends[0]), int(ends[1])))

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
            If the arrays differ in length, a node is out of range, or an amount or second cost is negative or not finite.
        """
        origin, target = check_nodes(origins, self.n_nodes), check_nodes(targets, self.n_nodes)
        amount = check_costs(amounts, len(origin))
        if len(target) != len(origin):
            raise NetworkError(
                msg(
                    "{origins} origins but {targets} targets: give one of each per pair.",
                    origins=len(origin),
                    targets=len(target),
                )
            )
        if np.isinf(amount).any():
            raise NetworkError(
                msg("Amounts to carry must be finite (row {row}).", row=int(np.argmax(np.isinf(amount))))
            )
        second, winners = (None, self._winners) if also is None else self._second(also)
        loads = ChainLoads(self._chains)
        turned = len(np.unique(target)) <= len(np.unique(origin))
        if turned:
            back = None if second is None else second.reversed()
            _, along = carry(self._back, back, (target, origin), amount, loads, turned=True)
        else:
            _, along = carry(self._there, second, (origin, target), amount, loads, turned=False)
        flows = loads.arcs(winners)
        return flows if also is None else (flows, along)

    def _limit(self, limit: float | None) -> Limit:
        """Check a limit."""
        value = np.inf if limit is None else float(limit)
        if not value >= 0:
            raise NetworkError(msg("The limit must be 0 or more, not {limit}.", limit=value))
        return Limit(value, self._whole)

    def _second(self, also: ArrayLike) -> tuple[Customised, Winners]:
        """Customise a second cost, with the arcs and chains it prefers among equals."""
        costs = check_costs(also, self.n_arcs)
        second = customise_second(self._there, self._costs, costs)
        return second, find_winners(self._there, self._costs, (second, costs))


def _to_float32(values: Floats) -> NDArray[np.float32]:
    """Round to float32; what is too large for it becomes inf."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
