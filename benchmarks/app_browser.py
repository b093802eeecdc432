"""
One planner at work: ``python benchmarks/app_browser.py --run DIR [--edits 30]``, on a finished run (the demo county otherwise).

Schools are placed and dragged by mouse in a real Chromium. Timed is what a planner feels: from the mouse button's release until the map is
painted anew, and until the figures of the page have changed; and until the ghost of a school stands where was clicked. Bytes are counted on
the wire, by a relay between browser and server: everything that the server sends from the click until half a second after the last change.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from app_sessions import MAP, ROOT, served
from playwright.sync_api import Frame, Page, sync_playwright

#: Notes the times of what follows the next release of the mouse button; all clocks are the frame's.
WATCH = """() => {
  const node = document.getElementById('map_div'), page = parent.document, seen = (window.bench = {});
  const figures = () => page.querySelector('.pl-figures')?.innerText;
  const note = (name) => requestAnimationFrame(() => { if (!seen[name]) seen[name] = performance.now() - seen.began; });
  window.addEventListener('mouseup', () => Object.assign(seen, { began: performance.now(), map: 0, figures: 0, ghost: 0, said: figures() }), true);
  new MutationObserver(() => note('map')).observe(node, { attributes: true, attributeFilter: ['data-revision'] });
  new MutationObserver(() => { if (node.querySelector('.is-ghost')) note('ghost'); }).observe(node, { subtree: true, childList: true });
  new MutationObserver(() => { if (figures() && figures() !== seen.said) note('figures'); })
    .observe(page.body, { subtree: true, childList: true, characterData: true });
}"""
SETTLED = "() => window.bench.map && (window.bench.figures || performance.now() - window.bench.began > 8000)"
MEASURES = ("map", "figures", "ghost", "kilobytes")


class Relay:
    """Passes bytes between the browser and the server, and counts those from the server."""

    def __init__(self, port: int) -> None:
        self.received = 0
        self._target = port
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._welcome, daemon=True).start()

    def _welcome(self) -> None:
        while True:
            browser, _ = self._door.accept()
            server = socket.create_connection(("127.0.0.1", self._target))
            for way, counted in (((browser, server), False), ((server, browser), True)):
                threading.Thread(target=self._pass, args=(*way, counted), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                self.received += len(data) if counted else 0
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def edits(page: Page, relay: Relay, n: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Place a school and drag it, n times; each pair is undone, so that every edit meets the same plan."""
    frame = next(frame for frame in page.frames if "streamlit_folium" in frame.url)
    frame.evaluate(WATCH)
    box = page.frame_locator(MAP).locator("#map_div").bounding_box()
    assert box is not None
    chance = random.Random(1)
    done = 0
    while done < n:
        at = box["x"] + box["width"] * chance.uniform(0.3, 0.65), box["y"] + box["height"] * chance.uniform(0.3, 0.7)
        if not frame.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('.planmap-school') === null",
                              [at[0] - box["x"], at[1] - box["y"]]):  # fmt: skip
            continue
        page.mouse.move(*at)
        placed = _timed(page, frame, relay, lambda at=at: page.mouse.click(*at))  # type: ignore[misc]
        if placed is None:
            continue
        mark = page.frame_locator(MAP).locator(".leaflet-marker-icon.is-new").last.bounding_box()
        assert mark is not None
        x, y = mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2
        dragged = _timed(page, frame, relay, lambda x=x, y=y: _drag(page, x, y))  # type: ignore[misc]
        if dragged is not None:  # a pair of which either ended outside the county is not counted
            done += 1
            yield "place", placed
            yield "drag", dragged
        for _ in range(1 if dragged is None else 2):
            before = frame.evaluate("document.getElementById('map_div').dataset.revision")
            page.locator(".st-key-undo button").click()
            frame.wait_for_function("r => document.getElementById('map_div').dataset.revision !== r", arg=before)
        page.wait_for_timeout(600)


def _timed(page: Page, frame: Frame, relay: Relay, act: Callable[[], None]) -> dict[str, float] | None:
    """Do one thing; None where the county refuses it."""
    sent = relay.received
    act()
    frame.wait_for_function(SETTLED, timeout=30_000)
    page.wait_for_timeout(500)
    if page.locator(".st-key-pl-complaints .pl-error").count():
        return None
    seen = frame.evaluate("window.bench")
    return {**{name: float(seen[name]) for name in MEASURES[:3]}, "kilobytes": (relay.received - sent) / 1000}


def _drag(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 45, y - 30, steps=5)
    page.mouse.up()


def measure(address: str, n: int, layer: str | None) -> dict[str, list[dict[str, float]]]:
    """Work on the planning page of an address."""
    relay = Relay(urlsplit(address).port or 80)
    found: dict[str, list[dict[str, float]]] = {"place": [], "drag": []}
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{relay.port}/plan?lang=en")
        page.locator(MAP).wait_for(timeout=180_000)
        page.frame_locator(MAP).locator("#map_div[data-ready='1'][data-revision]").wait_for(timeout=60_000)
        page.wait_for_timeout(2_000)
        if layer:
            page.locator(".st-key-plan-view input").click()
            page.get_by_role("option", name=layer, exact=True).click()
            page.wait_for_timeout(2_000)
        for kind, row in edits(page, relay, n):
            found[kind].append(row)
        browser.close()
    return found


def main() -> None:
    """Print the table for benchmarks/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=30)
    parser.add_argument("--run", type=Path, help="folder of a finished run; the demo county is run otherwise")
    parser.add_argument("--layer", help="the map's layer, by its English name")
    parser.add_argument("--address", help="a server under way, instead of a run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        run = given.run or Path(scratch) / "demo"
        if given.run is None and given.address is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        found = measure(given.address or stack.enter_context(served(run)), given.edits, given.layer)
    for kind, rows in found.items():
        for name in MEASURES:
            values = sorted(row[name] for row in rows if row[name])
            if values:
                unit = "kB" if name == "kilobytes" else "ms"
                high = values[int(0.95 * (len(values) - 1))]
                print(
                    f"| {kind} | {name} | {len(values)} | {statistics.median(values):.0f} {unit} | {high:.0f} {unit} | {values[-1]:.0f} {unit} |"
                )


if __name__ == "__main__":
    main()
