"""The report as one page that needs no network: numbers, maps, proposals with their proof, sources and reservations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import jinja2
import pandas as pd

from planning.i18n import Translator, get_translator
from planning.i18n.terms import term
from planning.report.figures import (
    DISTANCE_CLASSES_M,
    DISTANCE_COLOURS,
    NO_WAY_COLOUR,
    draw_access_map,
    draw_catchment_map,
)
from planning.standards.model import CONFIDENCE

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer
    from planning.scenario.run import RunResult

__all__ = ["gap_in_words", "quantity", "write_html"]

#: Indicators of the report's tables, in this order; a table's own order is for programs.
SHOWN = (
    "pupils", "mean_distance", "median_distance", "p90_distance", "max_distance", "mean_time", "share_within_limit",
    "mean_distance_allocated", "served", "no_seat", "out_of_reach", "boarders", "share_off_road", "schools", "seats",
    "schools_seats_unknown",
)  # fmt: skip
_LONGEST_LIST = 60


def write_html(result: RunResult, drawn: Mapping[str, Mapping[str, gpd.GeoDataFrame]], path: Path) -> Path:
    """
    Write the report in the project's language.

    Parameters
    ----------
    result : RunResult
        A finished run.
    drawn : Mapping
        By stage, its catchments as :func:`planning.scenario.areas.catchments` gives them.
    path : pathlib.Path
        The file.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    t = get_translator(result.county.project.language)
    folder = Path(str(resources.files("planning.report") / "templates"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("report.html").render(
        t=t,
        term=lambda code: term(t, code),
        language="zh-CN" if t.language == "zh" else "en",
        result=result,
        county=result.county,
        stages=[_stage(t, result, stage, state, drawn[stage]) for stage, state in result.base.items()],
        answers=[_answer(t, result, answer) for answer in result.answers],
        legend=_distance_legend(t),
        rules=_rules(t, result),
        set_aside=result.county.set_aside[:_LONGEST_LIST],
        set_aside_more=max(len(result.county.set_aside) - _LONGEST_LIST, 0),
    )
    path.write_text(page, "utf-8")
    return path


def quantity(t: Translator, value: float | None, unit: str) -> str:
    """
    Write a value with its unit as people read it.

    Parameters
    ----------
    t : Translator
        The language.
    value : float or None
        The value.
    unit : str
        Unit as in the table of indicators; ``1`` is a share.

    Returns
    -------
    str
        Such as ``2.31 km`` or ``93.5%``; a dash where there is no value.
    """
    if value is None or pd.isna(value):
        return "–"
    if unit == "1":
        return t.percent(value)
    if unit == "m":
        return t("{n} km", n=t.number(value / 1000, 2)) if value >= 1000 else t("{n} m", n=t.number(value))
    if unit == "min":
        return t("{n} min", n=t.number(value, 1))
    if unit == "seat/pupil":
        return t.number(value, 2)
    return t.number(value)


def gap_in_words(t: Translator, answer: Answer) -> str:
    """
    Say how good an answer is, in plain words.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.

    Returns
    -------
    str
        One sentence.
    """
    proposal = answer.proposal
    if proposal.status == "infeasible":
        return t("There is no answer to this question; the reasons are below.")
    if not math.isfinite(proposal.objective):
        return t("The search was stopped before it found an answer.")
    if proposal.status == "optimal":
        return t("Proven: no plan is better in this measure.")
    if not math.isfinite(proposal.gap):
        return t("Stopped early; how much better another plan could be is not known.")
    return t("Stopped early: no plan can be better than this one by more than {gap}.", gap=t.percent(proposal.gap, 2))


def _values(state: StageState) -> dict[str, tuple[float, str]]:
    table = state.indicators.set_index("indicator")
    return {str(name): (float(row["value"]), str(row["unit"])) for name, row in table.iterrows()}


def _stage(
    t: Translator, result: RunResult, stage: str, state: StageState, drawn: Mapping[str, gpd.GeoDataFrame]
) -> dict[str, Any]:
    values = _values(state)
    by_township = state.by_township.pivot_table(index="township", columns="indicator", values="value", aggfunc="first")
    columns = [
        name
        for name in ("pupils", "mean_distance", "p90_distance", "share_within_limit", "no_seat", "out_of_reach")
        if name in by_township
    ]
    return {
        "stage": term(t, stage),
        "mode": term(t, state.mode),
        "bands": [term(t, band) for band in state.bands],
        "indicators": [
            (term(t, name), quantity(t, *values[name]))
            for name in SHOWN
            if name in values and not math.isnan(values[name][0])
        ],
        "reconciliation": [
            (term(t, row.category), term(t, row.reason) if row.reason else "", t.number(row.pupils), row.category)
            for row in state.reconciliation.itertuples()
        ],
        "access_map": draw_access_map(result.county, state),
        "catchment_map": draw_catchment_map(result.county, state, drawn["nearest"]),
        "township_columns": [term(t, name) for name in columns],
        "townships": [
            (township or t("(outside all townships)"), [quantity(t, row[name], values[name][1]) for name in columns])
            for township, row in by_township.iterrows()
        ],
        "fullest": _fullest(t, state),
    }


def _fullest(t: Translator, state: StageState) -> list[tuple[str, str, str, str, str]]:
    """List the schools with most pupils for their seats, and those whose seats are unknown last."""
    table = state.sites.assign(load=state.load)
    full = table["load"] / table["seats"].astype("Float64")
    order = full.fillna(-1).sort_values(ascending=False, kind="stable").index[:15]
    return [
        (
            table.at[site, "name"],
            term(t, table.at[site, "kind"]),
            t("unknown") if pd.isna(table.at[site, "seats"]) else t.number(int(table.at[site, "seats"])),
            t.number(int(table.at[site, "load"])),
            "–" if pd.isna(full[site]) else t.percent(float(full[site]), 0),
        )
        for site in order
    ]


def _answer(t: Translator, result: RunResult, answer: Answer) -> dict[str, Any]:
    question, proposal = answer.question, answer.proposal
    before = _values(result.base[question.stage])
    after = _values(answer.after) if answer.after is not None else {}
    compared = []
    for name in SHOWN:
        if name in before and name in after and not math.isnan(after[name][0]):
            unit = before[name][1]
            change = after[name][0] - before[name][0]
            compared.append(
                (
                    term(t, name),
                    quantity(t, before[name][0], unit),
                    quantity(t, after[name][0], unit),
                    "–"
                    if math.isnan(change)
                    else ("+" if change > 0 else "−" if change < 0 else "") + quantity(t, abs(change), unit),
                )
            )
    return {
        "name": question.name,
        "stage": term(t, question.stage),
        "model": term(t, question.model),
        "status": term(t, proposal.status),
        "proof": gap_in_words(t, answer),
        "objective": _plain(t, proposal.objective),
        "bound": _plain(t, proposal.bound),
        "gap": t.percent(proposal.gap, 3),
        "unit": term(t, answer.unit),
        "sites": [
            {
                "id": site_id,
                "name": row["name"],
                "kind": term(t, row["kind"]),
                "township": row["township"],
                "seats": "–" if pd.isna(row["seats"]) else t.number(int(row["seats"])),
                "beds": "–" if pd.isna(row["beds"]) else t.number(int(row["beds"])),
                "pupils": t.number(int(row["pupils_gained"])),
            }
            for site_id, row in answer.sites.iterrows()
        ],
        "compared": compared,
        "map": None if answer.after is None else draw_access_map(result.county, answer.after, sites=answer.sites),
        "notes": [t.message(note) for note in answer.notes],
        "seconds": t.number(answer.seconds, 1),
    }


def _plain(t: Translator, value: float) -> str:
    return t.number(value, 0 if abs(value) >= 100 else 2) if math.isfinite(value) else "–"


def _distance_legend(t: Translator) -> list[tuple[str, str]]:
    entries, start = [], 0.0
    for end, colour in zip(DISTANCE_CLASSES_M, DISTANCE_COLOURS, strict=True):
        words = (
            t("{a}–{b} km", a=t.number(start / 1000), b=t.number(end / 1000))
            if math.isfinite(end)
            else t("over {a} km", a=t.number(start / 1000))
        )
        entries.append((colour, words))
        start = end
    return [*entries, (NO_WAY_COLOUR, t("no way to a school"))]


def _rules(t: Translator, result: RunResult) -> list[dict[str, str]]:
    """List the pack's numbers with source and confidence; a default of this tool is never shown as law."""
    pack = result.county.pack
    rows = []
    for path, rule in pack.rules():
        source = pack.sources[rule.source]
        value = (
            t("yes")
            if rule.value is True
            else t("no")
            if rule.value is False
            else f"{rule.value:g} {term(t, rule.unit)}"
        )
        words = [term(t, part) for part in path.split(".")[1:]] or [term(t, path)]
        rows.append(
            {
                "rule": " · ".join(words),
                "value": value,
                "source": source.title.in_language(t.language) + (f" {source.number}" if source.number else ""),
                "clause": rule.clause or "",
                "confidence": t.message(CONFIDENCE[rule.confidence]),
                "law": "law" if rule.is_law else "tool",
                "note": rule.note.in_language(t.language) if rule.note else "",
            }
        )
    return rows
