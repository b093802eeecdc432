"""
Give several good plans that differ: each within a few per cent of the best, each as different as can be from those before.

Two plans differ in as many sites as the one has that the other lacks (of unequal plans, the lesser of both counts). The
next plan is the one whose least difference from all plans before it is largest; among equals the better one. Small
questions are settled by HiGHS; large ones by doing without as many of the sites used so far as the best plan allows.

References
----------
.. [1] J.-F. Tsai, M.-H. Lin, Y.-C. Hu, Eur. J. Oper. Res. 184(2), 802-809, 2008 (cuts that exclude known answers).
   https://doi.org/10.1016/j.ejor.2006.11.027
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from planning.access.allocation import Allocation
from planning.access.dispersion import cv
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import allocate_nearest
from planning.siting.checks import (
    Floats,
    Ints,
    Reach,
    check_columns,
    check_count,
    check_limit,
    check_per_site,
    check_pupils,
)
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.max_coverage import max_coverage
from planning.siting.coverage.set_cover import set_cover
from planning.siting.highs import Model, solve_model
from planning.siting.median.levels import Levels, build_levels
from planning.siting.median.p_median import p_median
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.tables.shortlist import Shortlist, cheaper_pairs, cost_matrix, shorten, sites_of

__all__ = ["Alternative", "Alternatives", "alternatives"]

logger = logging.getLogger(__name__)

_SMALL = 20_000  # pairs up to which HiGHS chooses the plans
_REFUSED = 200  # plans that are looked at and refused before a search is given up
_HAIR = 1e-9  # of the threshold: rounding

ModelName = Literal["p_median", "max_coverage", "set_cover"]


@dataclass(frozen=True)
class Alternative:
    """
    One plan among several.

    Parameters
    ----------
    sites : tuple of int
        Columns of the new sites, rising.
    allocation : Allocation
        Who goes where.
    objective : float
        Value of the plan.
    bound : float
        Value that no plan can beat: the bound of the best plan.
    loss : float
        How much worse than the best plan known, as a share of it [1]; 0 or more.
    differs : int
        Least difference from the plans before it [sites]; 0 for the first.
    most_different : bool
        True where it is proven that no plan within the loss allowed differs more from those before it.
    spread : float or None
        Coefficient of variation of the resources per pupil, where resources are given [1].
    """

    sites: tuple[int, ...]
    allocation: Allocation
    objective: float
    bound: float
    loss: float
    differs: int
    most_different: bool
    spread: float | None = None

    @property
    def gap(self) -> float:
        """
        Relative distance between objective and bound.

        Returns
        -------
        float
            As `gap_between` has it.
        """
        return gap_between(self.objective, self.bound)


@dataclass(frozen=True)
class Alternatives:
    """
    Several plans for one question.

    Parameters
    ----------
    plans : tuple of Alternative
        The best plan first, then each as different as was found.
    best : Proposal
        The model's own answer, against which loss is measured; it is not among the plans if its spread is too large.
    within : float
        Loss allowed [1].
    status : {"proven", "found", "time_limit", "cancelled", "infeasible"}
        ``proven``: every plan is as different as can be, and where there are fewer than asked for, there are no more.
        ``found``: the plans keep the loss and the difference asked for, but others may differ more.
    explanation : tuple of Message
        Words for people.
    """

    plans: tuple[Alternative, ...]
    best: Proposal
    within: float
    status: Literal["proven", "found", "time_limit", "cancelled", "infeasible"]
    explanation: tuple[Message, ...]


def alternatives(
    costs: Any,
    pupils: Any,
    p: int | None,
    k: int,
    *,
    within: float = 0.02,
    fixed: Iterable[int] = (),
    model: ModelName = "p_median",
    limit: float | None = None,
    share: float = 1.0,
    min_difference: int = 1,
    resources: Any = None,
    max_cv: float | None = None,
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
) -> Alternatives:
    """
    Propose up to ``k`` plans that are nearly as good as the best one and differ from each other.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    p : int or None
        New sites, those of ``fixed`` not counted; None for ``set_cover``, which finds their number.
    k : int
        Plans asked for, the best one included.
    within : float
        Loss allowed against the best plan, as a share of its objective [1].
    fixed : iterable of int
        Columns that are open already.
    model : {"p_median", "max_coverage", "set_cover"}
        The question.
    limit : float, optional
        Largest cost that counts as covered, inclusive [cost unit]; for the latter two.
    share : float
        Share of the pupils in reach to be covered by ``set_cover`` [1].
    min_difference : int
        Sites in which any two plans differ at least.
    resources : float or array_like, shape (n_sites,), optional
        What each site has of something when open, such as teachers or square metres.
    max_cv : float, optional
        Largest coefficient of variation of resources per pupil over the open schools with pupils [1]; plans beyond it
        are refused.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Alternatives
        The plans, each with its loss and the best plan's bound.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    table = cost_matrix(costs)
    n_sites = int(table.shape[1])
    wanted = check_pupils(pupils, int(table.shape[0]))
    open_now = check_columns(fixed, n_sites, "fixed")
    allowed = check_limit(within, "within")
    if model not in {"p_median", "max_coverage", "set_cover"}:
        raise SchemaError(msg("model: must be p_median, max_coverage or set_cover, not {value}.", value=str(model)))
    if (model == "p_median") != (limit is None):
        raise SchemaError(msg("limit: give one for max_coverage and set_cover, and none for p_median."))
    if (p is None) != (model == "set_cover"):
        raise SchemaError(msg("p: give the number of new sites, but none for set_cover."))
    if max_cv is not None and resources is None:
        raise SchemaError(msg("max_cv: needs resources, what each site has."))
    held = None if resources is None else check_per_site(resources, n_sites, "resources")
    most_cv = np.inf if max_cv is None else check_limit(max_cv, "max_cv")
    plans = check_count(k, 0, name="k", capped=False)
    apart = max(1, check_count(min_difference, 0, name="min_difference", capped=False))
    radius = None if limit is None else check_limit(limit, "limit")
    count = None if p is None else check_count(p, n_sites - open_now.size)
    asked = _Asked(table, wanted, open_now, model, count, radius, share, held, most_cv)
    best = asked.solve_whole(clock)
    if best.allocation is None:
        status = "infeasible" if best.status == "infeasible" else clock.reason()
        return Alternatives((), best, allowed, status, best.explanation)
    search = _Search(asked, best, allowed, apart, clock)
    search.collect(plans)
    return search.answer(plans)


class _Asked:
    """The question: how it is solved, also without some sites, and what a choice of sites is worth."""

    def __init__(
        self,
        table: Any,
        wanted: Floats,
        fixed: Ints,
        model: ModelName,
        p: int | None,
        limit: float | None,
        share: float,
        resources: Floats | None,
        max_cv: float,
    ) -> None:
        self.table, self.wanted, self.fixed, self.model, self.p = table, wanted, fixed, model, p
        self.limit, self.share, self.resources, self.max_cv = limit, share, resources, max_cv
        self.short = shorten(table, wanted, fixed)
        if limit is not None:
            self.short = _covering(table, self.short, limit)
        self.weight = self.short.weight[self.short.weight > 0]
        self.total = float(self.weight.sum())

    def solve_whole(self, clock: Clock) -> Proposal:
        """Give the model's own answer."""
        fixed = self.fixed.tolist()
        if self.model == "p_median":
            return p_median(self.table, self.wanted, self.p or 0, fixed, clock.left, cancel=clock.cancel)
        if self.model == "max_coverage":
            return max_coverage(
                self.table, self.wanted, self.p or 0, self.limit or 0.0, fixed, clock.left, cancel=clock.cancel
            )
        return set_cover(self.table, self.wanted, self.limit or 0.0, self.share, fixed, clock.left, cancel=clock.cancel)

    def solve_without(self, avoided: Ints, clock: Clock) -> Ints | None:
        """Solve it with candidates left out; None where there is no answer."""
        candidates = np.setdiff1d(self.short.candidates, avoided)
        if self.p is not None and candidates.size < self.p:
            return None
        short, last = self.short.table(self.short.pairs.cost, self.short.fallback, candidates), [candidates.size]
        options: dict[str, Any] = {"time_limit_s": clock.left, "cancel": clock.cancel}
        if self.model == "p_median":
            answer = p_median(short, self.weight, self.p or 0, last, **options)
        elif self.model == "max_coverage":
            answer = max_coverage(short, self.weight, self.p or 0, 0.5, last, **options)
        else:
            answer = set_cover(short, self.weight, 0.5, self.share, last, **options)
        return None if answer.allocation is None else sites_of(answer, candidates)

    def missed(self, sites: Ints) -> float:
        """Give pupils times cost, or the pupils who are not covered."""
        counted = self.short.weight > 0
        pays = self.short.cheapest(sites)[counted]
        return float(self.weight @ pays) if np.isfinite(pays).all() else float("inf")

    def allocation(self, sites: Ints) -> Allocation:
        """Send every cell that is served to its nearest open site."""
        everything = np.union1d(self.fixed, sites).astype(np.int64)
        is_open = np.zeros(self.table.shape[1], dtype=bool)
        is_open[everything] = True
        top = np.inf if self.limit is None else np.nextafter(self.limit, np.inf)
        pairs = cheaper_pairs(self.table, np.full(self.wanted.size, top), is_open)
        return allocate_nearest(pairs, self.wanted, everything)

    def spread(self, allocation: Allocation, sites: Ints) -> float | None:
        """Give the coefficient of variation of resources per pupil over the open schools with pupils."""
        if self.resources is None:
            return None
        load = np.asarray(allocation.flows.sum(axis=0), dtype=np.float64).ravel()
        used = np.union1d(self.fixed, sites).astype(np.int64)
        used = used[load[used] > 0]
        return cv(self.resources[used], load[used]) if used.size and self.resources[used].any() else 0.0


def _covering(table: Any, short: Shortlist, limit: float) -> Shortlist:
    """A cell within the limit costs nothing, one beyond it 1 a pupil."""
    pairs = short.pairs.only((short.pairs.cost <= limit) & (short.fallback[short.pairs.row] > limit))
    free = Reach(pairs.row, pairs.site, np.zeros(pairs.row.size), pairs.n_rows, pairs.n_sites)
    return Shortlist(free, (short.fallback > limit).astype(float), short.weight, short.candidates)


class _Search:
    """The plans so far, and what the next one must keep."""

    def __init__(self, asked: _Asked, best: Proposal, within: float, apart: int, clock: Clock) -> None:
        self.asked, self.best, self.within, self.apart, self.clock = asked, best, within, apart, clock
        self.plans: list[Alternative] = []
        self.known: list[Ints] = []  # sites of the plans
        self.refused: list[Ints] = []
        self.proven, self.exhausted = True, False
        least = best.objective * (1 + within)
        self.most_sites = len(best.sites)
        if asked.model == "set_cover":
            self.most_sites = int(np.floor(least + 1e-9))
            first = np.array(best.sites, dtype=np.int64)
            spare = asked.total * (1 - asked.share)
            self.ceiling = max(asked.missed(first), spare if asked.share < 1 else 0.0)
        elif asked.model == "max_coverage":
            self.ceiling = asked.total - best.objective * (1 - within)
        else:
            self.ceiling = least

    def collect(self, k: int) -> None:
        """Add plans until there are ``k``, there are no more, or time is up."""
        if k == 0:
            return
        if not self.add(np.array(self.best.sites, dtype=np.int64), True):
            self.proven = False
        small = self.asked.short.pairs.row.size <= _SMALL
        while len(self.plans) < k and not self.exhausted and not self.clock.stopped:
            if len(self.refused) > _REFUSED:
                self.proven = False
                break
            if small:
                self._settle(build_levels(self.asked.short))
            else:
                self._do_without()

    def keeps(self, sites: Ints) -> bool:
        """Tell whether sites keep the loss allowed."""
        return sites.size <= self.most_sites and self.asked.missed(sites) <= self.ceiling * (1 + _HAIR) + _HAIR

    def difference(self, sites: Ints) -> int:
        """Give the least difference from the plans so far."""
        found = [min(np.setdiff1d(sites, plan).size, np.setdiff1d(plan, sites).size) for plan in self.known]
        return min(found, default=0)

    def add(self, sites: Ints, most_different: bool) -> bool:
        """Take a plan, unless its spread is too large."""
        allocation = self.asked.allocation(sites)
        spread = self.asked.spread(allocation, sites)
        if spread is not None and spread > self.asked.max_cv * (1 + _HAIR):
            self.refused.append(sites)
            return False
        value = {
            "p_median": allocation.cost,
            "max_coverage": float(allocation.flows.sum()),
            "set_cover": float(sites.size),
        }[self.asked.model]
        worse = value - self.best.objective if self.best.sense == "min" else self.best.objective - value
        bound = min(self.best.bound, value) if self.best.sense == "min" else max(self.best.bound, value)
        self.plans.append(
            Alternative(
                sites=tuple(sites.tolist()),
                allocation=allocation,
                objective=value,
                bound=bound,
                loss=max(0.0, worse) / max(abs(self.best.objective), 1e-9),
                differs=self.difference(sites),
                most_different=most_different,
                spread=spread,
            )
        )
        self.known.append(sites)
        return True

    def _settle(self, levels: Levels) -> None:
        """Let HiGHS choose the next plan."""
        short, rows = self.asked.short, levels.rows
        n_y, n_z = levels.candidates.size, levels.row.size
        each, last = np.arange(n_y), n_y + n_z
        fewest = float(self.most_sites) if self.asked.p is not None else 0.0
        rows.add(np.zeros(n_y), each, 1.0, n=1, lower=fewest, upper=float(self.most_sites))
        price = short.weight[levels.row] * levels.step
        constant, scale = float(short.weight @ levels.base), max(1.0, self.ceiling)
        room = (self.ceiling - constant) / scale
        rows.add(np.zeros(n_z), n_y + np.arange(n_z), price / scale, n=1, upper=room + _HAIR)
        for plan, away in [(plan, True) for plan in self.known] + [(plan, False) for plan in self.refused]:
            inside = np.isin(levels.candidates, plan).astype(float)
            if away:
                rows.add(np.zeros(n_y + 1), np.append(each, last), np.append(1.0 - inside, -1.0), n=1, lower=0.0)
                rows.add(np.zeros(n_y + 1), np.append(each, last), np.append(inside, 1.0), n=1, upper=inside.sum())
            else:
                rows.add(np.zeros(n_y), each, 2 * inside - 1.0, n=1, upper=inside.sum() - 1.0)
        slack = max(room, 1e-9)
        cost = np.concatenate([np.zeros(n_y), price / scale * (0.5 / slack), [-1.0]])
        lower = np.append(np.zeros(n_y + n_z), float(self.apart) if self.known else 0.0)
        upper = np.append(levels.upper, float(max(self.most_sites, self.apart)) if self.known else 0.0)
        whole = np.concatenate([np.ones(n_y, dtype=bool), np.zeros(n_z, dtype=bool), [True]])
        solution = solve_model(Model(cost, lower, upper, whole, rows), clock=self.clock)
        if solution.status == "infeasible":
            self.exhausted = True
            return
        self.proven &= solution.status == "optimal"
        if solution.x is None:
            return
        sites = levels.candidates[solution.x[:n_y] > 0.5].astype(np.int64)
        if not self.keeps(sites) or (self.known and self.difference(sites) < self.apart):
            self.refused.append(sites)
        else:
            self.add(sites, solution.status == "optimal")

    def _do_without(self) -> None:
        """Do without as many of the sites used so far as the loss allows, those first that are missed least."""
        self.proven = False
        used = self._least_missed()
        low, high = 0, used.size  # the plans kept so far do without the first ``low`` sites
        best: Ints | None = None
        while low < high and not self.clock.stopped:
            middle = high if best is None and high == used.size else (low + high + 1) // 2
            sites = self.asked.solve_without(used[:middle], self.clock)
            if sites is not None and self.keeps(sites) and not self._was_refused(sites):
                low = middle
                if best is None or self.difference(sites) >= self.difference(best):
                    best = sites
            else:
                high = middle - 1
                best = best if best is not None else np.zeros(0, dtype=np.int64)
        if best is None or best.size == 0 or (self.known and self.difference(best) < self.apart):
            self.exhausted = True
            return
        self.add(best, False)

    def _was_refused(self, sites: Ints) -> bool:
        return any(np.array_equal(sites, other) for other in self.refused)

    def _least_missed(self) -> Ints:
        """Order the sites of all plans by what the plan that needs each most would lose without it."""
        loss: dict[int, float] = {}
        for plan in [*self.known, *self.refused]:
            whole = self.asked.missed(plan)
            for site in plan.tolist():
                without = self.asked.missed(plan[plan != site]) - whole
                loss[site] = max(loss.get(site, 0.0), without)
        return np.array(sorted(loss, key=lambda site: (loss[site], site)), dtype=np.int64)

    def answer(self, k: int) -> Alternatives:
        """Put the plans together, with words where there are fewer than asked for."""
        words = self.best.explanation
        complete = self.proven and (self.exhausted or len(self.plans) >= k)
        status: Literal["proven", "found", "time_limit", "cancelled"] = "found"
        if complete and gap_between(self.best.objective, self.best.bound) <= OPTIMAL_GAP:
            status = "proven"
        elif self.clock.stopped and len(self.plans) < k:
            status = self.clock.reason()
        if len(self.plans) < k:
            percent, n = f"{100 * self.within:g}", len(self.plans)
            words += (
                msg(
                    "There are only {n} plans within {percent} % of the best that differ in at least {sites} sites.",
                    n=n,
                    percent=percent,
                    sites=self.apart,
                )
                if status == "proven"
                else msg(
                    "Only {n} plans were found within {percent} % of the best that differ in at least {sites} sites; "
                    "there may be more.",
                    n=n,
                    percent=percent,
                    sites=self.apart,
                ),
            )
        return Alternatives(tuple(self.plans), self.best, self.within, status, words)
