from __future__ import annotations

import itertools
import json
import socket
import threading
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import networkx as nx
import numpy as np
import osmnx
import pyproj
import pytest
import shapely

from planning.errors import SourceError
from planning.sources.osm import read_osm_roads
from planning.sources.overpass import fetch_overpass_roads, roads_of_graph

CRS = pyproj.CRS.from_epsg(4545)
DATA = Path(__file__).parents[1] / "data"
COUNTY = shapely.box(106.8, 27.5, 107.0, 27.7)


def settings():
    return {name: getattr(osmnx.settings, name) for name in dir(osmnx.settings) if not name.startswith("_")}


# --- a graph as osmnx makes it, by hand ---------------------------------------------------------------------------


def graph(edges):
    made = nx.MultiDiGraph(crs="epsg:4326")
    for node in {node for tail, head, _ in edges for node in (tail, head)}:
        made.add_node(node, x=106.9 + node / 1000, y=27.6)
    for tail, head, data in edges:
        made.add_edge(tail, head, **data)
    return made


def test_both_directions_of_osmnx_are_one_way_of_ours():
    data = {"osmid": 7, "highway": "residential", "oneway": False, "name": "街"}
    edges = [(3, 2, {**data, "reversed": True}), (1, 2, {**data, "reversed": False})]
    edges += [(2, 3, {**data, "reversed": False}), (2, 1, {**data, "reversed": True})]
    roads = roads_of_graph(graph(edges), crs=CRS).roads
    assert list(roads.ways.index) == ["7"]
    assert roads.refs.tolist() == [1, 2, 3]
    assert roads.ways.loc["7", "oneway"] == 0
    assert roads.ways.loc["7", "name"] == "街"
    there = pyproj.Transformer.from_crs(4326, CRS, always_xy=True)
    assert roads.nodes.loc[2].tolist() == pytest.approx(list(there.transform(106.902, 27.6)), abs=1e-6)


@pytest.mark.parametrize(("said", "oneway"), [(True, 1), ("yes", 1), ("-1", 1), (None, 0), ("no", 0)])
def test_direction(said, oneway):
    """osmnx turns the nodes of a way tagged -1, so that along our nodes it is a plain one-way."""
    edge = (1, 2, {"osmid": 7, "highway": "primary", "oneway": said, "reversed": False})
    assert roads_of_graph(graph([edge]), crs=CRS).roads.ways["oneway"].tolist() == [oneway]


def test_a_cut_way_and_a_ring():
    cut = [(a, b, {"osmid": 8, "highway": "path"}) for a, b in [(1, 2), (2, 3), (5, 6)]]
    ring = [
        (a, b, {"osmid": 9, "highway": "tertiary", "junction": "roundabout"}) for a, b in [(11, 12), (12, 13), (13, 11)]
    ]
    roads = roads_of_graph(graph(cut + ring), crs=CRS).roads
    assert list(roads.ways.index) == ["8", "8.2", "9"]
    assert np.diff(roads.offsets).tolist() == [3, 2, 4]
    assert roads.refs[-4] == roads.refs[-1]
    assert roads.ways.loc["9", "oneway"] == 1


def test_every_segment_comes_in_exactly_one_chain():
    """A way that crosses itself: a figure of eight with a tail."""
    nodes = [1, 2, 3, 4, 2, 5, 6, 2, 7]
    pairs = list(itertools.pairwise(nodes))
    roads = roads_of_graph(graph([(a, b, {"osmid": 1, "highway": "path"}) for a, b in pairs]), crs=CRS).roads
    found = [
        (int(roads.refs[i]), int(roads.refs[i + 1]))
        for a, b in zip(roads.offsets[:-1], roads.offsets[1:], strict=True)
        for i in range(a, b - 1)
    ]
    assert sorted(found) == sorted(pairs)


def test_what_is_left_out_is_told():
    edges = [(1, 2, {"osmid": 1, "highway": "path"}), (2, 3, {"osmid": 2, "highway": "proposed"})]
    read = roads_of_graph(graph(edges), crs=CRS)
    assert [str(item.reason) for item in read.set_aside] == [
        "Ways left out: 1 (roads under construction or only proposed)."
    ]
    with pytest.raises(SourceError, match="no road that can be travelled"):
        roads_of_graph(graph(edges[1:]), crs=CRS)


# --- the service --------------------------------------------------------------------------------------------------


class Service(BaseHTTPRequestHandler):
    """Answers as Overpass does, from a file; what it is to answer stands on the server."""

    def do_GET(self):
        self.reply(200, "Connected as: 1\nCurrent time\nAnnounced\nRate limit: 2\n2 slots available now.\n")

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        self.reply(*self.server.answer)

    def reply(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = HTTPServer(("127.0.0.1", 0), Service)
    server.asked = 0
    server.answer = (200, (DATA / "overpass.json").read_text(encoding="utf-8"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server, f"http://127.0.0.1:{server.server_port}/api"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_answer_becomes_the_same_roads_as_the_file(service, tmp_path):
    server, url = service
    before, look_up = settings(), socket.getaddrinfo
    read = fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)
    assert settings() == before
    assert socket.getaddrinfo is look_up
    ours = read.roads
    file = read_osm_roads(DATA / "small.osm", crs=CRS, area=COUNTY).roads
    shared = ["101", "102", "103", "104", "107", "111"]
    assert list(ours.ways.index) == shared
    columns = ["highway", "name", "bridge", "tunnel", "foot", "bicycle", "motor_vehicle", "surface"]
    assert ours.ways[columns].equals(file.ways.loc[shared, columns])
    assert ours.ways["maxspeed_kmh"].equals(file.ways.loc[shared, "maxspeed_kmh"])
    assert ours.refs[:3].tolist() == [3, 2, 1]  # way 101 may be driven only against its nodes in the file
    assert ours.ways.loc["101", "oneway"] == 1
    assert ours.nodes.loc[[1, 5]].to_numpy() == pytest.approx(file.nodes.loc[[1, 5]].to_numpy(), abs=1e-6)
    assert {str(item.reason) for item in read.set_aside} == {"Ways left out: 1 (areas such as squares, not lines)."}
    # the second time nobody is asked
    server.answer = (500, "gone")
    again = fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)
    assert server.asked == 1
    assert again.roads.ways.equals(ours.ways)


def test_a_busy_service_is_not_asked_for_ever(service, tmp_path, monkeypatch):
    server, url = service
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.answer = (429, "busy")
    with pytest.raises(SourceError, match=r"refused to answer \(429 Too Many Requests\)\. Give the roads as a file"):
        fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)
    assert server.asked == 3


def test_half_an_answer_is_none(service, tmp_path):
    server, url = service
    content = json.loads((DATA / "overpass.json").read_text(encoding="utf-8"))
    server.answer = (200, json.dumps({**content, "remark": "runtime error: Query timed out"}))
    with pytest.raises(SourceError, match=r"refused to answer .*Query timed out"):
        fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", [(200, '{"elements": []}'), (200, "<html>blocked</html>"), (400, "bad request")])
def test_an_answer_without_roads(answer, service, tmp_path):
    server, url = service
    server.answer = answer
    with pytest.raises(SourceError, match="Give the roads as a file instead"):
        fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)


def test_no_network(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before, look_up = settings(), socket.getaddrinfo
    with pytest.raises(SourceError, match="cannot be reached: there is no network, or it is blocked"):
        fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=f"http://127.0.0.1:{port}/api")
    assert settings() == before
    assert socket.getaddrinfo is look_up


def test_a_kept_answer_needs_no_network(service, tmp_path):
    server, url = service
    fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url)
    (kept,) = tmp_path.iterdir()
    assert len(kept.stem) == len(sha1(b"", usedforsecurity=False).hexdigest())
    server.shutdown()
    server.server_close()
    assert len(fetch_overpass_roads(COUNTY, crs=CRS, cache=tmp_path, url=url).roads.ways) == 6
