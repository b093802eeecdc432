"""Plain models for HiGHS, written row by row as in a textbook, to hold the siting models against."""

from __future__ import annotations

import highspy
import numpy as np


class PlainModel:
    """Columns and rows one at a time; no cut, no cleverness."""

    def __init__(self):
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("mip_rel_gap", 0.0)
        self.highs.setOptionValue("mip_abs_gap", 0.0)
        self.n = 0

    def variable(self, upper=np.inf, cost=0.0, *, whole=False, lower=0.0):
        self.highs.addCol(float(cost), float(lower), float(upper), 0, [], [])
        if whole:
            self.highs.changeColIntegrality(self.n, highspy.HighsVarType.kInteger)
        self.n += 1
        return self.n - 1

    def row(self, terms, lower=-np.inf, upper=np.inf):
        columns = [column for column, _ in terms]
        values = [float(value) for _, value in terms]
        self.highs.addRow(float(lower), float(upper), len(columns), columns, values)

    def solve(self):
        if self.n == 0:
            return 0.0
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        assert status in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
        return self.highs.getInfo().objective_function_value


def boarding_by_highs(
    day, week, pupils, seats, beds, may_board, p, fixed, *,
    closable=(), build=None, running=None, bed_cost=None, min_pupils=0, trips=(10, 2),
):  # fmt: skip
    """Give the least cost of a boarding question; None where it has no answer."""
    n_bands, n_cells, n = day.shape
    model = PlainModel()
    new = [j for j in range(n) if j not in fixed]
    y = []
    for j in range(n):
        cost = (running[j] if running is not None else 0) + (build[j] if build is not None and j in new else 0)
        y.append(model.variable(1, cost, whole=True, lower=1.0 if j in fixed and j not in closable else 0.0))
    everybody = [[] for _ in range(n)]
    asleep = [[] for _ in range(n)]
    for b in range(n_bands):
        for i in range(n_cells):
            went = []
            for j in range(n):
                if np.isfinite(day[b, i, j]):
                    x = model.variable(cost=trips[0] * day[b, i, j])
                    went.append((x, 1))
                    everybody[j].append((x, 1))
                if may_board[b] and np.isfinite(week[b, i, j]):
                    x = model.variable(cost=trips[1] * week[b, i, j] + (bed_cost[j] if bed_cost is not None else 0))
                    went.append((x, 1))
                    everybody[j].append((x, 1))
                    asleep[j].append((x, 1))
            if went:
                model.row(went, lower=pupils[b, i], upper=pupils[b, i])
    for j in range(n):
        model.row([*everybody[j], (y[j], -min(seats[j], pupils.sum()))], upper=0)
        model.row([*asleep[j], (y[j], -min(beds[j], pupils.sum()))], upper=0)
        if j in new or j in closable:
            model.row([*everybody[j], (y[j], -min_pupils)], lower=0)
    if p is not None and new:
        model.row([(y[j], 1) for j in new], lower=p, upper=p)
    return model.solve()


def phases_by_highs(  # noqa: C901 - one plain model, read top to bottom
    costs, pupils_by_year, seats, *, build, running, spend, fixed, closable,
    budget=None, p=None, min_pupils=0, factor=None, build_before_close=True, carry_over=False,
):  # fmt: skip
    """Give the least cost of a plan by year; None where there is none."""
    n_years, n_cells = pupils_by_year.shape
    n = costs.shape[1]
    factor = np.ones(n_years) if factor is None else factor
    model = PlainModel()
    new = [j for j in range(n) if j not in fixed]
    y = [[None] * n for _ in range(n_years)]
    opens = [[None] * n for _ in range(n_years)]
    for t in range(n_years):
        for j in range(n):
            locked = j in fixed and j not in closable
            y[t][j] = model.variable(1, factor[t] * running[j], whole=True, lower=float(locked))
            if j in new:
                opens[t][j] = model.variable(1, factor[t] * build[j])
                before = [] if t == 0 else [(y[t - 1][j], 1)]
                model.row([(opens[t][j], 1), (y[t][j], -1), *before], lower=0, upper=0)
            elif t > 0:
                model.row([(y[t][j], 1), (y[t - 1][j], -1)], upper=0)
        closing = model.variable(1, whole=True)
        for j in closable:
            model.row([(closing, 1), (y[t][j], 1), *([(y[t - 1][j], -1)] if t else [])], lower=1.0 if t == 0 else 0.0)
        stay = [[] for _ in range(n)]
        went = [[] for _ in range(n)]
        for i in range(n_cells):
            reach = np.flatnonzero(np.isfinite(costs[i]))
            if pupils_by_year[t, i] == 0 or reach.size == 0:
                continue
            x = {j: model.variable(cost=factor[t] * costs[i, j]) for j in reach}
            z = {j: model.variable() for j in reach}
            model.row([(x[j], 1) for j in reach], lower=pupils_by_year[t, i], upper=pupils_by_year[t, i])
            if build_before_close:
                model.row([*((z[j], 1) for j in reach), (closing, -pupils_by_year[t, i])], lower=0)
            for j in reach:
                went[j].append((x[j], 1))
                stay[j].append((z[j], 1))
        for j in range(n):
            room = min(seats[j], pupils_by_year[t].sum())
            model.row([*went[j], (y[t][j], -room)], upper=0)
            if j in new or j in closable:
                model.row([*went[j], (y[t][j], -min_pupils)], lower=0)
            # a site open in the year before that stays open
            if j in new:
                model.row([*stay[j], *([(y[t - 1][j], -room)] if t else [])], upper=0)
            else:
                model.row([*stay[j], (y[t][j], -room)], upper=0)
        if p is not None and new:
            model.row([(opens[t][j], 1) for j in new], upper=p[t])
        if budget is not None and new and not carry_over:
            model.row([(opens[t][j], spend[j]) for j in new], upper=budget[t])
        if budget is not None and new and carry_over:
            model.row([(opens[s][j], spend[j]) for s in range(t + 1) for j in new], upper=sum(budget[: t + 1]))
    return model.solve()
