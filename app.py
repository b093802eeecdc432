"""The app: ``streamlit run app.py`` opens the demo county; ``PLANNING_RUN`` or ``-- --run DIR`` a finished run."""

import streamlit as st

from planning.ui import shell, state, warming

t = state.translator()
st.set_page_config(page_title=t("School Layout Planner"), page_icon=str(shell.STATIC / "icon.png"), layout="wide")
pages = [
    st.Page(
        "planning/ui/pages/county.py",
        title=t("County and data"),
        icon=":material/map:",
        url_path="county",
        default=True,
    ),
    st.Page("planning/ui/pages/access.py", title=t("Access"), icon=":material/directions_walk:", url_path="access"),
    st.Page("planning/ui/pages/plan.py", title=t("Plan"), icon=":material/edit_location_alt:", url_path="plan"),
    st.Page("planning/ui/pages/standards.py", title=t("Standards"), icon=":material/fact_check:", url_path="standards"),
    st.Page("planning/ui/pages/closures.py", title=t("Closure gate"), icon=":material/rule:", url_path="closures"),
    st.Page("planning/ui/pages/export.py", title=t("Export"), icon=":material/download:", url_path="export"),
]
page = st.navigation(pages, position="hidden")
shell.style()
shell.side_bar(pages, t)
shell.language_switch(t)
warming.start()
page.run()
