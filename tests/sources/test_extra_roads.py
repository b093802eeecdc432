from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from planning.errors import CrsError, SourceError, SourceMissingError
from planning.roads import concat_roads
from planning.sources.extra_roads import coordinate_ids, read_extra_roads

GK = pyproj.CRS.from_epsg(4545)
X, Y = 400_000.0, 3_060_000.0


def line(*points):
    return shapely.LineString([(X + x, Y + y) for x, y in points])


def write(path, geometry, *, crs="EPSG:4545", **columns):
    gpd.GeoDataFrame(columns, geometry=geometry, crs=crs).to_file(path)
    return path


def told(read):
    return {str(item.reason): item for item in read.set_aside}


def test_chinese_headings_and_words(tmp_path):
    path = write(
        tmp_path / "村道.gpkg",
        [line((0, 0), (100, 0)), line((100, 0), (100, 80)), line((100, 80), (200, 80), (200, 90))],
        道路类型=["村道", "机耕路", "省道S207"],
        名称=["石板村路", None, "滨河路"],
        单行=["否", "", "反向"],
        桥梁=["否", "是", None],
        限速=["30", "", "0"],
        路面=["水泥路面", "土路", ""],
    )
    read = read_extra_roads(path, crs=GK)
    ways = read.roads.ways
    assert list(ways.index) == ["村道.gpkg:1", "村道.gpkg:2", "村道.gpkg:3"]
    assert ways["highway"].tolist() == ["unclassified", "track", "primary"]
    assert ways["name"].tolist() == ["石板村路", "", "滨河路"]
    assert ways["oneway"].tolist() == [0, 0, -1]
    assert ways["bridge"].tolist() == [False, True, False]
    assert ways["maxspeed_kmh"].iloc[0] == 30
    assert ways["maxspeed_kmh"].isna().tolist() == [False, True, True]
    assert ways["surface"].tolist() == ["concrete", "ground", ""]
    assert (ways["source"] == "村道.gpkg").all()
    assert read.set_aside == ()
    assert (read.roads.refs < 0).all()
    # seven points in three lines, two of them shared
    assert len(read.roads.nodes) == 5
    assert list(read.roads.offsets) == [0, 2, 4, 7]


def test_geofabrik_shapefile(tmp_path):
    path = write(
        tmp_path / "gis_osm_roads_free_1.shp",
        [line((0, 0), (50, 0)), line((50, 0), (90, 0)), line((90, 0), (99, 0)), line((0, 9), (9, 9))],
        osm_id=["1", "2", "3", "4"],
        fclass=["track_grade3", "secondary", "motorway_link", "footway"],
        oneway=["F", "B", "T", "B"],
        maxspeed=[0, 60, 40, 0],
        bridge=["F", "T", "F", "F"],
        tunnel=["F", "F", "T", "F"],
    )
    ways = read_extra_roads(path, crs=GK).roads.ways
    assert ways["highway"].tolist() == ["track", "secondary", "motorway_link", "footway"]
    assert ways["oneway"].tolist() == [1, 0, -1, 0]
    assert ways["bridge"].tolist() == [False, True, False, False]
    assert ways["tunnel"].tolist() == [False, False, True, False]
    assert ways["maxspeed_kmh"].fillna(-1).tolist() == [-1, 60, 40, -1]


def test_unknown_class_is_a_track_and_said(tmp_path):
    path = write(
        tmp_path / "r.gpkg", [line((0, 0), (9, 0))] * 3, highway=["residential", "wide one", None], TYPE=["a", "b", "c"]
    )
    read = read_extra_roads(path, crs=GK)
    assert read.roads.ways["highway"].tolist() == ["residential", "track", "track"]
    (item,) = read.set_aside
    assert str(item.reason).startswith("2 roads do not say of which class they are")
    assert (item.item, item.row, item.kept) == ("2, 3", 2, True)


def test_no_attributes_at_all(tmp_path):
    read = read_extra_roads(write(tmp_path / "r.gpkg", [line((0, 0), (9, 0))]), crs=GK)
    assert read.roads.ways["highway"].tolist() == ["track"]


def test_parts_points_and_unbuilt_roads(tmp_path):
    path = write(
        tmp_path / "r.gpkg",
        [
            shapely.MultiLineString([line((0, 0), (9, 0)), line((20, 0), (29, 0))]),
            shapely.Point(X, Y),
            line((0, 5), (9, 5)),
            line((0, 7), (0.001, 7)),
            None,
        ],
        highway=["path", "path", "construction", "path", "path"],
    )
    read = read_extra_roads(path, crs=GK)
    assert list(read.roads.ways.index) == ["r.gpkg:1", "r.gpkg:1.2"]
    assert set(told(read)) == {
        "2 shapes that are no lines are left out.",
        "Ways left out: 1 (roads under construction or only proposed).",
        "1 lines shorter than a centimetre are left out.",
    }


def test_another_crs_is_brought_into_metres(tmp_path):
    there = pyproj.Transformer.from_crs(GK, 4490, always_xy=True)
    degrees = shapely.transform(line((0, 0), (1000, 0)), there.transform, interleaved=False)
    roads = read_extra_roads(write(tmp_path / "r.gpkg", [degrees], crs="EPSG:4490"), crs=GK).roads
    assert roads.nodes.loc[roads.refs].to_numpy() == pytest.approx(np.array([[X, Y], [X + 1000, Y]]), abs=0.006)


def test_layers_that_meet_share_the_node(tmp_path):
    one = read_extra_roads(write(tmp_path / "a.gpkg", [line((0, 0), (50, 0))]), crs=GK).roads
    two = read_extra_roads(write(tmp_path / "b.gpkg", [line((50.002, 0.001), (50, 70))]), crs=GK).roads
    both = concat_roads([one, two])
    assert len(both.nodes) == 3
    assert both.refs[1] == both.refs[2]


def test_ids_of_places_are_negative_and_unique():
    rng = np.random.default_rng(2)
    xy = np.round(rng.uniform([-2e7, -1e7], [2e7, 1e7], (20_000, 2)), 2)
    xy[:4] = [(0, 0), (0, 0.01), (0.01, 0), (-0.01, 0)]
    ids = coordinate_ids(xy)
    assert (ids < 0).all()
    assert len(np.unique(ids)) == len(np.unique(xy, axis=0))
    assert np.array_equal(coordinate_ids(xy + 0.004), ids)


def test_input_order_gives_the_same_nodes(tmp_path):
    lines = [line((0, 0), (9, 0)), line((9, 0), (9, 9)), line((9, 9), (0, 0))]
    one = read_extra_roads(write(tmp_path / "a.gpkg", lines), crs=GK).roads
    two = read_extra_roads(write(tmp_path / "b.gpkg", lines[::-1]), crs=GK).roads
    assert one.nodes.equals(two.nodes)


def test_errors(tmp_path):
    with pytest.raises(SourceMissingError, match=r"none\.gpkg"):
        read_extra_roads(tmp_path / "none.gpkg", crs=GK)
    points = write(tmp_path / "points.gpkg", [shapely.Point(X, Y)])
    with pytest.raises(SourceError, match=r"points\.gpkg: the layer holds no lines"):
        read_extra_roads(points, crs=GK)
    planned = write(tmp_path / "planned.gpkg", [line((0, 0), (9, 0))], highway=["proposed"])
    with pytest.raises(SourceError, match=r"planned\.gpkg: none of its roads can be travelled"):
        read_extra_roads(planned, crs=GK)
    short = write(tmp_path / "short.gpkg", [line((0, 0), (0, 0.001))])
    with pytest.raises(SourceError, match="shorter than a centimetre"):
        read_extra_roads(short, crs=GK)
    far = write(tmp_path / "far.gpkg", [shapely.LineString([(-163.1, 0), (-163.2, 0)])], crs="EPSG:4326")
    with pytest.raises(CrsError, match=r"far\.gpkg: row 1 lies where CGCS2000 .* has no place"):
        read_extra_roads(far, crs=GK)


def test_no_prj(tmp_path):
    path = write(tmp_path / "r.shp", [line((0, 0), (9, 0))], fclass=["path"])
    path.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"r\.shp names no reference system"):
        read_extra_roads(path, crs=GK)
