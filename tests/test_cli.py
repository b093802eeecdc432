"""The command line: bad input ends with exit code 2, words that name file, row and cure, and nothing written."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import rasterio
import shapely
import yaml
from typer.testing import CliRunner
from zip_bomb import zip_bomb

from planning.cli import app

DEMO_FILES = (
    "births.csv", "boundary.gpkg", "dem.tif", "exclusions.gpkg", "housing.xlsx", "migration.csv", "population.tif", "roads.osm.pbf", "schools.xlsx", "villages.xlsx",
)  # fmt: skip


@pytest.fixture
def county(tmp_path, demo_folder) -> Path:
    """Copy the demo county, its questions left out so that nothing takes long, to a folder where it can be broken."""
    folder = tmp_path / "county"
    folder.mkdir()
    for name in DEMO_FILES:
        shutil.copyfile(demo_folder / name, folder / name)
    project = yaml.safe_load((demo_folder / "project.yaml").read_text("utf-8"))
    write(folder, {**project, "language": "en", "questions": []})
    return folder


def write(folder: Path, project: dict) -> None:
    (folder / "project.yaml").write_text(yaml.safe_dump(project, allow_unicode=True, sort_keys=False), "utf-8")


def read(folder: Path) -> dict:
    return yaml.safe_load((folder / "project.yaml").read_text("utf-8"))


def change(folder: Path, **keys) -> None:
    write(folder, {**read(folder), **keys})


def sheet(folder: Path, name: str = "schools.xlsx"):
    return openpyxl.load_workbook(folder / name)


def school_cell(folder: Path, heading: str, row: int, content: object) -> None:
    """Change a cell of the school table; ``row`` is counted as Excel does."""
    book = sheet(folder)
    page = book.active
    for cells in page.iter_rows():
        for cell in cells:
            if cell.value == heading:
                page.cell(row=row, column=cell.column).value = content
                book.save(folder / "schools.xlsx")
                return
    raise AssertionError(heading)


def raster(folder: Path, *, has_crs: bool = True, value: float = 1.0) -> None:
    with rasterio.open(folder / "population.tif") as old:
        profile = {**old.profile, "count": 1, "dtype": "float32", "nodata": -9999.0}
        profile["crs"] = old.crs if has_crs else None
        shape = old.shape
    with rasterio.open(folder / "population.tif", "w", **profile) as new:
        new.write(np.full(shape, value, dtype="float32"), 1)
    project = read(folder)
    del project["population"]["age_bands"]
    write(folder, project)


# Each breaks a county and says what the words must name.


def missing_column(folder):
    school_cell(folder, "经度", 2, "备用")
    return ["schools.xlsx", "longitude|经度", "[Aa]dd|mapping|heading"]


def text_in_a_number(folder):
    school_cell(folder, "小学学位数", 7, "许多")
    return ["schools.xlsx", "小学学位数", r"row 7|7: ", "许多"]


def school_in_the_atlantic(folder):
    school_cell(folder, "经度", 9, -30.0)
    school_cell(folder, "纬度", 9, 30.0)
    return ["schools.xlsx", r"row 9|9: ", "outside|away|from the county|km"]


def empty_raster(folder):
    raster(folder, value=-9999.0)
    return ["population.tif", "no data|empty|no people|nobody"]


def raster_without_crs(folder):
    raster(folder, has_crs=False)
    return ["population.tif", "reference system", "Export it again"]


def truncated_pbf(folder):
    file = folder / "roads.osm.pbf"
    file.write_bytes(file.read_bytes()[:100_000])
    return ["roads.osm.pbf", "breaks off|damaged|truncated", "[Dd]ownload"]


def zip_instead_of_xlsx(folder):
    with zipfile.ZipFile(folder / "schools.xlsx", "w") as archive:
        archive.writestr("readme.txt", "not a workbook")
    return ["schools.xlsx", "xlsx|workbook|spreadsheet|table", "[Ss]ave|[Gg]ive|[Uu]npack|[Nn]ame"]


def unknown_key(folder):
    change(folder, shools="x.xlsx", travel={"mode": "walk", "sped": 3})
    return ["project.yaml", "shools: unknown key", r"travel\.sped: unknown key", "Check its spelling"]


def boundary_elsewhere(folder):
    far = gpd.GeoDataFrame({"name": ["Elsewhere"]}, geometry=[shapely.box(10, 50, 11, 51)], crs=4326)
    (folder / "boundary.gpkg").unlink()
    pyogrio.write_dataframe(far, folder / "boundary.gpkg")
    return ["population.tif", "boundary|county|area"]


VRT = """<OGRVRTDataSource><OGRVRTLayer name="passwd"><SrcDataSource>CSV:/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""


def vrt_as_boundary(folder):
    (folder / "boundary.geojson").write_text(VRT, "utf-8")
    change(folder, boundary="boundary.geojson")
    return ["boundary.geojson", "VRT", "Give the data itself"]


def vrt_as_exclusions(folder):
    (folder / "exclusions.geojson").write_text(VRT, "utf-8")
    change(folder, exclusions="exclusions.geojson")
    return ["exclusions.geojson", "VRT", "Give the data itself"]


def zipped_shapefile(folder, *, leave_out=(), rename=lambda name: name):
    table = pyogrio.read_dataframe(folder / "boundary.gpkg", layer="county")
    parts = folder / "parts"
    parts.mkdir()
    pyogrio.write_dataframe(table, parts / "county.shp")
    with zipfile.ZipFile(folder / "boundary.zip", "w") as archive:
        for part in sorted(parts.iterdir()):
            if part.suffix not in leave_out:
                archive.write(part, rename(part.name))
    change(folder, boundary="boundary.zip")


def zip_without_shx(folder):
    zipped_shapefile(folder, leave_out=(".shx",))
    return ["boundary.zip", r"\.shx"]


def zip_with_a_path_out(folder):
    zipped_shapefile(folder, rename=lambda name: f"../{name}")
    return ["boundary.zip", r"\.\./county"]


def limit_missing(folder):
    change(
        folder,
        stages={"senior": {"ages": [15, 17]}},
        questions=[{"name": "Q", "stage": "senior", "model": "max_coverage", "new": 1}],
    )
    return ["question Q", "no limit", "Add limit"]


def budget_without_money(folder):
    project = read(folder)
    project["costs"] = {}
    project["questions"] = [{"name": "Q", "stage": "primary", "model": "capacitated", "budget": 1e6}]
    write(folder, project)
    return ["question Q", r"costs\.build_per_seat"]


def too_many_new(folder):
    change(folder, questions=[{"name": "Q", "stage": "primary", "model": "p_median", "new": 900}])
    return ["question Q", "900", "places", "fewer"]


def unknown_pack(folder):
    change(folder, standards="cn_moon")
    return ["cn_moon", "cn_county_default"]


def malformed_yaml(folder):
    (folder / "project.yaml").write_text("name: A\nroads: {file: [\n", "utf-8")
    return ["project.yaml", "line"]


def named_file_missing(folder):
    (folder / "schools.xlsx").unlink()
    return [r"schools\.file", "schools.xlsx", "no file"]


def web_mercator(folder):
    change(folder, crs="EPSG:3857")
    return ["crs", "on the ground", "crs: auto"]


def degrees(folder):
    change(folder, crs="EPSG:4326")
    return ["crs", "metres", "crs: auto"]


def zip_that_unpacks_to_4_gb(folder):
    (folder / "bomb.zip").write_bytes(zip_bomb("county.shp"))
    change(folder, boundary="bomb.zip")
    return ["bomb.zip", "4295 MB|4,295 MB", "refused"]


def workbook_that_unpacks_to_300_mb(folder):
    with zipfile.ZipFile(folder / "schools.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 300_000_000)
    return ["schools.xlsx", "300 MB", "refused"]


def empty_table(folder):
    (folder / "schools.csv").write_bytes(b"")
    change(folder, schools={"file": "schools.csv", "coordinates": "wgs84"})
    return ["schools.csv", "empty", "Export or download it again"]


FAULTS = [
    workbook_that_unpacks_to_300_mb, empty_table, missing_column, text_in_a_number, school_in_the_atlantic, empty_raster, raster_without_crs, truncated_pbf,
    zip_instead_of_xlsx, unknown_key, boundary_elsewhere, vrt_as_boundary, vrt_as_exclusions, zip_without_shx,
    zip_with_a_path_out, zip_that_unpacks_to_4_gb, limit_missing, budget_without_money, too_many_new, unknown_pack, malformed_yaml, named_file_missing,
    web_mercator, degrees,
]  # fmt: skip


def everything_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def run_in_process(*arguments: str):
    return CliRunner().invoke(app, [*arguments, "--lang", "en"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_bad_input_ends_with_2_words_and_no_output(fault, county, tmp_path):
    words = fault(county)
    before = everything_in(tmp_path)
    result = run_in_process("run", str(county / "project.yaml"), "--out", str(tmp_path / "new" / "out"))
    said = result.stderr
    assert result.exit_code == 2, said
    for word in words:
        assert re.search(word, said), (word, said)
    assert result.stdout == ""
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    ("command", "fault"), [("run", text_in_a_number), ("run", truncated_pbf), ("check", unknown_key)]
)
def test_the_same_through_the_real_command(command, fault, county, root):
    words = fault(county)
    before = everything_in(county)
    result = subprocess.run(
        [sys.executable, "-m", "planning", command, str(county / "project.yaml"), "--lang", "en"],
        cwd=root, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert re.search(word, result.stderr), (word, result.stderr)
    assert everything_in(county) == before


@pytest.mark.parametrize(
    "fault",
    [
        text_in_a_number,
        school_in_the_atlantic,
        unknown_key,
        too_many_new,
        zip_without_shx,
        zip_with_a_path_out,
        zip_that_unpacks_to_4_gb,
    ],
)
def test_faults_are_said_in_chinese(fault, county):
    fault(county)
    result = CliRunner().invoke(app, ["check", str(county), "--lang", "zh"])
    assert result.exit_code == 2
    last = [line for line in result.stderr.splitlines() if not line.startswith("[")]
    assert all(re.search("[一-鿿]", line) for line in last), last


def test_places_that_cannot_be_written_are_told_before_the_work(county, tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    project = str(county / "project.yaml")
    for out in (file, file / "below"):
        result = run_in_process("run", project, "--out", str(out))
        assert result.exit_code == 2
        assert str(file) in result.stderr
        assert "[" not in result.stderr.replace("[Errno", "")  # no progress: nothing was computed
    assert file.read_text() == "x"
    inside = run_in_process("run", project, "--out", str(county))
    assert inside.exit_code == 2
    assert "holds files that the project reads" in inside.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_leave_to_write(county, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    result = run_in_process("run", str(county), "--out", str(closed / "out"))
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


def test_no_project_file_there(tmp_path):
    for command in ("run", "check"):
        result = run_in_process(command, str(tmp_path / "none.yaml"))
        assert result.exit_code == 2
        assert "none.yaml: there is no such file" in result.stderr
        folder = run_in_process(command, str(tmp_path))
        assert folder.exit_code == 2
        assert "project.yaml" in folder.stderr


def test_check_says_what_it_found_and_writes_nothing(county):
    school_cell(county, "小学学位数", 9, None)
    before = {file: file.read_bytes() for file in county.rglob("*") if file.is_file()}
    result = run_in_process("check", str(county))
    assert result.exit_code == 0, result.stderr
    assert "inhabited places" in result.stdout.splitlines()[0]
    assert "schools.xlsx: the seats of" in result.stdout
    assert "[" in result.stderr  # progress goes there
    assert {file: file.read_bytes() for file in county.rglob("*") if file.is_file()} == before


COMMANDS = ("demo", "run", "check", "compare", "isochrones", "template", "version")


def test_help_names_every_command_and_option():
    top = CliRunner().invoke(app, ["--help"], terminal_width=120)
    assert top.exit_code == 0
    assert all(command in top.stdout for command in COMMANDS)
    for command in COMMANDS:
        result = CliRunner().invoke(app, [command, "--help"], terminal_width=120)
        assert result.exit_code == 0
        assert "Usage" in result.stdout
    said = CliRunner().invoke(app, ["run", "--help"], terminal_width=120).stdout
    assert all(option in said for option in ("--out", "--app", "--port", "--encoding", "--lang", "PROJECT.yaml"))


def test_scenarios_that_are_not_there_are_told_before_anything_is_computed(tmp_path):
    result = run_in_process(
        "compare", str(tmp_path), "today", "nothing.yaml", "--out", str(tmp_path / "out"), "--lang", "en"
    )
    assert result.exit_code == 2
    assert "nothing.yaml: there is no such file." in result.stderr
    assert not (tmp_path / "out").exists()


def test_templates_are_copied_once(tmp_path):
    result = run_in_process("template", str(tmp_path / "tables"))
    assert result.exit_code == 0, result.stderr
    copied = sorted(file.name for file in (tmp_path / "tables").iterdir())
    assert "schools_template.xlsx" in copied
    assert all(name.endswith(".xlsx") for name in copied)
    again = run_in_process("template", str(tmp_path / "tables"))
    assert again.exit_code == 2
    assert "schools_template.xlsx" in again.stderr


def test_isochrones_of_a_school(county, tmp_path):
    out = tmp_path / "iso.gpkg"
    school = str(sheet(county).active.cell(row=3, column=1).value)
    result = run_in_process(
        "isochrones", str(county), "--school", school, "--minutes", "15,30", "--stage", "primary", "--out", str(out)
    )
    assert result.exit_code == 0, result.stderr
    areas = pyogrio.read_dataframe(out)
    assert areas["cutoff"].to_list() == [15, 30]
    assert 0 < areas.area.iloc[0] < areas.area.iloc[1]
    for wrong in (
        ["--school", "nobody"],
        ["--school", school, "--minutes", "soon"],
        ["--school", school, "--stage", "senior"],
    ):
        failed = run_in_process("isochrones", str(county), *wrong, "--out", str(tmp_path / "no.gpkg"))
        assert failed.exit_code == 2, failed.stderr
        assert not (tmp_path / "no.gpkg").exists()


def test_run_writes_everything_and_the_app_serves_it_until_stopped(county, tmp_path, root):
    """One run of the whole command, app included, stopped as a service manager would."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    project = read(county)
    project["questions"] = [{"name": "one", "stage": "primary", "model": "p_median", "new": 1, "time_limit_s": 5}]
    write(county, project)
    log = tmp_path / "err.txt"
    with log.open("w") as errors:
        served = subprocess.Popen(
            [sys.executable, "-m", "planning", "run", str(county / "project.yaml"), "--out", str(out), "--app", "--port", "8731", "--lang", "en"],
            cwd=root, stdout=subprocess.PIPE, stderr=errors, text=True,
        )  # fmt: skip
        try:
            assert served.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", served.stdout.readline())
            assert address, log.read_text()
            page = ""
            for _ in range(120):
                try:
                    page = urllib.request.urlopen(address.group() + "/_stcore/health", timeout=2).read().decode()  # noqa: S310
                    break
                except OSError:
                    time.sleep(0.5)
            assert page == "ok"
        finally:
            served.send_signal(signal.SIGTERM)
            status = served.wait(timeout=60)
            served.stdout.close()
    said = log.read_text()
    assert status == 0, said
    assert "Traceback" not in said
    assert (out / "mine.txt").read_text() == "kept"
    for name in (
        "catchments.shp",
        "catchments.gpkg",
        "proposal.geojson",
        "indicators.csv",
        "reconciliation.csv",
        "report.html",
    ):
        assert (out / name).stat().st_size > 0, name
    assert len(json.loads((out / "proposal.geojson").read_text("utf-8"))["features"]) == 1
    assert [file for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_check_lists_the_faults_of_all_sources_at_once(county):
    """`run` stops at the first source that cannot be read; `check` goes on, so that a project is mended once."""
    schools, raster = text_in_a_number(county), raster_without_crs(county)
    result = run_in_process("check", str(county))
    assert result.exit_code == 2
    assert result.stdout == ""
    for word in (*schools, *raster):
        assert re.search(word, result.stderr), (word, result.stderr)
    first = run_in_process("run", str(county), "--out", str(county / "out")).stderr
    assert not all(re.search(word, first) for word in (*schools, *raster))
    assert "They are all listed." in result.stderr
