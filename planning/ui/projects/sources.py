"""The sources of a project: a card each, with what is named, an uploader, earlier versions, a template."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.store.projects import PROJECT_FILE, missing_of, versions_of
from planning.ui import shell
from planning.ui.projects.desk import (
    allowed_folders,
    change,
    desk,
    draft,
    name_server_file,
    take_upload,
    use_version,
)
from planning.ui.projects.slots import SLOTS, Slot, files_of, files_on_server, label, value_of
from planning.ui.words import missing_words, plain

__all__ = ["TEMPLATES", "show_sources"]

TEMPLATES = Path(__file__).resolve().parents[3] / "data" / "templates"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_STAGES = {"kindergarten": (3, 5), "primary": (6, 11), "junior": (12, 14), "senior": (15, 17)}


def show_sources(folder: Path, t: Translator) -> None:
    """Show all cards of a project."""
    content = draft(folder / PROJECT_FILE)
    missing = missing_of(content)
    if missing:
        text = t(
            "Still missing: {missing}. You can leave at any time: everything is saved.",
            missing=missing_words(missing, t),
        )
        st.html(f'<div class="pl-note" data-missing="{len(missing)}">{escape(text)}</div>')
    else:
        st.html(
            f'<div class="pl-note" data-missing="0">{escape(t("All that is needed is named. Look at the columns, then check."))}</div>'
        )
    if "project" in desk().told:
        shell.show_error(desk().told["project"], t)
    groups = {
        "needed": (t("What every project needs"), t("boundary: recommended; roads and schools: required")),
        "people": (t("Where children live"), t("a grid, a list of villages, or both: one is required")),
        "more": (t("More, where there is any"), t("each can be added later")),
    }
    for group, (title, hint) in groups.items():
        shell.section(title, hint)
        cards = [slot for slot in SLOTS if slot.group == group]
        for start in range(0, len(cards), 3):
            for column, slot in zip(st.columns(3, gap="small"), cards[start : start + 3], strict=False):
                with column:
                    _card(folder, slot, content, t)
        if group == "people":
            _stages(folder, content, t)


def _card(folder: Path, slot: Slot, content: dict[str, Any], t: Translator) -> None:
    name, help_ = label(slot.name, t)
    files = files_of(content, slot)
    with st.container(border=True, key=f"pl-slot-{slot.name}"):
        st.html(
            f'<div class="pl-slot"><b>{escape(name)}</b><em>{escape(" ".join(slot.extensions))}</em>'
            f"<p>{escape(help_)}</p>{_named(folder, files, t)}</div>"
        )
        told = desk().told.get(slot.name)
        if told is not None:
            shell.show_error(told, t)
        widget = f"up-{slot.name}-{desk().uploads.get(slot.name, 0)}"
        st.file_uploader(
            t("Upload {name}", name=name), key=widget, accept_multiple_files=slot.wanted == "vector",
            label_visibility="collapsed", on_change=take_upload, args=(folder, slot, widget),
        )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            if slot.template:
                st.download_button(
                    t("Template"), (TEMPLATES / slot.template).read_bytes(), slot.template, _XLSX,
                    key=f"template-{slot.name}", on_click="ignore",
                )  # fmt: skip
            _versions(folder, slot, files, t)
            if files:
                st.button(
                    t("Take out"), key=f"out-{slot.name}", on_click=use_version, args=(folder, slot, None),
                    help=t("The file stays in the project's folder."),
                )  # fmt: skip
        folders = allowed_folders()
        if folders:
            chooser = f"server-{slot.name}"
            st.selectbox(
                t("Or a file on the server"), files_on_server(folders, slot), index=None, format_func=str, key=chooser,
                placeholder=t("Choose a file"), on_change=name_server_file, args=(folder, slot, chooser),
            )  # fmt: skip


def _named(folder: Path, files: list[str], t: Translator) -> str:
    if not files:
        return f'<span class="none">{escape(t("nothing named yet"))}</span>'
    lines = []
    for name in files:
        path = folder / name
        if path.is_file():
            bytes_ = path.stat().st_size
            size = (
                t("{n} MB", n=t.number(bytes_ / 1e6, 1)) if bytes_ >= 1e6 else t("{n} kB", n=t.number(bytes_ / 1e3, 1))
            )
            lines.append(f'<span class="named">✓ {escape(path.name)} · {escape(size)}</span>')
        else:
            lines.append(f'<span class="lost">{escape(t("{file}: there is no such file.", file=name))}</span>')
    return "".join(lines)


def _versions(folder: Path, slot: Slot, files: list[str], t: Translator) -> None:
    """Offer earlier versions: what was replaced is kept."""
    earlier = []
    for version in versions_of(folder, slot.name):
        held = sorted(p for p in version.iterdir() if p.is_file() and not p.name.endswith(".json"))
        main = next((p for p in held if p.suffix.lower() == ".shp"), held[0] if held else None)
        if main is not None and main.relative_to(folder).as_posix() not in files:
            earlier.append((version.name, main))
    if not earlier:
        return
    with st.popover(t("Earlier versions ({n})", n=len(earlier)), key=f"versions-{slot.name}"):
        for number, main in earlier:
            text = t("No. {n}: {file}", n=number, file=plain(main.name))
            st.button(
                text, key=f"version-{slot.name}-{number}", on_click=use_version,
                args=(folder, slot, main.relative_to(folder).as_posix()),
            )  # fmt: skip


def _stages(folder: Path, content: dict[str, Any], t: Translator) -> None:
    """Choose stages, their ages, and the shares that stand in where no ages of people are known."""
    shell.section(
        t("Stages"),
        t("the share of all people counts only where neither villages with pupils nor ages of people are given"),
    )
    stages = content.get("stages")
    now = dict(stages) if isinstance(stages, dict) else {}
    with st.form("stages", border=True):
        rows = {}
        columns = st.columns(len(_STAGES), gap="small")
        for column, (stage, usual) in zip(columns, _STAGES.items(), strict=True):
            rule = now.get(stage) if isinstance(now.get(stage), dict) else {}
            with column:
                wanted = st.toggle(term(t, stage), value=stage in now, key=f"stage-{stage}")
                ages = rule.get("ages") or list(usual)
                first, last = st.slider(t("Ages [years]"), 0, 20, (int(ages[0]), int(ages[1])), key=f"ages-{stage}")
                share = st.number_input(
                    t("Share of all people [%]"), 0.1, 50.0, 100 * float(rule.get("share") or 0.013 * (last - first + 1)),
                    0.1, format="%.1f", key=f"share-{stage}",
                )  # fmt: skip
                if wanted:
                    rows[stage] = {"ages": [first, last], "share": round(share / 100, 5)}
        year = value_of(content, "population.year")
        total = value_of(content, "population.known_total")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            known = st.number_input(
                t("Known population of the county [people]"), 1, 100_000_000, None if total is None else int(total),
                key="known-total", placeholder=t("not known"), width=300,
            )  # fmt: skip
            of_year = st.number_input(
                t("Year of the grid"), 1900, 2100, None if year is None else int(year), key="grid-year",
                placeholder=t("not known"), width=180,
            )  # fmt: skip
            saved = st.form_submit_button(t("Save stages and totals"), key="stages-save")
    if saved:
        totals = {"population.known_total": known, "population.year": of_year}
        change(folder, {"stages": rows or None, **totals}, told="project")
        st.rerun()
