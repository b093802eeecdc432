"""Which heading of a table means what, and which reference system its places are in."""

from __future__ import annotations

import hashlib
import itertools
from html import escape
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
import streamlit as st

from planning.errors import PlanningError, msg
from planning.i18n import Translator
from planning.sources.coordinates import Floats
from planning.sources.osm import read_osm_roads
from planning.sources.preview import Fit, Preview, fit_systems, places_of, preview_table, subject_columns, word_for
from planning.sources.vectors import read_boundary
from planning.store.projects import PROJECT_FILE
from planning.ui import shell, tables
from planning.ui.jobs import Job
from planning.ui.projects.desk import change, desk, draft
from planning.ui.projects.slots import SLOTS, Slot, files_of, label, value_of
from planning.ui.state import jobs
from planning.ui.words import plain

__all__ = ["show_columns"]

_FIRST = {
    "schools": ("school_id", "name", "kind", "township", "lon", "lat", "x", "y", "seats", "seats_primary", "seats_junior",
                "pupils", "pupils_primary", "pupils_junior", "beds", "status", "ownership", "protected"),
    "villages": ("village_id", "name", "township", "lon", "lat", "x", "y", "population", "pupils_primary", "pupils_junior"),
}  # fmt: skip
_UNIT_ENDS = (("_m2", "m²"), ("_yuan", "¥"))
_SYSTEMS = ("wgs84", "gcj02", "bd09")
_NOT_OFFERED = ("isced_level",)  # a code of OpenStreetMap, in no bureau's table
_SHOWN_ROWS = 6
_SAMPLES = 3


def show_columns(folder: Path, t: Translator) -> None:
    """Show the mapper of one table, chosen where there are two."""
    content = draft(folder / PROJECT_FILE)
    slots = [slot for slot in SLOTS if slot.subject and files_of(content, slot) not in ([], ["osm"])]
    if not slots:
        st.html(
            f'<div class="pl-empty">{escape(t("No table of schools or villages is named yet. Upload one under Sources."))}</div>'
        )
        return
    chosen = slots[0]
    if len(slots) > 1:
        name = st.segmented_control(
            t("Table"), [slot.name for slot in slots], default=slots[0].name, required=True,
            format_func=lambda n: label(n, t)[0], key="mapper-table", persist_state="session",
        )  # fmt: skip
        chosen = next((slot for slot in slots if slot.name == name), slots[0])
    _mapper(folder, chosen, content, t)


def _mapper(folder: Path, slot: Slot, content: dict[str, Any], t: Translator) -> None:
    part = slot.key.split(".")[0]
    subject = str(slot.subject)
    path = folder / files_of(content, slot)[0]
    mapping = value_of(content, f"{part}.mapping") or {}
    sheet = value_of(content, f"{part}.sheet")
    if slot.name in desk().told:
        shell.show_error(desk().told[slot.name], t)
    try:
        preview = preview_table(path, subject=subject, sheet=sheet, mapping=mapping)
    except PlanningError as error:
        shell.show_error(error, t)
        return
    left, right = st.columns([1.5, 1], gap="medium")
    with left:
        shell.section(
            t("First rows of {file}", file=preview.file),
            t("headings in row {row}, {n} rows", row=preview.header_row, n=t.number(len(preview.frame))),
        )
        if len(preview.sheets) > 1:
            _sheet(folder, slot, part, preview, sheet, t)
        st.html(_first_rows(preview))
        if preview.faults:
            shell.show_error(_as_error(preview), t)
        _choices(folder, slot, content, preview, mapping, t)
    with right:
        _systems(folder, slot, part, preview, content, t)


def _as_error(preview: Preview) -> PlanningError:
    return PlanningError(
        msg("{file}: {n} faults in the headings.", file=preview.file, n=len(preview.faults)), preview.faults
    )


def _sheet(folder: Path, slot: Slot, part: str, preview: Preview, sheet: str | None, t: Translator) -> None:
    key = f"sheet-{slot.name}"

    def take() -> None:
        change(folder, {f"{part}.sheet": st.session_state[key], f"{part}.mapping": None}, told=slot.name)

    st.selectbox(
        t("Sheet"), preview.sheets, index=preview.sheets.index(sheet) if sheet in preview.sheets else None, key=key,
        placeholder=t("the first with known headings"), on_change=take,
    )  # fmt: skip


def _first_rows(preview: Preview) -> str:
    shown = preview.frame.head(_SHOWN_ROWS)
    heads = ["", *preview.headings]
    rows = [[str(row), *map(str, cells)] for row, cells in zip(shown.index, shown.to_numpy(), strict=True)]
    return f'<div class="pl-preview">{tables.table_html(heads, rows, numbers=(0,), height=230)}</div>'


@st.fragment
def _choices(
    folder: Path, slot: Slot, content: dict[str, Any], preview: Preview, mapping: dict[str, str], t: Translator
) -> None:
    part = slot.key.split(".")[0]
    subject = str(slot.subject)
    every = [column for column in subject_columns(subject) if column not in _NOT_OFFERED]
    first = [column for column in every if column in _FIRST[subject] or column in preview.used]
    more = [column for column in every if column not in first]
    shell.section(t("What the headings mean"), t("our proposal; change what is wrong, then save"))
    unused = [heading for heading in preview.headings if heading not in preview.used.values()]
    if unused:
        st.caption(t("Nothing is made of: {headings}", headings=plain(t(", ").join(unused))))
    chosen: dict[str, str | None] = {}
    table = f"{slot.name}-{files_of(content, slot)[0]}-{value_of(content, f'{part}.sheet') or ''}"
    with st.container(border=True):
        for column in first:
            chosen[column] = _choice(column, subject, preview, table, t)
        with st.expander(t("Further columns ({n})", n=len(more))):
            for column in more:
                chosen[column] = _choice(column, subject, preview, table, t)
        saved = st.button(t("Save the columns"), type="primary", key=f"save-mapping-{slot.name}")
    if saved:
        # Columns in series (grades, ages) are not offered here: what the file says of them stays.
        kept = {ours: theirs for ours, theirs in mapping.items() if ours not in every}
        change(folder, {f"{part}.mapping": {**kept, **_mapping(chosen, preview)} or None}, told=slot.name)
        st.rerun()


def _choice(column: str, subject: str, preview: Preview, table: str, t: Translator) -> str | None:
    name = word_for(column, subject, t.language)
    unit = _unit(column, t)
    used = preview.used.get(column)
    columns = st.columns([1.1, 1.3, 1.6], gap="small", vertical_alignment="center")
    with columns[0]:
        st.html(f'<div class="pl-ours"><b>{escape(name)}</b><span>{escape(unit)}</span></div>')
    with columns[1]:
        options = ["", *preview.headings]
        picked = st.selectbox(
            name, options, index=options.index(used) if used in options else 0, key=f"map-{table}-{column}",
            label_visibility="collapsed", format_func=lambda heading: heading or t("none"),
        )  # fmt: skip
    with columns[2]:
        samples = [text for text in preview.frame[picked] if text][:_SAMPLES] if picked else []
        st.html(f'<div class="pl-samples">{escape(t("; ").join(samples)) or "–"}</div>')
    return picked or None


def _unit(column: str, t: Translator) -> str:
    for end, unit in _UNIT_ENDS:
        if end in column:
            return unit
    if column in ("lon", "lat"):
        return t("degrees")
    if column in ("x", "y"):
        return t("metres")
    start = column.split("_")[0]
    units = {
        "seats": t("seats"),
        "pupils": t("pupils"),
        "registered": t("pupils"),
        "incoming": t("pupils"),
        "classes": t("classes"),
        "population": t("people"),
        "beds": t("beds"),
        "boarders": t("pupils"),
        "teachers": t("people"),
        "staff": t("people"),
    }
    return units.get(start, "")


def _mapping(chosen: dict[str, str | None], preview: Preview) -> dict[str, str]:
    """Keep only what differs from what is recognised by itself; an empty text says: no heading means this."""
    proposed = {} if preview.faults else preview.proposed
    found: dict[str, str] = {}
    for column, heading in chosen.items():
        if heading is None and column in preview.proposed:
            found[column] = ""
        elif heading is not None and proposed.get(column) != heading:
            found[column] = heading
    return found


def _systems(folder: Path, slot: Slot, part: str, preview: Preview, content: dict[str, Any], t: Translator) -> None:
    shell.section(t("Reference system of the places"), t("a wrong one moves every school by hundreds of metres"))
    now = value_of(content, f"{part}.coordinates") or "wgs84"
    if preview.is_layer:
        st.caption(t("A map layer says itself which system it is in; GCJ-02 and BD-09 must be told."))
    x, y = places_of(preview, preview.used)
    fits: list[Fit] = []
    if len(x):
        job = jobs().start(
            _fit_key(folder, content, x, y),
            lambda tell, _: fit_systems(x, y, **_ground(folder, content)),
        )
        if not job.done:
            _wait(job, t)
        elif job.error is not None:
            shell.show_error(job.error, t)
        else:
            fits = job.result()
    proposal = next((fit.coordinates for fit in fits if fit.proposed), None)
    if fits:
        st.html(_fits_html(fits, now, t))
    if proposal is not None and proposal.casefold() != str(now).casefold():
        text = t("The points fit {system} clearly best.", system=_system_name(proposal, t))
        st.html(f'<div class="pl-note">{escape(text)}</div>')
        st.button(
            t("Take {system}", system=_system_name(proposal, t)), key=f"take-system-{slot.name}", type="primary",
            on_click=change, args=(folder, {f"{part}.coordinates": proposal}), kwargs={"told": slot.name},
        )  # fmt: skip
    elif fits and proposal is None:
        st.caption(t("The points do not tell by themselves. Ask where the coordinates were taken."))
    options = list(dict.fromkeys([*_SYSTEMS, *(fit.coordinates for fit in fits), str(now)]))
    key = f"system-{slot.name}-{now}"

    def take() -> None:
        change(folder, {f"{part}.coordinates": st.session_state[key]}, told=slot.name)

    st.selectbox(
        t("The coordinates are in"), options, index=options.index(str(now)), format_func=lambda s: _system_name(s, t),
        key=key, on_change=take,
    )  # fmt: skip


def _fit_key(folder: Path, content: dict[str, Any], x: Floats, y: Floats) -> str:
    """Hash what the judgement depends on: the numbers as written, the boundary, the roads."""
    digest = hashlib.sha256(x.tobytes() + y.tobytes())
    for name in (content.get("boundary"), value_of(content, "roads.file")):
        path = folder / str(name)
        stamp = (path.stat().st_size, path.stat().st_mtime_ns) if path.is_file() else None
        digest.update(f"{path}|{stamp}".encode())
    return f"fit-{digest.hexdigest()[:16]}"


def _ground(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Read boundary and roads in degrees, as far as they are there and can be read."""
    found: dict[str, Any] = {}
    named = content.get("boundary")
    if isinstance(named, str) and (folder / named).is_file():
        try:
            read = read_boundary(folder / named)
        except PlanningError:
            pass  # the check tells what is wrong with it
        else:
            found["boundary"] = gpd.GeoSeries([read.county], crs=read.crs).to_crs(4326).iloc[0]
    roads = value_of(content, "roads.file")
    if isinstance(roads, str) and (folder / roads).is_file():
        try:
            lonlat = read_osm_roads(folder / roads, crs=pyproj.CRS.from_epsg(4326), area=found.get("boundary")).roads
        except PlanningError:
            return found
        found["roads"] = _lines(lonlat)
    return found


def _lines(roads: Any) -> list[shapely.Geometry]:
    places = roads.nodes[["x", "y"]].reindex(roads.refs).to_numpy(dtype=np.float64)
    offsets = np.asarray(roads.offsets)
    return [shapely.linestrings(places[a:b]) for a, b in itertools.pairwise(offsets) if b - a > 1]


def _wait(job: Job, t: Translator) -> None:
    @st.fragment(run_every=0.5)
    def waiting() -> None:
        if job.done:
            st.rerun()
        st.caption(t("The points are held against boundary and roads…"))

    waiting()


def _fits_html(fits: list[Fit], now: str, t: Translator) -> str:
    rows, tones = [], []
    for fit in fits:
        mark = t("in use") if fit.coordinates.casefold() == str(now).casefold() else ""
        rows.append(
            [
                _system_name(fit.coordinates, t),
                t.percent(fit.inside) if np.isfinite(fit.inside) else "–",
                t("{n} m", n=t.number(fit.road_m)) if np.isfinite(fit.road_m) else "–",
                mark,
            ]
        )
        tones.append(["good" if fit.proposed else ""] * 4)
    heads = [t("System"), t("In the county"), t("To the nearest road (median)"), ""]
    return tables.table_html(heads, rows, numbers=(1, 2), tones=tones)


def _system_name(coordinates: str, t: Translator) -> str:
    names = {
        "wgs84": t("WGS-84 / CGCS2000 degrees (GPS, Tianditu)"),
        "gcj02": t("GCJ-02 (AMap, Tencent)"),
        "bd09": t("BD-09 (Baidu)"),
    }
    if coordinates.casefold() in names:
        return names[coordinates.casefold()]
    try:
        system = pyproj.CRS.from_user_input(coordinates)
    except pyproj.exceptions.CRSError:
        return coordinates
    return f"{coordinates} · {system.name}"
