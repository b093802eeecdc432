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
    with pytest.raises(
        SourceError, match=r"villages\.xlsx: the column population, or pupils of a stage or grade is missing"
    ):
        read_villages(write(["村名", "经度", "纬度"], ["a", 107, 27]), crs=CRS)


def test_one_code_twice_is_a_fault(write):
    with pytest.raises(SourceError, match=r"the code 1 stands in rows 2, 3 \(a, c\)"):
        read_villages(write(HEADINGS, ["1", "a", "", 107, 27, 1, 1, 1], ["1", "c", "", 107, 27.1, 1, 1, 1]), crs=CRS)


GRADES = ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级"]


def test_pupils_by_grade_under_merged_headings(write):
    """As Excel has it: the upper heading stands in the first of the merged columns, the village's below nothing."""
    path = write(
        ["云岚县2025年秋季学期分年级学生统计表"],
        ["村名", "所属乡镇", "位置", None, "幼儿园", None, None, "小学", *[None] * 6, "初中", None, None, "在镇寄宿"],
        [None, None, "经度", "纬度", "小班", "中班", "大班", *GRADES[:6], "合计", *GRADES[6:], None],
        ["大坝村", "龙潭镇", 107.0, 27.0, 3, 4, 5, *range(10, 16), 75, 20, 21, 22, 9],
    )
    read = read_villages(path, crs=CRS)
    village = read.villages.iloc[0]
    assert [village[f"grade_{n}"] for n in range(1, 10)] == [*range(10, 16), 20, 21, 22]
    assert [village[f"kindergarten_{n}"] for n in (1, 2, 3)] == [3, 4, 5]
    assert village[["pupils_primary", "town_boarders"]].tolist() == [75, 9]
    assert read.unmatched == ()
    assert read.mapping["grade_2"] == "小学 › 二年级"


def test_boys_and_girls_under_each_grade_are_added(write):
    rows = [
        ["村名", "经度", "纬度", "一年级", None, None, "常住人口", None, "二年级"],
        [None, None, None, "男", "女", "小计", "男", "女", None],
    ]
    read = read_villages(
        write(*rows, ["a", 107, 27, 3, 4, 7, 100, 110, 9], ["b", 107.1, 27, 3, 4, None, 1, None, 9]), crs=CRS
    )
    assert read.villages.set_index("name")["grade_1"].to_dict() == {"a": 7, "b": 7}
    assert read.villages.set_index("name")["population"].isna().to_dict() == {"a": False, "b": True}
    assert read.villages["population"].sum() == 210
    assert read.villages["grade_2"].tolist() == [9, 9]
    with pytest.raises(SourceError, match=r"一年级 › 小计: 8, but boys and girls add up to 7 \(row 3\)"):
        read_villages(write(*rows, ["a", 107, 27, 3, 4, 8, 100, 110, 9]), crs=CRS)


@pytest.mark.parametrize(
    ("heading", "column"),
    [
        ("0岁", "age_0"),
        ("17周岁", "age_17"),
        ("0-5岁", "age_0_5"),
        ("6～11岁儿童数", "age_6_11"),
        ("12至14岁人口（人）", "age_12_14"),
        ("3年级", "grade_3"),
        ("小学六年级学生数", "grade_6"),
        ("初二", "grade_8"),
        ("小三", "grade_3"),
        ("初四", "junior_4"),
        ("高一年级", "grade_10"),
        ("Grade 4", "grade_4"),
        ("一年级女生", "grade_1_girls"),
        ("幼儿园中班", "kindergarten_2"),
        ("户籍小学生数", "registered_primary"),
        ("随迁子女数", "incoming"),
        ("1-3年级", "pupils_primary_lower"),
    ],
)
def test_headings_in_series(write, heading, column):
    read = read_villages(write(["村名", "经度", "纬度", "常住人口", heading], ["a", 107, 27, 1000, 5]), crs=CRS)
    assert read.mapping[column] == heading
    # girls alone are not the whole grade
    assert read.villages[column.removesuffix("_girls")].sum() == (0 if column.endswith("_girls") else 5)


def test_a_group_that_changes_what_is_counted_is_not_taken_for_all_pupils(write):
    read = read_villages(
        write(
            ["村名", "经度", "纬度", "常住人口", "随迁子女", None, "在校学生", None],
            [None, None, None, None, "一年级", "二年级", "一年级", "二年级"],
            ["a", 107, 27, 900, 1, 2, 10, 20],
        ),
        crs=CRS,
    )
    assert read.villages[["grade_1", "grade_2"]].iloc[0].tolist() == [10, 20]
    assert read.unmatched == ("随迁子女 › 一年级", "随迁子女 › 二年级")
    assert "随迁子女 › 一年级" in str(read.notices[-1])


def test_a_mapping_may_name_a_grade(write):
    path = write(["村名", "经度", "纬度", "G1"], ["a", 107, 27, 5])
    assert read_villages(path, crs=CRS, mapping={"grade_1": "G1"}).villages["grade_1"].tolist() == [5]


def test_three_rows_of_headings(write):
    rows = [
        ["村名", "位置", None, "学龄儿童", *[None] * 3, "户籍学生", "随迁子女"],
        [None, "经度", "纬度", "幼儿园", None, "初中", None, "小学", "小学"],
        [None, None, None, "男", "女", "男", "女", None, None],
    ]
    read = read_villages(write(["统计表"], *rows, ["a", 107, 27, 3, 4, 10, 11, 40, 5]), crs=CRS)
    columns = ["pupils_kindergarten", "pupils_junior", "registered_primary", "incoming_primary"]
    assert read.villages[columns].iloc[0].tolist() == [7, 21, 40, 5]
    assert read.mapping["pupils_junior_boys"] == "学龄儿童 › 初中 › 男"
