"""
What is measured of the travel engine: time in turns with a peer, what one school more or less costs, and right answers.

Seconds are CPU seconds of this process, kept to one core. A peer and the engine take turns, so that what else the
machine does falls on both; a ratio is taken within each turn.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from travel_graphs import SEED, Floats, Ints, Network, Places
from travel_peers import N_NEAREST, Scipy

from planning.travel import Router

TURN_S = 3.0  # a peer that needs longer for all 2,000 rows does as many as fit, and is scaled
FEWEST_ROWS = 5
WHAT_IFS = 200
PEER_WHAT_IFS = 21
CHECKED_ROWS = 100
CLOSE = 1e-6

Seconds = list[float]


def cpu_s(function: Callable, *arguments: Any) -> tuple[float, Any]:
    """Call a function and give its CPU seconds and its result."""
    gc.disable()
    start = time.process_time()
    result = function(*arguments)
    seconds = time.process_time() - start
    gc.enable()
    return seconds, result


def in_turns(rounds: int, **functions: Callable) -> dict[str, Seconds]:
    """Time functions one after the other, round after round."""
    seconds: dict[str, Seconds] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            seconds[name].append(cpu_s(function)[0])
    return seconds


@dataclass(frozen=True)
class Bench:
    """One network with its places, and the engine on it."""

    network: Network
    places: Places
    limit: float
    derived: bool  # the router comes from one of the other metric, by `with_costs`

    @property
    def whole(self) -> bool:
        """Whether costs are whole numbers, so that nothing may differ."""
        finite = self.network.costs[np.isfinite(self.network.costs)]
        return bool((finite == np.floor(finite)).all())

    def build(self, costs: Floats | None = None) -> Router:
        arcs = (self.network.tails, self.network.heads, self.network.costs if costs is None else costs)
        return Router(*arcs, self.network.n_nodes, threads=1)

    @cached_property
    def router(self) -> Router:
        if self.derived:
            return self.build(self.network.other_costs).with_costs(self.network.costs)
        return self.build()

    @cached_property
    def buffer(self) -> np.ndarray:
        """The array that each matrix is laid out in."""
        return np.empty((len(self.places.cells), len(self.places.candidates)), np.float32)

    def matrix(self, limit: float | None = None) -> np.ndarray:
        """Costs from each cell to each candidate, in a fresh array."""
        return self.router.matrix(self.places.cells, self.places.candidates, limit)

    def matrix_into_buffer(self, limit: float | None = None) -> np.ndarray:
        """The same in the reused buffer."""
        return self.router.matrix(self.places.cells, self.places.candidates, limit, out=self.buffer)

    def nearest(self) -> tuple[np.ndarray, np.ndarray]:
        return self.router.nearest(self.places.schools, self.places.cells)

    def five(self) -> tuple[np.ndarray, np.ndarray]:
        return self.router.nearest(self.places.schools, self.places.cells, N_NEAREST)

    def what_if(self) -> Any:
        return self.router.what_if(self.places.schools, self.places.cells)

    def new_schools(self) -> Ints:
        """Where schools are tried."""
        return self.places.candidates[:WHAT_IFS]

    def positions(self) -> Ints:
        """Schools that are closed for a try: every one, at most as many as are tried."""
        return np.random.default_rng(SEED).permutation(len(self.places.schools))[:WHAT_IFS]


def time_engine(bench: Bench) -> dict[str, Seconds]:
    """Time each task of the engine alone."""
    ends = (bench.places.cells[:1], bench.places.candidates[:1])
    other = bench.build(bench.network.other_costs)
    tasks: dict[str, Callable] = {
        # Both to a first answer, so that work put off counts.
        "build": lambda: bench.build().matrix(*ends),
        "with_costs": lambda: other.with_costs(bench.network.costs).matrix(*ends),
        "matrix": bench.matrix,
        "matrix, reused buffer": bench.matrix_into_buffer,
        "limited matrix": lambda: bench.matrix_into_buffer(bench.limit),
        "nearest": bench.nearest,
        "five nearest": bench.five,
        "what-if: base": bench.what_if,
    }
    seconds: dict[str, Seconds] = {}
    for name, task in tasks.items():
        warm, _ = cpu_s(task)
        seconds[name] = in_turns(3 if warm > 1 else 7, engine=task)["engine"]
    return seconds | time_what_ifs(bench)


def time_what_ifs(bench: Bench) -> dict[str, Seconds]:
    """Time one school more, one less and one moved, each undone before the next."""
    what = bench.what_if()
    names = ("what-if: add", "what-if: remove", "what-if: move", "what-if: undo")
    seconds: dict[str, Seconds] = {name: [] for name in names}

    def one(name: str, act: Callable, *arguments: int) -> None:
        seconds[name].append(cpu_s(act, *arguments)[0])
        seconds["what-if: undo"].append(cpu_s(what.undo)[0])

    nodes, positions = bench.new_schools().tolist(), bench.positions().tolist()
    for act, *arguments in ((what.add, nodes[0]), (what.remove, positions[0]), (what.move, positions[0], nodes[0])):
        act(*arguments)  # compiles
        what.undo()
    for node in nodes:
        one("what-if: add", what.add, node)
    for position in positions:
        one("what-if: remove", what.remove, position)
    for position, node in zip(positions, nodes, strict=False):
        one("what-if: move", what.move, position, node)
    return seconds


def time_against(bench: Bench, peer_class: type) -> dict[str, Any]:
    """Build a peer, then let the engine and the peer take turns at every task the peer can do."""
    build, peer = cpu_s(peer_class, bench.network, bench.places, bench.limit)
    tasks: dict[str, Any] = {}
    if hasattr(peer, "matrix"):
        tasks["matrix"] = rows_in_turns(bench, peer.matrix, None)
    if hasattr(peer, "limited"):
        tasks["limited matrix"] = rows_in_turns(bench, peer.limited, bench.limit)
    if hasattr(peer, "nearest"):
        tasks["nearest"] = whole_in_turns(bench.nearest, peer.nearest)
    if hasattr(peer, "five"):
        tasks["five nearest"] = whole_in_turns(bench.five, peer.five)
    for act in ("add", "remove"):
        if hasattr(peer, act):
            tasks[f"what-if: {act}"] = what_ifs_in_turns(bench, peer, act)
    return {"build": build, "tasks": tasks}


def rows_in_turns(bench: Bench, peer_rows: Callable, limit: float | None) -> dict[str, Any]:
    """Pair a whole matrix of the engine with as many rows of a peer as fit in a turn, scaled to all."""
    candidates = bench.places.candidates
    seconds, _ = cpu_s(peer_rows, candidates[:FEWEST_ROWS])
    rows = int(np.clip(TURN_S / seconds * FEWEST_ROWS, FEWEST_ROWS, len(candidates)))
    found = bench.matrix_into_buffer(limit)[:, :rows].T.copy()
    times = in_turns(3, engine=lambda: bench.matrix_into_buffer(limit), peer=lambda: peer_rows(candidates[:rows]))
    scaled = [second * len(candidates) / rows for second in times["peer"]]
    return {
        "engine": times["engine"],
        "peer": scaled,
        "rows": rows,
        "of": len(candidates),
        "apart": apart(found, peer_rows(candidates[:rows])),
    }


def whole_in_turns(engine: Callable, peer: Callable) -> dict[str, Any]:
    """Pair a whole task with a peer's."""
    (warm, theirs), ours = cpu_s(peer), engine()[0]
    times = in_turns(3 if warm > 1 else 7, engine=engine, peer=peer)
    costs = theirs[0] if isinstance(theirs, tuple) else theirs
    return times | {"apart": apart(ours, costs.reshape(ours.shape))}


def what_ifs_in_turns(bench: Bench, peer: Any, act: str) -> dict[str, Any]:
    """Pair one school more or less with the peer's way: a search from it, or the nearest of all others."""
    what = bench.what_if()
    base = what.costs
    tries = (bench.new_schools() if act == "add" else bench.positions())[:PEER_WHAT_IFS].tolist()
    times: dict[str, Seconds] = {"engine": [], "peer": []}
    worst = 0.0
    getattr(what, act)(tries[0])
    what.undo()
    for tried in tries:
        times["engine"].append(cpu_s(getattr(what, act), tried)[0])
        second, theirs = cpu_s(getattr(peer, act), tried)
        times["peer"].append(second)
        worst = max(worst, apart(what.costs, np.minimum(base, theirs) if act == "add" else theirs))
        what.undo()
    return times | {"apart": worst}


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Give the largest difference; inf where only one of two has a way."""
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float32).astype(np.float64)
    unlike = ours != theirs  # two that are inf are alike
    return float(np.abs(ours[unlike] - theirs[unlike]).max(initial=0.0))


def check(bench: Bench, rows: int | None) -> dict[str, dict[str, int]]:
    """Hold every answer against scipy on the full graph; `rows` sites of the matrix, or all of them."""
    referee = Scipy(bench.network, bench.places, bench.limit)
    to_schools = referee.matrix(bench.places.schools)
    found = check_matrix(bench, referee, len(bench.places.candidates) if rows is None else rows)
    found["nearest"] = check_nearest(bench, to_schools, 1)
    found["five nearest"] = check_nearest(bench, to_schools, N_NEAREST)
    return found | check_what_ifs(bench, bench.what_if(), referee, to_schools)


def tally(bench: Bench, ours: np.ndarray, theirs: np.ndarray, limit: float = np.inf) -> tuple[int, int]:
    """Count what was compared and what differs: anything for whole numbers, a millionth of the cost for others."""
    if bench.whole:
        expected = np.where(theirs <= limit, theirs, np.inf).astype(np.float32)
        return ours.size, int((ours != expected).sum())
    expected = np.where(theirs <= limit, theirs, np.inf)
    at_limit = np.isclose(theirs, limit, rtol=CLOSE, atol=0)
    unlike = (ours != expected) & ~np.isclose(ours, expected, rtol=CLOSE, atol=0) & ~at_limit
    return ours.size, int(unlike.sum())


def summed(tallies: list[tuple[int, int]]) -> dict[str, int]:
    compared, differing = np.array(tallies).sum(axis=0).tolist()
    return {"compared": compared, "differing": differing}


def check_matrix(bench: Bench, referee: Scipy, rows: int) -> dict[str, dict[str, int]]:
    """Compare rows of the matrix, whole and limited, in a buffer and afresh, and of the way back."""
    candidates, cells = bench.places.candidates, bench.places.cells
    chosen = np.sort(np.random.default_rng(SEED).choice(len(candidates), min(rows, len(candidates)), replace=False))
    whole, limited = bench.matrix().T[chosen], bench.matrix(bench.limit).T[chosen]
    back = bench.router.matrix(candidates, cells)[chosen]
    tallies: dict[str, list[tuple[int, int]]] = {"matrix": [], "limited matrix": [], "matrix, the way back": []}
    unlike = (
        bench.matrix_into_buffer().T[chosen] != whole,
        bench.matrix_into_buffer(bench.limit).T[chosen] != limited,
    )
    tallies["matrix, reused buffer"] = [(2 * whole.size, int(sum(part.sum() for part in unlike)))]
    for start in range(0, len(chosen), 20):
        part = slice(start, start + 20)
        sites = candidates[chosen[part]]
        expected = referee.matrix(sites)
        tallies["matrix"].append(tally(bench, whole[part], expected))
        tallies["limited matrix"].append(tally(bench, limited[part], expected, bench.limit))
        tallies["matrix, the way back"].append(tally(bench, back[part], referee.from_sites(sites)))
    return {name: summed(found) for name, found in tallies.items()}


def check_nearest(bench: Bench, to_schools: Floats, k: int) -> dict[str, int]:
    """Compare costs to the k nearest, and with whole numbers which schools they are."""
    costs, positions = bench.router.nearest(bench.places.schools, bench.places.cells, k)
    order = np.argsort(to_schools, axis=0, kind="stable")[:k].T
    expected = np.sort(to_schools, axis=0)[:k].T
    tallies = [tally(bench, costs, expected)]
    if bench.whole:
        tallies.append((positions.size, int((positions != np.where(np.isfinite(expected), order, -1)).sum())))
    return summed(tallies)


def check_what_ifs(bench: Bench, what: Any, referee: Scipy, to_schools: Floats) -> dict[str, dict[str, int]]:
    """Compare all costs after one school more, one less and one moved; each is undone before the next."""
    nodes, positions = bench.new_schools()[:CHECKED_ROWS], bench.positions()
    to_nodes = referee.matrix(nodes)
    added, removed, moved = [], [], []
    for node, costs in zip(nodes.tolist(), to_nodes, strict=True):
        added += try_out(bench, what, lambda node=node: what.add(node), np.vstack([to_schools, costs]), -1)
    for at in positions.tolist():
        others = to_schools.copy()
        others[at] = np.inf
        removed += try_out(bench, what, lambda at=at: what.remove(at), others, at)
    for at, node, costs in zip(positions.tolist(), nodes.tolist(), to_nodes, strict=False):
        others = to_schools.copy()
        others[at] = costs
        moved += try_out(bench, what, lambda at=at, node=node: what.move(at, node), others, at)
    return {"what-if: add": summed(added), "what-if: remove": summed(removed), "what-if: move": summed(moved)}


def try_out(bench: Bench, what: Any, act: Callable[[], Any], choices: Floats, row: int) -> list[tuple[int, int]]:
    """
    Compare the state after a change, the change itself, and the state after its undo.

    `choices` are the right costs to each school after the change, and `row` the one of the school that the change is about.
    """
    before = np.stack([what.costs, what.positions])
    change = act()
    costs, positions = what.costs, what.positions
    what.undo()
    undone = np.stack([what.costs, what.positions]) != before
    after = np.stack([costs, positions])
    named = after[:, change.origins] != np.stack([change.costs, change.positions])
    silent = np.delete(after != before, change.origins, axis=1)  # nothing else may have changed
    exact = [(unlike.size, int(unlike.sum())) for unlike in (named, silent, undone)]
    school = np.where(positions == change.position, row % len(choices), positions)
    served = np.where(school < 0, np.inf, choices[school, np.arange(len(school))])
    if bench.whole:  # the first of equals, as `nearest` has it
        first = np.where(np.isfinite(choices.min(axis=0)), choices.argmin(axis=0), -1)
        exact.append((first.size, int((school != first).sum())))
    return [tally(bench, costs, choices.min(axis=0)), tally(bench, costs, served), *exact]
