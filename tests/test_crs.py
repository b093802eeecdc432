"""One metric system: the local zone, and the guard that refuses what stretches."""

from __future__ import annotations

import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.crs import MAX_SCALE_ERROR, check_metric, local_metric_crs, parse_crs
from planning.errors import CrsError


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (106.9, 27.6, 4545),  # Zunyi: central meridian 108
        (113.0, 34.7, 4547),  # Gongyi: 114
        (104.0, 30.6, 4544),  # Chengdu: 105
        (75.9, 39.5, 4534),  # Kashgar: 75
        (134.0, 48.0, 4554),  # Fuyuan: 135
        (43.4, -11.7, 32738),  # Grande Comore
        (24.9, 60.2, 32635),  # Helsinki
        (91.1, 25.0, 32646),  # Bangladesh is not China
        (-8.6, 41.1, 32629),  # Porto
    ],
)
def test_the_local_zone(lon, lat, epsg):
    crs = local_metric_crs(lon, lat)
    assert crs.to_epsg() == epsg
    assert check_metric(crs, lon=lon, lat=lat, where="test") is crs


@settings(deadline=None, max_examples=40)
@given(st.floats(-180, 180), st.floats(-80, 80))
def test_every_place_has_a_zone_true_to_the_metre(lon, lat):
    crs = local_metric_crs(lon, lat)
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    assert abs(factors.meridional_scale - 1) <= MAX_SCALE_ERROR


@pytest.mark.parametrize(("lon", "lat"), [(200, 10), (10, 89), (float("nan"), 0), (27.6, 106.9)])
def test_no_place_on_land(lon, lat):
    with pytest.raises(CrsError, match="order of the two columns"):
        local_metric_crs(lon, lat)


@pytest.mark.parametrize(
    ("crs", "words"),
    [
        ("EPSG:3857", r"a metre on the map is 0\.\d\d m on the ground"),
        ("EPSG:4326", "does not measure in metres"),
        ("EPSG:4490", "does not measure in metres"),
        ("EPSG:2263", "does not measure in metres"),  # US feet
        ("EPSG:32632", "m on the ground"),  # a zone far away
    ],
)
def test_systems_that_would_falsify_distances_are_refused(crs, words):
    with pytest.raises(CrsError, match=words):
        check_metric(parse_crs(crs, where="crs"), lon=106.9, lat=40.0, where="crs")


def test_no_system_and_no_such_system():
    with pytest.raises(CrsError, match="has no reference system"):
        check_metric(None, lon=0, lat=0, where="a.gpkg")
    with pytest.raises(CrsError, match="EPSG:999999 is not a known"):
        parse_crs("EPSG:999999", where="crs")
    assert parse_crs(4547, where="crs").to_epsg() == 4547
    assert issubclass(CrsError, ValueError)
