"""
How far past its time limit each public model of the siting engine returns, and whether it is honest then.

    python benchmarks/siting_limits.py                          every question at 0.01, 1 and 5 s
    python benchmarks/siting_limits.py p_center --limits 1      some questions, at some limits

The county is seeded, 30,000 cells by 2,000 sites of which 100 stand. Each question is asked at every limit, and once it is
called off after a second. The runs' clocks read CPU seconds here, so that other programs on the machine do not count;
"past" is CPU time beyond the limit. Faults are found by taking the objective anew from the pupils' places.
"""

from __future__ import annotations

import argparse
import resource
import time
import traceback
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import Delaunay
from siting_instances import Country, draw_country, way_m, within

from planning import siting
from planning.siting import clock
from planning.siting.warm import warm

SIZE = (30_000, 1_900, 100)
LITTLE = (400, 30, 6)
LIMITS_S = (0.01, 1.0, 5.0)
MEMORY = 20 * 2**30  # of addresses: much of it is never touched
CALLED_OFF_S = 1.0

Question = dict[str, Any]


class County:
    """Places, pupils and costs; the first sites stand already."""

    def __init__(self, n_cells: int, n_candidates: int, n_schools: int) -> None:
        side = 60_000.0 * (n_cells / 30_000) ** 0.5
        self.land: Country = draw_country(n_cells, n_candidates, n_schools, size_m=(side, side), seed=7)
        self.sites = np.vstack([self.land.schools, self.land.candidates])
        self.costs = way_m(self.land.cells, self.sites)
        self.pupils = self.land.pupils
        self.n_cells, self.n_sites, self.n_old = n_cells, len(self.sites), n_schools
        self.old = tuple(range(n_schools))
        self.p = max(2, n_schools // 3)
        self.total = float(self.pupils.sum())

    def seats(self, slack: float = 1.25) -> NDArray[np.float64]:
        """Alike, so that the schools that stand and p new ones have room for all."""
        return np.full(self.n_sites, np.ceil(slack * self.total / (self.n_old + self.p)))

    def bands(self, limit: float) -> list[Any]:
        """Costs of two bands within a limit."""
        near = within(self.costs, limit)
        return [near, near]

    def homes(self, n_sites: int) -> NDArray[np.int64]:
        """Give each site the nearest cell that no other has."""
        taken: dict[int, None] = {}  # in the order of sites
        for site in range(n_sites):
            near = np.argsort(self.costs[:, site], kind="stable")[: n_sites + 1]
            taken[next(cell for cell in near.tolist() if cell not in taken)] = None
        return np.array(list(taken))

    def neighbours(self) -> Question:
        """Cells that touch, and the cell of each site."""
        triangles = Delaunay(self.land.cells).simplices
        pairs = np.unique(
            np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1), axis=0
        )
        return {"neighbours": pairs, "home": self.homes(self.n_sites)}


def capacitated(c: County, **more: Any) -> Question:
    return {"costs": c.costs, "pupils": c.pupils, "seats": c.seats(), "p": c.p, "fixed": c.old, **more}


def boarders(c: County) -> Question:
    day, week = c.bands(3_000.0), c.bands(15_000.0)
    pupils = np.stack([c.pupils // 2, c.pupils - c.pupils // 2])
    seats = c.seats(2.0)
    return {
        "costs_day": day,
        "costs_week": week,
        "pupils_by_band": pupils,
        "seats": seats,
        "beds": seats // 2,
        "may_board": [False, True],
        "p": c.p,
        "fixed": c.old,
    }


def trade(c: County) -> Question:
    question = boarders(c)
    kept = {
        name: question[name] for name in ("costs_day", "costs_week", "pupils_by_band", "may_board", "seats", "beds")
    }
    return kept | {
        "costs_bus": c.bands(12_000.0),
        "schools": c.old,
        "costs_point": c.bands(2_500.0),
        "bus_seats": 30,
    }


def sizes(c: County) -> list[Any]:
    seats = float(c.seats()[0])
    return [
        siting.SizeOption(site=j, seats=seats * k, build_cost=1e5 * k)
        for j in range(c.n_old, c.n_sites, 4)
        for k in (1, 2)
    ]


QUESTIONS: dict[str, tuple[Callable[..., Any], Callable[[County], Question]]] = {
    "p_median": (siting.p_median, lambda c: {"costs": c.costs, "pupils": c.pupils, "p": c.p, "fixed": c.old}),
    "p_median-green": (siting.p_median, lambda c: {"costs": c.costs, "pupils": c.pupils, "p": 3 * c.p}),
    "p_median-sparse": (
        siting.p_median,
        lambda c: {"costs": within(c.costs, 20_000.0), "pupils": c.pupils, "p": c.p, "fixed": c.old},
    ),
    "p_median-stages": (
        siting.p_median,
        lambda c: {"costs": [c.costs, c.costs], "pupils": [c.pupils, c.pupils[::-1]], "p": c.p, "fixed": c.old},
    ),
    "fixed_charge": (
        siting.fixed_charge,
        lambda c: {
            "costs": c.costs,
            "pupils": c.pupils,
            "open_cost": np.full(c.n_sites, 2e6),
            "fixed": c.old,
            "closable": c.old[:50],
        },
    ),
    "max_coverage": (
        siting.max_coverage,
        lambda c: {"costs": c.costs, "pupils": c.pupils, "p": c.p, "limit": 2_500.0, "fixed": c.old},
    ),
    "set_cover": (
        siting.set_cover,
        lambda c: {"costs": within(c.costs, 3_000.0), "pupils": c.pupils, "limit": 3_000.0, "fixed": c.old},
    ),
    "set_cover-share": (
        siting.set_cover,
        lambda c: {"costs": c.costs, "pupils": c.pupils, "limit": 2_500.0, "share": 0.9, "fixed": c.old},
    ),
    "p_center": (siting.p_center, lambda c: {"costs": c.costs, "pupils": c.pupils, "p": c.p, "fixed": c.old}),
    "fair_median": (siting.fair_median, lambda c: {"costs": c.costs, "pupils": c.pupils, "p": c.p, "fixed": c.old}),
    "fair_median-cap": (
        siting.fair_median,
        lambda c: {
            "costs": c.costs,
            "pupils": c.pupils,
            "p": c.p,
            "fixed": c.old,
            "limit": 5_000.0,
            "max_beyond_share": 0.15,
        },
    ),
    "capacitated": (siting.capacitated, capacitated),
    "capacitated-price": (siting.capacitated, lambda c: capacitated(c, unserved_cost=20_000.0)),
    "capacitated-few": (
        siting.capacitated,
        lambda c: capacitated(c, p=4, costs=within(c.costs, 12_000.0), unserved_cost=20_000.0),
    ),
    "capacitated-sizes": (
        siting.capacitated,
        lambda c: capacitated(
            c,
            options=sizes(c),
            closable=c.old[:30],
            running_cost=np.full(c.n_sites, 1e5),
            costs=within(c.costs, 20_000.0),
        ),
    ),
    "capacitated-least": (
        siting.capacitated,
        lambda c: capacitated(c, min_pupils=np.full(c.n_sites, c.seats()[0] / 4)),
    ),
    "capacitated-whole": (siting.capacitated, lambda c: capacitated(c, single_source=True)),
    "capacitated-whole-sparse": (
        siting.capacitated,
        lambda c: capacitated(c, single_source=True, costs=within(c.costs, 12_000.0), unserved_cost=20_000.0),
    ),
    "capacitated-both": (
        siting.capacitated,
        lambda c: capacitated(
            c,
            single_source=True,
            min_pupils=np.full(c.n_sites, c.seats()[0] / 4),
            costs=within(c.costs, 20_000.0),
            unserved_cost=20_000.0,
        ),
    ),
    "zones": (
        siting.capacitated,
        lambda c: capacitated(
            c, single_source=True, costs=within(c.costs, 12_000.0), unserved_cost=20_000.0, **c.neighbours()
        ),
    ),
    "boarding": (siting.boarding, boarders),
    "teaching_points": (
        siting.teaching_points,
        lambda c: {
            "costs_day": c.bands(3_000.0),
            "pupils_by_band": np.stack([c.pupils, c.pupils]),
            "may_board": [False, True],
            "fixed": c.old[:50],
            "existing": c.old[50:],
        },
    ),
    "trade_off": (siting.trade_off, trade),
    "phases": (
        siting.phases,
        lambda c: {
            "costs": within(c.costs, 12_000.0),
            "pupils_by_year": np.stack([c.pupils, c.pupils, c.pupils]),
            "seats": c.seats(2.0),
            "build_cost": np.full(c.n_sites, 1e6),
            "fixed": c.old,
            "closable": c.old[:20],
        },
    ),
    "frontier": (
        siting.frontier,
        lambda c: {"costs": c.costs, "pupils": c.pupils, "counts": range(1, 2 * c.p), "limit": 2_500.0, "fixed": c.old},
    ),
    "frontier-median": (
        siting.frontier,
        lambda c: {"costs": c.costs, "pupils": c.pupils, "counts": range(1, c.p), "model": "p_median", "fixed": c.old},
    ),
    "alternatives": (
        siting.alternatives,
        lambda c: {"costs": c.costs, "pupils": c.pupils, "p": c.p, "k": 4, "fixed": c.old},
    ),
    "allocate_whole": (
        siting.allocate_whole,
        lambda c: {
            "costs": c.costs[:, :150],
            "pupils": c.pupils,
            "seats": np.full(min(150, c.n_sites), np.ceil(1.1 * c.total / min(150, c.n_sites))),
        },
    ),
    "allocate_zones": (
        siting.allocate_zones,
        lambda c: {
            "costs": c.costs[:, :150],
            "pupils": c.pupils,
            "seats": np.full(min(150, c.n_sites), np.ceil(1.3 * c.total / min(150, c.n_sites))),
            "neighbours": c.neighbours()["neighbours"],
            "home": c.homes(min(150, c.n_sites)),
        },
    ),
    "allocate_evenly": (
        siting.allocate_evenly,
        lambda c: {
            "costs": c.costs[:, :150],
            "pupils": c.pupils,
            "resources": np.full(min(150, c.n_sites), 10.0),
            "max_cv": 0.3,
        },
    ),
    "why_not": (
        siting.why_not,
        lambda c: {
            "costs": within(c.costs, 12_000.0),
            "pupils": c.pupils,
            "seats": c.seats(0.6),
            "p": c.p,
            "fixed": c.old,
        },
    ),
}


def told(answer: Any) -> tuple[str, float, float]:
    """Status, objective and gap of any answer."""
    proposal = getattr(answer, "proposal", getattr(answer, "best", answer))
    status = getattr(answer, "status", None) or getattr(proposal, "status", "-")
    objective = np.atleast_1d(getattr(proposal, "objective", getattr(proposal, "cost", np.nan)))[-1]
    gap = np.atleast_1d(getattr(proposal, "gap", np.nan))[-1]
    return str(status), float(objective), float(gap)


def layout_costs(question: Question, answer: siting.Proposal, opened: list[int]) -> tuple[float, list[str]]:
    """Give what a layout costs besides travel, and the rules that it breaks."""
    flows, found, value = sparse.coo_array(answer.allocation.flows), [], 0.0
    cell, site = flows.coords
    missing = np.array(answer.allocation.unserved)
    missing[list(answer.unreachable)] = 0
    value += float(missing.sum()) * question.get("unserved_cost", np.inf if missing.any() else 0.0)
    if "running_cost" in question:
        value += float(question["running_cost"][opened].sum())
        value += sum(question["options"][which].build_cost for _, which in answer.sizes)
    load = np.bincount(site, flows.data, flows.shape[1])
    if (load > question["seats"]).any() and "options" not in question:
        found.append("more pupils than seats")
    if "min_pupils" in question and (load < question["min_pupils"])[list(answer.sites)].any():
        found.append("a new site is too small")
    if question.get("single_source") and np.unique(cell).size < cell.size:
        found.append("a cell is split")
    return value, found


def faults(name: str, question: Question, answer: Any) -> list[str]:
    """What can be seen to be wrong with a Proposal."""
    answer = getattr(answer, "proposal", getattr(answer, "best", answer))
    if not isinstance(answer, siting.Proposal):
        return []
    found = []
    sign = 1.0 if answer.sense == "min" else -1.0
    if sign * answer.bound > sign * answer.objective:
        found.append("bound on the wrong side")
    if (answer.status == "optimal") != (answer.gap <= 1e-6):
        found.append(f"status {answer.status} with gap {answer.gap}")
    costs = question.get("costs")
    if answer.allocation is None or costs is None or isinstance(costs, list) or "resources" in question:
        return found
    flows = sparse.coo_array(answer.allocation.flows)
    cell, site = flows.coords
    travel = float((flows.data * np.asarray(costs[cell, site], np.float64).ravel()).sum())
    opened = sorted((set(question.get("fixed", ())) - set(answer.closed)) | set(answer.sites))
    if not np.isin(site, opened).all():
        found.append("pupils at a shut site")
    if not np.array_equal(
        np.bincount(cell, flows.data, costs.shape[0]) + answer.allocation.unserved, question["pupils"]
    ):
        found.append("pupils lost")
    value = {"max_coverage": float(flows.data.sum()), "set_cover": float(len(answer.sites))}.get(
        name.split("-")[0], travel
    )
    if name.startswith(("capacitated", "zones")):
        more, broken = layout_costs(question, answer, opened)
        value, found = value + more, found + broken
    elif name.startswith("fixed_charge"):
        paid = set(answer.sites) | (set(question["closable"]) - set(answer.closed))
        value += float(question["open_cost"][sorted(paid)].sum())
    elif name.startswith(("p_center", "fair_median")):
        return found
    if abs(value - answer.objective) > 1e-6 * max(1.0, abs(value)):
        found.append(f"objective is {value:.10g}, {answer.objective:.10g} was told")
    return found


def measure(name: str, limits_s: tuple[float, ...]) -> None:
    """Ask one question at every limit, and call it off."""
    model, make = QUESTIONS[name]
    model(**make(County(*LITTLE)), time_limit_s=2.0)
    question = make(county())
    for limit in (*limits_s, None):
        began, since = time.process_time(), 0.0

        def off(began: float = began) -> bool:
            nonlocal since
            now = time.process_time()
            if now > began + CALLED_OFF_S and not since:
                since = now
            return now > began + CALLED_OFF_S

        line = f"{name:26s} {'off' if limit is None else f'{limit:g}':>5s} "
        try:
            if limit is None:
                answer = model(**question, time_limit_s=60.0, cancel=off)
            else:
                answer = model(**question, time_limit_s=limit)
        except MemoryError as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"{line} {error!r} {where.filename}:{where.lineno}", flush=True)
            continue
        ended = time.process_time()
        past = ended - began - (CALLED_OFF_S if limit is None else limit)
        heard = f"asked {ended - since:5.2f} s before the end" if limit is None else ""
        status, objective, gap = told(answer)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        print(
            f"{line} past {past:6.2f} s {status:10s} {objective:14.8g} gap {gap:9.3g} {peak:5.2f} GB "
            f"{heard} {'; '.join(faults(name, question, answer))}",
            flush=True,
        )


@cache
def county() -> County:
    """The county that all questions are about."""
    return County(*SIZE)


def main() -> None:
    """Ask the questions one after the other; the clocks of the runs read CPU seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--limits", nargs="*", type=float, default=LIMITS_S)
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    clock.time = SimpleNamespace(perf_counter=time.process_time)  # type: ignore[attr-defined]
    warm()
    for name in chosen.names or QUESTIONS:
        measure(name, tuple(chosen.limits))


if __name__ == "__main__":
    main()
