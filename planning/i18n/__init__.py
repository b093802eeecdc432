"""Words in the user's language: one gettext catalogue a language, one translator a session, nothing installed globally."""

from __future__ import annotations

import datetime as dt
import functools
import math
import re
import string
from collections.abc import Mapping
from importlib import resources
from typing import Literal

import babel
import babel.dates
import babel.numbers
from babel.messages.pofile import read_po

from planning.errors import Message, Names, PlanningError
from planning.i18n.singular import counts, of_one

__all__ = ["LANGUAGES", "MINUS", "Language", "Translator", "get_translator", "own_name"]

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
#: The sign of numbers below nothing, as wide as a plus; a hyphen would be taken for a dash, and lines break behind it.
MINUS = "\u2212"
_LOCALES: Mapping[str, str] = {"zh": "zh_CN", "en": "en"}


@functools.cache
def _catalogue(language: Language) -> Mapping[str, str]:
    """Read a catalogue; English sentences are the keys themselves."""
    if language == "en":
        return {}
    file = resources.files(__package__) / language / "LC_MESSAGES" / "planning.po"
    with file.open("rb") as stream:
        return {
            str(entry.id): str(entry.string)
            for entry in read_po(stream, locale=_LOCALES[language], abort_invalid=True)
            if entry.id and entry.string
        }


class _Sentence(string.Formatter):
    """Fill a sentence; numbers of five digits and more are grouped, so that years and most row numbers stay as they are."""

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, int | float) and not isinstance(value, bool) and _PLAIN.fullmatch(format_spec):
            shown = format(value, format_spec)
            return format(value, f",{format_spec}") if abs(value) >= _GROUPED_FROM and "e" not in shown else shown
        return str(super().format_field(value, format_spec))

    def counted(self, sentence: str, params: Mapping[str, object]) -> str:
        """Fill an English sentence, in the singular where a 1 stands."""
        parts, shown = [], ""
        for words, name, spec, conversion in self.parse(sentence):
            parts.append(of_one(words) if shown == "1" else words)
            shown = ""
            if name is not None:
                value, _ = self.get_field(name, (), params)
                shown = self.format_field(self.convert_field(value, conversion), spec or "")
                parts.append(shown)
        return "".join(parts)


_PLAIN = re.compile(r"(\.\d+f)?")
_GROUPED_FROM = 10_000
_FILL = _Sentence()


class Translator:
    """
    One language: sentences, numbers, dates.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        # Parsed once: babel looks through all its languages for a name, and every number would wait for it.
        self.locale = babel.Locale.parse(_LOCALES[language])

    def __call__(self, id: str, /, **params: object) -> str:  # noqa: A002 - the catalogue's own word
        """
        Say a sentence.

        Parameters
        ----------
        id : str
            English sentence with ``{named}`` places; must be a literal, so that the catalogues collect it.
        **params : object
            What stands in the places; messages inside are put into words as well.

        Returns
        -------
        str
            The sentence in this language; English where the catalogue has none.
        """
        template = _catalogue(self.language).get(id, id)
        values = {key: self._value(value) for key, value in params.items()}
        if self.language == "en" and counts(template):
            return _FILL.counted(template, values)
        return _FILL.format(template, **values)

    def message(self, message: Message) -> str:
        """
        Say a message that came from below.

        Parameters
        ----------
        message : Message
            The message.

        Returns
        -------
        str
            The sentence in this language.
        """
        return self(message.id, **message.params)

    def error(self, error: PlanningError) -> str:
        """
        Say an error with all its faults, one a line.

        Parameters
        ----------
        error : PlanningError
            The error.

        Returns
        -------
        str
            The words; the faults are indented.
        """
        return "\n".join([self.message(error.message), *(f"  {self.message(fault)}" for fault in error.faults)])

    def number(self, value: float | None, digits: int = 0) -> str:
        """
        Write a number as the language does.

        Parameters
        ----------
        value : float or None
            The number; None and NaN are written as a dash.
        digits : int
            Digits after the point.

        Returns
        -------
        str
            Such as ``1,234.5``; what is rounded to nothing has no sign.
        """
        if value is None or not math.isfinite(value):
            return "–" if value is None or math.isnan(value) else "∞"
        places = "." + "0" * digits if digits else ""
        value = _unsigned(value, digits)
        return str(babel.numbers.format_decimal(value, format=f"#,##0{places}", locale=self.locale)).replace("-", MINUS)

    def percent(self, share: float | None, digits: int = 1) -> str:
        """
        Write a share as a percentage.

        Parameters
        ----------
        share : float or None
            1 is all.
        digits : int
            Digits after the point.

        Returns
        -------
        str
            Such as ``93.5%``; what is rounded to nothing has no sign.
        """
        if share is None or not math.isfinite(share):
            return "–"
        places = "." + "0" * digits if digits else ""
        share = _unsigned(share, digits + 2)
        return str(babel.numbers.format_percent(share, format=f"#,##0{places}%", locale=self.locale)).replace(
            "-", MINUS
        )

    def date(self, day: dt.date) -> str:
        """
        Write a day as the language does.

        Parameters
        ----------
        day : datetime.date
            The day.

        Returns
        -------
        str
            Such as ``2026年11月22日``.
        """
        return str(babel.dates.format_date(day, format="long", locale=self.locale))

    def _value(self, value: object) -> object:
        if isinstance(value, Message):
            return self.message(value)
        return self(", ").join(value) if isinstance(value, Names) else value


def _unsigned(value: float, digits: int) -> float:
    """Give 0 for what is written as 0, so that it bears no sign."""
    return 0.0 if abs(value) <= 0.5 * 10.0**-digits else value


@functools.cache
def get_translator(language: Language) -> Translator:
    """
    Give the translator of a language.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    Translator
        Holds no state of a session; may be shared.
    """
    return Translator(language)


def own_name(language: Language) -> str:
    """
    Name a language as its own readers do.

    Parameters
    ----------
    language : str
        ``zh`` or ``en``.

    Returns
    -------
    str
        Such as ``English``.
    """
    return str(babel.Locale(language).get_language_name(language))
