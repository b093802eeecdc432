"""The app: ``streamlit run app.py`` opens the demo county; ``PLANNING_RUN`` or ``-- --run DIR`` a finished run."""

import streamlit as st

from planning.ui import shell, state, warming

t = state.translator()
st.set_page_config(page_title=t("School Layout Planner"), page_icon=str(shell.STATIC / "icon.png"), layout="wide")
pages = [
    st.Page("planning/ui/pages/projects.py", title=t("Projects"), icon=":material/folder_open:", url_path="projects"),
    st.Page(
        "planning/ui/pages/county.py",
        title=t("County and data"),
        icon=":material/map:",
        url_path="county",
        default=True,
    ),
    st.Page("planning/ui/pages/access.py", title=t("Access"), icon=":material/directions_walk:", url_path="access"),
    st.Page("planning/ui/pages/plan.py", title=t("Plan"), icon=":material/edit_location_alt:", url_path="plan"),
    st.Page("planning/ui/pages/export.py", title=t("Export"), icon=":material/download:", url_path="export"),
]
page = st.navigation(pages, position="hidden")
shell.style()
shell.side_bar(pages, t)
shell.language_switch(t)
shell.keep_address()
warming.start()
page.run()
