"""Seats of a plan: those that are there today, with what its edits add and take away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planning.demand.villages import assign_townships
from planning.scenario.children_today import townships_of
from planning.scenario.stage_sites import stage_sites

if TYPE_CHECKING:
    import geopandas as gpd

    from planning.scenario.county import County
    from planning.scenario.edits import Edit

__all__ = ["planned_seats"]


def planned_seats(county: County, stages: Sequence[str], edits: Sequence[Edit] = ()) -> pd.DataFrame:
    """
    Add up the seats of the county's schools after the edits.

    A school whose seats are not known counts with the pupils of its register, as in ``seats_there``; where those are not
    known either, as of a new school without seats, the seats of its township are not.

    Parameters
    ----------
    county : County
        The base, or the county as the same edits leave it: seats are the same.
    stages : sequence of str
        The stages.
    edits : sequence of Edit
        In order.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``township``, a column a stage; NaN where they are not known [seats].
    """
    by_stage = {}
    for stage in stages:
        sites = _seats(stage_sites(county, stage, edits), county)
        by_stage[stage] = sites.groupby("township")["seats"].agg(lambda seats: seats.sum(skipna=False))
    townships = sorted({*townships_of(county), *(name for seats in by_stage.values() for name in seats.index)})
    index = pd.Index(townships, name="township")
    return pd.DataFrame({stage: seats.reindex(index, fill_value=0.0) for stage, seats in by_stage.items()}, index=index)


def _seats(sites: gpd.GeoDataFrame, county: County) -> pd.DataFrame:
    """Give the seats of each site of the county, and the township it stands in."""
    ours = sites[~sites["in_margin"].astype(bool)]
    township = ours["township"].astype(str)
    placed = ours["is_new"].astype(bool) | ours["is_moved"].astype(bool)
    if placed.any() and len(county.townships):
        township = township.mask(placed, pd.Series(assign_townships(ours, county.townships), index=ours.index))
    known = ours["seats"].astype("Float64").fillna(ours["pupils"].astype("Float64")).astype(float)
    return pd.DataFrame({"township": township, "seats": known}, index=ours.index)
