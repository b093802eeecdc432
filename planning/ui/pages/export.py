"""Export: all files of the plan in one archive, or one by one; made in a temporary folder."""

from planning.ui import export, printing, shell, state

t = state.translator()
workspace = shell.open_county(t)
shell.page_title(workspace.county.project.name, t("Export: files for other programs, and a report to print"))
export.export_panel(workspace, t)
printing.printing_panel(workspace, t)
