"""Tables and section of groups, townships and the roadmap: every school told, words in both languages, badges kept."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from planning.compliance.groups import GroupLimits, assign_groups
from planning.i18n import get_translator
from planning.report.group_tables import cited, pair_reason, structure_tables, without_reason
from planning.report.groups import structure_section
from planning.scenario.result import RunResult

NAMES = pd.Series({"A": "一小", "B": "二小", "a": "村小", "b": "", "c": "丙", "d": "丁"})


def _groups(**limits: object):
    schools = pd.DataFrame(
        {
            "stages": [("primary",)] * 5 + [("junior",)],
            "may_lead": [True, True, False, False, False, False],
            "needs_lead": [False, False, True, True, True, True],
            "strength": pd.array([1.1, 1.0, 0.7, None, 0.8, 0.9], dtype="Float64"),
            "pupils": pd.array([100, 100, 50, 50, 50, 50], dtype="Float64"),
        },
        index=list("ABabcd"),
    )
    minutes = pd.DataFrame(50.0, index=schools.index, columns=schools.index)
    for one, two, way in (("A", "a", 10.0), ("A", "b", 12.0), ("B", "a", 30.0), ("B", "b", 15.0)):
        minutes.loc[one, two] = minutes.loc[two, one] = way
    return assign_groups(schools, minutes, limits=GroupLimits(**limits))


def test_reasons_in_words():
    groups = _groups(members_max=1)
    assert [str(each) for each in pair_reason(groups, "a", NAMES)] == [
        "It is the nearest lead, 10 min away.",
        "Strength: the lead 1.10, the school 0.70 (1 = what the limits ask for).",
        "The next best, 二小, would be 20 min farther, but has no room left.",
    ]
    assert [str(each) for each in pair_reason(groups, "b", NAMES)] == [
        "15 min away; nearer leads are taken by other schools, and all together travel less this way: 一小.",
        "How strong the school is cannot be said, for numbers are missing.",
        "The next best, 一小, would be 3 min nearer, but has no room left.",
    ]
    t = get_translator("en")
    assert (
        str(without_reason(t, groups, "c", NAMES)) == "The nearest lead, 一小, is 50 min away; at most 40 are allowed."
    )
    assert str(without_reason(t, groups, "d", NAMES)).startswith("No school that may lead teaches the same stage")


def test_more_reasons_in_words():
    t = get_translator("en")
    alone = _groups(members_max=1, leads_max=1)
    assert alone.without.loc["b", "reason"] == "all_full"
    assert "the nearest is 一小, 12 min away" in str(without_reason(t, alone, "b", NAMES))
    free = _groups()
    assert str(pair_reason(free, "b", NAMES)[-1]) == "The next best, 二小, would be 3 min farther."
    near = _groups(minutes_max=10)
    assert str(pair_reason(near, "a", NAMES)[-1]) == "No other lead is within 10 min."


def test_every_school_that_needs_a_lead_is_told(clip: RunResult):
    groups = clip.structure.groups
    table = structure_tables(clip, get_translator("zh"))["groups"]
    assert sorted(table["school_id"]) == sorted([*groups.pairs.index, *groups.without.index])
    assert (table["reason"] != "").all()
    assert (table["name"] != "").all()
    assert table["lead_id"].eq("").sum() == len(groups.without)


def test_a_rule_that_is_not_verified_keeps_its_mark(clip: RunResult):
    t = get_translator("en")
    tables = structure_tables(clip, t)
    assert set(tables["townships"]["confidence"]) == {"known, not yet checked"}  # township.junior_min
    assert cited(t, clip.county.pack, "") == ("", "")
    stops = tables["roadmap_stops"]
    assert (stops["source"] != "").all()
    assert (stops["confidence"] != "").all()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_section_is_whole(clip: RunResult, language: str):
    t = get_translator(language)
    section = structure_section(t, clip)
    groups = clip.structure.groups
    assert len(section["groups"]["rows"]) + section["groups"]["rows_more"] == len(groups.pairs)
    assert len(section["groups"]["without"]) == len(groups.without)
    assert len(section["stops"]) == len(clip.structure.roadmap.stops)
    # The run names no year and projects none: one row a stage, its year told as not known.
    assert [row[:2] for row in section["seats"]] == [("–", t("Primary school")), ("–", t("Junior secondary"))]
    assert section["staff_years"] == []
    assert section["passing"] == []
    answered = [answer.question.name for answer in clip.answers if answer.after is not None]
    assert [row[0] for row in section["proposals"]] == answered
    for row, (_, before, after) in zip(section["proposals"], clip.roadmaps, strict=True):
        failed = [t.number(int((roadmap.stops["verdict"] == "not_met").sum())) for roadmap in (before, after)]
        assert list(row[1:3]) == failed


def test_what_a_proposal_adds_to_the_roadmap_is_told_by_school(clip: RunResult):
    table = structure_tables(clip, get_translator("en"))["roadmap_of_proposals"]
    assert (table["add_before"] != table["add_after"]).all()
    for question, before, after in clip.roadmaps:
        own = table[table["question"] == question]
        change = own["add_after"].sum() - own["add_before"].sum()
        assert change == pytest.approx(after.additions["add"].sum() - before.additions["add"].sum())


def test_files_are_written(written: Path):
    for name in (
        "groups",
        "townships",
        "seats_per_1000",
        "estates",
        "roadmap",
        "roadmap_stops",
        "to_count",
        "roadmap_years",
        "roadmap_of_proposals",
        "staffing_by_year",
        "rules_of_proposals",
    ):
        assert (written / f"{name}.csv").stat().st_size > 0
    page = (written / "report.html").read_text("utf-8")
    for anchor in ("groups", "townships", "roadmap"):
        assert f'id="{anchor}"' in page


def test_the_roadmap_has_rooms_for_classes_that_are_too_large(clip: RunResult):
    table = structure_tables(clip, get_translator("en"))["roadmap"]
    crowded = clip.structure.roadmap.sizes
    assert table.loc[table["indicator"] == "classes", "add"].sum() == crowded["classes_more"].sum()
