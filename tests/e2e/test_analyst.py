"""The analyst's story, network cut off: catchments in a CGCS2000 zone reopened with GDAL; the app's numbers by the command line."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import yaml

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
#: Tables in which the report's numbers stand; the command line must give them byte for byte.
TABLES = (
    "indicators",
    "indicators_by_township",
    "reconciliation",
    "schools",
    "proposal",
    "frontier",
    "demand",
    "balance",
)


@pytest.fixture(scope="module")
def county(demo_folder, tmp_path_factory) -> Path:
    """Copy the demo county with one question, so that the command line has it quickly."""
    folder = tmp_path_factory.mktemp("analyst") / "yunlan"
    folder.mkdir()
    for file in demo_folder.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    content = yaml.safe_load((folder / "project.yaml").read_text("utf-8"))
    content["questions"] = [{"name": "新建三所小学", "stage": "primary", "model": "p_median", "new": 3}]
    (folder / "project.yaml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")
    return folder


@pytest.fixture(scope="module")
def analyst_server(serve, county):
    with serve(county / "project.yaml") as server:
        yield server.address


@pytest.fixture(scope="module")
def ran(county, tmp_path_factory, root) -> Path:
    """Run the same project folder by the command line."""
    out = tmp_path_factory.mktemp("by-hand") / "run"
    command(root, "run", str(county), "--out", str(out))
    return out


def command(root: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "planning", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def downloaded(page, key: str) -> bytes:
    with page.expect_download(timeout=60_000) as waiting:
        page.locator(f".st-key-{key} button").click(timeout=180_000)
    return Path(waiting.value.path()).read_bytes()


def choose_zone(page, zone: str) -> None:
    """Take a reference system by what its name holds."""
    page.locator(".st-key-exchange-crs input").click()
    page.locator(".st-key-exchange-crs input").fill(zone)
    page.locator("[role=option]").first.click()


def settle(visitor) -> None:
    """Let the browser ask for each file that is offered, as it does of itself, before the page takes them away."""
    visitor.rest()
    visitor.page.wait_for_load_state("networkidle")


def gdal_opens(file: Path) -> str:
    if shutil.which("ogrinfo") is None:
        assert not os.environ.get("PLANNING_STRICT"), "ogrinfo must be there (Debian: gdal-bin)"
        return ""
    plain = {name: value for name, value in os.environ.items() if name not in ("GDAL_SKIP", "OGR_SKIP")}
    done = subprocess.run(
        ["ogrinfo", "-ro", "-al", "-so", str(file)], capture_output=True, text=True, check=True, env=plain
    )
    assert done.stderr == ""
    assert "warning" not in done.stdout.lower()
    return done.stdout


@pytest.mark.parametrize(("language", "encoding"), [("zh", "GBK"), ("en", "UTF-8")])
def test_analyst_s_story(walk, analyst_server, county, ran, root, tmp_path, language, encoding):
    visitor = walk(language, at=analyst_server, page="export", ready=".pl-files")
    visitor.page.locator(".st-key-export-view button").nth(1).click()
    page = visitor.page
    offered = page.locator(".st-key-exchange-crs input").input_value()
    assert "4545" in offered, offered  # the fitting zone stands first
    choose_zone(page, "4524")
    page.locator(".st-key-exchange-encoding button", has_text=encoding).click()
    page.locator(".st-key-make-layers button").click()
    archive = zipfile.ZipFile(io.BytesIO(downloaded(page, "download-layers")))
    archive.extractall(tmp_path / "layers")

    read = {}
    for name, source in (("shp", "catchments_allocated.shp"), ("gpkg", "layout.gpkg")):
        file = tmp_path / "layers" / source
        table = pyogrio.read_dataframe(file, **({"layer": "catchments_allocated"} if name == "gpkg" else {}))
        said = gdal_opens(file)
        assert not said or "3-degree Gauss-Kruger zone 36" in said or "CGCS2000_3_Degree_GK_Zone_36" in said
        assert table.crs.to_epsg(min_confidence=70) == 4524
        west, _, east, _ = table.total_bounds
        assert 36_300_000 < west < east < 36_600_000  # the zone's number stands before the easting
        geod = pyproj.Geod(ellps="GRS80")
        measured = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in table.to_crs(4490).geometry]
        np.testing.assert_allclose(table["area_km2"], measured, rtol=1e-6, atol=2e-6)
        read[name] = table
    assert (tmp_path / "layers" / "catchments_allocated.cpg").read_text().strip() == encoding
    known = pd.read_csv(ran / "schools.csv", dtype={"school_id": str}).set_index(["stage", "school_id"])["name"]
    for name, code in (("shp", "school_id"), ("gpkg", "site_id")):
        named = read[name].set_index(["stage", code])["name"]
        assert (named == known.reindex(named.index)).all()
    by_stage = read["gpkg"].groupby("stage")["pupils"].sum()
    styles = pyogrio.read_dataframe(tmp_path / "layers" / "layout.gpkg", layer="layer_styles")
    assert ("小学" if language == "zh" else "Primary school") in styles["styleQML"].iloc[0]

    # the command line gives the same layers, from a run of the same folder
    command(root, "export", str(ran), "--format", "shp", "--crs", "EPSG:4524", "--encoding", encoding, "--language", language,
            "--out", str(tmp_path / "again"), "--layer", "catchments_allocated")  # fmt: skip
    for part in ("shp", "dbf", "prj", "cpg", "qml"):
        one, two = (tmp_path / folder / f"catchments_allocated.{part}" for folder in ("layers", "again"))
        same = (one.read_bytes()[4:], two.read_bytes()[4:]) if part == "dbf" else (one.read_bytes(), two.read_bytes())
        assert same[0] == same[1], part  # a .dbf begins with the day

    # and the numbers of the report
    settle(visitor)
    page.locator(".st-key-export-view button").nth(0).click()
    page.locator(".st-key-with-answers label").click(timeout=60_000)
    page.locator(".st-key-make-files button").click()
    tables = zipfile.ZipFile(io.BytesIO(downloaded(page, "download-all")))
    for name in TABLES:
        assert tables.read(f"{name}.csv") == (ran / f"{name}.csv").read_bytes(), name
    indicators = pd.read_csv(io.BytesIO(tables.read("indicators.csv"))).query(
        "when == 'base' and indicator == 'pupils'"
    )
    left = (
        pyogrio.read_dataframe(tmp_path / "layers" / "unreachable.shp")
        .query("by == 'allocated'")
        .groupby("stage")["pupils"]
        .sum()
    )
    found = by_stage.add(left, fill_value=0).astype(int)
    assert found.to_dict() == indicators.set_index("stage")["value"].astype(int).to_dict()

    # the project as one file opens elsewhere
    settle(visitor)
    page.locator(".st-key-export-view button").nth(2).click()
    page.locator(".st-key-make-project button").click(timeout=60_000)
    (tmp_path / "project.zip").write_bytes(downloaded(page, "download-project"))
    command(root, "unpack", str(tmp_path / "project.zip"), "--to", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "project.yaml").read_bytes() == (county / "project.yaml").read_bytes()


@pytest.mark.parametrize(("language", "encoding"), [("zh", "UTF-8"), ("en", "GBK")])
def test_catchments_of_a_plan_made_in_the_app(walk, analyst_server, ran, root, tmp_path, language, encoding):
    visitor = walk(language, at=analyst_server)
    page = visitor.page
    visitor.go("plan")
    before = visitor.figures()
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.map.locator("#map_div").click(position={"x": box["width"] * 0.36, "y": box["height"] * 0.45})
    visitor.wait_for_figures(other_than=before)
    page.locator(".st-key-scenario-menu button").click()
    (tmp_path / "plan.yaml").write_bytes(downloaded(page, "scenario-export"))
    page.keyboard.press("Escape")
    visitor.go("export")
    page.locator(".st-key-export-view button").nth(1).click()
    choose_zone(page, "4524")
    page.locator(".st-key-exchange-encoding button", has_text=encoding).click()
    page.locator(".st-key-make-layers button").click()
    archive = zipfile.ZipFile(io.BytesIO(downloaded(page, "download-layers")))
    archive.extractall(tmp_path / "layers")

    (edit,) = yaml.safe_load((tmp_path / "plan.yaml").read_text("utf-8"))["entries"]
    table = pyogrio.read_dataframe(tmp_path / "layers" / "catchments_nearest.shp")
    new = table[table["school_id"] == edit["site_id"]]
    assert list(new["stage"]) == ["primary"]
    assert new["pupils"].item() > 0
    assert table.crs.to_epsg(min_confidence=70) == 4524
    assert new["name"].item().strip()
    geod = pyproj.Geod(ellps="GRS80")
    measured = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in table.to_crs(4490).geometry]
    np.testing.assert_allclose(table["area_km2"], measured, rtol=1e-6, atol=2e-6)
    gdal_opens(tmp_path / "layers" / "layout.gpkg")

    command(root, "export", str(ran), "--scenario", str(tmp_path / "plan.yaml"), "--format", "shp", "--crs", "EPSG:4524",
            "--encoding", encoding, "--language", language, "--out", str(tmp_path / "again"), "--layer", "catchments_nearest")  # fmt: skip
    again = pyogrio.read_dataframe(tmp_path / "again" / "catchments_nearest.shp")
    pd.testing.assert_frame_equal(table, again)
    for part in ("shp", "prj", "cpg", "qml"):
        file = f"catchments_nearest.{part}"
        assert (tmp_path / "layers" / file).read_bytes() == (tmp_path / "again" / file).read_bytes(), part
