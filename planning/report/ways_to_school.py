"""The way to school in the report: a map of pupils on the roads, and what to make safe first in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planning.errors import Message, msg
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.figures import Ground, MapSheet, Spot, draw_strokes
from planning.report.labels import place_labels
from planning.scenario.ways_to_school import WaysToSchool, ways_to_school

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from planning.scenario.evaluate import StageState
    from planning.scenario.result import RunResult

__all__ = ["WayMap", "danger_table", "draw_way_map", "road_layer", "way_layers", "way_notes", "way_sections", "ways_of"]

#: Lower ends of the classes of pupils on a road, and the width [units] and colour of each; one hue, light to dark.
CLASSES = (
    (1.0, 1.6, "#9ecae1"),
    (20.0, 2.8, "#6baed6"),
    (50.0, 4.4, "#4292c6"),
    (150.0, 6.5, "#2171b5"),
    (500.0, 9.5, "#08306b"),
)
#: So many dangers are in the table and on the map of the report.
_FIRST = 15
#: Numbers on the map keep this far apart where they can [units].
_APART = 27.0
_ROAD_CLASSES = {
    "motorway": msg("expressway"),
    "trunk": msg("trunk road"),
    "primary": msg("main road"),
    "secondary": msg("secondary road"),
    "tertiary": msg("township road"),
    "open_ground": msg("open ground, no road mapped"),
}
_REASONS: dict[str, Message] = {
    "water": msg("The way crosses water where no bridge is mapped."),
    "railway": msg("The way crosses a railway on the level."),
    "step_onto_road": msg("Pupils step onto a road of fast traffic, to cross it or to go along it."),
    "along_road": msg("Pupils walk along a road of fast traffic."),
}


@dataclass(frozen=True)
class WayMap:
    """
    The map of the way to school.

    Parameters
    ----------
    sheet : MapSheet
        Schools and names.
    roads : tuple of (float, str, str)
        Width [units], colour and path data of each class of pupils, the fewest first.
    numbers : tuple of (float, float, float, float, int)
        Where a danger is and where its number stands [units], and the number, the last one first.
    """

    sheet: MapSheet
    roads: tuple[tuple[float, str, str], ...]
    numbers: tuple[tuple[float, float, float, float, int], ...]


def ways_of(result: RunResult) -> WaysToSchool:
    """
    Give a run's way to school; that of a run that was saved without it is found again.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    WaysToSchool
        Roads and dangers as it is today.
    """
    return ways_to_school(result.county, result.base.values()) if result.ways is None else result.ways


def danger_table(ways: WaysToSchool, t: Translator) -> pd.DataFrame:
    """
    List what to make safe first.

    Parameters
    ----------
    ways : WaysToSchool
        Of a run.
    t : Translator
        Language of the reasons.

    Returns
    -------
    pandas.DataFrame
        ``rank, kind, township, road, road_class, pupils, pupils_<stage>, length_m, lon, lat, reason``.
    """
    table = pd.DataFrame(ways.dangers.drop(columns="geometry"))
    counts = [column for column in table.columns if column == "pupils" or column.startswith("pupils_")]
    table = table.astype(dict.fromkeys(counts, "int64")).round({"length_m": 0})
    table["road_class"] = [_road_class(t, highway) for highway in table["highway"]]
    table["reason"] = [t.message(_REASONS[kind]) for kind in table["kind"]]
    return table.rename(columns={"name": "road"})[
        ["rank", "kind", "township", "road", "road_class", *counts, "length_m", "lon", "lat", "reason"]
    ]


def _road_class(t: Translator, highway: str) -> str:
    known = _ROAD_CLASSES.get(str(highway).removesuffix("_link"))
    return t("small road or path") if known is None else t.message(known)


def road_layer(ways: WaysToSchool) -> gpd.GeoDataFrame:
    """
    Join pieces of a road with the same pupils into one line each.

    Parameters
    ----------
    ways : WaysToSchool
        Of a run.

    Returns
    -------
    geopandas.GeoDataFrame
        ``name, highway, pupils, pupils_<stage>, length_m`` and lines, those with most pupils first.
    """
    roads = ways.roads
    counts = [column for column in roads.columns if column == "pupils" or column.startswith("pupils_")]
    keys = ["name", "highway", *counts]
    number = roads.groupby(keys, sort=False).ngroup().to_numpy()  # in the order of pupils
    first = roads.iloc[np.unique(number, return_index=True)[1]]
    table = first[keys].reset_index(drop=True)
    table["length_m"] = np.bincount(number, weights=roads["length_m"].to_numpy(), minlength=len(table))
    order = np.argsort(number, kind="stable")
    lines = shapely.multilinestrings(roads.geometry.to_numpy()[order], indices=number[order]) if len(roads) else []
    return gpd.GeoDataFrame(table, geometry=shapely.line_merge(lines), crs=roads.crs)


def way_layers(ways: WaysToSchool, t: Translator) -> dict[str, gpd.GeoDataFrame]:
    """
    Give the layers of the GeoPackage.

    Parameters
    ----------
    ways : WaysToSchool
        Of a run.
    t : Translator
        Language of the reasons.

    Returns
    -------
    dict
        ``roads`` as lines; ``dangers`` as points, those of a stretch in its middle.
    """
    points = ways.dangers.geometry.to_numpy()
    middle = shapely.point_on_surface(points) if len(points) else points
    dangers = gpd.GeoDataFrame(danger_table(ways, t), geometry=list(middle), crs=ways.dangers.crs)
    return {"roads": road_layer(ways), "dangers": dangers}


def way_sections(t: Translator, result: RunResult, ways: WaysToSchool, ground: Ground) -> dict[str, Any] | None:
    """
    Put the way to school into words and a map for the report.

    Parameters
    ----------
    t : Translator
        The language.
    result : RunResult
        A finished run.
    ways : WaysToSchool
        Its way to school.
    ground : Ground
        The county's ground.

    Returns
    -------
    dict or None
        ``map``, ``legend``, ``stages``, ``rows``, ``more``, ``notes``; None where nobody walks on a road.
    """
    if not len(ways.roads):
        return None
    table = danger_table(ways, t)
    stages = list(result.base)
    rows = [
        [
            t.number(row["rank"]),
            term(t, row["kind"]),
            row["township"],
            row["road"] or row["road_class"],
            t.number(row["pupils"]),
            *(t.number(row[f"pupils_{stage}"]) for stage in stages),
            t.number(row["length_m"]) if row["length_m"] else "–",
            f"{row['lon']:.5f}, {row['lat']:.5f}",
        ]
        for _, row in table.iloc[:_FIRST].iterrows()
    ]
    ends = [*(lower for lower, _, _ in CLASSES[1:]), np.inf]
    legend = [
        (colour, t("{n} pupils and more", n=t.number(lower)) if end == np.inf else t("{n}–{m} pupils", n=t.number(lower), m=t.number(end - 1)))
        for (lower, _, colour), end in zip(CLASSES, ends, strict=True)
    ]  # fmt: skip
    return {
        "map": draw_way_map(ground, result.base.values(), ways),
        "legend": legend,
        "stages": [term(t, stage) for stage in stages],
        "rows": rows,
        "more": max(len(table) - _FIRST, 0),
        "notes": way_notes(t, ways),
    }


def way_notes(t: Translator, ways: WaysToSchool) -> list[str]:
    """
    Say what the numbers rest on, and who is not on these roads.

    Parameters
    ----------
    t : Translator
        The language.
    ways : WaysToSchool
        Of a run.

    Returns
    -------
    list of str
        Sentences.
    """
    sheet = ways.sheet
    notes = [
        t(
            "Each pupil goes to the school that has a seat for them, by the shortest way on mapped roads and paths; {km} km "
            "are walked on them on a school morning.",
            km=t.number(float(sheet["walked_pupil_m"].sum()) / 1000),
        ),
        t(
            "A danger is where pupils walk along or step onto an expressway, trunk or main road, cross a railway on the level, or "
            "cross water where no bridge is mapped. A place without a bridge on the map is to be looked at on the spot."
        ),
    ]
    straight = float(sheet["pupils_straight"].sum())
    if straight:
        notes.append(
            t(
                "{n} pupils live so near their school, or so far from any road, that their way is a straight line and on no road "
                "of this map.",
                n=t.number(straight),
            )
        )
    elsewhere = float(sheet["pupils_elsewhere"].sum())
    if elsewhere:
        notes.append(
            t("{n} pupils of schools that stand elsewhere than today are not on this map.", n=t.number(elsewhere))
        )
    notes += [
        t(
            "{stage}: {mode}; only where no vehicle may go are these pupils on foot and on this map.",
            stage=term(t, row["stage"]),
            mode=term(t, row["mode"]),
        )
        for _, row in sheet[sheet["mode"] != "walk"].iterrows()
    ]
    return notes


def draw_way_map(ground: Ground, states: Iterable[StageState], ways: WaysToSchool) -> WayMap:
    """
    Draw pupils on the roads as lines, wider where there are more, and number the first dangers.

    Parameters
    ----------
    ground : Ground
        The county's ground.
    states : iterable of StageState
        A stage each; their schools are drawn.
    ways : WaysToSchool
        The way to school.

    Returns
    -------
    WayMap
        The map.
    """
    pupils, lines = ways.roads["pupils"].to_numpy(), ways.roads.geometry.to_numpy()
    rank = np.searchsorted([lower for lower, _, _ in CLASSES], pupils, side="right") - 1
    roads = tuple(
        (width, colour, draw_strokes(lines[rank == number], ground))
        for number, (_, width, colour) in enumerate(CLASSES)
    )
    sites = pd.concat([state.sites[["name", "geometry"]] for state in states])
    sites = gpd.GeoDataFrame(sites[~sites.index.duplicated()])
    spots = ground.place(np.column_stack((sites.geometry.x, sites.geometry.y)))
    schools = tuple(Spot(float(x), float(y), str(name)) for (x, y), name in zip(spots, sites["name"], strict=True))
    dangers = ways.dangers.geometry.to_numpy()[:_FIRST]
    middle = shapely.get_coordinates(shapely.point_on_surface(dangers)) if len(dangers) else np.empty((0, 2))
    labels = place_labels(
        [], list(ground.townships), spots=[(spot.x, spot.y) for spot in schools], size=(ground.width, ground.height)
    )
    return WayMap(MapSheet("", (), schools, (), labels), roads, _spread(ground.place(middle)))


def _spread(at: NDArray[np.float64]) -> tuple[tuple[float, float, float, float, int], ...]:
    """Move a number aside where another one stands, in the first direction that is free."""
    turns = np.arange(8) * (np.pi / 4)
    ring = np.column_stack((np.cos(turns), np.sin(turns)))
    aside = np.concatenate([np.zeros((1, 2)), *(ring * _APART * step for step in (1, 2, 3))])
    placed: list[NDArray[np.float64]] = []
    for spot in at:
        free = [
            spot + step for step in aside if all(np.hypot(*(spot + step - other)) >= 0.95 * _APART for other in placed)
        ]
        placed.append(free[0] if free else spot)
    numbered = [
        (float(spot[0]), float(spot[1]), float(moved[0]), float(moved[1]), number)
        for number, (spot, moved) in enumerate(zip(at, placed, strict=True), start=1)
    ]
    return tuple(reversed(numbered))
