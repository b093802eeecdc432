"""From sources to a county: sources of every mix, a margin across the line, rows in any order."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
import yaml
from line_county import adds_up, counts

from planning.config import load_project
from planning.errors import CrsError, SourceError
from planning.scenario.areas import catchments
from planning.scenario.evaluate import evaluate
from planning.scenario.prepare import prepare

FILES = (
    "boundary.gpkg",
    "dem.tif",
    "exclusions.gpkg",
    "housing.xlsx",
    "population.tif",
    "roads.osm.pbf",
    "schools.xlsx",
    "villages.xlsx",
)


@pytest.fixture
def folder(tmp_path, demo_folder) -> Path:
    for name in FILES:
        shutil.copyfile(demo_folder / name, tmp_path / name)
    return tmp_path


def load(folder: Path, **project):
    content = {
        "name": "Yunlan",
        "language": "en",
        "roads": {"file": "roads.osm.pbf"},
        "population": {"villages": "villages.xlsx"},
        "schools": {"file": "schools.xlsx"},
        "stages": {"primary": {"ages": [6, 11], "share": 0.078}, "junior": {"ages": [12, 14], "share": 0.039}},
        **project,
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    return load_project(folder)


def shuffle(path: Path, seed: int) -> None:
    """Put the rows below the heading into another order."""
    book = openpyxl.load_workbook(path)
    page = book.active
    rows = [[cell.value for cell in row] for row in page.iter_rows()]
    heading = next(n for n, row in enumerate(rows) if "经度" in row)
    body = [row for row in rows[heading + 1 :] if any(value is not None for value in row)]
    random.Random(seed).shuffle(body)
    for number, row in enumerate(body):
        for column, value in enumerate(row, start=1):
            page.cell(row=heading + 2 + number, column=column).value = value
    book.save(path)


def test_villages_alone_without_boundary_townships_or_terrain_in_any_order(folder):
    """The least that a bureau has; and shuffled rows give the same county to the last child."""
    county = prepare(load(folder, crs="EPSG:4545"))
    assert county.crs.to_epsg() == 4545
    assert len(county.townships) == 0
    assert not county.cells["in_margin"].any()
    said = " ".join(map(str, county.notices))
    assert "No boundary is named" in said
    assert "No elevation is named" in said
    assert "No exclusions are named" in said
    assert county.boundary.geometry.iloc[0].covers(county.cells.union_all())
    base = {stage: evaluate(county, stage) for stage in county.project.stages}
    for stage, state in base.items():
        adds_up(county, stage, state)
        assert counts(state)["total"] > 0
    for name, seed in (("schools.xlsx", 1), ("villages.xlsx", 2)):
        shuffle(folder / name, seed)
    other = prepare(load(folder))
    assert other.crs == county.crs
    for stage, state in base.items():
        again = evaluate(other, stage)
        pd.testing.assert_frame_equal(again.indicators, state.indicators)
        pd.testing.assert_frame_equal(again.reconciliation, state.reconciliation)
        pd.testing.assert_frame_equal(again.by_township, state.by_township)
        pd.testing.assert_series_equal(again.load, state.load)
        drawn, drawn_again = catchments(county, state), catchments(other, again)
        for by in ("nearest", "allocated"):
            columns = ["name", "pupils", "going"]
            pd.testing.assert_frame_equal(
                pd.DataFrame(drawn[by][columns]), pd.DataFrame(drawn_again[by][columns]), check_like=True
            )
            pd.testing.assert_series_equal(drawn[by].area, drawn_again[by].area, rtol=1e-6)


def test_a_margin_keeps_schools_and_children_across_the_line(folder):
    """One township as the county, the rest of the demo around it."""
    townships = pyogrio.read_dataframe(folder / "boundary.gpkg", layer="townships")
    one = gpd.GeoDataFrame(townships.iloc[[0]], crs=townships.crs)
    one.to_file(folder / "one.gpkg", layer="county")
    population = {"file": "population.tif"}
    county = prepare(
        load(folder, boundary="one.gpkg", population=population, schools={"file": "schools.xlsx", "margin_m": 3000})
    )
    bare = prepare(load(folder, boundary="one.gpkg", population=population))
    assert county.cells["in_margin"].any()
    assert county.schools["in_margin"].any()
    assert not bare.cells["in_margin"].any()
    assert all(county.boundary.geometry.iloc[0].buffer(1).covers(point) for point in county.candidates.geometry)
    for stage in ("primary", "junior"):
        state, alone = evaluate(county, stage), evaluate(bare, stage)
        adds_up(county, stage, state)
        assert counts(state)["total"] == counts(alone)["total"]  # the county's children, whoever lives across the line
        drawn = catchments(county, state)["allocated"]
        assert drawn["pupils"].sum() <= counts(state)["total"]
    assert any(item.source == "schools.xlsx" for item in bare.set_aside)


def test_a_list_over_a_grid_counts_nobody_twice_where_the_boundary_has_no_townships(folder):
    """The list names townships, a county's outline does not: they are the same children all the same."""
    whole = pyogrio.read_dataframe(folder / "boundary.gpkg", layer="county")
    pyogrio.write_dataframe(whole, folder / "outline.gpkg", layer="county")
    both = {"file": "population.tif", "villages": "villages.xlsx"}
    outline = prepare(load(folder, boundary="outline.gpkg", population=both))
    townships = prepare(load(folder, boundary="boundary.gpkg", population=both))
    bands = ["pupils_primary_lower", "pupils_primary_upper", "pupils_junior"]
    listed = pd.read_excel(folder / "villages.xlsx", header=1)[["小学生数", "初中生数"]].sum().sum()
    assert outline.cells[bands].sum().sum() == listed
    assert outline.cells["population"].sum() == pytest.approx(townships.cells["population"].sum())
    assert set(outline.cells["township"]) == set(townships.cells["township"])
    assert any("nearest village" in str(notice) for notice in outline.notices)


@pytest.mark.parametrize(
    ("crs", "words"), [("EPSG:3857", "on the ground"), ("EPSG:4326", "metres"), ("EPSG:32632", "on the ground")]
)
def test_systems_that_stretch_are_refused_before_anything_is_read(folder, crs, words):
    (folder / "roads.osm.pbf").write_bytes((folder / "roads.osm.pbf").read_bytes()[:50_000])  # would fail later
    with pytest.raises(CrsError, match=words):
        prepare(load(folder, crs=crs))


def test_schools_from_osm_need_a_file_of_roads(folder):
    with pytest.raises(SourceError, match=r"schools\.file: osm needs roads\.file"):
        prepare(load(folder, boundary="boundary.gpkg", roads={"overpass": True}, schools={"file": "osm"}))


def test_keys_without_effect_are_said_and_hashes_kept(folder):
    county = prepare(
        load(
            folder,
            boundary="boundary.gpkg",
            housing="housing.xlsx",
            costs={"running_per_school": 1},
        )
    )
    said = " ".join(map(str, county.notices))
    assert "without effect on the numbers of this version: housing, costs.running_per_school" in said
    assert set(county.hashes) == {"boundary.gpkg", "roads.osm.pbf", "villages.xlsx", "schools.xlsx", "housing.xlsx"}
    assert all(len(value) == 64 for value in county.hashes.values())
