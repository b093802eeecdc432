"""Check costs, pupils and seats at the door of this layer, and bring costs into one form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.errors import SchemaError, msg

__all__ = ["cost_pairs", "whole_numbers"]

_COUNT_LIMIT = 2**53
"""Whole numbers above this are not exact in float64."""
_WORDS = {"costs": msg("costs"), "pupils": msg("pupils"), "seats": msg("seats")}


def cost_pairs(costs: Any) -> sparse.csr_array:
    """
    Bring costs into CSR form in which the stored entries are the pairs in reach.

    Parameters
    ----------
    costs : array_like or scipy sparse, shape (n_cells, n_schools)
        Cost of each pair, 0 or more; inf = not allowed. Of a sparse table the stored entries are the pairs in reach.

    Returns
    -------
    scipy.sparse.csr_array of float64, shape (n_cells, n_schools)
        Finite costs only, columns ascending; never the argument itself.

    Raises
    ------
    SchemaError
        If the table has not two dimensions, or holds NaN, a negative number or something that is no number.
    """
    if sparse.issparse(costs):
        given: Any = costs
        table: sparse.csr_array = sparse.csr_array(given).astype(np.float64, copy=True)
        if table.ndim != 2:
            raise SchemaError(
                msg("Costs must be a table of cells by schools; this one has {n} dimensions.", n=table.ndim)
            )
        table.sum_duplicates()
        _check_costs(table.data, np.repeat(np.arange(table.shape[0]), np.diff(table.indptr)), table.indices)
        allowed = np.isfinite(table.data)
        if not allowed.all():
            kept = np.concatenate(([0], np.cumsum(allowed)))[table.indptr]
            table = sparse.csr_array((table.data[allowed], table.indices[allowed], kept), shape=table.shape)
        return table
    dense = _numbers(costs, what="costs")
    if dense.ndim != 2:
        raise SchemaError(msg("Costs must be a table of cells by schools; this one has {n} dimensions.", n=dense.ndim))
    if dense.size and dense.min() >= 0 and dense.max() < np.inf:  # every pair in reach: no need to look at each
        n_cells, n_schools = dense.shape
        columns: NDArray[Any] = np.tile(np.arange(n_schools, dtype=np.int32), n_cells)
        starts = np.arange(0, dense.size + 1, n_schools, dtype=np.int32 if dense.size < 2**31 else np.int64)
        return sparse.csr_array((dense.flatten(), columns, starts), shape=dense.shape)
    bad = np.isnan(dense) | (dense < 0)
    if bad.any():
        rows, columns = np.nonzero(bad)
        _check_costs(dense[rows, columns], rows, columns)
    allowed = np.isfinite(dense)
    ends = np.concatenate(([0], np.cumsum(allowed.sum(axis=1)))).astype(np.int64)
    places = np.broadcast_to(np.arange(dense.shape[1], dtype=np.int32), dense.shape)
    return sparse.csr_array((dense[allowed], places[allowed], ends), shape=dense.shape)


def whole_numbers(values: ArrayLike, n: int, *, what: str, limitless: bool = False) -> NDArray[np.float64]:
    """
    Check that there are ``n`` whole numbers of 0 or more.

    Parameters
    ----------
    values : array_like, shape (n,)
        Pupils or seats.
    n : int
        How many there must be.
    what : str
        ``pupils`` or ``seats``, as the message says it.
    limitless : bool
        True where inf may stand for "no limit, or unknown".

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        The numbers, each whole or inf.

    Raises
    ------
    SchemaError
        If their number, or one of them, is not as it should be.
    """
    numbers = _numbers(values, what=what)
    if numbers.shape != (n,):
        raise SchemaError(
            msg(
                "{what}: {n} numbers are needed, one for each row or column of the costs; got shape {shape}.",
                what=_WORDS[what],
                n=n,
                shape=numbers.shape,
            )
        )
    limited = numbers if not limitless else numbers[~np.isposinf(numbers)]
    bad = ~np.isfinite(numbers) | (numbers < 0) | (numbers != np.floor(numbers))
    if limitless:
        bad &= ~np.isposinf(numbers)
    if bad.any():
        position = int(np.flatnonzero(bad)[0])
        if limitless:
            raise SchemaError(
                msg(
                    "{what} must be whole numbers of 0 or more, or inf where unknown; number {position} is {value}.",
                    what=_WORDS[what],
                    position=position,
                    value=float(numbers[position]),
                )
            )
        raise SchemaError(
            msg(
                "{what} must be whole numbers of 0 or more; number {position} is {value}.",
                what=_WORDS[what],
                position=position,
                value=float(numbers[position]),
            )
        )
    if not limitless and limited.sum() > _COUNT_LIMIT:
        raise SchemaError(msg("{what}: the numbers are too large to be counted exactly.", what=_WORDS[what]))
    return numbers


def _numbers(values: Any, *, what: str) -> NDArray[np.float64]:
    """Read numbers, or say what is not one."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SchemaError(
            msg("{what} must be numbers, without gaps: {reason}", what=_WORDS[what], reason=str(error))
        ) from error


def _check_costs(values: NDArray[np.float64], rows: NDArray[Any], columns: NDArray[Any]) -> None:
    """Refuse NaN and negative costs, naming the first pair."""
    bad = np.flatnonzero(np.isnan(values) | (values < 0))
    if bad.size:
        first = int(bad[0])
        raise SchemaError(
            msg(
                "Costs must be 0 or more, or inf where a pair is not allowed; row {row}, column {column} holds {value}.",
                row=int(rows[first]),
                column=int(columns[first]),
                value=float(values[first]),
            )
        )
