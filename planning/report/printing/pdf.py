"""
PDF by Typst, in this process: the template is ours, and everything else reaches it as data.

To print a document of your own, make its content and hand it over::

    from planning.report.printing.blocks import Content, Heading, Paragraph, table, words
    from planning.report.printing.paper import set_paper
    from planning.report.printing.pdf import to_pdf

    content = Content(
        title=t("Decision sheet"),
        blocks=(
            Heading(words(t("Indicators")), level=2),
            table([(t("Indicator"), False), (t("Today"), True)], [[name, value] for name, value in rows]),
        ),
    )
    paper = set_paper(t.language, project=county.project.name, title=content.title, map_number=number)
    data = to_pdf(content, paper)          # bytes; word.to_word(content, paper) gives the same as a Word file

Texts may hold anything: none of them is read as markup. Maps of the report are made into figures by
:func:`planning.report.printing.drawings.figure_of_svg`. :func:`count_pages` tells whether a sheet kept to its page.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any

from planning.report.printing.blocks import (
    Block,
    Content,
    ContentsList,
    Facts,
    Figure,
    FigureRow,
    Heading,
    Notes,
    Paragraph,
    Table,
    Words,
)
from planning.report.printing.columns import column_widths
from planning.report.printing.fonts import Typeface, find_typeface, lacking
from planning.report.printing.paper import Paper

__all__ = ["count_pages", "draw_figures", "to_pdf"]

#: The sign that Chinese printers put where a character is missing.
_MISSING = "\u3013"


def to_pdf(content: Content, paper: Paper, *, face: Typeface | None = None) -> bytes:
    """
    Print a document as PDF, fonts embedded.

    Parameters
    ----------
    content : Content
        The document.
    paper : Paper
        Its pages.
    face : Typeface, optional
        The font; the one that :func:`planning.report.printing.fonts.find_typeface` finds by default.

    Returns
    -------
    bytes
        The PDF. A character that the font has not is printed as the sign of a missing one (U+3013), never as a box.

    Raises
    ------
    FontError
        If no font has Chinese.
    """
    face = face or find_typeface()
    compiled = _compile("document", _document(content, paper), face)
    return compiled[0]


def count_pages(data: bytes) -> int:
    """
    Count the pages of a PDF that was made here.

    Parameters
    ----------
    data : bytes
        The PDF.

    Returns
    -------
    int
        Its pages.
    """
    marks = data.count(b"/Type /Page") + data.count(b"/Type/Page")
    return marks - data.count(b"/Type /Pages") - data.count(b"/Type/Pages")


def draw_figures(figures: Sequence[Figure], *, width_mm: float = 170.0, dpi: float = 200.0) -> list[bytes]:
    """
    Draw figures as pictures, for documents that hold no vectors.

    Parameters
    ----------
    figures : sequence of Figure
        The figures, without their captions and legends.
    width_mm : float
        Width of a figure whose share is 1 [mm].
    dpi : float
        Fineness [dots/inch].

    Returns
    -------
    list of bytes
        PNG files, in the same order.

    Raises
    ------
    FontError
        If no font has Chinese.
    """
    if not figures:
        return []
    face = find_typeface()
    data = {"figures": [_figure(figure) for figure in figures], "width": width_mm}
    return _compile("pictures", data, face, format="png", ppi=dpi)


def _compile(kind: str, data: dict[str, Any], face: Typeface, **options: Any) -> list[bytes]:
    import typst

    text = json.dumps({**data, "kind": kind, "font": face.family}, ensure_ascii=False)
    missing = lacking(face, text)
    if missing:
        text = text.translate({ord(sign): _MISSING for sign in missing})
    made = typst.compile(_template(), font_paths=face.load(), sys_inputs={"content": text}, **options)
    return made if isinstance(made, list) else [made or b""]


def _template() -> bytes:
    return resources.files("planning.report").joinpath("templates", "paper.typ").read_bytes()


def _document(content: Content, paper: Paper) -> dict[str, Any]:
    return {
        "title": content.title,
        "subtitle": list(content.subtitle),
        "has_title": content.has_title,
        "paper": dataclasses.asdict(paper),
        "blocks": [_block(block) for block in content.blocks],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading():
            return {"is": "heading", "level": block.level, "words": _words(block.words)}
        case Paragraph():
            return {"is": "paragraph", "kind": block.kind, "words": _words(block.words)}
        case Notes():
            return {"is": "notes", "items": [_words(item) for item in block.items]}
        case Facts():
            return {"is": "facts", "large": block.large, "items": [list(item) for item in block.items]}
        case Table():
            return _table(block)
        case Figure():
            return {"is": "figure", **_figure(block)}
        case FigureRow():
            return {"is": "figures", "figures": [_figure(figure) for figure in block.figures]}
        case ContentsList():
            return {"is": "contents"}
        case _:
            return {"is": "break"}


def _words(text: Words) -> list[list[str]]:
    return [[piece.text, piece.kind] for piece in text]


def _figure(figure: Figure) -> dict[str, Any]:
    return {**dataclasses.asdict(figure), "ratio": figure.height / figure.width}


def _table(table: Table) -> dict[str, Any]:
    return {
        "is": "table",
        "widths": column_widths(table),
        "columns": [{"words": _words(column.words), "number": column.is_number} for column in table.columns],
        "rows": [{"kind": row.kind, "cells": [_words(cell) for cell in row.cells]} for row in table.rows],
    }
