"""The files of a county or a plan, made in a job and offered for download."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from threading import Event

import streamlit as st

from planning.errors import Tell, msg
from planning.i18n import Translator
from planning.i18n.terms import TERMS, term
from planning.scenario.edits import Edit
from planning.ui import shell
from planning.ui.file_offers import offer_files, zipped
from planning.ui.plan_result import result_of_plan
from planning.ui.state import jobs, session
from planning.ui.words import plain
from planning.ui.workspace import Workspace, edits_key

__all__ = ["export_panel"]


def export_panel(workspace: Workspace, t: Translator) -> None:
    """
    Offer the files.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    here = session()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-bar"):
        encoding = st.segmented_control(
            t("Text of the shapefiles"), ["UTF-8", "GBK"], default="UTF-8", required=True, key="encoding",
            persist_state="session",
        )  # fmt: skip
        questions = workspace.county.project.questions
        asked = len(workspace.answers) or not questions
        with_answers = asked or st.toggle(
            t("Answer the {n} questions of the project first", n=len(questions)), value=False, key="with-answers",
            persist_state="session",
        )  # fmt: skip
        edits = here.edits
        key = f"export-{workspace.key}-{edits_key(edits)}-{encoding}-{bool(with_answers)}-{t.language}"
        if st.button(t("Make the files"), type="primary", key="make-files"):
            jobs().start(key, _work(workspace, edits, str(encoding), answers=bool(with_answers)), again=True)
            here.export_job = key
    if here.edits:
        note = t("The files show the county with the {n} changes of the plan.", n=len(edits))
    else:
        note = t("The files show the county as it is; the plan has no changes.")
    st.html(f'<div class="pl-note">{escape(note)}</div>')

    job = jobs().get(here.export_job) if here.export_job else None
    if job is None:
        _announce(t)
    elif not job.done:

        @st.fragment(run_every=0.7)
        def waiting() -> None:
            if job.done:
                st.rerun()
            st.progress(job.share, text=plain(t.message(job.doing)))

        waiting()
    elif job.error is not None:
        shell.show_error(job.error, t)
    else:
        contents = _contents(t)
        files, archive = job.result()

        def holds(file: str) -> str:
            name = Path(file).stem  # a table is called what its sheet in the workbook is called
            return contents.get(file) or (term(t, name) if file.endswith(".csv") and name in TERMS else "")

        offer_files(files, archive, workspace.county.project.name, holds, t, key="download-all")


def _announce(t: Translator) -> None:
    rows = [(name, words) for name, words in _contents(t).items()]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows)
    shell.section(t("What you get"))
    st.html(f'<dl class="pl-files">{items}</dl>')


def _contents(t: Translator) -> Mapping[str, str]:
    return {
        "report.html": t("Report to read and print, with maps; opens in any browser without a network"),
        "catchments.shp": t("Catchments for ArcGIS and QGIS, one polygon a school and stage"),
        "catchments.gpkg": t("The same as a GeoPackage, with styles"),
        "proposal.geojson": t("Proposed sites with objective, bound and gap"),
        "proposal.csv": t("The same as a table"),
        "closures.csv": t("Schools that close, and those that the closure gate keeps open"),
        "frontier.csv": t("What other numbers of new schools, or other budgets, would bring"),
        "alternatives.csv": t("Other plans nearly as good, and where they differ"),
        "trade_off.csv": t("Boarding, school bus or teaching points for the same pupils"),
        "phases.csv": t("Plans by year: what opens when, and what it costs"),
        "indicators.csv": t("Indicators before and after each question"),
        "reconciliation.csv": t("Where every pupil stands"),
        "tables.xlsx": t("All tables in one workbook"),
        "catchments_allocated.shp": t("Catchments by seats: where pupils find a seat"),
        "unreachable.shp": t("Places from which no school is reached"),
        "indicators_by_township.csv": t("Indicators by township"),
        "schools.csv": t("Schools with the pupils sent to them"),
        "demand.csv": t("What the numbers of children rest on"),
        "set_aside.csv": t("Rows left out or changed, and why"),
        "fields.csv": t("What the fields mean, in both languages"),
        "run.json": t("Versions and fingerprints, so that the run can be repeated"),
    }


def _work(
    workspace: Workspace, edits: Sequence[Edit], encoding: str, *, answers: bool
) -> Callable[[Tell, Event], tuple[dict[str, bytes], bytes]]:
    """Make the files in a temporary folder; what is handed back are their contents, and the archive of all."""

    def work(tell: Tell, cancel: Event) -> tuple[dict[str, bytes], bytes]:
        from planning.report import write_outputs

        result = result_of_plan(workspace, edits, tell, cancel, answers=answers)
        tell(0.6, msg("Writing the files"))
        with tempfile.TemporaryDirectory(prefix="planning-export-") as folder:
            written = write_outputs(result, Path(folder), encoding=encoding)
            found = sorted({path for path in (*written, *Path(folder).rglob("*")) if path.is_file()})
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
        return files, zipped(files)

    return work
