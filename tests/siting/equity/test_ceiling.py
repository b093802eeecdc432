"""Layouts under a ceiling on the coefficient of variation: by hand, and against everything there is in small questions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import siting
from planning.access import cv
from planning.errors import SchemaError
from planning.siting.equity.ceiling import variation

TIME_S = 20


def _spread_of(proposal, resources):
    return variation(np.asarray(resources, dtype=float), np.asarray(proposal.allocation.flows.sum(axis=0)).ravel())


def test_plan_that_keeps_the_ceiling_anyway_is_the_plain_one():
    costs, pupils = [[1.0, 9.0], [9.0, 1.0]], [10, 10]
    plain = siting.capacitated(costs, pupils, 30, fixed=[0, 1])
    held = siting.capacitated_evenly(costs, pupils, 30, resources=[1.0, 1.0], max_cv=0.1, fixed=[0, 1])
    assert held.objective == plain.objective == 20
    assert held.status == "optimal"


def test_pupils_move_until_the_resource_is_even_enough():
    """School 0 has 3 teachers and school 1 has 1; all 40 pupils live beside their own school, 20 each."""
    costs, pupils = [[1.0, 5.0], [5.0, 1.0]], [20, 20]
    found = siting.capacitated_evenly(costs, pupils, 40, resources=[3.0, 1.0], max_cv=0.0, fixed=[0, 1])
    # Even are 30 and 10 pupils: ten go from the second place to the first school.
    assert found.allocation.flows.toarray().tolist() == [[20, 0], [10, 10]]
    assert found.objective == 20 * 1 + 10 * 5 + 10 * 1
    assert found.bound == 40
    assert found.status == "time_limit"
    assert _spread_of(found, [3.0, 1.0]) == 0


def test_a_half_way_ceiling_costs_less_than_full_evenness():
    costs, pupils = [[1.0, 5.0], [5.0, 1.0]], [20, 20]
    costly = siting.capacitated_evenly(costs, pupils, 40, resources=[3.0, 1.0], max_cv=0.0, fixed=[0, 1]).objective
    half = siting.capacitated_evenly(costs, pupils, 40, resources=[3.0, 1.0], max_cv=0.25, fixed=[0, 1])
    assert 40 < half.objective < costly
    assert _spread_of(half, [3.0, 1.0]) <= 0.25


def test_a_school_whose_number_is_unknown_is_not_judged():
    costs, pupils = [[1.0, 5.0, 9.0], [5.0, 1.0, 9.0], [9.0, 9.0, 1.0]], [20, 20, 7]
    found = siting.capacitated_evenly(costs, pupils, 40, resources=[3.0, 1.0, np.nan], max_cv=0.0, fixed=[0, 1, 2])
    assert np.asarray(found.allocation.flows.sum(axis=0)).tolist() == [30, 10, 7]


def test_whole_places_stay_whole():
    costs, pupils = [[1.0, 4.0], [4.0, 1.0], [4.0, 1.0], [4.0, 1.0]], [10, 10, 10, 10]
    found = siting.capacitated_evenly(
        costs, pupils, 40, resources=[3.0, 1.0], max_cv=0.05, fixed=[0, 1], single_source=True
    )
    flows = found.allocation.flows.toarray()
    assert ((flows > 0).sum(axis=1) == 1).all()
    assert _spread_of(found, [3.0, 1.0]) <= 0.05


def test_a_ceiling_that_nothing_keeps_is_told_with_the_least_that_was_met():
    found = siting.capacitated_evenly(
        [[1.0, np.inf], [np.inf, 1.0]], [10, 10], 20, resources=[3.0, 1.0], max_cv=0.1, fixed=[0, 1]
    )
    assert found.allocation is None
    assert found.status != "infeasible"  # not proven
    assert "0.500" in str(found.explanation[0])


def test_zones_and_a_ceiling_are_refused_together():
    with pytest.raises(SchemaError, match="zones"):
        siting.capacitated_evenly(
            [[1.0]], [1], 1, resources=[1.0], max_cv=0.1, fixed=[0], neighbours=[[0, 0]], home=[0], single_source=True
        )


@pytest.mark.parametrize("bad", [[-1.0, 1.0], [1.0, 2.0, 3.0]])
def test_resources_that_do_not_fit_are_refused(bad):
    with pytest.raises(ValueError, match=r"resources|shape"):
        siting.capacitated_evenly([[1.0, 2.0]], [3], 9, resources=bad, max_cv=0.1, fixed=[0, 1])


def _every_layout(costs, pupils, seats, fixed, closable, p, build):
    """Every choice of sites and every whole flow: objective and pupils by site."""
    n_cells, n_sites = costs.shape
    may = [range(2) if site in closable or site not in fixed else (1,) for site in range(n_sites)]
    for is_open in itertools.product(*may):
        new = [site for site in range(n_sites) if is_open[site] and site not in fixed]
        if len(new) > p:
            continue
        sites = [site for site in range(n_sites) if is_open[site]]
        splits = [
            [
                split
                for split in itertools.product(range(pupils[cell] + 1), repeat=len(sites))
                if sum(split) == pupils[cell]
            ]
            for cell in range(n_cells)
        ]
        for choice in itertools.product(*splits):
            flows = np.zeros((n_cells, n_sites))
            flows[:, sites] = choice
            load = flows.sum(axis=0)
            if (load <= seats).all():
                yield float((flows * costs).sum() + build * len(new)), load


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=2, max_size=3),
    st.lists(st.integers(1, 4), min_size=2, max_size=3),
    st.lists(st.integers(1, 6), min_size=3, max_size=3),
    st.sampled_from([0.1, 0.3, 0.5]),
    st.booleans(),
)
def test_against_every_layout_there_is(costs, pupils, resources, ceiling, may_close):
    n = min(len(costs), len(pupils))
    table, pupils = np.array(costs[:n], dtype=float), pupils[:n]
    held, seats, build = np.array(resources, dtype=float), np.full(3, 9.0), 2.0
    fixed, closable = (0, 1), ((1,) if may_close else ())
    found = siting.capacitated_evenly(
        table, pupils, seats, resources=held, max_cv=ceiling, fixed=fixed, closable=closable, p=1,
        build_cost=build, time_limit_s=TIME_S,
    )  # fmt: skip
    best = min(
        (
            value
            for value, load in _every_layout(table, pupils, seats, fixed, closable, 1, build)
            if cv(held[load > 0], load[load > 0]) <= ceiling * (1 + 1e-9)
        ),
        default=np.inf,
    )
    if found.allocation is None:
        assert found.status != "infeasible"
        assert found.bound <= best + 1e-6
        return
    assert _spread_of(found, held) <= ceiling * (1 + 1e-9)
    assert found.bound - 1e-6 <= best <= found.objective + 1e-6
    flows = found.allocation.flows.toarray()
    assert flows.sum(axis=1).tolist() == pupils
    assert found.objective == pytest.approx(float((flows * table).sum()) + build * len(found.sites))
