"""The template tables: every heading is understood, and what is filled in is read."""

from __future__ import annotations

import openpyxl
import pyproj
import pytest
import yaml

from planning.sources.housing import read_housing
from planning.sources.known import read_known
from planning.sources.schools import read_schools
from planning.sources.tables import match_headings
from planning.sources.villages import read_villages

CRS = pyproj.CRS.from_epsg(4545)


def columns_of(root, subject):
    return yaml.safe_load((root / "data/templates/templates.yaml").read_text("utf-8"))["tables"][subject]


@pytest.mark.parametrize("subject", ["schools", "villages", "known", "housing", "births", "migration"])
def test_every_heading_means_what_the_template_says(root, subject):
    book = openpyxl.load_workbook(root / "data/templates" / f"{subject}_template.xlsx")
    headings = [cell.value for cell in book.worksheets[0][1]]
    columns = columns_of(root, subject)
    assert headings == [column[0] for column in columns]
    used = match_headings(headings, subject=subject, file="t").used
    assert used == {column[1]: column[0] for column in columns}
    assert [cell.value for cell in book.worksheets[1]["A"]][1 : len(headings) + 1] == headings


@pytest.mark.parametrize(
    ("subject", "read", "filled"),
    [
        (
            "schools",
            read_schools,
            {"name": "龙潭小学", "seats_primary": 90, "lon": 107, "lat": 27, "school_id": "0052"},
        ),
        ("villages", read_villages, {"name": "大坝村", "population": 90, "lon": 107, "lat": 27}),
        ("housing", read_housing, {"name": "云岚府", "dwellings": 90, "year": 2027, "lon": 107, "lat": 27}),
    ],
)
def test_a_filled_template_is_read(root, tmp_path, subject, read, filled):
    book = openpyxl.load_workbook(root / "data/templates" / f"{subject}_template.xlsx")
    for i, column in enumerate(columns_of(root, subject), start=1):
        book.worksheets[0].cell(row=2, column=i, value=filled.get(column[1]))
    book.save(tmp_path / "t.xlsx")
    result = read(tmp_path / "t.xlsx", crs=CRS)
    table = getattr(result, subject)
    assert table["name"].tolist() == [filled["name"]]
    assert result.set_aside == ()
    assert result.unmatched == ()
    if subject == "schools":
        assert table.index.tolist() == ["0052"]
        assert table["kind"].tolist() == ["primary"]


def test_a_filled_template_of_known_numbers_is_read(root, tmp_path):
    book = openpyxl.load_workbook(root / "data/templates/known_template.xlsx")
    for row, cells in enumerate((["城关镇", 20_000, 1500], ["全县", 300_000, None, 11_000]), start=2):
        for column, cell in enumerate(cells, start=1):
            book.worksheets[0].cell(row=row, column=column, value=cell)
    book.save(tmp_path / "t.xlsx")
    read = read_known(tmp_path / "t.xlsx", townships=["城关镇", "龙潭镇"])
    assert read.table["population"].to_dict() == {"*": 300_000, "城关镇": 20_000}
    assert read.table.loc["*", "pupils_junior"] == 11_000
    assert read.set_aside == read.notices == ()


def test_every_choice_is_a_known_word(root, tmp_path):
    kinds = next(column[5] for column in columns_of(root, "schools") if column[1] == "kind")
    path = tmp_path / "s.csv"
    path.write_text("办学类型,经度,纬度\n" + "\n".join(f"{kind},{107 + i / 100},27" for i, kind in enumerate(kinds)))
    read = read_schools(path, crs=CRS)
    assert read.schools["kind"].nunique() == len(kinds) == 8
    assert read.set_aside == ()
