"""What each possible site would bring if a school were opened there beside those of a layout: nearest ways, seats not regarded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.scenario.limits import band_time
from planning.scenario.stage_basis import allowed_cost, stage_basis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = ["SCORE_COLUMNS", "SiteGains", "scores_of_gains", "site_gains"]

SCORE_COLUMNS = ("pupils_nearer", "newly_reached", "pupils_within", "mean_change_m")
#: Cells looked at in one go: with 400 candidates 6 MB a table.
_BLOCK = 4096


@dataclass(frozen=True, eq=False)
class SiteGains:
    """
    Sums over the county's pupils, from which the scores of its possible sites follow.

    Parameters
    ----------
    state : StageState
        The layout beside which the sites were looked at.
    candidates : pandas.Index
        Ids of the sites.
    sums : numpy.ndarray of float64, shape (4, n_candidates)
        Pupils who come nearer and have a school today, pupils newly reached, by how many more are within the limit [pupils];
        change of the sum of ways [m].
    reached : float
        Pupils who have a school today [pupils].
    metres : float
        Sum of their ways [m].
    has_limit : bool
        Whether any band of the stage has a limit.
    """

    state: StageState
    candidates: pd.Index
    sums: NDArray[np.float64]
    reached: float
    metres: float
    has_limit: bool


def site_gains(county: County, state: StageState, *, before: SiteGains | None = None) -> SiteGains:
    """
    Sum up what one school at each possible site would change, every band of the stage taught.

    Parameters
    ----------
    county : County
        With the roads, estates and assumptions of the layout.
    state : StageState
        The layout.
    before : SiteGains, optional
        Of the same county and stage beside another layout: then only children whose way differs are looked at.

    Returns
    -------
    SiteGains
        For :func:`scores_of_gains`.
    """
    basis, ids = stage_basis(county, state.stage), county.candidates.index
    sums = np.zeros((4, len(ids))) if before is None else before.sums.copy()
    reached = metres = 0.0
    for number in range(len(basis.bands)):
        now = _BandRows(county, state, number)
        reached, metres = reached + now.reached, metres + now.metres
        if before is None:
            now.add_to(sums, 1)
        else:
            was = _BandRows(county, before.state, number)
            changed = (now.now_m != was.now_m) | (now.now_min != was.now_min)
            now.only(changed).add_to(sums, 1)
            was.only(changed).add_to(sums, -1)
    return SiteGains(state, ids, sums, reached, metres, any(band.limit.is_set for band in basis.bands))


def scores_of_gains(gains: SiteGains) -> pd.DataFrame:
    """
    Say of each possible site what one school there would change.

    Each site is looked at alone: what two of them bring together is less than the sum where they share children. The
    figures are those that :func:`planning.scenario.evaluate.evaluate` gives for the layout with the school, seats apart.

    Parameters
    ----------
    gains : SiteGains
        Sums over the pupils.

    Returns
    -------
    pandas.DataFrame
        A row a candidate: ``pupils_nearer``, whose nearest school it would be, of those who have one [pupils];
        ``newly_reached``, who have none today [pupils]; ``pupils_within``, by how many more pupils have their nearest school
        within the limit [pupils], nan where no band of the stage has a limit; ``mean_change_m``, the change of the mean way
        of those who have a school in reach [m], nan where nobody has one before and after.
    """
    nearer, new, within, change_m = gains.sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = gains.metres / gains.reached if gains.reached else np.nan
        mean_change = (gains.metres + change_m) / (gains.reached + new) - mean
    columns = (nearer, new, within if gains.has_limit else np.full(len(new), np.nan), mean_change)
    return pd.DataFrame(dict(zip(SCORE_COLUMNS, columns, strict=True)), index=gains.candidates)


class _BandRows:
    """The county's pupils of one grade band, how they fare now, and their costs to the candidates."""

    def __init__(self, county: County, state: StageState, number: int) -> None:
        basis = stage_basis(county, state.stage)
        self.county, self.mode, self.band = county, basis.mode, basis.bands[number]
        rows, part = basis.rows, basis.rows.of_band[number]
        mine = rows.ours[(rows.ours >= part.start) & (rows.ours < part.stop)]
        self.cells = rows.cell[mine]
        self.pupils = rows.pupils[mine].astype(np.float64)
        now = state.nearest[self.band.band]
        self.now_m, self.now_min = (
            now[column].to_numpy(dtype=np.float32)[self.cells] for column in ("distance_m", "time_min")
        )

        self.now_cost = self.now_m if self.mode == "walk" else self.now_min

    @property
    def reached(self) -> float:
        return float(self.pupils[np.isfinite(self.now_cost)].sum())

    @property
    def metres(self) -> float:
        has_school = np.isfinite(self.now_cost)
        return float(self.pupils[has_school] @ self.now_m[has_school].astype(np.float64))

    def only(self, some: NDArray[np.bool_]) -> _BandRows:
        """Keep some rows alone."""
        for name in ("cells", "pupils", "now_m", "now_min", "now_cost"):
            setattr(self, name, getattr(self, name)[some])
        return self

    def add_to(self, sums: NDArray[np.float64], sign: int) -> None:
        """Add what the candidates change for these pupils, or take it off."""
        costs = self.county.costs.candidates(self.mode)
        row = costs.cell_ids.get_indexer(self.county.cells.index[self.cells])
        for begin in range(0, len(row), _BLOCK):
            block = slice(begin, begin + _BLOCK)
            sums += sign * self._gains(block, costs.distance_m[row[block]], costs.time_min[row[block]])

    def _gains(self, block: slice, distance: NDArray[np.float32], time: NDArray[np.float32]) -> NDArray[np.float64]:
        cost = allowed_cost(self.county, self.band.band, self.mode, distance_m=distance, time_min=time)
        now_m, now_min, now_cost = self.now_m[block], self.now_min[block], self.now_cost[block]
        row, site = np.nonzero(cost < now_cost[:, None])  # a small share of the pairs: only these change anything
        way, pupils, known = distance[row, site], self.pupils[block][row], np.isfinite(now_cost[row])
        own_time = band_time(time[row, site], self.county.pack, self.band.band, self.mode)
        within = self.band.limit.within(own_time, way).astype(np.int8)
        was_within = self.band.limit.within(now_min[row], now_m[row]).astype(np.int8)
        change_m = way - np.where(known, now_m[row], np.float32(0)).astype(np.float64)
        amounts = (known, ~known, within - was_within, change_m)
        n = cost.shape[1]
        return np.stack([np.bincount(site, weights=pupils * amount, minlength=n) for amount in amounts])
