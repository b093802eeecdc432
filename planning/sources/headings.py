"""Headings of foreign tables: which row holds them, and which of ours each stands for."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from planning.errors import Message, Names, SourceError, msg
from planning.sources.cells import normal, text_of, vocabulary, without_unit
from planning.sources.series import forms_of_heading, half_of_heading, in_series, joined, series_column, without_sum

__all__ = ["MOST_HEADINGS", "Headings", "column_of", "headings_in", "match_headings"]

#: Headings that a message names at most.
MOST_HEADINGS = 30
_HEADER_SEARCHED_ROWS = 20
_MERGED_ROWS = 2  # rows of headings that may stand above the last one


@dataclass(frozen=True)
class Headings:
    """
    Which of the file's headings stands for which of our columns: shown to the user, who can change it.

    Parameters
    ----------
    used : Mapping
        Our column → the file's heading.
    unmatched : tuple of str
        Headings that nothing was made of.
    """

    used: Mapping[str, str]
    unmatched: tuple[str, ...] = ()


@functools.cache
def _known(subject: str) -> Mapping[str, str]:
    """Give the normal form of every heading of a subject → our column."""
    return {normal(word): column for column, words in vocabulary()["subjects"][subject].items() for word in words}


def column_of(heading: str, subject: str) -> str | None:
    """
    Say which of our columns a heading means.

    Parameters
    ----------
    heading : str
        A heading as it stands.
    subject : str
        schools, villages, known, housing, townships, …

    Returns
    -------
    str or None
        Our column; None where the heading is not known.
    """
    known = _known(subject)
    for text in forms_of_heading(heading, subject):
        for form in (normal(text), without_unit(text)):
            bare = without_sum(form, subject)
            column = known.get(form) or known.get(bare) or series_column(bare, subject)
            if column is not None:
                return column
            half = half_of_heading(form, subject)
            whole = None if half is None else known.get(half[0]) or series_column(half[0], subject)
            if half is not None and whole is not None:
                return whole + half[1]
    return None


def match_headings(
    columns: Iterable[str], *, subject: str, mapping: Mapping[str, str] | None = None, file: str
) -> Headings:
    """
    Match a file's headings to our columns; the user's own mapping comes first.

    Parameters
    ----------
    columns : iterable of str
        The file's headings.
    subject : str
        schools, villages, known, housing, townships or exclusions.
    mapping : Mapping, optional
        Our column → the file's heading, as the project file says; an empty heading: none stands for this column.
    file : str
        Name of the file, for the error's words.

    Returns
    -------
    Headings
        What stands for what, and what is left over.

    Raises
    ------
    SourceError
        If two headings mean the same column, or the mapping names a column or heading that is not there; all faults.
    """
    columns, mapping = list(columns), dict(mapping or {})
    known_columns = set(vocabulary()["subjects"][subject])
    forms: dict[str, list[str]] = {}
    for heading in columns:
        forms.setdefault(normal(heading), []).append(heading)
    faults: list[Message] = []
    used: dict[str, str] = {}
    for ours, theirs in mapping.items():
        found = [theirs] if theirs in columns else forms.get(normal(theirs), [])
        if not theirs and (ours in known_columns or in_series(ours, subject)):
            continue
        if ours not in known_columns and not in_series(ours, subject):
            faults.append(
                msg("mapping: {column} is not one of {known}.", column=ours, known=Names(sorted(known_columns)))
            )
        elif not found:
            faults.append(
                msg(
                    "mapping: {column} names the heading {heading}, which the table lacks. It has {headings}.",
                    column=ours,
                    heading=theirs,
                    headings=Names.first(columns, MOST_HEADINGS),
                )
            )
        else:
            used[ours] = found[0]
    for heading in columns:
        ours_or_none = column_of(heading, subject)
        if ours_or_none is None or heading in used.values() or ours_or_none in mapping:
            continue
        if ours_or_none in used:
            faults.append(
                msg(
                    "the headings {first} and {second} both mean {column}. Rename one, or name the right one in the mapping.",
                    first=used[ours_or_none],
                    second=heading,
                    column=ours_or_none,
                )
            )
        else:
            used[ours_or_none] = heading
    if faults:
        raise SourceError(msg("{file}: {n} faults in the headings.", file=file, n=len(faults)), faults)
    return Headings(MappingProxyType(used), tuple(h for h in columns if h not in used.values()))


def headings_in(rows: Sequence[Sequence[object]], subject: str, wanted: frozenset[str]) -> tuple[int, int, list[str]]:
    """
    Find the row with most known headings, or the first row that is not empty.

    Two rows or three count as one where together they say more than one alone: the position is then that of the lowest.

    Parameters
    ----------
    rows : sequence of sequence
        Cells of the table from its first row.
    subject : str
        What the table is about.
    wanted : frozenset of str
        Headings the user named, in normal form.

    Returns
    -------
    tuple of (int, int, list of str)
        Position of the row, number of known headings in it, the headings.
    """
    best = next((i for i, row in enumerate(rows) if any(text_of(c) for c in row)), 0)
    hits, titles = 0, [text_of(cell) for cell in rows[best]] if rows else []
    for i, row in enumerate(rows[:_HEADER_SEARCHED_ROWS]):
        single = [cell.strip() if isinstance(cell, str) else "" for cell in row]
        choices = [([text_of(cell) for cell in row], single)]
        below: Sequence[object] | None = row
        for upper in reversed(rows[max(i - _MERGED_ROWS, 0) : i]):
            below = None if below is None else _joined_rows(upper, below)
            choices += [] if below is None else [(list(map(str, below)), list(map(str, below)))]
        for headings, known in choices:
            columns = {normal(text) if normal(text) in wanted else column_of(text, subject) for text in known if text}
            found = len(columns - {None})
            if found > hits:
                best, hits, titles = i, found, headings
    return best, hits, titles


def _joined_rows(upper: Sequence[object], lower: Sequence[object]) -> list[str] | None:
    """Join two rows of headings, the upper one merged over columns of the lower; None where they are no such rows."""
    if any(cell is not None and not isinstance(cell, str) for cell in (*upper, *lower)):
        return None
    above, below = ([text_of(cell) for cell in row] for row in (upper, lower))
    width = max(len(above), len(below))
    above, below = above + [""] * (width - len(above)), below + [""] * (width - len(below))
    headings: list[str] = []
    group = ""
    for top, bottom in zip(above, below, strict=True):
        # A merged cell keeps its text in its first column; one without anything below was merged downwards.
        group = top if top or not bottom else group
        headings.append(joined(group, bottom) if bottom else top)
    return headings if any(bottom and not top for top, bottom in zip(above, below, strict=True)) else None
