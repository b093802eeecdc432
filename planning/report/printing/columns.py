"""How wide the columns of a table are on paper: by what stands in them, before any renderer sets them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from planning.report.printing.blocks import Table, Words, plain

__all__ = ["column_widths"]

#: By the number of columns, what a table has room for [widths of a letter]; the template sets wider tables smaller.
_ROOM = {6: 118, 9: 127, 999: 140}
#: What a column of words has at least, and the blank beside the words of a cell [widths of a letter].
_LEAST_TEXT, _PADDING = 10, 2
_FLAT = 0.75
#: How much wider bold letters are.
_BOLD = 1.1
#: Lines that the head of a column of numbers may take before the column is widened for it.
_HEAD_LINES = 3


def column_widths(table: Table) -> list[float]:
    """
    Share the width of the page among the columns, by what stands in them.

    Every column gets what it cannot do without: a number its one line, words a few letters, a head its longest word. What is
    left goes to where more would be used, long texts less than in proportion, so that they do not crowd out the others.

    Parameters
    ----------
    table : Table
        The table.

    Returns
    -------
    list of float
        Width of each column [widths of a letter]; together they are the width of the page.
    """
    full = [row for row in table.rows if len(row.cells) == len(table.columns)]
    least, wanted = [], []
    for at, column in enumerate(table.columns):
        body = max((_wide(row.cells[at]) * (_BOLD if row.kind in ("total", "own") else 1) for row in full), default=0)
        head = _letters(plain(column.words))
        longest = max((_letters(word) for word in _breakable(plain(column.words))), default=0)
        within = body if column.is_number else min(body, _LEAST_TEXT)
        least.append(max(within, longest) + _PADDING)
        wanted.append((max(body, longest, head / _HEAD_LINES) if column.is_number else max(body, head)) + _PADDING)
    room = _ROOM[next(most for most in _ROOM if len(table.columns) <= most)]
    spare = room - sum(least)
    if spare <= 0:
        return [float(width) for width in least]
    more = [(most - width) ** _FLAT for most, width in zip(wanted, least, strict=True)]
    if sum(wanted) <= room or not any(more):  # all have what they want; words take the rest
        rest = room - sum(wanted)
        takers = [0 if column.is_number else 1 for column in table.columns]
        each = rest / (sum(takers) or len(takers))
        return [width + each * (take if any(takers) else 1) for width, take in zip(wanted, takers, strict=True)]
    return [width + spare * part / sum(more) for width, part in zip(least, more, strict=True)]


def _breakable(text: str) -> list[str]:
    """Cut a head where a line may break: at blanks, and between any four Chinese characters."""
    found = []
    for word in text.replace("\n", " ").split(" "):
        chinese = any(unicodedata.east_asian_width(sign) in "WF" for sign in word)
        found.append(word[: 5 if len(word) % 4 == 1 else 4] if chinese else word)  # no character alone on a line
    return found


def _wide(text: Words) -> float:
    """Measure words in letters; a Chinese character counts as two."""
    return max((_letters(line) for line in plain(text).split("\n")), default=0)


def _letters(line: Iterable[str]) -> int:
    # "Ambiguous" signs, such as the dash between two years, are as wide as a Chinese character in a Chinese font.
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in line)
