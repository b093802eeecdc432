"""The results of the siting benchmark in words and tables, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BEGIN, END = "<!-- siting:begin -->", "<!-- siting:end -->"
PBP, SPOPT, FLOW = "pbp-pmedian", "spopt, HiGHS", "OR-tools, min-cost flow"
EXACT = 1e-6  # up to here a gap is a proof

Record = dict[str, Any]
Results = dict[str, dict[str, Record]]  # by part, or part and peer; each by item


@dataclass(frozen=True)
class Figure:
    """What was measured."""

    value: float
    remark: str = ""
    partial: bool = False  # not all of it has run yet
    failed: bool = False  # the engine gave no answer somewhere


@dataclass(frozen=True)
class Promise:
    """One line of what must hold, and how it is read from the results."""

    words: str
    instance: str
    must: float
    goal: float | None
    unit: str  # "x" and "of": at least so many; others: at most
    measured: Callable[[Results], Figure | None]

    def holds(self, value: float) -> bool:
        return value >= self.must if self.unit in ("x", "of") else value <= self.must * (1 + 1e-9)


# reading figures


def engine(results: Results, part: str, pattern: str) -> list[tuple[str, Record]]:
    """Give the engine's records of a part whose names fit."""
    return [(key, record) for key, record in results.get(part, {}).items() if re.fullmatch(pattern, key)]


def all_of(
    part: str, pattern: str, count: int, figure: Callable[[list[Record]], float]
) -> Callable[[Results], Figure | None]:
    """Take a figure of many records, and say how many of them failed or are wanting."""

    def measured(results: Results) -> Figure | None:
        found = [record for _, record in engine(results, part, pattern)]
        good = [record for record in found if "error" not in record]
        if not found:
            return None
        wrong = [record["error"] for record in found if "error" in record]
        remark = "; ".join(
            [f"{len(found)} of {count} run"] * (len(found) < count) + [f"{len(wrong)} failed"] * bool(wrong)
        )
        value = figure(good) if good else float("nan")
        return Figure(value, remark if good else wrong[0], len(found) < count, bool(wrong))

    return measured


def total(name: str) -> Callable[[list[Record]], float]:
    return lambda records: float(sum(record[name] for record in records))


def worst(name: str) -> Callable[[list[Record]], float]:
    return lambda records: float(max(record.get(name, np.nan) for record in records))


def n_optimal(records: list[Record]) -> float:
    return float(sum(record["status"] == "optimal" and not record["faults"] for record in records))


def n_best(records: list[Record]) -> float:
    return float(sum(record["objective"] <= record["best_known"] * (1 + 1e-5) for record in records))


def above_best(records: list[Record]) -> float:
    """How far the worst of some answers is above the best that is known."""
    return float(max(record["objective"] / record["best_known"] - 1 for record in records))


def bound_beyond(records: list[Record]) -> float:
    return float(sum(record["bound"] > record["best_known"] * (1 + 2e-5) for record in records))


def both(
    *parts: Callable[[Results], Figure | None], join: Callable[[list[float]], float]
) -> Callable[[Results], Figure | None]:
    """Join the figures of several parts, where all of them are there."""

    def measured(results: Results) -> Figure | None:
        found = [figure for part in parts if (figure := part(results))]
        if not found:
            return None
        remark = ", ".join(figure.remark for figure in found if figure.remark)
        partial = len(found) < len(parts) or any(figure.partial for figure in found)
        value = join([figure.value for figure in found])
        return Figure(value, remark, partial, any(figure.failed for figure in found))

    return measured


def ratios(results: Results, peer: str, parts: tuple[str, ...]) -> dict[str, float]:
    """How many times quicker the engine was, by question: in turns where there are such, else by what each took alone."""
    found = {}
    for part in parts:
        for key, record in results.get(f"{part}, {peer}", {}).items():
            turns, own = record.get("in turns"), results.get(part, {}).get(key, {})
            if turns:
                found[key] = float(np.median(np.array(turns["peer"]) / np.maximum(turns["engine"], 1e-6)))
            elif finished(record) and "cpu_s" in own:
                found[key] = record.get("solver_s", record["cpu_s"]) / max(own["cpu_s"], 1e-6)
    return found


def finished(record: Record) -> bool:
    """Whether a peer ended by itself with an answer."""
    return (
        "error" not in record and record.get("status") in ("optimal", "called optimal") and not falsely_optimal(record)
    )


def falsely_optimal(record: Record) -> bool:
    """Whether a peer calls an answer optimal that is not the known optimum."""
    best = record.get("best_known", np.nan)
    called = record.get("status") in ("optimal", "called optimal")
    return bool(called and record.get("proven") and record.get("objective", best) > best * (1 + 1e-5))


def against(peer: str, parts: tuple[str, ...], share: float, pattern: str = ".*") -> Callable[[Results], Figure | None]:
    """Give the median, or the lowest, of the ratios to a peer, on the questions it finished."""

    def measured(results: Results) -> Figure | None:
        found = [ratio for key, ratio in ratios(results, peer, parts).items() if re.fullmatch(pattern, key)]
        asked = [key for part in parts for key in results.get(f"{part}, {peer}", {})]
        tried = sum(re.fullmatch(pattern, key) is not None for key in asked)
        if not found:
            return Figure(float("nan"), "the peer finished none") if tried else None
        return Figure(float(np.quantile(list(found), share)), f"on {len(found)} that it finished of {tried}")

    return measured


def one(part: str, key: str, name: str) -> Callable[[Results], Figure | None]:
    """Read one figure of one question."""

    def measured(results: Results) -> Figure | None:
        record = results.get(part, {}).get(key)
        if record is None:
            return None
        if "error" in record:
            return Figure(float("nan"), record["error"], failed=True)
        return Figure(float(record.get(name, np.nan)), record.get("status", ""))

    return measured


def search_s(key: str) -> Callable[[Results], Figure | None]:
    """CPU seconds after the lists; infinite where the answer is not proven."""

    def measured(results: Results) -> Figure | None:
        whole, lists = one("county", key, "cpu_s")(results), one("county", "lists", "cpu_s")(results)
        if whole is None or lists is None:
            return None
        if whole.failed or lists.failed:
            return whole if whole.failed else lists
        gap = results["county"][key].get("gap", np.inf)
        proven = gap <= EXACT
        remark = f"{'proven' if proven else 'gap ' + amount(gap, '%')}, {whole.value:.3g} s with the lists"
        return Figure(max(whole.value - lists.value, 0.0) if proven else float("inf"), remark)

    return measured


def proven_s(part: str, key: str) -> Callable[[Results], Figure | None]:
    def measured(results: Results) -> Figure | None:
        figure = one(part, key, "cpu_s")(results)
        gap = results.get(part, {}).get(key, {}).get("gap", 0.0)
        return figure if figure is None or gap <= EXACT else Figure(float("inf"), f"gap {amount(gap, '%')}")

    return measured


def same_cost(results: Results) -> Figure | None:
    """The largest difference of cost between engine and min-cost flow."""
    theirs, own = results.get(f"allocation, {FLOW}", {}), results.get("allocation", {})
    apart = [abs(own[key]["objective"] - theirs[key]["objective"]) for key in own if "objective" in theirs.get(key, {})]
    return Figure(max(apart), f"{len(apart)} questions", partial=len(apart) < 2) if apart else None


def faults(results: Results) -> Figure | None:
    found = [
        (part, key) for part, records in results.items() for key, record in records.items() if record.get("faults")
    ]
    answers = sum("faults" in record for records in results.values() for record in records.values())
    return Figure(float(len(found)), f"of {answers}" + "".join(f"; {part}: {key}" for part, key in found))


def promises() -> Iterator[Promise]:
    """Every line of what must hold, with its goal."""
    yield Promise("Answers of the engine that are wrong", "all", 0, 0, "", faults)
    easy = ("pmed", r"pmed\d+", 20)
    harder = ("made", r"made\d+", 20)
    yield Promise("Proven optimal", "pmed1–20", 20, 20, "of", all_of(*easy, n_optimal))
    yield Promise("CPU in all", "pmed1–20", 2, 1, "s", all_of(*easy, total("cpu_s")))
    yield Promise("CPU of the worst", "pmed1–20", 0.6, None, "s", all_of(*easy, worst("cpu_s")))
    counts = [all_of(*part, n_optimal) for part in (easy, harder)]
    yield Promise("Proven optimal", "pmed1–20, made21–40", 40, 40, "of", both(*counts, join=sum))
    sums = [all_of(*part, total("cpu_s")) for part in (easy, harder)]
    yield Promise("CPU in all", "pmed1–20, made21–40", 12, 8, "s", both(*sums, join=sum))
    tops = [all_of(*part, worst("cpu_s")) for part in (easy, harder)]
    yield Promise("CPU of the worst", "pmed1–20, made21–40", 5, 2, "s", both(*tops, join=max))
    medians = ("pmed", "made")
    yield Promise("Against pbp-pmedian, the least", "pmed1–20, made21–40", 1, None, "x", against(PBP, medians, 0))
    yield Promise("Against pbp-pmedian, median", "pmed1–20, made21–40", 30, None, "x", against(PBP, medians, 0.5))
    yield Promise("Against spopt + HiGHS, median", "those it finishes", 500, None, "x", against(SPOPT, ("pmed",), 0.5))
    yield Promise("Lists, CPU", "county", 2, 1, "s", one("county", "lists", "cpu_s"))
    most = all_of("county", r"lists|county.*", 4, worst("memory"))
    yield Promise("Memory beyond the question", "county", 1_000, None, "MB", most)
    for p, must, goal in ((10, 1, 0.5), (20, 3, 1), (50, 10, 5)):
        yield Promise("Proven, CPU after lists", f"county, p = {p}", must, goal, "s", search_s(f"county-p{p}"))
    yield Promise("Gap in 60 s", "greenfield, p = 100", 0.005, 0.001, "%", one("greenfield", "greenfield-p100", "gap"))
    yield Promise("Gap in 10 s", "county, coverage", 0.0015, None, "%", one("cover", "cover-p20 in 10 s", "gap"))
    yield Promise("Gap in 60 s", "county, coverage", 0.0015, 0.0002, "%", one("cover", "cover-p20 in 60 s", "gap"))
    yield Promise("Set cover proven, CPU", "county", 6, None, "s", proven_s("cover", "lscp"))
    for p in (20, 100, 200):
        yield Promise("Gap in 120 s", f"nation, p = {p}", 0.01, 0.002, "%", one("national", f"national-p{p}", "gap"))
    nation = [all_of("national", ".*", 3, worst("memory in all")), one("frontier", "frontier", "memory in all")]
    yield Promise("Frontier 1 … 200, CPU", "nation", 900, None, "s", one("frontier", "frontier", "cpu_s"))
    yield Promise("Memory in all", "nation", 8_000, None, "MB", both(*nation, join=max))
    for seats, must, goal in (("loose", 15, 20), ("tight", 8, 10)):
        ratio = against(FLOW, ("allocation",), 0.5, seats)
        yield Promise("Against OR-tools min-cost flow", f"150 x 30,000, {seats}", must, goal, "x", ratio)
    yield Promise("Cost apart from min-cost flow's", "150 x 30,000", 0, 0, "", same_cost)
    changes = all_of("allocation", ".*one change", 2, worst("cpu_s"))
    yield Promise("Again after one change", "150 x 30,000", 0.02, None, "s", changes)
    yield from capacitated_promises()


def capacitated_promises() -> Iterator[Promise]:
    county = "county, 30 of 2,000"
    yield Promise("Gap in 60 s", county, 0.04, None, "%", one("capacitated", "capacitated-p30", "gap"))
    yield Promise("Gap in 600 s", county, 0.01, None, "%", one("capacitated", "capacitated-p30 in 600 s", "gap"))
    yield Promise("Above the optimum in 60 s", "SJC1, SJC2", 0.002, None, "%", all_of("sjc", ".*", 2, above_best))
    yield Promise("Optimum found in 60 s each", "pmedcap1–10", 10, None, "of", all_of("pmedcap", ".*", 10, n_best))
    yield Promise("Proven optimal in 60 s each", "pmedcap1–10", 7, None, "of", all_of("pmedcap", ".*", 10, n_optimal))
    for place in ("zya", "gya"):
        free = ("kong", rf"{place}\d(-k\d+)?", 6)
        yield Promise(
            "Above the best known in 60 s", f"{place}, whole units", 0.005, 0.003, "%", all_of(*free, above_best)
        )
        zones = ("kong", rf"{place}.*-contiguous", 1)
        yield Promise("Above the best known in 60 s", f"{place}, zones", 0.015, None, "%", all_of(*zones, above_best))
    yield Promise("Bounds above the best known", "zya, gya", 0, 0, "", all_of("kong", ".*", 12, bound_beyond))
    for key in ("boarding", "layout"):
        yield Promise("CPU", f"demo county, {key}", 20, None, "s", one("demo", key, "cpu_s"))
        yield Promise("Gap", f"demo county, {key}", 0.01, None, "%", one("demo", key, "gap"))


# words and tables


def amount(value: float, unit: str) -> str:
    """Put a figure into words with its unit."""
    if np.isnan(value):
        return "–"
    if np.isinf(value):
        return "not proven" if unit == "s" else "none"
    if unit == "x":
        return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"
    if unit == "%":
        return f"{100 * value:.2g} %" if value > 1e-9 else "0 %"
    if unit == "s" and value < 1:
        return f"{1000 * value:.3g} ms"
    return f"{value:,.0f} MB" if unit == "MB" else f"{value:.3g} {unit if unit != 'of' else ''}".strip()


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def verdict(promise: Promise, found: Figure) -> str:
    """Say whether a promise is kept; nothing where too little has run to say so."""
    if found.failed:
        return "**no**"
    if found.partial or np.isnan(found.value):
        return ""
    return "yes" if promise.holds(found.value) else "**no**"


def promise_table(results: Results) -> str:
    rows = []
    for promise in promises():
        found = promise.measured(results)
        goal = "" if promise.goal is None else amount(promise.goal, promise.unit)
        row = [promise.words, promise.instance, amount(promise.must, promise.unit), goal]
        if found is None:
            rows.append([*row, "not run", "", ""])
            continue
        rows.append([*row, amount(found.value, promise.unit), found.remark, verdict(promise, found)])
    return table(["what", "instance", "must hold", "goal", "measured", "remark", "holds"], rows)


def engine_table(results: Results) -> str:
    """Each question that the engine was asked."""
    rows = []
    for part, records in results.items():
        for key, record in records.items() if ", " not in part else ():
            rows.append([part, key, record.get("size", ""), *answer_cells(record), "; ".join(record.get("faults", []))])
    heads = [
        "part",
        "question",
        "cells x sites",
        "CPU",
        "objective",
        "gap",
        "above best known",
        "status",
        "memory",
        "faults",
    ]
    return table(heads, rows)


def answer_cells(record: Record) -> list[str]:
    """CPU, objective, gap, distance to the best known value, status and memory of one answer."""
    if "error" in record:
        return ["", "", "", "", record["error"], ""]
    best, objective = record.get("best_known", np.nan), record.get("objective", np.nan)
    cells = [amount(record["cpu_s"], "s"), f"{objective:,.10g}" if np.isfinite(objective) else "none"]
    cells += [amount(record.get("gap", np.nan), "%"), amount(max(objective / best - 1, 0.0), "%")]
    return [*cells, record.get("status", ""), amount(record.get("memory", np.nan), "MB")]


def peer_table(results: Results) -> str:
    """Each question that a peer was asked, and how many times quicker the engine was."""
    rows = []
    for words, records in results.items():
        part, _, peer = words.partition(", ")
        found = ratios(results, peer, (part,)) if peer else {}
        skipped = [key for key, record in records.items() if record.get("skipped")]
        for key, record in records.items() if peer else ():
            if key in skipped[1:]:
                continue
            ratio = amount(found[key], "x") if key in found else ""
            rows.append([peer, key + (f" and {len(skipped) - 1} more" if key in skipped and len(skipped) > 1 else ""),
                         *peer_cells(record, results.get(part, {}).get(key, {})), ratio])  # fmt: skip
    heads = [
        "peer",
        "question",
        "CPU",
        "of it solver",
        "objective",
        "worse than the engine's",
        "says",
        "memory",
        "engine quicker",
    ]
    return table(heads, rows)


def peer_cells(record: Record, own: Record) -> list[str]:
    if "error" in record:
        return ["", "", "", "", record["error"], ""]
    objective, mine = record.get("objective", np.nan), own.get("objective", np.nan)
    says = record["status"] + (" (it is not)" if falsely_optimal(record) else "")
    solver = amount(record.get("solver_s", np.nan), "s")
    value = f"{objective:,.10g}" if np.isfinite(objective) else "none"
    apart = amount(abs(objective - mine) / max(abs(mine), 1e-9), "%")
    return [amount(record["cpu_s"], "s"), solver, value, apart, says, amount(record["memory"], "MB")]


def report(results: Results, setting: list[str]) -> str:
    """The whole section."""
    head = "\n".join(f"- {line}" for line in setting)
    return "\n\n".join([head, promise_table(results), engine_table(results), peer_table(results)])


def write_section(text: str, readme: Path) -> None:
    """Put the text between the two markers of a file."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
