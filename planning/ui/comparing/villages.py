"""Who gains and who loses, village by village: filtered, searched, sorted, taken away as CSV."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.comparison import CLASS_NAMES
from planning.report.comparison_tables import village_table
from planning.report.text_safety import as_plain_text
from planning.scenario.comparison_ways import CLASSES
from planning.ui import shell
from planning.ui.comparing.work import Compared
from planning.ui.standards.cells import empty_html

__all__ = ["filtered", "village_view"]

#: Rows that go to the browser; the file holds all that are left by the filters.
_MOST_ROWS = 3000
_CHANGED = "changed"


def village_view(found: Compared, t: Translator) -> None:
    """Draw filters, the table and the download."""
    table = village_table(found.comparison, t)
    shell.section(
        t("By village and grades"),
        t("a village in which some gain and others lose has a row for each; click a heading to sort"),
    )
    names = {number: plan.name for number, plan in enumerate(found.plans) if number}
    meanings = {_CHANGED: t("All whose way changes"), **{name: t.message(CLASS_NAMES[name]) for name in CLASSES}}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="pl-compare-filters"):
        plan = st.selectbox(
            t("Scenario"), list(names), format_func=names.__getitem__, key=f"compare-plan-{found.key}", filter_mode=None,
        )  # fmt: skip
        township = _choose(t("Township"), table["township"], "compare-township", t)
        bands = {band: term(t, band) for band in table["band"].unique()}
        band = st.selectbox(
            t("Grades"), ["", *bands], format_func=lambda code: bands.get(code) or t("All"), key="compare-band",
            filter_mode=None,
        )  # fmt: skip
        meaning = st.selectbox(
            t("Change of the way"), ["", *meanings], format_func=lambda code: meanings.get(code) or t("All"),
            key="compare-class", index=1, filter_mode=None,
        )  # fmt: skip
        search = st.text_input(t("Village or school"), key="compare-search", max_chars=80)
    rows = filtered(
        table, plan=int(plan or 1), township=township, band=band or "", meaning=meaning or "", search=search or ""
    )
    pupils = int(rows["pupils_after"].sum())
    note, button = st.columns([4, 1], vertical_alignment="center")
    note.caption(
        t("{n} rows, {m} pupils, difference {d} pupil-km", n=t.number(len(rows)), m=t.number(pupils),
          d=t.number(rows["pupil_m_difference"].sum() / 1000, 3))
    )  # fmt: skip
    if rows.empty:
        st.html(empty_html(t("No row is left. Take a filter away.")))
        return
    shown = _shown(rows, t)
    button.download_button(
        t("These rows (CSV)"), data=lambda: as_plain_text(shown).to_csv(index=False).encode("utf-8-sig"),
        file_name=f"{found.plans[0].county.project.name}-{t('villages')}.csv", mime="text/csv", icon=":material/download:",
        on_click="ignore", key="compare-csv", width="stretch",
    )  # fmt: skip
    st.dataframe(
        shown.head(_MOST_ROWS).style.format(_formats(shown, t), na_rep="–"),
        hide_index=True,
        height=430,
        key="compare-villages",
        placeholder="–",
    )
    if len(shown) > _MOST_ROWS:
        st.caption(t("The first {n} rows are shown; the file holds all.", n=t.number(_MOST_ROWS)))


def filtered(
    table: pd.DataFrame, *, plan: int, township: str = "", band: str = "", meaning: str = "", search: str = ""
) -> pd.DataFrame:
    """Keep the rows that are asked for; the search is for a part of a village's or a school's name, as plain text."""
    keep = table["plan"] == plan
    for column, wanted in (("township", township), ("band", band)):
        if wanted:
            keep &= table[column] == wanted
    if meaning == _CHANGED:
        keep &= table["class"] != "same_way"
    elif meaning:
        keep &= table["class"] == meaning
    if search.strip():
        part = search.strip().casefold()
        texts = table[["village", "school_before", "school_after"]].agg("\n".join, axis=1).str.casefold()
        keep &= texts.str.contains(part, regex=False)
    return table[keep]


def _choose(label: str, values: pd.Series, key: str, t: Translator) -> str:
    options = sorted({str(value) for value in values if str(value)})
    return st.selectbox(label, ["", *options], format_func=lambda name: name or t("All"), key=key) or ""


def _shown(rows: pd.DataFrame, t: Translator) -> pd.DataFrame:
    heads = {
        "township": t("Township"), "village": t("Village"), "grades": t("Grades"), "meaning": t("Change of the way"),
        "pupils_before": t("Pupils before"), "pupils_after": t("Pupils after"), "school_before": t("School before"),
        "school_after": t("School after"), "way_before_m": t("Mean way before (m)"), "way_after_m": t("Mean way after (m)"),
        "difference_m": t("Difference of the way (m)"), "time_before_min": t("Mean time before (min)"),
        "time_after_min": t("Mean time after (min)"), "pupil_m_difference": t("Difference (pupil-metres)"),
    }  # fmt: skip
    tidy = rows[list(heads)].round(
        {"way_before_m": 0, "way_after_m": 0, "difference_m": 0, "time_before_min": 1, "time_after_min": 1}
    )
    return tidy.rename(columns=heads)


def _formats(shown: pd.DataFrame, t: Translator) -> dict[str, Callable[[float], str]]:
    """Write numbers as the page does; what sorts stays a number."""
    tenths = (t("Mean time before (min)"), t("Mean time after (min)"))
    numbers = shown.select_dtypes("number").columns
    return {name: lambda value, digits=int(name in tenths): t.number(value, digits) for name in numbers}
