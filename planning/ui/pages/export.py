"""Export: the report and all tables, layers for other programs, the project as one file; made in a temporary folder."""

import streamlit as st

from planning.ui import exchange, export, printing, shell, state

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(workspace.county.project.name, t("Export: files for other programs, and a report to print"))
views = {"report": t("Report and tables"), "layers": t("Layers for GIS"), "project": t("Project as one file")}
view = st.segmented_control(
    t("What to export"), list(views), default="report", required=True, format_func=views.__getitem__, key="export-view",
    label_visibility="collapsed", persist_state="session",
)  # fmt: skip
if view == "layers":
    exchange.layers_panel(workspace, t)
elif view == "project":
    exchange.project_panel(workspace, t)
else:
    printing.printing_panel(workspace, t)
    export.export_panel(workspace, t)
