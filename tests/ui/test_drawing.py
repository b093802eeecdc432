"""Roads and estates drawn on the map: what was drawn, the form that takes it into the plan, what the map gets of it."""

import gzip
import json

import numpy as np
import pytest
from ui_helpers import text_of

from planning.i18n import get_translator
from planning.scenario.edits import NewEstate, NewRoad
from planning.ui import drawing, mapview
from planning.ui.drawing import Sketch
from planning.ui.mapview import MapEvent
from planning.ui.state import Session
from planning.ui.workspace import Source

T = get_translator("en")
LINE = ((410_000.0, 3_310_000.0), (411_000.0, 3_310_000.0), (411_000.0, 3_312_000.0))
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def here(tmp_path):
    return Session(Source(tmp_path))


def degrees(workspace, points) -> tuple[tuple[float, float], ...]:
    lons, lats = workspace.to_degrees(*np.asarray(points).T)
    return tuple(zip(map(float, lons), map(float, lats), strict=True))


def road_drawn(workspace, points=LINE) -> MapEvent:
    return MapEvent("road", "", 0.0, 0.0, degrees(workspace, points))


def read(packed: bytes | None) -> list[dict]:
    return [] if packed is None else json.loads(gzip.decompress(packed))


def test_drawn_road_is_kept_as_a_sketch_in_metres(workspace, here):
    drawing.take_drawing(road_drawn(workspace), workspace, here)
    assert here.complaint is None
    assert here.sketch.kind == "road"
    np.testing.assert_allclose(here.sketch.points, LINE, atol=0.01)
    assert drawing.length_m(here.sketch.points) == pytest.approx(3000, abs=0.1)
    assert here.edits == ()


def test_estate_is_one_place_and_a_later_sketch_takes_its_room(workspace, here):
    drawing.take_drawing(road_drawn(workspace), workspace, here)
    ((lon, lat),) = degrees(workspace, LINE[:1])
    drawing.take_drawing(MapEvent("estate", "", lon, lat), workspace, here)
    assert here.sketch.kind == "estate"
    np.testing.assert_allclose(here.sketch.points, LINE[:1], atol=0.01)


@pytest.mark.parametrize("points", [LINE[:1], LINE[:1] * 2, ()], ids=["one bend", "the same twice", "none"])
def test_road_without_length_is_refused(workspace, here, points):
    event = MapEvent("road", "", 0.0, 0.0, degrees(workspace, points) if points else ())
    drawing.take_drawing(event, workspace, here)
    assert here.sketch is None
    assert "two bends" in T.message(here.complaint.message)


def test_what_lies_outside_is_refused_and_the_sketch_before_stays(workspace, here):
    drawing.take_drawing(road_drawn(workspace), workspace, here)
    kept = here.sketch
    far = (*LINE[:2], (900_000.0, 3_310_000.0))
    drawing.take_drawing(road_drawn(workspace, far), workspace, here)
    assert "3" in T.message(here.complaint.message)
    assert here.sketch is kept


def test_map_gets_roads_estates_and_the_sketch_and_none_that_is_off(workspace, here):
    assert drawing.drawn_on_map(workspace, here, T) is None
    here.put(NewRoad("road-1", HOSTILE, LINE, "tertiary"))
    here.put(NewEstate("estate-1", "Park", 412_000.0, 3_311_000.0, 300, 2028))
    here.sketch = Sketch("road", LINE[:2])
    road, estate, sketch = read(drawing.drawn_on_map(workspace, here, T))
    assert (road["kind"], road["name"], road["draft"]) == ("road", HOSTILE, False)
    assert any("3.00 km" in line for line in road["lines"])
    assert any("300" in line for line in estate["lines"])
    assert (sketch["kind"], sketch["draft"], len(sketch["path"])) == ("road", True, 2)
    back = [workspace.to_county(lon, lat) for lat, lon in road["path"]]
    np.testing.assert_allclose(back, LINE, atol=0.2)
    np.testing.assert_allclose(workspace.to_county(*estate["path"][0][::-1]), (412_000, 3_311_000), atol=0.2)
    here.sketch = None
    here.attempt(here.plan.switch, here.plan.document.entries[0].id, False, workspace.county.schools["kind"])
    assert [one["kind"] for one in read(drawing.drawn_on_map(workspace, here, T))] == ["estate"]


def test_same_plan_is_the_same_bytes_and_so_is_not_sent_again(workspace, here):
    here.put(NewRoad("road-1", "R", LINE, "tertiary"))
    first = drawing.drawn_on_map(workspace, here, T)
    assert drawing.drawn_on_map(workspace, here, T) == first
    here.put(NewEstate("estate-1", "Park", 412_000.0, 3_311_000.0, 300, 2028))
    assert drawing.drawn_on_map(workspace, here, T) != first


def _sent(monkeypatch, here, value):
    monkeypatch.setattr(mapview, "session", lambda: here)
    return mapview._event({"n": 7, **value})


def test_browser_is_believed_only_as_far_as_it_makes_sense(monkeypatch, here):
    event = _sent(monkeypatch, here, {"type": "road", "points": [[104.1, 30.2], [104.2, 30.3]]})
    assert event.points == ((104.1, 30.2), (104.2, 30.3))
    for number, points in enumerate([[[1]], [["x", 2]], "ab", 5, [[104.0, 30.0]] * 501], start=8):
        assert _sent(monkeypatch, here, {"type": "road", "points": points, "n": number}) is None
    assert _sent(monkeypatch, here, {"type": "river", "n": 99}) is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_estate_placed_on_the_map_becomes_an_entry_and_can_be_undone(open_app, workspace, language):
    app = open_app(language, "plan")
    here = app.session_state["planner"]
    at = workspace.county.cells.geometry.iloc[0]
    here.sketch = Sketch("estate", ((at.x, at.y),))
    app.run()
    app.text_input(key="estate-name-drawn").set_value(HOSTILE)
    app.number_input(key="estate-dwellings-drawn").set_value(900)
    app.button(key="sketch-add").click().run()
    assert not app.exception
    (edit,) = here.edits
    assert (edit.name, edit.x, edit.y, edit.dwellings) == (HOSTILE, at.x, at.y, 900)
    assert here.sketch is None
    assert "&lt;script" in "".join(element.proto.body for element in app.get("html"))
    app.button(key="undo").click().run()
    assert here.edits == ()


def test_sketch_can_be_discarded(open_app):
    app = open_app("en", "plan")
    here = app.session_state["planner"]
    here.sketch = Sketch("road", LINE)
    app.run()
    assert "3.00 km" in text_of(app)
    app.button(key="sketch-drop").click().run()
    assert here.sketch is None
    assert here.edits == ()


def test_road_that_meets_no_other_stays_a_sketch_with_the_reason(open_app, demo_workspace):
    app = open_app("zh", "plan", on=demo_workspace)
    here = app.session_state["planner"]
    nodes = demo_workspace.county.network.xy
    low = demo_workspace.county.boundary.total_bounds[:2] - 3000.0  # in the land round the county, where no road is
    here.sketch = Sketch("road", (tuple(low), tuple(low + 100.0)))
    app.run()
    app.button(key="sketch-add").click().run()
    assert here.edits == ()
    assert here.sketch is not None
    assert "pl-error" in "".join(element.proto.body for element in app.get("html"))

    ends = tuple(map(tuple, nodes[[100, 2000]]))
    here.sketch = Sketch("road", ends)
    app.run()
    app.button(key="sketch-add").click().run()
    (edit,) = here.edits
    assert edit.points == ends
    assert edit.highway == "unclassified"
    assert "新建道路" in text_of(app)
