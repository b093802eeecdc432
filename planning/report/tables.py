"""Tables of a run: CSV for programs, one workbook for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.text_safety import as_plain_text

if TYPE_CHECKING:
    from planning.scenario.run import RunResult

__all__ = [
    "indicator_table",
    "reconciliation_table",
    "set_aside_table",
    "township_table",
    "write_csv",
    "write_workbook",
]


def indicator_table(result: RunResult) -> pd.DataFrame:
    """
    List all indicators: the base first, then each question's after.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``question, when, stage, indicator, value, unit``.
    """
    parts = [state.indicators.assign(question="", when="base") for state in result.base.values()]
    parts += [
        answer.after.indicators.assign(question=answer.question.name, when="after")
        for answer in result.answers
        if answer.after is not None
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[["question", "when", "stage", "indicator", "value", "unit"]]


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
    return pd.concat([state.by_township for state in result.base.values()], ignore_index=True)


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
        bold = writer.book.add_format({"bold": True, "bg_color": "#e8eef4", "border": 1})
        for name, table in sheets.items():
            shown = table.copy()
            for column in shown.columns:
                if shown[column].dtype == object or pd.api.types.is_string_dtype(shown[column]):
                    shown[column] = shown[column].map(lambda value: term(t, value) if isinstance(value, str) else value)
            shown.columns = [term(t, str(column)) for column in shown.columns]
            shown.to_excel(writer, sheet_name=name[:31], index=False)
            sheet = writer.sheets[name[:31]]
            for position, heading in enumerate(shown.columns):
                sheet.write_string(0, position, heading, bold)
                longest = max([len(heading) * 2, *(len(str(value)) for value in shown.iloc[:200, position])], default=8)
                sheet.set_column(position, position, min(longest + 2, 60))
            sheet.freeze_panes(1, 0)
            if len(shown):
                sheet.autofilter(0, 0, len(shown), len(shown.columns) - 1)
    return path
