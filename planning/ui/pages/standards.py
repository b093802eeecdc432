"""Standards: how the open scenario stands before an inspection, and every number with its document."""

import streamlit as st

from planning.ui import shell, state, tables
from planning.ui.standards import balance_view, held, ledger_view, rules_view, structure_view

t = state.translator()
workspace = shell.open_county(t)
county, edits = workspace.county, state.session().edits

shell.page_title(
    county.project.name, t("Standards: what the rules say about every school, every village and this plan")
)
views = {
    "balance": t("Balance and equipment"), "classes": t("Classes, ways, staff"), "ledger": t("Ledger"),
    "groups": t("Groups and townships"), "roadmap": t("Way to pass"), "rules": t("Rules and documents"),
}  # fmt: skip
with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-bar"):
    view = st.segmented_control(
        t("View"), list(views), default="balance", required=True, format_func=views.__getitem__, key="rules-view",
        persist_state="session",
    )  # fmt: skip
if view == "rules":
    rules_view.rules_view(county, t)
    st.stop()

found = held.held_of(workspace, edits, t)
now = found.plan
st.html(tables.figures_html(balance_view.held_figures(found, t)))
shell.section(t("Broken and mended by this scenario"), t("against today by the allocation"))
st.html(balance_view.changes_html(found, county.pack, t))
if view == "balance":
    balance_view.balance_view(found, county, t)
elif view == "classes":
    balance_view.classes_view(found, county, t)
elif view == "ledger":
    ledger_view.ledger_view(found, now, county, t)
else:
    structure = held.structure_of_plan(workspace, edits, now, t)
    if view == "groups":
        structure_view.groups_view(structure, now, county, t)
    else:
        structure_view.roadmap_view(structure, now, county, t)
