"""Rows and columns of a question, and the table of the sites that an answer proposes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.scenario.edits import Edit
from planning.scenario.evaluate import stage_costs
from planning.scenario.limits import BandLimit, band_time
from planning.scenario.stage_sites import stage_sites
from planning.stages import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning import siting
    from planning.config import Question
    from planning.scenario.county import County

__all__ = ["SITE_COLUMNS", "Asked", "ask", "class_size", "default_seats", "describe_sites", "no_sites", "stacked"]

SITE_COLUMNS = (
    "question", "stage", "kind", "name", "township", "seats", "beds", "pupils_gained", "objective", "bound", "gap", "status",
    "pupils_before", "pupils_after", "moves",
    "pupils_nearer", "lost_without", "unplaced_without", "next_best", "lost_with_next_best", "lost_unit",
)  # fmt: skip

#: Classes of a grade in a new school where the question names no seats: two, as in the smaller complete schools.
DEFAULT_CLASSES_PER_GRADE = 2
_GRADES = {"kindergarten": 3, "primary": 6, "junior": 3, "senior": 3, "special": 9}
_DEFAULT_CLASS_SIZE = 45


@dataclass(frozen=True)
class Asked:
    """
    A question's rows and columns: the county's (cell, band) pairs with pupils, and its schools with the candidates.

    Parameters
    ----------
    cells, bands : numpy.ndarray, shape (n_rows,)
        Position of the cell and name of the band of each row.
    pupils : numpy.ndarray of int64, shape (n_rows,)
        Pupils of each row.
    distance_m, time_min : numpy.ndarray of float32, shape (n_rows, n_sites)
        Costs; inf where the site does not teach the band or is out of reach.
    sites : geopandas.GeoDataFrame
        Open schools first, then the candidates.
    n_fixed : int
        How many of the sites are open schools.
    """

    cells: NDArray[np.int64]
    bands: NDArray[np.object_]
    pupils: NDArray[np.int64]
    distance_m: NDArray[np.float32]
    time_min: NDArray[np.float32]
    sites: gpd.GeoDataFrame
    n_fixed: int


def ask(county: County, stage: str, edits: Sequence[Edit] = ()) -> Asked:
    """
    Lay out the rows and columns of a question.

    Parameters
    ----------
    county : County
        The base.
    stage : str
        The stage.
    edits : sequence of Edit
        What is changed before.

    Returns
    -------
    Asked
        Rows with pupils of the county only, not of the margin; new schools teach every band of the stage.
    """
    mode = county.project.mode_of(stage)
    open_sites = stage_sites(county, stage, edits)
    open_costs = stage_costs(county, stage, open_sites)
    book = county.costs.candidates(mode)
    in_margin = county.cells["in_margin"].to_numpy(dtype=bool)
    in_book = book.cell_ids.get_indexer(county.cells.index)
    taken = county.candidates.index.isin(open_sites.index)
    candidates = county.candidates[~taken]
    reach = county.project.travel.reach_limit
    parts: dict[str, list[NDArray[np.generic]]] = {"cell": [], "band": [], "pupils": [], "distance": [], "time": []}
    for band in BANDS[stage]:
        pupils = county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)
        rows = np.flatnonzero((pupils > 0) & ~in_margin)
        new_distance = book.distance_m[in_book[rows]][:, ~taken]
        new_time = band_time(book.time_min[in_book[rows]][:, ~taken], county.pack, band, mode)
        if reach is not None:
            far = ~BandLimit(reach.time_min or np.inf, reach.distance_m or np.inf).within(new_time, new_distance)
            new_distance = np.where(far, np.float32(np.inf), new_distance)
            new_time = np.where(far, np.float32(np.inf), new_time)
        parts["cell"].append(rows)
        parts["band"].append(np.full(len(rows), band, dtype=object))
        parts["pupils"].append(pupils[rows])
        parts["distance"].append(np.hstack([open_costs[band].distance_m[rows], new_distance]))
        parts["time"].append(np.hstack([open_costs[band].time_min[rows], new_time]))
    joined = {name: np.concatenate(values) for name, values in parts.items()}
    sites = pd.concat(
        [
            open_sites[["name", "township", "kind", "seats", "geometry"]],
            candidates[["name", "township", "geometry"]].assign(
                kind=stage, seats=pd.array([pd.NA] * len(candidates), dtype="Int64")
            ),
        ]
    )
    return Asked(
        cells=joined["cell"].astype(np.int64),
        bands=joined["band"],
        pupils=joined["pupils"].astype(np.int64),
        distance_m=joined["distance"],
        time_min=joined["time"],
        sites=gpd.GeoDataFrame(sites, crs=county.crs),
        n_fixed=len(open_sites),
    )


def class_size(county: County, stage: str) -> int:
    """
    Give the largest class of a stage.

    Parameters
    ----------
    county : County
        Holds the rule pack with its class sizes.
    stage : str
        The stage.

    Returns
    -------
    int
        Pupils; 45 where the pack does not say.
    """
    largest = county.pack.number(f"stages.{stage}.class_size_max")
    return _DEFAULT_CLASS_SIZE if largest is None else int(largest)


def default_seats(county: County, stage: str) -> int:
    """
    Size a new school where the question does not.

    Parameters
    ----------
    county : County
        Holds the rule pack with its class sizes.
    stage : str
        The stage.

    Returns
    -------
    int
        Seats of two classes a grade at the pack's class size.
    """
    return class_size(county, stage) * _GRADES[stage] * DEFAULT_CLASSES_PER_GRADE


def no_sites(county: County) -> gpd.GeoDataFrame:
    """
    Give the empty table of proposed sites.

    Parameters
    ----------
    county : County
        Gives the reference system.

    Returns
    -------
    geopandas.GeoDataFrame
        No row, all columns.
    """
    return gpd.GeoDataFrame(
        pd.DataFrame(columns=list(SITE_COLUMNS), index=pd.Index([], name="site_id", dtype="str")),
        geometry=gpd.GeoSeries([], crs=county.crs),
    )


def describe_sites(
    county: County,
    question: Question,
    proposal: siting.Proposal,
    chosen: gpd.GeoDataFrame,
    gained: Mapping[str, int] | pd.Series,
    *,
    seats: int | None,
    beds: int | None,
    kind: str,
) -> gpd.GeoDataFrame:
    """
    Make the table of proposed sites.

    Parameters
    ----------
    county : County
        Gives the reference system.
    question : Question
        The question.
    proposal : Proposal
        Its answer.
    chosen : geopandas.GeoDataFrame
        The sites proposed: name, township, point.
    gained : Mapping
        Pupils of each site.
    seats, beds : int or None
        Of each site; seats None: as many as the pupils it gains.
    kind : str
        What is proposed: new, boarding, teaching_point, enlarged, closed, merged_into.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``SITE_COLUMNS`` and the point.
    """
    if chosen.empty:
        return no_sites(county)
    pupils = pd.array([int(gained[site_id]) for site_id in chosen.index], dtype="Int64")
    return gpd.GeoDataFrame(
        {
            "question": question.name,
            "stage": question.stage,
            "kind": kind,
            "name": chosen["name"].to_numpy(),
            "township": chosen["township"].to_numpy(),
            "seats": pupils if seats is None else pd.array([seats] * len(chosen), dtype="Int64"),
            "beds": pd.array([pd.NA if beds is None else beds] * len(chosen), dtype="Int64"),
            "pupils_gained": pupils,
            "objective": proposal.objective,
            "bound": proposal.bound,
            "gap": proposal.gap,
            "status": proposal.status,
            "pupils_before": pd.array([pd.NA] * len(chosen), dtype="Int64"),
            "pupils_after": pd.array([pd.NA] * len(chosen), dtype="Int64"),
            "moves": "",
            "pupils_nearer": pd.array([pd.NA] * len(chosen), dtype="Int64"),
            "lost_without": np.nan,
            "unplaced_without": pd.array([pd.NA] * len(chosen), dtype="Int64"),
            "next_best": "",
            "lost_with_next_best": np.nan,
            "lost_unit": "",
        },
        index=chosen.index.rename("site_id"),
        geometry=chosen.geometry.to_numpy(),
        crs=county.crs,
    )


def stacked(*tables: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """
    Put tables of sites below each other.

    Parameters
    ----------
    *tables : geopandas.GeoDataFrame
        Tables with the same columns, one at least.

    Returns
    -------
    geopandas.GeoDataFrame
        All rows; empty tables do not spoil the types of the others.
    """
    filled = [table for table in tables if len(table)]
    return gpd.GeoDataFrame(pd.concat(filled), crs=tables[0].crs) if filled else tables[0]
