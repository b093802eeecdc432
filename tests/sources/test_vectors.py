"""Boundaries and excluded land."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely

from planning.errors import CrsError, SourceError
from planning.sources.vectors import read_boundary, read_exclusions

CRS = pyproj.CRS.from_epsg(4545)
X, Y = 400_000.0, 2_990_000.0


def square(i, j, size=1000.0, gap=0.0):
    return shapely.box(X + i * size, Y + j * size, X + (i + 1) * size - gap, Y + (j + 1) * size)


@pytest.fixture
def townships():
    return gpd.GeoDataFrame(
        {"乡镇名称": ["龙潭镇", "青溪镇", "石门乡"]}, geometry=[square(i, 0) for i in range(3)], crs=CRS
    )


def write(path, **layers):
    for name, table in layers.items():
        pyogrio.write_dataframe(table, path, layer=name)
    return path


def test_county_and_townships_in_two_layers(tmp_path, townships):
    county = gpd.GeoDataFrame({"name": ["云岚县"]}, geometry=[shapely.box(X, Y, X + 3000, Y + 1000)], crs=CRS)
    read = read_boundary(write(tmp_path / "b.gpkg", county=county, townships=townships), crs=CRS)
    assert read.county.area == pytest.approx(3e6)
    assert list(read.townships["name"]) == sorted(["龙潭镇", "青溪镇", "石门乡"])
    assert read.townships.index.name == "township_id"


def test_one_layer_of_townships_is_joined_into_the_county_and_slivers_are_closed(tmp_path, townships):
    ring = [square(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    sliver = shapely.box(X + 1000, Y + 1000, X + 2000, Y + 1995)
    table = gpd.GeoDataFrame({"name": [f"t{i}" for i in range(9)]}, geometry=[*ring, sliver], crs=CRS)
    read = read_boundary(write(tmp_path / "b.gpkg", any=table), crs=CRS)
    assert read.county.area == pytest.approx(9e6)
    assert "1 gaps below 1 ha" in str(read.notices[0])
    assert len(read.townships) == 9


def test_a_single_polygon_is_a_county_without_townships_in_the_local_system(tmp_path):
    path = tmp_path / "b.geojson"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(106.9, 26.9, 107.1, 27.1)], crs=4326).to_file(path)
    read = read_boundary(path)
    assert read.crs.to_epsg() == 4546 or read.crs.to_epsg() == 4545
    assert read.townships.empty
    assert read.county.area == pytest.approx(19_800 * 22_150, rel=0.01)


def test_shapes_of_one_township_are_one_row_whatever_the_order(tmp_path, townships):
    islands = gpd.GeoDataFrame(
        {"乡镇名称": ["岛镇", "岛镇", "陆镇"]}, geometry=[square(0, 0), square(5, 5), square(1, 0)], crs=CRS
    )
    first = read_boundary(write(tmp_path / "a.gpkg", t=islands), crs=CRS)
    second = read_boundary(write(tmp_path / "b.gpkg", t=islands.iloc[::-1]), crs=CRS)
    assert list(first.townships.index) == list(second.townships.index) == ["岛镇", "陆镇"]
    assert first.townships.area["岛镇"] == pytest.approx(2e6)


def test_a_real_county_with_broken_polygons(shared_data):
    with pytest.raises(CrsError, match="no reference system"):
        read_boundary(shared_data / "gongyi" / "gy2_poly.shp")


test_a_real_county_with_broken_polygons = pytest.mark.shared_data(test_a_real_county_with_broken_polygons)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({"甲": 0, "乙": 0}, "the layers 甲, 乙"),
        ({"lines": shapely.LineString([(X, Y), (X + 1, Y)])}, "must be made of polygons; it has LineString"),
    ],
)
def test_what_is_no_boundary(tmp_path, townships, layers, words):
    tables = {
        name: townships if shape == 0 else gpd.GeoDataFrame({"a": [1]}, geometry=[shape], crs=CRS)
        for name, shape in layers.items()
    }
    with pytest.raises(SourceError, match=words):
        read_boundary(write(tmp_path / "b.gpkg", **tables), crs=CRS)


def test_numbers_that_do_not_fit_the_system_they_name(tmp_path):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(X, Y, X + 9, Y + 9)], crs=4326)
    with pytest.raises(CrsError, match="do not fit the reference system"):
        read_boundary(write(tmp_path / "b.gpkg", a=table), crs=CRS)


def test_a_boundary_with_swapped_coordinates_names_its_file(tmp_path):
    table = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.box(27.6, 107.0, 27.8, 107.3)], crs=4326)
    with pytest.raises(CrsError, match=r"b\.gpkg.*swapped"):
        read_boundary(write(tmp_path / "b.gpkg", a=table))


def test_exclusions_of_every_layer_with_kinds_in_both_languages(tmp_path):
    areas = gpd.GeoDataFrame(
        {
            "类型": ["水库", "永久基本农田", "火星地", "hazard"],
            "退让距离": [30.0, np.nan, 0.0, 100.0],
            "名称": ["碧岩水库", "", "怪地", ""],
        },
        geometry=[square(i, 0) for i in range(4)],
        crs=CRS,
    )
    rails = gpd.GeoDataFrame({"名称": ["云岚铁路"]}, geometry=[shapely.LineString([(X, Y), (X + 9000, Y)])], crs=CRS)
    points = gpd.GeoDataFrame({"类型": ["滑坡"]}, geometry=[shapely.Point(X, Y)], crs=CRS)
    read = read_exclusions(write(tmp_path / "e.gpkg", 禁建区=areas, 铁路=rails, 隐患点=points), crs=CRS)
    table = read.exclusions
    assert sorted(table["kind"]) == ["farmland", "hazard", "other", "railway", "water"]
    buffers = table.set_index("kind")["buffer_m"]
    assert buffers[["water", "hazard", "other"]].tolist() == [30, 100, 0]
    assert buffers[["farmland", "railway"]].isna().all()
    assert table.index.is_unique
    assert [(aside.item, aside.kept) for aside in read.set_aside] == [("怪地", True), ("5", False)]


def test_a_buffer_that_is_no_number(tmp_path):
    areas = gpd.GeoDataFrame({"kind": ["water"], "buffer_m": ["near"]}, geometry=[square(0, 0)], crs=CRS)
    with pytest.raises(SourceError, match=r"buffer_m: text in a number: 'near' \(row 1\)"):
        read_exclusions(write(tmp_path / "e.gpkg", a=areas), crs=CRS)
