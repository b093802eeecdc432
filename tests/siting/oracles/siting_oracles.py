"""Slow and obvious answers to hold the siting models against."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from ortools.sat.python import cp_model
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp


def nearest(costs, sites):
    return costs[:, sorted(sites)].min(axis=1) if len(sites) else np.full(costs.shape[0], np.inf)


def choices(n_sites, p, fixed=()):
    free = [j for j in range(n_sites) if j not in set(fixed)]
    return [set(c) | set(fixed) for c in combinations(free, p)]


def counted(costs, pupils):
    return (pupils > 0) & np.isfinite(costs).any(axis=1)


def median_by_hand(costs, pupils, p, fixed=()):
    rows = counted(costs, pupils)
    return min(
        (float(pupils[rows] @ nearest(costs, s)[rows]) for s in choices(costs.shape[1], p, fixed)), default=np.inf
    )


def median_by_highs(costs, pupils, p, fixed=()):
    """The p-median as everybody would write it first: x_ij <= y_j."""
    n_cells, n = costs.shape
    x, y = n_cells * n, n
    links = sparse.hstack([sparse.eye_array(x), -sparse.vstack([sparse.eye_array(n)] * n_cells)])
    served = sparse.hstack([sparse.kron(sparse.eye_array(n_cells), np.ones((1, n))), sparse.csr_array((n_cells, y))])
    opened = sparse.csr_array(np.concatenate([np.zeros(x), np.ones(y)])[None])
    low = np.concatenate([np.zeros(x), np.isin(np.arange(n), list(fixed)).astype(float)])
    answer = milp(
        np.concatenate([(pupils[:, None] * costs).ravel(), np.zeros(y)]),
        constraints=[
            LinearConstraint(links, -np.inf, 0),
            LinearConstraint(served, 1, 1),
            LinearConstraint(opened, p + len(fixed), p + len(fixed)),
        ],
        integrality=np.concatenate([np.zeros(x), np.ones(y)]),
        bounds=Bounds(low, 1),
        options={"mip_rel_gap": 1e-9},
    )
    assert answer.success
    return float(answer.fun)


def charged_by_hand(costs, pupils, open_cost, fixed=(), closable=(), p_max=None):
    rows = counted(costs, pupils)
    stay = sorted(set(fixed) - set(closable))
    free = [j for j in range(costs.shape[1]) if j not in stay]
    best = np.inf
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            if p_max is None or sum(j not in fixed for j in chosen) <= p_max:
                ways = float(pupils[rows] @ nearest(costs, [*stay, *chosen])[rows])
                best = min(best, ways + float(open_cost[list(chosen)].sum()))
    return best


def center_by_hand(costs, pupils, p, fixed=()):
    rows = counted(costs, pupils)
    return min(float(nearest(costs, s)[rows].max(initial=0)) for s in choices(costs.shape[1], p, fixed))


def coverage_by_hand(costs, pupils, p, limit, fixed=()):
    return max(float(pupils[nearest(costs, s) <= limit].sum()) for s in choices(costs.shape[1], p, fixed))


def cover_by_hand(costs, pupils, limit, share, fixed=()):
    total = float(pupils[np.isfinite(costs.min(axis=1))].sum())
    for p in range(costs.shape[1] - len(fixed) + 1):
        best = coverage_by_hand(costs, pupils, p, limit, fixed)
        if best >= share * total - 1e-9:
            return p
    return None


class Plain:
    """A plain integer model in CP-SAT: whole pupils, whole costs."""

    def __init__(self, n_sites):
        self.model = cp_model.CpModel()
        self.y = [self.model.new_bool_var(f"y{j}") for j in range(n_sites)]
        self.terms = []

    def solve(self):
        self.model.minimize(sum(self.terms))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(self.model)
        assert status in (cp_model.OPTIMAL, cp_model.INFEASIBLE)
        return solver.objective_value if status == cp_model.OPTIMAL else None


def capacitated_by_cpsat(  # noqa: C901 - one plain model, read top to bottom
    costs, pupils, seats, *, p=None, p_min=None, build=None, running=None, spend=None, budget=None,
    fixed=(), closable=(), min_pupils=None, single_source=False, unserved_cost=None,
):  # fmt: skip
    n_cells, n = costs.shape
    plain = Plain(n)
    model, y = plain.model, plain.y
    load = [[] for _ in range(n)]
    for i in range(n_cells):
        if pupils[i] == 0 or not np.isfinite(costs[i]).any():
            continue
        went = []
        for j in np.flatnonzero(np.isfinite(costs[i])):
            if single_source:
                flow = int(pupils[i]) * model.new_bool_var("")
            else:
                flow = model.new_int_var(0, int(pupils[i]), "")
            went.append(flow)
            load[j].append(flow)
            plain.terms.append(int(costs[i, j]) * flow)
        if unserved_cost is not None:
            flow = (
                int(pupils[i]) * model.new_bool_var("") if single_source else model.new_int_var(0, int(pupils[i]), "")
            )
            went.append(flow)
            plain.terms.append(int(unserved_cost) * flow)
        model.add(sum(went) == int(pupils[i]))
    new = [j for j in range(n) if j not in fixed]
    for j in range(n):
        most = int(seats[j]) if np.isfinite(seats[j]) else int(pupils.sum())
        model.add(sum(load[j]) <= most * y[j])
        if j in fixed and j not in closable:
            model.add(y[j] == 1)
        elif min_pupils is not None:
            model.add(sum(load[j]) >= int(min_pupils) * y[j])
        plain.terms.append((int(running[j]) if running is not None else 0) * y[j])
        if j in new and build is not None:
            plain.terms.append(int(build[j]) * y[j])
    if p is not None:
        model.add(sum(y[j] for j in new) <= p)
    if p_min is not None:
        model.add(sum(y[j] for j in new) >= p_min)
    if budget is not None:
        model.add(sum(int(spend[j]) * y[j] for j in new) <= int(budget))
    return plain.solve()


def boarding_by_cpsat(day, week, pupils, seats, beds, may_board, p, fixed):
    n_bands, n_cells, n = day.shape
    plain = Plain(n)
    model, y = plain.model, plain.y
    load, slept = [[] for _ in range(n)], [[] for _ in range(n)]
    for b in range(n_bands):
        for i in range(n_cells):
            went = []
            for j in range(n):
                if np.isfinite(day[b, i, j]):
                    flow = model.new_int_var(0, int(pupils[b, i]), "")
                    plain.terms.append(10 * int(day[b, i, j]) * flow)
                    went.append(flow)
                    load[j].append(flow)
                if may_board[b] and np.isfinite(week[b, i, j]):
                    flow = model.new_int_var(0, int(pupils[b, i]), "")
                    plain.terms.append(2 * int(week[b, i, j]) * flow)
                    went.append(flow)
                    load[j].append(flow)
                    slept[j].append(flow)
            if went:
                model.add(sum(went) == int(pupils[b, i]))
    for j in range(n):
        model.add(sum(load[j]) <= (int(seats[j]) if np.isfinite(seats[j]) else int(pupils.sum())) * y[j])
        model.add(sum(slept[j]) <= int(beds[j]) * y[j])
        if j in fixed:
            model.add(y[j] == 1)
    if p is not None:
        model.add(sum(y[j] for j in range(n) if j not in fixed) == p)
    return plain.solve()
