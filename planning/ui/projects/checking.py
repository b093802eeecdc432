"""The check: every problem of every source at once, and those that can be mended here mended here."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from planning.errors import Message, PlanningError, Tell, msg
from planning.i18n import Translator
from planning.network.ground import road_km
from planning.scenario.check import CheckCancelledError, Problem, check_project
from planning.sources.headings import match_headings
from planning.sources.mending import mend_table, rows_of
from planning.store.folder import write_document
from planning.store.projects import PROJECT_FILE, change_draft, missing_of, new_version
from planning.ui import shell, state, tables
from planning.ui.jobs import Job
from planning.ui.projects.desk import check_key, desk, draft, open_folder
from planning.ui.projects.slots import Slot, files_of, label, slot_of, value_of
from planning.ui.words import missing_words, plain
from planning.ui.workspace import Source

__all__ = ["show_check"]

_MENDED_ROWS = 30
#: What a fault that names no column may hang on.
_PLACE_COLUMNS = ("name", "school_id", "village_id", "kind", "lon", "lat", "x", "y")
_MOST_RESERVATIONS = 200


def show_check(file: Path, t: Translator, *, own: bool) -> None:
    """Run the check, or show what it found; only a project of the workspace folder can be mended here."""
    content = draft(file)
    missing = missing_of(content)
    if missing:
        text = t("Still missing: {missing}. Name it under Sources, then check.", missing=missing_words(missing, t))
        st.html(f'<div class="pl-empty">{escape(text)}</div>')
        return
    key = check_key(file)
    job = state.jobs().get(key)
    if job is None or (job.done and job.error is not None):
        if job is not None and job.error is not None:
            shell.show_error(job.error, t)
        st.button(t("Check the project"), type="primary", key="check-start", on_click=_start, args=(file, key))
        st.caption(
            t("Every source is read, and every fault is listed with its row and how to mend it. Nothing is changed.")
        )
        return
    if not job.done:
        _wait(job, t)
        return
    problems, figures = job.result()
    faults = [problem for problem in problems if problem.stops]
    if "mend" in desk().told:
        shell.show_error(desk().told["mend"], t)
    if not faults:
        _clean(file, figures, problems, t)
        return
    text = t("{n} problems to mend before the project can be opened. They are all listed.", n=t.number(len(faults)))
    st.html(f'<div class="pl-error" role="alert"><b>{escape(text)}</b></div>')
    st.html(_problems_html(faults, t))
    for slot in {p.source: slot_of(p.source) for p in faults}.values():
        if own and slot is not None and slot.subject:
            _mend(file.parent, slot, content, [p for p in faults if slot_of(p.source) is slot], t)


def _start(file: Path, key: str) -> None:
    def work(tell: Tell, cancel: threading.Event) -> tuple[tuple[Problem, ...], dict[str, float]]:
        def told(share: float, doing: Message) -> None:
            if cancel.is_set():
                raise CheckCancelledError(msg("The check was cancelled."))
            tell(share, doing)

        found = check_project(file, progress=told)
        county = found.county
        if county is None:
            return found.problems, {}
        own = ~county.cells["in_margin"]
        figures = {
            "cells": float(own.sum()),
            "people": float(county.cells.loc[own, "population"].sum()),
            "schools": float((county.schools["status"] == "open").sum()),
            "roads": road_km(county.network),
        }
        return found.problems, figures

    state.jobs().start(key, work, again=True)


def _wait(job: Job, t: Translator) -> None:
    @st.fragment(run_every=0.5)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.progress(job.share, text=plain(t.message(job.doing)))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("{n} s", n=t.number(job.seconds())))
            st.button(t("Cancel"), key="check-cancel", on_click=job.cancel.set)

    waiting()


def _clean(file: Path, figures: dict[str, float], problems: Sequence[Problem], t: Translator) -> None:
    st.html(
        f'<div class="pl-note" data-clean="1">{escape(t("No faults: the project can be opened."))}</div>'
        + tables.figures_html(
            [
                tables.Figure(t("Inhabited places"), t.number(figures["cells"])),
                tables.Figure(t("Residents"), t("{n} people", n=t.number(figures["people"]))),
                tables.Figure(t("Open schools"), t("{n} schools", n=t.number(figures["schools"]))),
                tables.Figure(t("Roads"), t("{n} km", n=t.number(figures["roads"]))),
            ]
        )
    )
    if st.button(t("Open this project"), type="primary", key="check-open"):
        state.open_source(Source(file))
        shell.go_to_page("planning/ui/pages/county.py", t)
    kept = [problem for problem in problems if not problem.stops]
    if kept:
        shell.section(t("What to know about this county"), t("nothing here stops the project"))
        st.html(_problems_html(kept[:_MOST_RESERVATIONS], t))
        if len(kept) > _MOST_RESERVATIONS:
            st.caption(t("… and {n} more", n=t.number(len(kept) - _MOST_RESERVATIONS)))


def _problems_html(problems: Sequence[Problem], t: Translator) -> str:
    rows = [
        [
            _source_name(problem, t),
            problem.file,
            "" if problem.row is None else str(problem.row),
            problem.column or "",
            t.message(problem.message),
        ]
        for problem in problems
    ]
    heads = [t("Source"), t("File"), t("Row"), t("Column"), t("What is wrong, and how to mend it")]
    return tables.table_html(heads, rows, numbers=(2,), height=420)


def _source_name(problem: Problem, t: Translator) -> str:
    slot = slot_of(problem.source)
    if slot is not None:
        return label(slot.name, t)[0]
    return problem.source or t("Project")


def _mend(folder: Path, slot: Slot, content: dict[str, Any], faults: Sequence[Problem], t: Translator) -> None:
    """Offer the cells of the faulty rows for correction."""
    part, subject = slot.key.split(".")[0], str(slot.subject)
    path = folder / files_of(content, slot)[0]
    options = {"sheet": value_of(content, f"{part}.sheet"), "mapping": value_of(content, f"{part}.mapping")}
    by_row: dict[int, set[str]] = {}
    for problem in faults:
        for row in _rows(problem):
            by_row.setdefault(row, set()).update({problem.column} - {None})  # type: ignore[arg-type]
    try:
        headings, cells = rows_of(path, list(by_row), subject=subject, **options)
        used = match_headings(headings, subject=subject, mapping=options["mapping"], file=path.name).used
    except PlanningError:
        return  # a map layer, or headings that must be mended first: the list above says so
    if not cells:
        return
    shell.section(
        t("Mend {name} here", name=label(slot.name, t)[0]),
        t("a corrected copy is saved; the file that was sent stays as it is"),
    )
    always = [used[column] for column in _PLACE_COLUMNS if column in used]
    changed: dict[tuple[int, str], str] = {}
    left_out: list[int] = []
    with st.form(f"mend-{slot.name}", border=True):
        for row, texts in list(cells.items())[:_MENDED_ROWS]:
            named = [heading for heading in headings if heading in by_row[row]]
            shown = named if named and named != always else always
            name = texts.get(used.get("name", ""), "")
            st.html(f'<div class="pl-mend"><b>{escape(t("Row {row}", row=row))}</b> {escape(name)}</div>')
            boxes = st.columns([*(2 for _ in shown), 1.4], gap="small", vertical_alignment="bottom")
            for box, heading in zip(boxes, shown, strict=False):
                text = box.text_input(
                    plain(heading), texts.get(heading, ""), key=f"cell-{path.parent.name}-{row}-{heading}"
                )
                if text != texts.get(heading, ""):
                    changed[(row, heading)] = text
            if boxes[-1].checkbox(t("leave this row out"), key=f"leave-{path.parent.name}-{row}"):
                left_out.append(row)
        if len(cells) > _MENDED_ROWS:
            st.caption(t("… and {n} more rows, once these are mended", n=t.number(len(cells) - _MENDED_ROWS)))
        saved = st.form_submit_button(
            t("Save a corrected copy and check again"), type="primary", key=f"mend-save-{slot.name}"
        )
    if saved:
        _save(folder, slot, path, changed, left_out, options)
        st.rerun()


def _rows(problem: Problem) -> list[int]:
    several = str(problem.message.params.get("rows", ""))
    rows = [int(part) for part in several.split(",") if part.strip().isdigit()]
    return rows or ([problem.row] if problem.row is not None else [])


def _save(
    folder: Path,
    slot: Slot,
    path: Path,
    changed: dict[tuple[int, str], str],
    left_out: Sequence[int],
    options: dict[str, Any],
) -> None:
    desk().told.pop("mend", None)
    if not changed and not left_out:
        desk().told["mend"] = msg("Nothing was changed yet: correct a cell, or leave a row out.")
        return
    version = new_version(folder, slot.name)
    try:
        version.mkdir(parents=True)
        name = path.stem + (".csv" if path.suffix.lower() in (".csv", ".txt", ".tsv") else ".xlsx")
        mend_table(path, version / name, subject=str(slot.subject), cells=changed, left_out=left_out, **options)
        note = {
            "corrected_from": path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path),
            "when": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            "cells": [{"row": row, "heading": heading, "to": text} for (row, heading), text in changed.items()],
            "rows_left_out": list(left_out),
        }
        write_document(note, version / "note.json")
        change_draft(folder, {slot.key: (version / name).relative_to(folder).as_posix()})
    except PlanningError as error:
        desk().told["mend"] = error
        return
    open_folder(folder / PROJECT_FILE, "check")
    file = folder / PROJECT_FILE
    _start(file, check_key(file))
