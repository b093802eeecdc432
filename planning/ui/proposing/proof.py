"""How good an answer is, what it amounts to, and why each of its sites is there: in plain words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.i18n import Translator
from planning.ui.words import with_unit

if TYPE_CHECKING:
    from planning.scenario.questions import Answer

__all__ = ["amount", "found_in_words", "proof_in_words", "why_here"]


def proof_in_words(answer: Answer, t: Translator) -> str:
    """
    Say how good an answer is proven to be.

    Parameters
    ----------
    answer : Answer
        The answer.
    t : Translator
        The language.

    Returns
    -------
    str
        One or two sentences.
    """
    proposal = answer.proposal
    if proposal.status == "infeasible":
        return t("No choice of sites can meet this question.")
    if answer.after is None:
        return t("Stopped before any answer was found. Give it more time, or ask for less.")
    if proposal.status == "optimal":
        return t("Proven best: no other choice of sites does better.")
    stopped = t("Stopped by you") if proposal.status == "cancelled" else t("Stopped by the time limit")
    if not math.isfinite(proposal.gap):
        return t("{stopped}: how much better another plan could be is not known.", stopped=stopped)
    # rounded up, so that what is said is never more than what is proven
    digits = 2 if proposal.gap < 0.01 else 1
    gap = math.ceil(proposal.gap * 10 ** (digits + 2) - 1e-9) / 10 ** (digits + 2)
    return t("{stopped}: no plan can beat this one by more than {gap}.", stopped=stopped, gap=t.percent(gap, digits))


def found_in_words(answer: Answer, t: Translator) -> str:
    """Give objective, bound, gap and seconds in a line."""
    proposal = answer.proposal
    return t(
        "Objective {objective}, bound {bound}, gap {gap}, {n} s of work.",
        objective=amount(proposal.objective, answer.unit, t),
        bound=amount(proposal.bound, answer.unit, t),
        gap=t.percent(proposal.gap, 2),
        n=t.number(answer.seconds, 1),
    )


def amount(value: float, unit: str, t: Translator) -> str:
    """Write what a question counts as people read it."""
    if unit == "pupil-m":
        return t("{n} pupil-km", n=t.number(value / 1000))
    if unit == "pupil-minutes/week":
        return t("{n} pupil-hours a week", n=t.number(value / 60))
    if unit == "pupil-min":
        return t("{n} pupil-hours", n=t.number(value / 60))
    if unit == "yuan/year":
        return t("{n} ten thousand yuan a year", n=t.number(value / 10_000, 1))
    # The engine counts in the plural where the tables name one.
    return with_unit(value, {"pupils": "pupil", "schools": "school"}.get(unit, unit), t)


def why_here(row: pd.Series[Any], t: Translator) -> str:
    """Say of a proposed site what it brings, what is lost without it, and which place would replace it best."""
    parts: list[str] = []
    if pd.notna(row["pupils_before"]) and pd.notna(row["pupils_after"]):
        parts.append(
            t("pupils: {before} → {after}", before=t.number(int(row["pupils_before"])), after=t.number(int(row["pupils_after"])))
        )  # fmt: skip
    elif pd.notna(row["pupils_gained"]):
        parts.append(t("{n} pupils go here", n=t.number(int(row["pupils_gained"]))))
    if pd.notna(row["beds"]):
        parts.append(t("{n} beds", n=t.number(int(row["beds"]))))
    if pd.notna(row["pupils_nearer"]):
        parts.append(t("{n} pupils get nearer", n=t.number(int(row["pupils_nearer"]))))
    if row["lost_unit"]:
        lost = float(row["lost_without"])
        if math.isfinite(lost) and lost > 0:
            parts.append(t("without it {lost} lost", lost=amount(lost, row["lost_unit"], t)))
        if pd.notna(row["unplaced_without"]) and int(row["unplaced_without"]):
            parts.append(t("without it {n} pupils without a school", n=t.number(int(row["unplaced_without"]))))
        if row["next_best"]:
            instead = float(row["lost_with_next_best"])
            parts.append(
                t("next best: {place}, {lost} worse", place=row["next_best"], lost=amount(instead, row["lost_unit"], t))
                if math.isfinite(instead)
                else t("next best: {place}", place=row["next_best"])
            )
    if row["moves"]:
        parts.append(t("pupils move: {moves}", moves=row["moves"]))
    return t("; ").join(parts)
