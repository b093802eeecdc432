"""Estates of a county: in which township, with how many children of which age, and with which schools of their own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import scipy.spatial
import shapely

from planning.demand.estates import children_of_estates, schools_of_estates
from planning.demand.grades import USUAL_AGES
from planning.demand.villages import assign_townships
from planning.errors import Message, msg
from planning.i18n.terms import TERMS
from planning.scenario.children_today import stage_ages
from planning.standards import Rule, read_pack

if TYPE_CHECKING:
    import geopandas as gpd

    from planning.scenario.county import County
    from planning.standards import RulePack

__all__ = ["PER_DWELLING", "children_of_dwellings", "estate_cells", "estates_of", "schools_due"]

PER_DWELLING: Mapping[str, float] = MappingProxyType(
    {"kindergarten": 0.10, "primary": 0.20, "junior": 0.10, "senior": 0.10}
)
"""Pupils that a new dwelling brings where nobody says: tool default, about 33 for each grade and 1,000 dwellings."""

#: Stages before which a pack with its own number of residents is shown as an example where the county's pack has none.
_EXAMPLE = "cn_hunan_2019"
_TRIGGERED = ("kindergarten", "primary", "junior")


def estates_of(county: County, year: int, until: int) -> tuple[gpd.GeoDataFrame, list[Message]]:
    """
    Take the estates that are handed over after the count of people, each with its township.

    Parameters
    ----------
    county : County
        With its table of estates.
    year : int
        Year that its people stand for; who lives in an estate of that year or before was counted there.
    until : int
        Last year.

    Returns
    -------
    tuple of (geopandas.GeoDataFrame, list of Message)
        The estates with ``township``: by the polygons, else as the table says, else that of the nearest inhabited place; and
        which were left out.
    """
    housing = county.housing
    if not len(housing):
        return housing.assign(township=pd.Series(dtype="str")), []
    own = county.cells[~county.cells["in_margin"].astype(bool)]
    known = set(own["township"].astype(str).unique()) - {""}
    told = housing["township"].astype(str) if "township" in housing else pd.Series("", index=housing.index)
    place = assign_townships(housing, county.townships) if len(county.townships) else told
    place = place.where(place != "", told)
    nearest = own["township"].astype(str).to_numpy()[_nearest(own, housing)]
    housing = housing.assign(township=place.where(place.isin(known), nearest).astype("str"))
    before, after = housing["year"] <= year, housing["year"] > until
    notices = []
    if before.any():
        notices.append(
            msg("{n} estates are handed over in {year} or before: their children are taken to be counted among today's.",
                n=int(before.sum()), year=year)
        )  # fmt: skip
    if after.any():
        notices.append(
            msg("{n} estates are handed over after {year} and bring no children here.", n=int(after.sum()), year=until)
        )
    return housing[~before & ~after], notices


def _nearest(cells: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> np.ndarray:
    """Give the position of the cell nearest to each place, as the crow flies."""
    tree = scipy.spatial.KDTree(shapely.get_coordinates(cells.geometry.to_numpy()))
    return np.asarray(tree.query(shapely.get_coordinates(places.geometry.to_numpy()))[1])


def children_of_dwellings(county: County, estates: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[Message]]:
    """
    Count the children that move into each estate.

    Parameters
    ----------
    county : County
        Its project says how many pupils a dwelling brings where the table does not.
    estates : geopandas.GeoDataFrame
        As ``estates_of`` gives them.

    Returns
    -------
    tuple of (pandas.DataFrame, list of Message)
        ``housing_id``, ``year``, ``township``, ``age``, ``children``; ages up to the oldest of a stage. Children too young
        for kindergarten are as many of each year as those in it. With it what was assumed.
    """
    spans = {**USUAL_AGES, **stage_ages(county.project)}
    last = max(last for _, last in stage_ages(county.project).values())
    given = county.project.projection_or_default.per_dwelling
    first = spans["kindergarten"][0]
    parts: list[pd.DataFrame] = []
    by_default: set[str] = set()
    for housing_id, estate in estates.iterrows():
        rates = {}
        for stage, default in PER_DWELLING.items():
            own = estate.get(f"pupils_{stage}", np.nan)
            rates[stage] = (
                float(own) if own == own else float(next((v for k, v in given.items() if k == stage), default))
            )
            if own != own and stage not in given and spans[stage][0] <= last:
                by_default.add(stage)
        spread = spans["kindergarten"][1] - first + 1
        rates["under_school"] = rates["kindergarten"] * first / spread
        ages = {**spans, "under_school": (0, first - 1)}
        if first == 0:
            del rates["under_school"]
        children = children_of_estates(estates.loc[[housing_id]], rates, {stage: ages[stage] for stage in rates})
        parts.append(children.assign(housing_id=str(housing_id)))
    columns = ["housing_id", "year", "township", "age", "children"]
    table = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    notices = [
        msg("Pupils per dwelling of new estates, where neither the table of estates nor projection.per_dwelling says: {rates} (defaults of this tool, no rule). Name your own.",
            rates=_listed(county, by_default))
    ] if by_default else []  # fmt: skip
    return table[table["age"] <= last], notices


def _listed(county: County, stages: set[str]) -> Message:
    """Write the defaults of some stages one after the other."""
    named = [stage for stage in PER_DWELLING if stage in stages]
    words: Message = msg("{stage} {rate:g}", stage=TERMS[named[0]], rate=PER_DWELLING[named[0]])
    for stage in named[1:]:
        words = msg("{before}, {stage} {rate:g}", before=words, stage=TERMS[stage], rate=PER_DWELLING[stage])
    return words


def estate_cells(county: County, estates: gpd.GeoDataFrame) -> pd.Series:
    """
    Say in which inhabited place the children of each estate are put.

    Parameters
    ----------
    county : County
        Its inhabited places.
    estates : geopandas.GeoDataFrame
        As ``estates_of`` gives them.

    Returns
    -------
    pandas.Series, shape (n_estates,)
        Cell that is nearest, as the crow flies, among those of the same township.
    """
    own = county.cells[~county.cells["in_margin"].astype(bool)]
    found = pd.Series("", index=estates.index, dtype="str")
    for township, some in estates.groupby("township"):
        there = own[own["township"].astype(str) == township]
        found[some.index] = there.index.to_numpy()[_nearest(there, some)]
    return found


def schools_due(county: County, estates: gpd.GeoDataFrame) -> tuple[pd.DataFrame, RulePack | None]:
    """
    Say which estates must bring schools of their own (新建住宅小区配建学校).

    Parameters
    ----------
    county : County
        Its rule pack says from how many residents on; where it has no such rule, the pack of a province stands as an example.
    estates : geopandas.GeoDataFrame
        As ``estates_of`` gives them.

    Returns
    -------
    tuple of (pandas.DataFrame, RulePack or None)
        As ``demand.estates.schools_of_estates``, and the pack of another place that the numbers are from; None where they are
        the county's own.
    """
    pack = county.pack
    rules = _triggers(pack)
    example = None
    if not rules:
        example = read_pack(_EXAMPLE)
        rules = _triggers(example)
    triggers = {stage: rule.number for stage, rule in rules.items()}
    people = county.project.projection_or_default.people_per_dwelling
    return schools_of_estates(estates, triggers, people_per_dwelling=people), example


def _triggers(pack: RulePack) -> dict[str, Rule]:
    rules = {stage: pack.rule(f"stages.{stage}.estate_people") for stage in _TRIGGERED}
    return {stage: rule for stage, rule in rules.items() if rule is not None and rule.enabled}
