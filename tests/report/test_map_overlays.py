"""Overlays: every pupil's piece of road is drawn once, in the width of its class; coordinates come back whole."""

import gzip
import json

import numpy as np
import pyproj
import pytest
import shapely

from planning.report.map_overlays import (
    FLOW_BREAKS,
    FLOW_WIDTHS,
    flow_lines,
    pack_overlay,
    pack_places,
    pack_plain,
    pack_values,
)

WEB = pyproj.CRS("EPSG:3857")


def test_places_come_back_as_sums_of_differences():
    square = shapely.box(0, 0, 100, 200)
    line = shapely.LineString([(10, 10), (20, 30), (40, -50)])
    packed = pack_overlay([("#aa0000", 2.0, [square, line, shapely.Point(7, 8)])], crs=WEB, tolerance_m=0)
    (found,) = json.loads(gzip.decompress(packed))
    assert found["color"] == "#aa0000"
    assert np.cumsum(np.reshape(found["lines"][0], (-1, 2)), axis=0).tolist() == [[10, 10], [20, 30], [40, -50]]
    assert found["points"] == [[7, 8]]
    ring = np.cumsum(np.reshape(found["areas"][0][0], (-1, 2)), axis=0)
    assert shapely.Polygon(ring).area == 100 * 200


def test_parts_of_a_collection_and_holes_are_kept():
    holed = shapely.Polygon(shapely.box(0, 0, 50, 50).exterior, [shapely.box(10, 10, 20, 20).exterior])
    both = shapely.MultiPolygon([holed, shapely.box(100, 0, 110, 10)])
    (found,) = json.loads(gzip.decompress(pack_overlay([("#000000", 1, [both])], crs=WEB, tolerance_m=0)))
    assert [len(rings) for rings in found["areas"]] == [2, 1]


def test_nothing_packs_to_nothing():
    assert json.loads(gzip.decompress(pack_overlay([], crs=WEB))) == []
    (found,) = json.loads(gzip.decompress(pack_overlay([("#000000", 1, [])], crs=WEB)))
    assert found["lines"] == found["areas"] == found["points"] == []


@pytest.mark.parametrize(("pupils", "width"), [(1, 0), (9, 0), (10, 1), (49, 1), (50, 2), (1499, 4), (1500, 5)])
def test_width_at_the_edges_of_the_classes(pupils, width):
    drawn = flow_lines(np.array([float(pupils)]), np.array([[0.0, 0]]), np.array([[3.0, 4]]))
    assert [len(lines) for _, lines in drawn] == [int(i == width) for i in range(len(FLOW_WIDTHS))]
    assert len(FLOW_WIDTHS) == len(FLOW_BREAKS) + 1


def test_metres_of_road_with_pupils_are_conserved():
    chance = np.random.default_rng(3)
    tails, heads = chance.uniform(0, 1e4, (200, 2)), chance.uniform(0, 1e4, (200, 2))
    pupils = np.where(chance.random(200) < 0.3, 0, chance.integers(1, 2000, 200)).astype(float)
    drawn = sum(line.length for _, lines in flow_lines(pupils, tails, heads) for line in lines)
    assert drawn == pytest.approx(np.hypot(*(heads - tails)[pupils > 0].T).sum())


def test_points_come_back_with_their_figures():
    places = json.loads(gzip.decompress(pack_places([104.1234567, 105], [30.5, 31], ["a", "b"], ["甲", "</script>"])))
    assert places == {"at": [[30.5, 104.123457], [31.0, 105.0]], "ids": ["a", "b"], "names": ["甲", "</script>"]}
    values = json.loads(
        gzip.decompress(pack_values([("#ffffff", 4.0)], np.zeros(2, dtype=np.int64), [["x"], ["y", "z"]]))
    )
    assert values == {"styles": [["#ffffff", 4.0]], "style": [0, 0], "lines": [["x"], ["y", "z"]]}


def test_same_content_packs_to_the_same_bytes_and_no_number_is_lost():
    assert pack_plain([1, "x"]) == pack_plain([1, "x"])
    assert pack_places([], [], [], []) == pack_places([], [], [], [])
    with pytest.raises(ValueError, match="not JSON compliant"):
        pack_plain([float("nan")])
