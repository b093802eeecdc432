"""Pupils on the roads: metres conserved, dangers found where they are."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from planning.access.way_to_school import pupil_metres, way_to_school
from planning.errors import NetworkError
from planning.network.build import network_of_segments
from planning.roads import WAY_COLUMNS
from planning.travel import Router

CRS = pyproj.CRS.from_epsg(4545)


def _network(points, segments, classes, **tags):
    points = np.array(points, dtype=float)
    tails, heads = np.array(segments).T
    blank = {column: "" if kind == "str" else 0 for column, kind in WAY_COLUMNS.items()} | {"maxspeed_kmh": np.nan}
    ways = pd.DataFrame([blank | {"highway": name} for name in classes]).astype(WAY_COLUMNS)
    for column, values in tags.items():
        ways[column] = values
    length = np.hypot(*(points[heads] - points[tails]).T)
    return network_of_segments(*points.T, tails, heads, length, np.arange(len(classes)), ways, CRS)


def _flows(network, origins, targets, pupils):
    return Router(network.tails, network.heads, network.length_m, network.n_nodes).arc_flows(origins, targets, pupils)


# a lane from a village (0) over a trunk road (at 2) to the school (4); the trunk runs from 1 by 2 to 3
CROSS = {
    "points": [(0, 0), (100, -500), (100, 0), (100, 500), (300, 0)],
    "segments": [(0, 2), (1, 2), (2, 3), (2, 4)],
    "classes": ["residential", "trunk", "trunk", "residential"],
}


def test_crossing_a_trunk_road_by_hand():
    network = _network(**CROSS)
    flows = _flows(network, [0, 1], [4, 4], [30, 5])
    told = way_to_school(network, flows)
    assert pupil_metres(network, flows) == pytest.approx(30 * 300 + 5 * 700)
    assert told.segments["pupil_m"].sum() == pytest.approx(pupil_metres(network, flows))
    assert told.segments["pupils"].tolist() == [35, 30, 5]
    dangers = told.dangers[["kind", "pupils", "length_m", "rank"]].to_numpy().tolist()
    assert dangers == [["step_onto_road", 30, 0, 1], ["along_road", 5, 500, 2]]
    assert told.dangers.geometry.iloc[0].equals(shapely.Point(100, 0))


def test_railways_and_water_count_where_there_is_no_bridge():
    points, segments = [(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)]
    network = _network(points, segments, ["path"] * 3, bridge=[False, True, False])
    around = gpd.GeoDataFrame(
        {"kind": ["river", "water", "railway", "place"]},
        geometry=[
            shapely.LineString([(150, -9), (150, 9)]),  # under the bridge
            shapely.box(240, -5, 260, 5),
            shapely.LineString([(50, -9), (50, 9)]),
            shapely.Point(50, 0),
        ],
        crs=CRS,
    )
    told = way_to_school(network, _flows(network, [0], [3], [12]), surroundings=around)
    assert told.dangers[["kind", "pupils", "length_m"]].to_numpy().tolist() == [["water", 12, 20], ["railway", 12, 0]]
    assert shapely.get_x(told.dangers.geometry.to_numpy()).tolist() == [250, 50]


def test_metres_are_those_of_the_allocation():
    rng = np.random.default_rng(5)
    side = 12
    at = np.arange(side * side).reshape(side, side)
    points = [(100 * (i % side) + rng.uniform(-30, 30), 100 * (i // side)) for i in range(side * side)]
    segments = [
        *zip(at[:, :-1].ravel(), at[:, 1:].ravel(), strict=True),
        *zip(at[:-1].ravel(), at[1:].ravel(), strict=True),
    ]
    network = _network(points, segments, ["residential"] * len(segments))
    origins, targets = rng.integers(0, side * side, 60), rng.integers(0, side * side, 60)
    pupils = rng.integers(1, 40, 60)
    router = Router(network.tails, network.heads, network.length_m * rng.uniform(1, 2, network.n_arcs), network.n_nodes)
    flows, metres = router.arc_flows(origins, targets, pupils, also=network.length_m)
    told = way_to_school(network, flows)
    assert told.segments["pupil_m"].sum() == pytest.approx(float(pupils @ metres), rel=1e-9)
    assert (told.segments["pupils"].diff().dropna() <= 0).all()


def test_segments_agree_with_paths_walked_by_scipy():
    rng = np.random.default_rng(8)
    side = 9
    at = np.arange(side * side).reshape(side, side)
    points = [(100 * (i % side) + rng.uniform(-30, 30), 100 * (i // side)) for i in range(side * side)]
    segments = [
        *zip(at[:, :-1].ravel(), at[:, 1:].ravel(), strict=True),
        *zip(at[:-1].ravel(), at[1:].ravel(), strict=True),
    ]
    network = _network(points, segments, ["residential"] * len(segments))
    origins, targets = rng.integers(0, side * side, 30), rng.integers(0, side * side, 30)
    pupils = rng.integers(1, 40, 30)
    graph = csr_array((network.length_m, (network.tails, network.heads)), shape=(network.n_nodes,) * 2)
    distance, before = dijkstra(graph, indices=targets, return_predecessors=True)
    walked: dict[frozenset[int], int] = {}
    for row, (node, target, n) in enumerate(zip(origins, targets, pupils, strict=True)):
        while node != target:  # the graph is the same both ways
            step = frozenset((int(node), int(before[row, node])))
            walked[step] = walked.get(step, 0) + int(n)
            node = before[row, node]
    told = way_to_school(network, _flows(network, origins, targets, pupils)).segments
    ends = zip(network.tails[2 * told.index], network.heads[2 * told.index], strict=True)
    assert {frozenset(map(int, pair)): n for pair, n in zip(ends, told["pupils"], strict=True)} == pytest.approx(walked)
    assert told["pupil_m"].sum() == pytest.approx(pupils @ distance[np.arange(30), origins], rel=1e-9)


def test_flows_by_stage_add_up_and_stand_beside_each_danger():
    network = _network(**CROSS)
    told = way_to_school(
        network, {"primary": _flows(network, [0], [4], [30]), "junior": _flows(network, [1], [4], [5])}
    )
    assert told.segments[["pupils", "pupils_primary", "pupils_junior"]].to_numpy().tolist() == [[35, 30, 5], [30, 30, 0], [5, 0, 5]]  # fmt: skip
    assert told.dangers[["kind", "pupils_primary", "pupils_junior"]].to_numpy().tolist() == [["step_onto_road", 30, 0], ["along_road", 0, 5]]  # fmt: skip


def test_a_stretch_runs_as_far_as_half_as_many_walk():
    points = [(100 * k, 0) for k in range(6)]
    network = _network(points, [(k, k + 1) for k in range(5)], ["trunk"] * 5, name="G1")
    # from west to east: 4, 6, 10, 12 and 3 pupils on the pieces
    told = way_to_school(network, _flows(network, [0, 1, 2, 3, 5], [4, 4, 4, 4, 4], [4, 2, 4, 2, 3])).dangers
    assert told[["kind", "pupils", "length_m"]].to_numpy().tolist() == [["along_road", 12, 300], ["along_road", 4, 100], ["along_road", 3, 100]]  # fmt: skip
    only = way_to_school(network, _flows(network, [0], [4], [4]), fast=["primary"]).dangers
    assert len(only) == 0


def test_nobody_on_the_way_and_faults():
    network = _network(**CROSS)
    told = way_to_school(network, np.zeros(network.n_arcs))
    assert len(told.segments) == len(told.dangers) == 0
    with pytest.raises(NetworkError, match="one for each arc"):
        way_to_school(network, np.zeros(3))
    with pytest.raises(NetworkError, match="one for each arc"):
        way_to_school(network, np.full(network.n_arcs, np.nan))
