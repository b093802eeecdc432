"""
Who may use which way, and how fast: metres to minutes for walking, cycling and driving.

The time given here is at one reference speed a mode. What a six-year-old or a fourteen-year-old makes of a distance is a
matter of the rule pack (a walking speed for each grade band), so walking times scale from here by ``WALK_KMH / speed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.network.build import Network

__all__ = ["BIKE_KMH", "DRIVE_KMH", "WALK_KMH", "Mode", "Speeds", "mode_minutes", "mode_usable"]

Mode = Literal["walk", "bike", "drive"]

WALK_KMH = 4.0
"""Reference walking speed [km/h]: the rule packs' default for grades 4-6 (tool default; measured 4.1 in kindergarten
corridors and 5.2 in grade 6)."""

BIKE_KMH = 12.0
"""Cycling speed [km/h]: tool default, a child on a mixed road."""

DRIVE_KMH: Mapping[str, float] = MappingProxyType(
    {
        "motorway": 80.0,
        "motorway_link": 50.0,
        "trunk": 60.0,
        "trunk_link": 40.0,
        "primary": 50.0,
        "primary_link": 40.0,
        "secondary": 45.0,
        "secondary_link": 35.0,
        "tertiary": 40.0,
        "tertiary_link": 30.0,
        "unclassified": 30.0,
        "road": 30.0,
        "residential": 25.0,
        "service": 15.0,
        "living_street": 10.0,
        "track": 15.0,
    }
)
"""Planning speed of a school bus by class of road [km/h]: tool defaults, well under the caps so that bends and villages are
in it; 30 on rural roads is the rule packs' planning speed. A class that is not named is closed to cars."""

_EXPRESSWAY_CAP_KMH = 80.0  # School Bus Safety Regulations (State Council order 617, 2012)
_OTHER_ROAD_CAP_KMH = 60.0  # the same
_EXPRESSWAYS = ("motorway", "motorway_link")

_NO_ROAD = ("construction", "proposed", "abandoned", "razed", "platform", "raceway", "bus_guideway", "escape", "no")
_NOT_ON_FOOT = ("motorway", "motorway_link")
_NOT_BY_BIKE = (
    "open_ground",
    "motorway",
    "motorway_link",
    "footway",
    "pedestrian",
    "steps",
    "corridor",
    "elevator",
    "bridleway",
)
_BY_CAR_IF_SAID = ("footway", "pedestrian", "path", "cycleway", "bridleway", "busway")
_OPENS = ("yes", "designated", "permissive", "destination", "official", "customers", "permit")
_CLOSES_FOOT = ("no", "private", "military")
_CLOSES_VEHICLE = (*_CLOSES_FOOT, "agricultural", "forestry", "emergency")


@dataclass(frozen=True)
class Speeds:
    """
    How fast each mode goes.

    Parameters
    ----------
    walk_kmh, bike_kmh : float
        The same on every way [km/h].
    drive_kmh : Mapping
        By class of road [km/h]; a class that is missing is closed to cars.
    drive_other_kmh : float
        On a way that is open to cars only because its tags say so, and on arcs that belong to no way [km/h].
    expressway_cap_kmh, other_cap_kmh : float
        Legal caps of a school bus [km/h].
    """

    walk_kmh: float = WALK_KMH
    bike_kmh: float = BIKE_KMH
    drive_kmh: Mapping[str, float] = field(default_factory=lambda: DRIVE_KMH)
    drive_other_kmh: float = 10.0
    expressway_cap_kmh: float = _EXPRESSWAY_CAP_KMH
    other_cap_kmh: float = _OTHER_ROAD_CAP_KMH


def mode_minutes(network: Network, mode: Mode, *, speeds: Speeds | None = None) -> NDArray[np.float64]:
    """
    Say how long a mode takes along each arc.

    One-ways bind vehicles, never people on foot. Explicit access tags count before the default of the class; steps are
    never ridden or driven.

    Parameters
    ----------
    network : Network
        The network.
    mode : {"walk", "bike", "drive"}
        How the pupil travels.
    speeds : Speeds, optional
        Speeds other than the defaults.

    Returns
    -------
    numpy.ndarray of float64, shape (n_arcs,)
        Time along each arc [min]; inf where the mode may not go.

    Raises
    ------
    ValueError
        If there is no such mode.
    """
    speeds = speeds or Speeds()
    wayless_kmh = {"walk": speeds.walk_kmh, "bike": speeds.bike_kmh, "drive": speeds.drive_other_kmh}
    if mode not in wayless_kmh:
        raise ValueError(f"mode must be walk, bike or drive, not {mode!r}")
    kmh = np.append(_way_speeds(network.ways, mode, speeds), wayless_kmh[mode])[network.way]  # way -1 takes the last
    if mode != "walk":
        oneway = np.append(network.ways["oneway"].to_numpy(), 0)[network.way]
        kmh = np.where(np.where(network.forward, oneway < 0, oneway > 0), 0.0, kmh)
    minutes = np.full(network.n_arcs, np.inf)
    np.divide(network.length_m * 0.06, kmh, out=minutes, where=kmh > 0)
    return minutes


def mode_usable(network: Network, mode: Mode) -> NDArray[np.bool_]:
    """
    Say which arcs a mode may use.

    Parameters
    ----------
    network : Network
        The network.
    mode : {"walk", "bike", "drive"}
        How the pupil travels.

    Returns
    -------
    numpy.ndarray of bool, shape (n_arcs,)
        True where the mode may go.
    """
    return np.isfinite(mode_minutes(network, mode))


def _way_speeds(ways: pd.DataFrame, mode: Mode, speeds: Speeds) -> NDArray[np.float64]:
    """Speed on each way [km/h], 0 where the mode may not go."""
    highway = ways["highway"]
    real = ~highway.isin(_NO_ROAD).to_numpy()
    if mode == "walk":
        said = ways["foot"]
        open_ = (~highway.isin(_NOT_ON_FOOT) | said.isin(_OPENS)) & ~said.isin(_CLOSES_FOOT)
        return np.where(open_.to_numpy() & real, speeds.walk_kmh, 0.0)
    if mode == "bike":
        said = ways["bicycle"]
        open_ = (~highway.isin(_NOT_BY_BIKE) | said.isin(_OPENS)) & ~said.isin(_CLOSES_VEHICLE) & (highway != "steps")
        kmh = np.where(said == "dismount", speeds.walk_kmh, speeds.bike_kmh)
        return np.where(open_.to_numpy() & real, kmh, 0.0)
    said = ways["motor_vehicle"]
    by_class = highway.map(dict(speeds.drive_kmh)).to_numpy(dtype=float)
    if_said = (highway.isin(_BY_CAR_IF_SAID) & said.isin(_OPENS)).to_numpy()
    kmh = np.where(np.isnan(by_class) & if_said, speeds.drive_other_kmh, by_class)
    passable = np.isfinite(kmh) & real & ~said.isin(_CLOSES_VEHICLE).to_numpy()
    legal = np.where(highway.isin(_EXPRESSWAYS), speeds.expressway_cap_kmh, speeds.other_cap_kmh)
    signed = ways["maxspeed_kmh"].where(ways["maxspeed_kmh"] > 0).to_numpy(dtype=float)  # NaN or a nonsense 0: unknown
    return np.where(passable, np.fmin(np.fmin(kmh, legal), signed), 0.0)
