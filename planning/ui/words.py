"""What the screen says shorter or in other words than the tables do, and quantities with their units."""

from __future__ import annotations

import math
import re

import pandas as pd

from planning.i18n import Translator

__all__ = ["missing_words", "model_help", "model_name", "number_of", "plain", "with_unit"]


def missing_words(missing: tuple[str, ...], t: Translator) -> str:
    """Say what a project must still name."""
    words = {
        "name": t("a name"),
        "roads": t("roads"),
        "population": t("a population grid or a list of villages"),
        "schools": t("schools"),
        "stages": t("stages"),
    }
    return t("; ").join(words[key] for key in missing)


def model_name(model: str, t: Translator) -> str:
    """Name a question to the siting engine."""
    names = {
        "p_median": t("Shortest ways on average"),
        "max_coverage": t("Most pupils within the limit"),
        "set_cover": t("Fewest schools that cover all"),
        "p_center": t("Shortest longest way"),
        "capacitated": t("Shortest ways with enough seats"),
        "boarding": t("A boarding school"),
        "phases": t("Plan by year"),
    }
    return names.get(model, model)


def model_help(model: str, t: Translator) -> str:
    """Say what a question looks for."""
    texts = {
        "p_median": t("Places the new schools so that all pupils together walk the least."),
        "max_coverage": t("Places the new schools so that as many pupils as possible live within the limit."),
        "set_cover": t("Finds the smallest number of new schools that brings every pupil within the limit."),
        "p_center": t("Places the new schools so that the pupil with the longest way has it as short as possible."),
        "capacitated": t("Places the new schools so that every pupil has a seat and the ways are short."),
        "boarding": t("Finds the place from which pupils who live too far for a daily way can board for the week."),
        "phases": t("Finds which new school opens in which year, with the pupils and the money of each year."),
    }
    return texts.get(model, "")


def with_unit(value: float, unit: str, t: Translator) -> str:
    """
    Write a quantity as people read it.

    Parameters
    ----------
    value : float
        The quantity.
    unit : str
        ``m``, ``min``, ``1`` (a share), ``pupil``, … as the tables name it.
    t : Translator
        The language.

    Returns
    -------
    str
        Such as ``1.24 km``; a dash where there is no value.
    """
    if value is None or math.isnan(value):
        return "–"
    if unit == "m":
        return t("{n} km", n=t.number(value / 1000, 2)) if abs(value) >= 1000 else t("{n} m", n=t.number(value))
    if unit == "min":
        return t("{n} min", n=t.number(value, 1))
    if unit == "1":
        return t.percent(value)
    if unit == "pupil":
        return t("{n} pupils", n=t.number(value))
    if unit == "school":
        return t("{n} schools", n=t.number(value))
    if unit == "seat":
        return t("{n} seats", n=t.number(value))
    if unit == "seat/pupil":
        return t("{n} seats per pupil", n=t.number(value, 2))
    return t.number(value, 0 if float(value).is_integer() else 2)


def number_of(value: object, t: Translator) -> str:
    """Write a whole number, or "unknown" where the table has none."""
    return t("unknown") if value is None or value is pd.NA or pd.isna(value) else t.number(float(str(value)))


def plain(text: str) -> str:
    """Write a text that came from data so that Streamlit's labels and captions, which are Markdown, show it as it is."""
    # What looks like an address is made a link even where it is escaped: a joiner that nobody sees keeps it from looking so.
    apart = re.sub(r"(?i)(https?:|www|@)(?=[/.\w])", "\\1\u2060", text)
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~:$<>&])", r"\\\1", apart)
