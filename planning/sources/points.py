"""Tables whose rows are places: read, headings matched, every row put on the map or set aside with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.errors import CrsError, Message, Names, SetAside, SourceError, msg
from planning.sources.cells import normal, parse_degrees, text_of, vocabulary
from planning.sources.coordinates import Bools, Floats, judge_points, place_points, source_crs
from planning.sources.tables import Headings, RawTable, match_headings, no_number, read_table, texts

__all__ = ["Points", "ids_of", "names_of", "read_points", "same_code", "told_of_headings"]


_PLACE_WORDS: Mapping[str, Message] = MappingProxyType(
    {"lon": msg("longitude (lon)"), "lat": msg("latitude (lat)"), "x": msg("easting (x)"), "y": msg("northing (y)")}
)


@dataclass(frozen=True)
class Points:
    """
    The rows of a table that have a place in the county.

    Parameters
    ----------
    raw : RawTable
        Those rows, as they stand in the file.
    headings : Headings
        What stands for what.
    xy : numpy.ndarray, shape (n, 2)
        Their places in the project's system [m].
    in_margin : numpy.ndarray, shape (n,)
        Outside the county line, kept because near.
    set_aside : tuple of SetAside
        Rows left out.
    notices : tuple of Message
        What was assumed.
    faults : tuple of Message
        What must be mended; the caller adds its own and raises them together.
    dropped : pandas.DataFrame or None
        The rows without a place in the county, as they stand in the file.
    """

    raw: RawTable
    headings: Headings
    xy: Floats
    in_margin: Bools
    set_aside: tuple[SetAside, ...]
    notices: tuple[Message, ...]
    faults: tuple[Message, ...]
    dropped: pd.DataFrame | None = None


def read_points(
    path: Path,
    *,
    subject: str,
    crs: pyproj.CRS,
    coordinates: str = "wgs84",
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    boundary: shapely.Geometry | None = None,
    margin_m: float = 0.0,
) -> Points:
    """
    Read a table of places.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx, .csv or a map layer.
    subject : str
        schools, villages or housing.
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
        How far outside the line a place is kept [m].

    Returns
    -------
    Points
        Rows with a place, the rows without, and the faults found so far.

    Raises
    ------
    SourceError
        If the file or its headings cannot be used.
    CrsError
        If its coordinates are not what they are announced to be.
    """
    system = source_crs(coordinates, where=path.name)
    raw = read_table(path, subject=subject, sheet=sheet, mapping=mapping, crs=system)
    headings = match_headings(raw.frame.columns, subject=subject, mapping=mapping, file=raw.file)
    notices = list(raw.notices)
    faults: list[Message] = []
    faulty = np.zeros(len(raw.frame), dtype=np.bool_)
    if raw.geometry is not None:
        x, y, announced, told = _shapes(raw, coordinates)
        notices += told
    else:
        x, y, faulty, faults = _columns(raw, headings)
        announced = coordinates
    names = names_of(raw, headings)
    placed = place_points(x, y, coordinates=announced, crs=crs, file=raw.file)
    known = np.isfinite(x) & np.isfinite(y)
    numbered = [int(row) for row in raw.frame.index]
    aside = [
        SetAside(raw.file, names[i], msg("has no coordinates. Add them, and it will take part."), row=numbered[i])
        for i in np.flatnonzero(~known & ~faulty).tolist()
    ]
    some = np.flatnonzero(known)
    verdict = judge_points(
        type(placed)(placed.xy[some], placed.lonlat[some], placed.exchanged_xy[some], placed.notices),
        names=[names[i] for i in some],
        rows=[numbered[i] for i in some],
        file=raw.file,
        crs=crs,
        boundary=boundary,
        margin_m=margin_m,
    )
    stay = some[verdict.keep]
    rows = raw.frame.iloc[stay]
    return Points(
        raw=RawTable(raw.file, rows, raw.header_row),
        headings=headings,
        xy=placed.xy[stay],
        in_margin=verdict.in_margin[verdict.keep],
        set_aside=(*raw.set_aside, *aside, *verdict.set_aside),
        notices=(*notices, *placed.notices, *told_of_headings(headings, raw.file)),
        faults=(*faults, *verdict.faults),
        dropped=raw.frame.drop(index=rows.index),
    )


def told_of_headings(headings: Headings, file: str) -> list[Message]:
    """
    Tell which headings nothing was made of, running numbers and remarks apart.

    Parameters
    ----------
    headings : Headings
        What stands for what.
    file : str
        Name of the file.

    Returns
    -------
    list of Message
        One, or none.
    """
    words = vocabulary()
    ignored = [h for h in headings.unmatched if normal(h) not in (*words["serial"], *words["remarks"])]
    if not ignored:
        return []
    return [msg("{file}: nothing was made of the columns {headings}.", file=file, headings=Names(ignored))]


def names_of(raw: RawTable, headings: Headings) -> list[str]:
    """
    Name every row, for messages.

    Parameters
    ----------
    raw : RawTable
        The table.
    headings : Headings
        What stands for what.

    Returns
    -------
    list of str
        The name as it stands, else the first text of the row, else a dash.
    """
    named = texts(raw, headings, "name")
    return [
        name or next((text_of(cell) for cell in row if text_of(cell)), "-")
        for name, row in zip(named, raw.frame.itertuples(index=False), strict=True)
    ]


def _columns(raw: RawTable, headings: Headings) -> tuple[Floats, Floats, Bools, list[Message]]:
    """Read the two columns that say where, degrees before metres, and mark the rows whose cells are no numbers."""
    used = headings.used
    pair = next((p for p in (("lon", "lat"), ("x", "y")) if all(column in used for column in p)), None)
    if pair is None:
        half = next((c for c in ("lon", "lat", "x", "y") if c in used), None)
        other = {"lon": "lat", "lat": "lon", "x": "y", "y": "x"}.get(half or "", "")
        missing = _PLACE_WORDS.get(other, msg("longitude and latitude (or x and y)"))
        raise SourceError(
            msg(
                "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                file=raw.file,
                column=missing,
                row=raw.header_row,
                headings=Names(map(str, raw.frame.columns)),
            )
        )
    read: list[Floats] = []
    faults: list[Message] = []
    faulty = np.zeros(len(raw.frame), dtype=np.bool_)
    for column in pair:
        values = np.full(len(raw.frame), np.nan)
        for i, (row, cell) in enumerate(raw.frame[used[column]].items()):
            try:
                number = parse_degrees(cell)
            except ValueError:
                faults.append(no_number(used[column], cell, row))
                faulty[i] = True
                continue
            values[i] = np.nan if number is None else number
        read.append(values)
    return read[0], read[1], faulty, faults


def _shapes(raw: RawTable, coordinates: str) -> tuple[Floats, Floats, str, list[Message]]:
    """Take the places from a map layer, in the layer's own system unless its degrees are shifted ones."""
    assert raw.geometry is not None  # noqa: S101 - the caller asked
    shapes = raw.geometry.to_numpy()
    known = np.array([shape is not None and not shape.is_empty for shape in shapes], dtype=np.bool_)
    extended = known & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    points = shapes.copy()
    points[extended] = shapely.point_on_surface(shapes[extended])
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    x[known], y[known] = shapely.get_x(points[known]), shapely.get_y(points[known])
    own = raw.geometry.crs
    notices = []
    if extended.any():
        notices.append(
            msg(
                "{file}: {n} shapes are no points; a point inside each was taken.", file=raw.file, n=int(extended.sum())
            )
        )
    shifted = normal(coordinates).replace("-", "") in ("gcj02", "bd09")
    if shifted and not own.is_geographic:
        raise CrsError(
            msg(
                "{file}: the coordinates are metres; {coordinates} is in degrees. Write coordinates: EPSG:number.",
                file=raw.file,
                coordinates=coordinates,
            )
        )
    return x, y, coordinates if shifted else own.to_wkt(), notices


def ids_of(
    codes: Sequence[str], names: Sequence[str], xy: Floats, contents: Sequence[str], *, letter: str
) -> list[str]:
    """
    Give every row an id that does not depend on the order of rows.

    Parameters
    ----------
    codes : sequence of str
        Official code, empty where there is none.
    names : sequence of str
        Name.
    xy : numpy.ndarray, shape (n, 2)
        Place [m].
    contents : sequence of str
        The whole row, to tell apart what has the same name and place.
    letter : str
        First letter of an id that is made.

    Returns
    -------
    list of str
        The code, or a letter and eight hexadecimal digits.
    """
    keys = [f"{name}|{x:.1f}|{y:.1f}" for name, (x, y) in zip(names, xy, strict=True)]
    repeated = {key for key, count in pd.Series(keys).value_counts().items() if count > 1}
    keys = [f"{key}|{content}" if key in repeated else key for key, content in zip(keys, contents, strict=True)]
    return [
        code or letter + hashlib.sha256(key.encode()).hexdigest()[:8] for code, key in zip(codes, keys, strict=True)
    ]


def same_code(code: pd.Series, names: pd.Series) -> list[Message]:
    """
    Find official codes that stand in several rows.

    Parameters
    ----------
    code : pandas.Series
        Code of each row, empty where there is none; the index is the row of the file.
    names : pandas.Series
        Name of each row.

    Returns
    -------
    list of Message
        A fault a code.
    """
    faults = []
    for value, rows in code[code != ""].groupby(code):
        if len(rows) > 1:
            faults.append(
                msg(
                    "the code {code} stands in rows {rows} ({names}). Give each its own code, or delete the one too many.",
                    code=value,
                    rows=Names(map(str, rows.index)),
                    names=Names(names[rows.index]),
                )
            )
    return faults
