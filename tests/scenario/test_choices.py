"""The curve over numbers of schools and budgets, and other plans nearly as good, on a straight road."""

from __future__ import annotations

import math

import pytest
from line_county import line_county, project_of, value

from planning.config import Question
from planning.errors import ConfigError
from planning.scenario.choices import CURVE_COLUMNS, PLAN_COLUMNS
from planning.scenario.questions import answer

VILLAGES = {
    "c1": {"at": 1000, "name": "Shiping", "primary_lower": 10, "primary_upper": 10},
    "c2": {"at": 9000, "name": "Lijia", "primary_lower": 20},
    "c3": {"at": 16_000, "name": "Wangcun", "primary_lower": 6, "primary_upper": 6},
}


def county(**more):
    return line_county(
        VILLAGES, {"A": {"at": 0, "seats_primary": 60}}, {"N1": 8000.0, "N2": 15_000.0, "N3": 12_000.0}, **more
    )


def ask(county, model, **keys):
    question = Question.model_validate({"name": "Q", "stage": "primary", "model": model, "time_limit_s": 10, **keys})
    return answer(county, question)


def test_a_curve_by_hand():
    found = ask(county(), "p_median", new=1, limit={"distance_m": 1000}, frontier={"new": [2, 0, 1, 2]})
    curve = found.curve
    assert curve.columns.to_list() == list(CURVE_COLUMNS)
    assert curve["new_schools"].to_list() == [0, 1, 2]
    # A alone: 20 x 1,000 + 20 x 9,000 + 12 x 16,000; with N3: 128,000 (see test_questions); with N1 and N2: 1 km each
    assert curve["objective"].to_list() == pytest.approx([392_000, 128_000, 52_000], rel=1e-5)
    assert curve["mean_distance_m"].to_list() == pytest.approx([392_000 / 52, 128_000 / 52, 1000], rel=1e-5)
    assert curve["share_within_limit"].to_list() == pytest.approx([20 / 52, 20 / 52, 1])
    assert curve["gap"].to_list() == pytest.approx([0, 0, 0], abs=1e-6)
    assert curve["status"].to_list() == ["optimal"] * 3
    assert curve["places"].to_list() == [[], ["by N3"], ["by N1", "by N2"]]
    assert curve[["budget_yuan", "spent_yuan"]].isna().all(axis=None)


def test_the_point_of_the_answer_is_the_answer():
    known = county(project=project_of(limits={"primary_lower": 5000, "primary_upper": 5000}))
    for model in ("p_median", "p_center", "max_coverage"):
        found = ask(known, model, new=1, frontier={"new": [0, 1]})
        point = found.curve.set_index("new_schools").loc[1]
        assert point["objective"] == found.proposal.objective
        assert point["bound"] == found.proposal.bound
        assert found.after is not None
        assert point["mean_distance_m"] == pytest.approx(value(found.after, "mean_distance"))
        assert point["share_within_limit"] == pytest.approx(value(found.after, "share_within_limit"))


def test_where_too_few_are_asked_for_the_curve_says_how_many_are_enough():
    cut = line_county(VILLAGES, {"A": {"at": 0, "seats_primary": 60}}, {"N1": 8000.0, "N2": 15_000.0}, gap_at=4000)
    found = ask(cut, "p_median", new=0, frontier={"new": [0, 1, 2]}, alternatives=True)
    assert found.proposal.status == "infeasible"
    assert found.curve["status"].to_list() == ["infeasible", "optimal", "optimal"]
    assert found.curve["places"].to_list() == [[], ["by N1"], ["by N1", "by N2"]]
    assert found.curve["objective"].isna().to_list() == [True, False, False]
    assert found.plans.empty


def test_a_budget_builds_the_schools_that_it_pays_for():
    known = county(project=project_of(costs={"build_per_seat": 1000}))
    found = ask(known, "p_median", new=1, seats=20, frontier={"budgets": [19_999, 20_000, 39_999, 1e9]})
    assert found.curve["budget_yuan"].to_list() == [19_999, 20_000, 39_999, 1e9]
    assert found.curve["new_schools"].to_list() == [0, 1, 1, 3]  # there are three places
    assert found.curve["spent_yuan"].to_list() == [0, 20_000, 20_000, 60_000]
    assert found.curve["mean_distance_m"].is_monotonic_decreasing
    free = county(project=project_of(costs={"build_per_seat": 0}))
    assert ask(free, "p_median", new=1, frontier={"budgets": [1]}).curve["new_schools"].to_list() == [3]


def test_bands_without_a_limit_have_no_share():
    pack_has_limits = ask(county(), "p_median", new=1, frontier={"new": [1]}).curve
    assert pack_has_limits["share_within_limit"].notna().all()
    kept = county(project=project_of(stages=("senior",)))
    found = answer(
        kept,
        Question.model_validate(
            {"name": "Q", "stage": "senior", "model": "p_median", "new": 1, "frontier": {"new": [1]}}
        ),
    )
    assert math.isnan(found.curve["mean_distance_m"].item())  # nobody is of age: no mean, and no fault


def test_other_plans_by_hand():
    found = ask(county(), "p_median", new=1, alternatives={"plans": 5, "within_percent": 10})
    # N3 128,000; N1 136,000 is 6.25 % worse; N2 152,000 is 18.75 % worse
    assert found.plans.columns.to_list() == list(PLAN_COLUMNS)
    (plan,) = found.plans.to_dict("records")
    assert (plan["places"], plan["left_out"], plan["instead"]) == (["by N1"], ["by N3"], ["by N1"])
    assert plan["loss"] == pytest.approx(8 / 128, rel=1e-4)
    assert plan["objective"] == pytest.approx(136_000, rel=1e-5)
    assert plan["mean_distance_m"] == pytest.approx(136_000 / 52, rel=1e-5)
    assert any("only 1 other plans" in str(note) for note in found.notes)
    wide = ask(county(), "p_median", new=1, alternatives={"plans": 1, "within_percent": 50})
    assert len(wide.plans) == 1
    assert not any("other plans as good" in str(note) for note in wide.notes)


def test_other_plans_of_the_other_models():
    cover = ask(county(), "max_coverage", new=1, limit={"distance_m": 4000}, alternatives=True)
    assert cover.proposal.objective == 52
    assert cover.plans.empty  # N3 alone reaches all; the next, N1, reaches 40
    fewest = ask(
        county(), "set_cover", limit={"distance_m": 3000}, share=0.6, alternatives={"plans": 2, "within_percent": 1}
    )
    assert fewest.proposal.objective == 1
    others = [place for (place,) in fewest.plans["places"]]
    # beside the 20 whom A has within reach: N1 and N3 the 20 of Lijia, N2 the 12 of Wangcun; each makes 60 %
    assert sorted([*fewest.sites["name"], *others]) == ["by N1", "by N2", "by N3"]


def test_nothing_is_told_that_nobody_asked_for():
    found = ask(county(), "p_median", new=1)
    assert (len(found.curve), len(found.plans), len(found.ways)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"frontier": {"budgets": [1000]}}, r"frontier\.budgets needs costs\.build_per_seat"),
        ({"frontier": {"new": [1, 4]}}, "frontier asks for 4 new schools, but there are only 3 places"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_its_cure(keys, words):
    with pytest.raises(ConfigError) as caught:
        ask(county(), "p_median", new=1, **keys)
    told = " ".join([str(caught.value), *map(str, caught.value.faults)])
    assert words.replace("\\", "") in told
