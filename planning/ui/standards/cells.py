"""Tables whose values carry a badge, and the document behind each value on demand; every text is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from planning.i18n import Translator
from planning.report.citations import Citation

__all__ = ["Basis", "Marked", "badge_html", "cells_html", "empty_html"]

#: How a verdict is coloured.
TONES = {"met": "good", "not_met": "bad", "unknown": "soft", "above": "warn", "build_first": "warn"}


@dataclass(frozen=True)
class Marked:
    """
    A value with its badge.

    Parameters
    ----------
    text : str
        The value.
    badge : str
        Short mark beside it; empty for what is verified.
    mark : str
        Code of the confidence.
    tone : str
        "", "good", "bad", "warn", "soft".
    """

    text: str
    badge: str = ""
    mark: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Basis:
    """
    The document behind a row: its number in sight, everything else when it is opened.

    Parameters
    ----------
    cited : Citation
        The document.
    words : Translator
        The language.
    """

    cited: Citation
    words: Translator


def badge_html(words: str, mark: str) -> str:
    """Draw a badge; nothing where there are no words."""
    return f'<span class="pl-badge {escape(mark)}">{escape(words)}</span>' if words else ""


def cells_html(
    heads: Sequence[str],
    rows: Sequence[Sequence[str | Marked | Basis]],
    *,
    numbers: Sequence[int] = (),
    height: int | None = None,
) -> str:
    """
    Lay a table out.

    Parameters
    ----------
    heads : sequence of str
        Column headings.
    rows : sequence of sequence of str, Marked or Basis
        Cells.
    numbers : sequence of int
        Columns that hold figures; they are set to the right.
    height : int or None
        Height from which the table scrolls [pixel].

    Returns
    -------
    str
        HTML.
    """
    kind = ["num" if i in set(numbers) else "" for i in range(len(heads))]
    head = "".join(f'<th class="{k}">{escape(h)}</th>' for k, h in zip(kind, heads, strict=True))
    body = "".join("<tr>" + "".join(_cell(k, c) for k, c in zip(kind, row, strict=True)) + "</tr>" for row in rows)
    style = f' style="max-height:{height}px"' if height else ""
    return f'<div class="pl-table pl-rules"{style}><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def empty_html(words: str) -> str:
    """Say that there is nothing here, and what to do next."""
    return f'<div class="pl-empty">{escape(words)}</div>'


def _cell(kind: str, cell: str | Marked | Basis) -> str:
    if isinstance(cell, str):
        return f'<td class="{kind}">{escape(cell)}</td>'
    if isinstance(cell, Marked):
        tone = TONES.get(cell.tone, cell.tone)
        badge = badge_html(cell.badge, cell.mark)
        return f'<td class="{kind} {escape(tone)}">{escape(cell.text)}{" " if badge else ""}{badge}</td>'
    return f'<td class="basis">{_basis(cell)}</td>'


def _basis(basis: Basis) -> str:
    cited, t = basis.cited, basis.words
    lines = [
        (t("Document"), cited.source),
        (t("Document number"), cited.number),
        (t("Clause"), cited.clause),
        (t("Force"), cited.force),
        (t("Confidence"), cited.confidence),
        (t("Rule pack"), cited.pack),
        (t("Note"), cited.note),
    ]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines if text)
    short = escape(cited.source if cited.mark == "T" or not cited.number else cited.number)
    return f'<details class="pl-cite"><summary>{short}</summary><dl>{items}</dl></details>'
