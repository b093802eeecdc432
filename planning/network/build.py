"""A table of roads becomes a network: every shape point a node, every segment two arcs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planning.errors import NetworkError, msg
from planning.roads import Roads

__all__ = ["Network", "NetworkSummary", "build_network", "component_labels", "network_summary", "segment_mask"]


@dataclass(frozen=True)
class Network:
    """
    One topology for all modes; what a mode may use, and how long it takes, is said by ``mode_minutes``.

    The two arcs of segment ``s`` are ``2 * s`` (in the direction of its way) and ``2 * s + 1`` (against it), so that the
    reverse of arc ``a`` is ``a ^ 1``. Building, merging and snapping all keep this.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n_nodes,)
        Places of the nodes [m].
    tails, heads : numpy.ndarray of int32, shape (n_arcs,)
        Nodes at which each arc starts and ends.
    length_m : numpy.ndarray, shape (n_arcs,)
        Length of each arc [m].
    way : numpy.ndarray of int32, shape (n_arcs,)
        Position in ``ways``; -1 where the arc belongs to none.
    forward : numpy.ndarray of bool, shape (n_arcs,)
        True where the arc runs in its way's own direction.
    ways : pandas.DataFrame
        Ways as in ``Roads``.
    crs : pyproj.CRS
        Projected system of the coordinates.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    tails: NDArray[np.int32]
    heads: NDArray[np.int32]
    length_m: NDArray[np.float64]
    way: NDArray[np.int32]
    forward: NDArray[np.bool_]
    ways: pd.DataFrame
    crs: pyproj.CRS

    @property
    def n_nodes(self) -> int:
        """
        Count the nodes.

        Returns
        -------
        int
            Number of nodes.
        """
        return len(self.x)

    @property
    def n_arcs(self) -> int:
        """
        Count the directed arcs.

        Returns
        -------
        int
            Number of directed arcs.
        """
        return len(self.tails)

    @property
    def xy(self) -> NDArray[np.float64]:
        """
        Give the places of the nodes.

        Returns
        -------
        numpy.ndarray, shape (n_nodes, 2)
            Places of the nodes [m].
        """
        return np.column_stack([self.x, self.y])


@dataclass(frozen=True)
class NetworkSummary:
    """
    What a network amounts to, in a few numbers.

    Parameters
    ----------
    nodes, segments : int
        How many; a segment is the straight piece between two shape points.
    km : float
        Length of all segments [km].
    km_by_class : pandas.Series
        ``km`` by ``highway`` class, longest first [km].
    components : int
        Connected parts that hold at least one segment.
    largest_share : float
        Share of the length that lies in the longest part; 0 where there is no length.
    """

    nodes: int
    segments: int
    km: float
    km_by_class: pd.Series
    components: int
    largest_share: float


def build_network(roads: Roads, *, crs: pyproj.CRS) -> Network:
    """
    Turn ways into arcs in both directions of each of their segments.

    Assumes that ways meet only where they share a node id: a bridge does not meet the road below it. A node that stands
    twice in a row in a way makes no segment; two different nodes at one place make a segment of length 0, which joins them.

    Parameters
    ----------
    roads : Roads
        Ways and shape points in ``crs``.
    crs : pyproj.CRS
        Projected system in metres.

    Returns
    -------
    Network
        Nodes in the order of their ids; nodes that no segment uses are left out.

    Raises
    ------
    NetworkError
        If no way has a segment, or a way names a node that has no finite place.
    """
    starts, ends, way = _segments(roads)
    if not len(starts):
        raise NetworkError(msg("There is no road to travel on. Check that the road file covers the county."))
    used, ends_of = np.unique(np.concatenate([starts, ends]), return_inverse=True)
    place = roads.nodes.reindex(used)
    x, y = place["x"].to_numpy(dtype=float), place["y"].to_numpy(dtype=float)
    lost = ~(np.isfinite(x) & np.isfinite(y))
    tails, heads = ends_of[: len(starts)], ends_of[len(starts) :]
    if lost.any():
        first = int(np.flatnonzero(lost[tails] | lost[heads])[0])
        raise NetworkError(
            msg(
                "{n} points of the roads have no coordinates, the first of them in way {way}. Read the road file again, or repair it.",
                n=int(lost.sum()),
                way=roads.ways.index[way[first]],
            )
        )
    return network_of_segments(
        x, y, tails, heads, np.hypot(x[heads] - x[tails], y[heads] - y[tails]), way, roads.ways, crs
    )


def _segments(roads: Roads) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give the node ids at both ends of every segment, and its way."""
    way_of_ref = np.repeat(np.arange(len(roads.ways)), np.diff(roads.offsets))
    inside = way_of_ref[:-1] == way_of_ref[1:]
    inside &= roads.refs[:-1] != roads.refs[1:]
    return roads.refs[:-1][inside], roads.refs[1:][inside], way_of_ref[:-1][inside]


def network_of_segments(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    tails: NDArray[np.integer],
    heads: NDArray[np.integer],
    length_m: NDArray[np.float64],
    way: NDArray[np.integer],
    ways: pd.DataFrame,
    crs: pyproj.CRS,
) -> Network:
    """
    Lay the two arcs of each segment side by side.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n_nodes,)
        Places of the nodes [m].
    tails, heads : numpy.ndarray, shape (n_segments,)
        Nodes at which each segment starts and ends, in the direction of its way.
    length_m : numpy.ndarray, shape (n_segments,)
        Length of each segment [m].
    way : numpy.ndarray, shape (n_segments,)
        Position of each segment's way in ``ways``; -1 for none.
    ways : pandas.DataFrame
        Ways as in ``Roads``.
    crs : pyproj.CRS
        Projected system of the coordinates.

    Returns
    -------
    Network
        With twice as many arcs as there are segments.
    """
    both = np.empty((2, 2 * len(tails)), dtype=np.int32)
    both[0, 0::2], both[0, 1::2] = tails, heads
    both[1, 0::2], both[1, 1::2] = heads, tails
    return Network(
        x=x,
        y=y,
        tails=both[0],
        heads=both[1],
        length_m=np.repeat(length_m, 2),
        way=np.repeat(way.astype(np.int32), 2),
        forward=np.tile(np.array([True, False]), len(tails)),
        ways=ways,
        crs=crs,
    )


def segment_mask(network: Network, usable: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """
    Say which segments can be used in at least one direction.

    Parameters
    ----------
    network : Network
        The network.
    usable : numpy.ndarray of bool, shape (n_arcs,), or None
        Arcs that the mode may use; None: all.

    Returns
    -------
    numpy.ndarray of bool, shape (n_segments,)
        True where one of the two arcs is usable.
    """
    if usable is None:
        return np.ones(network.n_arcs // 2, dtype=bool)
    return np.asarray(usable[0::2] | usable[1::2])


def component_labels(network: Network, usable: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
    """
    Number the connected parts of the network, one-ways taken as passable both ways.

    Parameters
    ----------
    network : Network
        The network.
    usable : numpy.ndarray of bool, shape (n_arcs,), optional
        Arcs that the mode may use; all where not given.

    Returns
    -------
    numpy.ndarray of int32, shape (n_nodes,)
        Number of the part each node lies in; a node that no usable arc touches is a part of its own.
    """
    kept = segment_mask(network, usable)
    tails, heads = network.tails[0::2][kept], network.heads[0::2][kept]
    graph = sparse.coo_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(network.n_nodes,) * 2)
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, dtype=np.int32)


def network_summary(network: Network, usable: NDArray[np.bool_] | None = None) -> NetworkSummary:
    """
    Count what a mode finds: nodes, segments, kilometres by class, connected parts.

    Parameters
    ----------
    network : Network
        The network.
    usable : numpy.ndarray of bool, shape (n_arcs,), optional
        Arcs that the mode may use; all where not given.

    Returns
    -------
    NetworkSummary
        Of the usable segments and their end nodes alone.
    """
    kept = segment_mask(network, usable)
    tails, heads = network.tails[0::2][kept], network.heads[0::2][kept]
    km = network.length_m[0::2][kept] / 1000
    classes = pd.Series(["", *network.ways["highway"]]).iloc[network.way[0::2][kept] + 1]
    by_class = pd.Series(km).groupby(classes.to_numpy()).sum()
    by_class = by_class.rename("km").rename_axis("highway").sort_index().sort_values(ascending=False, kind="stable")
    labels = component_labels(network, usable)[tails]
    by_part = np.bincount(labels, weights=km) if len(labels) else np.zeros(1)
    total = float(km.sum())
    return NetworkSummary(
        nodes=len(np.unique(np.concatenate([tails, heads]))),
        segments=len(tails),
        km=total,
        km_by_class=by_class,
        components=len(np.unique(labels)),
        largest_share=float(by_part.max() / total) if total else 0.0,
    )
