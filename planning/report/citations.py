"""Where a number comes from and how sure it is: the same words in the report, in the tables and on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planning.standards.model import CONFIDENCE, FORCE

if TYPE_CHECKING:
    from planning.config import Project
    from planning.i18n import Translator
    from planning.standards import Rule, RulePack
    from planning.standards.model import Gate, Source

__all__ = ["Citation", "cite", "cite_gate", "cite_limit", "cite_rule", "force_words", "own_choice"]


@dataclass(frozen=True)
class Citation:
    """
    The document behind a number, in words.

    Parameters
    ----------
    source : str
        Title of the document.
    number : str
        Its number (文号), or why it has none.
    clause : str
        Clause, where known.
    force : str
        What it binds to; that it binds nobody where no document stands behind it.
    confidence : str
        How sure the number is, in full.
    badge : str
        The short mark beside the number; empty for what was read in the document itself.
    mark : str
        Code of the confidence, by which the mark is coloured.
    pack : str
        The pack that gives it.
    note : str
        What a reader must know of it.
    """

    source: str
    number: str = ""
    clause: str = ""
    force: str = ""
    confidence: str = ""
    badge: str = ""
    mark: str = ""
    pack: str = ""
    note: str = ""


def cite(t: Translator, pack: RulePack, path: str) -> Citation:
    """
    Cite a rule that is in use.

    Parameters
    ----------
    t : Translator
        The language.
    pack : RulePack
        The rules.
    path : str
        Path of a rule in use.

    Returns
    -------
    Citation
        In words.
    """
    return cite_rule(t, pack, pack.needed(path))


def cite_rule(t: Translator, pack: RulePack, rule: Rule) -> Citation:
    """
    Cite a rule, in use or not.

    Parameters
    ----------
    t : Translator
        The language.
    pack : RulePack
        Holds the sources.
    rule : Rule
        The rule.

    Returns
    -------
    Citation
        In words; a superseded rule says so instead of how sure it is.
    """
    source = pack.sources[rule.source]
    confidence = t("superseded, not used") if rule.superseded else t.message(CONFIDENCE[rule.confidence])
    badge = "" if rule.badge is None else t.message(rule.badge)
    return Citation(
        source=source.title.in_language(t.language),
        number=_number(t, source),
        clause=rule.clause or "",
        force=force_words(t, rule),
        confidence=confidence,
        badge=confidence if rule.superseded else badge,
        mark=rule.confidence,
        pack=pack.packs[rule.pack].in_language(t.language),
        note=rule.note.in_language(t.language) if rule.note else "",
    )


def cite_gate(t: Translator, pack: RulePack, gate: Gate) -> Citation:
    """
    Cite a condition of the closure gate.

    Parameters
    ----------
    t : Translator
        The language.
    pack : RulePack
        Holds the sources.
    gate : Gate
        The condition.

    Returns
    -------
    Citation
        In words.
    """
    source = pack.sources[gate.source]
    return Citation(
        source=source.title.in_language(t.language),
        number=_number(t, source),
        clause=gate.clause or "",
        confidence=t.message(CONFIDENCE[gate.confidence]),
        badge="" if gate.badge is None else t.message(gate.badge),
        mark=gate.confidence,
        note=gate.note.in_language(t.language) if gate.note else "",
    )


def own_choice(t: Translator) -> Citation:
    """
    Cite a limit that the project's own file sets: nobody's law.

    Parameters
    ----------
    t : Translator
        The language.

    Returns
    -------
    Citation
        In words.
    """
    return Citation(
        source=t("this project's own choice"),
        force=t("binds nobody"),
        confidence=t("set in the project file"),
        badge=t("set in the project file"),
        mark="T",
    )


def cite_limit(t: Translator, project: Project, pack: RulePack, *, measure: str, stage: str, band: str) -> Citation:
    """
    Cite the limit that a share of children within it rests on.

    Parameters
    ----------
    t : Translator
        The language.
    project : Project
        Its own limits come before those of the pack.
    pack : RulePack
        The rules.
    measure : str
        ``limit_of_band`` or ``service_radius``.
    stage, band : str
        Whose limit it is.

    Returns
    -------
    Citation
        In words; empty where neither gives a limit.
    """
    if measure == "service_radius":
        return cite(t, pack, f"stages.{stage}.service_radius")
    if band in project.limits:
        return own_choice(t)
    paths = [f"bands.{band}.{name}" for name in ("time_limit", "distance_limit")]
    return next((cite(t, pack, path) for path in paths if pack.rule(path) is not None), Citation(""))


def force_words(t: Translator, rule: Rule) -> str:
    """
    Say what a rule binds to; a default of this tool is never called binding or recommended.

    Parameters
    ----------
    t : Translator
        The language.
    rule : Rule
        The rule.

    Returns
    -------
    str
        The words.
    """
    return t.message(FORCE[rule.force]) if rule.is_law else t("binds nobody")


def _number(t: Translator, source: Source) -> str:
    return source.number or (source.no_number.in_language(t.language) if source.no_number else "")
