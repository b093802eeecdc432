"""
The closure gate as a checklist: one school of a plan against every condition, the villages affected, and the verdict.

The school is tested against the schools that stand today and stay open in the plan; two schools that close together are no
alternative to each other. A condition that only new schools of the plan would meet waits until these are built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.access.allocation import allocate
from planning.compliance.verdicts import MET, NOT_MET
from planning.scenario.closure_gate import UNANSWERED, Closing, Condition, conditions
from planning.scenario.evaluate import BandCosts, choice_cost, stage_costs
from planning.scenario.limits import limit_of_band
from planning.scenario.naming import listed, place_names
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS, stages_of_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.evaluate import StageState

__all__ = ["BUILD_FIRST", "Checklist", "closed_schools", "closure_checklist", "with_answers"]

#: A condition that is met once the new schools of the plan stand.
BUILD_FIRST = "build_first"
#: From worst to best: the verdict of a checklist is the first that one of its conditions has.
_ORDER = (NOT_MET, BUILD_FIRST, UNANSWERED, MET)
VILLAGE_COLUMNS = (
    "stage", "band", "village", "pupils", "distance_before_m", "time_before_min", "school_after", "distance_after_m",
    "time_after_min", "longest_after_min", "beyond_before", "beyond", "no_way",
)  # fmt: skip


@dataclass(frozen=True)
class Checklist:
    """
    What the closure gate says of one school.

    Parameters
    ----------
    school_id : str
        The school.
    conditions : tuple of (str, Condition)
        By stage, in the order of the pack; the verdict of a condition may be ``build_first`` besides those of
        :class:`planning.scenario.closure_gate.Condition`.
    villages : pandas.DataFrame
        ``stage, band, village``: the ``pupils`` who go to the school today; their mean way today and to the nearest other
        school that stands and stays (``distance_before_m``, ``distance_after_m`` [m], ``time_before_min``,
        ``time_after_min`` and ``longest_after_min`` [min]), the school most of them then have nearest (``school_after``),
        and how many are beyond their limit today (``beyond_before``), would be (``beyond``), or have ``no_way`` at all [pupils]. Means are of those who have a way.
    """

    school_id: str
    conditions: tuple[tuple[str, Condition], ...]
    villages: pd.DataFrame

    @property
    def verdict(self) -> str:
        """
        Give the verdict.

        Returns
        -------
        str
            ``not_met`` (blocked), ``build_first``, ``unanswered``, or ``met`` (may be closed).
        """
        found = {condition.verdict for _, condition in self.conditions}
        return next((verdict for verdict in _ORDER if verdict in found), MET)


def closed_schools(county: County, base: Mapping[str, StageState], edits: Sequence[Edit]) -> list[str]:
    """
    List the schools that a plan closes in any stage.

    Parameters
    ----------
    county : County
        The county.
    base : Mapping of str to StageState
        How each stage is today.
    edits : sequence of Edit
        The plan.

    Returns
    -------
    list of str
        Codes of schools that stand today, sorted.
    """
    gone: set[str] = set()
    for stage, state in base.items():
        gone |= set(state.sites.index) - set(stage_sites(county, stage, edits).index)
    return sorted(gone)


def closure_checklist(
    county: County,
    base: Mapping[str, StageState],
    edits: Sequence[Edit],
    code: str,
    *,
    answers: Mapping[str, bool] | None = None,
) -> Checklist:
    """
    Hold the closure of a school against every condition of the gate, in each stage that it teaches.

    Parameters
    ----------
    county : County
        Cells, schools and pack.
    base : Mapping of str to StageState
        How each stage is today.
    edits : sequence of Edit
        The plan; it may close the school or not.
    code : str
        A school that stands today.
    answers : Mapping of str to bool, optional
        What people have answered of this school, by condition.

    Returns
    -------
    Checklist
        Conditions, villages, verdict.
    """
    held: list[tuple[str, Condition]] = []
    villages = []
    for stage, state in base.items():
        if code not in state.sites.index:
            continue
        look = _look(county, state, edits, code)
        whole = set(stages_of_kind(state.sites.at[code, "kind"])) <= set(base)
        held += [(stage, condition) for condition in look.conditions(county, whole=whole)]
        villages.append(look.villages(county))
    table = pd.concat(villages, ignore_index=True) if villages else pd.DataFrame(columns=list(VILLAGE_COLUMNS))
    return with_answers(Checklist(code, tuple(held), table), answers or {})


def with_answers(checklist: Checklist, answers: Mapping[str, bool]) -> Checklist:
    """
    Put what people have answered into a checklist, which asks for no computing.

    Parameters
    ----------
    checklist : Checklist
        The checklist.
    answers : Mapping of str to bool
        Answers of this school by condition; a condition without one is unanswered.

    Returns
    -------
    Checklist
        The same school with these answers.
    """
    found = []
    for stage, condition in checklist.conditions:
        gate, verdict = condition.gate, condition.verdict
        if gate.decided_by == "user":
            answer = answers.get(gate.id)
            verdict = UNANSWERED if answer is None else MET if answer == gate.passes_when else NOT_MET
            condition = Condition(gate, verdict, None)
        found.append((stage, condition))
    return replace(checklist, conditions=tuple(found))


@dataclass(frozen=True)
class _Look:
    """One stage with the school still open: columns are its schools today and in the plan, rows the pupils of today."""

    stage: str
    code: str
    mode: str
    sites: gpd.GeoDataFrame
    cell: NDArray[np.int64]
    band: NDArray[np.object_]
    pupils: NDArray[np.int64]
    goes_to: NDArray[np.int64]
    time_min: NDArray[np.float32]
    distance_m: NDArray[np.float32]
    cost: NDArray[np.float32]
    within: NDArray[np.bool_]
    seats: NDArray[np.float64]

    @property
    def at(self) -> int:
        """Column of the school."""
        return int(self.sites.index.get_indexer(pd.Index([self.code]))[0])

    def alternatives(self, *, planned: bool) -> NDArray[np.bool_]:
        """Mark the schools that stay open, with the new ones of the plan or without."""
        stays: NDArray[np.bool_] = self.sites["stays"].to_numpy(dtype=bool).copy()
        if not planned:
            stays &= ~self.sites["is_new"].to_numpy(dtype=bool)
        stays[self.at] = False
        return stays

    def conditions(self, county: County, *, whole: bool) -> list[Condition]:
        """Hold every condition against what stands, then what fails against what is planned as well."""
        stands = conditions(self._closing(county, planned=False), county.pack, self.code)
        planned = stands
        if self.sites["is_new"].any():
            planned = conditions(self._closing(county, planned=True), county.pack, self.code)
        found = []
        for now, then in zip(stands, planned, strict=True):
            if whole and now.gate.id == "teaches_other_stage":  # each of its stages is held against the gate
                found.append(Condition(now.gate, MET, None))
            elif now.verdict == NOT_MET and then.verdict == MET:
                found.append(replace(now, verdict=BUILD_FIRST))
            else:
                found.append(now)
        return found

    def _closing(self, county: County, *, planned: bool) -> Closing:
        there = self.alternatives(planned=planned)
        there[self.at] = True
        columns = np.flatnonzero(there)
        sites = self.sites.iloc[columns]
        known = county.schools.reindex(sites.index)
        table = pd.DataFrame({name: sites[name] for name in ("kind", "township", "ownership")})
        table["in_margin"] = sites["in_margin"].astype(bool)
        table["protected"] = known["protected"].fillna(False).astype(bool)
        table["beds"], table["boarders"] = known["beds"], known["boarders"]
        own = np.flatnonzero(self.goes_to == self.at)
        at = int(np.searchsorted(columns, self.at))
        cells = self.cell[own]
        return Closing(
            stage=self.stage,
            schools=table,
            school=np.full(len(own), at),
            band=self.band[own],
            pupils=self.pupils[own],
            within=self.within[np.ix_(own, columns)],
            limits={band: limit_of_band(county.project, county.pack, band) for band in BANDS[self.stage]},
            unseated=self._unseated(there),
            places=lambda flows: listed(place_names(county, cells[flows])),
        )

    def _unseated(self, there: NDArray[np.bool_]) -> Callable[[int], int]:
        """Count who would find no seat without the school, over ways within the limit for those who keep it today."""
        today = np.maximum(self.goes_to, 0)
        keeps = (self.goes_to >= 0) & self.within[np.arange(len(today)), today]
        # Those whom the closure leaves without any school within their limit are told by another condition.
        others = there.copy()
        others[self.at] = False
        left = (self.goes_to == self.at) & ~self.within[:, others].any(axis=1)
        cost = np.where((keeps & ~left)[:, None] & ~self.within, np.float32(np.inf), self.cost)
        seats = np.where(there, self.seats, 0.0)

        def without(_: int) -> int:
            now = int(allocate(cost, self.pupils, seats).unserved.sum())
            gone = seats.copy()
            gone[self.at] = 0.0
            return int(allocate(cost, self.pupils, gone).unserved.sum()) - now

        return without

    def villages(self, county: County) -> pd.DataFrame:
        """Tell the way of the school's pupils today, and to the nearest school that stands and stays."""
        own = np.flatnonzero((self.goes_to == self.at) & (self.pupils > 0))
        if not len(own):
            return pd.DataFrame(columns=list(VILLAGE_COLUMNS))
        others = np.flatnonzero(self.alternatives(planned=False))
        cost = self.cost[np.ix_(own, others)]
        nearest = others[cost.argmin(axis=1)] if len(others) else np.full(len(own), self.at)
        no_way = ~np.isfinite(cost).any(axis=1) if len(others) else np.ones(len(own), dtype=bool)
        names = self.sites["name"].to_numpy(dtype=object)
        table = pd.DataFrame(
            {
                "village": place_names(county, self.cell[own]),
                "band": self.band[own],
                "pupils": self.pupils[own],
                "distance_before_m": self.distance_m[own, self.at].astype(float),
                "time_before_min": self.time_min[own, self.at].astype(float),
                "distance_after_m": np.where(no_way, np.nan, self.distance_m[own, nearest]),
                "time_after_min": np.where(no_way, np.nan, self.time_min[own, nearest]),
                "school_after": np.where(no_way, "", names[nearest]),
                "beyond_before": np.where(self.within[own, self.at], 0, self.pupils[own]),
                "beyond": np.where(~no_way & ~self.within[own, nearest], self.pupils[own], 0),
                "no_way": np.where(no_way, self.pupils[own], 0),
            }
        )
        rows = [
            _village(str(band), str(village), group) for (village, band), group in table.groupby(["village", "band"])
        ]
        found = pd.DataFrame(rows).assign(stage=self.stage)[list(VILLAGE_COLUMNS)]
        return found.sort_values(["time_after_min", "village"], ascending=[False, True], na_position="first")


def _village(band: str, village: str, group: pd.DataFrame) -> dict[str, object]:
    has_way = group[group["no_way"] == 0]

    def mean(table: pd.DataFrame, column: str) -> float:
        return float(np.average(table[column], weights=table["pupils"])) if len(table) else float("nan")

    most = has_way.groupby("school_after")["pupils"].sum()
    return {
        "band": band,
        "village": village,
        "pupils": int(group["pupils"].sum()),
        "distance_before_m": mean(group, "distance_before_m"),
        "time_before_min": mean(group, "time_before_min"),
        "school_after": str(most.idxmax()) if len(most) else "",
        "distance_after_m": mean(has_way, "distance_after_m"),
        "time_after_min": mean(has_way, "time_after_min"),
        "longest_after_min": float(has_way["time_after_min"].max()) if len(has_way) else float("nan"),
        "beyond_before": int(group["beyond_before"].sum()),
        "beyond": int(group["beyond"].sum()),
        "no_way": int(group["no_way"].sum()),
    }


def _look(county: County, state: StageState, edits: Sequence[Edit], code: str) -> _Look:
    stage = state.stage
    now = stage_sites(county, stage, edits)
    gone = state.sites[~state.sites.index.isin(now.index)]
    sites = gpd.GeoDataFrame(pd.concat([now, gone[now.columns]]), crs=now.crs).sort_index()
    sites["stays"] = sites.index.isin(now.index)
    costs = stage_costs(county, stage, sites)
    flows = _flows(county, state)
    cell = county.cells.index.get_indexer(pd.Index(flows["cell_id"])).astype(np.int64)
    band = flows["band"].to_numpy(dtype=object)
    time, distance, cost = _of_rows(costs, cell, band, state.mode, len(sites))
    within = np.zeros(time.shape, dtype=bool)
    for name in state.bands:
        rows = band == name
        within[rows] = limit_of_band(county.project, county.pack, name).within(time[rows], distance[rows])
    within &= np.isfinite(cost)
    return _Look(
        stage=stage,
        code=code,
        mode=state.mode,
        sites=sites,
        cell=cell,
        band=band,
        pupils=flows["pupils"].to_numpy(dtype=np.int64),
        goes_to=sites.index.get_indexer(pd.Index(flows["site_id"])).astype(np.int64),
        time_min=time,
        distance_m=distance,
        cost=cost,
        within=within,
        seats=_seats(county, state, sites),
    )


def _flows(county: County, state: StageState) -> pd.DataFrame:
    """List the county's pupils of today with the school where they have a seat ("" = none)."""
    waits = state.unserved[state.unserved["category"] == "no_seat"].assign(site_id="")
    every = pd.concat([state.allocated, waits])[["cell_id", "band", "site_id", "pupils"]]
    across = county.cells["in_margin"].astype(bool)
    return every[(every["pupils"] > 0) & ~every["cell_id"].isin(across.index[across.to_numpy()])]


def _of_rows(
    costs: Mapping[str, BandCosts], cell: NDArray[np.int64], band: NDArray[np.object_], mode: str, n_sites: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    time, distance, cost = (np.full((len(cell), n_sites), np.inf, dtype=np.float32) for _ in range(3))
    for name, table in costs.items():
        rows = band == name
        time[rows], distance[rows] = table.time_min[cell[rows]], table.distance_m[cell[rows]]
        cost[rows] = choice_cost(table, mode)[cell[rows]]
    return time, distance, cost


def _seats(county: County, state: StageState, sites: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Give the seats for the county's own pupils; one that nobody has counted is not promised to more than come today."""
    load = state.load.reindex(sites.index, fill_value=0).to_numpy(dtype=float)
    register = county.schools[f"pupils_{state.stage}"].reindex(sites.index).astype("Float64").fillna(0)
    today = np.maximum(load, register.to_numpy(dtype=float))
    known = sites["seats"].astype("Float64")
    seats = known.fillna(np.inf).to_numpy(dtype=float)
    seats = np.where(known.isna().to_numpy() & ~sites["is_new"].to_numpy(dtype=bool), today, seats)
    held = state.load_from_margin.reindex(sites.index, fill_value=0).to_numpy(dtype=float)
    free: NDArray[np.float64] = np.maximum(seats - held, 0.0)
    return free
