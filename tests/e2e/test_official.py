"""The official's story with the network cut off: three scenarios made, compared, and the decision sheet taken along."""

import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
NAMES_OF_COPIES = {"zh": ("甲案", "乙案"), "en": ("Plan A", "Plan B")}


@pytest.fixture
def own_server(serve, demo_folder, tmp_path, monkeypatch):
    """Serve the demo county with scenarios of the test's own."""
    monkeypatch.setenv("PLANNING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    with serve(demo_folder / "project.yaml") as server:
        yield server


def place(visitor, across, down):
    """Place a school on the map."""
    first = visitor.figures()
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.map.locator("#map_div").click(position={"x": box["width"] * across, "y": box["height"] * down})
    visitor.wait_for_figures(other_than=first)


def close_one(visitor):
    """Close a school that stands."""
    before = visitor.figures()
    standing = visitor.map.locator(".leaflet-marker-icon[aria-label]:not(.is-new)")
    visitor.marker_of(standing.first.get_attribute("aria-label")).dispatch_event("click")
    visitor.page.locator("[class*=st-key-close-] button").click(timeout=30_000)
    visitor.wait_for_figures(other_than=before)


def copy_as(visitor, name):
    """Copy the open scenario under a name; the copy is open then."""
    page = visitor.page
    before = page.url
    page.locator(".st-key-scenario-copy-menu button").first.click()
    page.locator(".st-key-copy-name input").fill(name)
    page.locator(".st-key-copy-name input").press("Tab")
    page.locator(".st-key-copy-make button").click()
    page.wait_for_function("before => location.href !== before", arg=before, timeout=30_000)  # the copy is open
    page.keyboard.press("Escape")
    page.wait_for_timeout(700)


def view(visitor, number):
    """Open a view of the comparison."""
    visitor.page.locator(".st-key-compare-view button").nth(number).click()
    visitor.page.wait_for_timeout(900)
    visitor.rest()


def text_of_pdf(path):
    """Read a PDF as another program reads it."""
    reader = shutil.which("pdftotext")
    assert reader, "pdftotext (poppler-utils) is needed to read the sheet back"
    return subprocess.run([reader, "-layout", path, "-"], capture_output=True, check=True, text=True).stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_official_s_story(walk, own_server, tmp_path, language):
    visitor = walk(language, at=own_server.address)
    page = visitor.page
    visitor.go("compare")
    page.locator(".st-key-to-plan button").click()  # nothing to compare yet: the page says where to go
    page.wait_for_selector(".pl-figures", timeout=60_000)
    visitor.map.locator("#map_div[data-ready='1'][data-revision]").wait_for(timeout=30_000)

    one, other = NAMES_OF_COPIES[language]
    place(visitor, 0.36, 0.45)
    copy_as(visitor, one)
    place(visitor, 0.5, 0.7)
    copy_as(visitor, other)
    close_one(visitor)

    visitor.go("compare")
    page.wait_for_selector(".pl-table", timeout=120_000)
    heads = page.locator(".pl-table").first.locator("th")
    expect(heads).to_have_count(2 + 4 + 3)  # today and three scenarios, with three differences
    assert {one, other} <= set(heads.all_inner_texts())
    told = page.locator(".pl-list").first
    expect(told).to_contain_text(one)
    expect(told).to_contain_text(other)

    view(visitor, 1)
    page.wait_for_selector(".st-key-pl-compare-filters", timeout=60_000)
    classes = page.locator(".pl-table").first.locator("tbody tr")
    expect(classes).to_have_count(9)
    for row in classes.all():  # every pupil is in a class
        *counts, total = [int(cell.replace(",", "")) for cell in row.locator("td.num").all_inner_texts()]
        assert sum(counts) == total > 0
    with page.expect_download(timeout=60_000) as taken:
        page.locator(".st-key-compare-csv button").click()
    assert taken.value.path().read_text("utf-8-sig").count("\n") > 1

    view(visitor, 2)
    frames = page.locator(".st-key-pl-compare-maps iframe")
    expect(frames).to_have_count(4)
    maps = [frames.nth(place).content_frame.locator("#map_div") for place in range(4)]
    for shown in maps:
        expect(shown).to_have_attribute("data-ready", "1")
    page.wait_for_timeout(3000)
    box = frames.first.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 250)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 200, steps=5)
    page.mouse.up()
    for _ in range(60):  # frames hear of each other one after the other
        page.wait_for_timeout(500)
        places = {shown.get_attribute("data-together") for shown in maps}
        if len(places) == 1:
            break
    assert len(places) == 1
    assert all(places), places

    view(visitor, 4)
    page.locator(".st-key-compare-map-number input").fill("GS(2026)9")
    page.locator(".st-key-compare-map-number input").press("Enter")
    page.wait_for_timeout(1200)
    visitor.rest()
    with page.expect_download(timeout=90_000) as taken:
        page.locator(".st-key-compare-pdf button").click()
    sheet = tmp_path / "sheet.pdf"
    taken.value.save_as(sheet)
    assert sheet.read_bytes().startswith(b"%PDF")
    text = text_of_pdf(sheet)
    assert "GS(2026)9" in text
    assert one in text
    assert re.search({"zh": r"学校", "en": r"school"}[language], text)
    assert text.count("\f") == 1  # one page
