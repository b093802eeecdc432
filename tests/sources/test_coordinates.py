"""Coordinates: shifted degrees undone, Gauss–Krüger recognised, points judged against the county."""

from __future__ import annotations

import geocoordinates_ffi
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.errors import CrsError, SourceError
from planning.sources.coordinates import judge_points, place_points, unshift

CRS = pyproj.CRS.from_epsg(4545)
MIDDLE = (107.0, 27.0)


def place(x, y, coordinates="wgs84", crs=CRS):
    return place_points(
        np.atleast_1d(np.float64(x)), np.atleast_1d(np.float64(y)), coordinates=coordinates, crs=crs, file="s.xlsx"
    )


def judge(points, boundary=None, margin_m=0.0):
    xs, ys = zip(*points, strict=True)
    rows = list(range(2, len(points) + 2))
    return judge_points(
        place(xs, ys),
        names=[f"n{r}" for r in rows],
        rows=rows,
        file="s.xlsx",
        crs=CRS,
        boundary=boundary,
        margin_m=margin_m,
    )


@pytest.fixture
def county():
    x, y = place(*MIDDLE).xy[0]
    return shapely.box(x - 20_000, y - 20_000, x + 20_000, y + 20_000)


def test_published_points_of_the_shift():
    # Tiananmen, as published by the open implementations of the transform (eviltransform, prcoords): WGS84 → GCJ-02.
    lon, lat = unshift(np.array([116.397477]), np.array([39.908692]), "gcj02")
    shift_m = pyproj.Geod(ellps="WGS84").inv(116.397477, 39.908692, lon[0], lat[0])[2]
    assert 500 < shift_m < 600
    # Values of evtrans' own test: Shanghai 31.1774276, 121.5272106 → 31.17530398364597, 121.531541859215.
    lon, lat = unshift(np.array([121.531541859215]), np.array([31.17530398364597]), "gcj02")
    assert (lon[0], lat[0]) == (pytest.approx(121.5272106, abs=1e-6), pytest.approx(31.1774276, abs=1e-6))


@settings(max_examples=50, deadline=None)
@given(lon=st.floats(75, 130), lat=st.floats(20, 50), kind=st.sampled_from(["gcj02", "bd09"]))
def test_shift_and_back_is_the_same_place(lon, lat, kind):
    there = getattr(geocoordinates_ffi, f"wgs84_to_{kind}")(geocoordinates_ffi.Wgs84(lat=lat, lon=lon))
    back_lon, back_lat = unshift(np.array([there.lon]), np.array([there.lat]), kind)
    assert pyproj.Geod(ellps="WGS84").inv(lon, lat, back_lon[0], back_lat[0])[2] < 1.0


def test_nothing_moves_outside_china_and_it_is_said():
    placed = place(43.3, -11.7, "gcj02", pyproj.CRS.from_epsg(32738))
    assert placed.lonlat[0] == pytest.approx((43.3, -11.7))
    assert "no point lies in China" in str(placed.notices[0])


def test_unshift_leaves_nan_and_impossible_places():
    lon, lat = unshift(np.array([np.nan, 300.0]), np.array([30.0, 30.0]), "bd09")
    assert np.isnan(lon[0])
    assert (lon[1], lat[1]) == (300.0, 30.0)


@pytest.mark.parametrize(("system", "epsg"), [(4526, 4526), (4545, 4526), (4497, 4497)])
def test_eastings_with_a_zone_number_are_recognised(system, epsg):
    lon, lat = (113.0, 34.7) if epsg == 4497 else (114.0, 34.7)
    prefixed = pyproj.Transformer.from_crs(4326, epsg, always_xy=True).transform(lon, lat)
    placed = place(*prefixed, "wgs84")
    assert placed.lonlat[0] == pytest.approx((lon, lat), abs=1e-7)
    assert f"EPSG:{epsg}" in str(placed.notices[0])
    declared = place(*prefixed, f"EPSG:{system}")
    assert declared.lonlat[0] == pytest.approx((lon, lat), abs=1e-7)
    assert bool(declared.notices) == (system != epsg)


def test_a_surveyors_x_is_the_northing():
    easting, northing = pyproj.Transformer.from_crs(4326, 4526, always_xy=True).transform(114.0, 34.7)
    placed = place(northing, easting, "EPSG:4526")
    assert placed.lonlat[0] == pytest.approx((114.0, 34.7), abs=1e-7)
    assert "surveyors" in str(placed.notices[0])


@pytest.mark.parametrize(
    ("x", "y", "coordinates", "error", "words"),
    [
        (500_000, 2_987_000, "wgs84", CrsError, "metres, not degrees"),
        (500_000, 2_987_000, "gcj02", CrsError, "metres, not degrees"),
        (107.0, 27.0, "EPSG:4545", CrsError, "degrees, not metres"),
        (2_987_000, 500_000, "EPSG:4545", SourceError, "exchanged"),
        (107.0, 27.0, "EPSG:999999", CrsError, "not a known reference system"),
        (107.0, 27.0, "mars", CrsError, "not a known reference system"),
    ],
)
def test_numbers_that_are_not_what_they_are_said_to_be(x, y, coordinates, error, words):
    with pytest.raises(error, match=words):
        place(x, y, coordinates)


def test_inside_margin_outside_and_far(county):
    east_edge_m = 20_000
    transform = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    x, y = place(*MIDDLE).xy[0]
    points = [MIDDLE, *(transform.transform(x + east_edge_m + extra, y) for extra in (2_000, 5_000))]
    verdict = judge(points, county, margin_m=3_000)
    assert verdict.keep.tolist() == [True, True, False]
    assert verdict.in_margin.tolist() == [False, True, False]
    assert [str(aside.reason) for aside in verdict.set_aside] == ["lies 5.0 km outside the county"]
    assert not verdict.faults
    verdict = judge([*points, (110.0, 27.0)], county, margin_m=3_000)
    assert "row 5 (n5): lies 27" in str(verdict.faults[0])


def test_the_margin_is_inclusive(county):
    transform = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    x, y = place(*MIDDLE).xy[0]
    point = transform.transform(x + 23_000, y)
    distance = shapely.distance(county, shapely.points(place(*point).xy)[0])
    assert judge([point], county, margin_m=distance).in_margin.tolist() == [True]
    assert judge([point], county, margin_m=np.nextafter(distance, 0)).keep.tolist() == [False]


@pytest.mark.parametrize("with_county", [True, False])
def test_a_school_in_the_atlantic_and_an_exchanged_one(county, with_county):
    verdict = judge(
        [MIDDLE, (0, 0), (27.1, 107.1), (107.1, 27.1), (-30.0, 30.0), (107.05, 27.05)], county if with_county else None
    )
    assert [str(fault).split(":")[0].split(".")[0] for fault in verdict.faults] == [
        "row 3 (n3)",
        "row 4 (n4)",
        "row 6 (n6)",
    ]
    assert "Atlantic" in str(verdict.faults[0])
    assert "exchanged" in str(verdict.faults[1])
    assert "km from the county" in str(verdict.faults[2])
    assert verdict.keep.tolist() == [True, False, False, True, False, True]


@pytest.mark.parametrize("with_county", [True, False])
def test_all_exchanged_is_said_once(county, with_county):
    verdict = judge([(27.0, 107.0), (27.1, 107.1)], county if with_county else None)
    assert len(verdict.faults) == 1
    assert "exchanged in all 2 rows" in str(verdict.faults[0])


def test_all_far_is_said_once(county):
    verdict = judge([(117.0, 37.0), (117.1, 37.1)], county)
    assert len(verdict.faults) == 1
    assert "all 2 points lie far" in str(verdict.faults[0])


def test_no_points_are_no_fault(county):
    empty = place(np.array([]), np.array([]))
    verdict = judge_points(empty, names=[], rows=[], file="s", crs=CRS, boundary=county, margin_m=0)
    assert verdict.keep.shape == (0,)
    assert verdict.faults == ()
