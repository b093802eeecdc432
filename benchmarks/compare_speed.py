"""
What it takes to compare four scenarios of the demo county, once each is worked out: ``python benchmarks/compare_speed.py``.

Rows: working one scenario out (kernels warm), comparing four, and writing all files of the comparison.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from planning.config import load_project
from planning.scenario.comparison import compare, evaluate_plan
from planning.scenario.edits import CloseSchool, Edit, NewSchool, SetSeats
from planning.scenario.prepare import prepare

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo" / "project.yaml"


def main() -> None:
    """Time it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    county = prepare(load_project(DEMO))
    points = county.schools.index[county.schools["kind"] == "teaching_point"]
    primary = county.schools.index[county.schools["kind"] == "primary"]

    def new(number: int, cell: int) -> NewSchool:
        place = county.cells.geometry.iloc[cell]
        return NewSchool(f"new-{number}", f"new {number}", place.x, place.y, "primary", 270, "primary")

    layouts: dict[str, tuple[Edit, ...]] = {
        "today": (),
        "one": (new(1, 3000),),
        "two": (new(1, 3000), new(2, 15000), CloseSchool(points[0]), CloseSchool(points[3])),
        "merge": (CloseSchool(primary[4]), CloseSchool(primary[9]), SetSeats(primary[1], "primary", 900)),
    }
    for name, edits in layouts.items():  # kernels and bases first
        evaluate_plan(county, name, edits)
    plans, seconds = [], []
    for name, edits in layouts.items():
        start = clock()
        plans.append(evaluate_plan(county, name, edits))
        seconds.append(since(start))
    tell("one scenario, worked out", seconds)
    seconds = []
    for _ in range(rounds):
        start = clock()
        comparison = compare(plans)
        seconds.append(since(start))
    tell("four scenarios, compared", seconds)
    from planning.report.comparison_files import write_comparison

    seconds = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            start = clock()
            write_comparison(comparison, plans, Path(folder))
            seconds.append(since(start))
    tell("all files of the comparison", seconds)


def clock() -> tuple[float, float]:
    """Read the clock of the processor, of this process alone, and that on the wall."""
    return time.process_time(), time.perf_counter()


def since(start: tuple[float, float]) -> tuple[float, float]:
    """Give what has passed since [s]."""
    cpu, wall = clock()
    return cpu - start[0], wall - start[1]


def tell(what: str, seconds: list[tuple[float, float]]) -> None:
    """Write a row: median of the processor's seconds, median and most of those on the wall."""
    cpu, wall = (sorted(column) for column in zip(*seconds, strict=True))
    middle = len(seconds) // 2
    sys.stdout.write(f"| {what} | CPU {cpu[middle]:.2f} s | wall {wall[middle]:.2f} s | at most {wall[-1]:.2f} s |\n")


if __name__ == "__main__":
    main()
