"""School groups, townships and the roadmap, as a section of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.compliance.townships import JUNIOR
from planning.compliance.verdicts import MET, NOT_MET
from planning.demand.outlook import COUNTY
from planning.i18n.terms import term
from planning.report.group_tables import called, cited, pair_reason, without_reason

if TYPE_CHECKING:
    from planning.compliance.groups import Groups
    from planning.compliance.roadmap import Roadmap
    from planning.i18n import Translator
    from planning.scenario.result import RunResult
    from planning.scenario.school_groups import Structure
    from planning.standards import RulePack

__all__ = ["some_years", "structure_section", "structure_words"]

_MOST_ROWS = 40


def structure_section(t: Translator, result: RunResult) -> dict[str, Any]:
    """
    Put groups, townships, seats and the roadmap into words.

    Parameters
    ----------
    t : Translator
        The language.
    result : RunResult
        A finished run.

    Returns
    -------
    dict
        ``groups`` (``told``, rows by lead, those without), ``nodes``, ``seats``, ``estates``, ``stops``, ``adds`` by indicator,
        ``told`` of the roadmap and its ``years``, ``passing`` by year, ``proposals`` (what a layout adds to it), ``staff_years``.
    """
    words = structure_words(t, result.structure, result.county.pack, result.county.schools["name"])
    return {**words, "proposals": [_proposal_roadmap(t, *each) for each in result.roadmaps]}


def structure_words(t: Translator, found: Structure, pack: RulePack, names: pd.Series) -> dict[str, Any]:
    """
    Put groups, townships, seats and the roadmap of one layout into words, for the report and for the app.

    Parameters
    ----------
    t : Translator
        The language.
    found : Structure
        What was worked out.
    pack : RulePack
        The rules.
    names : pandas.Series
        Names of schools by code.

    Returns
    -------
    dict
        As :func:`structure_section` gives it, without ``proposals``.
    """
    nodes = [_node(t, row, names, pack) for row in found.nodes.to_dict("records") if row["verdict"] != MET]
    return {
        "groups": _groups(t, found.groups, names),
        "asked_of_townships": bool(len(found.nodes)),
        "nodes": nodes[:_MOST_ROWS],
        "nodes_more": max(len(nodes) - _MOST_ROWS, 0),
        "seats": _seats(t, found.seats, pack),
        "estates": [
            (
                _year(row["year"]),
                term(t, row["stage"]),
                _number(t, row["smallest_school"]),
                _number(t, row["people"]),
                _number(t, row["dwellings"]),
                _number(t, row["cited_people"]),
                _number(t, row["cited_dwellings"]),
                " · ".join(filter(None, cited(t, pack, row["path"]))),
            )
            for row in some_years(found.estates).to_dict("records")
            if pd.notna(row["dwellings"]) or pd.notna(row["cited_people"])
        ],
        **_roadmap(t, found, pack),
        "passing": _passing(t, found.passing),
        "staff_years": _staff_years(t, found.staff),
    }


def _groups(t: Translator, groups: Groups, names: pd.Series) -> dict[str, Any]:
    gap = "" if t.language == "zh" else " "
    needing = len(groups.pairs) + len(groups.without)
    told = [
        t(
            "Of {n} weak and rural schools {led} have a lead, {without} have none; {leads} schools lead.",
            n=t.number(needing),
            led=t.number(groups.led),
            without=t.number(len(groups.without)),
            leads=t.number(len(groups.leads)),
        ),
        t("Proven: no plan leads more schools, and none that leads as many has less travel.")
        if groups.status == "optimal"
        else t(
            "Stopped early: at most {n} schools could be led, and a plan that leads as many could have {gap} less travel at most.",
            n=t.number(groups.led_bound),
            gap=t.percent(groups.gap, 1),
        ),
        t(
            "A lead has at most {members} schools within {minutes} min by road: defaults of this tool or the project's own, no law.",
            members=t.number(groups.limits.members_max),
            minutes=t.number(groups.limits.minutes_max),
        ),
        *(t.message(note) for note in groups.notes),
    ]
    rows = [
        (
            called(names, str(groups.pairs.at[code, "lead_id"])),
            called(names, code),
            _number(t, groups.pairs.at[code, "minutes"]),
            _number(t, groups.pairs.at[code, "week_minutes"]),
            gap.join(t.message(each) for each in pair_reason(groups, code, names)),
        )
        for code in groups.pairs.sort_values("lead_id", kind="stable").index
    ]
    without = [
        (called(names, code), t.message(without_reason(t, groups, code, names))) for code in groups.without.index
    ]
    return {
        "told": told,
        "days": groups.limits.shared_days,
        "any": bool(needing),
        "rows": rows[:_MOST_ROWS],
        "rows_more": max(len(rows) - _MOST_ROWS, 0),
        "without": without[:_MOST_ROWS],
        "without_more": max(len(without) - _MOST_ROWS, 0),
    }


def _node(t: Translator, row: Mapping[Any, Any], names: pd.Series, pack: RulePack) -> tuple[str, ...]:
    source, confidence = cited(t, pack, row["path"])
    stand_in = (
        t("{name}, {n} min", name=called(names, row["stand_in_id"]), n=_number(t, row["stand_in_minutes"]))
        if row["stand_in_id"]
        else "–"
    )
    node = term(t, row["node"]) if row["node"] != JUNIOR else t("Junior secondary school")
    there = called(names, row["school_id"]) if row["school_id"] else "–"
    verdict = term(t, row["verdict"])
    if row["unsure"]:
        verdict = t("{what}: {detail}", what=verdict, detail=term(t, f"unsure_{row['unsure']}"))
    return (row["township"], node, verdict, there, stand_in, f"{source} · {confidence}")


def _seats(t: Translator, seats: pd.DataFrame, pack: RulePack) -> list[tuple[str, ...]]:
    return [
        (
            _year(row["year"]),
            term(t, row["stage"]),
            _number(t, row["needed_per_1000"], 1),
            _number(t, row["seats_per_1000"], 1),
            _number(t, row["cited_per_1000"], 1),
            " · ".join(filter(None, cited(t, pack, row["path"]))),
        )
        for row in some_years(seats[seats["township"] == COUNTY]).to_dict("records")
    ]


def some_years(table: pd.DataFrame) -> pd.DataFrame:
    """
    Keep today, the middle and the last year; the file has all of them.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``stage`` and ``year``.

    Returns
    -------
    pandas.DataFrame
        Its rows of these years, by stage and year.
    """
    years = sorted(table["year"].unique())
    kept = {years[0], years[len(years) // 2], years[-1]} if years else set()
    order = {stage: position for position, stage in enumerate(dict.fromkeys(table["stage"]))}
    some = table[table["year"].isin(kept)]
    return some.sort_values(
        ["stage", "year"], key=lambda column: column.map(order) if column.name == "stage" else column
    )


def _year(year: Any) -> str:
    return str(int(year)) if year else "–"


def _roadmap(t: Translator, found: Structure, pack: RulePack) -> dict[str, Any]:
    roadmap, years = found.roadmap, found.years
    stops = [
        (
            term(t, row["stage"]) if row["stage"] else "",
            term(t, row["test"]) if row["test"] != "cv" else t("Coefficient of variation"),
            term(t, row["indicator"]) if row["indicator"] else "",
            _value(t, row),
            t.number(row["limit"], 2) if row["test"] == "cv" else t.percent(1.0, 0),
            t.number(int(row["schools_not_met"])) if row["test"] != "cv" else "–",
            t.number(int(row["schools_unknown"])),
            term(t, row["verdict"]),
            row["verdict"] == NOT_MET,
            cited(t, pack, row["path"])[1],
        )
        for row in roadmap.stops.to_dict("records")
    ]
    adds = [
        (
            term(t, row["stage"]),
            term(t, row["indicator"]),
            term(t, row["unit"]),
            _number(t, row["for_standard"]),
            _number(t, row["for_balance"]),
            _number(t, row["add"]),
            t.number(
                int((roadmap.additions[["stage", "indicator"]] == [row["stage"], row["indicator"]]).all(axis=1).sum())
            ),
        )
        for row in roadmap.indicators.to_dict("records")
        if row["add"] > 0
    ]
    rooms = int(roadmap.sizes["classes_more"].sum())
    told = []
    if not stops:
        told.append(t("Nothing that could be tested keeps the county from passing."))
    if rooms:
        told.append(t("Classes that are too large need {n} classrooms more, at least.", n=t.number(rooms)))
    if len(roadmap.to_count):
        told.append(
            t(
                "{n} numbers of {schools} schools have to be counted first; what is told of these schools is the least. to_count.csv has all of them.",
                n=t.number(len(roadmap.to_count)),
                schools=t.number(int(roadmap.to_count["school_id"].nunique())),
            )
        )
    return {"stops": stops, "adds": adds, "roadmap_told": told, "years": _years(t, years)}


def _value(t: Translator, row: Mapping[Any, Any]) -> str:
    if pd.isna(row["value"]):
        return "–"
    return t.number(row["value"], 3) if row["test"] == "cv" else t.percent(row["value"], 1)


def _years(t: Translator, years: pd.DataFrame) -> list[tuple[str, ...]]:
    """Sum up what is added in each year, by unit; what the money does not reach comes last."""
    rows: list[tuple[str, ...]] = []
    for year, own in years.groupby("year", dropna=False):
        sums = own.groupby("unit")["add"].sum()
        cost = own["cost"].sum(min_count=1)
        words = t("; ").join(f"{term(t, str(unit))} {t.number(float(amount))}" for unit, amount in sums.items())
        rows.append((t("later") if pd.isna(year) else str(int(float(str(year)))), words, _number(t, cost)))
    return rows


def _passing(t: Translator, passing: pd.DataFrame) -> list[tuple[str, ...]]:
    """Say of each year how many schools and indicators pass at its end."""

    def of(row: Mapping[Any, Any], what: str) -> str:
        shown = t("{met} of {n}", met=t.number(row[f"{what}_met"]), n=t.number(row[what]))
        unknown = int(row[f"{what}_unknown"])
        return shown if not unknown else shown + t(" ({n} not known)", n=t.number(unknown))

    return [
        (str(row["year"]), term(t, row["stage"]), of(row, "schools"), of(row, "indicators"), term(t, row["verdict"]))
        for row in passing.to_dict("records")
    ]


def _proposal_roadmap(t: Translator, question: str, before: Roadmap, after: Roadmap) -> tuple[str, ...]:
    """Hold what would let the county pass after a proposal against what would today."""

    def failed(roadmap: Roadmap) -> dict[tuple[str, str, str], str]:
        own = roadmap.stops[roadmap.stops["verdict"] == NOT_MET]
        return {
            (row["stage"], row["test"], row["indicator"]): t(
                "{what}: {detail}",
                what=term(t, row["stage"]) if row["stage"] else t("Nine-year schools"),
                detail=term(t, row["indicator"]) if row["indicator"] else term(t, row["test"]),
            )
            for row in own.to_dict("records")
        }

    def sums(roadmap: Roadmap) -> pd.Series:
        return roadmap.additions.groupby("unit")["add"].sum()

    was, now = sums(before), sums(after)
    stops, still = failed(before), failed(after)
    change = t("; ").join(
        f"{term(t, str(unit))} {t.number(float(was.get(unit, 0.0)))} → {t.number(float(now.get(unit, 0.0)))}"
        for unit in sorted({*was.index, *now.index})
    )
    more = t("; ").join(words for key, words in still.items() if key not in stops)
    fewer = t("; ").join(words for key, words in stops.items() if key not in still)
    return (question, t.number(len(stops)), t.number(len(still)), more or "–", fewer or "–", change or "–")


def _staff_years(t: Translator, staff: pd.DataFrame | None) -> list[tuple[str, ...]]:
    """Sum up by year what staff the schools lack and have beyond what is due, if all stay where they are."""
    rows: list[tuple[str, ...]] = []
    for year, own in staff.groupby("year") if staff is not None else ():
        known = own["gap"].notna()
        rows.append(
            (
                str(year),
                t.number(int((own["gap"] > 0).sum())),
                _number(t, own["gap"].sum(), 1),
                _number(t, own["surplus"].sum(), 1),
                t.number(int((~known).sum())),
            )
        )
    return rows


def _number(t: Translator, value: Any, digits: int = 0) -> str:
    return "–" if pd.isna(value) else t.number(float(value), digits)
