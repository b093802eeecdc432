"""How long a full export takes: all layers in all formats, in a CGCS2000 zone, of a finished run.

python benchmarks/export_speed.py RUN_DIR
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from planning.i18n import get_translator
from planning.report.exchange import FORMATS, choose_system, exchange_layers, write_exchange
from planning.report.exchange.systems import county_bounds
from planning.scenario.saved import load_run

ROUNDS = 3


def main(run: Path) -> None:
    result = load_run(run / "state")
    county, t = result.county, get_translator("zh")
    bounds = county_bounds(county)
    system = choose_system("EPSG:4545", county.crs, bounds)
    for number in range(1, ROUNDS + 1):
        with tempfile.TemporaryDirectory() as folder:
            wall, used = time.perf_counter(), time.process_time()
            layers = exchange_layers(county, result.base, answers=result.answers)
            drawn, drawn_used = time.perf_counter(), time.process_time()
            done = write_exchange(
                layers, Path(folder), formats=tuple(FORMATS), system=system, bounds=bounds, t=t, encoding="GBK"
            )
            size = sum(file.stat().st_size for file in done.files) / 1e6
            print(
                f"round {number}: layers {drawn - wall:.2f} s (processor {drawn_used - used:.2f} s), "
                f"files {time.perf_counter() - drawn:.2f} s (processor {time.process_time() - drawn_used:.2f} s), "
                f"{len(done.files)} files, {size:.1f} MB"
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
