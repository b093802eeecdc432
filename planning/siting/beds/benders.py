"""
Choose sites, in one step or year by year, by cuts: what any choice costs at least, learnt from the choices tried.

Every stage of the choice (a year, or the only step) is a question with seats. For any prices of its rows, what the sites
bring together with ``pupils @ prices`` bounds the cost of every choice from below: a constant and one number a site
(`fill_sites`). Prices are raised by a subgradient first; then the choice that all cuts together call cheapest is seated, and
the prices of that seating are the next cut, until no choice can be cheaper than the best one (Benders' decomposition [1]_,
with cuts of the strong, Lagrangian kind [2]_).

References
----------
.. [1] J. F. Benders, Numer. Math. 4, 238-252, 1962. https://doi.org/10.1007/BF01386316
.. [2] T. J. Van Roy, Oper. Res. 34(1), 145-163, 1986. https://doi.org/10.1287/opre.34.1.145
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from planning.siting.beds.neighbours import neighbours
from planning.siting.beds.question import seat_with_beds, takes_at_most
from planning.siting.beside import run_beside
from planning.siting.checks import Bools, Floats, Ints
from planning.siting.clock import Cancel, Clock
from planning.siting.highs import Model, Rows, Solution, solve_model
from planning.siting.proposal import OPTIMAL_GAP, gap_between
from planning.siting.seats.flow import FlowQuestion
from planning.siting.seats.prices import fill_sites
from planning.siting.seats.seating import seat_in

__all__ = ["Choice", "Found", "Side", "choice_of", "choose_sites"]

logger = logging.getLogger(__name__)

Side = tuple[Floats, float]
"""A row over the variables of a choice, and what it is at least."""

_ROUNDS = 300
_OFFER_EVERY = 30
_STALE = 8  # rounds without effect after which the step is halved
_SHORTEST_STEP = 0.01
_SMOOTH = 0.6  # weight of the new slope against those before (deflection)
_KEPT = 60  # cuts of the prices that go on into the search, for each stage
_NEIGHBOURS = 12  # choices close to the best one that are tried in a row
_FIRST_S = 60.0  # a choice to begin with is seated even where the run has less time
_GRACE_S = 0.8  # for whoever stops a run before it has an answer, and would like one
_AT_ONCE_S = 1.0  # for a bound where no time is left
_QUICK = 20_000  # arcs whose pupils are seated at once
_ENOUGH = 1e-9  # of the best value: a choice this close below is not looked for


@dataclass(frozen=True)
class Choice:
    """
    What may be chosen: 0-1 variables ``y``, site by site within stage by stage, then others that rules need.

    Parameters
    ----------
    n_stages, n_sites : int
        Stages and sites; ``y`` of stage t and site j is variable ``t * n_sites + j``.
    cost, lower, upper : numpy.ndarray, shape (n_variables,)
        Cost of the variables and their sides.
    rules : callable
        Writes down, anew at each call, what a choice must keep.
    flags : callable, optional
        Given choices, shape (n_choices, n_stages, n_sites), gives the other variables of each.
    """

    n_stages: int
    n_sites: int
    cost: Floats
    lower: Floats
    upper: Floats
    rules: Callable[[], Rows]
    flags: Callable[[Bools], Floats] = lambda opened: np.zeros((len(opened), 0))

    def keeps_rules(self, many: Bools) -> Bools:
        """
        Tell which choices keep the rules.

        Parameters
        ----------
        many : numpy.ndarray of bool, shape (n_choices, n_stages, n_sites)
            Open sites.

        Returns
        -------
        numpy.ndarray of bool, shape (n_choices,)
            True where all rules are kept.
        """
        x = np.concatenate(
            [many.reshape(len(many), many.shape[1] * many.shape[2]).astype(np.float64), self.flags(many)], axis=1
        )
        table, lower, upper = self.rules().matrix(self.cost.size)
        sums = (table @ x.T).T
        near = 1e-9 * np.maximum(1.0, np.abs(sums))
        inside = (x >= self.lower - 1e-9) & (x <= self.upper + 1e-9)
        return np.asarray(inside.all(axis=1) & ((sums >= lower - near) & (sums <= upper + near)).all(axis=1))

    def opened(self, x: Floats) -> Bools:
        """
        Read the sites open in each stage.

        Parameters
        ----------
        x : numpy.ndarray, shape (n_variables,)
            Values of the variables.

        Returns
        -------
        numpy.ndarray of bool, shape (n_stages, n_sites)
            True for open sites.
        """
        return np.asarray(x[: self.n_stages * self.n_sites].reshape(self.n_stages, self.n_sites) > 0.5)


@dataclass
class Found:
    """
    How a search ended.

    Parameters
    ----------
    status : {"optimal", "stopped", "infeasible"}
        ``infeasible`` only where it is proven.
    opened : numpy.ndarray of bool, shape (n_stages, n_sites), or None
        The best choice.
    flows : list of numpy.ndarray
        Pupils on each arc, stage by stage.
    value : float
        What it costs.
    bound : float
        No choice costs less.
    """

    status: str = "stopped"
    opened: Bools | None = None
    flows: list[Floats] = field(default_factory=list)
    value: float = float("inf")
    bound: float = float("-inf")


def choose_sites(
    stages: Sequence[FlowQuestion],
    choice: Choice,
    clock: Clock,
    also: Callable[[Bools], list[Side]] = lambda opened: [],
    *,
    first: Bools | None = None,
    floor: float = float("-inf"),
) -> Found:
    """
    Find the cheapest choice of sites and prove how good it is.

    Parameters
    ----------
    stages : sequence of FlowQuestion
        Rows, arcs, capacities and least loads of each stage; opening costs, number and budget stand in ``choice``.
    choice : Choice
        What may be chosen.
    clock : Clock
        Time left.
    also : callable, optional
        Given the sites open in each stage, gives the further rules that this choice breaks, as rows that every choice
        keeps; none where it breaks none.
    first : numpy.ndarray of bool, shape (n_stages, n_sites), optional
        A choice that keeps the rules, to be tried before all others, so that a run that is stopped early has an answer: it is
        seated even where the run has less time than that takes, unless it is called off and that takes long. The search begins at its prices.
    floor : float
        What no choice can cost less than, where that is known before.

    Returns
    -------
    Found
        The best choice, its flows and a bound.
    """
    search = _Search(stages, choice, clock, also)
    search.best.bound = floor
    clock.tell(search.best.value, floor)
    if first is not None:
        search.offer_first(first)
    if not search.done:
        search.raise_prices()
    elif not clock.cancelled:
        search.bound_at_once()
    while not search.done:
        search.look()
    found = search.best
    if gap_between(found.value, found.bound) <= OPTIMAL_GAP:
        found.status = "optimal"
    elif found.opened is None and found.bound == np.inf:
        found.status = "infeasible"
    return found


def _a_moment_later(clock: Clock) -> Cancel:
    """Hear a little late that the run is called off: long enough to have an answer where that is quickly found."""
    since: list[float] = []

    def called_off() -> bool:
        if clock.cancelled and not since:
            since.append(clock.seconds)
        return bool(since) and clock.seconds > since[0] + _GRACE_S

    return called_off


def choice_of(question: FlowQuestion) -> Choice:
    """
    Say what may be chosen in a question of one step.

    Parameters
    ----------
    question : FlowQuestion
        Sites, opening costs, number and budget.

    Returns
    -------
    Choice
        One stage.
    """
    return Choice(
        n_stages=1,
        n_sites=question.n_sites,
        cost=question.opening,
        lower=(~question.free).astype(np.float64),
        upper=np.ones(question.n_sites),
        rules=partial(_rules_of, question),
    )


def _rules_of(question: FlowQuestion) -> Rows:
    """Write down the number of new sites and the budget."""
    new, rows = np.flatnonzero(question.candidate), Rows()
    if new.size:
        rows.add(np.zeros(new.size), new, 1.0, n=1, lower=float(question.fewest), upper=float(question.most))
    if new.size and np.isfinite(question.budget):
        rows.add(np.zeros(new.size), new, question.spend[new], n=1, upper=question.budget)
    return rows


class _Search:
    """The best choice so far, the cuts, and the steps that change them."""

    def __init__(
        self, stages: Sequence[FlowQuestion], choice: Choice, clock: Clock, also: Callable[[Bools], list[Side]]
    ) -> None:
        self.stages, self.choice, self.clock, self.also = stages, choice, clock, also
        self.best = Found()
        self._cuts: list[tuple[int, float, Floats]] = []
        self._sides: list[Side] = []
        self._seated: dict[tuple[int, bytes], tuple[float, Floats | None]] = {}
        self._known_prices: dict[int, Floats] = {}
        self._seen: set[bytes] = set()
        self._exhausted = False
        self._lower, self._upper = choice.lower.copy(), choice.upper.copy()

    @property
    def done(self) -> bool:
        """True where nothing is left to look for, or time is up."""
        value = self.best.value
        self.clock.tell(value, self.best.bound)
        near = np.isfinite(value) and value - self.best.bound <= _ENOUGH * abs(value)
        return self._exhausted or bool(near) or self.clock.stopped

    def look(self) -> None:
        """Seat the pupils in the choice that the cuts call cheapest, and in those close to a better one; learn from it."""
        before = self.best.value
        solution = self._cheapest(self.clock)
        if solution.status == "infeasible":
            self.best.bound = self.best.value  # every other choice is ruled out
            self._exhausted = True
            return
        self.best.bound = max(self.best.bound, min(solution.bound, self.best.value))
        if solution.x is None or self.done:
            return
        self.offer(self.choice.opened(solution.x))
        if self.best.value < before:
            self.look_around()

    def look_around(self) -> None:
        """Change one or two sites of the best choice, as long as that helps; only where the cuts allow it to help."""
        while self.best.opened is not None and not self.done:
            value = self.best.value
            near = neighbours(self.best.opened, self._free())
            near = near[self.choice.keeps_rules(near)]
            least = self._cost_at_least(near)
            order = np.argsort(least, kind="stable")[:_NEIGHBOURS]
            for at in order[least[order] < value * (1 - _ENOUGH)]:
                if self.done or self._cost_at_least(near[at : at + 1])[0] >= value * (1 - _ENOUGH):
                    continue  # what was learnt on the way rules it out
                if near[at].tobytes() not in self._seen:
                    self.offer(near[at])
                if self.best.value < value:
                    break
            if self.best.value >= value:
                return

    def _free(self) -> Bools:
        """Tell which sites are not settled in every stage."""
        size = self.choice.n_stages * self.choice.n_sites
        open_to = (self._lower < self._upper)[:size].reshape(self.choice.n_stages, self.choice.n_sites)
        return np.asarray(open_to.any(axis=0))

    def _cost_at_least(self, many: Bools) -> Floats:
        """Bound the cost of choices, shape (n_choices, n_stages, n_sites), by all cuts known."""
        flat = many.reshape(len(many), many.shape[1] * many.shape[2]).astype(np.float64)
        total: Floats = flat @ self.choice.cost[: flat.shape[1]]
        for stage in range(self.choice.n_stages):
            cuts = [(constant, worth) for number, constant, worth in self._cuts if number == stage]
            if cuts:
                worths = np.array([worth for _, worth in cuts])
                total += (many[:, stage].astype(np.float64) @ worths.T + [constant for constant, _ in cuts]).max(axis=1)
        for row, side in self._sides:
            if not row[flat.shape[1] :].any():
                total[flat @ row[: flat.shape[1]] < side - 1e-9] = np.inf
        return total

    def offer(self, opened: Bools) -> None:
        """Seat the pupils stage by stage; keep the answer if it is the best, and what its prices tell."""
        if opened.tobytes() in self._seen:  # its cuts are not tight: its value is known, so it may be left out
            self._leave_out(opened)
            return
        self._seen.add(opened.tobytes())
        broken = self.also(opened)
        self._sides += broken
        seated = [self._seat(stage, opened[stage]) for stage in range(len(self.stages))]
        if broken or any(flow is None for _, flow in seated):
            return
        value = sum(cost for cost, _ in seated) + self._price_of_choice(opened)
        if value < self.best.value:
            self.best.opened, self.best.value = opened.copy(), value
            self.best.flows = [flow for _, flow in seated if flow is not None]

    def offer_first(self, opened: Bools) -> None:
        """Seat the pupils in a choice to begin with, all stages of it, and begin with its prices."""
        clock, self.clock = self.clock, Clock(_FIRST_S, _a_moment_later(self.clock))
        self.offer(opened)
        self.clock = clock
        self.clock.tell(self.best.value, self.best.bound)

    def bound_at_once(self) -> None:
        """Bound all choices by what the first one has taught, where time is up already."""
        if self._cuts and not self._exhausted:
            solution = self._cheapest(Clock(_AT_ONCE_S, self.clock.cancel))
            if solution.status != "infeasible":
                self.best.bound = max(self.best.bound, min(solution.bound, self.best.value))

    def _price_of_choice(self, opened: Bools) -> float:
        return float(self.choice.cost[: opened.size] @ opened.ravel())

    def _leave_out(self, opened: Bools) -> None:
        row = np.zeros(self.choice.cost.size)
        row[: opened.size] = np.where(opened.ravel(), -1.0, 1.0)
        self._sides.append((row, 1.0 - float(opened.sum())))

    def _seat(self, stage: int, opened: Bools) -> tuple[float, Floats | None]:
        key = (stage, opened.tobytes())
        if key not in self._seated:
            found = self._seat_by_kernel(stage, opened)
            if found is None:
                return float("inf"), None
            self._seated[key] = self._seat_anew(stage, opened, *found)
        return self._seated[key]

    def _seat_by_kernel(self, stage: int, opened: Bools) -> tuple[Floats, Floats] | None:
        """Seat the pupils of a stage; None where time is up: that takes seconds where seats are scarce."""
        question = self.stages[stage]
        if question.arcs.row.size <= _QUICK:
            return None if self.clock.stopped else seat_with_beds(question, opened)
        return run_beside(partial(seat_with_beds, question, opened), self.clock)

    def _seat_anew(self, stage: int, opened: Bools, flow: Floats, price: Floats) -> tuple[float, Floats | None]:
        question = self.stages[stage]
        stuck = np.isinf(price)
        if stuck.any():
            takes = takes_at_most(question, stuck)
            self._demand(stage, takes, float(question.pupils[stuck].sum()))
            return float("inf"), None
        self._learn(stage, price)
        self._known_prices.setdefault(stage, price)
        loads = np.bincount(question.arcs.site, weights=flow, minlength=question.n_sites)
        if (loads < question.least_load)[question.free & opened].any():
            apart = seat_in(question, opened, self.clock)
            if apart is None:
                return float("inf"), None
            flow = apart
        missing = question.pupils - np.bincount(question.arcs.row, weights=flow, minlength=question.pupils.size)
        short = missing > 0
        left = float(missing[short] @ question.unserved[short]) if short.any() else 0.0
        return float(flow @ question.arcs.cost) + left, flow

    def _demand(self, stage: int, takes: Floats, needed: float) -> None:
        row = np.zeros(self.choice.cost.size)
        n = self.choice.n_sites
        row[stage * n : (stage + 1) * n] = np.minimum(takes, needed) / max(needed, 1.0)
        self._sides.append((row, min(needed, 1.0)))

    def _learn(self, stage: int, price: Floats) -> None:
        *_, worth = fill_sites(self.stages[stage], price)
        self._cuts.append((stage, float(self.stages[stage].pupils @ price), worth))

    def _cheapest(self, clock: Clock) -> Solution:
        """Solve for the choice that the cuts call cheapest, in parts of the cost at stake, for the solver's tolerances."""
        choice = self.choice
        n_y, n, t = choice.cost.size, choice.n_sites, choice.n_stages
        scale = max(1.0, max((abs(constant) for _, constant, _ in self._cuts), default=1.0) / 1e3)
        rows = self._rows()
        if self._cuts:
            worth = np.array([cut for *_, cut in self._cuts])
            stage = np.array([number for number, *_ in self._cuts])
            at, site = np.nonzero(worth)
            rows.add(
                np.concatenate([at, np.arange(len(worth))]),
                np.concatenate([stage[at] * n + site, n_y + stage]),
                np.concatenate([-worth[at, site] / scale, np.ones(len(worth))]),
                n=len(worth),
                lower=np.array([constant for _, constant, _ in self._cuts]) / scale,
            )
        solution = solve_model(
            Model(
                cost=np.concatenate([choice.cost / scale, np.ones(t)]),
                lower=np.concatenate([self._lower, np.zeros(t)]),
                upper=np.concatenate([self._upper, np.full(t, np.inf)]),
                whole=np.concatenate([np.ones(n_y, dtype=bool), np.zeros(t, dtype=bool)]),
                rows=rows,
            ),
            clock=clock,
        )
        return Solution(solution.status, solution.x, solution.objective * scale, solution.bound * scale)

    def raise_prices(self) -> None:
        """Raise the bound by a subgradient with Polyak steps, seating good guesses on the way."""
        stages, choice = self.stages, self.choice
        price, ceiling = self._first_prices()
        best_price, slope = price, [np.zeros_like(part) for part in price]
        stale, lead, top_value = 0, 1.0, float("-inf")
        kept: list[list[tuple[int, float, Floats]]] = []
        for turn in range(_ROUNDS):
            if self.done or lead < _SHORTEST_STEP:
                break
            filled = [fill_sites(question, part) for question, part in zip(stages, price, strict=True)]
            worth = np.concatenate([part for *_, part in filled])
            chosen = self._least(worth)
            if chosen.x is None:
                if chosen.status == "infeasible":
                    self.best.bound, self._exhausted = self.best.value, True
                return
            constants = [float(question.pupils @ part) for question, part in zip(stages, price, strict=True)]
            value = sum(constants) + chosen.bound
            if value > top_value:
                kept.append(
                    [(t, constant, part[2]) for t, (constant, part) in enumerate(zip(constants, filled, strict=True))]
                )
                stale = 0 if value > top_value + 1e-5 * abs(value) else stale + 1
                top_value, best_price = value, price
                self.best.bound = max(self.best.bound, min(value, self.best.value))
                self._settle(worth, chosen, value)
            else:
                stale += 1
            if turn % _OFFER_EVERY == _OFFER_EVERY - 1:
                guess = self._least(worth, whole=True)
                if guess.x is not None:
                    self.offer(self.choice.opened(guess.x))
                logger.debug("round %d: bound %.8g of %.8g", turn, self.best.bound, self.best.value)
            if stale >= _STALE:
                lead, stale, price = lead / 2, 0, best_price
                slope = [np.zeros_like(part) for part in price]
                continue
            y = chosen.x[: choice.n_stages * choice.n_sites].reshape(choice.n_stages, choice.n_sites)
            slope = [
                _SMOOTH * _slope(question, fill, share, part, top) + (1 - _SMOOTH) * before
                for question, fill, share, part, top, before in zip(
                    stages, filled, y, price, ceiling, slope, strict=True
                )
            ]
            price = self._step(price, slope, ceiling, value, lead)
        self._cuts += [cut for cuts in kept[-_KEPT:] for cut in cuts]
        self.look_around()

    def _step(
        self, price: list[Floats], slope: list[Floats], ceiling: list[Floats], value: float, lead: float
    ) -> list[Floats]:
        """Go along the slope, a row in proportion to 1 / its pupils, as far as the best answer known seems to allow."""
        pupils = [np.maximum(question.pupils, 1.0) for question in self.stages]
        scaled = [part / many for part, many in zip(slope, pupils, strict=True)]
        length = sum(float(part @ way) for part, way in zip(slope, scaled, strict=True))
        target = self.best.value if np.isfinite(self.best.value) else value + 0.05 * abs(value) + 1.0
        go = lead * max(target - value, 1e-4 * abs(value)) / max(length, 1e-12)
        if not np.isfinite(go):  # time was up before these prices had a value
            return price
        return [np.clip(part + go * way, 0.0, top) for part, way, top in zip(price, scaled, ceiling, strict=True)]

    def _rows(self) -> Rows:
        """Write down the rules, and what the choices tried have shown to be needed."""
        rows = self.choice.rules()
        if self._sides:
            table = np.array([row for row, _ in self._sides])
            at, column = np.nonzero(table)
            rows.add(at, column, table[at, column], n=len(table), lower=np.array([side for _, side in self._sides]))
        return rows

    def _least(self, worth: Floats, *, whole: bool = False) -> Solution:
        """Choose by one set of prices; in fractions that is a valid bound, quickly found."""
        cost = self.choice.cost.copy()
        cost[: worth.size] += worth
        kinds = np.full(cost.size, whole)
        return solve_model(Model(cost, self._lower, self._upper, kinds, self._rows()), clock=self.clock)

    def _settle(self, worth: Floats, chosen: Solution, value: float) -> None:
        """Settle the variables whose other value would cost more than the best answer, by their reduced costs."""
        if chosen.x is None or chosen.row_dual is None or not np.isfinite(self.best.value):
            return
        cost = self.choice.cost.copy()
        cost[: worth.size] += worth
        table, *_ = self._rows().matrix(cost.size)
        reduced = cost - table.T @ chosen.row_dual
        beyond = self.best.value * (1 + 1e-7) - value
        self._upper[(chosen.x < 1e-9) & (reduced > beyond)] = 0.0
        self._lower[(chosen.x > 1 - 1e-9) & (-reduced > beyond)] = 1.0

    def _first_prices(self) -> tuple[list[Floats], list[Floats]]:
        """Begin with what a pupil more would cost, and cap prices where more cannot help."""
        prices, ceilings = [], []
        for stage, question in enumerate(self.stages):
            dearest = float(question.arcs.cost.max(initial=0.0))
            price = self._prices_to_begin(stage)
            ceiling = np.where(np.isfinite(question.unserved), question.unserved, 10.0 * dearest + 1.0)
            ceilings.append(ceiling)
            prices.append(np.minimum(price + 1e-3 * dearest, ceiling))
        return prices, ceilings

    def _prices_to_begin(self, stage: int) -> Floats:
        """Take the prices of the choice to begin with; else rather more than they would be if every site were open."""
        if stage in self._known_prices:
            return self._known_prices[stage]
        question = self.stages[stage]
        every = self.choice.upper[stage * question.n_sites : (stage + 1) * question.n_sites] > 0
        found = self._seat_by_kernel(stage, every)
        if found is None:
            return np.zeros(question.pupils.size)
        stuck = np.isinf(found[1])
        if stuck.any():
            self._demand(stage, takes_at_most(question, stuck), float(question.pupils[stuck].sum()))
        return np.asarray(np.where(stuck, 0.0, found[1]) * 1.2)


def _slope(
    question: FlowQuestion, filled: tuple[Ints, Floats, Floats], share: Floats, price: Floats, ceiling: Floats
) -> Floats:
    """Count the pupils whom the sites chosen at these prices leave out, or take twice."""
    at, taken, _ = filled
    arcs = question.arcs
    sent = np.bincount(arcs.row[at], weights=taken * share[arcs.site[at]], minlength=question.pupils.size)
    slope = question.pupils - sent
    slope[((price >= ceiling) & (slope > 0)) | (question.pupils == 0)] = 0.0
    return np.asarray(slope)
