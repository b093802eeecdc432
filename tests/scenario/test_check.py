"""The check lists every fault of every source at once, with row and column, and then what to know."""

import shutil

import openpyxl
import pytest
import yaml

from planning.errors import msg
from planning.scenario.check import CheckCancelledError, check_project


@pytest.fixture
def project(tmp_path, demo_folder):
    """Copy the demo county, without its questions."""
    for name in ("boundary.gpkg", "roads.osm.pbf", "population.tif", "schools.xlsx", "births.csv", "villages.xlsx"):
        shutil.copyfile(demo_folder / name, tmp_path / name)
    content = {
        "name": "a",
        "boundary": "boundary.gpkg",
        "roads": {"file": "roads.osm.pbf"},
        "population": {"file": "population.tif"},
        "schools": {"file": "schools.xlsx"},
        "births": "births.csv",
        "stages": {"primary": {"share": 0.078}},
    }
    return _write(tmp_path, content), content


def _write(folder, content):
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return path


def _break_schools(folder):
    book = openpyxl.load_workbook(folder / "schools.xlsx")
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[2]}
    sheet.cell(5, place["小学学位数"]).value = "约三百"
    sheet.cell(7, place["经度"]).value = sheet.cell(7, place["纬度"]).value = 0
    sheet.cell(9, place["学校代码"]).value = sheet.cell(8, place["学校代码"]).value
    book.save(folder / "schools.xlsx")


def test_faults_of_all_sources_come_at_once(project):
    path, _ = project
    _break_schools(path.parent)
    (path.parent / "births.csv").write_text("年份,出生人数\n2024,很多\n", "utf-8")
    (path.parent / "population.tif").write_bytes(b"II*\x00 no raster")
    found = check_project(path)
    assert found.county is None
    assert found.problems == found.faults
    by_source = {source: [p for p in found.faults if p.source == source] for source in {p.source for p in found.faults}}
    assert set(by_source) == {"schools.file", "births", "population.file"}
    schools = by_source["schools.file"]
    assert sorted((p.row, p.column) for p in schools if p.column) == [(5, "小学学位数")]
    assert {p.row for p in schools} == {5, 7, 8}
    assert [(p.file, p.row, p.column) for p in by_source["births"]] == [("births.csv", 2, "出生人数")]


def test_a_boundary_that_cannot_be_read_does_not_hide_the_schools(project):
    path, _ = project
    _break_schools(path.parent)
    (path.parent / "boundary.gpkg").write_bytes(b"no map")
    sources = {problem.source for problem in check_project(path).faults}
    assert sources == {"boundary", "schools.file"}


def test_settings_are_told_by_their_key(project):
    path, content = project
    _write(path.parent, {**content, "stages": {"primary": {"share": 2}}, "birhts": "x.csv"})
    told = {problem.source: str(problem.message) for problem in check_project(path).faults}
    assert set(told) == {"stages.primary.share", "birhts"}
    assert "unknown key" in told["birhts"]


def test_a_file_that_is_gone_is_told(project):
    path, _ = project
    (path.parent / "schools.xlsx").unlink()
    (problem,) = check_project(path).faults
    assert (problem.source, problem.file) == ("schools.file", "schools.xlsx")


def test_a_clean_project_gives_the_county_and_its_reservations(project):
    path, content = project
    _write(path.parent, {**content, "population": {"villages": "villages.xlsx"}})
    shares: list[float] = []
    found = check_project(path, progress=lambda share, doing: shares.append(share))
    assert found.faults == ()
    assert found.county is not None
    assert len(found.problems) == len(found.county.notices) + len(found.county.set_aside)
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1


@pytest.mark.parametrize("share_done", [0.0, 0.2, 0.5])
def test_a_check_can_be_cancelled_at_any_step(project, share_done):
    def stop(share, doing):
        if share >= share_done:
            raise CheckCancelledError(msg("The check was cancelled."))

    with pytest.raises(CheckCancelledError):
        check_project(project[0], progress=stop)


def test_villages_have_a_mapping_and_a_system_of_their_own(project):
    path, content = project
    book = openpyxl.load_workbook(path.parent / "villages.xlsx")
    sheet = book.worksheets[0]
    row = next(r for r in range(1, 6) if "经度" in [cell.value for cell in sheet[r]])
    for cell in sheet[row]:
        if cell.value == "经度":
            cell.value = "甲列"
    book.save(path.parent / "villages.xlsx")
    people = {"villages": "villages.xlsx"}
    assert check_project(_write(path.parent, {**content, "population": people})).faults
    mapped = people | {"mapping": {"lon": "甲列"}, "coordinates": "gcj02"}
    shifted = check_project(_write(path.parent, {**content, "population": mapped}))
    assert shifted.faults == ()
    plain = check_project(_write(path.parent, {**content, "population": mapped | {"coordinates": "wgs84"}}))
    away = shifted.county.cells.geometry.distance(plain.county.cells.geometry, align=False)
    assert 100 < float(away.median()) < 1000
