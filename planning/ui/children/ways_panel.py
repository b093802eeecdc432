"""The part of the page about ways to school: what to make safe first, on a map and as a list, and school buses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from planning.i18n.terms import term
from planning.report.ways_to_school import danger_table, way_notes
from planning.ui import shell, tables
from planning.ui.children.sheets import empty_html
from planning.ui.children.way_map import legend_html, way_svg

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.ui.children.work import WaysFound
    from planning.ui.state import Session
    from planning.ui.workspace import Workspace

__all__ = ["dangers_html", "ways_panel"]

_MOST_ROWS = 200
_ALL = "*"


def ways_panel(workspace: Workspace, found: WaysFound, here: Session, t: Translator) -> None:
    """Draw figures, map and list; a change of a filter draws this part alone again."""
    ways, drawn, ground = found
    if not len(ways.roads):
        st.html(empty_html(t("Nobody walks on a road of this map on the way to school, so that there is nothing to make safe.")))  # fmt: skip
        return
    dangers = danger_table(ways, t)
    sheet = ways.sheet
    walked_km = float(sheet["walked_pupil_m"].sum()) / 1000
    counts = dangers["kind"].value_counts()
    figures = [
        tables.Figure(t("Walked on a school morning"), t("{n} km", n=t.number(walked_km)), t("by {n} pupils on the roads", n=t.number(float(sheet["pupils_on_roads"].sum())))),
        tables.Figure(t("Places to make safe"), t.number(len(dangers)), t("with the edits of the open plan") if here.edits else t("as it is today")),
        *(
            tables.Figure(_short(str(kind), t), t.number(int(n)), t("most pupils at one place: {n}", n=t.number(int(dangers.loc[dangers["kind"] == kind, "pupils"].max()))))
            for kind, n in counts.items()
        ),
    ]  # fmt: skip
    st.html(tables.figures_html(figures))
    left, right = st.columns([1, 1.25], gap="medium")
    with left:
        shell.section(t("Pupils on the roads"), t("all stages together, on the way there"))
        st.image(way_svg(drawn, ground, t), width="stretch")
        st.html(legend_html(t))
    with right:

        @st.fragment
        def listed() -> None:
            _list(dangers, workspace.stages, t)

        listed()
        shell.section(t("School buses"))
        st.page_link("planning/ui/pages/boarding.py", label=t("Lines and stops are laid with a question about boarding: see Boarding and phases"))  # fmt: skip
    shell.section(t("What this rests on"))
    st.html(f'<div class="pl-note">{tables.message_html(way_notes(t, ways))}</div>')


def _short(kind: str, t: Translator) -> str:
    """Name a danger in few words."""
    names = {
        "along_road": t("Along fast roads"),
        "step_onto_road": t("Onto fast roads"),
        "water": t("Over water, no bridge"),
        "railway": t("Over railways"),
    }
    return names.get(kind) or term(t, kind)


def _list(dangers: pd.DataFrame, stages: tuple[str, ...], t: Translator) -> None:
    shell.section(t("What to make safe first"), t("by the pupils who pass; the first {n} are numbered on the map", n=min(15, len(dangers))))  # fmt: skip
    kinds = [_ALL, *dangers["kind"].unique()]
    townships = [_ALL, *sorted(str(name) for name in dangers["township"].unique())]
    with st.container(horizontal=True, gap="medium", key="pl-dangers-bar", vertical_alignment="bottom"):
        kind = st.selectbox(
            t("Danger"), kinds, format_func=lambda k: t("All dangers") if k == _ALL else term(t, k),
            key=f"danger-kind-{t.language}", filter_mode=None, width=260, persist_state="session",
        )  # fmt: skip
        township = st.selectbox(
            t("Township"), townships, key=f"danger-township-{t.language}", filter_mode=None, width=200,
            format_func=lambda name: t("All townships") if name == _ALL else name or t("(no township)"),
            persist_state="session",
        )  # fmt: skip
    st.html(dangers_html(dangers, stages, t, kind=kind, township=township))


def dangers_html(
    dangers: pd.DataFrame, stages: tuple[str, ...], t: Translator, *, kind: str = _ALL, township: str = _ALL
) -> str:
    """Lay the dangers out, those with most pupils first."""
    chosen = dangers[
        ((dangers["kind"] == kind) | (kind == _ALL)) & ((dangers["township"] == township) | (township == _ALL))
    ]
    if chosen.empty:
        return empty_html(t("No such danger there."))
    rows = [
        [
            t.number(row["rank"]),
            term(t, row["kind"]),
            row["township"] or t("(no township)"),
            row["road"] or row["road_class"],
            t.number(row["pupils"]),
            *(t.number(row[f"pupils_{stage}"]) for stage in stages),
            t("{n} m", n=t.number(row["length_m"])) if row["length_m"] else "–",
            f"{row['lon']:.5f}, {row['lat']:.5f}",
        ]
        for row in chosen.head(_MOST_ROWS).to_dict("records")
    ]
    heads = [t("No."), t("Danger"), t("Township"), t("Road"), t("Pupils"), *(term(t, stage) for stage in stages), t("Length"), t("Longitude, latitude")]  # fmt: skip
    numbers = (0, *range(4, 6 + len(stages)))
    html = tables.table_html(heads, rows, numbers=numbers, height=440)
    if len(chosen) > _MOST_ROWS:
        html += f'<div class="pl-under">{t("{n} more are in dangers.csv.", n=t.number(len(chosen) - _MOST_ROWS))}</div>'
    return html
