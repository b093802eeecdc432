"""What all sessions share: states remembered by what was asked, two at a time, within the memory meant for them; a kept map."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from ui_helpers import make_workspace

from planning import store
from planning.errors import ConfigError
from planning.report.maps import build_assets
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.evaluate import evaluate
from planning.ui import kept_assets
from planning.ui import workspace as module
from planning.ui.kept_assets import assets_of_run


def new(workspace, number: int) -> NewSchool:
    here = workspace.county.cells.geometry.iloc[number]
    return NewSchool(f"N{number}", "n", here.x, here.y, "primary", 40, "primary")


def test_ten_planners_get_what_each_asked_for(workspace):
    asked = [(new(workspace, number),) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda edits: workspace.state("primary", edits), asked))
    for edits, found in zip(asked, answers, strict=True):
        fresh = evaluate(workspace.county, "primary", edits)
        pd.testing.assert_frame_equal(found.allocated, fresh.allocated)
        pd.testing.assert_frame_equal(found.indicators, fresh.indicators)


def test_who_asks_for_the_same_gets_the_same_and_it_is_reckoned_once(workspace, monkeypatch):
    reckoned = []
    monkeypatch.setattr(
        "planning.scenario.evaluate.evaluate", lambda *given: reckoned.append(given) or evaluate(*given)
    )
    edits = (new(workspace, 20),)
    with ThreadPoolExecutor(6) as pool:
        first, *others = pool.map(lambda _: workspace.state("primary", edits), range(6))
    assert all(other is first for other in others)
    assert len(reckoned) == 1
    assert workspace.state("primary", ()) is workspace.base["primary"]


def test_states_are_kept_by_what_they_take_in_memory(workspace, monkeypatch):
    own = make_workspace("own")
    one, two, three = ((new(own, number),) for number in (1, 2, 3))
    first, second = own.state("primary", one), own.state("primary", two)
    size = module._bytes_of(first)
    assert size >= sum(len(table) * 12 for table in first.nearest.values())
    monkeypatch.setattr(module, "_KEPT_BYTES", 2 * size + size // 2)
    assert own.state("primary", one) is first  # asked for again: the second is the oldest now
    own.state("primary", three)
    assert own.state("primary", one) is first
    assert own.state("primary", two) is not second
    monkeypatch.setattr(module, "_KEPT_BYTES", 1)
    last = own.state("primary", three)
    assert own.state("primary", three) is last  # one that alone is too large is kept until the next


def test_a_refusal_is_told_each_time_and_not_remembered(workspace):
    for _ in range(2):
        with pytest.raises(ConfigError, match="not there"):
            workspace.state("primary", (CloseSchool("nobody"),))
    assert all(asked.exception() is None for asked in workspace._states.values())


def test_places_go_to_degrees_and_back(workspace):
    x, y = workspace.county.cells.geometry.iloc[0].coords[0]
    lon, lat = workspace.to_degrees(x, y)
    assert workspace.to_county(lon, lat) == pytest.approx((x, y), abs=0.01)


def test_the_map_of_a_run_is_drawn_once(workspace, tmp_path, monkeypatch):
    county = workspace.county
    drawn = []
    monkeypatch.setattr(kept_assets, "build_assets", lambda county: drawn.append(1) or build_assets(county))
    first = assets_of_run(county, tmp_path, "one")
    assert assets_of_run(county, tmp_path, "one") == first == workspace.assets
    assert len(drawn) == 1
    assets_of_run(county, tmp_path, "two")  # other sources
    assert len(drawn) == 2
    (tmp_path / "map.npz").write_bytes(b"PK\x03\x04 broken")
    assert assets_of_run(county, tmp_path, "two") == first
    assert len(drawn) == 3


def test_a_folder_that_may_only_be_read_serves_as_well(workspace, tmp_path, monkeypatch):
    def refuse(arrays, path):
        raise PermissionError(13, "read only", str(path))

    monkeypatch.setattr(store, "write_arrays", refuse)
    assert assets_of_run(workspace.county, tmp_path, "one") == workspace.assets
    assert not list(tmp_path.iterdir())
