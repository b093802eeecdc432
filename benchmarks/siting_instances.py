"""
Questions that the siting engine is measured on: public instances, and seeded ones of a county's and a nation's size.

An instance names a model of ``planning.siting`` (or ``allocate`` of ``planning.access``), its costs and pupils, and the
model's other arguments by keyword. `load` makes any of them by name:

- ``pmed1`` … ``pmed20``: OR-Library, read from PLANNING_DATA; ``made21`` … ``made40``: seeded graphs of the kind of
  pmed21–40 (as many nodes, edges and sites), which cannot be downloaded here;
- ``county-p50``, ``greenfield-p100``, ``cover-p20``, ``lscp``, ``capacitated-p30``, ``loose``, ``tight``: one seeded county;
- ``national-p100``: one seeded nation;
- ``pmedcap01``, ``SJC1``, ``zya1``, ``zya1-k15``, ``zya1-contiguous``: capacitated ones from PLANNING_DATA.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path
from scipy.spatial import cKDTree

SEED = 20261122
ROOT = Path(__file__).resolve().parents[1]
DETOUR = 1.3  # a way along roads, compared with the straight line
MADE = [
    (n, p)
    for n, ps in ((500, (5, 10, 50, 100, 167)), (600, (5, 10, 60, 120, 200)), (700, (5, 10, 70, 140)))
    for p in ps
]
MADE += [(800, 5), (800, 10), (800, 80), (900, 5), (900, 10), (900, 90)]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Instance:
    """One question, with what is known of its answer."""

    name: str
    model: str  # function of planning.siting, or "allocate"
    costs: Any  # (n_cells, n_sites), dense with inf or CSR of the pairs in reach
    pupils: Ints
    options: dict[str, Any] = field(default_factory=dict)  # the model's other arguments
    best_known: float = float("nan")
    proven: bool = False  # whether the best known value is an optimum
    neighbours: Ints | None = None  # pairs of adjacent cells, where zones must be in one piece

    @property
    def size(self) -> str:
        """Cells by sites, in words."""
        return f"{self.costs.shape[0]:,} x {self.costs.shape[1]:,}"


def data_folder() -> Path:
    """Find the folder of public instances, whose licences keep them out of the repository."""
    return (ROOT / os.environ.get("PLANNING_DATA", "../shared/data")).resolve() / "siting"


def load(name: str) -> Instance:
    """Make the instance behind a name."""
    for pattern, maker in MAKERS.items():
        found = re.fullmatch(pattern, name)
        if found:
            return maker(name, *(int(part) for part in found.groups()))
    raise ValueError(f"no instance is called {name}")


# p-median on graphs


def pmed(name: str, number: int) -> Instance:
    """Read an uncapacitated p-median instance of OR-Library (J. E. Beasley)."""
    folder = data_folder() / "pmed"
    numbers = np.array((folder / f"pmed{number}.txt").read_text().split(), dtype=np.int64)
    with (folder / "optima.csv").open() as rows:
        optima = dict(csv.reader(rows))
    return graph_instance(
        name, int(numbers[0]), numbers[3:].reshape(-1, 3), int(numbers[2]), float(optima[name]), proven=True
    )


def made_pmed(name: str, number: int) -> Instance:
    """Draw a graph like those of OR-Library: a path through all nodes and random edges, of lengths 1 to 100."""
    n_nodes, p = MADE[number - 21]
    return made_graph(name, n_nodes, p, np.random.default_rng([SEED, number]))


def made_graph(name: str, n_nodes: int, p: int, rng: np.random.Generator) -> Instance:
    n_more = n_nodes * n_nodes // 50 - (n_nodes - 1)
    path = np.column_stack([np.arange(1, n_nodes), np.arange(2, n_nodes + 1)])
    tails = rng.integers(1, n_nodes + 1, max(n_more, 0))
    more = np.column_stack([tails, (tails + rng.integers(0, n_nodes - 1, len(tails))) % n_nodes + 1])
    ends = np.vstack([path, more])
    return graph_instance(name, n_nodes, np.column_stack([ends, rng.integers(1, 101, len(ends))]), p)


def graph_instance(
    name: str, n_nodes: int, edges: Ints, p: int, best_known: float = float("nan"), *, proven: bool = False
) -> Instance:
    """Take all distances in a graph; where an edge is repeated the last one counts."""
    length = np.full((n_nodes, n_nodes), np.inf)
    for tail, head, cost in edges:
        length[tail - 1, head - 1] = length[head - 1, tail - 1] = cost
    costs = shortest_path(np.where(np.isinf(length), 0, length), directed=False)
    return Instance(name, "p_median", costs, np.ones(n_nodes, np.int64), {"p": p}, best_known, proven)


# a county


@dataclass(frozen=True)
class Country:
    """Where children live, where a school may come and where schools stand [m], and how many children."""

    cells: Floats
    pupils: Ints
    candidates: Floats
    schools: Floats


def draw_country(
    n_cells: int,
    n_candidates: int,
    n_schools: int,
    *,
    size_m: tuple[float, float],
    seed: int,
    hamlets: float = 0.5,
    crowding: float = 1.0,
) -> Country:
    """
    Draw towns of very different sizes, villages around them and hamlets anywhere, with candidates and schools among them.

    A share of the cells are hamlets with few children, the others lie about towns, dense near their centres. With
    more crowding the largest towns have more of them.
    """
    rng = np.random.default_rng([SEED, seed])
    n_towns = max(12, n_cells // 1000)
    towns = rng.random((n_towns, 2)) * size_m
    weight = np.arange(1, n_towns + 1) ** -crowding
    town = rng.choice(n_towns, round(n_cells * (1 - hamlets)), p=weight / weight.sum())
    spread = 0.012 / crowding**3 * min(size_m) * (1 + 6 * np.sqrt(weight))[:, None]
    near = towns[town] + rng.standard_t(3, (len(town), 2)) * spread[town]
    cells = np.clip(np.vstack([near, rng.random((n_cells - len(town), 2)) * size_m]), 0, size_m)
    pupils = np.concatenate([rng.geometric(1 / 12, len(town)), rng.geometric(1 / 3, n_cells - len(town))])
    order = rng.permutation(n_cells)
    cells, pupils = cells[order], pupils[order].astype(np.int64)
    places = rng.choice(n_cells, n_candidates + n_schools, replace=False, p=np.sqrt(pupils) / np.sqrt(pupils).sum())
    sites = cells[places] + rng.normal(0, 150, (len(places), 2))
    return Country(cells, pupils, sites[n_schools:], sites[:n_schools])


@cache
def county() -> Country:
    return draw_country(30_000, 2_000, 100, size_m=(60_000.0, 50_000.0), seed=1)


def way_m(cells: Floats, sites: Floats) -> NDArray[np.float32]:
    """Measure ways in whole metres, as float32."""
    costs = np.empty((len(cells), len(sites)), np.float32)
    for first in range(0, len(cells), 5_000):
        gap = cells[first : first + 5_000, None, :] - sites[None, :, :]
        costs[first : first + 5_000] = np.round(np.hypot(gap[..., 0], gap[..., 1]) * DETOUR)
    return costs


@cache
def county_costs() -> NDArray[np.float32]:
    """Costs of the county; the first columns are the schools that stand."""
    land = county()
    return way_m(land.cells, np.vstack([land.schools, land.candidates]))


def within(costs: NDArray[np.float32], limit: float) -> csr_array:
    """Keep the pairs within a limit."""
    row, site = np.nonzero(costs <= limit)
    return csr_array((costs[row, site], (row.astype(np.int32), site.astype(np.int32))), shape=costs.shape)


def standing() -> tuple[int, ...]:
    return tuple(range(len(county().schools)))


def county_median(name: str, p: int) -> Instance:
    return Instance(name, "p_median", county_costs(), county().pupils, {"p": p, "fixed": standing()})


def greenfield(name: str, p: int) -> Instance:
    land = county()
    return Instance(name, "p_median", way_m(land.cells, land.candidates), land.pupils, {"p": p})


def county_cover(name: str, p: int) -> Instance:
    options = {"p": p, "limit": 2_500.0, "fixed": standing()}
    return Instance(name, "max_coverage", county_costs(), county().pupils, options)


def county_set_cover(name: str) -> Instance:
    """Cover whatever can be covered within the limit: the pairs beyond it are not stored."""
    near = within(county_costs(), 3_000.0)
    return Instance(name, "set_cover", near, county().pupils, {"limit": 3_000.0, "fixed": standing()})


def county_capacitated(name: str, p: int) -> Instance:
    """Seats for a quarter more than all pupils: the schools that stand have two thirds of those, new ones are alike."""
    land, n_old = county(), len(county().schools)
    total = 1.25 * land.pupils.sum()
    size = np.random.default_rng([SEED, 2]).lognormal(0, 0.5, n_old)
    seats = np.full(n_old + len(land.candidates), np.ceil(total / 3 / p))
    seats[:n_old] = np.ceil(total * 2 / 3 * size / size.sum())
    return Instance(name, "capacitated", county_costs(), land.pupils, {"seats": seats, "p": p, "fixed": standing()})


def allocation(name: str) -> Instance:
    """150 schools; seats are loose where most have enough for who is nearest, tight where all are alike and nearly full."""
    land = county()
    costs = county_costs()[:, :150].astype(np.float64)
    total = land.pupils.sum()
    if name == "tight":
        seats = np.full(150, np.ceil(1.03 * total / 150))
    else:
        nearest = np.bincount(costs.argmin(axis=1), land.pupils, minlength=150)
        seats = np.ceil(nearest * np.random.default_rng([SEED, 3]).uniform(0.9, 1.6, 150))
    return Instance(name, "allocate", costs, land.pupils, {"seats": seats})


# a nation

NATION = (400_000, 3_100)
NATIONAL_REACH_M = 33_000.0  # leaves about 60 million pairs
NATIONAL_NEAR_M = 15_000.0


@cache
def nation(scale: float = 1.0) -> tuple[csr_array, Ints]:
    """Draw a long country and keep the pairs in reach."""
    n_cells, n_sites = (int(count * scale) for count in NATION)
    land = draw_country(n_cells, n_sites, 0, size_m=(300_000.0, 1_100_000.0), seed=4, hamlets=0.3, crowding=1.3)
    sites = cKDTree(land.candidates)
    found = sites.query_ball_point(land.cells, NATIONAL_REACH_M / DETOUR)
    indptr = np.r_[0, np.cumsum([len(row) for row in found])].astype(np.int32)
    indices = np.concatenate([np.sort(np.array(row, np.int32)) for row in found])
    del found
    data = np.empty(len(indices), np.float32)
    for first in range(0, n_cells, 20_000):
        rows = np.arange(first, min(first + 20_000, n_cells))
        part = slice(indptr[first], indptr[rows[-1] + 1])
        gap = (
            np.repeat(land.cells[rows], np.diff(indptr[first : rows[-1] + 2]), axis=0) - land.candidates[indices[part]]
        )
        data[part] = np.round(np.hypot(gap[:, 0], gap[:, 1]) * DETOUR)
    return csr_array((data, indices, indptr), shape=(n_cells, n_sites)), land.pupils


def national(name: str, p: int) -> Instance:
    """Cover as many children as possible, within the whole reach or, where the name says near, within less than half of it."""
    costs, pupils = nation()
    limit = NATIONAL_NEAR_M if name.startswith("national-near") else NATIONAL_REACH_M
    return Instance(name, "max_coverage", costs, pupils, {"p": p, "limit": limit})


# public capacitated instances


def pmedcap(name: str, number: int) -> Instance:
    """Read a capacitated p-median instance of OR-Library: floored distances, each customer once in the objective."""
    numbers = np.array((data_folder() / "pmedcap" / f"pmedcap{number:02d}.txt").read_text().split(), dtype=float)
    _, best, n, p, seats = numbers[:5]
    table = numbers[5:].reshape(int(n), 4)
    distance = np.floor(distances(table[:, 1:3], table[:, 1:3]))
    return once_each(name, distance, table[:, 3], int(p), np.full(int(n), seats), best)


def sjc(name: str, number: int) -> Instance:
    """Read an instance of the blocks of a real city (L. A. N. Lorena)."""
    numbers = np.array((data_folder() / "sjc" / f"SJC{number}.dat").read_text().split(), dtype=float)
    n, p = int(numbers[0]), int(numbers[1])
    table = numbers[2:].reshape(n, 4)
    best = {1: 17288.99, 2: 33270.94}[number]
    return once_each(name, distances(table[:, :2], table[:, :2]), table[:, 3], p, table[:, 2], best)


def distances(a: Floats, b: Floats) -> Floats:
    gap = a[:, None, :] - b[None, :, :]
    return np.sqrt((gap**2).sum(axis=-1))


def once_each(name: str, distance: Floats, demand: Floats, p: int, seats: Floats, best: float) -> Instance:
    """State the objective in which a customer counts once, whatever its demand."""
    options = {"seats": seats, "p": p, "single_source": True}
    return Instance(
        name, "capacitated", distance / demand[:, None], demand.astype(np.int64), options, best, proven=True
    )


def kong(name: str, number: int, count: int | None = None) -> Instance:
    """Read a question of new schools with a fixed cost, whole units, and in some names as many schools or zones in one piece."""
    folder, place, contiguous = data_folder() / "kong", name[:3], name.endswith("-contiguous")
    table = np.loadtxt(folder / f"{place}{number}.txt", skiprows=1)
    sites = np.flatnonzero(table[:, 6] > 0)
    costs = distances(table[:, 2:4], table[sites, 2:4]) / 1000
    options: dict[str, Any] = {"seats": table[sites, 6], "build_cost": table[sites, 5], "single_source": True}
    if count is not None:
        options |= {"p": count, "p_min": count}
    problem = ("CKFLSAP" if contiguous else "SSCKFLP") if count else ("CFLSAP" if contiguous else "SSCFLP")
    best, proven = kong_best(f"{place}{number}.txt", problem, count)
    neighbours = kong_neighbours(folder, place, table[:, 0]) if contiguous else None
    return Instance(name, "capacitated", costs, table[:, 1].astype(np.int64), options, best, proven, neighbours)


def kong_best(instance: str, problem: str, count: int | None) -> tuple[float, bool]:
    with (data_folder() / "kong" / "best_known.csv").open() as rows:
        for row in csv.DictReader(rows):
            if (row["instance"], row["problem"], row["p_or_K"]) == (instance, problem, str(count or "")):
                return float(row["best_objective"]), row["status"] == "opt"
    return float("nan"), False


def kong_neighbours(folder: Path, place: str, ids: Floats) -> Ints:
    """Read which units touch, as pairs of rows."""
    file = folder / {"zya": "zy_connectivity.txt", "gya": "gy2_connectivity.txt"}[place]
    pairs = np.array(
        [[float(word) for word in line.split(",")[1:3]] for line in file.read_text().splitlines()[1:] if line]
    )
    order = np.argsort(ids)
    rows = order[np.searchsorted(ids[order], pairs)]
    return rows[rows[:, 0] != rows[:, 1]].astype(np.int64)


# small ones, for warming up and for tests


def small(model: str, *, sparse: bool = False, fixed: bool = True) -> Instance:
    """Make a little question of a model, which makes the engine's kernels ready."""
    land = draw_country(150, 24, 4, size_m=(6_000.0, 5_000.0), seed=5)
    costs: Any = way_m(land.cells, np.vstack([land.schools, land.candidates]))
    if sparse and model not in ("set_cover", "allocate"):
        costs = within(costs, 20_000.0)
    options: dict[str, Any] = {"p": 3, "fixed": (0, 1, 2, 3) if fixed else ()}
    if model == "max_coverage":
        options["limit"] = 1_000.0
    if model == "set_cover":
        costs, options = within(costs, 1_500.0), {"limit": 1_500.0, "fixed": options["fixed"]}
    if model == "capacitated":
        options["seats"] = np.full(costs.shape[1], np.ceil(land.pupils.sum() / 5))
    if model == "allocate":
        costs, options = np.asarray(costs[:, :8], np.float64), {"seats": np.full(8, np.ceil(land.pupils.sum() / 7))}
    return Instance(f"small-{model}", model, costs, land.pupils, options)


MAKERS: dict[str, Callable[..., Instance]] = {
    r"pmed(\d+)": pmed,
    r"made(\d+)": made_pmed,
    r"county-p(\d+)": county_median,
    r"greenfield-p(\d+)": greenfield,
    r"cover-p(\d+)": county_cover,
    r"lscp": county_set_cover,
    r"capacitated-p(\d+)": county_capacitated,
    r"loose|tight": allocation,
    r"national-(?:near-)?p(\d+)": national,
    r"pmedcap(\d+)": pmedcap,
    r"SJC(\d)": sjc,
    r"(?:zya|gya)(\d)(?:-contiguous)?": kong,
    r"(?:zya|gya)(\d)-k(\d+)(?:-contiguous)?": kong,
    r"small-[a-z_]+": lambda name: small(name.removeprefix("small-")),
}
