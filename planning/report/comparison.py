"""Plans beside each other in words: what page, file and decision sheet all show, made once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pandas as pd

from planning.errors import Message, msg
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite
from planning.report.words import change, quantity, rule_name
from planning.scenario.comparison_ways import CLASSES

if TYPE_CHECKING:
    from planning.scenario.comparison import Comparison
    from planning.standards import RulePack

__all__ = [
    "CLASS_COLOURS",
    "CLASS_NAMES",
    "SHOWN_IN_BRIEF",
    "Sheet",
    "class_sheet",
    "cost_sheet",
    "difference_legend",
    "indicator_sheet",
    "rule_sheet",
    "stage_and_band",
    "summary",
    "township_sheet",
    "verdict_sheet",
]

#: Colours of the difference map: blue is nearer, red is farther (ColorBrewer's RdBu); reach gained, lost and never there have
#: hues of their own.
CLASS_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "much_nearer": "#2166ac", "nearer": "#67a9cf", "same_way": "#c3c8cd", "farther": "#ef8a62",
        "much_farther": "#b2182b", "newly_in_reach": "#00806b", "no_longer_in_reach": "#6a1b7a",
        "never_in_reach": "#3a3a3a",
    }
)  # fmt: skip
#: What the classes are called.
CLASS_NAMES: Mapping[str, Message] = MappingProxyType(
    {
        "much_nearer": msg("over 1 km nearer"),
        "nearer": msg("up to 1 km nearer"),
        "same_way": msg("as far as before"),
        "farther": msg("up to 1 km farther"),
        "much_farther": msg("over 1 km farther"),
        "newly_in_reach": msg("newly in reach"),
        "no_longer_in_reach": msg("no longer in reach"),
        "never_in_reach": msg("in reach in neither scenario"),
    }
)
#: Indicators that are shown, and whether more of one is better (1), worse (-1), or neither (0).
SHOWN: Mapping[str, int] = MappingProxyType(
    {
        "pupils": 0, "mean_distance": -1, "median_distance": -1, "p90_distance": -1, "max_distance": -1, "mean_time": -1,
        "share_within_limit": 1, "served": 1, "no_seat": -1, "out_of_reach": -1, "schools": 0, "seats": 0,
        "seats_per_pupil": 1,
    }
)  # fmt: skip
#: Those that a sheet of one page has room for.
SHOWN_IN_BRIEF = (
    "mean_distance",
    "p90_distance",
    "mean_time",
    "share_within_limit",
    "no_seat",
    "out_of_reach",
    "schools",
    "seats",
)


@dataclass(frozen=True)
class Sheet:
    """
    A table in words.

    Parameters
    ----------
    heads : tuple of str
        Headings.
    rows : tuple of tuple of str
        Cells as people read them.
    numbers : tuple of int
        Columns of figures.
    tones : tuple of tuple of str
        "good", "bad" or "" of each cell.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]
    tones: tuple[tuple[str, ...], ...]


def difference_legend(t: Translator) -> list[tuple[str, str]]:
    """
    List colours and words of the difference map.

    Parameters
    ----------
    t : Translator
        The language.

    Returns
    -------
    list of (str, str)
        In the order of ``CLASSES``.
    """
    return [(CLASS_COLOURS[name], t.message(CLASS_NAMES[name])) for name in CLASSES]


def stage_and_band(t: Translator, stage: str, band: str) -> str:
    """
    Name a stage, or a band of it.

    Parameters
    ----------
    t : Translator
        The language.
    stage, band : str
        Codes; the band is empty for the whole stage.

    Returns
    -------
    str
        Such as ``Primary grades 1-3``.
    """
    return term(t, band or stage)


def _of_plan(table: pd.DataFrame, plan: int) -> pd.DataFrame:
    return table[table["plan"] == plan]


def _tone(good: int, difference: float, text: str) -> str:
    """Say whether a difference that can be seen is good."""
    if not good or math.isnan(difference) or not text.startswith(("+", "\N{MINUS SIGN}")):
        return ""
    return "good" if (difference > 0) == (good > 0) else "bad"


def indicator_sheet(t: Translator, comparison: Comparison, *, brief: bool = False) -> Sheet:
    """
    Lay out the indicators of every plan, each beside its difference from the first.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.
    brief : bool
        True for the whole stages and the chief indicators only.

    Returns
    -------
    Sheet
        A row for each stage or band and indicator.
    """
    heads = [t("Stage, grades"), t("Indicator"), *_with_differences(t, comparison.names)]
    table = comparison.indicators
    value = table.set_index(["stage", "band", "indicator", "plan"])["value"].to_dict()
    unit = table.drop_duplicates("indicator").set_index("indicator")["unit"].to_dict()
    rows, tones = [], []
    for stage, band in table[["stage", "band"]].drop_duplicates().itertuples(index=False):
        if brief and band:
            continue
        for name in SHOWN_IN_BRIEF if brief else SHOWN:
            if (stage, band, name, 0) not in value:
                continue
            values = [value[stage, band, name, plan] for plan in range(len(comparison.names))]
            if all(map(math.isnan, values)):
                continue
            row, tone = [stage_and_band(t, stage, band), term(t, name)], ["", ""]
            for plan, number in enumerate(values):
                row.append(quantity(t, number, unit[name]))
                tone.append("")
                if plan:
                    text = change(t, values[0], number, unit[name])
                    row.append(text)
                    tone.append(_tone(SHOWN[name], number - values[0], text))
            rows.append(tuple(row))
            tones.append(tuple(tone))
    return Sheet(tuple(heads), tuple(rows), tuple(range(2, len(heads))), tuple(tones))


def _with_differences(t: Translator, names: Sequence[str]) -> list[str]:
    return [names[0], *(head for name in names[1:] for head in (name, t("Difference")))]


def class_sheet(t: Translator, comparison: Comparison) -> Sheet:
    """
    Count who gains and who loses, by stage and band.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.

    Returns
    -------
    Sheet
        Pupils in each class of the difference map, a row for each plan but the first and each band.
    """
    heads = (t("Scenario"), t("Stage, grades"), *(t.message(CLASS_NAMES[name]) for name in CLASSES), t("All pupils"))
    rows = tuple(
        (
            comparison.names[row["plan"]],
            stage_and_band(t, row["stage"], row["band"]),
            *(t.number(int(row[name])) for name in CLASSES),
            t.number(int(row["pupils_after"])),
        )
        for row in comparison.county.to_dict("records")
    )
    return Sheet(heads, rows, tuple(range(2, len(heads))), tuple(("",) * len(heads) for _ in rows))


def township_sheet(t: Translator, comparison: Comparison, plan: int, band: str = "") -> Sheet:
    """
    Add up a plan by township, the whole county first.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.
    plan : int
        Position of the plan.
    band : str
        One grade band; all together otherwise.

    Returns
    -------
    Sheet
        Pupils, pupil-kilometres before and after, their difference, and who gains and loses.
    """
    found = pd.concat([_of_plan(comparison.county, plan), _of_plan(comparison.townships, plan)])
    if band:
        found = found[found["band"] == band]
    keep = ["pupils_after", "pupil_m_before", "pupil_m_after", "pupil_m_difference", *CLASSES]
    sums = found.groupby("township", sort=True)[keep].sum()
    order = sorted(sums.index, key=lambda name: (name != "*", sums.loc[name, "pupil_m_difference"], name))
    rows, tones = [], []
    for name in order:
        row = sums.loc[name]
        by = int(row["pupil_m_difference"])
        gain, lose = (
            int(row[list(part)].sum())
            for part in (("much_nearer", "nearer", "newly_in_reach"), ("farther", "much_farther", "no_longer_in_reach"))
        )
        rows.append(
            (
                t("Whole county") if name == "*" else str(name) or t("(no township)"),
                t.number(int(row["pupils_after"])), t.number(row["pupil_m_before"] / 1000, 3),
                t.number(row["pupil_m_after"] / 1000, 3), _signed(t, by / 1000, 3), t.number(gain), t.number(lose),
                t.number(int(row["never_in_reach"])),
            )
        )  # fmt: skip
        tones.append(("", "", "", "", "good" if by < 0 else "bad" if by > 0 else "", "", "", ""))
    heads = (
        t("Township"), t("Pupils"), t("{name} (pupil-km)", name=comparison.names[0]),
        t("{name} (pupil-km)", name=comparison.names[plan]), t("Difference (pupil-km)"), t("Pupils who gain"),
        t("Pupils who lose"), t("In neither scenario's reach"),
    )  # fmt: skip
    return Sheet(heads, tuple(rows), tuple(range(1, len(heads))), tuple(tones))


def _signed(t: Translator, value: float, digits: int = 0) -> str:
    text = t.number(abs(value), digits)
    return text if not value else ("+" if value > 0 else "\N{MINUS SIGN}") + text


def rule_sheet(t: Translator, comparison: Comparison, pack: RulePack) -> Sheet:
    """
    List the rules broken and mended, with document and clause.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.
    pack : RulePack
        The rules.

    Returns
    -------
    Sheet
        A row for each plan, school and rule, broken ones first.
    """
    heads = (
        t("Scenario"), t("Change"), t("School"), t("Rule"), comparison.names[0], t("With the scenario"), t("Document and clause"),
    )  # fmt: skip
    cited = {path: cite(t, pack, path) for path in comparison.rules["path"].unique()}
    rows, tones = [], []
    for row in comparison.rules.to_dict("records"):
        basis = cited[row["path"]]
        rows.append(
            (
                comparison.names[row["plan"]], term(t, row["change"]), str(row["name"]), rule_name(t, row["path"]),
                term(t, row["verdict_before"]) if row["verdict_before"] else t("not there"),
                term(t, row["verdict_after"]) if row["verdict_after"] else t("closed"),
                " ".join(part for part in (basis.number, basis.clause) if part),
            )
        )  # fmt: skip
        tones.append(("", "bad" if row["change"] == "broken" else "good", *("",) * 5))
    return Sheet(heads, tuple(rows), (), tuple(tones))


def verdict_sheet(t: Translator, comparison: Comparison) -> Sheet:
    """
    Count how the entries of the ledger stand in each plan, and what each breaks and mends.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.

    Returns
    -------
    Sheet
        A row for each verdict, one for rules broken and one for rules mended; a column for each plan. No row where the plans were
        not held against the rules.
    """
    heads = (t("Entries of the ledger"), *comparison.names)
    counts = comparison.verdicts.set_index(["verdict", "plan"])["entries"].to_dict()
    rows = [
        (term(t, verdict), *(t.number(counts.get((verdict, plan), 0)) for plan in range(len(comparison.names))))
        for verdict in ("met", "not_met", "unknown")
        if not comparison.verdicts.empty
    ]
    tones = [("",) * len(heads) for _ in rows]
    for kind, tone in (("broken", "bad"), ("mended", "good")):
        if comparison.verdicts.empty:
            break
        chosen = comparison.rules.loc[comparison.rules["change"] == kind, "plan"].value_counts()
        found = [int(chosen.get(plan, 0)) for plan in range(1, len(comparison.names))]
        rows.append((term(t, kind), "–", *map(t.number, found)))
        tones.append(("", "", *(tone if number else "" for number in found)))
    return Sheet(heads, tuple(rows), tuple(range(1, len(heads))), tuple(tones))


def cost_sheet(t: Translator, comparison: Comparison) -> Sheet:
    """
    Lay out what each plan costs; what is not known says what is missing.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.

    Returns
    -------
    Sheet
        Seats built and their price against today, schools run and their price a year.
    """
    names = {
        "seats_built": t("Seats built against today (seats)"), "build": t("Cost of building (yuan)"),
        "schools": t("Schools run (schools)"), "running": t("Cost of running (yuan a year)"),
    }  # fmt: skip
    known = {
        (row["item"], row["plan"]): (float(row["value"]), float(row["difference"]), str(row["missing"]))
        for row in comparison.costs.to_dict("records")
    }
    rows, tones = [], []
    for item, name in names.items():
        row, tone = [name], [""]
        for plan in range(len(comparison.names)):
            value, by, missing = known[item, plan]
            row.append(_missing(t, missing) if math.isnan(value) else t.number(value))
            tone.append("")
            if plan:
                row.append("–" if math.isnan(by) else _signed(t, by))
                tone.append(
                    ""
                    if item in ("schools", "seats_built") or not by or math.isnan(by)
                    else "bad"
                    if by > 0
                    else "good"
                )
        rows.append(tuple(row))
        tones.append(tuple(tone))
    heads = (t("Cost"), *_with_differences(t, comparison.names))
    return Sheet(heads, tuple(rows), tuple(range(1, len(heads))), tuple(tones))


def _missing(t: Translator, what: str) -> str:
    if what == "seats":
        return t("not known: a school's seats are not set")
    if what == "today":
        return t("not known: today is not worked out")
    return t("not known: the project names no {setting}", setting=what)


def summary(t: Translator, comparison: Comparison) -> list[str]:
    """
    Say what the plans come to.

    Parameters
    ----------
    t : Translator
        The language.
    comparison : Comparison
        The plans.

    Returns
    -------
    list of str
        A paragraph for each plan but the first.
    """
    first = comparison.names[0]
    told = []
    for plan, name in enumerate(comparison.names):
        if not plan:
            continue
        of_plan = _of_plan(comparison.county, plan)
        counted = {each: int(of_plan[each].sum()) for each in CLASSES}
        gain, lose = counted["much_nearer"] + counted["nearer"], counted["farther"] + counted["much_farther"]
        parts = [
            t("{name} against {first}: {gain} pupils have a shorter way to the nearest school, {lose} a longer one, {same} one as long as before.",
              name=name, first=first, gain=t.number(gain), lose=t.number(lose), same=t.number(counted["same_way"]))
        ]  # fmt: skip
        if counted["newly_in_reach"] or counted["no_longer_in_reach"]:
            parts.append(t("{n} pupils come into reach of a school, {m} are no longer in reach.",
                           n=t.number(counted["newly_in_reach"]), m=t.number(counted["no_longer_in_reach"])))  # fmt: skip
        if counted["never_in_reach"]:
            parts.append(
                t("{n} pupils are in reach of a school in neither of the two.", n=t.number(counted["never_in_reach"]))
            )
        parts += _stage_words(t, comparison, plan)
        if not comparison.verdicts.empty:
            kinds = _of_plan(comparison.rules, plan)["change"]
            parts.append(t("Rules broken: {n}, mended: {m}.", n=t.number(int((kinds == "broken").sum())),
                           m=t.number(int((kinds == "mended").sum()))))  # fmt: skip
        costs = _of_plan(comparison.costs, plan).set_index("item")
        if not math.isnan(costs["value"]["build"]):
            parts.append(t("Building costs {n} yuan.", n=t.number(costs["value"]["build"])))
        if not math.isnan(costs["difference"]["running"]):
            parts.append(t("Running costs change by {n} yuan a year.", n=_signed(t, costs["difference"]["running"])))
        told.append((" " if t.language == "en" else "").join(parts))
    return told


def _stage_words(t: Translator, comparison: Comparison, plan: int) -> list[str]:
    """Say what changes in each stage as a whole."""
    whole = comparison.indicators[comparison.indicators["band"] == ""].set_index(["stage", "indicator", "plan"])[
        "value"
    ]
    parts = []
    for stage in whole.index.get_level_values("stage").unique():
        was, now = (whole.get((stage, "mean_distance", number), math.nan) for number in (0, plan))
        by = change(t, was, now, "m")
        if by.startswith(("+", "\N{MINUS SIGN}")):
            parts.append(t("{stage}: the mean way goes from {was} to {now} ({by}).", stage=term(t, stage),
                           was=quantity(t, was, "m"), now=quantity(t, now, "m"), by=by))  # fmt: skip
        was, now = (whole.get((stage, "no_seat", number), math.nan) for number in (0, plan))
        if was != now:
            parts.append(t("{stage}: pupils without a seat go from {was} to {now}.", stage=term(t, stage),
                           was=t.number(was), now=t.number(now)))  # fmt: skip
    return parts
