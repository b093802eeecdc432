"""Tables of known numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from planning.errors import SourceError
from planning.sources.known import COUNTY, read_known


def write(tmp_path, *lines):
    path = tmp_path / "known.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


def test_townships_and_the_county(tmp_path):
    path = write(
        tmp_path,
        "乡镇（街道）,年末常住人口（人）,小学,初中,备注",
        "西镇,1200,90,—,x",
        "东乡,800.5,60,30,",
        "全县,,,75,",
        "注：统计公报",
    )
    read = read_known(path, townships={"东乡", "西镇", ""})
    assert read.table.index.tolist() == [COUNTY, "东乡", "西镇"]
    assert read.table["population"].tolist() == [pd.NA, 800.5, 1200]
    assert read.table["pupils_junior"].tolist() == [75, 30, pd.NA]
    assert read.table["source_row"].tolist() == [4, 3, 2]
    assert [aside.row for aside in read.set_aside] == [5]


def test_english_headings_and_a_mapping(tmp_path):
    path = write(tmp_path, "island,population,P1", "Mwali,51567,10")
    read = read_known(path, mapping={"grade_1": "P1"})
    assert read.table.loc["Mwali", ["population", "grade_1"]].tolist() == [51567, 10]


def test_a_yearbook_counts_schools_and_teachers_too(tmp_path):
    """Only pupils are taken, and the rest is named."""
    path = write(
        tmp_path, "乡镇,学校数,,在校生数,,专任教师,", ",小学,初中,小学,初中,小学,初中", "东乡,3,1,600,300,40,25"
    )
    read = read_known(path)
    assert read.table.loc["东乡", ["pupils_primary", "pupils_junior"]].tolist() == [600, 300]
    assert "学校数 › 小学" in str(read.notices[-1])


def test_what_cannot_be_known_numbers_is_refused(tmp_path):
    with pytest.raises(SourceError, match="the column population, or pupils of a stage or grade is missing"):
        read_known(write(tmp_path, "乡镇,面积", "东乡,5"))
    with pytest.raises(SourceError, match="the county has no townships"):
        read_known(write(tmp_path, "乡镇,常住人口", "东乡,5"), townships=[])
    assert len(read_known(write(tmp_path, "乡镇,常住人口", "全县,5"), townships=[]).table) == 1
    with pytest.raises(SourceError, match=r"the county stands in rows 2, 3\. Keep one of them"):
        read_known(write(tmp_path, "乡镇,常住人口", "全县,5", "合计,6"))
    with pytest.raises(SourceError, match=r"Nowhere is no township of the county \(row 2\)\. It has 东乡, 西镇\."):
        read_known(write(tmp_path, "乡镇,常住人口", "Nowhere,5"), townships=["西镇", "东乡"])
