"""The app in a real Chromium, on the demo county, with the network cut off."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import TimeoutError as TooLate
from playwright.sync_api import expect, sync_playwright

from planning.ui.navigation import NAMES

HOSTILE = "<img src=x onerror=alert(1)>"
MAP = "iframe[title^='streamlit_folium']:not([data-old])"
READY = {
    "projects": ".pl-project",
    "county": ".pl-table",
    "access": MAP,
    "plan": MAP,
    "propose": ".st-key-pl-question",
    "children": ".st-key-pl-years-bar",
    "boarding": ".st-key-pl-boarding-bar",
    "standards": ".pl-table",
    "closures": ".pl-table, .pl-empty",
    "compare": ".st-key-pl-compare-bar",
    "export": ".pl-files",
}


def wait_for_server(address: str, log: Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until the app answers at an address, for as long as the program that should make it answer lives."""
    for _ in range(240):
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:  # noqa: S310 - our own server
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.25)
    raise AssertionError(log.read_text())


@dataclass(frozen=True)
class Served:
    """A server under way."""

    address: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def hostile_project(demo_folder, tmp_path_factory) -> Path:
    """Copy the demo county, and give its first school a name that attacks a careless map."""
    folder = tmp_path_factory.mktemp("demo")
    for file in demo_folder.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    book = openpyxl.load_workbook(folder / "schools.xlsx")
    named = next(
        (sheet, cell)
        for sheet in book
        for row in sheet.iter_rows(max_row=5)
        for cell in row
        if cell.value == "学校名称"
    )
    sheet, heading = named
    sheet.cell(heading.row + 1, heading.column).value = HOSTILE
    book.save(folder / "schools.xlsx")
    return folder / "project.yaml"


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(
    root: Path, folder: Path, project: Path, *options: str, port: int | None = None, path: str = ""
) -> Iterator[Served]:
    """Serve the app as a user would start it."""
    port = port or free_port()
    log = folder / f"log-{port}.txt"
    environment = {**os.environ, "PLANNING_PROJECT": str(project)}
    environment.pop("PLANNING_RUN", None)
    with log.open("a") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(root / "app.py"), "--server.port", str(port), *options],
            cwd=root, env=environment, stdout=stream, stderr=stream,
        )  # fmt: skip
        try:
            found = f"http://127.0.0.1:{port}{path}"
            wait_for_server(found, log, server)
            yield Served(found, port, log, server)
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture(scope="session")
def serve(root, tmp_path_factory):
    """Give a function that serves a project for as long as its context lasts."""
    return functools.partial(served, root, tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="session")
def wait_until_served():
    """Give the function that waits until the app answers at an address."""
    return wait_for_server


@pytest.fixture(scope="session")
def address(serve, hostile_project) -> Iterator[str]:
    """Serve the hostile copy of the demo county to all tests that do not want a server of their own."""
    with serve(hostile_project) as server:
        yield server.address


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[object]:
    """Start Chromium once."""
    expect.set_options(timeout=90_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


class Walk:
    """One visitor: a page with the network cut off, and everything that went wrong on it."""

    def __init__(
        self, browser, address: str, language: str, size: tuple[int, int], page: str = "", ready: str = ".pl-table"
    ) -> None:
        self.address, self.language = address, language
        self.page = browser.new_page(viewport={"width": size[0], "height": size[1]})
        self.faults: list[str] = []
        self.page.set_default_timeout(90_000)  # a test machine may be slow; how fast the app is, benchmarks tell
        self.page.route("**/*", self._only_here)
        self.page.on(
            "console",
            lambda m: self.faults.append(f"console: {m.text} ({m.location['url']})") if m.type == "error" else None,
        )
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.goto(f"{address}/{page}?lang={language}")
        self.page.wait_for_selector(ready, timeout=180_000)

    def _only_here(self, route) -> None:
        if route.request.url.startswith((self.address, "data:", "blob:")):
            route.continue_()
        else:
            self.faults.append(f"asked the outside world: {route.request.url}")
            route.abort()

    def go(self, name: str) -> None:
        """Open a page by its link, and wait until it stands."""
        # A page that is left stays in sight until the next one stands: its map must not be taken for the new one.
        self.page.evaluate("document.querySelectorAll('iframe').forEach(frame => { frame.dataset.old = 1; })")
        self._follow(name)
        self.wait_for(READY[name])
        if READY[name] == MAP:
            self.map.locator("#map_div[data-ready='1'][data-revision]").wait_for()
        self.rest()
        self.page.wait_for_timeout(700)

    def _follow(self, name: str) -> None:
        """
        Click a link until the address has changed.

        Streamlit joins requests that wait for one run, and the last one names the page: a timer of the page that is left, ringing between
        the click and the run, takes the visitor back there.
        """
        own = "" if name == "county" else name  # the page that opens first stands at the root
        for _ in range(4):
            self.page.locator("[data-testid=stPageLink] a").nth(NAMES.index(name)).click()
            with contextlib.suppress(TooLate):
                return self.page.wait_for_url(re.compile(rf"/{own}(\?|$)"), timeout=20_000, wait_until="commit")
        raise AssertionError(f"{name} is not opened by its link: {self.seen()}")

    def wait_for(self, selector: str, timeout: float = 180_000) -> None:
        """Wait for something as long as kernels may take to compile, and tell what stands there instead."""
        try:
            self.page.wait_for_selector(selector, timeout=timeout)
        except TooLate:
            raise AssertionError(f"{selector} does not come: {self.seen()}") from None

    def rest(self) -> None:
        """Wait until the server has run the page to its end and the browser has what was sent."""
        self.page.wait_for_selector("[data-test-script-state=notRunning]", state="attached", timeout=180_000)
        self.page.wait_for_timeout(200)

    def seen(self) -> str:
        """Say where the visitor is and what is to be read there, for whoever reads of a failure."""
        state = self.page.locator("[data-test-script-state]").first.get_attribute("data-test-script-state")
        return f"{self.page.url} ({state})\n{self.faults}\n{self.words()[:1500]}"

    @property
    def map(self):
        """The map's frame, for looking things up in it."""
        return self.page.frame_locator(MAP)

    def marker_of(self, name: str):
        """Find a school's marker by its name, again each time it is asked for: the map may draw it anew at any time."""
        return self.map.locator(".leaflet-marker-icon").and_(self.map.get_by_label(name, exact=True))

    @property
    def frame(self):
        """The map's frame, for running scripts in it."""
        return [frame for frame in self.page.frames if "streamlit_folium" in frame.url][-1]

    def revision(self) -> str:
        return self.map.locator("#map_div").get_attribute("data-revision")

    def wait_for_change(self, before: str) -> None:
        """Wait until the map has drawn a newer state."""
        self.frame.wait_for_function(
            "before => document.getElementById('map_div').dataset.revision !== before", arg=before, timeout=90_000
        )

    def figures(self) -> str:
        return self.page.locator(".pl-figures").inner_text()

    def wait_for_figures(self, *, same_as: str | None = None, other_than: str | None = None) -> None:
        """Wait until the row of figures says what it should, or something else than before."""
        self.page.wait_for_function(
            """([same, other]) => { const now = document.querySelector('.pl-figures')?.innerText;
                                    return now !== undefined && (same === null ? now !== other : now === same); }""",
            arg=[same_as, other_than],
            timeout=90_000,
        )

    def words(self) -> str:
        """Everything the page says, without the names of icons."""
        return self.page.evaluate(
            """() => { const seen = document.querySelector('[data-testid=stAppViewContainer]').cloneNode(true);
                       seen.querySelectorAll('[data-testid=stIconMaterial], [data-testid=stSkipToContent], style').forEach(n => n.remove());
                       return seen.textContent; }"""
        )


@pytest.fixture
def walk(browser, request):
    """Give a function that lets a visitor in; nothing may have gone wrong in the end."""
    visitors: list[Walk] = []

    def start(
        language: str = "zh", size: tuple[int, int] = (1440, 900), *, at: str | None = None, **options: str
    ) -> Walk:
        visitors.append(Walk(browser, at or request.getfixturevalue("address"), language, size, **options))
        return visitors[-1]

    yield start
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.page.close()
    assert not faults
