"""
Photograph every page of the running app, in both languages and two sizes: ``python docs/screenshots.py FOLDER``.

The app is started on the demo county's finished run, in a Chromium that has no network. What a picture cannot tell is checked on the
way: no page may scroll sideways, write to the console's errors, or show an empty box where something should be.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

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
            address = f"http://127.0.0.1:{port}"
            for _ in range(240):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310
                    break
                time.sleep(0.25)
            yield address
        finally:
            server.terminate()
            server.wait(20)


def photograph(browser: Browser, address: str, folder: Path, language: str, size: tuple[int, int]) -> list[str]:
    """Take a picture of each page, whole, and tell what is wrong with it."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    said: list[str] = []
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith(address) else route.abort())
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.goto(f"{address}/?lang={language}")
    page.locator(".pl-figures, .pl-empty").first.wait_for(timeout=180_000)
    faults = []
    links = page.locator("[data-testid=stPageLink] a")
    for number in range(links.count()):
        name = (links.nth(number).get_attribute("href") or "").split("?")[0].rstrip("/").rsplit("/", 1)[-1] or "home"
        page.evaluate("document.querySelectorAll('iframe').forEach(frame => { frame.dataset.old = 1; })")
        links.nth(number).click()
        settle(page)
        page.screenshot(path=folder / f"{language}-{size[0]}-{number + 1}-{name}.png")
        faults += [f"{language} {size[0]} {name}: {fault}" for fault in page.evaluate(FAULTS)]
    faults += [f"{language} {size[0]} console: {text}" for text in said]
    page.close()
    return faults


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
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        run = given.run or Path(scratch) / "demo"
        if given.run is None:
            subprocess.run([sys.executable, "-m", "planning", "demo", "--out", str(run)], cwd=ROOT, check=True)
        with served(run) as address, sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            faults = []
            for language in LANGUAGES if given.language is None else (given.language,):
                for size in SIZES:
                    if given.size in (None, size[0]):
                        faults += photograph(browser, address, given.folder, language, size)
            browser.close()
    sys.stdout.write("".join(f"{fault}\n" for fault in faults) or "nothing found wrong; now look at them\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
