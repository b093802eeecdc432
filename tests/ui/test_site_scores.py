"""Possible sites on the map: classes at the edges, what is said of them, and a school placed at the best."""

import dataclasses
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from ui_helpers import settle

from planning.i18n import get_translator
from planning.scenario.candidate_scores import SCORE_COLUMNS
from planning.ui import site_scores
from planning.ui.site_scores import SiteScores

T = get_translator("en")


def scores_of(workspace, **columns) -> SiteScores:
    ids = workspace.county.candidates.index
    table = pd.DataFrame(0.0, index=ids, columns=list(SCORE_COLUMNS))
    for name, values in columns.items():
        table[name] = np.resize(np.asarray(values, dtype=float), len(ids))
    return SiteScores(table, table)


def values_of(spots) -> dict:
    return json.loads(gzip.decompress(spots.values))


def test_classes_at_their_edges(workspace):
    scores = scores_of(
        workspace,
        pupils_within=[0, 2, 3, 9, 10, 29, 30, 99, 100, 299],
        mean_change_m=[0, -2.9, -3, -9.9, -10, -29, -30, -99, -100, 5],
    )
    painting, spots = site_scores.paint_sites(workspace, "sites_limit", scores, T)
    assert values_of(spots)["style"][:10] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert [entry["label"] for entry in painting.entries][:5] == ["< 3", "3 – 9", "10 – 29", "30 – 99", "≥ 100"]
    assert not painting.classes.any()
    _, spots = site_scores.paint_sites(workspace, "sites_way", scores, T)
    assert values_of(spots)["style"][:10] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 0]


@pytest.mark.parametrize(
    ("best", "breaks"),
    [
        (0, (1, 3, 10, 30)),
        (29, (1, 3, 10, 30)),
        (99, (1, 3, 10, 30)),
        (100, (3, 10, 30, 100)),
        (1330, (30, 100, 300, 1000)),
    ],
)
def test_breaks_follow_the_best_site(best, breaks):
    assert site_scores._breaks(np.array([np.nan, 0, best])) == breaks


def test_colours_mean_the_same_after_an_edit(workspace):
    first, later = (scores_of(workspace, pupils_within=[best, 12]) for best in (150, 60))
    edited = SiteScores(later.table, first.table)
    before, after = (site_scores.paint_sites(workspace, "sites_limit", scores, T) for scores in (first, edited))
    assert before[0].entries == after[0].entries
    assert values_of(before[1])["style"][1] == values_of(after[1])["style"][1]


def test_places_and_figures_belong_together_and_places_stay(workspace):
    scores = scores_of(workspace, pupils_within=7)
    _, spots = site_scores.paint_sites(workspace, "sites_limit", scores, T)
    places, values = json.loads(gzip.decompress(spots.places)), values_of(spots)
    table = workspace.county.candidates
    assert places["ids"] == list(table.index)
    assert len(places["at"]) == len(values["style"]) == len(values["lines"]) == len(table)
    lat, lon = places["at"][3]
    np.testing.assert_allclose(
        workspace.to_county(lon, lat), (table.geometry.x.iloc[3], table.geometry.y.iloc[3]), atol=0.2
    )
    _, other = site_scores.paint_sites(workspace, "sites_way", scores_of(workspace, mean_change_m=-3), T)
    assert other.places == spots.places
    assert other.values != spots.values


def test_words_of_a_site(workspace):
    row = pd.Series({"pupils_nearer": 40.0, "newly_reached": 2.0, "pupils_within": 12.0, "mean_change_m": -14.6})
    told = site_scores._line(row, T)
    assert any("12" in line for line in told)
    assert any("15 m" in line and "shorter" in line for line in told)
    assert any("42" in line for line in told)
    longer = site_scores._line(row.replace(-14.6, 3.2), T)
    assert any("longer" in line for line in longer)
    unknown = site_scores._line(row.where(row.index != "pupils_within"), T)
    assert len(unknown) == len(told) - 1


@pytest.mark.parametrize("view", site_scores.SITE_VIEWS)
def test_what_cannot_be_shown_is_said(workspace, view):
    _, spots = site_scores.paint_sites(workspace, view, None, T)
    assert spots is None
    unknown = scores_of(workspace, pupils_within=np.nan, mean_change_m=np.nan)
    painting, spots = site_scores.paint_sites(workspace, view, unknown, T)
    assert spots is None
    assert painting.entries[-1]["note"]
    bare = dataclasses.replace(
        workspace, county=dataclasses.replace(workspace.county, candidates=workspace.county.candidates.iloc[:0])
    )
    painting, spots = site_scores.paint_sites(bare, view, scores_of(bare), T)
    assert spots is None
    assert "no possible sites" in str(painting.entries[-1]["label"])


@pytest.mark.parametrize("view", site_scores.SITE_VIEWS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_best_site_is_listed_and_a_school_placed_there(open_app, workspace, view, language):
    app = open_app(language, "plan")
    settle(app.selectbox(key="plan-view").set_value(view).run())
    assert not app.exception
    buttons = [button for button in app.button if str(button.key).startswith("site-")]
    assert 0 < len(buttons) <= 5
    code = buttons[0].key.removeprefix("site-")
    buttons[0].click().run()
    settle(app)
    here = app.session_state["planner"]
    (edit,) = here.edits
    place = workspace.county.candidates.geometry[code]
    assert (edit.x, edit.y) == (place.x, place.y)
    again = [button.key for button in app.button if str(button.key).startswith("site-")]
    assert f"site-{code}" not in again, "a school stands there by now"
