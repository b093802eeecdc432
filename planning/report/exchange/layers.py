"""The layers that are exchanged: catchments, land out of reach, schools, proposed sites, villages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.errors import Message, msg
from planning.scenario.areas import catchments
from planning.scenario.naming import place_names

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["LAYERS", "exchange_layers", "geodesic_km2"]

#: Layers by their names in files, with what they are called.
LAYERS: Mapping[str, Message] = MappingProxyType(
    {
        "catchments_nearest": msg("Catchments by the nearest school"),
        "catchments_allocated": msg("Catchments by seats"),
        "unreachable": msg("Land from which no school is reached"),
        "sites": msg("Schools, today's and planned"),
        "proposed_sites": msg("Proposed sites"),
        "villages": msg("Villages and their way to school"),
    }
)
#: A piece of land below this is a sliver that drawing left over, not a place [m2].
_SLIVER_M2 = 1.0


def exchange_layers(
    county: County,
    states: Mapping[str, StageState],
    *,
    base: Mapping[str, StageState] | None = None,
    answers: Sequence[Answer] = (),
    names: Sequence[str] = tuple(LAYERS),
) -> dict[str, gpd.GeoDataFrame]:
    """
    Make the layers of a layout, a run's or a scenario's.

    Parameters
    ----------
    county : County
        The county as the layout leaves it.
    states : Mapping of str to StageState
        What the layout means, by stage.
    base : Mapping of str to StageState, optional
        How it is today, so that schools that close are told; the layout is today's without it.
    answers : sequence of Answer
        Answers whose sites are wanted.
    names : sequence of str
        Which layers, out of ``LAYERS``.

    Returns
    -------
    dict of str to geopandas.GeoDataFrame
        In the order of ``LAYERS``, in the county's reference system, with the columns of
        ``planning.report.exchange.fields.COLUMNS``; areas in ``area_km2`` are geodesic.
    """
    found: dict[str, gpd.GeoDataFrame] = {}
    drawn_ones = {"catchments_nearest", "catchments_allocated", "unreachable"}
    if drawn_ones & set(names):
        drawn = [catchments(county, state) for state in states.values()]
        for name in ("nearest", "allocated", "unreachable"):
            table = gpd.GeoDataFrame(pd.concat([areas[name].reset_index() for areas in drawn]), crs=county.crs)
            found[name if name == "unreachable" else f"catchments_{name}"] = _measured(table)
    if "sites" in names:
        found["sites"] = _sites(county, states, base or states)
    if "proposed_sites" in names:
        found["proposed_sites"] = _proposed(county, answers)
    if "villages" in names:
        found["villages"] = _villages(county, states)
    return {name: found[name] for name in LAYERS if name in found and name in names}


def geodesic_km2(shapes: gpd.GeoSeries) -> list[float]:
    """
    Measure areas on the ellipsoid.

    Parameters
    ----------
    shapes : geopandas.GeoSeries
        Polygons in any reference system.

    Returns
    -------
    list of float
        Area of each [km2].
    """
    geod = shapes.crs.get_geod() or pyproj.Geod(ellps="WGS84")
    degrees = shapely.orient_polygons(shapes.to_crs(shapes.crs.geodetic_crs).to_numpy())
    return [abs(geod.geometry_area_perimeter(shape)[0]) / 1e6 for shape in degrees]


def _measured(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take out slivers and what is no area, and measure the rest on the ellipsoid."""
    shapes = np.array([_without_slivers(shape) for shape in table.geometry.to_numpy()], dtype=object)
    kept = ~shapely.is_empty(shapes)
    table = table.set_geometry(gpd.GeoSeries(shapes, index=table.index, crs=table.crs))[kept].reset_index(drop=True)
    table["area_km2"] = np.round(geodesic_km2(table.geometry), 6)
    return table.drop(columns=[name for name in ("index", "piece") if name in table.columns])


def _without_slivers(shape: shapely.Geometry) -> shapely.Geometry:
    valid = shape if shapely.is_valid(shape) else shapely.make_valid(shape)
    parts = shapely.get_parts(valid, return_index=False)
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) >= _SLIVER_M2)]
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _sites(county: County, states: Mapping[str, StageState], base: Mapping[str, StageState]) -> gpd.GeoDataFrame:
    columns = ["name", "kind", "township", "ownership", "seats", "load", "geometry"]
    parts = []
    for stage, state in states.items():
        now = state.sites.assign(load=state.load.reindex(state.sites.index).fillna(0).round().astype("int64"))
        status = np.select([now["is_new"], now["is_moved"]], ["new", "moved"], default="existing")
        parts.append(now[columns].assign(status=status, stage=stage))
        before = base[stage].sites
        gone = before[~before.index.isin(now.index)]
        parts.append(gone.assign(load=0)[columns].assign(status="closed", stage=stage))
    table = pd.concat([part for part in parts if len(part)]) if any(map(len, parts)) else parts[0]
    table = table.rename_axis("site_id").reset_index()
    first = ["site_id", "stage", "name", "kind", "status", "township", "ownership", "seats", "load", "geometry"]
    return gpd.GeoDataFrame(table[first], crs=county.crs)


def _proposed(county: County, answers: Sequence[Answer]) -> gpd.GeoDataFrame:
    columns = {"kind": "change", "pupils_gained": "gained"}
    wanted = ["site_id", "question", "stage", "name", "change", "township", "seats", "gained", "geometry"]
    parts = [answer.sites.rename_axis("site_id").reset_index() for answer in answers if len(answer.sites)]
    if not parts:
        empty = {name: pd.Series([], dtype="str") for name in wanted[:6]}
        numbers = {name: pd.Series([], dtype="Int64") for name in ("seats", "gained")}
        return gpd.GeoDataFrame({**empty, **numbers}, geometry=[], crs=county.crs)
    table = pd.concat(parts, ignore_index=True).rename(columns=columns)[wanted]
    return gpd.GeoDataFrame(table.astype({"seats": "Int64", "gained": "Int64"}), crs=county.crs)


def _villages(county: County, states: Mapping[str, StageState]) -> gpd.GeoDataFrame:
    """Put the inhabited places of a name together: one row a village and stage, at its people's middle place."""
    cells = county.cells
    own = np.flatnonzero(~cells["in_margin"].to_numpy(dtype=bool))
    xy = shapely.get_coordinates(cells.geometry.to_numpy()[own])
    people = cells["population"].to_numpy(dtype=float)[own]
    place = pd.DataFrame(
        {
            "village": place_names(county, own),
            "township": cells["township"].fillna("").to_numpy(dtype=object)[own],
            "people": people,
            "x": xy[:, 0],
            "y": xy[:, 1],
            "weight": np.maximum(people, 1e-9),
        }
    )
    keys = ["township", "village"]
    number = place.groupby(keys, sort=True).ngroup().to_numpy()
    sums = place.groupby(number)
    weight = sums["weight"].sum()
    middle = {axis: (place[axis] * place["weight"]).groupby(number).sum() / weight for axis in ("x", "y")}
    # The middle of scattered houses may lie in a river: take the inhabited place nearest to it.
    apart = np.hypot(place["x"] - middle["x"].to_numpy()[number], place["y"] - middle["y"].to_numpy()[number])
    at = apart.groupby(number).idxmin().to_numpy()
    about = place.loc[at, keys].reset_index(drop=True)
    about["people"] = sums["people"].sum().round(1).to_numpy()
    points = shapely.points(xy[at])
    tables = [
        gpd.GeoDataFrame(
            about.assign(stage=stage, **_ways(county, state, own, number, len(about))), geometry=points, crs=county.crs
        )
        for stage, state in states.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[
        ["village", "township", "stage", "people", "pupils", "mean_m", "longest_m", "no_way", "school", "geometry"]
    ]


def _ways(county: County, state: StageState, own: np.ndarray, number: np.ndarray, n: int) -> dict[str, object]:
    """Tell the way of each village's pupils to the nearest school that teaches their grades."""
    rows = []
    for band in state.bands:
        nearest = state.nearest[band].iloc[own]
        pupils = county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)[own]
        distance = nearest["distance_m"].to_numpy(dtype=float)
        rows.append(
            pd.DataFrame(
                {
                    "number": number,
                    "pupils": pupils,
                    "m": np.where(nearest["site_id"].isna().to_numpy() | ~np.isfinite(distance), np.nan, distance),
                    "site": nearest["site_id"].to_numpy(dtype=object),
                }
            )
        )
    every = pd.concat(rows, ignore_index=True)
    every = every[every["pupils"] > 0]
    going = every[every["m"].notna()]
    count = every.groupby("number")["pupils"].sum().reindex(range(n), fill_value=0)
    with_way = going.groupby("number")["pupils"].sum().reindex(range(n), fill_value=0)
    total = (going["m"] * going["pupils"]).groupby(going["number"]).sum().reindex(range(n))
    longest = going.groupby("number")["m"].max().reindex(range(n))
    flows = going.groupby(["number", "site"])["pupils"].sum().reset_index()
    flows = flows.sort_values(["number", "pupils", "site"], ascending=[True, False, True])
    most = flows.drop_duplicates("number").set_index("number")["site"].reindex(range(n))
    names = most.map(state.sites["name"]).fillna("").astype("str")
    return {
        "pupils": count.to_numpy(),
        "mean_m": (total / with_way.where(with_way > 0)).round(1).to_numpy(),
        "longest_m": longest.round(1).to_numpy(),
        "no_way": (count - with_way).to_numpy(),
        "school": names.to_numpy(),
    }
