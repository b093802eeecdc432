"""Why there is no answer: the clash is a clash, none of its members is idle, and what would have to give is the least."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from planning import siting
from planning.errors import PlanningError
from planning.siting.clock import Clock
from planning.siting.reasons import conflict as conflicts
from planning.siting.reasons.words import clash_of_sites

INF = np.inf
seeds = st.integers(0, 2**32)


def random_question(rng):
    n_cells, n = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    costs = rng.integers(0, 12, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.3] = INF
    fixed = rng.choice(n, int(rng.integers(0, n)), replace=False).tolist()

    def maybe(chance, value):
        return value if rng.random() < chance else None

    return {
        "costs": costs,
        "pupils": rng.integers(0, 5, n_cells),
        "seats": maybe(0.7, np.where(rng.random(n) < 0.2, INF, rng.integers(0, 9, n))),
        "p": maybe(0.7, int(rng.integers(0, 3))),
        "p_min": maybe(0.2, int(rng.integers(0, n - len(fixed) + 1))),
        "limit": maybe(0.5, int(rng.integers(0, 12))),
        "spend": rng.integers(0, 6, n),
        "budget": maybe(0.3, int(rng.integers(0, 8))),
        "fixed": fixed,
        "closable": [j for j in fixed if rng.random() < 0.3],
        "min_pupils": maybe(0.3, int(rng.integers(1, 5))),
        "single_source": bool(rng.random() < 0.2),
    }


def seats_all(question, opened, must, seats, sizes, limit, whole):
    """Can these open sites seat all cells of ``must``, by an LP over cells, or over all ways of sending whole cells?"""
    costs, pupils = question["costs"], question["pupils"]
    reached = np.isfinite(costs).any(axis=1) & (pupils > 0)
    ways = [(i, j) for i in np.flatnonzero(reached) for j in opened if costs[i, j] <= limit]
    n = costs.shape[1]
    if whole:
        options = [[j for i2, j in ways if i2 == i] + ([] if i in must else [None]) for i in np.flatnonzero(reached)]
        loads = {(0,) * n}
        for i, sites in zip(np.flatnonzero(reached), options, strict=True):
            loads = {tuple(load[k] + (pupils[i] if k == j else 0) for k in range(n)) for load in loads for j in sites}
        return any(all(load[j] <= seats[j] and load[j] >= sizes.get(j, 0) for j in opened) for load in loads)
    if not ways:
        return not must and not any(sizes.get(j, 0) > 0 for j in opened)
    a_eq, b_eq, a_ub, b_ub = [], [], [], []
    for i in np.flatnonzero(reached):
        line = [float(a == i) for a, _ in ways]
        (a_eq if i in must else a_ub).append(line)
        (b_eq if i in must else b_ub).append(pupils[i])
    for j in opened:
        line = np.array([float(b == j) for _, b in ways])
        if np.isfinite(seats[j]):
            a_ub.append(line)
            b_ub.append(seats[j])
        if sizes.get(j, 0) > 0:
            a_ub.append(-line)
            b_ub.append(-sizes[j])
    found = linprog(
        np.zeros(len(ways)), a_ub or None, b_ub or None, a_eq or None, b_eq or None, bounds=(0, None), method="highs"
    )
    return found.status == 0


def feasible(question, *, drop=(), p=None, budget=None, extra=0, limit=None):
    """Go through all choices of sites; ``drop`` holds ("cell", i), ("seats", j), ("size", j) or a rule's name."""
    costs, pupils = question["costs"], question["pupils"]
    n = costs.shape[1]
    fixed, closable = question["fixed"], question["closable"]
    seats = np.full(n, INF) if question["seats"] is None else np.array(question["seats"], dtype=float)
    for j in range(n):
        if ("seats", j) in drop:
            seats[j] = INF
    reached = np.isfinite(costs).any(axis=1) & (pupils > 0)
    must = {int(i) for i in np.flatnonzero(reached) if ("cell", int(i)) not in drop}
    most = question["p"] if p is None else p
    most = n if most is None or "p" in drop else most
    fewest = 0 if question["p_min"] is None or "p_min" in drop else question["p_min"]
    money = question["budget"] if budget is None else budget
    money = INF if money is None or "budget" in drop else money
    reach = question["limit"] if limit is None else limit
    reach = INF if reach is None or "limit" in drop else reach
    reach = min(reach, 1e9)
    new = [j for j in range(n) if j not in fixed]
    for built in chain.from_iterable(combinations(new, k) for k in range(len(new) + 1)):
        if not fewest <= len(built) <= most or sum(question["spend"][j] for j in built) > money:
            continue
        for shut in chain.from_iterable(combinations(closable, k) for k in range(len(closable) + 1)):
            opened = sorted({*fixed, *built} - set(shut))
            sizes = {
                j: question["min_pupils"] or 0
                for j in opened
                if (j in new or j in closable) and ("size", j) not in drop
            }
            whole = question["single_source"] and "single_source" not in drop
            for more in _shared_out(extra, opened, seats):
                if seats_all(question, opened, must, more, sizes, reach, whole):
                    return True
    return False


def _shared_out(extra, opened, seats):
    if extra == 0:
        yield seats
        return
    if not opened:
        return
    for split in _splits(extra, len(opened)):
        more = seats.copy()
        more[list(opened)] += split
        yield more


def _splits(total, parts):
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _splits(total - first, parts - 1):
            yield (first, *rest)


def asked(question):
    return siting.why_not(**question)


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_the_clash_is_irreducible(seed):
    question = random_question(np.random.default_rng(seed))
    found = asked(question)
    assert found.feasible == feasible(question)
    if found.feasible:
        assert (found.cells, found.seats, found.sizes, found.rules, found.relief) == ((), (), (), (), None)
        return
    assert found.irreducible
    n_cells, n = question["costs"].shape
    kept = {("cell", i) for i in found.cells} | {("seats", j) for j in found.seats}
    kept |= {("size", j) for j in found.sizes} | set(found.rules)
    everything = {("cell", i) for i in range(n_cells)}
    everything |= {(kind, j) for kind in ("seats", "size") for j in range(n)}
    everything |= {"p", "p_min", "budget", "limit", "single_source"}
    assert not feasible(question, drop=everything - kept)
    for member in kept:
        assert feasible(question, drop=(everything - kept) | {member})
    assert found.explanation


@settings(max_examples=60, deadline=None)
@given(seeds)
def test_what_would_have_to_give_is_the_least(seed):
    question = random_question(np.random.default_rng(seed))
    found = asked(question)
    if found.feasible:
        return
    n = question["costs"].shape[1]
    relief = found.relief
    if found.least_p is not None:
        fits = [p for p in range(n + 1) if feasible(question, p=p)]
        assert (found.least_p.value, found.least_p.exact) == (min(fits, default=INF), True)
    if relief.budget is not None:
        fits = [money for money in range(int(question["spend"].sum()) + 1) if feasible(question, budget=money)]
        assert relief.budget.value == pytest.approx(min(fits, default=INF), abs=1e-6)
    if relief.limit is not None:
        steps = np.unique(question["costs"][np.isfinite(question["costs"])])
        fits = [step for step in steps if step > question["limit"] and feasible(question, limit=step)]
        assert relief.limit.value == min(fits, default=INF)
    if relief.seats is not None and relief.seats.value <= 3:
        more = int(relief.seats.value)
        assert feasible(question, extra=more)
        assert more == 0 or not feasible(question, extra=more - 1)


def test_three_villages_and_two_schools_by_hand():
    costs = np.array([[1.0, 9, INF], [9, 1, INF], [INF, INF, 1], [1, 2, 3]])
    found = siting.why_not(costs, [5, 5, 1, 7], p=2, limit=4)
    assert (found.cells, found.rules, found.irreducible) == ((0, 1, 2), ("p", "limit"), True)
    assert (found.least_p.value, found.relief.limit.value) == (3, 9)
    assert [str(words) for words in found.explanation] == [
        "The following cannot be kept together; without any one of them there would be an answer.",
        "Clash: every pupil of cell 0, 1, 2 has a place (11 pupils).",
        "Clash: at most 2 new sites.",
        "Clash: the limit of 4.",
        "With 3 new sites there is an answer, if all else stays.",
        "With a limit of 9 there is an answer, if all else stays.",
    ]


def test_proposals_carry_the_reason():
    costs = np.array([[1.0, INF, INF], [INF, 1.0, INF], [INF, INF, 1.0], [INF, INF, 1.0]])
    for model in (siting.p_median, siting.p_center, siting.fair_median):
        said = [str(words) for words in model(costs, [5, 5, 1, 0], 2).explanation]
        assert "Clash: every pupil of cell 0, 1, 2 has a place (11 pupils)." in said
        assert "Clash: at most 2 new sites." in said
    seated = siting.capacitated(costs, [5, 5, 1, 0], [9, 4, 9], 3, spend=1, budget=9)
    said = [str(words) for words in seated.explanation]
    assert "Clash: every pupil of cell 1 has a place (5 pupils)." in said
    assert "Clash: site 1 has no more than its seats (4 in all)." in said
    assert "With 1 more seats at site 1 there is an answer, if all else stays." in said
    assert "More budget alone does not help." in said
    assert not any("new sites" in words for words in said[1:])
    week = np.full((1, 4, 3), 2.0)
    boards = siting.boarding(np.full((1, 4, 3), INF), week, [[5, 5, 1, 0]], 50, [2, 3, 1], [True], p=3)
    said = [str(words) for words in boards.explanation]
    assert boards.status == "infeasible"
    assert "Clash: every pupil of grade band 0 in cell 0, 1 has a place (10 pupils)." in said
    assert "Clash: site 0, 1, 2 has no more than its beds (6 in all)." in said
    assert any(words.startswith("With 5 more beds at site ") for words in said)


def test_a_clash_is_found_without_copying_the_costs():
    rng = np.random.default_rng(4)
    costs = np.where(rng.random((60, 9)) < 0.15, rng.random((60, 9)), INF)
    costs[:, 8] = np.where(np.arange(60) < 30, 1.0, INF)
    pupils, fixed = np.ones(60), np.array([8])
    answer = siting.p_median(costs, pupils, 2, [8])
    said = [str(words) for words in clash_of_sites(costs, pupils, fixed, 2, Clock(20))]
    assert answer.status == "infeasible"
    assert said[0].startswith("The following cannot be kept together; without any one")
    row, column = np.nonzero(np.isfinite(costs))
    stored = sparse.csr_array((costs[row, column], (row, column)), shape=costs.shape)
    assert [str(words) for words in clash_of_sites(stored, pupils, fixed, 2, Clock(20))] == said
    assert clash_of_sites(costs, pupils, fixed, 8, Clock(20)) == ()


def test_a_reason_cut_short_says_so(monkeypatch):
    monkeypatch.setattr(conflicts, "_ASKED", 2)
    costs = np.where(np.eye(9, dtype=bool), 1.0, INF)
    found = siting.why_not(costs, np.ones(9), p=3)
    assert not found.irreducible
    assert "not all of it may be needed" in str(found.explanation[0])
    assert set(found.rules) == {"p"}
    assert len(found.cells) >= 4


def test_nothing_known_without_time():
    costs = np.where(np.eye(9, dtype=bool), 1.0, INF)
    found = siting.why_not(costs, np.ones(9), p=3, time_limit_s=0)
    assert (found.feasible, found.cells, found.relief) == (None, (), None)
    assert siting.why_not(costs, np.ones(9), p=3, cancel=lambda: True).feasible is None


def test_edges():
    nobody = siting.why_not([[1.0]], [0], p=0)
    assert nobody.feasible is True
    alone = siting.why_not([[INF], [1.0]], [3, 2], p=1)
    assert (alone.feasible, alone.unreachable) == (True, (0,))
    halves = siting.why_not([[1.0], [1.0]], [0.25, 0.5], p=0)
    assert (halves.cells, halves.rules) in {((0,), ("p",)), ((1,), ("p",))}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"closable": [1]}, "site 1 is not open"),
        ({"seats": 3, "pupils": [0.5]}, "cell 0 has 0.5"),
        ({"p": -1}, "not -1"),
        ({"limit": np.nan}, "limit"),
    ],
)
def test_errors(change, words):
    with pytest.raises(PlanningError, match=words):
        siting.why_not(**{"costs": [[1.0, 2.0]], "pupils": [1], **change})
