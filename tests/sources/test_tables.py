"""Tables as they stand: header row, Excel row numbers, encodings, headings matched openly, numbers read strictly."""

from __future__ import annotations

import contextlib
import datetime as dt

import numpy as np
import openpyxl
import pytest

from planning.errors import SourceError, msg
from planning.sources.cells import normal, parse_degrees, parse_number, vocabulary
from planning.sources.tables import Headings, match_headings, numbers, raise_faults, read_table

HEADINGS = ["学校名称", "经 度", "纬度（度）", "小学学位数(个)"]


def write_xlsx(path, rows, sheet="学校"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_title_rows_blank_rows_sums_and_notes_are_no_items(tmp_path):
    path = write_xlsx(
        tmp_path / "s.xlsx",
        [
            ["云岚县学校一览表", None, None, None],
            [None, None, None, None],
            HEADINGS,
            ["第一小学", 107.1, 27.1, 300],
            [None, None, None, None],
            ["第二小学", 107.2, 27.2, None],
            ["合计", None, None, 300],
            ["注：数据截至2025年9月", None, None, None],
        ],
    )
    raw = read_table(path, subject="schools")
    assert raw.header_row == 3
    assert list(raw.frame.columns) == HEADINGS
    assert list(raw.frame.index) == [4, 6]
    assert [(aside.row, aside.item) for aside in raw.set_aside] == [(7, "合计"), (8, "注：数据截至2025年9月")]
    used = match_headings(raw.frame.columns, subject="schools", file="s.xlsx").used
    assert used == {"name": "学校名称", "lon": "经 度", "lat": "纬度（度）", "seats_primary": "小学学位数(个)"}


def test_the_sheet_with_known_headings_is_found_and_told(tmp_path):
    path = write_xlsx(tmp_path / "s.xlsx", [["填表说明"], ["请勿改动表头"]], sheet="说明")
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("数据")
    sheet.append(HEADINGS)
    sheet.append(["甲小学", 107, 27, 1])
    book.save(path)
    raw = read_table(path, subject="schools")
    assert len(raw.frame) == 1
    assert "数据" in str(raw.notices[0])
    with pytest.raises(SourceError, match=r"no sheet 学校\. It has 说明, 数据"):
        read_table(path, subject="schools", sheet="学校")


def test_formula_errors_are_told_with_heading_and_row(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(["甲小学", 107, 27, "#REF!"])
    book.active["D2"].data_type = "e"
    book.save(tmp_path / "s.xlsx")
    with pytest.raises(SourceError, match=r"小学学位数\(个\): #REF! is a formula error \(row 2\)"):
        read_table(tmp_path / "s.xlsx", subject="schools")


def test_a_formula_without_a_saved_result_is_never_read_as_unknown(tmp_path):
    path = write_xlsx(tmp_path / "s.xlsx", [HEADINGS, ["甲小学", 107, 27, "=100+20"]])
    with pytest.raises(SourceError, match=r"row 2: the formula =100\+20 has no saved result"):
        read_table(path, subject="schools")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv_of_every_encoding_and_delimiter(tmp_path, encoding, mark):
    path = tmp_path / "s.csv"
    path.write_bytes(f"学校名称{mark}经度{mark}纬度\n\n龙潭小学{mark}107.1{mark}27.1\n".encode(encoding))
    raw = read_table(path, subject="schools")
    assert raw.frame.loc[3].tolist() == ["龙潭小学", "107.1", "27.1"]
    assert bool(raw.notices) == encoding.startswith("gb")


def test_csv_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("学校名称,经度\n".encode("utf-16"))
    with pytest.raises(SourceError, match=r"s\.csv"):
        read_table(path, subject="schools")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["学校名称", "经度", "经度"], ["a", 1, 2]], "经度 stands twice in row 1"),
        ([["学校名称", "经度"], ["a", 1, 5]], "row 2: 5 stands in a column without a heading"),
        ([["学校名称", "经度"]], "no rows"),
        ([], "empty"),
    ],
)
def test_tables_that_cannot_be_read_say_why(tmp_path, rows, words):
    with pytest.raises(SourceError, match=words):
        read_table(write_xlsx(tmp_path / "s.xlsx", rows), subject="schools")


def test_two_headings_for_one_column_are_an_error_naming_both():
    with pytest.raises(SourceError, match="学校名称 and 校名 both mean name"):
        match_headings(["学校名称", "校名"], subject="schools", file="s")
    chosen = match_headings(["学校名称", "校名"], subject="schools", mapping={"name": "校名"}, file="s")
    assert chosen.used == {"name": "校名"}
    assert chosen.unmatched == ("学校名称",)


def test_a_mapping_that_does_not_fit_says_all_its_faults():
    with pytest.raises(SourceError) as refused:
        match_headings(["a"], subject="schools", mapping={"nmae": "a", "name": "b"}, file="s")
    assert len(refused.value.faults) == 2
    assert "nmae is not one of" in str(refused.value)
    assert "names the heading b, which the table lacks. It has a" in str(refused.value)


@pytest.mark.parametrize(
    ("cell", "number"),
    [("1,200", 1200), ("１２０", 120), ("120人", 120), ("120 个", 120), (" 7 ", 7), (3.0, 3), ("1e3", 1000), ("'5", 5)]
    + [(blank, None) for blank in ("", None, "-", "—", "——", "无", "不详", "N/A", float("nan"))],
)
def test_numbers_that_can_mean_only_one_thing(cell, number):
    assert parse_number(cell) == number


@pytest.mark.parametrize(
    "cell", ["约120", "12,5", "1.2万", "120-130", "abc", True, dt.date(2025, 1, 1), "1 2x", "1.2.3"]
)
def test_text_is_no_number(cell):
    with pytest.raises(ValueError, match=r".*"):
        parse_number(cell)


@pytest.mark.parametrize(
    ("cell", "degrees"),
    [
        ("106°52′30″", 106.875),
        ("东经106°52'30\"", 106.875),
        ("27度30分", 27.5),
        ("S11.5", -11.5),
        ("106.5 E", 106.5),
        (1.5, 1.5),
    ],
)
def test_coordinates_in_degrees_minutes_seconds(cell, degrees):
    assert parse_degrees(cell) == pytest.approx(degrees)


def test_a_column_of_counts_names_every_fault(tmp_path):
    path = write_xlsx(
        tmp_path / "s.xlsx",
        [["名称", "学位数"], ["a", "一百"], ["b", -5], ["c", 1.5], ["d", "—"], ["e", 9], ["f", "1e30"]],
    )
    raw = read_table(path, subject="schools")
    values, faults, told = numbers(raw, Headings({"seats": "学位数"}), "seats")
    assert values.isna().tolist() == [True, True, True, True, False, True]
    assert [str(fault).split(":")[1].strip() for fault in faults] == [
        "text in a number",
        "must be 0 or more",
        "must be a whole number",
        "larger than any county has",
    ]
    assert "'一百' (row 2)" in str(faults[0])
    assert "1e30 (row 7). Correct" in str(faults[3])
    assert "1 cells say in words" in str(told[0])


def test_no_heading_stands_for_two_columns():
    for subject, columns in vocabulary()["subjects"].items():
        seen = {}
        for column, words in columns.items():
            for word in words:
                assert seen.setdefault(normal(word), column) == column, (subject, word)


def test_every_word_of_the_vocabulary_is_text():
    def check(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                assert isinstance(key, str)
                check(inner)
        elif isinstance(value, list):
            for inner in value:
                check(inner)
        else:
            assert isinstance(value, str), value

    check(dict(vocabulary()))


def test_many_faults_are_counted_and_the_first_fifty_shown():
    with pytest.raises(SourceError) as refused:
        raise_faults("s.csv", msg("schools"), [msg("{n}", n=n) for n in range(60)])
    assert str(refused.value).startswith("s.csv: 60 faults")
    assert len(refused.value.faults) == 51
    assert str(refused.value.faults[-1]) == "… and 10 more"


def test_a_format_that_reaches_the_last_row_is_no_content(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEADINGS)
    book.active.append(["甲小学", 107, 27, 1])
    book.active.cell(row=60_000, column=1).number_format = "0.00"
    book.save(tmp_path / "s.xlsx")
    assert list(read_table(tmp_path / "s.xlsx", subject="schools").frame.index) == [2]


def test_a_damaged_workbook_is_refused_in_words(tmp_path):
    path = write_xlsx(tmp_path / "s.xlsx", [HEADINGS, ["甲小学", 107, 27, 1]])
    good = path.read_bytes()
    generator = np.random.default_rng(1)
    for _ in range(20):
        raw = bytearray(good)
        for at in generator.integers(60, len(raw), 12):
            raw[at] = generator.integers(0, 256)
        path.write_bytes(raw)
        with contextlib.suppress(SourceError):  # anything else is a crash
            assert list(read_table(path, subject="schools").frame.index) == [2]


def test_headings_in_two_rows_under_merged_cells(tmp_path):
    """Merged cells as a workbook has them, a title above, and one heading merged downwards."""
    path = tmp_path / "s.xlsx"
    book = openpyxl.Workbook()
    page = book.active
    for row in (
        ["云岚县学校一览表", None, None, None, None, None],
        ["学校名称", "坐标", None, "学位数", None, "备注"],
        [None, "经度", "纬度", "小学", "初中", None],
        ["第一小学", 107.1, 27.1, 300, None, "x"],
        ["第一初中", 107.2, 27.2, None, 450, None],
    ):
        page.append(row)
    for cells in ("A1:F1", "A2:A3", "B2:C2", "D2:E2", "F2:F3"):
        page.merge_cells(cells)
    book.save(path)
    raw = read_table(path, subject="schools")
    assert raw.header_row == 3
    assert list(raw.frame.columns) == [
        "学校名称",
        "坐标 › 经度",
        "坐标 › 纬度",
        "学位数 › 小学",
        "学位数 › 初中",
        "备注",
    ]
    assert list(raw.frame.index) == [4, 5]
    used = match_headings(raw.frame.columns, subject="schools", file="s").used
    assert used == {
        "name": "学校名称",
        "lon": "坐标 › 经度",
        "lat": "坐标 › 纬度",
        "seats_primary": "学位数 › 小学",
        "seats_junior": "学位数 › 初中",
    }


def test_texts_under_plain_headings_are_a_row(tmp_path):
    rows = [HEADINGS, ["第一小学", "107.1", "27.1", "300"], ["第二小学", 107.2, 27.2, 1]]
    raw = read_table(write_xlsx(tmp_path / "s.xlsx", rows), subject="schools")
    assert raw.header_row == 1
    assert list(raw.frame.columns) == HEADINGS


def test_the_countys_own_row_is_kept_where_it_is_asked_for(tmp_path):
    path = write_xlsx(tmp_path / "k.xlsx", [["乡镇", "常住人口"], ["东乡", 5], ["小计", 5], ["全县", 5]])
    assert list(read_table(path, subject="known").frame.index) == [2]
    kept = read_table(path, subject="known", keep_totals=True)
    assert list(kept.frame.index) == [2, 4]
    assert [aside.item for aside in kept.set_aside] == ["小计"]
