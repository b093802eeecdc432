"""Scenario documents: they write themselves and read back, replay to the same numbers, and are put together again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from line_county import ORIGIN, line_county

from planning.errors import ConfigError
from planning.scenario.changed_county import changed_county
from planning.scenario.document import (
    Document,
    Entry,
    document_from_data,
    document_from_yaml,
    document_to_data,
    document_to_yaml,
    entry_changes,
    rebase,
    resting_on,
    switch,
    with_edits,
)
from planning.scenario.edits import (
    Assumption,
    CloseSchool,
    ConvertSchool,
    MergeInto,
    MoveSchool,
    NewEstate,
    NewRoad,
    NewSchool,
    SetSeats,
)
from planning.scenario.evaluate import evaluate

KINDS = {"A": "primary", "B": "primary", "C": "primary"}


def new(number: int) -> NewSchool:
    return NewSchool(
        f"new-{number}", f"N{number}", ORIGIN[0] + 100.5 * number, float(ORIGIN[1]), "primary", 90, "primary"
    )


EVERY = (
    new(1),
    MoveSchool("B", ORIGIN[0] + 1 / 3, float(ORIGIN[1])),
    SetSeats("B", "primary", None),
    MergeInto("A", "new-1", with_seats=True),
    ConvertSchool("B", "nine_year", 40),
    CloseSchool("C"),
    NewRoad("r1", "路", ((ORIGIN[0] + 200.25, ORIGIN[1] + 0.1), (ORIGIN[0] + 900.0, ORIGIN[1] + 400.0)), "track"),
    NewEstate("e1", "“园: #1\n", ORIGIN[0] + 500.0, float(ORIGIN[1]), 200, 2030, (("primary", 12.5),)),
    Assumption("walking_speed_factor", 0.9),
)


def test_a_file_replays_to_the_same_numbers():
    homes = [
        {"at": 150, "primary_lower": 30, "primary_upper": 30, "township": "T"},
        {"at": 700, "primary_lower": 9, "township": "T"},
    ]
    schools = {"A": {"at": 300, "seats_primary": 40}, "B": {"at": 5000, "seats_primary": 20}, "C": {"at": 9000}}
    county = line_county(homes, schools)
    document = with_edits(Document("方案", comment="x: y"), EVERY, made="2026-01-01T00:00:00+00:00", by="me")
    document = replace(
        document,
        entries=(
            *document.entries[:2],
            replace(document.entries[2], is_on=False, comment="'待定'"),
            *document.entries[3:],
        ),
    )
    text = document_to_yaml(document)
    read = document_from_yaml(text.encode())
    assert read == document
    states = [evaluate(changed_county(county, some.edits), "primary", some.edits) for some in (document, read)]
    assert states[0].indicators.equals(states[1].indicators)
    assert states[0].reconciliation.equals(states[1].reconciliation)
    assert states[0].allocated.equals(states[1].allocated)
    assert not states[0].indicators.equals(evaluate(county, "primary").indicators)


@given(st.lists(st.sampled_from(EVERY), max_size=9, unique=True), st.integers(0, 511), st.text(max_size=20))
def test_every_document_comes_back(edits, off, comment):
    entries = tuple(Entry(f"e{n}", edit, not off >> n & 1, comment) for n, edit in enumerate(edits))
    document = Document("n", entries, comment)
    assert document_from_data(document_to_data(document)) == document
    assert document_from_yaml(document_to_yaml(document)) == document


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["entries"][1].pop("x"), "entries[2]"),
        (lambda d: d["entries"][1].update(x="here"), "entries[2]"),
        (lambda d: d["entries"][0].update(surprise=1), "entries[1]"),
        (lambda d: d["entries"][2].update(stage="college"), "entries[3]"),
        (lambda d: d["entries"][3].update(edit="explode"), "entries[4]"),
        (lambda d: d["entries"][6].update(points=[[1, 2, 3]]), "entries[7]"),
        (lambda d: d["entries"][7].update(per_100=7), "entries[8]"),
        (lambda d: d["entries"][0].update(id="e2"), "entries[2]"),
        (lambda d: d["entries"][0].update(name=["<b>"]), "entries[1]"),
        (lambda d: d["entries"][0].update(on="yes"), "entries[1]"),
        (lambda d: d["entries"].append(None), "entries[10]"),
        (lambda d: d.update(format=99), "99"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d.update(name=5), "name"),
        (lambda d: d.update(entries={}), "no scenario"),
    ],
)
def test_a_damaged_file_is_refused_by_file_and_entry(change, words):
    data = document_to_data(with_edits(Document("n"), EVERY))
    change(data)
    with pytest.raises(ConfigError) as error:
        document_from_data(data, where="plan.yaml")
    assert "plan.yaml" in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\x00", "a: [", "", "[]", "a: &x [1]\nb: *x", "!!python/object:os.system {}", "entries: &a [*a]"]
)
def test_what_is_no_scenario_is_refused(text):
    with pytest.raises(ConfigError, match=r"plan\.yaml"):
        document_from_yaml(text, where="plan.yaml")


def test_entries_keep_their_id_when_their_edit_is_set_anew():
    first = with_edits(Document(), (new(1), CloseSchool("A"), SetSeats("B", "primary", 3)))
    assert [entry.id for entry in first.entries] == ["e1", "e2", "e3"]
    moved = replace(new(1), x=5.0)
    second = with_edits(first, (moved, SetSeats("B", "primary", 4), MoveSchool("B", 1.0, 1.0)))
    assert [(entry.id, entry.edit) for entry in second.entries] == [
        ("e1", moved), ("e3", SetSeats("B", "primary", 4)), ("e4", MoveSchool("B", 1.0, 1.0)),
    ]  # fmt: skip


def test_an_entry_that_is_off_stays_where_it_stands():
    document = with_edits(Document(), (new(1), CloseSchool("A"), CloseSchool("B")))
    document = switch(document, "e2", False, KINDS)
    assert document.edits == (new(1), CloseSchool("B"))
    longer = with_edits(document, (*document.edits, CloseSchool("C")))
    assert [entry.id for entry in longer.entries] == ["e1", "e2", "e3", "e4"]
    assert [entry.id for entry in with_edits(document, (CloseSchool("B"),)).entries] == ["e2", "e3"]


def test_what_rests_on_an_entry_goes_off_with_it():
    edits = (new(1), MoveSchool("new-1", 1.0, 2.0), MergeInto("A", "new-1"), CloseSchool("B"))
    document = with_edits(Document(), edits)
    assert resting_on(document, "e1", KINDS) == ("e2", "e3")
    off = switch(document, "e1", False, KINDS)
    assert off.edits == (CloseSchool("B"),)
    with pytest.raises(ConfigError, match=r"Entry 2 of the scenario.*new-1, which is not there"):
        switch(off, "e2", True, KINDS)
    assert switch(off, "e1", True, KINDS).edits == (new(1), CloseSchool("B"))


def test_switching_on_what_another_needs_closed_is_refused():
    document = switch(with_edits(Document(), (CloseSchool("A"),)), "e1", False, KINDS)
    document = with_edits(document, (SetSeats("A", "primary", 5),))
    with pytest.raises(ConfigError, match=r"Entry 2 of the scenario.*which entry 1 closes"):
        switch(document, "e1", True, KINDS)


def test_my_changes_are_done_again_on_theirs():
    base = with_edits(Document(), (new(1), SetSeats("B", "primary", 3)))
    theirs = with_edits(base, (*base.edits, new(2), CloseSchool("C")))
    mine = with_edits(
        base, (new(1), SetSeats("B", "primary", 9), new(2), MoveSchool("C", 1.0, 1.0), MoveSchool("A", 1.0, 1.0))
    )
    again = rebase(base, mine, theirs, KINDS)
    assert again.document.edits == (
        new(1), SetSeats("B", "primary", 9), new(2), CloseSchool("C"), replace(new(2), site_id="new-3"), MoveSchool("A", 1.0, 1.0),
    )  # fmt: skip
    assert [(entry.edit, "which entry 4 closes" in str(why)) for entry, why in again.refused] == [
        (MoveSchool("C", 1.0, 1.0), True)
    ]
    assert not again.document.faults(KINDS)


def test_what_they_took_back_is_not_brought_back():
    base = with_edits(Document(), (new(1), CloseSchool("B")))
    theirs = with_edits(base, (new(1),))
    mine = switch(base, "e2", False, KINDS)
    again = rebase(base, mine, theirs, KINDS)
    assert again.document == theirs
    assert "not there any more" in str(again.refused[0][1])


@given(
    st.lists(st.sampled_from(EVERY[:6]), max_size=4, unique=True),
    st.lists(st.sampled_from(EVERY[:6]), max_size=4, unique=True),
)
def test_a_rebase_never_leaves_a_fault_that_was_not_theirs(their_edits, my_edits):
    base = with_edits(Document(), (new(7),))
    theirs, mine = (with_edits(base, (new(7), *edits)) for edits in (their_edits, my_edits))
    again = rebase(base, mine, theirs, KINDS)
    assert set(again.document.faults(KINDS)) <= set(theirs.faults(KINDS))
    added = [change for change in entry_changes(base, mine) if change[0] == "added"]
    assert len(again.document.entries) + len(again.refused) == len(theirs.entries) + len(added)
