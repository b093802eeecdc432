"""The page that compares scenarios: what it asks, what it shows, what it does where there is nothing to compare."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from small_county import HOSTILE
from ui_helpers import make_workspace, settle, text_of

from planning.i18n import get_translator
from planning.report.comparison_tables import village_table
from planning.scenario.comparison_ways import CLASSES
from planning.scenario.document import Document, document_to_data, with_edits
from planning.scenario.edits import CloseSchool, NewSchool
from planning.store.scenarios import ScenarioStore, store_file
from planning.ui.comparing.downloads import workbook
from planning.ui.comparing.maps import difference_painting
from planning.ui.comparing.signing import proof_of
from planning.ui.comparing.villages import filtered
from planning.ui.comparing.work import Compared

VIEWS = ("summary", "villages", "maps", "rules", "sheet", "sway")


def layouts(workspace):
    middle = workspace.county.cells.geometry.iloc[200]
    return {
        "[甲](http://x)": (NewSchool("new-1", HOSTILE, middle.x, middle.y, "primary", 300, "primary"),),
        HOSTILE: (CloseSchool("s001"),),
    }


@pytest.fixture
def saved(workspace, scenario_store, monkeypatch):
    """Save two scenarios where the app will look for them."""
    from planning.ui.workspace import source_from_environment

    del scenario_store
    source = source_from_environment()
    store = ScenarioStore(store_file(Path(source.run or source.project)))
    for name, edits in layouts(workspace).items():
        store.create(document_to_data(with_edits(Document(name=name), edits)), name=name)
    return store


@pytest.fixture(scope="module")
def compared(workspace):
    from planning.scenario.comparison import EvaluatedPlan, compare
    from planning.scenario.compliance import comply

    plans = [
        EvaluatedPlan(name, edits, workspace.county, states, comply(workspace.county, states))
        for name, edits in {"today": (), **layouts(workspace)}.items()
        for states in [{stage: workspace.state(stage, edits) for stage in workspace.stages}]
    ]
    return Compared("key", tuple(plans), compare(plans))


def html_of(app) -> str:
    return "".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_with_one_scenario_only_the_page_says_what_to_do(open_app, language):
    app = open_app(language, "compare")
    assert not app.exception
    assert get_translator(language)("Place, close or enlarge a school on the page Plan: the first change makes a scenario. A copy of it, changed once more, is the second.")[:20] in text_of(app)  # fmt: skip
    assert [button.key for button in app.button if button.key == "to-plan"] == ["to-plan"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_stands(open_app, saved, view, language):
    app = open_app(language, "compare")
    app.session_state["compare-view"] = view
    settle(app.run())
    assert not app.exception
    bodies = html_of(app)
    assert 'class="pl-error"' not in bodies
    assert "<img" not in bodies
    if view == "summary":
        assert "&lt;img src=x onerror=alert(1)&gt;" in bodies


def test_the_ranking_is_worked_out_when_asked(open_app, saved):
    app = open_app("en", "compare")
    app.session_state["compare-view"] = "sway"
    settle(app.run())
    settle(app.button(key="sway-start").click().run())
    assert not app.exception
    assert "Children walk 10 % slower" in text_of(app)


def test_the_yardstick_can_be_another(open_app, saved):
    app = settle(open_app("en", "compare"))
    assert "against Today&#x27;s schools" in html_of(app)
    choice = app.selectbox(key="compare-first")
    settle(choice.set_value(saved.scenarios()[0].id).run())
    assert not app.exception
    assert "Today&#x27;s schools (base) against" in html_of(app)


def test_too_few_are_told(open_app, saved):
    app = settle(open_app("en", "compare"))
    app.session_state["compare-choice"] = [""]
    app.run()
    assert not app.exception
    assert "Choose two, three or four scenarios" in text_of(app)


def test_unknown_seats_are_no_trouble(open_app, saved):
    app = settle(open_app("en", "compare", on=make_workspace("unknown-seats", seats_known=False)))
    assert not app.exception
    assert 'class="pl-error"' not in html_of(app)


def test_filters_keep_what_is_asked_and_nothing_is_a_pattern(compared):
    table = village_table(compared.comparison, get_translator("en"))
    whole = filtered(table, plan=1)
    parts = [filtered(table, plan=1, meaning=name) for name in CLASSES]
    assert sum(map(len, parts)) == len(whole) > 0
    assert len(filtered(table, plan=1, meaning="changed")) == len(whole) - len(
        filtered(table, plan=1, meaning="same_way")
    )
    assert filtered(table, plan=1, search="(").equals(
        whole[whole[["village", "school_before", "school_after"]].agg("".join, axis=1).str.contains("(", regex=False)]
    )
    school = whole["school_after"].iloc[0]
    assert school in set(filtered(table, plan=1, search=f" {school.upper()} ")["school_after"])
    assert filtered(table, plan=1, search="no such place").empty


def test_map_and_legend_of_the_difference(compared):
    painting = difference_painting(
        compared.plans[0], compared.plans[1], "primary", "primary_lower", get_translator("en")
    )
    rows = compared.comparison.places.query("plan == 1 and band == 'primary_lower'")
    assert (painting.classes > 0).sum() == len(rows)
    for at, name in enumerate(CLASSES, start=1):
        assert (painting.classes == at).sum() == (rows["class"] == name).sum()
    assert len(painting.entries) == len(CLASSES)


def test_the_workbook_holds_no_formula(compared):
    book = openpyxl.load_workbook(io.BytesIO(workbook(compared, get_translator("zh"))))
    assert len(book.sheetnames) == 7
    assert not any(cell.data_type == "f" or cell.hyperlink for sheet in book for row in sheet.rows for cell in row)


def test_proof_is_that_of_answers_the_plan_holds_as_a_whole(workspace, compared):
    from planning.config import Question
    from planning.scenario.questions import answer

    t = get_translator("en")
    asked = Question.model_validate({"name": "Q", "stage": "primary", "model": "p_median", "new": 2})
    found = answer(workspace.county, asked)
    whole, part = (
        compared.plans[0].__class__("p", tuple(edits), workspace.county, compared.plans[0].states)
        for edits in (found.edits, found.edits[:1])
    )
    assert proof_of(whole, [found], t)[0].startswith("Q: Proven best")
    assert "bound" in proof_of(whole, [found], t)[1]
    assert "nothing is proven" in proof_of(part, [found], t)[0]
    more = compared.plans[0].__class__("p", (*found.edits, CloseSchool("s001")), workspace.county, whole.states)
    assert "made by hand" in proof_of(more, [found], t)[-1]
    assert proof_of(compared.plans[0], [found], t) == ["Today's schools: nothing is proposed."]
