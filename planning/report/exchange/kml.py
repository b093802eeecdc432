"""KML by our own few lines: GDAL's drivers for it are switched off in this program, since they follow links in what they read."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape as xml_text
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pandas as pd
import shapely

from planning.report.exchange.fields import COLUMNS, code_label, column_label
from planning.report.exchange.layers import LAYERS

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["write_kml"]

_NO_XML = dict.fromkeys([*range(0x9), 0xB, 0xC, *range(0xE, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
#: Line and fill as KML writes colours: alpha, blue, green, red.
_LOOKS = {
    "catchments_nearest": ("ffb27200", "40b27200"),
    "catchments_allocated": ("ff739e00", "40739e00"),
    "unreachable": ("ff2b18b2", "402b18b2"),
}


def write_kml(layers: Mapping[str, gpd.GeoDataFrame], path: Path, t: Translator) -> Path:
    """
    Write layers as folders of one KML; names and descriptions are text, whatever stands in them.

    Parameters
    ----------
    layers : Mapping
        Layer by name, in WGS84 degrees.
    path : pathlib.Path
        The ``.kml``.
    t : Translator
        Language of the folders and descriptions.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<kml xmlns="http://www.opengis.net/kml/2.2">', "<Document>"]
    for layer, (line, fill) in _LOOKS.items():
        lines.append(
            f'<Style id="{layer}"><LineStyle><color>{line}</color><width>1.5</width></LineStyle>'
            f"<PolyStyle><color>{fill}</color></PolyStyle></Style>"
        )
    for layer, table in layers.items():
        columns = [str(name) for name in table.columns if name != "geometry"]
        fields = "".join(
            f"<SimpleField type={quoteattr(_type(table[name]))} name={quoteattr(name)}>"
            f"<displayName>{_text(column_label(t, name))}</displayName></SimpleField>"
            for name in columns
        )
        lines.append(f'<Schema name="{layer}" id="schema_{layer}">{fields}</Schema>')
    for layer, table in layers.items():
        lines += ["<Folder>", f"<name>{_text(t.message(LAYERS[layer]))}</name>"]
        lines += [_placemark(layer, row, t) for row in table.to_dict("records")]
        lines.append("</Folder>")
    lines += ["</Document>", "</kml>"]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def _placemark(layer: str, row: Mapping[str, object], t: Translator) -> str:
    told = {name: value for name, value in row.items() if name != "geometry" and not pd.isna(value)}  # type: ignore[call-overload]
    name = told.get("name", told.get("village", t.message(LAYERS[layer])))
    words = "<br/>".join(
        f"{escape(column_label(t, column))}: {escape(_in_words(t, column, value))}" for column, value in told.items()
    )
    data = "".join(
        f"<SimpleData name={quoteattr(column)}>{_text(value)}</SimpleData>" for column, value in told.items()
    )
    style = f"<styleUrl>#{layer}</styleUrl>" if layer in _LOOKS else ""
    shape = row["geometry"]
    assert isinstance(shape, shapely.Geometry)  # noqa: S101 - narrows the type
    return (
        f"<Placemark><name>{_text(name)}</name><description>{_text(words)}</description>{style}"
        f'<ExtendedData><SchemaData schemaUrl="#schema_{layer}">{data}</SchemaData></ExtendedData>{_shape(shape)}</Placemark>'
    )


def _in_words(t: Translator, column: str, value: object) -> str:
    return code_label(t, column, value) if COLUMNS[column].codes and isinstance(value, str) else str(value)


def _text(value: object) -> str:
    return xml_text(str(value).translate(_NO_XML))


def _type(column: pd.Series) -> str:
    if pd.api.types.is_integer_dtype(column.dtype):
        return "int"
    return "double" if pd.api.types.is_float_dtype(column.dtype) else "string"


def _shape(shape: shapely.Geometry) -> str:
    if isinstance(shape, shapely.Point):
        return f"<Point><coordinates>{_coordinates(shape)}</coordinates></Point>"
    if isinstance(shape, shapely.MultiPolygon):
        return f"<MultiGeometry>{''.join(_shape(part) for part in shape.geoms)}</MultiGeometry>"
    assert isinstance(shape, shapely.Polygon)  # noqa: S101 - narrows the type
    inner = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in shape.interiors)
    return f"<Polygon><outerBoundaryIs>{_ring(shape.exterior)}</outerBoundaryIs>{inner}</Polygon>"


def _ring(ring: shapely.LinearRing) -> str:
    return f"<LinearRing><coordinates>{_coordinates(ring)}</coordinates></LinearRing>"


def _coordinates(shape: shapely.Geometry) -> str:
    return " ".join(f"{lon:.7f},{lat:.7f}" for lon, lat in shapely.get_coordinates(shape))
