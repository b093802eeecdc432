"""The results of the travel benchmark in words and tables, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from travel_peers import CONTRACTED, FULL, LIBRARIES, PEERS

BEGIN, END = "<!-- travel:begin -->", "<!-- travel:end -->"
GROWING = ("50k", "200k", "1M")

Results = dict[str, dict[str, Any]]  # by network; each with its parts
Range = tuple[float, float, float]  # median, lowest, highest


@dataclass(frozen=True)
class Promise:
    """One line of what must hold, and how it is read from the results."""

    words: str
    network: str
    must: float
    goal: float | None
    unit: str  # "x": at least so many times; others: at most
    measured: Callable[[Results, str], Range | None]

    def holds(self, value: float) -> bool:
        return value >= self.must if self.unit == "x" else value <= self.must


def ratio(task: str, peers: list[str]) -> Callable[[Results, str], Range | None]:
    """How many times quicker the engine is than the quickest of some peers."""

    def measured(results: Results, network: str) -> Range | None:
        found = [pair for peer in peers if (pair := paired(results, network, peer, task))]
        if not found:
            return None
        return ratio_range(min(found, key=lambda pair: np.median(pair["peer"])), task)

    return measured


def ratio_range(pair: dict[str, Any], task: str) -> Range:
    """Ratios within each turn; for what-ifs, each of another school, only that of the medians."""
    if task.startswith("what-if"):
        median = float(np.median(pair["peer"]) / np.median(pair["engine"]))
        return median, median, median
    return spread(np.array(pair["peer"]) / np.array(pair["engine"]))


def paired(results: Results, network: str, peer: str, task: str) -> dict[str, Any] | None:
    """Give the turns of the engine and a peer, where both can do the task."""
    return results.get(network, {}).get(f"against {peer}", {}).get("tasks", {}).get(task)


def seconds(task: str, *, share: float = 0.5) -> Callable[[Results, str], Range | None]:
    """The engine's own median, or another quantile, of CPU seconds."""

    def measured(results: Results, network: str) -> Range | None:
        found = results.get(network, {}).get("engine", {}).get(task)
        return spread(found, share) if found else None

    return measured


def times_quicker_than_build(results: Results, network: str) -> Range | None:
    build, again = seconds("build")(results, network), seconds("with_costs")(results, network)
    return (build[0] / again[0], build[1] / again[2], build[2] / again[1]) if build and again else None


def growth(task: str) -> Callable[[Results, str], Range | None]:
    """Exponent of seconds in the number of nodes: least squares through the logarithms."""

    def measured(results: Results, network: str) -> Range | None:
        points = [(results[name]["nodes"], seconds(task)(results, name)) for name in GROWING if name in results]
        if len(points) < len(GROWING) or any(taken is None for _, taken in points):
            return None
        logarithms = np.log([(nodes, *taken) for nodes, taken in points if taken])
        slopes = [float(np.polyfit(logarithms[:, 0], logarithms[:, column], 1)[0]) for column in (1, 2, 3)]
        return slopes[0], min(slopes), max(slopes)

    return measured


def most_memory(results: Results, network: str) -> Range | None:
    found = results.get(network, {}).get("memory")
    if not found or "build" not in found:
        return None
    most = max(value for name, value in found.items() if name not in ("router kept", "wall_s"))
    return most, most, most


def process(which: str, until: str) -> Callable[[Results, str], Range | None]:
    """CPU seconds of a first or a later process until its first answer, or until every task has run once."""

    def measured(results: Results, network: str) -> Range | None:
        found = results.get(network, {}).get("cold", {}).get(which)
        return (found[until], found["first answer"], found["every task"]) if found else None

    return measured


def differing(results: Results, network: str) -> Range | None:
    found = results.get(network, {}).get("check")
    if not found:
        return None
    total = float(sum(tally["differing"] for tally in found.values() if isinstance(tally, dict)))
    return total, total, total


def spread(values: Any, share: float = 0.5) -> Range:
    return float(np.quantile(values, share)), float(np.min(values)), float(np.max(values))


def promises(results: Results) -> Iterator[Promise]:
    """Every line of what must hold, with its goal."""
    town, million = "porto", "1M"
    for network in results:
        yield Promise("Answers that differ from scipy's", network, 0, 0, "", differing)
    yield Promise("Matrix, against scipy", town, 700, 1500, "x", ratio("matrix", [FULL]))
    yield Promise("Matrix, against scipy on the contracted graph", town, 250, 550, "x", ratio("matrix", [CONTRACTED]))
    yield Promise("Matrix, against the best library", town, 90, 200, "x", ratio("matrix", LIBRARIES))
    limited = ratio("limited matrix", [CONTRACTED])
    yield Promise("Matrix within 5 km, against scipy on the contracted graph", town, 12, 40, "x", limited)
    yield Promise("Nearest of 100, against scipy", town, 25, 60, "x", ratio("nearest", [FULL]))
    yield Promise("Five nearest, against scipy", town, 200, 500, "x", ratio("five nearest", [FULL]))
    yield Promise("What-if: one school more, against scipy", town, 80, 400, "x", ratio("what-if: add", [FULL]))
    yield Promise("What-if: one school less, against scipy", town, 80, 400, "x", ratio("what-if: remove", [FULL]))
    added, removed = seconds("what-if: add", share=0.95), seconds("what-if: remove", share=0.95)
    yield Promise("What-if: one school more, 95 of 100 within", million, 1e-3, 0.2e-3, "s", added)
    yield Promise("What-if: one school less, 95 of 100 within", million, 5e-3, None, "s", removed)
    yield Promise("Build, to a first answer", town, 0.6, 0.3, "s", seconds("build"))
    yield Promise("Build, to a first answer", million, 5, 2, "s", seconds("build"))
    for network in (town, million):
        yield Promise("Other costs, against a build", network, 10, None, "x", times_quicker_than_build)
    for task, must in (("build", 1.25), ("nearest", 1.05), ("matrix, reused buffer", 0.75), ("limited matrix", 0.1)):
        yield Promise(f"Growth with nodes, exponent: {task}", " to ".join(GROWING[::2]), must, None, "", growth(task))
    yield Promise("Memory beyond the result", town, 150, None, "MB", most_memory)
    yield Promise("Memory beyond the result", million, 500, None, "MB", most_memory)
    yield Promise("First process ever, CPU with all compilation", town, 30, None, "s", process("first", "every task"))
    yield Promise("Later processes, CPU to the first answer", town, 2, None, "s", process("later", "first answer"))


def amount(value: float, unit: str) -> str:
    """Put a figure into words with its unit."""
    if unit == "x":
        return f"{value:,.0f}x" if value >= 10 else f"{value:.1f}x"
    if unit == "MB":
        return f"{value:,.0f} MB"
    if unit == "s":
        return f"{value:,.3g} s" if value >= 1 else f"{value * 1e3:.3g} ms"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def low_to_high(value: Range, unit: str) -> str:
    return "" if value[1] == value[2] else f"{amount(value[1], unit)} – {amount(value[2], unit)}"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def promise_table(results: Results) -> str:
    rows = []
    for promise in promises(results):
        value = promise.measured(results, promise.network)
        must, goal = ("" if bound is None else amount(bound, promise.unit) for bound in (promise.must, promise.goal))
        found = ["not run", "", ""]
        if value:
            holds = "yes" if promise.holds(value[0]) else "**no**"
            found = [amount(value[0], promise.unit), low_to_high(value, promise.unit), holds]
        rows.append([promise.words, promise.network, must, goal, *found])
    return table(["what", "network", "must hold", "goal", "measured", "lowest – highest", "holds"], rows)


def seconds_table(results: Results) -> str:
    """The engine's own seconds, a column for each network."""
    tasks = dict.fromkeys(task for parts in results.values() for task in parts.get("engine", {}) if task != "wall_s")
    rows = []
    for task in tasks:
        row = [task]
        for network in results:
            value = seconds(task)(results, network)
            row.append(f"{amount(value[0], 's')} ({low_to_high(value, 's')})" if value else "")
        rows.append(row)
    heads = [f"{network}: {parts['nodes']:,} nodes, {parts['arcs']:,} arcs" for network, parts in results.items()]
    return table(["CPU, median (lowest – highest)", *heads], rows)


def peer_table(parts: dict[str, Any], name: str) -> str:
    """Each peer's seconds for each task, and how many times quicker the engine was in the same turns."""
    peers = [peer for peer in PEERS if f"against {peer}" in parts]
    tasks = ("matrix", "limited matrix", "nearest", "five nearest", "what-if: add", "what-if: remove")
    rows = []
    for peer in peers:
        part = parts[f"against {peer}"]
        if "absent" in part:
            rows.append([peer, f"absent: {part['absent']}", *[""] * (len(tasks) + 2)])
            continue
        cells = [peer_cell(part["tasks"].get(task), task) for task in tasks]
        apart = max((task.get("apart", 0.0) for task in part["tasks"].values()), default=0.0)
        memory = amount(part["memory"], "MB") if "memory" in part else "–"
        rows.append([peer, amount(part["build"], "s"), *cells, memory, f"{apart:.3g}"])
    return table([f"on {name}", "build", *tasks, "memory", "largest difference"], rows)


def peer_cell(pair: dict[str, Any] | None, task: str) -> str:
    if pair is None:
        return "–"
    median, low, high = ratio_range(pair, task)
    noise = "" if low == high else f" ({low_to_high((median, low, high), 'x')})"
    scaled = f", scaled from {pair['rows']:,} sites" if pair.get("rows", 0) < pair.get("of", 0) else ""
    return f"{amount(float(np.median(pair['peer'])), 's')}: {amount(median, 'x')}{noise}{scaled}"


def check_table(results: Results) -> str:
    """What was compared with scipy and how much of it differs."""
    rows = []
    for network, parts in results.items():
        for task, tally in parts.get("check", {}).items():
            if isinstance(tally, dict):
                rows.append([network, task, f"{tally['compared']:,}", f"{tally['differing']:,}"])
    return table(["network", "answers", "compared", "differing"], rows)


def memory_table(results: Results) -> str:
    """Memory beyond the result, task by task."""
    measured = {network: parts["memory"] for network, parts in results.items() if "build" in parts.get("memory", {})}
    phases = dict.fromkeys(phase for found in measured.values() for phase in found if phase != "wall_s")
    rows = [[phase, *(amount(found[phase], "MB") for found in measured.values())] for phase in phases]
    return table(["memory beyond the result", *measured], rows)


def report(results: Results, setting: list[str]) -> str:
    """The whole section."""
    peers = [peer_table(parts, name) for name, parts in results.items()]
    return "\n\n".join(
        [
            "\n".join(f"- {line}" for line in setting),
            promise_table(results),
            seconds_table(results),
            *peers,
            check_table(results),
            memory_table(results),
        ]
    )


def write_section(text: str, readme: Path) -> None:
    """Put the text between the two markers of a file."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
