"""The gate every foreign file passes: what it is by its own bytes, zip rules, and vector layers read without surprises."""

from __future__ import annotations

import codecs
import contextlib
import json
import logging
import shutil
import stat
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.crs import parse_crs
from planning.errors import CrsError, Message, Names, SourceError, SourceMissingError, msg
from planning.gdal import pyogrio

__all__ = ["FileKind", "Layer", "Wanted", "check_file", "check_zip", "layer_names", "read_layer", "read_vector"]

logger = logging.getLogger(__name__)

FileKind = Literal["xlsx", "csv", "shp", "shp.zip", "gpkg", "geojson", "tif", "osm.pbf", "osm"]
Wanted = Literal["table", "vector", "raster", "osm"]

_VECTOR: tuple[FileKind, ...] = ("shp", "shp.zip", "gpkg", "geojson")
_KINDS: Mapping[Wanted, tuple[FileKind, ...]] = MappingProxyType(
    {"table": ("xlsx", "csv", *_VECTOR), "vector": _VECTOR, "raster": ("tif",), "osm": ("osm.pbf", "osm")}
)
_EXPECTED: Mapping[Wanted, Message] = MappingProxyType(
    {
        "table": msg("a table (.xlsx or .csv) or a map layer (.gpkg, .shp, .geojson)"),
        "vector": msg("a map layer (.gpkg, .shp with its .shx and .dbf, a zipped shapefile, or .geojson)"),
        "raster": msg("a GeoTIFF raster (.tif)"),
        "osm": msg("an OpenStreetMap extract (.osm.pbf or .osm)"),
    }
)

MAX_ZIP_ENTRIES = 200
MAX_UNPACKED_BYTES = 500_000_000
MAX_ZIP_RATIO = 100
# A small file cannot hurt however well it packs, and a short table of repeated words packs very well.
_RATIO_MATTERS_FROM_BYTES = 1_000_000
MAX_JSON_BYTES = 500_000_000
_SHAPEFILE_PARTS = frozenset(
    {".shp", ".shx", ".dbf", ".prj", ".cpg", ".qpj", ".sbn", ".sbx", ".xml", ".qix", ".qmd", ".qml", ".sld"}
)
_TIFF_MAGIC = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_HEAD_BYTES = 4096


@dataclass(frozen=True)
class Layer:
    """
    A vector layer as it was read, and what had to be done to read it.

    Parameters
    ----------
    table : geopandas.GeoDataFrame
        Attributes and geometry; a missing geometry is None. The index counts features from 0.
    notices : tuple of Message
        What was repaired or assumed.
    """

    table: gpd.GeoDataFrame
    notices: tuple[Message, ...] = ()


def check_file(path: Path, wanted: Wanted) -> FileKind:
    """
    Say what a file is by its own bytes, and refuse what it must not be.

    Parameters
    ----------
    path : pathlib.Path
        A file of this machine.
    wanted : str
        What it is to be used as: table, vector, raster or osm.

    Returns
    -------
    str
        Its kind, one of those that can be used so.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is empty, of another kind, disguised, or breaks the rules for zips; with the cure.
    """
    name = path.name
    if not path.is_file():
        raise SourceMissingError(msg("{file}: there is no such file.", file=str(path)))
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head:
        raise SourceError(msg("{file}: the file is empty. Export or download it again.", file=name))
    _refuse_disguises(name, head)
    kind = _kind_of(path, head)
    if kind not in _KINDS[wanted]:
        raise SourceError(msg("{file}: this is not {expected}.", file=name, expected=_EXPECTED[wanted]))
    if kind == "shp":
        _check_shapefile(path, head)
    return kind


def _refuse_disguises(name: str, head: bytes) -> None:
    """Refuse what opens other files, and what a browser or an old program left under a new name."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<ogrvrt", b"<vrtdataset")) or b"<ogrvrtdatasource" in text or b"<vrtdataset" in text:
        raise SourceError(
            msg(
                "{file}: this is a GDAL virtual file (VRT) that points to other files. Give the data itself.", file=name
            )
        )
    if b"gdal_streamed_alg" in text or text.startswith(b"gdal "):
        raise SourceError(msg("{file}: this is a GDAL command (GDALG), not data. Give the data itself.", file=name))
    if text.startswith((b"<!doctype html", b"<html")):
        raise SourceError(
            msg(
                "{file}: this is a web page, perhaps an error page of the download. Download the file again.", file=name
            )
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(
            msg(
                "{file}: this is an old Excel file (.xls) or is protected by a password. Save it as .xlsx without a password.",
                file=name,
            )
        )


def _kind_of(path: Path, head: bytes) -> FileKind | None:
    suffixes = "".join(path.suffixes[-2:]).lower()
    suffix = path.suffix.lower()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    if suffix == ".xlsx":
        raise SourceError(msg("{file}: this is not an Excel workbook. Save it as .xlsx, or as .csv.", file=path.name))
    if head.startswith(b"SQLite format 3\x00"):
        return _kind_of_sqlite(path)
    if head.startswith(_TIFF_MAGIC):
        return "tif"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "shp"
    if head[4:6] == b"\x0a\x09" and head[6:15] == b"OSMHeader":
        return "osm.pbf"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if suffix == ".osm" and text.startswith(b"<"):
        return _kind_of_xml(path, text)
    if suffix in (".geojson", ".json"):
        return "geojson"  # its content is parsed by read_layer, never by GDAL
    if suffix == ".csv" or suffixes.endswith((".txt", ".tsv")):
        if b"\x00" in head or text.startswith(b"<"):
            raise SourceError(msg("{file}: this is not a text table. Save it as .csv again.", file=path.name))
        return "csv"
    return None


def _kind_of_xml(path: Path, text: bytes) -> FileKind:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise SourceError(
            msg(
                "{file}: XML with its own definitions (DOCTYPE) is not read. Export it again without them.",
                file=path.name,
            )
        )
    if b"<osm" not in text:
        raise SourceError(msg("{file}: this is not {expected}.", file=path.name, expected=_EXPECTED["osm"]))
    return "osm"


def _kind_of_sqlite(path: Path) -> FileKind:
    if path.suffix.lower() != ".gpkg":
        raise SourceError(msg("{file}: this is a database. If it is a GeoPackage, name it .gpkg.", file=path.name))
    with path.open("rb") as stream:
        stream.seek(68)
        application = stream.read(4)
    if application not in (b"GPKG", b"GP10", b"GP11"):
        raise SourceError(msg("{file}: this database is not a GeoPackage.", file=path.name))
    return "gpkg"


def _kind_of_zip(path: Path) -> FileKind:
    suffix = path.suffix.lower()
    names = {entry.filename for entry in check_zip(path)}
    workbook = "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names)
    if suffix in (".xlsx", ".xlsm"):
        if not workbook:
            raise SourceError(
                msg(
                    "{file}: this is a .zip, not an Excel workbook. Unpack it and give the .xlsx inside.",
                    file=path.name,
                )
            )
        return "xlsx"
    if workbook:
        raise SourceError(msg("{file}: this is an Excel workbook. Name it .xlsx.", file=path.name))
    if suffix != ".zip":
        raise SourceError(
            msg("{file}: this is a .zip under another name. Unpack it and give the file inside.", file=path.name)
        )
    _shapefiles_in(path)
    return "shp.zip"


def check_zip(path: Path) -> list[zipfile.ZipInfo]:
    """
    Check the directory of a zip before anything is unpacked.

    Parameters
    ----------
    path : pathlib.Path
        A zip, or a format that is one (.xlsx).

    Returns
    -------
    list of zipfile.ZipInfo
        Its files, folders left out.

    Raises
    ------
    SourceError
        If it is broken, protected, too large unpacked, or a name leaves the folder it is unpacked in.
    """
    name = path.name
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OSError) as error:
        raise SourceError(
            msg("{file}: the .zip is broken or incomplete. Pack or download it again.", file=name)
        ) from error
    if (len(entries) > MAX_ZIP_ENTRIES and path.suffix.lower() == ".zip") or len(entries) > 50 * MAX_ZIP_ENTRIES:
        raise SourceError(
            msg(
                "{file}: {n} files in one .zip; at most {most} are read.",
                file=name,
                n=len(entries),
                most=MAX_ZIP_ENTRIES,
            )
        )
    for entry in entries:
        _check_entry(name, entry)
    unpacked = sum(entry.file_size for entry in entries)
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > _RATIO_MATTERS_FROM_BYTES and ratio > MAX_ZIP_RATIO):
        raise SourceError(
            msg(
                "{file}: unpacked it would be {mb} MB, {ratio} times its size; that is refused. Give the files unpacked.",
                file=name,
                mb=round(unpacked / 1e6),
                ratio=round(ratio),
            )
        )
    return [entry for entry in entries if not entry.is_dir()]


def _check_entry(file: str, entry: zipfile.ZipInfo) -> None:
    # zipfile itself turns a backslash into "/" on Windows only and cuts a name at NUL: the name as stored is what counts.
    stored = entry.orig_filename
    parts = PurePosixPath(stored.replace("\\", "/")).parts
    leaves = ".." in parts or stored.startswith(("/", "\\")) or "\\" in stored or ":" in stored or "\x00" in stored
    if leaves or stat.S_ISLNK(entry.external_attr >> 16):
        raise SourceError(
            msg(
                "{file}: the .zip holds the path {path}, which leaves its folder. Pack the files again without folders.",
                file=file,
                path=stored,
            )
        )
    if entry.flag_bits & 0x1:
        raise SourceError(msg("{file}: the .zip is protected by a password. Pack it again without one.", file=file))


def _shapefiles_in(path: Path) -> dict[str, dict[str, zipfile.ZipInfo]]:
    """Sort a zip's files by shapefile: path without extension → extension → file."""
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for entry in check_zip(path):
        inner = PurePosixPath(entry.filename)
        if inner.parts[0] == "__MACOSX" or inner.name == ".DS_Store":
            continue
        extension = inner.suffix.lower()
        if extension not in _SHAPEFILE_PARTS:
            raise SourceError(
                msg(
                    "{file}: the .zip holds {inside}; only the parts of a shapefile are read from a .zip. Unpack it and give the file itself.",
                    file=path.name,
                    inside=entry.filename,
                )
            )
        found.setdefault(str(inner.with_suffix("")), {})[extension] = entry
    shapefiles = {stem: parts for stem, parts in found.items() if ".shp" in parts}
    if not shapefiles:
        raise SourceError(msg("{file}: the .zip holds no shapefile (.shp, .shx and .dbf).", file=path.name))
    for stem, parts in shapefiles.items():
        _require_parts(path.name, PurePosixPath(stem).name, set(parts))
    return shapefiles


def _require_parts(file: str, stem: str, parts: set[str]) -> None:
    missing = [part for part in (".shx", ".dbf") if part not in parts]
    if missing:
        raise SourceError(
            msg(
                "{file}: {missing} is missing. A shapefile is .shp, .shx and .dbf together: give all of them.",
                file=file,
                missing=Names(stem + part for part in missing),
            )
        )


def _sidecars(path: Path) -> dict[str, Path]:
    """Find a shapefile's parts, whatever the case of their extensions."""
    stem = path.stem
    return {
        other.suffix.lower(): other
        for other in sorted(path.parent.iterdir())
        if other.stem == stem and other.suffix.lower() in _SHAPEFILE_PARTS
    }


def _check_shapefile(path: Path, head: bytes) -> None:
    if path.suffix.lower() != ".shp":
        raise SourceError(
            msg("{file}: this is a shapefile. Name it .shp, with its .shx and .dbf beside it.", file=path.name)
        )
    _require_parts(path.name, path.stem, set(_sidecars(path)))
    if len(head) < 100 or struct.unpack(">i", head[24:28])[0] * 2 > path.stat().st_size:
        raise SourceError(msg("{file}: the file breaks off before its end. Copy or download it again.", file=path.name))


def read_vector(
    path: Path, *, layer: str | None = None, encoding: str | None = None, crs: pyproj.CRS | None = None
) -> gpd.GeoDataFrame:
    """
    Read a vector layer; as :func:`read_layer`, with the notices only logged.

    Parameters
    ----------
    path : pathlib.Path
        Shapefile (zipped or not), GeoPackage or GeoJSON.
    layer : str, optional
        Which layer, where there are several.
    encoding : str, optional
        Encoding of a shapefile's texts; found out otherwise.
    crs : pyproj.CRS, optional
        Reference system to assume where the file names none.

    Returns
    -------
    geopandas.GeoDataFrame
        Attributes and geometry in the file's own reference system.

    Raises
    ------
    SourceError, CrsError
        As :func:`read_layer`.
    """
    read = read_layer(path, layer=layer, encoding=encoding, crs=crs)
    for notice in read.notices:
        logger.info("%s", notice)
    return read.table


def read_layer(
    path: Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    crs: pyproj.CRS | None = None,
    need_crs: bool = True,
) -> Layer:
    """
    Read a vector layer with a driver that its checked content decides; nothing is written beside the source.

    Parameters
    ----------
    path : pathlib.Path
        Shapefile (zipped or not), GeoPackage or GeoJSON.
    layer : str, optional
        Which layer, where there are several.
    encoding : str, optional
        Encoding of a shapefile's texts; otherwise its .cpg, strict UTF-8, then GB18030.
    crs : pyproj.CRS, optional
        Reference system to assume where the file names none.
    need_crs : bool
        Refuse a layer that names no reference system.

    Returns
    -------
    Layer
        Flat (2D), valid geometries in the file's own reference system, and what had to be repaired.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is no vector layer, broken, empty, or has several layers and none is named.
    CrsError
        If it names no reference system and ``crs`` gives none.
    """
    kind = check_file(path, "vector")
    notices: list[Message] = []
    if kind == "geojson":
        table = _read_geojson(path)
    elif kind == "gpkg":
        with _without_traces(path) as source:
            table = _read_gdal(source, path.name, layer=_choose_layer(source, path.name, layer))
    elif kind == "shp.zip":
        with _unpacked(path, layer) as source:
            table, notices = _read_shapefile(source, path.name, encoding)
    else:
        table, notices = _read_shapefile(path, path.name, encoding)
    if table.empty:
        raise SourceError(msg("{file}: the layer is empty.", file=path.name))
    if table.crs is None or not (table.crs.is_geographic or table.crs.is_projected):
        if crs is None and need_crs:
            raise CrsError(
                msg(
                    "{file} names no reference system (no .prj). Set it in your GIS program, or add the .prj file.",
                    file=path.name,
                )
            )
        table = table.set_crs(crs, allow_override=True) if crs is not None else gpd.GeoDataFrame(table, crs=None)
        if crs is not None:
            notices.append(
                msg("{file} names no reference system; it was taken to be in {crs}.", file=path.name, crs=crs.name)
            )
    repaired, told = _make_valid(table, path.name)
    return Layer(repaired, (*notices, *told))


def layer_names(path: Path) -> list[str]:
    """
    List the layers of a vector file that have shapes.

    Parameters
    ----------
    path : pathlib.Path
        Shapefile (zipped or not), GeoPackage or GeoJSON.

    Returns
    -------
    list of str
        Names; that of the file itself where the format holds one layer.

    Raises
    ------
    SourceMissingError, SourceError
        If it is no vector file, or has no layer with shapes.
    """
    kind = check_file(path, "vector")
    if kind == "shp.zip":
        return [PurePosixPath(stem).name for stem in _shapefiles_in(path)]
    if kind != "gpkg":
        return [path.stem]
    with _without_traces(path) as source:
        return _layers_of(source, path.name)


def _make_valid(table: gpd.GeoDataFrame, file: str) -> tuple[gpd.GeoDataFrame, list[Message]]:
    geometry = shapely.force_2d(table.geometry.to_numpy())
    bad = np.flatnonzero(~(shapely.is_valid(geometry) | shapely.is_missing(geometry)))
    for i in bad:
        dimension = shapely.get_dimensions(geometry[i])
        parts = shapely.get_parts(shapely.make_valid(geometry[i]))
        # A repaired polygon may come with the lines and points it touched itself in: they are no area.
        geometry[i] = shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])
    told = []
    if len(bad):
        told.append(
            msg(
                "{file}: {n} shapes crossed themselves and were repaired (feature {which}).",
                file=file,
                n=len(bad),
                which=Names.first((str(i + 1) for i in bad), 5),
            )
        )
    return table.set_geometry(gpd.GeoSeries(geometry, index=table.index, crs=table.crs)), told


def _read_gdal(source: Path, file: str, **options: Any) -> gpd.GeoDataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of odd rings and dates; what matters is checked afterwards
            table = pyogrio.read_dataframe(source.resolve(), **options)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.CRSError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.FieldError,
        pyogrio.errors.GeometryError,
        shapely.errors.GEOSException,
        UnicodeDecodeError,
        UnboundLocalError,  # pyogrio 0.13 with a .prj that is no text
    ) as error:
        raise SourceError(
            msg("{file}: the layer cannot be read ({problem}). Export it again.", file=file, problem=str(error))
        ) from error
    if not isinstance(table, gpd.GeoDataFrame):
        raise SourceError(msg("{file}: the layer has no shapes, only a table.", file=file))
    if table.active_geometry_name != "geometry":
        table = table.rename_geometry("geometry")
    return table


def _layers_of(source: Path, file: str) -> list[str]:
    try:
        listed = pyogrio.list_layers(source.resolve())
    except pyogrio.errors.DataSourceError as error:
        raise SourceError(
            msg("{file}: the layer cannot be read ({problem}). Export it again.", file=file, problem=str(error))
        ) from error
    names = [str(name) for name, geometry in listed if geometry is not None]
    if not names:
        raise SourceError(msg("{file}: the layer has no shapes, only a table.", file=file))
    return names


def _choose_layer(source: Path, file: str, layer: str | None) -> str:
    names = _layers_of(source, file)
    if layer is not None and layer in names:
        return layer
    if layer is None and len(names) == 1:
        return names[0]
    raise SourceError(
        msg("{file}: it has the layers {names}. Leave one, or name the one to read.", file=file, names=Names(names))
    )


@contextlib.contextmanager
def _without_traces(path: Path) -> Iterator[Path]:
    """Give a GeoPackage that can be opened without SQLite leaving a -wal and -shm beside it: where it would, a copy."""
    with path.open("rb") as stream:
        stream.seek(18)
        logged = stream.read(1) == b"\x02"
    if not logged:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="planning-") as folder:
        copy = Path(folder) / "layer.gpkg"
        shutil.copyfile(path, copy)
        journal = path.with_name(path.name + "-wal")
        if journal.exists():
            shutil.copyfile(journal, copy.with_name("layer.gpkg-wal"))
        yield copy


@contextlib.contextmanager
def _unpacked(path: Path, layer: str | None) -> Iterator[Path]:
    """Unpack one shapefile under our own names; the zip's names never reach the file system."""
    shapefiles = _shapefiles_in(path)
    chosen = [stem for stem in shapefiles if layer is None or PurePosixPath(stem).name == layer]
    if len(chosen) != 1:
        raise SourceError(
            msg(
                "{file}: it has the layers {names}. Leave one, or name the one to read.",
                file=path.name,
                names=Names(PurePosixPath(stem).name for stem in shapefiles),
            )
        )
    with tempfile.TemporaryDirectory(prefix="planning-") as folder, zipfile.ZipFile(path) as archive:
        for extension, entry in shapefiles[chosen[0]].items():
            try:
                with archive.open(entry) as packed, (Path(folder) / f"layer{extension}").open("wb") as out:
                    shutil.copyfileobj(packed, out)
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
                raise SourceError(
                    msg("{file}: the .zip is broken or incomplete. Pack or download it again.", file=path.name)
                ) from error
        source = Path(folder) / "layer.shp"
        check_file(source, "vector")
        yield source


def _read_shapefile(source: Path, file: str, encoding: str | None) -> tuple[gpd.GeoDataFrame, list[Message]]:
    # ISO-8859-1 gives every byte as it is: GDAL guesses wrongly where there is no .cpg, and it stumbles over texts that
    # were cut inside a character.
    table = _read_gdal(source, file, encoding="ISO-8859-1")
    columns = [name for name in table.columns if name != "geometry"]
    texts = [name for name in columns if pd.api.types.is_string_dtype(table[name]) or table[name].dtype == object]
    values = [value for name in texts for value in table[name] if isinstance(value, str) and not value.isascii()]
    values += [name for name in columns if not name.isascii()]
    raw = [value.encode("latin-1", errors="replace") for value in values]
    declared = _declared_encoding(_sidecars(source).get(".cpg"))
    chosen = next((name for name in (encoding, declared, "utf-8", "gb18030") if name and _decodes(raw, name)), None)
    if chosen is None:
        raise SourceError(msg("{file}: its texts are neither UTF-8 nor GBK. Export it again as UTF-8.", file=file))
    notices = []
    if raw and chosen != (encoding or declared):
        notices.append(
            msg(
                "{file}: no usable .cpg says how its texts are encoded; they were read as {encoding}.",
                file=file,
                encoding="GBK" if chosen == "gb18030" else chosen,
            )
        )

    def decode(value: object) -> object:
        if not isinstance(value, str) or value.isascii():
            return value
        return value.encode("latin-1", errors="replace").decode(chosen, errors="ignore")

    table = table.assign(**{name: table[name].map(decode) for name in texts})
    return table.rename(columns={name: str(decode(name)) for name in columns}), notices


def _decodes(raw: list[bytes], encoding: str) -> bool:
    """Say whether every text is of an encoding; a last character that was cut off at the field's width is forgiven."""
    for text in raw:
        try:
            codecs.getincrementaldecoder(encoding)("strict").decode(text, final=False)
        except UnicodeDecodeError:
            return False
    return True


def _declared_encoding(cpg: Path | None) -> str | None:

    if cpg is None:
        return None
    name = cpg.read_bytes()[:64].decode("ascii", errors="ignore").strip()
    if name in ("936", "CP936", "54936") or name.upper() in ("GBK", "GB2312", "GB18030", "ANSI 936"):
        return "gb18030"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    """Read GeoJSON with the standard library: no GDAL driver ever sees the text."""
    file = path.name
    if path.stat().st_size > MAX_JSON_BYTES:
        raise SourceError(msg("{file}: too large for GeoJSON. Save it as a GeoPackage (.gpkg).", file=file))
    raw = path.read_bytes()
    text = next((raw.decode(name) for name in ("utf-8-sig", "gb18030") if _decodes([raw], name)), None)
    try:
        content = json.loads(text) if text is not None else None
    except (json.JSONDecodeError, RecursionError) as error:
        raise SourceError(msg("{file}: this is not GeoJSON, or it breaks off before its end.", file=file)) from error
    if not isinstance(content, dict) or content.get("type") not in ("FeatureCollection", "Feature"):
        raise SourceError(
            msg("{file}: this is not GeoJSON (its type must be FeatureCollection or Feature).", file=file)
        )
    features = content.get("features") if content["type"] == "FeatureCollection" else [content]
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise SourceError(msg("{file}: this is not GeoJSON, or it breaks off before its end.", file=file))
    shapes = [f.get("geometry") for f in features]
    geometry = shapely.from_geojson([None if s is None else json.dumps(s) for s in shapes], on_invalid="ignore")
    broken = [i + 1 for i, s in enumerate(shapes) if s is not None and geometry[i] is None]
    if broken:
        raise SourceError(
            msg(
                "{file}: the shape of feature {which} cannot be read. Export the file again.",
                file=file,
                which=Names(map(str, broken[:5])),
            )
        )
    rows = [p if isinstance(p := f.get("properties"), dict) else {} for f in features]
    table = pd.DataFrame(
        [{str(k): v for k, v in row.items() if k != "geometry"} for row in rows], index=range(len(rows))
    )
    return gpd.GeoDataFrame(
        table, geometry=gpd.GeoSeries(list(geometry), index=table.index), crs=_geojson_crs(content, file)
    )


def _geojson_crs(content: Mapping[str, Any], file: str) -> pyproj.CRS:
    named = content.get("crs")
    name = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    if not isinstance(name, str) or name.upper().endswith("CRS84"):
        return pyproj.CRS.from_epsg(4326)  # RFC 7946
    return parse_crs(name, where=file)
