"""Files that people send: stored whole under a harmless name, or refused with nothing left behind."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as some
from zip_bomb import zip_bomb

from planning.errors import PlanningError
from planning.i18n import get_translator
from planning.sources.receive import harmless_name, receive

CSV = "学校名称,经度,纬度\n甲,107,27\n".encode()


def _sent(name: str, content: bytes):
    return [(name, io.BytesIO(content))]


def _zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_table_is_stored_as_it_was_sent(tmp_path):
    stored = receive(_sent("学校 表.csv", CSV), tmp_path / "schools" / "1", "table")
    assert stored == tmp_path / "schools" / "1" / "学校_表.csv"
    assert stored.read_bytes() == CSV
    assert [path.name for path in (tmp_path / "schools").iterdir()] == ["1"]


@pytest.mark.parametrize(
    ("name", "content", "english", "chinese"),
    [
        ("roads.zip", _zip(**{"../../etc/x.shp": b"a"}), "leaves its folder", "超出"),
        ("roads.zip", zip_bomb(), "that is refused", "拒绝"),
        ("roads.zip", _zip(**{"a.shp": b"a", "a.dbf": b"b"}), "a.shx is missing", "缺少 a.shx"),
        ("roads.geojson", b"<OGRVRTDataSource/>", "virtual file", "虚拟"),
        ("roads.gpkg", b"", "empty", "空"),
        ("roads.gpkg", b"no database", "this is not", "不是"),
    ],
    ids=["leaves", "bomb", "no shx", "vrt", "empty", "other"],
)
def test_what_the_gate_refuses_leaves_nothing(tmp_path, name, content, english, chinese):
    folder = tmp_path / "roads" / "1"
    with pytest.raises(PlanningError) as told:
        receive(_sent(name, content), folder, "vector")
    assert english in str(told.value)
    assert chinese in get_translator("zh").error(told.value)
    assert list((tmp_path / "roads").iterdir()) == []


def test_a_raster_and_roads_are_opened_before_they_are_kept(tmp_path, demo_folder):
    for name, wanted in (("population.tif", "raster"), ("roads.osm.pbf", "osm")):
        with (demo_folder / name).open("rb") as stream:
            assert receive([(name, stream)], tmp_path / wanted, wanted).name == name
        with (demo_folder / name).open("rb") as stream, pytest.raises(PlanningError):
            receive([(name, io.BytesIO(stream.read(8)))], tmp_path / f"{wanted}-cut", wanted)
        assert not (tmp_path / f"{wanted}-cut").exists()


def test_parts_of_a_shapefile_come_together(tmp_path, demo_folder):
    import geopandas as gpd
    import shapely

    table = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.box(107, 27, 108, 28)], crs=4326)
    table.to_file(tmp_path / "county.shp")
    parts = {path.name: path.read_bytes() for path in tmp_path.glob("county.*")}
    files = [(name, io.BytesIO(content)) for name, content in parts.items()]
    assert receive(files, tmp_path / "whole", "vector").name == "county.shp"
    files = [(name, io.BytesIO(content)) for name, content in parts.items() if not name.endswith(".shx")]
    with pytest.raises(PlanningError, match=r"county\.shx is missing"):
        receive(files, tmp_path / "part", "vector")
    with pytest.raises(PlanningError, match="Several files"):
        receive([*files, ("other.shp", io.BytesIO(b"x"))], tmp_path / "part", "vector")
    with pytest.raises(PlanningError, match="No file"):
        receive([], tmp_path / "part", "vector")


@given(some.text(max_size=300))
def test_a_name_is_harmless(name):
    plain = harmless_name(name)
    assert plain not in ("", ".", "..")
    assert not set(plain) & set('/\\:*?"<>|\0\n =')
    assert not plain.startswith((".", "-"))
    assert len(plain.encode()) <= 255


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("C:\\Users\\x\\学校.xlsx", "学校.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("roads.osm.pbf", "roads.osm.pbf"),
        ("con.csv", "con_.csv"),
        ("<script>.csv", "script_.csv"),
    ],
)
def test_names_by_hand(sent, stored):
    assert harmless_name(sent) == stored
