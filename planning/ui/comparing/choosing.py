"""Which scenarios are compared, and with which of them the others are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from planning.errors import PlanningError
from planning.i18n import Translator
from planning.scenario.comparison import FEWEST, MOST
from planning.scenario.document import document_from_data
from planning.scenario.edits import Edit
from planning.ui import shell
from planning.ui.state import Session
from planning.ui.words import plain

__all__ = ["Chosen", "choose_plans", "plans_there"]

_CHOICE, _FIRST = "compare-choice", "compare-first"
#: The county as it is.
TODAY = ""
PLAN_PAGE = "planning/ui/pages/plan.py"


@dataclass(frozen=True)
class Chosen:
    """A scenario that was chosen: its id ("" is today), name and edits."""

    id: str
    name: str
    edits: tuple[Edit, ...]


def plans_there(here: Session, t: Translator) -> list[Chosen]:
    """List today and the scenarios; stop the page where there is nothing to compare yet, and say what to do."""
    found = _readable(here, t)
    if len(found) < FEWEST:
        with st.container(key="pl-compare-bar"):
            _nothing_yet(t)
        st.stop()
    return found


def choose_plans(found: Sequence[Chosen], t: Translator) -> tuple[Chosen, ...]:
    """Ask for two to four scenarios; the yardstick is the first. Fewer or more are given as they are chosen."""
    names = {each.id: each.name for each in found}
    if _CHOICE not in st.session_state or not set(st.session_state[_CHOICE]) <= set(names):
        st.session_state[_CHOICE] = [each.id for each in found[:MOST]]
    chosen = st.pills(
        t("Scenarios, two to four"), list(names), selection_mode="multi", format_func=lambda code: plain(names[code]),
        key=_CHOICE, persist_state="session",
    )  # fmt: skip
    chosen = [code for code in names if code in set(chosen or [])]
    if st.session_state.get(_FIRST) not in chosen:
        st.session_state.pop(_FIRST, None)
    if chosen:
        first = st.selectbox(
            t("Compared with"), chosen, format_func=names.__getitem__, key=_FIRST, width=210, filter_mode=None,
            help=t("Differences of the others are counted from this one."),
        )  # fmt: skip
        chosen.sort(key=lambda code: code != first)
    by_id = {each.id: each for each in found}
    return tuple(by_id[code] for code in chosen)


def _readable(here: Session, t: Translator) -> list[Chosen]:
    """List today and the scenarios of the store; one that this version cannot read is told, not hidden."""
    found = [Chosen(TODAY, t("Today's schools (base)"), ())]
    for scenario in here.attempt(here.plan.store.scenarios) or []:
        try:
            edits = document_from_data(scenario.data, where=scenario.name).edits
        except PlanningError as error:
            shell.show_error(error, t)
            continue
        found.append(Chosen(scenario.id, scenario.name, edits))
    return found


def _nothing_yet(t: Translator) -> None:
    st.html(
        f'<div class="pl-empty"><p>{escape(t("There is nothing to compare yet: the project has no scenario besides today."))}</p>'
        f"<p>{escape(t('Place, close or enlarge a school on the page Plan: the first change makes a scenario. A copy of it, changed once more, is the second.'))}</p></div>"
    )
    if st.button(t("To the plan"), type="primary", key="to-plan"):
        shell.go_to_page(PLAN_PAGE, t)
