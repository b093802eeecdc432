"""What the rules say of schools and proposals, as tables for programs and for the workbook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from planning.i18n.terms import TERMS, term
from planning.report.citations import cite
from planning.report.words import rule_name
from planning.scenario.compliance import changed_rules, rules_of_proposal

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.scenario.compliance import Compliance, Standing
    from planning.scenario.result import RunResult
    from planning.standards import RulePack

__all__ = [
    "balance_table",
    "change_table",
    "class_table",
    "column_name",
    "compliance_tables",
    "ledger_table",
    "listed",
    "proposal_rule_table",
    "school_names",
    "service_table",
    "staffing_table",
]

#: Suffixes of columns that stand for a unit or a stage.
_UNITS_OF_COLUMNS = ("_m2", "_yuan")


def compliance_tables(result: RunResult, t: Translator) -> dict[str, pd.DataFrame]:
    """
    Make all tables of the rules.

    Parameters
    ----------
    result : RunResult
        A finished run.
    t : Translator
        The language of names of rules and documents.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``ledger``, ``balance``, ``class_sizes``, ``village_service``, ``staffing``, ``rule_changes`` and ``rules_of_proposals``.
    """
    standing, pack = result.compliance, result.county.pack
    return {
        "ledger": ledger_table(standing.today, pack, t),
        "balance": balance_table(standing, pack, t),
        "class_sizes": class_table(standing, t),
        "village_service": service_table(standing),
        "staffing": staffing_table(standing, t),
        "rule_changes": change_table(standing, t),
        "rules_of_proposals": proposal_rule_table(standing, t),
    }


def column_name(t: Translator, column: str) -> str:
    """
    Name a column of the table of schools, as a person would ask for it.

    Parameters
    ----------
    t : Translator
        The language.
    column : str
        Such as ``sports_area_m2`` or ``largest_class_primary``.

    Returns
    -------
    str
        The words; the column itself where it has none.
    """
    stage = next((stage for stage in ("primary", "junior", "senior") if column.endswith(f"_{stage}")), None)
    base = column if stage is None else column.removesuffix(f"_{stage}")
    for unit in _UNITS_OF_COLUMNS:
        base = base.removesuffix(unit)
    base = "equipment_value" if base == "equipment" else base
    name = term(t, base) if base in TERMS else column
    return name if stage is None else t("{what}: {detail}", what=term(t, stage), detail=name)


def ledger_table(held: Compliance, pack: RulePack, t: Translator) -> pd.DataFrame:
    """
    List every school against every rule.

    Parameters
    ----------
    held : Compliance
        A layout held against the rules.
    pack : RulePack
        The rules.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``school_id, name, township, stage, rule, rule_name, value, limit, unit, sense, verdict, missing, source,
        document_number, clause, confidence, force, pack``.
    """
    table = held.ledger
    schools = held.schools.reindex(table["school_id"])
    cited = {path: _citation(pack, path, t) for path in table["path"].unique()}
    found = pd.DataFrame(
        {
            "school_id": table["school_id"],
            "name": schools["name"].to_numpy(dtype=object),
            "township": schools["township"].to_numpy(dtype=object),
            "stage": table["stage"],
            "rule": table["path"],
            "rule_name": table["path"].map(lambda path: rule_name(t, path)),
            "value": table["value"].round(4),
            "limit": table["limit"].round(4),
            "unit": table["unit"],
            "sense": table["sense"],
            "verdict": table["verdict"],
            "missing": table["missing"].map(lambda columns: listed(t, [column_name(t, name) for name in columns])),
        }
    )
    for column in ("source", "document_number", "clause", "confidence", "force", "pack"):
        found[column] = table["path"].map({path: words[column] for path, words in cited.items()})
    return found


def balance_table(standing: Standing, pack: RulePack, t: Translator) -> pd.DataFrame:
    """
    List the coefficients of variation today and after each proposal.

    Parameters
    ----------
    standing : Standing
        The county today and after each proposal.
    pack : RulePack
        The rules.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``question, when, stage, indicator, cv, limit, verdict, schools_judged, schools_missing, missing, source,
        document_number, confidence``; ``missing`` names the schools that lack the number.
    """
    parts = []
    for held in standing.every():
        table = held.balance
        parts.append(
            pd.DataFrame(
                {
                    "question": held.question,
                    "when": held.when,
                    "stage": table["stage"],
                    "indicator": table["indicator"],
                    "cv": table["cv"].round(5),
                    "limit": table["limit"],
                    "verdict": table["verdict"],
                    "schools_judged": table["schools"],
                    "schools_missing": table["schools_missing"],
                    "missing": table["missing"].map(lambda codes, held=held: school_names(t, held, codes)),
                    **{
                        column: table["path"].map(lambda path, column=column: _citation(pack, path, t)[column])
                        for column in ("source", "document_number", "confidence")
                    },
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def class_table(standing: Standing, t: Translator) -> pd.DataFrame:
    """
    List the shares of large classes and the schools above the caps.

    Parameters
    ----------
    standing : Standing
        The county today and after each proposal.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``question, when, stage, measure, value, limit, verdict, rule, missing``.
    """
    parts = [
        held.sizes.assign(
            question=held.question,
            when=held.when,
            value=held.sizes["value"].round(5),
            rule=held.sizes["path"],
            missing=held.sizes["missing"].map(lambda codes, held=held: school_names(t, held, codes)),
        )
        for held in standing.every()
    ]
    columns = ["question", "when", "stage", "measure", "value", "limit", "verdict", "rule", "missing"]
    return pd.concat(parts, ignore_index=True)[columns]


def service_table(standing: Standing) -> pd.DataFrame:
    """
    List the shares of children within the limits, by township; the whole county has an empty township.

    Parameters
    ----------
    standing : Standing
        The county today and after each proposal.

    Returns
    -------
    pandas.DataFrame
        ``question, when`` and the columns of :attr:`planning.scenario.compliance.Compliance.service`.
    """
    parts = [held.service.assign(question=held.question, when=held.when) for held in standing.every()[1:]]
    table = pd.concat(parts, ignore_index=True)
    table[["share_network", "share_straight"]] = table[["share_network", "share_straight"]].astype(float).round(5)
    return table[["question", "when", *[column for column in table.columns if column not in ("question", "when")]]]


def staffing_table(standing: Standing, t: Translator) -> pd.DataFrame:
    """
    List the staff due to each school today.

    Parameters
    ----------
    standing : Standing
        The county today.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``school_id, name, township, pupils, due_by_pupils, due_by_classes, staff_due, staff, staff_missing,
        staff_surplus, missing``.
    """
    held = standing.today
    table = held.staffing.rename(columns={"due": "staff_due", "gap": "staff_missing", "surplus": "staff_surplus"})
    numbers = ["due_by_pupils", "due_by_classes", "staff_due", "staff_missing", "staff_surplus"]
    table = table.assign(
        **{column: table[column].round(2) for column in numbers},
        missing=table["missing"].map(lambda columns: listed(t, [column_name(t, name) for name in columns])),
        name=held.schools["name"].reindex(table.index),
        township=held.schools["township"].reindex(table.index),
    ).reset_index()
    columns = ["school_id", "name", "township", "pupils", "due_by_pupils", "due_by_classes", "staff_due", "staff"]
    return table[[*columns, "staff_missing", "staff_surplus", "missing"]]


def change_table(standing: Standing, t: Translator) -> pd.DataFrame:
    """
    List the rules that each proposal mends and breaks, school by school.

    Parameters
    ----------
    standing : Standing
        The county today and after each proposal.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``question, school_id, name, stage, rule, rule_name, verdict_before, verdict_after, change``.
    """
    columns = [
        "question",
        "school_id",
        "name",
        "stage",
        "rule",
        "rule_name",
        "verdict_before",
        "verdict_after",
        "change",
    ]
    parts = [pd.DataFrame(columns=columns)]
    for before, held in standing.compared:
        table = changed_rules(before, held)
        names = {**before.schools["name"], **held.schools["name"]}
        parts.append(
            table.assign(
                question=held.question,
                name=table["school_id"].map(names),
                rule=table["path"],
                rule_name=table["path"].map(lambda path: rule_name(t, path)),
            )[columns]
        )
    return pd.concat(parts, ignore_index=True)


def proposal_rule_table(standing: Standing, t: Translator) -> pd.DataFrame:
    """
    List, rule by rule, how many schools keep it, are mended and are broken by each proposal.

    Parameters
    ----------
    standing : Standing
        The county today and after each proposal.
    t : Translator
        The language.

    Returns
    -------
    pandas.DataFrame
        ``question, rule, rule_name, kept, mended, broken, still_broken, unknown``.
    """
    columns = ["question", "rule", "rule_name", "kept", "mended", "broken", "still_broken", "unknown"]
    parts = [pd.DataFrame(columns=columns)]
    for before, held in standing.compared:
        table = rules_of_proposal(before, held).rename(columns={"path": "rule"})
        names = table["rule"].map(lambda path: rule_name(t, path))
        parts.append(table.assign(question=held.question, rule_name=names)[columns])
    return pd.concat(parts, ignore_index=True)


def _citation(pack: RulePack, path: str, t: Translator) -> dict[str, str]:
    found = cite(t, pack, path)
    return {
        "source": found.source,
        "document_number": found.number,
        "clause": found.clause,
        "confidence": found.confidence,
        "force": found.force,
        "pack": found.pack,
    }


def school_names(t: Translator, held: Compliance, codes: Iterable[str], most: int | None = None) -> str:
    """
    Name schools by their codes; after the first, the others are counted.

    Parameters
    ----------
    t : Translator
        The language.
    held : Compliance
        Holds their names.
    codes : iterable of str
        Their codes.
    most : int, optional
        How many are named; all where not said.

    Returns
    -------
    str
        The names; a code where a school has none.
    """
    every = [str(held.schools.at[code, "name"]) or str(code) for code in codes]
    if most is None or len(every) <= most:
        return listed(t, every)
    return t("{names} and {n} more", names=listed(t, every[:most]), n=t.number(len(every) - most))


def listed(t: Translator, words: Sequence[str]) -> str:
    """
    Put words side by side.

    Parameters
    ----------
    t : Translator
        The language.
    words : sequence of str
        The words.

    Returns
    -------
    str
        With the language's own comma between them.
    """
    return t(", ").join(words)
