"""Seating in a table too large for a model, with least sizes and whole cells, against a plain model of the same."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planning import siting
from planning.siting.clock import Clock
from planning.siting.seats import capacitated as module
from planning.siting.seats.flow import Arcs, FlowQuestion, best_flow
from planning.siting.seats.table_seating import TableSeater
from planning.siting.seats.whole_rounding import round_whole

INF = np.inf
seeds = st.integers(0, 2**32)


def drawn(seed, **more):
    rng = np.random.default_rng(seed)
    n_rows, n = int(rng.integers(2, 12)), int(rng.integers(2, 6))
    costs = rng.integers(0, 40, (n_rows, n)).astype(float)
    pupils = rng.integers(1, 9, n_rows).astype(float)
    row, site = np.indices(costs.shape).reshape(2, -1)
    question = FlowQuestion(
        arcs=Arcs(row, site, costs.ravel(), np.zeros(row.size, dtype=bool)),
        pupils=pupils,
        seats=np.ceil(pupils.sum() * rng.uniform(0.8, 2.0, n) / n),
        beds=np.full(n, INF),
        opening=np.zeros(n),
        candidate=np.ones(n, dtype=bool),
        closable=np.zeros(n, dtype=bool),
        most=n,
        fewest=n,
        spend=np.zeros(n),
        budget=INF,
        least_load=np.floor(pupils.sum() * rng.uniform(0, 0.9, n) / n) * (rng.random(n) < 0.7),
        unserved=np.full(n_rows, INF),
        **more,
    )
    return costs, question


def seat(costs, question, price=INF):
    seater = TableSeater(costs, question.pupils, question, np.arange(question.n_sites), price)
    return seater.seat_by_rules(np.ones(question.n_sites, dtype=bool), Clock(10))


@settings(max_examples=80, deadline=None)
@given(seed=seeds, is_sparse=st.booleans(), price=st.sampled_from([INF, 30.0]))
def test_least_sizes_cost_what_a_plain_model_says(seed, is_sparse, price):
    costs, question = drawn(seed)
    if np.isfinite(price):
        question = question.changed(unserved=np.full(question.pupils.size, price))
    plain = best_flow(question, np.ones(question.n_sites, dtype=bool), Clock(20))
    found = seat(sparse.csr_array(costs + 1.0) if is_sparse else costs, question, price)
    if plain is None:
        assert found is None
        return
    flows = found[1].flows.toarray()
    assert (flows.sum(axis=0) >= question.least_load).all()
    assert (flows.sum(axis=0) <= question.seats).all()
    assert (flows.sum(axis=1) + found[1].unserved == question.pupils).all()
    if not is_sparse:  # there every pair costs one more, since a stored zero is not easily written
        paid = float(plain @ question.arcs.cost)
        missing = question.pupils.sum() - plain.sum()
        extra = missing * price if missing else 0.0
        again = float(found[1].unserved.sum())
        assert found[1].cost + (again * price if again else 0.0) == pytest.approx(paid + extra)
        assert found[1].cost == pytest.approx(float((flows * costs).sum()))


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_whole_cells_are_whole_and_never_cheaper_than_the_plain_model(seed):
    costs, question = drawn(seed, single_source=True)
    plain = best_flow(question, np.ones(question.n_sites, dtype=bool), Clock(20))
    found = seat(costs, question)
    if found is None:
        return
    flows = found[1].flows.toarray()
    assert plain is not None
    assert ((flows > 0).sum(axis=1) == 1).all()
    assert (flows.sum(axis=0) <= question.seats).all()
    assert (flows.sum(axis=0) >= question.least_load).all()
    assert found[1].cost == pytest.approx(float((flows * costs).sum()))
    assert found[1].cost >= float(plain @ question.arcs.cost) - 1e-6


def test_a_site_that_is_too_small_is_shut():
    costs = np.array([[0.0, 9.0], [9.0, 0.0]])
    _, question = drawn(1)
    question = FlowQuestion(
        **{
            **question.__dict__,
            "arcs": Arcs(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), costs.ravel(), np.zeros(4, dtype=bool)),
            "pupils": np.array([10.0, 3.0]),
            "unserved": np.full(2, INF),
            "least_load": np.array([5.0, 14.0]),
            **{name: np.array([INF, INF]) for name in ("seats", "beds")},
            **{name: np.zeros(2) for name in ("opening", "spend")},
            "candidate": np.ones(2, dtype=bool),
            "closable": np.zeros(2, dtype=bool),
            "most": 2,
            "fewest": 0,
        }
    )
    opened, allocation = seat(costs, question)
    assert opened.tolist() == [True, False]
    assert allocation.flows.toarray().tolist() == [[10, 0], [3, 0]]
    assert seat(costs, question.changed(fewest=2)) is None


def test_rounding_by_hand():
    # seats for one cell at each site; both begin at the first, and the second cell loses less elsewhere
    found = round_whole(
        np.array([[0.0, 50.0], [0.0, 10.0]]), np.array([5, 5]), np.array([5, 5]), np.array([0, 0]), np.zeros(2)
    )
    assert (found[0].tolist(), found[1]) == ([0, 1], 10.0)
    assert round_whole(np.array([[0.0]]), np.array([5]), np.array([4]), np.array([0]), np.zeros(1)) is None


@pytest.fixture
def everything_is_large(monkeypatch):
    for name in ("_SMALL", "_LARGE", "_LARGE_OF_FEW"):
        monkeypatch.setattr(module, name, 100)


def county(seed=0, n_cells=300, n=30):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((n_cells, 2)), rng.random((n, 2))
    costs = np.round(np.hypot(*(cells[:, None] - sites).transpose(2, 0, 1)) * 1000)
    pupils = rng.integers(1, 20, n_cells)
    seats = np.full(n, np.ceil(pupils.sum() * 1.25 / 9))
    return {"costs": costs, "pupils": pupils, "seats": seats, "p": 8, "fixed": (0,)}


RULES = [{}, {"min_pupils": 250}, {"single_source": True}, {"single_source": True, "min_pupils": 200}]


@pytest.mark.parametrize("seconds", [0.0, 1.0])
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.usefixtures("everything_is_large")
def test_a_large_question_keeps_its_rules_however_short_the_time(rules, seconds):
    question = county() | rules
    answer = siting.capacitated(**question, time_limit_s=seconds)
    assert answer.status in ({"time_limit"} if seconds == 0 else {"time_limit", "optimal"})
    flows = answer.allocation.flows.toarray()
    load = flows.sum(axis=0)
    assert (flows.sum(axis=1) == question["pupils"]).all()
    assert (load <= question["seats"]).all()
    assert (load[list(answer.sites)] >= question.get("min_pupils", 0)).all()
    assert not question.get("single_source") or ((flows > 0).sum(axis=1) == 1).all()
    assert answer.objective == float((flows * question["costs"]).sum())
    assert 0 < answer.bound <= answer.objective


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("asked", range(12))
@pytest.mark.usefixtures("everything_is_large")
def test_a_large_question_has_an_answer_wherever_it_is_called_off(rules, asked):
    question, calls = county() | rules, itertools.count()
    answer = siting.capacitated(**question, cancel=lambda: next(calls) >= asked)
    assert answer.status == "cancelled"
    flows = answer.allocation.flows.toarray()
    assert (flows.sum(axis=1) == question["pupils"]).all()
    assert (flows.sum(axis=0) <= question["seats"]).all()
    assert (flows.sum(axis=0)[list(answer.sites)] >= question.get("min_pupils", 0)).all()
    assert not question.get("single_source") or ((flows > 0).sum(axis=1) == 1).all()
    assert 0 < answer.bound <= answer.objective


@pytest.mark.usefixtures("everything_is_large")
def test_the_bound_of_a_large_question_with_rules_is_below_what_it_costs_without_hurry(monkeypatch):
    question = county(4) | RULES[-1]
    large = siting.capacitated(**question, time_limit_s=1.0)
    for name in ("_SMALL", "_LARGE", "_LARGE_OF_FEW"):
        monkeypatch.setattr(module, name, 10**9)
    small = siting.capacitated(**question, time_limit_s=3.0)
    assert large.bound <= small.objective + 1e-6
    assert small.bound <= large.objective + 1e-6


@pytest.mark.usefixtures("everything_is_large")
def test_rules_that_no_allocation_keeps_are_told():
    question = county() | {"min_pupils": 10**6, "p_min": 8}
    answer = siting.capacitated(**question, time_limit_s=0.3)
    assert (answer.status, answer.objective) == ("time_limit", INF)
    assert "no allocation to them was found" in str(answer.explanation[-1])
