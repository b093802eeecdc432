"""What people have answered to the conditions of the closure gate: who, when, yes or no; kept beside the project."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from planning.errors import SourceError, msg
from planning.store.folder import read_document, write_document

__all__ = ["GateAnswer", "answers_file", "read_answers", "record_answer"]

_LOCK = threading.Lock()
_NAME = "closure_answers"


@dataclass(frozen=True)
class GateAnswer:
    """
    One answer.

    Parameters
    ----------
    answer : bool
        Yes or no to the condition as it is worded.
    by : str
        Who answers for it.
    on : str
        Date that the answer is of, such as 2026-09-01.
    """

    answer: bool
    by: str = ""
    on: str = ""


def answers_file(project: Path) -> Path:
    """
    Say where the answers of a project are kept.

    Parameters
    ----------
    project : pathlib.Path
        The project file.

    Returns
    -------
    pathlib.Path
        In the folder that ``PLANNING_STORE`` names; else beside the project; else, where that cannot be written, among
        the user's own data.
    """
    project = project.resolve()
    mark = hashlib.sha256(str(project).encode()).hexdigest()[:8]
    store = os.environ.get("PLANNING_STORE")
    if store:
        return Path(store) / f"{_NAME}-{mark}.json"
    if os.access(project.parent, os.W_OK):
        return project.parent / f"{_NAME}.json"
    home = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return home / "school-layout-planner" / f"{_NAME}-{mark}.json"


def read_answers(path: Path) -> dict[str, dict[str, GateAnswer]]:
    """
    Read all answers.

    Parameters
    ----------
    path : pathlib.Path
        As :func:`answers_file` gives it.

    Returns
    -------
    dict
        By school and condition; empty where nobody has answered anything yet.

    Raises
    ------
    SourceError
        If the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        return {
            str(code): {str(gate): _checked(answer) for gate, answer in answers.items()}
            for code, answers in read_document(path).items()
        }
    except (AttributeError, TypeError, ValueError) as error:
        raise SourceError(
            msg("{file}: the answers to the closure gate cannot be read. Mend or remove the file.", file=path.name)
        ) from error


def record_answer(path: Path, code: str, gate: str, answer: GateAnswer | None) -> dict[str, dict[str, GateAnswer]]:
    """
    Keep an answer, or take it back; what others have answered meanwhile stays.

    Parameters
    ----------
    path : pathlib.Path
        As :func:`answers_file` gives it; its folder is made where there is none.
    code : str
        The school.
    gate : str
        The condition.
    answer : GateAnswer or None
        None takes it back.

    Returns
    -------
    dict
        All answers as they are now.

    Raises
    ------
    SourceError
        If the file is damaged.
    """
    with _LOCK:
        every = read_answers(path)
        own = dict(every.get(code, {}))
        if answer is None:
            own.pop(gate, None)
        else:
            own[gate] = answer
        every = {key: answers for key, answers in {**every, code: own}.items() if answers}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_document(
            {key: {name: asdict(one) for name, one in answers.items()} for key, answers in every.items()}, path
        )
    return every


def _checked(answer: Mapping[str, object]) -> GateAnswer:
    found = GateAnswer(**answer)  # type: ignore[arg-type]  # checked in the next line
    if not (isinstance(found.answer, bool) and isinstance(found.by, str) and isinstance(found.on, str)):
        raise TypeError(found)
    return found
