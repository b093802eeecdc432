"""The rules in force, for the report: value, document, clause, how sure each is, and which pack gave it instead of which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.i18n.terms import term
from planning.report.citations import cite_rule
from planning.report.words import quantity, rule_name, unit_name
from planning.stages import STAGE_OF_BAND
from planning.standards.model import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Collection

    from planning.i18n import Translator
    from planning.scenario.county import County
    from planning.standards import Rule

__all__ = ["override_section", "rule_section", "rule_table", "rule_value"]


def rule_section(t: Translator, county: County, *, judged: Collection[str] | None = None) -> list[dict[str, Any]]:
    """
    List the rules in force, in groups; a default of this tool or of the project is never shown as law.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        Its project, stages and rule pack.
    judged : collection of str, optional
        Paths of the rules by which something was judged; all by default.

    Returns
    -------
    list of dict
        ``title`` of a pack and its ``rules``, each with ``rule``, ``value``, ``source``, ``clause``, ``confidence``, ``law``
        (law | tool), ``mark`` (confidence), ``in_use``, ``judged`` (by it, or it is a limit
        of the way to school) and ``note``. The project's own limits come first.
    """
    pack, project = county.pack, county.project
    groups: dict[str, list[dict[str, Any]]] = {"": [], **{key: [] for key in reversed(pack.packs)}}
    for band, limit in project.limits.items():
        parts = [(limit.time_min, "min"), (limit.distance_m, "m")]
        groups[""].append(
            {
                "rule": rule_name(t, f"bands.{band}.time_limit"),
                "value": " · ".join(quantity(t, value, unit) for value, unit in parts if value is not None),
                "source": t("this project's own choice"),
                "clause": "",
                "confidence": t("set in the project file"),
                "law": "tool",
                "mark": "T",
                "in_use": True,
                "judged": True,
                "note": "",
            }
        )
    for path, rule in pack.rules():
        section, _, key = path.partition(".")
        name, _, last = key.partition(".")
        stage = {"bands": STAGE_OF_BAND.get(name), "stages": name}.get(section)
        if stage is not None and stage not in project.stages:
            continue
        if section == "bands" and name in project.limits and last in ("time_limit", "distance_limit"):
            continue
        source = pack.sources[rule.source]
        groups[rule.pack].append(
            {
                "rule": rule_name(t, path),
                "value": rule_value(t, rule),
                "source": source.title.in_language(t.language) + (f" {source.number}" if source.number else ""),
                "clause": rule.clause or "",
                "confidence": t("superseded, not used") if rule.superseded else t.message(CONFIDENCE[rule.confidence]),
                "law": "law" if rule.is_law else "tool",
                "mark": rule.confidence,
                "in_use": rule.enabled,
                "judged": judged is None or section == "bands" or path in judged,
                "note": rule.note.in_language(t.language) if rule.note else "",
            }
        )
    return [
        {"title": pack.packs[key].in_language(t.language) if key else t("Limits of this project"), "rules": rules}
        for key, rules in groups.items()
        if rules
    ]


def override_section(t: Translator, county: County) -> list[dict[str, str]]:
    """
    Tell the numbers that one pack gives instead of another: which, and by whom.

    Parameters
    ----------
    t : Translator
        The language.
    county : County
        Its rule pack.

    Returns
    -------
    list of dict
        ``rule``, ``before``, ``before_source``, ``after``, ``after_source``, ``by``.
    """
    pack = county.pack
    issuer = "" if pack.issuer is None else pack.issuer.in_language(t.language)

    def _by(key: str) -> str:
        title = pack.packs[key].in_language(t.language)
        return t("{what}: {detail}", what=issuer, detail=title) if key == pack.id and issuer else title

    return [
        {
            "rule": rule_name(t, override.path),
            "before": rule_value(t, override.before),
            "before_source": t.message(pack.sources[override.before.source].message()),
            "after": rule_value(t, override.after),
            "after_source": t.message(pack.sources[override.after.source].message()),
            "by": _by(override.after.pack),
        }
        for override in pack.overrides
    ]


def rule_table(t: Translator, county: County) -> pd.DataFrame:
    """
    List every rule of the pack for programs and for the workbook, those that are not in use included.

    Parameters
    ----------
    t : Translator
        The language of names and notes.
    county : County
        Its rule pack.

    Returns
    -------
    pandas.DataFrame
        ``rule`` (its path), ``name``, ``value``, ``unit``, ``source``, ``document_number`` (or why there is none), ``clause``,
        ``force``, ``confidence``, ``in_use``, ``pack``, ``note``.
    """
    pack = county.pack
    rows = []
    for path, rule in pack.rules():
        found = cite_rule(t, pack, rule)
        rows.append(
            {
                "rule": path,
                "name": rule_name(t, path),
                "value": rule_value(t, rule),
                "unit": unit_name(t, rule.unit),
                "source": found.source,
                "document_number": found.number,
                "clause": found.clause,
                "force": found.force,
                "confidence": found.confidence,
                "in_use": t("Yes") if rule.enabled else t("No"),
                "pack": found.pack,
                "note": found.note,
            }
        )
    return pd.DataFrame(rows)


def rule_value(t: Translator, rule: Rule) -> str:
    """
    Write the value of a rule with its unit.

    Parameters
    ----------
    t : Translator
        The language.
    rule : Rule
        The rule.

    Returns
    -------
    str
        Such as ``30 min``, ``Yes`` or ``6, 12, 18``.
    """
    value, unit = rule.value, unit_name(t, rule.unit)
    if isinstance(value, bool):
        return t("Yes") if value else t("No")
    if isinstance(value, Mapping):
        return (
            t("; ").join(
                t("{classes} classes: {value}", classes=t.number(count), value=_plain(t, number))
                for count, number in value.items()
            )
            + f" ({unit})"
        )
    if isinstance(value, tuple):
        words = [term(t, item) if isinstance(item, str) else _plain(t, item) for item in value]
        return t(", ").join(words)
    if rule.unit == "1":
        return t.percent(value) if value < 1 else t.percent(value, 0)
    if rule.unit == "year":
        return str(int(value))
    if rule.unit in ("beds/boarder", "ratio"):  # the rule's name says it
        return _plain(t, value)
    return t("{n} pupils", n=_plain(t, value)) if rule.unit == "pupils" else f"{_plain(t, value)} {unit}"


def _plain(t: Translator, value: float) -> str:
    return t.number(value, 0 if float(value).is_integer() else 2 if round(value, 1) != value else 1)
