"""The county of a coming year, and questions asked of it."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pandas as pd
import pytest
from line_county import line_county, places, project_of, pupils_of, value

from planning.config import Question
from planning.errors import ConfigError
from planning.scenario.changes import no_moves
from planning.scenario.outlook import project_outlook
from planning.scenario.questions import answer
from planning.scenario.year import county_in

YEAR = 2025


@functools.cache
def laid_out():
    """One township, its school at the start of the road, and two places where a school may be built."""
    return line_county(
        {
            "a": {"at": 1000, "township": "Town", "primary_lower": 60, "primary_upper": 60},
            "b": {"at": 9000, "township": "Town", "primary_lower": 30, "primary_upper": 30},
            "c": {"at": 15000, "township": "Town", "primary_lower": 0, "primary_upper": 0},
            "m": {"at": 16000, "township": "", "in_margin": True, "primary_lower": 7, "primary_upper": 8},
        },
        {"s": {"at": 1000, "township": "Town", "seats_primary": 500}},
        {"near": 9000, "far": 15000},
        project=project_of(("primary",)),
    )


def county(*, dwellings: int = 0, born: float = 30.0, **more):
    """Thirty children of each age; no child dies. An estate of 2029 stands at the far end of the road."""
    project = project_of(
        ("primary",),
        population={"file": "p.tif", "year": YEAR},
        projection={"until": 2032, "infant_survival": 1, "child_survival": 1},
        **more,
    )
    ages = pd.DataFrame(
        [[30.0] * 12], index=pd.Index(["Town"], name="township"), columns=[str(age) for age in range(12)]
    )
    births = pd.DataFrame(
        [("", year, np.nan, born, np.nan) for year in range(YEAR + 1, 2033)],
        columns=["township", "year", "low", "middle", "high"],
    )
    changed = {"project": project, "ages": ages, "births": births, "migration": no_moves()}
    if dwellings:
        columns = {"name": ["Estate"], "dwellings": [dwellings], "year": [2029]}
        changed["housing"] = places(["H1"], [15100.0], "housing_id", columns)
    return dataclasses.replace(laid_out(), **changed)


def asked(year: int | None, **more) -> Question:
    return Question.model_validate(
        {"name": "q", "stage": "primary", "model": "p_median", "new": 1, "year": year, **more}
    )


def test_the_first_year_is_today():
    made = county()
    then, _ = county_in(made, YEAR)
    assert then.cells.drop(columns="geometry").equals(made.cells.drop(columns="geometry"))


def test_pupils_follow_the_township_by_hand():
    # Half the births from 2026 on: those are 6 in 2032, when one of six ages is half as strong: 165 of 180.
    then, notes = county_in(county(born=15.0), 2032)
    assert pupils_of(then, "primary") == 165
    # Grades 1-3 have 75 of 90: two thirds of them at a; 4-6 are as today.
    assert then.cells["pupils_primary_lower"].tolist()[:3] == [50, 25, 0]
    assert then.cells["pupils_primary_upper"].tolist()[:3] == [60, 30, 0]
    assert any("across the county line" in note.id for note in notes)


def test_the_margin_stays_as_it_is():
    then, _ = county_in(county(born=15.0), 2032)
    assert then.cells.loc["m", ["pupils_primary_lower", "pupils_primary_upper"]].tolist() == [7, 8]


def test_variants_come_from_births():
    low, middle, high = (pupils_of(county_in(county(), 2032, name)[0], "primary") for name in ("low", "middle", "high"))
    assert (low, middle, high) == (176, 180, 185)  # 30 of age 6 times 0.85 and 1.15, half rounded up


def test_an_estate_moves_the_answer_in_its_year_and_not_before():
    plain, built = county(), county(dwellings=2000)
    before, still = answer(plain, asked(2028)), answer(built, asked(2028))
    assert still.proposal.objective == before.proposal.objective
    assert still.sites.index.tolist() == before.sites.index.tolist()
    assert still.after.allocated.equals(before.after.allocated)
    then, moved = answer(plain, asked(2029)), answer(built, asked(2029))
    assert then.sites["name"].tolist() == ["by near"]
    assert moved.sites["name"].tolist() == ["by far"]
    assert value(moved.before, "pupils") - value(then.before, "pupils") == 400
    assert moved.year == 2029


def test_children_of_an_estate_live_at_its_nearest_place():
    then, notes = county_in(county(dwellings=2000), 2029)
    assert then.cells.loc["c", ["pupils_primary_lower", "pupils_primary_upper"]].tolist() == [200, 200]
    assert then.cells.loc["a", ["pupils_primary_lower", "pupils_primary_upper"]].tolist() == [60, 60]
    assert any("new estates" in note.id for note in notes)
    # They grow older: of 200 in grades 4-6 a third has left, and a third of those in grades 1-3 has come up.
    later, _ = county_in(county(dwellings=2000), 2030)
    assert int(later.cells.loc["c", "pupils_primary_upper"]) == 200


def test_the_costs_of_empty_places_are_swept_when_somebody_lives_there():
    made = county(dwellings=2000)
    assert "c" not in made.costs.candidates("walk").cell_ids
    assert "c" in county_in(made, 2029)[0].costs.candidates("walk").cell_ids
    assert county_in(made, 2028)[0].costs.candidates("walk") is made.costs.candidates("walk")


@pytest.mark.parametrize(
    ("more", "year", "words"),
    [
        ({"projection": None}, 2029, "needs a projection"),
        ({"population": {"file": "p.tif"}}, 2029, "needs population.year"),
        ({}, 2033, "is not between"),
        ({}, 2024, "is not between"),
    ],
)
def test_a_year_without_a_projection_is_refused_before_anything_is_done(more, year, words):
    made = county()
    project = project_of(
        ("primary",), **{"population": {"file": "p.tif", "year": YEAR}, "projection": {"until": 2032}, **more}
    )
    with pytest.raises(ConfigError) as caught:
        answer(dataclasses.replace(made, project=project), asked(year))
    assert any(words in str(fault) for fault in caught.value.faults)


def test_a_year_whose_children_are_not_known_is_refused_with_the_reason():
    made = county()
    with pytest.raises(ConfigError) as caught:
        answer(dataclasses.replace(made, births=made.births.iloc[:0]), asked(2029))
    assert any("births" in str(fault) for fault in caught.value.faults)


@pytest.mark.parametrize("year", [2028, 2029, 2031])
def test_whole_pupils_are_those_of_the_projection(year):
    made = county(dwellings=1234, born=17.0)
    then, _ = county_in(made, year)
    outlook, _ = project_outlook(made)
    expected = outlook.with_estates["middle"].children.loc[year][list(range(6, 12))].to_numpy().sum()
    assert abs(pupils_of(then, "primary") - expected) <= 0.5 + 1e-9
