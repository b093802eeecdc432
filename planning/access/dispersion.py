"""How unevenly means are spread over schools: the official coefficient of variation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planning.errors import SchemaError, msg

__all__ = ["cv"]


def cv(values_total: ArrayLike, pupils: ArrayLike) -> float:
    r"""
    Compute the pupil-weighted coefficient of variation by which balance between schools is inspected.

    With :math:`x_i` of something in school i and :math:`P_i` pupils, the mean is
    :math:`m = \sum x_i / \sum P_i`, the spread :math:`s = \sqrt{\sum P_i (x_i / P_i - m)^2 / \sum P_i}`, and the result
    :math:`s / m`.

    Parameters
    ----------
    values_total : array_like, shape (n_schools,)
        Total of each school, not per pupil: books, teachers, square metres. 0 or more.
    pupils : array_like, shape (n_schools,)
        Pupils of each school, above 0 [pupils]. If both are Series, they must have the same index.

    Returns
    -------
    float
        Coefficient of variation [1].

    Raises
    ------
    SchemaError
        If a school has no pupils, a number is missing or negative, the lengths differ or every total is 0.

    References
    ----------
    .. [1] Ministry of Education of China, measures for inspecting the balanced development of compulsory education in
       counties, 2012 and 2017, annex on the coefficient of variation.

    Examples
    --------
    >>> round(cv([279, 137, 935, 160, 402], [45, 37, 89, 76, 55]), 5)
    0.51526
    """
    if (
        isinstance(values_total, pd.Series)
        and isinstance(pupils, pd.Series)
        and not values_total.index.equals(pupils.index)
    ):
        raise SchemaError(msg("Totals and pupils name different schools, or name them in another order."))
    totals = _column(values_total)
    weights = _column(pupils)
    if totals.shape != weights.shape:
        raise SchemaError(msg("There are {n} totals but {m} numbers of pupils.", n=totals.size, m=weights.size))
    if totals.size == 0:
        raise SchemaError(msg("A coefficient of variation needs at least one school."))
    if not np.isfinite(totals).all() or (totals < 0).any():
        raise SchemaError(
            msg(
                "Totals must be numbers of 0 or more; school number {n} has none.",
                n=_first(~(totals >= 0) | np.isinf(totals)),
            )
        )
    if not np.isfinite(weights).all() or (weights <= 0).any():
        raise SchemaError(
            msg(
                "Every school needs pupils, for a mean per pupil is taken; school number {n} has none. Leave it out.",
                n=_first(~(weights > 0) | np.isinf(weights)),
            )
        )
    mean = totals.sum() / weights.sum()
    if mean == 0:
        raise SchemaError(msg("All totals are 0, so that nothing can vary about their mean."))
    spread = np.sqrt((weights * (totals / weights - mean) ** 2).sum() / weights.sum())
    return float(spread / mean)


def _column(values: ArrayLike) -> NDArray[np.float64]:
    """Read one column of numbers, or say that it is none."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SchemaError(
            msg("Totals and pupils must be numbers, without gaps: {reason}", reason=str(error))
        ) from error
    if numbers.ndim != 1:
        raise SchemaError(msg("Totals and pupils must be one number for each school."))
    return numbers


def _first(bad: NDArray[np.bool_]) -> int:
    """Give the number of the first bad school, counted from 1 as people do."""
    return int(np.flatnonzero(bad)[0]) + 1
