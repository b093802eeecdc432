"""Maps of a comparison: each plan beside the others, and the difference between two, in the classes of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.report.comparison import CLASS_COLOURS
from planning.report.figures import draw_class_map
from planning.scenario.comparison_ways import CLASSES, difference_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.report.figures import Ground, MapSheet
    from planning.scenario.comparison import Comparison, EvaluatedPlan

__all__ = ["chief_band", "difference_map", "place_classes", "schools_that_change"]


def place_classes(first: EvaluatedPlan, plan: EvaluatedPlan, stage: str, band: str) -> NDArray[np.int64]:
    """
    Give the class of each inhabited place on the difference map.

    Parameters
    ----------
    first, plan : EvaluatedPlan
        What is compared with, and the plan.
    stage, band : str
        Whose ways.

    Returns
    -------
    numpy.ndarray of int64, shape (n_cells,)
        Positions in ``CLASSES``; -1 across the county line and where no child of the band lives in either plan, so that what is
        painted are the rows of the table.
    """
    ways = (each.states[stage].nearest[band]["distance_m"].to_numpy() for each in (first, plan))
    column = f"pupils_{band}"
    lived = (first.county.cells[column].to_numpy() > 0) | (plan.county.cells[column].to_numpy() > 0)
    ours = ~first.county.cells["in_margin"].to_numpy(dtype=bool)
    return np.where(lived & ours, difference_classes(*ways).astype(np.int64), -1)


def schools_that_change(first: EvaluatedPlan, plan: EvaluatedPlan, stage: str) -> gpd.GeoDataFrame:
    """
    List what to point out on a map: schools that are new or elsewhere in the plan, and those that close.

    Parameters
    ----------
    first, plan : EvaluatedPlan
        What is compared with, and the plan.
    stage : str
        The stage.

    Returns
    -------
    geopandas.GeoDataFrame
        ``name, kind`` and point by id; the kind of those that close is ``closed``.
    """
    was, now = first.states[stage].sites, plan.states[stage].sites
    both = now.index.intersection(was.index)
    moved = both[~now.geometry.loc[both].geom_equals(was.geometry.loc[both], align=False).to_numpy(dtype=bool)]
    new = now.loc[now.index.difference(was.index).union(moved), ["name", "kind", "geometry"]]
    gone = was.loc[was.index.difference(now.index), ["name", "kind", "geometry"]].assign(kind="closed")
    return gpd.GeoDataFrame(pd.concat([new, gone]), geometry="geometry", crs=now.crs)


def difference_map(ground: Ground, first: EvaluatedPlan, plan: EvaluatedPlan, stage: str, band: str) -> MapSheet:
    """
    Draw who comes nearer and who goes farther.

    Parameters
    ----------
    ground : Ground
        The county's ground.
    first, plan : EvaluatedPlan
        What is compared with, and the plan.
    stage, band : str
        Whose ways.

    Returns
    -------
    MapSheet
        The map; the children whom it concerns are drawn over those for whom nothing changes.
    """
    classes = place_classes(first, plan, stage, band)
    # What changes little is drawn first.
    order = [CLASSES.index("same_way"), *(at for at in range(len(CLASSES)) if CLASSES[at] != "same_way")]
    rank_of = np.empty(len(CLASSES), dtype=np.int64)
    rank_of[order] = np.arange(len(CLASSES))
    rank = np.where(classes < 0, -1, rank_of[classes])
    colours = [CLASS_COLOURS[CLASSES[at]] for at in order]
    changing = schools_that_change(first, plan, stage)
    return draw_class_map(plan.county, ground, plan.states[stage], rank, colours, sites=changing)


def chief_band(comparison: Comparison, plan: int) -> tuple[str, str]:
    """
    Choose the stage and band in which a plan changes the way of most pupils.

    Parameters
    ----------
    comparison : Comparison
        The plans.
    plan : int
        Position of the plan.

    Returns
    -------
    tuple of str
        Stage and band; the first ones where nothing changes.
    """
    rows = comparison.county[comparison.county["plan"] == plan]
    changed = rows[[name for name in CLASSES if name not in ("same_way", "never_in_reach")]].sum(axis=1)
    if not changed.any():
        first = comparison.places.iloc[0] if len(comparison.places) else rows.iloc[0]
        return str(first["stage"]), str(first["band"])
    row = rows.iloc[int(changed.to_numpy().argmax())]
    return str(row["stage"]), str(row["band"])
