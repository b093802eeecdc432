"""The bureau's own list of villages, with residents or pupils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from planning.errors import Message, SetAside, SourceError, msg
from planning.schemas import VILLAGES, check_table
from planning.sources.cells import is_unknown
from planning.sources.points import Points, ids_of, read_points, same_code
from planning.sources.tables import numbers, raise_faults, texts
from planning.stages import STAGES

__all__ = ["VillagesRead", "read_villages"]


@dataclass(frozen=True)
class VillagesRead:
    """
    The villages of a table, and everything that was left out or assumed.

    Parameters
    ----------
    villages : geopandas.GeoDataFrame
        As ``planning.schemas.VILLAGES``, sorted by id, with ``in_margin`` and ``source_row``.
    mapping : Mapping
        Our column → the file's heading.
    unmatched : tuple of str
        Headings nothing was made of.
    set_aside : tuple of SetAside
        Rows left out, with the residents that hang on them.
    notices : tuple of Message
        What the whole table rests on.
    """

    villages: gpd.GeoDataFrame
    mapping: Mapping[str, str]
    unmatched: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    notices: tuple[Message, ...]


def read_villages(
    path: Path,
    *,
    crs: pyproj.CRS,
    coordinates: str = "wgs84",
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    boundary: shapely.Geometry | None = None,
    margin_m: float = 0.0,
) -> VillagesRead:
    """
    Read a table of villages; a location and residents or pupils of some stage are required.

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
        How far outside the line a village is kept [m].

    Returns
    -------
    VillagesRead
        Villages; residents and pupils are NA where the table does not say.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used; with all faults at once.
    CrsError
        If its coordinates are not what they are announced to be.
    """
    points = read_points(
        path,
        subject="villages",
        crs=crs,
        coordinates=coordinates,
        mapping=mapping,
        sheet=sheet,
        boundary=boundary,
        margin_m=margin_m,
    )
    raw, headings = points.raw, points.headings
    faults, notices = list(points.faults), list(points.notices)
    counted = ["population", *(f"pupils_{stage}" for stage in STAGES)]
    if not any(column in headings.used for column in counted):
        raise SourceError(
            msg(
                "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                file=raw.file,
                column=msg("population, or pupils of a stage"),
                row=raw.header_row,
                headings=", ".join(map(str, raw.frame.columns)),
            )
        )
    columns: dict[str, pd.Series] = {"name": texts(raw, headings, "name")}
    township = texts(raw, headings, "township")
    columns["township"] = township.mask(township.map(is_unknown), "")
    for column in counted:
        columns[column], wrong, told = numbers(raw, headings, column, whole=column != "population")
        faults += wrong
        notices += told
    code = texts(raw, headings, "village_id")
    code = code.mask(code.map(is_unknown), "")
    faults += same_code(code, columns["name"])
    raise_faults(raw.file, msg("villages"), faults)
    contents = ["|".join(str(cell) for cell in row) for row in raw.frame.itertuples(index=False)]
    index = pd.Index(
        ids_of(code.tolist(), columns["name"].tolist(), points.xy, contents, letter="V"), name="village_id", dtype=str
    )
    villages = gpd.GeoDataFrame(
        {name: column.to_numpy() for name, column in columns.items()}
        | {"in_margin": points.in_margin, "source_row": pd.array(list(raw.frame.index), dtype="Int64")},
        geometry=shapely.points(points.xy),
        crs=crs,
        index=index,
    )
    villages = villages.astype(dict.fromkeys(counted[1:], "Int64") | {"population": "Float64", "name": str})
    villages = villages.astype({"township": str}).sort_index()
    check_table(villages, VILLAGES, file=raw.file, what="villages", rows=villages["source_row"], headings=headings.used)
    aside = (*_with_residents(points), *_too_many_pupils(villages, raw.file))
    return VillagesRead(villages, headings.used, headings.unmatched, aside, tuple(notices))


def _with_residents(points: Points) -> list[SetAside]:
    """Say of every village left out how many residents (or pupils, where those are all that is known) hang on it."""
    if points.dropped is None:
        return list(points.set_aside)
    lost = replace(points.raw, frame=points.dropped)
    people = numbers(lost, points.headings, "population", whole=False)[0]
    pupils = pd.DataFrame({stage: numbers(lost, points.headings, f"pupils_{stage}")[0] for stage in STAGES})
    amount = people.fillna(pupils.sum(axis=1)).fillna(0).astype(float).to_dict()
    return [replace(aside, amount=amount.get(aside.row, 0.0)) for aside in points.set_aside]


def _too_many_pupils(villages: gpd.GeoDataFrame, file: str) -> list[SetAside]:
    """Tell villages with more pupils than residents: one of the two columns is not what its heading says."""
    pupils = villages[[f"pupils_{stage}" for stage in STAGES]].sum(axis=1)
    more = (pupils > villages["population"]).fillna(value=False).astype(bool)
    return [
        SetAside(
            file,
            village["name"] or str(name),
            msg(
                "has more pupils ({pupils}) than residents ({people}). Check the two columns.",
                pupils=int(pupils[name]),
                people=round(village["population"]),
            ),
            row=int(village["source_row"]),
            kept=True,
        )
        for name, village in villages[more].iterrows()
    ]
