"""
What each proposed site does: who comes, what would be lost without it, and which other place would replace it best.

Where seats do not limit, taking a site out sends its pupils to their second nearest site, so that all sites and all
replacements are priced exactly in one pass over the pairs that are cheaper than a cell's second nearest site.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from planning.access.allocation import allocate
from planning.errors import SchemaError, msg
from planning.siting.checks import (
    Bools,
    Floats,
    Ints,
    Reach,
    check_columns,
    check_limit,
    check_per_site,
    check_pupils,
)
from planning.siting.equity.fairness import flow_matrix
from planning.siting.proposal import Proposal
from planning.siting.tables.shortlist import Nearest, cheaper_pairs, cost_matrix, costs_at, nearest_two

__all__ = ["contributions"]

_TRIED = 6  # replacements for which the pupils are seated anew where seats limit
_TIE = 1e-9  # of the whole cost: replacements this near to each other are equal, and the lowest column is named


def contributions(
    proposal: Proposal,
    costs: Any,
    pupils: Any,
    *,
    fixed: Iterable[int] = (),
    limit: float | None = None,
    seats: Any = None,
    measure: Literal["travel", "coverage"] | None = None,
) -> pd.DataFrame:
    """
    Tell for each proposed site who gains by it, what would be lost without it, and what would replace it best.

    Parameters
    ----------
    proposal : Proposal
        An answer with sites; its closed sites are closed here as well.
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites)
        Cost per pupil from cell to site [cost unit]; inf or not stored = out of reach.
    pupils : array_like, shape (n_cells,)
        Pupils of each cell [pupils].
    fixed : iterable of int
        Columns that were open already.
    limit : float, optional
        Largest cost that is still within the limit, inclusive [cost unit].
    seats : float or array_like, shape (n_sites,), optional
        Seats of each site [seats]; inf = no limit. With seats, pupils are seated anew for each site left out and for
        the likeliest replacements, those that are best without seats.
    measure : {"travel", "coverage"}, optional
        What is lost: the sum of pupils times cost, or pupils within the limit. By default what the proposal's sense
        says.

    Returns
    -------
    pandas.DataFrame
        One row for each proposed site, indexed by ``site``: ``pupils`` sent there [pupils]; ``pupils_nearer`` of them,
        who had a dearer site before, and ``mean_saved`` by these [cost unit]; ``newly_reached`` who had none [pupils];
        ``objective_without`` and ``loss_without``, the measure without the site and the loss [measure];
        ``unreached_without``, pupils who would then have no place [pupils]; ``beyond_without``, pupils who would then
        fall beyond the limit, having no place included [pupils] (nan without a limit); ``replacement``, the column that
        replaces it best (-1 where there is none), and ``objective_replaced``, ``loss_replaced``, ``unreached_replaced``
        with it. Losses are 0 or more unless pupils without a place cost nothing or a better plan exists.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or the proposal has no answer.
    """
    table = cost_matrix(costs)
    n_rows, n_sites = int(table.shape[0]), int(table.shape[1])
    weight = check_pupils(pupils, n_rows, whole=seats is not None)
    before = check_columns(fixed, n_sites, "fixed")
    chosen = check_columns(proposal.sites, n_sites, "proposal.sites")
    within = None if limit is None else check_limit(limit, "limit")
    by = measure or ("coverage" if proposal.sense == "max" else "travel")
    if by == "coverage" and within is None:
        raise SchemaError(msg("limit: coverage is counted within a limit; give one."))
    flows = flow_matrix(proposal, (n_rows, n_sites))
    opened = np.union1d(np.setdiff1d(before, proposal.closed), chosen).astype(np.int64)
    others = np.ones(n_sites, dtype=bool)
    others[opened] = others[before] = False
    plan = _Plan(table, weight, opened, chosen, within, by == "coverage")
    found = _gains(plan, flows, nearest_two(table, before))
    ranking = _rank_replacements(plan, others)
    if seats is None:
        return pd.concat([found, _without_seats(plan, ranking)], axis=1)
    return pd.concat(
        [found, _with_seats(plan, ranking, check_per_site(seats, n_sites, "seats", infinite=True))], axis=1
    )


class _Plan:
    """The plan as plain arrays, with each cell's two nearest open sites."""

    def __init__(
        self,
        table: npt.NDArray[Any] | sparse.csr_array,
        weight: Floats,
        opened: Ints,
        chosen: Ints,
        limit: float | None,
        by_coverage: bool,
    ) -> None:
        self.table, self.weight, self.opened, self.chosen = table, weight, opened, chosen
        self.limit, self.by_coverage = limit, by_coverage
        self.near: Nearest = nearest_two(table, opened)

    def column(self, site: int) -> Floats:
        """Give the costs to one site; inf where it is out of reach."""
        return nearest_two(self.table, np.array([site])).cost

    def measured(self, pays: Floats) -> float:
        """Sum what the cells pay, or count those within the limit."""
        if self.by_coverage:
            return float(self.weight[pays <= (self.limit or 0.0)].sum())
        reached = np.isfinite(pays)
        return float(self.weight[reached] @ pays[reached])

    def beyond(self, pays: Floats) -> float:
        """Count pupils beyond the limit."""
        return float("nan") if self.limit is None else float(self.weight[pays > self.limit].sum())

    def loss(self, before: float, after: float) -> float:
        """Say by how much the measure is worse."""
        return before - after if self.by_coverage else after - before


def _gains(plan: _Plan, flows: sparse.coo_array, before: Nearest) -> pd.DataFrame:
    """Who is sent to each site, and what they pay less than before."""
    n_sites = plan.table.shape[1]
    pays = costs_at(plan.table, flows.row, flows.col)
    was = before.cost[flows.row]
    nearer, new = pays < was, np.isinf(was)
    known = nearer & ~new

    def at_sites(amount: Floats) -> Floats:
        return np.asarray(np.bincount(flows.col, weights=amount, minlength=n_sites)[plan.chosen], dtype=np.float64)

    count = at_sites(flows.data * known)
    saved = at_sites(flows.data * np.where(known, was - pays, 0.0))
    return pd.DataFrame(
        {
            "pupils": at_sites(flows.data),
            "pupils_nearer": count,
            "mean_saved": np.divide(saved, count, out=np.zeros(count.size), where=count > 0),
            "newly_reached": at_sites(flows.data * new),
        },
        index=pd.Index(plan.chosen, name="site"),
    )


@dataclass(frozen=True)
class _Ranking:
    """For each proposed site: what is left uncounted and what is paid with each other place in its stead."""

    missed: Floats  # (n_chosen, n_sites) pupils without any place
    paid: Floats  # (n_chosen, n_sites); inf where a column is no replacement

    def best(self, slot: int, count: int) -> Ints:
        """Give the best replacements, best first: least pupils left out, then least cost, then lowest column."""
        candidates = np.flatnonzero(np.isfinite(self.paid[slot]))
        paid = self.paid[slot, candidates]
        missed = self.missed[slot, candidates]
        step = _TIE * max(1.0, float(np.abs(paid).max(initial=0.0)))
        order = np.lexsort((candidates, np.round(paid / step), np.round(missed, 6)))
        return candidates[order[:count]].astype(np.int64)


def _rank_replacements(plan: _Plan, others: Bools) -> _Ranking:
    """Price every other place in the stead of every proposed site, in one pass over the pairs that matter."""
    near, weight, n_sites = plan.near, plan.weight, others.size
    cost, second = near.cost, near.second
    if plan.by_coverage and plan.limit is not None:
        above = np.nextafter(plan.limit, np.inf)
        pairs = cheaper_pairs(plan.table, np.where((weight > 0) & (second > plan.limit), above, 0.0), others)
        pairs = Reach(pairs.row, pairs.site, np.zeros(pairs.row.size), pairs.n_rows, pairs.n_sites)
        cost, second = (cost > plan.limit).astype(float), (second > plan.limit).astype(float)
    else:
        pairs = cheaper_pairs(plan.table, np.where(weight > 0, second, 0.0), others)
    slot_of = np.full(n_sites, -1, dtype=np.int64)
    slot_of[plan.chosen] = np.arange(plan.chosen.size)
    slot = np.where(near.site >= 0, slot_of[near.site], -1)
    n_slots = plan.chosen.size
    reached, again = np.isfinite(cost), np.isfinite(second)
    safe_cost, safe_second = np.where(reached, cost, 0.0), np.where(again, second, 0.0)

    mine = slot >= 0
    kept = np.where(again, safe_second - safe_cost, -safe_cost)[mine] * weight[mine]
    paid = float(weight @ safe_cost) + np.bincount(slot[mine], weights=kept, minlength=n_slots)[:, None]
    missed = (
        float(weight[~reached].sum())
        + np.bincount(slot[mine], weights=(weight * ~again)[mine], minlength=n_slots)[:, None]
    )

    row, site, price, amount = pairs.row, pairs.site, pairs.cost, weight[pairs.row]
    saves = np.where(reached[row], np.maximum(safe_cost[row] - price, 0.0), -price) * amount
    paid = paid - np.bincount(site, weights=saves, minlength=n_sites)[None, :]
    missed = missed - np.bincount(site, weights=amount * ~reached[row], minlength=n_sites)[None, :]
    at = np.flatnonzero(mine[row])
    row, price, amount = row[at], np.maximum(price[at], safe_cost[row[at]]), amount[at]
    key = slot[row] * n_sites + site[at]
    shape = (n_slots, n_sites)
    more = np.where(again[row], safe_second[row] - price, -price) * amount
    paid = paid - np.bincount(key, weights=more, minlength=n_slots * n_sites).reshape(shape)
    missed = missed - np.bincount(key, weights=amount * ~again[row], minlength=n_slots * n_sites).reshape(shape)
    return _Ranking(
        np.asarray(missed, dtype=np.float64), np.where(others[None, :], paid, np.inf).astype(np.float64, copy=False)
    )


def _without_seats(plan: _Plan, ranking: _Ranking) -> pd.DataFrame:
    """Take each site out, and put the best other place in its stead; the numbers are summed anew from what cells pay."""
    now = plan.measured(plan.near.cost)
    no_place = float(plan.weight[np.isinf(plan.near.cost)].sum())
    rows = []
    for slot, site in enumerate(plan.chosen):
        without = np.where(plan.near.site == site, plan.near.second, plan.near.cost)
        best = ranking.best(slot, 1)
        replaced = np.minimum(without, plan.column(int(best[0]))) if best.size else without
        rows.append(
            {
                "objective_without": plan.measured(without),
                "loss_without": plan.loss(now, plan.measured(without)),
                "unreached_without": float(plan.weight[np.isinf(without)].sum()) - no_place,
                "beyond_without": plan.beyond(without) - plan.beyond(plan.near.cost),
                "replacement": int(best[0]) if best.size else -1,
                "objective_replaced": plan.measured(replaced),
                "loss_replaced": plan.loss(now, plan.measured(replaced)),
                "unreached_replaced": float(plan.weight[np.isinf(replaced)].sum()) - no_place,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(plan.chosen, name="site"), columns=_COLUMNS)


_COLUMNS = [
    "objective_without",
    "loss_without",
    "unreached_without",
    "beyond_without",
    "replacement",
    "objective_replaced",
    "loss_replaced",
    "unreached_replaced",
]


@dataclass(frozen=True)
class _Seated:
    """Pupils seated in some sites: the measure, pupils without a seat, pupils beyond the limit."""

    measured: float
    unserved: float
    beyond: float


def _seat(plan: _Plan, sites: Ints, seats: Floats) -> _Seated:
    part = plan.table[:, sites]
    found = allocate(part, plan.weight.astype(np.int64), np.floor(seats[sites]))
    flows = found.flows.tocoo()
    pays = costs_at(part, flows.row, flows.col)
    unserved = float(found.unserved.sum())
    if plan.limit is None:
        return _Seated(found.cost, unserved, float("nan"))
    near = float(flows.data[pays <= plan.limit].sum())
    return _Seated(near if plan.by_coverage else found.cost, unserved, float(plan.weight.sum()) - near)


def _with_seats(plan: _Plan, ranking: _Ranking, seats: Floats) -> pd.DataFrame:
    """Seat the pupils anew without each site, and with the likeliest replacements."""
    now = _seat(plan, plan.opened, seats)
    rows = []
    for slot, site in enumerate(plan.chosen):
        rest = plan.opened[plan.opened != site]
        without = _seat(plan, rest, seats)
        best, place = without, -1
        for other in ranking.best(slot, _TRIED):
            found = _seat(plan, np.union1d(rest, [other]).astype(np.int64), seats)
            loss = plan.loss(best.measured, found.measured)
            if place < 0 or found.unserved < best.unserved or (found.unserved == best.unserved and loss < 0):
                best, place = found, int(other)
        rows.append(
            {
                "objective_without": without.measured,
                "loss_without": plan.loss(now.measured, without.measured),
                "unreached_without": without.unserved - now.unserved,
                "beyond_without": without.beyond - now.beyond,
                "replacement": place,
                "objective_replaced": best.measured,
                "loss_replaced": plan.loss(now.measured, best.measured),
                "unreached_replaced": best.unserved - now.unserved,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(plan.chosen, name="site"), columns=_COLUMNS)
