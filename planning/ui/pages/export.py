"""Export: layers for other programs, the report with all tables, the project as one file; made in a temporary folder."""

import streamlit as st

from planning.ui import exchange, export, shell, state

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(workspace.county.project.name, t("Export: files for other programs, and a report to print"))
views = {"layers": t("Layers for GIS"), "report": t("Report and tables"), "project": t("Project as one file")}
view = st.segmented_control(
    t("What to export"), list(views), default="layers", required=True, format_func=views.__getitem__, key="export-view",
    label_visibility="collapsed", persist_state="session",
)  # fmt: skip
if view == "report":
    # The panel for printing stands here: planning.ui.printing.printing_panel(workspace, t).
    export.export_panel(workspace, t)
elif view == "project":
    exchange.project_panel(workspace, t)
else:
    exchange.layers_panel(workspace, t)
