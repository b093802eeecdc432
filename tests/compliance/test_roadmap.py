"""The roadmap: by hand, against all choices written out, conserved, what nobody has counted, the errors."""

from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schools import schools_of

from planning.compliance.balance import TOTALS, balance, school_parts, school_pass, thresholds
from planning.compliance.class_sizes import class_sizes
from planning.compliance.roadmap import Roadmap, added_to, draw_roadmap
from planning.compliance.timetable import passing_years, timetable
from planning.errors import SchemaError
from planning.standards import RulePack, read_pack
from planning.standards.catalogue import INDICATORS

#: What a primary school of 100 pupils needs to meet each indicator; persons and rooms whole.
ENOUGH = {
    "qualified_teachers": 5, "backbone_teachers": 1, "sports_arts_teachers": 1, "teaching_area_m2": 450,
    "sports_area_m2": 750, "equipment_yuan": 200_000, "multimedia_rooms": 3,
}  # fmt: skip
CLASSES = {"classes_primary": 3, "largest_class_primary": 40}
GOOD = {"pupils_primary": 100} | ENOUGH | CLASSES
PRICES = dict.fromkeys(INDICATORS, 1.0) | {"teaching_area": 3000.0, "qualified_teachers": 100_000.0}


def _drawn(rows: dict[str, dict[str, object]], pack: RulePack, **options: object) -> tuple[pd.DataFrame, Roadmap]:
    schools = schools_of(rows)
    parts = school_parts(schools, {})
    return parts, draw_roadmap(schools, parts, class_sizes(schools, {}, pack), pack, **options)


def _adds(roadmap: Roadmap) -> dict[tuple[str, str], float]:
    table = roadmap.additions
    return dict(zip(zip(table["school_id"], table["indicator"], strict=True), table["add"], strict=True))


def test_a_county_that_passes_needs_nothing(pack: RulePack):
    _, roadmap = _drawn({"A": GOOD, "B": GOOD}, pack)
    assert roadmap.stops.empty
    assert roadmap.additions.empty
    assert roadmap.sizes.empty
    assert roadmap.to_count.empty


def test_codes_are_text_as_in_the_parts_with_rows_or_without(pack: RulePack):
    parts, nothing = _drawn({"A": GOOD}, pack)
    _, something = _drawn({"A": GOOD | {"teaching_area_m2": 0}}, pack)
    assert nothing.additions["school_id"].dtype == parts.reset_index()["school_id"].dtype
    assert nothing.additions.empty
    assert len(something.additions)
    pd.testing.assert_series_equal(nothing.additions.dtypes, something.additions.dtypes)


def test_the_cheapest_six_of_seven_by_hand(pack: RulePack):
    # 100 m² of rooms lack (22 %), 75 m² of grounds (10 %): the rooms may stay at 85 % of 450, that is 382.5
    _, roadmap = _drawn({"A": GOOD | {"teaching_area_m2": 350, "sports_area_m2": 675}, "B": GOOD}, pack)
    assert _adds(roadmap) == {("A", "sports_area"): 75, ("A", "teaching_area"): 33}
    assert roadmap.stops[["test", "schools_not_met", "value"]].values.tolist() == [["school_pass", 1, 0.5]]
    # by money: grounds cost nothing to speak of, so that the rooms are left at the floor as well; the other way round
    _, dear = _drawn(
        {"A": GOOD | {"teaching_area_m2": 350, "sports_area_m2": 675}}, pack,
        unit_costs=PRICES | {"sports_area": 10_000.0},
    )  # fmt: skip
    assert _adds(dear) == {("A", "teaching_area"): 100}


def test_one_just_below_may_stay_if_it_reaches_the_floor(pack: RulePack):
    _, roadmap = _drawn({"A": GOOD | {"sports_area_m2": 640}, "B": GOOD}, pack)  # 85.3 %
    assert roadmap.additions.empty
    assert roadmap.stops.empty


def test_the_spread_is_levelled_up_on_top_by_hand(pack: RulePack):
    # 2000, 2000 and 18000 yuan a pupil: mean 7333, coefficient 1.03. Both poor ones rise to w: with
    # √2 (18000 - w) / (2 w + 18000) = 0.5, w = (√2 - 0.5) 18000 / (1 + √2) = 6816.2
    rows = {"A": GOOD, "B": GOOD, "C": GOOD | {"equipment_yuan": 1_800_000}}
    parts, roadmap = _drawn(rows, pack)
    level = (math.sqrt(2) - 0.5) * 18_000 / (1 + math.sqrt(2))
    assert _adds(roadmap) == {(code, "equipment_value"): math.ceil((level - 2000) * 100) for code in "AB"}
    row = roadmap.indicators.set_index("indicator").loc["equipment_value"]
    assert row["cv"] == pytest.approx(math.sqrt(2) * 16 / 22)
    assert (row["for_standard"], row["add"], row["balance_alone"]) == (0, row["for_balance"], row["for_balance"])
    assert row["cv_after_standard"] == pytest.approx(row["cv"])
    assert row["cv_after"] == pytest.approx(0.5, abs=1e-6)
    stops = roadmap.stops.iloc[0]
    assert (stops["test"], stops["indicator"], stops["limit"], stops["verdict"]) == (
        "cv",
        "equipment_value",
        0.5,
        "not_met",
    )
    assert set(balance(added_to(parts, roadmap.additions), pack)["verdict"]) == {"met"}


def test_what_nobody_has_counted_comes_first_and_is_never_0(pack: RulePack):
    rows = {"A": GOOD | {"sports_area_m2": None, "teaching_area_m2": 350}, "B": GOOD, "C": {"pupils_primary": 100}}
    _, roadmap = _drawn(rows, pack)
    lacking = roadmap.to_count
    assert lacking[lacking["school_id"] == "A"].values.tolist() == [["A", "primary", "sports_area"]]
    assert set(lacking.loc[lacking["school_id"] == "C", "what"]) == {*INDICATORS, "classes"}
    assert _adds(roadmap) == {("A", "teaching_area"): 33}
    assert roadmap.additions["is_complete"].tolist() == [False]
    told = roadmap.stops.set_index(["test", "indicator"])
    assert told.loc[("cv", "sports_area"), ["schools_unknown", "verdict"]].tolist() == [2, "unknown"]
    assert told.loc[("school_pass", ""), ["schools_not_met", "schools_unknown"]].tolist() == [1, 1]
    assert told.loc[("class_size", ""), ["schools_unknown", "verdict"]].tolist() == [1, "unknown"]


def test_without_pupils_nothing_is_said_of_a_school(pack: RulePack):
    _, roadmap = _drawn({"A": ENOUGH | {"pupils_primary": None}, "B": GOOD}, pack)
    assert roadmap.to_count.values.tolist() == [["A", "primary", "pupils"]]
    assert roadmap.additions.empty
    assert set(roadmap.stops["verdict"]) == {"unknown"}


def test_classes_and_schools_that_are_too_large_by_hand(pack: RulePack):
    rich = {name: 100 * value for name, value in ENOUGH.items()}
    rows = {
        "mean": GOOD | {"classes_primary": 2, "largest_class_primary": None},  # 50 in a class
        "one": GOOD | {"largest_class_primary": 46},
        "at": GOOD | {"largest_class_primary": 45},
        "unsaid": GOOD | {"largest_class_primary": None},
        "huge": rich | {"pupils_primary": 2001, "classes_primary": 60, "largest_class_primary": 40},
        "nine": {f"{name}_primary": 50 * n for name, n in ENOUGH.items()}
        | {f"{name}_junior": 50 * n for name, n in ENOUGH.items()}
        | {"kind": "nine_year", "pupils_primary": 2100, "pupils_junior": 401, "largest_class_primary": 40,
           "largest_class_junior": 40},
    }  # fmt: skip
    _, roadmap = _drawn(rows, pack)
    found = roadmap.sizes.set_index("school_id")[["rule", "value", "over", "classes_more"]].T.to_dict("list")
    assert found == {
        "huge": ["stages.primary.school_size_max", 2001, 1, 0],
        "mean": ["stages.primary.class_size_max", 50, 5, 1],
        "nine": ["nine_year.school_size_max", 2501, 1, 0],
        "one": ["stages.primary.class_size_max", 46, 1, 0],
    }
    assert roadmap.to_count.values.tolist() == [["unsaid", "primary", "largest_class"]]
    tests = roadmap.stops.set_index(["stage", "test"])
    assert tests.loc[("primary", "class_size"), ["schools_not_met", "schools_unknown"]].tolist() == [2, 1]
    assert ("", "school_size") in tests.index


def test_a_pack_with_the_mean_of_eight_stops_but_asks_for_nothing():
    _, roadmap = _drawn({"A": GOOD}, read_pack("cn_basic_balance_2012"))
    assert roadmap.stops["indicator"].tolist() == ["composite"]
    assert roadmap.additions.empty
    assert roadmap.indicators.empty


def test_no_school_no_row(pack: RulePack):
    _, roadmap = _drawn({"S": {"kind": "senior", "pupils_senior": 9}}, pack)
    for table in (roadmap.stops, roadmap.additions, roadmap.indicators, roadmap.sizes, roadmap.to_count):
        assert table.empty
    assert timetable(roadmap.additions, 3, first_year=2027).empty


def test_prices_years_and_budgets_that_cannot_be(pack: RulePack):
    _, roadmap = _drawn({"A": GOOD}, pack)
    for prices in ({"books": 1.0}, PRICES | {"teaching_area": -1.0}, PRICES | {"teaching_area": math.nan}):
        with pytest.raises(SchemaError, match="Prices"):
            _drawn({"A": GOOD}, pack, unit_costs=prices)
    with pytest.raises(SchemaError, match="at least one year"):
        timetable(roadmap.additions, 0, first_year=2027)
    with pytest.raises(SchemaError, match="budget"):
        timetable(roadmap.additions, 1, first_year=2027, yearly_budget=5.0)


def _additions(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["indicator", "add", "gap"])
    return table.assign(school_id=[f"S{n}" for n in range(len(table))], stage="primary", unit="m2")


def test_evenly_over_the_years_by_hand():
    table = timetable(_additions([("teaching_area", 7, 0.1), ("backbone_teachers", 1, 0.1)]), 3, first_year=2027)
    assert table[["year", "school_id", "add"]].values.tolist() == [
        [2027, "S0", 3], [2027, "S1", 1], [2028, "S0", 2], [2029, "S0", 2],
    ]  # fmt: skip
    assert table["cost"].isna().all()


def test_the_largest_gaps_first_by_hand():
    # 10 m² at 3000 yuan with a gap of a half, then 4 teachers at 100,000; 60,000 a year
    rows = [("qualified_teachers", 1, 0.2), ("teaching_area", 30, 0.5)]
    table = timetable(_additions(rows), 3, first_year=2027, yearly_budget=60_000.0, unit_costs=PRICES)
    assert table[["school_id", "add", "cost"]].values.tolist() == [
        ["S1", 20, 60_000], ["S1", 10, 30_000], ["S0", 1, 100_000],
    ]  # fmt: skip
    assert table["year"].tolist()[:2] == [
        2027,
        2028,
    ]  # 30,000 are kept, and with the third year's they pay for the teacher
    short = timetable(_additions(rows), 1, first_year=2027, yearly_budget=0.0, unit_costs=PRICES)
    assert short["year"].isna().all()
    assert short["add"].sum() == 31


_SCHOOL = st.fixed_dictionaries(
    {"pupils_primary": st.integers(1, 400)} | {column: st.integers(0, 3 * n) for column, n in ENOUGH.items()}
)


@settings(max_examples=25, deadline=None)
@given(st.lists(_SCHOOL, min_size=1, max_size=5), st.data())
def test_the_county_passes_after_it_and_no_choice_of_six_is_cheaper(schools: list[dict[str, int]], data: st.DataObject):
    pack = _PACK
    rows = {f"S{n}": {**own, **CLASSES, "classes_primary": 20} for n, own in enumerate(schools)}
    parts, roadmap = _drawn(rows, pack)
    after = added_to(parts, roadmap.additions)
    verdicts = balance(after, pack).set_index("indicator")["verdict"]
    nothing = [name for name in INDICATORS if after[name].sum() == 0]
    assert set(verdicts.drop(nothing)) <= {"met"}
    assert set(school_pass(after, pack)["verdict"]) == {"met"}
    # written out: each indicator that may stay at the floor
    limits = thresholds(pack, "primary")
    for code, own in rows.items():
        count = own["pupils_primary"]
        shortfall = {}
        for name in INDICATORS:
            due = limits[name] * count / (1 if name in ("teaching_area", "sports_area", "equipment_value") else 100)
            short = [max(math.ceil(part * due - own[TOTALS[name]] - 1e-7), 0) / due for part in (1, 0.85)]
            shortfall[name] = short
        best = min(sum(shortfall[name][name == left] for name in INDICATORS) for left in INDICATORS)
        mine = roadmap.additions[roadmap.additions["school_id"] == code]
        assert (mine["for_standard"] / mine["standard"]).sum() == pytest.approx(best, abs=1e-6)
    # conserved: the years add up to the whole, whatever the budget
    years = data.draw(st.integers(1, 5))
    budget = data.draw(st.none() | st.floats(0, 10**6))
    table = timetable(roadmap.additions, years, first_year=2027, yearly_budget=budget, unit_costs=PRICES)
    keys = ["school_id", "stage", "indicator"]
    pd.testing.assert_series_equal(
        table.groupby(keys)["add"].sum(), roadmap.additions.groupby(keys)["add"].sum(), check_dtype=False
    )
    if budget is not None:
        spent = table[table["year"].notna()].groupby("year")["cost"].sum().cumsum()
        allowed = [budget * (year - 2026) for year in spent.index]
        assert all(one <= most * (1 + 1e-6) + 1e-6 for one, most in zip(spent, allowed, strict=True))


_PACK = read_pack("cn_county_default")


def test_order_of_schools_changes_nothing(pack: RulePack):
    rows = {"A": GOOD | {"equipment_yuan": 10, "sports_area_m2": 0}, "B": GOOD | {"equipment_yuan": 10**7}, "C": GOOD}
    _, one = _drawn(rows, pack)
    for order in itertools.permutations(rows):
        _, other = _drawn({code: rows[code] for code in order}, pack)
        pd.testing.assert_frame_equal(one.additions, other.additions)
        pd.testing.assert_frame_equal(one.stops, other.stops)


def test_the_year_in_which_the_county_passes(pack: RulePack):
    schools = schools_of({"A": GOOD | {"teaching_area_m2": 250, "sports_area_m2": 300}, "B": GOOD})
    parts = school_parts(schools, {})
    _, roadmap = _drawn({"A": GOOD | {"teaching_area_m2": 250, "sports_area_m2": 300}, "B": GOOD}, pack)
    years = timetable(roadmap.additions, 3, first_year=2026)
    found = passing_years(parts, years, pack)
    assert found["year"].tolist() == [2026, 2027, 2028]
    assert found["schools_met"].tolist() == [1, 1, 2]
    assert found["verdict"].tolist()[-1] == "met"
    assert found["verdict"].tolist()[0] == "not_met"
    # What nobody has counted stays unknown, and never passes.
    lacking = school_parts(
        schools_of({"A": GOOD | {"teaching_area_m2": None}, "B": GOOD | {"sports_area_m2": 300}}), {}
    )
    later = passing_years(lacking, years.assign(school_id="B"), pack)
    assert later["verdict"].tolist()[-1] == "unknown"
    assert later["schools_unknown"].tolist()[-1] == 1
    assert passing_years(parts, years.iloc[:0], pack).empty
