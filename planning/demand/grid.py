"""A population grid alone: its people scaled to what is known, its children counted from them."""

from __future__ import annotations

import logging

import geopandas as gpd
import pandas as pd

from planning.demand.known import COUNTY, Known, fit_pupils, known_numbers, people_targets
from planning.demand.pupils import Stages, expected_pupils, whole_pupils
from planning.demand.sheet import Demand, check_factor, factor_notices, people_sheet, pupil_sheet
from planning.demand.swapped import swapped_notice
from planning.errors import Message, SchemaError, msg

__all__ = ["pupils_by_cell"]

logger = logging.getLogger(__name__)


def pupils_by_cell(
    cells: gpd.GeoDataFrame,
    stages: Stages,
    *,
    ages: pd.DataFrame | None = None,
    known_total: float | None = None,
    known: Known | None = None,
) -> Demand:
    """
    Count the pupils of each cell of a population grid.

    Cells across the county line are scaled as the county is.

    Parameters
    ----------
    cells : geopandas.GeoDataFrame, shape (n_cells, ...)
        Indexed by ``cell_id``: ``population`` [people], ``township`` ("" unknown), ``in_margin``.
    stages : Mapping
        Ages and share by stage.
    ages : pandas.DataFrame, shape (n_cells, n_groups), optional
        People by age group on the same index [people].
    known_total : float, optional
        The county's known population, where nothing more is known [people].
    known : Known, optional
        Known people and pupils of the county and its townships; people and age groups are scaled to them, and then pupils.

    Returns
    -------
    Demand
        Cells with whole pupils, the demand sheets, reservations.

    Raises
    ------
    SchemaError
        If nobody lives in the county, the stages cannot be counted (see ``expected_pupils``), or known numbers contradict
        each other.
    """
    known = known if known is not None else known_numbers(None, stages, known_total=known_total)
    cells = cells.sort_index()
    inside = ~cells["in_margin"].to_numpy(dtype=bool)
    base = cells["population"][inside].groupby(cells["township"][inside].astype(str)).sum()
    found = float(base.sum())
    if not found > 0:
        raise SchemaError(
            msg("Nobody lives inside the county by the population file. Check its place and its no-data value.")
        )
    target = people_targets(base, pd.Series(False, index=base.index), known)
    factor = float(target.sum()) / found
    of_township = (target / base.where(base > 0)).fillna(factor)
    scale = cells["township"].astype(str).map(of_township).where(inside, factor).fillna(factor)
    raw = expected_pupils(cells["population"], stages, ages=None if ages is None else ages.loc[cells.index])
    expected = fit_pupils(raw.mul(scale, axis=0), cells["township"], inside, known, stages)
    whole = whole_pupils(expected, stages, townships=cells["township"], in_margin=cells["in_margin"])
    logger.info("%d cells, %.0f people, factor %.4f", len(cells), found, factor)
    kept = cells.drop(columns=[column for column in whole if column in cells])
    return Demand(
        kept.assign(
            population=(cells["population"] * scale).astype(float), **{str(name): whole[name] for name in whole}
        ),
        people_sheet(grid=base, listed=None, target=target, known=known),
        pupil_sheet(
            grid=raw, expected=expected, whole=whole, townships=cells["township"], in_margin=cells["in_margin"],
            known=known, stages=stages,
        ),
        _notices(base, target, known),
    )  # fmt: skip


def _notices(base: pd.Series, target: pd.Series, known: Known) -> tuple[Message, ...]:
    """Tell what the people were multiplied by."""
    found, factor = float(base.sum()), float(target.sum() / base.sum())
    by_township = known.people.drop(COUNTY, errors="ignore").dropna()
    if not len(by_township):
        if COUNTY not in known.people.dropna():
            return ()
        told = [
            msg("The population file counts {found:.0f} people, {known:.0f} are known: every cell was multiplied by {factor:.4f}.",
                found=found, known=known.people_of(COUNTY), factor=factor),
            check_factor(factor, what=""),
        ]  # fmt: skip
    else:
        told = [
            swapped_notice(base, by_township),
            msg("The population file counts {found:.0f} people; they were scaled to the known numbers of {n} townships, {people:.0f} in all. The demand sheet shows each factor.",
                found=found, n=len(by_township), people=float(target.sum())),
            *factor_notices(base, target),
        ]  # fmt: skip
    return tuple(notice for notice in told if notice is not None)
