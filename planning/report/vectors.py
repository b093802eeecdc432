"""Layers for other GIS programs: shapefile with a field dictionary, GeoPackage with styles, GeoJSON of the proposal."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import jinja2
import numpy as np
import pandas as pd

from planning.errors import Message, Names, msg
from planning.gdal import pyogrio
from planning.i18n import Translator, get_translator
from planning.i18n.terms import term
from planning.report.text_safety import is_text_column
from planning.report.words import FIELDS, unit_name
from planning.scenario.proposals import SITE_COLUMNS

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = [
    "balance_words",
    "shortened_names",
    "write_field_dictionary",
    "write_geopackage",
    "write_proposal",
    "write_shapefile",
]

#: A text field of a shapefile holds so many bytes [bytes].
_LONGEST_TEXT = 254
#: Version of GeoPackage that GIS programs from 2018 on read without a warning.
_GPKG_VERSION = "1.2"
_STYLED = {
    "catchments_nearest": ("polygon", "#2b7bba"),
    "catchments_allocated": ("polygon", "#1a9850"),
    "unreachable": ("polygon", "#b2182b"),
    "schools": ("point", "#08306b"),
    "proposed_sites": ("point", "#e6550d"),
    "cells": ("point", "#636363"),
    "roads": ("line", "#2171b5"),
    "dangers": ("point", "#cb181d"),
}
_TYPES = {"polygon": "MultiPolygon", "line": "MultiLineString", "point": "Point"}
#: Layers whose features have no name of their own to show.
_UNLABELLED = ("cells", "unreachable", "roads")
#: Characters that XML cannot hold at all.
_NO_XML = dict.fromkeys([*range(0x9), 0xB, 0xC, *range(0xE, 0x20), 0xFFFE, 0xFFFF])


def write_shapefile(layer: gpd.GeoDataFrame, path: Path, *, style: str, t: Translator, encoding: str = "UTF-8") -> Path:
    """
    Write polygons as a shapefile that QGIS and ArcGIS open with names, system and numbers right.

    Parameters
    ----------
    layer : geopandas.GeoDataFrame
        Columns out of ``FIELDS``; others are left out.
    path : pathlib.Path
        The ``.shp``; its sidecars, a ``.cpg`` and a ``.qml`` style among them, stand beside it.
    style : str
        Name of the layer's style.
    t : Translator
        Language of the names that the style gives the fields.
    encoding : str
        ``UTF-8``, or ``GBK`` for old programs.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    table = layer.reset_index() if layer.index.name in FIELDS else layer
    table = table[[name for name in FIELDS if name in table.columns] + ["geometry"]]
    texts = [name for name in table.columns if name != "geometry" and is_text_column(table[name])]
    floats = [name for name in table.columns if pd.api.types.is_float_dtype(table[name].dtype)]
    table = table.assign(
        **{name: table[name].astype(object).map(lambda text: _fitting(text, encoding)).astype("str") for name in texts},
        **{name: table[name].round(6) for name in floats},
    )
    table = table.rename(columns={name: FIELDS[name].short for name in table.columns if name in FIELDS})
    pyogrio.write_dataframe(
        table, path, driver="ESRI Shapefile", encoding=encoding, geometry_type="MultiPolygon", promote_to_multi=True
    )
    aliases = {FIELDS[name].short: name for name in FIELDS if FIELDS[name].short in table.columns}
    path.with_suffix(".qml").write_text(_style(style, aliases, t), "utf-8")
    return path


def _fitting(text: object, encoding: str) -> str | None:
    """Cut a text at the character where its field ends, and put a question mark for a character that the encoding lacks."""
    if text is None or pd.isna(text):  # type: ignore[call-overload]
        return None
    return str(text).encode(encoding, errors="replace")[:_LONGEST_TEXT].decode(encoding, errors="ignore")


def shortened_names(layers: Iterable[gpd.GeoDataFrame], encoding: str) -> tuple[Message, ...]:
    """
    Say which names a shapefile cannot hold as they are.

    Parameters
    ----------
    layers : iterable of geopandas.GeoDataFrame
        Layers with a column ``name``.
    encoding : str
        ``UTF-8`` or ``GBK``.

    Returns
    -------
    tuple of Message
        One reservation, or none.
    """
    names = {str(name) for layer in layers for name in layer["name"].dropna()}
    changed = sorted(name for name in names if _fitting(name, encoding) != name)
    if not changed:
        return ()
    return (
        msg(
            "The shapefiles ({encoding}) cannot hold {n} names as they are; they are cut, or have ? for a character: {names}. "
            "The GeoPackage has them whole.",
            encoding=encoding,
            n=len(changed),
            names=Names.first((name if len(name) <= 30 else name[:29] + "…" for name in changed), 10),
        ),
    )


def write_field_dictionary(path: Path) -> Path:
    """
    Write what each field of the shapefiles means, in Chinese and English.

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
    rows = []
    for name, field in FIELDS.items():
        row = [field.short]
        for t in (zh, en):
            codes = t("; ").join(f"{code} = {term(t, code)}" for code in field.codes)
            meaning = t.message(field.meaning)
            row += [
                term(t, name),
                unit_name(t, field.unit) if field.unit else "",
                t("{meaning} Codes: {codes}.", meaning=meaning, codes=codes) if codes else meaning,
            ]
        rows.append(row)
    columns = ["field", "zh", "unit_zh", "meaning_zh", "en", "unit_en", "meaning_en"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
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
        Language of the names that the styles give the columns.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    path.unlink(missing_ok=True)
    for name, layer in layers.items():
        table = layer.reset_index() if layer.index.name is not None else layer
        empty = [column for column in table.columns if column != "geometry" and table[column].dtype == object]
        if not len(table):  # a column without a value has no type of its own
            table = table.astype(dict.fromkeys(empty, "str"))
        shape = _STYLED[name][0]
        pyogrio.write_dataframe(
            table,
            path,
            layer=name,
            driver="GPKG",
            geometry_type=_TYPES[shape],
            promote_to_multi=shape != "point",
            append=path.exists(),
            **({} if path.exists() else {"dataset_options": {"VERSION": _GPKG_VERSION}}),
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
            "ui": "",
            "update_time": pd.Timestamp.now().floor("s"),
        }
    )
    pyogrio.write_dataframe(styles, path, layer="layer_styles", driver="GPKG", append=True)
    return path


def _style(layer: str, aliases: Mapping[str, str], t: Translator) -> str:
    """Make a QGIS style: one symbol, labels by name, columns under their names in the user's language."""
    shape, colour = _STYLED[layer]
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    folder = Path(str(resources.files("planning.report") / "templates"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("style.qml").render(
        shape=shape,
        fill=f"{red},{green},{blue},{60 if shape == 'polygon' else 255}",
        line=f"{red},{green},{blue},255",
        labels=layer not in _UNLABELLED,
        label="rank" if layer == "dangers" else "name",
        size=0.8 if layer == "cells" else 2.6,
        aliases={column: term(t, name).translate(_NO_XML) for column, name in aliases.items() if column != "geometry"},
    )


def balance_words(answer: Answer) -> dict[str, Any]:
    """
    Give the coefficient of variation that a question sets a ceiling to.

    Parameters
    ----------
    answer : Answer
        The answer.

    Returns
    -------
    dict
        ``balance_indicator``, ``balance_before``, ``balance_after`` and ``balance_ceiling`` [1]; None where it sets none.
    """
    kept = answer.balance
    names = ("balance_indicator", "balance_before", "balance_after", "balance_ceiling")
    if kept is None:
        return dict.fromkeys(names)
    after = None if math.isnan(kept.after) else round(kept.after, 5)
    return dict(zip(names, (kept.indicator, round(kept.before, 5), after, kept.ceiling), strict=True))


def write_proposal(
    answers: tuple[Answer, ...], path: Path, *, schools: gpd.GeoDataFrame | None = None, t: Translator | None = None
) -> Path:
    """
    Write the proposed sites as GeoJSON (RFC 7946: WGS84); a question without an answer is a feature without a place.

    Schools that the closure gate keeps open stand there as well, of kind ``blocked``, with the clause as ``reason``.

    Parameters
    ----------
    answers : tuple of Answer
        Answers of a run.
    path : pathlib.Path
        The file.
    schools : geopandas.GeoDataFrame, optional
        The county's schools, by code; without them blocked closures are left out.
    t : Translator, optional
        Language of the clauses; English without it.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    features: list[dict[str, Any]] = []
    for answer in answers:
        question, sites = answer.question, answer.sites
        about = {"model": question.model, "unit": answer.unit, **balance_words(answer)}
        places = sites.to_crs(4326) if len(sites) else sites
        for site_id, row in places.iterrows():
            point = row["geometry"]
            columns = {str(name): value for name, value in row.items() if name != "geometry"}
            features.append(_feature((point.x, point.y), {"site_id": site_id, **columns, "reason": None, **about}))
        if not len(sites):
            features.append(_feature(None, {**_nothing(answer), **about}))
        if schools is not None and answer.blocked:
            kept = schools.loc[[blocked.school_id for blocked in answer.blocked]]
            for blocked, (code, row), point in zip(
                answer.blocked, kept.iterrows(), kept.geometry.to_crs(4326), strict=True
            ):
                school = {
                    "site_id": code,
                    "kind": "blocked",
                    "name": row["name"],
                    "township": row["township"],
                    "seats": row[f"seats_{question.stage}"],
                    "reason": (t or get_translator("en")).message(blocked.clause),
                }
                features.append(_feature((point.x, point.y), {**_nothing(answer), **school, **about}))
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "utf-8")
    return path


def _nothing(answer: Answer) -> dict[str, Any]:
    """Give the properties of a feature at which nothing is built."""
    proposal = answer.proposal
    return {
        "site_id": None,
        "question": answer.question.name,
        "stage": answer.question.stage,
        "kind": "none",
        "name": None,
        "township": None,
        "seats": None,
        "beds": None,
        "pupils_gained": 0,
        "objective": proposal.objective,
        "bound": proposal.bound,
        "gap": proposal.gap,
        "status": proposal.status,
        **dict.fromkeys(SITE_COLUMNS[SITE_COLUMNS.index("status") + 1 :]),
        "reason": None,
    }


def _feature(lonlat: tuple[float, float] | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    geometry = None
    if lonlat is not None:
        geometry = {"type": "Point", "coordinates": [round(float(degrees), 7) for degrees in lonlat]}
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {name: _json_value(value) for name, value in properties.items()},
    }


def _json_value(value: Any) -> Any:
    """Turn a table's value into one that JSON has; unknown and infinite become null."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
