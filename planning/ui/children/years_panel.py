"""The part of the page about children and seats of coming years."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from planning.config import VARIANTS_OF_BIRTHS
from planning.demand.outlook import COUNTY
from planning.i18n.terms import term
from planning.report.outlook import outlook_section
from planning.scenario.planned_seats import planned_seats
from planning.ui import shell, tables
from planning.ui.children import charts, sheets
from planning.ui.sheets import demand_html

if TYPE_CHECKING:
    from planning.errors import Message
    from planning.i18n import Translator
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.outlook import Outlook

__all__ = ["no_outlook", "years_panel"]


def no_outlook(t: Translator, told: Sequence[Message]) -> None:
    """Say what is missing, which file to add and from which template."""
    shell.section(t("Children of coming years are not known yet"))
    missing = [t.message(reason) for reason in told] or [t("The project names no births.")]
    cure = [
        t("Fill in the table of births by year, births_template.xlsx: the year, the whole county or a township, and births in one variant or in three (low, middle, high). Years gone by are welcome."),
        t("Moves between townships, and out of the county, are optional: migration_template.xlsx. New estates: housing_template.xlsx."),
        t("Name the files in the project file (births: births.csv, migration: migration.csv, housing: housing.xlsx) and the year that the people stand for (population: year: 2025), then open the project again."),
        t("All templates can be downloaded on the page Projects, and filled tables uploaded there."),
    ]  # fmt: skip
    st.html(f'<div class="pl-note">{tables.message_html([*missing, *cure])}</div>')


def years_panel(county: County, outlook: Outlook, stage: str, edits: Sequence[Edit], t: Translator) -> None:
    """Draw filters, chart and tables; a change of a filter draws this part alone again."""
    if stage not in outlook.ages:
        st.html(sheets.empty_html(t("{stage} has no ages, so that its children of coming years cannot be told.", stage=term(t, stage))))  # fmt: skip
        return

    @st.fragment
    def panel() -> None:
        _panel(county, outlook, stage, edits, t)

    panel()


def _panel(county: County, outlook: Outlook, stage: str, edits: Sequence[Edit], t: Translator) -> None:
    townships = [COUNTY, *sorted({str(name) for name in outlook.needed["township"]} - {COUNTY})]
    series_names = {"seats_needed": t("Seats needed"), "children": t("Children")}
    # Keys carry the language: the browser keeps the words of a choice, and would show them in the language before.
    with st.container(horizontal=True, gap="medium", key="pl-years-bar"):
        variant = st.segmented_control(
            t("Variant of births"), list(VARIANTS_OF_BIRTHS), default="middle", required=True, format_func=lambda v: term(t, v),
            key=f"years-variant-{t.language}", persist_state="session",
        )  # fmt: skip
        series = st.segmented_control(
            t("What is shown"), list(series_names), default="seats_needed", required=True,
            format_func=series_names.__getitem__, key=f"years-series-{t.language}", persist_state="session",
        )  # fmt: skip
        township = st.selectbox(
            t("Township of the chart"), townships, key=f"years-township-{t.language}", filter_mode=None, width=220,
            format_func=lambda name: t("Whole county") if name == COUNTY else name or t("(outside all townships)"),
            persist_state="session",
        )  # fmt: skip
    planned = planned_seats(county, list(outlook.ages), edits)[stage] if edits else None
    total = math.nan if planned is None else float(planned.sum(skipna=False))
    st.html(tables.figures_html(sheets.outlook_figures(t, outlook, stage, variant, total)))
    _chart_and_warning(outlook, stage, variant, series, township, t, planned=total if planned is None or township == COUNTY else float(planned.get(township, math.nan)))  # fmt: skip
    shell.section(
        t("{what} by township and year", what=series_names[series]),
        t("{stage}, {variant}; ▲ more seats are needed than are there", stage=term(t, stage), variant=term(t, variant))
        if series == "seats_needed"
        else t("{stage}, {variant}; children", stage=term(t, stage), variant=term(t, variant)),
    )
    st.html(sheets.years_html(t, outlook, stage, variant, series))
    section = outlook_section(t, county, outlook) or {}
    shell.section(t("All stages and variants, whole county"), t("seats"))
    st.html(sheets.variants_html(t, outlook, section["county"]))
    left, right = st.columns(2, gap="medium")
    with left:
        shell.section(t("Seats for another stage"), term(t, variant))
        st.html(sheets.conversions_html(t, outlook, variant))
        shell.section(t("Special school"))
        st.html(sheets.special_html(t, section["special"]))
    with right:
        shell.section(t("New estates"), t("and the children who move in"))
        st.html(sheets.estates_html(t, section))
    _basis(county, section["notes"], t)


def _chart_and_warning(
    outlook: Outlook, stage: str, variant: str, series: str, township: str, t: Translator, *, planned: float
) -> None:
    left, right = st.columns([1, 1.15], gap="medium")
    where = t("Whole county") if township == COUNTY else township or t("(outside all townships)")
    with left:
        shell.section(t("{stage}, {where}", stage=term(t, stage), where=where), t("three variants of births, to {year}", year=outlook.until))  # fmt: skip
        rows = charts.chart_rows(outlook, stage, township, series, planned=planned)
        st.altair_chart(charts.year_chart(rows, t, series=series, chosen=variant), theme=None, key="pl-year-chart")
        if series == "seats_needed" and not (rows["line"] == "today").any():
            st.html(f'<div class="pl-help">{t("The seats that are there are not known here, so that no line shows them.")}</div>')  # fmt: skip
    with right:
        names = {"all": t("All townships"), "short": t("Short of seats"), "surplus": t("With seats to spare")}
        shell.section(t("Early warning"), t("{stage}, {variant}; seats, and the years in which they lack or stand empty", stage=term(t, stage), variant=term(t, variant)))  # fmt: skip
        kept = st.segmented_control(
            t("Show"), list(names), default="all", required=True, format_func=names.__getitem__,
            key=f"years-kept-{t.language}", persist_state="session", label_visibility="collapsed",
        )  # fmt: skip
        st.html(sheets.warning_html(t, outlook, stage, variant, kept, township=township))


def _basis(county: County, notes: Sequence[str], t: Translator) -> None:
    """Say what the numbers rest on: sources, factors, known totals, and what is missing."""
    shell.section(t("What this rests on"), t("known totals, factors and reservations"))
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(demand_html(county.demand_sheet, t))
    with right:
        always = t("Seats are to spare where more than 15% of them stay empty. Nothing that is not there yet counts as a seat; the open plan is a line of its own.")  # fmt: skip
        st.html(f'<div class="pl-note">{tables.message_html([always, *notes])}</div>')
