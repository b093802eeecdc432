"""What a planner may do to a county, one frozen entry an act, each of which writes itself as plain data and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from planning.errors import ConfigError, Message, Names, msg
from planning.stages import BANDS, KINDS, STAGES

__all__ = [
    "ASSUMPTIONS",
    "HIGHWAYS",
    "Assumption",
    "CloseSchool",
    "ConvertSchool",
    "CountyEdit",
    "Edit",
    "MergeInto",
    "MoveSchool",
    "NewEstate",
    "NewRoad",
    "NewSchool",
    "SchoolEdit",
    "SetSeats",
    "check_edit",
    "edit_from_data",
    "edit_to_data",
    "edits_from_data",
    "edits_to_data",
    "school_of",
    "subject_of",
]

#: Classes a drawn road may have, from the widest to the narrowest.
HIGHWAYS = (
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "service",
    "track",
    "path",
    "footway",
)

#: What may be assumed, and the least and the most that makes sense.
ASSUMPTIONS: Mapping[str, tuple[float, float]] = {
    "walking_speed_factor": (0.25, 4.0),
    "reach_limit.time_min": (1.0, 600.0),
    "reach_limit.distance_m": (100.0, 200_000.0),
    **{f"limits.{band}.time_min": (1.0, 600.0) for bands in BANDS.values() for band in bands},
    **{f"limits.{band}.distance_m": (100.0, 200_000.0) for bands in BANDS.values() for band in bands},
}


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


@dataclass(frozen=True)
class MergeInto:
    """
    A school that closes in favour of another.

    Its pupils go where their way and the seats send them, as after every closure; ``into`` takes over the seats only if told.

    Parameters
    ----------
    school_id : str
        The school that closes.
    into : str
        The school that takes it over.
    with_seats : bool
        True where its seats go to the other, stage by stage as far as the other teaches them.
    """

    school_id: str
    into: str
    with_seats: bool = False


@dataclass(frozen=True)
class ConvertSchool:
    """
    A school that becomes one of another kind, or gets beds for boarders.

    A stage that it teaches from then on has the seats known for it, else those of the stages that it gives up.

    Parameters
    ----------
    school_id : str
        The school.
    kind : str
        What it is from now on.
    beds : int or None
        Beds for boarders; None: as they are.
    """

    school_id: str
    kind: str
    beds: int | None = None


@dataclass(frozen=True)
class NewRoad:
    """
    A road that is not there yet, open in both directions to whoever may use its class.

    Parameters
    ----------
    road_id : str
        Its id; no other new road has it.
    name : str
        What it is called.
    points : tuple of (float, float)
        Its bends from end to end, in the county's reference system [m].
    highway : str
        Class of road, one of ``HIGHWAYS``.
    """

    road_id: str
    name: str
    points: tuple[tuple[float, float], ...]
    highway: str = "unclassified"


@dataclass(frozen=True)
class NewEstate:
    """
    An estate that is not there yet, whose dwellings bring children.

    Parameters
    ----------
    estate_id : str
        Its id; no other estate has it.
    name : str
        What it is called.
    x, y : float
        Where it stands, in the county's reference system [m].
    dwellings : int
        How many dwellings it has.
    year : int
        Year in which it is handed over.
    per_100 : tuple of (str, float)
        Pupils of a stage that 100 dwellings bring [pupils]; stages not named bring what the project or the tool says.
    """

    estate_id: str
    name: str
    x: float
    y: float
    dwellings: int
    year: int
    per_100: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Assumption:
    """
    A number that everything rests on, taken otherwise.

    Parameters
    ----------
    key : str
        One of ``ASSUMPTIONS``: ``walking_speed_factor`` [-], ``reach_limit.…`` and ``limits.<band>.…`` [min] or [m].
    value : float
        What it is taken to be.
    """

    key: str
    value: float


SchoolEdit = NewSchool | MoveSchool | CloseSchool | SetSeats | MergeInto | ConvertSchool
CountyEdit = NewRoad | NewEstate | Assumption
Edit = SchoolEdit | CountyEdit
_KINDS: Mapping[str, type[Edit]] = {
    "new_school": NewSchool,
    "move_school": MoveSchool,
    "close_school": CloseSchool,
    "set_seats": SetSeats,
    "merge_into": MergeInto,
    "convert_school": ConvertSchool,
    "new_road": NewRoad,
    "new_estate": NewEstate,
    "assumption": Assumption,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def school_of(edit: Edit) -> str | None:
    """
    Name the school that an edit is done to.

    Parameters
    ----------
    edit : Edit
        The edit.

    Returns
    -------
    str or None
        Its id; None where the edit is not about a school.
    """
    if isinstance(edit, NewSchool):
        return edit.site_id
    return None if isinstance(edit, CountyEdit) else edit.school_id


def subject_of(edit: Edit) -> tuple[str, ...]:
    """
    Say what an edit sets, so that two edits of the same are told from edits of two things.

    Parameters
    ----------
    edit : Edit
        The edit.

    Returns
    -------
    tuple of str
        Kind of edit and what it is about.
    """
    name = _NAMES[type(edit)]
    match edit:
        case SetSeats():
            return name, edit.school_id, edit.stage
        case NewRoad():
            return name, edit.road_id
        case NewEstate():
            return name, edit.estate_id
        case Assumption():
            return name, edit.key
    return name, str(school_of(edit))


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
    fault = _fault_of_county_edit(edit) if isinstance(edit, CountyEdit) else _fault_of_school_edit(edit)
    if not isinstance(getattr(edit, "name", ""), str):
        fault = msg("{key}: must be text.", key="name")
    if fault is not None:
        raise ConfigError(fault)
    return edit


def _fault_of_school_edit(edit: SchoolEdit) -> Message | None:
    school_id = school_of(edit)
    if not isinstance(school_id, str) or not school_id:
        return msg("A school must have a code: text that is not empty (given: {given}).", given=school_id)
    if isinstance(edit, NewSchool | MoveSchool) and not (_is_finite(edit.x) and _is_finite(edit.y)):
        return msg("School {school_id} has no place: {x}, {y}.", school_id=school_id, x=edit.x, y=edit.y)
    if isinstance(edit, NewSchool | ConvertSchool) and edit.kind not in KINDS:
        return msg(
            "School {school_id}: {kind} is no kind of school. It must be one of {kinds}.",
            school_id=school_id,
            kind=edit.kind,
            kinds=Names(KINDS),
        )
    if isinstance(edit, NewSchool | SetSeats):
        if edit.stage not in STAGES:
            return msg(
                "School {school_id}: {stage} is no stage. It must be one of {stages}.",
                school_id=school_id,
                stage=edit.stage,
                stages=Names(STAGES),
            )
        if edit.seats is not None and not _is_count(edit.seats):
            return msg(
                "School {school_id}: seats must be 0 or more, a whole number, or none if unknown (given: {given}).",
                school_id=school_id,
                given=edit.seats,
            )
    if isinstance(edit, ConvertSchool) and edit.beds is not None and not _is_count(edit.beds):
        return msg(
            "School {school_id}: beds must be 0 or more, a whole number (given: {given}).",
            school_id=school_id,
            given=edit.beds,
        )
    if isinstance(edit, MergeInto) and (not isinstance(edit.into, str) or edit.into == school_id):
        return msg("School {school_id} cannot be merged into itself.", school_id=school_id)
    return None


def _fault_of_county_edit(edit: CountyEdit) -> Message | None:
    if isinstance(edit, NewRoad):
        return _fault_of_road(edit)
    if isinstance(edit, NewEstate):
        return _fault_of_estate(edit)
    if edit.key not in ASSUMPTIONS:
        return msg("{key} is nothing that can be assumed. It must be one of {keys}.",
                   key=edit.key, keys=Names(ASSUMPTIONS))  # fmt: skip
    least, most = ASSUMPTIONS[edit.key]
    if not _is_finite(edit.value) or not least <= edit.value <= most:
        return msg("{key} must be between {least:g} and {most:g} (given: {given}).",
                   key=edit.key, least=least, most=most, given=edit.value)  # fmt: skip
    return None


def _fault_of_road(edit: NewRoad) -> Message | None:
    if len(edit.points) < 2 or not all(_is_finite(x) and _is_finite(y) for x, y in edit.points):
        return msg("Road {name} must have two points or more, each with a place.", name=edit.name or edit.road_id)
    if len(set(edit.points)) < 2:
        return msg("Road {name} leads from a place to the same place.", name=edit.name or edit.road_id)
    if edit.highway not in HIGHWAYS:
        return msg("Road {name}: {highway} is no class of road. It must be one of {classes}.",
                   name=edit.name or edit.road_id, highway=edit.highway, classes=Names(HIGHWAYS))  # fmt: skip
    return None


def _fault_of_estate(edit: NewEstate) -> Message | None:
    name = edit.name or edit.estate_id
    if not (_is_finite(edit.x) and _is_finite(edit.y)):
        return msg("Estate {name} has no place: {x}, {y}.", name=name, x=edit.x, y=edit.y)
    if not _is_count(edit.dwellings) or not _is_count(edit.year) or not 1900 <= edit.year <= 2100:
        return msg(
            "Estate {name}: dwellings must be 0 or more and the year between 1900 and 2100, both whole numbers.",
            name=name,
        )
    for stage, pupils in edit.per_100:
        if stage not in STAGES or not _is_finite(pupils) or not 0 <= pupils <= 1000:
            return msg("Estate {name}: pupils of {stage} per 100 dwellings must be between 0 and 1,000.",
                       name=name, stage=stage)  # fmt: skip
    return None


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def edit_to_data(edit: Edit) -> dict[str, Any]:
    """
    Write one edit as plain data.

    Parameters
    ----------
    edit : Edit
        The edit.

    Returns
    -------
    dict
        ``edit`` names its kind; its values follow.
    """
    data = {"edit": _NAMES[type(edit)], **{name: _plain(value) for name, value in asdict(edit).items()}}
    if isinstance(edit, NewRoad):
        data["points"] = [[_plain(x), _plain(y)] for x, y in edit.points]
    if isinstance(edit, NewEstate):
        data["per_100"] = {stage: _plain(pupils) for stage, pupils in edit.per_100}
    return data


def _plain(value: Any) -> Any:
    """Make a number of an engine one that every file format knows."""
    return value.item() if hasattr(value, "item") else value


def edit_from_data(entry: Mapping[str, Any]) -> Edit:
    """
    Read one edit back.

    Parameters
    ----------
    entry : Mapping
        As :func:`edit_to_data` wrote it.

    Returns
    -------
    Edit
        The edit.

    Raises
    ------
    ConfigError
        If it is of no known kind, lacks or adds a value, or has one that makes no sense.
    """
    values = dict(entry)
    kind = _KINDS.get(str(values.pop("edit", None)))
    try:
        if kind is None:
            raise TypeError
        if kind is NewRoad:
            values["points"] = tuple((x, y) for x, y in values.get("points", ()))
        if kind is NewEstate:
            values["per_100"] = tuple(dict(values.get("per_100") or {}).items())
        return check_edit(kind(**values))
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(msg("This is no edit that this version knows.")) from error


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
    return [edit_to_data(edit) for edit in edits]


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
        If an entry is of no known kind, lacks or adds a value, or has one that makes no sense; its number is named.
    """
    edits: list[Edit] = []
    for number, entry in enumerate(entries, start=1):
        try:
            edits.append(edit_from_data(entry))
        except ConfigError as error:
            raise ConfigError(msg("Entry {n} of the scenario: {reason}", n=number, reason=error.message)) from error
    return edits
