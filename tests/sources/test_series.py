"""Headings in series: grades, ages, sexes; merged headings joined."""

from __future__ import annotations

import pytest

from planning.sources.cells import normal
from planning.sources.series import counted_columns, forms_of_heading, half_of_heading, in_series, joined, series_column


@pytest.mark.parametrize("heading", ["村名", "班级", "十年级", "6岁以上", "年级", "grade 0", "大班小班"])
def test_other_headings_are_in_no_series(heading):
    assert series_column(normal(heading), "villages") is None


def test_tables_without_series_have_none():
    assert series_column("一年级", "villages") == "grade_1"
    assert series_column("一年级", "schools") is None
    assert half_of_heading("小学生数男", "schools") is None
    assert not in_series("grade_1", "schools")
    assert in_series("grade_12_boys", "known")
    assert not in_series("grade_13", "known")


def test_female_is_not_male():
    assert half_of_heading("grade1female", "villages") == ("grade1", "_girls")
    assert half_of_heading("grade1male", "villages") == ("grade1", "_boys")
    assert half_of_heading("一年级女生数", "villages") == ("一年级", "_girls")


def test_a_lower_row_stands_alone_under_a_group_but_not_under_a_word_that_tells():
    plain, telling = joined("在校学生", joined("小学", "一年级")), joined("寄宿生", joined("小学", "一年级"))
    assert forms_of_heading(plain, "villages") == ("在校学生小学一年级", "小学一年级", "一年级")
    assert forms_of_heading(telling, "villages") == ("寄宿生小学一年级",)
    assert forms_of_heading(telling, "schools")[-1] == "一年级"
    assert joined("小学", "") == joined("", "小学") == "小学"


def test_columns_of_counts_in_rising_order_without_their_halves():
    used = ["grade_10", "grade_2", "age_6_boys", "age_6_girls", "name", "pupils_primary"]
    assert counted_columns(used, ("population", "pupils_primary")) == ["pupils_primary", "grade_2", "age_6", "grade_10"]
