"""A first look at a table of places: its headings, what they are taken for, its first rows, and where its points may lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import openpyxl
import pandas as pd
import pyproj
import shapely

from planning.crs import local_metric_crs
from planning.errors import Message, PlanningError, SourceError
from planning.sources.cells import parse_degrees, text_of, vocabulary
from planning.sources.coordinates import Floats, place_points
from planning.sources.gate import check_file
from planning.sources.headings import match_headings
from planning.sources.tables import read_rows, read_table

__all__ = ["Fit", "Preview", "fit_systems", "places_of", "preview_table", "subject_columns", "word_for"]

_SAMPLE = 400
#: A system is proposed where its points lie this many times nearer to the roads than those of the next one.
_CLEARLY = 1.4
_DEGREES = ("wgs84", "gcj02", "bd09")


@dataclass(frozen=True)
class Preview:
    """
    A table before it is read for good.

    Parameters
    ----------
    file : str
        Name of the file.
    headings : tuple of str
        The file's headings.
    header_row : int
        Row they stand in; 0 for a map layer.
    frame : pandas.DataFrame
        Texts of all rows, by heading; the index is the row of the file.
    used : Mapping
        Our column → the file's heading, as it is taken now.
    proposed : Mapping
        The same without the user's own mapping.
    sheets : tuple of str
        Sheets of a workbook.
    is_layer : bool
        True for a map layer, whose shapes say where.
    faults : tuple of Message
        Why headings cannot be matched as they are.
    """

    file: str
    headings: tuple[str, ...]
    header_row: int
    frame: pd.DataFrame
    used: Mapping[str, str]
    proposed: Mapping[str, str]
    sheets: tuple[str, ...] = ()
    is_layer: bool = False
    faults: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Fit:
    """
    How points lie if they are taken to be in a system.

    Parameters
    ----------
    coordinates : str
        wgs84, gcj02, bd09 or EPSG:number.
    inside : float
        Share of points inside the county; NaN where no boundary is known.
    road_m : float
        Median distance to the nearest road [m]; NaN where no roads are known.
    proposed : bool
        True for the one that fits clearly best.
    """

    coordinates: str
    inside: float
    road_m: float
    proposed: bool = False


def subject_columns(subject: str) -> tuple[str, ...]:
    """
    List our columns of a subject.

    Parameters
    ----------
    subject : str
        schools or villages.

    Returns
    -------
    tuple of str
        Names, as a mapping takes them.
    """
    return tuple(vocabulary()["subjects"][subject])


#: English names of columns whose own names do not read as words.
_SPELT_OUT = {
    "school_id": "school code",
    "village_id": "village code",
    "lon": "longitude",
    "lat": "latitude",
    "x": "easting (x)",
    "y": "northing (y)",
    "classes_56_65": "classes of 56 to 65",
    "classes_66": "classes of 66 and more",
}


def word_for(column: str, subject: str, language: str) -> str:
    """
    Name one of our columns as a bureau's table would.

    Parameters
    ----------
    column : str
        Our column.
    subject : str
        schools or villages.
    language : str
        zh or en.

    Returns
    -------
    str
        The first heading of that language in the vocabulary; in English our own name, spelt out.
    """
    words = [str(word) for word in vocabulary()["subjects"][subject].get(column, ())]
    if language == "zh":
        return next((word for word in words if not word.isascii()), column)
    if column in _SPELT_OUT:
        return _SPELT_OUT[column]
    stem = next((stem for stem in _SPELT_OUT if column.startswith(stem + "_")), None)
    if stem is not None:
        return f"{_SPELT_OUT[stem]}, {column.removeprefix(stem + '_')}"
    return column.replace("_m2", "").replace("_yuan", "").replace("_", " ")


def preview_table(
    path: Path, *, subject: str, sheet: str | None = None, mapping: Mapping[str, str] | None = None
) -> Preview:
    """
    Look at a table without refusing what can still be mended.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx, .csv or a map layer.
    subject : str
        schools or villages.
    sheet : str, optional
        Sheet of a workbook.
    mapping : Mapping, optional
        The user's own mapping so far.

    Returns
    -------
    Preview
        Headings, proposal, rows.

    Raises
    ------
    PlanningError
        If the file cannot be read as a table at all.
    """
    kind = check_file(path, "table")
    sheets: tuple[str, ...] = ()
    if kind in ("xlsx", "csv"):
        rows, header, titles, _ = read_rows(path, subject=subject, sheet=sheet, mapping=mapping, kind=kind)
        places = [i for i, title in enumerate(titles) if title]
        headings = tuple(titles[i] for i in places)
        filled = {
            number: [text_of(row[i]) if i < len(row) else "" for i in places]
            for number, row in enumerate(rows[header + 1 :], start=header + 2)
            if any(text_of(cell) for cell in row)
        }
        frame = pd.DataFrame(list(filled.values()), index=list(filled), columns=list(headings), dtype=object)
        header_row = header + 1
        if kind == "xlsx":
            sheets = _sheets(path)
    else:
        raw = read_table(path, subject=subject, crs=pyproj.CRS.from_epsg(4326))
        frame, header_row = raw.frame.map(text_of), 0
        headings = tuple(map(str, frame.columns))
    proposed, _ = _matched(headings, subject, None, path.name)
    used, faults = _matched(headings, subject, mapping, path.name)
    return Preview(
        path.name, headings, header_row, frame, used, proposed, sheets, kind not in ("xlsx", "csv"), tuple(faults)
    )


def _matched(
    headings: Sequence[str], subject: str, mapping: Mapping[str, str] | None, file: str
) -> tuple[Mapping[str, str], tuple[Message, ...]]:
    """Match headings; where two mean one column, take the first and say so."""
    try:
        return match_headings(headings, subject=subject, mapping=mapping, file=file).used, ()
    except SourceError as error:
        used: dict[str, str] = {}
        for heading in dict.fromkeys(headings):
            for ours, theirs in match_headings([heading], subject=subject, file=file).used.items():
                used.setdefault(ours, theirs)
        known = {ours: theirs for ours, theirs in (mapping or {}).items() if theirs in headings}
        return MappingProxyType(used | known), error.faults


def _sheets(path: Path) -> tuple[str, ...]:
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return tuple(book.sheetnames)
    finally:
        book.close()


def places_of(preview: Preview, used: Mapping[str, str]) -> tuple[Floats, Floats]:
    """
    Read the places of a table's rows as they are written.

    Parameters
    ----------
    preview : Preview
        The table.
    used : Mapping
        Our column → the file's heading.

    Returns
    -------
    tuple of numpy.ndarray
        Longitude or easting, latitude or northing of the rows that have both.
    """
    pair = next((p for p in (("lon", "lat"), ("x", "y")) if all(used.get(c) in preview.frame for c in p)), None)
    if pair is None:
        return np.empty(0), np.empty(0)
    x, y = (np.array([_number(cell) for cell in preview.frame[used[column]]], dtype=np.float64) for column in pair)
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]


def _number(cell: object) -> float:
    try:
        number = parse_degrees(cell)
    except ValueError:
        return np.nan
    return np.nan if number is None else number


def fit_systems(
    x: Floats, y: Floats, *, boundary: shapely.Geometry | None = None, roads: Sequence[shapely.Geometry] = ()
) -> list[Fit]:
    """
    Judge which system a table's numbers are written in, by where its points then fall.

    Schools and villages stand by roads: in the right system they lie tens of metres from one, in a shifted one hundreds.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
        As written.
    boundary : shapely.Geometry, optional
        The county in longitude and latitude [degrees].
    roads : sequence of shapely.Geometry
        Lines in longitude and latitude [degrees].

    Returns
    -------
    list of Fit
        The best first; one at most is proposed, and none where the data do not tell.
    """
    if not len(x):
        return []
    step = max(len(x) // _SAMPLE, 1)
    x, y = x[::step], y[::step]
    middle = _middle(boundary, roads)
    if float(np.median(np.abs(x))) <= 180 and float(np.median(np.abs(y))) <= 180:
        systems: tuple[str, ...] = _DEGREES
        middle = middle or (float(np.median(x)), float(np.median(y)))
    elif middle is None:
        return []
    else:
        systems = _zones_near(middle[0])
    metric = local_metric_crs(*middle)
    to_metric = pyproj.Transformer.from_crs("EPSG:4326", metric, always_xy=True).transform
    area = None if boundary is None else shapely.transform(boundary, to_metric, interleaved=False)
    tree = shapely.STRtree([shapely.transform(line, to_metric, interleaved=False) for line in roads])
    fits: dict[bytes, tuple[int, Fit]] = {}
    for system in systems:
        try:
            placed = place_points(x, y, coordinates=system, crs=metric, file="-")
        except PlanningError:
            continue
        points = shapely.points(placed.xy[np.isfinite(placed.xy).all(axis=1)])
        if not len(points):
            continue
        inside = np.nan if area is None else float(shapely.contains(area, points).mean())
        away = (
            tree.query_nearest(points, return_distance=True, all_matches=False)[1] if len(tree) else np.array([np.nan])
        )
        # Eastings that begin with a zone number are read in that zone whatever is announced: name the zone itself.
        same = np.round(placed.xy).tobytes()
        if same not in fits or len(placed.notices) < fits[same][0]:
            fits[same] = len(placed.notices), Fit(system, inside, float(np.median(away)))
    return _ranked([fit for _, fit in fits.values()])


def _ranked(fits: Sequence[Fit]) -> list[Fit]:
    """Put the best first; propose it where the points fall clearly better than in any other system."""
    best_inside = max((fit.inside for fit in fits if np.isfinite(fit.inside)), default=np.nan)

    def badness(fit: Fit) -> tuple[bool, float]:
        elsewhere = bool(np.isfinite(fit.inside) and fit.inside < best_inside - 0.05)
        return elsewhere, fit.road_m if np.isfinite(fit.road_m) else 0.0

    ranked = sorted(fits, key=badness)
    if not ranked:
        return []
    first, rest = ranked[0], ranked[1:]
    near = not np.isfinite(best_inside) or first.inside > 0.5
    alone = not rest or badness(rest[0])[0] or rest[0].road_m > _CLEARLY * first.road_m
    return [Fit(first.coordinates, first.inside, first.road_m, proposed=near and alone), *rest]


def _middle(boundary: shapely.Geometry | None, roads: Sequence[shapely.Geometry]) -> tuple[float, float] | None:
    if boundary is not None:
        return float(boundary.centroid.x), float(boundary.centroid.y)
    if not len(roads):
        return None
    west, south, east, north = shapely.total_bounds(np.asarray(roads, dtype=object))
    return float((west + east) / 2), float((south + north) / 2)


def _zones_near(lon: float) -> tuple[str, ...]:
    """Name the CGCS2000 zones whose eastings may be those of a place: 3° and 6°, without and with the zone number."""
    zones = []
    middle = round(lon / 3) * 3
    for meridian in (middle - 3, middle, middle + 3):
        if 75 <= meridian <= 135:
            zones += [f"EPSG:{4534 + (meridian - 75) // 3}", f"EPSG:{4513 + (meridian - 75) // 3}"]
    six = int(lon // 6) * 6 + 3
    if 75 <= six <= 135:
        zones += [f"EPSG:{4502 + (six - 75) // 6}", f"EPSG:{4491 + (six - 75) // 6}"]
    return tuple(dict.fromkeys(zones))
