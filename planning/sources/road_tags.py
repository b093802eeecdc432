"""What OpenStreetMap's tags say of a road, for every source that speaks them: a file, Overpass, a layer mapped to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from planning.errors import Message, SetAside, msg
from planning.roads import Roads

__all__ = ["LEFT_OUT", "SourceRoads", "maxspeed_kmh", "name_of", "reason_to_leave_out", "road_columns"]


@dataclass(frozen=True)
class SourceRoads:
    """
    Roads of one source, and what was left out of them.

    Parameters
    ----------
    roads : Roads
        The table, in the project's reference system.
    set_aside : tuple of SetAside
        One for each reason, with the count in its words and a few ids.
    """

    roads: Roads
    set_aside: tuple[SetAside, ...]


#: Why a way with a ``highway`` tag is no road that anyone can travel today; the words take the count ``n``.
LEFT_OUT: Mapping[str, Message] = {
    "area": msg("areas such as squares, not lines"),
    "not_built": msg("roads under construction or only proposed"),
    "gone": msg("roads that no longer exist"),
    "indoor": msg("platforms, corridors and lifts of buildings"),
    "not_for_travel": msg("race tracks, bus guideways, escape lanes and rest areas"),
}
_REASON_OF_HIGHWAY = {
    "construction": "not_built",
    "proposed": "not_built",
    "planned": "not_built",
    "razed": "gone",
    "demolished": "gone",
    "removed": "gone",
    "abandoned": "gone",
    "disused": "gone",
    "historic": "gone",
    "no": "gone",
    "platform": "indoor",
    "corridor": "indoor",
    "elevator": "indoor",
    "raceway": "not_for_travel",
    "bus_guideway": "not_for_travel",
    "busway": "not_for_travel",
    "escape": "not_for_travel",
    "emergency_bay": "not_for_travel",
    "emergency_access_point": "not_for_travel",
    "via_ferrata": "not_for_travel",
    "rest_area": "not_for_travel",
    "services": "not_for_travel",
    "bus_stop": "not_for_travel",
}
_NO = frozenset({"", "no", "false", "0"})
_OPEN = frozenset({"yes", "permissive", "designated", "public", "official", "unknown"})
_MPH = 1.609344
_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*(km/?h|kmh|kph|mph)?", re.IGNORECASE)
_FASTEST_KMH = 200.0
# The more exact key wins over the more general one.
_KEYS_OF_MODE = {
    "foot": ("foot",),
    "bicycle": ("bicycle", "vehicle"),
    "motor_vehicle": ("motorcar", "motor_vehicle", "vehicle"),
}


def reason_to_leave_out(tags: Mapping[str, str]) -> str | None:
    """
    Say why a way is no road that can be travelled.

    Parameters
    ----------
    tags : Mapping
        The way's tags, with ``highway`` among them.

    Returns
    -------
    str or None
        A key of ``LEFT_OUT``; None where the way stays.
    """
    if tags.get("area", "no") not in _NO:
        return "area"
    return _REASON_OF_HIGHWAY.get(tags["highway"].strip().lower())


def name_of(tags: Mapping[str, str]) -> str:
    """
    Give the name to show: the Chinese one where there is one, else the local one.

    Parameters
    ----------
    tags : Mapping
        Tags of any object.

    Returns
    -------
    str
        The name, or "" where it has none.
    """
    return (tags.get("name:zh") or tags.get("name") or "").strip()


def maxspeed_kmh(text: str) -> float:
    """
    Read a speed limit as OpenStreetMap writes it.

    Parameters
    ----------
    text : str
        Such as ``50``, ``30 mph``, ``40;60``, ``walk``, ``none``, ``CN:urban``.

    Returns
    -------
    float
        Limit [km/h], the lowest of several. NaN where no number is given (``none`` and a country's class of road are
        left to the speed of the road's class) or where it is none a road can have.

    Examples
    --------
    >>> round(maxspeed_kmh("30 mph"), 2)
    48.28
    >>> maxspeed_kmh("CN:urban")
    nan
    """
    if text.strip().lower() in {"walk", "walking pace"}:
        return 5.0
    found = []
    for part in re.split(r"[;|,]", text):
        match = _SPEED.fullmatch(part.strip())
        if match:
            speed = float(match[1]) * (_MPH if (match[2] or "").lower() == "mph" else 1.0)
            if 0 < speed <= _FASTEST_KMH:
                found.append(speed)
    return min(found, default=float("nan"))


def road_columns(tags: Mapping[str, str], *, source: str) -> dict[str, object]:
    """
    Put a way's tags into the columns of the table of roads.

    Parameters
    ----------
    tags : Mapping
        The way's tags, with ``highway`` among them.
    source : str
        Name of the file or service.

    Returns
    -------
    dict
        One value for each of ``planning.roads.WAY_COLUMNS``.
    """
    highway = tags["highway"].strip().lower()
    limits = [tags["maxspeed"]] if "maxspeed" in tags else [tags.get(f"maxspeed:{way}", "") for way in _BOTH_WAYS]
    motorroad = highway == "motorway" or tags.get("motorroad", "no") not in _NO
    return {
        "highway": highway,
        "name": name_of(tags),
        "oneway": _oneway(tags, highway),
        "bridge": tags.get("bridge", "").lower() not in _NO,
        # A building's passage and a culvert under the road lie on the ground, where the terrain's slope counts.
        "tunnel": tags.get("tunnel", "").lower() not in _NO | {"building_passage", "culvert", "avalanche_protector"},
        **{mode: _access(tags, mode, motorroad=motorroad) for mode in _KEYS_OF_MODE},
        "maxspeed_kmh": float(np.fmin.reduce([maxspeed_kmh(limit) for limit in limits])),
        "surface": tags.get("surface", "").strip().lower(),
        "source": source,
    }


_BOTH_WAYS = ("forward", "backward")


def _oneway(tags: Mapping[str, str], highway: str) -> int:
    said = (tags.get("oneway:motor_vehicle") or tags.get("oneway") or "").strip().lower()
    if said in {"yes", "true", "1"}:
        return 1
    if said in {"-1", "reverse"}:
        return -1
    if said:  # "no", or a direction that changes by the hour: a planner counts on both
        return 0
    return int(highway == "motorway" or tags.get("junction", "") in {"roundabout", "circular"})


def _access(tags: Mapping[str, str], mode: str, *, motorroad: bool) -> str:
    for key in _KEYS_OF_MODE[mode]:
        if tags.get(key):
            return tags[key].strip().lower()
    if motorroad and mode != "motor_vehicle":
        return "no"
    general = tags.get("access", "").strip().lower()
    # A general "yes" opens no footpath to cars and no motorway to children; a general "no" closes both.
    return "" if general in _OPEN else general
