"""Layouts in which much may close: against a plain model, least loads seated exactly, and a small gap on a made county."""

from __future__ import annotations

import numpy as np
import pytest
from plain_layout import by_plain_model, price_by_hand, random_case

from planning import siting
from planning.siting.clock import Clock
from planning.siting.seats import branching, layout
from planning.siting.seats.coarse import gather_rows, seen_from_afar
from planning.siting.seats.flow import Arcs, FlowQuestion, best_flow
from planning.siting.seats.prices import Filler
from planning.siting.seats.seating import price_of
from planning.siting.seats.shortfall import seat_with_least

INF = np.inf


@pytest.mark.parametrize("groups", [3, 1000])
def test_bound_and_answer_stand_on_the_right_sides_of_a_plain_model(groups, monkeypatch):
    monkeypatch.setattr(layout, "_SMALL", 0)
    monkeypatch.setattr(branching, "_GROUPS", groups)
    n_answers, n_best = 0, 0
    for seed in range(40 if groups < 10 else 120):
        case = random_case(np.random.default_rng(seed)) | {"single_source": False}
        if not case["closable"]:
            continue
        known = by_plain_model(case)
        answer = siting.capacitated(**case, time_limit_s=10)
        if known is None:
            assert answer.status == "infeasible", seed
            continue
        n_answers += 1
        assert answer.bound <= known + 1e-6, seed
        assert answer.objective >= known - 1e-6, seed
        assert answer.objective == pytest.approx(price_by_hand(answer, case), abs=1e-6), seed
        n_best += answer.objective <= known + 1e-6
        if answer.status == "optimal":
            assert answer.objective == pytest.approx(known, abs=1e-5), seed
        if case["min_pupils"] is not None:
            loads = answer.allocation.flows.toarray().sum(axis=0)
            exempt = (set(case["fixed"]) - set(case["closable"])) | set(case["locked"]) | set(case["blocked"])
            named = (set(case["fixed"]) - set(answer.closed)) | set(answer.sites)
            assert all(loads[j] >= case["min_pupils"][j] for j in named - exempt), seed
    assert n_answers > 10
    assert n_best > 0.8 * n_answers


def question(rng, n_rows=12, n=5, *, reach=0.8):
    row, site = np.nonzero(rng.random((n_rows, n)) < reach)
    return FlowQuestion(
        arcs=Arcs(row, site, rng.integers(0, 40, row.size).astype(float), np.zeros(row.size, dtype=bool)),
        pupils=np.where(np.isin(np.arange(n_rows), row), rng.integers(0, 6, n_rows), 0).astype(float),
        seats=rng.integers(6, 25, n).astype(float),
        beds=np.full(n, INF),
        opening=rng.integers(0, 50, n).astype(float),
        candidate=np.arange(n) >= 2,
        closable=np.arange(n) < 2,
        most=n,
        fewest=0,
        spend=np.zeros(n),
        budget=INF,
        least_load=rng.integers(0, 12, n).astype(float),
        unserved=np.full(n_rows, INF if rng.random() < 0.5 else 30.0),
    )


def test_least_loads_are_seated_as_a_plain_model_has_it():
    n_seated = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        asked = question(rng)
        opened = rng.random(5) < 0.6
        known, found = best_flow(asked, opened, Clock(20)), seat_with_least(asked, opened)
        assert (known is None) == (found is None), seed
        if known is None or found is None:
            continue
        n_seated += 1
        assert price_of(asked, opened, found) == pytest.approx(price_of(asked, opened, known), abs=1e-6), seed
        load = np.bincount(asked.arcs.site, weights=found, minlength=5)
        assert (load[opened] >= asked.least_load[opened]).all()
        assert (load <= np.where(opened, asked.seats, 0)).all()
    assert n_seated > 30


def test_a_site_with_a_least_load_takes_the_cheapest_who_bring_nothing():
    asked = question(np.random.default_rng(0)).changed(
        arcs=Arcs(np.arange(3), np.zeros(3, dtype=np.int64), np.array([1.0, 5.0, 9.0]), np.zeros(3, dtype=bool)),
        pupils=np.array([2.0, 2.0, 2.0]),
        seats=np.full(5, 10.0),
        opening=np.zeros(5),
        least_load=np.array([5.0, 0, 0, 0, 0]),
        unserved=np.full(3, INF),
    )
    price = np.array([4.0, 3.0, 3.0])
    by_hand = 2 * (1 - 4) + 2 * (5 - 3) + 1 * (9 - 3)
    assert Filler(asked, np.full(3, INF)).worth(price)[0] == by_hand
    # an arc left out may cost as little as 5: the fifth pupil then brings a loss of 2 or more, and so do the others
    assert Filler(asked, np.full(3, 5.0)).worth(price)[0] == -6 + 3 * 1
    assert Filler(asked).worth(price)[0] == -6  # what is not known is not heeded


def test_from_afar_pupils_and_mean_costs_are_kept():
    asked = question(np.random.default_rng(3), 40, 6, reach=1.1).changed(pupils=np.arange(40.0))
    group = gather_rows(asked, 7)
    afar = seen_from_afar(asked, group)
    assert group[0] == -1  # nobody lives there
    assert group.max() + 1 == 7
    assert afar.pupils.sum() == asked.pupils.sum()
    total = (asked.pupils[asked.arcs.row] * asked.arcs.cost).sum()
    assert (afar.pupils[afar.arcs.row] * afar.arcs.cost).sum() == pytest.approx(total)


def county(n_cells=700, n_sites=64):
    """Half the sites stand, and each may close; a school costs as much as the travel that it saves."""
    rng = np.random.default_rng(11)
    cells = rng.random((n_cells, 2)) * 30_000
    sites = cells[rng.choice(n_cells, n_sites, replace=False)]
    costs = np.round(np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)) * 0.26)
    pupils, old = rng.geometric(0.25, n_cells), np.arange(n_sites) < n_sites // 2
    seats = np.where(old, np.ceil(pupils.sum() * 1.2 / old.sum() * rng.lognormal(0, 0.5, n_sites)), 200.0)
    return {
        "costs": costs,
        "pupils": pupils,
        "seats": seats,
        "build_cost": np.where(old, 0.0, 20_000.0),
        "running_cost": np.full(n_sites, 50_000.0),
        "spend": np.where(old, 0.0, 20_000.0),
        "budget": 160_000.0,
        "fixed": np.flatnonzero(old).tolist(),
        "closable": np.flatnonzero(old).tolist(),
    }


@pytest.mark.parametrize("least", [None, 60])
def test_a_county_where_all_may_close_ends_with_a_small_gap(least):
    asked = county() | {"min_pupils": least}
    answer = siting.capacitated(**asked, time_limit_s=8)
    assert answer.bound <= answer.objective
    assert answer.gap < 0.04
    assert answer.closed
    flows = answer.allocation.flows
    loads = np.asarray(flows.sum(axis=0)).ravel()
    assert (loads <= asked["seats"]).all()
    named = sorted((set(asked["fixed"]) - set(answer.closed)) | set(answer.sites))
    assert (loads[named] >= (least or 0)).all()
    assert asked["spend"][list(answer.sites)].sum() <= asked["budget"]
    travel = float(flows.multiply(asked["costs"]).sum())
    assert answer.objective == pytest.approx(travel + 50_000 * len(named) + 20_000 * len(answer.sites))
