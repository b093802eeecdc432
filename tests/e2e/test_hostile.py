"""Names that attack: in every source, edit and comment; nothing runs in the app, the report or a written file, and all are read as they are."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import openpyxl
import pyogrio
import pytest
import yaml
from playwright.sync_api import expect

from planning.scenario.document import Document, Entry, document_to_data
from planning.scenario.edits import NewEstate, NewRoad, NewSchool
from planning.store.scenarios import ScenarioStore, store_file
from planning.ui.navigation import NAMES

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
SCRIPT = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("http://x")'
PROJECT = '<img src=x onerror=alert(2)>云岚"/../县'
TOWN = "@SUM(1)<svg onload=alert(3)>"
VILLAGE = "+1+cmd|' /C calc'!A0"
ESTATE = "![小区](http://x.invalid/a.png)"
RESERVOIR = "-2+3<iframe src=http://x.invalid>"
QUESTION = "![问](http://x.invalid/q.png)<b onclick=alert(4)>"
SCENARIO = "=1+1<img src=x onerror=alert(5)>![s](http://x.invalid/s.png)"
ROAD = "</script><script>alert(6)</script>"
NEW_SCHOOL = "=cmd|'/C calc'!A1"
NEW_ESTATE = "\t=1<img src=x onerror=alert(7)>"
COMMENT = "<img src=x onerror=alert(8)> $x$ [a](http://x.invalid)"
#: A cell that a spreadsheet would take for a formula; the full-width signs count for Chinese ones.
RUNS = re.compile(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
#: What would stand in a page if a name had been taken for markup.
PLANTED = "img[src='x'], svg[onload], iframe[src*='x.invalid'], img[src*='x.invalid'], a[href*='x.invalid'], b[onclick]"


def _rename(file: Path, names: dict[str, str]) -> None:
    """Write other names into a workbook, as texts."""
    book = openpyxl.load_workbook(file)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value in names:
                    cell.value = names[cell.value]
                    cell.data_type = "s"
    book.save(file)


@pytest.fixture(scope="module")
def attacked(demo_folder, tmp_path_factory) -> Path:
    """Copy the demo county with a hostile name in each source, and with two of its questions."""
    folder = tmp_path_factory.mktemp("attacked")
    for file in demo_folder.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    town = {"城关镇": TOWN}
    _rename(folder / "schools.xlsx", town | {"云岚县实验小学": SCRIPT, "云岚县第一初级中学": FORMULA})
    _rename(folder / "villages.xlsx", town | {"东门社区": VILLAGE, "西门社区": SCRIPT})
    _rename(folder / "housing.xlsx", town | {"云岚府": ESTATE, "滨江花园": FORMULA})
    moves = folder / "migration.csv"
    moves.write_text(moves.read_text("utf-8").replace("城关镇", TOWN), "utf-8")
    for layer, column, old, new in (
        ("townships", "name", "城关镇", TOWN),
        ("exclusions", "name", "碧岩水库", RESERVOIR),
    ):
        file = folder / ("boundary.gpkg" if layer == "townships" else "exclusions.gpkg")
        table = pyogrio.read_dataframe(file, layer=layer)
        assert (table[column] == old).any()
        table[column] = table[column].replace(old, new)
        pyogrio.write_dataframe(table, file, layer=layer)
    content = yaml.safe_load((folder / "project.yaml").read_text("utf-8"))
    content["name"] = PROJECT
    kept = [question for question in content["questions"] if "frontier" in question or "gate_answers" in question]
    kept[0] = {"name": QUESTION, "stage": "primary", "model": "p_median", "new": 1}
    kept[1]["name"] = FORMULA
    content["questions"] = kept
    (folder / "project.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return folder / "project.yaml"


@pytest.fixture(scope="module")
def results(root, attacked, tmp_path_factory) -> Path:
    """Run the command line on it, once."""
    out = tmp_path_factory.mktemp("out")
    done = subprocess.run(
        [sys.executable, "-m", "planning", "run", str(attacked), "--out", str(out), "--lang", "en"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def _check_csv(name: str, data: bytes) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    running = [cell for row in rows for cell in row if RUNS.match(cell) and not NUMBER.fullmatch(cell)]
    assert running == [], f"{name}: a spreadsheet would run {running[:3]}"
    return rows


def _check_workbook(data: bytes) -> set[str]:
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    return {str(cell.value) for cell in cells}


def _check_files(folder: Path) -> None:
    """Look into every file of a run: nothing runs, and names are read back as they were sent."""
    tables = {file.name: _check_csv(file.name, file.read_bytes()) for file in folder.glob("*.csv")}
    schools = {cell for row in tables["schools.csv"] for cell in row}
    assert {SCRIPT, f"'{FORMULA}", f"'{TOWN}"} <= schools
    texts = _check_workbook((folder / "tables.xlsx").read_bytes())
    assert {SCRIPT, TOWN} <= texts
    assert FORMULA in texts
    seen = {name: pyogrio.read_dataframe(folder / name) for name in ("catchments.shp", "catchments_allocated.shp")}
    layers = [str(name) for name, _ in pyogrio.list_layers(folder / "catchments.gpkg")]
    seen |= {name: pyogrio.read_dataframe(folder / "catchments.gpkg", layer=name) for name in layers}
    for name in ("catchments.shp", "catchments_allocated.shp", "catchments_nearest", "catchments_allocated", "schools"):
        values = {str(value) for column in seen[name] for value in seen[name][column]}
        assert {SCRIPT, FORMULA} <= values, name
    assert len(pyogrio.read_dataframe(folder / "proposal.geojson"))
    sites = json.loads((folder / "proposal.geojson").read_text("utf-8"))
    assert QUESTION in json.dumps(sites, ensure_ascii=False)
    assert json.loads((folder / "run.json").read_text("utf-8"))["project"]["name"] == PROJECT
    for style in folder.glob("*.qml"):
        ET.parse(style)  # noqa: S314 - our own file


def test_run_s_files_hold_the_names_as_text(results):
    _check_files(results)


def test_report_shows_the_names_and_runs_nothing(browser, results):
    page = browser.new_page()
    faults: list[str] = []
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url)
    )
    page.goto((results / "report.html").as_uri())
    said = page.evaluate("document.documentElement.textContent")
    assert [name for name in (SCRIPT, FORMULA, PROJECT, TOWN, QUESTION) if name not in said] == []
    assert page.locator(f"script, {PLANTED}").count() == 0
    assert page.title().startswith(PROJECT)
    page.close()
    assert faults == []


@pytest.fixture
def planned(attacked, tmp_path, monkeypatch) -> Path:
    """Put a scenario with hostile edits and notes into a store of its own."""
    monkeypatch.setenv("PLANNING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    store = ScenarioStore(store_file(attacked))
    county = pyogrio.read_dataframe(attacked.parent / "boundary.gpkg", layer="county").to_crs(4545)
    middle = county.geometry.representative_point()[0]
    x, y = middle.x, middle.y
    edits = (
        NewSchool("new-1", NEW_SCHOOL, x, y, "primary", 270, "primary"),
        NewRoad("road-1", ROAD, ((x - 4000, y - 900), (x + 4000, y + 900))),
        NewEstate("estate-1", NEW_ESTATE.strip(), x, y + 500, 300, 2028),
    )
    document = Document(entries=tuple(Entry(f"e{i}", edit, comment=COMMENT) for i, edit in enumerate(edits)))
    store.create(document_to_data(document), name=SCENARIO, comment=COMMENT, counter=1)
    return attacked


def _nothing_planted(visitor) -> None:
    for frame in visitor.page.frames:
        planted = frame.locator(PLANTED)
        boxes = "e => { let said = ''; for (; e; e = e.parentElement) said += ' < ' + (e.dataset.testid || e.className); return said; }"
        assert [node.evaluate(boxes)[:400] for node in planted.all()] == [], frame.url


def _archive(page, button) -> tuple[str, bytes]:
    with page.expect_download(timeout=60_000) as under_way:
        button.click()
    got = under_way.value
    return got.suggested_filename, Path(got.path()).read_bytes()


def test_app_shows_the_names_and_runs_nothing(walk, serve, planned, tmp_path):
    with serve(planned) as server:
        visitor = walk("en", at=server.address)
        page = visitor.page
        expect(page.locator("h1").first).to_contain_text(PROJECT)
        for name in NAMES:
            visitor.go(name)
            _nothing_planted(visitor)

        visitor.go("plan")
        page.locator(".st-key-scenario-choice input").click()
        page.get_by_role("option", name=SCENARIO, exact=True).click()
        page.wait_for_function("document.querySelectorAll('.pl-edit').length === 3", timeout=60_000)
        listed = page.locator(".st-key-pl-edits").inner_text()
        assert [text for text in (NEW_SCHOOL, ROAD, NEW_ESTATE.strip(), COMMENT) if text not in listed] == []
        _search_and_select(visitor)
        assert page.locator(".pl-error").all_inner_texts() == []
        assert page.locator(".pl-edit").count() == 3, "a click on a place that was found is none on the map"
        page.locator("[class*=st-key-merge-menu-] button").click()
        page.locator("[class*=st-key-merge-into-] input").click()
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.locator(".st-key-scenario-menu button").first.click()
        name, data = _archive(page, page.locator(".st-key-scenario-export button"))
        assert re.fullmatch(r"[\w\- ]+\.yaml", name), name
        assert yaml.safe_load(data)["name"] == SCENARIO
        page.keyboard.press("Escape")
        _nothing_planted(visitor)
        for other in ("children", "boarding", "standards", "closures", "compare"):  # once more, with the edits
            visitor.go(other)
            _nothing_planted(visitor)

        visitor.go("export")
        page.locator(".st-key-make-files button").click()
        name, data = _archive(page, page.locator(".st-key-download-all button").first)
        assert not re.search(r'[/\\"<>:|?*]', name), name
        folder = tmp_path / "taken"
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert not any(inside.startswith(("/", "..")) for inside in archive.namelist())
            archive.extractall(folder)
        tables = [_check_csv(file.name, file.read_bytes()) for file in folder.glob("*.csv")]
        assert any(f"'{NEW_SCHOOL}" in row for table in tables for row in table)
        assert NEW_SCHOOL in _check_workbook((folder / "tables.xlsx").read_bytes())
        single = page.locator("[class*=st-key-download-schools-csv] button, [class*='st-key-download-schools'] button")
        name, data = _archive(page, single.first)
        assert name == "schools.csv"
        assert any(f"'{FORMULA}" in row for row in _check_csv(name, data))
        _nothing_planted(visitor)


def _search_and_select(visitor) -> None:
    """Find the hostile school by the map's search, hover it, click it, and see its details."""
    field = visitor.map.locator(".planmap-search input")
    field.fill("<script>")
    hit = visitor.map.locator(".planmap-search .hits").get_by_text(SCRIPT, exact=True).first
    hit.click()
    assert field.input_value() == SCRIPT
    marker = visitor.marker_of(SCRIPT)
    marker.dispatch_event("mousemove", {"clientX": 300, "clientY": 300})
    expect(visitor.map.locator(".planmap-tip div").first).to_have_text(SCRIPT)
    before = visitor.revision()
    marker.dispatch_event("click")
    visitor.wait_for_change(before)
    visitor.page.locator(".pl-school").get_by_text(SCRIPT, exact=True).wait_for(timeout=30_000)
