"""Projects: those on this machine, a new one, and what the open one is made of."""

import streamlit as st

from planning.errors import PlanningError
from planning.ui import shell, state
from planning.ui.projects import checking, columns, listing, sources
from planning.ui.projects.desk import draft, is_own
from planning.ui.projects.steps import first_step, keep_step, step_widget

t = state.translator()
source = state.session().source
own = is_own(source)
file, folder = source.project, source.project.parent
broken, name = None, ""
try:
    name = str(draft(file).get("name") or folder.name)
except PlanningError as error:
    broken = error

shell.page_title(t("Projects"), t("{name} is open", name=name) if name else "")
shell.uploader_words(t)
views = {"list": t("All projects")}
if broken is None and own:
    views |= {"sources": t("1 Sources"), "columns": t("2 Columns"), "check": t("3 Check and open")}
elif broken is None and source.run is None:
    views |= {"check": t("Check")}
view = st.segmented_control(
    t("Step"), list(views), default=first_step(views), required=True, format_func=views.__getitem__, key=step_widget(),
    label_visibility="collapsed",
)  # fmt: skip
view = view if view in views else "list"
keep_step(view)
if broken is not None:
    shell.show_error(broken, t)
if view == "sources":
    sources.show_sources(folder, t)
elif view == "columns":
    columns.show_columns(folder, t)
elif view == "check":
    checking.show_check(file, t, own=own)
else:
    listing.show_list(t)
