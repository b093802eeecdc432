"""
Photograph what the guides show: ``python docs/guide_pictures.py [--run DIR] [--language zh|en]``.

The app is started on the demo county's finished run, in a Chromium without network, and walked through as a planner does:
a project is sent and mended, a school placed and closed, a proposal asked for. Every picture of ``docs/guide/*.md`` is written to
``docs/images/guide/LANGUAGE``, in a palette of 128 colours so that the documents stay light.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from planning.ui.navigation import NAMES

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs"), str(ROOT / "tests" / "e2e")]

from project_steps import name_project, send_county, step, write_schools  # noqa: E402 - the browser tests' own steps
from screenshots import LANGUAGES, served, settle  # noqa: E402

PICTURES = ROOT / "docs" / "images" / "guide"
DEMO = ROOT / "data" / "demo"
#: What a new project is called in the pictures.
COUNTY = {"zh": "云岚县试用", "en": "Yunlan, a trial"}
MAP = "iframe[title^='streamlit_folium']"


class Walk:
    """One browser page, and the folder its pictures go to."""

    def __init__(self, page: Page, address: str, language: str) -> None:
        self.page, self.address, self.language = page, address, language
        self.folder = PICTURES / language
        self.folder.mkdir(parents=True, exist_ok=True)

    def go(self, name: str) -> None:
        """Open a page by its link in the side bar, as a planner does."""
        self.page.evaluate("document.querySelectorAll('iframe').forEach(frame => { frame.dataset.old = 1; })")
        own = "" if name == "county" else name  # the page that opens first stands at the root
        for _ in range(4):  # a timer of the page that is left may take the browser back to it
            self.page.locator("[data-testid=stPageLink] a").nth(NAMES.index(name)).click()
            with suppress(TooLate):
                self.page.wait_for_url(re.compile(rf"/{own}(\?|$)"), timeout=20_000, wait_until="commit")
                return self.settle()
        message = f"the page {name} does not open"
        raise RuntimeError(message)

    def settle(self) -> None:
        """Wait until the page stands still."""
        settle(self.page)
        self.page.wait_for_timeout(700)

    def take(self, name: str) -> None:
        """Write a picture of what the window shows, in few colours and three quarters of its size."""
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        small = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.LANCZOS)
        small.quantize(128, dither=Image.Dither.NONE).save(self.folder / f"{name}.png", optimize=True)


@contextmanager
def visiting(playwright: object, address: str, language: str) -> Iterator[Walk]:
    """Open a browser that reaches nothing but the app."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])  # type: ignore[attr-defined]
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(180_000)
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort())
    page.goto(f"{address}/?lang={language}")
    page.locator(".pl-figures").first.wait_for()
    walk = Walk(page, address, language)
    walk.settle()
    try:
        yield walk
    finally:
        browser.close()


def see_the_county(walk: Walk) -> None:
    """Photograph what was read, and how far children go."""
    walk.take("county")
    walk.go("access")
    walk.page.frame_locator(MAP).locator("#map_div[data-ready='1']").wait_for()
    walk.take("access")


def plan_by_hand(walk: Walk) -> None:
    """Place a school, look at it, close another."""
    walk.go("plan")
    frame = walk.page.frame_locator(MAP)
    frame.locator("#map_div[data-ready='1']").wait_for()
    box = frame.locator("#map_div").bounding_box()
    frame.locator("#map_div").click(position={"x": box["width"] * 0.36, "y": box["height"] * 0.45})
    frame.locator(".leaflet-marker-icon.is-new").wait_for()
    walk.settle()
    walk.take("plan-placed")
    inner = next(one for one in walk.page.frames if "streamlit_folium" in one.url)
    inner.evaluate(
        """() => { const one = [...document.querySelectorAll('.leaflet-marker-icon')].find(n => n.getAttribute('aria-label')
             && !n.classList.contains('is-new') && !/[<=]/.test(n.getAttribute('aria-label'))); one.id = 'wanted'; }"""
    )
    frame.locator("#wanted").dispatch_event("click")
    close = walk.page.locator("[class*=st-key-close-] button")
    close.wait_for()
    walk.settle()
    walk.take("plan-school")
    close.click()
    walk.page.wait_for_function("document.querySelectorAll('.pl-edit').length === 2")
    walk.settle()
    walk.take("plan-closed")


def ask(walk: Walk) -> None:
    """Ask for a proposal and photograph the question, the answer and its changes."""
    walk.go("propose")
    walk.take("propose-question")
    walk.page.locator(".st-key-ask button").first.click()
    walk.page.locator(".st-key-pl-changes").wait_for()
    walk.settle()
    walk.take("propose-answer")
    walk.page.locator(".st-key-ask-curve button").first.click()
    walk.page.locator(".st-key-pl-progress").wait_for()
    walk.page.locator(".st-key-pl-progress").wait_for(state="detached")
    walk.settle()
    walk.page.locator(".st-key-pl-propose-details button").nth(1).click()  # reasons, the curve, …
    chart = walk.page.locator("[data-testid=stVegaLiteChart]").first
    chart.wait_for()
    chart.evaluate("node => node.scrollIntoView({block: 'end'})")
    walk.settle()
    walk.take("propose-curve")


def read_the_rest(walk: Walk) -> None:
    """Photograph the pages that are read more than worked on."""
    for name in ("children", "boarding", "standards", "closures", "compare", "export"):
        if name in NAMES:
            walk.go(name)
            if name == "boarding":
                walk.page.locator(".st-key-boarding-start button").click()
                walk.page.locator(".pl-table").first.wait_for()
                walk.settle()
            walk.take(name)


def begin_a_project(walk: Walk, schools: Path) -> None:
    """Send a county whose schools have faults, and stop at the form that mends them."""
    walk.go("projects")
    name_project(walk.page, COUNTY[walk.language])
    walk.settle()
    walk.take("project-sources")
    send_county(walk.page, DEMO, schools)
    walk.settle()
    walk.take("project-columns")
    step(walk.page, 3)
    walk.page.locator(".st-key-check-start button").click()
    walk.page.locator("[class*=st-key-mend-save] button").wait_for()
    walk.settle()
    walk.take("project-mending")


def main() -> None:
    """Run the demo where no run is given, and photograph it for the guides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="folder of a finished run; the demo county is run otherwise")
    parser.add_argument("--language", choices=LANGUAGES, help="one language only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        run = given.run or Path(scratch) / "demo"
        if given.run is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        os.environ["PLANNING_HOME"] = str(Path(scratch) / "home")  # projects of the pictures stay out of the user's own
        schools = write_schools(DEMO, Path(scratch) / "学校表.xlsx")
        for language in LANGUAGES if given.language is None else (given.language,):
            with (
                sync_playwright() as playwright,
                served(run) as address,
                visiting(playwright, address, language) as walk,
            ):
                see_the_county(walk)
                plan_by_hand(walk)
                ask(walk)
                read_the_rest(walk)
                begin_a_project(walk, schools)
    written = sorted(PICTURES.rglob("*.png"))
    heavy = [f"{file.name}: {file.stat().st_size // 1024} KB" for file in written if file.stat().st_size > 150 * 1024]
    sys.stdout.write(
        f"{len(written)} pictures in {PICTURES.relative_to(ROOT)}\n" + "".join(f"heavy: {one}\n" for one in heavy)
    )


if __name__ == "__main__":
    main()
