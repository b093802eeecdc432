from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planning.roads import WAY_COLUMNS, Roads, concat_roads, empty_roads, make_roads


def one_way(way_id: str, node_ids: list[int], xy: list[tuple[float, float]]) -> Roads:
    ways = pd.DataFrame(
        {
            "highway": ["residential"],
            "name": ["村道"],
            "oneway": [0],
            "bridge": [False],
            "tunnel": [False],
            "foot": [""],
            "bicycle": [""],
            "motor_vehicle": [""],
            "maxspeed_kmh": [np.nan],
            "surface": [""],
            "source": ["a"],
        },
        index=[way_id],
    )
    ids = np.array(node_ids)
    return make_roads(ways, node_ids=ids, xy=np.array(xy), offsets=np.array([0, len(ids)]), refs=ids)


def test_empty_roads_have_every_column_in_its_type():
    roads = empty_roads()
    assert {c: str(t) for c, t in roads.ways.dtypes.items()} == WAY_COLUMNS
    assert list(roads.offsets) == [0]
    assert roads.nodes.index.dtype == np.int64


def test_concat_joins_nodes_with_one_id_and_keeps_the_first_place():
    both = concat_roads(
        [one_way("1", [1, 2], [(0, 0), (9, 0)]), empty_roads(), one_way("2", [2, 3], [(99, 0), (9, 9)])]
    )
    assert both.nodes.loc[2, "x"] == 9
    assert list(both.nodes.index) == [1, 2, 3]
    assert list(both.refs) == [1, 2, 2, 3]
    assert list(both.offsets) == [0, 2, 4]


def test_concat_keeps_way_ids_unique():
    road = one_way("1", [1, 2], [(0, 0), (9, 0)])
    assert list(concat_roads([road, road, road]).ways.index) == ["1", "1~2", "1~3"]


@pytest.mark.parametrize("parts", [[], [empty_roads()]])
def test_concat_of_nothing_is_empty(parts):
    assert concat_roads(parts).ways.empty
