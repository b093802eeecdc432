"""County and data: what was read, what was set aside and why, and where every pupil stands."""

import streamlit as st

from planning.ui import sheets, shell, state, tables

t = state.translator()
workspace = shell.open_county(t)
county = workspace.county

shell.page_title(county.project.name, t("County and data"))
st.html(tables.figures_html(sheets.county_figures(county, t)))

left, right = st.columns([1, 1], gap="medium")
with left:
    shell.section(t("Where every pupil stands"), t("Served + without a seat + out of reach = all pupils"))
    st.html(sheets.reconciliation_html(workspace.base, t))
    shell.section(t("Schools and seats"))
    st.html(sheets.seats_html(workspace.base, t))
    shell.section(t("Children by township"), t("Known totals scale the population grid; the factor shows by how much"))
    st.html(sheets.demand_html(county.demand_sheet, t))
with right:
    shell.section(t("What to know about this county"))
    st.html(sheets.notices_html(county.notices, t))
    shell.section(t("Set aside"), t("Nothing is dropped silently"))
    st.html(sheets.set_aside_html(county.set_aside, t))
    shell.section(t("Sources"))
    st.html(sheets.sources_html(county.hashes, t))
