"""What callers hand to the router, taken as it comes or refused with the row that is wrong; and the type they get back."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planning.errors import NetworkError, msg

__all__ = ["Limit", "check_costs", "check_count", "check_nodes", "check_pairs", "to_float32"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SLACK = 1e-6  # a search goes this much further than the limit, which is then applied to the sums as returned


@dataclass(frozen=True)
class Limit:
    """
    A limit of cost, inclusive.

    Whole-number costs are compared exactly; others as they are returned (float32), since the order in which decimals
    are added decides their last bits and must not decide who is within reach.

    Parameters
    ----------
    value : float
        The limit; inf for none.
    whole : bool
        Whether all costs are whole numbers.
    """

    value: float
    whole: bool

    @property
    def reach(self) -> float:
        """
        How far a search must go to miss nothing.

        Returns
        -------
        float
            A little more than the limit.
        """
        return float(np.nextafter(self.value * (1 + _SLACK), np.inf))

    @property
    def cut(self) -> np.float32:
        """
        Which costs, as they are returned, are within it.

        Returns
        -------
        numpy.float32
            The largest of them.
        """
        exact = self.whole and self.value < 2**24
        with np.errstate(over="ignore"):
            return np.float32(np.floor(self.value) if exact else self.value)

    def apply(self, costs: NDArray[np.float32]) -> None:
        """
        Put inf, in place, where costs are beyond the limit.

        Parameters
        ----------
        costs : numpy.ndarray of float32
            Costs of any shape.
        """
        if self.value < np.inf:
            costs[costs > self.cut] = np.inf


def check_count(number: object, least: int) -> int:
    """
    Take a whole number that is not too small.

    Parameters
    ----------
    number : int
        Any integer type.
    least : int
        The smallest that will do.

    Returns
    -------
    int
        The number.

    Raises
    ------
    NetworkError
        If it is not whole, or too small.
    """
    try:
        whole = operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        whole = least - 1
    if whole < least:
        raise NetworkError(
            msg("A whole number of {least} or more is needed, not {number}.", least=least, number=str(number))
        )
    return whole


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
    if given.size and (given.min() < 0 or given.max() >= n_nodes):
        row = int(np.argmax((given < 0) | (given >= n_nodes)))
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
    try:
        values = np.array(costs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise NetworkError(msg("Costs and amounts must be numbers ({reason}).", reason=str(error))) from error
    if values.shape != (n,):
        raise NetworkError(
            msg("{n} numbers are needed, one for each, not an array of shape {shape}.", n=n, shape=str(values.shape))
        )
    if n and not values.min() >= 0:  # what is not a number makes the least so
        row = int(np.argmin(values >= 0))
        raise NetworkError(
            msg("A cost or an amount must be 0 or more (row {row}: {value}).", row=row, value=float(values[row]))
        )
    values += 0.0  # -0.0 becomes 0.0
    return values


def check_pairs(origins: Ints, targets: Ints, amounts: Floats) -> None:
    """
    Refuse pairs that are none, and what cannot be carried.

    Parameters
    ----------
    origins, targets : numpy.ndarray of int64
        Checked nodes.
    amounts : numpy.ndarray of float64, shape (n_origins,)
        Checked amounts.

    Raises
    ------
    NetworkError
        If there are more of one than of the other, or an amount is not finite.
    """
    if len(targets) != len(origins):
        raise NetworkError(
            msg(
                "{origins} origins but {targets} targets: give one of each per pair.",
                origins=len(origins),
                targets=len(targets),
            )
        )
    if np.isinf(amounts).any():
        raise NetworkError(msg("Amounts to carry must be finite (row {row}).", row=int(np.argmax(np.isinf(amounts)))))


def to_float32(values: Floats) -> NDArray[np.float32]:
    """
    Round costs to the type that callers get.

    Parameters
    ----------
    values : numpy.ndarray of float64
        Costs of any shape.

    Returns
    -------
    numpy.ndarray of float32
        Costs; what is too large for the type becomes inf.
    """
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
