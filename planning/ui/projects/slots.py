"""The sources a project may name: one card each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from planning.i18n import Translator
from planning.sources.gate import Wanted

__all__ = ["SLOTS", "Slot", "files_of", "files_on_server", "label", "slot_of", "value_of"]


@dataclass(frozen=True)
class Slot:
    """One source: its name, its key in the project file, what kind of file it is."""

    name: str
    key: str
    wanted: Wanted
    extensions: tuple[str, ...]
    group: Literal["needed", "people", "more"] = "more"
    template: str | None = None
    several: bool = False
    subject: str | None = None


_TABLE = (".xlsx", ".csv")
_LAYER = (".gpkg", ".shp", ".zip", ".geojson")
SLOTS: tuple[Slot, ...] = (
    Slot("boundary", "boundary", "vector", _LAYER, "needed"),
    Slot("roads", "roads.file", "osm", (".osm.pbf", ".osm"), "needed"),
    Slot("schools", "schools.file", "table", (*_TABLE, *_LAYER), "needed", "schools_template.xlsx", False, "schools"),
    Slot("population", "population.file", "raster", (".tif", ".tiff"), "people"),
    Slot(
        "villages",
        "population.villages",
        "table",
        (*_TABLE, *_LAYER),
        "people",
        "villages_template.xlsx",
        False,
        "villages",
    ),
    Slot("known", "population.known", "table", _TABLE, "people", "known_template.xlsx"),
    Slot("extra_roads", "roads.extra", "vector", _LAYER, several=True),
    Slot("dem", "terrain.dem", "raster", (".tif", ".tiff")),
    Slot("exclusions", "exclusions", "vector", _LAYER),
    Slot("births", "births", "table", _TABLE, template="births_template.xlsx"),
    Slot("migration", "migration", "table", _TABLE, template="migration_template.xlsx"),
    Slot("housing", "housing", "table", (*_TABLE, *_LAYER), template="housing_template.xlsx"),
)
_MOST_LISTED = 500


def slot_of(key: str) -> Slot | None:
    """Find the slot of a key of the project file, such as ``roads.extra.0``."""
    return next((slot for slot in SLOTS if key == slot.key or key.startswith(slot.key + ".")), None)


def label(name: str, t: Translator) -> tuple[str, str]:
    """Name a source, and say what it is and what it is for."""
    texts = {
        "boundary": (t("County boundary"), t("Map layer of the county, best with its townships. Without it everyone in the population source counts.")),
        "roads": (t("Roads"), t("OpenStreetMap extract that covers the county, such as that of the province from download.geofabrik.de.")),
        "schools": (t("Table of schools"), t("Table or map layer, one row a school. Only the location is required; seats, pupils and resources as far as they are known.")),
        "population": (t("Population grid"), t("Raster of people per cell, such as WorldPop; it is not needed where the list of villages is complete.")),
        "villages": (t("List of villages"), t("Villages with residents or pupils and their location; more exact than a grid.")),
        "known": (t("Known totals"), t("People or pupils by township; grid and list are scaled to them, visibly.")),
        "extra_roads": (t("Further roads"), t("Map layer of village roads that OpenStreetMap lacks.")),
        "dem": (t("Terrain"), t("Elevation raster in metres; slopes then slow walkers down.")),
        "exclusions": (t("Areas closed to building"), t("Map layer of water, farmland, hazards: no new school is proposed there.")),
        "births": (t("Births"), t("Births by year, for the children of coming years.")),
        "migration": (t("Moves"), t("Who moves between townships, and from and to the outside.")),
        "housing": (t("Planned estates"), t("Estates with dwellings and year, for the children they bring.")),
    }  # fmt: skip
    return texts[name]


def value_of(content: Mapping[str, Any], key: str) -> Any:
    """Give what a project file says under a key with its path; None where it says nothing."""
    part: Any = content
    for name in key.split("."):
        part = part.get(name) if isinstance(part, Mapping) else None
    return part


def files_of(content: Mapping[str, Any], slot: Slot) -> list[str]:
    """List the files a project file names for a source."""
    value = value_of(content, slot.key)
    if isinstance(value, list):
        return [str(name) for name in value]
    return [] if value is None else [str(value)]


def files_on_server(folders: list[Path], slot: Slot) -> list[Path]:
    """List files of the allowed folders that may be this source; links that lead out of them are left out."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if len(found) >= _MOST_LISTED:
                return found
            fits = path.name.lower().endswith(slot.extensions) and not path.name.startswith(".")
            if fits and path.is_file() and path.resolve().is_relative_to(folder):
                found.append(path)
    return found
