"""Printed maps."""

from __future__ import annotations

import base64
import dataclasses
import io
import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from PIL import Image

from planning.report.figures import (
    CATCHMENT_COLOURS,
    DISTANCE_COLOURS,
    LONGER_SIDE,
    NO_WAY_COLOUR,
    draw_access_map,
    draw_catchment_map,
    draw_ground,
)
from planning.scenario.areas import catchments


@pytest.fixture(scope="module")
def ground(clip):
    return draw_ground(clip.county)


def points_of(path: str) -> np.ndarray:
    """Follow path data, in units of the map."""
    found, at = [], np.zeros(2)
    for command, right, down in re.findall(r"([Ml])(-?\d+) (-?\d+)", path):
        step = np.array([int(right), int(down)]) / 10
        at = step if command == "M" else at + step
        found.append(at)
    return np.array(found)


def test_north_is_up_and_the_scale_is_true(clip, ground) -> None:
    west, south, east, north = clip.county.boundary.total_bounds
    corners = ground.place(np.array([[west, north], [east, south]]))
    assert (corners > 0).all()
    assert (corners[1] < (ground.width, ground.height)).all()
    assert max(ground.width, ground.height) == LONGER_SIDE
    assert corners[1, 0] - corners[0, 0] == pytest.approx((east - west) / ground.unit_m)
    assert ground.scale * ground.unit_m == pytest.approx(ground.scale_m)
    assert str(ground.scale_m).strip("0.") in ("1", "2", "5")
    outline = points_of(ground.county)
    assert outline.min(axis=0) == pytest.approx(corners[0], abs=1)
    assert outline.max(axis=0) == pytest.approx(corners[1], abs=1)


def test_roads_are_drawn_where_they_are(clip, ground) -> None:
    drawn = {kind for kind, _ in ground.lines}
    assert {"road minor", "township", "river"} <= drawn
    roads = clip.county.roads
    xy = ground.place(roads.nodes[["x", "y"]].to_numpy())
    for kind, path in ground.lines:
        if kind.startswith("road"):
            ends = points_of(path)
            gap = shapely.distance(shapely.points(ends), shapely.multipoints(shapely.points(xy)))
            assert gap.max() < 0.2  # a drawn corner is a corner of the road, to a tenth and its rounding
            assert ground.width > 0


def test_each_cell_has_the_colour_of_its_distance(clip, ground) -> None:
    state = clip.base["primary"]
    one = clip.county.cells.iloc[[0, 400, 800]]
    state = dataclasses.replace(
        state, nearest={"primary_lower": pd.DataFrame({"distance_m": [1000.0, 8000.1, np.inf]}, index=one.index)}
    )
    sheet = draw_access_map(dataclasses.replace(clip.county, cells=one), ground, state)
    raw = base64.b64decode(sheet.picture.removeprefix("data:image/png;base64,"))
    image = Image.open(io.BytesIO(raw)).convert("RGBA")
    assert image.size == (ground.width, ground.height)
    for (x, y), colour in zip(
        ground.place(np.column_stack((one.geometry.x, one.geometry.y))),
        (DISTANCE_COLOURS[0], DISTANCE_COLOURS[-1], NO_WAY_COLOUR),
        strict=True,
    ):
        seen = image.getpixel((int(x), int(y)))
        assert "#{:02x}{:02x}{:02x}".format(*seen[:3]) == colour
        assert seen[3] == 255
    assert image.getpixel((0, 0))[3] == 0
    painted = np.asarray(image)[..., 3] > 0
    assert painted.sum() == 3 * 4 * 4  # large enough to see, though a cell is less than that on the map


def test_a_village_is_drawn_as_large_as_its_square(clip, ground) -> None:
    one = clip.county.cells.iloc[[400]]
    village = dataclasses.replace(clip.county, cells=one, cell_size_m=20 * ground.unit_m)
    nearest = {"primary_lower": pd.DataFrame({"distance_m": [1000.0]}, index=one.index)}
    sheet = draw_access_map(village, ground, dataclasses.replace(clip.base["primary"], nearest=nearest))
    raw = base64.b64decode(sheet.picture.removeprefix("data:image/png;base64,"))
    painted = np.asarray(Image.open(io.BytesIO(raw)).convert("RGBA"))[..., 3] > 0
    assert painted.sum() == 20 * 20


def test_neighbouring_catchments_differ(clip, ground) -> None:
    nearest = catchments(clip.county, clip.base["primary"])["nearest"]
    sheet = draw_catchment_map(ground, clip.base["primary"], nearest)
    assert [area.name for area in sheet.areas] == nearest["name"].tolist()
    for number, shape in enumerate(nearest.geometry):
        beside = np.flatnonzero(shapely.intersects(shape, nearest.geometry.to_numpy()))
        for other in beside[beside < number]:
            assert sheet.areas[number].colour != sheet.areas[other].colour
    assert {area.colour for area in sheet.areas} <= set(CATCHMENT_COLOURS)


def test_schools_and_sites_are_pointed_out(clip, ground) -> None:
    answer = clip.answers[0]
    sheet = draw_access_map(clip.county, ground, answer.after, sites=answer.sites)
    assert [spot.name for spot in sheet.sites] == answer.sites["name"].tolist()
    assert len(sheet.schools) == len(clip.base["primary"].sites)
    assert {label.text for label in sheet.labels if label.kind == "site"} <= set(answer.sites["name"])


def test_a_county_of_bare_land_has_a_ground(clip) -> None:
    nothing = gpd.GeoDataFrame(geometry=[], crs=clip.county.crs)
    ground = draw_ground(dataclasses.replace(clip.county, basemap=nothing, townships=nothing))
    assert {kind.split()[0] for kind, _ in ground.lines} == {"road"}
    assert ground.townships == ()
