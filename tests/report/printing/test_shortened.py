"""Long tables on paper: what is printed and what is said to be left out are together the whole table."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.printing.blocks import Figure, FigureRow, Heading, Paragraph, Table
from planning.report.printing.page import blocks_of_page
from planning.report.printing.pdf import draw_figures
from planning.report.printing.report import report_content


def page(rows: str, *, most: int, more: int = 0) -> str:
    """Write a page with one long table of two columns."""
    marks = f'data-most="{most}" data-sheet="closures" data-more="{more}"'
    return f"<html><body><table {marks}><thead><tr><th>A</th><th>B</th></tr></thead><tbody>{rows}</tbody></table></body></html>"


def row(name: str, *, kind: str = "", cell: str = "") -> str:
    """Write a row of it."""
    return f'<tr class="{kind}"><td>{name}</td><td class="{cell}">1</td></tr>'


def names(table: Table) -> list[str]:
    """Give what stands first in each row."""
    return [line.cells[0][0].text for line in table.rows]


def told(block: object) -> int:
    """Give the number of rows that a paragraph says are left out."""
    assert isinstance(block, Paragraph)
    found = re.match(r"([\d,]+) more rows? ", block.words[0].text)
    assert found is not None
    return int(found.group(1).replace(",", ""))


@pytest.mark.parametrize(("many", "most", "more"), [(5, 2, 0), (5, 2, 1200), (3, 3, 4), (1, 9, 1)])
def test_rows_printed_and_rows_left_out_are_the_table(many, most, more):
    shown = page("".join(row(f"r{n}") for n in range(many)), most=most, more=more)
    table, note = blocks_of_page(shown, get_translator("en"))
    assert names(table) == [f"r{n}" for n in range(min(many, most))]
    assert len(table.rows) + told(note) == many + more
    assert "closures.csv" in note.words[0].text
    assert term(get_translator("en"), "closures") in note.words[0].text


def test_a_table_that_fits_says_nothing():
    (table,) = blocks_of_page(page(row("a") + row("b"), most=2), get_translator("en"))
    assert names(table) == ["a", "b"]


def test_without_a_language_every_row_is_kept():
    (table,) = blocks_of_page(page("".join(row(f"r{n}") for n in range(9)), most=2, more=3))
    assert len(table.rows) == 9


def test_the_total_and_what_fails_come_first():
    rows = row("a") + row("b", cell="lacking") + row("c") + row("all", kind="total")
    table, note = blocks_of_page(page(rows, most=2), get_translator("en"))
    assert names(table) == ["all", "b"]
    assert told(note) == 2


def test_each_group_keeps_its_head_and_its_first_rows():
    head = '<tr class="warn"><td colspan="2">{}</td></tr>'
    rows = head.format("I") + row("a") + row("b") + head.format("II") + row("c") + row("d") + row("e")
    table, note = blocks_of_page(page(rows, most=1), get_translator("en"))
    assert names(table) == ["I", "a", "II", "c"]
    assert told(note) == 3


def test_rows_marked_as_left_are_counted_and_an_empty_table_is_not_printed():
    rows = '<tr data-left="1"><td>a</td><td>1</td></tr>' * 3
    (note,) = blocks_of_page(page(rows, most=9), get_translator("en"))
    assert told(note) == 3


def test_the_rules_printed_and_left_out_are_all_rules(clip):
    t = get_translator("en")
    blocks = report_content(t, clip).blocks
    at = next(n for n, one in enumerate(blocks) if isinstance(one, Heading) and one.words[0].text == t("Rules used"))
    n_rules = n_found = n_printed = 0
    for block in blocks[at + 1 :]:
        if isinstance(block, Heading) and block.level == 1:
            break
        text = "".join(piece.text for piece in block.words) if isinstance(block, Heading | Paragraph) else ""
        if isinstance(block, Heading) and (count := re.search(r"([\d,]+) rules?$", text)):
            n_rules += int(count.group(1).replace(",", ""))
        elif isinstance(block, Table) and len(block.columns) == 4 and block.columns[1].words[0].text == t("Value"):
            n_found += len(block.rows)
            n_printed += len(block.rows)
        elif re.match(r"[\d,]+ more rows? ", text):
            n_found += told(block)
    assert n_rules == n_found
    assert 0 < n_printed < n_rules


def test_maps_of_a_stage_stand_side_by_side_with_legend_and_sources(clip):
    t = get_translator("en")
    rows = [block for block in report_content(t, clip).blocks if isinstance(block, FigureRow)]
    pairs = [one.figures for one in rows if all(figure.source for figure in one.figures)]
    assert len(pairs) == len(clip.base)
    for access, catchments in pairs:
        assert isinstance(access, Figure)
        assert access.legend
        assert access.caption.startswith("Way to the nearest school")
        assert catchments.caption.startswith("Catchments")


def test_the_sign_of_a_proposed_site_can_be_seen(clip):
    figures = [block for block in report_content(get_translator("en"), clip).blocks if isinstance(block, Figure)]
    signs = {key.text: key.sign for figure in figures for key in figure.legend}
    (picture,) = draw_figures([Figure((signs["Proposed site"],), 12, 12, share=0.05)])
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    assert (np.abs(pixels - (0x00, 0x80, 0x6B)).sum(axis=2) < 30).mean() > 0.1
