"""The printed report, hearing sheets and any document: as PDF read by Poppler, as Word opened by LibreOffice."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import shutil
import subprocess
from pathlib import Path

import docx
import pytest
from changed_runs import with_county, with_names

from planning.errors import ConfigError
from planning.i18n import get_translator
from planning.report.printing.blocks import Content, Heading, Notes, Paragraph, table, words
from planning.report.printing.fonts import FontError, choose_typeface, find_typeface, lacking
from planning.report.printing.hearing import hearing_of_answer, hearing_villages, print_hearing
from planning.report.printing.paper import set_paper
from planning.report.printing.pdf import count_pages, to_pdf
from planning.report.printing.report import print_report
from planning.report.printing.word import to_word

DAY = dt.date(2026, 11, 22)
HOSTILE = ('#import "x"', "<script>alert(1)</script>", '=HYPERLINK("http://x")', "$x^2$ *_[a](b)_* \\ @ref")
#: Latin words that a report in Chinese may hold: formats, programs, systems, codes of data.
ALLOWED = {"openstreetmap", "epsg", "sha", "osm", "pbf", "tif", "xlsx", "csv", "gpkg", "yaml", "boundary", "roads", "population", "schools", "tables", "school", "layout", "planner", "off", "road", "ledger", "rules", "set", "aside", "project", "html", "report", "contributors"}  # fmt: skip


def program(name: str) -> str:
    """Find a program that the tests read with."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} must be there (Debian: poppler-utils, libreoffice-writer-nogui)")
    return found


def said(command: str, data: bytes, folder: Path, *options: str) -> str:
    """Hand a PDF to one of Poppler's programs and give what it says."""
    file = folder / "document.pdf"
    file.write_bytes(data)
    tail = ["-"] if command == "pdftotext" else []
    return subprocess.run(
        [program(command), *options, str(file), *tail], capture_output=True, text=True, check=True
    ).stdout


@pytest.fixture(scope="module", params=["zh", "en"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def pdf(clip, language):
    return print_report(with_names(clip, list(HOSTILE)), language=language, map_number="GS(2026)0001", day=DAY)


def test_fonts_are_embedded_and_chinese_is_found(pdf, tmp_path):
    rows = said("pdffonts", pdf, tmp_path).splitlines()[2:]
    assert rows
    for row in rows:  # the columns before the object's number: embedded, subset, with a table of characters
        assert row.split()[-5:-2] == ["yes", "yes", "yes"], row
    assert "学校" in said("pdftotext", pdf, tmp_path)


def test_every_page_says_what_it_belongs_to(pdf, language, tmp_path):
    pages = said("pdftotext", pdf, tmp_path).split("\f")[:-1]
    assert len(pages) == count_pages(pdf) > 5
    for number, page in enumerate(pages, start=1):
        assert "GS(2026)0001" in page, number
        assert re.search(rf"{number}\D+{len(pages)}", page), number
    assert "内部规划用图" not in "".join(pages)


def test_names_that_look_like_markup_are_printed_as_they_are(pdf, tmp_path):
    text = said("pdftotext", pdf, tmp_path, "-raw").replace("\n", "").replace(" ", "")
    for name in HOSTILE:
        assert name.replace(" ", "") in text, name


def test_numbers_are_those_of_the_run(clip, pdf, tmp_path):
    text = said("pdftotext", pdf, tmp_path)
    for state in clip.base.values():
        assert f"{state.reconciliation['pupils'].iloc[0]:,}" in text
    for township in clip.county.townships["name"]:
        assert township in text


def test_no_english_is_left_in_the_chinese_report(clip, tmp_path):
    text = said("pdftotext", print_report(clip, language="zh", day=DAY), tmp_path).lower()
    text = re.sub(r"[\w.-]+\.(csv|xlsx|gpkg|tif|pbf|yaml|html)|[0-9a-f]{8,}|[a-z_]+\.[a-z_]+", "", text)
    assert not set(re.findall(r"(?<![a-z_])[a-z]{4,}(?![a-z_:])", text)) - ALLOWED
    assert "内部规划用图" in text


def test_word_opens_in_libreoffice_with_the_same_tables(clip, language, tmp_path):
    data = print_report(with_names(clip, list(HOSTILE)), format="docx", language=language, day=DAY)
    read = docx.Document(io.BytesIO(data))
    cells = {cell.text for one in read.tables for row in one.rows for cell in row.cells}
    assert len(read.tables) > 5
    assert len(read.inline_shapes) > 2
    for state in clip.base.values():
        assert any(f"{state.reconciliation['pupils'].iloc[0]:,}" in cell for cell in cells)
    assert any(HOSTILE[1] in cell for cell in cells)
    fields = re.findall(r"<w:instrText[^>]*>([^<]*)<", read.element.xml)
    assert not [field for field in fields if "HYPERLINK" in field]  # a text never becomes a field
    (tmp_path / "report.docx").write_bytes(data)
    subprocess.run(
        [program("soffice"), f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(tmp_path / "report.docx")],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    text = said("pdftotext", (tmp_path / "report.pdf").read_bytes(), tmp_path)
    assert "学校" in text
    for township in clip.county.townships["name"]:
        assert township in text


def test_long_table_repeats_its_head_and_loses_no_row(tmp_path):
    t = get_translator("zh")
    rows = [[f"第{n}村", f"{n}"] for n in range(200)]
    content = Content(title="长表", blocks=(table([("村名称", False), ("学生数", True)], rows),))
    data = to_pdf(content, set_paper(t.language, project="试验县", title="长表", day=DAY))
    pages = said("pdftotext", data, tmp_path, "-layout").split("\f")[:-1]
    assert len(pages) > 2
    assert all(re.search(r"村名称\s+学生数", page) for page in pages)
    found = re.findall(r"第\s*(\d+)\s*村\s+(\d+)", "".join(pages))
    assert [int(name) for name, _ in found] == list(range(200))
    assert all(name == number for name, number in found)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_is_never_markup(text, tmp_path):
    blocks = (Heading(words(text)), Paragraph(words(text)), Notes((words(text),)), table([(text, False)], [[text]]))
    content = Content(title=text, blocks=blocks)
    paper = set_paper("en", project=text, title=text, day=DAY)
    printed = said("pdftotext", to_pdf(content, paper), tmp_path, "-raw").replace("\n", "").replace(" ", "")
    assert printed.count(text.replace(" ", "")) >= 5
    read = docx.Document(io.BytesIO(to_word(content, paper)))
    assert read.tables[0].rows[0].cells[0].text == text


def test_hearing_sheet_is_a_page_a_village(clip, tmp_path):
    hearing = hearing_of_answer(clip, "两所新校")
    table = hearing_villages(hearing)
    changed = table[table["changes"]].index.droplevel("band").unique()
    assert 1 < len(changed) < len(table.index.droplevel("band").unique())
    pages = said("pdftotext", print_hearing(hearing, language="zh", day=DAY), tmp_path).split("\f")[:-1]
    assert len(pages) == len(changed)
    for (township, village), page in zip(changed.sort_values(), pages, strict=True):
        assert str(village) in page
        assert str(township) in page
    one = str(changed[0][1])
    expected = sum(village == one for _, village in changed)
    assert count_pages(print_hearing(hearing, villages=[one], language="en", day=DAY)) == expected
    with pytest.raises(ConfigError, match="nowhere at all"):
        print_hearing(hearing, villages=["nowhere at all"], day=DAY)
    with pytest.raises(ConfigError):
        hearing_of_answer(clip, "never asked")


def test_without_a_chinese_font_the_cure_is_told(monkeypatch, tmp_path):
    with pytest.raises(FontError, match="PLANNING_FONT") as told:
        choose_typeface([])
    assert "fonts-noto-cjk" in str(told.value)
    monkeypatch.setenv("PLANNING_FONT", str(tmp_path / "none.ttf"))
    with pytest.raises(FontError, match=r"none\.ttf"):
        find_typeface()
    empty = tmp_path / "fonts"
    empty.mkdir()
    monkeypatch.setenv("PLANNING_FONT", str(empty))
    with pytest.raises(FontError, match="PLANNING_FONT"):
        to_pdf(Content(title="x", blocks=()), set_paper("zh", project="x", title="x", day=DAY))


def test_a_font_knows_what_it_lacks(monkeypatch):
    monkeypatch.delenv("PLANNING_FONT", raising=False)
    face = find_typeface()
    assert lacking(face, "学校 abc 1") == []
    assert lacking(face, "学\U000f0000") == ["\U000f0000"]


def test_a_map_number_that_cannot_be_one_is_refused():
    with pytest.raises(ConfigError, match="200 characters"):
        set_paper("zh", project="x", title="x", day=DAY, map_number="x" * 200)
    assert set_paper("zh", project="x", title="x", day=DAY, map_number=" GS\n1 ").mark.endswith("GS 1")


def test_language_of_the_paper_is_that_which_is_asked_for(clip, tmp_path):
    english = with_county(clip, project=clip.county.project.model_copy(update={"language": "en"}))
    assert "Page 1 of" in said("pdftotext", print_report(dataclasses.replace(english), day=DAY), tmp_path)
