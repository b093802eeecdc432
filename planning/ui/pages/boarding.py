"""Boarding and phases: day, bus, boarding and teaching points for the same pupils; beds by hub; plans by year."""

import streamlit as st

from planning.ui import shell, state
from planning.ui.boarding import asking, panel, phases

t = state.translator()
workspace = shell.open_county(t)
here = state.session()
shell.page_title(
    workspace.county.project.name, t("Boarding and phases: what can be done for pupils who live too far away, and when")
)
with st.container(key="pl-boarding-bar"):
    asked = asking.choose_question(workspace, t)
if asked is not None:
    panel.boarding_panel(workspace, asked, here.edits, t)
else:
    st.html(
        f'<div class="pl-empty">{t("Choose the stage and how many hubs may be new, and press the button: boarding, school bus and teaching points are compared for the pupils beyond the daily limit.")}</div>'
    )
phases.phases_panel(workspace, here.edits, t)
