"""The ledger (台账): every school against every rule, to be filtered and taken away as a workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite
from planning.report.compliance_tables import (
    balance_table,
    change_table,
    class_table,
    ledger_table,
    service_table,
    staffing_table,
)
from planning.report.rules import rule_table
from planning.report.tables import write_workbook
from planning.report.words import rule_name, unit_name
from planning.ui import shell
from planning.ui.standards.cells import empty_html
from planning.ui.standards.held import Held

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance
    from planning.scenario.county import County
    from planning.standards import RulePack

__all__ = ["ledger_rows", "ledger_view", "ledger_workbook"]

_VERDICTS = ("not_met", "unknown", "advisory", "met", "not_applicable")


def ledger_view(held: Held, now: Compliance, county: County, t: Translator) -> None:
    """Draw filters, the table and the download."""
    rows = ledger_rows(now, county.pack, t)
    shell.section(t("Ledger"), t("each school against each rule; a number that is missing is named and never passes"))
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-ledger-bar"):
        school = _choose(t("School"), rows["school"], "ledger-school", t)
        township = _choose(t("Township"), rows["township"], "ledger-township", t)
        rule = _choose(t("Rule"), rows["rule"], "ledger-rule", t)
        counts = rows["verdict"].value_counts()
        words = {term(t, code): code for code in _VERDICTS if term(t, code) in counts.index}
        verdict = st.selectbox(
            t("Verdict"), ["", *words],
            format_func=lambda name: t("{name} ({n})", name=name, n=t.number(int(counts[name]))) if name else t("All"),
            key="ledger-verdict", persist_state="session",
        )  # fmt: skip
        st.download_button(
            t("Workbook of all rules (Excel)"),
            data=lambda: ledger_workbook(held, now, county, t),
            file_name=f"{county.project.name}-{t('ledger')}.xlsx",
            mime="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            icon=":material/download:",
            on_click="ignore",
            key="ledger-download",
        )
    for column, wanted in (("school", school), ("township", township), ("rule", rule), ("verdict", verdict)):
        if wanted:
            rows = rows[rows[column] == wanted]
    st.caption(t("{n} rows", n=t.number(len(rows))))
    if rows.empty:
        st.html(empty_html(t("No row is left. Take a filter away.")))
        return
    heads = {
        "school": t("School"), "township": t("Township"), "stage": t("Stage"), "rule": t("Rule"), "value": t("Value"),
        "sense": t("Must be"), "limit": t("Limit"), "unit": t("Unit"), "verdict": t("Verdict"),
        "missing": t("Numbers that are missing"), "badge": t("Confidence"), "number": t("Document number"),
        "clause": t("Clause"), "force": t("Force"),
    }  # fmt: skip
    shown = rows[list(heads)].rename(columns=heads)
    figures = [heads["value"], heads["limit"]]
    st.dataframe(
        shown.style.map(_coloured(t), subset=[heads["verdict"]]).format(
            lambda value: t.number(value, 0 if value == round(value) else 2), subset=figures, na_rep="–"
        )
        if len(rows) <= 3000
        else shown,
        column_config={name: st.column_config.NumberColumn(format="%.2f") for name in figures} if len(rows) > 3000 else None,
        hide_index=True,
        height=560,
        key="ledger-table",
        placeholder="–",
    )  # fmt: skip


def _choose(label: str, values: pd.Series, key: str, t: Translator) -> str:
    options = sorted({str(value) for value in values if str(value)})
    chosen = st.selectbox(
        label, ["", *options], format_func=lambda name: name or t("All"), key=key, persist_state="session"
    )
    return chosen or ""


def _coloured(t: Translator) -> Callable[[str], str]:
    colours = {term(t, "not_met"): "color: #b3480b; font-weight: 600", term(t, "met"): "color: #1b6b8f"}
    return lambda words: colours.get(words, "")


def ledger_rows(now: Compliance, pack: RulePack, t: Translator) -> pd.DataFrame:
    """Put the ledger of a layout into words, one row a school and rule."""
    table = ledger_table(now, pack, t)
    paths = {path: cite(t, pack, path) for path in table["rule"].unique()}
    return pd.DataFrame(
        {
            "school": [str(name) or str(code) for name, code in zip(table["name"], table["school_id"], strict=True)],
            "township": table["township"].astype(str),
            "stage": [term(t, stage) if stage else "" for stage in table["stage"]],
            "rule": [rule_name(t, path) for path in table["rule"]],
            "value": table["value"].astype(float).round(2),
            "sense": [term(t, sense) for sense in table["sense"]],
            "limit": table["limit"].astype(float).round(2),
            "unit": [unit_name(t, unit) for unit in table["unit"]],
            "verdict": [term(t, verdict) for verdict in table["verdict"]],
            "missing": table["missing"],
            "badge": [paths[path].badge or paths[path].confidence for path in table["rule"]],
            "number": [paths[path].number for path in table["rule"]],
            "clause": [paths[path].clause for path in table["rule"]],
            "force": [paths[path].force for path in table["rule"]],
        }
    )


def ledger_workbook(held: Held, now: Compliance, county: County, t: Translator) -> bytes:
    """Write the ledger, everything that was measured and the rules in force as one workbook."""
    standing, pack = held.standing, county.pack
    sheets = {
        t("Ledger"): ledger_table(now, pack, t),
        t("Balance"): balance_table(standing, pack, t),
        t("Class sizes"): class_table(standing, t),
        t("Village service"): service_table(standing),
        t("Staffing"): staffing_table(standing, t),
        t("Broken and mended"): change_table(standing, t),
        t("Rules"): rule_table(t, county),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.xlsx"
        return write_workbook(sheets, path, t).read_bytes()
