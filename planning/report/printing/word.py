"""
The same document as a Word file that can be edited: styles for headings, real tables whose heads are repeated, pictures.

Tables are written as XML at once; cell by cell through the library, the demo's report would take half a minute.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from planning.report.printing.blocks import (
    Content,
    ContentsList,
    Facts,
    Figure,
    FigureRow,
    Heading,
    Key,
    Notes,
    PageBreak,
    Paragraph,
    Piece,
    Row,
    Table,
    Words,
    words,
)
from planning.report.printing.columns import column_widths
from planning.report.printing.paper import Paper
from planning.report.printing.pdf import draw_figures

__all__ = ["to_word"]

#: Fonts that the offices of China have; where one is missing, the program takes another.
_CHINESE, _LATIN = "Microsoft YaHei", "Arial"
_COLOURS = {"soft": "5B6875", "badge": "2B4A70", "failed": "A1260D", "doubtful": "7A4B00"}
_FILLS = {"total": "F3F5F7", "warning": "FDF3EC", "own": "EAF5F1"}
_HEAD_FILL, _LINE = "EEF3F8", "CFD6DD"
_MARGIN_MM, _SMALL_MARGIN_MM = 18.0, 14.0
#: Highest figure, and the height of a sign in a legend [mm].
_HIGHEST_MM, _SIGN_MM = 118.0, 3.0
#: Fineness of pictures [dots/inch]: lines stay sharp in print, and a file can still be sent by mail.
_DPI = 180.0
#: Twentieths of a point, the unit of widths in Word, in a millimetre.
_TWIPS = 56.7
#: Characters that XML cannot hold.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def to_word(content: Content, paper: Paper) -> bytes:
    """
    Write a document as a Word file.

    Parameters
    ----------
    content : Content
        The document.
    paper : Paper
        Its pages.

    Returns
    -------
    bytes
        A ``.docx`` file; figures are pictures in it.

    Raises
    ------
    FontError
        If no font has Chinese, which the pictures need.
    """
    margin = _SMALL_MARGIN_MM if paper.small_margins else _MARGIN_MM
    writer = _Writer(paper, room_mm=210 - 2 * margin)
    writer.set_pages(content, margin)
    writer.draw(content)
    if content.has_title:
        writer.title(content)
    for block in content.blocks:
        if isinstance(block, ContentsList):
            writer.contents(content)
        else:
            writer.block(block)
    stream = io.BytesIO()
    writer.document.save(stream)
    return stream.getvalue()


class _Writer:
    """Writes one document; holds it, and the pictures of its figures, which are drawn all at once."""

    def __init__(self, paper: Paper, *, room_mm: float) -> None:
        self.document = docx.Document()
        self.paper = paper
        self.room_mm = room_mm
        self.is_break_due = False
        self.pictures: dict[tuple[str, ...], bytes] = {}

    def set_pages(self, content: Content, margin: float) -> None:
        """Set size, margins, styles, head and foot."""
        self.document.core_properties.title = _clean(content.title)
        self.document.core_properties.author = ""
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(margin)
        section.top_margin, section.bottom_margin = (Mm(15), Mm(13)) if self.paper.small_margins else (Mm(20), Mm(18))
        section.header_distance = section.footer_distance = Mm(7 if self.paper.small_margins else 9)
        is_tight = self.paper.small_margins
        for name, size, bold in (
            ("Normal", 9.0 if is_tight else 9.5, False), ("Title", 21, True), ("Heading 1", 14, True), ("Heading 2", 11, True),
            ("Heading 3", 10, True), ("List Bullet", 8.5, False),
        ):  # fmt: skip
            _set_style(self.document.styles[name], size, bold=bold, is_tight=is_tight)
        head, foot = section.header.paragraphs[0], section.footer.paragraphs[0]
        for line in (head, foot):
            line.style = self.document.styles["Normal"]  # their own styles bring a stop in the middle
            line.paragraph_format.tab_stops.clear_all()
            line.paragraph_format.tab_stops.add_tab_stop(Mm(self.room_mm), WD_TAB_ALIGNMENT.RIGHT)
        _add_words(head, words(Piece(f"{self.paper.left}\t{self.paper.right}", "soft")))
        _add_words(foot, words(Piece(f"{self.paper.mark}\t", "soft")))
        for part in re.split(r"(\{page\}|\{pages\})", self.paper.pages):
            if part in ("{page}", "{pages}"):
                _add_field(foot, "PAGE" if part == "{page}" else "NUMPAGES")
            else:
                _add_words(foot, words(Piece(part, "soft")))

    def draw(self, content: Content) -> None:
        """Draw all figures, and each sign of their legends once."""
        figures = [figure for block in content.blocks for figure in _figures(block)]
        signs = {key.sign: key for figure in figures for key in figure.legend if key.sign}
        small = [
            Figure((sign,), 22 if "0 0 22 12" in sign else 12, 12, share=_SIGN_MM / self.room_mm) for sign in signs
        ]
        wanted = [*{figure.layers: figure for figure in figures}.values()]
        made = draw_figures(wanted, width_mm=self.room_mm, dpi=_DPI)
        made += draw_figures(small, width_mm=self.room_mm, dpi=2 * _DPI)
        self.pictures = {figure.layers: picture for figure, picture in zip((*wanted, *small), made, strict=True)}

    def title(self, content: Content) -> None:
        """Write the title and the lines below it."""
        _add_words(self.document.add_paragraph(style="Title"), words(content.title))
        for line in content.subtitle:
            _add_words(self.document.add_paragraph(), words(Piece(line, "soft")))

    def contents(self, content: Content) -> None:
        """List the headings of the first level, as a field that Word can renew with page numbers."""
        heads = [block.words for block in content.blocks if isinstance(block, Heading) and block.level == 1]
        for number, head in enumerate(heads):
            line = self.document.add_paragraph()
            if number == 0:
                _begin_field(line, 'TOC \\o "1-1" \\h')
            _add_words(line, head)
            if number == len(heads) - 1:
                _end_field(line)

    def new_line(self, style: str | None = None) -> Any:
        """Begin a paragraph, on a new page where one is due."""
        line = self.document.add_paragraph(style=style)
        if self.is_break_due:
            line.paragraph_format.page_break_before = True
            self.is_break_due = False
        return line

    def block(self, block: Any) -> None:
        """Write one block."""
        match block:
            case Heading():
                _add_words(self.new_line(f"Heading {block.level}"), block.words)
            case Paragraph():
                self.paragraph(block)
            case Notes():
                for item in block.items:
                    _add_words(self.new_line("List Bullet"), item)
            case Facts():
                self.facts(block)
            case Table():
                self.table(block)
            case Figure():
                self.figure(block, self.room_mm)
            case FigureRow():
                self.figures(block)
            case PageBreak():
                self.is_break_due = True

    def paragraph(self, block: Paragraph) -> None:
        """Write a paragraph; a proof or a warning has a ground of its own."""
        line = self.new_line()
        soft = tuple(Piece(piece.text, "soft" if piece.kind == "plain" else piece.kind) for piece in block.words)
        _add_words(line, soft if block.kind == "soft" else block.words)
        if block.kind in ("proof", "warning"):
            _shade(line.paragraph_format.element.get_or_add_pPr(), "F2F6FB" if block.kind == "proof" else "FBF1F1")

    def facts(self, block: Facts) -> None:
        """Write numbers and what they are: four a line, or two columns."""
        many = min(len(block.items), 4) if block.large else 2
        cells = [
            words(Piece(value, "strong"), f"\n{name}") if block.large else words(f"{name}  ", Piece(value, "strong"))
            for value, name in block.items
        ]
        cells += [()] * (-len(cells) % many)
        rows = [Row(tuple(cells[at : at + many])) for at in range(0, len(cells), many)]
        self.grid([self.room_mm / many] * many, rows, [False] * many, size=9)

    def table(self, block: Table) -> None:
        """Write a table."""
        widths = column_widths(block)
        scale = self.room_mm / sum(widths)
        many = len(widths)
        head = Row(tuple(column.words for column in block.columns))
        self.grid(
            [width * scale for width in widths], block.rows, [column.is_number for column in block.columns],
            head=head, size=7 if many > 9 else 7.5 if many > 6 else 8.5,
        )  # fmt: skip

    def grid(
        self,
        widths_mm: Sequence[float],
        rows: Sequence[Row],
        numbers: Sequence[bool],
        *,
        size: float,
        head: Row | None = None,
    ) -> None:
        """Write rows; the head is repeated on every page, and no row is cut."""
        frame = _element("w:tbl")
        properties = _element("w:tblPr", frame)
        _element("w:tblW", properties, {"w:w": str(round(sum(widths_mm) * _TWIPS)), "w:type": "dxa"})
        borders = _element("w:tblBorders", properties)
        for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
            _element(f"w:{side}", borders, {"w:val": "single", "w:sz": "4", "w:color": _LINE})
        _element("w:tblLayout", properties, {"w:type": "fixed"})
        margins = _element("w:tblCellMar", properties)
        for side in ("left", "right"):
            _element(f"w:{side}", margins, {"w:w": "70", "w:type": "dxa"})
        columns = _element("w:tblGrid", frame)
        for width in widths_mm:
            _element("w:gridCol", columns, {"w:w": str(round(width * _TWIPS))})
        if head is not None:
            _add_row(frame, head, widths_mm, numbers, size, is_head=True)
        for row in rows:
            _add_row(frame, row, widths_mm, numbers, size)
        body = self.document.element.body
        body.insert(len(body) - 1, frame)
        gap = self.document.add_paragraph()
        gap.paragraph_format.space_after, gap.paragraph_format.line_spacing = Pt(0), Pt(7)

    def figures(self, block: FigureRow) -> None:
        """Write figures two a line."""
        frame = self.document.add_table(rows=-(-len(block.figures) // 2), cols=2)
        for number, figure in enumerate(block.figures):
            place = frame.cell(number // 2, number % 2)
            self.figure(figure, self.room_mm / 2 - 4, place=place, share=1.0)

    def figure(self, block: Figure, room_mm: float, *, place: Any = None, share: float | None = None) -> None:
        """Write caption, picture, legend and sources."""
        holder = place or self.document
        first = place.paragraphs[0] if place is not None else None
        if block.caption:
            line = first or holder.add_paragraph()
            first = None
            _add_words(line, words(Piece(block.caption, "strong")))
            line.paragraph_format.keep_with_next = True
        width = min(room_mm * (share or block.share), _HIGHEST_MM * block.width / block.height)
        line = first or holder.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        line.paragraph_format.keep_with_next = bool(block.legend or block.source)
        line.add_run().add_picture(io.BytesIO(self.pictures[block.layers]), width=Mm(width))
        if block.legend:
            line = holder.add_paragraph()
            for key in block.legend:
                self.key(line, key)
        if block.source:
            _add_words(holder.add_paragraph(), words(Piece(block.source, "soft")))

    def key(self, line: Any, key: Key) -> None:
        """Write an entry of a legend."""
        run = line.add_run()
        if key.sign:
            run.add_picture(io.BytesIO(self.pictures[(key.sign,)]), height=Mm(_SIGN_MM))
        else:
            run.text = "\u25a0"
            run.font.color.rgb = RGBColor.from_string(key.colour.lstrip("#").upper())
        _add_words(line, words(Piece(f"\u00a0{key.text}   ", "soft")))


def _figures(block: Any) -> Iterator[Figure]:
    if isinstance(block, Figure):
        yield block
    elif isinstance(block, FigureRow):
        yield from block.figures


def _set_style(style: Any, size: float, *, bold: bool, is_tight: bool) -> None:
    style.font.name, style.font.size, style.font.bold = _LATIN, Pt(size), bold
    style.font.color.rgb = RGBColor(0x0B, 0x53, 0x94) if style.name == "Heading 1" else RGBColor(0x1D, 0x27, 0x33)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # a theme's font would come first
        fonts.attrib.pop(qn(f"w:{name}"), None)
    fonts.set(qn("w:eastAsia"), _CHINESE)
    if style.name != "Title":
        style.paragraph_format.space_after = Pt(2 if is_tight else 3)
    if style.name.startswith("Heading"):
        style.paragraph_format.space_before = Pt(
            0 if is_tight and style.name == "Heading 1" else 4 if is_tight else 14 if style.name == "Heading 1" else 9
        )
        style.paragraph_format.keep_with_next = True


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _element(name: str, parent: Any = None, attributes: dict[str, str] | None = None) -> Any:
    made = OxmlElement(name)
    for key, value in (attributes or {}).items():
        made.set(qn(key), value)
    if parent is not None:
        parent.append(made)
    return made


def _shade(properties: Any, colour: str) -> None:
    _element("w:shd", properties, {"w:val": "clear", "w:color": "auto", "w:fill": colour})


def _add_words(line: Any, text: Words, *, size: float | None = None, bold: bool = False) -> None:
    """Add runs to a paragraph; every text is a text, whatever it begins with."""
    holder = getattr(line, "_p", line)
    for piece in text:
        run = _element("w:r", holder)
        properties = _element("w:rPr", run)
        if bold or piece.kind in ("strong", "failed", "doubtful"):
            _element("w:b", properties)
        if piece.kind in _COLOURS:
            _element("w:color", properties, {"w:val": _COLOURS[piece.kind]})
        if size is not None or piece.kind in ("soft", "badge"):
            points = (size or 9.5) - (0.5 if piece.kind in ("soft", "badge") else 0)
            _element("w:sz", properties, {"w:val": str(round(2 * points))})
        for number, part in enumerate(_clean(piece.text).split("\n")):
            if number:
                _element("w:br", run)
            for place, bit in enumerate(part.split("\t")):
                if place:
                    _element("w:tab", run)
                said = _element("w:t", run, {"xml:space": "preserve"})
                said.text = bit


def _add_row(
    frame: Any, row: Row, widths_mm: Sequence[float], numbers: Sequence[bool], size: float, *, is_head: bool = False
) -> None:
    line = _element("w:tr", frame)
    properties = _element("w:trPr", line)
    _element("w:cantSplit", properties)
    if is_head:
        _element("w:tblHeader", properties)
    spans = len(row.cells) < len(widths_mm)
    fill = _HEAD_FILL if is_head else _FILLS.get(row.kind, "")
    for at, cell in enumerate(row.cells[:1] if spans else row.cells):
        place = _element("w:tc", line)
        look = _element("w:tcPr", place)
        width = sum(widths_mm) if spans else widths_mm[at]
        _element("w:tcW", look, {"w:w": str(round(width * _TWIPS)), "w:type": "dxa"})
        if spans:
            _element("w:gridSpan", look, {"w:val": str(len(widths_mm))})
        if fill:
            _shade(look, fill)
        if numbers[at] and not spans and not is_head:
            _element("w:noWrap", look)
        paragraph = _element("w:p", place)
        setting = _element("w:pPr", paragraph)
        _element("w:spacing", setting, {"w:before": "10", "w:after": "10", "w:line": "240", "w:lineRule": "auto"})
        if numbers[at] and not spans:
            _element("w:jc", setting, {"w:val": "right"})
        _add_words(paragraph, cell, size=size, bold=is_head or row.kind in ("total", "own"))


def _add_field(line: Any, instruction: str) -> None:
    _begin_field(line, instruction)
    _add_words(line, words(Piece("1", "soft")))
    _end_field(line)


def _begin_field(line: Any, instruction: str) -> None:
    for kind in ("begin", "instruction", "separate"):
        run = _element("w:r", line._p)
        if kind == "instruction":
            _element("w:instrText", run, {"xml:space": "preserve"}).text = f" {instruction} "
        else:
            _element("w:fldChar", run, {"w:fldCharType": kind})


def _end_field(line: Any) -> None:
    _element("w:fldChar", _element("w:r", line._p), {"w:fldCharType": "end"})
