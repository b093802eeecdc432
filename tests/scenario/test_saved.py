"""A saved run reads back to the same numbers, boarders and refusals included."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest
from line_county import line_county, project_of

from planning.errors import Names, SourceError, SourceMissingError, msg
from planning.scenario.edits import CloseSchool, MoveSchool, NewSchool, SetSeats, edits_from_data, edits_to_data
from planning.scenario.evaluate import evaluate
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.scenario.saved import load_answers, load_county, load_run, save_run

QUESTIONS = [
    {"name": "board", "stage": "primary", "model": "boarding", "new": 1, "beds": 20},
    {"name": "cover", "stage": "primary", "model": "set_cover", "limit": 300},
    {
        "name": "median", "stage": "primary", "model": "p_median", "new": 1,
        "frontier": {"new": [0, 1, 2]}, "alternatives": {"plans": 1, "within_percent": 90},
    },
]  # fmt: skip


def finished() -> RunResult:
    project = project_of(questions=QUESTIONS, travel={"reach_limit": 19_000})
    county = line_county(
        {
            "far": {"at": 18_000, "name": "Far", "primary_lower": 4, "primary_upper": 7},
            "mid": {"at": 10_000, "name": "Mid", "primary_upper": 300, "population": 9000},
            "over": {"at": 500, "primary_lower": 3, "in_margin": True},
        },
        {"A": {"at": 0, "seats_primary": 30}, "T": {"at": 9000, "kind": "teaching_point"}},
        {"N1": 17_500.0, "N2": 10_000.0, "N3": 10_040.0},
        project=project,
    )
    base = {"primary": evaluate(county, "primary")}
    return RunResult(county, base, tuple(answer(county, q) for q in project.questions), {"prepare": 1.0}, versions())


def test_a_run_reads_back_to_the_same_numbers(tmp_path):
    result = finished()
    assert len(result.answers[0].after.boarding)
    assert [len(result.answers[2].curve), len(result.answers[2].plans), len(result.answers[0].ways)] == [3, 1, 3]
    save_run(result, tmp_path / "state")
    back = load_run(tmp_path / "state")
    county = load_county(tmp_path / "state")  # as the app opens it: the answers come later
    pd.testing.assert_frame_equal(evaluate(county, "primary").indicators, result.base["primary"].indicators)
    assert [one.edits for one in load_answers(tmp_path / "state", county)] == [one.edits for one in result.answers]
    assert back.county.project.questions == result.county.project.questions
    assert back.versions == result.versions
    assert back.county.crs == result.county.crs
    for one, other in zip(result.answers, back.answers, strict=True):
        assert other.edits == one.edits
        assert other.unit == one.unit
        assert (other.proposal.status, other.proposal.sense) == (one.proposal.status, one.proposal.sense)
        assert str(other.proposal.gap) == str(one.proposal.gap)
        assert [str(note) for note in other.notes] == [str(note) for note in one.notes]
        for name in ("curve", "plans", "ways"):
            pd.testing.assert_frame_equal(getattr(other, name), getattr(one, name))
        assert (other.after is None) == (one.after is None)
        if one.after is not None:
            pd.testing.assert_frame_equal(other.after.indicators, one.after.indicators)
            pd.testing.assert_frame_equal(other.after.reconciliation, one.after.reconciliation)
            pd.testing.assert_series_equal(other.after.load, one.after.load)
    pd.testing.assert_frame_equal(back.base["primary"].allocated, result.base["primary"].allocated)
    pd.testing.assert_series_equal(back.base["primary"].load_from_margin, result.base["primary"].load_from_margin)
    # and it can go on being worked with
    closed = [CloseSchool("T")]
    pd.testing.assert_frame_equal(
        evaluate(back.county, "primary", closed).indicators, evaluate(result.county, "primary", closed).indicators
    )


def test_a_folder_of_another_form_or_none_is_refused(tmp_path):
    with pytest.raises(SourceMissingError, match="no such file"):
        load_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({"format": 0}), "utf-8")
    with pytest.raises(SourceError, match="Run the project again"):
        load_run(tmp_path)


def test_edits_go_through_plain_data_and_odd_entries_are_refused():
    edits = [
        NewSchool("N", "新校", 1.0, 2.0, "primary", None, "primary"),
        MoveSchool("A", 3.0, 4.0),
        CloseSchool("B"),
        SetSeats("C", "junior", 0),
    ]
    data = json.loads(json.dumps(edits_to_data(edits), ensure_ascii=False))
    assert edits_from_data(data) == edits
    for wrong in (
        {"edit": "burn"},
        {"edit": "close_school"},
        {"edit": "close_school", "school_id": "A", "why": "x"},
        {},
    ):
        with pytest.raises(ValueError, match="Entry 1 of the scenario"):
            edits_from_data([wrong])
    with pytest.raises(ValueError, match="is no stage"):
        edits_from_data([{"edit": "set_seats", "school_id": "A", "stage": "college", "seats": 1}])
    with pytest.raises(ValueError, match="has no place"):
        edits_from_data([{"edit": "move_school", "school_id": "A", "x": "left", "y": 0}])


def test_messages_in_messages_survive(tmp_path):
    result = finished()
    notes = (
        msg("{column}: {expected}", column="a", expected=msg("must be {limit:g} or more", limit=3)),
        msg("Nothing is made of: {headings}", headings=Names(["甲", "乙"])),
    )
    from dataclasses import replace

    save_run(replace(result, county=replace(result.county, notices=notes)), tmp_path)
    read = load_run(tmp_path).county.notices
    assert [str(note) for note in read] == ["a: must be 3 or more", "Nothing is made of: 甲, 乙"]
    assert read[1] == notes[1]


def test_who_opens_a_finished_run_loads_no_readers():
    readers = ["openpyxl", "pandera", "rasterio", "networkx", "requests", "osmium"]
    code = f"import planning.scenario.saved, sys; print([name for name in {readers} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
