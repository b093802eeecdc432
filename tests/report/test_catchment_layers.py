"""What must hold of every catchment layer, on real ground."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from planning.scenario.areas import catchments


@pytest.fixture(scope="module")
def drawn(clip):
    return {stage: catchments(clip.county, state) for stage, state in clip.base.items()}


@pytest.mark.parametrize("stage", ["primary", "junior"])
@pytest.mark.parametrize("by", ["nearest", "allocated"])
def test_catchments_and_unreachable_land_tile_the_county(clip, drawn, stage, by) -> None:
    cells, polygons = clip.county.cells, drawn[stage][by]
    left = drawn[stage]["unreachable"].query("by == @by")
    shapes = np.concatenate([polygons.geometry.to_numpy(), left.geometry.to_numpy()])
    assert shapely.is_valid(shapes).all()
    whole = shapely.union_all(shapes)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[one[one < other]], shapes[other[one < other]])).sum()
    assert overlap < 1e-6 * whole.area
    assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)
    assert shapely.covers(whole.buffer(1e-6), cells.geometry.to_numpy()).all()
    line = clip.county.boundary.geometry.iloc[0]
    assert shapely.difference(line, whole).area < 1e-6 * line.area
    assert polygons["cells"].sum() + left["cells"].sum() == len(cells)
    assert polygons["people"].sum() + left["people"].sum() == pytest.approx(cells["population"].sum())


@pytest.mark.parametrize("stage", ["primary", "junior"])
def test_every_cell_lies_in_the_catchment_of_its_own_nearest_school(clip, drawn, stage) -> None:
    state, polygons = clip.base[stage], drawn[stage]["nearest"]
    own = state.nearest[state.bands[0]]["site_id"].dropna()
    shapes = polygons.geometry.reindex(own).to_numpy()
    points = clip.county.cells.geometry.reindex(own.index).to_numpy()
    assert (shapely.distance(shapes, points) < 1e-6).all()


@pytest.mark.parametrize("stage", ["primary", "junior"])
def test_every_cell_lies_in_the_catchment_of_the_school_most_of_its_pupils_go_to(clip, drawn, stage) -> None:
    state, polygons = clip.base[stage], drawn[stage]["allocated"]
    flows = state.allocated.groupby(["cell_id", "site_id"], as_index=False)["pupils"].sum()
    most = flows.sort_values(["cell_id", "pupils", "site_id"], ascending=[True, False, True]).drop_duplicates("cell_id")
    shapes = polygons.geometry.reindex(most["site_id"]).to_numpy()
    points = clip.county.cells.geometry.reindex(most["cell_id"]).to_numpy()
    assert (shapely.distance(shapes, points) < 1e-6).all()
    assert polygons["going"].sum() == most["pupils"].sum()
    share = polygons["share"].dropna()
    assert ((share > 0) & (share <= 1)).all()
