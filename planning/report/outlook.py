"""Seats in the coming years: tables, charts and the section of the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.config import VARIANTS_OF_BIRTHS
from planning.demand.outlook import COUNTY
from planning.i18n.terms import term
from planning.report.year_chart import draw_years
from planning.scenario.outlook import NEEDED_COLUMNS

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.county import County
    from planning.scenario.outlook import Outlook

__all__ = [
    "ESTATE_COLUMNS", "OFFER_COLUMNS", "WARNING_COLUMNS", "conversion_rows", "outlook_section", "outlook_tables",
    "warning_rows",
]  # fmt: skip

WARNING_COLUMNS = [
    "variant", "stage", "township", "seats", "shortage_from", "shortage_until", "most_missing", "year_of_most",
    "surplus_from", "surplus_until", "most_empty", "needed_at_end",
]  # fmt: skip
OFFER_COLUMNS = ["variant", "township", "from_stage", "to_stage", "first_year", "last_year", "seats"]
ESTATE_COLUMNS = ["housing_id", "name", "township", "year", "people", "stage", "trigger", "document"]


def outlook_tables(t: Translator, county: County, outlook: Outlook | None) -> dict[str, pd.DataFrame]:
    """
    Lay out the seats of coming years for files.

    Parameters
    ----------
    t : Translator
        The language of the sources' names.
    county : County
        Its rule pack names the sources.
    outlook : Outlook or None
        What is coming; None gives tables without rows.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``outlook``, ``early_warning``, ``conversions``, ``estate_schools``; children and seats rounded to 0.1, the county is
        ``*``.
    """
    if outlook is None:
        names = {"outlook": NEEDED_COLUMNS, "early_warning": WARNING_COLUMNS, "conversions": OFFER_COLUMNS}
        return {
            name: pd.DataFrame(columns=columns) for name, columns in {**names, "estate_schools": ESTATE_COLUMNS}.items()
        }
    return {
        "outlook": outlook.needed[NEEDED_COLUMNS].round({"children": 1, "seats_needed": 1}),
        "early_warning": outlook.warning[WARNING_COLUMNS].round(
            {"most_missing": 1, "most_empty": 1, "needed_at_end": 1}
        ),
        "conversions": outlook.conversions[OFFER_COLUMNS].assign(
            seats=outlook.conversions["seats"].astype(float).map(math.floor).astype("Int64")
        ),
        "estate_schools": outlook.estate_schools.assign(document=_source(t, county, outlook))[ESTATE_COLUMNS],
    }


def _source(t: Translator, county: County, outlook: Outlook) -> str:
    """Name the document that says from how many residents on an estate brings a school."""
    pack = county.pack if outlook.example is None else outlook.example
    rule = next(
        (
            found
            for stage in ("kindergarten", "primary", "junior")
            if (found := pack.rule(f"stages.{stage}.estate_people"))
        ),
        None,
    )
    return "" if rule is None else t.message(pack.sources[rule.source].message())


def outlook_section(t: Translator, county: County, outlook: Outlook | None) -> dict[str, Any] | None:
    """
    Put the seats of coming years into words and pictures for the report.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        Its rule pack.
    outlook : Outlook or None
        What is coming.

    Returns
    -------
    dict or None
        Charts and tables of texts; None where there is nothing to show.
    """
    if outlook is None:
        return None
    return {
        "year": outlook.year,
        "until": outlook.until,
        "charts": [_chart(t, outlook, stage) for stage in outlook.ages],
        "variants": [(variant, term(t, variant)) for variant in VARIANTS_OF_BIRTHS],
        "stages": [{"stage": term(t, stage), "rows": warning_rows(t, outlook, stage)} for stage in outlook.ages],
        "county": _county_rows(t, outlook),
        "conversions": conversion_rows(t, outlook),
        "special": _special(t, county, outlook),
        "estates": _estates(t, outlook),
        "estate_schools": _estate_schools(t, county, outlook),
        "notes": [t.message(note) for note in outlook.notices],
    }


def _chart(t: Translator, outlook: Outlook, stage: str) -> Any:
    """Draw one stage of the county: three variants, and the seats that are there."""
    table = outlook.needed[(outlook.needed["stage"] == stage) & (outlook.needed["township"] == COUNTY)]
    years = sorted(int(year) for year in table["year"].unique())
    lines = {
        variant: table[table["variant"] == variant].sort_values("year")["seats_needed"].tolist()
        for variant in ("low", "high", "middle")
    }
    return draw_years(
        t,
        t("{stage}: seats needed", stage=term(t, stage)),
        years,
        lines,
        names={variant: term(t, variant) for variant in VARIANTS_OF_BIRTHS},
        along=t("Year"),
        level=float(table["seats"].iloc[0]),
        level_name=t("seats there today"),
    )


def warning_rows(t: Translator, outlook: Outlook, stage: str, variant: str = "middle") -> list[dict[str, Any]]:
    """
    Put the early warning of one stage into words, township by township, the county last.

    Parameters
    ----------
    t : Translator
        The language.
    outlook : Outlook
        What is coming.
    stage : str
        The stage.
    variant : str
        Variant of births.

    Returns
    -------
    list of dict
        ``township``, ``is_county``, ``mark`` (short, empty, both or nothing), and as texts ``seats``, ``shortage``,
        ``missing``, ``surplus``, ``empty``, ``at_end``.
    """
    table = outlook.warning[(outlook.warning["variant"] == variant) & (outlook.warning["stage"] == stage)]
    return [_row(t, outlook, row) for row in table.to_dict("records")]


def _row(t: Translator, outlook: Outlook, row: dict[Any, Any]) -> dict[str, Any]:
    short, empty = not pd.isna(row["shortage_from"]), not pd.isna(row["surplus_from"])
    unknown = pd.isna(row["seats"])
    both = "both" if short and empty else "short" if short else "empty" if empty else ""
    return {
        "township": t("Whole county") if row["township"] == COUNTY else row["township"] or t("(outside all townships)"),
        "is_county": row["township"] == COUNTY,
        "mark": both,
        "seats": t("unknown") if unknown else t.number(float(row["seats"])),
        "shortage": _years(t, outlook, row["shortage_from"], row["shortage_until"]) if short else "–",
        "missing": f"{t.number(float(row['most_missing']))} ({int(row['year_of_most'])})" if short else "–",
        "surplus": _years(t, outlook, row["surplus_from"], row["surplus_until"]) if empty else "–",
        "empty": t.number(float(row["most_empty"])) if empty else "–",
        "at_end": t.number(float(row["needed_at_end"])),
    }


def _years(t: Translator, outlook: Outlook, first: Any, last: Any) -> str:
    """Say from when to when; what holds in the first year holds today."""
    if int(first) == int(last):
        return t("today only") if int(first) == outlook.year else str(int(first))
    begin = t("today") if int(first) == outlook.year else str(int(first))
    return f"{begin}–{int(last)}"


def _county_rows(t: Translator, outlook: Outlook) -> list[list[str]]:
    """Hold the three variants of each stage side by side, for the county as a whole."""
    table = outlook.warning[outlook.warning["township"] == COUNTY]
    rows = []
    for stage in outlook.ages:
        for variant in VARIANTS_OF_BIRTHS:
            one = table[(table["stage"] == stage) & (table["variant"] == variant)].to_dict("records")[0]
            shown = _row(t, outlook, one)
            names = ("seats", "shortage", "missing", "surplus", "empty", "at_end")
            rows.append([term(t, stage), term(t, variant), *(shown[name] for name in names)])
    return rows


def conversion_rows(t: Translator, outlook: Outlook, variant: str = "middle") -> list[list[str]]:
    """
    List the seats that may serve another stage.

    Parameters
    ----------
    t : Translator
        The language.
    outlook : Outlook
        What is coming.
    variant : str
        Variant of births.

    Returns
    -------
    list of list of str
        Township, the stage whose seats they are, the stage they may serve, years and seats.
    """
    table = outlook.conversions[outlook.conversions["variant"] == variant]
    return [
        [
            row["township"] or t("(outside all townships)"),
            term(t, row["from_stage"]),
            term(t, row["to_stage"]),
            str(row["first_year"]) if row["first_year"] == row["last_year"] else f"{row['first_year']}–{row['last_year']}",
            t.number(math.floor(row["seats"])),
        ]
        for row in table.to_dict("records")
    ]  # fmt: skip


def _special(t: Translator, county: County, outlook: Outlook) -> dict[str, str] | None:
    special = outlook.special
    if special is None:
        return None
    if special.people <= special.rule.number:
        words = t(
            "The county has {people} residents, not more than {threshold}: no special school is asked for.",
            people=t.number(special.people),
            threshold=t.number(special.rule.number),
        )
    elif special.due:
        words = t(
            "The county has {people} residents, more than {threshold}, and no special school: one is needed.",
            people=t.number(special.people),
            threshold=t.number(special.rule.number),
        )
    else:
        words = t(
            "The county has {people} residents, more than {threshold}: a special school is asked for, and {n} is there.",
            people=t.number(special.people),
            threshold=t.number(special.rule.number),
            n=t.number(special.there),
        )
    badge = special.rule.badge
    return {
        "words": words,
        "due": "yes" if special.due else "",
        "source": t.message(county.pack.sources[special.rule.source].message()),
        "badge": "" if badge is None else t.message(badge),
        "mark": special.rule.confidence,
    }


def _estates(t: Translator, outlook: Outlook) -> list[list[str]]:
    ordered = outlook.estates.sort_values("year", kind="stable")
    return [
        [
            row["name"],
            row["township"],
            str(int(row["year"])),
            t.number(int(row["dwellings"])),
            t.number(row["children"]),
        ]
        for row in ordered.drop(columns="geometry").to_dict("records")
    ]


def _estate_schools(t: Translator, county: County, outlook: Outlook) -> dict[str, Any] | None:
    """List the schools that estates owe, with the document; a province's rule is never shown as the county's law."""
    if not len(outlook.estates):
        return None
    pack = county.pack if outlook.example is None else outlook.example
    rules = {
        stage: rule
        for stage in ("kindergarten", "primary", "junior")
        if (rule := pack.rule(f"stages.{stage}.estate_people")) is not None
    }
    first = next(iter(rules.values()), None)
    badge = None if first is None else first.badge
    return {
        "rows": [
            [row["name"], row["township"], str(int(row["year"])), t.number(row["people"]), term(t, row["stage"])]
            for row in outlook.estate_schools.to_dict("records")
        ],
        "triggers": t(", ").join(
            t("{stage} from {people} residents", stage=term(t, stage), people=t.number(rule.number))
            for stage, rule in rules.items()
        ),
        "source": _source(t, county, outlook),
        "is_example": outlook.example is not None,
        "badge": "" if badge is None else t.message(badge),
        "mark": "" if first is None else first.confidence,
    }
