"""The page: A4 upright, what stands at its head and foot, and the mark that every printed map of a county needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from planning.errors import ConfigError, msg
from planning.i18n import Language, get_translator

__all__ = ["Paper", "set_paper"]

#: A map-review number is short; this much fits into the foot of a page.
_LONGEST_NUMBER = 60


@dataclass(frozen=True)
class Paper:
    """
    What is the same on every page.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``: decides how lines break and how pages are counted.
    left, right : str
        Words at the head of a page: the project and what the document is, and the day.
    mark : str
        Words at its foot: the map-review number, or that the document is for internal planning.
    pages : str
        How pages are counted; ``{page}`` and ``{pages}`` stand for the numbers.
    small_margins : bool
        True for a sheet that must hold much on one page.
    """

    language: Language
    left: str
    right: str
    mark: str
    pages: str
    small_margins: bool = False


def set_paper(
    language: Language,
    *,
    project: str,
    title: str,
    day: dt.date | None = None,
    map_number: str = "",
    small_margins: bool = False,
) -> Paper:
    """
    Set up the pages of a document.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.
    project : str
        Name of the project, as its owner wrote it.
    title : str
        What the document is.
    day : datetime.date, optional
        Its day; today by default.
    map_number : str
        Number of the map review; without one the foot says that the document is for internal planning.
    small_margins : bool
        True for a sheet that must hold much on one page.

    Returns
    -------
    Paper
        The pages.

    Raises
    ------
    ConfigError
        If the map-review number is too long to be one.

    Examples
    --------
    >>> set_paper("en", project="Yunlan", title="Report", map_number="GS 2026-1").mark
    'Map review number: GS 2026-1'
    """
    t = get_translator(language)
    number = " ".join(map_number.split())
    if len(number) > _LONGEST_NUMBER:
        raise ConfigError(
            msg("The map-review number has {n} characters; at most {most} are printed. Give the number alone.",
                n=len(number), most=_LONGEST_NUMBER)
        )  # fmt: skip
    return Paper(
        language=language,
        left=f"{project} · {title}",
        right=t.date(day or dt.date.today()),
        mark=t("Map review number: {number}", number=number) if number else t("For internal planning only"),
        pages=t("Page {page} of {pages}", page="{page}", pages="{pages}"),
        small_margins=small_margins,
    )
