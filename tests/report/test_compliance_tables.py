"""Files and section of the rules, of a real run."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pandas as pd

from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.compliance import compliance_section

FILES = ("ledger", "balance", "class_sizes", "village_service", "staffing", "rule_changes")


def test_every_table_is_a_file_and_a_sheet(written: Path, clip) -> None:
    t = get_translator("zh")
    sheets = openpyxl.load_workbook(written / "tables.xlsx", read_only=True).sheetnames
    for name in FILES:
        assert (written / f"{name}.csv").is_file()
        assert term(t, name)[:31] in sheets


def test_the_ledger_cites_every_row(written: Path, clip) -> None:
    table = pd.read_csv(written / "ledger.csv", dtype={"school_id": str}, keep_default_na=False)
    assert set(table["verdict"]) <= {"met", "not_met", "unknown", "not_applicable", "advisory"}
    for column in ("name", "rule_name", "source", "document_number", "confidence", "force", "pack"):
        assert (table[column] != "").all(), column
    assert ((table["verdict"] == "unknown") == (table["missing"] != "")).all()
    inside = clip.county.schools[~clip.county.schools["in_margin"]]
    assert set(table["school_id"]) <= set(inside.index)
    tool = table["confidence"] == "本工具默认值，无法律效力"
    assert not (table.loc[tool, "verdict"] == "not_met").any()


def test_balance_is_there_before_and_after_each_answer(written: Path, clip) -> None:
    table = pd.read_csv(written / "balance.csv", keep_default_na=False)
    assert list(dict.fromkeys(zip(table["question"], table["when"], strict=True)))[:3] == [
        ("", "register"), ("", "base"), ("两所新校", "after"),
    ]  # fmt: skip
    assert (table.groupby(["question", "when", "stage"])["indicator"].nunique() == 7).all()
    new = table[(table["question"] == "两所新校") & (table["stage"] == "primary")]
    assert set(new["verdict"]) == {"unknown"}  # what the new schools will have is not known
    assert (new["schools_missing"] >= 1).all()


def test_the_report_has_its_section(written: Path, clip) -> None:
    page = (written / "report.html").read_text("utf-8")
    assert 'id="compliance"' in page
    section = compliance_section(get_translator("zh"), clip)
    assert len(section["heads"]) == 2 + sum(answer.after is not None for answer in clip.answers)
    assert len(section["lacks"]) <= 15
    assert all(row["mark"][0] for row in section["balance"])  # none of these limits was read in the document itself
