"""The schema of a rule pack and its reader: closed and frozen, numbers and choices only, never formulas."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, model_validator

from planning.config import faults_in_words, read_yaml
from planning.errors import ConfigError, Message, SourceMissingError, msg
from planning.stages import STAGE_OF_BAND

__all__ = [
    "COMPUTED_GATES",
    "CONFIDENCE",
    "BandRules",
    "Gate",
    "Rule",
    "RulePack",
    "SizeClasses",
    "Source",
    "StageRules",
    "Words",
    "load_pack",
]

Unit = Literal["min", "m", "km/h", "pupils", "classes", "beds/boarder", "yes/no"]
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
    """Its number (文号 or standard number); None where it has none."""
    year: int | None = None
    """Year of issue."""
    level: Literal["law", "national", "industry", "province", "city", "county", "tool", "foreign"]
    """Who issued it."""

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


class Rule(_Closed):
    """One number or choice, with its unit, its source and how sure it is."""

    value: float | bool
    """The number, or yes / no."""
    unit: Unit
    """Unit of the value."""
    source: str = Field(min_length=1)
    """Key among the pack's sources."""
    clause: str | None = None
    """Clause of the document, where known."""
    force: Force
    """must: a plan that breaks it is shown as failing; should: a warning; may: a choice."""
    confidence: Confidence
    """How sure the number is."""
    note: Words | None = None
    """What a reader must know of it."""

    @model_validator(mode="after")
    def _value_fits_unit(self) -> Rule:
        if isinstance(self.value, bool) != (self.unit == "yes/no"):
            raise ValueError(
                msg("a value in {unit} must be a number, and yes/no must be true or false", unit=self.unit)
            )
        return self

    @property
    def enabled(self) -> bool:
        """
        Say whether the value is used.

        Returns
        -------
        bool
            False for a doubtful value: it ships, but nothing uses it.
        """
        return self.confidence != "KQ"

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


class BandRules(_Closed):
    """Rules for one grade band."""

    time_limit: Rule | None = None
    """Longest way to school, one way."""
    distance_limit: Rule | None = None
    """Longest way to school, one way."""
    walking_speed: Rule
    """Speed of a child on level ground."""
    may_board: Rule
    """Whether children of the band may board."""
    weekly_time_limit: Rule | None = None
    """Longest weekly way of a boarder, one way, by vehicle."""


class SizeClasses(_Closed):
    """The sizes in which schools are built, by their number of classes."""

    classes: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
    """Class counts, rising."""
    source: str = Field(min_length=1)
    """Key among the pack's sources."""
    clause: str | None = None
    """Clause of the document, where known."""
    confidence: Confidence
    """How sure the counts are."""

    @model_validator(mode="after")
    def _rising(self) -> SizeClasses:
        if list(self.classes) != sorted(set(self.classes)):
            raise ValueError(msg("classes must rise"))
        return self


class StageRules(_Closed):
    """Rules for one stage."""

    size_classes: SizeClasses | None = None
    """Class counts of a school."""

    class_size_max: Rule | None = None
    """Pupils in a class."""
    school_size_max: Rule | None = None
    """Pupils in a school."""
    school_size_min: Rule | None = None
    """Pupils in a new school."""


class Gate(_Closed):
    """One condition that a closure must pass."""

    id: str = Field(min_length=1)
    """Key of the condition."""
    title: Words
    """What blocks a closure."""
    source: str = Field(min_length=1)
    """Key among the pack's sources."""
    clause: str | None = None
    """Clause of the document, where known."""
    confidence: Confidence
    """How sure the condition is."""
    decided_by: Literal["computed", "user"]
    """Whether the program computes it or people answer it."""
    stages: tuple[StageName, ...] | None = None
    """Stages it holds for; all where not said."""
    note: Words | None = None
    """How the program tests it."""

    @model_validator(mode="after")
    def _known_where_computed(self) -> Gate:
        if self.decided_by == "computed" and self.id not in COMPUTED_GATES:
            raise ValueError(
                msg(
                    "{id} cannot be computed; the program computes {known}. Write decided_by: user.",
                    id=self.id,
                    known=", ".join(COMPUTED_GATES),
                )
            )
        return self


class RulePack(_Closed):
    """A set of rules that a county is measured against."""

    id: str = Field(min_length=1)
    """Key of the pack."""
    title: Words
    """Name of the pack."""
    sources: dict[str, Source]
    """Documents that the rules name."""
    bands: dict[Literal["kindergarten", "primary_lower", "primary_upper", "junior", "senior", "special"], BandRules]
    """Rules by grade band."""
    stages: dict[StageName, StageRules]
    """Rules by stage."""
    small_school_below: Rule
    """Under this a school counts as small."""
    beds_per_boarder: Rule
    """Beds that each boarder needs."""
    siting_buffers: dict[
        Literal["water", "steep", "hazard", "farmland", "railway", "trunk_road", "expressway", "other"], Rule
    ]
    """Distance that a new school keeps from excluded land, by kind."""
    closure_gate: Annotated[tuple[Gate, ...], Field(min_length=1)]
    """Conditions that block the closure of a school."""

    @model_validator(mode="after")
    def _complete(self) -> RulePack:
        absent = [band for band in STAGE_OF_BAND if band not in self.bands]
        if absent:
            raise ValueError(msg("bands: {names} missing", names=", ".join(absent)))
        unknown = sorted({source for path, source in self._named_sources() if source not in self.sources})
        if unknown:
            raise ValueError(msg("sources: {names} named but not listed", names=", ".join(unknown)))
        return self

    def rules(self) -> list[tuple[str, Rule]]:
        """
        List every rule with its path.

        Returns
        -------
        list of tuple
            Path such as ``bands.junior.time_limit``, and the rule.
        """
        found: list[tuple[str, Rule]] = []

        def _walk(value: object, path: str) -> None:
            if isinstance(value, Rule):
                found.append((path, value))
            elif isinstance(value, BaseModel):
                for name in type(value).model_fields:
                    _walk(getattr(value, name), f"{path}.{name}".lstrip("."))
            elif isinstance(value, dict):
                for key, item in value.items():
                    _walk(item, f"{path}.{key}")

        _walk(self, "")
        return found

    def _named_sources(self) -> list[tuple[str, str]]:
        gates = [(f"closure_gate.{gate.id}", gate.source) for gate in self.closure_gate]
        sizes = [
            (f"stages.{name}.size_classes", rules.size_classes.source)
            for name, rules in self.stages.items()
            if rules.size_classes is not None
        ]
        return [(path, rule.source) for path, rule in self.rules()] + gates + sizes


def load_pack(name: str, *, folder: Path | None = None) -> RulePack:
    """
    Read a rule pack.

    Parameters
    ----------
    name : str
        Name of a shipped pack, or the path of a YAML file.
    folder : pathlib.Path, optional
        Where a relative path starts from.

    Returns
    -------
    RulePack
        Closed and frozen.

    Raises
    ------
    SourceMissingError
        If there is no such pack; the message lists those that ship.
    ConfigError
        With every fault and its path.
    """
    if name.endswith((".yaml", ".yml")):
        path = (folder or Path()) / name
    else:
        shipped = resources.files(__package__) / "packs"
        names = sorted(Path(str(entry)).stem for entry in shipped.iterdir() if str(entry).endswith(".yaml"))
        if name not in names:
            raise SourceMissingError(
                msg(
                    "standards: there is no rule pack {name}. Shipped: {names}; or write the path of a .yaml file.",
                    name=name,
                    names=", ".join(names),
                )
            )
        path = Path(str(shipped / f"{name}.yaml"))
    content = read_yaml(path)
    try:
        return RulePack.model_validate(dict(content))
    except pydantic.ValidationError as error:
        faults = faults_in_words(error)
        raise ConfigError(msg("{file}: {n} faults in the rule pack.", file=path.name, n=len(faults)), faults) from error
