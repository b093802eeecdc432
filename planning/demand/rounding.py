"""Fractions of children to whole ones, with every total kept: by largest remainder, and for tables in rows and columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.optimize import linprog

from planning.errors import SchemaError, msg

__all__ = ["largest_remainder", "round_table", "round_to_totals", "round_with_sums"]

_GOLDEN = (5**0.5 - 1) / 2


def largest_remainder(weights: ArrayLike, total: ArrayLike, *, groups: ArrayLike | None = None) -> NDArray[np.int64]:
    """
    Divide a whole number in proportion to weights so that the parts add up to it.

    Every part is its quota rounded down, and those with the largest fractions get one more. Of equal fractions the earlier
    one gets it, so callers sort by id. A weight of 0 gets nothing.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights, 0 or more.
    total : array_like
        What to divide: one whole number, or with ``groups`` one for each group, shape (n_groups,).
    groups : array_like of int, shape (n,), optional
        Group of each weight, from 0; each group divides its own total.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Whole parts.

    Raises
    ------
    SchemaError
        If a weight is negative or not finite, a total is negative, or a total has no weight to go to.

    Examples
    --------
    >>> largest_remainder([1, 1, 1], 100).tolist()
    [34, 33, 33]
    """
    weight = np.asarray(weights, dtype=float).ravel()
    group = np.zeros(len(weight), dtype=np.int64) if groups is None else np.asarray(groups, dtype=np.int64).ravel()
    totals = np.atleast_1d(np.asarray(total)).astype(np.int64)
    if not np.isfinite(weight).all() or (weight < 0).any() or (totals < 0).any():
        raise SchemaError(msg("Numbers of people must be 0 or more; correct the table of population."))
    sums = np.bincount(group, weights=weight, minlength=len(totals))
    if ((sums <= 0) & (totals > 0)).any():
        raise SchemaError(
            msg(
                "{n} pupils have no place to live in: the population where they were counted is 0.",
                n=int(totals[sums <= 0].sum()),
            )
        )
    portion = weight / np.where(sums > 0, sums, 1.0)[group]
    return round_to_totals(portion * totals[group], totals, groups=group)


def round_to_totals(
    quotas: NDArray[np.float64],
    totals: NDArray[np.int64],
    *,
    groups: NDArray[np.int64],
    spread: bool = False,
    most: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """
    Round quotas down or up so that each group adds up to its total.

    Parameters
    ----------
    quotas : numpy.ndarray, shape (n,)
        What each would get if children could be divided; a group's quotas add up to within 1 of its total.
    totals : numpy.ndarray of int64, shape (n_groups,)
        Whole totals.
    groups : numpy.ndarray of int64, shape (n,)
        Group of each quota, from 0.
    spread : bool
        Of equal fractions take the earlier one (False), or places scattered over the group (True): where all cells
        have the same fraction, as when a band is half of a stage, the north of a township must not get all of one band.
    most : numpy.ndarray of int64, shape (n,), optional
        Most that each may get. Where floors and ceilings cannot make up a total, others between 0 and this do.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        Each the quota's floor or its ceiling, but for what ``most`` says.
    """
    quotas = np.round(quotas, 9)  # 2.9999999999 is 3, on every machine
    floor = np.floor(quotas)
    fraction = np.round(quotas - floor, 9)
    missing = totals - np.bincount(groups, weights=floor, minlength=len(totals)).astype(np.int64)
    tie = (np.arange(len(quotas)) * _GOLDEN) % 1.0 if spread else np.arange(len(quotas), dtype=float)
    order = np.lexsort((tie, -fraction, groups))
    starts = np.searchsorted(groups[order], np.arange(len(totals)))
    rank = np.empty(len(quotas), dtype=np.int64)
    rank[order] = np.arange(len(quotas)) - starts[groups[order]]
    whole = (floor + ((rank < missing[groups]) & (fraction > 0))).astype(np.int64)
    return whole if most is None else _settled(whole, totals, groups=groups, most=most, order=order)


def _settled(
    whole: NDArray[np.int64],
    totals: NDArray[np.int64],
    *,
    groups: NDArray[np.int64],
    most: NDArray[np.int64],
    order: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Give or take the few pupils that a group still lacks or has too many, one a cell and round."""
    lacking = totals - np.bincount(groups, weights=whole, minlength=len(totals)).astype(np.int64)
    for group in np.flatnonzero(lacking):
        members, left = order[groups[order] == group], int(lacking[group])
        while left:
            able = members[whole[members] < most[members]] if left > 0 else members[whole[members] > 0]
            chosen = able[: abs(left)]
            if not len(chosen):
                break
            whole[chosen] += np.sign(left)
            left -= int(np.sign(left)) * len(chosen)
    return whole


def round_table(table: pd.DataFrame) -> pd.DataFrame:
    """
    Round each number down or up so that rows and columns keep their sums.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        Numbers, 0 or more.

    Returns
    -------
    pandas.DataFrame, shape (n_rows, n_columns)
        Whole numbers as floats, each the floor or the ceiling of its own; so are the sums of rows and columns, and those
        that were whole stay what they were.

    References
    ----------
    .. [1] L. H. Cox, J. Am. Stat. Assoc. 82(398), 520-524, 1987 (such a table always exists where sums are whole).
       https://doi.org/10.1080/01621459.1987.10478456

    Examples
    --------
    >>> round_table(pd.DataFrame([[0.5, 1.5], [0.5, 0.5]])).to_numpy().tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    values = np.round(table.to_numpy(dtype=float), 6)
    # A row and a column more take what sums lack of a whole number: then all sums are whole, and a rounding exists.
    right = np.ceil(np.round(values.sum(axis=1), 5)) - values.sum(axis=1)
    below = np.ceil(np.round(values.sum(axis=0), 5)) - values.sum(axis=0)
    full = np.block([[values, right[:, None]], [below[None, :], np.zeros((1, 1))]])
    full[-1, -1] = np.ceil(np.round(below.sum(), 5)) - below.sum()
    full = np.maximum(np.where(np.abs(full - np.round(full)) < 1e-5, np.round(full), full), 0.0)
    floor = np.floor(full)
    open_ = full > floor
    rows, columns = (np.round((full - floor).sum(axis=axis)).astype(np.int64) for axis in (1, 0))
    up = np.zeros_like(open_)
    for row in range(len(full)):
        for _ in range(int(rows[row])):
            _raise_one(row, up, open_, columns)
    return pd.DataFrame((floor + up)[:-1, :-1], index=table.index, columns=table.columns)


def round_with_sums(table: NDArray[np.float64], sums: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """
    Round each number down or up so that columns have given sums and rows keep theirs, with the least change in all.

    A linear program whose corners are whole, since rows and columns are those of a network.

    Parameters
    ----------
    table : numpy.ndarray, shape (n_rows, n_columns)
        Numbers, 0 or more; those that are whole stay.
    sums : numpy.ndarray of int64, shape (n_columns,)
        Whole sums of the columns.

    Returns
    -------
    numpy.ndarray of int64, shape (n_rows, n_columns)
        Each number its floor or its ceiling, and so is the sum of each row; None where there is no such table.

    Examples
    --------
    >>> round_with_sums(np.array([[28.4, 36.0], [130.0, 19.4]]), np.array([158, 56])).tolist()
    [[28, 36], [130, 20]]
    """
    n_rows, n_columns = table.shape
    values = np.where(np.abs(table - np.round(table)) < 1e-6, np.round(table), table)
    of_row = values.sum(axis=1)
    of_row = np.where(np.abs(of_row - np.round(of_row)) < 1e-6, np.round(of_row), of_row)
    floor = np.floor(values)
    fraction = values - floor
    rows = sparse.kron(sparse.eye_array(n_rows), np.ones((1, n_columns)))
    columns = sparse.kron(np.ones((1, n_rows)), sparse.eye_array(n_columns))
    base = floor.sum(axis=1)
    answer = linprog(  # type: ignore[call-overload]  # sparse constraints are taken, its stubs do not say so
        (1 - 2 * fraction).ravel() + 1e-6 * np.arange(table.size) / table.size,  # of equal fractions the earlier
        A_ub=sparse.vstack([rows, -rows]),
        b_ub=np.concatenate([np.ceil(of_row) - base, base - np.floor(of_row)]),
        A_eq=columns,
        b_eq=sums - floor.sum(axis=0),
        bounds=np.column_stack([np.zeros(table.size), (fraction > 0).ravel()]),
        method="highs-ds",
    )
    if not answer.success:
        return None
    whole: NDArray[np.int64] = (floor + np.round(answer.x).reshape(table.shape)).astype(np.int64)
    return whole


def _raise_one(row: int, up: NDArray[np.bool_], open_: NDArray[np.bool_], lacking: NDArray[np.int64]) -> None:
    """Round one more number of a row up; where its columns are full, others give way along a shortest chain."""
    came_from: dict[int, tuple[int, int]] = {}  # column: the row that raises it, and the column which that row gives up
    queue = [(row, -1)]
    while queue:
        place, given_up = queue.pop(0)
        for column in np.flatnonzero(open_[place] & ~up[place]).tolist():
            if column in came_from:
                continue
            came_from[column] = (place, given_up)
            if lacking[column] > 0:
                lacking[column] -= 1
                while column >= 0:
                    there, before = came_from[column]
                    up[there, column] = True
                    if before >= 0:
                        up[there, before] = False
                    column = before
                return
            queue += [(other, column) for other in np.flatnonzero(up[:, column]).tolist()]
