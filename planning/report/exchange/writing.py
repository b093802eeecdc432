"""Layers into files of a format, a reference system, an encoding and a language; what a file cannot hold is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from planning.errors import Message, Names, msg
from planning.gdal import pyogrio
from planning.report.exchange.fields import COLUMNS, write_fields
from planning.report.exchange.kml import write_kml
from planning.report.exchange.layers import LAYERS
from planning.report.exchange.styles import qgis_style
from planning.report.exchange.systems import System, system_warning
from planning.report.text_safety import is_text_column

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["FORMATS", "Exported", "write_exchange"]

#: Formats by the name that the command line takes.
FORMATS: Mapping[str, Message] = {
    "gpkg": msg("GeoPackage with styles (QGIS, ArcGIS)"),
    "shp": msg("Shapefile with styles for QGIS"),
    "geojson": msg("GeoJSON (WGS 84)"),
    "kml": msg("KML (WGS 84; Google Earth, Ovital)"),
    "parquet": msg("GeoParquet (Python, R, DuckDB)"),
}
_DEGREES = ("geojson", "kml")
#: A text field of a shapefile holds so many bytes [bytes].
_LONGEST_TEXT = 254
#: Version of GeoPackage that GIS programs from 2018 on read without a warning.
_GPKG_VERSION = "1.2"
#: Degrees are written to this, about a centimetre [degree].
_DEGREE_STEP = 1e-7
_POINTS = ("sites", "proposed_sites", "villages")


@dataclass(frozen=True)
class Exported:
    """
    What was written.

    Parameters
    ----------
    files : tuple of pathlib.Path
        Every file, sidecars among them.
    notices : tuple of Message
        What the files cannot hold, and what a reader of them must know.
    """

    files: tuple[Path, ...]
    notices: tuple[Message, ...]


def write_exchange(
    layers: Mapping[str, gpd.GeoDataFrame],
    out: Path,
    *,
    formats: Sequence[str],
    system: System,
    bounds: tuple[float, float, float, float],
    t: Translator,
    encoding: str = "UTF-8",
    progress: Callable[[float], None] | None = None,
) -> Exported:
    """
    Write layers in one or several formats.

    Parameters
    ----------
    layers : Mapping
        As :func:`planning.report.exchange.layers.exchange_layers` gives them.
    out : pathlib.Path
        Folder that is there; files of the same names are replaced.
    formats : sequence of str
        Out of ``FORMATS``.
    system : System
        Reference system; GeoJSON and KML are always in WGS84.
    bounds : tuple of float
        West, south, east, north of the county [degree, WGS84].
    t : Translator
        Language of legends, names of columns and notes.
    encoding : str
        Text of shapefiles: ``UTF-8`` or ``GBK``.
    progress : callable, optional
        Told the share that is done.

    Returns
    -------
    Exported
        The files, ``fields.csv`` and ``notes.txt`` among them, and the notices.
    """
    tell = progress or (lambda share: None)
    notices = [notice for notice in (system_warning(system, bounds),) if notice is not None]
    placed = {name: table.to_crs(system.crs) for name, table in layers.items()}
    degrees = {name: _in_degrees(table) for name, table in layers.items()} if set(_DEGREES) & set(formats) else {}
    files: list[Path] = []
    for done, name in enumerate(formats):
        tell(done / len(formats))
        if name == "gpkg":
            files.append(_write_gpkg(placed, out / "layout.gpkg", t))
        elif name == "shp":
            notices += _unfit(placed, encoding)
            for layer, table in placed.items():
                files += _write_shp(layer, table, out / f"{layer}.shp", encoding, t)
        elif name == "parquet":
            files += [_write_parquet(table, out / f"{layer}.parquet") for layer, table in placed.items()]
        elif name == "kml":
            files.append(write_kml(degrees, out / "layout.kml", t))
        else:
            files += [_write_geojson(table, out / f"{layer}.geojson") for layer, table in degrees.items()]
    if set(_DEGREES) & set(formats) and system.epsg != 4326:
        notices.append(
            msg("GeoJSON and KML are in WGS 84 degrees, as their standards ask, whatever system was chosen.")
        )
    columns = dict.fromkeys(str(name) for table in layers.values() for name in table.columns if name != "geometry")
    files.append(write_fields(columns, out / "fields.csv"))
    files.append(_write_notes(layers, system, formats, notices, out / "notes.txt", t))
    tell(1.0)
    return Exported(tuple(files), tuple(notices))


def _in_degrees(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Turn a layer into WGS84, rounded without breaking a polygon, outer rings counter-clockwise as RFC 7946 asks."""
    turned = table.to_crs(4326)
    shapes = shapely.set_precision(turned.geometry.to_numpy(), _DEGREE_STEP)
    shapes = shapely.orient_polygons(shapes)
    return turned.set_geometry(gpd.GeoSeries(shapes, index=turned.index, crs=4326))


def _typed(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give columns of texts the type of texts, so that an empty one has it as well."""
    texts = [name for name in table.columns if name != "geometry" and is_text_column(table[name])]
    return table.assign(**{name: table[name].astype("str") for name in texts}).reset_index(drop=True)


def _write_gpkg(layers: Mapping[str, gpd.GeoDataFrame], path: Path, t: Translator) -> Path:
    path.unlink(missing_ok=True)
    for name, table in layers.items():
        pyogrio.write_dataframe(
            _typed(table),
            path,
            layer=name,
            driver="GPKG",
            geometry_type="Point" if name in _POINTS else "MultiPolygon",
            promote_to_multi=name not in _POINTS,
            append=path.exists(),
            layer_options={"IDENTIFIER": t.message(LAYERS[name])},
            **({} if path.exists() else {"dataset_options": {"VERSION": _GPKG_VERSION}}),
        )
    styles = pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": list(layers),
            "f_geometry_column": "geom",
            "styleName": [t.message(LAYERS[name]) for name in layers],
            "styleQML": [qgis_style(name, table, t) for name, table in layers.items()],
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


def _write_shp(layer: str, table: gpd.GeoDataFrame, path: Path, encoding: str, t: Translator) -> list[Path]:
    for old in path.parent.glob(f"{path.stem}.*"):
        if old.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qml"):
            old.unlink()
    typed = _typed(table)
    texts = [name for name in typed.columns if name != "geometry" and is_text_column(typed[name])]
    fitting = {name: typed[name].map(lambda text: _fitting(text, encoding)).astype("str") for name in texts}
    typed = typed.assign(**fitting).rename(
        columns={name: COLUMNS[name].short for name in typed.columns if name in COLUMNS}
    )
    pyogrio.write_dataframe(
        typed,
        path,
        driver="ESRI Shapefile",
        encoding=encoding,
        geometry_type="Point" if layer in _POINTS else "MultiPolygon",
        promote_to_multi=layer not in _POINTS,
    )
    path.with_suffix(".qml").write_text(qgis_style(layer, table, t, short=True), "utf-8")
    return [path.with_suffix(suffix) for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qml")]


def _fitting(text: object, encoding: str) -> object:
    """Cut a text at the character where its field ends; a character that the encoding lacks becomes a question mark."""
    if not isinstance(text, str):
        return text
    return text.encode(encoding, errors="replace")[:_LONGEST_TEXT].decode(encoding, errors="ignore")


def _unfit(layers: Mapping[str, gpd.GeoDataFrame], encoding: str) -> list[Message]:
    """Name the characters that the encoding lacks and the texts that are cut."""
    texts = {
        str(value)
        for table in layers.values()
        for name in table.columns
        if name != "geometry" and is_text_column(table[name])
        for value in table[name].dropna()
    }
    lacking = {text: [sign for sign in text if not _has(encoding, sign)] for text in texts}
    lacking = {text: signs for text, signs in lacking.items() if signs}
    notices = []
    if lacking:
        signs = sorted({sign for found in lacking.values() for sign in found})
        notices.append(
            msg(
                "{encoding} lacks {n} characters, which are ? in the shapefiles: {signs}; in {names}. The other formats, and UTF-8, have them.",
                encoding=encoding,
                n=len(signs),
                signs=Names.first((f"{_shown(sign)} (U+{ord(sign):04X})" for sign in signs), 20),
                names=_listed(sorted(lacking)),
            )
        )
    long = sorted(text for text in texts if len(text.encode(encoding, errors="replace")) > _LONGEST_TEXT)
    if long:
        notices.append(
            msg(
                "The shapefiles hold {most} bytes of a text; {n} texts are cut: {names}. The other formats have them whole.",
                most=_LONGEST_TEXT,
                n=len(long),
                names=_listed(long),
            )
        )
    return notices


def _has(encoding: str, sign: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _shown(sign: str) -> str:
    return sign if sign.isprintable() else "?"


def _listed(names: Sequence[str]) -> Names:
    return Names.first((name if len(name) <= 30 else name[:29] + "…" for name in names), 10)


def _write_geojson(table: gpd.GeoDataFrame, path: Path) -> Path:
    path.unlink(missing_ok=True)
    pyogrio.write_dataframe(
        _typed(table), path, driver="GeoJSON",
        layer_options={"RFC7946": "YES", "WRITE_NAME": "NO", "COORDINATE_PRECISION": "7"},
    )  # fmt: skip
    return path


def _write_parquet(table: gpd.GeoDataFrame, path: Path) -> Path:
    _typed(table).to_parquet(path, index=False)
    return path


def _write_notes(
    layers: Mapping[str, gpd.GeoDataFrame],
    system: System,
    formats: Sequence[str],
    notices: Sequence[Message],
    path: Path,
    t: Translator,
) -> Path:
    lines = [
        t("Reference system: {name}", name=system.name),
        t("Formats: {names}", names=t("; ").join(t.message(FORMATS[name]) for name in formats)),
        t(
            "Areas are measured on the ellipsoid (geodesic), in square kilometres. fields.csv says what each column means."
        ),
        *(
            t("{layer}: {n} rows ({name})", layer=t.message(LAYERS[name]), n=len(table), name=name)
            for name, table in layers.items()
        ),
        *(f"! {t.message(notice)}" for notice in notices),
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8-sig")
    return path
