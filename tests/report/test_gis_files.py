"""Layers for other GIS programs, read back by pyogrio, by GDAL's own tool and byte by byte."""

from __future__ import annotations

import itertools
import json
import math
import os
import shutil
import struct
import subprocess
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
from changed_runs import with_names
from defusedxml.ElementTree import fromstring

from planning.i18n import get_translator
from planning.report import write_outputs
from planning.report.vectors import shortened_names, write_geopackage, write_proposal, write_shapefile
from planning.report.words import FIELDS
from planning.scenario.proposals import SITE_COLUMNS, no_sites

CRS = pyproj.CRS.from_epsg(4545)
ZH = get_translator("zh")
SHAPEFILES = ("catchments", "catchments_allocated", "unreachable")


def layer_of(names: list[str], seats: list[int | None]) -> gpd.GeoDataFrame:
    """Make catchments that are squares; the first has a hole and a second part."""
    squares = [shapely.box(5e5 + 1000 * n, 3e6, 5e5 + 1000 * n + 900, 3e6 + 900) for n in range(len(names))]
    hole = shapely.box(5e5 + 300, 3e6 + 300, 5e5 + 600, 3e6 + 600)
    squares[0] = shapely.union_all([squares[0] - hole, shapely.box(5e5, 3e6 + 2000, 5e5 + 10, 3e6 + 2010)])
    return gpd.GeoDataFrame(
        {
            "stage": "primary",
            "name": pd.array(names, dtype="str"),
            "kind": "primary",
            "seats": pd.array(seats, dtype="Int64"),
            "cells": 3,
            "people": 100.25,
            "pupils": 10,
            "going": 7,
            "share": [math.nan] + [0.7] * (len(names) - 1),
            "area_km2": 0.81,
        },
        index=pd.Index([f"s{n}" for n in range(len(names))], name="site_id"),
        geometry=squares,
        crs=CRS,
    )


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


@pytest.mark.parametrize("name", SHAPEFILES)
def test_shapefile_opens_elsewhere_without_a_warning(written: Path, name: str) -> None:
    said = ogrinfo("-al", "-so", str(written / f"{name}.shp"))
    assert "CGCS2000" in said
    fields = pyogrio.read_info(written / f"{name}.shp")["fields"]
    assert all(len(field) <= 10 and field.isascii() for field in fields)
    assert set(fields) <= {field.short for field in FIELDS.values()}


def test_geopackage_opens_elsewhere_without_a_warning(written: Path) -> None:
    said = ogrinfo("-al", "-so", str(written / "catchments.gpkg"))
    for layer in ("catchments_nearest", "catchments_allocated", "unreachable", "schools", "proposed_sites", "cells"):
        assert f"Layer name: {layer}" in said
    styles = pyogrio.read_dataframe(written / "catchments.gpkg", layer="layer_styles")
    assert set(styles["f_table_name"]) == set(pyogrio.list_layers(written / "catchments.gpkg")[:, 0]) - {"layer_styles"}
    assert styles["useAsDefault"].all()
    for style in styles["styleQML"]:
        assert fromstring(style).tag == "qgis"


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK"])
def test_chinese_names_and_unknown_seats_come_back(tmp_path: Path, encoding: str) -> None:
    names = ["云岚县第一小学", "高寨苗族乡教学点", ""]
    path = write_shapefile(
        layer_of(names, [270, None, 0]), tmp_path / "a.shp", style="catchments_nearest", t=ZH, encoding=encoding
    )
    assert path.with_suffix(".cpg").read_text().strip() == encoding
    assert names[0].encode(encoding) in path.with_suffix(".dbf").read_bytes()
    back = pyogrio.read_dataframe(path)
    assert back["name"].fillna("").tolist() == names
    assert back["seats"].isna().tolist() == [False, True, False]
    assert back["seats"].dropna().tolist() == [270, 0]
    assert back["share"].isna().tolist() == [True, False, False]
    assert back["school_id"].tolist() == ["s0", "s1", "s2"]
    if shutil.which("ogrinfo"):
        assert f"= {names[1]}" in ogrinfo("-al", str(path))


def test_a_name_too_long_is_cut_at_a_character_and_told(tmp_path: Path) -> None:
    names = ["学" * 100, "𠮷" * 70, "a" * 254, "短"]
    layer = layer_of(names, [1, 2, 3, 4])
    back = pyogrio.read_dataframe(write_shapefile(layer, tmp_path / "a.shp", style="catchments_nearest", t=ZH))
    assert back["name"].tolist() == ["学" * 84, "𠮷" * 63, "a" * 254, "短"]
    (told,) = shortened_names([layer], "UTF-8")
    assert told.params["n"] == 2
    assert shortened_names([layer.iloc[2:]], "UTF-8") == ()


def test_a_character_that_gbk_lacks_becomes_a_question_mark_and_is_told(tmp_path: Path) -> None:
    layer = layer_of(["𠮷林小学", "吉林小学"], [1, 2])
    path = write_shapefile(layer, tmp_path / "a.shp", style="catchments_nearest", t=ZH, encoding="GBK")
    assert pyogrio.read_dataframe(path)["name"].tolist() == ["?林小学", "吉林小学"]
    (told,) = shortened_names([layer], "GBK")
    assert "𠮷林小学" in str(told)


@pytest.mark.parametrize("epsg", [4545, 4523, 32738, 32635])
def test_prj_is_esri_wkt_that_is_recognised(tmp_path: Path, epsg: int) -> None:
    layer = layer_of(["a"], [1]).set_crs(epsg, allow_override=True)
    path = write_shapefile(layer, tmp_path / "a.shp", style="catchments_nearest", t=ZH)
    text = path.with_suffix(".prj").read_text()
    assert text.startswith("PROJCS[")
    assert "AUTHORITY" not in text
    assert pyproj.CRS.from_wkt(text).to_epsg(min_confidence=70) == epsg


def test_outer_rings_run_clockwise_and_holes_against(tmp_path: Path) -> None:
    path = write_shapefile(layer_of(["a", "b"], [1, 2]), tmp_path / "a.shp", style="catchments_nearest", t=ZH)
    raw, at, areas = path.read_bytes(), 100, []
    while at < len(raw):
        words = struct.unpack_from(">i", raw, at + 4)[0]
        parts, points = struct.unpack_from("<2i", raw, at + 8 + 36)
        starts = [*struct.unpack_from(f"<{parts}i", raw, at + 8 + 44), points]
        xy = struct.unpack_from(f"<{2 * points}d", raw, at + 8 + 44 + 4 * parts)
        corners = list(zip(xy[::2], xy[1::2], strict=True))
        for first, last in itertools.pairwise(starts):
            ring = corners[first:last]
            twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))
            areas.append(round(-twice / 2))
        at += 8 + 2 * words
    assert sorted(areas) == [-90_000, 100, 810_000, 810_000]  # above 0: clockwise


def test_field_dictionary_explains_every_field_in_both_languages(written: Path) -> None:
    table = pd.read_csv(written / "fields.csv", encoding="utf-8-sig").set_index("field")
    for name in SHAPEFILES:
        assert set(pyogrio.read_info(written / f"{name}.shp")["fields"]) <= set(table.index)
    assert (table["meaning_zh"].str.len() > 4).all()
    assert (table["meaning_en"].str.len() > 10).all()
    assert "teaching_point = Teaching point" in table.at["kind", "meaning_en"]


def test_empty_layers_keep_their_columns(tmp_path: Path, clip) -> None:
    sites = no_sites(clip.county)

    empty = layer_of(["a"], [1]).iloc[:0].reset_index(drop=True).drop(columns=["name", "kind"])
    empty = empty.assign(by=pd.Series([], dtype=object))
    write_geopackage({"unreachable": empty, "proposed_sites": sites}, tmp_path / "a.gpkg", ZH)
    assert set(SITE_COLUMNS) <= set(pyogrio.read_info(tmp_path / "a.gpkg", layer="proposed_sites")["fields"])
    assert "by" in pyogrio.read_info(tmp_path / "a.gpkg", layer="unreachable")["fields"]
    write_shapefile(empty, tmp_path / "a.shp", style="unreachable", t=ZH)
    back = pyogrio.read_dataframe(tmp_path / "a.shp")
    assert len(back) == 0
    assert {"stage", "by", "cells", "pupils"} <= set(back.columns)
    ogrinfo("-al", "-so", str(tmp_path / "a.shp"))
    ogrinfo("-al", "-so", str(tmp_path / "a.gpkg"))


def test_proposal_is_rfc_7946(written: Path, clip) -> None:
    text = (written / "proposal.geojson").read_text("utf-8")
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert "crs" not in document
    features = document["features"]
    assert [feature["properties"]["question"] for feature in features[:3]] == ["两所新校", "两所新校", "没有答案"]
    assert features[2]["geometry"] is None
    assert features[2]["properties"]["status"] == "infeasible"
    assert features[2]["properties"]["objective"] is None
    boundary = clip.county.boundary.to_crs(4326).geometry.iloc[0]
    wanted = {"question", "stage", "kind", "seats", "pupils_gained", "objective", "bound", "gap", "status"}
    for feature in features:
        assert wanted <= set(feature["properties"])
        if feature["geometry"] is not None:
            assert shapely.distance(boundary, shapely.Point(feature["geometry"]["coordinates"])) < 0.01
    assert len(pyogrio.read_dataframe(written / "proposal.geojson")) == len(features)


def test_no_question_gives_an_empty_collection(tmp_path: Path) -> None:
    path = write_proposal((), tmp_path / "p.geojson")
    assert json.loads(path.read_text("utf-8")) == {"type": "FeatureCollection", "features": []}


def test_names_that_do_not_fit_are_told_in_the_report(clip, tmp_path: Path) -> None:
    write_outputs(with_names(clip, ["𠮷" * 80]), tmp_path, encoding="GBK")
    assert "GeoPackage" in (tmp_path / "report.html").read_text("utf-8")
    assert (tmp_path / "catchments.cpg").read_text().strip() == "GBK"
