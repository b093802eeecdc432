"""Plan: place, move and close schools on the map, see at once who gains and who loses, ask for a proposal."""

from planning.ui import board, shell, state

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(
    workspace.county.project.name,
    t("Plan: click the map to place a school, drag it to move it, click a school to change it"),
)
board.plan_board(workspace, t)
