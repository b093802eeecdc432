"""Access: how far every child goes, which school is nearest, township by township."""

import streamlit as st

from planning.i18n.terms import term
from planning.ui import colours, mapview, sheets, shell, state, tables

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(workspace.county.project.name, t("Access: how far children go to the nearest school"))

bar = st.container(horizontal=True, gap="medium", key="pl-bar")
with bar:
    stage = shell.choose_stage(workspace, t)
    current = workspace.state(stage)
    band = current.bands[0]
    if len(current.bands) > 1:
        band = st.segmented_control(
            t("Grades"), current.bands, default=band, required=True, format_func=lambda b: term(t, b), key=f"band-{stage}",
            persist_state="session",
        )  # fmt: skip
    views = {"distance_m": t("Distance"), "time_min": t("Time"), "nearest": t("Catchments")}
    view = st.segmented_control(
        t("The map shows"), list(views), default="distance_m", required=True, format_func=views.__getitem__, key="view",
        persist_state="session",
    )  # fmt: skip

st.html(tables.figures_html(sheets.stage_figures(current, t)))
people = workspace.county.cells["population"]
if view == "nearest":
    painting = colours.paint_catchments(current, band, people, t)
else:
    painting = colours.paint_way(current, band, people, view, t)

left, right = st.columns([1.75, 1], gap="medium")
with left:
    mapview.show_map(
        workspace,
        painting,
        mapview.site_marks(workspace, current.sites, t, load=current.load),
        place="access",
        t=t,
        marks=mapview.kinds_shown(current.sites, t),
    )
with right:
    shell.section(t("By township"), t("the longest ways first"))
    st.html(sheets.township_html(current, t))
    shell.section(t("All indicators"))
    st.html(sheets.indicators_html(current, t))
