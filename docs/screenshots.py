"""
Photograph every page of the running app, in both languages and two sizes: ``python docs/screenshots.py FOLDER``.

Then the corners that only a planner at work comes to: every tab and layer, a plan with edits and with drawing tools open, an answered
question, files made, a project begun, its columns and its check, and every page of a project that is empty (``--pages-only``
leaves these out). A page that is longer than the window has a picture a screen. The app is started on the demo county's finished run, in a Chromium that has no network. What a picture cannot tell is checked on the
way: no page may scroll sideways, write to the console's errors, or show an empty box where something should be.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, FilePayload, FrameLocator, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

ROOT = Path(__file__).resolve().parents[1]
SIZES = ((1440, 900), (1920, 1080))
LANGUAGES = ("zh", "en")
#: Boxes without content, cut or overlapping headings, sideways scrolling: what a planner would call broken.
FAULTS = """() => {
  const faults = [], page = document.scrollingElement, seen = e => e.offsetParent !== null;
  if (page.scrollWidth > page.clientWidth) faults.push('scrolls sideways by ' + (page.scrollWidth - page.clientWidth) + ' px');
  for (const e of document.querySelectorAll('[data-testid=stException], [data-testid=stAlertContentError]'))
    faults.push('an error is shown: ' + e.innerText.slice(0, 200));
  for (const e of document.querySelectorAll('.pl-table, .pl-figures, .pl-empty, .pl-note'))
    if (seen(e) && !e.innerText.trim()) faults.push('an empty box: ' + e.className);
  for (const e of document.querySelectorAll('iframe'))
    if (seen(e) && e.clientHeight < 50) faults.push('a frame without height');
  for (const e of document.querySelectorAll('[class^=pl-], [class^=pl-] *'))
    if (seen(e) && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible')
      faults.push('cut off: ' + e.className + ': ' + e.innerText.slice(0, 60).replaceAll('\\n', ' '));
  return faults;
}"""
#: Scrolls the page to its n-th screen; null where there is none.
SCROLL = """n => {
  const main = document.querySelector('[data-testid=stMain]'), step = main.clientHeight - 60;
  if (n && n * step >= main.scrollHeight - main.clientHeight + step) return null;
  main.scrollTop = n * step;
  return main.scrollTop;
}"""


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """Start the app on a finished run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as store:
        environment = {
            **os.environ,
            "PLANNING_RUN": str(run),
            "PLANNING_STORE": f"{store}/store",
            "PLANNING_HOME": f"{store}/home",
        }
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310
                    break
                time.sleep(0.25)
            yield address
        finally:
            server.terminate()
            server.wait(20)


@dataclass
class Camera:
    """One visitor with a camera: takes pictures, and notes what is wrong on them."""

    page: Page
    folder: Path
    mark: str
    faults: list[str] = field(default_factory=list)

    def shoot(self, name: str, *, screens: int = 4) -> None:
        """Take the page as it stands, a picture a screen."""
        settle(self.page)
        self.faults += [f"{self.mark} {name}: {fault}" for fault in self.page.evaluate(FAULTS)]
        for screen in range(screens):
            at = self.page.evaluate(SCROLL, screen)
            if at is None:
                break
            if screen:
                self.page.wait_for_timeout(300)
            suffix = f"-{screen + 1}" if screen else ""
            self.page.screenshot(path=self.folder / f"{self.mark}-{name}{suffix}.png")
        self.page.evaluate(SCROLL, 0)

    def go(self, number: int) -> str:
        """Open a page by its link."""
        link = self.page.locator("[data-testid=stPageLink] a").nth(number)
        name = (link.get_attribute("href") or "").split("?")[0].rstrip("/").rsplit("/", 1)[-1] or "county"
        self.page.evaluate("document.querySelectorAll('iframe').forEach(frame => { frame.dataset.old = 1; })")
        link.click()
        settle(self.page)
        return name

    def click(self, selector: str, *, nth: int = 0) -> None:
        """Click, and wait until all stands."""
        self.page.locator(selector).nth(nth).click()
        settle(self.page)

    @property
    def map(self) -> FrameLocator:
        """The map's frame."""
        return self.page.frame_locator("iframe[title^='streamlit_folium']:not([data-old])")

    def on_map(self, x: float, y: float, *, twice: bool = False) -> None:
        """Click the map at a share of its width and height."""
        box = self.map.locator("#map_div").bounding_box()
        if box is None:
            raise PlaywrightError("the map is not to be seen")
        place = box["x"] + box["width"] * x, box["y"] + box["height"] * y
        self.page.mouse.move(*place)
        (self.page.mouse.dblclick if twice else self.page.mouse.click)(*place)
        self.page.wait_for_timeout(500)


def photograph(
    browser: Browser, address: str, folder: Path, language: str, size: tuple[int, int], *, corners: bool
) -> list[str]:
    """Take a picture of each page, whole, and tell what is wrong with it."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    said: list[str] = []
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort())
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/?lang={language}")
    page.locator(".pl-figures, .pl-empty").first.wait_for(timeout=180_000)
    camera = Camera(page, folder, f"{language}-{size[0]}")
    links = page.locator("[data-testid=stPageLink] a")
    names = []
    for number in range(links.count()):
        names.append(camera.go(number))
        camera.shoot(f"{number + 1}-{names[-1]}")
    if corners:
        for corner in (_layers, _tabs, _plan, _answer, _files, _project):
            try:
                corner(camera, names.index)
            except PlaywrightError as error:
                camera.faults.append(f"{camera.mark} {corner.__name__}: {str(error)[:300]}")
                page.screenshot(path=folder / f"{camera.mark}-failed{corner.__name__}.png")
    page.close()
    return camera.faults + [f"{camera.mark} console: {text}" for text in said]


def _choose(camera: Camera, box: str, number: int) -> bool:
    """Take an entry of a list, by its number; False where there are no more."""
    camera.page.locator(f".st-key-{box} input").click()
    option = camera.page.get_by_role("option").nth(number)
    camera.page.get_by_role("option").first.wait_for()
    if not option.count():
        camera.page.keyboard.press("Escape")
        return False
    option.click()
    settle(camera.page)
    return True


def _layers(camera: Camera, number_of: Callable[[str], int]) -> None:
    """Every layer of the access map, and the overlays."""
    camera.go(number_of("access"))
    for number in range(1, 12):
        if not _choose(camera, "view", number):
            break
        camera.shoot(f"access-layer-{number}", screens=1)
    for entry in camera.map.locator(".planmap-legend label input").all():
        entry.check()
    camera.shoot("access-overlays", screens=1)


def _tabs(camera: Camera, number_of: Callable[[str], int]) -> None:
    """The views of the pages that have several."""
    camera.go(number_of("children"))
    camera.click("[class*=st-key-children-view] button", nth=1)
    camera.shoot("children-ways")
    camera.go(number_of("standards"))
    for number in range(1, camera.page.locator(".st-key-rules-view button").count()):
        camera.click(".st-key-rules-view button", nth=number)
        camera.shoot(f"standards-{number + 1}")


def _plan(camera: Camera, number_of: Callable[[str], int]) -> None:
    """A plan with a new school and a closed one, drawing tools open, the scenario's menus, the gate after it."""
    page = camera.page
    camera.go(number_of("plan"))
    camera.on_map(0.36, 0.45)
    camera.map.locator(".leaflet-marker-icon.is-new").wait_for()
    camera.shoot("plan-new-school")
    camera.map.locator(".planmap-school.is-open").nth(5).dispatch_event("click")
    page.locator("[class*=st-key-close-] button").wait_for()
    camera.shoot("plan-selected", screens=1)
    camera.click("[class*=st-key-close-] button")
    camera.shoot("plan-closed", screens=1)
    camera.click(".st-key-scenario-menu button")
    camera.shoot("plan-manage", screens=1)
    page.keyboard.press("Escape")
    tools = camera.map.locator(".planmap-tools button")
    tools.nth(0).click()
    camera.on_map(0.36, 0.42)
    camera.on_map(0.42, 0.48)
    camera.shoot("plan-drawing", screens=1)
    camera.on_map(0.47, 0.5, twice=True)
    page.get_by_test_id("stForm").wait_for()
    camera.shoot("plan-road-form", screens=1)
    camera.click("[class*=st-key-sketch-drop] button")
    camera.on_map(0.05, 0.3)  # outside the county: a complaint
    camera.shoot("plan-complaint", screens=1)
    for name in ("closures", "standards"):
        camera.go(number_of(name))
        camera.shoot(f"{name}-of-plan", screens=2)


def _answer(camera: Camera, number_of: Callable[[str], int]) -> None:
    """A question that is answered, seen from every side; what stands while it is looked for."""
    page = camera.page
    camera.go(number_of("propose"))
    page.locator(".st-key-ask button").first.click()
    page.wait_for_timeout(900)
    page.screenshot(path=camera.folder / f"{camera.mark}-propose-asking.png")
    page.locator(".st-key-pl-changes").wait_for(timeout=180_000)
    camera.shoot("propose-answer")
    views = page.locator("[class*=st-key-propose-view] button")
    for number in range(views.count()):
        camera.click("[class*=st-key-propose-view] button", nth=number)
        camera.shoot(f"propose-answer-view-{number + 1}", screens=2)


def _files(camera: Camera, number_of: Callable[[str], int]) -> None:
    """The files of the plan, made."""
    camera.go(number_of("export"))
    camera.click(".st-key-make-files button")
    camera.page.locator(".st-key-download-all").wait_for(timeout=180_000)
    camera.shoot("export-made", screens=2)


def _project(camera: Camera, number_of: Callable[[str], int]) -> None:
    """A copy of the demo county with a fault: sources, columns, check; then a project without anything, on every page."""
    page = camera.page
    camera.go(number_of("projects"))
    camera.click(".st-key-copy-demo button")
    steps = page.locator("[class*=st-key-projects-view] button")
    steps.nth(1).click()
    camera.shoot("projects-sources")
    steps.nth(2).click()
    camera.shoot("projects-columns")
    steps.nth(1).click()
    table = "学校名称,经度,纬度,办学类型,小学学位数\n甲校,107.29,27.73,小学,约三百\n乙校,0,0,小学,270\n"
    page.locator(".st-key-pl-slot-schools input[type=file]").first.set_input_files(
        FilePayload(name="schools.csv", mimeType="text/csv", buffer=table.encode())
    )
    page.locator(".st-key-pl-slot-schools .named").get_by_text("schools.csv").wait_for()
    page.locator(".st-key-pl-slot-dem input[type=file]").first.set_input_files(
        FilePayload(name="dem.tif", mimeType="", buffer=b"no raster")
    )
    page.locator(".st-key-pl-slot-dem .pl-error").wait_for()
    camera.shoot("projects-refused")
    steps.nth(3).click()
    camera.shoot("projects-check")
    page.locator(".st-key-check-start button").click()
    page.locator("[class*=st-key-mend-save] button, .st-key-check-open").first.wait_for(timeout=180_000)
    camera.shoot("projects-mend")
    steps.nth(0).click()
    camera.shoot("projects-list")
    page.get_by_role("textbox").first.fill("空县" if camera.mark.startswith("zh") else "Empty county")
    page.keyboard.press("Tab")
    page.locator("[data-testid=stFormSubmitButton] button").first.click()
    settle(page)
    camera.shoot("empty-projects", screens=1)
    for number, name in ((number_of(name), name) for name in ("county", "plan", "standards")):
        camera.go(number)
        camera.shoot(f"empty-{name}", screens=1)


def settle(page: Page) -> None:
    """Wait until nothing runs and the map, where there is one, is drawn."""
    page.wait_for_timeout(400)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')", timeout=180_000)
    busy = ".pl-wait, [data-testid=stProgress], [data-testid=stSkeleton]"
    page.wait_for_function(f"!document.querySelector('{busy}')", timeout=180_000)
    page.wait_for_timeout(500)
    page.wait_for_function(f"!document.querySelector('{busy}')", timeout=180_000)
    for frame in page.frames:
        if "streamlit_folium" in frame.url and not frame.is_detached():
            with contextlib.suppress(Exception):
                frame.wait_for_function("document.getElementById('map_div').dataset.ready === '1'", timeout=30_000)
    page.wait_for_timeout(900)


def main() -> None:
    """Run the demo where no run is given, and photograph it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--run", type=Path, help="folder of a finished run; the demo county is run otherwise")
    parser.add_argument("--size", type=int, choices=[width for width, _ in SIZES], help="one width only")
    parser.add_argument("--language", choices=LANGUAGES, help="one language only")
    parser.add_argument("--pages-only", action="store_true", help="leave out the corners")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        run = given.run or Path(scratch) / "demo"
        if given.run is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        with sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            faults = []
            wanted = LANGUAGES if given.language is None else (given.language,)
            for language, size in itertools.product(wanted, SIZES):
                if given.size in (None, size[0]):
                    with served(run) as address:  # each with a store of its own: no plan of the one before
                        corners = not given.pages_only
                        faults += photograph(browser, address, given.folder, language, size, corners=corners)
            browser.close()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults) or "nothing found wrong; now look at them\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
