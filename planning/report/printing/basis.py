"""What a report rests on: files and their dates, assumptions and who made them, documents that are cited."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from planning.errors import Message, msg
from planning.i18n.terms import term
from planning.report.citations import cite, cite_limit, own_choice
from planning.report.printing.blocks import Block, Heading, Paragraph, Words, table, words
from planning.scenario.limits import limit_of_band
from planning.stages import BANDS

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.county import County

__all__ = ["assumption_blocks", "basis_blocks", "data_date", "data_words"]

#: What a file of the project is, by its key there; of a list the key of the list.
_ROLES: Mapping[str, Message] = MappingProxyType(
    {
        "boundary": msg("County boundary"),
        "roads.file": msg("Roads, water and places"),
        "roads.extra": msg("Further roads"),
        "terrain.dem": msg("Elevation"),
        "population.file": msg("Population grid"),
        "population.age_bands": msg("Population by age"),
        "population.villages": msg("List of villages"),
        "population.known": msg("Known numbers of people and pupils"),
        "schools.file": msg("Table of schools"),
        "housing": msg("Planned estates"),
        "exclusions": msg("Land on which no school may stand"),
        "births": msg("Births by year"),
        "migration": msg("Moves by year"),
        "standards": msg("Rule pack"),
    }
)
#: Characters of a hash that tell files apart in print.
_PRINT = 12


def data_date(path: Path) -> dt.date | None:
    """
    Tell the day a file of data speaks of.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    datetime.date or None
        The day that OpenStreetMap data was taken, where the file says so; else the day the file was last changed; None where
        it is not there.
    """
    if not path.is_file():
        return None
    taken = _osm_day(path) if path.name.endswith((".osm.pbf", ".osm")) else None
    return taken or dt.datetime.fromtimestamp(path.stat().st_mtime, tz=dt.UTC).date()


def _osm_day(path: Path) -> dt.date | None:
    import osmium

    try:
        with osmium.io.Reader(str(path), osmium.osm.osm_entity_bits.NOTHING) as reader:
            stamp = reader.header().get("osmosis_replication_timestamp")
        return dt.date.fromisoformat(stamp[:10])
    except (RuntimeError, ValueError):  # not readable, or without a day
        return None


def data_words(t: Translator, county: County) -> str:
    """
    Name the data of a map in a line.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        The county.

    Returns
    -------
    str
        Such as ``Sources: roads.osm.pbf (1 May 2025), schools.xlsx (2 May 2025)``.
    """
    project = county.project
    shown = ("boundary", "roads.file", "population.file", "population.villages", "schools.file")
    named = []
    for key, name in project.files():
        if key in shown:
            day = data_date(project.path(name))
            named.append(f"{Path(name).name} ({t.date(day)})" if day else Path(name).name)
    return t("Data: {files}; reference system {crs}.", files=t(", ").join(named), crs=_crs(county))


def basis_blocks(t: Translator, county: County) -> tuple[Block, ...]:
    """
    List the data with their dates, and the documents that rules are taken from.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        The county.

    Returns
    -------
    tuple of Block
        Two tables with their headings.
    """
    project = county.project
    rows = []
    for key, name in project.files():
        role = _ROLES[key if key in _ROLES else key.rsplit(".", 1)[0]]
        day = data_date(project.path(name))
        print_ = county.hashes.get(name, "")[:_PRINT]
        rows.append((t.message(role), Path(name).name, t.date(day) if day else t("not there any more"), print_ or "–"))
    if project.population.year is not None:
        what = t("Year of the grid")
        rows.append((what, "–", str(project.population.year), "–"))
    cited = {
        cite(t, county.pack, path).source: cite(t, county.pack, path).number
        for path in county.pack.values
        if county.pack.rule(path) is not None
    }
    documents = [(title, number or "–") for title, number in cited.items() if title]
    return (
        Heading(words(t("Data and their dates")), level=2),
        table(
            [(t("Kind of data"), False), (t("File"), False), (t("Date"), False), (t("Fingerprint (SHA-256)"), False)],
            rows,
        ),
        Paragraph(
            words(
                t("The date is that of the map data where the file names one, else the day the file was last changed.")
            ),
            "soft",
        ),
        Heading(words(t("Documents that the rules are taken from")), level=2),
        table([(t("Document"), False), (t("Number"), False)], documents),
    )


def assumption_blocks(t: Translator, county: County) -> tuple[Block, ...]:
    """
    List what was assumed, and where each assumption comes from.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        The county.

    Returns
    -------
    tuple of Block
        A heading and a table.
    """
    heads = [(t("Assumption"), False), (t("Value"), False), (t("Source"), False)]
    rows: list[tuple[str, str, Words]] = [(name, value, words(source)) for name, value, source in _assumed(t, county)]
    return Heading(words(t("Assumptions")), level=2), table(heads, rows)


def _assumed(t: Translator, county: County) -> Iterator[tuple[str, str, str]]:
    project, pack = county.project, county.pack
    given = own_choice(t)
    by_project = given.source or given.badge
    for stage in project.stages:
        yield t("Way to school, {stage}", stage=term(t, stage)), term(t, project.mode_of(stage)), by_project
        for band in BANDS[stage]:
            limit = limit_of_band(project, pack, band)
            parts = [
                t("{n} min", n=t.number(limit.time_min)) if math.isfinite(limit.time_min) else "",
                t("{n} m", n=t.number(limit.distance_m)) if math.isfinite(limit.distance_m) else "",
            ]
            value = t(", ").join(part for part in parts if part)
            if value:
                cited = cite_limit(t, project, pack, measure="limit_of_band", stage=stage, band=band)
                source = " ".join(part for part in (cited.source, cited.number, cited.clause) if part)
                yield t("Limit of the way, {grades}", grades=term(t, band)), value, source or cited.badge
        ages, share = project.stages[stage].ages, project.stages[stage].share
        if ages is not None:
            yield t("Ages, {stage}", stage=term(t, stage)), f"{ages[0]}–{ages[1]}", by_project
        if share is not None and project.population.age_bands is None:
            yield t("Share of the population, {stage}", stage=term(t, stage)), t.percent(share), by_project
    if project.population.known_total is not None:
        yield t("Population scaled to"), t.number(project.population.known_total), by_project
    reach = project.travel.reach_limit
    yield t("Reach of a school"), _reach(t, reach) if reach else t("no limit"), by_project
    slope = project.terrain.dem is not None and project.terrain.slope
    yield t("Slopes slow walkers down"), t("yes") if slope else t("no"), by_project
    yield t("Walking off the roads"), t("yes") if project.terrain.off_road else t("no"), by_project
    yield t("Seats that are not known"), t("no limit"), t("this tool's default")
    if project.projection is not None:
        yield t("Children projected until"), str(project.projection.until), by_project


def _reach(t: Translator, limit: object) -> str:
    time_min, distance_m = getattr(limit, "time_min", None), getattr(limit, "distance_m", None)
    parts = [
        "" if time_min is None else t("{n} min", n=t.number(time_min)),
        "" if distance_m is None else t("{n} m", n=t.number(distance_m)),
    ]
    return t(", ").join(part for part in parts if part)


def _crs(county: County) -> str:
    authority = county.crs.to_authority()
    return ":".join(authority) if authority else str(county.crs.name)
