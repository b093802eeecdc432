"""Tables of who moves, as bureaus write them."""

from __future__ import annotations

import openpyxl
import pandas as pd
import pytest

from planning.errors import SourceError
from planning.sources.migration import OUTSIDE, read_migration

TOWNS = {"城关镇", "青溪镇"}


def read(folder, *rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(folder / "moves.xlsx")
    return read_migration(folder / "moves.xlsx", townships=TOWNS)


def test_shares_and_numbers_of_children(tmp_path):
    moves = read(
        tmp_path,
        ["迁出地", "迁入地", "年龄", "年份", "年迁移比例", "每年人数"],
        ["青溪镇", "城关镇", "6-11", "2026—2030", "1.5%", None],
        ["城关镇", "县外", "6岁", None, 0.01, None],
        ["外", "城关镇", None, 2027, None, 40],
    ).moves
    assert moves["origin"].tolist() == ["青溪镇", "城关镇", OUTSIDE]
    assert moves["destination"].tolist() == ["城关镇", OUTSIDE, "城关镇"]
    assert moves.loc[0, ["first_age", "last_age", "first_year", "last_year"]].tolist() == [6, 11, 2026, 2030]
    assert moves.loc[1, ["first_age", "last_age"]].tolist() == [6, 6]
    assert moves["share"].tolist()[:2] == [0.015, 0.01]
    assert moves.at[2, "children"] == 40
    assert pd.isna(moves.at[2, "first_age"])
    assert pd.isna(moves.at[2, "share"])


def test_a_heading_in_per_cent_and_two_columns_of_ages(tmp_path):
    heads = ["from", "to", "first_age", "last_age", "年迁移比例（%）"]
    moves = read(tmp_path, heads, ["青溪镇", "城关镇", 3, 5, 2]).moves
    assert moves.loc[0, ["first_age", "last_age"]].tolist() == [3, 5]
    assert moves["share"].tolist() == [0.02]


def test_a_row_without_an_amount_is_set_aside(tmp_path):
    found = read(tmp_path, ["从", "到", "比例"], ["青溪镇", "城关镇", None], ["城关镇", "青溪镇", 0.1])
    assert len(found.moves) == 1
    assert [item.row for item in found.set_aside] == [2]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["从", "比例"], ["青溪镇", 0.1]], "to where"),
        ([["从", "到"], ["青溪镇", "城关镇"]], "share or children"),
        ([["从", "到", "比例"], ["青溪", "城关镇", 0.1]], "Is it 青溪镇"),
        ([["从", "到", "比例"], ["青溪镇", "县城", 0.1]], "no township of the county"),
        ([["从", "到", "比例"], ["青溪镇", "青溪镇", 0.1]], "two different places"),
        ([["从", "到", "比例"], ["青溪镇", "城关镇", 1.5]], "between 0 and 1"),
        ([["从", "到", "比例"], ["县外", "城关镇", 0.1]], "from outside"),
        ([["从", "到", "比例", "人数"], ["青溪镇", "城关镇", 0.1, 5]], "not both"),
        ([["从", "到", "比例", "年龄"], ["青溪镇", "城关镇", 0.1, "11-6"]], "no range"),
        ([["从", "到", "人数"], ["青溪镇", "城关镇", "许多"]], "text in a number"),
    ],
)
def test_faults_are_named(tmp_path, rows, words):
    with pytest.raises(SourceError) as caught:
        read(tmp_path, *rows)
    assert words in str(caught.value)
