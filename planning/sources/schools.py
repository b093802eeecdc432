"""Schools out of a bureau's own table, or out of OpenStreetMap, in the one form the program works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import scipy.spatial
import shapely

from planning.errors import Message, Names, SetAside, msg
from planning.schemas import RESOURCES, SCHOOLS, check_table
from planning.sources.cells import is_unknown, normal, vocabulary, word_of
from planning.sources.coordinates import Bools, Floats
from planning.sources.points import Points, ids_of, names_of, read_points, same_code
from planning.sources.school_resources import read_resources
from planning.sources.tables import Headings, RawTable, numbers, raise_faults, texts
from planning.stages import KINDS_OF_STAGE, STAGES, stages_of_kind

__all__ = ["SchoolsRead", "read_schools", "schools_from_osm"]

MEASURES = ("seats", "pupils", "classes")
#: Two schools of one name this near are probably one [m].
_SAME_PLACE_M = 50.0
#: Grades of each stage of a school that has several, by which a single number is divided.
_GRADES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {"nine_year": {"primary": 6, "junior": 3}, "secondary": {"junior": 3, "senior": 3}}
)
_SCHOOL_LEVELS = frozenset("0123")
#: A bare "middle school" may be any of these; the compulsory one where the project does not say.
_WITH_AMBIGUOUS_NAME = ("junior", "secondary", "senior")
_KIND_OF_LEVELS: Mapping[str, str] = MappingProxyType(
    {"0": "kindergarten", "1": "primary", "2": "junior", "3": "senior", "12": "nine_year", "123": "nine_year"}
    | {"23": "secondary", "01": "primary", "012": "nine_year", "0123": "nine_year"}
)


_KIND_WORDS: Mapping[str, Message] = MappingProxyType(
    {
        "kindergarten": msg("kindergarten"),
        "teaching_point": msg("teaching point"),
        "primary": msg("primary school"),
        "nine_year": msg("nine-year school"),
        "junior": msg("junior secondary school"),
        "secondary": msg("complete secondary school"),
        "senior": msg("senior secondary school"),
        "special": msg("special school"),
    }
)
_STAGE_WORDS: Mapping[str, Message] = MappingProxyType(
    {
        "kindergarten": msg("kindergarten stage"),
        "primary": msg("primary stage"),
        "junior": msg("junior stage"),
        "senior": msg("senior stage"),
        "special": msg("special education"),
    }
)
_MEASURE_WORDS: Mapping[str, Message] = MappingProxyType({"seats": msg("seats"), "pupils": msg("pupils")})


@dataclass(frozen=True)
class SchoolsRead:
    """
    The schools of a source, and everything that was left out, assumed or found.

    Parameters
    ----------
    schools : geopandas.GeoDataFrame
        As ``planning.schemas.SCHOOLS``, sorted by id.
    mapping : Mapping
        Our column → the file's heading; to be shown and changed.
    unmatched : tuple of str
        Headings nothing was made of.
    set_aside : tuple of SetAside
        Rows left out, or kept with a reservation.
    notices : tuple of Message
        What the whole table rests on.
    """

    schools: gpd.GeoDataFrame
    mapping: Mapping[str, str]
    unmatched: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    notices: tuple[Message, ...]


def read_schools(
    path: Path,
    *,
    crs: pyproj.CRS,
    coordinates: str = "wgs84",
    mapping: Mapping[str, str] | None = None,
    kind: str | None = None,
    sheet: str | None = None,
    boundary: shapely.Geometry | None = None,
    margin_m: float = 0.0,
) -> SchoolsRead:
    """
    Read the table of schools; only a location is required.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx, .csv or a map layer.
    crs : pyproj.CRS
        The project's system [m].
    coordinates : str
        wgs84, gcj02, bd09 or EPSG:number.
    mapping : Mapping, optional
        Our column → the file's heading, where it is not recognised.
    kind : str, optional
        What to take a school for where neither table nor name says it.
    sheet : str, optional
        Sheet of a workbook.
    boundary : shapely.Geometry, optional
        County in ``crs``.
    margin_m : float
        How far outside the line a school is kept [m].

    Returns
    -------
    SchoolsRead
        Schools, mapping, rows set aside, notices.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used; with all faults at once.
    CrsError
        If its coordinates are not what they are announced to be.
    """
    points = read_points(
        path,
        subject="schools",
        crs=crs,
        coordinates=coordinates,
        mapping=mapping,
        sheet=sheet,
        boundary=boundary,
        margin_m=margin_m,
    )
    return _finish(points, crs=crs, kind=kind)


def _finish(points: Points, *, crs: pyproj.CRS, kind: str | None) -> SchoolsRead:
    faults, notices, aside = list(points.faults), list(points.notices), list(points.set_aside)
    points, repeated = _without_repeats(points)
    aside += repeated
    kinds, told = _kinds(points, kind, faults)
    aside += told
    points, kinds = _take(points, kinds.notna().to_numpy(dtype=bool)), kinds[kinds.notna()]
    raw, headings = points.raw, points.headings
    columns: dict[str, pd.Series] = {"name": texts(raw, headings, "name"), "kind": kinds}
    columns["locale"] = _words(points, "locale", "locales", "", notices)
    township = texts(raw, headings, "township")
    columns["township"] = township.mask(township.map(is_unknown), "")
    columns["ownership"] = _words(points, "ownership", "ownerships", "unknown", notices)
    columns["status"] = _choices(points, "status", vocabulary()["statuses"], "open", faults)
    for measure in MEASURES:
        columns |= _by_stage(points, measure, kinds, faults, notices)
    for column in ("beds", "boarders", "teachers"):
        columns[column] = _counts(points, column, faults, notices)
    resources, reserved = read_resources(points, faults, notices)
    columns |= resources
    aside += reserved
    columns["protected"] = _yes(points, "protected", faults)
    code = texts(raw, headings, "school_id")
    code = code.mask(code.map(is_unknown), "")
    faults += same_code(code, columns["name"])
    raise_faults(raw.file, msg("schools"), faults)
    contents = ["|".join(str(cell) for cell in row) for row in raw.frame.itertuples(index=False)]
    index = pd.Index(
        ids_of(code.tolist(), columns["name"].tolist(), points.xy, contents, letter="S"), name="school_id", dtype=str
    )
    schools = gpd.GeoDataFrame(
        {name: column.to_numpy() for name, column in columns.items()}
        | {"in_margin": points.in_margin, "source_row": pd.array(list(raw.frame.index), dtype="Int64")},
        geometry=shapely.points(points.xy),
        crs=crs,
        index=index,
    )
    schools = schools.astype({c: "Int64" for c in schools.columns if c.startswith(tuple(f"{m}_" for m in MEASURES))})
    schools = schools.astype(dict.fromkeys(("beds", "boarders", "teachers"), "Int64") | {"protected": bool})
    schools = schools.astype({column: RESOURCES[column] for column in resources})
    schools = schools.astype(
        dict.fromkeys(("name", "kind", "locale", "township", "ownership", "status"), str)
    ).sort_index()
    aside += [*_near_twins(schools, raw.file), *_odd_seats(schools, raw.file)]
    notices += _unknown_seats(schools, raw.file)
    check_table(schools, SCHOOLS, file=raw.file, what="schools", rows=schools["source_row"], headings=headings.used)
    return SchoolsRead(schools, headings.used, headings.unmatched, tuple(aside), tuple(notices))


def _take(points: Points, keep: Bools) -> Points:
    return replace(
        points,
        raw=replace(points.raw, frame=points.raw.frame[keep]),
        xy=points.xy[keep],
        in_margin=points.in_margin[keep],
    )


def _without_repeats(points: Points) -> tuple[Points, list[SetAside]]:
    """Set aside rows that repeat another row in every cell; unnamed schools at one point are such rows as well."""
    content = points.raw.frame.map(lambda cell: "" if cell is None else str(cell).strip())
    content = content.drop(columns=[heading for heading in content if normal(heading) in vocabulary()["serial"]])
    place = pd.DataFrame(np.round(points.xy, 2), index=content.index, columns=pd.Index(["x", "y"]))
    repeats = pd.concat([content, place], axis=1).duplicated().to_numpy(dtype=bool)
    names = names_of(points.raw, points.headings)
    aside = [
        SetAside(points.raw.file, names[i], msg("stands twice in the table; counted once"), row=int(content.index[i]))
        for i in np.flatnonzero(repeats).tolist()
    ]
    return _take(points, ~repeats), aside


def _kind_of_name(name: str) -> str | None:
    form = name.casefold()
    words = vocabulary()["name_words"]
    return next((found for found, parts in words if any(part in form for part in parts)), None)


def _no_school(name: str) -> bool:
    form = name.casefold()
    return any(part in form for parts in vocabulary()["not_schools"].values() for part in parts)


def _kinds(points: Points, default: str | None, faults: list[Message]) -> tuple[pd.Series, list[SetAside]]:
    """
    Find the kind of every school: the table's word, its education level, its name, what the project says.

    NA where the row is no school of ours; it is then set aside.
    """
    raw, headings = points.raw, points.headings
    file, names = raw.file, names_of(raw, headings)
    said, level, named = (texts(raw, headings, c) for c in ("kind", "isced_level", "name"))
    kinds = pd.Series(pd.NA, index=raw.frame.index, dtype=object)
    aside: list[SetAside] = []
    for i, row in enumerate(raw.frame.index):
        word, name = said[row], named[row]
        found = word_of(word, vocabulary()["kinds"]) if word else None
        levels = "".join(sorted(set(level[row]) & set("012345678")))
        by_name = _kind_of_name(name)
        if found is None and word and normal(word) in {normal(w) for w in vocabulary()["twelve_year"]}:
            found = "nine_year"
            aside.append(
                SetAside(
                    file, names[i], msg("a school of twelve years; counted with its first nine"), row=row, kept=True
                )
            )
        elif found is None and (
            (levels and not set(levels) & _SCHOOL_LEVELS)
            or (by_name is None and (_no_school(name) or _no_school(word)))
        ):
            aside.append(
                SetAside(
                    file,
                    names[i],
                    msg("is for adults, higher or special training, not for children of school age"),
                    row=row,
                )
            )
            continue
        if found is None and levels:
            found = _KIND_OF_LEVELS.get("".join(c for c in levels if c in _SCHOOL_LEVELS))
        if found is None and by_name is not None:
            found = by_name if by_name != "ambiguous" else default if default in _WITH_AMBIGUOUS_NAME else "junior"
        found = found or default
        if found is None:
            faults.append(_unclear(row, names[i], word))
            continue
        if word and not is_unknown(word) and word_of(word, vocabulary()["kinds"]) is None and found != "nine_year":
            aside.append(
                SetAside(
                    file,
                    names[i],
                    msg("the kind {word} is not known; taken for {kind}", word=word, kind=_KIND_WORDS[found]),
                    row=row,
                    kept=True,
                )
            )
        kinds[row] = found
    return kinds, aside


def _unclear(row: object, name: str, word: str) -> Message:
    known = ", ".join(words[1] for words in vocabulary()["kinds"].values() if len(words) > 1)
    return msg(
        "row {row} ({name}): the kind of school is not clear{word}. Write one of {known}, or name a kind for all in the project file (schools: kind).",
        row=row,
        name=name,
        word=f" ({word})" if word else "",
        known=known,
    )


def _words(points: Points, column: str, words: str, default: str, notices: list[Message]) -> pd.Series:
    """Read a column of words; a word that is not known counts as not said, and is told."""
    cells = texts(points.raw, points.headings, column)
    found = cells.map(lambda cell: word_of(cell, vocabulary()[words]) if cell else default)
    strange = sorted({cell for cell in cells[found.isna()] if not is_unknown(cell)})
    if strange:
        notices.append(
            msg(
                "{file}: {heading}: {words} is not known and counts as not said.",
                file=points.raw.file,
                heading=points.headings.used[column],
                words=Names(strange),
            )
        )
    return found.fillna(default)


def _choices(
    points: Points, column: str, words: Mapping[str, Sequence[str]], default: str, faults: list[Message]
) -> pd.Series:
    """Read a column whose words change the plan; a word that is not known is a fault."""
    cells = texts(points.raw, points.headings, column)
    found = cells.map(lambda cell: default if not cell or is_unknown(cell) else word_of(cell, words))
    for row, cell in cells[found.isna()].items():
        faults.append(
            msg(
                "{heading}: {value} (row {row}) is not known. Write one of {known}.",
                heading=points.headings.used[column],
                value=cell,
                row=row,
                known=Names(w[1] for w in words.values()),
            )
        )
    return found.fillna(default)


def _yes(points: Points, column: str, faults: list[Message]) -> pd.Series:
    words = {"yes": vocabulary()["said_yes"], "no": vocabulary()["said_no"]}
    return _choices(points, column, words, "no", faults) == "yes"


def _counts(points: Points, column: str, faults: list[Message], notices: list[Message]) -> pd.Series:
    values, wrong, told = numbers(points.raw, points.headings, column)
    faults += wrong
    notices += told
    return values


def _by_stage(
    points: Points, measure: str, kinds: pd.Series, faults: list[Message], notices: list[Message]
) -> dict[str, pd.Series]:
    """Read a measure by stage; a single number goes to the school's only stage, or is divided by grades and said."""
    by_stage = {stage: _counts(points, f"{measure}_{stage}", faults, notices) for stage in STAGES}
    single = _counts(points, measure, faults, notices)
    divided = 0
    for row, number in zip(single.index[single.notna()], single.dropna(), strict=True):
        stages = stages_of_kind(kinds[row])
        if any(pd.notna(by_stage[stage][row]) for stage in stages):
            continue
        parts = _divide(int(number), kinds[row]) if len(stages) > 1 else {stages[0]: int(number)}
        divided += len(parts) > 1
        for stage, part in parts.items():
            by_stage[stage].at[row] = part
    if divided:
        notices.append(
            msg(
                "{file}: {heading}: {n} schools of several stages give one number; it was divided by grades (6 to 3, or 3 to 3). A column for each stage would be exact.",
                file=points.raw.file,
                heading=points.headings.used[measure],
                n=divided,
            )
        )
    # A special school's places are special ones, whatever grades the form puts them under.
    special = (kinds == "special") & by_stage["special"].isna()
    others = [stage for stage in STAGES if stage != "special"]
    elsewhere = pd.DataFrame({stage: by_stage[stage] for stage in others})[special]
    by_stage["special"] = by_stage["special"].fillna(elsewhere.sum(axis=1, min_count=1))
    for stage in others:
        by_stage[stage] = by_stage[stage].mask(special, pd.NA)
    for stage, values in by_stage.items():
        # A zero for a stage the school does not have says just that.
        absent = ~kinds.isin(KINDS_OF_STAGE[stage])
        by_stage[stage] = values.mask(absent & (values == 0).fillna(value=False), pd.NA)
    return {f"{measure}_{stage}": values for stage, values in by_stage.items()}


def _divide(number: int, kind: str) -> dict[str, int]:
    grades = _GRADES[kind]
    first, second = grades
    share = round(number * grades[first] / sum(grades.values()))
    return {first: share, second: number - share}


def _near_twins(schools: gpd.GeoDataFrame, file: str) -> list[SetAside]:
    """Tell schools that are probably one: the same name and kind near each other, or one point."""
    xy: Floats = shapely.get_coordinates(schools.geometry.to_numpy())
    told = []
    for a, b in sorted(scipy.spatial.cKDTree(xy).query_pairs(_SAME_PLACE_M)):
        first, second = schools.iloc[a], schools.iloc[b]
        metres = float(np.hypot(*(xy[a] - xy[b])))
        if first["name"] and first["name"] == second["name"] and first["kind"] == second["kind"]:
            reason = msg(
                "is {m:.0f} m from a school of the same name (row {row}); perhaps the same. Both were kept.",
                m=metres,
                row=first["source_row"],
            )
        elif metres < 0.5:
            reason = msg(
                "stands at the very point of {other} (row {row}). Both were kept.",
                other=first["name"] or first.name,
                row=first["source_row"],
            )
        else:
            continue
        told.append(
            SetAside(file, second["name"] or str(second.name), reason, row=int(second["source_row"]), kept=True)
        )
    return told


def _odd_seats(schools: gpd.GeoDataFrame, file: str) -> list[SetAside]:
    """Tell seats and pupils of a stage that the school, by its kind, does not have."""
    told = []
    for stage in STAGES:
        absent = ~schools["kind"].isin(KINDS_OF_STAGE[stage])
        for measure in ("seats", "pupils"):
            for name, school in schools[absent & (schools[f"{measure}_{stage}"] > 0).fillna(value=False)].iterrows():
                told.append(
                    SetAside(
                        file,
                        school["name"] or str(name),
                        msg(
                            "has {measure} of the {stage}, which a {kind} does not have. Check the kind.",
                            measure=_MEASURE_WORDS[measure],
                            stage=_STAGE_WORDS[stage],
                            kind=_KIND_WORDS[school["kind"]],
                        ),
                        row=int(school["source_row"]),
                        kept=True,
                    )
                )
    return told


def _unknown_seats(schools: gpd.GeoDataFrame, file: str) -> list[Message]:
    unknown = pd.Series(False, index=schools.index)
    for stage in STAGES:
        has = schools["kind"].isin(KINDS_OF_STAGE[stage])
        unknown |= has & schools[f"seats_{stage}"].isna()
    if not unknown.any():
        return []
    return [
        msg(
            "{file}: the seats of {n} of {total} schools are not known; they count as without limit.",
            file=file,
            n=int(unknown.sum()),
            total=len(schools),
        )
    ]


def schools_from_osm(
    table: gpd.GeoDataFrame,
    *,
    kind: str | None = None,
    boundary: shapely.Geometry | None = None,
    margin_m: float = 0.0,
    file: str = "OpenStreetMap",
) -> SchoolsRead:
    """
    Bring schools of OpenStreetMap into the same form.

    Parameters
    ----------
    table : geopandas.GeoDataFrame
        Indexed by ``osm_id``, in the project's system: name, amenity, isced_level, capacity, operator_type, point.
    kind : str, optional
        What to take a school for where nothing says it; a primary school otherwise, and said.
    boundary : shapely.Geometry, optional
        County in the table's system.
    margin_m : float
        How far outside the line a school is kept [m].
    file : str
        Name of the source, for messages.

    Returns
    -------
    SchoolsRead
        Schools, rows set aside, notices.

    Raises
    ------
    SourceError
        If a cell cannot be used.
    """
    frame = pd.DataFrame(
        {
            "school_id": table.index.astype(str),
            "name": table["name"].to_numpy(),
            "kind": np.where(table["amenity"] == "kindergarten", "kindergarten", ""),
            "isced_level": table["isced_level"].to_numpy(),
            "seats": table["capacity"].to_numpy(dtype=object, na_value=None),
            "ownership": table["operator_type"].to_numpy(),
        },
        index=range(1, len(table) + 1),
        dtype=object,
    )
    points = shapely.point_on_surface(table.geometry.to_numpy())
    away = np.zeros(len(table)) if boundary is None else shapely.distance(boundary, points)
    outside = away > margin_m
    aside = [
        SetAside(file, name or osm_id, msg("lies {km:.1f} km outside the county", km=metres / 1000))
        for osm_id, name, metres in zip(
            table.index[outside], table["name"][outside], away[outside].tolist(), strict=True
        )
    ]
    read = Points(
        raw=RawTable(file, frame[~outside], 0),
        headings=Headings(MappingProxyType({column: column for column in frame.columns})),
        xy=shapely.get_coordinates(points[~outside]),
        in_margin=(away > 0)[~outside],
        set_aside=tuple(aside),
        notices=(),
        faults=(),
    )
    return _finish(read, crs=table.crs, kind=kind or "primary")
