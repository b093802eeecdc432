"""How many children live within the limit of a school: on the network and in a straight line, by township and county."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SERVICE_COLUMNS", "service_shares"]

SERVICE_COLUMNS = ("township", "pupils", "within_network", "within_straight", "share_network", "share_straight")


def service_shares(
    township: NDArray[np.object_],
    pupils: NDArray[np.int64],
    network: NDArray[np.bool_],
    straight: NDArray[np.bool_],
) -> pd.DataFrame:
    """
    Share the children of a grade band who live within a limit, measured in both ways.

    Parameters
    ----------
    township : numpy.ndarray of str, shape (n_places,)
        Where each place lies; "" where unknown.
    pupils : numpy.ndarray of int64, shape (n_places,)
        Children of the band there, 0 or more [pupils].
    network : numpy.ndarray of bool, shape (n_places,)
        Whether the way along roads to the nearest school keeps the limit.
    straight : numpy.ndarray of bool, shape (n_places,)
        Whether the straight line to the nearest school keeps it.

    Returns
    -------
    pandas.DataFrame
        Columns ``SERVICE_COLUMNS``; the whole county first, with an empty township, then the townships by name. Shares
        are NaN where no children live.
    """
    table = pd.DataFrame(
        {
            "township": township.astype(object),
            "pupils": pupils,
            "within_network": np.where(network, pupils, 0),
            "within_straight": np.where(straight, pupils, 0),
        }
    )
    sums = table.groupby("township", sort=True)[["pupils", "within_network", "within_straight"]].sum().reset_index()
    sums["township"] = sums["township"].replace("", "–")
    whole = pd.DataFrame([{"township": "", **{name: int(table[name].sum()) for name in sums.columns[1:]}}])
    found = pd.concat([whole, sums[sums["pupils"] > 0]], ignore_index=True)
    total = found["pupils"].where(found["pupils"] > 0).astype(float)
    for measure in ("network", "straight"):
        found[f"share_{measure}"] = found[f"within_{measure}"] / total
    return found[list(SERVICE_COLUMNS)]
