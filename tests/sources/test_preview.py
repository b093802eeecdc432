"""The first look at a table, and in which system its places are."""

import geocoordinates_ffi
import numpy as np
import openpyxl
import pyproj
import pytest
import shapely

from planning.errors import SourceError
from planning.sources.preview import fit_systems, places_of, preview_table, word_for

RNG = np.random.default_rng(3)
#: A net of roads every 2 km or so, and points that stand beside them.
ROADS = [
    *(shapely.linestrings([[107.0 + 0.02 * i, 27.0], [107.0 + 0.02 * i, 27.4]]) for i in range(20)),
    *(shapely.linestrings([[107.0, 27.0 + 0.02 * i], [107.4, 27.0 + 0.02 * i]]) for i in range(20)),
]
COUNTY = shapely.box(107.0, 27.0, 107.4, 27.4)
LON = 107.0 + 0.02 * RNG.integers(1, 19, 60) + RNG.normal(0, 0.0002, 60)
LAT = 27.01 + 0.37 * RNG.random(60)


def _shifted(system: str):
    if system == "wgs84":
        return LON, LAT
    shift = geocoordinates_ffi.wgs84_to_gcj02
    places = [shift(geocoordinates_ffi.Wgs84(lat=lat, lon=lon)) for lon, lat in zip(LON, LAT, strict=True)]
    if system == "bd09":
        places = [geocoordinates_ffi.gcj02_to_bd09(place) for place in places]
    return np.array([p.lon for p in places]), np.array([p.lat for p in places])


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_degrees_are_told_by_the_roads(system):
    fits = fit_systems(*_shifted(system), boundary=COUNTY, roads=ROADS)
    assert (fits[0].coordinates, fits[0].proposed) == (system, True)
    assert fits[0].road_m < 40 < fits[1].road_m
    assert {fit.coordinates for fit in fits} == {"wgs84", "gcj02", "bd09"}
    assert sum(fit.proposed for fit in fits) == 1


def test_without_roads_nothing_is_proposed_for_degrees():
    fits = fit_systems(LON, LAT, boundary=COUNTY)
    assert len(fits) == 3
    assert not any(fit.proposed for fit in fits)


@pytest.mark.parametrize("epsg", [4544, 4545, 4523, 4524])
def test_metres_are_told_by_the_zone_they_fall_in(epsg):
    to = pyproj.Transformer.from_crs(4326, epsg, always_xy=True)
    x, y = to.transform(LON, LAT)
    fits = fit_systems(np.asarray(x), np.asarray(y), boundary=COUNTY, roads=ROADS)
    assert (fits[0].coordinates, fits[0].proposed, fits[0].inside) == (f"EPSG:{epsg}", True, 1.0)


def test_no_points_and_metres_without_a_county_say_nothing():
    assert fit_systems(np.empty(0), np.empty(0)) == []
    assert fit_systems(np.array([500_000.0]), np.array([3e6])) == []


def _workbook(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_headings_are_proposed_and_the_users_own_come_first(tmp_path):
    path = _workbook(tmp_path / "s.xlsx", ["表"], ["学校名称", "经度", "纬度", "容量X"], ["甲", 107.1, 27.1, 45])
    seen = preview_table(path, subject="schools")
    assert seen.header_row == 2
    assert seen.proposed == {"name": "学校名称", "lon": "经度", "lat": "纬度"}
    mapped = preview_table(path, subject="schools", mapping={"seats": "容量X", "name": ""})
    assert mapped.used == {"seats": "容量X", "lon": "经度", "lat": "纬度"}
    x, y = places_of(mapped, mapped.used)
    assert (x.tolist(), y.tolist()) == ([107.1], [27.1])


def test_faulty_cells_do_not_hide_the_table(tmp_path):
    path = _workbook(tmp_path / "s.xlsx", ["学校名称", "经度", "纬度"], ["甲", "东边", 27.1], ["乙", 107, "#N/A"])
    seen = preview_table(path, subject="schools")
    assert list(seen.frame.index) == [2, 3]
    assert len(places_of(seen, seen.used)[0]) == 0


def test_two_headings_of_one_meaning_are_told_and_shown(tmp_path):
    path = _workbook(tmp_path / "s.xlsx", ["学校名称", "校名", "经度", "纬度"], ["甲", "乙", 107, 27])
    seen = preview_table(path, subject="schools")
    assert "both mean name" in str(seen.faults[0])
    assert seen.used["name"] == "学校名称"
    mended = preview_table(path, subject="schools", mapping={"name": "校名"})
    assert not mended.faults
    assert mended.used["name"] == "校名"


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "s.xlsx").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(SourceError):
        preview_table(tmp_path / "s.xlsx", subject="schools")


def test_columns_are_named_in_the_readers_language():
    assert word_for("seats_primary", "schools", "zh") == "小学学位数"
    assert word_for("teaching_area_m2", "schools", "en") == "teaching area"
    assert word_for("classes_56_65_primary", "schools", "en") == "classes of 56 to 65, primary"
    assert word_for("lon", "villages", "en") == "longitude"
