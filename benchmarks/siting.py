"""
Benchmark of the siting engine against other programs, each part in a process of its own and on one core.

::

    python benchmarks/siting.py                          # everything; can be stopped: what is finished is kept
    python benchmarks/siting.py --only pmed,county       # some parts
    python benchmarks/siting.py --quick                  # a few small questions and quick peers
    python benchmarks/siting.py --long                   # more, and longer limits where some lines have two
    python benchmarks/siting.py --no-peers               # the engine alone
    python benchmarks/siting.py --write                  # tables into benchmarks/README.md

The engine's results are kept until its source changes, a peer's until its version or this benchmark's questions change;
where both are quick they take turns in one process, and the turns are taken anew when the engine changes. A part or a peer
that fails, or does not end in its time, is shown as that and stops nothing else. Public instances come from the folder
PLANNING_DATA. Peers stand in benchmarks/requirements.txt and are all optional.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

RESULTS = ROOT / "data" / "runs" / "siting-benchmark"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
ROOM_BYTES = {"engine": 14 << 30, "peers": 8 << 30}  # of addresses: what needs more fails, instead of the machine
TURNS = 3
QUICK_TURN_S = 3.0
PROBE_CPU_S = 0.5
QUIET = 1.1
FAILURES = 2  # a peer that fails so often in a row is not tried on what is larger

Records = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Item:
    """One thing to be measured: an instance within a limit, by a task of siting_extras."""

    key: str
    instance: str
    limit_s: float
    task: str = "question"

    @property
    def patience_s(self) -> float:
        """Wall time after which it is given up; the machine may be shared, and models have to be built."""
        return 1.5 * self.limit_s + 60


def asked(name: str, limit_s: float, task: str = "question") -> Item:
    return Item(name, name, limit_s, task)


def engine_items(part: str, *, quick: bool, long: bool) -> list[Item]:
    """List what is asked of the engine in a part."""
    if quick:
        return [item for item in engine_items(part, quick=False, long=False) if item.key in QUICK]
    kong = [
        f"{place}{number}{tail}" for tail in ("", "-contiguous") for place in ("zya", "gya") for number in range(1, 6)
    ]
    counted = [f"zya1-k{k}" for k in range(13, 23)] + [f"gya1-k{k}" for k in range(18, 31)]
    some = [name for name in kong if "-" not in name or name[3] == "1"] + ["zya1-k14", "gya1-k24"]
    every = kong + counted + [f"{name}-contiguous" for name in counted]
    items = {
        "pmed": [asked(f"pmed{number}", 60) for number in range(1, 21)],
        "made": [asked(f"made{number}", 60) for number in range(21, 41)],
        "county": [Item("lists", "county-p50", 60, "lists"), *(asked(f"county-p{p}", 60) for p in (10, 20, 50))],
        "greenfield": [asked("greenfield-p100", 60)],
        "cover": [
            Item("cover-p20 in 10 s", "cover-p20", 10),
            Item("cover-p20 in 60 s", "cover-p20", 60),
            asked("lscp", 60),
        ],
        "national": [asked(f"national-p{p}", 120) for p in (20, 100, 200)],
        "frontier": [Item("frontier", "national-p200", 900, "frontier")],
        "allocation": [
            asked("loose", 60),
            asked("tight", 60),
            *(Item(f"{n}, one change", n, 60, "changes") for n in ("loose", "tight")),
        ],
        "capacitated": [asked("capacitated-p30", 60)],
        "sjc": [asked(f"SJC{number}", 60) for number in (1, 2)],
        "pmedcap": [asked(f"pmedcap{number:02d}", 60) for number in range(1, 11)],
        "kong": [asked(name, 60) for name in (every if long else some)],
        "demo": [Item("boarding", "demo", 18, "demo"), Item("layout", "demo", 18, "demo")],
    }
    if long:
        items["capacitated"].append(Item("capacitated-p30 in 600 s", "capacitated-p30", 600))
        items["national"] += [asked(f"national-near-p{p}", 120) for p in (20, 100, 200)]
    return items[part]


PARTS = ("pmed", "made", "county", "cover", "allocation", "sjc", "pmedcap", "kong", "capacitated", "greenfield", "demo", "national", "frontier")  # fmt: skip
QUICK = {
    "pmed1",
    "pmed2",
    "pmed6",
    "made23",
    "lists",
    "county-p10",
    "cover-p20 in 10 s",
    "loose",
    "loose, one change",
    "pmedcap01",
}
QUICK_FOR_PEERS = {"pmed1", "pmed2", "made23", "loose"}
MEDIANS = [f"pmed{number}" for number in range(1, 21)]
PEERS_OF = {
    "pmed": dict.fromkeys(
        ("pbp-pmedian", "spopt, HiGHS", "spopt, CBC", "OR-tools, SCIP", "OR-tools, CP-SAT", "lokigi"), MEDIANS
    ),
    "made": {"pbp-pmedian": [f"made{number}" for number in range(21, 41)]},
    "county": {name: ["county-p10", "county-p50"] for name in ("OR-tools, SCIP", "OR-tools, CP-SAT", "pbp-pmedian")}
    | {name: ["county-p10"] for name in ("spopt, HiGHS", "lokigi")},
    "cover": {
        name: ["cover-p20", "lscp"] for name in ("OR-tools, SCIP", "OR-tools, CP-SAT", "spopt, HiGHS", "spopt, CBC")
    },
    "allocation": {name: ["loose", "tight"] for name in ("OR-tools, min-cost flow", "POT")},
    "sjc": {name: ["SJC1", "SJC2"] for name in ("spopt, HiGHS", "OR-tools, SCIP", "OR-tools, CP-SAT")},
    "pmedcap": {
        name: ["pmedcap01", "pmedcap05"]
        for name in ("spopt, HiGHS", "spopt, CBC", "OR-tools, SCIP", "OR-tools, CP-SAT")
    },
    "kong": {name: ["zya1", "gya1"] for name in ("OR-tools, SCIP", "OR-tools, CP-SAT")},
}
QUICK_PEERS = {"pbp-pmedian", "OR-tools, min-cost flow", "POT", "spopt, HiGHS"}
PATIENT = {"pbp-pmedian"}  # tried on every question, whatever it failed at before


@dataclass(frozen=True)
class Job:
    """A part of the engine's, or of one peer's, with a file of results and a process of its own."""

    name: str
    items: list[Item]
    peer: str | None = None

    @property
    def words(self) -> str:
        return f"{self.name}, {self.peer}" if self.peer else self.name


def jobs(options: argparse.Namespace) -> Iterator[Job]:
    """List what is to be done, the engine before its peers in each part."""
    for part in options.only or PARTS:
        items = engine_items(part, quick=options.quick, long=options.long)
        if items:
            yield Job(part, items)
        for peer, instances in PEERS_OF.get(part, {}).items() if not options.no_peers else ():
            chosen = [
                name for name in instances if not options.quick or (name in QUICK_FOR_PEERS and peer in QUICK_PEERS)
            ]
            if chosen:
                yield Job(part, [asked(name, options.peer_limit) for name in chosen], peer)


# what is kept


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def engine_digest() -> str:
    """Name the state of the engine and of the questions: results of another one are not kept."""
    planning = ROOT / "planning"
    sources = [
        planning / "kernels.py",
        *sorted((planning / "siting").rglob("*.py")),
        *sorted((planning / "access").glob("*.py")),
    ]
    return digest([*sources, ROOT / "benchmarks" / "siting_instances.py"])


def peers_digest() -> str:
    """Name the state of the questions and of the peers' versions."""
    from siting_peers import versions

    own = digest([ROOT / "benchmarks" / name for name in ("siting_instances.py", "siting_peers.py")])
    return hashlib.sha256(f"{own} {versions()}".encode()).hexdigest()[:16]


def file_of(job: Job, options: argparse.Namespace) -> Path:
    name = job.name if job.peer is None else f"{job.name}-{job.peer.replace(', ', '-').replace(' ', '-')}"
    return options.results / f"{name}.json"


def kept(job: Job, options: argparse.Namespace) -> Records:
    """Read what was measured of this state of the engine, or of this peer."""
    path = file_of(job, options)
    records: Records = json.loads(path.read_text()) if path.exists() else {}
    state = {"engine": engine_digest(), "peers": peers_digest() if job.peer else ""}
    limits = {item.key: item.limit_s for item in job.items}
    return {key: record for key, record in records.items() if is_fresh(record, job, state, limits.get(key))}


def is_fresh(record: dict[str, Any], job: Job, state: dict[str, str], limit_s: float | None) -> bool:
    if "began" in record:
        return False
    if failed(record) and limit_s is not None and record["limit_s"] != limit_s:
        return False
    if job.peer is None:
        return bool(record["state"]["engine"] == state["engine"])
    same_engine = "in turns" not in record or record["state"]["engine"] == state["engine"]
    return bool(same_engine and record["state"]["peers"] == state["peers"])


def keep(path: Path, records: Records) -> None:
    """Write the results so that a stop leaves the old or the new ones."""
    half = path.with_suffix(".part")
    half.write_text(json.dumps(records, indent=1, default=float))
    half.replace(path)


# one job, in this process


def work(job: Job, options: argparse.Namespace) -> None:
    """Measure what has not been measured, item by item, and keep each as soon as it is done."""
    records, path = kept(job, options), file_of(job, options)
    state = {"engine": engine_digest(), "peers": peers_digest() if job.peer else ""}
    for item in job.items:
        if item.key in records:
            continue
        if job.peer and job.peer not in PATIENT and gave_up(records, job, item):
            record: dict[str, Any] = {"error": f"not tried: failed {FAILURES} times before", "skipped": True}
        else:
            print(f"{job.words}: {item.key}", file=sys.stderr, flush=True)
            slow = slowness()
            keep(path, records | {item.key: {"began": time.time(), "slowness": slow}})
            record = measured(job, replace(item, limit_s=item.limit_s * slow)) | {"slowness": slow}
        records[item.key] = record | {"state": state, "limit_s": item.limit_s}
        keep(path, records)


def slowness() -> float:
    """How many times longer than its CPU time a process takes now, on a machine that others use; limits are stretched by it."""
    wall, cpu = time.monotonic(), time.process_time()
    while time.process_time() - cpu < PROBE_CPU_S:
        sum(range(10_000))
    found = (time.monotonic() - wall) / PROBE_CPU_S
    return round(min(found, 6.0), 2) if found > QUIET else 1.0


def confine(job: Job) -> None:
    """Keep this process to one core and to its room."""
    room = ROOM_BYTES["peers" if job.peer else "engine"]
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def gave_up(records: Records, job: Job, item: Item) -> bool:
    """Whether a peer failed at all of the last few questions."""
    before = job.items[: job.items.index(item)][-FAILURES:]
    return len(before) == FAILURES and all(failed(records.get(one.key, {})) for one in before)


def failed(record: dict[str, Any]) -> bool:
    return "error" in record or record.get("status", "").startswith(("no answer", "time_limit"))


def measured(job: Job, item: Item) -> dict[str, Any]:
    """Measure one item; whatever goes wrong in it is its result."""
    from siting_against import measure_peer
    from siting_extras import TASKS
    from siting_tasks import NotThereError

    start = time.monotonic()
    try:
        if job.peer:
            record = measure_peer(job.peer, item.instance, item.limit_s, turns=TURNS, quick_s=QUICK_TURN_S)
        else:
            record = TASKS[item.task](item.instance, item.limit_s, item.key)
    except ImportError as error:
        record = {"error": f"absent: {error}"}
    except NotThereError as error:
        record = {"error": f"not there: {error}"}
    except MemoryError:
        record = {"error": f"out of memory ({ROOM_BYTES['peers' if job.peer else 'engine'] >> 30} GiB)"}
    except Exception as error:  # noqa: BLE001 - a peer may raise anything, and the others go on
        record = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
    return record | {"took_s": round(time.monotonic() - start, 1)}


# all jobs, each in its own process


def work_off(job: Job, options: argparse.Namespace) -> Records:
    """Let processes work at a job until nothing is left; what breaks or outlasts its time is a result, too."""
    path = file_of(job, options)
    while True:
        records = kept(job, options)
        keep(path, records)
        left = [item for item in job.items if item.key not in records]
        if not left:
            return records
        words = [sys.executable, __file__, *options.words, "--job", job.words]
        # Some peers write to standard output from C; what the processes have to say is in files.
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ | ONE_THREAD, start_new_session=True)
        try:
            ending = watch(child, job, path)
        finally:
            stop(child)
        if ending is not None:
            note_ending(job, path, left, ending)


def watch(child: subprocess.Popen, job: Job, path: Path) -> str | None:
    """Wait for a process, but not longer than its item may take; say how it failed."""
    patience = {item.key: item.patience_s for item in job.items}
    while True:
        try:
            code = child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            for key, record in json.loads(path.read_text()).items():
                allowed = patience.get(key, 0.0) * record.get("slowness", 1.0)
                if "began" in record and time.time() - record["began"] > allowed:
                    return f"did not finish in {allowed:.0f} s of wall time"
            continue
        return None if code == 0 else f"the process ended with {code}"


def stop(child: subprocess.Popen) -> None:
    """End a process that was started here, with the solvers it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def note_ending(job: Job, path: Path, left: list[Item], ending: str) -> None:
    """Put a failed process down as the result of the item it was at; of all that are left if it was at none."""
    records: Records = json.loads(path.read_text())
    began = [key for key, record in records.items() if "began" in record] or [item.key for item in left]
    state = {"engine": engine_digest(), "peers": peers_digest() if job.peer else ""}
    limits = {item.key: item.limit_s for item in job.items}
    for key in began:
        took = round(time.time() - records.get(key, {}).get("began", time.time()), 1)
        records[key] = {"error": ending, "took_s": took, "limit_s": limits.get(key), "state": state}
    keep(path, records)


def everything_kept(options: argparse.Namespace) -> dict[str, Records]:
    """Read all results of this state, those of other runs as well, so that a report of some parts loses no other part."""
    every = argparse.Namespace(**vars(options) | {"only": None, "quick": False, "long": True, "no_peers": False})
    found = {job.words: kept(job, every) for job in jobs(every)}
    return {words: records for words, records in found.items() if records}


def setting(options: argparse.Namespace, results: dict[str, Records]) -> list[str]:
    """Say where, when and how it was measured."""
    from siting_peers import LICENCES, versions

    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    took = sum(record.get("took_s", 0.0) for records in results.values() for record in records.values())
    peers = ", ".join(f"{package} {found} ({LICENCES[package]})" for package, found in versions().items())
    command = " ".join(["python benchmarks/siting.py", *(word for word in options.words if word != "--write")])
    return [
        f"Command: `{command}`; {took / 60:.0f} minutes in all, {time.strftime('%Y-%m-%d')}.",
        f"Machine: one core of {os.cpu_count()} shared ones, {model.partition(':')[2].strip()}; "
        f"Python {platform.python_version()}. CPU seconds after compilation, one thread each; limits are of wall time, stretched "
        "where other work slows the machine, by how much was tried before each question.",
        f"Peers: {peers or 'none'}; all optional, for the benchmark only, {options.peer_limit:g} s each.",
        "pmed21–40 are not to be had here: made21–40 are seeded graphs with as many nodes, sites and edges of the same "
        "lengths. County: 30,000 cells, 2,000 candidates, 100 schools; nation: 400,000 cells, 3,100 candidates, about 60 "
        "million pairs in reach; both drawn with a seed.",
        "Every answer of the engine is checked: objective recomputed from sites and places, rules tried, bound held "
        "against the best known value.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0].strip())
    parser.add_argument("--only", help=f"parts, with commas [{','.join(PARTS)}]", type=lambda words: words.split(","))
    parser.add_argument("--quick", action="store_true", help="a few small questions and quick peers")
    parser.add_argument("--long", action="store_true", help="more instances, and limits of ten minutes")
    parser.add_argument("--no-peers", action="store_true", help="the engine alone")
    parser.add_argument("--peer-limit", type=float, help="seconds for a peer to answer a question [60, quick: 10]")
    parser.add_argument("--write", action="store_true", help="write the tables into benchmarks/README.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results [%(default)s]")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # one job, done in this process
    options = parser.parse_args()
    options.words = sys.argv[1:]
    options.peer_limit = options.peer_limit or (10.0 if options.quick else 60.0)
    if unknown := set(options.only or ()) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    options.results.mkdir(parents=True, exist_ok=True)
    if options.job:
        job = next(job for job in jobs(options) if job.words == options.job)
        confine(job)
        work(job, options)
        return
    from siting_report import report, write_section

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a stop ends the process at work as well
    for job in jobs(options):
        work_off(job, options)
    results = everything_kept(options)
    text = report(results, setting(options, results))
    print(text)
    if options.write:
        write_section(text, ROOT / "benchmarks" / "README.md")


if __name__ == "__main__":
    main()
