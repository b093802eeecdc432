"""Seats needed against seats there: years by hand, edges, conversions, estates."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from planning.demand.cohorts import project_cohorts
from planning.demand.estates import children_of_estates, schools_of_estates
from planning.demand.outlook import COUNTY, convert_seats, early_warning, seats_needed, special_schools_due
from planning.errors import SchemaError

YEARS = [2025, 2026, 2027, 2028]


def _needed(**stages):
    """Seats needed by stage, a list of years for each township A and B."""
    index = pd.MultiIndex.from_product([YEARS, ["A", "B"]], names=["year", "township"])
    table = {stage: [both[place][year] for year in range(4) for place in range(2)] for stage, both in stages.items()}
    return pd.DataFrame(table, index=index, dtype=float)


def test_years_of_shortage_and_surplus_by_hand():
    needed = _needed(primary=([90, 101, 120, 100], [100, 90, 85, 84]))
    there = pd.DataFrame({"primary": [100.0, 100.0]}, index=["A", "B"])
    told = early_warning(needed, there)
    a, b, county = (told.loc[("primary", name)] for name in ("A", "B", COUNTY))
    assert (a["shortage_from"], a["shortage_until"], a["most_missing"], a["year_of_most"]) == (2026, 2027, 20, 2027)
    assert pd.isna(a["surplus_from"])  # 10 of 100 empty in 2025 are no surplus
    assert pd.isna(b["shortage_from"])  # 100 for 100 is enough
    assert (b["surplus_from"], b["most_empty"]) == (2028, 16)  # 15 of 100 in 2027 are not more than the share
    assert (county["shortage_from"], county["most_missing"]) == (2027, 5)
    assert county["needed_at_end"] == 184


def test_unknown_seats_promise_nothing():
    needed = _needed(primary=([90, 101, 120, 100], [1, 1, 1, 1]))
    told = early_warning(needed, pd.DataFrame({"primary": [float("nan"), 5.0]}, index=["A", "B"]))
    assert told.loc[("primary", "A"), ["shortage_from", "surplus_from", "most_missing"]].isna().all()
    assert told.loc[("primary", COUNTY), ["shortage_from", "surplus_from"]].isna().all()
    assert told.loc[("primary", "A"), "needed_at_end"] == 100


def test_the_wave_hands_seats_on():
    needed = _needed(
        kindergarten=([100, 60, 40, 40], [50] * 4),
        primary=([200, 240, 250, 190], [50] * 4),
        junior=([90] * 4, [50] * 4),
    )
    there = pd.DataFrame(
        {"kindergarten": [100, 50], "primary": [200, 50], "junior": [90, 50]}, index=["A", "B"], dtype=float
    )
    offers = convert_seats(needed, there, least=30)
    assert offers.to_dict("records") == [
        {
            "township": "A",
            "from_stage": "kindergarten",
            "to_stage": "primary",
            "first_year": 2026,
            "last_year": 2027,
            "seats": 40.0,
        }
    ]


def test_seats_needed_take_attendance_and_room_into_account():
    children = pd.DataFrame([[100.0, 80.0]], index=pd.MultiIndex.from_tuples([(2025, "A")]), columns=[3, 4])
    needed = seats_needed(
        children,
        {"kindergarten": (3, 4)},
        attending={"kindergarten": 0.9},
        net_inflow={"kindergarten": 0.1},
        fill_rate=0.99,
    )
    assert needed.iloc[0, 0] == pytest.approx(180 * 0.9 * 1.1 / 0.99)


def test_an_estate_moves_the_answer_in_its_year_and_not_before():
    housing = gpd.GeoDataFrame(
        {"name": ["Riverside"], "township": ["A"], "dwellings": [2000], "year": [2027]}, index=["H1"], geometry=[None]
    )
    ages = {"primary": (6, 11)}
    counted = pd.DataFrame(100.0, index=["A", "B"], columns=range(12))
    births = pd.DataFrame(100.0, index=["A", "B"], columns=YEARS[1:])
    survival = pd.Series(1.0, index=range(12))
    there = pd.DataFrame({"primary": [700.0, 700.0]}, index=["A", "B"])
    told = {}
    for name, estates in {"without": None, "with": children_of_estates(housing, {"primary": 0.3}, ages)}.items():
        children = project_cohorts(counted, 2025, births, survival, estates=estates).children
        told[name] = early_warning(seats_needed(children, ages), there)
    assert pd.isna(told["without"].loc[("primary", "A"), "shortage_from"])
    assert told["with"].loc[("primary", "A"), "shortage_from"] == 2027
    assert told["with"].loc[("primary", "B")].equals(told["without"].loc[("primary", "B")])


def test_an_estate_brings_its_schools_from_the_threshold_on():
    housing = gpd.GeoDataFrame(
        {"name": ["Small", "Large"], "township": ["A", "B"], "dwellings": [3124, 9375], "year": [2028, 2027]},
        index=["H1", "H2"], geometry=[None, None],
    )  # fmt: skip
    due = schools_of_estates(housing, {"primary": 10_000, "junior": 30_000}, people_per_dwelling=3.2)
    assert due[["housing_id", "stage", "year"]].to_numpy().tolist() == [["H2", "primary", 2027], ["H2", "junior", 2027]]


def test_a_special_school_is_due_above_the_threshold():
    assert special_schools_due(200_001, threshold=200_000, there=0) == 1
    assert special_schools_due(200_000, threshold=200_000, there=0) == 0
    assert special_schools_due(300_000, threshold=200_000, there=1) == 0


def test_faults_are_told():
    needed = _needed(primary=([1] * 4, [1] * 4))
    with pytest.raises(SchemaError, match="not given for B"):
        early_warning(needed, pd.DataFrame({"primary": [1.0]}, index=["A"]))
    with pytest.raises(SchemaError, match="lack the ages 5"):
        seats_needed(pd.DataFrame([[1.0]], columns=[4]), {"kindergarten": (4, 5)})
    with pytest.raises(SchemaError, match="above 0 and at most 1"):
        seats_needed(pd.DataFrame([[1.0]], columns=[4]), {"kindergarten": (4, 4)}, fill_rate=0)
    with pytest.raises(SchemaError, match="has no ages"):
        children_of_estates(gpd.GeoDataFrame({"dwellings": []}, geometry=[]), {"junior": 0.1}, {})
    with pytest.raises(SchemaError, match="above 0"):
        schools_of_estates(gpd.GeoDataFrame(geometry=[]), {}, people_per_dwelling=0)
