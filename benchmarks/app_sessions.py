"""
Ten planners at once: ``python benchmarks/app_sessions.py [--sessions 10] [--edits 6] [--think 0]``.

Each has a browser context of its own on the demo county and places schools as fast as the app answers, or, with ``--think``, after a pause
about as long as that before each click (drawn evenly between half of it and one and a half). What is timed is what a planner
feels: from the click until the map is painted anew and the figures have changed. One server process, one Chromium, the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.async_api import Browser, Frame, Page, async_playwright

ROOT = Path(__file__).resolve().parents[1]
MAP = "iframe[title^='streamlit_folium']"
#: Clicks the map at a share of its size and waits for both answers: the map's revision, and the figures in the page around it. A school
#: that changes no figure is answered when the map is painted anew and nothing else has come within five seconds.
CLICK = """async ([x, y]) => {
  const node = document.getElementById('map_div'), before = node.dataset.revision, box = node.getBoundingClientRect();
  const figures = () => parent.document.querySelector('.pl-figures').innerText, said = figures();
  const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, view: window };
  const began = performance.now();
  for (const kind of ['mousedown', 'mouseup', 'click']) node.dispatchEvent(new MouseEvent(kind, at));
  const told = () => parent.document.querySelector('.st-key-pl-complaints .pl-error');
  let painted = null;
  while (performance.now() - began < 30000) {
    await new Promise(requestAnimationFrame);
    if (told()) return -1;
    if (painted === null && node.dataset.revision !== before) painted = performance.now() - began;
    if (painted !== null && figures() !== said) return performance.now() - began;
    if (painted !== null && performance.now() - began - painted > 5000) return painted;
  }
  return null;
}"""


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """Start the app on a finished run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as store:
        environment = {**os.environ, "PLANNING_RUN": str(run), "PLANNING_STORE": store}
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            for _ in range(240):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health"):
                    break
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(20)


async def open_plan(browser: Browser, address: str) -> tuple[Page, Frame]:
    """Let one planner in, as far as the map of the planning page."""
    page = await (await browser.new_context(viewport={"width": 1440, "height": 900})).new_page()
    await page.goto(f"{address}/plan?lang=zh")
    await page.locator(MAP).wait_for(timeout=180_000)
    await page.frame_locator(MAP).locator("#map_div[data-ready='1'][data-revision]").wait_for(timeout=60_000)
    return page, next(frame for frame in page.frames if "streamlit_folium" in frame.url)


async def edit(frame: Frame, seed: int, n: int, think: float) -> tuple[list[float], int]:
    """Place schools one after the other; a click outside the county is not counted, one that is never answered is a failure."""
    chance, took, failed = random.Random(seed), [], 0
    while len(took) + failed < n:
        await asyncio.sleep(think * chance.uniform(0.5, 1.5))
        answer = await frame.evaluate(CLICK, [chance.uniform(0.25, 0.75), chance.uniform(0.3, 0.75)])
        if answer is None:
            failed += 1
        elif answer >= 0:
            took.append(answer / 1000)
        else:
            await asyncio.sleep(1)
    return took, failed


async def measure(address: str, sessions: int, edits: int, think: float) -> tuple[list[float], int]:
    """Let all planners work at once."""
    async with async_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        rooms = [await open_plan(browser, address) for _ in range(sessions)]
        results = await asyncio.gather(*(edit(frame, number, edits, think) for number, (_, frame) in enumerate(rooms)))
        await browser.close()
    return [second for took, _ in results for second in took], sum(failed for _, failed in results)


def main() -> None:
    """Print the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--edits", type=int, default=6)
    parser.add_argument("--think", type=float, default=0.0, help="seconds that a planner looks before the next click")
    parser.add_argument("--run", type=Path, help="folder of a finished run; the demo county is run otherwise")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = given.run or Path(scratch) / "demo"
        if given.run is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        with served(run) as address:
            for sessions in sorted({1, given.sessions}):
                took, failed = asyncio.run(measure(address, sessions, given.edits, given.think))
                p95 = sorted(took)[int(0.95 * (len(took) - 1))]
                print(
                    f"| {sessions} | {len(took)} | {statistics.median(took):.2f} s | {p95:.2f} s | {max(took):.2f} s | {failed} |"
                )


if __name__ == "__main__":
    main()
