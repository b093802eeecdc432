"""The bureau's own list of villages, with residents or pupils."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
import shapely

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.schemas import VILLAGES, check_table
from planning.sources.cells import is_unknown
from planning.sources.points import Points, ids_of, read_points, same_code
from planning.sources.series import counted_columns
from planning.sources.tables import counts, raise_faults, texts
from planning.stages import BANDS, STAGES

__all__ = ["VillagesRead", "read_villages"]

_PUPILS = tuple(f"pupils_{stage}" for stage in STAGES)
#: Counts that a list has or has not; those in series (grades, ages) come on top.
_MORE = (
    *(f"pupils_{band}" for stage, bands in BANDS.items() for band in bands if band != stage and len(bands) > 1),
    *(f"{who}_{stage}" for who in ("registered", "incoming") for stage in STAGES),
    "incoming",
    "town_boarders",
)


@dataclass(frozen=True)
class VillagesRead:
    """
    The villages of a table, and everything that was left out or assumed.

    Parameters
    ----------
    villages : geopandas.GeoDataFrame
        As ``planning.schemas.VILLAGES``, sorted by id, with ``in_margin`` and ``source_row``; and, where the table has
        them, ``pupils_{band}``, ``grade_1`` …, ``junior_4``, ``kindergarten_1`` …, ``age_6``, ``age_0_5`` … (children),
        ``registered_{stage}``, ``incoming``, ``incoming_{stage}`` and ``town_boarders``. Which grade and which age
        belongs to which stage is for the project to say, and so for ``demand.grades``.
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
    Read a table of villages; a location and residents, pupils or children are required.

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
    given = counted_columns(headings.used, ("population", *_PUPILS, *_MORE))
    if not set(given) - {"incoming", "town_boarders"}:
        raise SourceError(
            msg(
                "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                file=raw.file,
                column=msg("population, or pupils of a stage or grade"),
                row=raw.header_row,
                headings=Names(map(str, raw.frame.columns)),
            )
        )
    columns: dict[str, pd.Series] = {"name": texts(raw, headings, "name")}
    township = texts(raw, headings, "township")
    columns["township"] = township.mask(township.map(is_unknown), "")
    counted = list(dict.fromkeys(["population", *_PUPILS, *given]))
    for column in counted:
        columns[column], wrong, told = counts(raw, headings, column, whole=column != "population")
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
    people = counts(lost, points.headings, "population", whole=False)[0]
    given = counted_columns(points.headings.used, _PUPILS)
    pupils = pd.DataFrame({column: counts(lost, points.headings, column)[0] for column in given}, index=people.index)
    amount = people.fillna(_children(pupils)).fillna(0).astype(float).to_dict()
    return [replace(aside, amount=amount.get(aside.row, 0.0)) for aside in points.set_aside]


def _children(table: pd.DataFrame) -> pd.Series:
    """Count the children a row names: the larger of its stages, its grades and its ages, which are the same children."""
    columns = [str(column) for column in table.columns]
    ages = [column for column in columns if column.startswith("age_")]
    years, groups = [c for c in ages if c.count("_") == 1], [c for c in ages if c.count("_") == 2]
    grades = [column for column in columns if column.startswith(("grade_", "junior_", "kindergarten_"))]
    stages = [column for column in _PUPILS if column in columns]
    sums = [table[some].sum(axis=1).astype("Float64") for some in (stages, grades, years, groups)]
    return pd.Series(pd.concat(sums, axis=1).max(axis=1), index=table.index)


def _too_many_pupils(villages: gpd.GeoDataFrame, file: str) -> list[SetAside]:
    """Tell villages with more pupils than residents: one of the two columns is not what its heading says."""
    pupils = _children(pd.DataFrame(villages.drop(columns="geometry")))
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
