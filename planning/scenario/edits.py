"""What a planner may do to a county, one frozen entry an act, each of which writes itself as plain data and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from planning.errors import ConfigError, msg

__all__ = ["CloseSchool", "Edit", "MoveSchool", "NewSchool", "SetSeats", "edits_from_data", "edits_to_data"]


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
        If an entry is of no known kind, or lacks or adds a value.
    """
    edits: list[Edit] = []
    for number, entry in enumerate(entries, start=1):
        values = dict(entry)
        kind = _KINDS.get(str(values.pop("edit", None)))
        try:
            if kind is None:
                raise TypeError
            edits.append(kind(**values))
        except TypeError as error:
            raise ConfigError(msg("Entry {n} of the scenario is no edit this version knows.", n=number)) from error
    return edits
