"""
How long a page takes to stand: ``python benchmarks/app_pages.py [--run DIR] [--visits 5]``, on a finished run (the demo county otherwise).

A visitor opens the address in a fresh browser context, so that nothing is cached there; timed is from asking for the address until the
page's own content is in sight and the server has run the page to its end. The first visitor of a server process waits for what every later
one finds ready (``first``); ``warm`` are those that follow.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app_sessions import MAP, ROOT, served
from playwright.sync_api import Browser, Page, sync_playwright

#: What a page is asked for: a thing of its own that must be in sight.
PAGES = {
    "county": ".pl-table",
    "access": MAP,
    "plan": MAP,
    "propose": ".st-key-pl-question",
    "children": ".st-key-pl-years-bar",
    "boarding": ".st-key-pl-boarding-bar",
    "standards": ".pl-table",
    "closures": ".pl-table, .pl-empty",
    "export": ".pl-files",
}
RESTS = "[data-test-script-state=notRunning]"


def _stands(page: Page, name: str) -> None:
    page.wait_for_selector(PAGES[name], timeout=180_000)
    if PAGES[name] == MAP:
        page.frame_locator(MAP).locator("#map_div[data-ready='1'][data-revision]").wait_for(timeout=180_000)
    page.wait_for_selector(RESTS, state="attached", timeout=180_000)


def visit(browser: Browser, address: str, name: str) -> float:
    """Open a page by its address as somebody new, and give the seconds until it stands."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{address}/{name}?lang=zh")
    _stands(page, name)
    took = time.perf_counter() - began
    context.close()
    return took


def main() -> None:
    """Print the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="folder of a finished run; the demo county is run otherwise")
    parser.add_argument("--visits", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        run = given.run or Path(scratch) / "demo"
        if given.run is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        address = stack.enter_context(served(run))
        browser = stack.enter_context(sync_playwright()).chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        print(f"| first visitor of the server | county | 1 | {visit(browser, address, 'county'):.1f} s | |", flush=True)
        for name in PAGES:
            first = visit(browser, address, name)
            took = [visit(browser, address, name) for _ in range(given.visits)]
            print(
                f"| warm | {name} | {given.visits} | {statistics.median(took):.1f} s | {max(took):.1f} s (its first {first:.1f} s) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
