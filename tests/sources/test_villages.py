"""Village lists."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pyproj
import pytest

from planning.errors import SourceError
from planning.schemas import VILLAGES
from planning.sources.villages import read_villages

CRS = pyproj.CRS.from_epsg(4545)


@pytest.fixture
def write(tmp_path):
    def make(*rows):
        book = openpyxl.Workbook()
        for cells in rows:
            book.active.append(cells)
        book.save(tmp_path / "villages.xlsx")
        return tmp_path / "villages.xlsx"

    return make


HEADINGS = ["村代码", "村（社区）名称", "乡镇", "经度", "纬度", "常住人口（人）", "小学生数", "初中生数"]


def test_a_list_of_villages(write):
    path = write(
        ["村（社区）学龄儿童统计表"],
        HEADINGS,
        ["01", "大坝村", "龙潭镇", 107.0, 27.0, 1200, 90, 41],
        ["02", "石门村", "龙潭镇", 107.1, 27.0, "—", None, 5],
        ["03", "无坐标村", "龙潭镇", None, None, 10, 1, 1],
        ["04", "奇怪村", "龙潭镇", 107.2, 27.0, 3, 10, 0],
        ["合计", None, None, None, None, 1213, 101, 47],
    )
    read = read_villages(path, crs=CRS)
    VILLAGES.validate(read.villages)
    assert list(read.villages.index) == ["01", "02", "04"]
    assert read.villages["population"].tolist() == [1200, pd.NA, 3]
    assert read.villages["pupils_primary"].tolist() == [90, pd.NA, 10]
    assert read.villages["pupils_senior"].isna().all()
    said = {aside.item: (str(aside.reason), aside.kept) for aside in read.set_aside}
    assert said["合计"] == ("a sum, not an item of the table", False)
    assert said["无坐标村"][0].startswith("has no coordinates")
    assert {aside.item: aside.amount for aside in read.set_aside} == {"合计": 0, "无坐标村": 10, "奇怪村": 0}
    assert said["奇怪村"] == ("has more pupils (10) than residents (3). Check the two columns.", True)


def test_fractions_of_people_are_people_but_half_a_pupil_is_a_fault(write):
    path = write(HEADINGS, ["01", "a", "b", 107, 27, 10.5, 1.5, -1])
    with pytest.raises(SourceError) as refused:
        read_villages(path, crs=CRS)
    assert [str(fault) for fault in refused.value.faults] == [
        "小学生数: must be a whole number: 1.5 (row 2).",
        "初中生数: must be 0 or more: -1 (row 2).",
    ]


def test_a_list_without_people_is_refused(write):
    with pytest.raises(SourceError, match=r"villages\.xlsx: the column population, or pupils of a stage or grade is missing"):
        read_villages(write(["村名", "经度", "纬度"], ["a", 107, 27]), crs=CRS)


def test_one_code_twice_is_a_fault(write):
    with pytest.raises(SourceError, match=r"the code 1 stands in rows 2, 3 \(a, c\)"):
        read_villages(write(HEADINGS, ["1", "a", "", 107, 27, 1, 1, 1], ["1", "c", "", 107, 27.1, 1, 1, 1]), crs=CRS)
