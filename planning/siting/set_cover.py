"""
Open as few new sites as possible so that enough pupils have a site within a limit.

References
----------
.. [1] C. Toregas et al., Oper. Res. 19(6), 1363-1373, 1971. https://doi.org/10.1287/opre.19.6.1363
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from planning.errors import Message, SchemaError, msg
from planning.siting.answer import NAMED, allocate_nearest, left_out, no_answer, number_list
from planning.siting.checks import Floats, Reach, check_columns, check_limit, check_pupils, check_reach
from planning.siting.clock import Cancel, Clock
from planning.siting.cover import cover_rows
from planning.siting.lists import nearest_cost
from planning.siting.proposal import Proposal

__all__ = ["set_cover"]


def set_cover(
    costs: Any,
    pupils: Any,
    limit: float,
    share: float = 1.0,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Open as few new sites as possible so that ``share`` of the pupils are within ``limit`` of an open site.

    A cell that lies beyond the limit of every site counts as not reached: it is left out, listed in ``unreachable``
    and named, and ``share`` is of the pupils of all other cells.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    limit : float
        Largest cost that counts as covered, inclusive [cost unit].
    share : float
        Share of the pupils in reach to be covered, 0 to 1.
    fixed : iterable of int
        Columns that are open already; what they cover counts.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``; the objective is the number of new sites. The allocation holds the covered cells only, each at
        its nearest open site; all others count as its ``unserved``.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    weight = check_pupils(pupils, reach.n_rows)
    within = check_limit(limit, "limit")
    if not 0 <= check_limit(share, "share") <= 1:
        raise SchemaError(msg("share: must be from 0 to 1, not {value}.", value=str(share)))
    open_now = check_columns(fixed, reach.n_sites, "fixed")
    near = reach.only(reach.cost <= within)
    unreachable, words = _beyond(reach, near, weight)
    row, site, missed, spare = _question(near, weight, open_now, float(share))
    if clock.stopped:
        return no_answer("min", clock, unreachable, words, stopped=clock.reason(), bound=0.0)
    cover = cover_rows(row, site, missed, reach.n_sites, clock=clock, spare=spare)
    return Proposal(
        sites=tuple(cover.sites.tolist()),
        closed=(),
        allocation=allocate_nearest(near, weight, np.union1d(open_now, cover.sites)),
        sense="min",
        objective=float(cover.sites.size),
        bound=float(cover.bound),
        status="optimal" if cover.status == "optimal" else clock.reason(),
        seconds=clock.seconds,
        unreachable=unreachable,
        explanation=words,
    )


def _question(
    near: Reach, weight: Floats, fixed: Any, share: float
) -> tuple[np.typing.NDArray[np.int64], np.typing.NDArray[np.int64], Floats, float]:
    """Keep the rows that the open sites leave uncovered, and the pupils that may stay so."""
    counted = np.where(near.reached(), weight, 0.0)
    total = float(counted.sum())
    spare = (1.0 - share) * total
    if np.array_equal(weight, np.floor(weight)):
        spare = float(np.floor(spare + 1e-9 * max(1.0, total)))  # whole pupils: 0.9 of 10 leaves 1, not 0.9999…
    elif share < 1.0:
        spare += 1e-12 * total
    open_rows = (counted > 0) & np.isinf(nearest_cost(near, fixed))
    number = np.cumsum(open_rows) - 1
    pairs = open_rows[near.row]
    return number[near.row[pairs]], near.site[pairs], weight[open_rows], spare


def _beyond(reach: Reach, near: Reach, weight: Floats) -> tuple[tuple[int, ...], tuple[Message, ...]]:
    """List the cells beyond the limit of every site, and name them with the limit that would reach them."""
    unreached, words = left_out(reach, weight)
    far = np.flatnonzero((weight > 0) & reach.reached() & ~near.reached())
    nearest = nearest_cost(reach, np.arange(reach.n_sites))
    single = tuple(
        msg(
            "Cell {cell} ({pupils} pupils) is beyond the limit of every site: its nearest site {site} costs {cost}.",
            cell=int(cell),
            pupils=f"{weight[cell]:g}",
            site=number_list(reach.site[(reach.row == cell) & (reach.cost == nearest[cell])][:1]),
            cost=f"{nearest[cell]:g}",
        )
        for cell in far[:NAMED]
    )
    rest: tuple[Message, ...] = ()
    if far.size > NAMED:
        rest = (msg("{n} more cells are beyond the limit of every site.", n=int(far.size - NAMED)),)
    return tuple(sorted([*unreached, *far.tolist()])), (*words, *single, *rest)
