"""What callers hand to the router, taken as it comes or refused with the row that is wrong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import NetworkError, msg

__all__ = ["check_costs", "check_nodes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_nodes(nodes: ArrayLike, n_nodes: int) -> Ints:
    """
    Take node numbers as they come, and refuse those that are none.

    Parameters
    ----------
    nodes : array_like of int, shape (n,)
        Node numbers of any integer type.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)
        A copy.

    Raises
    ------
    NetworkError
        If it is not one row of whole numbers within 0 … n_nodes - 1.
    """
    given = np.asarray(nodes)
    if given.ndim != 1 or (given.dtype.kind not in "iu" and given.size):
        raise NetworkError(
            msg(
                "Nodes must be one row of whole numbers, not {kind} of shape {shape}.",
                kind=str(given.dtype),
                shape=str(given.shape),
            )
        )
    wrong = np.flatnonzero((given < 0) | (given >= n_nodes)) if given.size else given
    if len(wrong):
        row = int(wrong[0])
        raise NetworkError(
            msg(
                "Node {node} (row {row}) is not in the network, whose nodes are numbered from 0 to {last}.",
                node=int(given[row]),
                row=row,
                last=n_nodes - 1,
            )
        )
    return given.astype(np.int64)


def check_costs(costs: ArrayLike, n: int) -> Floats:
    """
    Take costs as they come, and refuse those that are none.

    Parameters
    ----------
    costs : array_like of float, shape (n,)
        Costs; inf is allowed.
    n : int
        How many there must be.

    Returns
    -------
    numpy.ndarray of float64, shape (n,)
        A copy.

    Raises
    ------
    NetworkError
        If there are more or fewer, or one is negative or not a number.
    """
    values = np.array(costs, dtype=np.float64)
    if values.shape != (n,):
        raise NetworkError(
            msg("{n} numbers are needed, one for each, not an array of shape {shape}.", n=n, shape=str(values.shape))
        )
    wrong = np.flatnonzero(~(values >= 0))
    if len(wrong):
        row = int(wrong[0])
        raise NetworkError(
            msg("A cost or an amount must be 0 or more (row {row}: {value}).", row=row, value=float(values[row]))
        )
    return values + 0.0  # -0.0 becomes 0.0
