"""Catchments tile the county: valid, no overlaps, no gaps, every cell in its own school's polygon."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial import cKDTree

from planning.access.catchments import catchment_polygons
from planning.errors import CrsError

CRS = 4547


def table(xy, names) -> tuple[gpd.GeoDataFrame, pd.Series]:
    index = pd.Index([f"c{i}" for i in range(len(xy))])
    return gpd.GeoDataFrame(index=index, geometry=shapely.points(np.asarray(xy, float)), crs=CRS), pd.Series(
        names, index=index, dtype=object
    )


def check(cells, site, catchments, unreachable, boundary=None) -> None:
    shapes = np.concatenate((catchments.geometry.to_numpy(), unreachable.geometry.to_numpy()))
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    land = shapely.union_all(shapes)
    assert shapely.area(shapes).sum() - land.area < 1e-6 * land.area
    if boundary is not None:
        assert boundary.difference(land).area < 1e-9 * boundary.area
    has = site.notna().to_numpy()
    points = cells.geometry.to_numpy()
    assert shapely.covers(catchments.geometry.reindex(site[has]).to_numpy(), points[has]).all()
    if (~has).any():
        assert shapely.covers(shapely.union_all(unreachable.geometry.to_numpy()), points[~has]).all()
    assert catchments["cells"].to_dict() == site[has].value_counts().to_dict()
    assert unreachable["cells"].sum() == (~has).sum()


def county(low=(0.0, 0.0), high=(10_000.0, 10_000.0)) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    radius = 0.5 + 0.1 * np.sin(7 * angle)
    middle, size = (np.array(low) + high) / 2, np.array(high) - low
    return shapely.Polygon(middle + size * radius[:, None] * np.column_stack((np.cos(angle), np.sin(angle))))


@pytest.mark.parametrize("grid", [True, False])
@pytest.mark.parametrize("random_schools", [True, False])
@pytest.mark.parametrize("with_boundary", [True, False])
def test_tiles_the_county(grid: bool, random_schools: bool, with_boundary: bool) -> None:
    random = np.random.default_rng(5)
    xy = (
        np.stack(np.meshgrid(np.arange(30), np.arange(30)), -1).reshape(-1, 2) * 300.0
        if grid
        else random.uniform(0, 9e3, (700, 2))
    )
    xy = xy + np.array([500_000, 4_300_000])
    schools = random.uniform(xy.min(axis=0), xy.max(axis=0), (12, 2))
    school = random.integers(0, 12, len(xy)) if random_schools else cKDTree(schools).query(xy)[1]
    cells, site = table(xy, [f"S{i}" for i in school])
    site[random.random(len(xy)) < 0.05] = pd.NA
    boundary = county(xy.min(axis=0), xy.max(axis=0)) if with_boundary else None  # some cells lie outside
    result = catchment_polygons(cells, site, boundary=boundary, cell_size_m=300)
    check(cells, site, *result, boundary)


def test_equals_brute_force_nearest_cell() -> None:
    random = np.random.default_rng(8)
    xy = random.uniform(0, 10_000, (200, 2))
    cells, site = table(xy, [f"S{i}" for i in random.integers(0, 6, 200)])
    catchments, _ = catchment_polygons(cells, site, boundary=shapely.box(0, 0, 10_000, 10_000))
    probes = random.uniform(0, 10_000, (3000, 2))
    nearest = np.linalg.norm(probes[:, None] - xy[None], axis=2).argmin(axis=1)
    own = catchments.geometry.reindex(site.to_numpy()[nearest]).to_numpy()
    assert shapely.covers(own, shapely.points(probes)).mean() > 0.999


def test_several_schools_on_one_spot_meet_there() -> None:
    random = np.random.default_rng(2)
    xy = random.uniform(0, 5000, (60, 2))
    spots = np.concatenate((xy, xy[:20], xy[:5], xy[:5]))
    cells, site = table(spots, [f"S{i % 7}" for i in range(len(spots))])
    site.iloc[61] = pd.NA
    check(cells, site, *catchment_polygons(cells, site, boundary=shapely.box(0, 0, 5000, 5000)))


def test_all_cells_on_one_spot() -> None:
    cells, site = table([[10.0, 10.0]] * 3, ["a", "b", "a"])
    catchments, unreachable = catchment_polygons(cells, site, boundary=shapely.box(0, 0, 20, 20))
    check(cells, site, catchments, unreachable)
    assert catchments.area.tolist() == pytest.approx([200, 200])


def test_by_hand_with_amounts_and_names() -> None:
    cells, site = table([[25, 50], [75, 50], [75, 20]], ["west", "east", pd.NA])
    catchments, unreachable = catchment_polygons(
        cells,
        site,
        boundary=shapely.box(0, 0, 100, 100),
        amounts=pd.DataFrame({"pupils": [4, 7, 2]}, index=cells.index),
        extra=pd.DataFrame({"name": ["东小学", "西小学"]}, index=["east", "west"]),
    )
    assert catchments.index.tolist() == ["east", "west"]
    assert catchments["name"].tolist() == ["东小学", "西小学"]
    assert catchments["pupils"].tolist() == [7, 4]
    assert catchments.area["east"] == pytest.approx(50 * 65)
    assert unreachable["pupils"].tolist() == [2]
    assert catchments.crs == unreachable.crs == cells.crs


def test_one_cell_and_nobody_reached() -> None:
    cells, site = table([[5.0, 5.0]], ["a"])
    catchments, unreachable = catchment_polygons(cells, site, boundary=shapely.box(0, 0, 10, 10))
    assert catchments.area.tolist() == pytest.approx([100])
    assert len(unreachable) == 0
    catchments, unreachable = catchment_polygons(
        cells, pd.Series([pd.NA], index=cells.index, dtype=object), margin_m=50
    )
    assert len(catchments) == 0
    assert unreachable["cells"].tolist() == [1]


def test_a_cell_in_the_margin_brings_its_own_square() -> None:
    cells, site = table([[50.0, 50.0], [5000.0, 50.0], [100.0, 30.0]], ["a", "b", "c"])
    boundary = shapely.box(0, 0, 100, 100)
    catchments, unreachable = catchment_polygons(cells, site, boundary=boundary, cell_size_m=40)
    check(cells, site, catchments, unreachable, boundary)
    assert catchments.area["b"] == pytest.approx(1600)


def test_order_of_cells_does_not_matter() -> None:
    random = np.random.default_rng(4)
    cells, site = table(random.uniform(0, 1000, (50, 2)), [f"S{i % 4}" for i in range(50)])
    one, _ = catchment_polygons(cells, site, margin_m=100)
    order = random.permutation(50)
    other, _ = catchment_polygons(cells.iloc[order], site, margin_m=100)
    assert one.index.tolist() == other.index.tolist()
    assert shapely.area(shapely.symmetric_difference(one.geometry.to_numpy(), other.geometry.to_numpy())).max() < 1e-3


def test_bad_input_is_refused_with_words() -> None:
    cells, site = table([[5.0, 5.0]], ["a"])
    with pytest.raises(CrsError, match="projected"):
        catchment_polygons(cells.set_crs(4326, allow_override=True), site)
    with pytest.raises(ValueError, match="no cells"):
        catchment_polygons(cells.iloc[:0], site)
    with pytest.raises(ValueError, match="one line that says which school"):
        catchment_polygons(cells, site.set_axis(["other"]))
    with pytest.raises(ValueError, match="no area"):
        catchment_polygons(cells, site, boundary=shapely.Point(1, 1))
    with pytest.raises(ValueError, match="must be a point"):
        catchment_polygons(cells.set_geometry(cells.buffer(1)), site)
