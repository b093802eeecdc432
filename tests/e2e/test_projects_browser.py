"""A project begun in the browser: upload, coordinate system, two faults mended, opened; a reload loses nothing."""

import geocoordinates_ffi
import openpyxl
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def schools(demo_folder, tmp_path_factory):
    """Write the demo's schools as a bureau would send them: GCJ-02 degrees, two faults, two hostile names."""
    path = tmp_path_factory.mktemp("sent") / "学校表.xlsx"
    book = openpyxl.load_workbook(demo_folder / "schools.xlsx")
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[2]}
    for row in range(3, sheet.max_row + 1):
        lon, lat = sheet.cell(row, place["经度"]), sheet.cell(row, place["纬度"])
        if isinstance(lon.value, float):
            moved = geocoordinates_ffi.wgs84_to_gcj02(geocoordinates_ffi.Wgs84(lat=lat.value, lon=lon.value))
            lon.value, lat.value = moved.lon, moved.lat
    sheet.cell(5, place["小学学位数"]).value = "约三百"
    sheet.cell(7, place["经度"]).value = sheet.cell(7, place["纬度"]).value = 0
    sheet.cell(8, place["学校名称"]).value = "<script>alert(1)</script>"
    sheet.cell(9, place["学校名称"]).value = '=HYPERLINK("http://x")'
    sheet.cell(9, place["学校名称"]).data_type = "s"
    book.save(path)
    return path


@pytest.fixture(scope="module")
def own_address(serve, demo_folder, tmp_path_factory):
    """Serve the app with a workspace folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNING_HOME", str(tmp_path_factory.mktemp("home")))
        with serve(demo_folder / "project.yaml") as server:
            yield server.address


def send(page, slot: str, file) -> None:
    """Put a file into the uploader of a source, and wait until it is taken."""
    page.locator(f".st-key-pl-slot-{slot} input[type=file]").set_input_files(file)
    page.wait_for_selector(f".st-key-pl-slot-{slot} .named", timeout=30_000)
    page.wait_for_function(
        "slot => document.querySelectorAll(`.st-key-pl-slot-${slot} input[type=file]`).length === 1", arg=slot
    )


def step(page, number: int) -> None:
    page.locator("[class*=st-key-projects-view] button").nth(number).click()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_project_is_begun_mended_and_opened(walk, own_address, demo_folder, schools, language):
    page = walk(language, at=own_address, page="projects", ready=".pl-project").page
    page.get_by_role("textbox").first.fill(f"故事县{language}")
    page.keyboard.press("Tab")
    page.locator("[data-testid=stFormSubmitButton] button").click()
    page.wait_for_selector("[data-testid=stFileUploaderDropzoneInstructions] span")
    # Streamlit's own words are covered: what is read in the uploader is ours.
    shown = page.evaluate(
        """() => ['[data-testid=stFileUploaderDropzone] button p', '[data-testid=stFileUploaderDropzoneInstructions] span']
              .map(s => { const n = document.querySelector(s);
                          return [getComputedStyle(n).fontSize, getComputedStyle(n, '::after').content]; })"""
    )
    assert [size for size, _ in shown] == ["0px", "0px"]
    assert shown[0][1] == ('"选择文件"' if language == "zh" else '"Choose a file"')
    assert ("拖到" if language == "zh" else "Drop a file") in shown[1][1]
    for slot, file in (("boundary", "boundary.gpkg"), ("roads", "roads.osm.pbf"), ("population", "population.tif")):
        send(page, slot, demo_folder / file)
    send(page, "schools", schools)
    step(page, 2)
    page.locator("[class*=st-key-take-system] button").click(timeout=60_000)
    page.locator("[class*=st-key-take-system]").wait_for(state="detached")
    step(page, 3)
    page.locator(".st-key-check-start button").click()
    page.wait_for_selector("[class*=st-key-mend-save] button", timeout=180_000)  # the form stands whole
    assert page.locator(".pl-table tbody tr").count() == 2
    page.locator("[data-testid=stForm] input[type=text]").first.fill("300")
    page.keyboard.press("Tab")
    page.locator("[data-testid=stForm] [data-testid=stCheckbox] label").nth(1).click()
    page.locator("[data-testid=stFormSubmitButton] button").click()
    page.wait_for_selector(".st-key-check-open", timeout=180_000)
    page.reload()
    page.locator(".st-key-check-open button").click(timeout=60_000)
    page.wait_for_selector(".pl-figures", timeout=180_000)
    page.wait_for_selector(".pl-table")
    assert f"故事县{language}" in page.locator("h1").first.inner_text()
    assert f"lang={language}" in page.url or language == "zh"
