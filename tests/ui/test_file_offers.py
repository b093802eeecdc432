"""Files offered for download: every one of them is taken along, the parts of a shapefile as one."""

import io
import zipfile

from planning.ui.file_offers import _singly, zipped

FILES = {
    "a.shp": b"1", "a.dbf": b"2", "a.qml": b"3", "b.qml": b"4", "folder/c.shp": b"5", "folder/c.shx": b"6", "d.csv": b"7",
    "README": b"8",
}  # fmt: skip


def names(data):
    return zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_archive_holds_every_file_as_it_is():
    archive = zipfile.ZipFile(io.BytesIO(zipped(FILES)))
    assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_parts_of_a_shapefile_go_together_and_nothing_else_is_swallowed():
    single = _singly(FILES)
    assert list(single) == ["a.shp", "b.qml", "folder/c.shp", "d.csv", "README"]
    assert single["a.shp"][0] == "a.shp.zip"
    assert names(single["a.shp"][1]) == ["a.shp", "a.dbf", "a.qml"]
    assert names(single["folder/c.shp"][1]) == ["folder/c.shp", "folder/c.shx"]
    assert single["b.qml"] == ("b.qml", b"4")
    kept = [name for _, data in single.values() if data[:2] == b"PK" for name in names(data)]
    assert sorted([*kept, *(file for file, (_, data) in single.items() if data[:2] != b"PK")]) == sorted(FILES)
