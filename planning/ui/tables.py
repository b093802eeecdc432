"""Tables and figures as HTML of our own: every text is escaped, figures stand under each other, words are ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Figure", "figures_html", "message_html", "table_html"]


@dataclass(frozen=True)
class Figure:
    """
    One figure of a row of figures.

    Parameters
    ----------
    label : str
        What it is.
    value : str
        As people read it, with its unit.
    note : str
        A second line: a difference, a share.
    tone : str
        "", "good", "bad": how the note is coloured.
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""


def figures_html(figures: Sequence[Figure]) -> str:
    """
    Lay figures out in a row of equal boxes.

    Parameters
    ----------
    figures : sequence of Figure
        The figures.

    Returns
    -------
    str
        HTML.
    """
    boxes = "".join(
        f'<div class="pl-figure"><div class="l">{escape(f.label)}</div><div class="v">{escape(f.value)}</div>'
        f'<div class="n {escape(f.tone)}">{escape(f.note) or "&nbsp;"}</div></div>'
        for f in figures
    )
    return f'<div class="pl-figures" style="--n:{len(figures)}">{boxes}</div>'


def table_html(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    tones: Sequence[Sequence[str]] = (),
    height: int | None = None,
    total: bool = False,
) -> str:
    """
    Lay a table out; the heading stays in sight when it scrolls.

    Parameters
    ----------
    heads : sequence of str
        Column headings.
    rows : sequence of sequence of str
        Cells, as people read them.
    numbers : sequence of int
        Columns that hold figures; they are set to the right.
    tones : sequence of sequence of str
        "good" or "bad" of each cell; may be empty.
    height : int or None
        Height from which the table scrolls [pixel].
    total : bool
        True where the first row is the total.

    Returns
    -------
    str
        HTML.
    """
    kind = ["num" if i in set(numbers) else "" for i in range(len(heads))]
    head = "".join(f'<th class="{k}">{escape(h)}</th>' for k, h in zip(kind, heads, strict=True))
    body = []
    for r, row in enumerate(rows):
        tone = tones[r] if tones else [""] * len(row)
        cells = "".join(
            f'<td class="{k} {escape(c)}">{escape(text)}</td>' for k, c, text in zip(kind, tone, row, strict=True)
        )
        body.append(f'<tr class="{"total" if total and r == 0 else ""}">{cells}</tr>')
    style = f' style="max-height:{height}px"' if height else ""
    return f'<div class="pl-table"{style}><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def message_html(lines: Sequence[str]) -> str:
    """
    Lay out a list of sentences.

    Parameters
    ----------
    lines : sequence of str
        The sentences.

    Returns
    -------
    str
        HTML.
    """
    return '<ul class="pl-list">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
