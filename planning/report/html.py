"""The report as one page that needs no network: numbers, maps, proposals with their proof, sources and reservations."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from planning.compliance.verdicts import NOT_APPLICABLE
from planning.errors import Message
from planning.i18n import Translator, get_translator
from planning.i18n.terms import term
from planning.network.ground import road_km
from planning.report.bus_lines import line_section
from planning.report.choices import curve_section, plan_section, way_section
from planning.report.closures import closure_section
from planning.report.compliance import compliance_section
from planning.report.figures import (
    Ground,
    draw_access_map,
    draw_catchment_map,
    draw_ground,
)
from planning.report.groups import structure_section
from planning.report.outlook import outlook_section
from planning.report.page_parts import distance_legend, page_templates
from planning.report.phases import phase_section
from planning.report.rules import override_section, rule_section
from planning.report.ways_to_school import way_sections
from planning.report.words import change, quantity, unit_name
from planning.scenario.naming import place_names
from planning.scenario.off_road import off_road_places

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer
    from planning.scenario.result import RunResult
    from planning.scenario.ways_to_school import WaysToSchool

__all__ = ["gap_in_words", "report_page", "write_html"]

#: Indicators of the report's tables, in this order; a table's own order is for programs.
SHOWN = (
    "pupils", "mean_distance", "median_distance", "p90_distance", "max_distance", "mean_time", "share_within_limit",
    "mean_distance_allocated", "served", "no_seat", "out_of_reach", "boarders", "share_off_road", "pupils_off_road",
    "schools", "seats", "schools_seats_unknown",
)  # fmt: skip
_ON_CARDS = (
    "pupils",
    "mean_distance",
    "p90_distance",
    "mean_time",
    "share_within_limit",
    "no_seat",
    "out_of_reach",
    "schools",
)
_BY_TOWNSHIP = ("pupils", "mean_distance", "p90_distance", "share_within_limit", "no_seat", "out_of_reach")
_LONGEST_LIST = 60
_FULLEST = 15
_MOST_OFF_ROAD = 15
#: Names of proposed sites in the list of all questions.
_MOST_NAMES = 8


def write_html(
    result: RunResult,
    drawn: Mapping[str, Mapping[str, gpd.GeoDataFrame]],
    path: Path,
    *,
    notices: Sequence[Message] = (),
    ways: WaysToSchool | None = None,
    day: dt.date | None = None,
) -> Path:
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
    notices : sequence of Message
        Reservations besides those of the county.
    ways : WaysToSchool, optional
        The way to school; no section about it by default.
    day : datetime.date, optional
        Date of the report; today by default.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    t = get_translator(result.county.project.language)
    path.write_text(report_page(t, result, drawn, notices=notices, ways=ways, day=day), "utf-8")
    return path


def report_page(
    t: Translator,
    result: RunResult,
    drawn: Mapping[str, Mapping[str, gpd.GeoDataFrame]],
    *,
    notices: Sequence[Message] = (),
    ways: WaysToSchool | None = None,
    day: dt.date | None = None,
    tell: Callable[[float], None] | None = None,
) -> str:
    """
    Make the report in any language, as the text of a page.

    Parameters
    ----------
    t : Translator
        The language.
    result : RunResult
        A finished run.
    drawn : Mapping
        By stage, its catchments as :func:`planning.scenario.areas.catchments` gives them; ``nearest`` is enough.
    notices : sequence of Message
        Reservations besides those of the county.
    ways : WaysToSchool, optional
        The way to school; no section about it by default.
    day : datetime.date, optional
        Date of the report; today by default.
    tell : callable, optional
        Is told how far the work is, from 0 to 1.

    Returns
    -------
    str
        The page; it needs no network and runs nothing.
    """
    told = tell or (lambda share: None)
    county = result.county
    ground = draw_ground(county)
    told(0.2)
    stages = [_stage(t, result, ground, stage, state, drawn[stage]) for stage, state in result.base.items()]
    told(0.4)
    answers = [_answer(t, result, ground, answer) for answer in result.answers]
    told(0.6)
    authority = county.crs.to_authority()
    page = (
        page_templates()
        .get_template("report.html")
        .render(
            t=t,
            language="zh-CN" if t.language == "zh" else "en",
            name=county.project.name,
            version=result.versions["planning"],
            crs=":".join(authority) if authority else county.crs.name,
            has_boundary=county.project.boundary is not None,
            date=t.date(day or dt.date.today()),
            ground=ground,
            numbers=_county_numbers(t, result),
            notices=[t.message(notice) for notice in (*county.notices, *notices)],
            stages=stages,
            ways=None if ways is None else way_sections(t, result, ways, ground),
            answers=answers,
            outlook=outlook_section(t, county, result.outlook),
            legend=distance_legend(t),
            pack=county.pack.title.in_language(t.language),
            rules_held=compliance_section(t, result),
            structure=structure_section(t, result),
            rules=rule_section(t, county, judged=_judged_by(result)),
            overrides=override_section(t, county),
            set_aside=[
                (item.source, "" if item.row is None else t.number(item.row), item.item, t.message(item.reason))
                for item in county.set_aside[:_LONGEST_LIST]
            ],
            set_aside_more=max(len(county.set_aside) - _LONGEST_LIST, 0),
        )
    )
    told(1.0)
    return page


def _judged_by(result: RunResult) -> set[str]:
    """Name the rules by which something in the report was judged: schools, coefficients, class sizes."""
    tables = [table for held in result.compliance.every() for table in (held.ledger, held.balance, held.sizes)]
    return {str(path) for table in tables for path in table.loc[table["verdict"] != NOT_APPLICABLE, "path"].unique()}


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


def _county_numbers(t: Translator, result: RunResult) -> list[tuple[str, str]]:
    county = result.county
    return [
        (t.number(float(county.cells["population"].sum())), t("inhabitants")),
        (t.number(len(county.cells)), t("inhabited places (grid cells or villages)")),
        (t.number(len(county.schools)), t("schools")),
        (t.number(road_km(county.network)), t("km of roads and paths")),
    ]


def _values(state: StageState) -> dict[str, tuple[float, str]]:
    """Give the indicators that have a value."""
    table = state.indicators
    found = {
        str(name): (float(value), str(unit))
        for name, value, unit in zip(table["indicator"], table["value"], table["unit"], strict=True)
    }
    return {name: found[name] for name in SHOWN if name in found and not math.isnan(found[name][0])}


def _stage(
    t: Translator,
    result: RunResult,
    ground: Ground,
    stage: str,
    state: StageState,
    drawn: Mapping[str, gpd.GeoDataFrame],
) -> dict[str, Any]:
    values = _values(state)
    by_township = state.by_township.pivot_table(index="township", columns="indicator", values="value", aggfunc="first")
    columns = [name for name in _BY_TOWNSHIP if name in by_township and name in values]
    off_road, off_road_more = _off_road(t, result, state)
    without = state.sites.index.difference(drawn["nearest"].index)
    return {
        "code": stage,
        "stage": term(t, stage),
        "mode": term(t, state.mode),
        "band": term(t, state.bands[0]),
        "has_schools": bool(len(state.sites)),
        "cards": [(quantity(t, *values[name]), term(t, name)) for name in _ON_CARDS if name in values],
        "indicators": [(term(t, name), quantity(t, *value)) for name, value in values.items()],
        "reconciliation": _reconciliation(t, state),
        "access_map": draw_access_map(result.county, ground, state),
        "has_land_out_of_reach": bool(state.nearest[state.bands[0]]["site_id"].isna().any()),
        "catchment_map": draw_catchment_map(ground, state, drawn["nearest"]),
        "township_columns": [term(t, name) for name in columns],
        "townships": [
            (township or t("(outside all townships)"), [quantity(t, row[name], values[name][1]) for name in columns])
            for township, row in by_township.iterrows()
            if len(by_township) > 1 or township
        ],
        "off_road": off_road,
        "off_road_more": off_road_more,
        "off_road_share": t.percent(result.county.project.terrain.off_road_share, 0),
        "fullest": _fullest(t, state),
        "fullest_more": max(len(state.sites) - _FULLEST, 0),
        "seats_known": bool(state.sites["seats"].notna().any()),
        "without_catchment": [_called(state.sites, site) for site in without[:_LONGEST_LIST]],
        "without_catchment_more": max(len(without) - _LONGEST_LIST, 0),
    }


def _reconciliation(t: Translator, state: StageState) -> list[tuple[str, str, str, str]]:
    """Put the sheet into words; kinds of being served that nobody has are left out."""
    table = state.reconciliation
    lines = zip(table["category"].astype(str), table["reason"].astype(str), table["pupils"].astype(int), strict=True)
    return [
        (term(t, category), term(t, reason) if reason else "", t.number(pupils), category)
        for category, reason, pupils in lines
        if pupils or category != "served"
    ]


def _off_road(
    t: Translator, result: RunResult, state: StageState
) -> tuple[list[tuple[str, str, str, str, str, str]], int]:
    """List the places whose pupils go farthest off the mapped roads, and say how many more there are."""
    county = result.county
    every = off_road_places(county, state)
    table = every.head(_MOST_OFF_ROAD)
    places = place_names(county, county.cells.index.get_indexer(table["cell_id"]))
    names = [
        name if name == place else f"{place} [{cell}]"
        for name, place, cell in zip(table["name"], places, table["cell_id"], strict=True)
    ]
    rows = [
        (str(name), str(township), t.number(pupils), quantity(t, way, "m"), quantity(t, off, "m"), t.percent(share, 0))
        for name, township, pupils, way, off, share in zip(
            names,
            table["township"],
            table["pupils"].astype(int),
            table["distance_m"].astype(float),
            table["off_road_m"].astype(float),
            table["share_off_road"].astype(float),
            strict=True,
        )
    ]
    return rows, len(every) - len(table)


def _called(sites: pd.DataFrame, site_id: str) -> str:
    """Give a school's name, or its code where it has none."""
    return str(sites.at[site_id, "name"]) or site_id


def _fullest(t: Translator, state: StageState) -> list[tuple[str, str, str, str, str]]:
    """List the schools with most pupils for their seats, then those whose seats are unknown, the largest first."""
    table = state.sites.assign(load=state.load)
    full = table["load"] / table["seats"].astype("Float64")
    rank = pd.DataFrame({"full": full.fillna(-1), "load": table["load"]})
    order = rank.sort_values(["full", "load"], ascending=False, kind="stable").index[:_FULLEST]
    return [
        (
            _called(table, site),
            term(t, table.at[site, "kind"]),
            t("unknown") if pd.isna(table.at[site, "seats"]) else t.number(int(table.at[site, "seats"])),
            t.number(int(table.at[site, "load"])),
            "–" if pd.isna(full[site]) else t.percent(float(full[site]), 0),
        )
        for site in order
    ]


def _answer(t: Translator, result: RunResult, ground: Ground, answer: Answer) -> dict[str, Any]:
    question, proposal = answer.question, answer.proposal
    before = _values(answer.before if answer.before is not None else result.base[question.stage])
    after = _values(answer.after) if answer.after is not None else {}
    proposed = answer.sites[~answer.sites["kind"].isin(["closed", "merged_into"])]
    shared = [name for name in SHOWN if name in before and name in after and before[name] != after[name]]
    return {
        "name": question.name,
        "stage": term(t, question.stage),
        "model": term(t, question.model),
        "status": term(t, proposal.status),
        "proof": gap_in_words(t, answer),
        "year": answer.year,
        "has_answer": math.isfinite(proposal.objective),
        "objective": _plain(t, proposal.objective),
        "bound": _plain(t, proposal.bound),
        "gap": t.percent(proposal.gap, 3),
        "unit": unit_name(t, answer.unit),
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
            for site_id, row in proposed.iloc[:_LONGEST_LIST].iterrows()
        ],
        "sites_more": max(len(proposed) - _LONGEST_LIST, 0),
        "names": t(", ").join(proposed["name"].iloc[:_MOST_NAMES]) or "–",
        "names_more": max(len(proposed) - _MOST_NAMES, 0),
        "has_beds": bool(answer.sites["beds"].notna().any()),
        "reasons": _reasons(t, answer),
        "curve": curve_section(t, answer),
        "plans": plan_section(t, answer),
        "phases": phase_section(t, answer),
        "ways": way_section(t, answer, result.county),
        "lines": line_section(t, answer),
        "closures": closure_section(t, answer, result.county, longest=_LONGEST_LIST),
        "compared": [
            (
                term(t, name),
                quantity(t, *before[name]),
                quantity(t, *after[name]),
                change(t, before[name][0], after[name][0], before[name][1]),
            )
            for name in shared
        ],
        "map": None
        if answer.after is None
        else draw_access_map(result.county, ground, answer.after, sites=answer.sites),
        "notes": [t.message(note) for note in answer.notes],
        "seconds": t.number(answer.seconds, 1),
    }


def _reasons(t: Translator, answer: Answer) -> list[tuple[str, str, str, str, str, str]]:
    """Say of each new site who gains, what is lost without it, and what is lost with the best other place instead."""
    told = answer.sites[answer.sites["lost_unit"] != ""]
    return [
        (
            row["name"],
            t.number(int(row["pupils_nearer"])),
            _lost(t, float(row["lost_without"]), row["lost_unit"]),
            t.number(int(row["unplaced_without"])),
            row["next_best"] or "–",
            _lost(t, float(row["lost_with_next_best"]), row["lost_unit"]) if row["next_best"] else "–",
        )
        for _, row in told.iterrows()
    ]


def _lost(t: Translator, value: float, unit: str) -> str:
    if unit == "pupils":
        return t("{n} pupils", n=t.number(value))
    return f"{_plain(t, value)} {unit_name(t, unit)}"


def _plain(t: Translator, value: float) -> str:
    return t.number(value, 0 if abs(value) >= 100 else 2) if math.isfinite(value) else "–"
