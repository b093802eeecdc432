"""From today's ways to those after edits: only schools that are new or gone, and the cells they touch, are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from planning.scenario.limits import band_time
from planning.scenario.stage_basis import BandBasis, NearestWays, StageBasis, allowed_cost
from planning.stages import teaches

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from planning.scenario.county import County
    from planning.travel.costs import Costs

__all__ = ["StageWays", "stage_ways"]


@dataclass(frozen=True)
class StageWays:
    """
    The ways of a stage's pupils to its sites, found in the tables of today's schools and in columns of new places.

    Parameters
    ----------
    county : County
        The base.
    basis : StageBasis
        Of the stage.
    sites : geopandas.GeoDataFrame
        Open schools of the stage after the edits.
    school : numpy.ndarray of int64, shape (n_sites,)
        Column of each site among today's schools; -1 for one that stands at a new place.
    new : Costs
        Columns of the others, in the order of ``sites``.
    """

    county: County
    basis: StageBasis
    sites: gpd.GeoDataFrame
    school: NDArray[np.int64]
    new: Costs

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """
        Number the sites at new places.

        Returns
        -------
        numpy.ndarray of int64, shape (n_sites,)
            Column of ``new``; of no meaning for the others.
        """
        return np.asarray(np.cumsum(self.school < 0) - 1)

    def taught(self, band: BandBasis) -> NDArray[np.bool_]:
        """
        Say which sites teach a band.

        Parameters
        ----------
        band : BandBasis
            The band.

        Returns
        -------
        numpy.ndarray of bool, shape (n_sites,)
            By site.
        """
        return np.array([teaches(kind, band.band) for kind in self.sites["kind"]], dtype=bool)

    def choice(self, band: BandBasis, cells: NDArray[np.int64]) -> NDArray[np.float32]:
        """
        Give what a band chooses by, from some cells to every site.

        Parameters
        ----------
        band : BandBasis
            The band.
        cells : numpy.ndarray of int64, shape (n,)
            Numbers of cells.

        Returns
        -------
        numpy.ndarray of float32, shape (n, n_sites)
            [m or min]; inf where the site is out of reach or does not teach the band.
        """
        taught = self.taught(band)
        cost = np.full((len(cells), len(taught)), np.inf, dtype=np.float32)
        kept = np.flatnonzero(taught & (self.school >= 0))
        cost[:, kept] = band.choice[cells][:, self.school[kept]]
        for site in np.flatnonzero(taught & (self.school < 0)):
            cost[:, site] = self._column(band, int(site))[cells]
        return cost

    def between(self, what: str, cells: ArrayLike, sites: ArrayLike) -> NDArray[np.float32]:
        """
        Look up one measure of pairs of cell and site.

        Parameters
        ----------
        what : str
            ``distance_m``, ``time_min`` (at the mode's reference speed) or ``off_road_m``.
        cells, sites : array_like of int, shape (n,)
            Numbers of cells and sites.

        Returns
        -------
        numpy.ndarray of float32, shape (n,)
            [m or min].
        """
        cell, site = np.asarray(cells, dtype=np.int64), np.asarray(sites, dtype=np.int64)
        column = self.school[site]
        found = np.empty(cell.size, dtype=np.float32)
        known = column >= 0
        found[known] = getattr(self.basis.schools, what)[cell[known], column[known]]
        found[~known] = getattr(self.new, what)[cell[~known], self.number[site[~known]]]
        return found

    def nearest(self, band: BandBasis) -> NearestWays:
        """
        Find the nearest site of every cell; ties go to the lowest site, and so to the lowest id.

        Parameters
        ----------
        band : BandBasis
            The band.

        Returns
        -------
        NearestWays
            Positions are numbers of sites.
        """
        today = band.today
        taught = self.taught(band)
        at_home = np.full(band.choice.shape[1] + 1, -1, dtype=np.int32)  # the last stands for "none today"
        stays = taught & (self.school >= 0)
        at_home[self.school[stays]] = np.flatnonzero(stays)
        position, cost = at_home[today.position], today.cost.copy()
        changed = np.zeros(len(position), dtype=bool)
        lost = np.flatnonzero((position < 0) & (today.position >= 0))
        if lost.size:
            self._place_again(band, lost, np.flatnonzero(stays), position, cost)
            changed[lost] = True
        for site in np.flatnonzero(taught & ~self._is_of_today(band)):
            column = self._column(band, int(site))
            nearer = (column < cost) | ((column == cost) & (site < position))
            position[nearer], cost[nearer] = site, column[nearer]
            changed |= nearer
        return self._with_ways(
            band, NearestWays(position, cost, today.distance_m, today.time_min, today.off_road_m), changed
        )

    def had_path(self, band: BandBasis, cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """
        Say from which cells there is a path to some site that teaches a band, whatever the reach limit.

        Parameters
        ----------
        band : BandBasis
            The band.
        cells : numpy.ndarray of int64, shape (n,)
            Numbers of cells.

        Returns
        -------
        numpy.ndarray of bool, shape (n,)
            By cell.
        """
        taught = self.taught(band)
        old = self.school[taught & (self.school >= 0)]
        new = self.number[taught & (self.school < 0)]
        by_old = np.isfinite(self.basis.schools.time_min[cells][:, old]).any(axis=1)
        return np.asarray(by_old | np.isfinite(self.new.time_min[cells][:, new]).any(axis=1))

    def _is_of_today(self, band: BandBasis) -> NDArray[np.bool_]:
        """Tell the sites that today's nearest schools were chosen from."""
        base = self.basis.sites
        taught_today = [school_id for school_id, kind in base["kind"].items() if teaches(kind, band.band)]
        return np.asarray((self.school >= 0) & self.sites.index.isin(taught_today))

    def _column(self, band: BandBasis, site: int) -> NDArray[np.float32]:
        """Give what a band chooses by, from every cell to one site."""
        if self.school[site] >= 0:
            return band.choice[:, self.school[site]]
        distance, time = (table[:, self.number[site]] for table in (self.new.distance_m, self.new.time_min))
        return allowed_cost(self.county, band.band, self.basis.mode, distance_m=distance, time_min=time)

    def _place_again(
        self,
        band: BandBasis,
        cells: NDArray[np.int64],
        sites: NDArray[np.int64],
        position: NDArray[np.int32],
        cost: NDArray[np.float32],
    ) -> None:
        """Find, in place, the nearest of today's sites that are left for cells whose school is gone."""
        cost[cells] = np.inf
        if sites.size:
            table = band.choice[cells][:, self.school[sites]]
            first = table.argmin(axis=1)
            cost[cells] = table[np.arange(cells.size), first]
            position[cells] = np.where(np.isfinite(cost[cells]), sites[first], -1)

    def _with_ways(self, band: BandBasis, found: NearestWays, changed: NDArray[np.bool_]) -> NearestWays:
        """Look up the ways of the cells that go elsewhere."""
        elsewhere = np.flatnonzero(changed)
        reached = elsewhere[found.position[elsewhere] >= 0]
        ways = {}
        for what in ("distance_m", "time_min", "off_road_m"):
            ways[what] = getattr(found, what).copy()
            ways[what][elsewhere] = np.inf
            way = self.between(what, reached, found.position[reached])
            if what == "time_min":
                way = band_time(way, self.county.pack, band.band, self.basis.mode)
            ways[what][reached] = way
        return NearestWays(found.position, found.cost, **ways)


def stage_ways(county: County, basis: StageBasis, sites: gpd.GeoDataFrame) -> StageWays:
    """
    Find the ways to the sites of a stage; schools that stand where they stood are not swept again.

    Parameters
    ----------
    county : County
        The base.
    basis : StageBasis
        Of the stage.
    sites : geopandas.GeoDataFrame
        As ``stage_sites`` gives them.

    Returns
    -------
    StageWays
        Ways of the stage.
    """
    school = basis.schools.site_ids.get_indexer(sites.index).astype(np.int64)
    school[
        (sites["is_moved"] | sites["is_new"]).to_numpy(dtype=bool)
    ] = -1  # the code of a closed school may come again
    places = sites.geometry[school < 0]
    new = county.costs.to_points(basis.mode, np.column_stack([places.x, places.y]))
    return StageWays(county, basis, sites, school, new)
