"""
Slope and walking: how much longer a child takes along each arc, up and down.

Tobler's hiking function gives the speed of a grown walker by slope; a child's speed on the flat scales it. Going there and
back is never quicker than on the flat, whatever the ways taken: the time of an arc is convex in its slope, so that it
lies above its tangent at slope 0, and what the tangent adds uphill it takes downhill. This holds for a long arc cut into
pieces, too, since the heights along any round add up to nothing.

Slope counts for those who walk; who rides or is driven is taken to go at the same speed up and down.

References
----------
.. [1] W. Tobler, Three presentations on geographical analysis and modeling, NCGIA Technical Report 93-1, 1993.
   https://escholarship.org/uc/item/05r820mz
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

from planning.network.build import Network
from planning.network.ground import is_open_ground

__all__ = ["OFF_PATH", "SAMPLE_M", "node_heights", "slope_factor", "tobler_kmh", "walking_factor"]

Elevation = Callable[[NDArray[np.float64]], NDArray[np.floating]]
Floats = NDArray[np.float64]

OFF_PATH = 0.6
"""Speed over open ground as a share of that on a path [1]_."""

SAMPLE_M = 60.0
"""Longest piece of a straight road over which one slope counts: two pixels of a 1-arc-second raster [m]."""

_SHORTEST_M = 1e-3  # gives an arc of no length a place in a solve
_TOP_KMH, _DECAY, _EASIEST = 6.0, 3.5, -0.05


def tobler_kmh(slope: ArrayLike) -> NDArray[np.float64]:
    r"""
    Give the walking speed on a path by Tobler's hiking function.

    .. math:: W = 6 e^{-3.5 |S + 0.05|}

    Parameters
    ----------
    slope : array_like
        Rise over horizontal run, negative downhill [-].

    Returns
    -------
    numpy.ndarray
        Speed along the horizontal [km/h].

    Examples
    --------
    >>> tobler_kmh([-0.1, -0.05, 0.0, 0.1, 0.2]).round(2).tolist()
    [5.04, 6.0, 5.04, 3.55, 2.5]
    """
    return np.asarray(_TOP_KMH * np.exp(-_DECAY * np.abs(np.asarray(slope, dtype=float) - _EASIEST)))


def slope_factor(slope: ArrayLike) -> NDArray[np.float64]:
    """
    Say by how much a slope lengthens the time of a walk, whoever walks.

    Parameters
    ----------
    slope : array_like
        Rise over horizontal run, negative downhill [-]; NaN where heights are not known.

    Returns
    -------
    numpy.ndarray
        Time on the slope over time on the flat, 0.84 or more [-]; 1 where the slope is not known.

    Examples
    --------
    >>> slope_factor([0.0, 0.2]).round(2).tolist()
    [1.0, 2.01]
    """
    factor = tobler_kmh(0.0) / tobler_kmh(slope)
    return np.where(np.isnan(factor), 1.0, factor)


def node_heights(network: Network, elevation: Elevation) -> Floats:
    """
    Give the height of each node of a network.

    Parameters
    ----------
    network : Network
        The network.
    elevation : callable
        Gives heights [m] of points, shape (n, 2); NaN where not known.

    Returns
    -------
    numpy.ndarray of float64, shape (n_nodes,)
        Height [m]: of the ground, but on bridges and in tunnels evenly from one end to the other; NaN where not known.
    """
    height = np.asarray(elevation(network.xy), dtype=float).copy()
    level = _is_level(network)[0::2]
    tails, heads = network.tails[0::2], network.heads[0::2]
    hangs = np.zeros(network.n_nodes, dtype=bool)
    hangs[tails[level]] = hangs[heads[level]] = True
    hangs[tails[~level]] = hangs[heads[~level]] = False
    height[hangs] = np.nan
    conducts = 1.0 / np.maximum(network.length_m[0::2][level], _SHORTEST_M)
    one, other = np.append(tails[level], heads[level]), np.append(heads[level], tails[level])
    links = sparse.csr_array((np.tile(conducts, 2), (one, other)), shape=(network.n_nodes,) * 2)
    # only what hangs on known ends: a bridge that leads nowhere, or beyond the raster, stays unknown
    _, part = sparse.csgraph.connected_components(links, directed=False)
    ends = np.isfinite(height)
    has_end = np.zeros(int(part.max(initial=-1)) + 1, dtype=bool)
    has_end[part[ends]] = True
    free = np.flatnonzero(hangs & has_end[part])
    known = np.flatnonzero(ends & (links.sum(axis=1) > 0))
    if len(free):
        within, out = links[free][:, free], links[free][:, known]
        pull: Floats = np.asarray(within.sum(axis=1)).ravel() + np.asarray(out.sum(axis=1)).ravel()
        height[free] = spsolve(sparse.csc_array(sparse.diags_array(pull) - within), out @ height[known])
    return height


def walking_factor(network: Network, elevation: Elevation | None) -> Floats:
    """
    Say by how much slope and open ground lengthen the time of a walk along each arc.

    Parameters
    ----------
    network : Network
        Roads, and open ground where there is any.
    elevation : callable or None
        Gives heights [m] of points, shape (n, 2); NaN where not known. None: only open ground counts.

    Returns
    -------
    numpy.ndarray of float64, shape (n_arcs,)
        Time over the time on a level path [-]; of a long arc the mean over pieces of at most ``SAMPLE_M``. An arc
        whose height is not known at an end is level.
    """
    off_path = np.where(is_open_ground(network), 1.0 / OFF_PATH, 1.0)
    if elevation is None:
        return off_path
    height, length_m = node_heights(network, elevation), network.length_m[0::2]
    tails, heads = network.tails[0::2], network.heads[0::2]
    pieces = np.maximum(np.ceil(length_m / SAMPLE_M).astype(np.int64), 1)
    pieces[_is_level(network)[0::2] | (length_m == 0)] = 1
    of = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[of]
    # the height at the beginning of each piece: in between that of the ground where it is known
    straight = height[tails[of]] + share * (height[heads[of]] - height[tails[of]])
    inside = np.flatnonzero(share > 0)
    begin, end = network.xy[tails[of[inside]]], network.xy[heads[of[inside]]]
    ground = np.asarray(elevation(begin + share[inside, None] * (end - begin)), dtype=float)
    at = straight.copy()
    at[inside] = np.where(np.isfinite(ground), ground, straight[inside])
    last = np.cumsum(pieces) - 1
    after = np.append(at[1:], np.nan)
    after[last] = height[heads]
    run = length_m[of] / pieces[of]
    slope = np.divide(after - at, run, out=np.zeros(len(of)), where=run > 0)
    factor = np.empty(network.n_arcs)
    begins = last - pieces + 1
    for side, way in ((0, slope), (1, -slope)):
        factor[side::2] = np.add.reduceat(slope_factor(way), begins) / pieces if len(pieces) else 1.0
    return factor * off_path


def _is_level(network: Network) -> NDArray[np.bool_]:
    """Say which arcs do not follow the ground."""
    level = (network.ways["bridge"].astype(bool) | network.ways["tunnel"].astype(bool)).to_numpy(dtype=bool)
    return np.append(level, False)[network.way]
