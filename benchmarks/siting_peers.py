"""
Other programs that answer the questions of the siting engine, each by its own interface and on one thread.

A peer names the models it can answer and has a method ``solve(instance, limit_s)``, which gives the new sites (or, of an
allocation, the cost), what the peer says of its answer, its bound where it has one, and the seconds of the solver alone
where building its model is a step of its own. All are optional; none may ever be needed by the program or its tests.

OR-tools is a solver and not a library of location models, so it is given the strong textbook model of each question,
with the helping hand that pairs which can never be used are left out; the others get what they ask for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, eye_array, hstack, issparse, vstack
from siting_instances import Floats, Instance, Ints
from siting_tasks import cpu_s, nearest_costs

Bools = NDArray[np.bool_]
Found = dict[str, Any]  # sites or cost; status, and bound and solver_s where there are such


def dense(instance: Instance) -> Floats:
    """Costs as a full table, which most peers want; a pair out of reach costs more than any way can."""
    if not issparse(instance.costs):
        return np.asarray(instance.costs, np.float64)
    table = np.full(instance.costs.shape, 4 * float(instance.costs.data.max()) + 1)
    entries = instance.costs.tocoo()
    table[entries.coords] = entries.data
    return table


def is_fixed(instance: Instance) -> Bools:
    """Mark the sites that stand."""
    marks = np.zeros(instance.costs.shape[1], bool)
    marks[list(instance.options.get("fixed", ()))] = True
    return marks


class Spopt:
    """spopt, which hands a model of all pairs to a solver through PuLP."""

    models = ("p_median", "max_coverage", "set_cover", "capacitated")

    def solve(self, instance: Instance, limit_s: float) -> Found:
        from spopt.locate import LSCP, MCLP, PMedian

        options, costs, standing = instance.options, dense(instance), is_fixed(instance)
        fixed = {"predefined_facilities_arr": standing.astype(int)} if standing.any() else {}
        if instance.model == "set_cover":
            reached = costs.min(axis=1) <= options["limit"]
            model = LSCP.from_cost_matrix(costs[reached], options["limit"], **fixed)
        elif instance.model == "max_coverage":
            p = options["p"] + int(standing.sum())
            model = MCLP.from_cost_matrix(costs, instance.pupils, options["limit"], p, **fixed)
        else:
            if "build_cost" in options or instance.neighbours is not None:
                raise NotImplementedError("no building costs, no zones")
            seats = {"facility_capacities": np.asarray(options["seats"])} if instance.model == "capacitated" else {}
            model = PMedian.from_cost_matrix(
                costs, instance.pupils, options["p"] + int(standing.sum()), **fixed, **seats
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.solve(self.solver(limit_s), results=False)
        chosen = np.array([(variable.value() or 0) > 0.5 for variable in model.fac_vars])
        status = (
            "called optimal" if model.problem.status == 1 else "no answer"
        )  # PuLP says 1 of a run that was stopped, too
        found = {"sites": np.flatnonzero(chosen & ~standing).tolist(), "status": status}
        if instance.model == "capacitated":
            found["objective"] = float(model.problem.objective.value())
        return found

    def solver(self, limit_s: float) -> Any:
        import pulp

        return pulp.HiGHS(msg=False, threads=1, timeLimit=limit_s)


class SpoptCbc(Spopt):
    """The same with PuLP's own solver."""

    def solver(self, limit_s: float) -> Any:
        import pulp

        return pulp.PULP_CBC_CMD(msg=False, threads=1, timeLimit=limit_s)


class PbpPMedian:
    """pbp-pmedian, exact; sites that stand are given as one site that costs what the nearest of them costs."""

    models = ("p_median",)

    def solve(self, instance: Instance, limit_s: float) -> Found:
        from pbp_pmedian import solve

        standing, p = is_fixed(instance), instance.options["p"]
        costs = (dense(instance) * instance.pupils[:, None]).T
        if standing.any():
            base = costs[standing].min(axis=0)
            costs, p = np.vstack([np.minimum(costs[~standing], base), base]), p + 1
            only_there = np.r_[np.full(len(costs) - 1, costs.sum()), 0.0]  # a client that keeps that one site open
            costs = np.column_stack([costs, only_there])
        value, sites, _, status, engine = solve(np.ascontiguousarray(costs), p, time_limit=limit_s)
        if value is None or sites is None:
            return {"status": f"no answer, {engine}"}
        new = np.flatnonzero(~standing)
        found = {"sites": sorted(int(new[site]) for site in sites if site < len(new))}
        return found | {"status": "optimal" if status == 0 else "time_limit", "engine": engine}


class Lokigi:
    """lokigi's greedy search, the only one of its searches that ends at these sizes; it has no bound."""

    models = ("p_median", "max_coverage")

    def solve(self, instance: Instance, limit_s: float) -> Found:
        import geopandas as gpd
        import pandas as pd
        from lokigi.site import SiteProblem

        standing, costs = is_fixed(instance), dense(instance)
        n_cells, n_sites = costs.shape
        names = [f"site {number}" for number in range(n_sites)]
        places = gpd.points_from_xy(400_000 + np.arange(n_sites), np.full(n_sites, 100_000))
        sites = gpd.GeoDataFrame({"site": names, "required": standing}, geometry=places, crs="EPSG:27700")
        table = pd.DataFrame(costs, columns=names)
        table.insert(0, "cell", np.arange(n_cells))
        problem = SiteProblem(debug_mode=False)
        demand = pd.DataFrame({"cell": np.arange(n_cells), "demand": instance.pupils})
        problem.add_demand(demand, demand_col="demand", location_id_col="cell")
        required = {"required_sites_col": "required"} if standing.any() else {}
        problem.add_sites(sites, candidate_id_col="site", **required)
        problem.add_travel_matrix(table, source_col="cell")
        limit = {"threshold_for_coverage": instance.options["limit"]} if instance.model == "max_coverage" else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = problem.solve(
                p=instance.options["p"] + int(standing.sum()),
                objectives="mclp" if limit else "p_median",
                search_strategy="greedy",
                show_progress=False,
                **limit,
            )
        chosen = {int(site) for site in answer.return_best_combination_site_indices()}
        return {"sites": sorted(chosen - set(np.flatnonzero(standing).tolist())), "status": "a guess"}


# OR-tools


@dataclass(frozen=True)
class Mip:
    """Minimise or maximise cost @ x with lower <= rows @ x <= upper and 0 <= x <= 1; the first variables are the sites."""

    cost: Floats
    rows: csr_array
    lower: Floats
    upper: Floats
    whole: Bools
    sites: Ints  # column of the instance behind each of the first variables
    maximise: bool = False
    beside: float = 0.0  # what the objective has besides cost @ x


def mip_of(instance: Instance) -> Mip:
    """State a question as the strong textbook model, on those pairs that an answer can use."""
    standing, options = is_fixed(instance), instance.options
    if instance.neighbours is not None:
        raise NotImplementedError("no zones")
    if instance.model == "capacitated":
        return seats_mip(instance)
    new = np.flatnonzero(~standing)
    base = nearest_costs(instance.costs, np.flatnonzero(standing))
    limit = options.get("limit", np.inf)
    cell, site, cost = useful_pairs(instance, new, np.minimum(base, limit) if instance.model == "p_median" else None)
    if instance.model != "p_median":
        near = (cost <= limit) & (base[cell] > limit)
        return cover_mip(instance, new, cell[near], site[near], base <= limit)
    n_cells, n_new, n_pairs = len(instance.pupils), len(new), len(cell)
    stays = np.flatnonzero(np.isfinite(base))
    pair, stay = n_new + np.arange(n_pairs), n_new + n_pairs + np.arange(len(stays))
    used = np.unique(cell)
    assign = coo_array(
        (np.ones(n_pairs + len(stays)), (np.r_[cell, stays], np.r_[pair, stay])),
        shape=(n_cells, stay.size + pair.size + n_new),
    )
    n_columns = n_new + n_pairs + len(stays)
    opens = coo_array(
        (np.r_[np.ones(n_pairs), -np.ones(n_pairs)], (np.r_[:n_pairs, :n_pairs], np.r_[pair, site])),
        shape=(n_pairs, n_columns),
    )
    count = coo_array((np.ones(n_new), (np.zeros(n_new, int), np.arange(n_new))), shape=(1, n_columns))
    weighted = np.r_[np.zeros(n_new), instance.pupils[cell] * cost, instance.pupils[stays] * base[stays]]
    lower = np.r_[
        np.isin(np.arange(n_cells), np.r_[used, stays]).astype(float), np.full(n_pairs, -np.inf), options["p"]
    ]
    upper = np.r_[lower[:n_cells], np.zeros(n_pairs), options["p"]]
    whole = np.arange(n_columns) < n_new
    return Mip(weighted, csr_array(vstack([assign, opens, count])), lower, upper, whole, new)


def useful_pairs(instance: Instance, new: Ints, below: Floats | None) -> tuple[Ints, Ints, Floats]:
    """Give pairs of cell and new site, numbered among the new, that cost less than what the cell has already."""
    if issparse(instance.costs):
        table = instance.costs.tocsc()[:, new].tocoo()
        cell, site, cost = *(np.asarray(part, np.int64) for part in table.coords), table.data.astype(float)
    else:
        part = instance.costs[:, new]
        cell, site = np.nonzero(np.isfinite(part) if below is None else part < below[:, None])
        cost = part[cell, site].astype(float)
    keep = np.ones(len(cell), bool) if below is None else cost < below[cell]
    return cell[keep], site[keep], cost[keep]


def cover_mip(instance: Instance, new: Ints, cell: Ints, site: Ints, has: Bools) -> Mip:
    """Cells that are covered by the same sites are one row."""
    n_cells, n_new = len(instance.pupils), len(new)
    table = csr_array((np.ones(len(cell)), (cell, site)), shape=(n_cells, n_new))
    table.sort_indices()
    of_row = [table.indices[a:b].tobytes() for a, b in zip(table.indptr[:-1], table.indptr[1:], strict=True)]
    groups, first, group = np.unique(np.array(of_row, dtype=object), return_index=True, return_inverse=True)
    some = np.array([len(content) > 0 for content in groups])
    pupils = np.bincount(group, instance.pupils, len(groups))[some]
    rows, n_rows = table[first[some]], int(some.sum())
    if instance.model == "set_cover":
        whole = np.ones(n_new, bool)
        return Mip(np.ones(n_new), rows, np.ones(n_rows), np.full(n_rows, np.inf), whole, new)
    p, count = instance.options["p"], csr_array(np.r_[np.ones(n_new), np.zeros(n_rows)][None, :])
    both = csr_array(vstack([hstack([rows, -eye_array(n_rows)]), count]))
    lower, upper = np.r_[np.zeros(n_rows), p], np.r_[np.full(n_rows, np.inf), p]
    cost, whole = np.r_[np.zeros(n_new), pupils], np.arange(n_new + n_rows) < n_new
    return Mip(cost, both, lower, upper, whole, new, True, float(instance.pupils[has].sum()))


def seats_mip(instance: Instance) -> Mip:
    """Every cell whole to one open site with seats enough, or in parts where that is allowed."""
    options, standing = instance.options, is_fixed(instance)
    n_cells, n_sites = instance.costs.shape
    cell, site, cost = useful_pairs(instance, np.arange(n_sites), None)
    if len(cell) > 2_000_000:
        raise NotImplementedError(f"{len(cell):,} pairs are more than its interface takes in")
    n_pairs, pair = len(cell), n_sites + np.arange(len(cell))
    n_columns = n_sites + n_pairs
    ones, seats = np.ones(n_pairs), np.broadcast_to(np.asarray(options["seats"], float), n_sites)
    assign = coo_array((ones, (cell, pair)), shape=(n_cells, n_columns))
    load = coo_array(
        (np.r_[instance.pupils[cell], -seats], (np.r_[site, :n_sites], np.r_[pair, :n_sites])),
        shape=(n_sites, n_columns),
    )
    opens = coo_array((np.r_[ones, -ones], (np.r_[:n_pairs, :n_pairs], np.r_[pair, site])), shape=(n_pairs, n_columns))
    count = coo_array((1.0 - standing, (np.zeros(n_sites, int), np.arange(n_sites))), shape=(1, n_columns))
    kept = coo_array((standing * 1.0, (np.zeros(n_sites, int), np.arange(n_sites))), shape=(1, n_columns))
    rows = csr_array(vstack([assign, load, opens, count, kept]))
    lower = np.r_[np.ones(n_cells), np.full(n_sites + n_pairs, -np.inf), options.get("p_min", 0), standing.sum()]
    upper = np.r_[np.ones(n_cells), np.zeros(n_sites + n_pairs), options.get("p", n_sites), standing.sum()]
    build = np.broadcast_to(np.asarray(options.get("build_cost", 0.0), float), n_sites) * ~standing
    weighted = np.r_[build, instance.pupils[cell] * cost]
    whole = np.ones(n_columns, bool) if options.get("single_source") else np.arange(n_columns) < n_sites
    return Mip(weighted, rows, lower, upper, whole, np.arange(n_sites))


class Scip:
    """OR-tools' SCIP on the textbook model."""

    models = ("p_median", "max_coverage", "set_cover", "capacitated")

    def solve(self, instance: Instance, limit_s: float) -> Found:
        from ortools.linear_solver import pywraplp

        mip = mip_of(instance)
        solver = pywraplp.Solver.CreateSolver("SCIP")
        variables = [solver.IntVar(0, 1, "") if whole else solver.NumVar(0, 1, "") for whole in mip.whole.tolist()]
        goal = solver.Objective()
        for variable, cost in zip(variables, mip.cost.tolist(), strict=True):
            goal.SetCoefficient(variable, cost)
        goal.SetOptimizationDirection(mip.maximise)
        infinity = solver.infinity()
        rows, starts = mip.rows, mip.rows.indptr.tolist()
        columns, values = rows.indices.tolist(), rows.data.tolist()
        sides = zip(np.maximum(mip.lower, -infinity).tolist(), np.minimum(mip.upper, infinity).tolist(), strict=True)
        for number, (lower, upper) in enumerate(sides):
            row = solver.Constraint(lower, upper)
            for entry in range(starts[number], starts[number + 1]):
                row.SetCoefficient(variables[columns[entry]], values[entry])
        solver.SetTimeLimit(int(limit_s * 1000))
        seconds, status = cpu_s(solver.Solve)
        if status not in (pywraplp.Solver.OPTIMAL, pywraplp.Solver.FEASIBLE):
            return {"status": "no answer", "solver_s": seconds}
        chosen = [variables[number].solution_value() > 0.5 for number in range(len(mip.sites))]
        found = {"bound": goal.BestBound() + mip.beside, "objective": goal.Value() + mip.beside, "solver_s": seconds}
        return found | told(mip, instance, chosen, optimal=status == pywraplp.Solver.OPTIMAL)


class CpSat:
    """OR-tools' CP-SAT on the same model; it wants whole numbers, so costs are taken in thousandths where they are not."""

    models = ("p_median", "max_coverage", "set_cover", "capacitated")

    def solve(self, instance: Instance, limit_s: float) -> Found:
        from ortools.sat.python import cp_model

        mip = mip_of(instance)
        if instance.model == "capacitated" and not mip.whole.all():
            raise NotImplementedError("no cells in parts")
        scale = 1 if (mip.cost == np.round(mip.cost)).all() else 1000
        model = cp_model.CpModel()
        variables = [model.new_bool_var("") for _ in range(len(mip.cost))]
        rows, starts = mip.rows, mip.rows.indptr.tolist()
        columns, values = rows.indices.tolist(), np.round(rows.data).astype(int).tolist()
        for number, (lower, upper) in enumerate(zip(mip.lower.tolist(), mip.upper.tolist(), strict=True)):
            part = slice(starts[number], starts[number + 1])
            row = cp_model.LinearExpr.weighted_sum([variables[column] for column in columns[part]], values[part])
            if np.isfinite(lower):
                model.add(row >= int(lower))
            if np.isfinite(upper):
                model.add(row <= int(upper))
        goal = cp_model.LinearExpr.weighted_sum(variables, np.round(mip.cost * scale).astype(int).tolist())
        (model.maximize if mip.maximise else model.minimize)(goal)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.max_time_in_seconds = limit_s
        seconds, status = cpu_s(solver.solve, model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return {"status": "no answer", "solver_s": seconds}
        chosen = [bool(solver.value(variables[number])) for number in range(len(mip.sites))]
        bound, objective = (
            value / scale + mip.beside for value in (solver.best_objective_bound, solver.objective_value)
        )
        found = {"bound": bound, "objective": objective, "solver_s": seconds}
        return found | told(mip, instance, chosen, optimal=status == cp_model.OPTIMAL)


def told(mip: Mip, instance: Instance, chosen: list[bool], *, optimal: bool) -> Found:
    """Name the new sites and what the solver says of them."""
    new = ~is_fixed(instance)
    sites = [int(site) for site, is_open in zip(mip.sites, chosen, strict=True) if is_open and new[site]]
    return {"sites": sites, "status": "optimal" if optimal else "time_limit"}


# allocation


class MinCostFlow:
    """OR-tools' min-cost flow; the solver's own seconds are those that count."""

    models = ("allocate",)

    def solve(self, instance: Instance, limit_s: float) -> Found:
        from ortools.graph.python import min_cost_flow

        costs, seats = np.asarray(instance.costs), np.asarray(instance.options["seats"])
        n_cells, n_sites = costs.shape
        total = int(instance.pupils.sum())
        cell, site = np.nonzero(np.isfinite(costs))
        flow = min_cost_flow.SimpleMinCostFlow()
        flow.add_arcs_with_capacity_and_unit_cost(
            np.r_[cell, n_cells + np.arange(n_sites)].astype(np.int32),
            np.r_[n_cells + site, np.full(n_sites, n_cells + n_sites)].astype(np.int32),
            np.r_[instance.pupils[cell], np.minimum(seats, total)].astype(np.int64),
            np.r_[costs[cell, site], np.zeros(n_sites)].astype(np.int64),
        )
        flow.set_nodes_supplies(np.arange(n_cells + n_sites + 1, dtype=np.int32), supplies(instance, n_sites, total))
        seconds, status = cpu_s(flow.solve)
        if status != flow.OPTIMAL:
            return {"status": f"no answer, {status}", "solver_s": seconds}
        return {"objective": float(flow.optimal_cost()), "status": "optimal", "solver_s": seconds}


def supplies(instance: Instance, n_sites: int, total: int) -> Ints:
    return np.r_[instance.pupils, np.zeros(n_sites, np.int64), -total].astype(np.int64)


class Pot:
    """POT's exact transport between two masses; empty seats go to a cell of their own that costs nothing."""

    models = ("allocate",)

    def solve(self, instance: Instance, limit_s: float) -> Found:
        import ot

        seats = np.asarray(instance.options["seats"], float)
        spare = seats.sum() - instance.pupils.sum()
        table = np.vstack([instance.costs, np.zeros(len(seats))])
        mass = np.r_[instance.pupils, spare].astype(float)
        seconds, (_, log) = cpu_s(lambda: ot.emd(mass, seats, table, numItermax=10_000_000, numThreads=1, log=True))
        status = "optimal" if log["warning"] is None else str(log["warning"])
        return {"objective": float(log["cost"]), "status": status, "solver_s": seconds}


PEERS: dict[str, Callable[[], Any]] = {
    "pbp-pmedian": PbpPMedian,
    "spopt, HiGHS": Spopt,
    "spopt, CBC": SpoptCbc,
    "OR-tools, SCIP": Scip,
    "OR-tools, CP-SAT": CpSat,
    "lokigi": Lokigi,
    "OR-tools, min-cost flow": MinCostFlow,
    "POT": Pot,
}
LICENCES = {
    "spopt": "BSD",
    "pulp": "MIT, with CBC under the EPL",
    "highspy": "MIT",
    "pbp-pmedian": "MIT",
    "ortools": "Apache",
    "lokigi": "MIT",
    "POT": "MIT",
}


def versions() -> dict[str, str]:
    """Name the packages that are here, with their versions."""
    found = {}
    for package in LICENCES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
