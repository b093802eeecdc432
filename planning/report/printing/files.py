"""Printed files of a finished run: read the run, print, and put the file into place all at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import get_args

from planning.errors import ConfigError, SourceError, SourceMissingError, Tell, msg
from planning.i18n import Language
from planning.report.printing.hearing import hearing_of_answer, print_hearing
from planning.report.printing.report import Format, print_report
from planning.scenario.result import RunResult
from planning.scenario.saved import load_run

__all__ = ["write_hearing", "write_report"]


def write_report(
    run: Path,
    out: Path | None = None,
    *,
    format: Format | None = None,  # noqa: A002 - the word of the command line
    language: Language | None = None,
    map_number: str = "",
    tell: Tell | None = None,
) -> Path:
    """
    Print the report of a finished run into a file.

    Parameters
    ----------
    run : pathlib.Path
        Folder of the results.
    out : pathlib.Path, optional
        The file; ``report.pdf`` or ``report.docx`` among the results by default. One that is there is replaced.
    format : str, optional
        ``pdf`` or ``docx``; by default what the name of ``out`` ends with, else ``pdf``.
    language : str, optional
        ``zh`` or ``en``; that of the project by default.
    map_number : str
        Number of the map review.
    tell : callable, optional
        Is told how far the work is.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    SourceMissingError
        If the folder holds no finished run.
    ConfigError
        If the name of ``out`` does not go with the format.
    SourceError
        If the file cannot be written.
    FontError
        If no font of this machine has Chinese.
    """
    target, kind = _target(run, out, format, name="report")
    result = _read(run)
    data = print_report(result, format=kind, language=language, map_number=map_number, tell=tell)
    return _put(data, target)


def write_hearing(
    run: Path,
    out: Path | None = None,
    *,
    question: str,
    villages: Collection[str] = (),
    format: Format | None = None,  # noqa: A002 - the word of the command line
    language: Language | None = None,
    map_number: str = "",
    tell: Tell | None = None,
) -> Path:
    """
    Print the hearing sheets of a proposal into a file.

    Parameters
    ----------
    run : pathlib.Path
        Folder of the results.
    out : pathlib.Path, optional
        The file; ``hearing.pdf`` or ``hearing.docx`` among the results by default. One that is there is replaced.
    question : str
        Name of the question.
    villages : collection of str
        Names of villages; by default all for which something changes.
    format : str, optional
        ``pdf`` or ``docx``; by default what the name of ``out`` ends with, else ``pdf``.
    language : str, optional
        ``zh`` or ``en``; that of the project by default.
    map_number : str
        Number of the map review.
    tell : callable, optional
        Is told how far the work is.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    SourceMissingError
        If the folder holds no finished run.
    ConfigError
        If the question or a village is not known, or the name of ``out`` does not go with the format.
    SourceError
        If the file cannot be written.
    FontError
        If no font of this machine has Chinese.
    """
    target, kind = _target(run, out, format, name="hearing")
    hearing = hearing_of_answer(_read(run), question)
    data = print_hearing(
        hearing, villages=villages, format=kind, language=language, map_number=map_number, tell=tell
    )  # fmt: skip
    return _put(data, target)


def _read(run: Path) -> RunResult:
    state = run / "state" if (run / "state").is_dir() else run
    if not (state / "run.json").is_file() or not (state / "cells.parquet").is_file():
        raise SourceMissingError(
            msg(
                "{folder}: holds no finished run. Name the folder that python -m planning run or demo wrote.",
                folder=str(run),
            )
        )
    return load_run(state)


def _target(run: Path, out: Path | None, wanted: Format | None, *, name: str) -> tuple[Path, Format]:
    """Settle file and format; a name that says another format is refused."""
    formats: tuple[Format, ...] = get_args(Format)
    if out is None:
        kind = wanted or "pdf"
        return run / f"{name}.{kind}", kind
    named = next((kind for kind in formats if out.suffix.lower() == f".{kind}"), None)
    if named is None or (wanted is not None and named != wanted) or out.is_dir():
        raise ConfigError(
            msg("--out {file}: must be the name of a {kinds} file.", file=str(out), kinds=" / ".join(f".{kind}" for kind in ([wanted] if wanted else formats)))
        )  # fmt: skip
    return out, named


def _put(data: bytes, target: Path) -> Path:
    """Write beside the place and rename, so that a file is whole or not there."""
    draft = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as file:
            draft = file.name
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(draft).chmod(0o666 & ~mask)
        Path(draft).replace(target)
    except OSError as error:
        if draft:
            Path(draft).unlink(missing_ok=True)
        raise SourceError(
            msg(
                "{file}: cannot be written ({problem}). Name another place.",
                file=str(target),
                problem=error.strerror or str(error),
            )
        ) from error
    return target
