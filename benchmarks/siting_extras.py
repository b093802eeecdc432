"""What is measured of the siting engine besides plain questions: lists, a whole frontier, one change, the county that ships."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from siting_instances import Instance, load, small
from siting_tasks import CLOSE, NotThereError, begin_memory, compiled_cpu_s, cpu_s, held_mb, measure, nearest_costs

from planning import access, siting

N_CHANGES = 20
CUT = 0.98  # tight seats are 3 % more than pupils
FRONTIER = range(1, 201)
N_POINTS = 20  # of the curve, recomputed
DEMO = Path(__file__).resolve().parents[1] / "data" / "demo" / "project.yaml"
YUAN_PER_METRE = 0.2  # a pupil's way there and back, 200 days a year, half a yuan a kilometre
RUNNING_YUAN, BUILD_YUAN, CLASS_SEATS = 800_000.0, 324_000.0, 540
BUDGET_YUAN = 4 * BUILD_YUAN


def question(name: str, limit_s: float, _: str) -> dict[str, Any]:
    """Ask one question."""
    return measure(load(name), limit_s)


def lists(name: str, limit_s: float, _: str) -> dict[str, Any]:
    """Ask for no new site at all: everything but the search, the lists above all."""
    instance = load(name)
    return measure(replace(instance, name="lists", options=instance.options | {"p": 0}), limit_s)


def frontier(name: str, limit_s: float, _: str) -> dict[str, Any]:
    """Ask for the whole curve in one call."""
    curve = getattr(siting, "frontier", None)
    if curve is None:
        raise NotThereError("planning.siting.frontier")

    def draw(instance: Instance, counts: range) -> Any:
        limit = instance.options["limit"]
        fixed = instance.options.get("fixed", ())
        options = {"model": "max_coverage", "limit": limit, "fixed": fixed, "time_limit_s": limit_s}
        return curve(instance.costs, instance.pupils, counts, **options)

    draw(small("max_coverage", sparse=True, fixed=False), range(1, 5))
    instance = load(name)
    counts = FRONTIER if name != "small-max_coverage" else range(1, 9)
    before = begin_memory()
    wall = time.monotonic()
    seconds, points, compiled = compiled_cpu_s(draw, instance, counts)
    record = {
        "cpu_s": seconds,
        "wall_s": round(time.monotonic() - wall, 3),
        "size": instance.size,
        "compiled": compiled,
    }
    record |= {"memory": held_mb("VmHWM") - before, "memory in all": held_mb("VmHWM")}
    return record | frontier_outcome(instance, points, counts)


def frontier_outcome(instance: Instance, points: Any, counts: range) -> dict[str, Any]:
    """Read the curve, check that it never falls, and recompute points from their sites."""
    objectives, bounds = np.array(points.objective, float), np.array(points.bound, float)
    faults = [] if list(points.count) == list(counts) else [f"{len(points.count)} points instead of {len(counts)}"]
    if (np.diff(objectives) < 0).any():
        faults.append("more sites cover less")
    if (bounds < objectives * (1 - CLOSE)).any():
        faults.append("a bound is on the wrong side")
    for number in range(0, len(objectives), max(1, len(objectives) // N_POINTS)):
        open_sites = np.array([*instance.options.get("fixed", ()), *points.sites[number]], np.int64)
        near = nearest_costs(instance.costs, open_sites) <= instance.options["limit"]
        if len(points.sites[number]) != counts[number] or instance.pupils[near].sum() != objectives[number]:
            faults.append(f"{counts[number]} sites do not cover {objectives[number]:g}")
    gaps = (bounds - objectives) / np.maximum(objectives, 1e-9)
    return {"points": len(objectives), "gap": float(gaps.max()), "median gap": float(np.median(gaps)), "faults": faults}


def changes(name: str, _: float, __: str) -> dict[str, Any]:
    """Take a few seats from one school after the other and solve again, and hold each answer against a fresh one."""
    maker = getattr(access, "Allocator", None)
    if maker is None:
        raise NotThereError("planning.access.Allocator")
    little, instance = small("allocate"), load(name)
    once_more(maker(little.costs, little.pupils, little.options["seats"]), 0, 5.0)
    seats = np.array(instance.options["seats"], float)
    allocator = maker(instance.costs, instance.pupils, seats)
    first, _ = cpu_s(allocator.answer)
    seconds, faults = [], []
    schools = np.random.default_rng(7).permutation(len(seats))[: N_CHANGES + 1].tolist()
    for number, school in enumerate(schools):
        seats[school] = np.floor(CUT * seats[school])
        if seats.sum() < instance.pupils.sum():
            faults.append("seats ran out")
        taken, answer = cpu_s(once_more, allocator, school, seats[school])
        if number:  # the first one finds kernels that no smaller question has woken
            seconds.append(taken)
        fresh = access.allocate(instance.costs, instance.pupils, seats)
        if abs(fresh.cost - answer.cost) > CLOSE * fresh.cost or fresh.unserved.sum() != answer.unserved.sum():
            faults.append(f"school {school}: {answer.cost} instead of {fresh.cost}")
    figures = {"cpu_s": float(np.median(seconds)), "turns": seconds, "worst_s": max(seconds), "first_s": first}
    return figures | {"size": instance.size, "faults": faults}


def once_more(allocator: Any, school: int, seats: float) -> Any:
    """Change the seats of one school and seat the pupils again."""
    allocator.set_seats(school, seats)
    return allocator.answer()


def demo(_: str, limit_s: float, key: str) -> dict[str, Any]:
    """Ask the county that ships; preparing it does not count."""
    from planning.config import load_project
    from planning.scenario.prepare import prepare

    project = load_project(DEMO)
    county = prepare(project)
    return demo_boarding(county, limit_s) if key == "boarding" else demo_layout(county, limit_s)


def demo_boarding(county: Any, limit_s: float) -> dict[str, Any]:
    """Ask the project's own boarding question twice, so that the second finds the kernels ready."""
    from planning.scenario.questions import answer

    asked = next(one for one in county.project.questions if one.model == "boarding")
    asked = asked.model_copy(update={"time_limit_s": limit_s})
    answer(county, asked)
    before = begin_memory()
    seconds, answered = cpu_s(answer, county, asked)
    proposal = answered.proposal
    faults = [] if proposal.bound <= proposal.objective * (1 + CLOSE) else ["bound is on the wrong side"]
    figures = {"objective": proposal.objective, "bound": proposal.bound, "gap": proposal.gap, "status": proposal.status}
    return {"cpu_s": seconds, "memory": held_mb("VmHWM") - before, **figures, "faults": faults}


def demo_layout(county: Any, limit_s: float) -> dict[str, Any]:
    """Ask which primary schools to open, close and merge under a budget; money and ways in yuan a year."""
    from planning.scenario.proposals import ask as lay_out

    asked = lay_out(county, "primary")
    n_sites, n_fixed = asked.distance_m.shape[1], asked.n_fixed
    standing = tuple(range(n_fixed))
    seats = np.full(n_sites, float(CLASS_SEATS))
    seats[:n_fixed] = asked.sites["seats"].to_numpy(dtype=float, na_value=np.inf)[:n_fixed]
    options = {
        "seats": seats,
        "build_cost": np.where(np.arange(n_sites) < n_fixed, 0.0, BUILD_YUAN),
        "running_cost": np.full(n_sites, RUNNING_YUAN),
        "spend": np.where(np.arange(n_sites) < n_fixed, 0.0, BUILD_YUAN),
        "budget": BUDGET_YUAN,
        "fixed": standing,
        "closable": standing,
        "unserved_cost": 1e5 * YUAN_PER_METRE,
    }
    costs = asked.distance_m.astype(np.float64) * YUAN_PER_METRE
    return measure(Instance("layout", "capacitated", costs, asked.pupils, options), limit_s)


TASKS = {"question": question, "lists": lists, "frontier": frontier, "changes": changes, "demo": demo}
