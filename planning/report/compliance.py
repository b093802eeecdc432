"""What the rules say of schools and proposals, as a section of the report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.compliance.balance import COMPOSITE, EVALUATED_STAGES, TOTALS, thresholds
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.i18n.terms import term
from planning.report.citations import cite_limit
from planning.report.compliance_tables import listed, school_names
from planning.report.words import rule_name
from planning.scenario.compliance import changed_rules, rules_of_proposal
from planning.standards.catalogue import CATALOGUE

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.compliance import Compliance, Standing
    from planning.scenario.county import County
    from planning.scenario.result import RunResult
    from planning.standards import RulePack

__all__ = ["coefficient", "compliance_section", "held_section", "lacking", "limit_words", "measured"]

_MOST_SCHOOLS = 15
_MOST_NAMES = 12


def compliance_section(t: Translator, result: RunResult) -> dict[str, Any]:
    """
    Put what the rules say into words for the report.

    Parameters
    ----------
    t : Translator
        The language.
    result : RunResult
        A finished run.

    Returns
    -------
    dict
        ``told`` (sentences), ``heads`` and ``balance`` (coefficients today and after each proposal), ``missing`` (schools
        that lack numbers), ``sizes``, ``lacks`` (what the county's schools lack, the first of them), ``proposals`` (rules
        mended and broken), ``service`` and ``staff``; empty tables where nothing was judged.
    """
    return held_section(t, result.compliance, result.county)


def held_section(t: Translator, standing: Standing, county: County) -> dict[str, Any]:
    """
    Put what the rules say of some layouts into words, for the report and for the app.

    Parameters
    ----------
    t : Translator
        The language.
    standing : Standing
        The county today and after each change.
    county : County
        Its project and rules.

    Returns
    -------
    dict
        As :func:`compliance_section` gives it.
    """
    pack, held = county.pack, standing.today
    lacks = lacking(t, held, pack)
    return {
        "told": _told(t, held),
        "heads": [
            t("Today, by the allocation")
            if each.when == "base"
            else t("{what}: {detail}", what=each.question, detail=term(t, each.when))
            if each.when == "before"
            else each.question or term(t, each.when)
            for each in standing.every()
        ],
        "balance": _balance_rows(t, standing, pack),
        "missing": [
            (
                term(t, row["stage"]),
                term(t, row["indicator"]),
                school_names(t, held, row["missing"]),
            )
            for row in held.balance.to_dict("records")
            if row["missing"]
        ],
        "sizes": [
            (
                term(t, row["stage"]),
                term(t, row["measure"]),
                measured(t, row["measure"], row["value"]),
                measured(t, row["measure"], row["limit"], is_limit=True),
                term(t, row["verdict"]),
                row["verdict"],
                _mark(t, pack, row["path"]),
            )
            for row in held.sizes.to_dict("records")
        ],
        "lacks": lacks[:_MOST_SCHOOLS],
        "lacks_more": max(len(lacks) - _MOST_SCHOOLS, 0),
        "proposals": [_proposal(t, before, after) for before, after in standing.compared],
        "service": [
            (
                term(t, row["band"]),
                term(t, row["measure"]),
                term(t, row["mode"]),
                limit_words(t, row["limit_min"], row["limit_m"]),
                t.percent(row["share_network"]),
                t.percent(row["share_straight"]),
                cite_limit(t, county.project, pack, measure=row["measure"], stage=row["stage"], band=row["band"]),
            )
            for row in standing.base.service[standing.base.service["township"] == ""].to_dict("records")
        ],
        "staff": _staff_words(t, held),
    }


def _told(t: Translator, held: Compliance) -> list[str]:
    """Say what the section rests on, how many schools pass, and who is left out."""
    told = [
        t("Judged by the pupils of the register.")
        if held.when == "register"
        else t("The table of schools gives no pupils: judged by those that the allocation sends to each school.")
    ]
    for stage in EVALUATED_STAGES:
        verdicts = held.passes[held.passes.index.get_level_values("stage") == stage]["verdict"]
        if len(verdicts):
            told.append(
                t(
                    "{stage}: of {n} schools evaluated {met} meet the seven indicators as required, {not_met} do not, and of {unknown} it cannot be said.",
                    stage=term(t, stage),
                    n=t.number(len(verdicts)),
                    met=t.number(int((verdicts == MET).sum())),
                    not_met=t.number(int((verdicts == NOT_MET).sum())),
                    unknown=t.number(int((verdicts == UNKNOWN).sum())),
                )
            )
    for reason in ("small_point", "no_pupils"):
        codes = held.left_out.loc[held.left_out["reason"] == reason, "school_id"].tolist()
        if codes:
            told.append(
                t(
                    "Not evaluated ({reason}): {names}.",
                    reason=term(t, reason),
                    names=school_names(t, held, codes, _MOST_NAMES),
                )
            )
    if held.parts["is_divided"].any():
        told.append(
            t(
                "Nine-year schools are judged as a primary and a junior part; what is given for the whole school only is divided by pupils, a rule of this tool, for how the documents divide it is not verified."
            )
        )
    return told


def _balance_rows(t: Translator, standing: Standing, pack: RulePack) -> list[dict[str, Any]]:
    """Lay the coefficients side by side; an indicator that is not tested everywhere shows a dash."""
    tables = [
        {(row["stage"], row["indicator"]): row for row in held.balance.to_dict("records")} for held in standing.every()
    ]
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = []
    for stage, indicator in sorted(keys, key=lambda key: EVALUATED_STAGES.index(key[0])):
        found = [table.get((stage, indicator)) for table in tables]
        path = next(row["path"] for row in found if row is not None)
        rows.append(
            {
                "stage": term(t, stage),
                "indicator": term(t, indicator),
                "limit": t.number(pack.needed(path).number, 2),
                "mark": _mark(t, pack, path),
                "cells": [coefficient(t, row) for row in found],
                "is_mean": indicator == COMPOSITE,
            }
        )
    return rows


def coefficient(t: Translator, row: dict[Any, Any] | None) -> tuple[str, str]:
    """
    Write a coefficient: with a question mark where schools lack the number.

    Parameters
    ----------
    t : Translator
        The language.
    row : dict or None
        A row of :func:`planning.compliance.balance.balance`; None where the indicator is not tested.

    Returns
    -------
    tuple of str
        The coefficient, and its verdict: ``above`` where it is high though schools lack the number.
    """
    if row is None or pd.isna(row["cv"]):
        return "–", ""
    shown = t.number(float(row["cv"]), 3)
    if row["verdict"] != UNKNOWN:
        return shown, row["verdict"]
    return f"{shown} ?", "above" if row["cv"] > row["limit"] else UNKNOWN


def lacking(t: Translator, held: Compliance, pack: RulePack) -> list[dict[str, str]]:
    """
    Say what each school lacks that does not pass, those that lack most indicators first.

    Parameters
    ----------
    t : Translator
        The language.
    held : Compliance
        A layout held against the rules.
    pack : RulePack
        The rules.

    Returns
    -------
    list of dict
        ``school_id``, ``name``, ``township``, ``stage``, ``met``, ``short`` and ``missing``, in words.
    """
    failing = held.passes[held.passes["verdict"] == NOT_MET]
    order = failing.assign(pupils=held.parts["pupils"].reindex(failing.index)).sort_values(
        ["not_met", "pupils", "school_id"], ascending=[False, False, True], kind="stable"
    )
    found = []
    for (code, stage), passed in zip(order.index, order.to_dict("records"), strict=True):
        values = {str(name): value for name, value in held.parts.loc[(code, stage)].items()}
        short = []
        for name, limit in thresholds(pack, stage).items():
            share = 100.0 if CATALOGUE[f"stages.{stage}.indicators.{name}"].unit == "per100" else 1.0
            if pd.notna(values[name]):
                lack = limit * float(values["pupils"]) / share - float(values[name])
                if lack > 1e-9 * limit:
                    short.append(t("{what} {amount}", what=term(t, name), amount=_amount(t, name, lack)))
        school = held.schools.loc[code]
        found.append(
            {
                "school_id": str(code),
                "name": str(school["name"]) or str(code),
                "township": str(school["township"]),
                "stage": term(t, stage),
                "met": t.number(passed["met"]),
                "short": t("; ").join(short),
                "missing": listed(t, [term(t, name) for name in passed["missing"]]),
            }
        )
    return found


def _amount(t: Translator, name: str, lack: float) -> str:
    """Write how much is lacking: persons and rooms rounded up to whole ones."""
    column = TOTALS[name]
    if column.endswith("_m2"):
        return t("{n} m²", n=t.number(lack))
    if column.endswith("_yuan"):
        return t("{n} yuan", n=t.number(lack))
    return t.number(math.ceil(lack - 1e-9))


def _proposal(t: Translator, base: Compliance, after: Compliance) -> dict[str, Any]:
    """Count what a proposal mends and breaks, and name the indicators that it brings out of balance."""
    changes = changed_rules(base, after)
    before = {(row["stage"], row["indicator"]): row["cv"] for row in base.balance.to_dict("records")}
    broken = [
        t("{what}: {detail}", what=term(t, row["stage"]), detail=term(t, row["indicator"]))
        + (t(" (of the schools whose number is known)") if row["verdict"] == UNKNOWN else "")
        for row in after.balance.to_dict("records")
        if pd.notna(row["cv"]) and row["cv"] > row["limit"]
        if pd.isna(was := before.get((row["stage"], row["indicator"]), math.nan)) or was <= row["limit"]
    ]
    every = rules_of_proposal(base, after)
    kept = every[(every["kept"] > 0) & (every["broken"] == 0) & (every["still_broken"] == 0)]
    rules = changes[changes["change"] == "broken"]["path"].value_counts(sort=True)
    return {
        "name": after.question,
        "kept": t.number(int((after.ledger["verdict"] == MET).sum())),
        "mended": t.number(int((changes["change"] == "mended").sum())),
        "broken": t.number(int((changes["change"] == "broken").sum())),
        "rules": t("; ").join(
            t("{name} ({n})", name=rule_name(t, str(path)), n=t.number(int(n))) for path, n in rules.head(5).items()
        ),
        "kept_rules": t("; ").join(
            t("{name} ({n})", name=rule_name(t, row["path"]), n=t.number(row["kept"]))
            for row in kept.to_dict("records")
        ),
        "unbalanced": t("; ").join(broken),
    }


def _staff_words(t: Translator, held: Compliance) -> str:
    table = held.staffing
    known = table["gap"].notna()
    if not known.any():
        return t("The staff of no school is known.")
    short = table[known & (table["gap"] > 0).fillna(value=False)]
    return t(
        "{n} schools have fewer staff than is due to them, {gap} persons together; of {unknown} schools it cannot be said. staffing.csv has every school.",
        n=t.number(len(short)),
        gap=t.number(float(short["gap"].sum()), 1),
        unknown=t.number(int((~known).sum())),
    )


def measured(t: Translator, measure: str, value: Any, *, is_limit: bool = False) -> str:
    """
    Write a measure of class sizes, or its limit, with its unit.

    Parameters
    ----------
    t : Translator
        The language.
    measure : str
        Of :func:`planning.compliance.class_sizes.size_shares`.
    value : float
        The value; a dash where it is not known.
    is_limit : bool
        True for the limit, which is that of one class or school.

    Returns
    -------
    str
        In words.
    """
    if pd.isna(value):
        return "–"
    if measure.endswith("_share"):
        return t.percent(float(value))
    return t("{n} pupils", n=t.number(float(value))) if is_limit else t("{n} schools", n=t.number(float(value)))


def limit_words(t: Translator, minutes: Any, metres: Any) -> str:
    """
    Write a limit of the way to school.

    Parameters
    ----------
    t : Translator
        The language.
    minutes, metres : float
        Limits [min, m]; not told where missing.

    Returns
    -------
    str
        Such as ``30 min``.
    """
    parts = [t("{n} min", n=t.number(minutes))] if pd.notna(minutes) else []
    parts += [t("{n} m", n=t.number(metres))] if pd.notna(metres) else []
    return " · ".join(parts)


def _mark(t: Translator, pack: RulePack, path: str) -> tuple[str, str]:
    """Give the badge of a rule, and the class it is shown in; both empty for what was read in the document itself."""
    rule = pack.needed(path)
    return ("", "") if rule.badge is None else (t.message(rule.badge), rule.confidence)
