"""
The county of a coming year: the same land, roads and schools, with the children who will live there then.

Today's pupils of each cell are multiplied by what becomes of the children of their township and grade band. Children of new
dwellings are put into the inhabited place that is nearest to their estate, and the whole becomes whole pupils by the rule that
made today's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.demand.pupils import ages_of_band, whole_pupils
from planning.errors import ConfigError, Message, msg
from planning.scenario.children_today import pupils_by_township
from planning.scenario.new_dwellings import estate_cells
from planning.scenario.outlook import project_outlook

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.outlook import Outlook

__all__ = ["county_in"]


def county_in(county: County, year: int, variant: str = "middle") -> tuple[County, tuple[Message, ...]]:
    """
    Give the county of a coming year.

    Children across the county line, and stages without ages, stay as they are today: nothing is known of their future.

    Parameters
    ----------
    county : County
        As it is today; its project is projected.
    year : int
        The year, from that of the count of people to the last of the projection.
    variant : str
        low, middle or high births.

    Returns
    -------
    tuple of (County, tuple of Message)
        Its cells have the pupils of that year, ``population`` is today's; and how they were come by.

    Raises
    ------
    ConfigError
        If the children of that year are not known; with the reason.
    """
    outlook, told = project_outlook(county)
    if outlook is None or not outlook.year <= year <= outlook.until:
        reasons = list(told) if outlook is None else [
            msg("The projection reaches from {first} to {last}.", first=outlook.year, last=outlook.until)
        ]  # fmt: skip
        raise ConfigError(msg("The pupils of {year} are not known.", year=year), reasons)
    own = ~county.cells["in_margin"].to_numpy(dtype=bool)
    expected = _expected(county, outlook, year, variant, own)
    stages = {stage: (rule.ages, rule.share) for stage, rule in county.project.stages.items()}
    whole = whole_pupils(expected, stages, townships=county.cells["township"], in_margin=county.cells["in_margin"])
    cells = gpd.GeoDataFrame(county.cells.assign(**{str(name): whole[name] for name in whole}), crs=county.crs)
    notes = [
        msg("Asked of the children of {year} ({variant}): today's pupils of each place, changed as the children of their township and grades are.",
            year=year, variant=_variant(variant)),
        *_of_estates(outlook, year),
    ]  # fmt: skip
    if not own.all():
        notes.append(msg("Children across the county line are taken to be as many as today."))
    return replace(county, cells=cells, costs=county.costs.for_cells(cells)), tuple(notes)


def _variant(variant: str) -> Message:
    return {"low": msg("low births"), "middle": msg("middle births"), "high": msg("high births")}[variant]


def _of_estates(outlook: Outlook, year: int) -> list[Message]:
    ready = outlook.estates[outlook.estates["year"] <= year]
    if not len(ready):
        return []
    return [
        msg("The children of {n} new estates are put into the inhabited place nearest to each, in its own township: {names}.",
            n=len(ready), names=", ".join(ready["name"].astype(str).iloc[:10]) + (" …" if len(ready) > 10 else ""))
    ]  # fmt: skip


def _expected(county: County, outlook: Outlook, year: int, variant: str, own: np.ndarray) -> pd.DataFrame:
    """Count the children of each cell and grade band, in fractions."""
    cells = county.cells
    township = cells["township"].astype(str)
    expected = cells[[f"pupils_{band}" for band in county.project.bands]].astype(float)
    expected = expected.set_axis(list(county.project.bands), axis="columns")
    without = outlook.without_estates[variant].children
    both = outlook.with_estates[variant].children
    today = pupils_by_township(county, list(without.loc[outlook.year].index))
    at = estate_cells(county, outlook.estates)
    for stage, span in outlook.ages.items():
        for band, (first, last) in ages_of_band(stage, span).items():
            years = list(range(first, last + 1))
            base = without.loc[outlook.year][years].sum(axis=1)
            coming = without.loc[year][years].sum(axis=1)
            ratio = (coming / base.where(base > 0)).fillna(1.0)
            expected.loc[own, band] = expected.loc[own, band] * township[own].map(ratio)
            # Where nobody of the band lives today, those who come live as the people do.
            for name in today.index[(today[band] <= 0) & (coming > 0)]:
                here = own & (township == name).to_numpy()
                if here.any():
                    people = cells.loc[here, "population"]
                    expected.loc[here, band] = people / people.sum() * coming[name]
            brought = both.loc[year][years].sum(axis=1) - coming
            _put(expected, band, brought, outlook, year, years, at)
    return expected


def _put(
    expected: pd.DataFrame, band: str, brought: pd.Series, outlook: Outlook, year: int, years: list[int], at: pd.Series
) -> None:
    """Share a township's children of new dwellings among its estates that are ready, by what each brought in; in place."""
    children = outlook.estate_children[outlook.estate_children["year"] <= year]
    for name, part in children.groupby("township"):
        number = float(brought.get(name, 0.0))
        if not number > 0:
            continue
        # Those who are of the band now were so many years younger when they moved in.
        then = part[(part["age"] + (year - part["year"])).isin(years)]
        weight = (then if len(then) else part).groupby("housing_id")["children"].sum()
        if not float(weight.sum()) > 0:
            continue
        for housing_id, share in (weight / weight.sum()).items():
            expected.loc[at[housing_id], band] += number * float(share)
