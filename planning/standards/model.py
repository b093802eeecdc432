"""What a rule pack holds: closed and frozen, numbers and choices only, never formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from planning.errors import Message, Names, msg
from planning.standards.catalogue import CATALOGUE

__all__ = [
    "COMPUTED_GATES",
    "CONFIDENCE",
    "DOUBTFUL",
    "FORCE",
    "Gate",
    "Override",
    "Rule",
    "RulePack",
    "Source",
    "Words",
]

Confidence = Literal["V", "V2", "D", "K", "KQ", "T"]
Force = Literal["must", "should", "may"]
StageName = Literal["kindergarten", "primary", "junior", "senior", "special"]

#: Conditions of the closure gate that the program knows how to compute; any other is answered by people.
COMPUTED_GATES = (
    "protected",
    "across_the_line",
    "private_school",
    "teaches_other_stage",
    "only_in_township",
    "only_junior_in_township",
    "receiver_beds_meals",
    "travel_unsafe",
    "creates_oversize",
)

#: What each mark of confidence means; ``KQ`` ships disabled, ``T`` is never shown as law.
CONFIDENCE: dict[str, Message] = {
    "V": msg("read in the document itself"),
    "V2": msg("read in a secondary source"),
    "D": msg("derived by arithmetic"),
    "K": msg("known, not yet checked"),
    "KQ": msg("doubtful, not used"),
    "T": msg("default of this tool, without legal force"),
}
DOUBTFUL = "KQ"
#: What each force means.
FORCE: dict[str, Message] = {
    "must": msg("binding"),
    "should": msg("recommended"),
    "may": msg("optional"),
}
#: Short marks that stand wherever a number is shown that was not read in the document itself.
_BADGES: Mapping[str, Message] = {
    "V2": msg("second-hand"),
    "D": msg("derived"),
    "K": msg("not verified"),
    "KQ": msg("doubtful"),
    "T": msg("tool default"),
}


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Words(_Closed):
    """A name in both languages."""

    zh: str = Field(min_length=1)
    """Chinese."""
    en: str = Field(min_length=1)
    """English."""

    def in_language(self, language: str) -> str:
        """
        Give the name in a language.

        Parameters
        ----------
        language : str
            ``zh`` or ``en``.

        Returns
        -------
        str
            The name.
        """
        return self.zh if language == "zh" else self.en

    def message(self) -> Message:
        """
        Make a message of it, so that it may stand in a sentence of either language.

        Returns
        -------
        Message
            Shows one of the two: a text cut to no letters is not seen.
        """
        return msg("{en}{zh:.0}", en=self.en, zh=self.zh)


class Source(_Closed):
    """A document that rules are taken from."""

    title: Words
    """Title of the document."""
    number: str | None = None
    """Its number (文号 or standard number)."""
    no_number: Words | None = None
    """Why it has none."""
    year: int | None = None
    """Year of issue."""
    level: Literal["law", "national", "industry", "province", "city", "county", "tool", "foreign"]
    """Who issued it."""

    @model_validator(mode="after")
    def _number_or_reason(self) -> Source:
        if (self.number is None) == (self.no_number is None):
            raise ValueError(msg("either number, or no_number with the reason why the document has none"))
        return self

    def message(self) -> Message:
        """
        Name the document.

        Returns
        -------
        Message
            Title, and number where it has one.
        """
        if self.number is None:
            return self.title.message()
        return msg("{title} {number}", title=self.title.message(), number=self.number)


def _rows(value: object) -> object:
    """Let the class counts of a table be written as text, as files of saved runs have them."""
    if not isinstance(value, bool | int | float | dict | list | tuple):
        raise ValueError(msg("must be a number, true or false, or a list in [ ]"))
    if isinstance(value, dict):
        return {int(key) if isinstance(key, str) and key.isdecimal() else key: item for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


Value = Annotated[
    bool | float | tuple[float, ...] | tuple[str, ...] | dict[int, float],
    BeforeValidator(_rows),
]


class Rule(_Closed):
    """One number, table or choice, with its unit, its source and how sure it is."""

    value: Value
    """A number, yes / no, a list, or a number by count of classes."""
    unit: str
    """Unit of the value."""
    source: str = Field(min_length=1)
    """Key among the sources."""
    clause: str | None = None
    """Clause of the document, where known."""
    force: Force
    """must: a plan that breaks it is shown as failing; should: a warning; may: a choice."""
    confidence: Confidence
    """How sure the value is."""
    superseded: bool = False
    """Whether a later document replaced it: it is shown, but nothing uses it."""
    note: Words | None = None
    """What a reader must know of it."""
    pack: str = ""
    """Key of the pack that gave it; set by the reader."""

    @property
    def enabled(self) -> bool:
        """
        Say whether the value is used.

        Returns
        -------
        bool
            False for a doubtful or superseded value: it ships, but nothing uses it.
        """
        return self.confidence != DOUBTFUL and not self.superseded

    @property
    def is_law(self) -> bool:
        """
        Say whether a document stands behind the value.

        Returns
        -------
        bool
            False for a default of this tool.
        """
        return self.confidence != "T"

    @property
    def badge(self) -> Message | None:
        """
        Give the mark that stands beside the value wherever it is shown.

        Returns
        -------
        Message or None
            None for what was read in the document itself.
        """
        return _BADGES.get(self.confidence)

    @property
    def number(self) -> float:
        """
        Give the value of a rule that is a number.

        Returns
        -------
        float
            The number.

        Raises
        ------
        TypeError
            If the rule is no number.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise TypeError(f"no number: {self.value!r}")
        return float(self.value)

    @property
    def yes(self) -> bool:
        """
        Give the value of a rule that is yes or no.

        Returns
        -------
        bool
            Yes or no.

        Raises
        ------
        TypeError
            If the rule is neither.
        """
        if not isinstance(self.value, bool):
            raise TypeError(f"neither yes nor no: {self.value!r}")
        return self.value

    @property
    def counts(self) -> tuple[int, ...]:
        """
        Give the value of a rule that is a list of whole numbers.

        Returns
        -------
        tuple of int
            Rising.

        Raises
        ------
        TypeError
            If the rule is no such list.
        """
        if not isinstance(self.value, tuple) or any(isinstance(item, str) for item in self.value):
            raise TypeError(f"no list of numbers: {self.value!r}")
        return tuple(int(item) for item in self.value)


class Gate(_Closed):
    """One condition that a closure must pass."""

    id: str = Field(min_length=1)
    """Key of the condition."""
    title: Words
    """What blocks a closure."""
    source: str = Field(min_length=1)
    """Key among the sources."""
    clause: str | None = None
    """Clause of the document, where known."""
    confidence: Confidence
    """How sure the condition is."""
    decided_by: Literal["computed", "user"]
    """Whether the program computes it or people answer it."""
    passes_when: bool = False
    """user: the answer with which a closure passes; no where the condition names what must not be."""
    stages: tuple[StageName, ...] | None = None
    """Stages it holds for; all where not said."""
    note: Words | None = None
    """How the program tests it."""

    @property
    def badge(self) -> Message | None:
        """
        Give the mark that stands beside the condition wherever it is shown.

        Returns
        -------
        Message or None
            None for what was read in the document itself.
        """
        return _BADGES.get(self.confidence)

    @model_validator(mode="after")
    def _known_where_computed(self) -> Gate:
        if self.decided_by == "computed" and self.id not in COMPUTED_GATES:
            raise ValueError(
                msg(
                    "{id} cannot be computed; the program computes {known}. Write decided_by: user.",
                    id=self.id,
                    known=Names(COMPUTED_GATES),
                )
            )
        return self


class Override(_Closed):
    """A rule that one pack gives instead of another."""

    path: str
    """Which rule."""
    before: Rule
    """As the pack that is built upon gives it."""
    after: Rule
    """As it holds now."""


class RulePack(_Closed):
    """A set of rules that a county is measured against, what it builds upon included."""

    id: str
    """Key of the pack."""
    title: Words
    """Name of the pack."""
    issuer: Words | None = None
    """Who wrote the pack; None for those that ship."""
    packs: dict[str, Words]
    """Names of all packs that are in it, by key, its own included."""
    sources: dict[str, Source]
    """Documents that rules and conditions name."""
    values: dict[str, Rule]
    """Rules by path, in the order of the catalogue."""
    closure_gate: tuple[Gate, ...]
    """Conditions that block the closure of a school, in the order in which they are tested."""
    overrides: tuple[Override, ...] = ()
    """Rules that a pack gives instead of one that it builds upon."""

    def rule(self, path: str) -> Rule | None:
        """
        Give a rule that is in use.

        Parameters
        ----------
        path : str
            Its path in the catalogue, such as ``bands.junior.time_limit``.

        Returns
        -------
        Rule or None
            None where no pack gives it, or where it is doubtful or superseded.

        Raises
        ------
        KeyError
            If the catalogue has no such path.
        """
        if path not in CATALOGUE:
            raise KeyError(path)
        found = self.values.get(path)
        return found if found is not None and found.enabled else None

    def needed(self, path: str) -> Rule:
        """
        Give a rule that every complete pack has.

        Parameters
        ----------
        path : str
            Its path in the catalogue.

        Returns
        -------
        Rule
            In use.

        Raises
        ------
        KeyError
            If the pack does not give it, or the catalogue has no such path.
        """
        found = self.rule(path)
        if found is None:
            raise KeyError(path)
        return found

    def number(self, path: str) -> float | None:
        """
        Give a number that is in use.

        Parameters
        ----------
        path : str
            Its path in the catalogue.

        Returns
        -------
        float or None
            None where there is none.

        Raises
        ------
        KeyError
            If the catalogue has no such path.
        """
        found = self.rule(path)
        return None if found is None else found.number

    def below(self, group: str) -> dict[str, Rule]:
        """
        Give the rules of a group that are in use.

        Parameters
        ----------
        group : str
            Such as ``siting_buffers``.

        Returns
        -------
        dict of str to Rule
            By the last part of the path.
        """
        start = f"{group}."
        return {
            path[len(start) :]: rule
            for path, rule in self.values.items()
            if path.startswith(start) and "." not in path[len(start) :] and rule.enabled
        }

    def rules(self) -> list[tuple[str, Rule]]:
        """
        List every rule with its path, those that are not in use included.

        Returns
        -------
        list of tuple
            Path such as ``bands.junior.time_limit``, and the rule.
        """
        return list(self.values.items())
