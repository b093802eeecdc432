"""What an edit sends to the map: the ways before and after, for changed cells alone."""

import base64
import json
import zlib

import numpy as np

from planning.report.maps import PushState


def _sent(content, name):
    return np.frombuffer(zlib.decompress(base64.b64decode(content[name])), dtype="<u2").tolist()


def test_only_changed_ways_are_sent_in_tens_of_metres():
    was, now = np.array([6204.0, 300, np.inf, np.inf]), np.array([1800.0, 300, np.inf, 0])
    pushed = PushState(np.zeros(4, dtype=np.uint8), {"legend": "</script>"}, was_m=was, now_m=now)
    content = json.loads(pushed.payload)
    assert _sent(content, "was") == [621, 0, 0, 65_535]
    assert _sent(content, "now") == [181, 0, 0, 1]
    assert "<" not in pushed.payload


def test_without_ways_none_are_sent():
    content = json.loads(PushState(np.zeros(4, dtype=np.uint8), {}).payload)
    assert sorted(content) == ["classes"]
