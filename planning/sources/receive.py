"""Files that people send: each passes the gate, and is stored whole under a harmless name or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from planning.errors import Message, Names, PlanningError, SourceError, msg
from planning.sources.gate import FileKind, Wanted, check_file
from planning.sources.osm_stream import open_osm
from planning.sources.raster_files import crs_of, open_raster

__all__ = ["harmless_name", "look_at", "receive"]

MAX_FILES = 12
_NAME_BYTES = 120
#: Names that Windows keeps for itself.
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def harmless_name(name: str) -> str:
    """
    Make a name that can do nothing but name a file of one folder.

    Parameters
    ----------
    name : str
        What the sender's program called it, perhaps with a path.

    Returns
    -------
    str
        Its last part, of letters, digits, dot, dash and underscore; the extension stays.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = re.sub(r"[^\w.\-]+", "_", last).strip("._-")
    suffixes = "".join(PurePosixPath(plain).suffixes[-2:])[-20:]
    stem = plain[: len(plain) - len(suffixes)] or "file"
    while len(stem.encode()) > _NAME_BYTES:
        stem = stem[:-1]
    return f"{stem}_{suffixes}" if _RESERVED.fullmatch(stem) else stem + suffixes


def receive(files: Sequence[tuple[str, BinaryIO]], folder: Path, wanted: Wanted) -> Path:
    """
    Store what was sent as one source: one file, or the parts of one shapefile.

    Parameters
    ----------
    files : sequence of (str, binary file)
        Name and content of each.
    folder : pathlib.Path
        Where they go; it must not be there yet, and is there afterwards only if all is well.
    wanted : str
        What they are to be used as: table, vector, raster or osm.

    Returns
    -------
    pathlib.Path
        The file that stands for the source.

    Raises
    ------
    PlanningError
        If there is none, one too many, or the gate refuses it; nothing is stored then.
    """
    if not files:
        raise SourceError(msg("No file was chosen."))
    names = [harmless_name(name) for name, _ in files]
    stands_for = _main_of(names)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".received-", dir=folder.parent))
    except OSError as error:
        raise _not_stored(stands_for, error) from error
    try:
        for name, (_, content) in zip(names, files, strict=True):
            content.seek(0)
            with (draft / name).open("wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
        look_at(draft / stands_for, wanted)
        draft.chmod(0o755)
        draft.rename(folder)
    except PlanningError:
        raise
    except OSError as error:
        raise _not_stored(stands_for, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder / stands_for


def look_at(path: Path, wanted: Wanted) -> FileKind:
    """
    Check a file as far as its kind allows without reading all of it.

    Parameters
    ----------
    path : pathlib.Path
        A file of this machine.
    wanted : str
        What it is to be used as.

    Returns
    -------
    str
        Its kind.

    Raises
    ------
    PlanningError
        If it is not what it should be.
    """
    kind = check_file(path, wanted)
    if wanted == "osm":
        open_osm(path)
    elif wanted == "raster":
        with open_raster(path) as raster:
            crs_of(raster, path.name)
    return kind


def _main_of(names: Sequence[str]) -> str:
    """Find the file that stands for all: the only one, or the .shp among the parts of a shapefile."""
    if len(names) == 1:
        return names[0]
    shapes = [name for name in names if name.lower().endswith(".shp")]
    stems = {name.split(".")[0] for name in names}
    if len(shapes) != 1 or len(stems) != 1 or len(names) > MAX_FILES or len(set(names)) < len(names):
        raise SourceError(
            msg("Several files were chosen: {names}. Choose one, or the parts of one shapefile.", names=Names(names))
        )
    return shapes[0]


def _not_stored(name: str, error: OSError) -> SourceError:
    problem: Message | str = error.strerror or str(error)
    return SourceError(msg("{file}: cannot be stored ({problem}).", file=name, problem=problem))
