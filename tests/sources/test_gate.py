"""The gate: what a file is by its bytes, what a zip may hold, and layers read without surprises."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile

import geopandas as gpd
import pyogrio
import pytest
import shapely

from planning.errors import CrsError, SourceError, SourceMissingError
from planning.sources import gate
from planning.sources.gate import check_file, check_zip, read_layer, read_vector

NAMES = ["云岚县第一小学", "丙"]


@pytest.fixture
def places() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"名称": NAMES, "n": [1, 2]}, geometry=[shapely.Point(107, 27), shapely.Point(107.1, 27.2)], crs=4490
    )


@pytest.fixture
def shapefile(tmp_path, places):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places, path, encoding="GBK")
    return path


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def parts_of(shapefile, **extra):
    return {p.name: p.read_bytes() for p in shapefile.parent.glob("a.*")} | extra


def test_layers_of_every_format_are_read_and_nothing_is_left_beside_them(tmp_path, places, shapefile):
    pyogrio.write_dataframe(places, tmp_path / "b.gpkg")
    places.to_file(tmp_path / "c.geojson")
    zipped(tmp_path / "d.zip", parts_of(shapefile))
    before = {p: p.read_bytes() for p in tmp_path.iterdir()}
    for name in ("a.shp", "b.gpkg", "c.geojson", "d.zip"):
        table = read_vector(tmp_path / name)
        assert list(table["名称"]) == NAMES, name
        assert table.crs.to_epsg() == 4490
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("encoding", ["GBK", "UTF-8"])
def test_shapefile_without_cpg_is_read_as_what_decodes(tmp_path, places, encoding):
    path = tmp_path / "a.shp"
    pyogrio.write_dataframe(places, path, encoding=encoding)
    (tmp_path / "a.cpg").unlink(missing_ok=True)
    read = read_layer(path)
    assert list(read.table["名称"]) == NAMES
    assert "GBK" in str(read.notices[0]) if encoding == "GBK" else "utf-8" in str(read.notices[0])


def test_a_cpg_that_lies_is_overruled(shapefile):
    shapefile.with_suffix(".cpg").write_text("UTF-8")
    assert list(read_vector(shapefile)["名称"]) == NAMES


def test_truncated_field_name_of_a_utf8_shapefile_is_read(tmp_path):
    path = tmp_path / "a.shp"
    table = gpd.GeoDataFrame({"abcdefghij": ["学校"]}, geometry=[shapely.Point(1, 1)], crs=4326)
    pyogrio.write_dataframe(table, path, encoding="UTF-8")
    dbf = tmp_path / "a.dbf"
    dbf.write_bytes(dbf.read_bytes().replace(b"abcdefghij", "学校名称".encode()[:10]))
    table = read_vector(path)
    assert table["学校名"].tolist() == ["学校"]


@pytest.mark.parametrize("missing", [".shx", ".dbf"])
def test_a_shapefile_without_a_part_is_refused(tmp_path, shapefile, missing):
    files = {name: content for name, content in parts_of(shapefile).items() if not name.endswith(missing)}
    shapefile.with_suffix(missing).unlink()
    for path in (shapefile, zipped(tmp_path / "a.zip", files)):
        with pytest.raises(SourceError, match=rf"a\{missing} is missing.*give all of them"):
            read_vector(path)


def test_a_truncated_shapefile_is_refused(shapefile):
    shapefile.write_bytes(shapefile.read_bytes()[:-10])
    with pytest.raises(SourceError, match="breaks off"):
        read_vector(shapefile)


def test_no_reference_system_is_refused_unless_one_is_given(shapefile, places):
    shapefile.with_suffix(".prj").unlink()
    with pytest.raises(CrsError, match=r"no reference system .*add the \.prj"):
        read_vector(shapefile)
    read = read_layer(shapefile, crs=places.crs)
    assert read.table.crs == places.crs
    assert "taken to be in" in str(read.notices[-1])


VRT = """<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"""
RASTER_VRT = """<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>
<SourceFilename>{}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"""
GDALG = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {} ! write"}}'


@pytest.mark.parametrize("name", ["x.geojson", "x.json", "x.gpkg", "x.shp", "x.csv"])
@pytest.mark.parametrize("text", [VRT, GDALG, RASTER_VRT, "\n  " + VRT, "<!-- x -->" + VRT])
def test_a_disguised_pointer_to_another_file_is_refused_and_not_followed(tmp_path, places, name, text):
    secret = tmp_path / "secret.gpkg"
    pyogrio.write_dataframe(places, secret)
    path = tmp_path / name
    path.write_text(text.format(secret))
    with pytest.raises(SourceError, match=name) as refused:
        read_vector(path)
    assert not any(word in str(refused.value) for word in NAMES)


def test_a_pointer_inside_valid_geojson_is_only_data(tmp_path):
    text = json.dumps({"type": "Feature", "properties": {"a": 1}, "geometry": None})
    path = tmp_path / "x.geojson"
    path.write_text(text[:-1] + ', "note": "' + "x" * 5000 + 'gdal_streamed_alg"}')
    assert read_layer(path).table["a"].tolist() == [1]


@pytest.mark.parametrize(
    "module", ["planning.gdal", "planning.sources", "planning.report.vectors", "planning.report.exchange.writing"]
)
def test_the_drivers_that_follow_pointers_are_off_in_a_fresh_process(module):
    code = f"import {module}, pyogrio; print(sorted({{'OGR_VRT','GDALG','WFS','HTTP'}} & set(pyogrio.list_drivers())))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_takes_pyogrio_past_the_place_that_switches_its_drivers_off(root):
    own = [
        file.relative_to(root).as_posix()
        for file in (root / "planning").rglob("*.py")
        if re.search(r"^\s*(import|from) pyogrio", file.read_text("utf-8"), re.MULTILINE)
    ]
    assert own == ["planning/gdal.py"]


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", '{"type": "Topology"}', '{"type": "FeatureCollection"}', "[" * 100_000]
)
def test_json_that_is_no_geojson_is_refused(tmp_path, text):
    path = tmp_path / "x.geojson"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"x\.geojson"):
        read_vector(path)


def test_a_broken_shape_in_geojson_is_named(tmp_path):
    path = tmp_path / "x.geojson"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": ["a"]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(SourceError, match="feature 1"):
        read_vector(path)


def test_an_empty_layer_is_refused(tmp_path):
    path = tmp_path / "x.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(SourceError, match="empty"):
        read_vector(path)


def test_a_shape_that_crosses_itself_is_repaired_and_told(tmp_path):
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    path = tmp_path / "x.gpkg"
    pyogrio.write_dataframe(gpd.GeoDataFrame({"a": [1]}, geometry=[bow], crs=4326), path)
    read = read_layer(path)
    assert read.table.geometry.is_valid.all()
    assert read.table.geometry[0].area == pytest.approx(0.5)
    assert "1 shapes crossed themselves" in str(read.notices[0])


def test_several_layers_must_be_named(tmp_path, places):
    path = tmp_path / "x.gpkg"
    for layer in ("甲", "乙"):
        pyogrio.write_dataframe(places, path, layer=layer)
    with pytest.raises(SourceError, match="甲, 乙"):
        read_vector(path)
    assert len(read_vector(path, layer="乙")) == 2


def test_a_geopackage_with_a_write_ahead_log_is_read_without_a_trace(tmp_path, places):
    path = tmp_path / "x.gpkg"
    pyogrio.write_dataframe(places, path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    before = sorted(tmp_path.iterdir())
    assert len(read_vector(path)) == 2
    assert sorted(tmp_path.iterdir()) == before


def test_a_database_that_is_no_geopackage_is_refused(tmp_path):
    path = tmp_path / "x.gpkg"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    with pytest.raises(SourceError, match="not a GeoPackage"):
        read_vector(path)


@pytest.mark.parametrize(
    "inside", ["../a.shp", "/etc/a.shp", "..\\a.shp", "C:\\a.shp", "a/../../a.shp", "a\x00.shp", "\\\\host\\a.shp"]
)
def test_a_path_that_leaves_the_zip_is_refused(tmp_path, shapefile, inside):
    # zipfile changes some names while writing; what a hostile file holds is put in afterwards.
    stand_in = "Q" * len(inside.encode())
    path = zipped(tmp_path / "x.zip", {stand_in: b"x"} | parts_of(shapefile))
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), inside.encode()))
    with pytest.raises(SourceError, match="leaves its folder"):
        read_vector(path)
    assert not (tmp_path.parent / "a.shp").exists()


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("a.shp")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SourceError, match="leaves its folder"):
        check_zip(tmp_path / "x.zip")


def test_a_zip_that_unpacks_to_far_more_is_refused(tmp_path, shapefile):
    path = zipped(tmp_path / "x.zip", parts_of(shapefile) | {"b.dbf": b"\0" * 5_000_000})
    with pytest.raises(SourceError, match="times its size"):
        read_vector(path)


def test_a_zip_whose_directory_claims_gigabytes_is_refused(tmp_path, shapefile):
    path = zipped(tmp_path / "x.zip", parts_of(shapefile))
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(raw)
    with pytest.raises(SourceError, match="4000 MB"):
        check_file(path, "vector")


def test_a_zip_of_many_files_is_refused(tmp_path):
    path = zipped(tmp_path / "x.zip", {f"{i}.shp": b"" for i in range(gate.MAX_ZIP_ENTRIES + 1)})
    with pytest.raises(SourceError, match="201 files"):
        check_file(path, "vector")


@pytest.mark.parametrize("name", ["a.exe", "a.vrt", "a.gpkg", "run.py"])
def test_a_zip_with_other_files_is_refused(tmp_path, shapefile, name):
    path = zipped(tmp_path / "x.zip", parts_of(shapefile) | {name: b"x"})
    with pytest.raises(SourceError, match=name):
        read_vector(path)


def test_what_macos_adds_to_a_zip_is_no_matter(tmp_path, shapefile):
    path = zipped(tmp_path / "x.zip", parts_of(shapefile) | {"__MACOSX/._a.shp": b"x", ".DS_Store": b"x"})
    assert len(read_vector(path)) == 2


def test_a_broken_zip_is_refused(tmp_path, shapefile):
    path = zipped(tmp_path / "x.zip", parts_of(shapefile))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SourceError, match="broken or incomplete"):
        read_vector(path)


@pytest.mark.parametrize(
    ("name", "content", "wanted", "words"),
    [
        ("x.xlsx", b"a,b\n1,2\n", "table", "not an Excel workbook"),
        ("x.xlsx", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "table", r"Save it as \.xlsx"),
        ("x.csv", b"<!DOCTYPE html><html></html>", "table", "web page"),
        ("x.csv", b"a\x00b", "table", "not a text table"),
        ("x.tif", RASTER_VRT.encode(), "raster", "VRT"),
        ("x.tif", b"hello", "raster", "not a GeoTIFF"),
        ("x.osm.pbf", b"hello", "osm", "not an OpenStreetMap"),
        ("x.osm", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><osm/>', "osm", "DOCTYPE"),
        ("x.geojson", b"", "vector", "empty"),
        ("x.csv", b"a,b\n", "vector", "not a map layer"),
    ],
)
def test_what_is_not_what_it_should_be_is_refused_with_the_cure(tmp_path, name, content, wanted, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        check_file(path, wanted)


def test_a_zip_instead_of_xlsx_is_refused(tmp_path):
    path = zipped(tmp_path / "schools.xlsx", {"schools.csv": "a,b"})
    with pytest.raises(SourceError, match=r"schools\.xlsx: this is a \.zip, not an Excel workbook\. Unpack it"):
        check_file(path, "table")


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        ("x.tif", b"II*\x00", "tif"),
        ("x.tif", b"MM\x00+", "tif"),
        ("x.osm.pbf", b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18\x7c", "osm.pbf"),
        ("x.osm", b"<?xml version='1.0'?>\n<osm version='0.6'>", "osm"),
    ],
)
def test_good_files_are_known_by_their_bytes(tmp_path, name, head, kind):
    path = tmp_path / name
    path.write_bytes(head + b"\0" * 50 if kind != "osm" else head)
    assert check_file(path, "raster" if kind == "tif" else "osm") == kind


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(SourceMissingError, match="no such file"):
        check_file(tmp_path / "x.gpkg", "vector")
