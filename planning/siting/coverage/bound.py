"""
What no choice of sites can cover: prices of rows, and the sites that the prices pay best.

Every row offers a share of its pupils to each site that covers it and keeps the rest. For any shares, what is kept and
what the best-paid sites are offered together is at least what any choice covers; the lower that sum, the better the
shares. The volume method steers them by the average of the sites chosen so far, which tends to the linear relaxation.

Where there are very many pairs, rows that look alike to some of the sites first share one number: that is a question of few
pairs, whose every answer is one of the whole question as well, with the same bound.

References
----------
.. [1] F. Barahona and R. Anbil, Math. Program. 87, 385-399, 2000. https://doi.org/10.1007/s101070050002
.. [2] R. D. Galvao and C. ReVelle, Eur. J. Oper. Res. 88, 114-123, 1996. https://doi.org/10.1016/0377-2217(94)00159-6
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from planning.siting.checks import Floats, Ints
from planning.siting.clock import Clock
from planning.siting.coverage.question import Covering
from planning.siting.tables.cost_table import Indices

__all__ = ["CoverPrices"]

_ROUNDING = 1e-12  # of the bound: what the rounding of sums may hide
_CLOSE = 1e-9  # of the value: the bound has met it
_REDS = 10  # rounds without success before the step is shortened
_LEAST_PART, _MOST_PART = 0.01, 0.1  # part of the newest choice in the average
_FIRST_STEP, _NEXT_STEP, _LEAST_STEP = 0.2, 0.02, 1e-6  # at first, for another budget, and at least
_FEW_PAIRS = 300_000  # a question with fewer needs no coarser one
_COARSEN = 6  # pairs fall at least by this factor from one level to the next


@dataclass(frozen=True)
class Level:
    """
    The question with rows put together in groups.

    Parameters
    ----------
    group : numpy.ndarray of int32, shape (n_rows,), or None
        Group of each row; None where each row stands alone.
    start, member : numpy.ndarray of int64 and int32
        Groups that each site covers, wholly or in part.
    value : numpy.ndarray of float64
        Pupils that the site covers, of each pair; empty where that is all of the row.
    weight : numpy.ndarray, shape (n_groups,)
        Pupils of each group.
    """

    group: Indices | None
    start: Ints
    member: Indices
    value: Floats
    weight: Floats

    def worth(self, share: Floats) -> Floats:
        """
        Add up what each site is offered.

        Parameters
        ----------
        share : numpy.ndarray, shape (n_groups,)
            Share of its pupils that each group offers.

        Returns
        -------
        numpy.ndarray, shape (n_sites,)
            Pupils.
        """
        from planning.siting.coverage.kernels import price_sites

        offered = np.empty(self.start.size - 1)
        price = share if self.value.size else share * self.weight
        price_sites(self.start, self.member, self.value, price, offered)
        return offered

    def count(self, choice: Floats) -> Floats:
        """
        Count the sites of a choice that cover each row, on the average of a group.

        Parameters
        ----------
        choice : numpy.ndarray, shape (n_sites,)
            How much of each site is chosen, 0 to 1.

        Returns
        -------
        numpy.ndarray, shape (n_groups,)
            Sites.
        """
        from planning.siting.coverage.kernels import count_covers

        used = np.flatnonzero(choice)
        found = np.zeros(self.weight.size)
        count_covers(self.start, self.member, self.value, used, choice[used], found)
        return found / self.weight if self.value.size else found


def build_levels(question: Covering) -> list[Level]:
    """
    Put rows together that look alike to fewer and fewer of the sites.

    Parameters
    ----------
    question : Covering
        The question.

    Returns
    -------
    list of Level
        From the coarsest to the question itself. Which sites are looked at depends on how much they cover, not on where
        they stand in the table.
    """
    from planning.siting.coverage.kernels import gather_groups, hash_rows

    asked = question
    levels = [Level(None, asked.site_start, asked.site_row, np.zeros(0), asked.weight)]
    if asked.n_pairs <= _FEW_PAIRS:
        return levels
    with np.errstate(over="ignore"):
        key = (np.diff(asked.site_start).astype(np.uint64) + np.uint64(asked.n_rows)) * np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    key ^= key >> np.uint64(31)
    looked = 1.0
    while levels[0].member.size > _FEW_PAIRS and looked > 1e-3:
        looked *= 0.7
        chosen = (key >> np.uint64(11)).astype(np.float64) < looked * 2.0**53
        hashed = hash_rows(asked.row_start, asked.row_site, np.where(chosen, key, np.uint64(0)))
        _, number = np.unique(hashed, return_inverse=True)
        group: Indices = number.astype(np.int32)
        n_groups = int(group.max(initial=-1)) + 1
        # pairs fall a little slower than groups do
        if n_groups * 2 * _COARSEN > levels[0].weight.size:
            continue
        weight = np.bincount(group, weights=asked.weight, minlength=n_groups).astype(np.float64)
        start, member, value = gather_groups(asked.site_start, asked.site_row, group, asked.weight, n_groups)
        levels.insert(0, Level(group, start, member, value, weight))
    return levels


@dataclass(frozen=True)
class _Place:
    """Shares, average choice and step that were reached for one budget."""

    share: npt.NDArray[np.float32]
    average: Floats
    step: float


class CoverPrices:
    """
    Shares that the rows of a question of covering offer, and the bounds they give.

    Parameters
    ----------
    question : Covering
        The question.
    budgets : array_like
        Numbers of sites, or sums of money, whose bounds are kept; any shares give a bound for each.
    spend : numpy.ndarray, shape (n_sites,), optional
        What each site takes from the budget; without it 1 each, so that a budget is a number of sites.
    """

    def __init__(self, question: Covering, budgets: npt.ArrayLike, spend: Floats | None = None) -> None:
        self.question = question
        self.levels = build_levels(question)
        self.budgets = np.asarray(budgets, dtype=np.float64)
        self._total = float(question.weight.sum())
        self.bounds: Floats = np.full(self.budgets.size, question.settled + self._total)
        self._spend = np.ones(question.n_sites) if spend is None else spend
        self.share = np.ones(question.n_rows)
        self.average = np.zeros(question.n_sites)
        self._known = False
        self._depth, self._last, self._step = 0, np.nan, _FIRST_STEP
        self._seen: dict[float, _Place] = {}
        self.rounds = 0

    def begin(self, sites: Ints) -> None:
        """
        Set the shares by a good choice: a row that it covers more than once offers a part.

        Parameters
        ----------
        sites : numpy.ndarray of int64
            Open sites.
        """
        self.share = np.ones(self.question.n_rows)
        self._note(self.levels[-1], self.share, self.levels[-1].worth(self.share))  # tight for one site
        self.share = 1.0 / np.maximum(self.question.counts(sites), 1)
        self._known = False

    def resume(self, budget: float) -> None:
        """
        Go on from the shares that were reached for the nearest budget worked on so far.

        Parameters
        ----------
        budget : float
            Number of sites, or money.
        """
        if self._seen:
            nearest = min(self._seen, key=lambda seen: (abs(seen - budget), seen))
            place = self._seen[nearest]
            self.share, self.average, self._known = place.share.astype(np.float64), place.average, True
            self._step, self._last, self._depth = place.step, nearest, len(self.levels) - 1

    def improve(self, budget: float, value: float, rounds: int, clock: Clock, depth: int = -1) -> float:
        """
        Lower the bound for one budget.

        Parameters
        ----------
        budget : float
            Number of sites, or money.
        value : float
            What a known choice covers: the bound ends at no less.
        rounds : int
            Changes of the shares at most.
        clock : Clock
            Stops it.
        depth : int
            Level to work on: 0 is the coarsest, -1 the question itself.

        Returns
        -------
        float
            The bound that the shares reached.
        """
        level = self.levels[depth]
        weight, share = level.weight, self.share
        if level.group is not None:
            share = np.bincount(level.group, weights=share * self.question.weight, minlength=weight.size) / weight
        worth = level.worth(share)
        self._note(level, share, worth)
        centre = self._value(level, share, worth, budget)
        if not self._known:
            self.average, self._known = self._choose(worth, budget), True
        count = level.count(self.average)
        if depth != self._depth:
            self._depth, self._step = depth, _FIRST_STEP
        step, reds = max(self._step, _LEAST_STEP if budget == self._last else _NEXT_STEP), 0
        self._last = budget
        for _ in range(rounds):
            if clock.stopped or centre - value <= _CLOSE * max(1.0, abs(value)):
                break
            way = 1.0 - count
            way[((share <= 0.0) & (way < 0.0)) | ((share >= 1.0) & (way > 0.0))] = 0.0
            length = _dot(weight, way * way)
            if length <= 1e-12 * self._total:
                break
            tried = np.clip(share + step * (centre - value) / length * way, 0.0, 1.0)
            offered = level.worth(tried)
            self._note(level, tried, offered)
            reached = self._value(level, tried, offered, budget)
            choice = self._choose(offered, budget)
            found = level.count(choice)
            if reached < centre:
                if _dot(weight, (1.0 - found) * way) > 0.0:
                    step = min(2.0, step * 1.1)
                share, worth, centre, reds = tried, offered, reached, 0
            else:
                reds += 1
                if reds >= _REDS:
                    step, reds = max(step * 0.66, _LEAST_STEP), 0
            part = _part(weight, count, found)
            count += part * (found - count)
            self.average = self.average + part * (choice - self.average)
            self.rounds += 1
        self.share = share if level.group is None else share[level.group]
        self._step = step
        if level.group is None:
            self._seen[float(budget)] = _Place(share.astype(np.float32), self.average, step)
        return centre

    def rounded(self, budget: float) -> Ints:
        """
        Choose the sites that the choices had on the average most of.

        Parameters
        ----------
        budget : float
            Number of sites, or money.

        Returns
        -------
        numpy.ndarray of int64
            Sites within the budget.
        """
        order = np.argsort(-self.average, kind="stable")
        order = order[: int((self.average > 0.0).sum())]
        spent = np.cumsum(self._spend[order])
        return np.sort(order[spent <= budget * (1.0 + 1e-12)])

    def reduced(self, budget: float) -> tuple[float, Floats, Floats]:
        """
        Tell how far the bound falls where a site is forced.

        Parameters
        ----------
        budget : float
            Number of sites, or money.

        Returns
        -------
        tuple of float, numpy.ndarray, numpy.ndarray
            The bound of the present shares; how much lower it is for choices with each site, and for those without,
            each of shape (n_sites,).
        """
        level = self.levels[-1]
        worth = level.worth(self.share)
        self._note(level, self.share, worth)
        bound = self._value(level, self.share, worth, budget) * (1.0 + _ROUNDING)
        order = self._order(worth)
        taken = self._choose(worth, budget)[order]
        rate = worth[order] / np.maximum(self._spend[order], 1e-300)
        some, full = np.flatnonzero(taken > 0.0), np.flatnonzero(taken < 1.0)
        with_it, without = np.zeros(worth.size), np.zeros(worth.size)
        if some.size:  # what a unit of money earns at the margin, seen from either side
            with_it = np.maximum(rate[some[-1]] * self._spend - worth, 0.0)
        without = np.maximum(worth - (rate[full[0]] if full.size else 0.0) * self._spend, 0.0)
        return bound, with_it, without

    def _note(self, level: Level, share: Floats, worth: Floats) -> None:
        """Keep the bounds that these shares give."""
        order = self._order(worth)
        spent = np.concatenate([[0.0], np.cumsum(self._spend[order])])
        paid = np.concatenate([[0.0], np.cumsum(worth[order])])
        bound = self.question.settled + _dot(level.weight, 1.0 - share) + np.interp(self.budgets, spent, paid)
        np.minimum(self.bounds, bound * (1.0 + _ROUNDING), out=self.bounds)

    def _value(self, level: Level, share: Floats, worth: Floats, budget: float) -> float:
        kept = _dot(level.weight, 1.0 - share)
        return self.question.settled + kept + _dot(self._choose(worth, budget), worth)

    def _order(self, worth: Floats) -> Ints:
        """Sites by what they are offered for their money."""
        return np.argsort(-worth / np.maximum(self._spend, 1e-300), kind="stable")

    def _choose(self, worth: Floats, budget: float) -> Floats:
        """How much of each site is in the choice that the shares pay best."""
        order = self._order(worth)
        spend = self._spend[order]
        before = np.cumsum(spend) - spend
        choice = np.zeros(worth.size)
        choice[order] = np.clip((budget - before) / np.maximum(spend, 1e-300), 0.0, 1.0)
        return choice


def _dot(a: Floats, b: Floats) -> float:
    """Multiply and add up in this thread: the threads of a BLAS cost more than they save, where others work as well."""
    return float(np.einsum("i,i->", a, b))


def _part(weight: Floats, count: Floats, found: Floats) -> float:
    """Tell how far to move the average towards the newest choice, so that least is covered twice or not at all."""
    change = found - count
    length = _dot(weight, change * change)
    part = _dot(weight, (1.0 - count) * change) / length if length > 0.0 else 0.0
    return min(max(part, _LEAST_PART), _MOST_PART)
