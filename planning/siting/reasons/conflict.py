"""
Find an irreducible reason why a question with sites and seats has no answer.

The question is cut into groups: every cell must be served, the seats and beds of each site, the least size of each site,
the number of new sites, the budget, cells that stay whole, the limit. A set of groups clashes where no choice of sites
keeps all of them; it is irreducible where dropping any one leaves an answer. Prices of the relaxed question point to a
small clashing set at once, and halving finds what of it is needed.

References
----------
.. [1] U. Junker, Proc. AAAI-04, 167-172, 2004 (QuickXplain).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, Solution, solve_model
from planning.siting.seats.flow import FlowQuestion

__all__ = ["Conflict", "Group", "Relaxed", "find_conflict", "list_groups", "relax"]

logger = logging.getLogger(__name__)

Kind = Literal["cell", "seats", "beds", "size", "most", "fewest", "budget", "whole", "limit"]
Goal = Literal["any", "missing", "sites", "budget", "seats", "beds"]

_HAIR = 1e-6  # pupils: fewer are the solver's rounding
_ASKED = 300  # questions asked before what is left of the clash is taken as it is
_PRICED = 1e-7  # a row of the relaxed question with a smaller price does not take part in the clash


@dataclass(frozen=True, order=True)
class Group:
    """
    One demand of a question that can be dropped alone.

    Parameters
    ----------
    kind : str
        ``cell`` (must be served), ``seats``, ``beds`` or ``size`` (least pupils) of a site, ``most`` and ``fewest`` new
        sites, ``budget``, ``whole`` (cells are not split), ``limit``.
    index : int
        Row or column; -1 for the others.
    """

    kind: Kind
    index: int = -1


@dataclass(frozen=True)
class Conflict:
    """
    Groups that cannot be kept together.

    Parameters
    ----------
    groups : tuple of Group
        They clash.
    irreducible : bool
        True where it is proven that dropping any one of them leaves an answer.
    """

    groups: tuple[Group, ...]
    irreducible: bool

    def of(self, kind: Kind) -> Ints:
        """
        List the rows or columns of one kind.

        Parameters
        ----------
        kind : str
            The kind.

        Returns
        -------
        numpy.ndarray of int64
            Rows or columns, rising.
        """
        return np.array(sorted(group.index for group in self.groups if group.kind == kind), dtype=np.int64)


@dataclass(frozen=True)
class Relaxed:
    """
    How a question with only some of its groups ended.

    Parameters
    ----------
    solution : Solution
        As the solver ended.
    y : numpy.ndarray, shape (n_sites,), or None
        Open sites.
    extra : numpy.ndarray or None
        What was wanted least of: pupils missing in each row, or seats or beds more at each site.
    """

    solution: Solution
    y: Floats | None
    extra: Floats | None


def list_groups(question: FlowQuestion, limit: float = np.inf) -> list[Group]:
    """
    List the demands of a question.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    limit : float
        Largest cost allowed; inf = no such demand [cost unit].

    Returns
    -------
    list of Group
        Rules on the whole first, then those of sites, then cells; cells that an open site without seat limit takes in
        any case are left out.
    """
    arcs = question.arcs
    groups: list[Group] = []
    if np.isfinite(limit) and (arcs.cost > limit).any():
        groups.append(Group("limit"))
    if question.most < int(question.candidate.sum()):
        groups.append(Group("most"))
    if question.fewest > 0:
        groups.append(Group("fewest"))
    if np.isfinite(question.budget):
        groups.append(Group("budget"))
    if question.single_source:
        groups.append(Group("whole"))
    wanted = np.bincount(arcs.site, weights=question.pupils[arcs.row], minlength=question.n_sites)
    in_beds = np.bincount(
        arcs.site[arcs.board], weights=question.pupils[arcs.row[arcs.board]], minlength=question.n_sites
    )
    groups += [Group("size", int(j)) for j in np.flatnonzero((question.least_load > 0) & question.free)]
    groups += [Group("seats", int(j)) for j in np.flatnonzero(wanted > question.seats)]
    groups += [Group("beds", int(j)) for j in np.flatnonzero(in_beds > question.beds)]
    must = (question.pupils > 0) & np.isinf(question.unserved)
    return groups + [Group("cell", int(i)) for i in np.flatnonzero(must & ~_safe_rows(question, limit))]


def _safe_rows(question: FlowQuestion, limit: float) -> Bools:
    """Rows that a site takes which stays open and has room for all who may come."""
    arcs = question.arcs
    endless = ~question.free & np.isinf(question.seats)
    at = endless[arcs.site] & (~arcs.board | np.isinf(question.beds[arcs.site])) & (arcs.cost <= limit)
    safe = np.zeros(question.pupils.size, dtype=bool)
    safe[arcs.row[at]] = True
    return safe


def find_conflict(
    question: FlowQuestion, clock: Clock, *, limit: float = np.inf, first: Sequence[int] = ()
) -> Conflict | None:
    """
    Find demands that cannot be kept together, and as few as time allows.

    Parameters
    ----------
    question : FlowQuestion
        A question that seems to have no answer.
    clock : Clock
        Time left.
    limit : float
        Largest cost allowed [cost unit].
    first : sequence of int
        Rows that are likely to be part of the reason.

    Returns
    -------
    Conflict or None
        The clash; None where there is an answer, or time ran out before it was known that there is none.
    """
    groups = list_groups(question, limit)
    order = {int(row): at for at, row in enumerate(first)}
    groups.sort(key=lambda group: order.get(group.index, len(order)) if group.kind == "cell" else -1)
    probe = _Probe(question, limit, clock)
    priced = _priced_groups(question, groups, limit, clock)
    if priced and probe(priced):
        groups = priced
    elif not probe(groups):
        return None
    probe.unknown = 0
    found = _halve(probe, [], groups, changed=False) if groups else []
    logger.debug("conflict: %d of %d groups after %d questions", len(found), len(groups), probe.asked)
    return Conflict(tuple(sorted(found)), irreducible=probe.unknown == 0)


class _Probe:
    """Tells whether groups clash; what could not be decided in time counts as no clash, and is counted."""

    def __init__(self, question: FlowQuestion, limit: float, clock: Clock) -> None:
        self.question, self.limit, self.clock = question, limit, clock
        self.asked, self.unknown = 0, 0

    def __call__(self, groups: Sequence[Group]) -> bool:
        """Answer True only where it is proven that the groups clash."""
        self.asked += 1
        if self.asked > _ASKED:
            self.unknown += 1
            return False
        status = relax(self.question, groups, "any", self.clock, limit=self.limit).solution.status
        self.unknown += status == "stopped"
        return status == "infeasible"


def _halve(clash: Callable[[list[Group]], bool], kept: list[Group], rest: list[Group], *, changed: bool) -> list[Group]:
    """Give what of ``rest`` is needed, with all of ``kept``, for a clash (QuickXplain)."""
    if changed and clash(kept):
        return []
    if len(rest) == 1:
        return rest
    middle = len(rest) // 2
    front, back = rest[:middle], rest[middle:]
    from_back = _halve(clash, kept + front, back, changed=True)
    from_front = _halve(clash, kept + from_back, front, changed=bool(from_back))
    return from_front + from_back


def _priced_groups(question: FlowQuestion, groups: list[Group], limit: float, clock: Clock) -> list[Group]:
    """Find the groups that the prices of the relaxed question name; none where it leaves nobody out."""
    if clock.stopped:
        return []
    whole_rows = [group for group in groups if group.kind == "whole"]
    asked = [group for group in groups if group.kind != "whole"]
    model, marks, _ = _model(question, asked, "missing", limit)
    loose = Model(model.cost, model.lower, model.upper, np.zeros(model.whole.size, dtype=bool), model.rows)
    solution = solve_model(loose, clock=clock)
    if solution.status != "optimal" or solution.row_dual is None or solution.objective < _HAIR:
        return []
    dual = zip(marks, solution.row_dual, strict=True)
    priced = {group for mark, price in dual if abs(price) > _PRICED for group in mark}
    limits = [group for group in groups if group.kind == "limit"]
    return limits + whole_rows + [group for group in groups if group in priced]


def relax(
    question: FlowQuestion, groups: Sequence[Group], goal: Goal, clock: Clock, *, limit: float = np.inf
) -> Relaxed:
    """
    Solve a question of which only some demands are kept.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    groups : sequence of Group
        Demands that are kept.
    goal : {"any", "missing", "sites", "budget", "seats", "beds"}
        What there should be least of; ``any`` = any answer will do.
    clock : Clock
        Time left.
    limit : float
        Largest cost allowed where ``limit`` is among the groups [cost unit].

    Returns
    -------
    Relaxed
        The answer.
    """
    if clock.stopped:  # before a large model is written for nothing
        return Relaxed(Solution("stopped", None, float("inf"), float("-inf")), None, None)
    model, _, part = _model(question, groups, goal, limit)
    solution = solve_model(model, clock=clock)
    if solution.x is None:
        return Relaxed(solution, None, None)
    extra = solution.x[question.n_sites + part.row.size :] if goal in {"missing", "seats", "beds"} else None
    if goal == "missing" and extra is not None:
        extra = part.apart(np.where(extra > _HAIR, extra, 0.0), question.pupils)
    return Relaxed(solution, solution.x[: question.n_sites], extra)


def _model(
    question: FlowQuestion, groups: Sequence[Group], goal: Goal, limit: float
) -> tuple[Model, list[tuple[Group, ...]], _Merged]:
    """
    Write the model: ``y`` of all sites, ``x`` of the arcs as shares of their rows, then what there should be least of.

    Gives the model, the groups that each of its rows stands for, and how cells were merged.
    """
    kinds = {group.kind for group in groups}
    must, seats, beds, sizes = (
        np.array(sorted(group.index for group in groups if group.kind == kind), dtype=np.int64)
        for kind in ("cell", "seats", "beds", "size")
    )
    part = _merge(question, must, limit if "limit" in kinds else np.inf, sizes.size > 0, "whole" in kinds)
    row, site, board, n_sites = part.row, part.site, part.board, question.n_sites
    n_x, n_rows = row.size, part.pupils.size
    x = n_sites + np.arange(n_x)
    first = n_sites + n_x
    n_extra = {"missing": n_rows, "seats": n_sites, "beds": n_sites}.get(goal, 0)
    rows, marks = Rows(), part.groups.copy()
    elastic = np.flatnonzero(part.must) if goal == "missing" else np.zeros(0, dtype=np.int64)
    rows.add(
        np.concatenate([row, elastic]),
        np.concatenate([x, first + elastic]),
        np.concatenate([np.ones(n_x), 1.0 / part.pupils[elastic]]),
        n=n_rows,
        lower=part.must.astype(float),  # cells that need not be served may still fill a school
        upper=1.0,
    )
    everybody = np.ones(n_x, dtype=bool)
    for kind, sites, capacity, here in (
        ("seats", seats, question.seats, everybody),
        ("beds", beds, question.beds, board),
    ):
        _add_per_site(rows, part, sites, here, x, -capacity, extra=first if goal == kind else None)
        marks += [(Group(kind, int(j)),) for j in sites]  # type: ignore[arg-type]
    _add_per_site(rows, part, sizes, everybody, x, -question.least_load, at_least=True)
    marks += [(Group("size", int(j)),) for j in sizes]
    linked = np.flatnonzero(question.free[site])
    rows.add(
        np.tile(np.arange(linked.size), 2),
        np.concatenate([x[linked], site[linked]]),
        np.repeat([1.0, -1.0], linked.size),
        n=linked.size,
        upper=0.0,
    )
    marks += [()] * linked.size
    marks += _add_counts(rows, question, kinds)
    cost = np.zeros(first + n_extra)
    if goal == "sites":
        cost[:n_sites][question.candidate] = 1.0
    elif goal == "budget":
        cost[:n_sites][question.candidate] = question.spend[question.candidate]
    cost[first:] = 1.0
    upper = np.concatenate([np.ones(first), part.pupils if goal == "missing" else np.full(n_extra, np.inf)])
    bottom = np.concatenate([(~question.free).astype(float), np.zeros(n_x + n_extra)])
    whole = np.concatenate([question.free, np.full(n_x, "whole" in kinds), np.zeros(n_extra, dtype=bool)])
    return Model(cost, bottom, upper, whole, rows), marks, part


@dataclass(frozen=True)
class _Merged:
    """Rows of the model: cells with the same ways are one, for what a way costs does not matter here."""

    row: Ints
    site: Ints
    board: Bools
    pupils: Floats
    must: Bools
    groups: list[tuple[Group, ...]]
    cells: list[Ints]

    def apart(self, missing: Floats, pupils: Floats) -> Floats:
        """Give what merged cells miss to the last of them first."""
        found = np.zeros(pupils.size)
        for left, cells in zip(missing, self.cells, strict=True):
            if left > 0:
                amount = pupils[cells[::-1]]
                found[cells[::-1]] = np.clip(left - (np.cumsum(amount) - amount), 0.0, amount)
        return found


def _merge(question: FlowQuestion, must: Ints, limit: float, everyone: bool, whole: bool) -> _Merged:
    arcs, pupils = question.arcs, question.pupils
    is_must = np.zeros(pupils.size, dtype=bool)
    is_must[must] = True
    counted = is_must | (everyone & (pupils > 0))
    used = np.flatnonzero(counted[arcs.row] & (arcs.cost <= limit))
    row, way = arcs.row[used], 2 * arcs.site[used] + arcs.board[used]
    start = np.searchsorted(row, np.arange(pupils.size + 1))
    seen: dict[tuple[bool, bytes], int] = {}
    members: list[list[int]] = []
    number = np.full(pupils.size, -1, dtype=np.int64)
    for cell in np.flatnonzero(counted):
        ways = way[start[cell] : start[cell + 1]].tobytes()
        at = len(members) if whole else seen.setdefault((bool(is_must[cell]), ways), len(members))
        number[cell] = at
        if at == len(members):
            members.append([])
        members[at].append(int(cell))
    cells = [np.array(list_, dtype=np.int64) for list_ in members]
    lead = np.zeros(pupils.size, dtype=bool)
    lead[[int(list_[0]) for list_ in cells]] = True
    keep = used[lead[row]]
    return _Merged(
        row=number[arcs.row[keep]],
        site=arcs.site[keep],
        board=arcs.board[keep],
        pupils=np.array([pupils[list_].sum() for list_ in cells], dtype=np.float64),
        must=np.array([is_must[list_[0]] for list_ in cells], dtype=bool),
        groups=[tuple(Group("cell", int(i)) for i in list_) if is_must[list_[0]] else () for list_ in cells],
        cells=cells,
    )


def _add_per_site(
    rows: Rows,
    part: _Merged,
    sites: Ints,
    used: Bools,
    x: Ints,
    capacity: Floats,
    *,
    extra: int | None = None,
    at_least: bool = False,
) -> None:
    """Pupils at a site are at most (or at least) what it offers (or needs) when open, and what is added at a price."""
    number = np.full(capacity.size, -1)
    number[sites] = np.arange(sites.size)
    at = np.flatnonzero(used & (number[part.site] >= 0))
    more = sites if extra is not None else sites[:0]
    rows.add(
        np.concatenate([number[part.site[at]], np.arange(sites.size), number[more]]),
        np.concatenate([x[at], sites, (extra or 0) + more]),
        np.concatenate([part.pupils[part.row[at]], capacity[sites], np.full(more.size, -1.0)]),
        n=sites.size,
        lower=0.0 if at_least else -np.inf,
        upper=np.inf if at_least else 0.0,
    )


def _add_counts(rows: Rows, question: FlowQuestion, kinds: set[Kind]) -> list[tuple[Group, ...]]:
    """Number of new sites and budget, where they are kept."""
    new = np.flatnonzero(question.candidate)
    marks: list[tuple[Group, ...]] = []
    ones = np.zeros(new.size)
    if "most" in kinds:
        rows.add(ones, new, 1.0, n=1, upper=float(question.most))
        marks.append((Group("most"),))
    if "fewest" in kinds:
        rows.add(ones, new, 1.0, n=1, lower=float(question.fewest))
        marks.append((Group("fewest"),))
    if "budget" in kinds:
        rows.add(ones, new, question.spend[new], n=1, upper=question.budget * (1 + 1e-9) + 1e-9)
        marks.append((Group("budget"),))
    return marks
