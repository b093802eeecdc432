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

from planning.demand.pupils import Stages, ages_of_band, whole_pupils
from planning.errors import ConfigError, Message, msg
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
    stages: Stages = {stage: (rule.ages, rule.share) for stage, rule in county.project.stages.items()}
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
    expected = pd.DataFrame(expected.set_axis(list(county.project.bands), axis="columns"))
    today = pd.DataFrame(outlook.without_estates[variant].children.loc[outlook.year])
    plain = pd.DataFrame(outlook.without_estates[variant].children.loc[year])
    both = pd.DataFrame(outlook.with_estates[variant].children.loc[year])
    at = estate_cells(county, outlook.estates)
    for stage, span in outlook.ages.items():
        for band, (first, last) in ages_of_band(stage, span).items():
            years = list(range(first, last + 1))
            base, found = today[years].sum(axis="columns"), both[years].sum(axis="columns")
            brought = _brought(outlook, year, years, found - plain[years].sum(axis="columns"))
            coming = found - brought.groupby("township").sum().reindex(found.index).fillna(0.0)
            ratio = (coming / base.where(base > 0)).fillna(1.0)
            expected.loc[own, band] = expected.loc[own, band] * township[own].map(ratio)
            # Where nobody of the band lives today, those who come live as the people do.
            for name in base.index[(base <= 0) & (coming > 0)]:
                here = own & (township == name).to_numpy()
                people = cells.loc[here, "population"]
                expected.loc[here, band] = people / people.sum() * coming[name]
            for housing_id, children in zip(brought.index.get_level_values("housing_id"), brought, strict=True):
                expected.loc[at[str(housing_id)], band] += float(children)
    return expected


def _brought(outlook: Outlook, year: int, years: list[int], more: pd.Series) -> pd.Series:
    """
    Share the children whom new dwellings brought to a township among its estates, by what each brought in.

    Those who moved on to a township without an estate live there as its other children do.
    """
    moved_in = outlook.estate_children[outlook.estate_children["year"] <= year]
    # Those who are of the band now were so many years younger when they moved in.
    of_band = moved_in[(moved_in["age"] + (year - moved_in["year"])).isin(years) & (moved_in["children"] > 0)]
    weight = of_band.groupby(["township", "housing_id"])["children"].sum().astype(float)
    name = weight.index.get_level_values("township")
    return pd.Series(weight / weight.groupby(name).transform("sum") * more.clip(lower=0.0).reindex(name).to_numpy())
