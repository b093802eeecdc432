"""Why each proposed site: who gains, what is lost without it, and which place would replace it best."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from planning import siting

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy as np
    from numpy.typing import NDArray

    from planning.siting import Proposal

__all__ = ["with_reasons"]


def with_reasons(
    table: gpd.GeoDataFrame,
    proposal: Proposal,
    sites: gpd.GeoDataFrame,
    cost: NDArray[np.float32],
    pupils: NDArray[np.int64],
    *,
    fixed: Iterable[int],
    unit: str,
    limit: float | None = None,
    seats: NDArray[np.float64] | None = None,
    measure: Literal["travel", "coverage"] = "travel",
) -> gpd.GeoDataFrame:
    """
    Add the reasons for each new site to the table of proposed sites.

    Parameters
    ----------
    table : geopandas.GeoDataFrame
        The proposed sites, by code; rows that are no new site stay without reasons.
    proposal : Proposal
        The answer that they come from.
    sites : geopandas.GeoDataFrame
        Every column of the question, with its name.
    cost : numpy.ndarray, shape (n_rows, n_sites)
        Cost per pupil [cost unit]; inf = out of reach.
    pupils : numpy.ndarray of int, shape (n_rows,)
        Pupils of each row [pupils].
    fixed : iterable of int
        Columns that were open already.
    unit : str
        Unit of what is lost: that of the objective, ways only.
    limit : float, optional
        Largest cost within the limit, where pupils within it are counted [cost unit].
    seats : numpy.ndarray, shape (n_sites,), optional
        Seats of each site, where they bind [seats].
    measure : {"travel", "coverage"}
        What is lost: ways, or pupils within the limit.

    Returns
    -------
    geopandas.GeoDataFrame
        A copy with ``pupils_nearer``, ``lost_without``, ``unplaced_without``, ``next_best``, ``lost_with_next_best``
        and ``lost_unit`` filled in.
    """
    table = table.copy()
    if not proposal.sites:
        return table
    found = siting.contributions(proposal, cost, pupils, fixed=fixed, limit=limit, seats=seats, measure=measure)
    for column, row in found.iterrows():
        code = sites.index[int(str(column))]
        other = int(row["replacement"])
        table.loc[code, "pupils_nearer"] = round(row["pupils_nearer"] + row["newly_reached"])
        table.loc[code, "lost_without"] = float(row["loss_without"])
        table.loc[code, "unplaced_without"] = round(row["unreached_without"])
        table.loc[code, "lost_unit"] = unit
        helps = row["loss_replaced"] < row["loss_without"] or row["unreached_replaced"] < row["unreached_without"]
        if other >= 0 and helps:
            table.loc[code, "next_best"] = str(sites["name"].iloc[other]) or str(sites.index[other])
            table.loc[code, "lost_with_next_best"] = float(row["loss_replaced"])
    return table
