"""Headings that come in series: one column a grade, an age or a sex; understood by their form, not by a list."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence

from planning.sources.cells import normal, vocabulary

__all__ = [
    "HALVES",
    "counted_columns",
    "forms_of_heading",
    "half_of_heading",
    "in_series",
    "joined",
    "series_column",
    "without_sum",
]

#: Ends of the columns of boys and of girls, which add up to the column without one.
HALVES = ("_boys", "_girls")
_COLUMN = re.compile(r"(grade_([1-9]|1[0-2])|junior_4|kindergarten_[1-3]|age_\d{1,2}(_\d{1,2})?)(_boys|_girls)?")
_BREAK = " › "


@functools.cache
def _forms() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(form) for name, form in vocabulary()["series"]["forms"].items()}


def series_column(heading: str, subject: str) -> str | None:
    """
    Say which column of a series a heading stands for.

    Parameters
    ----------
    heading : str
        Heading in the form in which headings are compared (see ``cells.normal``).
    subject : str
        What the table is about.

    Returns
    -------
    str or None
        ``grade_1`` to ``grade_12``, ``junior_4`` (a fourth junior year), ``kindergarten_1`` to ``kindergarten_3``,
        ``age_6``, ``age_0_5``; None where the table has no series, or the heading is none of one.

    Examples
    --------
    >>> [series_column(heading, "villages") for heading in ("三年级", "大班", "0-5岁儿童数", "初二", "村名")]
    ['grade_3', 'kindergarten_3', 'age_0_5', 'grade_8', None]
    """
    for name in vocabulary()["series"]["subjects"].get(subject, ()):
        found = _forms()[name].fullmatch(heading)
        if found is None:
            continue
        digits = vocabulary()["series"]["digits"]
        numbers = [int(digits.get(text, text)) for text in found.groups() if text]
        if name == "junior":
            return "junior_4" if numbers[0] > 3 else f"grade_{6 + numbers[0]}"
        if name == "senior":
            return f"grade_{9 + numbers[0]}"
        return "_".join([name, *map(str, numbers)])
    return None


def in_series(column: str, subject: str) -> bool:
    """
    Say whether a column of ours belongs to a series, so that a mapping may name it.

    Parameters
    ----------
    column : str
        Such as ``grade_3_boys``.
    subject : str
        What the table is about.

    Returns
    -------
    bool
        True where it does.
    """
    return subject in vocabulary()["series"]["subjects"] and _COLUMN.fullmatch(column) is not None


def without_sum(heading: str, subject: str) -> str:
    """
    Take the word for a sum off a heading of a table with series: 一年级小计 is 一年级.

    Parameters
    ----------
    heading : str
        Heading in the form in which headings are compared.
    subject : str
        What the table is about.

    Returns
    -------
    str
        The heading without it.
    """
    found = _forms()["sum"].fullmatch(heading) if subject in vocabulary()["series"]["subjects"] else None
    return heading if found is None else found[1]


def half_of_heading(heading: str, subject: str) -> tuple[str, str] | None:
    """
    Part a heading of boys or girls from what it counts.

    Parameters
    ----------
    heading : str
        Heading in the form in which headings are compared.
    subject : str
        What the table is about.

    Returns
    -------
    tuple of str or None
        The heading without the sex, and ``_boys`` or ``_girls``; None where it names no sex.
    """
    if subject not in vocabulary()["series"]["subjects"]:
        return None
    for end, form in zip(reversed(HALVES), ("girls", "boys"), strict=True):  # "female" ends in "male"
        found = _forms()[form].fullmatch(heading)
        if found is not None:
            return found[1], end
    return None


def counted_columns(used: Iterable[str], plain: Sequence[str]) -> list[str]:
    """
    List the columns of counts that a table has: the plain ones, then those in series.

    Parameters
    ----------
    used : iterable of str
        Our columns for which the table has a heading.
    plain : sequence of str
        Columns that come without a series.

    Returns
    -------
    list of str
        Columns without ``_boys`` and ``_girls``; grades and ages in rising order.
    """
    found = {column.removesuffix(HALVES[0]).removesuffix(HALVES[1]) for column in used}
    series = {column: _COLUMN.fullmatch(column) for column in found if column not in plain}
    return [
        *(column for column in plain if column in found),
        *sorted((c for c, match in series.items() if match), key=lambda c: [int(n) for n in re.findall(r"\d+", c)]),
    ]


def joined(upper: str, lower: str) -> str:
    """
    Join the two rows of a heading under merged cells.

    Parameters
    ----------
    upper, lower : str
        What stands in the two rows; either may be empty.

    Returns
    -------
    str
        One heading, from which the two can be told.
    """
    return f"{upper}{_BREAK}{lower}" if upper and lower else upper or lower


def forms_of_heading(heading: str, subject: str) -> tuple[str, ...]:
    """
    Say in which forms a heading may be known: whole, and its lower rows alone where the upper ones only group.

    Parameters
    ----------
    heading : str
        Heading, its rows joined by ``joined``, or one row.
    subject : str
        What the table is about.

    Returns
    -------
    tuple of str
        Headings to be tried, in that order. In a table with series a lower row does not stand alone under a word that
        changes what is counted, such as 随迁 or 教师.
    """
    rows = heading.split(_BREAK)
    series = vocabulary()["series"]
    telling = series["not_groups"] if subject in series["subjects"] else ()
    needed = [i for i, row in enumerate(rows) if any(word in normal(row) for word in telling)]
    first = min(needed, default=len(rows) - 1)
    return tuple("".join(rows[i:]) for i in range(first + 1))
