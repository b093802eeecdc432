"""
What a click costs the server: one edit on the demo county and on Grande Comore, ten planners at once, opening a finished run.

    python benchmarks/app_speed.py [--run DIR] [--edits 30]

CPU seconds are those of the whole process; kernels are warm. Grande Comore is left out where the shared data are not there
(``PLANNING_DATA``). ``--run`` names the folder of a finished run of the demo, to time how long it takes to open.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from planning.scenario.edits import CloseSchool, Edit, MoveSchool, NewSchool, SetSeats
from planning.ui.workspace import Source, Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo" / "project.yaml"
STAGE = "primary"
PLANNERS = 10


def edits_of(workspace: Workspace, seed: int) -> Iterator[Edit]:
    """Draw edits without end: new, moved, closed, resized, in turn."""
    rng = np.random.default_rng(seed)
    cells, schools = workspace.county.cells, workspace.base[STAGE].sites.index.to_list()
    while True:
        here = cells.geometry.iloc[rng.integers(len(cells))]
        x, y = here.x + rng.uniform(-300, 300), here.y + rng.uniform(-300, 300)
        school = schools[rng.integers(len(schools))]
        yield NewSchool("bench", "bench", x, y, STAGE, int(rng.integers(50, 500)), "primary")
        yield MoveSchool(school, x, y)
        yield CloseSchool(school)
        yield SetSeats(school, STAGE, int(rng.integers(20, 600)))


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Give CPU and wall seconds of a piece of work."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def line(what: str, cpu: list[float], wall: list[float]) -> None:
    """Write a row of the table."""
    values = [value for seconds in (cpu, wall) for value in np.quantile(seconds, [0.5, 0.95])] if cpu else []
    values = values or [np.nan, np.nan, *np.quantile(wall, [0.5, 0.95])]
    sys.stdout.write(f"| {what} | " + " | ".join("–" if np.isnan(v) else f"{v:.3f}" for v in values) + " |\n")


def one_by_one(name: str, workspace: Workspace, n: int) -> None:
    """Time edits, each asked for alone."""
    drawn = edits_of(workspace, 1)
    for _ in range(4):
        workspace.state(STAGE, (next(drawn),))
    for kind in (NewSchool, MoveSchool, CloseSchool, SetSeats):
        seconds = []
        while len(seconds) < max(1, n // 4):
            edit = next(drawn)
            if isinstance(edit, kind):
                seconds.append(measured(lambda edit=edit: workspace.state(STAGE, (edit,))))
        line(f"{name}: {kind.__name__}", [cpu for cpu, _ in seconds], [wall for _, wall in seconds])


def at_once(name: str, workspace: Workspace, n: int) -> None:
    """Time the answers to ten planners, each of whom asks again as soon as he is answered."""

    def planner(seed: int) -> list[float]:
        drawn = edits_of(workspace, 100 + seed)
        return [measured(lambda: workspace.state(STAGE, (next(drawn),)))[1] for _ in range(max(1, n // 4))]

    with ThreadPoolExecutor(PLANNERS) as pool:
        waits = [wait for asked in pool.map(planner, range(PLANNERS)) for wait in asked]
    line(f"{name}: {PLANNERS} planners at once", [], waits)


def opened(source: Source) -> Workspace:
    """Open a county without a word."""
    return open_workspace(source, source.key(), lambda share, doing: None)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="folder of a finished run of the demo")
    parser.add_argument("--edits", type=int, default=32, help="edits of each measurement")
    options = parser.parse_args()
    sys.stdout.write("| | CPU median [s] | CPU p95 [s] | wall median [s] | wall p95 [s] |\n|---|---|---|---|---|\n")
    counties = {"demo": DEMO}
    shared = Path(os.environ.get("PLANNING_DATA", ROOT.parent / "shared" / "data"))
    with tempfile.TemporaryDirectory() as folder:
        if (shared / "ngazidja").is_dir():
            text = (ROOT / "tests" / "data" / "ngazidja.yaml").read_text("utf-8")
            counties["Grande Comore"] = Path(folder) / "ngazidja.yaml"
            counties["Grande Comore"].write_text(text.replace("{data}", str(shared)), "utf-8")
        for name, project in counties.items():
            workspace = opened(Source(project))
            one_by_one(name, workspace, options.edits)
            at_once(name, workspace, options.edits)
    if options.run is not None:
        source = Source(DEMO, options.run)
        opened(source)  # draws the map where it is not kept yet
        seconds = [measured(lambda: opened(source)) for _ in range(3)]
        line("a finished run opened", [cpu for cpu, _ in seconds], [wall for _, wall in seconds])


if __name__ == "__main__":
    main()
