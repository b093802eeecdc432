"""Tables on paper: numbers in one line, heads without a lone character, words that stay with their table."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
import subprocess

import pytest

from planning.report.printing.blocks import Content, Heading, Paragraph, Row, table, words
from planning.report.printing.columns import column_widths
from planning.report.printing.paper import set_paper
from planning.report.printing.pdf import to_pdf

DAY = dt.date(2026, 11, 24)
NUMBERS = ("2030–2035", "320,260 人·米", "−1.2 个百分点")
HEADS = [("学校", False), ("学位富余年份", True), ("改用次优地点的损失", True), ("新增学生数", True)]


def pages(blocks, folder) -> list[str]:
    """Print blocks, and read each page as Poppler sees it."""
    program = shutil.which("pdftotext")
    assert program, "pdftotext (Debian: poppler-utils) must be there"
    file = folder / "document.pdf"
    file.write_bytes(to_pdf(Content(title="表", blocks=blocks), set_paper("zh", project="县", title="表", day=DAY)))
    read = subprocess.run([program, "-layout", file, "-"], capture_output=True, check=True, text=True).stdout
    return read.split("\f")[:-1]


@pytest.mark.parametrize("kind", ["plain", "total", "own"])
def test_numbers_stand_in_one_line_and_no_head_ends_in_one_character(tmp_path, kind):
    made = table(HEADS, [("云岚县第一小学" * 8, *NUMBERS)])
    made = dataclasses.replace(made, rows=(Row(made.rows[0].cells, kind),))
    (page,) = pages((made,), tmp_path)
    line = next(line for line in page.split("\n") if NUMBERS[0] in line)
    assert all(number in line for number in NUMBERS)
    assert "新增学生数" in page


def test_widths_fill_the_page_and_grow_with_what_stands_there():
    few, many = (column_widths(table(HEADS, [("校", "1", number, "2")])) for number in ("3", "3,000,000 人·米"))
    assert sum(few) == pytest.approx(sum(many))
    assert many[2] > few[2]
    assert min(few) > 0


@pytest.mark.parametrize("before", range(30, 48))
def test_a_heading_and_its_words_stay_with_their_table(tmp_path, before):
    blocks = (
        *(Paragraph(words(f"行 {n}")) for n in range(before)),
        Heading(words("下表的标题"), 2),
        Paragraph(words("下表的说明"), kind="soft"),
        table([("名称", False), ("数值", True)], [(f"甲{n}", str(n)) for n in range(5)]),
    )
    found = pages(blocks, tmp_path)
    places = [next(at for at, page in enumerate(found) if text in page) for text in ("下表的标题", "下表的说明", "甲0")]
    assert len(set(places)) == 1, places
