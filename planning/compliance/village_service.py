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
    township: NDArray[np.object_] | pd.Categorical,
    pupils: NDArray[np.int64],
    network: NDArray[np.bool_],
    straight: NDArray[np.bool_],
) -> pd.DataFrame:
    """
    Share the children of a grade band who live within a limit, measured in both ways.

    Parameters
    ----------
    township : numpy.ndarray of str or pandas.Categorical, shape (n_places,)
        Where each place lies; "" where unknown. A categorical need not be sorted again for each band and limit.
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
    lies = pd.Categorical(township)
    names = ["", *(str(name) or "–" for name in lies.categories)]
    counted = [pupils, np.where(network, pupils, 0), np.where(straight, pupils, 0)]
    by_township = np.array([np.bincount(lies.codes, own, minlength=len(lies.categories)) for own in counted], np.int64)
    sums = np.column_stack([by_township.sum(axis=1), by_township])
    kept = sums[0] > 0
    kept[0] = True
    shares = sums[1:] / np.where(sums[0] > 0, sums[0], np.nan)
    columns = [np.array(names, dtype=object), *sums, *shares]
    return pd.DataFrame({name: column[kept] for name, column in zip(SERVICE_COLUMNS, columns, strict=True)})
