"""A corrected copy of a table: rows keep their numbers, the file that was sent stays, formulas stay texts."""

import openpyxl
import pytest

from planning.errors import SourceError
from planning.sources.mending import mend_table, rows_of
from planning.sources.tables import read_table

ROWS = [
    ["学校名称", "学校代码", "经度", "纬度", "小学学位数"],
    ["甲小学", "007", 107.1, 27.1, "约三百"],
    ["乙小学", "008", 0, 0, 45],
    ["=HYPERLINK(\"http://x\")", "009", 107.2, 27.2, 90],
]  # fmt: skip


@pytest.fixture(params=["schools.xlsx", "schools.csv"])
def table(tmp_path, request):
    path = tmp_path / request.param
    if path.suffix == ".csv":
        import csv

        with path.open("w", encoding="gb18030", newline="") as stream:
            csv.writer(stream).writerows([["某县学校情况"], *ROWS])
        return path
    book = openpyxl.Workbook()
    book.active.append(["某县学校情况"])
    for row in ROWS:
        book.active.append(row)
    for row in book.active.iter_rows():
        for cell in row:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    book.save(path)
    return path


def test_cells_change_rows_go_and_numbers_of_rows_stay(table, tmp_path):
    before = table.read_bytes()
    out = tmp_path / f"mended{table.suffix}"
    done = mend_table(table, out, subject="schools", cells={(3, "小学学位数"): "300"}, left_out=[4])
    assert done == 2
    assert table.read_bytes() == before
    read = read_table(out, subject="schools").frame
    assert list(read.index) == [3, 5]
    assert str(read.loc[3, "小学学位数"]) == "300"
    assert str(read.loc[3, "学校代码"]) == "007"
    assert read.loc[5, "学校名称"] == '=HYPERLINK("http://x")'


def test_a_copy_can_be_mended_again(table, tmp_path):
    once, twice = tmp_path / f"1{table.suffix}", tmp_path / f"2{table.suffix}"
    mend_table(table, once, subject="schools", cells={(3, "小学学位数"): ""})
    mend_table(once, twice, subject="schools", cells={(4, "经度"): "107.3", (4, "纬度"): "27.3"})
    read = read_table(twice, subject="schools").frame
    assert read.loc[3, "小学学位数"] in (None, "")
    assert float(read.loc[4, "经度"]) == 107.3


def test_a_mended_cell_never_becomes_a_formula(table, tmp_path):
    out = tmp_path / f"mended{table.suffix}"
    mend_table(table, out, subject="schools", cells={(3, "学校名称"): "=1+1\x07"})
    assert read_table(out, subject="schools").frame.loc[3, "学校名称"] == "=1+1"
    if out.suffix == ".xlsx":
        assert {cell.data_type for row in openpyxl.load_workbook(out).active.iter_rows() for cell in row} <= {"s", "n"}


def test_rows_are_shown_as_they_stand(table):
    headings, cells = rows_of(table, [3, 5, 99, 1], subject="schools")
    assert headings == ROWS[0]
    assert list(cells) == [3, 5]
    assert cells[3]["小学学位数"] == "约三百"


@pytest.mark.parametrize("place", [(3, "没有"), (2, "经度"), (99, "经度")])
def test_a_cell_that_is_not_there_is_refused(table, tmp_path, place):
    out = tmp_path / f"mended{table.suffix}"
    with pytest.raises(SourceError, match="no cell"):
        mend_table(table, out, subject="schools", cells={place: "1"})
    assert not out.exists()
