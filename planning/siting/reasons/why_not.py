"""Ask of raw costs, a limit, seats and money why there is no answer, and what would have to give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.errors import Message, SchemaError, msg
from planning.siting.answer import left_out
from planning.siting.checks import (
    check_columns,
    check_count,
    check_limit,
    check_per_site,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.reasons.conflict import Conflict, find_conflict, list_groups, relax
from planning.siting.reasons.relief import Least, Relief, find_relief
from planning.siting.reasons.words import conflict_in_words, relief_in_words
from planning.siting.seats.flow import Arcs, FlowQuestion

__all__ = ["WhyNot", "why_not"]


@dataclass(frozen=True)
class WhyNot:
    """
    Why a question has no answer.

    Parameters
    ----------
    feasible : bool or None
        True where there is an answer, so that nothing clashes; None where time ran out before it was known.
    irreducible : bool
        True where it is proven that dropping any one of the clashing demands leaves an answer.
    cells : tuple of int
        Cells whose being served is part of the clash.
    seats, beds, sizes : tuple of int
        Sites whose seats, beds or least number of pupils are part of it.
    rules : tuple of str
        Which of ``p``, ``p_min``, ``budget``, ``limit`` and ``single_source`` are part of it.
    relief : Relief or None
        What would have to give, each alone; None where there is an answer.
    unreachable : tuple of int
        Cells that no site reaches at any cost; they are left out.
    explanation : tuple of Message
        The same in words.
    """

    feasible: bool | None
    irreducible: bool
    cells: tuple[int, ...]
    seats: tuple[int, ...]
    beds: tuple[int, ...]
    sizes: tuple[int, ...]
    rules: tuple[str, ...]
    relief: Relief | None
    unreachable: tuple[int, ...]
    explanation: tuple[Message, ...]

    @property
    def least_p(self) -> Least | None:
        """
        New sites at least.

        Returns
        -------
        Least or None
            None where the question does not limit them, or has an answer.
        """
        return None if self.relief is None else self.relief.sites


_RULES = {"most": "p", "fewest": "p_min", "budget": "budget", "limit": "limit", "whole": "single_source"}


def why_not(
    costs: Any,
    pupils: Any,
    seats: Any = None,
    p: int | None = None,
    p_min: int | None = None,
    *,
    limit: float | None = None,
    spend: Any = None,
    budget: float | None = None,
    fixed: Iterable[int] = (),
    closable: Iterable[int] = (),
    min_pupils: Any = None,
    single_source: bool = False,
    time_limit_s: float = 20,
    cancel: Cancel | None = None,
) -> WhyNot:
    """
    Find an irreducible reason why not everybody in reach can be served, and what would have to give.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils]; whole ones where seats or least numbers are given.
    seats : float or array_like, shape (n_sites,), optional
        Seats of each site [seats]; None or inf = no limit.
    p, p_min : int, optional
        New sites at most, and at least.
    limit : float, optional
        Largest cost allowed, inclusive [cost unit].
    spend : float or array_like, shape (n_sites,), optional
        What a new site takes from the budget [money].
    budget : float, optional
        Largest sum of ``spend`` over the new sites [money].
    fixed : iterable of int
        Columns that are open already.
    closable : iterable of int
        Those of ``fixed`` that may be closed.
    min_pupils : float or array_like, shape (n_sites,), optional
        Pupils that every new site, and every closable site that is kept, must have [pupils].
    single_source : bool
        True = the pupils of a cell all go to the same site.
    time_limit_s : float
        Wall time the search may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the search.

    Returns
    -------
    WhyNot
        The clash, and the least number of sites, budget, seats and limit that would do, each alone.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    reach = check_reach(costs)
    n = reach.n_sites
    wanted = check_pupils(pupils, reach.n_rows, whole=seats is not None or min_pupils is not None)
    open_now, may_close = check_columns(fixed, n, "fixed"), check_columns(closable, n, "closable")
    if np.setdiff1d(may_close, open_now).size:
        outside = int(np.setdiff1d(may_close, open_now)[0])
        raise SchemaError(msg("closable: site {site} is not open; name it in fixed as well.", site=outside))
    candidate, closes = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    candidate[open_now], closes[may_close] = False, True
    count = int(candidate.sum())
    most = count if p is None else min(check_count(p, count, capped=False), count)
    within = np.inf if limit is None else check_limit(limit, "limit")
    question = FlowQuestion(
        arcs=Arcs(reach.row, reach.site, reach.cost, np.zeros(reach.row.size, dtype=bool)),
        pupils=np.where(reach.reached(), wanted, 0.0),
        seats=np.floor(check_per_site(seats, n, "seats", missing=np.inf, infinite=True)),
        beds=np.full(n, np.inf),
        opening=np.zeros(n),
        candidate=candidate,
        closable=closes,
        most=most,
        fewest=0 if p_min is None else check_count(p_min, count, name="p_min"),
        spend=check_per_site(spend, n, "spend"),
        budget=np.inf if budget is None else check_limit(budget, "budget"),
        least_load=check_per_site(min_pupils, n, "min_pupils"),
        unserved=np.full(reach.n_rows, np.inf),
        single_source=bool(single_source),
    )
    unreachable, words = left_out(reach, wanted)
    half = Clock(clock.left / 2, cancel)
    conflict = find_conflict(question, half, limit=within)
    if conflict is None:
        status = relax(question, list_groups(question, within), "any", clock, limit=within).solution.status
        feasible = True if status == "optimal" else None
        return WhyNot(feasible, False, (), (), (), (), (), None, unreachable, words)
    relief = find_relief(question, clock, limit=within)
    words += conflict_in_words(question, conflict, limit=within) + relief_in_words(relief)
    return _answer(conflict, relief, unreachable, words)


def _answer(conflict: Conflict, relief: Relief, unreachable: tuple[int, ...], words: tuple[Message, ...]) -> WhyNot:
    kinds = {group.kind for group in conflict.groups}
    return WhyNot(
        feasible=False,
        irreducible=conflict.irreducible,
        cells=tuple(conflict.of("cell").tolist()),
        seats=tuple(conflict.of("seats").tolist()),
        beds=tuple(conflict.of("beds").tolist()),
        sizes=tuple(conflict.of("size").tolist()),
        rules=tuple(name for kind, name in _RULES.items() if kind in kinds),
        relief=relief,
        unreachable=unreachable,
        explanation=words,
    )
