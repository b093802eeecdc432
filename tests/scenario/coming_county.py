"""A county of two townships whose children of every coming year can be counted in the head."""

from __future__ import annotations

import dataclasses
import functools

import geopandas as gpd
import numpy as np
import pandas as pd
from line_county import line_county, places, project_of

from planning.scenario.changes import no_moves

YEAR = 2025
BIRTHS = 100.0


def births(rows: dict[tuple[str, int], float], *, low: float = np.nan, high: float = np.nan) -> pd.DataFrame:
    return pd.DataFrame(
        [(township, year, low, number, high) for (township, year), number in rows.items()],
        columns=["township", "year", "low", "middle", "high"],
    )


def ages_of(**children: list[float]) -> pd.DataFrame:
    """People by township and age 0, 1, 2 …"""
    table = pd.DataFrame.from_dict(children, orient="index").rename_axis("township")
    return table.set_axis([str(age) for age in table.columns], axis="columns").astype(float)


def estate(dwellings: int, year: int, at: float, **more) -> gpd.GeoDataFrame:
    columns = {"name": ["Estate"], "dwellings": [dwellings], "year": [year], **{k: [v] for k, v in more.items()}}
    return places(["H1"], [at], "housing_id", columns)


@functools.cache
def laid_out():
    """Two townships: Town with 300 primary and 60 junior pupils, Hill with 60 and 30."""
    return line_county(
        {
            "a": {"at": 1000, "township": "Town", "primary_lower": 150, "primary_upper": 150, "junior": 60},
            "b": {"at": 3000, "township": "Hill", "primary_lower": 30, "primary_upper": 30, "junior": 30},
        },
        {
            "s1": {"at": 1000, "township": "Town", "seats_primary": 290},
            "s2": {"at": 1500, "township": "Town", "kind": "junior", "seats_junior": 100},
            "s3": {"at": 3000, "township": "Hill", "kind": "nine_year", "seats_primary": 60, "seats_junior": 40},
        },
        {"n1": 2000, "n2": 4000},
        project=project_of(("primary", "junior")),
    )


def county(*, until: int = 2028, housing: gpd.GeoDataFrame | None = None, project: dict | None = None, **more):
    """The same with its ages and births; no child dies, and every seat can be filled."""
    settings = {
        "population": {"file": "p.tif", "year": YEAR},
        "projection": {"until": until, "infant_survival": 1, "child_survival": 1, "fill_rate": 1, "least_seats": 10},
    }
    wanted = {
        "ages": ages_of(Town=[40.0] * 6 + [50.0] * 6 + [20.0] * 3, Hill=[5.0] * 6 + [10.0] * 9),
        "births": births({("", year): BIRTHS for year in range(YEAR + 1, until + 1)}),
        "migration": no_moves(),
        **({"housing": housing} if housing is not None else {}),
        **more,
    }
    return dataclasses.replace(
        laid_out(), project=project_of(("primary", "junior"), **{**settings, **(project or {})}), **wanted
    )
