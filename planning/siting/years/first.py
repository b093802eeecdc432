"""A plan by year to begin with: in each year what shortens the ways most, seats not regarded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planning.siting.checks import Bools, Floats, Ints
from planning.siting.seats.flow import FlowQuestion
from planning.siting.years.model import PhaseRules

__all__ = ["first_plan"]

_MOST_STEPS = 60


def first_plan(questions: Sequence[FlowQuestion], rules: PhaseRules) -> Bools:
    """
    Open, year after year, what saves most over the years that are left, as far as number and money go; close nothing.

    Parameters
    ----------
    questions : sequence of FlowQuestion
        The years; their arcs differ in cost by a factor only.
    rules : PhaseRules
        The rules.

    Returns
    -------
    numpy.ndarray of bool, shape (n_years, n_sites)
        Open sites.
    """
    arcs, n_years = questions[0].arcs, len(questions)
    opened = np.repeat(~rules.candidate[None], n_years, axis=0)
    cost = arcs.cost / rules.factor[0]
    nearest = np.full(questions[0].pupils.size, np.inf)
    there = opened[0][arcs.site]
    np.minimum.at(nearest, arcs.row[there], cost[there])
    # who reaches no open site gains more than anyone else by being reached
    longest = float(cost.max(initial=0.0))
    nearest[np.isinf(nearest)] = 2.0 * longest
    left, steps = 0.0, 0
    for t in range(n_years):
        left = float(rules.budget[t]) + (left if rules.carry_over else 0.0)
        weight = sum(question.pupils * rules.factor[t + k] for k, question in enumerate(questions[t:]))
        price = rules.factor[t] * rules.build + float(rules.factor[t:].sum()) * rules.running
        for _ in range(int(min(rules.most[t], rules.candidate.sum()))):
            gain = _saved(arcs.row, arcs.site, cost, nearest, weight, rules.candidate.size) - price
            gain[~rules.candidate | opened[t] | (rules.spend > left)] = -np.inf
            best = int(np.argmax(gain))
            if gain[best] <= 0 or steps == _MOST_STEPS:
                break
            steps += 1
            opened[t:, best] = True
            left -= float(rules.spend[best])
            of_best = arcs.site == best
            np.minimum.at(nearest, arcs.row[of_best], cost[of_best])
    return opened


def _saved(row: Ints, site: Ints, cost: Floats, nearest: Floats, weight: Floats, n: int) -> Floats:
    """Give what each site saves by itself."""
    shorter = np.maximum(nearest[row] - cost, 0.0)
    return np.asarray(np.bincount(site, weights=weight[row] * shorter, minlength=n), dtype=np.float64)
