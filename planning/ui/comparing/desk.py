"""The page as a whole: scenarios, and one view of their comparison at a time."""

from __future__ import annotations

from html import escape

import streamlit as st

from planning.i18n import Translator
from planning.report.comparison import (
    Sheet,
    class_sheet,
    cost_sheet,
    indicator_sheet,
    rule_sheet,
    summary,
    township_sheet,
    verdict_sheet,
)
from planning.scenario.comparison import FEWEST, MOST
from planning.ui import shell, tables
from planning.ui.comparing import downloads, maps, signing, swaying, villages
from planning.ui.comparing.choosing import choose_plans, plans_there
from planning.ui.comparing.work import Compared, compared_of
from planning.ui.state import Session
from planning.ui.words import plain
from planning.ui.workspace import Workspace

__all__ = ["compare_page"]

_MOST_RULES = 400


def compare_page(workspace: Workspace, here: Session, t: Translator) -> None:
    """Draw the page."""
    views = {
        "summary": t("Summary"), "villages": t("Who gains and loses"), "maps": t("Maps"), "rules": t("Standards and cost"),
        "sheet": t("Decision sheet"), "sway": t("Does the ranking hold?"),
    }  # fmt: skip
    there = plans_there(here, t)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-compare-bar"):
        chosen = choose_plans(there, t)
        view = st.segmented_control(
            t("View"), list(views), default="summary", required=True, format_func=views.__getitem__, key="compare-view",
            persist_state="session",
        )  # fmt: skip
    if not FEWEST <= len(chosen) <= MOST:
        words = t("Choose two, three or four scenarios; {n} are chosen.", n=t.number(len(chosen)))
        st.html(f'<div class="pl-empty">{escape(words)}</div>')
        st.stop()
    found = compared_of(workspace, chosen, t)
    if view == "summary":
        _summary(found, t)
    elif view == "villages":
        _who(found, t)
    elif view == "maps":
        maps.maps_view(workspace, here, found, t)
    elif view == "rules":
        _rules(found, t)
    elif view == "sheet":
        signing.sheet_view(workspace, here, found, t)
    else:
        swaying.sway_view(workspace, found, t)


def _draw(sheet: Sheet, nothing: str, *, height: int | None = None) -> None:
    if not sheet.rows:
        st.html(f'<div class="pl-empty">{escape(nothing)}</div>')
        return
    st.html(tables.table_html(sheet.heads, sheet.rows, numbers=sheet.numbers, tones=sheet.tones, height=height))


def _summary(found: Compared, t: Translator) -> None:
    words, files = st.columns([3, 1], gap="medium")
    with words:
        shell.section(t("In words"))
        st.html(tables.message_html(summary(t, found.comparison)))
    with files:
        downloads.files(found, t)
    shell.section(
        t("Indicators"), t("a difference is counted from {name}; the ways are those to the nearest school", name=found.plans[0].name)
    )  # fmt: skip
    _draw(indicator_sheet(t, found.comparison), t("There is no indicator to show."), height=620)


def _who(found: Compared, t: Translator) -> None:
    shell.section(
        t("Pupils who gain and who lose"),
        t("by what the scenario means for their way to the nearest school; a way counts as another from 50 m on"),
    )
    _draw(class_sheet(t, found.comparison), t("No children live in the county."))
    villages.village_view(found, t)
    names = {number: plan.name for number, plan in enumerate(found.plans) if number}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-compare-sums"):
        shell.section(t("By township"), t("the sums of the villages, to the metre; all grades together"))
        number = st.segmented_control(
            t("Scenario"), list(names), default=1, required=True, format_func=lambda n: plain(names[n]),
            key=f"compare-township-{found.key}",
        )  # fmt: skip
    _draw(township_sheet(t, found.comparison, int(number or 1)), t("The project names no townships."), height=420)


def _rules(found: Compared, t: Translator) -> None:
    comparison, pack = found.comparison, found.plans[0].county.pack
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        shell.section(t("Entries of the ledger"), t("each school against each rule"))
        _draw(verdict_sheet(t, comparison), t("The scenarios were not held against the rules."))
    with right:
        shell.section(
            t("Cost"),
            t("building counts every seat that a school gets against today; a school that moves is built anew"),
        )
        _draw(cost_sheet(t, comparison), t("There is no cost to show."))
    sheet = rule_sheet(t, comparison, pack)
    shell.section(t("Broken and mended"), t("each scenario against {name}", name=found.plans[0].name))
    shown = Sheet(sheet.heads, sheet.rows[:_MOST_RULES], sheet.numbers, sheet.tones[:_MOST_RULES])
    _draw(shown, t("No scenario breaks a rule that was kept, and none mends one."), height=520)
    if len(sheet.rows) > _MOST_RULES:
        st.caption(t("{n} more rows are in the workbook.", n=t.number(len(sheet.rows) - _MOST_RULES)))
