"""Children and years: who comes to school until the last year projected, what seats they need, and how safe their ways are."""

import streamlit as st

from planning.ui import shell, state, waiting
from planning.ui.children import ways_panel, work, years_panel

t = state.translator()
workspace = shell.open_county(t)
here = state.session()
shell.page_title(
    workspace.county.project.name, t("Children and years: who comes, what seats they need, and how safe the ways are")
)

with st.container(horizontal=True, gap="medium", key="pl-bar"):
    views = {"years": t("Children and seats"), "ways": t("Ways to school")}
    view = st.segmented_control(
        t("Show"), list(views), default="years", required=True, format_func=views.__getitem__, key=f"children-view-{t.language}",
        persist_state="session",
    )  # fmt: skip
    # The ways are those of all stages together.
    stage = shell.choose_stage(workspace, t) if view == "years" else workspace.stages[0]

if view == "years":
    found = waiting.result_of(
        work.outlook_job(workspace, here.edits),
        t,
        key="outlook",
        doing=t("Counting the children of coming years…"),
        usual_s=5,
    )
    if found is not None:
        county, outlook, told = found
        if outlook is None:
            years_panel.no_outlook(t, told)
        else:
            years_panel.years_panel(county, outlook, stage, here.edits, t)
else:
    found = waiting.result_of(
        work.ways_job(workspace, here.edits), t, key="ways", doing=t("Laying the pupils on the roads…"), usual_s=15
    )
    if found is not None:
        ways_panel.ways_panel(workspace, found, here, t)
