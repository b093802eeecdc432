"""What a planner may do to a county, one frozen entry an act, each of which writes itself as plain data and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from planning.errors import ConfigError, msg
from planning.stages import KINDS, STAGES

__all__ = [
    "CloseSchool",
    "Edit",
    "MoveSchool",
    "NewSchool",
    "SetSeats",
    "check_edit",
    "edits_from_data",
    "edits_to_data",
]


@dataclass(frozen=True)
class NewSchool:
    """
    A school that is not there yet.

    Parameters
    ----------
    site_id : str
        Its id; must not be that of another school.
    name : str
        What it is called.
    x, y : float
        Where it stands, in the county's reference system [m].
    stage : str
        Stage the seats are for.
    seats : int or None
        Its seats; None: as many as come.
    kind : str
        Kind of school, such as ``primary`` or ``teaching_point``.
    """

    site_id: str
    name: str
    x: float
    y: float
    stage: str
    seats: int | None
    kind: str


@dataclass(frozen=True)
class MoveSchool:
    """
    A school, there already or new, that goes to another place.

    Parameters
    ----------
    school_id : str
        The school.
    x, y : float
        Its new place, in the county's reference system [m].
    """

    school_id: str
    x: float
    y: float


@dataclass(frozen=True)
class CloseSchool:
    """
    A school that takes no more pupils, of any stage.

    Parameters
    ----------
    school_id : str
        The school.
    """

    school_id: str


@dataclass(frozen=True)
class SetSeats:
    """
    A school whose seats change.

    Parameters
    ----------
    school_id : str
        The school.
    stage : str
        Stage the seats are for.
    seats : int or None
        Its seats from now on; None: as many as come.
    """

    school_id: str
    stage: str
    seats: int | None


Edit = NewSchool | MoveSchool | CloseSchool | SetSeats
_KINDS: Mapping[str, type[Edit]] = {
    "new_school": NewSchool,
    "move_school": MoveSchool,
    "close_school": CloseSchool,
    "set_seats": SetSeats,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def check_edit(edit: Edit) -> Edit:
    """
    Refuse an edit whose values make no sense; whether its school is there is seen where it is applied.

    Parameters
    ----------
    edit : Edit
        The edit.

    Returns
    -------
    Edit
        The same.

    Raises
    ------
    ConfigError
        If its place is no number, its seats are negative or no whole number, or its stage or kind is unknown.
    """
    school_id = edit.site_id if isinstance(edit, NewSchool) else edit.school_id
    if isinstance(edit, NewSchool | MoveSchool) and not (_is_finite(edit.x) and _is_finite(edit.y)):
        raise ConfigError(msg("School {school_id} has no place: {x}, {y}.", school_id=school_id, x=edit.x, y=edit.y))
    if isinstance(edit, NewSchool) and edit.kind not in KINDS:
        raise ConfigError(
            msg(
                "School {school_id}: {kind} is no kind of school. It must be one of {kinds}.",
                school_id=school_id,
                kind=edit.kind,
                kinds=", ".join(KINDS),
            )
        )
    if isinstance(edit, NewSchool | SetSeats):
        if edit.stage not in STAGES:
            raise ConfigError(
                msg(
                    "School {school_id}: {stage} is no stage. It must be one of {stages}.",
                    school_id=school_id,
                    stage=edit.stage,
                    stages=", ".join(STAGES),
                )
            )
        if edit.seats is not None and not (isinstance(edit.seats, int) and edit.seats >= 0):
            raise ConfigError(
                msg(
                    "School {school_id}: seats must be 0 or more, a whole number, or none if unknown (given: {given}).",
                    school_id=school_id,
                    given=edit.seats,
                )
            )
    return edit


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def edits_to_data(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """
    Write edits as plain data, for a file.

    Parameters
    ----------
    edits : sequence of Edit
        In the order in which they were made.

    Returns
    -------
    list of dict
        One entry an edit; ``edit`` names its kind.
    """
    return [{"edit": _NAMES[type(edit)], **asdict(edit)} for edit in edits]


def edits_from_data(entries: Sequence[Mapping[str, Any]]) -> list[Edit]:
    """
    Read edits back.

    Parameters
    ----------
    entries : sequence of Mapping
        As :func:`edits_to_data` wrote them.

    Returns
    -------
    list of Edit
        In the same order.

    Raises
    ------
    ConfigError
        If an entry is of no known kind, lacks or adds a value, or has one that makes no sense.
    """
    edits: list[Edit] = []
    for number, entry in enumerate(entries, start=1):
        values = dict(entry)
        kind = _KINDS.get(str(values.pop("edit", None)))
        try:
            if kind is None:
                raise TypeError
            edits.append(check_edit(kind(**values)))
        except TypeError as error:
            raise ConfigError(msg("Entry {n} of the scenario is no edit this version knows.", n=number)) from error
    return edits
