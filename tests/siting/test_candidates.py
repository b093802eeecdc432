"""Where a school may be built: among children, on a road, on ground that is allowed."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist
from shapely.geometry import LineString, box

from planning.schemas import CANDIDATES
from planning.siting.candidates import REASONS, WHY, CandidateOptions, make_candidates


def _cells(rows):
    """Rows of (x, y, people, children, name)."""
    x, y, people, children, names = zip(*rows, strict=True) if rows else ((),) * 5
    return gpd.GeoDataFrame(
        {
            "name": list(names),
            "township": [""] * len(x),
            "population": np.array(people, dtype=float),
            "pupils_junior": np.array(children, dtype=np.int64),
            "in_margin": [False] * len(x),
        },
        index=pd.Index([f"c{i}" for i in range(len(x))], name="cell_id"),
        geometry=gpd.points_from_xy(x, y),
        crs=4545,
    )


def _exclusion(kind, buffer_m, geometry):
    return gpd.GeoDataFrame(
        {"kind": [kind], "buffer_m": [buffer_m], "name": [""]}, index=["e1"], geometry=[geometry], crs=4545
    )


VILLAGE = _cells([(100, 100, 500, 60, "上村"), (5100, 100, 300, 40, "下村")])
NODES = np.array([(100.0, 100.0), (195.0, 105.0), (1000.0, 100.0), (5100.0, 100.0), (20_000.0, 0.0)])


def test_by_hand():
    candidates, rejected = make_candidates(VILLAGE, NODES)
    CANDIDATES.validate(candidates)
    assert candidates.index.tolist() == ["N001", "N002", "N003"]
    assert candidates["name"].tolist() == ["上村 A", "上村 B", "下村"]
    assert [(p.x, p.y) for p in candidates.geometry] == [(100, 100), (1000, 100), (5100, 100)]
    assert candidates["children_near"].tolist() == [60, 60, 40]
    assert candidates["why"].tolist() == ["reach", "village", "reach"]
    assert len(rejected) == 0, "a node where nobody lives is no place at all"
    assert candidates.crs == VILLAGE.crs
    assert set(candidates["why"]) <= set(WHY)


@pytest.mark.parametrize(
    ("exclusion", "left"),
    [
        (_exclusion("water", 0.0, box(50, 50, 150, 150)), [195, 1000, 5100]),
        (_exclusion("railway", np.nan, LineString([(0, 400), (5100, 400)])), []),
        (_exclusion("railway", np.nan, LineString([(0, 401), (100, 401)])), [100, 1000, 5100]),
        (_exclusion("railway", 10.0, LineString([(0, 300), (5100, 300)])), [100, 1000, 5100]),
        (_exclusion("railway", 0.0, LineString([(0, 101), (5100, 101)])), [100, 1000, 5100]),
        (_exclusion("trunk_road", np.nan, LineString([(100, 180), (105, 180)])), [195, 1000, 5100]),
        (_exclusion("expressway", np.nan, LineString([(100, 181), (105, 181)])), [100, 1000, 5100]),
        (_exclusion("farmland", np.nan, box(50, 50, 90, 150)), [100, 1000, 5100]),
    ],
)
def test_exclusions_keep_their_distance(exclusion, left):
    candidates, rejected = make_candidates(VILLAGE, NODES, exclusions=exclusion)
    assert sorted(p.x for p in candidates.geometry) == left
    if not left:
        assert rejected["reason"].tolist() == ["excluded"] * 3
        assert len(candidates) == 0
        CANDIDATES.validate(candidates)


def test_an_allowed_place_stands_for_its_square_before_a_forbidden_one():
    nodes = np.array([(100.0, 100.0), (150.0, 150.0)])
    water = _exclusion("water", 0.0, box(90, 90, 110, 110))
    candidates, rejected = make_candidates(VILLAGE, nodes, exclusions=water)
    assert [(p.x, p.y) for p in candidates.geometry] == [(150, 150)]
    assert len(rejected) == 0


def test_slope_schools_and_children():
    def slope(xy):
        return np.where(xy[:, 0] == 5100, 15.1, np.where(xy[:, 0] == 100, np.nan, 15.0))

    candidates, rejected = make_candidates(VILLAGE, NODES, slope_deg=slope)
    assert [p.x for p in candidates.geometry] == [100, 1000], "unknown slope is allowed, the limit itself too"
    assert rejected["reason"].tolist() == ["steep"]

    candidates, rejected = make_candidates(VILLAGE, NODES, schools_xy=[(5100, 299.0), (1000, 300.0), (np.nan, 0)])
    assert [p.x for p in candidates.geometry] == [100, 1000]
    assert rejected["reason"].tolist() == ["near_school"]

    candidates, rejected = make_candidates(VILLAGE, NODES, options=CandidateOptions(least_children=41))
    assert [p.x for p in candidates.geometry] == [100, 1000]
    assert rejected["reason"].tolist() == ["few_children"]
    assert set(rejected["reason"]) <= set(REASONS)


def test_the_largest_number_takes_the_most_children_and_tells_the_rest():
    candidates, rejected = make_candidates(VILLAGE, NODES, options=CandidateOptions(most=1))
    assert [p.x for p in candidates.geometry] == [100]
    assert candidates["name"].tolist() == ["上村"]
    assert rejected["reason"].tolist() == ["over_limit"] * 2


def test_places_outside_all_townships_are_no_candidates():
    townships = gpd.GeoDataFrame({"name": ["东乡"]}, index=["t"], geometry=[box(4000, 90, 6000, 110)], crs=4545)
    bare = VILLAGE.assign(name="")
    candidates, _ = make_candidates(bare, NODES, townships=townships)
    assert candidates["township"].tolist() == ["东乡"]
    assert candidates["name"].tolist() == ["东乡"]


def test_villages_give_names_and_margins_do_not_count():
    places = gpd.GeoDataFrame({"name": ["王家沟"]}, index=["v"], geometry=gpd.points_from_xy([5010], [0]), crs=4545)
    cells = VILLAGE.assign(name="", in_margin=[True, False])
    candidates, _ = make_candidates(cells, NODES, places=places)
    assert candidates["name"].tolist() == ["王家沟"]
    assert len(candidates) == 1


@pytest.mark.parametrize(("cells", "nodes"), [(_cells([]), NODES), (VILLAGE, np.empty((0, 2)))])
def test_nobody_and_no_road(cells, nodes):
    slope = lambda xy: np.zeros(len(xy))  # noqa: E731
    candidates, rejected = make_candidates(
        cells, nodes, slope_deg=slope, schools_xy=[(0, 0)], exclusions=_exclusion("water", 0.0, box(0, 0, 1, 1))
    )
    assert len(candidates) == len(rejected) == 0
    CANDIDATES.validate(candidates)


def test_spacing_coverage_and_order_on_a_random_county():
    rng = np.random.default_rng(2)
    town = rng.normal(0, 1500, (400, 2))
    country = rng.uniform(-20_000, 20_000, (400, 2))
    xy = np.concatenate([town, country])
    cells = _cells([(x, y, 90, 12, f"村{i}" if i % 7 == 0 else "") for i, (x, y) in enumerate(xy)])
    nodes = np.concatenate([xy + rng.normal(0, 100, xy.shape), rng.uniform(-20_000, 20_000, (4000, 2))])
    candidates, rejected = make_candidates(cells, nodes)
    places = np.column_stack([candidates.geometry.x, candidates.geometry.y])
    assert 100 < len(candidates) <= 400
    assert pdist(places).min() >= 400
    in_town = (candidates["why"] == "town").to_numpy()
    assert pdist(places[~in_town & (np.hypot(*places.T) > 6000)]).min() >= 800
    assert {tuple(p) for p in places} <= {tuple(p) for p in nodes}, "every candidate is a road node"
    assert candidates["name"].is_unique
    assert (np.diff(places[:, 1]) <= 0).all(), "numbered from north to south"
    again, rejected_again = make_candidates(cells.sample(frac=1, random_state=3), rng.permutation(nodes))
    pd.testing.assert_frame_equal(again, candidates)
    pd.testing.assert_frame_equal(rejected_again, rejected)
