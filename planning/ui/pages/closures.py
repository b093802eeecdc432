"""Closure gate: whether a school may be closed, by which clause not, and what that means for the villages."""

from planning.ui import shell, state
from planning.ui.standards.closure_view import closure_page

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(
    workspace.county.project.name, t("Closure gate: no school closes before every condition is met and answered")
)
closure_page(workspace, state.session(), t)
