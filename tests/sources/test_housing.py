"""Planned estates."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pyproj
import pytest

from planning.errors import SourceError
from planning.schemas import HOUSING
from planning.sources.housing import read_housing

CRS = pyproj.CRS.from_epsg(4545)
HEADINGS = ["序号", "小区名称", "户数", "交付年份", "经度", "纬度"]


@pytest.fixture
def write(tmp_path):
    def make(*rows):
        book = openpyxl.Workbook()
        for cells in rows:
            book.active.append(cells)
        book.save(tmp_path / "housing.xlsx")
        return tmp_path / "housing.xlsx"

    return make


def test_years_as_people_write_them(write):
    years = [2027, "2028年", "2029年9月", dt.datetime(2030, 6, 1), "2031-06", "预计2032"]
    path = write(HEADINGS, *([i, f"苑{i}", 100, year, 107 + i / 100, 27] for i, year in enumerate(years)))
    housing = read_housing(path, crs=CRS).housing
    HOUSING.validate(housing)
    assert housing.set_index("name")["year"].to_dict() == {f"苑{i}": 2027 + i for i in range(6)}


def test_unknown_dwellings_or_year_are_set_aside_and_told(write):
    path = write(
        HEADINGS, [1, "甲苑", None, 2027, 107, 27], [2, "乙苑", 50, "待定", 107.1, 27], [3, "丙苑", 50, 2027, 107.2, 27]
    )
    read = read_housing(path, crs=CRS)
    assert list(read.housing["name"]) == ["丙苑"]
    assert [(aside.item, aside.row) for aside in read.set_aside] == [("甲苑", 2), ("乙苑", 3)]


def test_faults(write):
    with pytest.raises(SourceError) as refused:
        read_housing(write(HEADINGS, [1, "甲", "许多", "明年", 107, 27]), crs=CRS)
    assert "户数: text in a number: '许多' (row 2)" in str(refused.value)
    assert "交付年份: '明年' (row 2) is no year" in str(refused.value)
    with pytest.raises(SourceError, match="the column number of dwellings is missing"):
        read_housing(write(["名称", "经度", "纬度"], ["a", 107, 27]), crs=CRS)


def test_pupils_per_dwelling_are_read_where_given(write):
    heads = [*HEADINGS, "每户小学生", "每户初中生数"]
    path = write(heads, [1, "甲苑", 100, 2027, 107, 27, 0.3, None], [2, "乙苑", 50, 2028, 107.1, 27, 0, 0.1])
    housing = read_housing(path, crs=CRS).housing.set_index("name")
    assert housing["pupils_primary"].to_dict() == {"甲苑": 0.3, "乙苑": 0.0}
    assert housing["pupils_junior"].isna().to_dict() == {"甲苑": True, "乙苑": False}
    assert "pupils_senior" not in housing
