"""Indicators, classes, ways and staff of the county: today and with the plan, each limit with its badge and its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planning.compliance.balance import COMPOSITE, EVALUATED_STAGES
from planning.compliance.staffing import STAFFED_STAGES
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.i18n import Translator
from planning.i18n.terms import term
from planning.report.citations import cite, cite_limit
from planning.report.compliance import coefficient, lacking, limit_words, measured
from planning.report.compliance_tables import column_name, listed, school_names
from planning.report.rules import rule_value
from planning.report.words import change, rule_name
from planning.standards.catalogue import INDICATORS
from planning.ui import shell
from planning.ui.standards.cells import Basis, Marked, cells_html, empty_html
from planning.ui.standards.held import Held
from planning.ui.tables import Figure, message_html

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance
    from planning.scenario.county import County
    from planning.standards import RulePack

__all__ = ["balance_view", "changes_html", "classes_view", "held_figures"]

_MOST_CHANGES = 300


def held_figures(held: Held, t: Translator) -> list[Figure]:
    """Say at a glance how the plan stands, and what it changes."""
    now, before = held.plan, held.standing.compared[0][0] if held.standing.compared else None
    figures = []
    for stage in EVALUATED_STAGES:
        verdicts = _of_stage(now, stage)
        if verdicts.empty:
            continue
        met, unknown = int((verdicts == MET).sum()), int((verdicts == UNKNOWN).sum())
        note, tone = t("not known: {n}", n=t.number(unknown)), ""
        if before is not None:
            by = met - int((_of_stage(before, stage) == MET).sum())
            note, tone = t("{by} by the plan; {note}", by=_signed(by, t), note=note), _tone(by)
        value = t("{n} of {total}", n=t.number(met), total=t.number(len(verdicts)))
        figures.append(Figure(t("{stage}: pass", stage=term(t, stage)), value, note, tone))
    above = int((now.balance["cv"] > now.balance["limit"]).fillna(value=False).sum())
    unsure = int((now.balance["verdict"] == UNKNOWN).sum())
    value = t("{n} of {total}", n=t.number(above), total=t.number(len(now.balance)))
    figures.append(
        Figure(t("Coefficients too high"), value, t("not certain: {n}", n=t.number(unsure)), "bad" if above else "")
    )
    failed = int((now.ledger["verdict"] == NOT_MET).sum())
    unknown = int((now.ledger["verdict"] == UNKNOWN).sum())
    figures.append(Figure(t("Entries not met"), t.number(failed), t("not known: {n}", n=t.number(unknown))))
    if before is not None:
        kinds = held.changes["change"]
        figures.append(Figure(t("Broken by the plan"), t.number(int((kinds == "broken").sum()))))
        figures.append(Figure(t("Mended by the plan"), t.number(int((kinds == "mended").sum()))))
    return figures


def _of_stage(held: Compliance, stage: str) -> pd.Series:
    return held.passes.loc[held.passes.index.get_level_values("stage") == stage, "verdict"]


def _signed(by: int, t: Translator) -> str:
    return f"+{t.number(by)}" if by > 0 else t.number(by)


def _tone(by: int) -> str:
    return "good" if by > 0 else "bad" if by < 0 else ""


def changes_html(held: Held, pack: RulePack, t: Translator) -> str:
    """List the rules that the plan breaks and mends, broken ones first."""
    if not held.standing.compared:
        return empty_html(
            t("The open scenario changes nothing yet. Place or close a school on the page Plan, and see here which rules that breaks and mends.")
        )  # fmt: skip
    if held.changes.empty:
        return empty_html(t("The plan breaks no rule that was kept, and mends none."))
    before, after = held.standing.compared[0]
    names = {**before.schools["name"], **after.schools["name"]}
    rows: list[list[str | Marked | Basis]] = []
    for row in held.changes.head(_MOST_CHANGES).to_dict("records"):
        cited = cite(t, pack, row["path"])
        rows.append(
            [
                Marked(term(t, row["change"]), tone="bad" if row["change"] == "broken" else "good"),
                str(names.get(row["school_id"]) or row["school_id"]),
                Marked(rule_name(t, row["path"]), cited.badge, cited.mark),
                _verdict_words(t, row["verdict_before"], t("not there")),
                _verdict_words(t, row["verdict_after"], t("closed")),
                Basis(cited, t),
            ]
        )
    heads = [t("Change"), t("School"), t("Rule"), t("Before"), t("With the plan"), t("Document and clause")]
    return cells_html(heads, rows, height=240)


def _verdict_words(t: Translator, verdict: str, absent: str) -> str:
    return term(t, verdict) if verdict else absent


def balance_view(held: Held, county: County, t: Translator) -> None:
    """Draw the coefficients, the schools that lack a number, and what each school lacks to pass."""
    pack, now = county.pack, held.plan
    shell.section(t("Coefficients of variation between schools"), t("weighted with pupils; less is more even"))
    if now.balance.empty:
        st.html(
            empty_html(
                t("The rule pack tests no coefficient, or no school is evaluated. Choose another pack in the project file (standards).")
            )
        )  # fmt: skip
    else:
        st.html(_balance_html(held, pack, t))
        st.caption(
            t("A question mark: schools lack the number, so that nothing can be said; the coefficient is that of the others.")
        )  # fmt: skip
    left, right = st.columns([1, 1.3], gap="medium")
    with left:
        shell.section(t("Which school lacks which number"), t("missing data never passes and never fails"))
        st.html(_missing_html(now, t))
        shell.section(t("What each pupil is to have"), t("the values that schools are held against"))
        st.html(_thresholds_html(pack, t))
    with right:
        shell.section(t("What the schools lack to pass"), _needed_words(pack, t))
        st.html(_lacks_html(now, pack, t))


def _balance_html(held: Held, pack: RulePack, t: Translator) -> str:
    layouts = list(held.standing.every())
    tables = [{(row["stage"], row["indicator"]): row for row in one.balance.to_dict("records")} for one in layouts]
    rows: list[list[str | Marked | Basis]] = []
    for stage, indicator in sorted(
        dict.fromkeys(key for table in tables for key in table),
        key=lambda key: (EVALUATED_STAGES.index(key[0]), _place(key[1])),
    ):
        found = [table.get((stage, indicator)) for table in tables]
        path = next(row["path"] for row in found if row is not None)
        cited = cite(t, pack, path)
        shown = [coefficient(t, row) for row in found]
        rows.append(
            [
                term(t, stage),
                term(t, indicator),
                *(Marked(words, tone=verdict) for words, verdict in shown),
                *([_difference(found[-2], found[-1], t)] if held.standing.compared else []),
                Marked(t.number(pack.needed(path).number, 2), cited.badge, cited.mark),
                Basis(cited, t),
            ]
        )
    words = {"register": t("Register"), "base": t("Today, allocated"), "after": t("With the plan")}
    heads = [t("Stage"), t("Indicator"), *(words[one.when] for one in layouts)]
    heads += ([t("Difference")] if held.standing.compared else []) + [t("Limit"), t("Document and clause")]
    return cells_html(heads, rows, numbers=range(2, len(heads) - 1))


def _place(indicator: str) -> int:
    return len(INDICATORS) if indicator == COMPOSITE else INDICATORS.index(indicator)


def _difference(before: dict[Any, Any] | None, after: dict[Any, Any] | None, t: Translator) -> str:
    if before is None or after is None or pd.isna(before["cv"]) or pd.isna(after["cv"]):
        return "–"
    by = float(after["cv"]) - float(before["cv"])
    return ("+" if by > 0 else "") + t.number(by, 3) if abs(by) >= 0.0005 else t.number(0.0, 3)


def _thresholds_html(pack: RulePack, t: Translator) -> str:
    rows: list[list[str | Marked | Basis]] = []
    for stage in EVALUATED_STAGES:
        for name in INDICATORS:
            path = f"stages.{stage}.indicators.{name}"
            rule = pack.rule(path)
            if rule is not None:
                cited = cite(t, pack, path)
                rows.append([term(t, stage), term(t, name), Marked(rule_value(t, rule), cited.badge, cited.mark), Basis(cited, t)])  # fmt: skip
    heads = [t("Stage"), t("Indicator"), t("At least"), t("Document and clause")]
    return cells_html(heads, rows, height=300) if rows else empty_html(t("The rule pack gives no such values."))


def _needed_words(pack: RulePack, t: Translator) -> str:
    needed, floor = pack.rule("evaluation.indicators_met_min"), pack.rule("evaluation.floor_ratio")
    if needed is None:
        return ""
    words = t("at least {n} indicators met", n=t.number(needed.number))
    if needed.badge is not None:
        words = t("{what} ({badge})", what=words, badge=t.message(needed.badge))
    if floor is None:
        return words
    more = t("the others at {share} or more", share=t.percent(floor.number, 0))
    if floor.badge is not None:
        more = t("{what} ({badge})", what=more, badge=t.message(floor.badge))
    return words + t("; ") + more


def _missing_html(now: Compliance, t: Translator) -> str:
    missing: dict[tuple[str, str], list[str]] = {}
    for (code, stage), row in now.passes.iterrows():
        if row["missing"]:
            missing[(str(code), str(stage))] = [term(t, name) for name in row["missing"]]
    for (code, stage), pupils in now.parts["pupils"].items():
        if pd.isna(pupils):
            missing.setdefault((str(code), str(stage)), []).insert(0, t("Pupils"))
    if not missing:
        return empty_html(t("Every evaluated school has every number."))
    rows = [
        [school_names(t, now, [code]), str(now.schools.at[code, "township"]), term(t, stage), listed(t, names)]
        for (code, stage), names in missing.items()
    ]
    return cells_html([t("School"), t("Township"), t("Stage"), t("Numbers that are missing")], rows, height=230)


def _lacks_html(now: Compliance, pack: RulePack, t: Translator) -> str:
    rows = [
        [row["name"], row["stage"], row["met"], row["short"], row["missing"] or "–"] for row in lacking(t, now, pack)
    ]
    if not rows:
        return empty_html(t("No evaluated school is known to fail."))
    heads = [t("School"), t("Stage"), t("Indicators met"), t("Lacking"), t("Not known")]
    return cells_html(heads, rows, numbers=[2], height=460)


def classes_view(held: Held, county: County, t: Translator) -> None:
    """Draw class sizes, the children within the limits, and the staff."""
    now = held.plan
    before = held.standing.base
    shell.section(t("Class sizes"), _bands_words(county.pack, t))
    st.html(_sizes_html(held, county.pack, t))
    shell.section(t("Children within the limit"), t("along roads, and in a straight line"))
    st.html(_service_html(held, county, t))
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        shell.section(t("Staffing"), t("staff due by the pupils of the plan against the staff of the table"))
        st.html(_staff_html(now, t))
        st.html(_staff_rules_html(county.pack, t))
    with right:
        shell.section(t("Children within the limit, by township"), t("along roads"))
        st.html(_township_service_html(now if len(now.service) else before, t))
    out = [
        t("Not evaluated ({reason}): {names}.", reason=term(t, reason), names=school_names(t, now, codes, 12))
        for reason, codes in now.left_out.groupby("reason")["school_id"]
    ]
    if out:
        shell.section(t("Not evaluated"))
        st.html(message_html(out))


def _bands_words(pack: RulePack, t: Translator) -> str:
    large, oversize = pack.number("class_size.large_from"), pack.number("class_size.oversize_from")
    if large is None or oversize is None:
        return ""
    return t(
        "large: from {large} pupils; oversize: from {oversize}", large=t.number(large), oversize=t.number(oversize)
    )


def _sizes_html(held: Held, pack: RulePack, t: Translator) -> str:
    layouts = list(held.standing.every())
    tables = [{(row["stage"], row["measure"]): row for row in one.sizes.to_dict("records")} for one in layouts]
    rows: list[list[str | Marked | Basis]] = []
    for key in dict.fromkeys(key for table in tables for key in table):
        found = [table.get(key) for table in tables]
        last = next(row for row in reversed(found) if row is not None)
        cited = cite(t, pack, last["path"])
        rows.append(
            [
                term(t, key[0]),
                term(t, key[1]),
                *(
                    Marked("–" if row is None else measured(t, key[1], row["value"]), tone="" if row is None else row["verdict"])
                    for row in found
                ),
                Marked(measured(t, key[1], last["limit"], is_limit=True), cited.badge, cited.mark),
                Marked(term(t, last["verdict"]), tone=last["verdict"]),
                Basis(cited, t),
            ]
        )  # fmt: skip
    if not rows:
        return empty_html(t("The rule pack limits no class size."))
    words = {"register": t("Register"), "base": t("Today, allocated"), "after": t("With the plan")}
    heads = [t("Stage"), t("Measure"), *(words[one.when] for one in layouts), t("Limit"), t("Verdict")]
    return cells_html([*heads, t("Document and clause")], rows, numbers=range(2, len(layouts) + 3))


def _service_html(held: Held, county: County, t: Translator) -> str:
    now = held.plan if len(held.plan.service) else held.standing.base
    before = held.standing.base.service
    rows: list[list[str | Marked | Basis]] = []
    for row in now.service[now.service["township"] == ""].to_dict("records"):
        cited = cite_limit(t, county.project, county.pack, measure=row["measure"], stage=row["stage"], band=row["band"])
        line: list[str | Marked | Basis] = [
            term(t, row["band"]),
            term(t, row["measure"]),
            term(t, row["mode"]),
            Marked(limit_words(t, row["limit_min"], row["limit_m"]), cited.badge, cited.mark),
            t.percent(row["share_network"]),
            t.percent(row["share_straight"]),
        ]
        if held.standing.compared:
            own = before[(before[["township", "band", "measure"]] == ["", row["band"], row["measure"]]).all(axis=1)]
            was = float(own["share_network"].iloc[0]) if len(own) else float("nan")
            line.insert(5, change(t, was, float(row["share_network"]), "1"))
        rows.append([*line, Basis(cited, t)])
    if not rows:
        return empty_html(t("Neither the project nor the rule pack gives a limit for the way to school."))
    heads = [t("Grades"), t("Measure"), t("Way of going"), t("Limit"), t("Within, along roads")]
    heads += ([t("Difference")] if held.standing.compared else []) + [t("Within, straight"), t("Document and clause")]
    return cells_html(heads, rows, numbers=range(3, len(heads) - 1))


def _township_service_html(now: Compliance, t: Translator) -> str:
    table = now.service[(now.service["township"] != "") & (now.service["measure"] == "limit_of_band")]
    if table.empty:
        return empty_html(t("No township is known, or no limit is given."))
    bands = list(dict.fromkeys(table["band"]))
    wide = table.pivot_table(index="township", columns="band", values="share_network", aggfunc="first").sort_values(
        bands[0]
    )
    rows = [
        [str(township), *("–" if pd.isna(row.get(band)) else t.percent(float(row[band])) for band in bands)]
        for township, row in wide.iterrows()
    ]
    return cells_html([t("Township"), *(term(t, band) for band in bands)], rows, numbers=range(1, 1 + len(bands)), height=420)  # fmt: skip


def _staff_html(now: Compliance, t: Translator) -> str:
    table = now.staffing.sort_values("gap", ascending=False, na_position="last")
    short = table[(table["gap"] > 0).fillna(value=False).astype(bool) | table["gap"].isna()]
    if table.empty:
        return empty_html(t("No school has staff due by the rules."))
    rows: list[list[str | Marked | Basis]] = [
        [
            school_names(t, now, [str(code)]),
            _number(t, row["pupils"]),
            _number(t, row["due"], 1),
            _number(t, row["staff"]),
            Marked(_number(t, row["gap"], 1), tone="bad" if pd.notna(row["gap"]) else ""),
            listed(t, [column_name(t, name) for name in row["missing"]]) or "–",
        ]
        for code, row in short.iterrows()
    ]
    if not rows:
        return empty_html(t("Every school has the staff that its pupils are due."))
    heads = [t("School"), t("Pupils"), t("Staff due"), t("Staff there"), t("Missing (persons)"), t("Not known")]
    return cells_html(heads, rows, numbers=[1, 2, 3, 4], height=330)


def _staff_rules_html(pack: RulePack, t: Translator) -> str:
    paths = [f"stages.{stage}.pupils_per_staff" for stage in STAFFED_STAGES] + ["small_school_staff_per_class"]
    rows: list[list[str | Marked | Basis]] = []
    for path in paths:
        rule = pack.rule(path)
        if rule is not None:
            cited = cite(t, pack, path)
            rows.append([rule_name(t, path), Marked(rule_value(t, rule), cited.badge, cited.mark), Basis(cited, t)])
    return cells_html([t("Rule"), t("Value"), t("Document and clause")], rows) if rows else ""


def _number(t: Translator, value: Any, digits: int = 0) -> str:
    return "–" if pd.isna(value) else t.number(float(value), digits)
