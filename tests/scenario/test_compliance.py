"""Rules held against layouts on a line: what stays with a school, what leaves with it, and what is not known of a new one."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from line_county import line_county, project_of

from planning.access import cv
from planning.config import Question
from planning.i18n import get_translator
from planning.report.compliance import compliance_section
from planning.report.compliance_tables import column_name, compliance_tables
from planning.scenario.compliance import changed_rules, comply, rules_of_proposal, stand
from planning.scenario.edits import CloseSchool, NewSchool
from planning.scenario.evaluate import evaluate
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.standards import load_pack

# 30 minutes at 3.4 km/h are 1,700 m.
VILLAGES = {
    "c1": {"at": 0, "name": "Shiping", "township": "East", "primary_lower": 60, "primary_upper": 40},
    "c2": {"at": 1000, "name": "Lijia", "township": "East", "primary_lower": 60, "primary_upper": 40},
    "c3": {"at": 8000, "name": "Wangcun", "township": "West", "primary_lower": 60},
    "m": {"at": 19_000, "in_margin": True, "primary_lower": 7},
}
SCHOOLS = {
    "A": {"at": 0, "seats_primary": 400, "pupils_primary": 90, "classes_primary": 3, "locale": "town", "boarders": 0},
    "B": {"at": 1000, "seats_primary": 400, "pupils_primary": 110, "classes_primary": 3, "boarders": 0},
    "C": {"at": 8000, "seats_primary": 90, "pupils_primary": 60, "kind": "teaching_point", "classes_primary": 2},
    "M": {"at": 19_000, "seats_primary": 90, "in_margin": True},
}
HAVE = {
    "teaching_area_m2": [500.0, 440.0, 300.0, None],
    "staff": [6, 6, 4, None],
    "sports_area_m2": [None, 900.0, 500.0, None],
}


@pytest.fixture(scope="module")
def county():
    place = line_county(VILLAGES, SCHOOLS, {"N1": 4000.0}, project=project_of())
    schools = place.schools.assign(**{name: pd.array(values, dtype="Float64") for name, values in HAVE.items()})
    return dataclasses.replace(place, schools=schools)


@pytest.fixture(scope="module")
def base(county):
    return {"primary": evaluate(county, "primary")}


def _cv(held, indicator="teaching_area"):
    return held.balance.set_index("indicator").loc[indicator]


def test_the_base_by_hand(county, base):
    held = comply(county, base)
    assert held.parts["pupils"].to_dict() == {("A", "primary"): 100, ("B", "primary"): 100, ("C", "primary"): 60}
    assert _cv(held)["cv"] == pytest.approx(cv([500, 440, 300], [100, 100, 60]))
    assert _cv(held)["verdict"] == "met"
    sports = _cv(held, "sports_area")
    assert (sports["verdict"], sports["missing"]) == ("unknown", ("A",))
    register = comply(county, {}, when="register")
    assert register.parts["pupils"].tolist() == [90, 110, 60]
    assert register.service.empty
    assert comply(county, base).schools["status"].eq("open").all()


def test_resources_stay_with_their_schools_and_leave_with_them(county, base):
    after = comply(county, {"primary": evaluate(county, "primary", [CloseSchool("B")])})
    assert after.parts["pupils"].to_dict() == {("A", "primary"): 200, ("C", "primary"): 60}
    assert _cv(after)["cv"] == pytest.approx(cv([500, 300], [200, 60]))
    assert after.schools.at["B", "status"] == "closed"
    assert "B" not in after.staffing.index
    changes = changed_rules(comply(county, base), after)
    area = changes[changes["path"] == "stages.primary.indicators.teaching_area"]
    assert area.set_index("school_id")["change"].to_dict() == {"A": "broken", "B": "mended"}  # 2.5 m2; B had 4.4
    assert set(changes["change"]) == {"broken", "mended"}
    assert changed_rules(after, after).empty


def test_nothing_is_assumed_of_a_new_school(county, base):
    new = NewSchool("N", "new one", 400_000 + 4000.0, 3_000_000.0, "primary", 300, "primary")
    moved = evaluate(county, "primary", [CloseSchool("C"), new])
    after = comply(county, {"primary": moved})
    assert after.parts.loc[("N", "primary"), "pupils"] == 60
    area = _cv(after)
    assert (area["verdict"], area["missing"]) == ("unknown", ("N",))
    rows = after.ledger[after.ledger["school_id"] == "N"].set_index("path")["verdict"]
    assert rows["stages.primary.indicators.teaching_area"] == "unknown"
    assert rows["stages.primary.school_size_min"] == "not_met"  # 60 pupils, and it is yet to be built
    assert rows["stages.primary.school_size_max"] == "met"


def test_service_on_roads_and_in_a_straight_line(county, base):
    service = comply(county, {"primary": evaluate(county, "primary", [CloseSchool("C"), CloseSchool("B")])}).service
    lower = service[(service["band"] == "primary_lower") & (service["measure"] == "limit_of_band")]
    assert lower["township"].tolist() == ["", "East", "West"]
    assert lower["pupils"].tolist() == [180, 120, 60]  # the seven across the line are not the county's
    assert lower["share_network"].tolist() == pytest.approx([2 / 3, 1, 0])
    assert lower["share_straight"].tolist() == pytest.approx([2 / 3, 1, 0])
    assert (lower["limit_min"] == 30).all()
    assert lower["limit_m"].isna().all()
    radius = service[(service["band"] == "primary_lower") & (service["measure"] == "service_radius")]
    # Only A stands in a town: the 500 m reach its own village; c3 is nearer to it than to the school across the line.
    assert radius[["township", "pupils", "within_straight"]].to_numpy().tolist() == [["", 180, 60], ["East", 120, 60], ["West", 60, 0]]  # fmt: skip


def test_the_reach_of_a_school_in_town_enters_the_ledger(county, base):
    rows = comply(county, base).ledger.set_index(["school_id", "path"])
    assert rows.at[("A", "stages.primary.service_radius"), "verdict"] == "met"
    assert rows.at[("B", "stages.primary.service_radius"), "verdict"] == "not_applicable"


@pytest.fixture(scope="module")
def result(county, base):
    question = Question.model_validate(
        {"name": "one more", "stage": "primary", "model": "p_median", "new": 1, "seats": 90}
    )
    return RunResult(county, base, (answer(county, question),), {}, versions())


def test_tables_of_a_run(result):
    t = get_translator("en")
    tables = compliance_tables(result, t)
    assert set(tables) == {
        "ledger",
        "balance",
        "class_sizes",
        "village_service",
        "staffing",
        "rule_changes",
        "rules_of_proposals",
    }
    balance = tables["balance"]
    assert list(dict.fromkeys(zip(balance["question"], balance["when"], strict=True))) == [("", "register"), ("", "base"), ("one more", "after")]  # fmt: skip
    sports = balance[(balance["when"] == "register") & (balance["indicator"] == "sports_area")].iloc[0]
    assert (sports["missing"], sports["document_number"], sports["verdict"]) == ("A", "教督〔2017〕6号", "unknown")
    book = tables["ledger"].set_index(["school_id", "rule"])
    row = book.loc[("A", "stages.primary.indicators.sports_area")]
    assert (row["verdict"], row["missing"]) == ("unknown", "Sports grounds and halls")
    assert row["confidence"] == "read in a secondary source"
    small = book.loc[("C", "small_school_staff_per_class")]
    assert (small["confidence"], small["force"]) == ("default of this tool, without legal force", "binds nobody")
    assert tables["village_service"]["when"].unique().tolist() == ["base", "after"]
    assert tables["staffing"].set_index("school_id")["staff_missing"].to_dict() == pytest.approx(
        {"A": 0, "B": 0, "C": 0}
    )


def test_the_report_names_what_is_missing_and_marks_what_is_not_verified(result):
    section = compliance_section(get_translator("en"), result)
    assert section["heads"] == ["Today, pupils of the register", "Today, by the allocation", "one more"]
    sports = next(row for row in section["balance"] if row["indicator"] == "Sports grounds and halls")
    assert all(cell.endswith("?") or cell == "–" for cell, _ in sports["cells"])
    assert sports["mark"] == ("second-hand", "V2")
    assert ("Primary school", "Sports grounds and halls", "A") in section["missing"]
    assert [row["name"] for row in section["proposals"]] == ["one more"]
    assert "default" not in str(section["balance"])


def test_what_the_schools_lack_is_an_amount(county, base):
    full = {
        "qualified_teachers": 9,
        "backbone_teachers": 2,
        "sports_arts_teachers": 2,
        "equipment_yuan": 900_000.0,
        "multimedia_rooms": 0,
    }
    schools = county.schools.assign(**full, sports_area_m2=800.0)
    place = dataclasses.replace(county, schools=schools)
    section = compliance_section(get_translator("en"), RunResult(place, base, (), {}, versions()))
    by_name = {row["name"]: row for row in section["lacks"]}
    # B: 110 pupils need 495 m2 and have 440; 825 m2 and have 800; 2.53 rooms and have none.
    assert (
        by_name["B"]["short"]
        == "Teaching and auxiliary rooms 55 m²; Sports grounds and halls 25 m²; Networked multimedia classrooms 3"
    )
    assert by_name["B"]["met"] == "4"


def test_without_a_register_the_allocation_is_judged(county, base):
    schools = county.schools.assign(pupils_primary=pd.array([pd.NA] * 4, dtype="Int64"))
    standing = stand(dataclasses.replace(county, schools=schools), base, ())
    assert standing.today is standing.base


def test_a_proposal_for_another_year_is_compared_with_that_year(county, base, result):
    fewer = evaluate(county, "primary", [CloseSchool("B")])
    later = dataclasses.replace(result.answers[0], before=fewer, year=2030)
    standing = stand(county, base, (later,))
    assert [(held.when, held.question) for held in standing.every()] == [
        ("register", ""), ("base", ""), ("before", "one more"), ("after", "one more"),
    ]  # fmt: skip
    before, after = standing.compared[0]
    assert before.schools.at["B", "status"] == "closed"
    assert after.schools.at["B", "status"] == "open"
    section = compliance_section(get_translator("en"), dataclasses.replace(result, answers=(later,)))
    assert section["heads"][2:] == ["one more: In that year, without the answer", "one more"]


def test_a_pack_without_these_rules_gives_empty_tables(county, base):
    bare = load_pack("cn_county_default")
    values = {
        path: rule
        for path, rule in bare.values.items()
        if path.startswith(("bands.", "small_school_below", "boarding."))
    }
    place = dataclasses.replace(county, pack=bare.model_copy(update={"values": values}))
    result = RunResult(place, base, (), {}, versions())
    assert compliance_section(get_translator("en"), result)["balance"] == []
    assert compliance_tables(result, get_translator("en"))["balance"].empty


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("sports_area_m2", "Sports grounds and halls"),
        ("equipment_yuan", "Teaching equipment"),
        ("largest_class_primary", "Primary school: Largest class"),
        ("pupils_junior", "Junior secondary: Pupils"),
        ("something", "something"),
    ],
)
def test_missing_columns_are_named_in_words(column, words):
    assert column_name(get_translator("en"), column) == words


def test_rules_kept_mended_and_broken_add_up(county, base):
    before, after = comply(county, base), comply(county, {"primary": evaluate(county, "primary", [CloseSchool("B")])})
    rules = rules_of_proposal(before, after).set_index("path")
    area = rules.loc["stages.primary.indicators.teaching_area"]
    assert area[["kept", "mended", "broken", "still_broken"]].tolist() == [
        1,
        1,
        1,
        0,
    ]  # C keeps it; B had left; A breaks it
    changes = changed_rules(before, after)
    assert rules["broken"].sum() == (changes["change"] == "broken").sum()
    assert rules["mended"].sum() == (changes["change"] == "mended").sum()
    same = rules_of_proposal(before, before)
    assert same[["mended", "broken"]].sum().sum() == 0
    assert same["kept"].sum() == (before.ledger["verdict"] == "met").sum()
    assert same["unknown"].sum() == (before.ledger["verdict"] == "unknown").sum()
