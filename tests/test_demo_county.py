"""The county that ships: its files open, hold what they promise, and are those that its script made."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pytest
import rasterio
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from planning.config import load_project

SCHOOL_HEADINGS = [
    "学校代码",
    "学校名称",
    "办学类型",
    "城乡类型",
    "所属乡镇",
    "办别",
    "经度",
    "纬度",
    "小学学位数",
    "初中学位数",
    "高中学位数",
    "特教学位数",
    "小学在校生数",
    "初中在校生数",
    "高中在校生数",
    "特教在校生数",
    "小学班数",
    "初中班数",
    "高中班数",
    "特教班数",
    "寄宿床位数",
    "寄宿生数",
    "专任教师数",
    "教职工数",
    "高于规定学历教师数",
    "县级以上骨干教师数",
    "体育艺术教师数",
    "中级及以上职称教师数",
    "教学及辅助用房面积",
    "体育运动场馆面积",
    "教学仪器设备值（万元）",
    "网络多媒体教室数",
    "计算机台数",
    "图书册数",
    "音乐教室数",
    "美术教室数",
    "占地面积",
    "校舍建筑面积",
    "学生宿舍面积",
    "小学最大班额",
    "小学56-65人班数",
    "小学66人及以上班数",
    "初中最大班额",
    "初中56-65人班数",
    "初中66人及以上班数",
    "是否保护",
    "备注",
]
PRIMARY_KINDS = ["小学", "教学点", "九年一贯制学校"]


@pytest.fixture(scope="module")
def schools(demo_folder: Path) -> gpd.GeoDataFrame:
    table = pd.read_excel(demo_folder / "schools.xlsx", header=1, dtype={"学校代码": str})
    points = gpd.points_from_xy(table["经度"], table["纬度"], crs="EPSG:4490")
    return gpd.GeoDataFrame(table, geometry=points).to_crs("EPSG:4545")


@pytest.fixture(scope="module")
def people(demo_folder: Path) -> np.ndarray:
    with rasterio.open(demo_folder / "population.tif") as raster:
        return raster.read(masked=True).astype(np.float64)


@pytest.fixture(scope="module")
def townships(demo_folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(demo_folder / "boundary.gpkg", layer="townships")


@pytest.fixture(scope="module")
def ways(demo_folder: Path) -> list[tuple[dict[str, str], list[int], np.ndarray]]:
    found = []
    for way in osmium.FileProcessor(demo_folder / "roads.osm.pbf").with_locations():
        if way.is_way():
            lonlat = np.array([(node.lon, node.lat) for node in way.nodes])
            found.append((dict(way.tags), [node.ref for node in way.nodes], lonlat))
    return found


def lines_of(ways, key: str, *values: str) -> gpd.GeoSeries:
    lines = [shapely.LineString(xy) for tags, _, xy in ways if key in tags and (not values or tags[key] in values)]
    return gpd.GeoSeries(lines, crs="EPSG:4490").to_crs("EPSG:4545")


def test_files_are_those_the_script_made(demo_folder):
    sums = dict(line.split("  ")[::-1] for line in (demo_folder / "SHA256SUMS").read_text("utf-8").splitlines())
    assert len(sums) == 10
    for name, digest in sums.items():
        assert hashlib.sha256((demo_folder / name).read_bytes()).hexdigest() == digest, name


def test_folder_is_small(demo_folder):
    files = [path for path in demo_folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 12e6


def test_says_that_it_is_invented(demo_folder):
    assert "云岚县是虚构的" in (demo_folder / "README.md").read_text("utf-8")
    assert "does not exist" in (demo_folder / "README.md").read_text("utf-8")
    for name in ("schools.xlsx", "villages.xlsx", "housing.xlsx"):
        book = openpyxl.load_workbook(demo_folder / name)
        assert "虚构" in book.active["A1"].value
        assert "invented" in book.properties.description
    for name in ("dem.tif", "population.tif"):
        with rasterio.open(demo_folder / name) as raster:
            assert "invented" in raster.tags()["TIFFTAG_IMAGEDESCRIPTION"]


def test_people(people, demo_folder):
    with rasterio.open(demo_folder / "population.tif") as raster:
        assert raster.descriptions == ("total", "0-4", "5-9", "10-14", "15-19", "20-59", "60+")
        assert raster.crs.to_epsg() == 4545
        assert raster.res == (100.0, 100.0)
        assert raster.nodata == -99999
    total, groups = people[0], people[1:]
    assert 290_000 < total.sum() < 310_000
    assert 15_000 <= np.count_nonzero(~total.mask) <= 30_000
    assert total.min() > 0
    np.testing.assert_array_equal(groups.sum(axis=0).compressed(), total.compressed())
    assert groups[0].sum() < 0.75 * groups[1].sum()  # births have fallen
    primary = (0.8 * groups[1] + 0.4 * groups[2]).sum() / total.sum()
    assert 0.07 < primary < 0.08
    assert 0.035 < 0.6 * groups[2].sum() / total.sum() < 0.04


def test_project_names_files_that_stand_and_the_people_in_them(people, demo_folder):
    project = load_project(demo_folder / "project.yaml")
    assert project.population.known_total == round(float(people[0].sum()))
    assert list(project.stages) == ["primary", "junior"]
    assert {q.model for q in project.questions} >= {"p_median", "max_coverage", "capacitated", "boarding"}
    for name in (project.boundary, project.roads.file, project.terrain.dem, project.schools.file, project.housing):
        assert project.path(name).is_file(), name


def test_townships_tile_the_county(townships, demo_folder):
    county = gpd.read_file(demo_folder / "boundary.gpkg", layer="county")
    assert county["name"].tolist() == ["云岚县"]
    assert len(townships) == 16
    assert townships["name"].is_unique
    assert county.crs.to_epsg() == townships.crs.to_epsg() == 4545
    assert shapely.coverage_is_valid(townships.geometry.to_numpy())
    assert 1_900e6 < county.area[0] < 2_100e6
    assert townships.union_all().symmetric_difference(county.geometry[0]).area < 1
    assert (townships.geom_type == "Polygon").all()


def test_elevation(demo_folder, townships):
    with rasterio.open(demo_folder / "dem.tif") as raster:
        z = raster.read(1)
        assert raster.crs.to_epsg() == 4545
        assert raster.dtypes == ("int16",)
        west, south, east, north = townships.total_bounds
        assert raster.bounds.left < west < east < raster.bounds.right
        assert raster.bounds.bottom < south < north < raster.bounds.top
    assert 300 < z.min() < 600
    assert 1_000 < z.max() < 2_500


def test_school_table_is_a_bureaus_own(demo_folder):
    sheet = openpyxl.load_workbook(demo_folder / "schools.xlsx").active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][0].startswith("云岚县2025年学校基本情况表")
    assert list(rows[1]) == SCHOOL_HEADINGS
    assert 85 <= len(rows) - 2 <= 100


def test_schools_stand_in_their_townships(schools, townships):
    assert schools["学校代码"].is_unique
    assert schools["学校名称"].is_unique
    at = gpd.sjoin(schools, townships, predicate="within")
    assert len(at) == len(schools)
    assert (at["所属乡镇"] == at["name"]).mean() > 0.97  # the drawn lines are a little simpler than the ground


def test_schools_have_a_real_countys_troubles(schools):
    kinds = schools["办学类型"]
    assert set(kinds) == {"小学", "教学点", "九年一贯制学校", "初级中学", "高级中学", "特殊教育学校"}
    seat = schools[(schools["城乡类型"] == "城区") & (schools["办别"] == "公办") & (kinds == "小学")]
    assert (seat["小学在校生数"].sum() / seat["小学班数"].sum()) > 57
    assert (seat["小学在校生数"] > seat["小学学位数"]).all()
    village = schools[(kinds == "小学") & (schools["城乡类型"] == "乡村")]
    assert village["小学学位数"].sum() > 1.1 * village.loc[village["小学学位数"].notna(), "小学在校生数"].sum()
    assert (schools.loc[kinds == "教学点", "小学在校生数"] == 11).any()
    full = schools[(schools["寄宿生数"] > 300) & (schools["寄宿生数"] == schools["寄宿床位数"])]
    assert len(full) == 1
    assert (schools["寄宿生数"] <= schools["寄宿床位数"]).all()
    assert schools["小学学位数"].isna().sum() == 4
    assert set(schools.loc[schools["办别"] == "民办", "城乡类型"]) == {"城区"}


def test_one_teaching_point_may_be_merged(schools):
    point = schools[schools["学校代码"] == "9901000091"].iloc[0]
    central = schools[schools["学校名称"] == "青溪镇中心小学"].iloc[0]
    assert point["办学类型"] == "教学点"
    assert point.geometry.distance(central.geometry) == pytest.approx(700, abs=5)


def test_schools_have_what_an_inspection_asks_but_for_a_few_cells(schools):
    taught = schools[schools["小学在校生数"] + schools["初中在校生数"] > 0]
    asked = SCHOOL_HEADINGS[SCHOOL_HEADINGS.index("教职工数") : SCHOOL_HEADINGS.index("小学最大班额")]
    assert taught[asked].isna().sum().sum() == 5
    assert (schools["高于规定学历教师数"] <= schools["专任教师数"]).all()
    primary = schools[schools["小学在校生数"] > 0]
    large = primary["小学56-65人班数"] + primary["小学66人及以上班数"]
    assert (large <= primary["小学班数"]).all()
    assert ((large > 0) == (primary["小学最大班额"] >= 56)).all()
    assert (primary["小学最大班额"] * primary["小学班数"] >= primary["小学在校生数"]).all()


def test_pupils_are_the_children_who_live_here(schools, people):
    children = (0.8 * people[2] + 0.4 * people[3]).sum()
    ordinary = schools[schools["办学类型"].isin(PRIMARY_KINDS)]
    assert ordinary["小学在校生数"].sum() == pytest.approx(children, rel=0.03)
    assert 0.95 < ordinary["小学学位数"].sum() / ordinary["小学在校生数"].sum() < 1.15


def test_villages_count_everybody_once(demo_folder, people):
    villages = pd.read_excel(demo_folder / "villages.xlsx", header=1, dtype={"村代码": str})
    assert list(villages.columns[:8]) == [
        "村代码",
        "村名",
        "所属乡镇",
        "经度",
        "纬度",
        "常住人口",
        "小学生数",
        "初中生数",
    ]
    assert villages["村代码"].is_unique
    assert villages["村名"].is_unique
    assert len(villages) > 200
    assert villages["常住人口"].sum() == pytest.approx(people[0].sum(), abs=1)
    seat = villages.loc[villages["所属乡镇"].eq("城关镇") & villages["村名"].str.endswith("社区"), "常住人口"].sum()
    assert 65_000 < seat < 95_000


def test_planned_estates(demo_folder):
    estates = pd.read_excel(demo_folder / "housing.xlsx", header=1)
    assert {"小区名称", "户数", "交付年份", "经度", "纬度"} <= set(estates.columns)
    assert estates["户数"].min() > 0
    assert estates["交付年份"].between(2026, 2035).all()


def test_exclusions(demo_folder, townships):
    layer = gpd.read_file(demo_folder / "exclusions.gpkg", layer="exclusions")
    assert set(layer["kind"]) == {"water", "steep", "hazard", "farmland", "railway", "trunk_road"}
    assert layer.is_valid.all()
    assert layer.crs.to_epsg() == 4545
    county = townships.area.sum()
    assert 0.02 < layer[layer["kind"] == "steep"].area.sum() / county < 0.25
    assert (layer.loc[layer["kind"].isin(["railway", "trunk_road"]), "buffer_m"] > 0).all()


def test_road_classes_down_to_steps(ways):
    classes = Counter(tags["highway"] for tags, _, _ in ways if "highway" in tags)
    wanted = {"trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "track", "path", "footway"}
    assert wanted | {"steps", "living_street"} <= set(classes)
    assert sum("oneway" in tags for tags, _, _ in ways) > 3
    assert lines_of(ways, "highway").length.sum() > 2_000e3
    assert any(tags.get("name", "").endswith("公路") for tags, _, _ in ways)
    others = {tags.get(key) for tags, _, _ in ways for key in ("waterway", "railway", "natural", "amenity")}
    assert {"river", "stream", "rail", "water", "school"} <= others


def test_large_rivers_are_crossed_on_few_bridges_only(ways):
    bridges = [tags for tags, _, _ in ways if "bridge" in tags]
    assert 20 <= len(bridges) <= 90
    assert all(tags["layer"] == "1" for tags in bridges)
    rivers = lines_of(ways, "waterway", "river").union_all()
    plain = [shapely.LineString(xy) for tags, _, xy in ways if "highway" in tags and "bridge" not in tags]
    crossing = gpd.GeoSeries(plain, crs="EPSG:4490").to_crs("EPSG:4545").crosses(rivers)
    assert crossing.sum() == 0


def test_roads_are_one_whole_and_one_stray_track(ways):
    roads = [refs for tags, refs, _ in ways if "highway" in tags]
    tails = np.concatenate([refs[:-1] for refs in roads])
    heads = np.concatenate([refs[1:] for refs in roads])
    _, at = np.unique(np.concatenate([tails, heads]), return_inverse=True)
    n = at.max() + 1
    graph = sparse.csr_matrix((np.ones(tails.size), (at[: tails.size], at[tails.size :])), shape=(n, n))
    count, part = csgraph.connected_components(graph, directed=False)
    assert count == 2
    assert 5 < np.bincount(part).min() < 200


def test_some_people_live_far_from_any_road(ways, people, demo_folder):
    with rasterio.open(demo_folder / "population.tif") as raster:
        rows, cols = np.nonzero(~people[0].mask)
        x, y = raster.xy(rows, cols)
    tree = shapely.STRtree(lines_of(ways, "highway").to_numpy())
    _, gap = tree.query_nearest(shapely.points(x, y), return_distance=True, all_matches=False)
    far = gap > 900
    assert 20 < far.sum() < 500
    assert gap.max() < 4_000
    assert np.median(gap) < 100


def test_places_are_named(demo_folder):
    places = Counter(
        node.tags["place"]
        for node in osmium.FileProcessor(demo_folder / "roads.osm.pbf", osmium.osm.NODE)
        if "place" in node.tags and node.tags["name"]
    )
    assert places["town"] == 16
    assert places["village"] > 200
    assert places["hamlet"] > 800


@pytest.mark.skipif("PLANNING_REMAKE_DEMO" not in os.environ, reason="takes a minute; set PLANNING_REMAKE_DEMO=1")
def test_script_makes_the_same_files_again(demo_folder, tmp_path):
    subprocess.run([sys.executable, demo_folder / "make_county.py", "--out", tmp_path], check=True)
    assert (tmp_path / "SHA256SUMS").read_text("utf-8") == (demo_folder / "SHA256SUMS").read_text("utf-8")
