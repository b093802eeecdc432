"""Coming onto open ground: the road beside, else the ground, never across water."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from roads_by_hand import network_of

from planning.errors import NetworkError
from planning.network.ground import OPEN_GROUND, add_ground, crosses, lay_ground
from planning.network.joining import find_doorsteps, join_to_ground, place_on_ground
from planning.network.modes import mode_usable

RIVER = shapely.LineString([(1000, -500), (1000, 1500)])


PLAIN = shapely.box(0, 0, 2000, 1000)


def hybrid(*lines, area=PLAIN, barriers=(RIVER,)):
    roads = network_of(*lines)
    ground = lay_ground(area, spacing_m=100, barriers=barriers)
    network = add_ground(roads, ground, usable=mode_usable(roads, "walk"))
    usable = mode_usable(network, "walk")
    return network, find_doorsteps(network, usable=usable, reach_m=100, barriers=barriers)


def test_a_road_within_reach_first_then_the_ground():
    network, doorstep = hybrid([(0, 500), (900, 500)])
    joined, snap = join_to_ground(network, [(450, 560), (450, 720), (860, 450)], doorstep)
    assert snap.leg_m.tolist() == pytest.approx([60, np.hypot(50, 20), 50])
    assert joined.xy[snap.node[0]].tolist() == pytest.approx([450, 500])
    assert joined.xy[snap.node[1]].tolist() in ([400, 700], [500, 700])
    np.testing.assert_array_equal(joined.xy[: network.n_nodes], network.xy)


def test_nobody_comes_to_a_road_across_the_river():
    network, doorstep = hybrid([(0, 500), (990, 500)], [(1500, 100), (1500, 900)])
    joined, snap = join_to_ground(network, [(1010, 500)], doorstep)
    assert joined.x[snap.node[0]] > 1000
    assert place_on_ground(network, (1010, 500), doorstep).x > 1000


def test_ground_without_a_road_is_the_last_choice_and_no_way_over_the_water():
    network, doorstep = hybrid([(0, 500), (900, 500)])
    assert (network.x[doorstep.nodes] < 1000).all()
    assert (network.x[doorstep.pockets] > 1000).all()
    _, snap = join_to_ground(network, [(1020, 500), (1900, 500)], doorstep)
    assert (network.x[snap.node] > 1000).all()


def test_who_stands_in_the_water_leaves_it_by_the_shortest_way():
    lake = shapely.box(300, 300, 700, 700)
    network, doorstep = hybrid([(0, 50), (900, 50)], barriers=(lake,))
    _, snap = join_to_ground(network, [(350, 500)], doorstep)
    assert network.xy[snap.node[0]].tolist() == [200, 500]
    assert snap.leg_m.tolist() == [150]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 1000)), min_size=1, max_size=12))
def test_a_place_alone_comes_where_it_comes_among_others(points):
    network, doorstep = hybrid([(0, 500), (900, 430)], [(1200, 900), (1900, 100)])
    joined, snap = join_to_ground(network, points, doorstep)
    assert not crosses(np.array(points), joined.xy[snap.node], (RIVER.buffer(-1),)).any()
    for point, node, leg in zip(points, snap.node, snap.leg_m, strict=True):
        alone = place_on_ground(network, point, doorstep)
        assert alone.leg_m == pytest.approx(leg, abs=1e-3)
        assert [alone.x, alone.y] == pytest.approx(joined.xy[node].tolist(), abs=2e-3)
        if point[0] != 1000:
            assert (joined.x[node] > 1000) == (point[0] > 1000)


def test_without_roads_and_ground_there_is_nowhere_to_come_to():
    network, doorstep = hybrid([(0, -500), (900, -500)], area=shapely.box(0, 0, 900, 10), barriers=())
    assert set(network.ways["highway"]) == {"residential", OPEN_GROUND}
    with pytest.raises(NetworkError, match="no road near"):
        place_on_ground(network, (5000.0, 5000.0), find_doorsteps(network, usable=np.zeros(network.n_arcs, dtype=bool), reach_m=100, barriers=()))  # fmt: skip
    _, snap = join_to_ground(network, np.empty((0, 2)), doorstep)
    assert len(snap.node) == 0
