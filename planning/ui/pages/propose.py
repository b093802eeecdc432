"""Propose: ask for the best places, see the curve and the proof, take all or some of the answer into the plan."""

from planning.ui import shell, state
from planning.ui.proposing.desk import propose_desk

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(
    workspace.county.project.name,
    t("Propose: the program looks for the best places and proves how good they are"),
)
propose_desk(workspace, t)
