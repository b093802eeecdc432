"""Points come onto the network: to the nearest place on an edge, not to the nearest shape point."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from planning.errors import NetworkError, msg
from planning.network.build import Network, component_labels, network_of_segments, segment_mask

__all__ = ["MIN_COMPONENT_M", "NetworkPlace", "Snap", "point_on_network", "snap_to_network", "snappable_segments"]

logger = logging.getLogger(__name__)

MIN_COMPONENT_M = 2000.0
"""A connected part of the network shorter than this, unless it is the longest, is a fragment (a car park's aisles, a
footbridge mapped on its own): nobody goes to school along it, and nothing is snapped to it [m]. Tool default. An island with
a road network of its own is longer and keeps it."""

_SAME_PLACE_M = 1e-3  # a point this near to a node is at the node
_EQUALLY_NEAR_M = 1e-9  # differences below are rounding
_HALF_STEP_M = 8.0  # spacing of the search's samples along a road, halved; speed alone hangs on it
_LARGEST_BATCH = 2_000_000  # pairs of point and sample in memory at once


@dataclass(frozen=True)
class Snap:
    """
    Where each point came onto the network.

    Parameters
    ----------
    node : numpy.ndarray of int32, shape (n_points,)
        Node of each point; -1 where there is none (no usable road at all, or the point has no finite place).
    leg_m : numpy.ndarray of float64, shape (n_points,)
        Straight access leg from the point to its node [m]; inf where there is none.
    moved : numpy.ndarray of bool, shape (n_points,)
        True where a fragment of the network was nearer, and was passed over.
    """

    node: NDArray[np.int32]
    leg_m: NDArray[np.float64]
    moved: NDArray[np.bool_]


@dataclass(frozen=True)
class NetworkPlace:
    """
    A place on an edge, reached without touching the network.

    Parameters
    ----------
    arc : int
        The edge's arc in its way's own direction; its reverse is ``arc + 1``.
    tail, head : int
        Nodes at which that arc starts and ends.
    tail_m, head_m : float
        Lengths along the edge from the place to those two [m].
    leg_m : float
        Straight access leg from the point to the place [m].
    x, y : float
        The place [m].
    """

    arc: int
    tail: int
    head: int
    tail_m: float
    head_m: float
    leg_m: float
    x: float
    y: float


def snappable_segments(
    network: Network, usable: NDArray[np.bool_] | None = None, *, min_component_m: float = MIN_COMPONENT_M
) -> NDArray[np.bool_]:
    """
    Say which segments points may be snapped to: usable ones that do not lie in a fragment.

    Parameters
    ----------
    network : Network
        The network.
    usable : numpy.ndarray of bool, shape (n_arcs,), optional
        Arcs that the mode may use; all where not given.
    min_component_m : float
        Connected parts shorter than this are fragments, the longest part never is [m].

    Returns
    -------
    numpy.ndarray of bool, shape (n_segments,)
        Segment ``s`` has the arcs ``2 * s`` and ``2 * s + 1``.
    """
    kept = segment_mask(network, usable)
    if not kept.any():
        return kept
    part = component_labels(network, usable)[network.tails[0::2]]
    length_m = np.bincount(part[kept], weights=network.length_m[0::2][kept], minlength=int(part.max()) + 1)
    longest = part[kept][np.argmax(length_m[part[kept]])]  # of equal ones, the part of the lowest segment
    whole = length_m >= min_component_m
    whole[longest] = True
    return kept & whole[part]


def snap_to_network(
    network: Network,
    points_xy: ArrayLike,
    *,
    usable: NDArray[np.bool_] | None = None,
    min_component_m: float = MIN_COMPONENT_M,
) -> tuple[Network, Snap]:
    """
    Put a node on the edge nearest to each point.

    Of edges equally near, the lowest counts. A point within a millimetre of a node takes that node, and points that meet
    at one place of an edge share a node. The pieces of a split edge keep its way and direction, and their lengths add up to
    its own.

    Parameters
    ----------
    network : Network
        The network.
    points_xy : array_like, shape (n_points, 2)
        The points, in the network's system [m].
    usable : numpy.ndarray of bool, shape (n_arcs,), optional
        Arcs that may be snapped to, as those open on foot; all where not given.
    min_component_m : float
        Connected parts shorter than this, the longest excepted, are passed over [m].

    Returns
    -------
    Network
        A new network: the old nodes keep their numbers, new ones follow. Arc numbers change.
    Snap
        Node and access leg of each point.
    """
    points = _as_points(points_xy)
    kept = snappable_segments(network, usable, min_component_m=min_component_m)
    segment = _nearest_segment(network, points, kept)
    found = segment >= 0
    share, foot = _foot_of_perpendicular(network, points[found], segment[found])
    leg_m = np.full(len(points), np.inf)
    leg_m[found] = np.hypot(*(points[found] - foot).T)
    node = np.full(len(points), -1, dtype=np.int32)
    split, node[found] = _split_segments(network, segment[found], share)
    moved = _fragment_nearer(network, points, leg_m, segment_mask(network, usable) & ~kept)
    logger.info(
        "%d points snapped, %d nodes inserted, %d passed over a fragment, %d without a road",
        len(points), split.n_nodes - network.n_nodes, moved.sum(), (~found).sum(),
    )  # fmt: skip
    return split, Snap(node, leg_m, moved)


def point_on_network(
    network: Network, xy: tuple[float, float], *, segments: NDArray[np.bool_] | None = None
) -> NetworkPlace:
    """
    Find the place on the network nearest to one point, as for a click on the map.

    Parameters
    ----------
    network : Network
        The network, left as it is.
    xy : tuple of float
        The point [m].
    segments : numpy.ndarray of bool, shape (n_segments,), optional
        Segments to look at, as ``snappable_segments`` gives them (compute it once); all where not given.

    Returns
    -------
    NetworkPlace
        The nearest place; of edges equally near, the lowest counts.

    Raises
    ------
    NetworkError
        If no segment may be used, or the point has no finite place.
    """
    candidates = np.arange(network.n_arcs // 2) if segments is None else np.flatnonzero(segments)
    point = _as_points([xy])
    if not len(candidates) or not np.isfinite(point).all():
        raise NetworkError(msg("There is no road near this place that may be used. Choose another place."))
    share, foot = _foot_of_perpendicular(network, point, candidates)
    leg_m = np.hypot(*(point - foot).T)
    best = int(np.argmin(leg_m))
    arc = 2 * int(candidates[best])
    length_m = float(network.length_m[arc])
    return NetworkPlace(
        arc=arc,
        tail=int(network.tails[arc]),
        head=int(network.heads[arc]),
        tail_m=float(share[best]) * length_m,
        head_m=(1.0 - float(share[best])) * length_m,
        leg_m=float(leg_m[best]),
        x=float(foot[best, 0]),
        y=float(foot[best, 1]),
    )


def _as_points(points_xy: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(points_xy, dtype=float).reshape(-1, 2)


def _segment_ends(network: Network, segments: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tails, heads = network.tails[2 * segments], network.heads[2 * segments]
    return (
        np.column_stack([network.x[tails], network.y[tails]]),
        np.column_stack([network.x[heads], network.y[heads]]),
    )


def _nearest_segment(network: Network, points: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """
    Lowest of the segments nearest to each point; -1 where there is none.

    Exact: every segment is sampled at no more than ``2 * _HALF_STEP_M``, so the nearest segment has a sample within
    ``_HALF_STEP_M`` of the nearest distance. More and more of the nearest samples are tried until that ring is passed.
    (A tree of the segments' boxes, shapely's, takes minutes where points lie far from roads.)
    """
    nearest = np.full(len(points), -1, dtype=np.int64)
    candidates = np.flatnonzero(kept)
    left = np.flatnonzero(np.isfinite(points).all(axis=1))
    if not len(candidates):
        return nearest
    sample_xy, sample_of = _samples(network, candidates)
    tree = cKDTree(sample_xy)
    k = 4
    while len(left):
        k = min(k, len(sample_xy))
        unsure = []
        for part in np.array_split(left, -(-len(left) * k // _LARGEST_BATCH)):
            reach, sample = map(np.asarray, tree.query(points[part], k=np.arange(1, k + 1)))
            segment = sample_of[sample]
            _, foot = _foot_of_perpendicular(network, np.repeat(points[part], k, axis=0), segment.ravel())
            gap = np.repeat(points[part], k, axis=0) - foot
            distance = np.hypot(gap[:, 0], gap[:, 1]).reshape(segment.shape)
            least = distance.min(axis=1)
            equal = distance <= least[:, None] + _EQUALLY_NEAR_M
            nearest[part] = np.where(equal, segment, network.n_arcs).min(axis=1)
            if k < len(sample_xy):
                unsure.append(part[reach[:, -1] <= least + _HALF_STEP_M + _EQUALLY_NEAR_M])
        left = np.concatenate(unsure) if unsure else left[:0]
        k *= 4
    return nearest


def _samples(network: Network, segments: NDArray[np.integer]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points along segments, the middles of equal pieces of at most ``2 * _HALF_STEP_M``; and the segment of each."""
    start, end = _segment_ends(network, segments)
    length = np.hypot(*(end - start).T)
    pieces = np.maximum(np.ceil(length / (2 * _HALF_STEP_M)).astype(np.int64), 1)
    of = np.repeat(np.arange(len(segments)), pieces)
    rank = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (rank + 0.5) / pieces[of]
    return start[of] + share[:, None] * (end - start)[of], np.asarray(segments[of], dtype=np.int64)


def _foot_of_perpendicular(
    network: Network, points: NDArray[np.float64], segments: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give share of the segment passed, 0 to 1, and place of its point nearest to the given one."""
    start, end = _segment_ends(network, segments)
    along = end - start
    square = (along**2).sum(axis=1)
    dot = ((points - start) * along).sum(axis=1)
    share = np.clip(np.divide(dot, square, out=np.zeros_like(square), where=square > 0), 0.0, 1.0)
    at_end = share == 1.0  # start + 1 * along may miss the end by a rounding
    return share, np.where(at_end[:, None], end, start + share[:, None] * along)


def _fragment_nearer(
    network: Network, points: NDArray[np.float64], leg_m: NDArray[np.float64], fragment: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    segment = _nearest_segment(network, points, fragment)
    found = np.flatnonzero(segment >= 0)
    _, foot = _foot_of_perpendicular(network, points[found], segment[found])
    nearer = np.zeros(len(points), dtype=bool)
    nearer[found] = np.hypot(*(points[found] - foot).T) < leg_m[found] - _SAME_PLACE_M
    return nearer


def _split_segments(
    network: Network, segment: NDArray[np.int64], share: NDArray[np.float64]
) -> tuple[Network, NDArray[np.int32]]:
    """Insert a node at each (segment, share) that is not at a node; give the node of each."""
    tails, heads, length = network.tails[0::2], network.heads[0::2], network.length_m[0::2]
    node = np.full(len(segment), -1, dtype=np.int32)
    at_tail = share * length[segment] <= _SAME_PLACE_M
    at_head = ~at_tail & ((1.0 - share) * length[segment] <= _SAME_PLACE_M)
    node[at_tail], node[at_head] = tails[segment[at_tail]], heads[segment[at_head]]

    inside = np.flatnonzero(~at_tail & ~at_head)
    inside = inside[np.lexsort((share[inside], segment[inside]))]
    of, at = segment[inside], share[inside]
    # A new node begins where the segment changes, or a millimetre has been passed since the point before.
    new = np.ones(len(inside), dtype=bool)
    new[1:] = (np.diff(of) > 0) | (np.diff(at) * length[of[1:]] > _SAME_PLACE_M)
    node[inside] = network.n_nodes + np.cumsum(new) - 1
    of, at = of[new], at[new]

    # Segment s falls into pieces[s] pieces that lie where it lay; between them stand its inserted nodes in order.
    pieces = 1 + np.bincount(of, minlength=len(tails))
    of_piece = np.repeat(np.arange(len(tails)), pieces)
    # The k-th node inserted overall ends piece k + of: each
    # segment before has one piece more than it has inserted nodes.
    cut = np.arange(len(of)) + of
    inserted = network.n_nodes + np.arange(len(of))
    piece_tail, piece_head = tails[of_piece].astype(np.int32), heads[of_piece].astype(np.int32)
    piece_head[cut], piece_tail[cut + 1] = inserted, inserted
    begin, end = np.zeros(len(of_piece)), length[of_piece].astype(float)
    end[cut] = begin[cut + 1] = at * length[of]
    start_xy, end_xy = _segment_ends(network, of)
    xy = start_xy + at[:, None] * (end_xy - start_xy)
    pieced = network_of_segments(
        np.concatenate([network.x, xy[:, 0]]),
        np.concatenate([network.y, xy[:, 1]]),
        piece_tail,
        piece_head,
        end - begin,
        network.way[0::2][of_piece],
        network.ways,
        network.crs,
    )
    return pieced, node
