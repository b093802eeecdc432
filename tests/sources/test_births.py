"""Tables of births, as bureaus write them."""

from __future__ import annotations

import numpy as np
import openpyxl
import pytest

from planning.errors import SourceError
from planning.sources.births import read_births

TOWNS = {"城关镇", "青溪镇"}


def write(path, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def read(folder, *rows):
    return read_births(write(folder / "births.xlsx", *rows), townships=TOWNS)


def test_three_variants_of_the_county(tmp_path):
    found = read(
        tmp_path,
        ["某县出生人口预测表"],
        ["年份", "低方案", "中方案", "高方案"],
        ["2024年", None, 2350, None],
        [2026, 1900, 2050, "2,200"],
    )
    assert found.births["township"].tolist() == ["", ""]
    assert found.births["year"].tolist() == [2024, 2026]
    assert found.births[["low", "middle", "high"]].loc[1].tolist() == [1900, 2050, 2200]
    assert np.isnan(found.births.at[0, "low"])


def test_townships_and_the_countys_own_row(tmp_path):
    found = read(tmp_path, ["年份", "乡镇", "出生人数"], [2026, "全县", 300], [2026, "城关镇", 200])
    assert dict(zip(found.births["township"], found.births["middle"], strict=True)) == {"": 300, "城关镇": 200}


def test_the_middle_lies_between_low_and_high_and_that_is_told(tmp_path):
    found = read(tmp_path, ["year", "low", "high"], [2026, 100, 140])
    assert found.births["middle"].tolist() == [120]
    assert any("halfway" in notice.id for notice in found.notices)


def test_a_csv_is_read_and_a_row_without_a_number_is_set_aside(tmp_path):
    path = tmp_path / "births.csv"
    path.write_text("年份,出生人数\n2026,100\n2027,\n", encoding="utf-8")
    found = read_births(path, townships=set())
    assert found.births["year"].tolist() == [2026]
    assert [item.row for item in found.set_aside] == [3]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["年份", "乡镇"], [2026, "城关镇"]], "missing"),
        ([["乡镇", "出生人数"], ["城关镇", 3]], "missing"),
        ([["年份", "乡镇", "出生人数"], [2026, "城关", 3]], "Is it 城关镇"),
        ([["年份", "出生人数"], [2026, 3], [2026, 4]], "twice"),
        ([["年份", "低方案", "中方案"], [2026, 5, 4]], "low variant"),
        ([["年份", "出生人数"], ["明年", 3]], "no year"),
        ([["年份", "出生人数"], [2026, -3]], "0 or more"),
    ],
)
def test_faults_are_named(tmp_path, rows, words):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, *rows)
    assert words in str(caught.value)
