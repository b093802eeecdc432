"""
Slope and walking: how long a child takes along each arc, up and down.

Tobler's hiking function gives the speed of a grown walker by slope; a child's speed on the flat scales it. Going there and
back over the same ground is never quicker than on the flat, whatever the ways taken: the time of an arc is convex in its
slope, so that it lies above its tangent at slope 0, and what the tangent adds uphill it takes downhill.

References
----------
.. [1] W. Tobler, Three presentations on geographical analysis and modeling, NCGIA Technical Report 93-1, 1993.
   https://escholarship.org/uc/item/05r820mz
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import NetworkError, msg
from planning.network.build import Network

__all__ = ["OFF_PATH", "arc_slopes", "slope_factor", "tobler_kmh"]

OFF_PATH = 0.6
"""Speed over open ground as a share of that on a path [1]_."""

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


def arc_slopes(network: Network, elevation_m: NDArray[np.floating]) -> NDArray[np.float64]:
    """
    Give the slope of each arc from the heights of its ends.

    Parameters
    ----------
    network : Network
        The network.
    elevation_m : numpy.ndarray, shape (n_nodes,)
        Height of each node [m]; NaN where it is not known.

    Returns
    -------
    numpy.ndarray, shape (n_arcs,)
        Rise over length in the arc's direction [-]; 0 on arcs of no length and on bridges and in tunnels, which do not follow
        the ground; NaN where a height is not known.

    Raises
    ------
    NetworkError
        If there is not one height for each node.
    """
    height = np.asarray(elevation_m, dtype=float)
    if height.shape != (network.n_nodes,):
        raise NetworkError(
            msg("{n} numbers are needed, one for each, not an array of shape {shape}.",
                n=network.n_nodes, shape=str(height.shape))
        )  # fmt: skip
    rise = height[network.heads] - height[network.tails]
    slope: NDArray[np.float64] = np.divide(
        rise, network.length_m, out=np.zeros(network.n_arcs), where=network.length_m > 0
    )
    level = (network.ways["bridge"] | network.ways["tunnel"]).to_numpy(dtype=bool)
    slope[np.append(level, False)[network.way]] = 0.0
    return slope
