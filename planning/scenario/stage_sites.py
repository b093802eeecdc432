"""The schools of a stage after a planner's edits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from planning.errors import ConfigError, msg
from planning.scenario.edit_order import faults_of_edits
from planning.scenario.edits import (
    CloseSchool,
    ConvertSchool,
    CountyEdit,
    Edit,
    MergeInto,
    MoveSchool,
    NewSchool,
    SchoolEdit,
    SetSeats,
)
from planning.stages import BANDS, STAGES, TEACHES, stages_of_kind

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["open_kinds", "stage_sites"]


def open_kinds(county: County) -> dict[str, str]:
    """
    Give the kind of every school that is open in the base, as ``faults_of_edits`` wants it.

    Parameters
    ----------
    county : County
        The base.

    Returns
    -------
    dict of str to str
        Kind by id.
    """
    schools = county.schools
    is_open = (schools["status"] == "open").to_numpy()
    return dict(zip(schools.index[is_open], schools["kind"].to_numpy()[is_open], strict=True))


def stage_sites(county: County, stage: str, edits: Sequence[Edit] = ()) -> gpd.GeoDataFrame:
    """
    List the open schools of a stage after the edits; edits that are not about schools change nothing here.

    Parameters
    ----------
    county : County
        The base.
    stage : str
        The stage.
    edits : sequence of Edit
        In the order in which they were made.

    Returns
    -------
    geopandas.GeoDataFrame
        Indexed by id, sorted: name, kind, township, ownership, seats, pupils, in_margin, is_new, is_moved, geometry.

    Raises
    ------
    ConfigError
        If an edit names a school that is not there, or adds one that is.
    """
    faults = faults_of_edits(open_kinds(county), edits) if edits else {}
    if faults:
        at, why = next(iter(faults.items()))
        raise ConfigError(msg("Entry {n} of the scenario: {reason}", n=at + 1, reason=why))
    of_schools = [edit for edit in edits if not isinstance(edit, CountyEdit)]
    all_seats = any(isinstance(edit, MergeInto | ConvertSchool) for edit in of_schools)
    sites = _base(county, stage, STAGES if all_seats else (stage,))
    for adds, group in itertools.groupby(of_schools, key=lambda edit: isinstance(edit, NewSchool)):
        if adds:  # an answer may add hundreds
            sites = _with_new(sites, [edit for edit in group if isinstance(edit, NewSchool)])
        else:
            sites = sites.copy()
            for edit in group:
                sites = _apply(sites, edit)
    of_stage = sites["kind"].map(lambda kind: any(band in TEACHES[kind] for band in BANDS[stage])).astype(bool)
    seats = sites[_seats(stage)]
    sites = sites.drop(columns=[name for name in sites if str(name).startswith("seats_")])
    sites.insert(4, "seats", seats)
    # A school whose kind says both stages may yet be known to hold none of this one.
    return sites[of_stage & ~(seats.fillna(-1) == 0)].sort_index()


def _base(county: County, stage: str, with_seats: Sequence[str]) -> gpd.GeoDataFrame:
    schools = county.schools[county.schools["status"] == "open"]
    return gpd.GeoDataFrame(
        {
            "name": schools["name"],
            "kind": schools["kind"],
            "township": schools["township"],
            "ownership": schools["ownership"],
            "pupils": schools[f"pupils_{stage}"],
            "in_margin": schools["in_margin"],
            "is_new": False,
            "is_moved": False,
            **{_seats(name): schools[_seats(name)] for name in with_seats},
        },
        geometry=schools.geometry,
        crs=county.crs,
    )


def _seats(stage: str) -> str:
    return f"seats_{stage}"


def _with_new(sites: gpd.GeoDataFrame, new: Sequence[NewSchool]) -> gpd.GeoDataFrame:
    rows = gpd.GeoDataFrame(
        {
            "name": [edit.name for edit in new],
            "kind": [edit.kind for edit in new],
            "township": "",
            "ownership": "public",
            "pupils": pd.array([pd.NA] * len(new), dtype="Int64"),
            "in_margin": False,
            "is_new": True,
            "is_moved": False,
            **{
                _seats(stage): pd.array([edit.seats if edit.stage == stage else 0 for edit in new], dtype="Int64")
                for stage in STAGES
                if _seats(stage) in sites
            },
        },
        index=pd.Index([edit.site_id for edit in new], name=sites.index.name),
        geometry=gpd.points_from_xy([edit.x for edit in new], [edit.y for edit in new]),
        crs=sites.crs,
    )
    return gpd.GeoDataFrame(pd.concat([sites, rows]), crs=sites.crs)


def _apply(sites: gpd.GeoDataFrame, edit: SchoolEdit) -> gpd.GeoDataFrame:
    """Apply an edit that fits; the table given may be changed."""
    match edit:
        case CloseSchool():
            return sites.drop(index=edit.school_id)
        case MergeInto():
            if edit.with_seats:
                _hand_over(sites, edit.school_id, edit.into)
            return sites.drop(index=edit.school_id)
        case SetSeats():
            if _seats(edit.stage) in sites:
                sites.loc[edit.school_id, _seats(edit.stage)] = pd.NA if edit.seats is None else edit.seats
        case ConvertSchool():
            _convert(sites, edit.school_id, edit.kind)
        case MoveSchool():
            sites.loc[[edit.school_id], "geometry"] = gpd.points_from_xy([edit.x], [edit.y], crs=sites.crs)
            sites.loc[edit.school_id, "is_moved"] = True
    return sites


def _hand_over(sites: gpd.GeoDataFrame, school_id: str, into: str) -> None:
    """Add a school's seats to those of another, stage by stage; what is unknown stays unknown."""
    both = [set(stages_of_kind(str(sites.at[school, "kind"]))) for school in (school_id, into)]
    for stage in both[0] & both[1]:
        sites.loc[into, _seats(stage)] = sites.at[into, _seats(stage)] + sites.at[school_id, _seats(stage)]


def _convert(sites: gpd.GeoDataFrame, school_id: str, kind: str) -> None:
    """Change a school's kind; a stage it did not teach has the seats of those it gives up, where its own are not known."""
    before, after = (set(stages_of_kind(name)) for name in (str(sites.at[school_id, "kind"]), kind))
    given_up = [sites.at[school_id, _seats(stage)] for stage in before - after]
    freed = [int(seats) for seats in given_up if pd.notna(seats)]
    for stage in after - before:
        known = sites.at[school_id, _seats(stage)]
        # Nought stands where a stage was not taught: it says nothing of the rooms.
        if pd.isna(known) or known == 0:
            sites.loc[school_id, _seats(stage)] = sum(freed) if freed else pd.NA
    sites.loc[school_id, "kind"] = kind
