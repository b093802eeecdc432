"""Seat the pupils in given sites where some must have a least number of them, by the transport kernel alone."""

from __future__ import annotations

import numpy as np

from planning.siting.checks import Bools, Floats
from planning.siting.seats.flow import Arcs, FlowQuestion
from planning.siting.seats.seating import price_of, seat_pupils

__all__ = ["seat_with_least"]

_RISES = 8  # times that the reward of a seat that must be filled is made four times as large


def seat_with_least(question: FlowQuestion, opened: Bools) -> Floats | None:
    """
    Seat the pupils as cheaply as possible.

    A site that falls short of its least load is parted in two: the seats that must be filled, with a reward for each, and
    the others. Where all rewarded seats are filled the reward is the same in all such answers, so that the cheapest with
    rewards is the cheapest.

    Parameters
    ----------
    question : FlowQuestion
        A question without boarding and without whole rows.
    opened : numpy.ndarray of bool, shape (n_sites,)
        Open sites.

    Returns
    -------
    numpy.ndarray, shape (n_arcs,), or None
        Whole pupils on each arc; None where the sites cannot be filled so, or not all find a seat who must.
    """
    n, n_arcs = question.n_sites, question.arcs.row.size
    least = np.where(question.free & opened, np.ceil(question.least_load - 1e-9), 0.0)
    if (least > question.seats).any():
        return None
    used = np.flatnonzero(opened[question.arcs.site])
    arcs = question.arcs.only(opened[question.arcs.site])
    parted = np.zeros(n, dtype=bool)
    reward, rises = float(arcs.cost.max(initial=0.0)) + 1.0, 0
    while True:
        twice = np.flatnonzero(parted[arcs.site])
        # every other arc is dearer by the reward, so that no cost is below 0
        cost = np.concatenate([arcs.cost + (reward if parted.any() else 0.0), arcs.cost[twice]])
        row = np.concatenate([arcs.row, arcs.row[twice]])
        site = np.concatenate([arcs.site, n + arcs.site[twice]])
        must = np.where(parted, least, 0.0)
        asked = question.changed(
            arcs=Arcs(row, site, cost, np.zeros(row.size, dtype=bool)),
            seats=np.concatenate([question.seats - must, must]),
            unserved=question.unserved + (reward if parted.any() else 0.0),
            **{
                name: np.concatenate([value, value])
                for name, value in (("beds", question.beds), ("opening", question.opening), ("spend", question.spend))
            },
        )
        taken, _ = seat_pupils(asked, np.concatenate([opened, opened & parted]))
        flow = taken[: arcs.row.size].copy()
        np.add.at(flow, twice, taken[arcs.row.size :])
        short = np.bincount(arcs.site, weights=flow, minlength=n) < least - 0.5
        if not short.any():
            break
        if not (short & ~parted).any():
            if rises == _RISES:
                return None
            reward, rises = 4.0 * reward, rises + 1
        parted |= short
    whole = np.zeros(n_arcs)
    whole[used] = flow
    return whole if np.isfinite(price_of(question, opened, whole)) else None
