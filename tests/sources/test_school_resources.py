"""What schools have, out of tables as bureaus keep them."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pyproj
import pytest

from planning.errors import SourceError
from planning.schemas import RESOURCES
from planning.sources.schools import read_schools
from planning.sources.tables import match_headings

CRS = pyproj.CRS.from_epsg(4545)


@pytest.fixture
def read(tmp_path):
    def make(headings, *rows):
        book = openpyxl.Workbook()
        book.active.append(["学校代码", "学校名称", "办学类型", "经度", "纬度", "专任教师数", *headings])
        for n, row in enumerate(rows):
            book.active.append([f"00{n}", f"第{n + 1}小学", "小学", 107 + n / 100, 27, 20, *row])
        book.save(tmp_path / "s.xlsx")
        return read_schools(tmp_path / "s.xlsx", crs=CRS)

    return make


def test_a_bureaus_columns(read):
    found = read(
        ["教职工数", "高于规定学历教师数", "县级以上骨干教师数", "教学及辅助用房面积（平方米）", "教学仪器设备值（万元）",
         "占地面积（亩）", "图书册数", "小学最大班额", "小学66人及以上班数"],
        [22, 18, None, 1234.5, 81.25, 15, "12,000册", 58, 0],
        [None, None, "-", None, None, None, None, None, None],
    )  # fmt: skip
    schools = found.schools
    assert found.unmatched == ()
    first, second = schools.iloc[0], schools.iloc[1]
    assert (first["staff"], first["qualified_teachers"]) == (22, 18)
    assert first["teaching_area_m2"] == 1234.5
    assert first["equipment_yuan"] == 812_500
    assert first["site_area_m2"] == pytest.approx(10_000)
    assert (first["books"], first["largest_class_primary"], first["classes_66_primary"]) == (12_000, 58, 0)
    assert pd.isna(first["backbone_teachers"])
    assert second[["staff", "equipment_yuan", "books"]].isna().all()
    assert schools["staff"].dtype == "Int64"
    assert schools["equipment_yuan"].dtype == "Float64"
    assert "computers" not in schools  # the table has no such column


def test_every_column_has_a_heading_of_its_own():
    used = match_headings(list(RESOURCES), subject="schools", file="t").used
    assert used == {column: column for column in RESOURCES}


def test_yuan_and_ten_thousand_yuan(read):
    assert read(["教学仪器设备值（元）"], [800_000]).schools["equipment_yuan"].tolist() == [800_000]
    assert read(["小学教学仪器设备值（万元）"], [80]).schools["equipment_yuan_primary"].tolist() == [800_000]
    with pytest.raises(SourceError, match="120万元"):
        read(["教学仪器设备值"], ["120万元"])


def test_faults_come_with_heading_and_row_and_all_at_once(read):
    with pytest.raises(SourceError) as refused:
        read(
            ["教职工数", "骨干教师数", "图书册数", "小学图书册数", "教学及辅助用房面积"],
            [-1, "三个", 100, 101, 5_000_000],
            [2.5, 1, 100, 100, 10],
        )
    faults = [str(fault) for fault in refused.value.faults]
    assert len(faults) == 5
    assert "教职工数: must be 0 or more: -1 (row 2)" in faults[0] + faults[1]
    assert any("教职工数: must be a whole number: 2.5 (row 3)" in fault for fault in faults)
    assert any("骨干教师数: text in a number: '三个' (row 2)" in fault for fault in faults)
    assert any("教学及辅助用房面积: more than any school has: 5,000,000 m² (row 2)" in fault for fault in faults)
    assert any(
        "图书册数: the parts by stage add up to 101, more than the whole school's 100 (row 2)" in f for f in faults
    )


def test_more_of_a_rank_than_teachers_is_kept_and_told(read):
    found = read(["骨干教师数"], [21], [20])
    assert [(item.row, item.kept) for item in found.set_aside] == [(2, True)]
    assert "21, but the school has 20 teachers" in str(found.set_aside[0].reason)
    assert found.schools["backbone_teachers"].tolist() == [21, 20]
