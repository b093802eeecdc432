"""What the planning board shows of a proposal: its sites on the map, and a line about it beside the plan."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import geopandas as gpd
import streamlit as st

from planning.i18n import Translator
from planning.ui import shell
from planning.ui.proposing.asking import adopt, collect_answer, fresh_edits, job_of
from planning.ui.proposing.proof import proof_in_words
from planning.ui.state import Session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["collect_answer", "proof_in_words", "proposal_panel", "proposed_sites"]

PAGE = "planning/ui/pages/propose.py"


def proposal_panel(workspace: Workspace, here: Session, stage: str, t: Translator) -> None:
    """
    Say how the proposal stands, and lead to its page.

    Parameters
    ----------
    workspace : Workspace
        The county.
    here : Session
        This planner's work.
    stage : str
        The stage on the board.
    t : Translator
        The language.
    """
    shell.section(t("Proposal"), t("the program looks for the best sites and proves how good they are"))
    answer = here.answer
    if job_of(here) is not None:
        line = t("A proposal is being worked out.")
    elif answer is None:
        line = t("Nothing is asked yet.")
    else:
        line = f"{answer.question.name}: {proof_in_words(answer, t)}"
    st.html(f'<div class="pl-help">{escape(line)}</div>')
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        fresh = [] if answer is None else fresh_edits(here, answer.edits)
        if fresh:
            st.button(t("Take all"), on_click=adopt, args=(here, fresh, t), key="board-adopt")
        st.page_link(PAGE, label=t("Ask for a proposal"), icon=":material/lightbulb:")


def proposed_sites(here: Session, current: StageState) -> gpd.GeoDataFrame | None:
    """
    Give the proposed sites that are not yet in the plan.

    Parameters
    ----------
    here : Session
        This planner's work.
    current : StageState
        What the stage looks like now.

    Returns
    -------
    geopandas.GeoDataFrame or None
        As sites of a state; None where nothing is proposed for this stage.
    """
    answer = here.answer
    if answer is None or answer.question.stage != current.stage:
        return None
    return answer.sites[~answer.sites.index.isin(current.sites.index)]
