"""
The seated models' common ground: pupils flow over arcs to open sites with seats and beds.

An arc is a row, a site, a cost per pupil and whether the pupil boards there. Seats hold everybody, beds hold boarders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Clock, Tell
from planning.siting.highs import Model, Rows, Solution, solve_model

__all__ = ["Arcs", "FlowAnswer", "FlowQuestion", "add_site_rules", "best_flow", "missing_pupils", "solve_flow"]


@dataclass(frozen=True)
class Arcs:
    """
    Who may go where.

    Parameters
    ----------
    row, site : numpy.ndarray of int64, shape (n_arcs,)
        Row and site, ordered by row.
    cost : numpy.ndarray, shape (n_arcs,)
        Cost per pupil [cost unit].
    board : numpy.ndarray of bool, shape (n_arcs,)
        True where the pupil needs a bed.
    """

    row: Ints
    site: Ints
    cost: Floats
    board: Bools

    def only(self, keep: Bools) -> Arcs:
        """
        Keep some of the arcs.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_arcs,)
            True for the arcs that stay.

        Returns
        -------
        Arcs
            The arcs that stay.
        """
        return Arcs(self.row[keep], self.site[keep], self.cost[keep], self.board[keep])


@dataclass(frozen=True)
class FlowQuestion:
    """
    A layout question with seats.

    Parameters
    ----------
    arcs : Arcs
        Who may go where.
    pupils : numpy.ndarray, shape (n_rows,)
        Pupils to be seated; rows without any arc have 0.
    seats, beds : numpy.ndarray, shape (n_sites,)
        Capacities; inf = no limit.
    opening : numpy.ndarray, shape (n_sites,)
        Cost of having the site open.
    candidate, closable : numpy.ndarray of bool, shape (n_sites,)
        Sites that may be opened, and open sites that may be closed; all others stay open.
    most, fewest : int
        New sites, at most and at least.
    spend : numpy.ndarray, shape (n_sites,)
        What a free site that is open takes from the budget.
    budget : float
        Largest sum of ``spend``.
    least_load : numpy.ndarray, shape (n_sites,)
        Pupils an open site must have; sites that stay open in any case are exempt.
    unserved : numpy.ndarray, shape (n_rows,)
        Price of a pupil without a seat; inf = every pupil of the row is seated.
    single_source : bool
        True where a row is never split.
    place : numpy.ndarray of int64, shape (n_sites,), optional
        Free sites with the same number stand at one place, and at most one of them is open; None = each stands alone.
    one_of : numpy.ndarray of bool, shape (n_sites,), optional
        Free sites at whose place one must be open; all of a place or none.
    """

    arcs: Arcs
    pupils: Floats
    seats: Floats
    beds: Floats
    opening: Floats
    candidate: Bools
    closable: Bools
    most: int
    fewest: int
    spend: Floats
    budget: float
    least_load: Floats
    unserved: Floats
    single_source: bool = False
    place: Ints | None = None
    one_of: Bools | None = None

    @property
    def n_sites(self) -> int:
        """
        Number of columns.

        Returns
        -------
        int
            Columns.
        """
        return int(self.seats.size)

    @property
    def free(self) -> Bools:
        """
        Sites that are open or shut as the answer says.

        Returns
        -------
        numpy.ndarray of bool, shape (n_sites,)
            True for candidates and closable sites.
        """
        return self.candidate | self.closable

    def changed(self, **values: object) -> FlowQuestion:
        """
        Ask the same question with some fields changed.

        Parameters
        ----------
        **values : object
            Fields and their new values.

        Returns
        -------
        FlowQuestion
            The changed question.
        """
        return FlowQuestion(**{**self.__dict__, **values})

    def fits(self, opened: Bools) -> bool:
        """
        Tell whether a choice of sites keeps the rules that concern sites alone.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            True for open sites.

        Returns
        -------
        bool
            True where number, budget and the sites that stay open are respected.
        """
        n_new = int((opened & self.candidate).sum())
        within = float(self.spend[opened & self.free].sum()) <= self.budget * (1 + 1e-9) + 1e-9
        return (
            self.fewest <= n_new <= self.most and within and bool(opened[~self.free].all()) and self._one_each(opened)
        )

    def _one_each(self, opened: Bools) -> bool:
        """Tell whether no place has two sites open, and none that needs one has none."""
        if self.place is None:
            return True
        n = int(self.place.max(initial=-1)) + 1
        count = np.bincount(self.place[opened & self.free], minlength=n)
        needs = np.zeros(n, dtype=bool)
        if self.one_of is not None:
            needs[self.place[self.one_of]] = True
        return bool((count <= 1).all() and (count[needs] == 1).all())


@dataclass(frozen=True)
class FlowAnswer:
    """
    How a question with seats ended.

    Parameters
    ----------
    status : {"optimal", "stopped", "infeasible"}
        As the solver ended.
    opened : numpy.ndarray of bool, shape (n_sites,), or None
        Open sites.
    flow : numpy.ndarray, shape (n_arcs,), or None
        Pupils on each arc.
    bound : float
        Proven lower bound.
    """

    status: str
    opened: Bools | None
    flow: Floats | None
    bound: float


def solve_flow(
    question: FlowQuestion, clock: Clock, known: tuple[Bools, Floats] | None = None, *, tell: Tell | None = None
) -> FlowAnswer:
    """
    Solve a question with seats as one mixed-integer model, with ``x <= pupils * y`` on every arc.

    Parameters
    ----------
    question : FlowQuestion
        The question.
    clock : Clock
        Time left.
    known : tuple of numpy.ndarray, optional
        Open sites and flow of an answer to begin with.
    tell : callable, optional
        Hears value and bound on the way.

    Returns
    -------
    FlowAnswer
        Sites, flow and bound.
    """
    if clock.stopped:  # before a large model is written for nothing
        return FlowAnswer("stopped", None, None, float("-inf"))
    model, n_arcs = _model(question)
    start = None
    if known is not None:
        opened, flow = known
        x = flow / np.maximum(question.pupils[question.arcs.row], 1.0) if question.single_source else flow
        missing = question.pupils - np.bincount(question.arcs.row, weights=flow, minlength=question.pupils.size)
        if question.single_source:
            missing = missing / np.maximum(question.pupils, 1.0)
        start = np.concatenate([opened.astype(float), x, missing[np.isfinite(question.unserved)]])
    solution = solve_model(model, clock=clock, start=start, tell=tell)
    return _read(question, solution, n_arcs)


def best_flow(question: FlowQuestion, opened: Bools, clock: Clock) -> Floats | None:
    """
    Seat the pupils as cheaply as possible in given open sites.

    Parameters
    ----------
    question : FlowQuestion
        The question; its rules for choosing sites are not asked again.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.
    clock : Clock
        Time left.

    Returns
    -------
    numpy.ndarray, shape (n_arcs,), or None
        Whole pupils on each arc; None where the sites cannot seat them, or time ran out.
    """
    if clock.stopped:
        return None
    usable = opened[question.arcs.site]
    needed = np.where(question.free, question.least_load, 0.0)
    inner = question.changed(
        arcs=question.arcs.only(usable),
        candidate=np.zeros(question.n_sites, dtype=bool),
        closable=np.zeros(question.n_sites, dtype=bool),
        most=0,
        fewest=0,
        budget=np.inf,
        place=None,
        one_of=None,
    )
    model, n_arcs = _model(inner, loads=np.where(opened, needed, 0.0))
    solution = solve_model(model, clock=clock)
    if solution.status != "optimal" or solution.x is None:
        return None
    flow = np.zeros(question.arcs.row.size)
    x = solution.x[question.n_sites : question.n_sites + n_arcs]
    if question.single_source:
        x = x * inner.pupils[inner.arcs.row]
    flow[usable] = np.round(x)  # the corner of a network flow is whole
    return flow


def missing_pupils(question: FlowQuestion, clock: Clock) -> Floats | None:
    """
    Leave as few pupils as possible without a seat, whatever it costs.

    Parameters
    ----------
    question : FlowQuestion
        A question that has no answer.
    clock : Clock
        Time left.

    Returns
    -------
    numpy.ndarray, shape (n_rows,), or None
        Pupils without a seat; None where no choice of sites keeps the other rules, or time ran out.
    """
    arcs = question.arcs
    free = Arcs(arcs.row, arcs.site, np.zeros_like(arcs.cost), arcs.board)
    loose = question.changed(arcs=free, opening=np.zeros(question.n_sites), unserved=np.ones(question.pupils.size))
    answer = solve_flow(loose, clock)
    if answer.flow is None:
        return None
    seated = np.bincount(arcs.row, weights=answer.flow, minlength=question.pupils.size)
    return np.asarray(np.round(question.pupils - seated))


def _model(question: FlowQuestion, loads: Floats | None = None) -> tuple[Model, int]:
    """
    Write the model: first ``y`` of all sites, then ``x`` of all arcs, then ``u``, the pupils without a seat.

    With ``single_source``, ``x`` and ``u`` are shares (0 or 1) of the row, else pupils.
    """
    arcs, n_sites = question.arcs, question.n_sites
    n_arcs, n_rows = arcs.row.size, question.pupils.size
    may_miss = np.flatnonzero(np.isfinite(question.unserved))
    n_u = may_miss.size
    single = question.single_source
    on_arc = question.pupils[arcs.row]
    amount = on_arc if single else np.ones(n_arcs)  # pupils that one unit of x stands for
    most_on_arc = np.ones(n_arcs) if single else on_arc
    target = (question.pupils > 0).astype(float) if single else question.pupils
    x = n_sites + np.arange(n_arcs)
    rows = Rows()
    each = np.arange(n_u)
    rows.add(
        np.concatenate([arcs.row, may_miss]),
        np.concatenate([x, n_sites + n_arcs + each]),
        1.0,
        n=n_rows,
        lower=target,
        upper=target,
    )
    for capacity, used in ((question.seats, np.ones(n_arcs, dtype=bool)), (question.beds, arcs.board)):
        _add_capacity(rows, question, capacity, used, x, amount)
    linked = np.flatnonzero(question.free[arcs.site])
    rows.add(
        np.tile(np.arange(linked.size), 2),
        np.concatenate([x[linked], arcs.site[linked]]),
        np.concatenate([np.ones(linked.size), -most_on_arc[linked]]),
        n=linked.size,
        upper=0.0,
    )
    add_site_rules(rows, question, x, amount, loads)
    price = question.unserved[may_miss] * (question.pupils[may_miss] if single else 1.0)
    lower = np.concatenate([(~question.free).astype(float), np.zeros(n_arcs + n_u)])
    upper = np.concatenate([np.ones(n_sites), np.where(on_arc > 0, most_on_arc, 0.0), target[may_miss]])
    whole = np.concatenate([question.free, np.full(n_arcs + n_u, single)])
    cost = np.concatenate([question.opening, arcs.cost * amount, price])
    return Model(cost, lower, upper, whole, rows), n_arcs


def _add_capacity(rows: Rows, question: FlowQuestion, capacity: Floats, used: Bools, x: Ints, amount: Floats) -> None:
    """Seats or beds: ``sum of pupils <= capacity * y`` for the sites that could be overfull."""
    arcs = question.arcs
    wanted = np.bincount(arcs.site[used], weights=question.pupils[arcs.row[used]], minlength=question.n_sites)
    tight = np.flatnonzero(wanted > capacity)
    number = np.full(question.n_sites, -1)
    number[tight] = np.arange(tight.size)
    at = np.flatnonzero(used & (number[arcs.site] >= 0))
    rows.add(
        np.concatenate([number[arcs.site[at]], np.arange(tight.size)]),
        np.concatenate([x[at], tight]),
        np.concatenate([amount[at], -capacity[tight]]),
        n=tight.size,
        upper=0.0,
    )


def add_site_rules(rows: Rows, question: FlowQuestion, x: Ints, amount: Floats, loads: Floats | None = None) -> None:
    """
    Add the rules for choosing sites: number of new ones, budget, one site a place, least load.

    Parameters
    ----------
    rows : Rows
        The constraints so far; changed. The first columns of the model are the sites.
    question : FlowQuestion
        The question.
    x : numpy.ndarray of int64, shape (n_arcs,)
        Columns of the arcs.
    amount : numpy.ndarray, shape (n_arcs,)
        Pupils that one unit of an arc's column stands for [pupils].
    loads : numpy.ndarray, shape (n_sites,), optional
        Least load of each site, where the sites are given [pupils].
    """
    new = np.flatnonzero(question.candidate)
    if new.size:
        rows.add(np.zeros(new.size), new, 1.0, n=1, lower=float(question.fewest), upper=float(question.most))
    paid = np.flatnonzero(question.free & (question.spend > 0))
    if np.isfinite(question.budget) and paid.size:
        rows.add(np.zeros(paid.size), paid, question.spend[paid], n=1, upper=question.budget)
    if question.place is not None:
        free = np.flatnonzero(question.free)
        places, first, number, size = np.unique(
            question.place[free], return_index=True, return_inverse=True, return_counts=True
        )
        needs = np.zeros(places.size, dtype=bool) if question.one_of is None else question.one_of[free[first]]
        if (size > 1).any() or needs.any():
            rows.add(number, free, 1.0, n=places.size, lower=needs.astype(float), upper=1.0)
    least = np.where(question.free, question.least_load, 0.0) if loads is None else loads
    bound = np.flatnonzero(least > 0)
    number = np.full(question.n_sites, -1)
    number[bound] = np.arange(bound.size)
    at = np.flatnonzero(number[question.arcs.site] >= 0)
    rows.add(
        np.concatenate([number[question.arcs.site[at]], np.arange(bound.size)]),
        np.concatenate([x[at], bound]),
        np.concatenate([amount[at], -least[bound] if loads is None else np.zeros(bound.size)]),
        n=bound.size,
        lower=0.0 if loads is None else least[bound],
    )


def _read(question: FlowQuestion, solution: Solution, n_arcs: int) -> FlowAnswer:
    if solution.x is None:
        return FlowAnswer(solution.status, None, None, solution.bound)
    n_sites = question.n_sites
    opened = solution.x[:n_sites] > 0.5
    flow = solution.x[n_sites : n_sites + n_arcs]
    if question.single_source:
        flow = flow * question.pupils[question.arcs.row]
    return FlowAnswer(solution.status, opened, flow, solution.bound)
