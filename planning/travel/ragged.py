"""Small vectorised steps over ragged arrays: rows of unequal length laid end to end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["minimum_of_rows", "offsets_of", "ragged_range"]


def ragged_range(first: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Lay the ranges ``first[i] … first[i] + count[i] - 1`` end to end.

    Parameters
    ----------
    first : numpy.ndarray, shape (n,)
        Where each range begins.
    count : numpy.ndarray, shape (n,)
        How long each range is; 0 is allowed.

    Returns
    -------
    numpy.ndarray, shape (sum of count,)
        The ranges, one after another.

    Examples
    --------
    >>> ragged_range(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    ends = np.cumsum(count)
    return np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) + np.repeat(first - ends + count, count)


def offsets_of(row: NDArray[np.integer], n_rows: int) -> NDArray[np.int64]:
    """
    Say where each row begins in items that are sorted by row.

    Parameters
    ----------
    row : numpy.ndarray, shape (n_items,)
        The row of each item.
    n_rows : int
        How many rows there are; some may be empty.

    Returns
    -------
    numpy.ndarray, shape (n_rows + 1,)
        Row ``r`` is ``offsets[r]:offsets[r + 1]``.
    """
    offsets = np.zeros(n_rows + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=n_rows), out=offsets[1:])
    return offsets


def minimum_of_rows(values: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """
    Take the least value of each row.

    Parameters
    ----------
    values : numpy.ndarray, shape (n_items,)
        Values, row after row.
    offsets : numpy.ndarray, shape (n_rows + 1,)
        Where each row begins.

    Returns
    -------
    numpy.ndarray, shape (n_rows,)
        The least values; inf for an empty row.
    """
    least = np.full(len(offsets) - 1, np.inf)
    # reduceat has no notion of an empty row, so only the others are given to it
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled):
        least[filled] = np.minimum.reduceat(values, offsets[filled])
    return least
