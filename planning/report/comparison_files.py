"""All files of a comparison in one folder: a page to read and print, a workbook, a CSV for each table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planning import __version__
from planning.i18n import Translator, get_translator
from planning.report.comparison import (
    class_sheet,
    cost_sheet,
    difference_legend,
    indicator_sheet,
    rule_sheet,
    stage_and_band,
    summary,
    township_sheet,
    verdict_sheet,
)
from planning.report.comparison_map import chief_band, difference_map
from planning.report.comparison_tables import comparison_tables, sheet_names, village_table
from planning.report.figures import draw_access_map, draw_ground
from planning.report.page_parts import distance_legend, page_templates
from planning.report.tables import write_csv, write_workbook
from planning.report.words import quantity

if TYPE_CHECKING:
    from planning.scenario.comparison import Comparison, EvaluatedPlan

__all__ = ["comparison_page", "write_comparison"]

#: Rows of villages on the page; the files hold all.
_MOST_VILLAGES = 60


def write_comparison(
    comparison: Comparison,
    plans: Sequence[EvaluatedPlan],
    out: Path,
    *,
    t: Translator | None = None,
    day: dt.date | None = None,
) -> list[Path]:
    """
    Write a comparison.

    Parameters
    ----------
    comparison : Comparison
        The plans beside each other.
    plans : sequence of EvaluatedPlan
        The same plans, for the maps.
    out : pathlib.Path
        Folder that is there; files of the same names are replaced.
    t : Translator, optional
        The language; that of the project by default.
    day : datetime.date, optional
        Date of the page; today by default.

    Returns
    -------
    list of pathlib.Path
        ``comparison.html``, ``comparison.xlsx`` and ``comparison_*.csv``.
    """
    county = plans[0].county
    t = t or get_translator(county.project.language)
    tables = comparison_tables(comparison, county.pack, t)
    page = out / "comparison.html"
    page.write_text(comparison_page(comparison, plans, t, day=day), "utf-8")
    named = sheet_names(t)
    book = write_workbook({named[name]: tables[name] for name in named}, out / "comparison.xlsx", t)
    return [page, book, *(write_csv(table, out / f"comparison_{name}.csv") for name, table in tables.items())]


def comparison_page(
    comparison: Comparison, plans: Sequence[EvaluatedPlan], t: Translator, *, day: dt.date | None = None
) -> str:
    """
    Make the page: summary, tables, maps beside each other and difference maps; it runs nothing and needs no network.

    Parameters
    ----------
    comparison : Comparison
        The plans beside each other.
    plans : sequence of EvaluatedPlan
        The same plans.
    t : Translator
        The language.
    day : datetime.date, optional
        Its date; today by default.

    Returns
    -------
    str
        HTML.
    """
    county = plans[0].county
    ground = draw_ground(county)
    parts = []
    for number in range(1, len(plans)):
        stage, band = chief_band(comparison, number)
        parts.append(
            {
                "name": plans[number].name,
                "band": stage_and_band(t, stage, band),
                "map": difference_map(ground, plans[0], plans[number], stage, band),
                "townships": township_sheet(t, comparison, number),
                **_villages(comparison, number, t),
            }
        )
    stage, band = chief_band(comparison, 1)
    beside = [{"name": plan.name, "map": draw_access_map(plan.county, ground, plan.states[stage])} for plan in plans]
    return (
        page_templates()
        .get_template("comparison.html")
        .render(
            t=t,
            language="zh-CN" if t.language == "zh" else "en",
            name=county.project.name,
            names=comparison.names,
            version=__version__,
            date=t.date(day or dt.date.today()),
            ground=ground,
            has_boundary=county.project.boundary is not None,
            summary=summary(t, comparison),
            sheets=[
                (t("Indicators"), "", indicator_sheet(t, comparison)),
                (t("Who gains and who loses"), t("Pupils by what the scenario means for their way to the nearest school; a way counts as another from 50 m on."), class_sheet(t, comparison)),
                (t("Standards"), t("Rules broken and mended, each scenario against {name}.", name=comparison.names[0]), verdict_sheet(t, comparison)),
                ("", "", rule_sheet(t, comparison, county.pack)),
                (t("Cost"), t("Building counts every seat that a school gets against today; a school that moves is built anew."), cost_sheet(t, comparison)),
            ],
            parts=parts,
            beside=beside,
            beside_of=stage_and_band(t, stage, plans[0].states[stage].bands[0]),
            legend=difference_legend(t),
            distance_legend=distance_legend(t),
        )
    )  # fmt: skip


def _villages(comparison: Comparison, plan: int, t: Translator) -> dict[str, Any]:
    """List the villages that change most, and count the others."""
    table = village_table(comparison, t)
    table = table[(table["plan"] == plan) & (table["class"] != "same_way")]
    rows = [
        (
            row["township"], row["village"], row["grades"], t.number(row["pupils_after"]), row["school_before"],
            row["school_after"], quantity(t, row["way_before_m"], "m"), quantity(t, row["way_after_m"], "m"),
            row["meaning"],
        )
        for row in table.head(_MOST_VILLAGES).to_dict("records")
    ]  # fmt: skip
    return {"villages": rows, "more": max(len(table) - _MOST_VILLAGES, 0)}
