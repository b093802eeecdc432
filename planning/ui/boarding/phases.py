"""Plans by year: what opens when and what it costs each year, where the project asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planning.ui import shell, tables

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.ui.workspace import Workspace

__all__ = ["phases_panel"]


def phases_panel(workspace: Workspace, t: Translator) -> None:
    """Show what is asked of coming years, or how to ask."""
    shell.section(t("Plan by year"), t("what is wanted in which year"))
    asked = [question for question in workspace.county.project.questions if question.year is not None]
    if not asked:
        how = [
            t("No question of this project is about a coming year."),
            t("A question in the project file is asked of a coming year with year: 2030 and births: low, middle or high; several questions with several years, one after the other, make a plan by year."),
            t("The children of coming years must be known: see Children and years."),
        ]  # fmt: skip
        st.html(f'<div class="pl-note">{tables.message_html(how)}</div>')
