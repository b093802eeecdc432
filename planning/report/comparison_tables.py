"""Tables of a comparison for programs and spreadsheets: names of scenarios instead of numbers, codes left as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite
from planning.report.comparison import CLASS_NAMES
from planning.report.words import rule_name
from planning.scenario.comparison_ways import CLASSES

if TYPE_CHECKING:
    from planning.scenario.comparison import Comparison
    from planning.standards import RulePack

__all__ = ["comparison_tables", "sheet_names", "village_table"]


def comparison_tables(comparison: Comparison, pack: RulePack, t: Translator) -> dict[str, pd.DataFrame]:
    """
    Give the tables of a comparison.

    Parameters
    ----------
    comparison : Comparison
        The plans.
    pack : RulePack
        The rules.
    t : Translator
        Language of the names of rules.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``indicators``, ``villages``, ``townships`` (the county first, township ``*``), ``places``, ``schools``, ``rules``,
        ``verdicts``, ``costs``; ``scenario`` names the plan, ``compared_with`` the first where a row is a difference.
    """
    names = comparison.names
    sums = pd.concat([comparison.county, comparison.townships], ignore_index=True)
    rules = comparison.rules.copy()
    cited = {path: cite(t, pack, path) for path in rules["path"].unique()}
    rules.insert(5, "rule", [rule_name(t, path) for path in rules["path"]])
    rules["number"] = [cited[path].number for path in rules["path"]]
    rules["clause"] = [cited[path].clause for path in rules["path"]]
    against = {
        "villages": comparison.villages.round(
            {"way_before_m": 1, "way_after_m": 1, "difference_m": 1, "time_before_min": 2, "time_after_min": 2}
        ),
        "townships": sums,
        "places": comparison.places,
        "rules": rules.drop(columns="path"),
    }
    alone = {
        "indicators": comparison.indicators, "schools": comparison.schools, "verdicts": comparison.verdicts,
        "costs": comparison.costs.rename(columns={"item": "what"}),
    }  # fmt: skip
    found = {name: _named(table, names, against=name in against) for name, table in {**alone, **against}.items()}
    return {
        name: found[name]
        for name in ("indicators", "villages", "townships", "schools", "rules", "verdicts", "costs", "places")
    }


def _named(table: pd.DataFrame, names: tuple[str, ...], *, against: bool) -> pd.DataFrame:
    """Put the names of plans where their numbers stood."""
    shown = table.drop(columns="plan")
    shown.insert(0, "scenario", [names[int(plan)] for plan in table["plan"]])
    if against:
        shown.insert(1, "compared_with", names[0])
    if "class" in shown:
        shown["class"] = shown["class"].astype(str)
    return shown


def sheet_names(t: Translator) -> dict[str, str]:
    """
    Name the sheets of the workbook.

    Parameters
    ----------
    t : Translator
        The language.

    Returns
    -------
    dict of str to str
        By the name of the table; the table of places is left to the CSV files.
    """
    return {
        "indicators": t("Indicators"), "villages": t("Who gains and loses"), "townships": t("Townships"),
        "schools": t("Schools"), "rules": t("Broken and mended"), "verdicts": t("Entries of the ledger"),
        "costs": t("Cost"),
    }  # fmt: skip


def village_table(comparison: Comparison, t: Translator) -> pd.DataFrame:
    """
    Put villages into words, for a table on the screen.

    Parameters
    ----------
    comparison : Comparison
        The plans.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``plan, band`` and ``class`` as codes to filter by; ``grades`` and ``meaning`` in words; ways in metres, times in minutes.
    """
    found = comparison.villages[
        ["plan", "township", "village", "stage", "band", "class", "pupils_before", "pupils_after", "school_before",
         "school_after", "way_before_m", "way_after_m", "difference_m", "time_before_min", "time_after_min",
         "pupil_m_difference"]
    ].copy()  # fmt: skip
    words = {name: t.message(CLASS_NAMES[name]) for name in CLASSES}
    found["class"] = found["class"].astype(str)
    found["meaning"] = found["class"].map(words)
    found["grades"] = found["band"].map({band: term(t, band) for band in found["band"].unique()})
    order = found["difference_m"].abs().fillna(float("inf")).where(found["class"] != "same_way", -1.0)
    return found.assign(_order=order).sort_values(
        ["_order", "pupils_after", "village"], ascending=[False, False, True], kind="stable"
    ).drop(columns="_order").reset_index(drop=True)  # fmt: skip
