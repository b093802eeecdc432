"""The page of proposals: question, curve, progress, proof, part of the answer into the plan; without a browser."""

import dataclasses
import math
import threading

import pandas as pd
import pytest
from ui_helpers import make_workspace, text_of, wait_until

from planning.config import Limit, Question, Travel
from planning.errors import Message, msg
from planning.i18n import get_translator
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.steps import Step
from planning.siting import Proposal
from planning.ui.proposing import curve as curve_page
from planning.ui.proposing.draft import Draft, draft_from, question_of, small_schools
from planning.ui.proposing.proof import amount, proof_in_words, why_here


def answered(app):
    """Wait for the answer, and draw the page that shows it."""
    from planning.ui import state

    here = app.session_state["planner"]
    wait_until(lambda: here.answer_job is None or state.jobs().get(here.answer_job).done, 90)
    app.run()
    assert not app.exception
    return here


@pytest.mark.parametrize("language", ["zh", "en"])
def test_one_click_answers_part_is_taken_and_undone(open_app, language):
    app = open_app(language, "propose")
    assert not app.exception
    app.button(key="ask").click().run()
    here = answered(app)
    assert ("已证明最优" if language == "zh" else "Proven best") in text_of(app)
    assert len(here.answer.edits) == 3
    assert here.edits == ()
    left_out = here.answer.edits[1]
    app.checkbox(key=f"take-NewSchool-{left_out.site_id}").uncheck().run()
    app.button(key="adopt-ticked").click().run()
    assert not app.exception
    assert [edit.site_id for edit in here.edits] == [here.answer.edits[0].site_id, here.answer.edits[2].site_id]
    assert app.checkbox(key=f"take-NewSchool-{here.edits[0].site_id}").disabled
    app.button(key="adopt-all").click().run()
    assert {edit.site_id for edit in here.edits} == {edit.site_id for edit in here.answer.edits}
    app.button(key="propose-undo").click().run()
    assert len(here.edits) == 2
    app.button(key="propose-undo").click().run()
    assert here.edits == ()
    assert app.button(key="propose-undo").disabled


def test_a_new_answer_comes_with_all_of_it_ticked(open_app):
    app = open_app("en", "propose")
    app.button(key="ask").click().run()
    here = answered(app)
    app.checkbox(key=f"take-NewSchool-{here.answer.edits[0].site_id}").uncheck().run()
    assert len(here.draft.left_out) == 1
    app.button(key="ask-curve").click().run()
    here = answered(app)
    assert here.draft.left_out == set()
    assert all(box.value for box in app.checkbox if str(box.key).startswith("take-"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_curve_is_shown_and_a_number_taken_from_it(open_app, language):
    app = open_app(language, "propose")
    app.button(key="ask-curve").click().run()
    here = answered(app)
    assert here.draft.curve["new_schools"].tolist() == list(range(9))
    here.draft.view = "curve"
    app.run()
    assert not app.exception
    app.selectbox(key=f"curve-number-{language}").set_value(5).run()
    answered(app)
    assert here.answer.question.new == 5
    assert len(here.answer.edits) == 5
    assert here.draft.new == 5
    mean = here.draft.curve.set_index("new_schools")["mean_distance_m"]
    asked = here.answer.after.indicators.query("indicator == 'mean_distance'")["value"].iloc[0]
    assert asked == pytest.approx(mean[5], rel=1e-3)


def test_other_plans_are_looked_for_when_they_are_looked_at(open_app, monkeypatch):
    from planning.config import Alternatives
    from planning.ui import state
    from planning.ui.proposing import details

    monkeypatch.setattr(details, "Alternatives", lambda: Alternatives(plans=1, within_percent=50, time_limit_s=1))
    app = open_app("en", "propose")
    app.button(key="ask").click().run()
    here = answered(app)
    here.draft.view = "plans"
    app.run()
    wait_until(lambda: all(job.done for key, job in state.jobs()._jobs.items() if key.startswith("plans-")), 60)
    app.run()
    assert not app.exception
    assert "Does without" in text_of(app)


def test_progress_says_best_and_bound_and_can_be_called_off(open_app, monkeypatch):
    from planning.scenario import questions
    from planning.ui import state

    begun = threading.Event()

    def slow(county, question, *, edits, cancel, follow):
        follow(Step(msg("Looking for the best places"), 200_000.0, 150_000.0, "pupil-m"))
        begun.set()
        while not cancel():
            begun.wait(0.01)
        raise AssertionError("nobody waits for it")

    monkeypatch.setattr(questions, "answer", slow)
    app = open_app("en", "propose")
    app.button(key="ask").click().run()
    here = app.session_state["planner"]
    assert begun.wait(10)
    app.run()
    assert not app.exception
    said = text_of(app)
    assert "200 pupil-km" in said
    assert "150 pupil-km" in said
    assert "25.0%" in said
    job = state.jobs().get(here.answer_job)
    job.watch("another session")
    app.button(key="ask-cancel").click().run()
    assert here.answer_job is None
    assert not job.cancel.is_set()  # the other one still waits
    job.leave("another session")
    assert job.cancel.is_set()
    wait_until(lambda: job.done)
    app.run()
    assert not app.exception
    assert here.answer is None


def test_stopped_by_all_who_wait_it_gives_the_best_so_far(open_app, monkeypatch):
    from planning.scenario import questions
    from planning.ui import state

    whole = questions.answer
    begun = threading.Event()

    def stopped(county, question, *, edits, cancel, follow):
        begun.set()
        while not cancel():
            begun.wait(0.01)
        found = whole(county, question, edits=edits)
        cut = dataclasses.replace(found.proposal, status="cancelled", bound=found.proposal.objective * 0.97)
        return dataclasses.replace(found, proposal=cut)

    monkeypatch.setattr(questions, "answer", stopped)
    app = open_app("en", "propose")
    app.button(key="ask").click().run()
    here = app.session_state["planner"]
    assert begun.wait(10)
    job = state.jobs().get(here.answer_job)
    app.button(key="ask-stop").click().run()
    assert job.cancel.is_set()
    answered(app)
    assert "Stopped by you: no plan can beat this one by more than 3.0%" in text_of(app)
    assert len(here.answer.edits) == 3


@pytest.fixture(scope="module")
def torn_workspace():
    """Give a county whose children go 9 km at most, so that few schools cannot reach them all."""
    torn = make_workspace("torn", n_schools=2)
    project = torn.county.project.model_copy(update={"travel": Travel(reach_limit=Limit(distance_m=9000))})
    torn.county = dataclasses.replace(torn.county, project=project)
    return torn


@pytest.mark.parametrize("language", ["zh", "en"])
def test_infeasible_is_explained_and_the_least_that_gives_is_one_click(open_app, torn_workspace, language):
    from planning.scenario.relaxation import clashing_cells

    app = open_app(language, "propose", on=torn_workspace)
    app.number_input(key="ask-new").set_value(1).run()
    app.button(key="ask").click().run()
    here = answered(app)
    assert here.answer.proposal.status == "infeasible"
    assert ("没有" in text_of(app)) if language == "zh" else ("No choice of sites" in text_of(app))
    cells = clashing_cells(here.answer)
    assert cells
    assert set(cells) <= set(torn_workspace.county.cells.index)
    app.button(key="relax-0").click().run()
    answered(app)
    assert here.answer.proposal.status == "optimal"
    assert here.answer.question.new > 1
    assert here.draft.new == here.answer.question.new
    # and it is the least: one school less still has no answer
    app.number_input(key="ask-new").set_value(here.draft.new - 1).run()
    app.button(key="ask").click().run()
    answered(app)
    assert here.answer.proposal.status == "infeasible"


def test_plan_board_shows_where_a_proposal_stands(open_app):
    app = open_app("en", "propose")
    app.button(key="ask").click().run()
    here = answered(app)
    app.switch_page("planning/ui/pages/plan.py").run()
    assert not app.exception
    app.button(key="board-adopt").click().run()
    assert len(here.edits) == 3


def test_question_without_what_it_needs_cannot_be_asked(open_app):
    app = open_app("en", "propose")
    app.selectbox(key="ask-model-en").set_value("max_coverage").run()
    here = app.session_state["planner"]
    here.draft.own_limit = True
    app.run()
    assert app.button(key="ask").disabled
    assert "Write how far" in text_of(app)
    app.number_input(key="ask-limit_km").set_value(3.0).run()
    assert not app.button(key="ask").disabled


@pytest.mark.parametrize("model", ["max_coverage", "set_cover", "p_center", "capacitated"])
def test_every_model_is_asked_from_its_defaults(open_app, model):
    app = open_app("zh", "propose")
    here = app.session_state["planner"]
    here.draft.model, here.draft.new, here.draft.time_limit_s = model, 1, 5
    app.run()
    assert not app.exception
    app.button(key="ask").click().run()
    answered(app)
    assert here.answer is not None
    assert here.answer.question.model == model


def make_draft(**changes):
    return dataclasses.replace(Draft(), **changes)


def test_question_says_what_the_form_says(workspace):
    base = workspace.base["primary"]
    draft = make_draft(
        model="capacitated", new=2, budget=2000.0, close="except", schools=("s001", "gone"), exceptions=5, enlarge=True,
        own_limit=True, limit_km=2.5,
    )  # fmt: skip
    question = question_of(draft, "primary", "x", base)
    assert isinstance(question, Question)
    assert (question.budget, question.close, question.keep) == (20_000_000.0, True, ("s001",))
    assert (question.exceptions, question.limit.distance_m, question.limit.time_min) == (5, 2500.0, None)
    assert question.enlarge is not None
    again = draft_from(question)
    assert question_of(again, "primary", "x", base) == question


def test_every_question_of_the_demo_is_asked_as_it_stands(demo_folder):
    from types import SimpleNamespace

    from planning.config import load_project

    project = load_project(demo_folder / "project.yaml")
    for question in project.questions:
        codes = question.close if isinstance(question.close, tuple) else ()
        base = SimpleNamespace(sites=pd.DataFrame(index=pd.Index(codes, dtype="str")))
        draft = draft_from(question)
        assert question_of(draft, question.stage, question.name, base, curve=question.frontier is not None) == question


def test_what_the_form_does_not_show_is_kept_only_for_the_same_model(workspace):
    base = workspace.base["junior"]
    question = Question(
        name="x", stage="junior", model="boarding", new=1, beds=90, bus_seats=45, weekly_limit=Limit(time_min=90)
    )
    draft = draft_from(question)
    assert question_of(draft, "junior", "x", base) == question
    draft.model = "p_median"
    asked = question_of(draft, "junior", "x", base)
    assert (asked.bus_seats, asked.weekly_limit, asked.beds) == (None, None, None)


def test_small_schools_are_those_with_few_pupils_but_some(workspace):
    base = workspace.base["primary"]
    at_most = int(base.load[base.load > 0].median())
    small = small_schools(base, at_most)
    assert small
    assert set(small) == {str(code) for code, load in base.load.items() if 0 < load <= at_most}
    question = question_of(make_draft(model="capacitated", close="small", small=at_most), "primary", "x", base)
    assert question.close == small
    none = question_of(make_draft(model="capacitated", close="small", small=0), "primary", "x", base)
    assert isinstance(none, Message)


@pytest.mark.parametrize("stage", ["primary", "junior"])
@pytest.mark.parametrize("model", ["p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding"])
def test_defaults_make_a_question_of_every_model(workspace, model, stage):
    found = question_of(make_draft(model=model), stage, "x", workspace.base[stage], curve=True)
    assert isinstance(found, Question)
    assert (found.frontier is not None) == (model in ("p_median", "max_coverage", "p_center"))


def make_answer(status: str, objective: float, bound: float):
    from types import SimpleNamespace

    proposal = Proposal((), (), None, "min", objective, bound, status, 1.0)
    return SimpleNamespace(proposal=proposal, after=None if math.isinf(objective) else object())


def test_gap_is_rounded_up_and_never_called_optimal():
    t = get_translator("en")
    said = proof_in_words(make_answer("time_limit", 1000.0, 996.0499), t)
    assert "by more than 0.40%" in said
    assert "roven" not in said
    assert "by more than 1.3%" in proof_in_words(make_answer("time_limit", 1000.0, 987.9), t)
    assert "not known" in proof_in_words(make_answer("time_limit", 1000.0, -math.inf), t)
    assert "before any answer" in proof_in_words(make_answer("cancelled", math.inf, 5.0), t)
    assert "Proven" in proof_in_words(make_answer("optimal", 1.0, 1.0), t)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("pupils", "1,200 pupils"),
        ("schools", "1,200 schools"),
        ("pupil-m", "1 pupil-km"),
        ("yuan/year", "0.1 ten thousand yuan a year"),
        ("min", "1,200.0 min"),
    ],
)
def test_what_a_question_counts_has_its_unit(unit, expected):
    assert amount(1200.0, unit, get_translator("en")) == expected


def test_curve_says_where_more_schools_bring_little():
    t = get_translator("en")
    said = curve_page.returns_in_words([0, 1, 2, 3, 4], [50.0, 60.0, 69.0, 70.0, 70.5], "%", t, up=True)
    assert "by 10.0 percentage points" in said
    assert "number 3 on" in said
    assert "1.0 percentage points at most" in said
    steady = curve_page.returns_in_words([0, 1, 2], [3000.0, 2500.0, 2000.0], "m", t, up=False)
    assert "still counts" in steady
    assert "500 m" in steady
    assert "nothing" in curve_page.returns_in_words([0, 1], [5.0, 5.0], "min", t, up=False)
    assert "no curve" in curve_page.returns_in_words([3], [5.0], "min", t, up=False)
    assert "no curve" in curve_page.returns_in_words([2, 3], [math.nan, 5.0], "min", t, up=False)


def test_reasons_leave_out_what_is_not_known():
    row = pd.Series(
        {
            "pupils_before": pd.NA, "pupils_after": pd.NA, "pupils_gained": 120, "beds": pd.NA, "pupils_nearer": pd.NA, "lost_unit": "",
            "lost_without": math.nan, "unplaced_without": pd.NA, "next_best": "", "lost_with_next_best": math.nan, "moves": "",
        }
    )  # fmt: skip
    t = get_translator("en")
    assert why_here(row, t) == "120 pupils go here"
    row = row.copy()
    row[["pupils_nearer", "lost_unit", "lost_without", "next_best", "lost_with_next_best"]] = [
        80,
        "pupil-m",
        5000.0,
        "B",
        700.0,
    ]
    assert (
        why_here(row, t)
        == "120 pupils go here; 80 pupils get nearer; without it 5 pupil-km lost; next best: B, 1 pupil-km worse"
    )


def test_closures_of_an_answer_are_edits_to_be_taken_one_by_one(open_app):
    from planning.ui.proposing.asking import adopt, edit_key, fresh_edits

    app = open_app("en", "propose")
    here = app.session_state["planner"]
    new = NewSchool("k001", "", 1.0, 2.0, "primary", 90, "primary")
    proposed = (new, CloseSchool("s003"))
    assert len({edit_key(edit) for edit in proposed}) == 2
    adopt(here, [proposed[1]], get_translator("en"))
    assert fresh_edits(here, proposed) == [new]
    adopt(here, [new], get_translator("en"))
    assert fresh_edits(here, proposed) == []
    assert here.edits[1].name == "Proposed school"
    here.undo()
    assert here.edits == (CloseSchool("s003"),)


def test_a_plan_by_year_goes_through_the_form_unchanged():
    asked = {
        "name": "Q", "stage": "primary", "model": "phases", "years": [2026, 2028], "births": "low", "seats": 540,
        "new_by_year": [2, 1], "budget_by_year": [1e7, 2e7], "carry_over": True, "time_limit_s": 30,
    }  # fmt: skip
    question = Question.model_validate(asked)
    draft = draft_from(question)
    assert question_of(draft, "primary", "Q", None) == question
    draft.budget_by_year = {"2026": 1000.0}
    assert "every year" in str(question_of(draft, "primary", "Q", None))
    draft.budget_by_year, draft.new_by_year = {}, None
    assert "how many" in str(question_of(draft, "primary", "Q", None))
    draft.new_by_year, draft.years = 1, ()
    assert "Choose the years" in str(question_of(draft, "primary", "Q", None))
