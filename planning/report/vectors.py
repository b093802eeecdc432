"""Layers for other GIS programs: shapefile with a field dictionary, GeoPackage with styles, GeoJSON of the proposal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import jinja2
import pandas as pd
import pyogrio
import shapely

from planning.i18n import Translator, get_translator
from planning.i18n.terms import term

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = ["FIELDS", "write_field_dictionary", "write_geopackage", "write_proposal", "write_shapefile"]

#: Fields of the shapefiles: our column, its name of at most 10 ASCII characters, and its unit.
FIELDS: Mapping[str, tuple[str, str]] = {
    "site_id": ("school_id", ""),
    "stage": ("stage", ""),
    "by": ("by", ""),
    "name": ("name", ""),
    "kind": ("kind", ""),
    "seats": ("seats", "seats"),
    "cells": ("cells", "cells"),
    "people": ("people", "people"),
    "pupils": ("pupils", "pupils"),
    "going": ("going", "pupils"),
    "share": ("share", "1"),
    "area_km2": ("area_km2", "km2"),
}
#: A text field of a shapefile holds 254 bytes; so many characters fit in any encoding offered.
_LONGEST_TEXT = 80
_STYLED = {
    "catchments_nearest": ("polygon", "#2b7bba"),
    "catchments_allocated": ("polygon", "#1a9850"),
    "unreachable": ("polygon", "#b2182b"),
    "schools": ("point", "#08306b"),
    "proposed_sites": ("point", "#e6550d"),
    "cells": ("point", "#636363"),
}


def write_shapefile(layer: gpd.GeoDataFrame, path: Path, *, encoding: str = "UTF-8") -> Path:
    """
    Write polygons as a shapefile that QGIS and ArcGIS open with names, system and numbers right.

    Parameters
    ----------
    layer : geopandas.GeoDataFrame
        Columns out of ``FIELDS``.
    path : pathlib.Path
        The ``.shp``; its sidecars, a ``.cpg`` and a ``.qml`` style among them, stand beside it.
    encoding : str
        ``UTF-8``, or ``GBK`` for old programs.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    table = layer.reset_index() if layer.index.name in FIELDS else layer
    table = table[[name for name in table.columns if name in FIELDS or name == "geometry"]]
    texts = [name for name in table.columns if pd.api.types.is_string_dtype(table[name]) or table[name].dtype == object]
    table = table.assign(
        **{name: table[name].map(lambda text: _fitting(text, encoding)) for name in texts if name != "geometry"}
    )
    table = table.rename(columns={name: FIELDS[name][0] for name in table.columns if name in FIELDS})
    pyogrio.write_dataframe(
        table, path, driver="ESRI Shapefile", encoding=encoding, geometry_type="MultiPolygon", promote_to_multi=True
    )
    path.with_suffix(".qml").write_text(
        _style("catchments_nearest", {FIELDS[name][0]: name for name in FIELDS}), "utf-8"
    )
    return path


def _fitting(text: object, encoding: str) -> object:
    """Cut a text where its field ends, and put a question mark for a character that the encoding lacks."""
    if not isinstance(text, str):
        return None if pd.isna(text) else text  # type: ignore[call-overload]
    return text[:_LONGEST_TEXT].encode(encoding, errors="replace").decode(encoding)


def write_field_dictionary(path: Path) -> Path:
    """
    Write what each field means, in Chinese and English.

    Parameters
    ----------
    path : pathlib.Path
        The CSV; it starts with a byte order mark, since it is made for people with a spreadsheet.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    zh, en = get_translator("zh"), get_translator("en")
    rows = [(short, term(zh, name), term(en, name), unit) for name, (short, unit) in FIELDS.items()]
    pd.DataFrame(rows, columns=["field", "zh", "en", "unit"]).to_csv(path, index=False, encoding="utf-8-sig")
    return path


def write_geopackage(layers: Mapping[str, gpd.GeoDataFrame], path: Path, t: Translator) -> Path:
    """
    Write layers into one GeoPackage, with styles that QGIS takes by itself.

    Parameters
    ----------
    layers : Mapping
        Layer by name; empty ones are written too.
    path : pathlib.Path
        The ``.gpkg``; replaced where there is one.
    t : Translator
        Language of the aliases that the styles give the columns.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    path.unlink(missing_ok=True)
    for name, layer in layers.items():
        table = layer.reset_index() if layer.index.name is not None else layer
        shape, _ = _STYLED[name]
        polygons = shape == "polygon"
        pyogrio.write_dataframe(
            table,
            path,
            layer=name,
            driver="GPKG",
            geometry_type="MultiPolygon" if polygons else "Point",
            promote_to_multi=polygons,
            append=path.exists(),
        )
    styles = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": list(layers),
            "f_geometry_column": "geom",
            "styleName": list(layers),
            "styleQML": [_style(name, {column: column for column in layers[name].columns}, t) for name in layers],
            "styleSLD": "",
            "useAsDefault": True,
            "description": "",
            "owner": "",
            "ui": None,
        }
    )
    pyogrio.write_dataframe(styles, path, layer="layer_styles", driver="GPKG", append=True)
    return path


def _style(layer: str, aliases: Mapping[str, str], t: Translator | None = None) -> str:
    """Make a QGIS style: one symbol, labels by name, columns under their names in the user's language."""
    shape, colour = _STYLED[layer]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    words = t or get_translator("zh")
    return (
        _templates()
        .get_template("style.qml")
        .render(
            shape=shape,
            fill=f"{red},{green},{blue},60" if shape == "polygon" else f"{red},{green},{blue},255",
            line=f"{red},{green},{blue},255",
            labels=layer != "cells" and layer != "unreachable",
            aliases={column: term(words, name) for column, name in aliases.items() if column != "geometry"},
        )
    )


def _templates() -> jinja2.Environment:
    folder = Path(str(resources.files("planning.report") / "templates"))
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def write_proposal(answers: tuple[Answer, ...], path: Path) -> Path:
    """
    Write the proposed sites as GeoJSON (RFC 7946: WGS84); a question without an answer is a feature without a place.

    Parameters
    ----------
    answers : tuple of Answer
        Answers of a run.
    path : pathlib.Path
        The file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    features: list[dict[str, Any]] = []
    for answer in answers:
        sites = answer.sites
        places = sites.to_crs(4326) if len(sites) else sites
        for site_id, row in places.iterrows():
            properties = {name: _json_value(value) for name, value in row.items() if name != "geometry"}
            point = json.loads(shapely.to_geojson(shapely.set_precision(row["geometry"], 1e-7)))
            properties = {"site_id": site_id, **properties, "model": answer.question.model, "unit": answer.unit}
            features.append({"type": "Feature", "geometry": point, "properties": properties})
        if not len(sites):
            proposal = answer.proposal
            properties = {
                "site_id": None,
                "question": answer.question.name,
                "stage": answer.question.stage,
                "kind": "none",
                "objective": _json_value(proposal.objective),
                "bound": _json_value(proposal.bound),
                "gap": _json_value(proposal.gap),
                "status": proposal.status,
                "model": answer.question.model,
                "unit": answer.unit,
            }
            features.append({"type": "Feature", "geometry": None, "properties": properties})
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")
    return path


def _json_value(value: Any) -> Any:
    """Turn a table's value into one that JSON has; unknown and infinite become null."""
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
