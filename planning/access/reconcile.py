"""The reconciliation sheet: every pupil is served, without a seat, or out of reach for a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planning.access.allocation import Allocation
from planning.access.pairs import whole_numbers
from planning.errors import SchemaError, msg

__all__ = ["REASONS", "reach", "reconcile"]

#: Why a pupil is not served, as the sheet's ``reason`` says it.
REASONS = ("no_school_of_this_grade", "no_path", "beyond_reach_limit", "seats_full")
_COLUMNS = ["stage", "category", "reason", "pupils"]


def reach(
    costs: ArrayLike, *, allowed: ArrayLike | None = None, limit: float | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """
    Cut costs down to the pairs that may be used, and say of each row that is left with none why.

    Parameters
    ----------
    costs : array_like, shape (n_rows, n_sites)
        Cost of each pair; inf = no path.
    allowed : array_like of bool, shape (n_rows, n_sites) or (n_sites,), optional
        False where the site does not teach the row's grades.
    limit : float, optional
        The project's own limit of reach, inclusive [unit of ``costs``].

    Returns
    -------
    costs : numpy.ndarray, shape (n_rows, n_sites)
        A copy with inf where the pair may not be used.
    reason : numpy.ndarray of str, shape (n_rows,)
        Empty where a site is in reach, else ``no_school_of_this_grade``, ``no_path`` or ``beyond_reach_limit``.

    Raises
    ------
    SchemaError
        If the limit is negative or NaN.
    """
    if limit is not None and not limit >= 0:
        raise SchemaError(msg("A limit of reach must be 0 or more, not {limit}.", limit=limit))
    cut = np.array(costs, copy=True)
    if cut.dtype.kind != "f":
        cut = cut.astype(np.float64)
    taught = (
        np.ones(cut.shape, dtype=bool) if allowed is None else np.broadcast_to(np.asarray(allowed, bool), cut.shape)
    )
    cut[~taught] = np.inf
    has_path = np.isfinite(cut).any(axis=1)
    if limit is not None:
        cut[cut > limit] = np.inf
    reason = np.where(np.isfinite(cut).any(axis=1), "", "beyond_reach_limit").astype(object)
    reason[~has_path] = "no_path"
    reason[~taught.any(axis=1)] = "no_school_of_this_grade"
    return cut, reason


def reconcile(
    stage: str, pupils: ArrayLike, reason: ArrayLike, allocation: Allocation, *, seats_known: ArrayLike | None = None
) -> pd.DataFrame:
    """
    Account for every pupil of a stage.

    Parameters
    ----------
    stage : str
        The stage, as the sheet names it.
    pupils : array_like of int, shape (n_rows,)
        Pupils of each row [pupils].
    reason : array_like of str, shape (n_rows,)
        Why the row reaches no site; empty where it does. From :func:`reach`.
    allocation : Allocation
        Who goes where.
    seats_known : array_like of bool, shape (n_sites,), optional
        False where a site's seats are unknown and were taken as unlimited; then ``served`` has one line for each kind.

    Returns
    -------
    pandas.DataFrame
        ``stage``, ``category``, ``reason``, ``pupils``. Categories ``total``, ``served``, ``no_seat``, ``out_of_reach``, each with at
        least one line; the pupils of the last three add up to those of the first exactly.

    Raises
    ------
    SchemaError
        If a row's pupils do not add up, or a row that is out of reach was served.
    """
    table = allocation.flows
    n_rows, n_sites = table.shape
    wanted = whole_numbers(pupils, n_rows, what="pupils").astype(np.int64)
    why = np.asarray(reason, dtype=object)
    if why.shape != (n_rows,):
        raise SchemaError(msg("There must be one reason, or an empty one, for each of {n} rows.", n=n_rows))
    served = np.asarray(table.sum(axis=1), dtype=np.int64).reshape(n_rows)
    missing = np.flatnonzero(served + allocation.unserved != wanted)
    if missing.size:
        row = int(missing[0])
        raise SchemaError(
            msg(
                "The pupils of row {row} do not add up: {pupils} in all, {served} served, {unserved} not.",
                row=row,
                pupils=int(wanted[row]),
                served=int(served[row]),
                unserved=int(allocation.unserved[row]),
            )
        )
    beyond = why != ""
    if served[beyond].any():
        row = int(np.flatnonzero(beyond & (served > 0))[0])
        raise SchemaError(msg("Row {row} is out of reach ({reason}) but was served.", row=row, reason=str(why[row])))

    lines = [("total", "", int(wanted.sum()))]
    if seats_known is None:
        lines.append(("served", "", int(served.sum())))
    else:
        load = np.asarray(table.sum(axis=0), dtype=np.int64).reshape(n_sites)
        known = np.asarray(seats_known, dtype=bool)
        if known.shape != (n_sites,):
            raise SchemaError(msg("seats_known: {n} values are needed, one for each site.", n=n_sites))
        lines.append(("served", "seats_known", int(load[known].sum())))
        lines.append(("served", "seats_unknown", int(load[~known].sum())))
    lines.append(("no_seat", "seats_full", int(allocation.unserved[~beyond].sum())))
    left = pd.Series(allocation.unserved[beyond]).groupby(pd.Series(why[beyond], dtype=object)).sum()
    lines += [("out_of_reach", str(name), int(count)) for name, count in left.items()] or [("out_of_reach", "", 0)]
    return pd.DataFrame([(stage, *line) for line in lines], columns=_COLUMNS).astype({"pupils": np.int64})
