"""The plan page: edits, undo and redo, and proposals, without a browser."""

import pytest
from ui_helpers import text_of

from planning.scenario.edits import CloseSchool, MoveSchool, NewSchool, SetSeats
from planning.ui.state import Session
from planning.ui.workspace import Source, edits_key

NEW = NewSchool("new-1", "新校", 410_000.0, 3_310_000.0, "primary", 270, "primary")


@pytest.fixture
def here(tmp_path):
    return Session(Source(tmp_path))


def test_undo_and_redo_walk_the_same_path(here):
    here.place(NEW)
    here.move("new-1", 411_000.0, 3_311_000.0)
    here.close("s003")
    states = [here.edits]
    for _ in range(3):
        here.undo()
        states.append(here.edits)
    assert states[-1] == ()
    for state in reversed(states[:-1]):
        here.redo()
        assert here.edits == state
    here.undo()
    here.set_seats("s001", "primary", None)
    assert not here.future
    assert here.edits[-1] == SetSeats("s001", "primary", None)


def test_undo_and_redo_at_the_ends_change_nothing(here):
    here.undo()
    here.redo()
    assert here.edits == ()
    assert not here.past


def test_moving_a_new_school_changes_its_entry_and_an_old_one_adds_one(here):
    here.place(NEW)
    here.move("new-1", 1.0, 2.0)
    assert here.edits == (NewSchool("new-1", "新校", 1.0, 2.0, "primary", 270, "primary"),)
    here.move("s001", 3.0, 4.0)
    here.move("s001", 5.0, 6.0)
    assert here.edits[1:] == (MoveSchool("s001", 5.0, 6.0),)


def test_closing_a_new_school_takes_it_off_the_plan(here):
    here.place(NEW)
    here.close("new-1")
    assert here.edits == ()
    here.close("s001")
    assert here.edits == (CloseSchool("s001"),)


def test_ids_are_not_used_again_after_an_undo(here):
    here.place(NEW)
    here.undo()
    assert here.next_id() == "new-2"


def test_edited_state_equals_a_fresh_evaluation(workspace):
    from planning.scenario.evaluate import evaluate

    remembered = workspace.state("primary", (NEW,))
    assert remembered is workspace.state("primary", (NEW,))
    fresh = evaluate(workspace.county, "primary", (NEW,))
    assert remembered.indicators.equals(fresh.indicators)
    assert workspace.state("primary") is workspace.base["primary"]


def test_key_of_edits_knows_order_and_content():
    close = CloseSchool("s001")
    assert edits_key((NEW, close)) != edits_key((close, NEW))
    assert edits_key((NEW,)) == edits_key([NEW])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_board_shows_the_edit_and_the_difference(open_app, language):
    app = open_app(language, "plan")
    app.session_state["planner"].place(NEW)
    app.run()
    assert not app.exception
    assert "新校" in text_of(app)
    assert not app.button(key="undo").disabled
    app.button(key="undo").click().run()
    assert app.session_state["planner"].edits == ()
    app.button(key="redo").click().run()
    assert app.session_state["planner"].edits == (NEW,)


def test_closed_school_can_be_reopened(open_app):
    app = open_app("zh", "plan")
    here = app.session_state["planner"]
    here.selected = "s001"
    app.run()
    app.button(key="close-s001").click().run()
    assert here.edits == (CloseSchool("s001"),)
    app.button(key="reopen-s001").click().run()
    assert here.edits == ()


def test_seats_field_can_be_emptied_and_follows_an_undo(open_app):
    app = open_app("en", "plan")
    here = app.session_state["planner"]
    here.selected = "s001"
    app.run()
    field = "seats-primary-s001"
    first = app.number_input(key=field).value
    assert app.number_input(key=field).min == 1  # 0 would take the school off the map, and its panel with it
    app.number_input(key=field).set_value(45).run()
    assert here.edits == (SetSeats("s001", "primary", 45),)
    app.button(key="undo").click().run()
    assert app.number_input(key=field).value == first
    app.number_input(key=field).set_value(None).run()
    assert not app.exception
    assert here.edits == (SetSeats("s001", "primary", None),)
    assert app.number_input(key=field).value is None
