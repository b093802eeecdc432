"""Compare: two to four scenarios beside each other, who gains and who loses, and the sheet that is signed."""

from planning.ui import shell, state
from planning.ui.comparing import desk

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(
    workspace.county.project.name, t("Compare: two to four scenarios beside each other, and who gains and who loses")
)
desk.compare_page(workspace, state.session(), t)
