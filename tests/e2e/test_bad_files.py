"""Files that are not what they seem, sent through the browser: one clear message each, and the project goes on."""

import io
import zipfile
from pathlib import Path

import pytest
import rasterio
from playwright.sync_api import expect
from project_steps import name_project, send, step
from zip_bomb import zip_bomb

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


def _zip(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _huge_raster(file: Path) -> bytes:
    """Write a GeoTIFF of some hundred bytes whose header speaks of 40,000 million pixels, to be unpacked at one go."""
    with rasterio.open(
        file, "w", driver="GTiff", height=200_000, width=200_000, count=1, dtype="float32", crs="EPSG:4326",
        transform=rasterio.Affine(1e-5, 0, 107, 0, -1e-5, 28), blockysize=200_000, compress="deflate", sparse_ok=True,
    ):  # fmt: skip
        pass
    assert file.stat().st_size < 10_000
    return file.read_bytes()


def _workbook_bomb() -> bytes:
    """Press 300 MB of one sheet into some hundred kilobytes, as a workbook would hold it."""
    return _zip(
        **{
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": b"<workbook/>",
            "xl/worksheets/sheet1.xml": b" " * 300_000_000,
        }
    )


@pytest.fixture(scope="module")
def bad_files(demo_folder, tmp_path_factory):
    """Make them: the source each is sent as, its name, its bytes, and what must be told in both languages."""
    roads = (demo_folder / "roads.osm.pbf").read_bytes()
    gbk = "学校名称,经度,纬度\n云岚县第一小学,107.2,27.7\n".encode("gbk")
    return [
        ("boundary", "出界.zip", _zip(**{"../../x.shp": b"a"}), "超出", "leaves its folder"),
        ("boundary", "bomb.zip", zip_bomb("county.shp"), "拒绝", "refused"),
        ("boundary", "no_shx.zip", _zip(**{"a.shp": b"a", "a.dbf": b"b"}), "缺少 a.shx", "a.shx is missing"),
        ("boundary", "county.geojson", VRT.encode(), "虚拟", "virtual file"),
        ("schools", "not.xlsx", b"name,lon,lat\n", "不是 Excel", "not an Excel workbook"),
        ("schools", "bomb.xlsx", _workbook_bomb(), "拒绝", "refused"),
        ("schools", "empty.csv", b"", "空", "empty"),
        (
            "population",
            "huge.tif",
            _huge_raster(tmp_path_factory.mktemp("huge") / "huge.tif"),
            "分块",
            "too large to read in parts",
        ),
        ("roads", "half.osm.pbf", roads[: len(roads) // 2], None, None),
        ("schools", "国标码.csv", gbk, None, None),
    ]


def _offer(page, slot: str, name: str, content: bytes) -> None:
    """Put a file into the uploader of a source; what was there before must be gone, for Streamlit draws two while it changes them."""
    wanted = f".st-key-pl-slot-{slot} input[type=file]"
    page.wait_for_function("wanted => document.querySelectorAll(wanted).length === 1", arg=wanted)
    page.locator(wanted).set_input_files([{"name": name, "mimeType": "", "buffer": content}])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_each_bad_file_ends_in_one_message_and_the_project_goes_on(
    walk, serve, demo_folder, bad_files, tmp_path, monkeypatch, language
):
    monkeypatch.setenv("PLANNING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    with serve(demo_folder / "project.yaml") as server:
        visitor = walk(language, at=server.address, page="projects", ready=".pl-project")
        page = visitor.page
        name_project(page, "坏文件县")
        for slot, name, content, chinese, english in bad_files:
            card = page.locator(f".st-key-pl-slot-{slot}")
            if chinese is None:
                continue
            _offer(page, slot, name, content)
            stem = name.split(".")[0]
            card.locator(".pl-error").get_by_text(stem).first.wait_for(timeout=60_000)
            told = card.locator(".pl-error")
            expect(told).to_have_count(1)
            expect(told).to_contain_text(chinese if language == "zh" else english)
            expect(told).not_to_contain_text("Traceback")
            expect(card.locator(".named")).to_have_count(0)
        for slot, name, content, chinese, _ in bad_files:  # what only a whole reading tells, and what is no fault
            if chinese is None:
                _offer(page, slot, name, content)
                page.locator(f".st-key-pl-slot-{slot} .named").get_by_text(name).wait_for(timeout=60_000)
        for slot, file in (("boundary", "boundary.gpkg"), ("population", "population.tif")):
            send(page, slot, demo_folder / file)
        step(page, 3)
        page.locator(".st-key-check-start button").click()
        faults = page.locator(".pl-table tbody tr")
        faults.first.wait_for(timeout=120_000)
        expect(faults).to_have_count(1)
        expect(faults).to_contain_text("half.osm.pbf")
        step(page, 1)  # the project goes on: the whole file in the place of the half one
        send(page, "roads", demo_folder / "roads.osm.pbf")
        page.locator(".st-key-pl-slot-roads .named").get_by_text("roads.osm.pbf").wait_for(timeout=30_000)
        step(page, 3)
        page.locator(".st-key-check-start button").click()
        page.locator(".st-key-check-open").wait_for(timeout=180_000)
