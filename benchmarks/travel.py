"""
Benchmark of the travel engine against other programs, in one process and on one core.

::

    python benchmarks/travel.py                          # everything; can be stopped: finished parts are kept
    python benchmarks/travel.py --graphs porto,1M        # some: porto, helsinki, a size such as 50k; -drive for minutes
    python benchmarks/travel.py --quick                  # small networks and few peers
    python benchmarks/travel.py --full-check             # every row of the matrix held against scipy, not a hundred
    python benchmarks/travel.py --write                  # tables into benchmarks/README.md

A plain script and not pytest-benchmark, which times one function after the other and cannot let two take turns: on a
shared machine only turns keep a ratio honest. Each network has a process of its own, which leaves its results in a folder;
they are kept until the engine's source changes; delete the folder to measure all anew. Slow peers do some of the 2,000
sites, and the table says how many.

Peers stand in benchmarks/requirements.txt and are all optional. igraph is under the GPL and pandana under the AGPL: they
are measured here and must never become part of the program.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from travel_graphs import Network, draw_places, make_network, read_network, write_network  # noqa: E402
from travel_peers import CONTRACTED, FULL, PEERS, versions  # noqa: E402
from travel_report import report, write_section  # noqa: E402
from travel_tasks import CHECKED_ROWS, Bench, check, time_against, time_engine  # noqa: E402

GRAPHS = "porto,porto-drive,helsinki,50k,200k,1M,1M-drive"
QUICK_GRAPHS = "helsinki,50k"
QUICK_PEERS = [FULL, CONTRACTED, "routingkit-cch"]
RESULTS = ROOT / "data" / "runs" / "travel-benchmark"
CELLS, CANDIDATES, SCHOOLS = 30_000, 2_000, 100
LIMIT_CM, LIMIT_MIN = 500_000.0, 10.0


def peers_of(graph: str, *, quick: bool) -> list[str]:
    """Name the peers timed on a network: slow ones on towns only, with minutes only scipy (RoutingKit wants integers)."""
    if graph.endswith("-drive"):
        return [FULL, CONTRACTED]
    if quick:
        return QUICK_PEERS
    return list(PEERS) if graph in ("porto", "helsinki") else [FULL, CONTRACTED, "routingkit-cch", "pyroutingkit"]


def stored_network(graph: str, folder: Path) -> tuple[Network, Path]:
    """Give the network behind a name, made once."""
    path = folder / f"{graph.partition('-')[0]}.npz"
    if not path.exists():
        write_network(make_network(path.stem), path)
    network = read_network(path)
    return (network.directed if graph.endswith("-drive") else network), path


def engine_digest() -> str:
    """Name the state of the engine: results of another one are not kept."""
    sources = [ROOT / "planning" / "kernels.py", *sorted((ROOT / "planning" / "travel").glob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def measure(graph: str, options: argparse.Namespace) -> None:
    """Measure what has not been measured on one network, part by part, and keep each part as soon as it is done."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    network, path = stored_network(graph, options.results)
    places = draw_places(network.n_nodes, cells=CELLS, candidates=CANDIDATES, schools=SCHOOLS)
    drive = graph.endswith("-drive")
    bench = Bench(network, places, LIMIT_MIN if drive else LIMIT_CM, derived=drive)
    store = options.results / f"{graph}.json"
    results = kept_results(store)
    results |= {"engine digest": engine_digest(), "nodes": network.n_nodes, "arcs": len(network.tails)}
    checked_rows = None if options.full_check else CHECKED_ROWS
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "engine": lambda: time_engine(bench),
        "check": lambda: check(bench, checked_rows) | {"rows": checked_rows},
    }
    for peer in peers_of(graph, quick=options.quick):
        parts[f"against {peer}"] = lambda peer=peer: against(bench, peer, path)
    if not drive:
        parts["memory"] = lambda: probe("memory", path)
        parts["cold"] = lambda: cold_starts(path)
    if options.full_check and results.get("check", {}).get("rows", 0) is not None:
        results.pop("check", None)
    for name, part in parts.items():
        if name in results:
            continue
        print(f"{graph}: {name}", file=sys.stderr, flush=True)
        start = time.monotonic()
        results[name] = part() | {"wall_s": round(time.monotonic() - start, 1)}
        store.write_text(json.dumps(results, indent=1))


def kept_results(store: Path) -> dict[str, Any]:
    """Read what was measured of this state of the engine."""
    kept = json.loads(store.read_text()) if store.exists() else {}
    return kept if kept.get("engine digest") == engine_digest() else {}


def against(bench: Bench, peer: str, path: Path) -> dict[str, Any]:
    """Take turns with a peer and measure its memory, or say that it is absent."""
    try:
        found = time_against(bench, PEERS[peer])
    except ImportError as error:
        return {"absent": str(error)}
    return found if bench.derived else found | {"memory": probe(peer, path)["peak"]}


def probe(what: str, path: Path, **environment: str) -> dict[str, float]:
    """Measure memory or a cold start in a process of its own."""
    command = [sys.executable, str(ROOT / "benchmarks" / "travel_probes.py"), what, str(path), str(LIMIT_CM)]
    done = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def cold_starts(path: Path) -> dict[str, Any]:
    """Start twice with kernels cached nowhere before the first."""
    with tempfile.TemporaryDirectory() as empty:
        folders = {"NUMBA_CACHE_DIR": empty, "XDG_CACHE_HOME": empty}
        first, later = probe("cold", path, **folders), probe("cold", path, **folders)
        return {"first": first, "later": later, "cached files": sum(1 for _ in Path(empty).rglob("*.nb[ci]"))}


def setting(options: argparse.Namespace, results: dict[str, dict[str, Any]]) -> list[str]:
    """Say where, when and how it was measured."""
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    took = sum(part["wall_s"] for parts in results.values() for part in parts.values() if isinstance(part, dict))
    peers = ", ".join(f"{package} {found}" for package, found in versions().items())
    command = " ".join(["python benchmarks/travel.py", *(word for word in options.words if word != "--write")])
    return [
        f"Command: `{command}`; {took / 60:.0f} minutes in all, {time.strftime('%Y-%m-%d')}.",
        f"Machine: one core of {os.cpu_count()} shared ones, {model.partition(':')[2].strip()}; "
        f"Python {platform.python_version()}. CPU seconds, engine and peer in turns in one process, one thread each.",
        f"{CELLS:,} cells, {CANDIDATES:,} candidates, {SCHOOLS} schools, drawn with a seed (on small networks at most "
        "a half and a tenth of the nodes); limit 5 km, or 10 minutes for "
        "networks named -drive, which obey one-way streets and come from the router of walking metres by `with_costs`.",
        f"Peers: {peers}. igraph and pandana are optional for the benchmark only: the program must never need them.",
        "Ratios: peer over engine, median of the turns and the lowest and highest of them; of what-ifs that of the "
        "medians. Largest difference: in cm or minutes, between the engine and the peer.",
    ]


def run(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Measure each network in its own process and collect the results."""
    results = {}
    for graph in options.graphs.split(","):
        words = [*options.words, "--only", graph]
        # Some peers write to standard output from C; what the processes have to say is in files.
        subprocess.run([sys.executable, __file__, *words], stdout=subprocess.DEVNULL, check=True)
        results[graph] = json.loads((options.results / f"{graph}.json").read_text())
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--graphs", help=f"networks, with commas [{GRAPHS}]")
    parser.add_argument("--quick", action="store_true", help="small networks and few peers")
    parser.add_argument("--full-check", action="store_true", help="hold every row of the matrix against scipy")
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results and networks [%(default)s]")
    parser.add_argument("--only", help=argparse.SUPPRESS)  # one network, measured in this process
    options = parser.parse_args()
    options.graphs = options.graphs or (QUICK_GRAPHS if options.quick else GRAPHS)
    options.words = sys.argv[1:]
    options.results.mkdir(parents=True, exist_ok=True)
    if options.only:
        measure(options.only, options)
        return
    results = run(options)
    text = report(results, setting(options, results))
    print(text)
    if options.write:
        write_section(text, ROOT / "benchmarks" / "README.md")


if __name__ == "__main__":
    main()
