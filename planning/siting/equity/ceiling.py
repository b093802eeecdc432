r"""
A question with seats whose answer may not spread a resource too unevenly: a coefficient of variation as a ceiling.

With :math:`h_i` of a resource in school i and :math:`p_i` pupils, the pupil-weighted coefficient of variation c is

.. math:: 1 + c^2 = \frac{P}{H^2} \sum_i \frac{h_i^2}{p_i}, \qquad P = \sum_i p_i, \; H = \sum_i h_i,

so that among open schools the ceiling is a convex limit on how many pupils each has. Each school's share of the sum is laid
out in blocks of seats, whose prices fall as the school fills, and the exact kernel seats the pupils; one multiplier weighs ways
against evenness. What a closed school had leaves with it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from planning.access.allocation import Allocation, allocate
from planning.access.dispersion import cv
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import no_answer
from planning.siting.checks import (
    Bools,
    Floats,
    Ints,
    check_columns,
    check_limit,
    check_per_site,
    check_pupils,
    check_reach,
)
from planning.siting.clock import Cancel, Clock, Watch
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.seats.capacitated import capacitated
from planning.siting.seats.mergers import list_moves
from planning.siting.seats.sizes import SizeOption
from planning.siting.tables.shortlist import cost_matrix

__all__ = ["capacitated_evenly", "variation_of"]

_FIRST_SHARE = 0.5  # of the time, for the question without the ceiling
_MOST_FREE = 6  # sites that may open or close, up to which all sets of them are gone through
_UNITS = 600  # blocks up to which each holds one pupil: then the least coefficient of a set is exact
_BLOCKS = 10  # blocks of a school otherwise
_STEPS = 24  # of the search for the multiplier
_SAME_PRICE = 1e-3  # logarithm, from which on two prices of evenness are the same
_CLOSE = 0.98  # of the ceiling: in a large question no closer answer is looked for
_NEARLY = 1 + 1e-9  # as compliance has it, so that a coefficient at its limit keeps it


def variation_of(resources: Any, load: Any) -> float:
    """
    Give the coefficient of variation over the schools with pupils whose resource is known.

    Parameters
    ----------
    resources : array_like, shape (n_sites,)
        What each school has in all [resource]; NaN where unknown.
    load : array_like, shape (n_sites,)
        Its pupils [pupils].

    Returns
    -------
    float
        Coefficient [1]; NaN where no such school has anything.
    """
    held, pupils = np.asarray(resources, dtype=np.float64), np.asarray(load, dtype=np.float64)
    used = np.isfinite(held) & (pupils > 0)
    return cv(held[used], pupils[used]) if used.any() and held[used].sum() > 0 else float("nan")


def capacitated_evenly(
    costs: Any,
    pupils: Any,
    seats: Any,
    resources: Any,
    max_cv: float,
    *,
    also: Any = None,
    p: int | None = None,
    p_min: int | None = None,
    build_cost: Any = None,
    running_cost: Any = None,
    spend: Any = None,
    budget: float | None = None,
    fixed: Iterable[int] = (),
    closable: Iterable[int] = (),
    min_pupils: Any = None,
    unserved_cost: float | None = None,
    time_limit_s: float = 60,
    options: Sequence[SizeOption] = (),
    blocked: Mapping[int, Message] | None = None,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Answer a question with seats so that a resource varies little enough between the schools.

    The question is answered without the ceiling first; where that keeps it, this is the answer. Otherwise sites and
    seating are searched for under the ceiling: all sets of sites where they are few, else those near the first answer. No
    answer breaks the ceiling; but a cheaper one that keeps it may exist, within the gap that is told. The bound is that of
    the question without the ceiling, which no answer with it can beat.

    Parameters
    ----------
    costs, pupils, seats : array_like
        As `capacitated` has them.
    resources : array_like, shape (n_sites,)
        What each school has in all [resource]; NaN = not known: the school is not judged, and takes pupils as it can.
    max_cv : float
        Largest coefficient of variation over the judged schools that have pupils [1].
    also : array_like, shape (n_sites,), optional
        Pupils that each site has beside those of the question, in no seat of it [pupils].
    p, p_min, build_cost, running_cost, spend, budget, fixed, closable, min_pupils, unserved_cost : object
        As `capacitated` has them.
    time_limit_s : float
        Wall time of the search [s]; one look at a set of sites that has begun is finished.
    options, blocked, cancel : object
        As `capacitated` has them. Sizes are those that the question takes without the ceiling.

    Returns
    -------
    Proposal
        As `capacitated` gives it, without seat prices where the ceiling binds. ``infeasible`` only where all sets were gone
        through and the least coefficient of each, with pupils in every school, is above the ceiling; the explanation tells
        the least that was reached.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or no resource is known.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    ceiling, closable, options = check_limit(max_cv, "max_cv"), tuple(closable), tuple(options)
    table = _dense(cost_matrix(costs))
    n = table.shape[1]
    held = np.asarray(resources, dtype=np.float64)
    if held.shape != (n,) or (held < 0).any() or not (held > 0).any():
        raise SchemaError(
            msg("resources: must be one number of 0 or more for each site, some above 0; NaN where unknown.")
        )
    fixed = tuple(fixed)
    plain = capacitated(
        costs, pupils, seats, p, p_min, build_cost, running_cost, spend, budget, fixed, closable, min_pupils,
        unserved_cost=unserved_cost, time_limit_s=_FIRST_SHARE * time_limit_s, options=options, blocked=blocked,
        cancel=_bound_alone(cancel),
    )  # fmt: skip
    if plain.allocation is None:
        return plain
    beside = check_per_site(also, n, "also")
    load = np.asarray(plain.allocation.flows.sum(axis=0)).ravel() + beside
    if not variation_of(held, load) > ceiling * _NEARLY:
        return plain
    existing = _marked(fixed, n, "fixed")
    gate = dict(blocked or {})
    free = (_marked(closable, n, "closable") & ~_marked(gate, n, "blocked")) | ~existing
    sized = dict(plain.sizes)
    size_of = {site: options[option] for site, option in plain.sizes}
    free[[size.site for size in options]] = False
    running = check_per_site(running_cost, n, "running_cost")
    opening = np.where(existing, 0.0, check_per_site(build_cost, n, "build_cost")) + running
    offered = check_per_site(seats, n, "seats", infinite=True)
    paid = np.where(existing, 0.0, check_per_site(spend, n, "spend"))
    for site, size in size_of.items():
        offered[site] = size.seats
        opening[site] += size.build_cost + (0.0 if size.running_cost is None else size.running_cost - running[site])
        paid[site] += size.spend
    sites = _Sites(
        cost=table,
        pupils=np.where(np.isfinite(table).any(axis=1), check_pupils(pupils, len(table), whole=True), 0).astype(
            np.int64
        ),
        seats=np.floor(offered),
        held=held,
        also=beside,
        opening=opening,
        spend=paid,
        budget=np.inf if budget is None else float(budget),
        existing=existing,
        free=free,
        least=np.where(free, check_per_site(min_pupils, n, "min_pupils"), 0.0),
        fewest=p_min or 0,
        most=n if p is None else p,
        unserved=unserved_cost,
    )
    start = existing.copy()
    start[list(plain.closed)] = False
    start[list(plain.sites)] = True
    clock.tell(np.inf, plain.bound)  # the cheaper answer without the ceiling is none, its bound holds
    found = _search(sites, start, ceiling, clock)
    is_proven = found.is_proven and not options
    words = plain.explanation
    if found.opened is None or found.flows is None:
        least = (
            msg("No layout whose schools all have pupils keeps the ceiling of {ceiling}: the least coefficient that any reaches is {least}.", ceiling=f"{ceiling:g}", least=f"{found.reached:.3f}")
            if is_proven
            else msg("No layout that keeps the ceiling of {ceiling} was found; the least coefficient reached is {least}. That is no proof that there is none.", ceiling=f"{ceiling:g}", least=f"{found.reached:.3f}")
        )  # fmt: skip
        stopped = None if is_proven else clock.reason()
        return no_answer("min", clock, plain.unreachable, (*words, least), stopped=stopped, bound=plain.bound)
    opened, value, flow = found.opened, found.value, sparse.csr_array(found.flows)
    travel = float((flow.multiply(np.where(np.isfinite(table), table, 0.0))).sum())
    seated: Ints = np.asarray(flow.sum(axis=1)).ravel().astype(np.int64)
    allocation = Allocation(
        flows=flow,
        cost=travel,
        unserved=check_pupils(pupils, len(table), whole=True).astype(np.int64) - seated,
        prices=np.zeros(n),
    )
    bound = min(plain.bound, value)
    after = variation_of(held, np.asarray(flow.sum(axis=0)).ravel() + np.where(opened, beside, 0.0))
    told = msg(
        "The ceiling costs: without it the coefficient would be {without}, with it it is {after}. The bound is that of the question without the ceiling.",
        without=f"{variation_of(held, load):.3f}",
        after=f"{after:.3f}",
    )
    return replace(
        plain,
        sites=tuple(np.flatnonzero(opened & ~existing).tolist()),
        closed=tuple(np.flatnonzero(~opened & existing).tolist()),
        allocation=allocation,
        objective=value,
        bound=bound,
        status="optimal" if gap_between(value, bound) <= OPTIMAL_GAP else clock.reason(),
        seconds=clock.seconds,
        explanation=(*words, told),
        sizes=tuple((site, option) for site, option in sized.items() if opened[site]),
        moves=list_moves(check_reach(table), allocation, existing, opened),
    )


def _dense(costs: Floats | sparse.csr_array) -> Floats:
    """Give the table in full; what a sparse one does not store is out of reach."""
    if isinstance(costs, np.ndarray):
        return costs.astype(np.float64)
    pairs = costs.tocoo()
    table = np.full(pairs.shape, np.inf)
    table[pairs.row, pairs.col] = pairs.data
    return table


def _marked(columns: Iterable[int], n: int, name: str) -> Bools:
    marked = np.zeros(n, dtype=bool)
    marked[check_columns(columns, n, name)] = True
    return marked


@dataclass(frozen=True, eq=False)
class _Sites:
    """The question, as the search under the ceiling sees it."""

    cost: Floats
    pupils: Ints
    seats: Floats
    held: Floats
    also: Floats
    opening: Floats
    spend: Floats
    budget: float
    existing: Bools
    free: Bools
    least: Floats
    fewest: int
    most: int
    unserved: float | None

    def allows(self, opened: Bools) -> bool:
        """Say whether number and money allow these sites."""
        new = opened & ~self.existing
        paid = float(self.spend[opened].sum())
        return self.fewest <= int(new.sum()) <= self.most and paid <= self.budget * _NEARLY


@dataclass(eq=False)
class _Found:
    """What the search has found so far; the one thing that it changes."""

    opened: Bools | None = None
    flows: Ints | None = None
    value: float = float("inf")
    reached: float = float("inf")
    is_proven: bool = True


def _bound_alone(cancel: Cancel | None) -> Cancel | None:
    """Let who waits hear the bound of the question without the ceiling, which holds with it; its answers may not."""
    if not isinstance(cancel, Watch):
        return cancel
    tell = cancel.tell
    return Watch(cancel.stop, lambda _, bound: tell(float("inf"), bound))


def _search(sites: _Sites, start: Bools, ceiling: float, clock: Clock) -> _Found:
    """Go through sets of sites: all where they are few, else those a site away from the best."""
    found, seen = _Found(), set[bytes]()
    n_free = int(sites.free.sum())
    if n_free <= _MOST_FREE:
        for opened in _all_sets(sites, start):
            if clock.stopped:
                found.is_proven = False
                break
            _look(sites, opened, ceiling, clock, found, seen)
        return found
    _look(sites, start, ceiling, clock, found, seen)
    if found.opened is None or not clock.stopped:
        _look(sites, sites.existing, ceiling, clock, found, seen)
    is_better = True
    while is_better:
        before, middle = found.value, start if found.opened is None else found.opened
        for site in np.flatnonzero(sites.free & (sites.existing | middle)):
            if clock.stopped:
                break
            other = middle.copy()
            other[site] = ~other[site]
            _look(sites, other, ceiling, clock, found, seen)
        is_better = found.value < before
    found.is_proven = False
    return found


def _look(sites: _Sites, opened: Bools, ceiling: float, clock: Clock, found: _Found, seen: set[bytes]) -> None:
    """Seat the pupils of one set that is allowed, and keep it where it is better."""
    if opened.tobytes() in seen or not sites.allows(opened):
        return
    seen.add(opened.tobytes())
    seated, least, is_exact = _seat_evenly(sites, opened, ceiling, clock, found.value)
    found.reached, found.is_proven = min(found.reached, least), found.is_proven and is_exact
    if seated is not None and seated[1] < found.value:
        found.opened, (found.flows, found.value) = opened.copy(), seated
        clock.tell(found.value, float("-inf"))


def _all_sets(sites: _Sites, start: Bools) -> Iterator[Bools]:
    yield start
    free = np.flatnonzero(sites.free)
    for choice in itertools.product((True, False), repeat=len(free)):
        opened = start.copy()
        opened[free] = choice
        yield opened


def _seat_evenly(
    sites: _Sites, opened: Bools, ceiling: float, clock: Clock, beat: float
) -> tuple[tuple[Ints, float] | None, float, bool]:
    """
    Seat the pupils of some sites as cheaply as the ceiling allows.

    Gives flows and value, None where there is none; the least coefficient met; and whether no other seating has less.
    """
    columns = np.flatnonzero(opened)
    blocks = _lay_blocks(sites, columns)
    seater = _Seater(sites, columns, blocks)
    if blocks.column.size == 0 or (sites.unserved is None and seater.opening >= beat):
        return None, float("inf"), sites.unserved is None
    is_exact = (
        blocks.is_exact
        and bool(np.isfinite(sites.held[columns]).all())
        and sites.unserved is None
        and not sites.least[columns].any()
    )
    even = seater.seat(np.inf)
    if even.is_short:
        return None, float("inf"), is_exact
    if not even.keeps(ceiling):
        return None, even.coefficient, is_exact
    best = _weigh(seater, even, ceiling, clock)
    table = np.zeros(sites.cost.shape, dtype=np.int64)
    table[:, columns] = best.flows
    return (table, best.value), best.coefficient, is_exact


def _weigh(seater: _Seater, even: _Seated, ceiling: float, clock: Clock) -> _Seated:
    """Find the price of evenness at which the ceiling is just kept; then go as far from there to the cheap side as it lets."""
    if clock.stopped:
        return even
    best, cheap = even, seater.seat(0.0)
    if cheap.keeps(ceiling):
        return cheap
    scale = max(cheap.value - seater.opening, 1e-9) * float(max(seater.sites.pupils.sum(), 1))
    low, high = np.log(1e-3 * scale), np.log(1e3 * scale)
    for _ in range(_STEPS):
        if clock.stopped or high - low < _SAME_PRICE:
            break
        middle = 0.5 * (low + high)
        found = seater.seat(float(np.exp(middle)))
        if found.keeps(ceiling):
            high, even = middle, found
            best = min(best, found, key=lambda one: one.value)
            if not seater.blocks.is_exact and found.coefficient > ceiling * _CLOSE:
                break
        else:
            low, cheap = middle, cheap if found.is_short else found
    if not cheap.is_short and not clock.cancelled:
        found = seater.seat_between(cheap, even, ceiling)
        best = min(best, found, key=lambda one: one.value) if found.keeps(ceiling) else best
    return best


@dataclass(frozen=True, eq=False)
class _Seated:
    """The pupils seated in some sites: flows, value of the objective, coefficient, and whether that breaks another rule."""

    flows: Ints
    value: float
    coefficient: float
    is_short: bool

    def keeps(self, ceiling: float) -> bool:
        """Say whether all rules are kept."""
        return not self.is_short and self.coefficient <= ceiling * _NEARLY


@dataclass(frozen=True, eq=False)
class _Seater:
    """Seats the pupils of a question in some of its sites."""

    sites: _Sites
    columns: Ints
    blocks: _Blocks

    @property
    def opening(self) -> float:
        """Cost of the sites."""
        return float(self.sites.opening[self.columns].sum())

    @property
    def cost(self) -> Floats:
        """Cost of each pupil at the open sites."""
        return self.sites.cost[:, self.columns]

    def judge(self, flows: Ints, left: int) -> _Seated:
        """Measure an answer."""
        sites, cost, load = self.sites, self.cost, flows.sum(axis=0)
        coefficient = variation_of(sites.held[self.columns], load + sites.also[self.columns])
        way = float((flows * np.where(np.isfinite(cost), cost, 0.0)).sum())
        return _Seated(
            flows,
            way + self.opening + left * (sites.unserved or 0.0),
            0.0 if np.isnan(coefficient) else coefficient,
            is_short=(left > 0 and sites.unserved is None) or bool((load < sites.least[self.columns]).any()),
        )

    def seat(self, multiplier: float) -> _Seated:
        """Seat the pupils at one price of evenness; inf: evenness alone counts."""
        blocks, cost, alone = self.blocks, self.cost, bool(np.isinf(multiplier))
        total = float(np.nansum(self.sites.held[self.columns])) or 1.0
        price = blocks.price * ((1.0 if alone else multiplier) / total**2)
        way = np.where(np.isfinite(cost), 0.0 if alone else cost, np.inf)[:, blocks.column]
        answer = allocate(way + (price - price.min()), self.sites.pupils, blocks.seats)
        part = answer.flows.tocoo()
        flows = np.zeros(cost.shape, dtype=np.int64)
        np.add.at(flows, (part.row, blocks.column[part.col]), part.data)
        return self.judge(flows, int(answer.unserved.sum()))

    def seat_between(self, cheap: _Seated, even: _Seated, ceiling: float) -> _Seated:
        """Seat the pupils with loads between two answers, as near the cheap one as the ceiling allows."""
        held, also = self.sites.held[self.columns], self.sites.also[self.columns]
        loads = _between(cheap.flows.sum(axis=0), even.flows.sum(axis=0), held, also, ceiling)
        answer = allocate(self.cost, self.sites.pupils, loads)
        return self.judge(answer.flows.toarray().astype(np.int64), int(answer.unserved.sum()))


def _between(cheap: Ints, even: Ints, held: Floats, also: Floats, ceiling: float) -> Floats:
    """
    Give whole loads on the straight line between two answers, the nearest to the cheap one that keeps the ceiling.

    Any point of the line can be seated, for flows can be mixed; whole loads of the same sum can be as well, or some pupils
    stay without a seat, which is seen. The coefficient is convex along the line.
    """
    low, high = 0.0, 1.0
    loads = even.astype(np.float64)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        exact = cheap + middle * (even - cheap)
        whole = np.floor(exact + 1e-9)
        more = round(float(exact.sum() - whole.sum()))
        whole[np.argsort(whole - exact, kind="stable")[: max(more, 0)]] += 1
        if variation_of(held, whole + also) <= ceiling * _NEARLY:
            high, loads = middle, whole
        else:
            low = middle
    return loads


@dataclass(frozen=True, eq=False)
class _Blocks:
    """Seats of the open sites in blocks: site of each, seats, and how the sum of h^2 / p changes a pupil."""

    column: Ints
    seats: Floats
    price: Floats
    is_exact: bool


def _lay_blocks(sites: _Sites, columns: Ints) -> _Blocks:
    """Lay out the blocks; the first pupil of a school counts more than any other, for a school without pupils is not judged."""
    in_reach = np.isfinite(sites.cost[:, columns])
    most = np.minimum(sites.seats[columns], (in_reach * sites.pupils[:, None]).sum(axis=0)).astype(np.int64)
    held, beside = sites.held[columns], sites.also[columns]
    is_exact = int(most[np.isfinite(held)].sum()) <= _UNITS
    first = 3.0 * float(np.nanmax(held, initial=0.0)) ** 2
    column: list[int] = []
    seats: list[int] = []
    price: list[float] = []
    for at, largest in enumerate(most):
        if largest == 0:
            continue
        if not np.isfinite(held[at]) or held[at] == 0:
            column.append(at)
            seats.append(int(largest))
            price.append(0.0)
            continue
        steps = (
            np.arange(1, largest + 1) if is_exact else np.unique(np.geomspace(1, largest, _BLOCKS).round().astype(int))
        )
        ends = np.concatenate([[0], steps])
        squares = held[at] ** 2 / np.maximum(ends[1:] + beside[at], 1)
        change = np.diff(squares, prepend=squares[0] + first) / np.diff(ends)
        column += [at] * len(steps)
        seats += np.diff(ends).tolist()
        price += change.tolist()
    return _Blocks(
        np.array(column, dtype=np.int64), np.array(seats, dtype=np.float64), np.array(price, dtype=np.float64), is_exact
    )
