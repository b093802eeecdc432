"""
The least that has to be added so that an indicator is spread evenly enough: the lowest schools are raised to one level.

With shares p of the pupils, values X for each pupil and their mean m, the coefficient is at most L where the mean of the
squares is at most (1 + L²) m². What is added in all is the number of pupils times the rise of m, so that the least sum is the
least mean that can be reached. For a given mean, and no school taken anything from, the mean of the squares is least where
all schools below a level w are raised to w (the optimality conditions of a convex problem). Along w the coefficient only
falls: its logarithm has the derivative 2F (w / mean of squares - 1 / mean) <= 0, F being the share of pupils below w, since
no value lies below w. So the least level that keeps the limit is found by halving, and nothing less would do.

References
----------
.. [1] S. Boyd and L. Vandenberghe, Convex Optimization, 2004, section 5.5.3 (water filling).
   https://doi.org/10.1017/CBO9780511804441
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planning.access import cv
from planning.errors import SchemaError, msg

__all__ = ["level_up", "level_up_whole", "whole_up"]

Floats = npt.NDArray[np.float64]
_MOST_ROUNDS = 100_000
#: A coefficient keeps its limit up to this factor, as in the table of balance.
_NEARLY = 1 - 1e-9


def level_up(totals: npt.ArrayLike, pupils: npt.ArrayLike, limit: float) -> Floats:
    """
    Find the least additions after which the pupil-weighted coefficient of variation keeps a limit.

    Parameters
    ----------
    totals : array_like of float, shape (n_schools,)
        What each school has, 0 or more; not all 0.
    pupils : array_like of float, shape (n_schools,)
        Its pupils, above 0 [pupils].
    limit : float
        Largest coefficient, 0 or more, inclusive [1].

    Returns
    -------
    numpy.ndarray, shape (n_schools,)
        What each school needs more, in the unit of ``totals``; all 0 where the limit is kept. No other additions with a
        smaller sum keep the limit, up to the arithmetic.

    Raises
    ------
    SchemaError
        If the limit is negative or not a number, or the tables are none that have a coefficient.

    Examples
    --------
    >>> level_up([100, 300], [100, 100], 0.25).round(6).tolist()  # 1.8 and 3 for each pupil: mean 2.4, spread 0.6
    [80.0, 0.0]
    """
    if not limit >= 0:
        raise SchemaError(msg("The limit of a coefficient of variation must be 0 or more, not {value}.", value=limit))
    has, count = np.asarray(totals, dtype=np.float64), np.asarray(pupils, dtype=np.float64)
    if cv(has, count) <= limit:
        return np.zeros(has.size)
    each = has / count
    low, high = float(each.min()), float(each.max())
    while True:
        middle = low + (high - low) / 2
        if not low < middle < high:
            return np.asarray(np.maximum(high - each, 0.0) * count)
        if cv(np.maximum(each, middle) * count, count) <= limit:
            high = middle
        else:
            low = middle


def level_up_whole(totals: npt.ArrayLike, pupils: npt.ArrayLike, limit: float) -> Floats:
    """
    Find additions in whole units after which the coefficient keeps a limit.

    The least additions are rounded up; where that alone does not keep the limit, the school with the least for each pupil
    gets one more unit, again and again.

    Parameters
    ----------
    totals : array_like of float, shape (n_schools,)
        What each school has, 0 or more; not all 0.
    pupils : array_like of float, shape (n_schools,)
        Its pupils, above 0 [pupils].
    limit : float
        Largest coefficient, 0 or more, inclusive [1].

    Returns
    -------
    numpy.ndarray, shape (n_schools,)
        Whole numbers in the unit of ``totals``.
    """
    has, count = np.asarray(totals, dtype=np.float64), np.asarray(pupils, dtype=np.float64)
    more = whole_up(level_up(has, count, limit))
    for _ in range(_MOST_ROUNDS if limit > 0 else 0):
        if cv(has + more, count) * _NEARLY <= limit:
            break
        more[np.argmin((has + more) / count)] += 1
    return more


def whole_up(amounts: npt.ArrayLike) -> Floats:
    """
    Round up to whole units, but for what lies above one by no more than the arithmetic.

    Parameters
    ----------
    amounts : array_like of float
        Amounts.

    Returns
    -------
    numpy.ndarray
        Whole numbers.
    """
    given = np.asarray(amounts, dtype=np.float64)
    return np.asarray(np.ceil(given - 1e-9 * np.maximum(np.abs(given), 1.0)) + 0.0)
