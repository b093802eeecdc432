"""Projects on this machine: folders with a project file that may be half made; no version of anything is ever lost."""

from __future__ import annotations

import copy
import datetime as dt
import os
import re
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from planning.config import read_yaml
from planning.errors import PlanningError, SourceError, SourceMissingError, msg
from planning.store.folder import write_whole

__all__ = [
    "PROJECT_FILE",
    "ProjectEntry",
    "change_draft",
    "copy_project",
    "create_project",
    "home_folder",
    "list_projects",
    "missing_of",
    "new_folder",
    "new_version",
    "project_folder",
    "read_draft",
    "trash_project",
    "versions_of",
]

PROJECT_FILE = "project.yaml"
_HISTORY, _SOURCES, _TRASH = "history", "sources", ".trash"
_NAME_LENGTH = 60
_PLAIN_NAME = re.compile(r"\w[\w.\-]*")
#: What a project must name, in the order in which it is best named.
_REQUIRED = ("name", "roads", "population", "schools", "stages")
#: Where no census says better: shares of all people, rounded from the national figures that the demo county was made with.
_FIRST_STAGES = {"primary": {"ages": [6, 11], "share": 0.078}, "junior": {"ages": [12, 14], "share": 0.039}}
_CHANGING = threading.Lock()


@dataclass(frozen=True)
class ProjectEntry:
    """
    One project of a workspace folder.

    Parameters
    ----------
    folder : pathlib.Path
        Its folder.
    name : str
        Name of the county.
    changed : datetime.datetime
        When its project file was last written.
    missing : tuple of str
        What it must still name; empty where it can be read.
    broken : PlanningError or None
        Why its project file cannot be read.
    """

    folder: Path
    name: str
    changed: dt.datetime
    missing: tuple[str, ...] = ()
    broken: PlanningError | None = None


def home_folder() -> Path:
    """
    Give the folder that projects stand in: ``PLANNING_HOME``, else one among the user's own data.

    Returns
    -------
    pathlib.Path
        The folder; it may not be there yet.
    """
    named = os.environ.get("PLANNING_HOME")
    if named:
        return Path(named).expanduser().resolve()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "school-layout-planner" / "projects"


def project_folder(home: Path, name: str) -> Path | None:
    """
    Find a project by the name of its folder, as an address carries it.

    Parameters
    ----------
    home : pathlib.Path
        Workspace folder.
    name : str
        Name of a folder right in it.

    Returns
    -------
    pathlib.Path or None
        The folder, which may be gone; None where the name is no plain name.
    """
    return home / name if _PLAIN_NAME.fullmatch(name) and not name.endswith(".") else None


def list_projects(home: Path) -> list[ProjectEntry]:
    """
    List the projects of a workspace folder, the one that was changed last first.

    Parameters
    ----------
    home : pathlib.Path
        Workspace folder.

    Returns
    -------
    list of ProjectEntry
        Whole ones, half-made ones and broken ones.
    """
    if not home.is_dir():
        return []
    found = []
    for folder in home.iterdir():
        file = folder / PROJECT_FILE
        if folder.name.startswith(".") or not _PLAIN_NAME.fullmatch(folder.name) or not file.is_file():
            continue
        changed = dt.datetime.fromtimestamp(file.stat().st_mtime).astimezone()
        try:
            content = read_draft(folder)
        except PlanningError as error:
            found.append(ProjectEntry(folder, folder.name, changed, broken=error))
        else:
            found.append(ProjectEntry(folder, str(content.get("name") or folder.name), changed, missing_of(content)))
    return sorted(found, key=lambda entry: (-entry.changed.timestamp(), entry.folder.name))


def create_project(home: Path, name: str, *, language: str = "zh") -> Path:
    """
    Make a project that names nothing yet.

    Parameters
    ----------
    home : pathlib.Path
        Workspace folder; made where it is not there.
    name : str
        Name of the county.
    language : str
        Language of its report and tables.

    Returns
    -------
    pathlib.Path
        Its folder.

    Raises
    ------
    SourceError
        If the name is empty or too long, or the folder cannot be written.
    """
    folder = new_folder(home, _checked(name))
    change_draft(folder, {"name": name.strip(), "language": language, "stages": copy.deepcopy(_FIRST_STAGES)})
    return folder


def copy_project(source: Path, home: Path, name: str) -> Path:
    """
    Copy a project with every file in its folder, results and earlier versions left out.

    Parameters
    ----------
    source : pathlib.Path
        A project's folder.
    home : pathlib.Path
        Workspace folder; made where it is not there.
    name : str
        Name of the copy.

    Returns
    -------
    pathlib.Path
        The copy's folder; it appears whole or not at all.

    Raises
    ------
    SourceError
        If the name cannot be used or the folder cannot be written.
    """
    _checked(name)
    folder = new_folder(home, name)
    draft = home / f".copy-{folder.name}"
    folder.rmdir()
    try:
        shutil.copytree(source, draft, ignore=shutil.ignore_patterns(_HISTORY, "runs", ".*", "*.py", "__pycache__"))
        change_draft(draft, {"name": name.strip()})
        draft.rename(folder)
    except OSError as error:
        raise _not_written(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def trash_project(folder: Path) -> Path:
    """
    Move a project out of the list; nothing is erased.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder.

    Returns
    -------
    pathlib.Path
        Where it is now: in ``.trash`` beside it.

    Raises
    ------
    SourceError
        If it cannot be moved.
    """
    stamp = dt.datetime.now(tz=dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
    target = folder.parent / _TRASH / f"{stamp}-{folder.name}"
    try:
        target.parent.mkdir(exist_ok=True)
        folder.rename(target)
    except OSError as error:
        raise _not_written(folder, error) from error
    return target


def read_draft(folder: Path) -> dict[str, Any]:
    """
    Read a project file that may be half made.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder.

    Returns
    -------
    dict
        What it says, as it stands.

    Raises
    ------
    SourceMissingError
        If there is none.
    ConfigError
        If it is no YAML.
    """
    return dict(read_yaml(folder / PROJECT_FILE))


def missing_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """
    Say what a project must still name before it can be opened.

    Parameters
    ----------
    content : Mapping
        The project file as it stands.

    Returns
    -------
    tuple of str
        Of name, roads, population, schools and stages.
    """
    return tuple(key for key in _REQUIRED if not _named(content, key))


def change_draft(folder: Path, changes: Mapping[str, object]) -> dict[str, Any]:
    """
    Change a project file; the one before is kept in ``history``.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder.
    changes : Mapping
        Key with its path, such as ``roads.file``, → value; None takes the key out.

    Returns
    -------
    dict
        What the file says now.

    Raises
    ------
    PlanningError
        If the file there cannot be read or written.
    """
    file = folder / PROJECT_FILE
    with _CHANGING:
        before = read_draft(folder) if file.exists() else {}
        after = copy.deepcopy(before)
        for key, value in changes.items():
            _put(after, key.split("."), value)
        if after == before:
            return after
        try:
            if file.exists():
                history = folder / _HISTORY
                history.mkdir(exist_ok=True)
                number = 1 + max((int(old.stem) for old in history.glob("*.yaml") if old.stem.isdigit()), default=0)
                shutil.copyfile(file, history / f"{number:04}.yaml")
            text = yaml.safe_dump(after, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
            write_whole(file, lambda draft: draft.write_text(text, "utf-8"))
        except OSError as error:
            raise _not_written(file, error) from error
    return after


def new_version(folder: Path, slot: str) -> Path:
    """
    Give a new folder for the next version of a source; the versions before stay where they are.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder.
    slot : str
        Which source: a plain name such as ``schools``.

    Returns
    -------
    pathlib.Path
        Path of a folder that is not there yet.
    """
    numbers = [int(old.name) for old in (folder / _SOURCES / slot).glob("*") if old.name.isdigit()]
    return folder / _SOURCES / slot / str(1 + max(numbers, default=0))


def versions_of(folder: Path, slot: str) -> list[Path]:
    """
    List the versions of a source, the newest first.

    Parameters
    ----------
    folder : pathlib.Path
        The project's folder.
    slot : str
        Which source.

    Returns
    -------
    list of pathlib.Path
        Their folders.
    """
    found = [old for old in (folder / _SOURCES / slot).glob("*") if old.name.isdigit() and old.is_dir()]
    return sorted(found, key=lambda old: -int(old.name))


def _named(content: Mapping[str, Any], key: str) -> bool:
    """Say whether a part of the project file names a source of its own."""
    part = content.get(key)
    if not isinstance(part, Mapping):
        return bool(part)
    needed = {"roads": ("file", "overpass"), "population": ("file", "villages"), "schools": ("file",)}.get(key)
    return bool(part) if needed is None else any(part.get(inner) for inner in needed)


def _put(content: dict[str, Any], path: list[str], value: object) -> None:
    """Set one key, or take it out together with what is then empty around it."""
    key, *rest = path
    if rest:
        part = content.get(key)
        inner = dict(part) if isinstance(part, dict) else {}
        _put(inner, rest, value)
        value = inner or None
    if value is None:
        content.pop(key, None)
    else:
        content[key] = value


def _checked(name: str) -> str:
    if not name.strip():
        raise SourceError(msg("Give the project a name, such as that of the county."))
    if len(name.strip()) > 80:
        raise SourceError(msg("The name is too long: at most {most} characters.", most=80))
    return name.strip()


def new_folder(home: Path, name: str) -> Path:
    """
    Make a folder whose name is made of letters and digits of the project's own.

    Parameters
    ----------
    home : pathlib.Path
        Workspace folder; made where it is not there.
    name : str
        Name of the project.

    Returns
    -------
    pathlib.Path
        The folder, empty; a number is added where another has the name.

    Raises
    ------
    SourceError
        If it cannot be made.
    """
    plain = re.sub(r"\W+", "-", name).strip("-_")[:_NAME_LENGTH] or "project"
    number = 1
    while True:
        folder = home / (plain if number == 1 else f"{plain}-{number}")
        try:
            home.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError as error:
            if not home.is_dir():
                raise _not_written(home, error) from error
            number += 1
        except OSError as error:
            raise _not_written(folder, error) from error
        else:
            return folder


def _not_written(path: Path, error: OSError) -> SourceError:
    kind = SourceMissingError if isinstance(error, FileNotFoundError) else SourceError
    return kind(
        msg(
            "{file}: cannot be written ({problem}). Name another place.",
            file=str(path),
            problem=error.strerror or str(error),
        )
    )
