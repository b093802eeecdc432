"""What an answer says of closures: the schools that close, who receives their pupils, and what the closure gate keeps open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.errors import Message
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.scenario.closure_gate import unanswered

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.questions import Answer

__all__ = ["CLOSURE_COLUMNS", "closure_section", "closure_table"]

CLOSURE_COLUMNS = ("question", "stage", "site_id", "name", "township", "kind", "pupils_before", "moves", "reason")


def closure_table(answers: Sequence[Answer], county: County, t: Translator) -> pd.DataFrame:
    """
    List every school that an answer closes, and every one that the closure gate keeps open.

    Parameters
    ----------
    answers : sequence of Answer
        Answers of a run.
    county : County
        Names the schools.
    t : Translator
        The language of the clauses.

    Returns
    -------
    pandas.DataFrame
        Columns ``CLOSURE_COLUMNS``; kind is closed or blocked. The reason of a blocked school is the clause; of a closed one,
        the conditions that people have yet to answer, or that all are met.
    """
    rows: list[tuple[object, ...]] = []
    for answer in answers:
        question, sites = answer.question, answer.sites
        closed = sites[sites["kind"] == "closed"]
        rows += [
            (question.name, question.stage, code, row["name"], row["township"], "closed", row["pupils_before"], row["moves"],
             _conditions(t, answer, county, str(code)))
            for code, row in closed.iterrows()
        ]  # fmt: skip
        for blocked in answer.blocked:
            school = county.schools.loc[blocked.school_id]
            rows.append(
                (question.name, question.stage, blocked.school_id, school["name"], school["township"], "blocked", pd.NA, "", t.message(blocked.clause))
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(CLOSURE_COLUMNS)).astype({"pupils_before": "Int64"})


def _conditions(t: Translator, answer: Answer, county: County, code: str) -> str:
    """Say which conditions of the closure gate people have yet to answer for a school that would close."""
    question = answer.question
    left = unanswered(county.pack, question.stage, question.gate_answers.get(code, {}))
    if not left and question.exceptions:
        return t(
            "all conditions of the closure gate are met, with transport for up to {n} of its pupils beyond their limit",
            n=t.number(question.exceptions),
        )
    if not left:
        return t("all conditions of the closure gate are met")
    return t("to be answered: {conditions}", conditions=t("; ").join(t.message(gate.title.message()) for gate in left))


def closure_section(t: Translator, answer: Answer, county: County, *, longest: int) -> dict[str, Any]:
    """
    Put what an answer says of closures into words for the report.

    Parameters
    ----------
    t : Translator
        The language.
    answer : Answer
        The answer.
    county : County
        Names the schools.
    longest : int
        Blocked schools listed one by one.

    Returns
    -------
    dict
        ``closed`` and ``receivers`` as rows, ``told`` as sentences, ``blocked`` as (clause, rows) with the number of
        those not listed in ``more``.
    """
    sites = answer.sites
    names = {**county.schools["name"], **sites["name"]}
    closed = sites[sites["kind"] == "closed"]
    receivers = sites[(sites["kind"] != "closed") & (sites["moves"].fillna("") != "")]
    return {
        "closed": [
            (
                row["name"],
                code,
                row["township"],
                t.number(int(row["pupils_before"])),
                _moved(t, answer, names, str(code), "closed"),
            )
            for code, row in closed.iterrows()
        ],
        "receivers": [
            (
                row["name"],
                term(t, row["kind"]),
                "–" if pd.isna(row["seats"]) else t.number(int(row["seats"])),
                t.number(int(row["pupils_before"])),
                t.number(int(row["pupils_after"])),
                _moved(t, answer, names, str(code), "receiver"),
            )
            for code, row in receivers.iterrows()
        ],
        "told": _told(t, answer, county, len(closed)),
        "blocked": _blocked(t, answer, county, longest),
        "more": max(len(answer.blocked) - longest, 0),
    }


def _moved(t: Translator, answer: Answer, names: Mapping[str, str], code: str, own: str) -> str:
    """Name where the pupils of a closed school go, or from which closed schools a receiver's come, the most first."""
    other = "receiver" if own == "closed" else "closed"
    table = answer.moves[answer.moves[own] == code].sort_values(["pupils", other], ascending=[False, True])
    return t("; ").join(
        t("{name} ({n})", name=(names.get(place) or place) if place else term(t, "no_seat"), n=t.number(int(pupils)))
        for place, pupils in zip(table[other], table["pupils"], strict=True)
    )


def _told(t: Translator, answer: Answer, county: County, n_closed: int) -> list[str]:
    """Account for the pupils of the closed schools."""
    if not n_closed:
        return []
    pupils = answer.moves["pupils"].astype(int)
    seated = answer.moves["receiver"] != ""
    left = sum(
        bool(unanswered(county.pack, answer.question.stage, answer.question.gate_answers.get(str(code), {})))
        for code in answer.sites.index[answer.sites["kind"] == "closed"]
    )
    return [
        t(
            "{closed} schools close: of their {pupils} pupils {seated} go to {receivers} other schools, and {without} find no seat.",
            closed=t.number(n_closed),
            pupils=t.number(int(pupils.sum())),
            seated=t.number(int(pupils[seated].sum())),
            receivers=t.number(int(answer.moves.loc[seated, "receiver"].nunique())),
            without=t.number(int(pupils[~seated].sum())),
        ),
        t("New and larger schools come first; a school closes only when its pupils' new school is ready."),
        t("All conditions of the closure gate are answered and met.")
        if not left
        else t(
            "Of {n} of them people have yet to answer conditions of the closure gate; closures.csv names them.",
            n=t.number(left),
        ),
    ]


def _blocked(
    t: Translator, answer: Answer, county: County, longest: int
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Group the blocked schools by clause: the clause, its source, and what was found of each school."""
    groups: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for blocked in answer.blocked[:longest]:
        rule, source, detail = (_said(t, blocked.clause.params[name]) for name in ("rule", "source", "detail"))
        school = county.schools.loc[blocked.school_id]
        row = (str(school["name"]) or blocked.school_id, str(school["township"]), detail)
        groups.setdefault((rule, source), []).append(row)
    return [(rule, source, rows) for (rule, source), rows in groups.items()]


def _said(t: Translator, value: object) -> str:
    return t.message(value) if isinstance(value, Message) else str(value)
