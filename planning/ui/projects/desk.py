"""What the projects page remembers of a session, and what its buttons do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import streamlit as st

from planning.config import read_yaml
from planning.errors import Message, PlanningError, SourceError, msg
from planning.sources.receive import look_at, receive
from planning.store.projects import (
    PROJECT_FILE,
    change_draft,
    copy_project,
    create_project,
    home_folder,
    new_version,
    read_draft,
    trash_project,
)
from planning.ui import state
from planning.ui.projects.slots import SLOTS, Slot, files_of, files_on_server
from planning.ui.projects.steps import go_to_step
from planning.ui.workspace import Source

__all__ = [
    "Desk", "allowed_folders", "change", "check_key",  "copy_to", "create", "desk", "draft", "is_own",
    "name_server_file", "open_folder", "open_started", "take_packed", "take_upload", "throw_away", "use_version",
]  # fmt: skip

_KEY = "projects-desk"


@dataclass
class Desk:
    """What was told about which source, and how often each uploader was emptied."""

    told: dict[str, PlanningError | Message] = field(default_factory=dict)
    uploads: dict[str, int] = field(default_factory=dict)


def desk() -> Desk:
    """Give the session's desk, made at its first use."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Desk()
    return cast("Desk", st.session_state[_KEY])


def is_own(source: Source) -> bool:
    """Say whether a project stands in the workspace folder, so that it may be changed here."""
    return source.run is None and source.project.name == PROJECT_FILE and source.project.parent.parent == home_folder()


def draft(file: Path) -> dict[str, Any]:
    """Read a project file, half made or whole."""
    return dict(read_yaml(file))


def allowed_folders() -> list[Path]:
    """Give the folders of this machine whose files may be named: ``PLANNING_FOLDERS``, none by default."""
    named = [part for part in os.environ.get("PLANNING_FOLDERS", "").split(os.pathsep) if part]
    return [folder for folder in (Path(part).expanduser().resolve() for part in named) if folder.is_dir()]


def open_folder(file: Path, view: str = "list") -> None:
    """Open a project."""
    state.open_source(Source(file))
    here = desk()
    here.told.clear()
    go_to_step(view)


def open_started() -> None:
    """Open what the app was started with."""
    state.open_source(None)
    desk().told.clear()
    go_to_step("list")


def create(name: str, language: str) -> None:
    """Make a project and open it at its sources."""
    here = desk()
    here.told.clear()
    try:
        folder = create_project(home_folder(), name, language=language)
    except PlanningError as error:
        here.told["list"] = error
        return
    open_folder(folder / PROJECT_FILE, "sources")


def copy_to(source: Path, name: str) -> None:
    """Copy a project and open the copy."""
    here = desk()
    here.told.clear()
    try:
        folder = copy_project(source, home_folder(), name)
    except PlanningError as error:
        here.told["list"] = error
        return
    open_folder(folder / PROJECT_FILE, "sources")


def take_packed(widget: str) -> None:
    """Open a packed project that was put into the uploader: whole, or not at all."""
    from planning.ui.exchange import open_packed

    here = desk()
    sent = st.session_state.get(widget)
    if not sent:
        return
    here.told.clear()
    here.uploads["zip"] = here.uploads.get("zip", 0) + 1
    try:
        file = open_packed(sent.name, sent.getvalue())
    except PlanningError as error:
        here.told["list"] = error
        return
    open_folder(file)
    here.told["list"] = msg("{name} was opened from its file, with its scenarios.", name=Path(sent.name).stem)


def throw_away(folder: Path) -> None:
    """Move a project to the trash; the one that is open is closed first."""
    here = desk()
    here.told.clear()
    try:
        where = trash_project(folder)
    except PlanningError as error:
        here.told["list"] = error
        return
    here.told["list"] = msg("The project was moved to {folder}; nothing was erased.", folder=str(where))
    if state.session().source.project.parent == folder:
        state.open_source(None)


def change(folder: Path, changes: Mapping[str, object], *, told: str) -> None:
    """Change the project file, and open the project anew wherever it is looked at."""
    try:
        change_draft(folder, changes)
    except PlanningError as error:
        desk().told[told] = error
        return
    _changed(folder)


def take_upload(folder: Path, slot: Slot, widget: str) -> None:
    """Take what was put into an uploader: through the gate, whole or not at all."""
    here = desk()
    sent = st.session_state.get(widget)
    if not sent:
        return
    files = cast("Sequence[Any]", sent if isinstance(sent, list) else [sent])
    here.uploads[slot.name] = here.uploads.get(slot.name, 0) + 1
    here.told.pop(slot.name, None)
    try:
        stored = receive(
            [(file.name, cast("BinaryIO", file)) for file in files], new_version(folder, slot.name), slot.wanted
        )
        _name(folder, slot, stored.relative_to(folder).as_posix())
    except PlanningError as error:
        here.told[slot.name] = error


def name_server_file(folder: Path, slot: Slot, widget: str) -> None:
    """Name a file of an allowed folder; it stays where it is."""
    here = desk()
    chosen = st.session_state.get(widget)
    here.told.pop(slot.name, None)
    if chosen is None:
        return
    try:
        # What a browser sends is only text: it must be one of the files that were offered.
        if chosen not in files_on_server(allowed_folders(), slot):
            raise SourceError(msg("{file}: is not in a folder that may be used.", file=str(chosen)))
        look_at(chosen, slot.wanted)
        _name(folder, slot, chosen.as_posix())
    except PlanningError as error:
        here.told[slot.name] = error


def use_version(folder: Path, slot: Slot, name: str | None) -> None:
    """Name an earlier version again, or nothing."""
    desk().told.pop(slot.name, None)
    try:
        if name is None:
            change_draft(folder, {slot.key: None})
            _changed(folder)
        else:
            _name(folder, slot, name)
    except PlanningError as error:
        desk().told[slot.name] = error


def check_key(file: Path) -> str:
    """Hash what a check depends on: the project file, and size and time of every file it names."""
    content = draft(file)
    parts: list[object] = [str(file), content]
    for slot in SLOTS:
        for name in files_of(content, slot):
            path = file.parent / name
            parts.append([name, path.stat().st_size, path.stat().st_mtime_ns] if path.is_file() else [name])
    return "check-" + hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:16]


def _name(folder: Path, slot: Slot, name: str) -> None:
    """Write the name of a source into the project file."""
    content = read_draft(folder)
    value: object = name
    if slot.several:
        value = [*dict.fromkeys([*files_of(content, slot), name])]
    changes: dict[str, object] = {slot.key: value}
    before = files_of(content, slot)
    if slot.subject and [Path(old).name for old in before] != [Path(name).name]:
        # Another table has other headings and perhaps another reference system.
        part = slot.key.split(".")[0]
        changes |= {f"{part}.{setting}": None for setting in ("mapping", "coordinates", "sheet")}
    if slot.name == "roads":
        changes["roads.overpass"] = None
    change_draft(folder, changes)
    _changed(folder)


def _changed(folder: Path) -> None:
    here = state.session()
    if here.source.project.parent == folder:
        state.open_source(here.source)
