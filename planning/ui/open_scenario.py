"""The scenario that a session has open: an id and the revision that was seen; everything else rests in the store."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from planning.errors import Message, PlanningError, msg
from planning.scenario.document import (
    Document,
    Entry,
    document_from_data,
    document_to_data,
    entry_changes,
    rebase,
    resting_on,
    switch,
    with_edits,
)
from planning.scenario.edits import Edit, NewSchool
from planning.store.scenarios import Scenario, ScenarioStore, StaleRevision, store_file

__all__ = ["Conflict", "OpenScenario", "store_of"]

Changes = tuple[tuple[str, Entry], ...]


@lru_cache(maxsize=32)
def store_of(file: Path) -> ScenarioStore:
    """Give the store of a file; all sessions of this process share it."""
    return ScenarioStore(file)


@dataclass(frozen=True)
class Conflict:
    """A step of mine that was refused, since another window was faster: both states, and the one both began with."""

    base: Document
    mine: Document
    theirs: Document

    @property
    def my_changes(self) -> Changes:
        """What I wanted."""
        return entry_changes(self.base, self.mine)

    @property
    def their_changes(self) -> Changes:
        """What the other did."""
        return entry_changes(self.base, self.theirs)


class OpenScenario:
    """The open scenario of one session; the base where none is open."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.by = uuid.uuid4().hex[:6]
        self.first_name = "1"
        self.conflict: Conflict | None = None
        self.news: Changes = ()
        self._scenario: Scenario | None = None
        self._document = Document()

    @property
    def store(self) -> ScenarioStore:
        """Where the project's scenarios rest."""
        return store_of(store_file(self.project))

    @property
    def id(self) -> str | None:
        """Id of the open scenario; None for the base."""
        return None if self._scenario is None else self._scenario.id

    @property
    def document(self) -> Document:
        """The scenario as this session last saw it; without entries for the base."""
        return self._document

    @property
    def scenario(self) -> Scenario | None:
        """Name, comment and revision as last seen; None for the base."""
        return self._scenario

    @property
    def can_undo(self) -> bool:
        """True where there is a step to go back."""
        return self._scenario is not None and self._scenario.can_undo

    @property
    def can_redo(self) -> bool:
        """True where there is a step to go forward again."""
        return self._scenario is not None and self._scenario.can_redo

    def open(self, scenario_id: str | None) -> None:
        """Open a scenario, or the base."""
        self.conflict, self.news = None, ()
        if scenario_id is None:
            self._scenario, self._document = None, Document()
            return
        found = self.store.get(scenario_id)
        if found.deleted:
            raise PlanningError(msg("The scenario {name} lies in the bin. Restore it first.", name=found.name))
        self._take(found)

    def refresh(self) -> None:
        """Take what other windows did since; it is told once."""
        if self._scenario is None:
            return
        now = self.store.revision(self._scenario.id)
        if now is None:
            name = self._scenario.name
            self.open(None)
            raise PlanningError(msg("The scenario {name} was deleted in another window; the base is shown.", name=name))
        if now != self._scenario.revision:
            before = self._document
            self._take(self.store.get(self._scenario.id))
            self.news = entry_changes(before, self._document)

    def set_edits(self, edits: Sequence[Edit]) -> None:
        """Make the edits that are on those of the list, as one step."""
        if tuple(edits) != self._document.edits:
            self.save(with_edits(self._document, edits, made=_now(), by=self.by))

    def save(self, document: Document) -> None:
        """Make a step. The base is never changed: a first edit makes a scenario of its own."""
        if document == self._document:
            return
        self.news = ()
        if self._scenario is None:
            self._take(self.store.create(document_to_data(Document()), name=self.first_name, by=self.by))
        assert self._scenario is not None  # noqa: S101 - narrows the type
        try:
            self._take(
                self.store.save(
                    self._scenario.id, document_to_data(document), revision=self._scenario.revision, by=self.by,
                    counter=_greatest_number(document),
                )
            )  # fmt: skip
        except StaleRevision as error:
            base = self._document
            self._take(error.scenario)
            self.conflict = Conflict(base, document, self._document)

    def undo(self) -> None:
        """Go one step back."""
        self._step(forward=False)

    def redo(self) -> None:
        """Go one step forward again."""
        self._step(forward=True)

    def apply_mine(self, kinds: Mapping[str, str]) -> list[tuple[Entry, Message]]:
        """Do what was refused once more on the other's state; give what of it cannot be done."""
        conflict, self.conflict = self.conflict, None
        if conflict is None:
            return []
        self.refresh()  # a third may have been at it since
        again = rebase(conflict.base, conflict.mine, self._document, kinds)
        self.save(again.document)
        return list(again.refused)

    def leave_mine(self) -> None:
        """Give up what was refused."""
        self.conflict = None

    def switch(self, entry_id: str, is_on: bool, kinds: Mapping[str, str]) -> tuple[Entry, ...]:
        """Switch an entry on or off; give the others that went off with it."""
        after = switch(self._document, entry_id, is_on, kinds)
        others = tuple(e for a, e in entry_changes(self._document, after) if a == "off" and e.id != entry_id)
        self.save(after)
        return others

    def drop(self, entry_id: str, kinds: Mapping[str, str]) -> tuple[Entry, ...]:
        """Take an entry back; what rests on it goes with it and is given."""
        resting = resting_on(self._document, entry_id, kinds)
        entries = self._document.entries
        self.save(replace(self._document, entries=tuple(e for e in entries if e.id not in {entry_id, *resting})))
        return tuple(entry for entry in entries if entry.id in resting)

    def comment(self, entry_id: str, text: str) -> None:
        """Note something at an entry."""
        entries = tuple(replace(e, comment=text) if e.id == entry_id else e for e in self._document.entries)
        self.save(replace(self._document, entries=entries))

    def shift(self, entry_id: str, by: int, kinds: Mapping[str, str]) -> None:
        """Put an entry one place up (-1) or down (+1); refused where an entry would then come before what it rests on."""
        entries = list(self._document.entries)
        at = [entry.id for entry in entries].index(entry_id)
        to = at + by
        if not 0 <= to < len(entries):
            return
        entries[at], entries[to] = entries[to], entries[at]
        after = replace(self._document, entries=tuple(entries))
        faults = after.faults(kinds)
        if set(faults) - set(self._document.faults(kinds)):
            raise PlanningError(
                msg(
                    "Entries {n} and {m} cannot change places: one rests on the other.",
                    n=min(at, to) + 1,
                    m=max(at, to) + 1,
                )
            )
        self.save(after)

    def copy(self, name: str) -> None:
        """Make a named copy of what is open, and open it."""
        parent = "" if self._scenario is None else self._scenario.name
        self.add(replace(self._document, name=name, parent=parent))

    def add(self, document: Document) -> None:
        """Make a scenario of a document, of a file or a copy, and open it."""
        self._take(
            self.store.create(
                document_to_data(document), name=document.name or self.first_name, comment=document.comment,
                parent=document.parent, by=self.by, counter=_greatest_number(document),
            )
        )  # fmt: skip
        self.conflict, self.news = None, ()

    def rename(self, *, name: str | None = None, comment: str | None = None) -> None:
        """Change the name or the comment."""
        if self._scenario is not None:
            self.store.rename(self._scenario.id, name=name, comment=comment)
            self._take(self.store.get(self._scenario.id))

    def delete(self) -> None:
        """Put the scenario into the bin, and show the base."""
        if self._scenario is not None:
            self.store.delete(self._scenario.id)
            self.open(None)

    def restore(self, scenario_id: str) -> None:
        """Take a scenario out of the bin, and open it."""
        self.store.restore(scenario_id)
        self.open(scenario_id)

    def next_number(self) -> int:
        """Give a number that no new school of the scenario has, nor had before an undo."""
        known = 0 if self._scenario is None else self._scenario.counter
        return 1 + max(known, _greatest_number(self._document))

    def _step(self, *, forward: bool) -> None:
        if self._scenario is None:
            return
        self.news = ()
        go = self.store.redo if forward else self.store.undo
        try:
            self._take(go(self._scenario.id, revision=self._scenario.revision, by=self.by))
        except StaleRevision as error:
            before = self._document
            self._take(error.scenario)
            self.news = entry_changes(before, self._document)
            raise PlanningError(
                msg(
                    "Another window changed this scenario in between; nothing was undone or redone. Look at it, and try again."
                )
            ) from error

    def _take(self, scenario: Scenario) -> None:
        document = document_from_data(scenario.data, where=scenario.name)
        self._scenario = scenario
        self._document = replace(document, name=scenario.name, comment=scenario.comment, parent=scenario.parent)


def _greatest_number(document: Document) -> int:
    numbers = [
        int(entry.edit.site_id[4:])
        for entry in document.entries
        if isinstance(entry.edit, NewSchool)
        and entry.edit.site_id.startswith("new-")
        and entry.edit.site_id[4:].isdecimal()
    ]
    return max(numbers, default=0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
