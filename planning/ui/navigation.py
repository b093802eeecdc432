"""The pages of the app, in the order in which a planner comes to them, and what stands around each."""

from __future__ import annotations

import streamlit as st

from planning.i18n import Translator
from planning.ui import shell, state, warming

__all__ = ["NAMES", "show"]

#: Files of the pages, which are their addresses too, in the order in which a planner comes to them.
NAMES = (
    "projects",
    "county",
    "access",
    "plan",
    "propose",
    "children",
    "boarding",
    "standards",
    "closures",
    "compare",
    "export",
)


def show() -> None:
    """Draw the side bar and the page that was asked for: one run of a session's script."""
    t = state.translator()
    st.set_page_config(page_title=t("School Layout Planner"), page_icon=str(shell.STATIC / "icon.png"), layout="wide")
    titles = _titles(t)
    pages = [
        st.Page(
            f"planning/ui/pages/{name}.py",
            title=title,
            icon=f":material/{icon}:",
            url_path=name,
            default=name == "county",
        )
        for name, (title, icon) in ((name, titles[name]) for name in NAMES)
    ]
    page = st.navigation(pages, position="hidden")
    shell.style()
    shell.side_bar(pages, t)
    shell.language_switch(t)
    shell.keep_address()
    warming.start()
    page.run()


def _titles(t: Translator) -> dict[str, tuple[str, str]]:
    """Give title and icon of each page."""
    return {
        "projects": (t("Projects"), "folder_open"),
        "county": (t("County and data"), "map"),
        "access": (t("Access"), "directions_walk"),
        "plan": (t("Plan"), "edit_location_alt"),
        "propose": (t("Propose"), "lightbulb"),
        "children": (t("Children and years"), "child_care"),
        "boarding": (t("Boarding and phases"), "night_shelter"),
        "standards": (t("Standards"), "fact_check"),
        "closures": (t("Closure gate"), "rule"),
        "compare": (t("Compare"), "compare"),
        "export": (t("Export"), "download"),
    }
