"""Plans beside each other: every way by hand on a straight road, and sums that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from line_county import line_county, project_of

from planning.errors import ConfigError
from planning.scenario.comparison import EvaluatedPlan, compare, evaluate_plan
from planning.scenario.comparison_ways import CLASSES, SUMS, difference_classes, place_ways, sums_by, village_ways
from planning.scenario.edits import CloseSchool, MoveSchool, NewEstate, NewSchool, SetSeats
from planning.scenario.evaluate import evaluate

ORIGIN_Y = 3_000_000.0


def at(metres: float) -> float:
    return 400_000.0 + metres


@pytest.fixture(scope="module")
def county():
    """Two townships on a road that is broken at 15 km: beyond it nobody reaches a school today."""
    return line_county(
        {
            "a": {"at": 1000, "township": "T1", "name": "A", "primary_lower": 3, "primary_upper": 2},
            "b": {"at": 4000, "township": "T1", "name": "B", "primary_lower": 5},
            "b2": {"at": 8000, "township": "T1", "name": "B", "primary_lower": 1},
            "c": {"at": 9000, "township": "T2", "name": "C", "primary_lower": 4},
            "d": {"at": 16000, "township": "T2", "name": "D", "primary_lower": 7},
            "m": {"at": 2000, "township": "T2", "name": "M", "primary_lower": 9, "in_margin": True},
            "e": {"at": 3000, "township": "T2", "name": "E"},
        },
        {"one": {"at": 0, "seats_primary": 30}, "two": {"at": 10000, "seats_primary": 30}},
        gap_at=15000,
        project=project_of(costs={"build_per_seat": 1000, "running_per_school": 50}),
    )


@pytest.fixture(scope="module")
def plans(county):
    today = evaluate_plan(county, "today", ())
    nearer = evaluate_plan(county, "nearer", (NewSchool("new-1", "New", at(4000), ORIGIN_Y, "primary", 20, "primary"),))
    farther = evaluate_plan(county, "farther", (CloseSchool("two"), SetSeats("one", "primary", 45)))
    return today, nearer, farther


def ways(comparison, plan: int, band: str = "primary_lower") -> pd.DataFrame:
    found = comparison.places[(comparison.places["plan"] == plan) & (comparison.places["band"] == band)]
    return found.set_index("cell_id")


def test_every_way_by_hand(plans):
    nearer = ways(compare(plans), 1)
    # No row for the child across the line, nor for the place without children.
    assert nearer.index.to_list() == ["a", "b", "b2", "c", "d"]
    assert nearer["way_before_m"].to_list() == [1000, 4000, 2000, 1000, pd.NA]
    assert nearer["way_after_m"].to_list() == [1000, 0, 2000, 1000, pd.NA]
    assert nearer["class"].to_list() == ["same_way", "much_nearer", "same_way", "same_way", "never_in_reach"]
    assert nearer["school_after"].fillna("").to_list() == ["one", "new-1", "two", "two", ""]


def test_a_village_in_nobody_s_reach_has_a_row_in_every_table(plans):
    comparison = compare(plans)
    for plan in (1, 2):
        assert ways(comparison, plan).loc["d", "class"] == "never_in_reach"
        village = comparison.villages[(comparison.villages["plan"] == plan) & (comparison.villages["village"] == "D")]
        assert village["pupils_after"].to_list() == [7]
        assert village["class"].to_list() == ["never_in_reach"]
        of_county = comparison.county[(comparison.county["plan"] == plan)]
        assert of_county["never_in_reach"].sum() == 7


def test_reach_gained_and_lost(county, plans):
    there = evaluate_plan(county, "there", (NewSchool("new-1", "N", at(16500), ORIGIN_Y, "primary", 20, "primary"),))
    assert ways(compare([plans[0], there]), 1).loc["d", "class"] == "newly_in_reach"
    assert ways(compare([there, plans[0]]), 1).loc["d", "class"] == "no_longer_in_reach"


def test_a_village_with_winners_and_losers_has_a_row_for_each(county, plans):
    moved = evaluate_plan(county, "moved", (MoveSchool("two", at(5000), ORIGIN_Y),))
    villages = compare([plans[0], moved]).villages
    of_b = villages[(villages["village"] == "B") & (villages["band"] == "primary_lower")].set_index("class")
    assert of_b["pupils_after"].to_dict() == {"much_nearer": 5, "much_farther": 1}
    assert of_b["difference_m"].to_dict() == {"much_nearer": -3000.0, "much_farther": 1000.0}
    assert of_b["school_after"].to_dict() == {"much_nearer": "two", "much_farther": "two"}


def test_differences_add_up_from_village_to_township_to_county(plans):
    comparison = compare(plans)
    keys = ["plan", "stage", "band"]
    of_county = comparison.county.set_index(keys)
    for finer in (comparison.villages, comparison.townships):
        pd.testing.assert_frame_equal(finer.groupby(keys)[list(SUMS)].sum(), of_county[list(SUMS)])
    pd.testing.assert_frame_equal(
        comparison.townships.groupby(keys)[list(CLASSES)].sum(), of_county[list(CLASSES)], check_names=False
    )
    by_class = comparison.villages.groupby([*keys, "class"], observed=False)["pupils_after"].sum().unstack()
    assert (by_class[list(CLASSES)].to_numpy() == of_county[list(CLASSES)].to_numpy()).all()
    # By hand: five children go 4,000 m less.
    assert of_county.loc[(1, "primary", "primary_lower"), "pupil_m_difference"] == -20_000
    assert comparison.villages["pupil_m_difference"].dtype == np.int64


@pytest.mark.parametrize("seed", range(5))
def test_sums_of_random_ways_are_exact(county, plans, seed):
    """Ways with every digit a float has: sums of whole metres do not depend on who adds them up."""
    rng = np.random.default_rng(seed)
    before, after = plans[0], plans[1]
    for plan in (before, after):
        for table in plan.states["primary"].nearest.values():
            table["distance_m"] = np.where(rng.random(len(table)) < 0.2, np.inf, rng.random(len(table)) * 30_000)
    try:
        places = place_ways([before, after])
        county_sums = sums_by(places, township=False)[list(SUMS)].sum()
        assert (sums_by(places, township=True)[list(SUMS)].sum() == county_sums).all()
        assert (village_ways(places, pd.Series(dtype=object))[list(SUMS)].sum() == county_sums).all()
        assert county_sums["pupil_m_difference"] == county_sums["pupil_m_after"] - county_sums["pupil_m_before"]
    finally:
        for plan in (before, after):
            fresh = evaluate(county, "primary", plan.edits)
            for band, table in plan.states["primary"].nearest.items():
                table["distance_m"] = fresh.nearest[band]["distance_m"]


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (2000.0, 2049.0, "same_way"), (2000.0, 2050.0, "farther"), (2000.0, 2049.4, "same_way"), (2000.0, 2049.6, "farther"),
        (2000.0, 1951.0, "same_way"), (2000.0, 1950.0, "nearer"), (2000.0, 1001.0, "nearer"), (2000.0, 1000.0, "much_nearer"),
        (2000.0, 2999.0, "farther"), (2000.0, 3000.0, "much_farther"), (0.0, 0.0, "same_way"), (np.inf, 0.0, "newly_in_reach"),
        (5.0, np.inf, "no_longer_in_reach"), (np.inf, np.inf, "never_in_reach"),
    ],
)  # fmt: skip
def test_ends_of_the_classes(was, now, expected):
    assert CLASSES[difference_classes([was], [now])[0]] == expected


def test_swapping_two_plans_swaps_gains_and_losses(plans):
    one, other = compare(plans[:2]), compare(plans[1::-1])
    mirrored = {"much_nearer": "much_farther", "nearer": "farther", "newly_in_reach": "no_longer_in_reach"}
    mirrored |= {value: key for key, value in mirrored.items()}
    swapped = ways(other, 1)["class"].astype(str).replace(mirrored)
    assert swapped.to_list() == ways(one, 1)["class"].to_list()
    assert (one.county["pupil_m_difference"] == -other.county["pupil_m_difference"]).all()
    both = [
        table.indicators[table.indicators["plan"] == 1].set_index(["stage", "band", "indicator"])
        for table in (one, other)
    ]
    pd.testing.assert_series_equal(both[0]["difference"].dropna(), -both[1]["difference"].dropna())


def test_indicators_by_band_add_up_to_those_of_the_stage(plans):
    table = compare(plans).indicators
    for plan in range(3):
        of_plan = table[table["plan"] == plan].set_index(["band", "indicator"])["value"]
        for counted in ("pupils", "served", "no_seat", "out_of_reach"):
            assert of_plan["primary_lower", counted] + of_plan["primary_upper", counted] == of_plan["", counted]
    first = table[table["plan"] == 0]
    assert (first["difference"].dropna() == 0).all()


def test_children_of_a_new_estate_count_in_the_plan_only(county, plans):
    estate = NewEstate("e1", "E", at(8000), ORIGIN_Y, 300, 2026, (("primary", 20.0),))
    after = compare([plans[0], evaluate_plan(county, "estate", (estate,))])
    of_county = after.county[["pupils_before", "pupils_after"]].sum()
    assert of_county["pupils_after"] - of_county["pupils_before"] == 60
    assert after.county["pupil_m_difference"].sum() == 60 * 2000


#: Between which changes of the mean way a village's row of a class lies [m].
BETWEEN = {
    "much_nearer": (-np.inf, -1000), "nearer": (-999, -50), "same_way": (-49, 49), "farther": (50, 999),
    "much_farther": (1000, np.inf),
}  # fmt: skip
PLACE = st.tuples(
    st.sampled_from("AB"), st.sampled_from(["T1", "T2"]), st.integers(0, 90), st.integers(0, 90),
    st.one_of(st.none(), st.integers(0, 9000)), st.one_of(st.none(), st.integers(-3000, 3000)),
)  # fmt: skip


def drawn_places(drawn) -> pd.DataFrame:
    """Write what was drawn as a table of places; the way after is told as a change, so that all classes come."""
    rows = []
    for number, (village, township, before, after, was, by) in enumerate(drawn):
        now = None if by is None else max((2000 if was is None else was) + by, 0)
        rows.append((1, "primary", "primary_lower", f"c{number}", village, township, before, after, was, now))
    columns = ["plan", "stage", "band", "cell_id", "village", "township", "pupils_before", "pupils_after",
               "way_before_m", "way_after_m"]  # fmt: skip
    places = pd.DataFrame(rows, columns=columns)
    places = places[(places["pupils_before"] > 0) | (places["pupils_after"] > 0)].reset_index(drop=True)
    for when in ("before", "after"):
        places[f"way_{when}_m"] = places[f"way_{when}_m"].astype("Int64")
        places[f"time_{when}_min"] = (places[f"way_{when}_m"] / 80).astype("Float64").to_numpy(float, na_value=np.nan)
        places[f"school_{when}"] = np.where(places[f"way_{when}_m"].notna(), "one", None)
    was, now = (
        places[f"way_{when}_m"].astype("Float64").to_numpy(float, na_value=np.inf) for when in ("before", "after")
    )
    named = np.array(CLASSES, dtype=object)[difference_classes(was, now)]
    return places.assign(**{"class": pd.Categorical(named, categories=list(CLASSES))})


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACE, min_size=1, max_size=12))
def test_a_village_s_numbers_are_those_of_its_class(drawn):
    """Whoever moves in or out: the change of a row is that of its class, and the sums are those of the county."""
    places = drawn_places(drawn)
    assume(len(places))
    rows = village_ways(places, pd.Series(dtype=object))
    for row in rows.to_dict("records"):
        if row["class"] in BETWEEN:
            least, most = BETWEEN[row["class"]]
            assert least - 1e-6 <= row["difference_m"] <= most + 1e-6
        else:
            assert np.isnan(row["difference_m"])
            assert np.isnan(row["way_before_m"]) == (row["class"] != "no_longer_in_reach")
            assert np.isnan(row["way_after_m"]) == (row["class"] != "newly_in_reach")
    townships, county = sums_by(places, township=True), sums_by(places, township=False)
    for finer in (rows, townships):
        assert (finer[list(SUMS)].sum() == county[list(SUMS)].sum()).all()
    assert (townships[list(CLASSES)].sum() == county[list(CLASSES)].sum()).all()
    of_class = rows.groupby("class", observed=False)["pupils_after"].sum()
    assert (of_class[list(CLASSES)].to_numpy() == county[list(CLASSES)].sum().to_numpy()).all()


def test_children_who_move_in_are_no_change_of_the_way():
    """Two places of one village, the ways as they were; sixty children of an estate come to live at the far one."""
    places = drawn_places([("A", "T1", 10, 10, 0, 0), ("A", "T1", 0, 60, 4000, 0)])
    (row,) = village_ways(places, pd.Series(dtype=object)).to_dict("records")
    assert row["class"] == "same_way"
    assert row["difference_m"] == 0
    assert row["way_before_m"] == row["way_after_m"] == pytest.approx(240_000 / 70)
    assert row["pupil_m_difference"] == 240_000


def test_seats_built_and_running(plans):
    costs = compare(plans).costs.set_index(["item", "plan"])["value"]
    assert costs["seats_built"].to_list() == [0, 20, 15]
    assert costs["build"].to_list() == [0, 20_000, 15_000]
    assert costs["running"].to_list() == [100, 150, 50]


def test_a_school_that_moves_is_built_anew_and_an_unknown_number_is_not_nothing(county, plans):
    moved = evaluate_plan(county, "moved", (MoveSchool("two", at(5000), ORIGIN_Y),))
    open_end = evaluate_plan(county, "open", (SetSeats("two", "primary", None),))
    costs = compare([plans[0], moved, open_end]).costs.set_index(["item", "plan"])
    assert costs.loc[("seats_built", 1), "value"] == 30
    assert np.isnan(costs.loc[("build", 2), "value"])
    assert costs.loc[("build", 2), "missing"] == "seats"


def test_cost_is_unknown_without_a_price():
    county = line_county({"a": {"at": 0, "primary_lower": 1}}, {"one": {"at": 0, "seats_primary": 5}})
    plans = [evaluate_plan(county, "today", ()), evaluate_plan(county, "more", (SetSeats("one", "primary", 9),))]
    costs = compare(plans).costs.set_index(["item", "plan"])
    assert costs.loc[("seats_built", 1), "value"] == 4
    assert np.isnan(costs.loc[("build", 1), "value"])
    assert costs.loc[("build", 1), "missing"] == "costs.build_per_seat"


def test_schools_of_every_plan_are_listed(plans):
    table = compare(plans).schools.set_index(["plan", "school_id"])
    assert not table.loc[(2, "two"), "is_open"]
    assert pd.isna(table.loc[(2, "two"), "seats"])
    assert not table.loc[(0, "new-1"), "is_open"]
    assert table.loc[(1, "new-1"), "load"] == table.loc[(1, "new-1"), "load_difference"] > 0
    assert (table["load_difference"].groupby("plan").sum() == 0).all()


def test_rules_broken_and_mended_are_those_of_the_standards_page(plans):
    from planning.scenario.compliance import changed_rules

    rules = compare(plans).rules
    for number in (1, 2):
        expected = changed_rules(plans[0].held, plans[number].held)
        found = rules[rules["plan"] == number].reset_index(drop=True)
        pd.testing.assert_frame_equal(found[expected.columns.to_list()], expected, check_dtype=False)


def test_refusals(plans):
    with pytest.raises(ConfigError, match="Two to four"):
        compare(plans[:1])
    with pytest.raises(ConfigError, match="Two to four"):
        compare([plans[0]] * 5)
    other = line_county({"z": {"at": 0, "primary_lower": 1}}, {"one": {"at": 0}})
    stranger = EvaluatedPlan("other", (), other, {"primary": evaluate(other, "primary")})
    with pytest.raises(ConfigError, match="not of the same county"):
        compare([plans[0], stranger])


def test_plans_without_rules_can_be_compared(county, plans):
    bare = [EvaluatedPlan(plan.name, plan.edits, plan.county, plan.states) for plan in plans]
    comparison = compare(bare)
    assert comparison.rules.empty
    assert comparison.verdicts.empty
