"""The session's scenario: kept through a reload, shared by two windows, never overwritten; and the bar, without a browser."""

from __future__ import annotations

import pytest
from ui_helpers import text_of

from planning.errors import ConfigError
from planning.scenario.edits import Assumption, CloseSchool, ConvertSchool, MergeInto, MoveSchool, NewSchool
from planning.scenario.stage_sites import open_kinds
from planning.ui.open_scenario import store_of
from planning.ui.state import Session
from planning.ui.workspace import Source

NEW = NewSchool("new-1", "新校", 410_000.0, 3_310_000.0, "primary", 270, "primary")


@pytest.fixture
def here(tmp_path):
    return Session(Source(tmp_path))


def window(here: Session) -> Session:
    """Open the same scenario once more."""
    other = Session(here.source)
    other.plan.open(here.plan.id)
    return other


def test_the_base_is_never_changed_and_a_first_edit_makes_a_scenario(here):
    assert here.plan.id is None
    here.place(NEW)
    assert here.plan.id is not None
    here.plan.open(None)
    assert here.edits == ()
    here.close("s003")
    assert [scenario.name for scenario in here.plan.store.scenarios()] == ["1", "1 2"]


def test_a_reload_brings_back_edits_undo_and_redo(here):
    here.place(NEW)
    here.close("s003")
    here.undo()
    store_of.cache_clear()  # as after a killed server
    again = window(here)
    assert (again.edits, bool(again.past), bool(again.future)) == ((NEW,), True, True)
    again.redo()
    assert again.edits == (NEW, CloseSchool("s003"))
    again.undo()
    again.undo()
    assert again.edits == ()


def test_another_window_is_not_overwritten_and_mine_is_done_again(here, workspace):
    here.place(NEW)
    other = window(here)
    other.close("s003")
    here.close("s004")
    assert here.edits == (NEW, CloseSchool("s003"))  # theirs stands, mine waits
    assert [(act, entry.edit) for act, entry in here.plan.conflict.my_changes] == [("added", CloseSchool("s004"))]
    assert [(act, entry.edit) for act, entry in here.plan.conflict.their_changes] == [("added", CloseSchool("s003"))]
    assert here.plan.apply_mine(open_kinds(workspace.county)) == []
    assert here.edits == (NEW, CloseSchool("s003"), CloseSchool("s004"))
    assert here.plan.conflict is None
    other.plan.refresh()
    assert other.edits == here.edits
    assert [(act, entry.edit) for act, entry in other.plan.news] == [("added", CloseSchool("s004"))]


def test_mine_can_be_left_and_a_stale_undo_undoes_nothing(here):
    here.place(NEW)
    other = window(here)
    other.close("s003")
    here.close("s004")
    here.plan.leave_mine()
    assert here.edits == (NEW, CloseSchool("s003"))
    other.close("s005")
    here.undo()
    assert "nothing was undone" in str(here.complaint)
    assert here.edits == (NEW, CloseSchool("s003"), CloseSchool("s005"))


def test_a_scenario_deleted_elsewhere_gives_way_to_the_base(here):
    here.place(NEW)
    other = window(here)
    other.plan.delete()
    here.attempt(here.plan.refresh)
    assert here.plan.id is None
    assert "deleted in another window" in str(here.complaint)
    gone = here.plan.store.scenarios(deleted=True)
    here.plan.restore(gone[0].id)
    assert here.edits == (NEW,)


def test_a_copy_begins_where_its_parent_stands(here):
    here.place(NEW)
    first = here.plan.id
    here.plan.copy("乙案")
    here.close("s001")
    assert (here.plan.document.name, here.plan.document.parent) == ("乙案", "1")
    assert here.next_id() == "new-2"
    here.plan.open(first)
    assert here.edits == (NEW,)


def test_switching_off_and_taking_back_reach_what_rests_on_it(here, workspace):
    kinds = open_kinds(workspace.county)
    here.place(NEW)
    here.merge("s000", "new-1")
    first, second = here.plan.document.entries
    others = here.plan.switch(first.id, False, kinds)
    assert [entry.id for entry in others] == [second.id]
    assert here.edits == ()
    with pytest.raises(ConfigError, match="new-1, which is not there"):
        here.plan.switch(second.id, True, kinds)
    here.undo()
    assert here.edits == (NEW, MergeInto("s000", "new-1"))
    here.attempt(here.plan.shift, second.id, -1, kinds)
    assert "cannot change places" in str(here.complaint)
    here.plan.drop(first.id, kinds)
    assert here.plan.document.entries == ()


def test_merging_converting_and_revising_keep_one_entry_each(here):
    here.move("s000", 1.0, 2.0)
    here.merge("s000", "s001", with_seats=True)
    assert here.edits == (MergeInto("s000", "s001", with_seats=True),)
    here.forget("s000")
    here.convert("s002", "primary", None, was="nine_year")
    here.convert("s002", "junior", 40, was="nine_year")
    assert here.edits == (ConvertSchool("s002", "junior", 40),)
    here.convert("s002", "nine_year", None, was="nine_year")
    assert here.edits == ()
    here.place(NEW)
    here.revise("new-1", name="希望小学", kind="nine_year")
    assert (here.edits[0].name, here.edits[0].kind) == ("希望小学", "nine_year")
    here.merge("s000", "new-1")
    here.close("new-1")  # what rests on a planned school goes with it
    assert here.edits == ()
    here.put(Assumption("walking_speed_factor", 0.8))
    here.put(Assumption("walking_speed_factor", 0.9))
    assert here.edits == (Assumption("walking_speed_factor", 0.9),)
    here.move("s001", 1.0, 1.0)
    assert here.edits[1] == MoveSchool("s001", 1.0, 1.0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_bar_copies_renames_switches_and_throws_away(open_app, language):
    app = open_app(language, "plan")
    assert not app.exception
    here = app.session_state["planner"]
    here.place(NEW)
    here.close("s003")
    app.run()
    assert not app.exception
    assert here.plan.id in app.query_params["scenario"]
    entry = here.plan.document.entries[1]
    app.checkbox(key=f"on-{entry.id}").uncheck().run()
    assert here.edits == (NEW,)
    app.text_area(key=f"note-{entry.id}").set_value("待议 <script>alert(1)</script>").run()
    assert here.plan.document.entries[1].comment.startswith("待议")
    assert "<script>alert(1)" not in "".join(element.proto.body for element in app.get("html"))
    app.text_input(key="copy-name").set_value("乙案").run()
    app.button(key="copy-make").click().run()
    assert here.plan.document.name == "乙案"
    app.text_input(key="scenario-name").set_value("丙案").run()
    assert here.plan.document.name == "丙案"
    app.button(key="scenario-delete").click().run()
    assert here.plan.id is None
    assert "scenario" not in app.query_params
    app.button(key="scenario-restore").click().run()
    assert here.plan.document.name == "丙案"
    app.selectbox(key="scenario-choice").set_value("").run()
    assert here.edits == ()
    assert not app.exception


def test_an_address_opens_its_scenario_and_one_that_is_not_there_is_told(open_app, tmp_path):
    app = open_app("en", "plan")
    here = app.session_state["planner"]
    here.place(NEW)
    other = open_app("en")
    other.query_params["scenario"] = here.plan.id
    del other.session_state["planner"]
    other.switch_page("planning/ui/pages/plan.py").run()
    assert other.session_state["planner"].edits == (NEW,)
    lost = open_app("en")
    lost.query_params["scenario"] = "nothing"
    del lost.session_state["planner"]
    lost.switch_page("planning/ui/pages/plan.py").run()
    assert "There is no scenario nothing" in text_of(lost)


def test_a_conflict_is_shown_with_both_sides(open_app):
    app = open_app("en", "plan")
    here = app.session_state["planner"]
    here.place(NEW)
    window(here).close("s003")
    here.close("s004")
    app.run()
    shown = text_of(app)
    assert "Another window changed this scenario:" in shown
    assert "Your change was not made:" in shown
    app.button(key="conflict-mine").click().run()
    assert here.edits == (NEW, CloseSchool("s003"), CloseSchool("s004"))
    assert "Your change was not made:" not in text_of(app)


def test_an_assumption_is_made_in_its_panel(open_app):
    app = open_app("en", "plan")
    app.number_input(key="assume-walking_speed_factor").set_value(0.5).run()
    app.button(key="assume").click().run()
    assert not app.exception
    assert app.session_state["planner"].edits == (Assumption("walking_speed_factor", 0.5),)
    assert "Walking speed of all children, times: × 0.5" in text_of(app)
