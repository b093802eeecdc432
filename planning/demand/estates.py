"""New dwellings bring children: how many, of which age, in which year, and when an estate must bring its own school."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.errors import SchemaError, msg

__all__ = ["children_of_estates", "schools_of_estates"]


def children_of_estates(
    housing: gpd.GeoDataFrame, per_dwelling: Mapping[str, float], ages: Mapping[str, tuple[int, int]]
) -> pd.DataFrame:
    """
    Count the children that move into new dwellings, by the year they are ready.

    Parameters
    ----------
    housing : geopandas.GeoDataFrame, shape (n_estates, ...)
        ``township``, ``dwellings``, ``year``, as in ``schemas.HOUSING``.
    per_dwelling : Mapping
        Pupils of each stage that a dwelling brings [pupils/dwelling].
    ages : Mapping
        First and last age of each stage, both included [years].

    Returns
    -------
    pandas.DataFrame
        ``year``, ``township``, ``age``, ``children``: a stage's pupils, spread evenly over its ages [children]. They grow
        older with the others after that year.

    Raises
    ------
    SchemaError
        If a stage has no ages, or a number of pupils per dwelling is negative or not finite.

    Examples
    --------
    >>> estate = gpd.GeoDataFrame({"township": ["Town"], "dwellings": [2000], "year": [2028]}, geometry=[None])
    >>> children_of_estates(estate, {"junior": 0.06}, {"junior": (12, 14)})["children"].tolist()
    [40.0, 40.0, 40.0]
    """
    rows = []
    for stage, rate in per_dwelling.items():
        if stage not in ages:
            raise SchemaError(msg("Pupils per dwelling are given for {stage}, which has no ages.", stage=stage))
        if not 0 <= rate < np.inf:
            raise SchemaError(msg("Pupils per dwelling must be 0 or more ({stage}: {value}).", stage=stage, value=rate))
        years = range(ages[stage][0], ages[stage][1] + 1)
        for year, township, dwellings in _of(housing, "year", "township", "dwellings"):
            rows += [(int(year), str(township), age, float(dwellings) * rate / len(years)) for age in years]
    table = pd.DataFrame(rows, columns=["year", "township", "age", "children"])
    return table.groupby(["year", "township", "age"]).sum().reset_index()


def schools_of_estates(
    housing: gpd.GeoDataFrame, triggers: Mapping[str, float], *, people_per_dwelling: float
) -> pd.DataFrame:
    """
    Say which estates must bring schools of their own (新建住宅小区配建学校).

    Parameters
    ----------
    housing : geopandas.GeoDataFrame, shape (n_estates, ...)
        ``name``, ``township``, ``dwellings``, ``year``, as in ``schemas.HOUSING``.
    triggers : Mapping
        People from whom on an estate needs a school of the stage, inclusive [people].
    people_per_dwelling : float
        Residents of a dwelling [people/dwelling].

    Returns
    -------
    pandas.DataFrame
        ``housing_id``, ``name``, ``township``, ``year``, ``people``, ``stage``, ``trigger``: a row for each school that is
        due, by year and estate.

    Raises
    ------
    SchemaError
        If ``people_per_dwelling`` is not above 0.
    """
    if not 0 < people_per_dwelling < np.inf:
        raise SchemaError(msg("People per dwelling must be above 0, not {value}.", value=people_per_dwelling))
    ordered = housing.sort_values("year", kind="stable")
    rows = [
        (housing_id, name, township, int(year), float(dwellings) * people_per_dwelling, stage, trigger)
        for housing_id, (name, township, year, dwellings) in zip(
            ordered.index, _of(ordered, "name", "township", "year", "dwellings"), strict=True
        )
        for stage, trigger in triggers.items()
        if float(dwellings) * people_per_dwelling >= trigger
    ]
    return pd.DataFrame(rows, columns=["housing_id", "name", "township", "year", "people", "stage", "trigger"])


def _of(table: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Give some columns row by row."""
    return list(zip(*(table[column].tolist() for column in columns), strict=True))
