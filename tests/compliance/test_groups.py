"""School groups: by hand, against all assignments written out, conserved, at the edge, the errors."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.compliance.groups import GroupLimits, Groups, assign_groups, sharing_minutes
from planning.errors import SchemaError

PRIMARY = ("primary",)


def _schools(leads: dict[str, dict[str, object]], members: dict[str, dict[str, object]]) -> pd.DataFrame:
    usual = {"stages": PRIMARY, "strength": 1.0, "pupils": 100}
    rows = {code: usual | {"may_lead": True, "needs_lead": False} | own for code, own in leads.items()}
    rows |= {code: usual | {"may_lead": False, "needs_lead": True} | own for code, own in members.items()}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("school_id")
    return table.astype({"strength": "Float64", "pupils": "Float64"})


def _minutes(codes: list[str], ways: dict[tuple[str, str], float]) -> pd.DataFrame:
    table = pd.DataFrame(np.inf, index=codes, columns=codes)
    for (one, two), minutes in ways.items():
        table.loc[one, two] = table.loc[two, one] = minutes
    return table


def _two_leads(**options: object) -> Groups:
    """Leads A and B; a and b live near A, c near B: 10, 12, 5 minutes; the other lead is 20 minutes further."""
    schools = _schools({"A": {}, "B": {}}, {"a": {}, "b": {}, "c": {}})
    ways = {("A", "a"): 10.0, ("A", "b"): 12.0, ("B", "c"): 5.0, ("B", "a"): 30.0, ("B", "b"): 32.0, ("A", "c"): 25.0}
    return assign_groups(schools, _minutes(list(schools.index), ways), limits=GroupLimits(**options))


def test_each_has_the_nearest_lead_by_hand():
    groups = _two_leads()
    assert groups.pairs["lead_id"].to_dict() == {"a": "A", "b": "A", "c": "B"}
    assert (groups.led, groups.led_bound, groups.objective, groups.status) == (3, 3, 27.0, "optimal")
    assert groups.gap <= 1e-6
    a = groups.pairs.loc["a"]
    assert (a["minutes"], a["week_minutes"], a["nearer_full"]) == (10.0, 2 * 20.0, ())
    assert (a["other_lead_id"], a["other_minutes"], a["other_has_room"]) == ("B", 30.0, True)
    assert groups.leads.loc["A", ["members", "pupils", "week_minutes"]].tolist() == [2, 300.0, 88.0]
    assert groups.without.empty


def test_a_full_lead_sends_on_whom_it_costs_least_by_hand():
    groups = _two_leads(members_max=1)  # one of the three stays without: a + c cost 15, b + c 17, a at A and b at B 42
    assert groups.pairs["lead_id"].to_dict() == {"a": "A", "c": "B"}
    assert (groups.led, groups.led_bound, groups.objective) == (2, 2, 15.0)
    assert groups.without.loc["b"].tolist() == ["all_full", PRIMARY, "A", 12.0]
    assert not groups.pairs.at["a", "other_has_room"]


def test_more_schools_led_come_before_less_travel():
    # c reaches A alone, so that a has to go the longer way
    schools = _schools({"A": {}, "B": {}}, {"a": {}, "c": {}})
    ways = {("A", "a"): 1.0, ("B", "a"): 39.0, ("A", "c"): 38.0}
    groups = assign_groups(schools, _minutes(list(schools.index), ways), limits=GroupLimits(members_max=1))
    assert groups.pairs["lead_id"].to_dict() == {"a": "B", "c": "A"}
    assert groups.pairs.at["a", "nearer_full"] == ("A",)


def test_the_limit_is_inclusive_and_counts_the_longer_direction():
    schools = _schools({"A": {}}, {"a": {}, "b": {}})
    minutes = _minutes(list(schools.index), {("A", "a"): 40.0, ("A", "b"): 40.0})
    minutes.loc["b", "A"] = 40.001
    groups = assign_groups(schools, minutes)
    assert groups.pairs.index.tolist() == ["a"]
    assert groups.without.loc["b", "reason"] == "too_far"


def test_a_nine_year_school_leads_either_stage_and_the_reasons_are_named():
    schools = _schools(
        {"N": {"stages": ("junior", "primary")}},
        {"j": {"stages": ("junior",)}, "k": {"stages": ("senior",)}, "p": {}, "x": {}},
    )
    groups = assign_groups(schools, _minutes(list(schools.index), {("N", c): 1.0 for c in "jkp"}))
    assert groups.pairs["stages"].to_dict() == {"j": ("junior",), "p": ("primary",)}
    assert groups.without["reason"].to_dict() == {"k": "no_lead_of_stage", "x": "too_far"}
    assert groups.without.loc["x", "nearest_lead_id"] == ""  # no way at all


def test_a_group_has_no_more_pupils_than_it_may():
    schools = _schools({"A": {"pupils": 500}}, {"a": {"pupils": 300}, "b": {"pupils": 200}, "c": {"pupils": None}})
    minutes = _minutes(list(schools.index), {("A", c): 5.0 for c in "abc"})
    groups = assign_groups(schools, minutes, limits=GroupLimits(pupils_max=1000))
    assert groups.leads.at["A", "pupils"] == 1000
    assert groups.without["reason"].to_dict() == {"c": "pupils_unknown"}
    assert "c" in str(groups.notes[-1])
    smaller = assign_groups(schools, minutes, limits=GroupLimits(pupils_max=999))
    assert smaller.led == 1
    alone = assign_groups(schools, minutes, limits=GroupLimits(pupils_max=499))
    assert alone.led == 0
    assert alone.without["reason"].to_dict() == {"a": "all_full", "b": "all_full", "c": "pupils_unknown"}


def test_unknown_pupils_of_a_group_are_not_summed_to_a_number():
    schools = _schools({"A": {}}, {"a": {"pupils": None, "strength": None}})
    groups = assign_groups(schools, _minutes(["A", "a"], {("A", "a"): 5.0}))
    assert pd.isna(groups.leads.at["A", "pupils"])
    assert "no known strength" in str(groups.notes[0])


def test_fewest_leads_and_named_leads():
    assert _two_leads(leads_max=1).leads["members"].to_dict() == {"A": 3}
    schools = _schools({"A": {}, "B": {}}, {"a": {}})
    minutes = _minutes(list(schools.index), {("A", "a"): 1.0, ("B", "a"): 2.0})
    assert assign_groups(schools, minutes, leads=("B",)).pairs.at["a", "lead_id"] == "B"
    assert assign_groups(schools, minutes, leads=()).without["reason"].tolist() == ["no_lead_of_stage"]


def test_ties_go_to_the_lower_code_whatever_the_order():
    schools = _schools({"B": {}, "A": {}}, {"d": {}, "c": {}})
    minutes = _minutes(list(schools.index), {(lead, own): 7.0 for lead in "AB" for own in "cd"})
    groups = assign_groups(schools, minutes, limits=GroupLimits(members_max=1))
    assert groups.pairs["lead_id"].to_dict() == {"c": "A", "d": "B"}
    assert assign_groups(schools, minutes).pairs["lead_id"].tolist() == ["A", "A"]


def test_weighted_minutes_decide():
    schools = _schools({"A": {}}, {"a": {}, "b": {}}).assign(weight=[1.0, 1.0, 9.0])
    minutes = _minutes(list(schools.index), {("A", "a"): 8.0, ("A", "b"): 1.0})
    groups = assign_groups(schools, minutes, limits=GroupLimits(members_max=1))
    assert (groups.pairs.index.tolist(), groups.objective) == (["a"], 8.0)  # b weighs nine minutes


def test_nobody_and_nothing():
    schools = _schools({"A": {}}, {})
    groups = assign_groups(schools, _minutes(["A"], {}))
    assert (groups.led, groups.objective, groups.status, len(groups.leads)) == (0, 0.0, "optimal", 0)
    schools = _schools({}, {"a": {}})
    assert assign_groups(schools, _minutes(["a"], {})).without.at["a", "reason"] == "no_lead_of_stage"


def test_without_time_a_plan_stands_but_is_not_called_proven():
    schools = _schools({"A": {}}, {"a": {}, "b": {}})
    minutes = _minutes(list(schools.index), {("A", "a"): 1.0, ("A", "b"): 2.0})
    groups = assign_groups(schools, minutes, limits=GroupLimits(members_max=1), time_limit_s=0.0)
    assert groups.pairs["lead_id"].to_dict() == {"a": "A"}
    assert groups.status == "time_limit"
    assert groups.bound <= groups.objective
    assert groups.led_bound >= groups.led
    assert assign_groups(schools, minutes, cancel=lambda: True).status == "cancelled"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"needs_lead": True}, "A cannot both lead and be led"),
        ({"may_lead": False}, "A cannot lead"),
    ],
)
def test_roles_that_contradict_are_refused(change: dict[str, bool], words: str):
    schools = _schools({"A": change}, {"a": {}})
    with pytest.raises(SchemaError, match=words):
        assign_groups(schools, _minutes(["A", "a"], {}), leads=("A",))


def test_bad_times_limits_and_codes_are_refused():
    schools = _schools({"A": {}}, {"a": {}})
    with pytest.raises(SchemaError, match="missing for a"):
        assign_groups(schools, _minutes(["A"], {}))
    for bad in (-1.0, math.nan):
        with pytest.raises(SchemaError, match="0 or more"):
            assign_groups(schools, _minutes(["A", "a"], {("A", "a"): bad}))
    with pytest.raises(SchemaError, match="0 or more"):
        GroupLimits(minutes_max=math.nan)
    with pytest.raises(SchemaError, match="stand twice: a"):
        assign_groups(pd.concat([schools, schools.loc[["a"]]]), _minutes(["A", "a"], {}))


def test_sharing_by_hand():
    assert sharing_minutes([10, 0], [20, 0], 3).tolist() == [90.0, 0.0]


def _best_by_hand(
    schools: pd.DataFrame, minutes: pd.DataFrame, limits: GroupLimits
) -> tuple[int, float, list[tuple[str | None, ...]]]:
    """Write out all assignments: most led, then least weighted minutes, and all that reach them."""
    members, leads = list(schools.index[schools["needs_lead"]]), list(schools.index[schools["may_lead"]])
    way = {(own, lead): max(minutes.at[lead, own], minutes.at[own, lead]) for own in members for lead in leads}
    stages, pupils = schools["stages"].map(set).to_dict(), schools["pupils"].astype(float).to_dict()
    may = {
        own: [None, *(lead for lead in leads if way[own, lead] <= limits.minutes_max and stages[own] & stages[lead])]
        for own in members
    }
    most = math.inf if limits.pupils_max is None else limits.pupils_max
    found: dict[tuple[str | None, ...], tuple[int, float]] = {}
    for plan in itertools.product(*may.values()):
        groups: dict[str, list[str]] = {}
        for own, lead in zip(members, plan, strict=True):
            if lead is not None:
                groups.setdefault(lead, []).append(own)
        if limits.leads_max is not None and len(groups) > limits.leads_max:
            continue
        if any(len(own) > limits.members_max for own in groups.values()):
            continue
        if any(pupils[lead] + sum(pupils[one] for one in own) > most for lead, own in groups.items()):
            continue
        ways = [way[own, lead] for lead, its in groups.items() for own in its]
        found[plan] = (-len(ways), sum(ways))
    led, cost = min(found.values())
    best = [plan for plan, value in found.items() if value[0] == led and value[1] <= cost + 1e-9]
    return -led, cost, best


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_equals_all_assignments_written_out(data: st.DataObject):
    n_leads, n_members = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6))
    stages = st.sampled_from([("primary",), ("junior",), ("junior", "primary")])
    leads = {f"L{n}": {"stages": data.draw(stages), "pupils": data.draw(st.integers(1, 9))} for n in range(n_leads)}
    own = {f"m{n}": {"stages": data.draw(stages), "pupils": data.draw(st.integers(1, 9))} for n in range(n_members)}
    schools = _schools(leads, own)
    way = st.integers(0, 6).map(float) | st.just(math.inf)
    codes = list(schools.index)
    minutes = pd.DataFrame([[data.draw(way) for _ in codes] for _ in codes], index=codes, columns=codes)
    limits = GroupLimits(
        members_max=data.draw(st.integers(0, 3)),
        minutes_max=5.0,
        pupils_max=data.draw(st.none() | st.integers(5, 25).map(float)),
        leads_max=data.draw(st.none() | st.integers(0, 2)),
    )
    led, cost, best = _best_by_hand(schools, minutes, limits)
    order = data.draw(st.permutations(codes))
    groups = assign_groups(schools.loc[list(order)], minutes, limits=limits)
    assert (groups.led, groups.led_bound, groups.status) == (led, led, "optimal")
    assert groups.objective == pytest.approx(cost, abs=1e-9)
    members = sorted(own)
    plan = tuple(groups.pairs["lead_id"].get(code) for code in members)
    assert plan in best
    # conserved: each school that needs a lead has one, or is listed; the groups are the pairs
    assert sorted([*groups.pairs.index, *groups.without.index]) == members
    assert groups.leads["members"].sum() == len(groups.pairs)
    again = assign_groups(schools, minutes, limits=limits)
    pd.testing.assert_frame_equal(groups.pairs, again.pairs)
