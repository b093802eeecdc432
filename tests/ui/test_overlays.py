"""What lies over the map: overlays of what a county has, and pupils on the roads with words for those who are not drawn."""

import gzip
import json

import pytest

from planning.i18n import Translator
from planning.ui import overlays

T = Translator("en")


def test_widths_are_told_without_a_gap():
    found = overlays.paint_flow(overlays.Flow(b"", 0.0), 3, T)
    assert found.classes.tolist() == [0, 0, 0]
    assert [entry["label"] for entry in found.entries] == [
        "< 10", "10 – 49", "50 – 199", "200 – 499", "500 – 1,499", "≥ 1,500",
    ]  # fmt: skip
    widths = [entry["width"] for entry in found.entries]
    assert widths == sorted(widths)


def test_pupils_who_cannot_be_drawn_are_named():
    told = overlays.paint_flow(overlays.Flow(b"", 652.0), 3, T).entries[-1]
    assert told["note"]
    assert "652" in told["label"]
    assert not any("note" in entry for entry in overlays.paint_flow(None, 3, T).entries)


def test_a_county_offers_the_overlays_it_has(workspace):
    found = {overlay.name: overlay for overlay in overlays.fixed_overlays("test", workspace)}
    assert set(found) <= set(overlays.overlay_names(T))
    assert ("candidates" in found) == bool(len(workspace.county.candidates))
    assert ("closed" in found) == bool(len(workspace.county.exclusions))
    for overlay in found.values():
        assert any(
            part["lines"] or part["areas"] or part["points"] for part in json.loads(gzip.decompress(overlay.packed))
        )


@pytest.mark.parametrize("edits", [0, 1])
def test_pupils_on_the_roads_of_the_demo_county(demo_workspace, edits):
    from planning.scenario.edits import NewSchool

    stage = demo_workspace.stages[0]
    cells = demo_workspace.county.cells.geometry
    new = NewSchool("new-1", "N", float(cells.x.median()), float(cells.y.median()), stage, None, stage)
    job = overlays.flow_job(demo_workspace, stage, (new,) * edits)(again=False)
    job.future.result()
    flow = job.result()
    drawn = json.loads(gzip.decompress(flow.packed))
    assert all(part["lines"] for part in drawn[:4])
    state = demo_workspace.state(stage, (new,) * edits)
    # Whom the new school takes, no road carries on this map: that must be told.
    assert flow.not_drawn >= (float(state.load["new-1"]) if edits else 0)
