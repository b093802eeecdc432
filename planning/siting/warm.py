"""Every kernel of the siting engine made ready, by small questions that need each."""

from __future__ import annotations

import numpy as np

from planning.siting.checks import Floats, check_reach
from planning.siting.clock import Clock
from planning.siting.coverage.max_coverage import max_coverage
from planning.siting.coverage.p_center import p_center
from planning.siting.coverage.set_cover import set_cover
from planning.siting.median.p_median import p_median
from planning.siting.seats.capacitated import capacitated
from planning.siting.seats.flow import Arcs, FlowQuestion
from planning.siting.seats.large import lay_out

__all__ = ["warm"]


def warm() -> None:
    """Ask one question of each kind about places on a plane; kernels are compiled or loaded by that."""
    rng = np.random.default_rng(1)
    cells, sites = rng.random((120, 2)), rng.random((25, 2))
    costs = np.hypot(*(cells[:, None] - sites).transpose(2, 0, 1))
    pupils, seats = np.full(120, 10), np.full(25, 150)
    for table in (costs, costs.astype(np.float32)):
        p_median(table, pupils, 4, (0,), 5.0)
        max_coverage(table, pupils, 4, 0.15, (0,), 5.0)
        set_cover(table, pupils, 0.3, time_limit_s=5.0)
        p_center(table, pupils, 4, (0,), 5.0)
    capacitated(costs, pupils, seats, 8, fixed=(0,), single_source=True, time_limit_s=2.0)
    _lay_out(costs, pupils.astype(float), seats.astype(float))


def _lay_out(costs: Floats, pupils: Floats, seats: Floats) -> None:
    """Lay out a small question in the way of large ones."""
    n_cells, n_sites = costs.shape
    reach = check_reach(np.sort(costs, axis=1))  # rows from cheap to dear
    nothing, new = np.zeros(n_sites), np.arange(n_sites) > 0
    question = FlowQuestion(
        arcs=Arcs(reach.row, reach.site, reach.cost, np.zeros(reach.row.size, dtype=bool)),
        pupils=pupils,
        seats=seats,
        beds=np.full(n_sites, np.inf),
        opening=nothing,
        candidate=new,
        closable=np.zeros(n_sites, dtype=bool),
        most=10,
        fewest=0,
        spend=nothing,
        budget=np.inf,
        least_load=nothing,
        single_source=False,
        unserved=np.full(n_cells, np.inf),
    )
    lay_out(question, np.full(n_cells, 9.0), Clock(1.0), lambda opened: float(opened.sum()), must_seat=True)
