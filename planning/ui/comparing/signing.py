"""The decision sheet: which scenario is put forward, what is proven of it, and the page to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.report.comparison import indicator_sheet
from planning.scenario.edits import NewSchool
from planning.ui import shell, tables
from planning.ui.comparing.work import Compared
from planning.ui.proposing.proof import found_in_words, proof_in_words
from planning.ui.state import Session
from planning.ui.workspace import Workspace

if TYPE_CHECKING:
    from planning.scenario.comparison import EvaluatedPlan
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer

__all__ = ["proof_of", "sheet_view"]


def sheet_view(workspace: Workspace, here: Session, found: Compared, t: Translator) -> None:
    """Ask what the sheet needs, and offer it."""
    shell.section(
        t("Decision sheet"),
        t("one page of A4: scenarios in columns, standards, cost, proof, the map of changes, room for signatures"),
    )
    names = {number: plan.name for number, plan in enumerate(found.plans)}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-compare-sign"):
        proposed = st.selectbox(
            t("Scenario that is put forward"), list(names), index=1, format_func=names.__getitem__,
            key=f"compare-proposed-{found.key}", filter_mode=None, width=260,
        )  # fmt: skip
        number = st.text_input(
            t("Map-review number"), key="compare-map-number", max_chars=60, width=260,
            help=t("Printed at the foot; without one the foot says that the sheet is for internal planning."),
        )  # fmt: skip
        proof = proof_of(found.plans[proposed or 0], known_answers(workspace, here), t)
        st.download_button(
            t("Download the decision sheet (PDF)"),
            data=lambda: _sheet(found, proposed or 0, proof, number or "", t),
            file_name=f"{workspace.county.project.name}-{t('decision sheet')}.pdf", mime="application/pdf",
            type="primary", icon=":material/picture_as_pdf:", on_click="ignore", key="compare-pdf",
        )  # fmt: skip
    shell.section(t("How good it is proven to be"), t("as it will stand on the sheet"))
    st.html(tables.message_html(proof))
    shell.section(t("In scenarios and columns"), t("as it will stand on the sheet"))
    shown = indicator_sheet(t, found.comparison, brief=True)
    st.html(tables.table_html(shown.heads, shown.rows, numbers=shown.numbers, tones=shown.tones))


def _sheet(found: Compared, proposed: int, proof: list[str], number: str, t: Translator) -> bytes:
    from planning.report.comparison_sheet import decision_sheet

    return decision_sheet(t, found.comparison, found.plans, proposed, proof=proof, map_number=number)


def known_answers(workspace: Workspace, here: Session) -> list[Answer]:
    """List the answers this session has seen, and those of the run that was opened."""
    own = [] if here.answer is None else [here.answer]
    return [*own, *workspace.answers]


def proof_of(plan: EvaluatedPlan, answers: list[Answer], t: Translator) -> list[str]:
    """Say what is proven of a plan: of each answer that it holds as a whole, and whether it holds more than that."""
    told, taken = [], set()
    mine = {_mark(edit) for edit in plan.edits}
    for answer in answers:
        theirs = {_mark(edit) for edit in answer.edits}
        if not theirs or not theirs <= mine or theirs <= taken:
            continue
        taken |= theirs
        told += [
            t("{question}: {proof}", question=answer.question.name, proof=proof_in_words(answer, t)),
            found_in_words(answer, t),
        ]
    if not told:
        return [
            t("Today's schools: nothing is proposed.") if not plan.edits
            else t("No proposal that is known here is part of this scenario as a whole: nothing is proven of it.")
        ]  # fmt: skip
    if mine - taken:
        told.append(
            t("The scenario has {n} more changes made by hand; the proof does not speak of them.", n=len(mine - taken))
        )
    return told


def _mark(edit: Edit) -> object:
    """Tell edits apart, the name of a new school left out, which people change."""
    if isinstance(edit, NewSchool):
        return ("new", round(edit.x), round(edit.y), edit.kind, edit.seats)
    return edit
