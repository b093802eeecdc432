"""The school that is selected on the map, and what may be done with it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely
import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.edits import ConvertSchool, NewSchool
from planning.stages import BANDS, KINDS, TEACHES, stages_of_kind
from planning.ui.state import Session
from planning.ui.words import number_of, with_unit
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["selected_school"]

#: What a school of a kind may become; who changes more builds a new one.
_MAY_BECOME = {
    "kindergarten": ("teaching_point", "primary"),
    "teaching_point": ("primary", "kindergarten"),
    "primary": ("teaching_point", "nine_year", "junior", "kindergarten"),
    "nine_year": ("primary", "junior"),
    "junior": ("nine_year", "primary", "secondary"),
    "secondary": ("junior", "senior"),
    "senior": ("secondary", "junior"),
    "special": (),
}
_MOST_RECEIVERS = 40


def selected_school(workspace: Workspace, here: Session, current: StageState, stage: str, t: Translator) -> None:
    """Show the selected school and what may be done with it."""
    school = here.selected
    if school is None:
        return
    gone = school not in current.sites.index
    sites = workspace.base[stage].sites if gone else current.sites
    if school not in sites.index:
        return
    row = sites.loc[school]
    lines = [term(t, str(row["kind"]))]
    if not gone:
        lines.append(t("pupils sent here: {n}", n=t.number(float(current.load[school]))))
    lines.append(t("seats: {n}", n=number_of(row["seats"], t)))
    if not bool(row["is_new"]):
        lines.append(t("pupils on the register: {n}", n=number_of(row["pupils"], t)))
    with st.container(border=True, key="pl-selected"):
        st.html(
            f'<div class="pl-school"><b>{escape(str(row["name"]))}</b><span>{escape(" · ".join(lines))}</span></div>'
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            if gone:
                st.button(t("Reopen"), on_click=here.forget, args=(school,), key=f"reopen-{school}")
                return
            is_new = bool(row["is_new"])
            label = t("Remove") if is_new else t("Close this school")
            st.button(label, on_click=here.close, args=(school,), key=f"close-{school}")
            _seats_field(here, school, stage, row["seats"], t)
            if is_new:
                with st.popover(t("Name, kind"), key=f"revise-menu-{school}"):
                    _revise(here, school, t)
            else:
                with st.popover(t("Merge"), key=f"merge-menu-{school}"):
                    _merge(here, school, current, t)
                with st.popover(t("Convert"), key=f"convert-menu-{school}"):
                    _convert(workspace, here, school, str(row["kind"]), t)
        st.caption(t("Drag the school on the map to move it."))


def _seats_field(here: Session, school: str, stage: str, seats: Any, t: Translator) -> None:
    known = None if pd.isna(seats) else int(seats)
    key = f"seats-{stage}-{school}"
    # Nullable, so that the field can be emptied; what it shows is what the plan says, also after an undo.
    st.session_state[key] = known

    def changed() -> None:
        value = st.session_state[key]
        here.set_seats(school, stage, None if value is None else int(value))

    st.number_input(
        t("Seats"), min_value=1, max_value=max(20_000, known or 0), value=None, step=45, key=key, on_change=changed,
        placeholder=t("no limit"), width=150,
    )  # fmt: skip


def _merge(here: Session, school: str, current: StageState, t: Translator) -> None:
    """Choose the school that takes this one over, the nearest first."""
    sites = current.sites[~current.sites["in_margin"].astype(bool)].drop(index=school, errors="ignore")
    if not len(sites):
        st.caption(t("There is no other school of this stage."))
        return
    away = pd.Series(shapely.distance(sites.geometry.to_numpy(), current.sites.geometry[school]), index=sites.index)
    nearest = away.sort_values(kind="stable").index[:_MOST_RECEIVERS]
    into = st.selectbox(
        t("Into"), list(nearest), key=f"merge-into-{school}",
        format_func=lambda other: f"{sites.at[other, 'name'] or other} ({with_unit(float(away[other]), 'm', t)})",
        help=t("The nearest first, as the crow flies."),
    )  # fmt: skip
    with_seats = st.checkbox(t("Its seats go with it"), key=f"merge-seats-{school}")
    st.caption(
        t("Its pupils go where their way is shortest and a seat is free, not all to the one that takes it over.")
    )
    st.button(
        t("Merge"), type="primary", key=f"merge-{school}",
        on_click=lambda: here.merge(school, str(into), with_seats=with_seats),
    )  # fmt: skip


def _convert(workspace: Workspace, here: Session, school: str, kind: str, t: Translator) -> None:
    """Choose another kind, or beds for boarders."""
    was = str(workspace.county.schools.at[school, "kind"])
    stages = set(workspace.stages)
    may = [name for name in _MAY_BECOME[was] if stages & set(stages_of_kind(name))]
    options = [was, *may]
    known = next((e for e in here.edits if isinstance(e, ConvertSchool) and e.school_id == school), None)
    chosen = st.selectbox(
        t("Becomes"), options, index=options.index(kind) if kind in options else 0, format_func=lambda k: term(t, k),
        key=f"convert-kind-{school}-{kind}",
    )  # fmt: skip
    beds = st.number_input(
        t("Beds for boarders"), min_value=0, max_value=20_000, value=None if known is None else known.beds, step=10,
        key=f"convert-beds-{school}-{None if known is None else known.beds}", placeholder=t("as they are"),
    )  # fmt: skip
    st.caption(t("A stage it did not teach gets the seats it gives up. Beds count in boarding questions."))
    st.button(
        t("Convert"), type="primary", key=f"convert-{school}",
        on_click=lambda: here.convert(school, str(chosen), None if beds is None else int(beds), was=was),
    )  # fmt: skip


def _revise(here: Session, school: str, t: Translator) -> None:
    """Name a new school, and choose its kind among those that teach its stage."""
    edit = next((e for e in here.edits if isinstance(e, NewSchool) and e.site_id == school), None)
    if edit is None:
        return
    name_key, kind_key = f"name-{school}", f"kind-{school}"
    kinds = [kind for kind in KINDS if set(BANDS[edit.stage]) & set(TEACHES[kind])]
    st.session_state[name_key], st.session_state[kind_key] = edit.name, edit.kind
    st.text_input(
        t("Name"), key=name_key, max_chars=80,
        on_change=lambda: here.revise(school, name=str(st.session_state[name_key]).strip() or edit.name),
    )  # fmt: skip
    st.selectbox(
        t("Kind"), kinds, format_func=lambda kind: term(t, kind), key=kind_key,
        on_change=lambda: here.revise(school, kind=str(st.session_state[kind_key])),
    )  # fmt: skip
