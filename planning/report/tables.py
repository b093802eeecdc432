"""Tables of a run: CSV for programs, one workbook for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.text_safety import as_plain_text, is_text_column
from planning.report.words import unit_name
from planning.scenario.off_road import share_off_road

if TYPE_CHECKING:
    from planning.scenario.result import RunResult

__all__ = [
    "cell_table",
    "indicator_table",
    "reconciliation_table",
    "school_table",
    "set_aside_table",
    "township_table",
    "write_csv",
    "write_workbook",
]

#: Columns whose texts are codes of ours; any other text is a name, and stays as it was written.
CODES = (
    "stage",
    "band",
    "indicator",
    "category",
    "reason",
    "kind",
    "ownership",
    "status",
    "when",
    "model",
    "way",
    "mode",
    "source",
    "variant",
    "from_stage",
    "to_stage",
    "verdict",
    "sense",
    "measure",
    "verdict_before",
    "verdict_after",
    "change",
    "what",
    "class",
)
#: Columns of shares, which people read in per cent.
SHARES = ("share_within_limit", "share_off_road", "loss", "gap", "share", "share_network", "share_straight")
#: The longest text that a cell of a workbook holds [characters].
_LONGEST_CELL = 32_767


def indicator_table(result: RunResult) -> pd.DataFrame:
    """
    List all indicators: the base first, then each question's after; of a question about another year also its before.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``question, when, stage, indicator, value, unit``; a count is a whole number.
    """
    parts = [state.indicators.assign(question="", when="base") for state in result.base.values()]
    parts += [
        state.indicators.assign(question=answer.question.name, when=when)
        for answer in result.answers
        for when, state in (("before", answer.before), ("after", answer.after))
        if state is not None
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(value=_plain_numbers(table["value"]))[
        ["question", "when", "stage", "indicator", "value", "unit"]
    ]


def _plain_numbers(values: pd.Series) -> pd.Series:
    """Give whole numbers as such, so that 23448 pupils are not written as 23448.0; what is not known stays empty."""
    numbers = values.astype(float)
    whole = [None if pd.isna(number) else int(number) if number.is_integer() else number for number in numbers]
    return pd.Series(whole, index=values.index, dtype=object)


def township_table(result: RunResult) -> pd.DataFrame:
    """
    List the base's indicators by township.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``township, stage, indicator, value, unit``.
    """
    table = pd.concat([state.by_township for state in result.base.values()], ignore_index=True)
    return table.assign(value=_plain_numbers(table["value"]))


def reconciliation_table(result: RunResult) -> pd.DataFrame:
    """
    List where every pupil of the base is.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``stage, category, reason, pupils``.
    """
    return pd.concat([state.reconciliation for state in result.base.values()], ignore_index=True)


def school_table(result: RunResult) -> pd.DataFrame:
    """
    List every open school of every stage with its seats and the pupils that the base gives it.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``stage, school_id, name, kind, township, ownership, seats, pupils, load``; seats and pupils (of the register) NA where unknown.
    """
    parts = []
    for stage, state in result.base.items():
        table = pd.DataFrame(state.sites[["name", "kind", "township", "ownership", "seats", "pupils"]])
        table = table.assign(load=state.load, stage=stage).rename_axis("school_id").reset_index()
        parts.append(table[["stage", "school_id", "name", "kind", "township", "ownership", "seats", "pupils", "load"]])
    return pd.concat(parts, ignore_index=True)


def cell_table(result: RunResult) -> gpd.GeoDataFrame:
    """
    List every inhabited place with its pupils and its nearest school.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    geopandas.GeoDataFrame
        The cells with ``{band}_school``, ``{band}_m`` [m] and ``{band}_off_road``, the share of that way off the roads [-], for
        each grade band; empty where none is reached. ``rests_off_road``: whether any share is beyond the project's.
    """
    cells = result.county.cells.drop(columns=["node"])
    rests = np.zeros(len(cells), dtype=bool)
    for state in result.base.values():
        for band, nearest in state.nearest.items():
            distance = nearest["distance_m"].astype("float64")
            cells[f"{band}_school"] = nearest["site_id"]
            cells[f"{band}_m"] = distance.where(distance != float("inf")).round(1)
            share = share_off_road(distance, nearest["off_road_m"])
            cells[f"{band}_off_road"] = share.round(4)
            rests |= share > result.county.project.terrain.off_road_share
    return cells.assign(rests_off_road=rests)


def set_aside_table(result: RunResult, t: Translator) -> pd.DataFrame:
    """
    List every row of the sources that was left out or changed, and why.

    Parameters
    ----------
    result : RunResult
        A finished run.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``source, row, item, kept, people, reason``.
    """
    return pd.DataFrame(
        [
            (item.source, item.row, item.item, item.kept, item.amount, t.message(item.reason))
            for item in result.county.set_aside
        ],
        columns=["source", "row", "item", "kept", "people", "reason"],
    ).astype({"row": "Int64"})


def write_csv(table: pd.DataFrame, path: Path) -> Path:
    """
    Write a table as UTF-8 CSV; a text that a spreadsheet would run is marked as text.

    Parameters
    ----------
    table : pandas.DataFrame
        The table; its index is not written.
    path : pathlib.Path
        The file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    as_plain_text(table).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def write_workbook(sheets: Mapping[str, pd.DataFrame], path: Path, t: Translator) -> Path:
    """
    Write tables as one workbook, headings in the user's language, no text ever a formula or a link.

    Parameters
    ----------
    sheets : Mapping
        Table by the name of its sheet.
    path : pathlib.Path
        The file.
    t : Translator
        The language.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        bold = writer.book.add_format(
            {"bold": True, "bg_color": "#e8eef4", "border": 1, "text_wrap": True, "valign": "vcenter"}
        )
        percent = writer.book.add_format({"num_format": "0.00%"})
        for name, table in sheets.items():
            shown = _in_words(table, t)
            shown.to_excel(writer, sheet_name=name[:31], index=False)
            sheet = writer.sheets[name[:31]]
            for position, heading in enumerate(shown.columns):
                sheet.write_string(0, position, heading, bold)
                texts = [heading, *(str(value) for value in shown.iloc[:200, position])]
                form = percent if table.columns[position] in SHARES else None
                sheet.set_column(position, position, min(max(map(_width, texts)) + 2, 60), form)
            sheet.freeze_panes(1, 0)
            if len(shown):
                sheet.autofilter(0, 0, len(shown), len(shown.columns) - 1)
    return path


def _in_words(table: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Put codes, units and headings into words; names stay as they are."""
    shown = table.copy()
    for column in shown.columns:
        if column in CODES:
            shown[column] = (
                shown[column].astype(object).map(lambda code: term(t, code) if isinstance(code, str) else code)
            )
        elif column == "township":
            shown[column] = shown[column].replace({"*": t("Whole county")})
        elif column == "unit":
            shown[column] = shown[column].map(lambda unit: unit_name(t, unit))
        elif pd.api.types.is_bool_dtype(shown[column].dtype):
            shown[column] = shown[column].map(lambda holds: t("Yes") if holds else t("No"))
        elif is_text_column(shown[column]):
            shown[column] = (
                shown[column].astype(object).map(lambda text: text[:_LONGEST_CELL] if isinstance(text, str) else text)
            )
    return shown.set_axis([term(t, str(column)) for column in shown.columns], axis="columns")


def _width(text: str) -> int:
    """Count a Chinese character as two letters."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
