"""The part of the export page that makes layers for other programs, and the project as one zip."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import streamlit as st

from planning.errors import Message, PlanningError, Tell, msg
from planning.i18n import LANGUAGES, Translator, get_translator, own_name
from planning.scenario.edits import Edit
from planning.ui import shell
from planning.ui.file_offers import offer_files, zipped
from planning.ui.state import jobs, session
from planning.ui.words import plain
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.report.exchange import System

__all__ = ["layers_panel", "open_packed", "project_panel"]

_OFFERED_FIRST = ("gpkg", "shp")


@st.cache_resource(show_spinner=False, max_entries=16)
def _systems(key: str, _workspace: Workspace) -> tuple[list[System], tuple[float, float, float, float]]:
    """Offer the reference systems of a county; found once, since PROJ takes its time."""
    from planning.report.exchange import offered_systems
    from planning.report.exchange.systems import county_bounds

    bounds = county_bounds(_workspace.county)
    return offered_systems(_workspace.county.crs, bounds), bounds


@st.cache_resource(show_spinner=False, max_entries=128)
def _warning(key: str, code: str, _system: System, _bounds: tuple[float, float, float, float]) -> tuple[Message | None]:
    from planning.report.exchange import system_warning

    return (system_warning(_system, _bounds),)


def layers_panel(workspace: Workspace, t: Translator) -> None:
    """
    Offer layers in the formats, reference system, encoding and language that are chosen.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    from planning.report.exchange import FORMATS, LAYERS

    here, edits = session(), session().edits
    systems, bounds = _systems(workspace.key, workspace)
    by_code = {system.code: system for system in systems}
    there = [name for name in LAYERS if name != "proposed_sites" or (workspace.answers and not edits)]
    names = st.pills(
        t("Layers"), there, default=there, selection_mode="multi", key="exchange-layers", persist_state="session",
        format_func=lambda name: t.message(LAYERS[name]),
    )  # fmt: skip
    formats = st.pills(
        t("Formats"), list(FORMATS), default=list(_OFFERED_FIRST), selection_mode="multi", key="exchange-formats",
        persist_state="session", format_func=lambda name: t.message(FORMATS[name]),
    )  # fmt: skip
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-bar"):
        code = st.selectbox(
            t("Reference system"), list(by_code), key="exchange-crs", persist_state="session", width=560,
            format_func=lambda one: _system_words(by_code[one], t),
        )  # fmt: skip
        encoding = st.segmented_control(
            t("Text of the shapefiles"), ["UTF-8", "GBK"], default="UTF-8", required=True, key="exchange-encoding",
            persist_state="session",
        )  # fmt: skip
        language = st.segmented_control(
            t("Language of legends"), LANGUAGES, default=t.language, required=True, format_func=own_name,
            key="exchange-language", persist_state="session",
        )  # fmt: skip
        parts = [workspace.key, edits_key(edits), names, formats, code, encoding, language]
        key = "exchange-" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        if st.button(t("Make the layers"), type="primary", key="make-layers", disabled=not (names and formats)):
            jobs().start(
                key,
                _work(
                    workspace, edits, tuple(names), tuple(formats), by_code[code], bounds, str(encoding), str(language)
                ),
                again=True,
            )
            here.exchange_job = key
    (warning,) = _warning(workspace.key, code, by_code[code], bounds)
    if warning is not None:
        shell.show_error(warning, t)
    if edits:
        note = t("The files show the county with the {n} changes of the plan.", n=len(edits))
    else:
        note = t("The files show the county as it is; the plan has no changes.")
    st.html(f'<div class="pl-note">{escape(note)}</div>')
    # What was made from other choices is not shown beside these.
    job = _shown(key if here.exchange_job == key else None, t)
    if job is not None:
        files, archive, notices = job
        for notice in notices:
            if notice == warning:
                continue
            st.html(f'<div class="pl-note">{escape(t.message(notice))}</div>')
        offer_files(
            files, archive, workspace.county.project.name, lambda file: _about(file, t), t, key="download-layers"
        )
    else:
        _announce(t)


def _system_words(system: System, t: Translator) -> str:
    return t.message(system.name) if system.fits else t("{name}: does not fit", name=system.name)


def _shown(key: str | None, t: Translator) -> Any:
    """Wait for a job, tell why it failed, or give its result; None while there is none."""
    job = jobs().get(key) if key else None
    if job is None:
        return None
    if not job.done:

        @st.fragment(run_every=0.5)
        def waiting() -> None:
            if job.done:
                st.rerun()
            st.progress(job.share, text=plain(t.message(job.doing)))

        waiting()
        return None
    if job.error is not None:
        shell.show_error(job.error, t)
        return None
    return job.result()


def _announce(t: Translator) -> None:
    rows = {
        "layout.gpkg": t("All layers in one file, which QGIS opens with colours, legend and names of columns"),
        "*.shp": t("One shapefile a layer for old programs, with .prj, .cpg and a style for QGIS"),
        "*.geojson, layout.kml": t("In WGS 84 degrees, for the web and for globes"),
        "*.parquet": t("For Python, R and DuckDB"),
        "fields.csv": t("What the fields mean, in both languages"),
        "notes.txt": t("Reference system, how areas are measured, and what the files cannot hold"),
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows.items())
    shell.section(t("What you get"))
    st.html(f'<dl class="pl-files">{items}</dl>')


def _work(
    workspace: Workspace,
    edits: Sequence[Edit],
    names: Sequence[str],
    formats: Sequence[str],
    system: System,
    bounds: tuple[float, float, float, float],
    encoding: str,
    language: str,
) -> Callable[[Tell, Event], Any]:
    """Make the layers in a temporary folder; what is handed back are the files, the archive of all, and the notices."""

    def work(tell: Tell, cancel: Event) -> Any:
        from planning.report.exchange import exchange_layers, write_exchange

        tell(0.05, msg("Drawing the layers"))
        states = {stage: workspace.state(stage, edits) for stage in workspace.stages}
        layers = exchange_layers(
            workspace.county_of(edits), states, base=workspace.base, answers=() if edits else workspace.answers, names=names,
        )  # fmt: skip
        tell(0.6, msg("Writing the files"))
        with tempfile.TemporaryDirectory(prefix="planning-export-") as folder:
            done = write_exchange(
                layers, Path(folder), formats=formats, system=system, bounds=bounds, encoding=encoding,
                t=get_translator("en" if language == "en" else "zh"),
                progress=lambda share: tell(0.6 + 0.35 * share, msg("Writing the files")),
            )  # fmt: skip
            files = {file.name: file.read_bytes() for file in done.files}
        return files, zipped(files), done.notices

    return work


def _about(file: str, t: Translator) -> str:
    from planning.report.exchange import LAYERS

    stem = file.split(".")[0]
    if stem in LAYERS:
        return t.message(LAYERS[stem])
    return {
        "layout": t("All layers"),
        "fields": t("What the fields mean, in both languages"),
        "notes": t("Reference system, how areas are measured, and what the files cannot hold"),
    }.get(stem, "")


def project_panel(workspace: Workspace, t: Translator) -> None:
    """
    Offer the project as one zip that opens elsewhere.

    Parameters
    ----------
    workspace : Workspace
        The county.
    t : Translator
        The language.
    """
    here = session()
    rows = {
        "project.yaml": t("Settings and questions"),
        "sources": t("Every file that the project reads"),
        "scenarios": t("All scenarios of the plan, each as a file"),
        "closure_answers.json": t("Answers to the closure gate, where there are any"),
        "standards.json": t("The standards that it is measured by"),
        "manifest.json": t("Versions and fingerprints: a file that is changed on the way is refused"),
    }
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows.items())
    st.html(f'<dl class="pl-files">{items}</dl>')
    st.caption(
        t(
            "It is opened on the projects page of another machine, or with python -m planning unpack, and gives every number again."
        )
    )
    if st.button(t("Make the project file"), type="primary", key="make-project"):
        source, store = here.source, here.plan.store.file
        key = f"pack-{workspace.key}-{edits_key(here.edits)}-{here.revision}"

        def work(tell: Tell, cancel: Event) -> bytes:
            from planning.report.exchange.bundle import pack_project

            tell(0.2, msg("Packing the project"))
            with tempfile.TemporaryDirectory(prefix="planning-pack-") as folder:
                pack_project(source.project, Path(folder) / "project.zip", run=source.run, scenarios=store)
                return (Path(folder) / "project.zip").read_bytes()

        here.revision += 1
        jobs().start(key, work, again=True)
        here.pack_job = key
    data = _shown(here.pack_job, t)
    if data is not None:
        st.download_button(
            t("Download the project (.zip, {n} MB)", n=t.number(len(data) / 1e6, 1)),
            data,
            file_name=f"{workspace.county.project.name}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            key="download-project",
        )


def open_packed(name: str, data: bytes) -> Path:
    """Open a zip that was sent as a new project of the workspace folder, and give its project file."""
    from planning.report.exchange.bundle import unpack_project
    from planning.store.projects import home_folder, new_folder

    folder = new_folder(home_folder(), Path(name).stem)
    try:
        with tempfile.TemporaryDirectory(prefix="planning-unpack-") as draft:
            archive = Path(draft) / "project.zip"
            archive.write_bytes(data)
            return unpack_project(archive, folder).project
    except PlanningError:
        folder.rmdir()
        raise
