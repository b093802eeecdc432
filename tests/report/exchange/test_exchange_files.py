"""Exchanged layers, read back by GDAL's own tool, pyogrio, geopandas and QGIS: names, systems, areas, styles, no warning."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from defusedxml.ElementTree import fromstring

from planning.i18n import get_translator
from planning.report.exchange import FORMATS, LAYERS, choose_system, exchange_layers, write_exchange
from planning.report.exchange.fields import COLUMNS
from planning.report.exchange.layers import geodesic_km2
from planning.report.exchange.systems import county_bounds
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.evaluate import evaluate

ZH, EN = get_translator("zh"), get_translator("en")
POLYGONS = ("catchments_nearest", "catchments_allocated", "unreachable")
QGIS_PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def layers(clip):
    return exchange_layers(clip.county, clip.base, answers=clip.answers)


@pytest.fixture
def export(clip, tmp_path):
    """Give a function that writes layers and gives the folder and what was told."""

    def write(layers, *formats, crs=None, t=ZH, encoding="UTF-8"):
        bounds = county_bounds(clip.county)
        system = choose_system(crs, clip.county.crs, bounds)
        done = write_exchange(
            layers, tmp_path, formats=formats or tuple(FORMATS), system=system, bounds=bounds, t=t, encoding=encoding
        )
        return tmp_path, [EN.message(notice) for notice in done.notices]

    return write


def ogrinfo(*arguments: str) -> str:
    """Ask GDAL's own tool, and let no warning pass."""
    if shutil.which("ogrinfo") is None:
        assert not os.environ.get("PLANNING_STRICT"), "ogrinfo must be there (Debian: gdal-bin)"
        pytest.skip("ogrinfo is not on this machine (Debian: gdal-bin)")
    plain = {name: value for name, value in os.environ.items() if name not in ("GDAL_SKIP", "OGR_SKIP")}
    done = subprocess.run(["ogrinfo", "-ro", *arguments], capture_output=True, text=True, check=True, env=plain)
    assert done.stderr == ""
    assert "warning" not in done.stdout.lower()
    return done.stdout


def in_qgis(*sources: str) -> list[dict[str, object]]:
    """Open layers in Debian's QGIS, headless."""
    has = (
        Path(QGIS_PYTHON).exists()
        and not subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    )
    if sys.platform != "linux" or not has:
        assert not os.environ.get("PLANNING_STRICT"), "QGIS must be there (Debian: python3-qgis)"
        pytest.skip("QGIS is not on this machine (Debian: python3-qgis)")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    script = Path(__file__).with_name("qgis_opens.py")
    done = subprocess.run(
        [QGIS_PYTHON, str(script), *sources],
        capture_output=True, text=True, check=False, env={**plain, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.stdout.startswith("["), done.stderr
    return json.loads(done.stdout.splitlines()[0])


@pytest.mark.parametrize("crs", ["EPSG:4545", "EPSG:4524", "EPSG:4490", "EPSG:4326", "EPSG:4507", "EPSG:4496"])
def test_every_format_in_every_system_reads_back_with_names_places_and_areas(layers, export, crs):
    folder, _ = export(layers, crs=crs)
    wanted = pyproj.CRS(crs)
    for name, layer in layers.items():
        files = {
            "gpkg": (folder / "layout.gpkg", {"layer": name}, wanted),
            "shp": (folder / f"{name}.shp", {}, wanted),
            "geojson": (folder / f"{name}.geojson", {}, pyproj.CRS(4326)),
        }
        read = {kind: pyogrio.read_dataframe(file, **how) for kind, (file, how, _) in files.items()}
        read["parquet"] = gpd.read_parquet(folder / f"{name}.parquet")
        for kind, table in read.items():
            expected = files[kind][2] if kind in files else wanted
            assert table.crs.to_epsg(min_confidence=70) == expected.to_epsg(), (name, kind)
            assert len(table) == len(layer)
            column = "village" if name == "villages" else "name"
            if column in layer:
                assert table[column].fillna("").tolist() == layer[column].fillna("").tolist(), (name, kind)
            apart = table.geometry.to_crs(layer.crs).distance(layer.geometry.reset_index(drop=True), align=False)
            assert not len(apart) or apart.max() < 0.02, (name, kind)  # 1e-7 of a degree is a centimetre
            assert table.is_valid.all()
            if name in POLYGONS:
                geod = pyproj.Geod(ellps="GRS80")
                measured = [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in table.to_crs(4326).geometry]
                np.testing.assert_allclose(table["area_km2"], measured, rtol=2e-5, atol=2e-6)
                assert (shapely.area(shapely.get_parts(table.to_crs(layer.crs).geometry.to_numpy())) > 0.9).all()


def test_areas_are_of_the_ellipsoid_and_add_up_to_the_county(clip, layers):
    for by in ("nearest", "allocated"):
        left = layers["unreachable"]
        total = layers[f"catchments_{by}"].groupby("stage")["area_km2"].sum()
        total = total.add(left[left["by"] == by].groupby("stage")["area_km2"].sum(), fill_value=0)
        (county,) = geodesic_km2(clip.county.boundary.geometry)
        np.testing.assert_allclose(total, county, rtol=1e-3)  # land of cells at the line reaches beyond it
    square = gpd.GeoSeries([shapely.box(108, 30, 108.01, 30.01)], crs=4326)
    assert geodesic_km2(square)[0] == pytest.approx(1.0695, rel=1e-3)  # 1.1085 km by 0.9648 km


def test_gdal_s_own_tool_opens_everything_without_a_warning(layers, export):
    folder, _ = export(layers, encoding="GBK")
    said = ogrinfo("-al", "-so", str(folder / "layout.gpkg"))
    assert all(f"Layer name: {name}" in said for name in LAYERS)
    said = ogrinfo("-al", str(folder / "layout.kml"))
    for name, layer in layers.items():
        assert f"Layer name: {ZH.message(LAYERS[name])}\n" in said
        assert layer.iloc[0].get("name", layer.iloc[0].get("village", "")) in said
    for name, layer in layers.items():
        assert (folder / f"{name}.cpg").read_text().strip() == "GBK"
        said = ogrinfo("-al", str(folder / f"{name}.shp"))
        column = "village" if name == "villages" else "name"
        assert column not in layer or f"= {layer[column].iloc[0]}\n" in said
        assert "CGCS2000" in said
        ogrinfo("-al", "-so", str(folder / f"{name}.geojson"))
        fields = pyogrio.read_info(folder / f"{name}.shp")["fields"]
        assert all(len(field.encode()) <= 10 and field.isascii() for field in fields)
        assert set(fields) == {COLUMNS[column].short for column in layer.columns if column != "geometry"}


def test_every_column_is_explained_in_both_languages(layers, export):
    folder, _ = export(layers, "shp")
    table = pd.read_csv(folder / "fields.csv", encoding="utf-8-sig").set_index("column")
    assert set(table.index) == {name for layer in layers.values() for name in layer.columns if name != "geometry"}
    assert table["field"].is_unique
    assert (table[["meaning_zh", "meaning_en"]].map(len) > 4).all(axis=None)
    assert "ellipsoid" in table.at["area_km2", "meaning_en"]
    assert table.at["area_km2", "unit_en"] == "square kilometres"


def test_geojson_is_rfc_7946(layers, export):
    folder, told = export(layers, "geojson", crs="EPSG:4545")
    assert any("WGS 84" in line for line in told)
    for name in layers:
        document = json.loads(
            (folder / f"{name}.geojson").read_text("utf-8"), parse_constant=lambda sign: pytest.fail(sign)
        )
        assert "crs" not in document
        for feature in document["features"]:
            shape = shapely.geometry.shape(feature["geometry"])
            assert 100 < shape.bounds[0] < 110
            for part in shapely.get_parts(shape):
                if part.geom_type == "Polygon":
                    assert part.exterior.is_ccw
                    assert not any(ring.is_ccw for ring in part.interiors)


def test_geopackage_and_shapefile_open_styled_in_qgis(layers, export):
    folder, _ = export(layers, "gpkg", "shp", encoding="GBK")
    sources = [f"{folder / 'layout.gpkg'}|layername={name}" for name in layers]
    sources += [str(folder / f"{name}.shp") for name in layers]
    opened = dict(zip([*layers, *(f"{name}.shp" for name in layers)], in_qgis(*sources), strict=True))
    assert all(layer["valid"] and layer["renderer"] == "categorizedSymbol" for layer in opened.values())
    assert {layer["crs"] for layer in opened.values()} == {"EPSG:4545"}
    for name, layer in layers.items():
        for opening in (opened[name], opened[f"{name}.shp"]):
            assert opening["features"] == len(layer)
            if "name" in layer:
                assert sorted(opening["names"]) == sorted(layer["name"])
    for name in ("catchments_nearest", "catchments_nearest.shp"):
        assert opened[name]["legend"] == ["小学", "初中"]
        assert {"学段", "名称", "学位数"} <= set(opened[name]["aliases"])
        assert opened[name]["labels"]
    assert "教学点" in opened["sites"]["legend"]


def test_styles_speak_the_language_that_is_asked_for(layers, export):
    folder, _ = export(layers, "gpkg", t=EN)
    styles = pyogrio.read_dataframe(folder / "layout.gpkg", layer="layer_styles").set_index("f_table_name")
    assert styles["useAsDefault"].all()
    for name, style in styles["styleQML"].items():
        root = fromstring(style)
        labels = [entry.get("label") for entry in root.iter("category")]
        assert labels
        assert all(label.isascii() for label in labels), name


def test_what_gbk_lacks_is_named_and_hostile_names_stay_text(layers, export):
    sites = layers["sites"].copy()
    hostile = '<b>&"]]>\x0b</name><script>'
    sites.loc[sites.index[:3], "name"] = ["𠮷林小学", hostile, "学" * 200]
    folder, told = export({"sites": sites}, "shp", "kml", "gpkg", encoding="GBK")
    assert any("𠮷 (U+20BB7)" in line and "𠮷林小学" in line for line in told)
    assert any("are cut" in line for line in told)
    notes = (folder / "notes.txt").read_text("utf-8-sig")
    assert "U+20BB7" in notes
    assert pyogrio.read_dataframe(folder / "sites.shp")["name"].tolist()[:3] == ["?林小学", hostile, "学" * 127]
    assert pyogrio.read_dataframe(folder / "layout.gpkg", layer="sites")["name"].tolist()[:2] == ["𠮷林小学", hostile]
    root = fromstring((folder / "layout.kml").read_text("utf-8"))
    names = [node.text for node in root.iter("{http://www.opengis.net/kml/2.2}name")]
    assert hostile.replace("\x0b", "") in names
    assert not any("<script" in (node.text or "") for node in root.iter("{http://www.opengis.net/kml/2.2}description"))
    _, told = export({"sites": sites.iloc[:2]}, "shp")
    assert told == []  # UTF-8 has them all


def test_a_scenario_tells_new_and_closed_schools(clip, export):
    county = clip.county
    gone = clip.base["primary"].sites.index[0]
    place = county.cells.geometry.iloc[0]
    edits = (CloseSchool(gone), NewSchool("new-1", "新建小学", place.x, place.y, "primary", 270, "primary"))
    states = {stage: evaluate(county, stage, edits) for stage in clip.base}
    layers = exchange_layers(county, states, base=clip.base)
    status = layers["sites"].set_index(["stage", "site_id"])["status"]
    assert status[("primary", gone)] == "closed"
    assert status[("primary", "new-1")] == "new"
    assert (status.drop([("primary", gone), ("primary", "new-1")]) != "new").all()
    assert gone not in set(layers["catchments_nearest"].query("stage == 'primary'")["site_id"])
    assert len(layers["proposed_sites"]) == 0
    folder, _ = export(layers, "gpkg", "shp", "parquet", "geojson", "kml")
    assert len(pyogrio.read_dataframe(folder / "proposed_sites.shp")) == 0
    ogrinfo("-al", "-so", str(folder / "layout.kml"))


def test_villages_hold_every_child_of_the_county(clip, layers):
    villages = layers["villages"]
    cells = clip.county.cells[~clip.county.cells["in_margin"]]
    for stage, state in clip.base.items():
        own = villages[villages["stage"] == stage]
        assert own["pupils"].sum() == sum(cells[f"pupils_{band}"].sum() for band in state.bands)
        assert own["people"].sum() == pytest.approx(cells["population"].sum(), rel=1e-3)
        assert (own["no_way"] <= own["pupils"]).all()
        with_way = own.dropna(subset=["mean_m"])
        assert (with_way["mean_m"] <= with_way["longest_m"] + 0.1).all()
        distance = sum(
            (cells[f"pupils_{band}"] * state.nearest[band]["distance_m"].reindex(cells.index).where(lambda m: np.isfinite(m), 0)).sum()
            for band in state.bands
        )  # fmt: skip
        told = (with_way["mean_m"] * (with_way["pupils"] - with_way["no_way"])).sum()
        assert told == pytest.approx(distance, rel=1e-3)
