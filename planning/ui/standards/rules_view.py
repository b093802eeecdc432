"""The rules in force: every number with unit, document, number, clause, force and how sure it is; who gave it instead of whom."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from planning.i18n import Translator
from planning.report.citations import cite_rule, own_choice
from planning.report.rules import override_section, rule_section, rule_value
from planning.report.words import rule_name
from planning.ui import shell
from planning.ui.standards.cells import Basis, Marked, badge_html, cells_html, empty_html

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.standards import Rule

__all__ = ["rules_view"]


def rules_view(county: County, t: Translator) -> None:
    """Draw the table of rules and the overrides."""
    pack = county.pack
    kinds = {
        "": t("All"), "verified": t("Verified"), "unverified": t("Not verified"), "tool": t("Tool defaults"),
        "off": t("Not in use"),
    }  # fmt: skip
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="pl-rules-bar"):
        chosen = st.segmented_control(
            t("Show"), list(kinds), default="", required=True, format_func=kinds.__getitem__, key="rules-kind",
            persist_state="session",
        )  # fmt: skip
        names = {key: pack.packs[key].in_language(t.language) for key in reversed(pack.packs)}
        of_pack = st.selectbox(
            t("Rule pack"), ["", *names], format_func=lambda key: names.get(key) or t("All"), key="rules-pack",
            persist_state="session",
        )  # fmt: skip
    overrides = override_section(t, county)
    if overrides:
        shell.section(t("Numbers given instead of others"), t("which, and by whom"))
        st.html(
            cells_html(
                [t("Rule"), t("Was"), t("Document"), t("Is"), t("Document"), t("Given by")],
                [
                    [o["rule"], o["before"], o["before_source"], o["after"], o["after_source"], o["by"]]
                    for o in overrides
                ],
                height=220,
            )
        )
    own = _own_limits(county, t) if not of_pack and (chosen or "") in ("", "tool") else []
    rows = own + [
        _row(path, rule, county, t)
        for path, rule in pack.rules()
        if (not chosen or chosen == _kind(rule)) and (not of_pack or rule.pack == of_pack)
    ]
    shell.section(pack.title.in_language(t.language), t("{n} rules", n=t.number(len(rows))))
    if not rows:
        st.html(empty_html(t("No rule is left. Take a filter away.")))
        return
    heads = [t("Rule"), t("Value"), t("Document, number and clause"), t("Force"), t("In use"), t("Rule pack")]
    st.html(cells_html(heads, rows, height=620))
    meaning = [
        (t("second-hand"), "V2", t("read in a secondary source")),
        (t("not verified"), "K", t("known, not yet checked")),
        (t("derived"), "D", t("derived by arithmetic")),
        (t("doubtful"), "KQ", t("doubtful, not used")),
        (t("tool default"), "T", t("default of this tool, without legal force")),
    ]
    st.html(
        '<div class="pl-legend">'
        + " ".join(f"{badge_html(words, mark)} <span>{escape(says)}</span>" for words, mark, says in meaning)
        + "</div>"
    )


def _kind(rule: Rule) -> str:
    if not rule.enabled:
        return "off"
    if not rule.is_law:
        return "tool"
    return "verified" if rule.badge is None else "unverified"


def _row(path: str, rule: Rule, county: County, t: Translator) -> list[str | Marked | Basis]:
    cited = cite_rule(t, county.pack, rule)
    tone = "" if rule.enabled else "soft"
    return [
        Marked(rule_name(t, path), tone=tone),
        Marked(rule_value(t, rule), cited.badge, cited.mark, tone),
        Basis(cited, t),
        cited.force,
        t("Yes") if rule.enabled else t("No"),
        cited.pack,
    ]


def _own_limits(county: County, t: Translator) -> list[list[str | Marked | Basis]]:
    """List the limits that the project's own file sets instead of those of the pack."""
    if not county.project.limits:
        return []
    cited = own_choice(t)
    first = rule_section(t, county)[0]
    return [
        [row["rule"], Marked(row["value"], cited.badge, cited.mark), Basis(cited, t), cited.force, t("Yes"), first["title"]]
        for row in first["rules"]
    ]  # fmt: skip
