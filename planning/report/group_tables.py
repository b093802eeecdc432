"""School groups, nodes of townships, seats for 1,000 residents and the roadmap, as tables for programs and the workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.errors import Message, Names, msg
from planning.i18n.terms import term
from planning.report.words import rule_name
from planning.standards.model import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planning.compliance.groups import Groups
    from planning.i18n import Translator
    from planning.scenario.result import RunResult
    from planning.standards import RulePack

__all__ = ["called", "cited", "pair_reason", "structure_tables", "without_reason"]


def structure_tables(result: RunResult, t: Translator) -> dict[str, pd.DataFrame]:
    """
    Make all tables of groups, townships and the roadmap.

    Parameters
    ----------
    result : RunResult
        A finished run.
    t : Translator
        The language of names and reasons.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``groups``, ``townships``, ``seats_per_1000``, ``estates``, ``roadmap_stops``, ``roadmap``, ``roadmap_years``,
        ``roadmap_of_proposals``, ``staffing_by_year`` and ``to_count``.
    """
    found, pack = result.structure, result.county.pack
    names = result.county.schools["name"]
    additions = found.years if len(found.years) else found.roadmap.additions
    rooms = found.roadmap.sizes[found.roadmap.sizes["classes_more"] > 0]
    classes = pd.DataFrame(
        {
            "school_id": rooms["school_id"],
            "stage": rooms["stage"],
            "indicator": "classes",
            "unit": "rooms",
            "add": rooms["classes_more"].astype(float),
        }
    )
    roadmap = pd.concat([additions, classes], ignore_index=True) if len(classes) else additions
    columns = ["year", "school_id", "name", "stage", "indicator", "unit", "has", "standard", "for_standard", "for_balance",
               "add", "cost_yuan", "numbers_complete"]  # fmt: skip
    roadmap = _named(roadmap, names).rename(columns={"cost": "cost_yuan", "is_complete": "numbers_complete"})
    return {
        "groups": _group_table(found.groups, result, t),
        "townships": _township_table(found.nodes, names, pack, t),
        "seats_per_1000": found.seats.drop(columns="path").assign(**_sources(t, pack, found.seats["path"])).round(3),
        "estates": found.estates.drop(columns=["path", "size_path"])
        .assign(**_sources(t, pack, found.estates["path"]))
        .round(3),
        "roadmap_stops": found.roadmap.stops.drop(columns="path")
        .assign(**_sources(t, pack, found.roadmap.stops["path"]))
        .round(5),
        "roadmap": roadmap[[name for name in columns if name in roadmap]].round(3),
        "roadmap_years": found.passing,
        "roadmap_of_proposals": _proposal_roadmaps(result),
        "staffing_by_year": _staff_by_year(found.staff, result),
        "to_count": _named(found.roadmap.to_count, names)[["school_id", "name", "stage", "what"]],
    }


def _proposal_roadmaps(result: RunResult) -> pd.DataFrame:
    """List what each school would have to be given before and after a proposal, where that differs."""
    keys = ["school_id", "stage", "indicator", "unit"]
    columns = ["question", "school_id", "name", "stage", "indicator", "unit", "add_before", "add_after"]
    parts = [pd.DataFrame(columns=columns)]
    for question, before, after in result.roadmaps:
        both = before.additions[[*keys, "add"]].merge(
            after.additions[[*keys, "add"]], on=keys, how="outer", suffixes=("_before", "_after")
        )
        both = both.fillna({"add_before": 0.0, "add_after": 0.0})
        both = both[both["add_before"] != both["add_after"]].assign(question=question)
        answer = next(one for one in result.answers if one.question.name == question)
        names = result.county.schools["name"]
        if answer.after is not None:
            names = pd.concat([names, answer.after.sites["name"]])
        parts.append(_named(both, names[~names.index.duplicated()])[columns])
    return pd.concat(parts, ignore_index=True)


def _staff_by_year(staff: pd.DataFrame | None, result: RunResult) -> pd.DataFrame:
    """List the staff due to each school in each coming year, and what it would lack with the staff of today."""
    columns = ["year", "school_id", "name", "pupils", "staff_due", "staff", "staff_missing", "staff_surplus"]
    if staff is None:
        return pd.DataFrame(columns=columns)
    renamed = staff.rename(columns={"due": "staff_due", "gap": "staff_missing", "surplus": "staff_surplus"})
    return _named(renamed, result.county.schools["name"])[columns].round(2)


def called(names: pd.Series, code: str) -> str:
    """
    Give a school's name, or its code where it has none.

    Parameters
    ----------
    names : pandas.Series
        Names by code.
    code : str
        The code.

    Returns
    -------
    str
        The name or the code.
    """
    return str(names.get(code, "")) or code


def cited(t: Translator, pack: RulePack, path: str) -> tuple[str, str]:
    """
    Name the document of a rule, and say how sure its number is.

    Parameters
    ----------
    t : Translator
        The language.
    pack : RulePack
        The rules.
    path : str
        Path of a rule; empty where there is none.

    Returns
    -------
    tuple of str
        Document and confidence, both empty without a rule.
    """
    if not path:
        return "", ""
    rule = pack.needed(path)
    return t.message(pack.sources[rule.source].message()), t.message(CONFIDENCE[rule.confidence])


def pair_reason(groups: Groups, code: str, names: pd.Series) -> list[Message]:
    """
    Say why a school has this lead, and what the next best one would cost.

    Parameters
    ----------
    groups : Groups
        The plan.
    code : str
        A school that is led.
    names : pandas.Series
        Names of schools by code.

    Returns
    -------
    list of Message
        Sentences.
    """
    row = groups.pairs.loc[code].to_dict()
    if row["nearer_full"]:
        told = [
            msg(
                "{minutes} min away; nearer leads are taken by other schools, and all together travel less this way: {names}.",
                minutes=f"{row['minutes']:.0f}",
                names=Names(called(names, lead) for lead in row["nearer_full"]),
            )
        ]
    else:
        told = [msg("It is the nearest lead, {minutes} min away.", minutes=f"{row['minutes']:.0f}")]
    if pd.isna(row["strength"]):
        told.append(msg("How strong the school is cannot be said, for numbers are missing."))
    else:
        told.append(
            msg(
                "Strength: the lead {lead}, the school {own} (1 = what the limits ask for).",
                lead=f"{row['lead_strength']:.2f}",
                own=f"{row['strength']:.2f}",
            )
        )
    if not row["other_lead_id"]:
        told.append(msg("No other lead is within {limit:g} min.", limit=groups.limits.minutes_max))
        return told
    further = row["other_minutes"] - row["minutes"]
    name, by = called(names, str(row["other_lead_id"])), f"{abs(further):.0f}"
    if not row["other_has_room"]:
        told.append(
            msg(
                "The next best, {name}, would be {by} min {sense}, but has no room left.",
                name=name,
                by=by,
                sense=_sense(further),
            )
        )
    else:
        told.append(msg("The next best, {name}, would be {by} min {sense}.", name=name, by=by, sense=_sense(further)))
    return told


def _sense(further: float) -> Message:
    return msg("farther") if further >= 0 else msg("nearer")


def without_reason(t: Translator, groups: Groups, code: str, names: pd.Series) -> Message:
    """
    Say why a school has no lead.

    Parameters
    ----------
    t : Translator
        The language of the stages' names.
    groups : Groups
        The plan.
    code : str
        A school without a lead.
    names : pandas.Series
        Names of schools by code.

    Returns
    -------
    Message
        A sentence.
    """
    row, limit = groups.without.loc[code].to_dict(), groups.limits.minutes_max
    if row["reason"] == "no_lead_of_stage":
        stages = t(", ").join(term(t, stage) for stage in row["stages"])
        return msg("No school that may lead teaches the same stage ({stages}).", stages=stages)
    if not row["nearest_lead_id"]:
        return msg("No lead can be reached by road.")
    name, minutes = called(names, str(row["nearest_lead_id"])), f"{row['nearest_minutes']:.0f}"
    if row["reason"] == "too_far":
        return msg(
            "The nearest lead, {name}, is {minutes} min away; at most {limit:g} are allowed.",
            name=name, minutes=minutes, limit=limit,
        )  # fmt: skip
    if row["reason"] == "pupils_unknown":
        return msg("Its pupils, or those of the leads in reach, are not known, so that a group's size cannot be kept.")
    return msg(
        "The leads within {limit:g} min have as many schools or pupils as they may; the nearest is {name}, {minutes} min away.",
        limit=limit, name=name, minutes=minutes,
    )  # fmt: skip


def _group_table(groups: Groups, result: RunResult, t: Translator) -> pd.DataFrame:
    """List every school that needs a lead, with its lead and the reason, or the reason why it has none."""
    schools = result.county.schools
    names = schools["name"]
    rows = [
        {
            "school_id": code,
            "lead_id": row["lead_id"],
            "lead": called(names, str(row["lead_id"])),
            "time_min": round(float(row["minutes"]), 1),
            "week_minutes": round(float(row["week_minutes"]), 1),
            "strength": row["strength"],
            "lead_strength": row["lead_strength"],
            "stages": row["stages"],
            "reason": ("" if t.language == "zh" else " ").join(
                t.message(each) for each in pair_reason(groups, str(code), names)
            ),
        }
        for code, row in groups.pairs.iterrows()
    ] + [
        {
            "school_id": code,
            "lead_id": "",
            "lead": "",
            "stages": row["stages"],
            "reason": t.message(without_reason(t, groups, str(code), names)),
        }
        for code, row in groups.without.iterrows()
    ]
    columns = ["school_id", "name", "township", "stages", "lead_id", "lead", "time_min", "week_minutes", "strength",
               "lead_strength", "reason"]  # fmt: skip
    table = _named(pd.DataFrame(rows, columns=[name for name in columns if name not in ("name", "township")]), names)
    table["township"] = schools["township"].reindex(table["school_id"]).to_numpy()
    table["stages"] = [t(", ").join(term(t, stage) for stage in stages) for stages in table["stages"]]
    return table[columns].astype({"strength": "Float64", "lead_strength": "Float64"}).round(3)


def _township_table(nodes: pd.DataFrame, names: pd.Series, pack: RulePack, t: Translator) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "township": nodes["township"],
            "node": nodes["node"],
            "verdict": nodes["verdict"],
            "schools_needed": nodes["needed"],
            "schools_there": nodes["there"],
            "school_id": nodes["school_id"],
            "name": _names_of(nodes["school_id"], names),
            "unsure": nodes["unsure"],
            "stand_in_id": nodes["stand_in_id"],
            "stand_in": _names_of(nodes["stand_in_id"], names),
            "time_min": nodes["stand_in_minutes"].round(1),
            "rule": nodes["path"].map(lambda path: rule_name(t, path)),
            **_sources(t, pack, nodes["path"]),
        }
    )


def _sources(t: Translator, pack: RulePack, paths: pd.Series) -> dict[str, list[str]]:
    words = [cited(t, pack, path) for path in paths]
    return {"source": [source for source, _ in words], "confidence": [confidence for _, confidence in words]}


def _names_of(codes: Iterable[str], names: pd.Series) -> list[str]:
    return [called(names, code) if code else "" for code in codes]


def _named(table: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Add the names of the schools."""
    found = table.reset_index(drop=True)
    return found.assign(name=_names_of(found["school_id"], names))
