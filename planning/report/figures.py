"""Printed maps: drawn without any lettering, so that no font is needed; the page adds words in the user's language."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = [
    "DISTANCE_CLASSES_M",
    "DISTANCE_COLOURS",
    "NO_WAY_COLOUR",
    "MapImage",
    "draw_access_map",
    "draw_catchment_map",
]

#: Upper ends of the classes of distance [m], the last one open, and their colours: one hue from light to dark, so that they
#: keep their order in grey print and for colour-blind readers (after ColorBrewer's YlOrBr).
DISTANCE_CLASSES_M = (1000.0, 2000.0, 3000.0, 5000.0, 8000.0, np.inf)
DISTANCE_COLOURS = ("#fff3b8", "#fed976", "#feb24c", "#f07818", "#c04a02", "#6b2503")
NO_WAY_COLOUR = "#7b3294"
#: Neighbouring catchments get different ones of these where possible.
CATCHMENT_COLOURS = ("#8dd3c7", "#ffffb3", "#bebada", "#fdb462", "#80b1d3", "#fccde5", "#d9d9d9")
_WIDTH_PX = 1100
_DPI = 100
_ROADS = {
    "motorway": ("#9a4f50", 1.6),
    "trunk": ("#a5673f", 1.5),
    "primary": ("#8a7a5c", 1.2),
    "secondary": ("#8f8f8f", 0.9),
    "tertiary": ("#a3a3a3", 0.6),
    "unclassified": ("#bdbdbd", 0.4),
    "residential": ("#c8c8c8", 0.3),
}


@dataclass(frozen=True)
class MapImage:
    """
    A drawn map and how to letter it.

    Parameters
    ----------
    data_uri : str
        The picture, as a page embeds it.
    width, height : int
        Its size [px].
    labels : tuple of (x, y, text, kind)
        Names and where they go [px]; kind is ``township`` or ``site``.
    scale_m, scale_px : float
        A round length on the ground and its length in the picture [m, px].
    """

    data_uri: str
    width: int
    height: int
    labels: tuple[tuple[float, float, str, str], ...]
    scale_m: float
    scale_px: float


def draw_access_map(county: County, state: StageState, *, sites: gpd.GeoDataFrame | None = None) -> MapImage:
    """
    Draw how far each inhabited place is from the nearest school of a stage's youngest grades.

    Parameters
    ----------
    county : County
        The county.
    state : StageState
        What the layout means for the stage.
    sites : geopandas.GeoDataFrame, optional
        Proposed sites to point out.

    Returns
    -------
    MapImage
        The map.
    """
    axes, frame = _sheet(county)
    distance = state.nearest[state.bands[0]]["distance_m"].to_numpy()
    rank = np.searchsorted(DISTANCE_CLASSES_M, distance, side="left")
    colours = np.array([to_rgba(colour) for colour in (*DISTANCE_COLOURS, NO_WAY_COLOUR)])
    rank = np.where(np.isfinite(distance), rank, len(DISTANCE_COLOURS))
    _draw_cells(axes, county, colours[rank])
    return _finish(axes, frame, county, state, sites)


def draw_catchment_map(county: County, state: StageState, catchments: gpd.GeoDataFrame) -> MapImage:
    """
    Draw catchments, neighbours in different colours.

    Parameters
    ----------
    county : County
        The county.
    state : StageState
        What the layout means for the stage.
    catchments : geopandas.GeoDataFrame
        Polygons, one a school.

    Returns
    -------
    MapImage
        The map.
    """
    axes, frame = _sheet(county)
    colours = [CATCHMENT_COLOURS[colour] for colour in _colour_neighbours(catchments)]
    if len(catchments):
        catchments.plot(ax=axes, color=colours, edgecolor="#555555", linewidth=0.5, aspect=None, zorder=1)
    return _finish(axes, frame, county, state, None)


def _colour_neighbours(polygons: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Colour greedily, so that polygons that touch differ while there are colours left."""
    colour = np.full(len(polygons), -1, dtype=np.int64)
    one, other = polygons.sindex.query(polygons.geometry, predicate="intersects")
    for row in range(len(polygons)):
        taken = set(colour[other[one == row]])
        free = [number for number in range(len(CATCHMENT_COLOURS)) if number not in taken]
        colour[row] = free[0] if free else row % len(CATCHMENT_COLOURS)
    return colour


def _sheet(county: County) -> tuple[Axes, tuple[float, float, float, float]]:
    west, south, east, north = county.boundary.total_bounds
    rim = 0.02 * max(east - west, north - south)
    frame = (west - rim, south - rim, east + rim, north + rim)
    height = round(_WIDTH_PX * (frame[3] - frame[1]) / (frame[2] - frame[0]))
    figure = Figure(figsize=(_WIDTH_PX / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    county.boundary.plot(ax=axes, color="#f7f6f1", edgecolor="none", aspect=None, zorder=0)
    return axes, frame


def _draw_cells(axes: Axes, county: County, colours: NDArray[np.float64]) -> None:
    """Paint inhabited cells into a picture of the county; a village gets a square of a visible size."""
    west, south, east, north = axes.get_xlim()[0], axes.get_ylim()[0], axes.get_xlim()[1], axes.get_ylim()[1]
    pixel = (east - west) / _WIDTH_PX
    rows, columns = int(np.ceil((north - south) / pixel)), _WIDTH_PX
    picture = np.zeros((rows, columns, 4))
    half = max(1, round(max(county.cell_size_m, 2.5 * pixel) / pixel / 2))
    x = ((county.cells.geometry.x.to_numpy() - west) / pixel).astype(int)
    y = ((north - county.cells.geometry.y.to_numpy()) / pixel).astype(int)
    for down in range(-half, half + 1):
        for right in range(-half, half + 1):
            row, column = y + down, x + right
            inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
            picture[row[inside], column[inside]] = colours[inside]
    axes.imshow(
        picture, extent=(west, east, north - rows * pixel, north), aspect="auto", interpolation="nearest", zorder=1
    )


def _finish(
    axes: Axes,
    frame: tuple[float, float, float, float],
    county: County,
    state: StageState,
    sites: gpd.GeoDataFrame | None,
) -> MapImage:
    _draw_ground(axes, county)
    open_sites = state.sites[~state.sites["is_new"]]
    axes.scatter(
        open_sites.geometry.x, open_sites.geometry.y, s=22, c="#08306b", edgecolors="white", linewidths=0.7, zorder=6
    )
    proposed = sites if sites is not None else state.sites[state.sites["is_new"]]
    if len(proposed):
        axes.scatter(
            proposed.geometry.x,
            proposed.geometry.y,
            s=190,
            marker="*",
            c="#00a087",
            edgecolors="white",
            linewidths=1.0,
            zorder=7,
        )
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    width_px, height_px = (int(size) for size in axes.figure.canvas.get_width_height())  # type: ignore[union-attr]
    per_px = (frame[2] - frame[0]) / width_px
    scale_m = _round_length(per_px * width_px / 5)
    labels = [
        ((point.x - frame[0]) / per_px, (frame[3] - point.y) / per_px, str(name), kind)
        for kind, names, points in (
            ("township", county.townships.get("name", []), county.townships.representative_point()),
            ("site", proposed["name"], proposed.geometry),
        )
        for name, point in zip(names, points, strict=True)
    ]
    return MapImage(
        data_uri="data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"),
        width=width_px,
        height=height_px,
        labels=tuple(labels),
        scale_m=scale_m,
        scale_px=scale_m / per_px,
    )


def _draw_ground(axes: Axes, county: County) -> None:
    """Draw water, roads and lines of administration."""
    ground = county.basemap
    water = ground[ground["kind"] == "water"]
    if len(water):
        water.plot(ax=axes, color="#a6cee3", edgecolor="none", aspect=None, zorder=2)
    for kind, colour, width in (("river", "#6baed6", 0.8), ("railway", "#444444", 0.9)):
        lines = ground[ground["kind"] == kind]
        _draw_lines(axes, lines.geometry, colour, width, 3)
    for highway, (colour, width) in _ROADS.items():
        _draw_ways(axes, county, highway, colour, width)
    if len(county.townships):
        _draw_lines(axes, county.townships.boundary, "#777777", 0.6, 5, style=(0, (4, 3)))
    _draw_lines(axes, county.boundary.boundary, "#333333", 1.4, 5)


def _draw_ways(axes: Axes, county: County, highway: str, colour: str, width: float) -> None:
    network = county.network
    classes = network.ways["highway"].to_numpy()
    named = np.isin(np.append(classes, "")[network.way], (highway, f"{highway}_link")) & network.forward
    arcs = np.flatnonzero(named)
    if len(arcs):
        ends = np.stack(
            [
                np.column_stack([network.x[network.tails[arcs]], network.y[network.tails[arcs]]]),
                np.column_stack([network.x[network.heads[arcs]], network.y[network.heads[arcs]]]),
            ],
            axis=1,
        )
        axes.add_collection(LineCollection(list(ends), colors=colour, linewidths=width, zorder=4, capstyle="round"))


def _draw_lines(
    axes: Axes,
    lines: gpd.GeoSeries | pd.Series,
    colour: str,
    width: float,
    order: int,
    style: str | tuple[int, tuple[int, int]] = "solid",
) -> None:
    parts = shapely.get_parts(shapely.get_parts(np.asarray(lines, dtype=object)))
    paths = [shapely.get_coordinates(part) for part in parts]
    if paths:
        axes.add_collection(LineCollection(paths, colors=colour, linewidths=width, linestyles=[style], zorder=order))


def _round_length(length: float) -> float:
    """Round down to 1, 2 or 5 times a power of ten."""
    power = 10 ** np.floor(np.log10(length))
    return float(max(step * power for step in (1, 2, 5) if step * power <= length))
