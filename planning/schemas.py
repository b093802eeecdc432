"""Schemas of the tables that pass between the rooms, checked in one place; a table's faults come all at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import pandera.errors
import pandera.pandas as pa

from planning.errors import Message, Names, SchemaError, msg
from planning.stages import KINDS, STAGES

__all__ = [
    "CANDIDATES",
    "EXCLUSION_KINDS",
    "HOUSING",
    "LOCALES",
    "RESOURCES",
    "RESOURCES_BY_STAGE",
    "SCHOOLS",
    "VILLAGES",
    "cells_schema",
    "check_table",
]

LOCALES = ("city", "town", "village", "")
OWNERSHIPS = ("public", "private", "unknown")
STATUSES = ("open", "planned", "closed")
EXCLUSION_KINDS = ("water", "steep", "hazard", "farmland", "railway", "trunk_road", "expressway", "other")

_WHOLE_BY_STAGE = (
    "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "mid_title_teachers", "staff", "multimedia_rooms",
    "computers", "books",
)  # fmt: skip
#: What a school has of which the table may also give the primary and the junior part, ``_primary`` and ``_junior``.
RESOURCES_BY_STAGE = (*_WHOLE_BY_STAGE, "teaching_area_m2", "sports_area_m2", "equipment_yuan")
#: Optional columns of the table of schools, each with its type; one is there where the bureau's table has it.
RESOURCES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys((*_WHOLE_BY_STAGE, "music_rooms", "art_rooms"), "Int64")
    | dict.fromkeys(
        ("teaching_area_m2", "sports_area_m2", "equipment_yuan", "site_area_m2", "floor_area_m2", "dorm_area_m2"),
        "Float64",
    )
    | {
        f"{column}_{stage}": "Int64" if column in _WHOLE_BY_STAGE else "Float64"
        for column in RESOURCES_BY_STAGE
        for stage in ("primary", "junior")
    }
    | {
        f"{column}_{stage}": "Int64"
        for column in ("largest_class", "classes_56_65", "classes_66")
        for stage in ("primary", "junior")
    }
)


def _count(*, nullable: bool = True) -> pa.Column:
    return pa.Column("Int64", pa.Check.ge(0), nullable=nullable)


def _one_of(values: tuple[str, ...]) -> pa.Column:
    return pa.Column(str, pa.Check.isin(values))


def _text() -> pa.Column:
    return pa.Column(str)


def _point() -> pa.Column:
    return pa.Column(
        "geometry",
        pa.Check(lambda geometry: geometry.geom_type == "Point", name="point"),
    )


def _index(name: str) -> pa.Index:
    return pa.Index(str, pa.Check.str_length(min_value=1), unique=True, name=name)


#: One row a school; seats, pupils and classes are unknown (NA), never 0, where the source does not say.
SCHOOLS = pa.DataFrameSchema(
    {
        "name": _text(),
        "kind": _one_of(KINDS),
        "locale": _one_of(LOCALES),
        "township": _text(),
        "ownership": _one_of(OWNERSHIPS),
        "status": _one_of(STATUSES),
        **{f"{measure}_{stage}": _count() for measure in ("seats", "pupils", "classes") for stage in STAGES},
        "beds": _count(),
        "boarders": _count(),
        "teachers": _count(),
        **{name: pa.Column(dtype, pa.Check.ge(0), nullable=True, required=False) for name, dtype in RESOURCES.items()},
        "protected": pa.Column(bool),
        "in_margin": pa.Column(bool),
        "source_row": _count(),
        "geometry": _point(),
    },
    index=_index("school_id"),
    strict=False,
)

#: One row a village of the bureau's own list.
VILLAGES = pa.DataFrameSchema(
    {
        "name": _text(),
        "township": _text(),
        "population": pa.Column("Float64", pa.Check.ge(0), nullable=True),
        **{f"pupils_{stage}": _count() for stage in STAGES},
        "geometry": _point(),
    },
    index=_index("village_id"),
    strict=False,
)

#: One row a planned estate.
HOUSING = pa.DataFrameSchema(
    {
        "name": _text(),
        "dwellings": _count(nullable=False),
        "year": _count(nullable=False),
        "geometry": _point(),
    },
    index=_index("housing_id"),
    strict=False,
)

#: One row a place where a school may be built.
CANDIDATES = pa.DataFrameSchema(
    {
        "name": _text(),
        "township": _text(),
        "why": _text(),
        "geometry": _point(),
    },
    index=_index("candidate_id"),
    strict=False,
)


def cells_schema(bands: tuple[str, ...]) -> pa.DataFrameSchema:
    """
    Give the schema of the places where pupils live.

    Parameters
    ----------
    bands : tuple of str
        Grade bands of the project's stages.

    Returns
    -------
    pandera.DataFrameSchema
        Name, township, people, whole pupils by band, point.
    """
    return pa.DataFrameSchema(
        {
            "name": _text(),
            "township": _text(),
            "population": pa.Column(float, pa.Check.ge(0)),
            **{f"pupils_{band}": pa.Column("int64", pa.Check.ge(0)) for band in bands},
            "in_margin": pa.Column(bool),
            "geometry": _point(),
        },
        index=_index("cell_id"),
        strict=False,
    )


def check_table(
    table: gpd.GeoDataFrame,
    schema: pa.DataFrameSchema,
    *,
    file: str,
    what: str,
    rows: pd.Series | None = None,
    headings: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """
    Check a table against its schema and name all faults at once.

    Parameters
    ----------
    table : geopandas.GeoDataFrame
        The table, ids in the index.
    schema : pandera.DataFrameSchema
        What it must be.
    file : str
        Where it came from, for the error's words.
    what : str
        What its rows are, in the plural, such as ``schools``.
    rows : pandas.Series, optional
        Row of the file for each id, as the user's own program numbers it.
    headings : Mapping, optional
        The file's own heading of each of our columns, so that the error speaks the user's language.

    Returns
    -------
    geopandas.GeoDataFrame
        The same table.

    Raises
    ------
    SchemaError
        With a fault for each column and kind of mistake, and the first rows that show it.
    """
    try:
        schema.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        faults = _in_words(error.failure_cases, rows=rows, headings=headings or {})
        raise SchemaError(
            msg("{file}: {n} faults in the table of {what}.", file=file, n=len(faults), what=what), faults
        ) from error
    return table


def _in_words(cases: pd.DataFrame, *, rows: pd.Series | None, headings: Mapping[str, str]) -> list[Message]:
    numbers = {} if rows is None else rows.to_dict()
    absent = cases["check"] == "column_in_dataframe"
    faults = [
        msg("{column}: the column is missing", column=headings.get(str(column), str(column)))
        for column in cases.loc[absent, "failure_case"]
    ]
    for (column, check), group in cases[~absent].groupby(["column", "check"], dropna=False, sort=False):
        name = headings.get(str(column), str(column)) if isinstance(column, str) else str(check)
        expected = _EXPECTED.get(str(check).split("(")[0])
        shown = []
        for value, place in zip(group["failure_case"].head(5), group["index"].head(5), strict=True):
            row = numbers.get(place, place)
            written = f"{value:g}" if isinstance(value, float) else repr(value)
            shown.append(f"{row}: {written}" if not pd.isna(place) else written)
        faults.append(
            msg(
                "{column}: {expected} (row {shown}{more})",
                column=name,
                expected=expected if expected is not None else str(check),
                shown=Names(shown),
                more=f" … +{len(group) - 5}" if len(group) > 5 else "",
            )
        )
    return faults


_EXPECTED: Mapping[str, Message] = {
    "greater_than_or_equal_to": msg("must be 0 or more"),
    "isin": msg("is not one of the values it may take"),
    "not_nullable": msg("must not be empty"),
    "field_uniqueness": msg("must not stand twice"),
    "str_length": msg("must not be empty"),
    "dtype": msg("is not of the right type"),
    "point": msg("must be a point"),
}
