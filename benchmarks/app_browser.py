"""
Measure in a browser how long the planning map takes from a click to a repainted map and changed figures.

Start the app first, then: ``python benchmarks/app_browser.py http://127.0.0.1:8501 --edits 30``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from typing import Any

from playwright.sync_api import Page, sync_playwright

MAP = "iframe[title='streamlit_folium.st_folium']"
WATCH = """() => { window.benchFigures = 0;
  new MutationObserver(() => { window.benchFigures = performance.timeOrigin + performance.now(); })
    .observe(document.body, { subtree: true, childList: true, characterData: true }); }"""
WATCH_MAP = """() => { const node = document.getElementById('map_div'); window.benchMap = 0; window.benchGhost = 0;
  const now = () => performance.timeOrigin + performance.now();
  node.addEventListener('click', () => { window.benchClick = now(); window.benchGhost = 0; }, true);
  window.addEventListener('mouseup', () => { window.benchUp = now(); }, true);
  new MutationObserver(() => requestAnimationFrame(() => { window.benchMap = now(); }))
    .observe(node, { attributes: true, attributeFilter: ['data-revision'] });
  new MutationObserver(() => { if (!window.benchGhost && node.querySelector('.is-ghost'))
    requestAnimationFrame(() => { window.benchGhost = now(); }); }).observe(node, { subtree: true, childList: true }); }"""
FIGURES = "() => document.querySelector('.pl-figures')?.innerText"


def main() -> int:
    """Run placements and drags, and write a table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("address")
    options.add_argument("--edits", type=int, default=30)
    options.add_argument("--chromium", default="/usr/bin/chromium")
    options.add_argument("--pictures", help="folder for screenshots of the layers")
    chosen = options.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        wire: list[int] = []
        page.on("websocket", lambda ws: ws.on("framereceived", lambda data: wire.append(len(data))))
        page.goto(f"{chosen.address}/plan?lang=zh")
        page.wait_for_selector(MAP, timeout=180_000)
        page.frame_locator(MAP).locator("#map_div[data-ready='1'][data-revision]").wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        _edits(page, wire, chosen.edits)
        browser.close()
    return 0


def _edits(page: Page, wire: list[int], count: int) -> None:
    frame = next(f for f in page.frames if "streamlit_folium" in f.url)
    page.evaluate(WATCH)
    frame.evaluate(WATCH_MAP)
    box = page.frame_locator(MAP).locator("#map_div").bounding_box()
    assert box is not None
    rows: dict[str, list[dict[str, float]]] = {"place": [], "drag": []}
    for i in range(count):
        x = box["x"] + box["width"] * (0.36 + 0.28 * ((i * 0.618) % 1))
        y = box["y"] + box["height"] * (0.36 + 0.28 * ((i * 0.414) % 1))
        rows["place"].append(_timed(page, frame, wire, lambda at=(x, y): page.mouse.click(*at)))
        marker = page.frame_locator(MAP).locator(".leaflet-marker-icon.is-new").last.bounding_box()
        if marker is None:
            continue
        cx, cy = marker["x"] + marker["width"] / 2, marker["y"] + marker["height"] / 2
        rows["drag"].append(_timed(page, frame, wire, lambda at=(cx, cy): _drag(page, *at), drag=True))
        page.wait_for_timeout(450)
        page.get_by_role("button", name="撤销").click()
        page.wait_for_timeout(700)
        page.get_by_role("button", name="撤销").click()
        page.wait_for_timeout(700)
    for name, found in rows.items():
        for measure in ("map_ms", "figures_ms", "ghost_ms", "kilobytes"):
            values = sorted(row[measure] for row in found if row[measure] > 0)
            if values:
                high = values[min(len(values) - 1, int(0.95 * len(values)))]
                text = f"{name:6} {measure:11} n={len(values):3} median {statistics.median(values):8.1f}  p95 {high:8.1f}\n"
                sys.stdout.write(text)


def _drag(page: Page, x: float, y: float) -> None:
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 25, y - 15, steps=4)
    page.mouse.up()


def _timed(page: Page, frame: Any, wire: list[int], act: Any, *, drag: bool = False) -> dict[str, float]:
    """Do one thing; the figures count as changed with the last change of the page before it falls quiet."""
    before, start = page.evaluate(FIGURES), len(wire)
    revision = frame.evaluate("document.getElementById('map_div').dataset.revision")
    act()
    frame.wait_for_function(
        "r => document.getElementById('map_div').dataset.revision !== r", arg=revision, timeout=30_000
    )
    end = time.monotonic() + 5
    while page.evaluate(FIGURES) == before and time.monotonic() < end:
        page.wait_for_timeout(20)
    page.wait_for_timeout(300)
    clicked = frame.evaluate("window.benchUp" if drag else "window.benchClick")
    drawn, ghost = frame.evaluate("[window.benchMap, window.benchGhost]")
    return {
        "map_ms": drawn - clicked,
        "figures_ms": page.evaluate("window.benchFigures") - clicked,
        "ghost_ms": 0.0 if drag else ghost - clicked,
        "kilobytes": sum(wire[start:]) / 1000,
    }


if __name__ == "__main__":
    raise SystemExit(main())
