"""Whether the order of the scenarios holds when children walk slower or faster, or are fewer or more."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.ui import shell, tables
from planning.ui.comparing.work import Compared
from planning.ui.jobs import Job
from planning.ui.state import jobs
from planning.ui.waiting import result_of
from planning.ui.words import with_unit
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.comparison_sway import Sway

__all__ = ["sway_view"]

_UNITS = {"mean_distance": "m", "mean_time": "min", "share_within_limit": "1", "unserved": "pupil"}


def sway_view(workspace: Workspace, found: Compared, t: Translator) -> None:
    """Work the cases out, and show them."""
    shell.section(
        t("Does the ranking hold?"), t("every scenario worked out again: walking speed and number of children, 10 % less and more")
    )  # fmt: skip
    st.caption(
        t("Held fixed: schools and seats, roads, limits, the changes of the scenarios, children of new estates. The ranking holds where no two scenarios change places; two that were equal may part.")
    )  # fmt: skip

    def work(tell: Callable[..., None], cancel: Event) -> Sway:
        from planning.scenario.comparison_sway import sway

        return sway(workspace.county, [plan.edits for plan in found.plans], tell=tell, cancel=cancel.is_set)

    def start(*, again: bool) -> Job:
        return jobs().start(f"sway-{found.key}", work, again=again, long=True)

    asked = f"sway-asked-{found.key}"
    if jobs().get(f"sway-{found.key}") is None and not st.session_state.get(asked):
        n = 5 * len(found.plans)
        st.button(
            t("Work it out ({n} times)", n=t.number(n)), type="primary", key="sway-start",
            on_click=st.session_state.__setitem__, args=(asked, True),
        )  # fmt: skip
        return
    result: Sway | None = result_of(start, t, key="sway", usual_s=20, can_stop=True)
    if result is not None:
        _show(result, found, t)


def _show(result: Sway, found: Compared, t: Translator) -> None:
    cases = {
        "as_is": t("As it is"), "slower": t("Children walk 10 % slower"), "faster": t("Children walk 10 % faster"),
        "fewer": t("10 % fewer children"), "more": t("10 % more children"),
    }  # fmt: skip
    criteria = {
        "mean_distance": t("Mean way"), "mean_time": t("Mean time"), "share_within_limit": t("In limit"),
        "unserved": t("Without a seat or out of reach"),
    }  # fmt: skip
    done = [case for case in cases if (result.values["case"] == case).any()]
    if len(done) < len(cases):
        st.html(
            tables.message_html([t("The work was stopped: {n} of {m} cases are shown.", n=len(done), m=len(cases))])
        )
    changes = result.holds[~result.holds["holds"].astype(bool)]
    if len(result.holds):
        words = (
            t("In all {n} comparisons the ranking holds.", n=t.number(len(result.holds))) if changes.empty
            else t("In {n} of {m} comparisons two scenarios change places; they are marked.", n=t.number(len(changes)), m=t.number(len(result.holds)))
        )  # fmt: skip
        st.html(f'<div class="pl-note">{words}</div>')
    values = {
        (row["stage"], row["criterion"], row["case"], row["plan"]): (row["value"], row["place"])
        for row in result.values.to_dict("records")
    }
    swapped = {(row["stage"], row["criterion"], row["case"]) for row in changes.to_dict("records")}
    rows, tones = [], []
    for stage in dict.fromkeys(result.values["stage"]):
        for name, label in criteria.items():
            for case in done:
                row = [term(t, stage), label, cases[case]]
                for plan in range(len(found.plans)):
                    value, place = values[stage, name, case, plan]
                    row.append(t("{value} (place {n})", value=with_unit(value, _UNITS[name], t), n=int(place)))
                moved = (stage, name, case) in swapped
                row.append("–" if case == "as_is" else t("changes") if moved else t("holds"))
                rows.append(row)
                tones.append([*[""] * (len(row) - 1), "bad" if moved else ""])
    heads = [t("Stage"), t("Measure"), t("Case"), *(plan.name for plan in found.plans), t("Ranking")]
    st.html(tables.table_html(heads, rows, numbers=range(3, len(heads) - 1), tones=tones, height=640))
