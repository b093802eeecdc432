"""Tables of coming years: the early warning, seats by township and year, what may serve another stage, estates."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.demand.outlook import COUNTY
from planning.report.outlook import conversion_rows, warning_rows
from planning.ui.tables import Figure, message_html, table_html
from planning.ui.words import with_unit

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.outlook import Outlook

__all__ = [
    "KEPT", "conversions_html", "empty_html", "estates_html", "outlook_figures", "special_html", "variants_html",
    "warning_html", "years_html",
]  # fmt: skip

#: What the early warning may be narrowed to, with the marks of the rows that stay.
KEPT = {"all": ("", "short", "empty", "both"), "short": ("short", "both"), "surplus": ("empty", "both")}
_WARNING = ("seats", "shortage", "missing", "surplus", "empty", "at_end")
_SHORT = "▲ "
"""A shortage is told by its sign as well as by its colour."""


def empty_html(text: str) -> str:
    """Say that there is nothing, and what to do."""
    return f'<div class="pl-empty">{escape(text)}</div>'


def warning_heads(t: Translator, outlook: Outlook) -> list[str]:
    """Head the columns of an early warning, in seats."""
    return [
        t("Seats there"), t("Seats short"), t("Most missing (year)"), t("Seats to spare"), t("Most to spare"),
        t("Needed in {year}", year=outlook.until),
    ]  # fmt: skip


def outlook_figures(t: Translator, outlook: Outlook, stage: str, variant: str, seats: float) -> list[Figure]:
    """Give the county at a glance for a stage and a variant of births."""
    table = outlook.needed
    rows = table[(table["stage"] == stage) & (table["variant"] == variant) & (table["township"] == COUNTY)]
    by_year = rows.set_index("year")["children"]
    first, last = float(by_year.iloc[0]), float(by_year.iloc[-1])
    county = next(row for row in warning_rows(t, outlook, stage, variant) if row["is_county"])
    change = (last - first) / first if first else math.nan
    sign = "+" if change >= 0.0005 else ""  # none where the percentage is rounded to nothing
    today = float(rows["seats"].iloc[0])
    planned = ""
    if math.isfinite(seats) and not math.isclose(seats, today, abs_tol=0.05):
        planned = t("with the open plan: {n}", n=with_unit(seats, "seat", t))
    marks = [row["mark"] for row in warning_rows(t, outlook, stage, variant) if not row["is_county"]]
    short, spare = (sum(mark in KEPT[kind] for mark in marks) for kind in ("short", "surplus"))
    return [
        Figure(t("Children of the stage in {year}", year=outlook.year), t("{n} children", n=t.number(first)), t("as the county is planned with")),
        Figure(t("Children of the stage in {year}", year=outlook.until), t("{n} children", n=t.number(last)), f"{sign}{t.percent(change)}" if math.isfinite(change) else ""),
        Figure(t("Seats there"), t("unknown") if math.isnan(today) else with_unit(today, "seat", t), planned or t("of the schools that are open today")),
        Figure(t("Seats short"), county["shortage"], t("most missing (year): {n}", n=county["missing"]) if county["missing"] != "–" else t("in no year, for the county as a whole"), "bad" if county["missing"] != "–" else ""),
        Figure(t("Seats to spare"), county["surplus"], t("most to spare: {n} seats", n=county["empty"]) if county["empty"] != "–" else t("in no year, for the county as a whole")),
        Figure(t("Townships"), t("{n} short", n=t.number(short)), t("{n} with seats to spare, of {all}", n=t.number(spare), all=t.number(len(marks)))),
    ]  # fmt: skip


def warning_html(t: Translator, outlook: Outlook, stage: str, variant: str, kept: str, *, township: str) -> str:
    """Lay the early warning out by township, those that are short first; the county on top."""
    found = [
        row for row in warning_rows(t, outlook, stage, variant)
        if row["is_county"] or row["mark"] in KEPT[kept]
    ]  # fmt: skip
    if len(found) == 1 and kept != "all":
        return empty_html(
            t("No township is short of seats in any year of this variant.")
            if kept == "short"
            else t("No township has seats to spare in any year of this variant.")
        )
    found.sort(key=lambda row: not row["is_county"])
    tones = [["", "", *_tones(row), ""] for row in found]
    rows = [
        [f"→ {row['township']}" if row["township"] == township else row["township"], *(row[key] for key in _WARNING)]
        for row in found
    ]
    heads = [t("Township"), *warning_heads(t, outlook)]
    return table_html(heads, rows, numbers=range(1, len(heads)), tones=tones, height=372, total=True)


def _tones(row: dict[str, Any]) -> list[str]:
    short, spare = row["mark"] in KEPT["short"], row["mark"] in KEPT["surplus"]
    return ["bad" if short else ""] * 2 + ["good" if spare else ""] * 2


def variants_html(t: Translator, outlook: Outlook, county_rows: list[list[str]]) -> str:
    """Hold the three variants of each stage side by side, as the report does."""
    tones = [
        ["", "", "", *("bad" if cell != "–" else "" for cell in row[3:5]), *("good" if cell != "–" else "" for cell in row[5:7]), ""]
        for row in county_rows
    ]  # fmt: skip
    heads = [t("Stage"), t("Variant of births"), *warning_heads(t, outlook)]
    return table_html(heads, county_rows, numbers=range(2, len(heads)), tones=tones)


def years_html(t: Translator, outlook: Outlook, stage: str, variant: str, series: str) -> str:
    """Lay seats needed, or children, out by township and year; the county on top."""
    table = outlook.needed[(outlook.needed["stage"] == stage) & (outlook.needed["variant"] == variant)]
    wide = table.pivot_table(index="township", columns="year", values=series, aggfunc="first", dropna=False)
    seats = table.groupby("township")["seats"].first()
    order = [COUNTY, *sorted(name for name in wide.index if name != COUNTY)]
    rows, tones = [], []
    for name in order:
        there = float(seats[name]) if pd.notna(seats[name]) else math.nan
        short = [series == "seats_needed" and float(value) - there > 0.5 for value in wide.loc[name]]
        cells = [(_SHORT if lacks else "") + t.number(float(value)) for value, lacks in zip(wide.loc[name], short, strict=True)]  # fmt: skip
        title = t("Whole county") if name == COUNTY else name or t("(outside all townships)")
        rows.append([title, t("unknown") if math.isnan(there) else t.number(there), *cells])
        tones.append(["", "", *("bad" if lacks else "" for lacks in short)])
    heads = [t("Township"), t("Seats there"), *(str(year) for year in wide.columns)]
    return table_html(heads, rows, numbers=range(1, len(heads)), tones=tones, height=372, total=True)


def conversions_html(t: Translator, outlook: Outlook, variant: str) -> str:
    """List the seats that may serve another stage."""
    rows = conversion_rows(t, outlook, variant)
    if not rows:
        return empty_html(t("In this variant no township has seats of one stage that another stage lacks."))
    heads = [t("Township"), t("Seats of"), t("May serve"), t("Years"), t("Seats")]
    return table_html(heads, rows, numbers=(3, 4), height=230)


def special_html(t: Translator, special: dict[str, str] | None) -> str:
    """Say whether a special school is due, with the clause."""
    if special is None:
        return empty_html(t("The rule pack says nothing of special schools."))
    badge = f" ({special['badge']})" if special["badge"] else ""
    return f'<div class="pl-note">{message_html([special["words"], special["source"] + badge])}</div>'


def estates_html(t: Translator, section: dict[str, Any]) -> str:
    """List new estates, the children who move in, and the schools that they would owe."""
    if not section["estates"]:
        return empty_html(
            t("No new estate of the coming years is named. Name a table in the project file, housing: housing.xlsx; the template is housing_template.xlsx.")
        )  # fmt: skip
    heads = [t("Estate"), t("Township"), t("Year"), t("Dwellings"), t("Children who move in")]
    parts = [table_html(heads, section["estates"], numbers=(2, 3, 4), height=230)]
    due = section["estate_schools"]
    if due:
        lead = (
            t("The rule pack says nothing on schools that estates must bring. For example, one province asks for them as follows; it is no rule of this county:")
            if due["is_example"]
            else t("Estates must bring schools of their own:")
        )  # fmt: skip
        badge = f" ({due['badge']})" if due["badge"] else ""
        source = f" {due['source']}{badge}" if due["source"] else ""
        parts.append(f'<div class="pl-under">{escape(" ".join((lead, due["triggers"])) + source)}</div>')
        if due["rows"]:
            heads = [t("Estate"), t("Township"), t("Year"), t("Residents"), t("School that would be due")]
            parts.append(table_html(heads, due["rows"], numbers=(2, 3), height=200))
        else:
            parts.append(empty_html(t("No estate of the coming years is that large.")))
    return "".join(parts)
