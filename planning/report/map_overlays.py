"""Lines, areas and points laid over the map: packed once, fetched by address, drawn by the browser."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray

__all__ = ["FLOW_BREAKS", "FLOW_WIDTHS", "flow_lines", "pack_overlay", "pack_places", "pack_plain", "pack_values"]

WEB_MERCATOR = "EPSG:3857"
#: Pupils on a piece of road from which the next wider line begins, and the widths [pixel].
FLOW_BREAKS = (10, 50, 200, 500, 1500)
FLOW_WIDTHS = (0.8, 1.6, 2.8, 4.2, 5.8, 7.5)
_TOLERANCE_M = 6.0


def pack_overlay(
    parts: Iterable[tuple[str, float, Sequence[shapely.Geometry]]],
    *,
    crs: pyproj.CRS,
    tolerance_m: float = _TOLERANCE_M,
) -> bytes:
    """
    Pack shapes for the map.

    Parameters
    ----------
    parts : iterable of (str, float, sequence of shapely.Geometry)
        Colour ``#rrggbb``; width of the line, or size of the point [pixel]; shapes.
    crs : pyproj.CRS
        Reference system of the shapes.
    tolerance_m : float
        How far a simplified line may lie from the true one [m].

    Returns
    -------
    bytes
        gzip of JSON: a list of ``color``, ``width``, and ``lines``, ``areas`` and ``points``, each a list of x and y in
        whole Mercator metres, every place but the first as the difference from the one before.
    """
    to_web = pyproj.Transformer.from_crs(crs, WEB_MERCATOR, always_xy=True)
    packed = []
    for color, width, shapes in parts:
        found: dict[str, Any] = {"color": color, "width": width, "lines": [], "areas": [], "points": []}
        for shape in shapely.get_parts(shapely.simplify(np.asarray(shapes, dtype=object), tolerance_m)):
            if shape.geom_type == "Polygon":
                found["areas"].append([_differences(ring, to_web) for ring in (shape.exterior, *shape.interiors)])
            elif shape.geom_type in ("LineString", "LinearRing") and not shape.is_empty:
                found["lines"].append(_differences(shape, to_web))
            elif shape.geom_type == "Point" and not shape.is_empty:
                found["points"].append(_differences(shape, to_web))
        packed.append(found)
    return pack_plain(packed)


def pack_plain(content: Any) -> bytes:
    """
    Pack plain data for the map to fetch; the same data gives the same bytes, and so the same address.

    Parameters
    ----------
    content : object
        Lists, dicts, texts and finite numbers.

    Returns
    -------
    bytes
        gzip of JSON.
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    packer = zlib.compressobj(6, wbits=31)
    return packer.compress(text.encode()) + packer.flush()


def pack_places(lons: ArrayLike, lats: ArrayLike, ids: Sequence[str], names: Sequence[str]) -> bytes:
    """
    Pack where points stand, which no edit changes.

    Parameters
    ----------
    lons, lats : array_like, shape (n_points,)
        Places [degree]; kept to a tenth of a metre.
    ids, names : sequence of str
        Code and name of each.

    Returns
    -------
    bytes
        gzip of JSON: ``at`` (latitude and longitude of each), ``ids``, ``names``.
    """
    at = np.round(np.column_stack([lats, lons]), 6).tolist()
    return pack_plain({"at": at, "ids": list(ids), "names": list(names)})


def pack_values(styles: Sequence[tuple[str, float]], classes: ArrayLike, lines: Sequence[Sequence[str]]) -> bytes:
    """
    Pack how points look and what is told of them.

    Parameters
    ----------
    styles : sequence of (str, float)
        Colour ``#rrggbb`` and radius [pixel] of each class, the most important last: it lies on top.
    classes : array_like of int, shape (n_points,)
        Position of each point in ``styles``.
    lines : sequence of sequence of str
        What is told of each point under the pointer.

    Returns
    -------
    bytes
        gzip of JSON: ``styles``, ``style``, ``lines``.
    """
    style = [int(number) for number in np.asarray(classes)]
    return pack_plain(
        {"styles": [list(one) for one in styles], "style": style, "lines": [list(some) for some in lines]}
    )


def flow_lines(
    pupils: NDArray[np.float64], tails_xy: NDArray[np.float64], heads_xy: NDArray[np.float64]
) -> list[tuple[float, list[shapely.Geometry]]]:
    """
    Join pieces of road that carry about as many pupils into lines.

    Parameters
    ----------
    pupils : numpy.ndarray, shape (n_pieces,)
        Pupils on each piece [pupils]; pieces without any are left out.
    tails_xy, heads_xy : numpy.ndarray, shape (n_pieces, 2)
        Where the pieces begin and end [m].

    Returns
    -------
    list of (float, list of shapely.Geometry)
        Width [pixel] and lines, the thinnest first; one for each class, some of them empty.
    """
    classes = np.searchsorted(FLOW_BREAKS, pupils, side="right")
    found = []
    for number, width in enumerate(FLOW_WIDTHS):
        chosen = (classes == number) & (pupils > 0)
        pieces = shapely.linestrings(np.stack([tails_xy[chosen], heads_xy[chosen]], axis=1)) if chosen.any() else []
        merged = shapely.line_merge(shapely.multilinestrings(pieces)) if len(pieces) else None
        found.append((width, [] if merged is None else list(shapely.get_parts(merged))))
    return found


def _differences(shape: shapely.Geometry, to_web: pyproj.Transformer) -> list[int]:
    xy = shapely.get_coordinates(shape)
    whole = np.rint(np.column_stack(to_web.transform(xy[:, 0], xy[:, 1]))).astype(np.int64)
    return [int(n) for n in np.concatenate([whole[:1], np.diff(whole, axis=0)]).ravel()]
