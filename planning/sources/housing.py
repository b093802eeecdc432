"""Planned estates: how many dwellings, where, from which year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.schemas import HOUSING, check_table
from planning.sources.by_township import years_of
from planning.sources.cells import is_unknown
from planning.sources.points import ids_of, names_of, read_points, same_code
from planning.sources.tables import numbers, raise_faults, texts
from planning.stages import STAGES

__all__ = ["HousingRead", "read_housing"]


@dataclass(frozen=True)
class HousingRead:
    """
    The estates of a table, and everything that was left out or assumed.

    Parameters
    ----------
    housing : geopandas.GeoDataFrame
        As ``planning.schemas.HOUSING``, sorted by id, with ``township``, ``in_margin``, ``source_row``, and
        ``pupils_{stage}`` [pupils/dwelling] for the stages that the table has a column of, NaN where a cell is empty.
    mapping : Mapping
        Our column → the file's heading.
    unmatched : tuple of str
        Headings nothing was made of.
    set_aside : tuple of SetAside
        Rows left out.
    notices : tuple of Message
        What the whole table rests on.
    """

    housing: gpd.GeoDataFrame
    mapping: Mapping[str, str]
    unmatched: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    notices: tuple[Message, ...]


def read_housing(
    path: Path,
    *,
    crs: pyproj.CRS,
    coordinates: str = "wgs84",
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    boundary: shapely.Geometry | None = None,
    margin_m: float = 0.0,
) -> HousingRead:
    """
    Read a table of planned estates; location, dwellings and year are required.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx, .csv or a map layer.
    crs : pyproj.CRS
        The project's system [m].
    coordinates : str
        wgs84, gcj02, bd09 or EPSG:number.
    mapping : Mapping, optional
        Our column → the file's heading.
    sheet : str, optional
        Sheet of a workbook.
    boundary : shapely.Geometry, optional
        County in ``crs``.
    margin_m : float
        How far outside the line an estate is kept [m].

    Returns
    -------
    HousingRead
        Estates; a row without dwellings or year is set aside.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used; with all faults at once.
    CrsError
        If its coordinates are not what they are announced to be.
    """
    points = read_points(
        path,
        subject="housing",
        crs=crs,
        coordinates=coordinates,
        mapping=mapping,
        sheet=sheet,
        boundary=boundary,
        margin_m=margin_m,
    )
    raw, headings, faults = points.raw, points.headings, list(points.faults)
    missing = [column for column in ("dwellings", "year") if column not in headings.used]
    if missing:
        raise SourceError(
            msg(
                "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                file=raw.file,
                column=msg("number of dwellings") if missing[0] == "dwellings" else msg("year"),
                row=raw.header_row,
                headings=Names(map(str, raw.frame.columns)),
            )
        )
    dwellings, wrong, told = numbers(raw, headings, "dwellings")
    of_stage = [stage for stage in STAGES if f"pupils_{stage}" in headings.used]
    rates: dict[str, pd.Series] = {}
    for stage in of_stage:
        rates[f"pupils_{stage}"], of_rate, in_words = numbers(raw, headings, f"pupils_{stage}", whole=False)
        wrong, told = [*wrong, *of_rate], [*told, *in_words]
    year, no_year = years_of(raw.frame[headings.used["year"]], headings.used["year"])
    name, code = texts(raw, headings, "name"), texts(raw, headings, "housing_id")
    code = code.mask(code.map(is_unknown), "")
    raise_faults(raw.file, msg("housing estates"), [*faults, *wrong, *no_year, *same_code(code, name)])
    complete = (dwellings.notna() & year.notna()).to_numpy(dtype=bool)
    names = names_of(raw, headings)
    aside = [
        SetAside(
            raw.file,
            names[i],
            msg("has no number of dwellings or no year. Add them, and it will take part."),
            row=int(raw.frame.index[i]),
        )
        for i in np.flatnonzero(~complete).tolist()
    ]
    contents = ["|".join(str(cell) for cell in row) for row in raw.frame.itertuples(index=False)]
    housing = gpd.GeoDataFrame(
        {
            "name": name.to_numpy(),
            "township": texts(raw, headings, "township").to_numpy(),
            "dwellings": dwellings.to_numpy(),
            "year": year.to_numpy(),
            **{column: rate.astype("Float64").to_numpy(dtype=float, na_value=np.nan) for column, rate in rates.items()},
            "in_margin": points.in_margin,
            "source_row": pd.array(list(raw.frame.index), dtype="Int64"),
        },
        geometry=shapely.points(points.xy),
        crs=crs,
        index=pd.Index(
            ids_of(code.tolist(), name.tolist(), points.xy, contents, letter="H"), name="housing_id", dtype=str
        ),
    )
    housing = (
        housing[complete].astype({"name": str, "township": str, "dwellings": "Int64", "year": "Int64"}).sort_index()
    )
    check_table(housing, HOUSING, file=raw.file, what="housing", rows=housing["source_row"], headings=headings.used)
    return HousingRead(
        housing, headings.used, headings.unmatched, (*points.set_aside, *aside), (*points.notices, *told)
    )
