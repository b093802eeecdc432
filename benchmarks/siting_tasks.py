"""
How the siting engine is asked a question, how its answer is checked, and how CPU and memory are measured.

Seconds are CPU seconds of this process, kept to one core, and of the solvers it starts. Nothing that the engine says of
its answer is believed: the objective is taken anew from the sites and the pupils' places, every rule of the question is
tried, and the bound must stand on the right side of the best known answer.
"""

from __future__ import annotations

import ctypes
import gc
import inspect
import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import coo_array, issparse
from scipy.sparse.csgraph import connected_components
from siting_instances import Floats, Instance, Ints, small

from planning import siting
from planning.access import allocate

CLEAR_HIGH_WATER_MARK = "5"
CLOSE = 1e-6
QUICK_S = 2.0  # what takes no longer is measured several times
ROUNDS = 3

Faults = list[str]


class NotThereError(Exception):
    """The engine does not offer this yet."""


# CPU and memory


def cpu_now() -> float:
    """CPU seconds of this process and of the children that have ended [s]."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def cpu_s(function: Callable, *arguments: Any) -> tuple[float, Any]:
    """Call a function and give its CPU seconds and its result."""
    gc.collect()
    gc.disable()
    start = cpu_now()
    try:
        result = function(*arguments)
        return cpu_now() - start, result
    finally:
        gc.enable()


def compiled_cpu_s(function: Callable, *arguments: Any) -> tuple[float, Any, bool]:
    """Do the same, and say whether a kernel was compiled meanwhile that no little question had needed."""
    from numba.core import event

    with event.install_recorder("numba:compile") as recorder:
        seconds, result = cpu_s(function, *arguments)
    return seconds, result, bool(recorder.buffer)


def held_mb(field: str) -> float:
    """Read the resident set (VmRSS) or its high-water mark (VmHWM) [MB]."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def begin_memory() -> float:
    """Give back what is free, forget the high-water mark, and say what is held, the question included [MB]."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text(CLEAR_HIGH_WATER_MARK)
    return held_mb("VmRSS")


# the engine


def ask(instance: Instance, limit_s: float) -> Any:
    """Ask the engine: a Proposal, or an Allocation."""
    if instance.model == "allocate":
        return allocate(instance.costs, instance.pupils, instance.options["seats"])
    solve = getattr(siting, instance.model)
    options = dict(instance.options)
    if instance.neighbours is not None:
        options |= zones(solve, instance)
    return solve(instance.costs, instance.pupils, **options, time_limit_s=limit_s)


def zones(solve: Callable, instance: Instance) -> dict[str, Any]:
    """Say by the engine's own keywords which cells touch, and in which cell each site stands: where its way is shortest."""
    if "neighbours" not in inspect.signature(solve).parameters:
        raise NotThereError("zones in one piece")
    return {"neighbours": instance.neighbours, "home": np.argmin(instance.costs, axis=0)}


def warm(instance: Instance) -> None:
    """Make the kernels ready on a little question of the same model and kind of table."""
    fixed = bool(instance.options.get("fixed"))
    little = small(instance.model, sparse=issparse(instance.costs), fixed=fixed)
    if instance.options.get("single_source"):
        little = replace(little, options=little.options | {"single_source": True})
    ask(little, 10.0)


def measure(instance: Instance, limit_s: float) -> dict[str, Any]:
    """Ask, several times where that is quick, check the answer and put it into a record."""
    warm(instance)
    before = begin_memory()
    wall = time.monotonic()
    first, answer, compiled = compiled_cpu_s(ask, instance, limit_s)
    record = {"wall_s": round(time.monotonic() - wall, 3), "memory": held_mb("VmHWM") - before}
    record["memory in all"] = held_mb("VmHWM")
    if compiled:
        record["with compilation_s"] = first
        first, answer = cpu_s(ask, instance, limit_s)
    turns = [first]
    if first <= QUICK_S:
        turns = [cpu_s(ask, instance, limit_s)[0] for _ in range(ROUNDS)]
    record |= {"cpu_s": float(np.median(turns)), "turns": turns, "model": instance.model, "size": instance.size}
    return record | outcome(instance, answer)


def outcome(instance: Instance, answer: Any) -> dict[str, Any]:
    """What an answer says of itself, and what is wrong with it."""
    known = {"best_known": instance.best_known, "proven": instance.proven}
    if instance.model == "allocate":
        return known | {"objective": float(answer.cost), "faults": check_allocation(instance, answer)}
    sites = [int(site) for site in answer.sites]
    figures = {"objective": float(answer.objective), "bound": float(answer.bound), "gap": float(answer.gap)}
    return known | figures | {"status": answer.status, "sites": sites, "faults": check(instance, answer)}


# checks


def check(instance: Instance, answer: Any) -> Faults:
    """List everything that is wrong with a Proposal."""
    if not np.isfinite(answer.objective):
        return [] if answer.status in ("time_limit", "cancelled") else [f"no answer, status {answer.status}"]
    faults = sites_faults(instance, answer) + honesty_faults(instance, answer)
    again, more = recomputed(instance, answer)
    if abs(again - answer.objective) > CLOSE * max(1.0, abs(again)):
        faults.append(f"objective {answer.objective!r} is {again!r} by the sites")
    return faults + more


def sites_faults(instance: Instance, answer: Any) -> Faults:
    """Check number and identity of the new sites."""
    faults, options, sites = [], instance.options, list(answer.sites)
    if sorted(set(sites)) != sites or set(sites) & set(options.get("fixed", ())):
        faults.append("sites are not new ones in rising order")
    most, fewest = options.get("p"), options.get("p_min", 0 if instance.model == "capacitated" else options.get("p"))
    if most is not None and not fewest <= len(sites) <= most:
        faults.append(f"{len(sites)} new sites instead of {most}")
    return faults


def honesty_faults(instance: Instance, answer: Any) -> Faults:
    """Hold bound and status against the objective and against what is known."""
    sign = 1.0 if answer.sense == "min" else -1.0
    objective, bound, best = sign * answer.objective, sign * answer.bound, sign * instance.best_known
    slack = CLOSE * max(1.0, abs(objective))
    faults = []
    if bound > objective + slack:
        faults.append("bound is on the wrong side of the objective")
    if bound > best + 2e-5 * abs(best):  # published values are rounded; nan never compares
        faults.append(f"bound {answer.bound} is beyond the best known value {instance.best_known}")
    if instance.proven and objective < best - 2e-5 * abs(best):
        faults.append(f"objective {answer.objective} is better than the proven optimum {instance.best_known}")
    if answer.status == "optimal" and answer.gap > CLOSE * 1.001:
        faults.append(f"called optimal with a gap of {answer.gap}")
    return faults


def recomputed(instance: Instance, answer: Any) -> tuple[float, Faults]:
    """Take the objective from the sites, or from the pupils' places where seats are limited."""
    if instance.model == "set_cover":
        return float(len(answer.sites)), coverage_faults(instance, answer)
    open_sites = np.array(sorted({*instance.options.get("fixed", ()), *answer.sites} - set(answer.closed)), np.int64)
    if instance.model == "capacitated":
        return layout_value(instance, answer, open_sites)
    nearest = nearest_costs(instance.costs, open_sites)
    if instance.model == "max_coverage":
        return float(instance.pupils[nearest <= instance.options["limit"]].sum()), []
    reached = np.isfinite(nearest)
    left = set(np.flatnonzero(~reached & (instance.pupils > 0)).tolist()) - set(answer.unreachable)
    faults = [f"{len(left)} cells reach no open site"] if left else []
    return float(instance.pupils[reached] @ nearest[reached]), faults


def nearest_costs(costs: Any, sites: Ints) -> Floats:
    """Cost of each cell to the nearest of some sites; inf where none is in reach."""
    nearest = np.full(costs.shape[0], np.inf)
    if not issparse(costs):
        return costs[:, sites].min(axis=1).astype(np.float64) if len(sites) else nearest
    is_open = np.zeros(costs.shape[1], bool)
    is_open[sites] = True
    for first in range(0, costs.shape[0], 20_000):  # a block at a time, so that the check needs no memory to speak of
        block = costs[first : first + 20_000]
        pairs = is_open[block.indices]
        rows = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr))[pairs]
        np.minimum.at(nearest[first : first + 20_000], rows, block.data[pairs])
    return nearest


def coverage_faults(instance: Instance, answer: Any) -> Faults:
    """Check that enough pupils are within the limit."""
    limit, share = instance.options["limit"], instance.options.get("share", 1.0)
    everywhere = np.arange(instance.costs.shape[1])
    open_sites = np.array(sorted({*instance.options.get("fixed", ()), *answer.sites}), np.int64)
    in_reach = instance.pupils[np.isfinite(nearest_costs(instance.costs, everywhere))].sum()
    covered = instance.pupils[nearest_costs(instance.costs, open_sites) <= limit].sum()
    return [] if covered >= share * in_reach - CLOSE else [f"{covered} of {in_reach} pupils are covered"]


def layout_value(instance: Instance, answer: Any, open_sites: Ints) -> tuple[float, Faults]:
    """Take travel and building cost from the pupils' places, and check every rule of a capacitated layout."""
    options, n_sites = instance.options, instance.costs.shape[1]
    flows = coo_array(answer.allocation.flows)
    cell, site = flows.coords
    unserved = np.array(answer.allocation.unserved)
    faults = flow_faults(instance, flows, unserved)
    unserved[list(answer.unreachable)] = 0  # left out of the question
    if unserved.any() and "unserved_cost" not in options:
        faults.append(f"{unserved.sum()} pupils have no seat")
    if options.get("budget") is not None and options["spend"][list(answer.sites)].sum() > options["budget"] * (
        1 + CLOSE
    ):
        faults.append("the budget is overspent")
    if set(answer.closed) - set(options.get("closable", ())):
        faults.append("a site is closed that may not be")
    if not np.isin(site, open_sites).all():
        faults.append("pupils go to a site that is not open")
    if options.get("single_source") and len(np.unique(cell)) < len(cell):
        faults.append("a cell is split")
    if instance.neighbours is not None:
        faults += zone_faults(instance, cell, site)
    build, running = (np.broadcast_to(options.get(name, 0.0), n_sites) for name in ("build_cost", "running_cost"))
    travel = float((flows.data * costs_at(instance.costs, cell, site)).sum())
    value = travel + float(build[list(answer.sites)].sum()) + float(running[open_sites].sum())
    return value + float(unserved.sum()) * options.get("unserved_cost", 0.0), faults


def costs_at(costs: Any, cell: Ints, site: Ints) -> Floats:
    return np.asarray(costs[cell, site], np.float64).ravel()


def flow_faults(instance: Instance, flows: coo_array, unserved: Ints) -> Faults:
    """Check that pupils are whole, that each is counted once, and that seats and reach are kept."""
    cell, site = flows.coords
    n_cells, n_sites = instance.costs.shape
    faults = []
    if (flows.data < 0).any() or not np.issubdtype(flows.data.dtype, np.integer):
        faults.append("flows are not whole pupils")
    if not np.array_equal(np.bincount(cell, flows.data, n_cells) + unserved, instance.pupils):
        faults.append("pupils are lost or doubled")
    if (np.bincount(site, flows.data, n_sites) > instance.options["seats"]).any():
        faults.append("a site has more pupils than seats")
    if not np.isfinite(costs_at(instance.costs, cell, site)).all():
        faults.append("pupils go where they cannot")
    return faults


def zone_faults(instance: Instance, cell: Ints, site: Ints) -> Faults:
    """Check that the cells of each site are in one piece."""
    at = np.full(len(instance.pupils), -1)
    at[cell] = site
    tails, heads = instance.neighbours.T
    same = at[tails] == at[heads]
    links = coo_array((np.ones(same.sum()), (tails[same], heads[same])), shape=(len(at), len(at)))
    _, part = connected_components(links, directed=False)
    pieces = len({(one, piece) for one, piece in zip(at[cell].tolist(), part[cell].tolist(), strict=True)})
    return [] if pieces == len(set(at[cell].tolist())) else [f"{pieces} pieces for {len(set(at[cell].tolist()))} zones"]


def check_allocation(instance: Instance, answer: Any) -> Faults:
    """List what is wrong with an Allocation."""
    flows = coo_array(answer.flows)
    faults = flow_faults(instance, flows, answer.unserved)
    if answer.unserved.any():
        faults.append(f"{answer.unserved.sum()} pupils have no seat")
    again = float((flows.data * costs_at(instance.costs, *flows.coords)).sum())
    if abs(again - answer.cost) > CLOSE * max(1.0, again):
        faults.append(f"cost {answer.cost!r} is {again!r} by the flows")
    return faults
