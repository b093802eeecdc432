"""What the columns of exchanged layers are called and mean: a short name for shapefiles, words in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from planning.errors import Message, msg
from planning.i18n import get_translator
from planning.i18n.terms import TERMS, term
from planning.report.words import FIELDS, Field, unit_name
from planning.stages import KINDS, STAGES

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["COLUMNS", "STATUS", "code_label", "column_label", "write_fields"]

#: What has become of a school.
STATUS: Mapping[str, Message] = MappingProxyType(
    {
        "existing": msg("Stands today"),
        "new": msg("New school"),
        "moved": msg("Moved"),
        "closed": msg("Closed"),
    }
)
_PROPOSED = ("new", "closed", "enlarged", "keep", "merged_into", "boarding")

#: Columns of exchanged layers; those of the run's own shapefiles mean the same here, but for the area.
COLUMNS: Mapping[str, Field] = MappingProxyType(
    {
        **FIELDS,
        "area_km2": Field("area_km2", "km2", msg("Area of the polygon on the ellipsoid (geodesic); the same in every reference system.")),
        "township": Field("township", "", msg("Name of the township.")),
        "ownership": Field("ownership", "", msg("Who runs the school."), ("public", "private")),
        "status": Field("status", "", msg("What becomes of the school in the plan."), tuple(STATUS)),
        "load": Field("load", "pupils", msg("Pupils who go to this school when seats are regarded, boarders included.")),
        "question": Field("question", "", msg("Question of the project that the place answers.")),
        "change": Field("change", "", msg("What is proposed for the school."), _PROPOSED),
        "gained": Field("gained", "pupils", msg("Pupils more than before; fewer where below 0.")),
        "village": Field("village", "", msg("Name of the village; of the mapped place close by, or of the township, where the sources name none.")),
        "mean_m": Field("mean_m", "m", msg("Mean way of its pupils of the stage to the nearest school; empty where no pupil has a way.")),
        "longest_m": Field("longest_m", "m", msg("Longest way of its pupils of the stage to the nearest school; empty where no pupil has a way.")),
        "no_way": Field("no_way", "pupils", msg("Pupils of the stage who reach no school.")),
        "school": Field("school", "", msg("Nearest school of most of its pupils of the stage; empty where they reach none.")),
    }
)  # fmt: skip

#: Words for columns that the tables of the program have none for.
_LABELS: Mapping[str, Message] = MappingProxyType(
    {
        "area_km2": msg("Area (km², on the ellipsoid)"),
        "status": msg("Standing in the plan"),
        "change": msg("Proposal"),
        "gained": msg("Pupils gained"),
        "village": msg("Village"),
        "mean_m": msg("Mean way to the nearest school (m)"),
        "longest_m": msg("Longest way to the nearest school (m)"),
        "no_way": msg("Pupils without a way"),
        "school": msg("Nearest school"),
    }
)


def column_label(t: Translator, column: str) -> str:
    """
    Name a column.

    Parameters
    ----------
    t : Translator
        The language.
    column : str
        One of ``COLUMNS``.

    Returns
    -------
    str
        The word.
    """
    return t.message(_LABELS[column]) if column in _LABELS else term(t, column)


def code_label(t: Translator, column: str, code: str) -> str:
    """
    Name a code that stands in a column.

    Parameters
    ----------
    t : Translator
        The language.
    column : str
        One of ``COLUMNS``.
    code : str
        The code.

    Returns
    -------
    str
        The word; the code itself where there is none.
    """
    if column == "status" and code in STATUS:
        return t.message(STATUS[code])
    return term(t, code) if code in TERMS else code


def write_fields(columns: Iterable[str], path: Path) -> Path:
    """
    Write what columns mean, with the short names that shapefiles have for them, in Chinese and English.

    Parameters
    ----------
    columns : iterable of str
        Out of ``COLUMNS``.
    path : pathlib.Path
        The CSV; it starts with a byte order mark, since it is made for people with a spreadsheet.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    zh, en = get_translator("zh"), get_translator("en")
    rows = []
    for name in columns:
        field = COLUMNS[name]
        row = [name, field.short]
        for t in (zh, en):
            codes = t("; ").join(f"{code} = {code_label(t, name, code)}" for code in field.codes)
            meaning = t.message(field.meaning)
            row += [
                column_label(t, name),
                unit_name(t, field.unit) if field.unit else "",
                t("{meaning} Codes: {codes}.", meaning=meaning, codes=codes) if codes else meaning,
            ]
        rows.append(row)
    heads = ["column", "field", "zh", "unit_zh", "meaning_zh", "en", "unit_en", "meaning_en"]
    pd.DataFrame(rows, columns=heads).to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    return path


#: Codes by column, in the order in which a legend lists them.
LEGENDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"stage": STAGES, "kind": KINDS, "status": tuple(STATUS), "change": _PROPOSED}
)
