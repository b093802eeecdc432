"""Printing on the export page: the report and the hearing sheets, made in a job, as PDF or as a Word file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from html import escape
from threading import Event
from typing import TYPE_CHECKING

import streamlit as st

from planning.errors import Tell
from planning.i18n import LANGUAGES, Translator, own_name
from planning.scenario.edits import Edit
from planning.ui import shell
from planning.ui.plan_result import result_of_plan
from planning.ui.state import jobs, session
from planning.ui.waiting import result_of
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.i18n import Language
    from planning.report.printing.hearing import Hearing

__all__ = ["printing_panel"]

_MIME = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
#: Where the session keeps the key of what it printed last.
_LAST = "print-last"
_SEPARATORS = re.compile("[,;\n\uff0c\uff1b\u3001]")


def printing_panel(workspace: Workspace, t: Translator) -> None:
    """
    Offer the report and the hearing sheets.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    here = session()
    shell.section(
        t("To print"), t("The report, or a sheet for each village, as PDF or as a Word file that can be edited")
    )
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-print-bar"):
        what = st.segmented_control(
            t("Document"), ["report", "hearing"], default="report", required=True, key="print-what",
            format_func={"report": t("Report"), "hearing": t("Hearing sheets by village")}.get, persist_state="session",
        )  # fmt: skip
        kind = st.segmented_control(
            t("Kind of file"), ["pdf", "docx"], default="pdf", required=True, key="print-format",
            format_func={"pdf": "PDF", "docx": t("Word (.docx)")}.get, persist_state="session",
        )  # fmt: skip
        language = st.segmented_control(
            t("Language of the document"), list(LANGUAGES), default=t.language, required=True, key="print-language",
            format_func=own_name, persist_state="session",
        )  # fmt: skip
        number = st.text_input(
            t("Map-review number"), key="print-number", max_chars=60, placeholder=t("none: for internal planning only"),
            width=260, persist_state="session",
        )  # fmt: skip
    heard, villages = _heard(workspace, here.edits, t) if what == "hearing" else ("", ())
    if what == "hearing" and not heard:
        st.html(
            f'<div class="pl-note">{escape(t("Nothing to hear: the plan has no changes, and no question is answered."))}</div>'
        )
        return
    key = "-".join(
        [
            "print",
            workspace.key,
            edits_key(here.edits),
            str(what),
            str(kind),
            str(language),
            number,
            heard,
            "+".join(villages),
        ]
    )

    def start(*, again: bool = False) -> object:
        work = _work(
            workspace, here.edits, str(what), str(kind), language, number, heard, villages, here.plan.document.name
        )
        return jobs().start(key, work, again=again)

    if st.button(t("Make the document"), type="primary", key="print-make"):
        start(again=True)
        st.session_state[_LAST] = key
    if st.session_state.get(_LAST) != key or jobs().get(key) is None:
        return
    data = result_of(start, t, key="print", usual_s=10.0)
    if data is None:
        return
    name = t("Report") if what == "report" else t("Hearing sheets")
    st.download_button(
        t("Download {file} ({n} MB)", file=f"{name}.{kind}", n=t.number(len(data) / 1e6, 1)),
        data,
        file_name=f"{workspace.county.project.name} {name}.{kind}",
        mime=_MIME[str(kind)],
        icon=":material/print:",
        on_click="ignore",
        key="print-download",
    )


def _heard(workspace: Workspace, edits: Sequence[Edit], t: Translator) -> tuple[str, tuple[str, ...]]:
    """Choose what is heard and for which villages."""
    names = {"plan": t("The plan")} if edits else {}
    names |= {f"q:{a.question.name}": a.question.name for a in workspace.answers if a.after is not None}
    if not names:
        return "", ()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-print-heard"):
        heard = st.selectbox(
            t("What is heard"), list(names), format_func=lambda name: names[name], key="print-heard",
            width=360, persist_state="session",
        )  # fmt: skip
        named = st.text_input(
            t("Villages, with commas between them"), key="print-villages", placeholder=t("all for which something changes"),
            width=360, persist_state="session",
        )  # fmt: skip
    villages = tuple(sorted({part.strip() for part in _SEPARATORS.split(named) if part.strip()}))
    return str(heard), villages


def _work(
    workspace: Workspace,
    edits: Sequence[Edit],
    what: str,
    kind: str,
    language: Language,
    number: str,
    heard: str,
    villages: Sequence[str],
    plan: str,
) -> Callable[[Tell, Event], bytes]:
    """Make the document, and hand back its bytes."""

    def work(tell: Tell, cancel: Event) -> bytes:
        from planning.report.printing.hearing import print_hearing
        from planning.report.printing.report import print_report
        from planning.scenario.outlook import project_outlook

        if what == "hearing":
            hearing = _hearing(workspace, edits, heard, plan)
            return print_hearing(
                hearing, villages=villages, format=kind, language=language, map_number=number, tell=tell
            )
        result = result_of_plan(workspace, edits, lambda share, doing: tell(0.1 * share, doing), cancel, answers=False)
        if result.outlook is None:
            result = dataclasses.replace(result, outlook=project_outlook(result.county)[0])
        return print_report(
            result, format=kind, language=language, map_number=number,
            tell=lambda share, doing: tell(0.1 + 0.9 * share, doing),
        )  # fmt: skip

    return work


def _hearing(workspace: Workspace, edits: Sequence[Edit], heard: str, plan: str) -> Hearing:
    """Prepare the hearing of the plan, or of a proposal of the run."""
    from planning.report.printing.hearing import Hearing, hearing_of_answer
    from planning.scenario.result import RunResult, versions

    if heard == "plan":
        after = {stage: workspace.state(stage, edits) for stage in workspace.stages}
        return Hearing(plan, workspace.county, workspace.county_of(edits), workspace.base, after)
    result = RunResult(workspace.county, dict(workspace.base), workspace.answers, {}, versions())
    return hearing_of_answer(result, heard.removeprefix("q:"))
