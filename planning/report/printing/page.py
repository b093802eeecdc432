"""
The report's page as blocks: what the browser shows is what paper shows, number for number.

The page is made by our own templates and holds nothing but headings, paragraphs, facts, tables, figures and lists. It is
read here as any reader would; a kind of content that is not known becomes a paragraph, so that nothing is left out. What
carries the class ``screen`` is for the screen only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from planning.i18n.terms import term
from planning.report.printing.blocks import (
    Block,
    Column,
    Facts,
    FigureRow,
    Heading,
    Notes,
    Paragraph,
    ParagraphKind,
    Piece,
    PieceKind,
    Row,
    RowKind,
    Table,
    Words,
)
from planning.report.printing.drawings import figure_of_page, parse_page, shared_parts

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["blocks_of_page"]

_LEVELS = {"h1": 1, "h2": 1, "h3": 2, "h4": 3, "summary": 2}
_THROUGH = ("section", "details", "article", "main", "header", "footer")
_SKIPPED = ("svg", "script", "style", "template")
_ROWS: Mapping[str, RowKind] = {"total": "total", "warn": "warning", "own": "own"}
#: Classes of paragraphs, the first that fits: where there is no answer, its words are a warning.
_PARAGRAPHS: Mapping[str, ParagraphKind] = {"none": "warning", "proof": "proof", "soft": "soft"}
#: Classes of pieces and cells, the first that fits.
_PIECES: Mapping[str, PieceKind] = {"badge": "badge", "soft": "soft", "lacking": "failed"}
_BLANKS = re.compile(r"[ \t\r\f\v\n]+")


def blocks_of_page(page: str, t: Translator | None = None) -> tuple[Block, ...]:
    """
    Read a page of the report.

    A table that the page marks as long is shortened for paper: of each of its groups the first rows, what is not met before
    the others; how many are left out, and where they are, is told below it.

    Parameters
    ----------
    page : str
        HTML as :func:`planning.report.html.report_page` makes it.
    t : Translator, optional
        The language of what is told of rows left out; without it every row is kept.

    Returns
    -------
    tuple of Block
        Its content in order, without its own head and foot.

    Examples
    --------
    >>> blocks_of_page("<html><body><h2>Pupils</h2><p class='soft'>All of &lt;b&gt;</p></body></html>")[1]
    Paragraph(words=(Piece(text='All of <b>', kind='plain'),), kind='soft')
    """
    body = parse_page(page)
    parts = shared_parts(body)
    return tuple(block for child in body if child.tag not in ("header", "footer") for block in _blocks(child, parts, t))


def _classes(element: Any) -> list[str]:
    return (element.get("class") or "").split()


def _blocks(element: Any, parts: Mapping[str, Any], t: Translator | None) -> Iterator[Block]:
    classes = _classes(element)
    if not isinstance(element.tag, str) or element.tag in _SKIPPED or "screen" in classes:
        return
    if element.tag in _LEVELS:
        yield Heading(_words(element), _LEVELS[element.tag])
    elif element.tag in _THROUGH or (element.tag == "div" and not classes):
        for child in element:
            yield from _blocks(child, parts, t)
    elif element.tag == "table":
        yield from _shortened(element, t)
    elif element.tag == "figure":
        yield figure_of_page(element, parts)
    elif "charts" in classes:
        yield FigureRow(tuple(figure_of_page(figure, parts) for figure in element.iterfind("figure")))
    elif "cards" in classes or "two" in classes:
        yield Facts(tuple(_fact(item) for item in element), large="cards" in classes)
    elif element.tag in ("ul", "ol"):
        yield Notes(tuple(_words(item) for item in element.iterfind("li")))
    else:
        text = _words(element)
        if text:
            yield Paragraph(text, next((_PARAGRAPHS[name] for name in _PARAGRAPHS if name in classes), "plain"))


def _fact(item: Any) -> tuple[str, str]:
    value, name = item.find("b"), item.find("span")
    return _plain(value), _plain(name)


def _plain(element: Any) -> str:
    return "".join(piece.text for piece in _words(element))


def _table(element: Any) -> Table:
    heads = element.findall("thead/tr/th")
    rows = element.findall("tbody/tr")
    return Table(
        tuple(Column(_words(head), "n" in _classes(head)) for head in heads),
        tuple(_row(row) for row in rows),
    )


def _shortened(element: Any, t: Translator | None) -> Iterator[Block]:
    """Give a table, of a long one its first rows and how many are left out; the workbook has them all."""
    whole = _table(element)
    most = element.get("data-most")
    if t is None or most is None:
        yield whole
        return
    left = {at for at, row in enumerate(element.findall("tbody/tr")) if row.get("data-left")}
    kept, counted = [], 0
    for group in _groups(whole.rows):
        body = [at for at in group if not _is_head(whole.rows[at])]
        body.sort(key=lambda at: (whole.rows[at].kind != "total", not _has_failed(whole.rows[at])))
        stay = [at for at in body if at not in left][: int(most)]
        counted += len(body) - len(stay)
        kept += [at for at in group if _is_head(whole.rows[at])] + stay
    if any(not _is_head(whole.rows[at]) for at in kept):
        yield Table(whole.columns, tuple(whole.rows[at] for at in kept))
    more = counted + int(element.get("data-more") or 0)
    if more:
        sheet = element.get("data-sheet")
        told = t(
            "{n} more rows are not printed here; the full table is in the workbook (tables.xlsx), sheet {sheet}, and in {file}.",
            n=t.number(more), sheet=term(t, sheet), file=f"{sheet}.csv",
        )  # fmt: skip
        yield Paragraph((Piece(told),), "soft")


def _groups(rows: Sequence[Row]) -> Iterator[list[int]]:
    """Part the rows where one spans the table, which is the head of those below."""
    group: list[int] = []
    for at, row in enumerate(rows):
        if _is_head(row) and group:
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def _is_head(row: Row) -> bool:
    return len(row.cells) == 1


def _has_failed(row: Row) -> bool:
    return any(piece.kind == "failed" for cell in row.cells for piece in cell)


def _row(row: Any) -> Row:
    kind: RowKind = next((_ROWS[name] for name in _classes(row) if name in _ROWS), "plain")
    return Row(tuple(_words(cell) for cell in row.iterfind("td")), kind)


def _words(element: Any) -> Words:
    """Give the text of an element, blanks as a browser shows them."""
    pieces: list[Piece] = []
    for text, kind in _pieces(element, _kind(element, "plain") if element.tag == "td" else "plain"):
        shown = "\n" if text == "\n" else _BLANKS.sub(" ", text)
        before = pieces[-1].text if pieces else "\n"
        if before.endswith((" ", "\n")):
            shown = shown.lstrip(" ")
        if not shown:
            continue
        if pieces and pieces[-1].kind == kind:
            pieces[-1] = Piece(before + shown, kind)
        else:
            pieces.append(Piece(shown, kind))
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    if pieces:
        pieces[-1] = Piece(pieces[-1].text.rstrip(), pieces[-1].kind)
    return tuple(pieces)


def _pieces(element: Any, kind: PieceKind) -> Iterator[tuple[str, PieceKind]]:
    if element.text:
        yield element.text.replace("\n", " "), kind
    for child in element:
        if child.tag == "br":
            yield "\n", kind
        elif child.tag not in _SKIPPED:
            yield from _pieces(child, _kind(child, kind))
        if child.tail:
            yield child.tail.replace("\n", " "), kind


def _kind(element: Any, outer: PieceKind) -> PieceKind:
    """Tell how an element's words are set: by its class, or by the colour of what is not met."""
    for name, kind in _PIECES.items():
        if name in _classes(element):
            return kind
    style = element.get("style") or ""
    if "#a1260d" in style:
        return "failed"
    if "#7a4b00" in style:
        return "doubtful"
    return "strong" if element.tag in ("b", "strong") else outer
