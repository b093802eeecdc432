"""A plan by year: which opens first, by hand; every order tried; nobody lost in any year; and what cannot be asked."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from line_county import adds_up, line_county, project_of, value
from test_years import county as county_with_births

from planning.config import Question
from planning.errors import ConfigError
from planning.scenario.asking import question_faults
from planning.scenario.evaluate import evaluate
from planning.scenario.phases import PHASE_COLUMNS
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.scenario.saved import load_run, save_run
from planning.scenario.years import counties_asked_of

VILLAGES = {
    "c1": {"at": 1000, "name": "Shiping", "primary_lower": 10, "primary_upper": 10},
    "c2": {"at": 9000, "name": "Lijia", "primary_lower": 20},
    "c3": {"at": 16_000, "name": "Wangcun", "primary_lower": 6, "primary_upper": 6},
}
SPOTS = {"N1": 8000.0, "N2": 15_000.0, "N3": 19_000.0}


def question(**keys) -> Question:
    asked = {"name": "Q", "stage": "primary", "model": "phases", "years": [2026, 2028], "time_limit_s": 20}
    return Question.model_validate({**asked, **({} if "budget_by_year" in keys else {"new_by_year": 1}), **keys})


def county(villages=VILLAGES, *, seats=600, spots=SPOTS, **project):
    return line_county(villages, {"A": {"at": 0, "seats_primary": seats}}, spots, project=project_of(**project))


def opened(found) -> list[tuple[int, str]]:
    table = found.phases[found.phases["what"] == "opens"]
    return list(zip(table["year"], table["site_id"], strict=True))


def test_one_school_a_year_the_better_one_first_by_hand():
    place = county()
    found = answer(place, question())
    # alone: N1 saves 20 x 8,000 + 12 x 8,000 = 256,000 m; N2 saves 20 x 3,000 + 12 x 15,000 = 240,000 m. Both together
    # are best in the second year: 20 x 1,000 + 20 x 1,000 + 12 x 1,000 = 52,000 m; the first year N1 leaves
    # 20,000 + 20,000 + 12 x 8,000 = 136,000 m.
    assert opened(found) == [(2026, "N1"), (2028, "N2")]
    assert found.proposal.objective == pytest.approx(136_000 + 52_000, rel=1e-5)
    assert (found.proposal.status, found.unit) == ("optimal", "pupil-m")
    assert found.proposal.bound <= found.proposal.objective
    assert [edit.site_id for edit in found.edits] == ["N1", "N2"]
    assert found.phases["pupils"].to_list() == [52, 52]
    assert found.phases["mean_distance_m"].to_list() == pytest.approx([136_000 / 52, 52_000 / 52])
    assert found.phases["mean_distance_m"].iloc[-1] == pytest.approx(value(found.after, "mean_distance"))
    assert found.phases["share_within_limit"].iloc[-1] == pytest.approx(value(found.after, "share_within_limit"))
    assert found.phases["cost_yuan"].isna().all()  # no price: not known, not nothing
    assert (found.year, found.before) == (None, None)
    assert any("pupils of today stand" in str(note) for note in found.notes)
    adds_up(place, "primary", found.after)


def test_the_money_of_each_year_and_what_is_left_of_it():
    place = county(costs={"build_per_seat": 1000})
    keys = {"seats": 100, "years": [2026, 2027, 2028]}
    poor = answer(place, question(budget_by_year=[60_000, 60_000, 99_999], **keys))
    assert opened(poor) == []
    assert poor.phases["what"].to_list() == ["nothing_opens"] * 3
    assert poor.phases["cumulative_yuan"].to_list() == [0, 0, 0]
    assert any("pays for no school" in str(note) for note in poor.notes)
    saved = answer(place, question(budget_by_year=[60_000, 60_000, 99_999], carry_over=True, **keys))
    assert opened(saved) == [(2027, "N1"), (2028, "N2")]
    assert saved.phases["cumulative_yuan"].to_list() == [0, 100_000, 200_000]
    assert saved.phases["budget_yuan"].to_list() == [60_000, 60_000, 99_999]
    exact = answer(place, question(budget_by_year=[0, 100_000, 0], **keys))
    assert opened(exact) == [(2027, "N1")]


def test_the_limit_of_the_question_is_what_is_measured():
    found = answer(county(), question(limit={"distance_m": 1000}))
    # c1 and, by N1, c2 keep 1,000 m at first: 40 of 52; then N2 brings c3
    assert found.phases["share_within_limit"].to_list() == pytest.approx([40 / 52, 1.0])


def test_who_finds_no_seat_is_counted_and_seats_come_first():
    crowded = county(seats=20)
    found = answer(crowded, question(seats=15))
    # 52 pupils, 20 seats and 15 more each year
    assert found.phases["no_seat"].to_list() == [17, 2]
    assert found.phases["served"].to_list() == [35, 50]
    assert found.proposal.allocation is not None
    assert int(found.proposal.allocation.unserved.sum()) == 2
    assert found.proposal.allocation.flows.shape[1] == 4  # the school and three places, no line for no seat
    adds_up(crowded, "primary", found.after)


def test_who_has_no_way_is_told_and_left_out():
    cut_off = line_county(VILLAGES, {"A": {"at": 0}}, {"N1": 8000.0}, project=project_of(), gap_at=14_000)
    found = answer(cut_off, question())
    assert opened(found) == [(2026, "N1")]
    assert found.phases["out_of_reach"].to_list() == [12, 12]
    assert found.phases["pupils"].to_list() == [52, 52]
    assert any("Wangcun" in str(note) for note in found.notes)


def test_each_year_has_its_own_pupils_and_nobody_is_lost():
    place = county_with_births(estate=15_000.0)
    asked = question(years=[2025, 2028, 2032], seats=100)
    found = answer(place, asked)
    assert found.year == 2032
    assert found.before is not None
    then, _ = counties_asked_of(place, asked)
    table = found.phases.drop_duplicates("year").set_index("year")
    assert table["pupils"].nunique() == 3
    for year, county_ in zip([2025, 2028, 2032], then, strict=True):
        built = [edit for edit in found.edits if edit.site_id in {code for at, code in opened(found) if at <= year}]
        state = evaluate(county_, "primary", built)
        adds_up(county_, "primary", state)
        row = table.loc[year]
        assert row["pupils"] == row["served"] + row["no_seat"] + row["out_of_reach"] == value(state, "pupils")
    pd.testing.assert_frame_equal(found.after.indicators, state.indicators)


def test_pupils_across_the_line_keep_their_seats_in_every_year():
    villages = {**VILLAGES, "over": {"at": 500, "primary_lower": 15, "in_margin": True}}
    place = county(villages, seats=30)
    found = answer(place, question(new_by_year=0))
    assert found.phases["pupils"].to_list() == [52, 52]
    assert found.phases["no_seat"].sum() > 0
    assert any("across the county line" in str(note) for note in found.notes)
    assert found.proposal.allocation is not None
    assert int(found.proposal.allocation.unserved.sum()) == 52 - 15


@settings(max_examples=15, deadline=None)
@given(
    homes=st.lists(st.tuples(st.integers(0, 190), st.integers(1, 30)), min_size=1, max_size=4, unique_by=lambda home: home[0]),
    spots=st.lists(st.integers(10, 200), min_size=3, max_size=3, unique=True),
    new=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)  # fmt: skip
def test_no_order_of_three_places_in_two_years_is_better(homes, spots, new):
    villages = {f"c{n}": {"at": at * 100, "primary_lower": pupils} for n, (at, pupils) in enumerate(homes)}
    places = {f"N{n}": at * 100.0 for n, at in enumerate(spots)}
    found = answer(county(villages, spots=places, seats=10_000), question(new_by_year=new, seats=10_000))

    def ways(codes) -> float:
        at = np.array([0.0, *(places[code] for code in codes)])
        return sum(pupils * np.abs(at - home * 100).min() for home, pupils in homes)

    best = min(
        ways(first) + ways([*first, *second])
        for n in range(new[0] + 1)
        for first in itertools.combinations(places, n)
        for m in range(new[1] + 1)
        for second in itertools.combinations(sorted(set(places) - set(first)), m)
    )
    assert found.proposal.objective == pytest.approx(best, rel=1e-4, abs=1)
    assert found.proposal.bound <= found.proposal.objective
    counts = [sum(at == year for at, _ in opened(found)) for year in (2026, 2028)]
    assert counts[0] <= new[0]
    assert counts[1] <= new[1]


def test_a_search_that_is_called_off_says_so():
    found = answer(county(), question(), cancel=lambda: True)
    assert found.proposal.status == "cancelled"
    assert found.proposal.bound <= found.proposal.objective


def test_a_run_with_years_reads_back_to_the_same(tmp_path):
    settings_ = {
        "stages": {"primary": {"ages": [6, 11]}},
        "population": {"file": "p.tif", "year": 2025},
        "projection": {"until": 2035, "infant_survival": 1.0, "child_survival": 1.0},
    }
    place = county_with_births(**settings_, questions=[question(years=[2026, 2031]).model_dump(exclude_none=True)])
    result = RunResult(
        place, {"primary": evaluate(place, "primary")}, (answer(place, place.project.questions[0]),), {}, versions()
    )
    save_run(result, tmp_path / "state")
    (back,) = load_run(tmp_path / "state").answers
    (before,) = result.answers
    pd.testing.assert_frame_equal(back.phases, before.phases, check_dtype=False)
    assert (back.year, back.edits) == (before.year, before.edits) == (2031, back.edits)
    pd.testing.assert_frame_equal(back.after.indicators, before.after.indicators)
    pd.testing.assert_frame_equal(back.before.indicators, before.before.indicators)


def test_other_questions_have_no_years():
    found = answer(county(), Question.model_validate({"name": "Q", "stage": "primary", "model": "p_median", "new": 1}))
    assert len(found.phases) == 0
    assert list(found.phases) == list(PHASE_COLUMNS)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"years": None}, "years must be given"),
        ({"years": [2028, 2026]}, "later than the one before"),
        ({"years": [2026, 2026]}, "later than the one before"),
        ({"years": []}, "at least 1|empty"),
        ({"new_by_year": None}, "how much may be built"),
        ({"new_by_year": [1, 1, 1]}, "one for each of the 2 years"),
        ({"budget_by_year": [1, 2, 3]}, "one for each of the 2 years"),
        ({"carry_over": True}, "carry_over"),
        ({"new": 2}, "Write new_by_year"),
        ({"year": 2028}, "Write years"),
        ({"budget": 1000}, "Write budget_by_year"),
        ({"close": True}, "closure gate"),
        ({"enlarge": True}, "closure gate"),
        ({"keep": ["A"]}, "only for model capacitated"),
        ({"model": "p_median", "new": 1}, "only for model phases"),
    ],
)
def test_what_makes_no_plan_by_year_is_refused(keys, words):
    with pytest.raises(ValueError, match=words):
        question(**keys)


def test_faults_that_only_the_project_shows():
    coming = county_with_births()
    faults = question_faults(question(years=[2024, 2030, 2040]), coming.project, coming.pack)
    assert [fault.params["year"] for fault in faults] == [2024, 2040]
    unpriced = question(budget_by_year=1e6)
    with pytest.raises(ConfigError) as caught:
        answer(county(), unpriced)
    assert "build_per_seat" in str(caught.value)


@pytest.mark.parametrize(
    ("money", "carry_over", "poor"),
    [
        ([1_000_000, 40_000_000], False, "2026"),
        ([1_000_000, 40_000_000], True, "2026"),
        ([40_000_000, 1_000_000], False, "2028"),
        ([40_000_000, 1_000_000], True, None),
        ([40_000_000], False, None),
    ],
)
def test_the_years_whose_money_pays_for_no_school_are_named(money, carry_over, poor):
    place = county(costs={"build_per_seat": 30_000})
    found = answer(place, question(budget_by_year=money, carry_over=carry_over, seats=600))
    named = [str(note.params["years"]) for note in found.notes if note.id.startswith("The money of {years}")]
    assert named == ([] if poor is None else [poor])
    assert all(year != int(poor or 0) for year, _ in opened(found))
