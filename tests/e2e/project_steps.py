"""Steps of a planner who begins a project in the browser, for the tests that walk through it."""

from __future__ import annotations

from pathlib import Path

import geocoordinates_ffi
import openpyxl
from playwright.sync_api import expect

#: What the bureau's sheet holds that must be mended: the row's place on the form, and what is typed there.
FAULTS = 2


def write_schools(demo_folder: Path, path: Path) -> Path:
    """Write the demo's schools as a bureau would send them: GCJ-02 degrees, two faults, two hostile names."""
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


def name_project(page, name: str) -> None:
    """Begin a project of that name."""
    page.get_by_role("textbox").first.fill(name)
    page.keyboard.press("Tab")
    page.locator("[data-testid=stFormSubmitButton] button").click()
    # The list of projects has an uploader too: wait for one that only the new project's desk has.
    page.wait_for_selector(".st-key-pl-slot-boundary [data-testid=stFileUploaderDropzoneInstructions] span")


def send(page, slot: str, file: Path) -> None:
    """Put a file into the uploader of a source, and wait until it is taken."""
    page.locator(f".st-key-pl-slot-{slot} input[type=file]").set_input_files(file)
    page.wait_for_selector(f".st-key-pl-slot-{slot} .named", timeout=90_000)
    page.wait_for_function(
        "slot => document.querySelectorAll(`.st-key-pl-slot-${slot} input[type=file]`).length === 1", arg=slot
    )


def send_county(page, demo_folder: Path, schools: Path) -> None:
    """Send the sources that a county cannot be read without, and say that the schools' points are GCJ-02."""
    for slot, file in (("boundary", "boundary.gpkg"), ("roads", "roads.osm.pbf"), ("population", "population.tif")):
        send(page, slot, demo_folder / file)
    send(page, "schools", schools)
    step(page, 2)
    page.locator("[class*=st-key-take-system] button").click(timeout=120_000)
    page.locator("[class*=st-key-take-system]").wait_for(state="detached")


def step(page, number: int) -> None:
    """Go to a step of the project's desk."""
    page.locator("[class*=st-key-projects-view] button").nth(number).click()


def mend(page) -> None:
    """Have everything checked, and mend the two faults that are found."""
    step(page, 3)
    page.locator(".st-key-check-start button").click()
    page.wait_for_selector("[class*=st-key-mend-save] button", timeout=180_000)  # the form stands whole
    expect(page.locator(".pl-table tbody tr")).to_have_count(FAULTS)
    page.locator("[data-testid=stForm] input[type=text]").first.fill("300")
    page.keyboard.press("Tab")
    page.locator("[data-testid=stForm] [data-testid=stCheckbox] label").nth(1).click()
    page.locator("[data-testid=stFormSubmitButton] button").click()
    page.wait_for_selector(".st-key-check-open", timeout=180_000)


def send_project_file(page, file: Path) -> None:
    """Open a project's zip through the uploader of the list of projects, and wait until the page says so."""
    page.locator("[class*=st-key-project-zip] input[type=file]").set_input_files(file)
    expect(page.locator(".pl-note", has_text=file.stem)).to_be_visible()
