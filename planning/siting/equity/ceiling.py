"""
A layout whose resources are spread evenly enough: the coefficient of variation as a ceiling on `capacitated`.

The ceiling bends the set of layouts so that no linear model holds it: what a school has for each pupil is a quotient of two
unknowns. The bound is therefore that of the question without the ceiling, which no layout with it can beat; the answer is the
cheapest that the search has met, its coefficient measured anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
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
from planning.siting.clock import Cancel, Clock
from planning.siting.proposal import OPTIMAL_GAP, Proposal, gap_between
from planning.siting.seats.capacitated import capacitated
from planning.siting.seats.mergers import list_moves
from planning.siting.tables.shortlist import cost_matrix, costs_at

__all__ = ["capacitated_evenly", "variation"]

_ROUNDS = 3  # choices of sites that are tried
_WIDTHS = 7  # widths of the band that are tried for a choice of sites
_WIDEST = 4.0  # widest band, as a multiple of the ceiling
_HAIR = 1e-9


def variation(resources: Floats, load: Floats) -> float:
    """
    Measure how unevenly a resource is spread over the pupils of the schools whose resource is known.

    Parameters
    ----------
    resources : numpy.ndarray, shape (n_sites,)
        What each site has in all [resource]; nan = unknown, or not judged.
    load : numpy.ndarray, shape (n_sites,)
        Its pupils [pupils].

    Returns
    -------
    float
        Official coefficient of variation [1]; nan where there is nothing to judge.
    """
    judged = np.isfinite(resources) & (load > 0)
    return cv(resources[judged], load[judged]) if resources[judged].any() else float("nan")


def capacitated_evenly(
    costs: Any,
    pupils: Any,
    seats: Any,
    *,
    resources: Any,
    max_cv: float,
    fixed: Iterable[int] = (),
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
    **question: Any,
) -> Proposal:
    """
    Choose new sites, sizes and closures as `capacitated` does, with a ceiling on how unevenly a resource is spread.

    First the question is asked without the ceiling. If its answer keeps the ceiling, it is the answer. Otherwise sites are
    chosen with the pupils of each held near what its resource is for, and the pupils are seated anew, each school between
    a least and a largest number; how far apart these may be is searched for.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : float or array_like, shape (n_sites,)
        Seats of each site [seats]; inf = no limit.
    resources : array_like, shape (n_sites,)
        What each site has in all if it is open, such as teachers or square metres [resource]; nan = unknown, or not
        judged: such a site is left out of the coefficient.
    max_cv : float
        Largest coefficient of variation of the resource per pupil over the open sites that are judged [1].
    fixed : iterable of int
        Columns that are open already.
    time_limit_s : float
        Wall time the search may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.
    **question
        Whatever else `capacitated` takes, but for zones (``neighbours``, ``home``).

    Returns
    -------
    Proposal
        As `capacitated` gives it; the coefficient of its allocation is at most ``max_cv``. The bound is that of the
        question without the ceiling. Where no layout was found that keeps it, the explanation names the least coefficient
        that was met; that is no proof that there is none.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    for name in ("neighbours", "home"):
        if question.get(name) is not None:
            raise SchemaError(msg("{name}: zones cannot be asked together with a ceiling on the spread.", name=name))
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    ceiling = check_limit(max_cv, "max_cv")
    table = cost_matrix(costs)
    n_sites = int(table.shape[1])
    held = _resources(resources, n_sites)
    existing = np.zeros(n_sites, dtype=bool)
    existing[check_columns(fixed, n_sites, "fixed")] = True
    asked = {**question, "fixed": np.flatnonzero(existing).tolist()}
    first = capacitated(costs, pupils, seats, time_limit_s=0.5 * clock.left, cancel=cancel, **asked)
    if not isinstance(first.allocation, Allocation):
        return first
    found = variation(held, _load(first.allocation))
    if found <= ceiling * (1 + _HAIR) or np.isnan(found):
        return first
    search = _Search(
        table, check_pupils(pupils, int(table.shape[0]), whole=True), seats, held, ceiling, existing, asked
    )
    search.start(first)
    answer = first
    for _ in range(_ROUNDS):
        band = search.seat(answer, clock)
        if band is None or clock.stopped:
            break
        again = capacitated(
            costs, pupils, seats, max_pupils=band, time_limit_s=max(0.4 * clock.left, 0.1), cancel=cancel, **asked
        )
        if not isinstance(again.allocation, Allocation) or search.knows(again):
            break
        answer = again
    return search.answer(first, costs, clock)


def _resources(resources: Any, n_sites: int) -> Floats:
    held = np.array(np.broadcast_to(np.asarray(resources, dtype=np.float64), (n_sites,)))
    check_per_site(np.where(np.isnan(held), 0.0, held), n_sites, "resources")
    return held


def _load(allocation: Allocation) -> Floats:
    return np.asarray(allocation.flows.sum(axis=0), dtype=np.float64).ravel()


@dataclass(frozen=True)
class _Met:
    """A layout that keeps the ceiling."""

    proposal: Proposal
    allocation: Allocation
    objective: float
    variation: float


class _Search:
    """Seats the pupils of one choice of sites after the other, and keeps the best layout under the ceiling."""

    def __init__(
        self,
        table: Any,
        pupils: Floats,
        seats: Any,
        held: Floats,
        ceiling: float,
        existing: Bools,
        asked: dict[str, Any],
    ) -> None:
        n_sites = held.size
        self.table, self.pupils, self.held, self.ceiling, self.existing = table, pupils, held, ceiling, existing
        self.seats = check_per_site(seats, n_sites, "seats", infinite=True)
        self.options = tuple(asked.get("options") or ())
        least = check_per_site(asked.get("min_pupils"), n_sites, "min_pupils")
        closable = np.zeros(n_sites, dtype=bool)
        closable[check_columns(asked.get("closable") or (), n_sites, "closable")] = True
        self.least = np.where(existing & ~closable, 0.0, least)
        self.whole = bool(asked.get("single_source"))
        self.price = asked.get("unserved_cost")
        self.best: _Met | None = None
        self.most_even = np.inf
        self._seen: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()

    def start(self, first: Proposal) -> None:
        """Take note of the layout without the ceiling: how uneven it is, and who cannot be reached."""
        assert isinstance(first.allocation, Allocation)  # noqa: S101 - narrows the type
        self.most_even = self.without = variation(self.held, _load(first.allocation))
        self.reached = np.ones(self.pupils.size, dtype=bool)
        self.reached[list(first.unreachable)] = False

    def knows(self, proposal: Proposal) -> bool:
        """Tell whether these sites were seated before."""
        return (proposal.sites, proposal.closed) in self._seen

    def seat(self, proposal: Proposal, clock: Clock) -> Floats | None:
        """Seat the pupils in the proposal's sites within bands; give the most pupils by site for the next choice."""
        allocation = proposal.allocation
        assert isinstance(allocation, Allocation)  # noqa: S101 - narrows the type
        self._seen.add((proposal.sites, proposal.closed))
        is_open = self.existing.copy()
        is_open[list(proposal.sites)] = True
        is_open[list(proposal.closed)] = False
        sites = np.flatnonzero(is_open)
        offered = self.seats.copy()
        for site, option in proposal.sizes:
            offered[site] = self.options[option].seats
        load = _load(allocation)
        judged = is_open & np.isfinite(self.held)
        mean = self.held[judged].sum() / max(load[judged].sum(), 1.0)
        if mean <= 0:
            return None
        paid = proposal.objective - allocation.cost - self._price_of(allocation)
        low, high = 0.0, _WIDEST * self.ceiling
        for number in range(_WIDTHS):
            width = self.ceiling if number == 0 else (low + high) / 2
            seated = self._within(sites, offered, mean, width, clock)
            spread = np.inf if seated is None else variation(self.held, _load(seated))
            if seated is not None:
                self.most_even = min(self.most_even, spread)
            keeps = seated is not None and spread <= self.ceiling * (1 + _HAIR)
            if seated is not None and keeps:
                value = paid + seated.cost + self._price_of(seated)
                if self.best is None or value < self.best.objective:
                    self.best = _Met(proposal, seated, value, spread)
            if seated is None or keeps:  # wider: cheaper, or possible at all
                low = max(low, width)
            else:
                high = min(high, width)
            if clock.stopped or high - low < 1e-4:
                break
        cap = np.full(self.held.size, np.inf)
        known = np.isfinite(self.held) & (self.held > 0)
        if self.ceiling < 1:
            cap[known] = np.maximum(np.ceil(self.held[known] / (mean * (1 - self.ceiling))), 1.0)
        return cap

    def _within(self, sites: Ints, offered: Floats, mean: float, width: float, clock: Clock) -> Allocation | None:
        """Seat the pupils so that each judged school is within the band; None where that cannot be."""
        held, judged = self.held[sites], np.isfinite(self.held[sites])
        fewest = np.where(judged, np.ceil(np.nan_to_num(held) / (mean * (1 + width)) - _HAIR), 0.0)
        most = offered[sites].copy()
        if width < 1:
            most = np.where(
                judged, np.minimum(most, np.floor(np.nan_to_num(held) / (mean * (1 - width)) + _HAIR)), most
            )
        fewest = np.maximum(fewest, self.least[sites])
        if (fewest > most).any():
            return None
        flows = self._whole(sites, fewest, most, clock) if self.whole else self._split(sites, fewest, most)
        if flows is None:
            return None
        wide = sparse.csr_array(
            (flows.data, sites[flows.indices], flows.indptr), shape=(self.pupils.size, self.held.size)
        )
        unserved = self.pupils.astype(np.int64) - np.asarray(wide.sum(axis=1)).ravel().astype(np.int64)
        if self.price is None and (unserved[self.reached] > 0).any():
            return None
        pairs = wide.tocoo()
        cost = float(costs_at(self.table, pairs.row, pairs.col) @ pairs.data)
        return Allocation(flows=wide, cost=cost, unserved=unserved, prices=np.zeros(self.held.size))

    def _split(self, sites: Ints, fewest: Floats, most: Floats) -> sparse.csr_array | None:
        """Let cells be divided: each school once for its least number and, dearer than any chain of moves, for the rest."""
        near = np.asarray(_dense(self.table[:, sites]), dtype=np.float64)
        longest = float(near[np.isfinite(near)].max(initial=0.0))
        dear = (longest + 1.0) * (2 * sites.size + 2)
        seated = allocate(
            np.hstack([near, near + dear]), self.pupils.astype(np.int64), np.concatenate([fewest, most - fewest])
        )
        flows = sparse.csr_array(seated.flows)
        taken = np.asarray(flows.sum(axis=0)).ravel()
        if (taken[: sites.size] < fewest).any():
            return None
        both: sparse.csr_array = sparse.csr_array(flows[:, : sites.size] + flows[:, sites.size :])
        return both

    def _whole(self, sites: Ints, fewest: Floats, most: Floats, clock: Clock) -> sparse.csr_array | None:
        """Keep cells whole."""
        answer = capacitated(
            self.table[:, sites], self.pupils.astype(np.int64), most, p=sites.size, p_min=sites.size, min_pupils=fewest,
            single_source=True, unserved_cost=self.price, time_limit_s=max(clock.left / _WIDTHS, 0.1), cancel=clock.cancel,
        )  # fmt: skip
        return sparse.csr_array(answer.allocation.flows) if isinstance(answer.allocation, Allocation) else None

    def _price_of(self, allocation: Allocation) -> float:
        missing = float(allocation.unserved[self.reached].sum())
        return 0.0 if self.price is None or missing == 0 else missing * float(self.price)

    def answer(self, first: Proposal, costs: Any, clock: Clock) -> Proposal:
        """Give the best layout that was met, or say how even the most even one was."""
        if self.best is None:
            words: tuple[Message, ...] = (
                msg(
                    "No plan was found that keeps the coefficient of variation at {ceiling:.3f} or less: the most even one "
                    "that was met has {least:.3f}. That is no proof that there is none.",
                    ceiling=self.ceiling,
                    least=self.most_even,
                ),
            )
            words += first.explanation
            return no_answer("min", clock, first.unreachable, words, stopped=clock.reason(), bound=first.bound)
        met = self.best
        is_open = self.existing.copy()
        is_open[list(met.proposal.sites)] = True
        is_open[list(met.proposal.closed)] = False
        told = msg(
            "Without the ceiling the coefficient of variation would be {without:.3f}; here it is {found:.3f}, at most "
            "{ceiling:.3f} were asked. The bound is that of the question without the ceiling.",
            without=self.without,
            found=met.variation,
            ceiling=self.ceiling,
        )
        bound = min(first.bound, met.objective)
        return replace(
            met.proposal,
            allocation=met.allocation,
            objective=met.objective,
            bound=bound,
            status="optimal" if gap_between(met.objective, bound) <= OPTIMAL_GAP else clock.reason(),
            seconds=clock.seconds,
            explanation=(told, *met.proposal.explanation),
            moves=list_moves(check_reach(costs), met.allocation, self.existing, is_open),
        )


def _dense(part: npt.NDArray[Any] | sparse.csr_array) -> npt.NDArray[Any]:
    """Give a table's columns as a dense one; what is not stored is out of reach."""
    if not isinstance(part, sparse.csr_array):
        return part
    pairs = part.tocoo()
    table = np.full(part.shape, np.inf)
    table[pairs.row, pairs.col] = pairs.data
    return table
