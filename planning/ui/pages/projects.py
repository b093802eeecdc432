"""Projects: those on this machine, a new one, and what the open one is made of."""

import streamlit as st

from planning.ui import shell, state
from planning.ui.projects import checking, columns, listing, sources
from planning.ui.projects.desk import VIEW_KEY, desk, draft_name, is_own

t = state.translator()
here = state.session()
own = is_own(here.source)
shell.page_title(
    t("Projects"), draft_name(here.source, t) if own else t("open one, copy the demo county, or begin your own")
)
shell.uploader_words(t)

view = "list"
if own:
    views = {
        "list": t("All projects"),
        "sources": t("1 Sources"),
        "columns": t("2 Columns"),
        "check": t("3 Check and open"),
    }
    view = st.segmented_control(
        t("Step"), list(views), default=desk().view if desk().view in views else "list", required=True,
        format_func=views.__getitem__, key=VIEW_KEY, label_visibility="collapsed",
    )  # fmt: skip
    desk().view = view
folder = here.source.project.parent
if view == "sources":
    sources.show_sources(folder, t)
elif view == "columns":
    columns.show_columns(folder, t)
elif view == "check":
    checking.show_check(folder, t)
else:
    listing.show_list(t)
