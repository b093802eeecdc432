"""
What printing takes: ``python benchmarks/report_speed.py RUN [--times 3]``, RUN being the folder of a finished run of the demo county.

Opening the run is timed by itself; then the report as PDF and as Word, and the hearing sheets of the first question with new sites, each as
a planner asks for it: everything worked out, drawn and set anew. Kernels and fonts are warm after the first time, which is told apart.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from planning.report.printing.hearing import hearing_of_answer, print_hearing
from planning.report.printing.pdf import count_pages
from planning.report.printing.report import print_report
from planning.scenario.saved import load_run


def timed(work: Callable[[], bytes], times: int) -> tuple[bytes, float, list[float], list[float]]:
    """Give what was made, the first time's wall seconds, and wall and CPU seconds of the others."""
    walls, cpus, made = [], [], b""
    for _ in range(times + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        made = work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return made, walls[0], walls[1:], cpus[1:]


def main() -> None:
    """Print the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    began = time.perf_counter()
    result = load_run(given.run / "state")
    print(f"opening the run: {time.perf_counter() - began:.1f} s")
    question = next(
        answer.question.name for answer in result.answers if answer.after is not None and answer.proposal.sites
    )
    kinds: dict[str, Callable[[], bytes]] = {
        "report, PDF": lambda: print_report(result, language="zh"),
        "report, Word": lambda: print_report(result, format="docx", language="zh"),
        "hearing sheets, PDF": lambda: print_hearing(hearing_of_answer(result, question), language="zh"),
    }
    for name, work in kinds.items():
        made, first, walls, cpus = timed(work, given.times)
        pages = f"{count_pages(made)} pages" if made[:4] == b"%PDF" else "–"
        print(
            f"| {name} | {pages} | {len(made) / 1e6:.1f} MB | {first:.1f} s | {statistics.median(walls):.1f} s | {statistics.median(cpus):.1f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
