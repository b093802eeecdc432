"""
Iterative proportional fitting: a table scaled until its rows and columns have the sums that are known.

Rows and columns are scaled in turn. Where that creeps, as it does where many zeros leave a table hardly connected, Newton's
method on the logarithms of the same factors goes the rest of the way: the answer is the same, since it is unique.

References
----------
.. [1] W. E. Deming, F. F. Stephan, Ann. Math. Stat. 11(4), 427-444, 1940. https://doi.org/10.1214/aoms/1177731829
.. [2] L. Rüschendorf, Ann. Stat. 23(4), 1160-1174, 1995 (convergence). https://doi.org/10.1214/aos/1176324703
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planning.errors import Names, SchemaError, msg

__all__ = ["Fitted", "fit_margins"]

TOLERANCE = 1e-10
"""Largest difference from a known sum, as a share of it, at which a table counts as fitted."""

_ROUNDS = 300  # of scaling in turn, before Newton's method is asked
_STEPS = 60


@dataclass(frozen=True)
class Fitted:
    """
    A table with known sums, and what it was multiplied by.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        The fitted table; what was 0 is 0.
    row_factor : pandas.Series, shape (n_rows,)
        Factor of each row; with ``column_factor`` they make the table out of the first one. The scale between the two
        is free: factors of columns have a mean of 1, weighted by the known sums.
    column_factor : pandas.Series, shape (n_columns,)
        Factor of each column.
    rounds : int
        Times that rows and columns were scaled in turn.
    """

    table: pd.DataFrame
    row_factor: pd.Series
    column_factor: pd.Series
    rounds: int


def fit_margins(table: pd.DataFrame, rows: pd.Series | None, columns: pd.Series | None) -> Fitted:
    """
    Scale a table to known sums of its rows, its columns or both.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_rows, n_columns)
        First guess, 0 or more, such as children by township and grade band.
    rows : pandas.Series or None
        Known sums on the index of ``table``; NaN where a row's is not known, None where none is.
    columns : pandas.Series or None
        Known sums on the columns of ``table``; likewise.

    Returns
    -------
    Fitted
        Sums of rows and columns agree with the known ones to 1e-9 of them.

    Raises
    ------
    SchemaError
        If the known sums contradict each other, or no table with these zeros can have them; rows and columns are named.
    """
    first = table.to_numpy(dtype=float)
    if not np.isfinite(first).all() or (first < 0).any():
        raise SchemaError(msg("Numbers of people must be 0 or more; correct the table of population."))
    row_sum, column_sum = _known(rows, table.index), _known(columns, table.columns)
    _check_sums(first, row_sum, column_sum, table)
    row_factor, column_factor, rounds = np.ones(len(first)), np.ones(first.shape[1]), 0
    with np.errstate(over="ignore", invalid="ignore"):  # factors of what cannot be fitted grow without end
        while rounds < _ROUNDS and _off(first, row_factor, column_factor, row_sum, column_sum) > TOLERANCE:
            row_factor *= _step(first @ column_factor * row_factor, row_sum)
            column_factor *= _step(row_factor @ first * column_factor, column_sum)
            rounds += 1
        if _off(first, row_factor, column_factor, row_sum, column_sum) > TOLERANCE:
            row_factor, column_factor = _newton(first, row_factor, column_factor, row_sum, column_sum)
        fitted = row_factor[:, None] * first * column_factor
        off = _off(first, row_factor, column_factor, row_sum, column_sum)
    if not off <= 10 * TOLERANCE:
        worst = int(np.argmax(np.nan_to_num(np.abs(fitted.sum(axis=1) - row_sum))))
        raise SchemaError(
            msg("No table with zeros where this one has them has the sums that are known; the farthest from its sum is {row}: {found:.1f}, not {known:.1f}. Correct the sums, or put a small number where a 0 stands by mistake.",
                row=str(table.index[worst]), found=float(fitted[worst].sum()), known=float(row_sum[worst]))
        )  # fmt: skip
    sums = fitted.sum(axis=0)
    scale = float(sums @ column_factor / sums.sum()) if sums.sum() > 0 else 1.0
    return Fitted(
        pd.DataFrame(fitted, index=table.index, columns=table.columns),
        pd.Series(row_factor * scale, index=table.index, name="factor"),
        pd.Series(column_factor / scale, index=table.columns, name="factor"),
        rounds,
    )


def _known(sums: pd.Series | None, labels: pd.Index) -> np.ndarray:
    """Known sums in the order of the labels, NaN where not known."""
    if sums is None:
        return np.full(len(labels), np.nan)
    strange = [str(label) for label in sums.index if label not in labels]
    if strange:
        raise SchemaError(msg("Known sums are given for {names}, which the table does not have.", names=Names(strange)))
    known = sums.reindex(labels).to_numpy(dtype=float)
    if (known < 0).any() or np.isinf(known).any():
        raise SchemaError(msg("Numbers of people must be 0 or more; correct the table of population."))
    return known


def _check_sums(first: np.ndarray, row_sum: np.ndarray, column_sum: np.ndarray, table: pd.DataFrame) -> None:
    """Refuse sums that cannot be met whatever is scaled."""
    for found, known, labels in (
        (first.sum(axis=1), row_sum, table.index),
        (first.sum(axis=0), column_sum, table.columns),
    ):
        empty = [str(labels[int(place)]) for place in np.flatnonzero((known > 0) & (found <= 0))]
        if empty:
            raise SchemaError(
                msg("{names}: a number above 0 is known, but the table has nobody there to scale. Add them to the table, or correct the known number.",
                    names=Names(empty))
            )  # fmt: skip
    if not np.isnan(row_sum).any() and not np.isnan(column_sum).any():
        by_row, by_column = float(row_sum.sum()), float(column_sum.sum())
        if abs(by_row - by_column) > 1e-9 * max(by_row, by_column, 1.0):
            raise SchemaError(
                msg("The known sums contradict each other: by rows {by_row:.1f}, by columns {by_column:.1f}. Correct one of them.",
                    by_row=by_row, by_column=by_column)
            )  # fmt: skip


def _step(found: np.ndarray, known: np.ndarray) -> np.ndarray:
    """What rows or columns are multiplied by next; 1 where no sum is known or nothing is there."""
    factor = np.divide(known, found, out=np.ones_like(found), where=found > 0)
    return np.where(np.isnan(factor), 1.0, factor)


def _off(
    first: np.ndarray, row_factor: np.ndarray, column_factor: np.ndarray, row_sum: np.ndarray, column_sum: np.ndarray
) -> float:
    """Largest difference from a known sum, as a share of it; nan where factors grew beyond all numbers."""
    found = np.concatenate([first @ column_factor * row_factor, row_factor @ first * column_factor])
    known = np.concatenate([row_sum, column_sum])
    asked = ~np.isnan(known)
    return float(np.max(np.abs(found - known)[asked] / np.maximum(known[asked], 1.0), initial=0.0))


def _newton(
    first: np.ndarray, row_factor: np.ndarray, column_factor: np.ndarray, row_sum: np.ndarray, column_sum: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """
    Find the logarithms of the factors that are free by Newton's method, each step as long as it pays.

    The sums are the slope of a convex function of these logarithms: a step pays where that falls, even if one sum is farther off.
    """
    n_rows = len(row_factor)
    known = np.concatenate([row_sum, column_sum])
    factor = np.concatenate([row_factor, column_factor])
    free = np.flatnonzero(~np.isnan(known) & (factor > 0) & (np.nan_to_num(known) > 0))
    off = _off(first, row_factor, column_factor, row_sum, column_sum)
    for _ in range(_STEPS):
        table = factor[:n_rows, None] * first * factor[n_rows:]
        sums = np.concatenate([table.sum(axis=1), table.sum(axis=0)])
        if off <= TOLERANCE or not np.isfinite(sums).all():
            break
        slope = np.diag(sums)
        slope[:n_rows, n_rows:], slope[n_rows:, :n_rows] = table, table.T
        step = np.zeros_like(factor)
        step[free] = np.linalg.lstsq(slope[np.ix_(free, free)], (known - sums)[free], rcond=1e-14)[0]
        height = table.sum() - known[free] @ np.log(factor[free])
        length = 1.0
        while length > 1e-4:
            tried = factor * np.exp(np.clip(length * step, -30, 30))
            found = _off(first, tried[:n_rows], tried[n_rows:], row_sum, column_sum)
            lower = tried[:n_rows] @ first @ tried[n_rows:] - known[free] @ np.log(tried[free])
            if found < off or lower < height - 1e-9 * abs(height):
                break
            length /= 2
        else:
            break
        factor, off = tried, found
    return factor[:n_rows], factor[n_rows:]
