"""Single cells of foreign tables: words brought to one form, numbers and coordinates read strictly."""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from importlib import resources
from types import MappingProxyType
from typing import Any

import pandas as pd
import yaml

__all__ = ["is_unknown", "normal", "parse_degrees", "parse_number", "text_of", "vocabulary", "without_unit", "word_of"]

# Everything is brought to half width first; the brackets and marks that have no half width are named by number.
_BRACKETS = re.compile("[(\\[{<\u3010\u3014]([^)\\]}>\u3011\u3015]*)[)\\]}>\u3011\u3015]")
_PUNCTUATION = re.compile("[\\s_:*,.;'\"()\\[\\]{}<>/\\\\|\u3001\u3002\u3010\u3011\u3014\u3015]+")
_NUMBER = re.compile(r"([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?|[+-]?\.\d+)\s*([^\d\s.,].*)?")


@functools.cache
def vocabulary() -> Mapping[str, Any]:
    """
    Give the headings and words that foreign tables use.

    Returns
    -------
    Mapping
        The content of ``headings.yaml``.
    """
    text = resources.files(__package__).joinpath("headings.yaml").read_text("utf-8")
    return MappingProxyType(yaml.safe_load(text))


def normal(text: object) -> str:
    """
    Bring a heading or word to the form in which it is compared.

    Parameters
    ----------
    text : object
        As it stands in the file.

    Returns
    -------
    str
        Half width, lower case, without spaces and punctuation.

    Examples
    --------
    >>> normal(" School  Name* ")
    'schoolname'
    """
    return _PUNCTUATION.sub("", unicodedata.normalize("NFKC", str(text)).casefold())


@functools.cache
def _units() -> frozenset[str]:
    return frozenset(normal(unit) for unit in vocabulary()["units"])


def without_unit(heading: str) -> str:
    """
    Bring a heading to its form with brackets taken off that hold no more than a unit.

    Parameters
    ----------
    heading : str
        As it stands in the file.

    Returns
    -------
    str
        As :func:`normal`.
    """
    text = unicodedata.normalize("NFKC", heading)
    return normal(_BRACKETS.sub(lambda found: "" if normal(found[1]).replace("-", "") in _units() else found[0], text))


def text_of(cell: object) -> str:
    """
    Read a cell as text.

    Parameters
    ----------
    cell : object
        As read; a whole number loses its ``.0``, as codes do.

    Returns
    -------
    str
        Without spaces round it; empty where the cell is.
    """
    if cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def is_unknown(text: str) -> bool:
    """
    Say whether a cell's text says that nothing is known.

    Parameters
    ----------
    text : str
        Text of a cell.

    Returns
    -------
    bool
        True for a dash, "none", "not known" and the like.
    """
    return unicodedata.normalize("NFKC", text).strip().casefold() in vocabulary()["unknown"]


def parse_number(cell: object) -> float | None:
    """
    Read a number, or a text that can mean only one number.

    Parameters
    ----------
    cell : object
        As read.

    Returns
    -------
    float or None
        The number; None where the cell is empty or says that it is unknown.

    Raises
    ------
    ValueError
        If it is text that is no number.

    Examples
    --------
    >>> parse_number("1,200")
    1200.0
    """
    if isinstance(cell, bool | dt.date | dt.time):
        raise ValueError(cell)
    text = unicodedata.normalize("NFKC", text_of(cell)).strip().lstrip("'").casefold()
    if not text or is_unknown(text):
        return None
    found = _NUMBER.fullmatch(text)
    if found is None or (found[2] is not None and normal(found[2]) not in _units()):
        raise ValueError(cell)
    return float(found[1].replace(",", ""))


def parse_degrees(cell: object) -> float | None:
    """
    Read a coordinate: a number, or degrees, minutes and seconds.

    Parameters
    ----------
    cell : object
        As read.

    Returns
    -------
    float or None
        Decimal degrees or metres; None where the cell is empty.

    Raises
    ------
    ValueError
        If it is neither.
    """
    words = vocabulary()["degrees"]
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text_of(cell))).casefold()
    bare = re.sub(words["west_or_south"], "", text)
    sign = 1.0 if bare == text else -1.0
    bare = re.sub(words["east_or_north"], "", bare)
    found = re.fullmatch(words["pattern"], bare)
    if found is not None:
        return sign * (int(found[1]) + int(found[2]) / 60 + float(found[3] or 0) / 3600)
    number = parse_number(cell if bare == text else bare)
    return None if number is None else sign * number


def word_of(text: str, words: Mapping[str, Sequence[str]]) -> str | None:
    """
    Put a word of a table's own language into ours.

    Parameters
    ----------
    text : str
        The cell's text.
    words : Mapping
        Our word → the words people use for it.

    Returns
    -------
    str or None
        Our word; None where the text is none of them.
    """
    form = normal(text)
    return next((ours for ours, theirs in words.items() if any(normal(word) == form for word in theirs)), None)
