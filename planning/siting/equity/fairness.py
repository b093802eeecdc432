"""
How an allocation treats those who are worst off: the worst way, the share beyond a limit, the mean of the worst part.

References
----------
.. [1] R. T. Rockafellar and S. Uryasev, J. Bank. Finance 26(7), 1443-1471, 2002 (the mean of the worst part, CVaR).
   https://doi.org/10.1016/S0378-4266(02)00271-6
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.errors import SchemaError, msg
from planning.siting.checks import Floats, check_limit, check_pupils
from planning.siting.tables.shortlist import cost_matrix, costs_at

__all__ = ["Fairness", "check_tail", "fairness", "flow_matrix", "tail_mean", "tail_weights"]


@dataclass(frozen=True)
class Fairness:
    """
    How the ways of the pupils are spread.

    Parameters
    ----------
    mean : float
        Mean cost of the pupils with a place [cost unit]; nan where nobody has one, as all costs here.
    worst : float
        Largest cost of any of them [cost unit].
    worst_cell : int
        Cell that has it, the lowest among equals; -1 where there is none.
    tail : float
        Share of the pupils that ``tail_mean`` looks at [1].
    tail_mean : float
        Mean cost of that share of them who are worst off [cost unit].
    gini : float
        Gini coefficient of the costs [1]: 0 where all are equal, or where nobody has any way to go.
    beyond_limit : float
        Pupils beyond the limit, those without a place included [pupils]; without a limit only the latter.
    share_beyond : float
        The same as a share of all pupils in reach of some site [1].
    unserved : float
        Pupils in reach of some site who have no place [pupils].
    """

    mean: float
    worst: float
    worst_cell: int
    tail: float
    tail_mean: float
    gini: float
    beyond_limit: float
    share_beyond: float
    unserved: float


def fairness(costs: Any, pupils: Any, allocation: Any, limit: float | None = None, *, tail: float = 0.1) -> Fairness:
    """
    Measure how an allocation treats those who are worst off.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    allocation : Allocation, Proposal, or matrix of shape (n_cells, n_sites)
        Who goes where [pupils].
    limit : float, optional
        Largest cost that is still within the limit, inclusive [cost unit].
    tail : float
        Share of the pupils who count as worst off, above 0, at most 1 [1].

    Returns
    -------
    Fairness
        Worst cost, mean of the worst part, Gini coefficient, and the share beyond the limit. Pupils of a cell that no
        site reaches are left out.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or somebody is sent where the costs have no way.

    Examples
    --------
    >>> found = fairness([[1.0], [5.0]], [9, 1], [[9], [1]], limit=3)
    >>> found.worst, round(found.mean, 2), found.tail_mean, found.share_beyond
    (5.0, 1.4, 5.0, 0.1)
    """
    table = cost_matrix(costs)
    weight = check_pupils(pupils, table.shape[0])
    part = check_tail(tail)
    within = np.inf if limit is None else check_limit(limit, "limit")
    flows = flow_matrix(allocation, (int(table.shape[0]), int(table.shape[1])))
    row, site, amount = flows.row, flows.col, flows.data
    cost = costs_at(table, row, site)
    if sparse.issparse(table):
        reached = np.diff(cast(Any, table).indptr) > 0
    else:
        reached = np.isfinite(np.asarray(table)).any(axis=1)
    if np.isinf(cost).any():
        first = int(np.argmax(np.isinf(cost)))
        raise SchemaError(
            msg(
                "allocation: cell {cell} sends pupils to site {site}, which is out of its reach.",
                cell=int(row[first]),
                site=int(site[first]),
            )
        )
    sent = np.bincount(row, weights=amount, minlength=weight.size)
    if (sent > weight * (1 + 1e-9) + 1e-9).any():
        raise SchemaError(
            msg("allocation: cell {cell} sends more pupils than it has.", cell=int(np.argmax(sent - weight)))
        )
    unserved = float(np.maximum(weight - sent, 0.0)[reached].sum())
    beyond = float(amount[cost > within].sum()) + unserved
    total = float(weight[reached].sum())
    nobody = amount.size == 0
    worst = float("nan") if nobody else float(cost.max())
    return Fairness(
        mean=float("nan") if nobody else float(amount @ cost / amount.sum()),
        worst=worst,
        worst_cell=-1 if nobody else int(row[cost == worst].min()),
        tail=part,
        tail_mean=float("nan") if nobody else tail_mean(cost, amount, part),
        gini=float("nan") if nobody else _gini(cost, amount),
        beyond_limit=beyond,
        share_beyond=beyond / total if total > 0 else 0.0,
        unserved=unserved,
    )


def check_tail(tail: Any) -> float:
    """
    Take a share of pupils who count as worst off.

    Parameters
    ----------
    tail : float
        The share, above 0, at most 1 [1].

    Returns
    -------
    float
        The share.

    Raises
    ------
    SchemaError
        If it is not such a share.
    """
    share = check_limit(tail, "tail")
    if not 0 < share <= 1:
        raise SchemaError(msg("tail: must be above 0 and at most 1, not {value}.", value=str(tail)))
    return share


def flow_matrix(allocation: Any, shape: tuple[int, int]) -> sparse.coo_array:
    """
    Take who goes where as a table of flows.

    Parameters
    ----------
    allocation : Allocation, Proposal, or matrix
        Who goes where [pupils].
    shape : tuple of int
        Cells and sites there are.

    Returns
    -------
    scipy.sparse.coo_array
        Pupils by cell and site, without zeros.

    Raises
    ------
    SchemaError
        If there is no allocation, or it has another shape.
    """
    held = getattr(allocation, "allocation", allocation)
    if held is None:
        raise SchemaError(msg("allocation: there is none; the question has no answer."))
    flows = sparse.coo_array(getattr(held, "flows", held))
    if flows.shape != shape:
        raise SchemaError(
            msg(
                "allocation: must have the {n_cells} cells and {n_sites} sites of the costs.",
                n_cells=shape[0],
                n_sites=shape[1],
            )
        )
    flows.sum_duplicates()
    keep = flows.data != 0
    pairs = (flows.data[keep].astype(np.float64), (flows.row[keep], flows.col[keep]))
    return sparse.coo_array(pairs, shape=shape)


def tail_mean(cost: npt.ArrayLike, weight: npt.ArrayLike, tail: float) -> float:
    """
    Average the costs of those who are worst off.

    Parameters
    ----------
    cost : array_like, shape (n,)
        Cost of each group [cost unit].
    weight : array_like, shape (n,)
        Pupils of each group, not all 0 [pupils].
    tail : float
        Share of the pupils who count; the group at its edge counts in part [1].

    Returns
    -------
    float
        Mean cost of the worst share [cost unit].
    """
    values, amount = np.asarray(cost, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    taken = tail_weights(values, amount, tail)
    return float(taken @ np.where(taken > 0, values, 0.0) / taken.sum())


def tail_weights(cost: Floats, weight: Floats, tail: float) -> Floats:
    """
    Find who is in the worst part.

    Parameters
    ----------
    cost : numpy.ndarray, shape (n,)
        Cost of each group [cost unit].
    weight : numpy.ndarray, shape (n,)
        Pupils of each group [pupils].
    tail : float
        Share of the pupils [1].

    Returns
    -------
    numpy.ndarray, shape (n,)
        Pupils of each group who are in it [pupils]; together the share of all.
    """
    order = np.argsort(-cost, kind="stable")
    before = np.cumsum(weight[order]) - weight[order]
    taken = np.zeros(weight.size)
    taken[order] = np.clip(tail * weight.sum() - before, 0.0, weight[order])
    return taken


def _gini(cost: Floats, weight: Floats) -> float:
    order = np.argsort(cost, kind="stable")
    amount, paid = weight[order], weight[order] * cost[order]
    if paid.sum() == 0:
        return 0.0
    rank = np.cumsum(amount) - amount / 2
    return float(paid @ (2 * rank / amount.sum() - 1) / paid.sum())
