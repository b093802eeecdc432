"""The schools of a stage after a planner's edits."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from planning.errors import ConfigError, msg
from planning.scenario.edits import CloseSchool, Edit, MoveSchool, NewSchool, SetSeats, check_edit
from planning.stages import BANDS, TEACHES

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["stage_sites"]


def stage_sites(county: County, stage: str, edits: Sequence[Edit] = ()) -> gpd.GeoDataFrame:
    """
    List the open schools of a stage after the edits.

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
    schools = county.schools[county.schools["status"] == "open"]
    sites = gpd.GeoDataFrame(
        {
            "name": schools["name"],
            "kind": schools["kind"],
            "township": schools["township"],
            "ownership": schools["ownership"],
            "seats": schools[f"seats_{stage}"],
            "pupils": schools[f"pupils_{stage}"],
            "in_margin": schools["in_margin"],
            "is_new": False,
            "is_moved": False,
        },
        geometry=schools.geometry,
        crs=county.crs,
    )
    for adds, group in itertools.groupby(edits, key=lambda edit: isinstance(edit, NewSchool)):
        if adds:  # an answer may add hundreds
            sites = _with_new(sites, [edit for edit in group if isinstance(edit, NewSchool)], stage)
        else:
            for edit in group:
                sites = _apply(sites, edit, stage)
    of_stage = sites["kind"].map(lambda kind: any(band in TEACHES[kind] for band in BANDS[stage])).astype(bool)
    # A school whose kind says both stages may yet be known to hold none of this one.
    return sites[of_stage & ~(sites["seats"].fillna(-1) == 0)].sort_index()


def _with_new(sites: gpd.GeoDataFrame, new: Sequence[NewSchool], stage: str) -> gpd.GeoDataFrame:
    known = set(sites.index)
    for edit in new:
        check_edit(edit)
        if edit.site_id in known:
            raise ConfigError(
                msg("The scenario adds school {school_id}, which is there already.", school_id=edit.site_id)
            )
        known.add(edit.site_id)
    rows = gpd.GeoDataFrame(
        {
            "name": [edit.name for edit in new],
            "kind": [edit.kind for edit in new],
            "township": "",
            "ownership": "public",
            "seats": pd.array([edit.seats if edit.stage == stage else 0 for edit in new], dtype="Int64"),
            "pupils": pd.array([pd.NA] * len(new), dtype="Int64"),
            "in_margin": False,
            "is_new": True,
            "is_moved": False,
        },
        index=pd.Index([edit.site_id for edit in new], name=sites.index.name),
        geometry=gpd.points_from_xy([edit.x for edit in new], [edit.y for edit in new]),
        crs=sites.crs,
    )
    return gpd.GeoDataFrame(pd.concat([sites, rows]), crs=sites.crs)


def _apply(sites: gpd.GeoDataFrame, edit: Edit, stage: str) -> gpd.GeoDataFrame:
    check_edit(edit)
    assert not isinstance(edit, NewSchool)  # noqa: S101 - narrows the type
    if edit.school_id not in sites.index:
        raise ConfigError(msg("The scenario names school {school_id}, which is not there.", school_id=edit.school_id))
    if isinstance(edit, CloseSchool):
        return sites.drop(index=edit.school_id)
    sites = sites.copy()
    if isinstance(edit, SetSeats):
        if edit.stage == stage:
            sites.loc[edit.school_id, "seats"] = pd.NA if edit.seats is None else edit.seats
    else:
        assert isinstance(edit, MoveSchool)  # noqa: S101 - narrows the type
        sites.loc[[edit.school_id], "geometry"] = gpd.points_from_xy([edit.x], [edit.y], crs=sites.crs)
        sites.loc[edit.school_id, "is_moved"] = True
    return sites
