"""What an edit sends to the map: only what differs from the reference, in the shorter of two forms."""

import base64
import gzip
import json
import zlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.report.map_scenes import PushScene, Scene, pack_scene

LEGEND = {"title": "way", "entries": [], "schools": []}


def _read(sent, kind, reference=None):
    """Read an array as the browser does, byte by byte."""
    if "all" in sent:
        return np.frombuffer(zlib.decompress(base64.b64decode(sent["all"])), dtype=kind).copy()
    values, to = reference.copy(), np.frombuffer(base64.b64decode(sent["to"]), dtype=kind)
    at = gap = shift = k = 0
    for byte in base64.b64decode(sent["gaps"]):
        gap |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            at, k = at + gap, k + 1
            values[at] = to[k - 1]
            gap = shift = 0
    return values


def _scene(classes, schools=(), **more):
    return Scene(np.asarray(classes, dtype=np.uint8), list(schools), LEGEND, **more)


def _sent(scene, reference=None):
    return json.loads(PushScene(scene, {"revision": 1}, reference=reference, reference_url="there").payload)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60_000), st.integers(0, 2**32 - 1), st.sampled_from([0, 0.0001, 0.01, 0.4]))
def test_browser_reads_back_what_was_sent(n, seed, share):
    chance = np.random.default_rng(seed)
    held = chance.integers(0, 9, n).astype(np.uint8)
    wanted = np.where(chance.random(n) < share, 8, held).astype(np.uint8)
    content = _sent(_scene(wanted), _scene(held))
    assert np.array_equal(_read(content["classes"], "u1", held), wanted)


def test_few_changes_are_sent_as_changes_and_gaps_of_every_length_are_read():
    held = np.random.default_rng(1).integers(0, 9, 2_400_000).astype(np.uint8)
    wanted = held.copy()
    wanted[[0, 1, 127 + 1, 400, 400 + 16_384, 20_000 + 2_097_152]] = 77
    content = _sent(_scene(wanted), _scene(held))["classes"]
    assert len(base64.b64decode(content["gaps"])) == 1 + 1 + 1 + 2 + 3 + 4
    assert np.array_equal(_read(content, "u1", held), wanted)


def test_schools_and_legend_are_sent_where_they_differ():
    a, b, new = {"id": "a", "lines": ["1"]}, {"id": "b", "lines": ["2"]}, {"id": "new-1", "lines": []}
    held = _scene([1, 2], [a, b])
    content = _sent(_scene([1, 2], [{**a, "lines": ["9"]}, new]), held)
    assert content["changed"] == [{**a, "lines": ["9"]}, new]
    assert content["gone"] == ["b"]
    assert {"legend", "schools", "sites", "site_ids", "was"}.isdisjoint(content)
    other = Scene(held.classes, [a, b], {**LEGEND, "title": "other"})
    assert _sent(other, held)["legend"]["title"] == "other"
    assert _sent(other, held)["changed"] == _sent(other, held)["gone"] == []


def test_without_a_reference_everything_is_sent():
    content = _sent(_scene([1, 2], [{"id": "a"}]))
    assert sorted(content) == ["classes", "legend", "revision", "schools"]
    assert _read(content["classes"], "u1").tolist() == [1, 2]


def test_schools_of_cells_are_sent_with_their_ids_only_where_these_differ():
    held = _scene([1, 1], sites=np.array([1, 2], dtype=np.uint16), site_ids=("a", "b"))
    more = _scene([1, 1], sites=np.array([1, 3], dtype=np.uint16), site_ids=("a", "b", "new-1"))
    assert "site_ids" not in _sent(held, held)
    content = _sent(more, held)
    assert content["site_ids"] == ["a", "b", "new-1"]
    assert _read(content["sites"], "<u2", held.sites).tolist() == [1, 3]


def test_only_changed_ways_are_sent_in_tens_of_metres():
    was, now = np.array([6204.0, 300, np.inf, np.inf]), np.array([1800.0, 300, np.inf, 0])
    content = _sent(_scene(np.zeros(4), was_m=was, now_m=now))
    nothing = np.zeros(4, dtype="<u2")
    assert _read(content["was"], "<u2", nothing).tolist() == [621, 0, 0, 65_535]
    assert _read(content["now"], "<u2", nothing).tolist() == [181, 0, 0, 1]
    assert "was" not in _sent(_scene(np.zeros(4), was_m=was, now_m=was))


def test_text_can_neither_end_the_script_nor_be_taken_for_a_placeholder():
    payload = PushScene(_scene([1], [{"id": "</script>{{ x }}"}]), {}).payload
    assert "<" not in payload
    assert "{{" not in payload
    assert json.loads(payload)["schools"] == [{"id": "</script>{{ x }}"}]


def test_a_reference_is_whole():
    scene = _scene([3, 4], [{"id": "甲"}], sites=np.array([1, 0], dtype=np.uint16), site_ids=("甲",))
    content = json.loads(gzip.decompress(pack_scene(scene)))
    assert content["schools"] == [{"id": "甲"}]
    assert content["legend"] == LEGEND
    assert content["site_ids"] == ["甲"]
    assert zlib.decompress(base64.b64decode(content["classes"])) == b"\x03\x04"
