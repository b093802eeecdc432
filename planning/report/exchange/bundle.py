"""
A project as one zip: what it reads, its scenarios, what people answered, and the hashes of a run's tables.

Opened elsewhere it gives every number again; a file that was changed on the way is refused.
"""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from planning.config import Project, load_project, read_yaml
from planning.errors import ConfigError, Message, Names, SourceError, SourceMissingError, msg
from planning.scenario.document import (
    Document,
    document_from_data,
    document_from_yaml,
    document_to_data,
    document_to_yaml,
)
from planning.scenario.result import versions
from planning.sources.gate import MAX_UNPACKED_BYTES, MAX_ZIP_ENTRIES, check_zip
from planning.standards import load_pack
from planning.store.folder import write_whole
from planning.store.gate_answers import answers_file
from planning.store.projects import PROJECT_FILE
from planning.store.scenarios import ScenarioStore, store_file

__all__ = ["Packed", "Unpacked", "pack_project", "table_hashes", "unpack_project"]

MANIFEST = "manifest.json"
_FORMAT = 1
_SCENARIOS, _RUN, _FILES, _ANSWERS, _STANDARDS = "scenarios", "run", "files", "closure_answers.json", "standards.json"
#: Parts of a shapefile that go where the .shp goes.
_SIDECARS = (".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".qix")
#: The same moment in every zip, so that the same project gives the same bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Packed:
    """
    What went into a zip.

    Parameters
    ----------
    files : tuple of str
        Names in the zip.
    scenarios : tuple of str
        Names of the scenarios.
    tables : int
        Tables of a run that are there with their hashes.
    """

    files: tuple[str, ...]
    scenarios: tuple[str, ...]
    tables: int


@dataclass(frozen=True)
class Unpacked:
    """
    What came out of a zip.

    Parameters
    ----------
    project : pathlib.Path
        The project file.
    scenarios : tuple of str
        Names of the scenarios, which stand in the project's store now.
    tables : Mapping
        Hash of each table of the run that was packed, by file name; empty where none was.
    notices : tuple of Message
        What may keep numbers from being the same.
    """

    project: Path
    scenarios: tuple[str, ...]
    tables: Mapping[str, str]
    notices: tuple[Message, ...] = ()


def table_hashes(run: Path) -> dict[str, str]:
    """
    Hash the tables of a finished run.

    Parameters
    ----------
    run : pathlib.Path
        Folder of the run.

    Returns
    -------
    dict of str to str
        SHA-256 by file name, of every ``.csv``; times of the run stand in none of them.
    """
    return {file.name: _sha256(file.read_bytes()) for file in sorted(run.glob("*.csv"))}


def pack_project(project_file: Path, out: Path, *, run: Path | None = None, scenarios: Path | None = None) -> Packed:
    """
    Put a project into one zip.

    Parameters
    ----------
    project_file : pathlib.Path
        The project file, or the folder that holds a ``project.yaml``.
    out : pathlib.Path
        The ``.zip``; it appears whole or not at all.
    run : pathlib.Path, optional
        Folder of a finished run whose tables go along; ``runs/NAME`` beside the project otherwise, where it is there.
    scenarios : pathlib.Path, optional
        Store of the scenarios; that of the project otherwise.

    Returns
    -------
    Packed
        What is in it.

    Raises
    ------
    SourceMissingError
        If a file that the project names is not there.
    SourceError
        If there are more files, or more bytes, than a zip may have to be opened again.
    """
    file = project_file / PROJECT_FILE if project_file.is_dir() else project_file
    project = load_project(file)
    contents = _project_files(file, project)
    found = _scenarios(scenarios or store_file(file))
    for number, scenario in enumerate(found, start=1):
        contents[f"{_SCENARIOS}/{number:03}.yaml"] = document_to_yaml(scenario).encode()
    answers = answers_file(file)
    if answers.is_file():
        contents[_ANSWERS] = answers.read_bytes()
    contents[_STANDARDS] = _standards(project).encode()
    finished = run or file.resolve().parent / "runs" / file.stem
    tables = table_hashes(finished) if (finished / "run.json").is_file() else {}
    for name in tables:
        contents[f"{_RUN}/{name}"] = (finished / name).read_bytes()
    document = {
        "format": _FORMAT,
        "name": project.name,
        "versions": versions(),
        "sha256": {name: _sha256(data) for name, data in contents.items()},
        "tables": tables,
    }
    contents[MANIFEST] = (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()
    size = sum(map(len, contents.values()))
    if len(contents) > MAX_ZIP_ENTRIES or size > MAX_UNPACKED_BYTES:
        raise SourceError(
            msg(
                "The project has {n} files of {mb} MB together; a .zip of at most {most} files and {mb_most} MB is opened again. Copy its folder instead.",
                n=len(contents), mb=round(size / 1e6), most=MAX_ZIP_ENTRIES, mb_most=round(MAX_UNPACKED_BYTES / 1e6),
            )
        )  # fmt: skip
    write_whole(out, lambda draft: _write_zip(draft, contents))
    return Packed(tuple(contents), tuple(one.name for one in found), len(tables))


def _write_zip(path: Path, contents: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(zipfile.ZipInfo(name, _MOMENT), data, zipfile.ZIP_DEFLATED)


def _project_files(file: Path, project: Project) -> dict[str, bytes]:
    """Collect the project file and what it names; what lies elsewhere gets a place of its own, and is named there."""
    folder = file.resolve().parent
    content = copy.deepcopy(dict(read_yaml(file)))
    contents: dict[str, bytes] = {}
    moved = False
    for key, name in project.files():
        path = project.path(name)
        if not path.is_file():
            raise SourceMissingError(msg("{file}: there is no such file.", file=name))
        inside = path.is_relative_to(folder) and not Path(name).is_absolute() and ".." not in Path(name).parts
        place = PurePosixPath(Path(name).as_posix()) if inside else PurePosixPath(_FILES, key, path.name)
        if not inside:
            _name(content, key.split("."), place.as_posix())
            moved = True
        for part in _with_sidecars(path):
            contents[place.with_name(part.name).as_posix()] = part.read_bytes()
    text = (
        yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120).encode() if moved else file.read_bytes()
    )
    return {PROJECT_FILE: text, **contents}


def _with_sidecars(path: Path) -> Iterator[Path]:
    yield path
    if path.suffix.lower() == ".shp":
        yield from (
            other
            for other in sorted(path.parent.iterdir())
            if other.stem == path.stem and other.suffix.lower() in _SIDECARS
        )


def _name(content: Any, keys: list[str], value: str) -> None:
    """Write the new place of a file into the project's settings."""
    inner = content
    for key in keys[:-1]:
        inner = inner[int(key)] if isinstance(inner, list) else inner[key]
    last: Any = int(keys[-1]) if isinstance(inner, list) else keys[-1]
    inner[last] = value


def _scenarios(store: Path) -> list[Document]:
    """Read the scenarios of a store, by name; none where nobody has made one."""
    if not store.is_file():
        return []
    return [
        replace(document_from_data(one.data, where=one.name), name=one.name, comment=one.comment, parent=one.parent)
        for one in ScenarioStore(store).scenarios()
    ]


def _standards(project: Project) -> str:
    """Write the rules that the project is measured by, as they are in force in this version."""
    pack = load_pack(project.standards, folder=project.folder)
    return json.dumps(pack.model_dump(mode="json"), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def unpack_project(archive: Path, folder: Path) -> Unpacked:
    """
    Open a zip that :func:`pack_project` made.

    Parameters
    ----------
    archive : pathlib.Path
        The ``.zip``.
    folder : pathlib.Path
        Folder that is not there yet, or is empty; it appears whole or not at all.

    Returns
    -------
    Unpacked
        The project; its scenarios stand in its store.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is no project, was changed since it was packed, breaks the rules for zips, or the folder holds something.
    ConfigError
        If its project file or a scenario cannot be used.
    """
    if not archive.is_file():
        raise SourceMissingError(msg("{file}: there is no such file.", file=str(archive)))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(msg("{folder}: is not empty. Name another folder.", folder=str(folder)))
    contents, document = _read(archive)
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.absolute().parent))
    try:
        for name, data in contents.items():
            _write(draft / name, data, archive.name, name)
        project = _checked_project(draft, contents, archive.name)
        scenarios = [
            document_from_yaml(data, where=name) for name, data in contents.items() if name.startswith(f"{_SCENARIOS}/")
        ]
        notices = _differences(project, contents, document)
        if folder.is_dir():
            folder.rmdir()
        draft.chmod(0o755)
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    file = folder / PROJECT_FILE
    with ExitStack() as undo:  # a project without its scenarios would be half of what was packed
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        _keep(file, scenarios)
        undo.pop_all()
    return Unpacked(file, tuple(one.name for one in scenarios), document["tables"], tuple(notices))


def _write(target: Path, data: bytes, archive: str, name: str) -> None:
    """Write a file that is not there yet: names that one machine keeps apart may be one and the same on another."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(data)
    except OSError as error:
        raise SourceError(
            msg(
                "{file}: {name} cannot be written here ({reason}). Give it another name in the project and pack it again.",
                file=archive,
                name=name,
                reason=error.strerror or str(error),
            )
        ) from error


def _read(archive: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read a zip whole, and compare every file with the hash that was packed."""
    name = archive.name
    entries = check_zip(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            contents = {entry.filename: opened.read(entry) for entry in entries}
        if len(contents) < len(entries):
            raise ValueError("a name twice")
        document = json.loads(contents.pop(MANIFEST))
        hashes, tables = document["sha256"], document["tables"]
        mappings = (hashes, tables, document.get("versions", {}))
        if document["format"] != _FORMAT or not all(isinstance(part, dict) for part in mappings):
            raise ValueError(document["format"])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise SourceError(
            msg("{file}: the .zip is broken or incomplete. Pack or download it again.", file=name)
        ) from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SourceError(
            msg("{file}: this is no project that was packed here. Choose another file.", file=name)
        ) from error
    changed = sorted(
        key for key in {*contents, *hashes} if key not in contents or _sha256(contents[key]) != hashes.get(key)
    )
    if changed:
        raise SourceError(
            msg(
                "{file}: was changed since it was packed: {names}. Pack it again.",
                file=name,
                names=Names(changed[:10]),
            )
        )
    return contents, document


def _checked_project(folder: Path, contents: Mapping[str, bytes], archive: str) -> Project:
    """Read the project; every file that it names must be in the zip itself."""
    project = load_project(folder / PROJECT_FILE)
    outside = [name for _, name in project.files() if PurePosixPath(name).as_posix() not in contents]
    if outside:
        raise ConfigError(
            msg("{file}: its project names {names}, which is not in the .zip.", file=archive, names=Names(outside))
        )
    return project


def _differences(project: Project, contents: Mapping[str, bytes], document: Mapping[str, Any]) -> Iterator[Message]:
    here = versions()
    packed = document.get("versions", {})
    other = [f"{name} {packed[name]} → {here[name]}" for name in here if packed.get(name, here[name]) != here[name]]
    if other:
        yield msg("Packed with other versions, so that numbers may differ: {names}.", names=Names(other))
    if contents.get(_STANDARDS, b"") != _standards(project).encode():
        yield msg("The standards of this version differ from those it was packed with; numbers may differ.")


def _keep(file: Path, scenarios: list[Document]) -> None:
    """Put the scenarios into the project's store, and the answers where they are looked for."""
    answers = answers_file(file)
    packed = file.parent / _ANSWERS
    if packed.is_file() and answers != packed:
        answers.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packed, answers)
    if not scenarios:
        return
    store = ScenarioStore(store_file(file))
    by = f"zip {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}"
    for one in scenarios:
        store.create(
            document_to_data(one), name=one.name, comment=one.comment, parent=one.parent, by=by, counter=_numbers(one)
        )


def _numbers(document: Document) -> int:
    """Give the greatest number that a new school of the scenario has, so that the next gets another one."""
    codes = [str(getattr(entry.edit, "site_id", "")) for entry in document.entries]
    return max((int(code[4:]) for code in codes if code.startswith("new-") and code[4:].isdecimal()), default=0)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
