"""Reading rule packs: each file checked against the catalogue, then laid over the packs that it builds upon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pydantic
from pydantic import Field

from planning.config import faults_in_words, read_yaml
from planning.errors import ConfigError, Message, Names, SourceMissingError, msg
from planning.stages import STAGE_OF_BAND
from planning.standards.catalogue import CATALOGUE, Entry, is_group
from planning.standards.model import Gate, Override, Rule, RulePack, Source, Words, _Closed

__all__ = ["load_pack", "read_pack", "shipped_packs"]

#: Rules without which a county cannot be measured.
_NEEDED = (
    *(f"bands.{band}.{name}" for band in STAGE_OF_BAND for name in ("walking_speed", "may_board")),
    "small_school_below",
    "boarding.beds_per_boarder",
)


class _PackFile(_Closed):
    """A rule pack as it is written."""

    id: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_]+$")
    title: Words
    issuer: Words | None = None
    inherits: tuple[str, ...] = ()
    sources: dict[str, Source] = Field(default_factory=dict)
    rules: dict[str, Any] = Field(default_factory=dict)
    closure_gate: tuple[Gate, ...] = ()


def shipped_packs() -> list[str]:
    """
    List the packs that ship.

    Returns
    -------
    list of str
        Their keys, sorted.
    """
    folder = Path(str(resources.files(__package__) / "packs"))
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != _SOURCES)


def load_pack(name: str, *, folder: Path | None = None) -> RulePack:
    """
    Read a rule pack that a county can be measured against.

    Parameters
    ----------
    name : str
        Key of a shipped pack, or the path of a YAML file.
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
        With every fault and its path; also if the pack is only a part, such as a foreign one for comparison.
    """
    pack = read_pack(name, folder=folder)
    faults = [msg("{key}: missing. Add it.", key=path) for path in _NEEDED if pack.rule(path) is None]
    if not pack.closure_gate:
        faults.append(msg("{key}: missing. Add it.", key="closure_gate"))
    if faults:
        faults.append(msg("A pack may build upon a complete one: inherits: [cn_county_default]."))
        raise ConfigError(msg("{file}: the rule pack is not complete.", file=Path(name).name), faults)
    return pack


def read_pack(name: str, *, folder: Path | None = None) -> RulePack:
    """
    Read a rule pack and what it builds upon; it may be a part only.

    Parameters
    ----------
    name : str
        Key of a shipped pack, or the path of a YAML file.
    folder : pathlib.Path, optional
        Where a relative path starts from.

    Returns
    -------
    RulePack
        Its own rules over those of the packs it names in ``inherits``, the later of these over the earlier.

    Raises
    ------
    SourceMissingError
        If there is no such pack; the message lists those that ship.
    ConfigError
        With every fault and its path: unknown rules, wrong units or values, sources that are not listed, packs that build
        upon each other in a circle.
    """
    return _read(name, folder or Path(), ())


_SOURCES = "sources"


def _read(name: str, folder: Path, above: tuple[Path, ...]) -> RulePack:
    path = _place(name, folder)
    if path in above:
        raise ConfigError(msg("{file}: the pack builds upon itself: {names}.",
                              file=path.name, names=" → ".join(place.stem for place in (*above, path))))  # fmt: skip
    content = read_yaml(path)
    try:
        file = _PackFile.model_validate(dict(content))
    except pydantic.ValidationError as error:
        raise _faulty(path, faults_in_words(error)) from error
    built_upon = [_read(other, path.parent, (*above, path)) for other in file.inherits]
    sources, faults = _all_sources(file, built_upon)
    own, wrong = _own_rules(file.rules, pack=file.id)
    faults += wrong
    named = [(f"rules.{place}.source", rule.source) for place, rule in own.items()]
    named += [(f"closure_gate.{gate.id}.source", gate.source) for gate in file.closure_gate]
    faults += [
        msg("{key}: {source} is not among the sources. List the document, or correct the key.", key=key, source=source)
        for key, source in named
        if source not in sources
    ]
    if faults:
        raise _faulty(path, faults)
    values: dict[str, Rule] = {}
    overrides: list[Override] = []
    for rules, earlier in [*((pack.values, pack.overrides) for pack in built_upon), (own, ())]:
        overrides += [override for override in earlier if override not in overrides]
        overrides += [
            Override(path=place, before=values[place], after=rule)
            for place, rule in rules.items()
            if place in values and (values[place].value, values[place].force) != (rule.value, rule.force)
        ]
        values |= rules
    gates = {gate.id: gate for pack in built_upon for gate in pack.closure_gate}
    gates |= {gate.id: gate for gate in file.closure_gate}
    used = {rule.source for rule in values.values()} | {gate.source for gate in gates.values()}
    used |= {override.before.source for override in overrides}
    return RulePack(
        id=file.id,
        title=file.title,
        issuer=file.issuer,
        packs={key: words for pack in built_upon for key, words in pack.packs.items()} | {file.id: file.title},
        sources={key: source for key, source in sources.items() if key in used},
        values={place: values[place] for place in CATALOGUE if place in values},
        closure_gate=tuple(gates.values()),
        overrides=tuple(overrides),
    )


def _faulty(path: Path, faults: list[Message]) -> ConfigError:
    return ConfigError(msg("{file}: {n} faults in the rule pack.", file=path.name, n=len(faults)), faults)


def _place(name: str, folder: Path) -> Path:
    """Find the file of a pack."""
    if name.endswith((".yaml", ".yml")):
        return (folder / name).resolve()
    names = shipped_packs()
    if name not in names:
        raise SourceMissingError(
            msg(
                "standards: there is no rule pack {name}. Shipped: {names}; or write the path of a .yaml file.",
                name=name,
                names=Names(names),
            )
        )
    return Path(str(resources.files(__package__) / "packs" / f"{name}.yaml")).resolve()


def _all_sources(file: _PackFile, built_upon: Iterable[RulePack]) -> tuple[dict[str, Source], list[Message]]:
    """Give the shipped documents, those of the packs built upon, and the file's own, which may not rename any."""
    shipped = read_yaml(Path(str(resources.files(__package__) / "packs" / f"{_SOURCES}.yaml")))
    sources = {key: Source.model_validate(value) for key, value in shipped.items()}
    for pack in built_upon:
        sources |= pack.sources
    faults = [
        msg("sources.{key}: the key stands for another document already. Choose another key.", key=key)
        for key, source in file.sources.items()
        if sources.get(key, source) != source
    ]
    return sources | file.sources, faults


def _own_rules(tree: Mapping[str, Any], *, pack: str) -> tuple[dict[str, Rule], list[Message]]:
    """Walk the rules of a file and hold each against the catalogue."""
    found: dict[str, Rule] = {}
    faults: list[Message] = []

    def _walk(node: object, path: str) -> None:
        entry = CATALOGUE.get(path)
        if entry is not None:
            rule, wrong = _one_rule(node, entry, path, pack)
            faults.extend(wrong)
            if rule is not None:
                found[path] = rule
        elif path and not is_group(path):
            faults.append(msg("{key}: unknown key. Check its spelling, or remove it.", key=f"rules.{path}"))
        elif isinstance(node, Mapping):
            for key, item in node.items():
                _walk(item, f"{path}.{key}" if path else str(key))
        else:
            faults.append(msg("{key}: must be a list of keys and values.", key=f"rules.{path}"))

    _walk(tree, "")
    return found, faults


def _one_rule(node: object, entry: Entry, path: str, pack: str) -> tuple[Rule | None, list[Message]]:
    """Read one rule; its unit must be the catalogue's, its value of the right kind."""
    if not isinstance(node, Mapping):
        return None, [msg("{key}: must be a list of keys and values.", key=f"rules.{path}")]
    faults: list[Message] = []
    if "pack" in node:
        faults.append(msg("{key}: unknown key. Check its spelling, or remove it.", key=f"rules.{path}.pack"))
    try:
        rule = Rule.model_validate({**node, "pack": pack})
    except pydantic.ValidationError as error:
        inside = faults_in_words(error)
        return None, faults + [msg("{group}.{fault}", group=f"rules.{path}", fault=fault) for fault in inside]
    if rule.unit != entry.unit:
        faults.append(
            msg("{key}: the unit must be {expected} (given: {given}).",
                key=f"rules.{path}.unit", expected=entry.unit, given=rule.unit)
        )  # fmt: skip
    problem = _wrong_value(rule, entry)
    if problem is not None:
        faults.append(msg("{key}: {problem} (given: {given})", key=f"rules.{path}.value", problem=problem,
                          given=str(node.get("value"))))  # fmt: skip
    return (None if faults else rule), faults


def _wrong_value(rule: Rule, entry: Entry) -> Message | None:
    """Say what is wrong with a value of its kind."""
    value = rule.value
    if entry.kind == "yes/no":
        return None if isinstance(value, bool) else msg("must be true or false")
    if entry.kind == "number":
        fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        return None if fine else msg("must be a number of 0 or more")
    if entry.kind == "choices":
        fine = isinstance(value, tuple) and len(value) > 0 and all(isinstance(item, str) for item in value)
        return None if fine else msg("must be a list of words in [ ]")
    if entry.kind == "numbers":
        numbers = [item for item in value if isinstance(item, int | float)] if isinstance(value, tuple) else []
        fine = bool(numbers) and numbers == sorted(set(numbers)) and numbers[0] > 0
        return None if fine else msg("must be a list of rising whole numbers in [ ]")
    rows = value if isinstance(value, dict) else {}
    fine = bool(rows) and all(count > 0 and 0 < number < float("inf") for count, number in rows.items())
    return None if fine else msg("must be numbers by count of classes, such as {{12: 6.6}}")
