"""The rules of the report: marks for what is not verified, defaults never as law, and who changed which number."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from planning.config import Limit
from planning.i18n import get_translator
from planning.report.rules import override_section, rule_section, rule_table
from planning.standards import load_pack

EN, ZH = get_translator("en"), get_translator("zh")
OWN = """
id: own
title: {zh: 某县规则, en: Rules of some county}
issuer: {zh: 某县教育局, en: Bureau of some county}
inherits: [cn_county_default]
sources:
  notice: {title: {zh: 某县通知, en: Notice of some county}, no_number: {zh: 试行, en: a trial}, level: county}
rules:
  bands:
    junior:
      time_limit: {value: 50, unit: min, source: notice, force: must, confidence: V}
"""


@pytest.fixture
def county(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")
    project = SimpleNamespace(limits={"primary_lower": Limit(time_min=25)}, stages={"primary": None, "junior": None})
    return SimpleNamespace(pack=load_pack("own.yaml", folder=tmp_path), project=project)


def test_the_report_says_which_number_was_changed_and_by_whom(county):
    told = {item["rule"]: item for item in override_section(EN, county)}
    changed = told["Junior secondary: longest daily way to school"]
    assert (changed["before"], changed["after"]) == ("60 minutes", "50 minutes")
    assert changed["by"] == "Bureau of some county: Rules of some county"
    assert changed["after_source"] == "Notice of some county"
    assert "某县教育局" in next(item["by"] for item in override_section(ZH, county) if item["after"].startswith("50"))


def test_defaults_are_never_law_and_the_unverified_is_marked(county):
    groups = rule_section(EN, county)
    rules = [rule for group in groups for rule in group["rules"]]
    assert groups[0]["title"] == "Limits of this project"
    assert groups[0]["rules"][0]["value"] == "25.0 min"
    assert groups[1]["title"] == "Rules of some county"
    assert not any(rule["law"] == "law" for rule in rules if rule["source"].startswith("Default of this tool"))
    marks = {rule["mark"] for rule in rules}
    assert {"V", "V2", "K", "T"} <= marks
    assert all(not rule["in_use"] for rule in rules if rule["mark"] == "KQ")
    assert not any(
        rule["rule"].startswith(("Kindergarten", "Senior")) for rule in rules
    )  # stages the county does not ask for
    assert not any(
        rule["rule"] == "Grades 1-3: longest daily way to school" for group in groups[1:] for rule in group["rules"]
    )


def test_the_table_of_rules_holds_every_rule_with_its_document(county):
    table = rule_table(ZH, county)
    assert len(table) == len(county.pack.values)
    assert (table[["source", "document_number", "force", "confidence", "unit"]] != "").all(axis=None)
    own = table[table["rule"] == "bands.junior.time_limit"].iloc[0]
    assert (own["pack"], own["document_number"], own["clause"]) == ("某县规则", "试行", "")
    doubtful = table[table["rule"] == "boarding.care_staff_share"].iloc[0]
    assert doubtful["in_use"] == "否"
