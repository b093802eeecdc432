"""
Memory and cold start, each in a process of its own: ``python travel_probes.py memory|cold|PEER NETWORK LIMIT``.

Prints one line of JSON, the last. The memory a task needs beyond its result is the peak of the resident set while it runs
(the kernel's high-water mark, reset before), less what the process held before the router was built, less the result.
Kernels are compiled beforehand on a small network, since the compiler's own memory is no part of the method.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CLEAR_HIGH_WATER_MARK = "5"
PEER_ROWS = 20


def held_mb(field: str) -> float:
    """Read the resident set (VmRSS) or its high-water mark (VmHWM) [MB]."""
    status = Path("/proc/self/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024 / 1e6


def peak_mb(task: Callable[[], Any]) -> tuple[float, Any]:
    """Run a task and give the highest resident set during it."""
    Path("/proc/self/clear_refs").write_text(CLEAR_HIGH_WATER_MARK)
    result = task()
    return held_mb("VmHWM"), result


def size_mb(result: Any) -> float:
    """Size of what a task gives back to keep."""
    arrays = result if isinstance(result, tuple) else (result,)
    return sum(getattr(array, "nbytes", 0) for array in arrays) / 1e6


def tasks_of(bench: Any) -> dict[str, Callable[[], Any]]:
    return {
        "matrix": bench.matrix,
        "limited matrix": lambda: bench.matrix(bench.limit),
        "nearest": bench.nearest,
        "five nearest": bench.five,
        "what-if": lambda: try_one(bench),
    }


def try_one(bench: Any) -> None:
    """One school more, one less."""
    what = bench.what_if()
    what.add(int(bench.places.candidates[0]))
    what.undo()
    what.remove(0)


def memory(bench: Any, small: Any) -> dict[str, float]:
    """Measure the memory beyond the result of building and of each task [MB]."""
    for task in tasks_of(small).values():
        task()
    base = settled_mb()
    built, _ = peak_mb(lambda: bench.router)
    beyond = {"build": built - base, "router kept": held_mb("VmRSS") - base}
    for name, task in tasks_of(bench).items():
        peak, result = peak_mb(task)
        beyond[name] = peak - base - size_mb(result)
        del result
    return beyond


def peer_memory(name: str, bench: Any, small: Any) -> dict[str, float]:
    """Measure the same of a peer that is built and does some rows of the matrix [MB]."""
    from travel_peers import PEERS

    def rows(of: Any) -> Any:
        peer = PEERS[name](of.network, of.places, of.limit)
        return peer.matrix(of.places.candidates[:PEER_ROWS])

    rows(small)  # imports
    base = settled_mb()
    peak, result = peak_mb(lambda: rows(bench))
    return {"peak": peak - base - size_mb(result)}


def settled_mb() -> float:
    """Give back what is free, and say what is held [MB]."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return held_mb("VmRSS")


def cold(network: Any, places: Any, limit: float) -> dict[str, float]:
    """Measure CPU of the whole process until the first answer, and until every task has run once [s]."""
    from planning.travel import Router  # first of all, without what else the benchmark imports

    router = Router(network.tails, network.heads, network.costs, network.n_nodes, threads=1)
    router.nearest(places.schools, places.cells)
    seconds = {"first answer": time.process_time()}
    from travel_tasks import Bench

    for task in tasks_of(Bench(network, places, limit, derived=False)).values():
        task()
    return seconds | {"every task": time.process_time()}


def main() -> None:
    sys.path.insert(0, str(ROOT))
    from travel_graphs import draw_places, made_network, read_network

    def drawn(network: Any) -> Any:
        return draw_places(network.n_nodes, cells=30_000, candidates=2_000, schools=100)

    network, limit = read_network(Path(sys.argv[2])), float(sys.argv[3])
    if sys.argv[1] == "cold":
        found = cold(network, drawn(network), limit)
    else:
        from travel_tasks import Bench

        little = made_network(2_000)
        bench, small = (Bench(graph, drawn(graph), limit, derived=False) for graph in (network, little))
        found = memory(bench, small) if sys.argv[1] == "memory" else peer_memory(sys.argv[1], bench, small)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
