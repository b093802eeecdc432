"""
What is printed, said once and in no format: headings, paragraphs, facts, tables, figures, notes.

:mod:`planning.report.printing.pdf` and :mod:`planning.report.printing.word` render it. All text is data: no renderer reads
markup, formulas or fields out of it, so that a school may be called ``#import``, ``<script>`` or ``=HYPERLINK(…)``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Block",
    "Column",
    "Content",
    "ContentsList",
    "Facts",
    "Figure",
    "FigureRow",
    "Heading",
    "Key",
    "Notes",
    "PageBreak",
    "Paragraph",
    "Piece",
    "Row",
    "Table",
    "Words",
    "plain",
    "table",
    "words",
]

PieceKind = Literal["plain", "soft", "strong", "badge", "failed", "doubtful"]
ParagraphKind = Literal["plain", "soft", "proof", "warning"]
RowKind = Literal["plain", "total", "warning", "own"]


@dataclass(frozen=True)
class Piece:
    r"""
    Some words set in one way.

    Parameters
    ----------
    text : str
        The words; ``\n`` begins a new line.
    kind : str
        ``plain``, ``soft`` (secondary), ``strong``, ``badge`` (a short mark), ``failed`` (red: not met) or ``doubtful``
        (brown: above the limit as far as is known).
    """

    text: str
    kind: PieceKind = "plain"


#: A line of text, piece by piece.
Words = tuple[Piece, ...]


@dataclass(frozen=True)
class Heading:
    """
    A heading.

    Parameters
    ----------
    words : tuple of Piece
        What it says.
    level : int
        1 for a part, 2 for a section, 3 for less.
    """

    words: Words
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """
    A paragraph.

    Parameters
    ----------
    words : tuple of Piece
        What it says.
    kind : str
        ``plain``, ``soft``, ``proof`` (how good an answer is) or ``warning``.
    """

    words: Words
    kind: ParagraphKind = "plain"


@dataclass(frozen=True)
class Notes:
    """
    A list of reservations or remarks.

    Parameters
    ----------
    items : tuple of tuple of Piece
        One note each.
    """

    items: tuple[Words, ...]


@dataclass(frozen=True)
class Facts:
    """
    A few numbers that should be seen first.

    Parameters
    ----------
    items : tuple of (str, str)
        Value and what it is.
    large : bool
        True for a row of large numbers; False for a list in two columns.
    """

    items: tuple[tuple[str, str], ...]
    large: bool = True


@dataclass(frozen=True)
class Column:
    """
    Head of a column.

    Parameters
    ----------
    words : tuple of Piece
        What it says.
    is_number : bool
        True where the cells are numbers, which stand flush right and in one line.
    """

    words: Words
    is_number: bool = False


@dataclass(frozen=True)
class Row:
    """
    A row of a table.

    Parameters
    ----------
    cells : tuple of tuple of Piece
        One a column; a row with one cell only spans them all.
    kind : str
        ``plain``, ``total``, ``warning`` or ``own`` (the answer itself among others).
    """

    cells: tuple[Words, ...]
    kind: RowKind = "plain"


@dataclass(frozen=True)
class Table:
    """
    A table; its head is repeated on every page, and no row is cut.

    Parameters
    ----------
    columns : tuple of Column
        The heads.
    rows : tuple of Row
        The rows.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Key:
    """
    An entry of a legend.

    Parameters
    ----------
    text : str
        What is meant.
    colour : str
        A colour such as ``#fee391``; empty where there is a sign.
    sign : str
        A drawing as an SVG document; empty where there is a colour.
    """

    text: str
    colour: str = ""
    sign: str = ""


@dataclass(frozen=True)
class Figure:
    """
    A map or a chart.

    Parameters
    ----------
    layers : tuple of str
        SVG documents of one size that lie over each other, the lowest first. A layer that several figures share is read
        once only. ``{font}`` stands for the family of the document's font.
    width, height : float
        Size in units of its own; only their ratio matters.
    caption : str
        What is shown.
    legend : tuple of Key
        Its legend.
    share : float
        Width on the page, 1 is that between the margins; a high figure becomes narrower, so that it fits.
    source : str
        What it was drawn from; stands below it.
    """

    layers: tuple[str, ...]
    width: float
    height: float
    caption: str = ""
    legend: tuple[Key, ...] = ()
    share: float = 1.0
    source: str = ""


@dataclass(frozen=True)
class FigureRow:
    """
    Figures beside each other.

    Parameters
    ----------
    figures : tuple of Figure
        Two a line.
    """

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class ContentsList:
    """Here stands a list of the headings of the first level with their pages."""


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


Block = Heading | Paragraph | Notes | Facts | Table | Figure | FigureRow | ContentsList | PageBreak


@dataclass(frozen=True)
class Content:
    """
    A document to be printed.

    Parameters
    ----------
    title : str
        What it is; stands in the file's properties, and in large letters before the blocks where ``has_title``.
    subtitle : tuple of str
        Lines below the title.
    blocks : tuple of Block
        The rest, in order.
    has_title : bool
        False where the blocks begin at once.
    """

    title: str
    blocks: tuple[Block, ...]
    subtitle: tuple[str, ...] = ()
    has_title: bool = True


def words(*parts: str | Piece) -> Words:
    """
    Make a line of text.

    Parameters
    ----------
    *parts : str or Piece
        Plain words, or pieces set in their own way.

    Returns
    -------
    tuple of Piece
        Empty parts are left out.

    Examples
    --------
    >>> words("Yunlan", Piece("9901", "soft"))
    (Piece(text='Yunlan', kind='plain'), Piece(text='9901', kind='soft'))
    """
    pieces = (part if isinstance(part, Piece) else Piece(part) for part in parts)
    return tuple(piece for piece in pieces if piece.text)


def plain(parts: Iterable[Piece]) -> str:
    """
    Give the bare text of some words.

    Parameters
    ----------
    parts : iterable of Piece
        The words.

    Returns
    -------
    str
        Their text.
    """
    return "".join(piece.text for piece in parts)


def table(heads: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str | Words]]) -> Table:
    """
    Make a table of plain texts.

    Parameters
    ----------
    heads : sequence of (str, bool)
        What a column is called, and whether it holds numbers.
    rows : iterable of sequence
        Cells as texts or words.

    Returns
    -------
    Table
        The table.

    Examples
    --------
    >>> table([("School", False), ("Pupils", True)], [["A", "12"]]).rows[0].cells[1]
    (Piece(text='12', kind='plain'),)
    """
    return Table(
        tuple(Column(words(text), is_number) for text, is_number in heads),
        tuple(Row(tuple(words(cell) if isinstance(cell, str) else cell for cell in row)) for row in rows),
    )
