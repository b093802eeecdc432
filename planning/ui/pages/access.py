"""Access: how far every child goes, which school is nearest, township by township."""

import streamlit as st

from planning.i18n.terms import term
from planning.ui import layers, mapview, overlays, sheets, shell, state, tables

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
    view = layers.choose_layer(t, key="view", change=False)

st.html(tables.figures_html(sheets.stage_figures(current, t)))
flow = None
if view == "flow":
    with st.container(gap=None, key="pl-complaints"):
        flow = overlays.pupils_on_roads(workspace, stage, (), t)
layer = layers.paint_layer(workspace, view, current, current, band, t, flow=flow)

left, right = st.columns([1.75, 1], gap="medium")
with left:
    schools = mapview.site_marks(workspace, current.sites, t, load=current.load, fills=layer.fills)
    scene = mapview.scene_of(layer.painting, schools, mapview.kinds_shown(current.sites, t))
    mapview.show_map(workspace, scene, place="access", t=t, lines=layer.lines)
with right:
    shell.section(t("By township"), t("the longest ways first"))
    st.html(sheets.township_html(current, t))
    shell.section(t("All indicators"))
    st.html(sheets.indicators_html(current, t))
