"""How far is too far for each grade band of a county, and how fast its children walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from planning.network.modes import WALK_KMH

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from planning.config import Limit, Project
    from planning.standards import RulePack

#: Ways are summed in single precision: one that is as long as the limit keeps it, whatever its last digits say.
_ROUNDING = 1 + 1e-6

__all__ = ["BandLimit", "band_time", "limit_of_band", "limit_of_question"]


@dataclass(frozen=True)
class BandLimit:
    """
    The longest way to school of a grade band, one way, inclusive.

    Parameters
    ----------
    time_min : float
        Time [min]; inf where none is set.
    distance_m : float
        Distance [m]; inf where none is set.
    """

    time_min: float = np.inf
    distance_m: float = np.inf

    @property
    def is_set(self) -> bool:
        """
        Say whether there is a limit at all.

        Returns
        -------
        bool
            False where neither time nor distance is limited.
        """
        return bool(np.isfinite(self.time_min) or np.isfinite(self.distance_m))

    def within(self, time_min: ArrayLike, distance_m: ArrayLike) -> NDArray[np.bool_]:
        """
        Say which ways keep the limit.

        Parameters
        ----------
        time_min : array_like
            Times of the band's own children [min].
        distance_m : array_like
            Distances [m].

        Returns
        -------
        numpy.ndarray of bool
            False where there is no way at all.
        """
        time, distance = np.asarray(time_min), np.asarray(distance_m)
        keeps: NDArray[np.bool_] = (
            np.isfinite(time) & (time <= self.time_min * _ROUNDING) & (distance <= self.distance_m * _ROUNDING)
        )
        return keeps

    def share_used(self, time_min: NDArray[np.float32], distance_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """
        Measure ways by the share of the limit that they use up, so that bands with different limits compare.

        Parameters
        ----------
        time_min : numpy.ndarray
            Times of the band's own children [min].
        distance_m : numpy.ndarray
            Distances [m].

        Returns
        -------
        numpy.ndarray of float32
            1 is just within the limit; inf where there is no way.
        """
        used = np.full(time_min.shape, np.inf)
        way = np.isfinite(time_min)
        used[way] = np.maximum(time_min[way] / self.time_min, distance_m[way] / self.distance_m)
        # The quotient may round across 1 where the way itself does not cross the limit.
        inside = self.within(time_min, distance_m)
        just_beyond = float(np.nextafter(np.float32(1), np.float32(2)))
        share: NDArray[np.float32] = np.where(inside, np.minimum(used, 1), np.maximum(used, just_beyond)).astype(
            np.float32
        )
        return share


def limit_of_band(project: Project, pack: RulePack, band: str) -> BandLimit:
    """
    Give a band's limit: the project's own, else the pack's.

    Parameters
    ----------
    project : Project
        The project.
    pack : RulePack
        Its rule pack.
    band : str
        Grade band.

    Returns
    -------
    BandLimit
        Without any limit where neither sets one.
    """
    own = next((limit for name, limit in project.limits.items() if name == band), None)
    if own is not None:
        return _of_config(own)
    found = [pack.number(f"bands.{band}.{name}") for name in ("time_limit", "distance_limit")]
    return BandLimit(*(np.inf if number is None else number for number in found))


def limit_of_question(limit: Limit | None, project: Project, pack: RulePack, band: str) -> BandLimit:
    """
    Give the limit that a question means: its own, else the band's.

    Parameters
    ----------
    limit : Limit or None
        The question's own limit.
    project : Project
        The project.
    pack : RulePack
        Its rule pack.
    band : str
        Grade band.

    Returns
    -------
    BandLimit
        Without any limit where none is set.
    """
    return _of_config(limit) if limit is not None else limit_of_band(project, pack, band)


def _of_config(limit: Limit) -> BandLimit:
    return BandLimit(
        np.inf if limit.time_min is None else limit.time_min, np.inf if limit.distance_m is None else limit.distance_m
    )


def band_time(time_min: NDArray[np.float32], pack: RulePack, band: str, mode: str) -> NDArray[np.float32]:
    """
    Turn times at the reference walking speed into those of a band's children.

    Parameters
    ----------
    time_min : numpy.ndarray
        Times at the mode's reference speed [min].
    pack : RulePack
        Holds the band's walking speed.
    band : str
        Grade band.
    mode : str
        walk, bike or drive; only walking depends on the child.

    Returns
    -------
    numpy.ndarray of float32
        Times [min].
    """
    if mode != "walk":
        return time_min
    return (time_min * np.float32(WALK_KMH / pack.needed(f"bands.{band}.walking_speed").number)).astype(np.float32)
