"""
A scenario as a document: a name, a comment and ordered entries, each an edit that can be switched off.

It reads and writes plain data and YAML; a file that was written here replays to the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from planning.errors import ConfigError, Message, msg
from planning.scenario.edit_order import faults_of_edits
from planning.scenario.edits import (
    Edit,
    MergeInto,
    NewSchool,
    edit_from_data,
    edit_to_data,
    school_of,
    subject_of,
)

__all__ = [
    "Document",
    "Entry",
    "Rebased",
    "document_from_data",
    "document_from_yaml",
    "document_to_data",
    "document_to_yaml",
    "entry_changes",
    "rebase",
    "resting_on",
    "switch",
    "with_edits",
]

_FORMAT = 1
_LARGEST_FILE = 20_000_000
_TEXTS = ("comment", "made", "by")


@dataclass(frozen=True)
class Entry:
    """
    One line of a scenario.

    Parameters
    ----------
    id : str
        Its id, which it keeps wherever it stands.
    edit : Edit
        What is done.
    is_on : bool
        False where it is left out for now.
    comment : str
        What the planner notes.
    made, by : str
        When (ISO 8601) and by whom; empty where unknown.
    """

    id: str
    edit: Edit
    is_on: bool = True
    comment: str = ""
    made: str = ""
    by: str = ""


@dataclass(frozen=True)
class Document:
    """
    A scenario: the base and what is done to it, in order.

    Parameters
    ----------
    name : str
        What it is called.
    entries : tuple of Entry
        In the order in which they apply.
    comment : str
        What the planner notes.
    parent : str
        Name of the scenario it was copied from; empty where it comes from the base.
    """

    name: str = ""
    entries: tuple[Entry, ...] = ()
    comment: str = ""
    parent: str = ""

    @property
    def edits(self) -> tuple[Edit, ...]:
        """
        List the edits that are on.

        Returns
        -------
        tuple of Edit
            In order.
        """
        return tuple(entry.edit for entry in self.entries if entry.is_on)

    def faults(self, kinds: Mapping[str, str]) -> dict[str, Message]:
        """
        Find the entries that are on but cannot be done.

        Parameters
        ----------
        kinds : Mapping
            Kind of school by id, of the schools open in the base.

        Returns
        -------
        dict of str to Message
            Why, by the entry's id; numbers in it are those of the entries in this document.
        """
        found = faults_of_edits(kinds, [entry.edit if entry.is_on else None for entry in self.entries])
        return {self.entries[at].id: why for at, why in found.items()}


def with_edits(document: Document, edits: Sequence[Edit], *, made: str = "", by: str = "") -> Document:
    """
    Make the edits that are on those of a list; entries whose edit stays, or is set anew, keep id and comment.

    Parameters
    ----------
    document : Document
        As it is.
    edits : sequence of Edit
        As they shall be, in order.
    made, by : str
        When and by whom, of what is new.

    Returns
    -------
    Document
        Entries that are off stay behind the entry that they stood behind.
    """
    pool = [entry for entry in document.entries if entry.is_on]
    found: list[Entry | None] = [_take(pool, lambda other: other, edit) for edit in edits]
    fresh = _fresh_ids(document)
    for at, edit in enumerate(edits):
        if found[at] is None:
            same = _take(pool, subject_of, subject_of(edit))
            found[at] = (
                Entry(next(fresh), edit, made=made, by=by)
                if same is None
                else replace(same, edit=edit, made=made, by=by)
            )
    entries = [entry for entry in found if entry is not None]
    before: str | None = None
    for entry in document.entries:
        if not entry.is_on:
            ids = [other.id for other in entries]
            entries.insert(0 if before is None else ids.index(before) + 1, entry)
        if any(other.id == entry.id for other in entries):
            before = entry.id
    return replace(document, entries=tuple(entries))


def _take(pool: list[Entry], of: Callable[[Edit], object], wanted: object) -> Entry | None:
    """Take the first entry of whose edit something is as wanted out of the pool."""
    for at, entry in enumerate(pool):
        if of(entry.edit) == wanted:
            return pool.pop(at)
    return None


def _fresh_ids(document: Document) -> Iterator[str]:
    taken = {entry.id for entry in document.entries}
    number = 1 + max((int(name[1:]) for name in taken if name[:1] == "e" and name[1:].isdecimal()), default=0)
    while True:
        yield f"e{number}"
        number += 1


def resting_on(document: Document, entry_id: str, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """
    Find the entries that cannot be done once an entry is off.

    Parameters
    ----------
    document : Document
        The scenario.
    entry_id : str
        The entry that is to be off.
    kinds : Mapping
        Kind of school by id, of the schools open in the base.

    Returns
    -------
    tuple of str
        Ids of entries that are on and rest on it, in order; those that rest on these among them.
    """
    off = {entry_id}
    faulty = set(document.faults(kinds))
    while True:
        trial = replace(
            document,
            entries=tuple(replace(entry, is_on=entry.is_on and entry.id not in off) for entry in document.entries),
        )
        more = set(trial.faults(kinds)) - faulty
        if not more:
            return tuple(entry.id for entry in document.entries if entry.id in off - {entry_id})
        off |= more


def switch(document: Document, entry_id: str, is_on: bool, kinds: Mapping[str, str]) -> Document:
    """
    Switch an entry on or off; what rests on it goes off with it.

    Parameters
    ----------
    document : Document
        The scenario.
    entry_id : str
        The entry.
    is_on : bool
        What it shall be.
    kinds : Mapping
        Kind of school by id, of the schools open in the base.

    Returns
    -------
    Document
        With it switched.

    Raises
    ------
    ConfigError
        If it cannot be done now: what it rests on is not there.
    """
    changed = {entry_id} if is_on else {entry_id, *resting_on(document, entry_id, kinds)}
    after = replace(
        document,
        entries=tuple(replace(entry, is_on=is_on) if entry.id in changed else entry for entry in document.entries),
    )
    if is_on:
        faults = after.faults(kinds)
        new = [entry_id] if entry_id in faults else [name for name in faults if name not in document.faults(kinds)]
        if new:
            raise ConfigError(
                msg("Entry {n} of the scenario: {reason}", n=_number(after, new[0]), reason=faults[new[0]])
            )
    return after


def _number(document: Document, entry_id: str) -> int:
    return 1 + [entry.id for entry in document.entries].index(entry_id)


def entry_changes(before: Document, after: Document) -> tuple[tuple[str, Entry], ...]:
    """
    Say what became of the entries between two states of a scenario.

    Parameters
    ----------
    before, after : Document
        The two states.

    Returns
    -------
    tuple of (str, Entry)
        ``added``, ``removed``, ``changed``, ``off``, ``on`` or ``comment`` with the entry; ``order`` with the first entry that
        stands elsewhere, where nothing but the order changed.
    """
    old = {entry.id: entry for entry in before.entries}
    new = {entry.id: entry for entry in after.entries}
    found = [("removed", entry) for entry in before.entries if entry.id not in new]
    for entry in after.entries:
        was = old.get(entry.id)
        if was is None:
            found.append(("added", entry))
        elif was.edit != entry.edit:
            found.append(("changed", entry))
        elif was.is_on != entry.is_on:
            found.append(("on" if entry.is_on else "off", entry))
        elif was.comment != entry.comment:
            found.append(("comment", entry))
    if not found:
        found += [("order", b) for a, b in zip(before.entries, after.entries, strict=True) if a.id != b.id][:1]
    return tuple(found)


@dataclass(frozen=True)
class Rebased:
    """
    My changes done once more on what another made of the scenario.

    Parameters
    ----------
    document : Document
        Theirs with mine.
    refused : tuple of (Entry, Message)
        What of mine cannot be done on theirs, and why.
    """

    document: Document
    refused: tuple[tuple[Entry, Message], ...] = ()


def rebase(base: Document, mine: Document, theirs: Document, kinds: Mapping[str, str]) -> Rebased:
    """
    Do my changes once more on another's state of the scenario.

    What I added is appended as far as it still fits; a new school whose id the other has given away gets the next free one.
    What I changed, switched or took back is done to the same entry, where it is still there.

    Parameters
    ----------
    base : Document
        The state both began with.
    mine, theirs : Document
        What the two made of it.
    kinds : Mapping
        Kind of school by id, of the schools open in the base.

    Returns
    -------
    Rebased
        The new state, and what could not be done.
    """
    there = {entry.id: entry for entry in theirs.entries}
    refused: list[tuple[Entry, Message]] = []
    entries = dict(there)
    fresh = _fresh_ids(replace(theirs, entries=theirs.entries + mine.entries))
    renamed: dict[str, str] = {}
    taken = set(kinds) | {str(school_of(entry.edit)) for entry in (*theirs.entries, *mine.entries)}
    for act, entry in entry_changes(base, mine):
        before = entries
        entries = dict(entries)
        if act == "added":
            edit = entry.edit
            if isinstance(edit, NewSchool) and any(
                isinstance(other.edit, NewSchool) and other.edit.site_id == edit.site_id for other in there.values()
            ):
                renamed[edit.site_id] = _free_id(taken)
                taken.add(renamed[edit.site_id])
            name = next(fresh)
            entries[name] = replace(entry, id=name, edit=_renamed(edit, renamed))
        elif act == "order":
            continue  # theirs stands
        elif entry.id not in entries:
            refused.append((entry, msg("The entry is not there any more.")))
        elif act == "removed":
            for name in (entry.id, *resting_on(replace(theirs, entries=tuple(entries.values())), entry.id, kinds)):
                entries.pop(name, None)
        elif act == "changed":
            entries[entry.id] = replace(entries[entry.id], edit=_renamed(entry.edit, renamed))
        elif act == "comment":
            entries[entry.id] = replace(entries[entry.id], comment=entry.comment)
        else:
            entries[entry.id] = replace(entries[entry.id], is_on=act == "on")
        old = replace(theirs, entries=tuple(before.values())).faults(kinds)
        faults = replace(theirs, entries=tuple(entries.values())).faults(kinds)
        new = [why for name, why in faults.items() if name not in old]
        if new:
            refused.append((entry, new[0]))
            entries = before
    return Rebased(replace(theirs, entries=tuple(entries.values())), tuple(refused))


def _free_id(taken: Iterable[str]) -> str:
    known = set(taken)
    number = 1
    while f"new-{number}" in known:
        number += 1
    return f"new-{number}"


def _renamed(edit: Edit, names: Mapping[str, str]) -> Edit:
    """Let an edit name the schools by their new ids."""
    school_id = school_of(edit)
    if isinstance(edit, MergeInto):
        edit = replace(edit, into=names.get(edit.into, edit.into))
    if school_id is None or school_id not in names:
        return edit
    key = "site_id" if isinstance(edit, NewSchool) else "school_id"
    return replace(edit, **{key: names[school_id]})  # type: ignore[arg-type]


def document_to_data(document: Document) -> dict[str, Any]:
    """
    Write a scenario as plain data.

    Parameters
    ----------
    document : Document
        The scenario.

    Returns
    -------
    dict
        With ``format``, ``name``, ``comment``, ``parent``, ``entries``; what is empty is left out of the entries.
    """
    entries = []
    for entry in document.entries:
        data: dict[str, Any] = {"id": entry.id, **edit_to_data(entry.edit)}
        if not entry.is_on:
            data["on"] = False
        data |= {name: value for name in _TEXTS if (value := getattr(entry, name))}
        entries.append(data)
    return {
        "format": _FORMAT,
        "name": document.name,
        "comment": document.comment,
        "parent": document.parent,
        "entries": entries,
    }


def document_from_data(data: Any, *, where: str = "") -> Document:
    """
    Read a scenario back.

    Parameters
    ----------
    data : Mapping
        As :func:`document_to_data` wrote it.
    where : str
        Name of the file, for messages.

    Returns
    -------
    Document
        The scenario.

    Raises
    ------
    ConfigError
        If it is damaged; every faulty entry is named by its number.
    """
    file = where or "?"
    if not isinstance(data, Mapping) or not isinstance(data.get("entries"), list):
        raise ConfigError(msg("{file}: this is no scenario. Choose a file that was saved here.", file=file))
    if data.get("format") != _FORMAT:
        raise ConfigError(
            msg("{file}: format {given} of the scenario is not known to this version.", file=file, given=data.get("format"))
        )  # fmt: skip
    faults: list[Message] = [
        msg("{key}: must be text.", key=key)
        for key in ("name", "comment", "parent")
        if not isinstance(data.get(key, ""), str)
    ]
    unknown = sorted(map(str, set(data) - {"format", "name", "comment", "parent", "entries"}))
    faults += [msg("{key}: this key is not known.", key=key) for key in unknown]
    entries: list[Entry] = []
    for number, entry in enumerate(data["entries"], start=1):
        try:
            entries.append(_entry_from_data(entry, {known.id for known in entries}))
        except ConfigError as error:
            faults.append(msg("entries[{n}]: {reason}", n=number, reason=error.message))
    if faults:
        raise ConfigError(msg("{file}: {n} faults in the scenario.", file=file, n=len(faults)), faults)
    return Document(data.get("name", ""), tuple(entries), data.get("comment", ""), data.get("parent", ""))


def _entry_from_data(data: Any, taken: set[str]) -> Entry:
    if not isinstance(data, Mapping):
        raise ConfigError(msg("This is no edit that this version knows."))
    values = dict(data)
    is_on, entry_id = values.pop("on", True), values.pop("id", None)
    texts = {name: values.pop(name, "") for name in _TEXTS}
    if not isinstance(entry_id, str) or not entry_id or entry_id in taken:
        raise ConfigError(msg("id: must be text that no other entry has."))
    if not isinstance(is_on, bool):
        raise ConfigError(msg("on: must be true or false."))
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ConfigError(msg("{key}: must be text.", key=name))
    return Entry(entry_id, edit_from_data(values), is_on, **texts)


def document_to_yaml(document: Document) -> str:
    """
    Write a scenario as a file that replays.

    Parameters
    ----------
    document : Document
        The scenario.

    Returns
    -------
    str
        YAML; numbers in full.
    """
    text: str = yaml.safe_dump(document_to_data(document), allow_unicode=True, sort_keys=False, width=120)
    return text


def document_from_yaml(text: str | bytes, *, where: str = "") -> Document:
    """
    Read a scenario from a file.

    Parameters
    ----------
    text : str or bytes
        The file's content.
    where : str
        Name of the file, for messages.

    Returns
    -------
    Document
        The scenario.

    Raises
    ------
    ConfigError
        If it is damaged; every faulty entry is named by its number.
    """
    file = where or "?"
    if len(text) > _LARGEST_FILE:
        raise ConfigError(msg("{file}: this is no scenario. Choose a file that was saved here.", file=file))
    try:
        content = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        if any(isinstance(token, yaml.AliasToken | yaml.AnchorToken) for token in yaml.scan(content)):
            raise ConfigError(msg("{file}: this is no scenario. Choose a file that was saved here.", file=file))
        data = yaml.safe_load(content)
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(
            msg("{file}: the scenario is damaged: {detail}", file=file, detail=_first_line(error))
        ) from error
    return document_from_data(data, where=where)


def _first_line(error: Exception) -> str:
    """Say where a file is damaged, in digits, since the parser knows no language but its own."""
    mark = getattr(error, "problem_mark", None)
    return "?" if mark is None else f"{mark.line + 1}:{mark.column + 1}"
