"""
Scenarios at rest: a small SQLite file, in which every step of every scenario is kept.

A scenario is a row with a revision; each step (an edit, an undo, a redo) adds a line to the log. A step carries the revision
that it was made on, and is refused where another was faster. What a scenario's document says is not known here.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
import uuid
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from platformdirs import user_data_dir

from planning.errors import Message, PlanningError, SourceMissingError, msg

__all__ = ["NameTakenError", "Scenario", "ScenarioStore", "StaleRevision", "Step", "store_file"]

#: How long a step waits for another process that is writing [ms].
_BUSY_MS = 20_000

_META = sa.MetaData()
_SCENARIO = sa.Table(
    "scenario",
    _META,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("parent", sa.String(200), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("ahead", sa.Text, nullable=False),
    sa.Column("doc", sa.Text, nullable=False),
    sa.Column("counter", sa.Integer, nullable=False),
    sa.Column("created", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(32), nullable=False),
    sa.Column("deleted", sa.String(32)),
)
_LOG = sa.Table(
    "revision",
    _META,
    sa.Column("scenario", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("act", sa.String(8), nullable=False),
    sa.Column("before", sa.Integer),
    sa.Column("doc", sa.Text, nullable=False),
    sa.Column("made", sa.String(32), nullable=False),
    sa.Column("by", sa.String(80), nullable=False),
)


class StaleRevision(PlanningError, RuntimeError):  # noqa: N818 - the name the contract gives it
    """
    A step made on a state of a scenario that another has changed since.

    Parameters
    ----------
    scenario : Scenario
        As the other left it.
    seen : int
        Revision the step was made on.
    """

    def __init__(self, scenario: Scenario, seen: int) -> None:
        super().__init__(
            msg(
                "Another window changed this scenario: it is at step {now}, your change was made on step {seen}.",
                now=scenario.revision,
                seen=seen,
            )
        )
        self.scenario = scenario
        self.seen = seen


class NameTakenError(PlanningError, ValueError):
    """A name that another scenario has."""


@dataclass(frozen=True)
class Scenario:
    """
    A scenario as it is now.

    Parameters
    ----------
    id : str
        Its id.
    name, comment, parent : str
        What it is called, what is noted, what it was copied from.
    revision : int
        How many steps were made, undone ones and undoing among them.
    data : Mapping
        Its document as plain data.
    can_undo, can_redo : bool
        Whether there is a step to go back, or forward again.
    counter : int
        Greatest number that a new school of it ever had.
    created, changed : str
        When, ISO 8601.
    deleted : str
        When it was put into the bin; empty where it was not.
    """

    id: str
    name: str
    comment: str
    parent: str
    revision: int
    data: Mapping[str, Any]
    can_undo: bool
    can_redo: bool
    counter: int
    created: str
    changed: str
    deleted: str


@dataclass(frozen=True)
class Step:
    """
    A line of a scenario's log.

    Parameters
    ----------
    number : int
        The revision it led to.
    act : str
        ``do``, ``undo`` or ``redo``.
    data : Mapping
        The document after it.
    made, by : str
        When, and by whom.
    """

    number: int
    act: str
    data: Mapping[str, Any]
    made: str
    by: str


def store_file(project: Path) -> Path:
    """
    Say where the scenarios of a project rest.

    Parameters
    ----------
    project : pathlib.Path
        Project file, or the folder of a finished run.

    Returns
    -------
    pathlib.Path
        In the folder ``PLANNING_STORE`` where that is set; else ``scenarios.db`` beside the project file; else, where that folder
        cannot be written to, in the user's own data folder.
    """
    project = project.resolve()
    mark = sha256(str(project).encode()).hexdigest()[:12]
    chosen = os.environ.get("PLANNING_STORE")
    if chosen:
        return Path(chosen) / f"scenarios-{mark}.db"
    folder = project if project.is_dir() else project.parent
    beside = folder / (
        "scenarios.db" if project.is_dir() or project.name == "project.yaml" else f"{project.stem}.scenarios.db"
    )
    if os.access(folder, os.W_OK) and (not beside.exists() or os.access(beside, os.W_OK)):
        return beside
    return Path(user_data_dir("school-layout-planner", appauthor=False)) / f"scenarios-{mark}.db"


class ScenarioStore:
    """
    The scenarios of one project; many threads and processes may use it at once.

    Parameters
    ----------
    file : pathlib.Path
        The SQLite file; made at the first use, with its folder.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        # Connections stay open: closing the last one would write the whole journal back, after every step.
        self._engine = sa.create_engine(f"sqlite:///{file}", pool_size=4, max_overflow=32)
        weakref.finalize(self, self._engine.dispose)
        sa.event.listen(self._engine, "connect", _on_connect)
        sa.event.listen(self._engine, "begin", _on_begin)
        self._made = False
        self._lock = threading.Lock()

    def scenarios(self, *, deleted: bool = False) -> list[Scenario]:
        """
        List the scenarios.

        Parameters
        ----------
        deleted : bool
            True for those in the bin.

        Returns
        -------
        list of Scenario
            By name.
        """
        with self._reading() as connection:
            where = _SCENARIO.c.deleted.is_not(None) if deleted else _SCENARIO.c.deleted.is_(None)
            rows = connection.execute(sa.select(_SCENARIO).where(where).order_by(_SCENARIO.c.name)).all()
            return [self._of_row(connection, row) for row in rows]

    def get(self, scenario_id: str) -> Scenario:
        """
        Read a scenario.

        Parameters
        ----------
        scenario_id : str
            Its id.

        Returns
        -------
        Scenario
            As it is now.

        Raises
        ------
        SourceMissingError
            If there is none of this id.
        """
        with self._reading() as connection:
            return self._get(connection, scenario_id)

    def revision(self, scenario_id: str) -> int | None:
        """
        Tell how many steps a scenario has made.

        Parameters
        ----------
        scenario_id : str
            Its id.

        Returns
        -------
        int or None
            None where there is no such scenario, or it lies in the bin.
        """
        with self._reading() as connection:
            found = connection.execute(
                sa.select(_SCENARIO.c.revision).where(_SCENARIO.c.id == scenario_id, _SCENARIO.c.deleted.is_(None))
            ).scalar_one_or_none()
            return None if found is None else int(found)

    def create(
        self, data: Mapping[str, Any], *, name: str, comment: str = "", parent: str = "", by: str = "", counter: int = 0
    ) -> Scenario:
        """
        Add a scenario.

        Parameters
        ----------
        data : Mapping
            Its document.
        name : str
            What it is called; where another is called so, a number is added.
        comment, parent : str
            What is noted, what it was copied from.
        by : str
            By whom.
        counter : int
            Greatest number that a new school of it has.

        Returns
        -------
        Scenario
            The scenario.
        """
        scenario_id, now = uuid.uuid4().hex[:12], _now()
        doc = _text(data)
        with self._writing() as connection:
            taken = set(connection.execute(sa.select(_SCENARIO.c.name)).scalars())
            name, number = name.strip()[:190], 2
            unique = name
            while unique in taken:
                unique, number = f"{name} {number}", number + 1
            connection.execute(
                sa.insert(_SCENARIO).values(
                    id=scenario_id, name=unique, comment=comment, parent=parent, revision=0, position=0, ahead="[]",
                    doc=doc, counter=counter, created=now, changed=now, deleted=None,
                )
            )  # fmt: skip
            connection.execute(
                sa.insert(_LOG).values(scenario=scenario_id, number=0, act="do", before=None, doc=doc, made=now, by=by)
            )
            return self._get(connection, scenario_id)

    def save(
        self, scenario_id: str, data: Mapping[str, Any], *, revision: int, by: str = "", counter: int = 0
    ) -> Scenario:
        """
        Make a step; it can be undone.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        data : Mapping
            Its document after the step.
        revision : int
            Revision the step was made on.
        by : str
            By whom.
        counter : int
            Greatest number that a new school has.

        Returns
        -------
        Scenario
            After the step.

        Raises
        ------
        StaleRevision
            If another made a step in between; nothing is changed then.
        """
        with self._writing() as connection:
            row = self._fresh_row(connection, scenario_id, revision)
            number = row.revision + 1
            doc = _text(data)
            self._log(connection, scenario_id, number, "do", row.position, doc, by)
            self._set(
                connection, scenario_id, revision=number, position=number, ahead="[]", doc=doc,
                counter=max(row.counter, counter),
            )  # fmt: skip
            return self._get(connection, scenario_id)

    def undo(self, scenario_id: str, *, revision: int, by: str = "") -> Scenario:
        """
        Go one step back.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        revision : int
            Revision that is undone from.
        by : str
            By whom.

        Returns
        -------
        Scenario
            After it; as it was where there is nothing to undo.

        Raises
        ------
        StaleRevision
            If another made a step in between.
        """
        with self._writing() as connection:
            row = self._fresh_row(connection, scenario_id, revision)
            before = self._logged(connection, scenario_id, row.position).before
            if before is None:
                return self._get(connection, scenario_id)
            return self._go(connection, row, before, [*json.loads(row.ahead), row.position], "undo", by)

    def redo(self, scenario_id: str, *, revision: int, by: str = "") -> Scenario:
        """
        Go one step forward again.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        revision : int
            Revision that is redone from.
        by : str
            By whom.

        Returns
        -------
        Scenario
            After it; as it was where there is nothing to redo.

        Raises
        ------
        StaleRevision
            If another made a step in between.
        """
        with self._writing() as connection:
            row = self._fresh_row(connection, scenario_id, revision)
            ahead = json.loads(row.ahead)
            if not ahead:
                return self._get(connection, scenario_id)
            return self._go(connection, row, ahead[-1], ahead[:-1], "redo", by)

    def steps(self, scenario_id: str, *, after: int = -1) -> list[Step]:
        """
        Read a scenario's log.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        after : int
            Only steps after this revision.

        Returns
        -------
        list of Step
            In order.
        """
        with self._reading() as connection:
            rows = connection.execute(
                sa.select(_LOG).where(_LOG.c.scenario == scenario_id, _LOG.c.number > after).order_by(_LOG.c.number)
            ).all()
        return [Step(row.number, row.act, json.loads(row.doc), row.made, row.by) for row in rows]

    def rename(self, scenario_id: str, *, name: str | None = None, comment: str | None = None) -> Scenario:
        """
        Change what a scenario is called, or what is noted.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        name : str, optional
            New name.
        comment : str, optional
            New note.

        Returns
        -------
        Scenario
            With the new words.

        Raises
        ------
        NameTakenError
            If the name is empty, or another scenario has it, be it in the bin.
        """
        with self._writing() as connection:
            self._get(connection, scenario_id)
            values: dict[str, str] = {} if comment is None else {"comment": comment}
            if name is not None:
                values["name"] = name.strip()[:200]
                if not values["name"]:
                    raise NameTakenError(msg("A scenario must have a name."))
                others = sa.select(_SCENARIO.c.id).where(
                    _SCENARIO.c.name == values["name"], _SCENARIO.c.id != scenario_id
                )
                if connection.execute(others).first() is not None:
                    raise NameTakenError(
                        msg("Another scenario is called {name}, perhaps one in the bin.", name=values["name"])
                    )
            self._set(connection, scenario_id, **values)
            return self._get(connection, scenario_id)

    def delete(self, scenario_id: str) -> None:
        """
        Put a scenario into the bin.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        """
        with self._writing() as connection:
            self._set(connection, scenario_id, deleted=_now())

    def restore(self, scenario_id: str) -> None:
        """
        Take a scenario out of the bin.

        Parameters
        ----------
        scenario_id : str
            The scenario.
        """
        with self._writing() as connection:
            self._set(connection, scenario_id, deleted=None)

    def _go(self, connection: sa.Connection, row: Any, position: int, ahead: list[int], act: str, by: str) -> Scenario:
        doc = self._logged(connection, row.id, position).doc
        number = row.revision + 1
        self._log(connection, row.id, number, act, None, doc, by)
        self._set(connection, row.id, revision=number, position=position, ahead=json.dumps(ahead), doc=doc)
        return self._get(connection, row.id)

    def _fresh_row(self, connection: sa.Connection, scenario_id: str, revision: int) -> Any:
        row = connection.execute(sa.select(_SCENARIO).where(_SCENARIO.c.id == scenario_id)).one_or_none()
        if row is None:
            raise _missing(scenario_id)
        if row.revision != revision:
            raise StaleRevision(self._of_row(connection, row), revision)
        if row.deleted is not None:
            raise SourceMissingError(
                msg("The scenario {name} was deleted in another window. Restore it from the bin.", name=row.name)
            )
        return row

    def _get(self, connection: sa.Connection, scenario_id: str) -> Scenario:
        row = connection.execute(sa.select(_SCENARIO).where(_SCENARIO.c.id == scenario_id)).one_or_none()
        if row is None:
            raise _missing(scenario_id)
        return self._of_row(connection, row)

    def _of_row(self, connection: sa.Connection, row: Any) -> Scenario:
        return Scenario(
            id=row.id,
            name=row.name,
            comment=row.comment,
            parent=row.parent,
            revision=row.revision,
            data=json.loads(row.doc),
            can_undo=self._logged(connection, row.id, row.position).before is not None,
            can_redo=row.ahead != "[]",
            counter=row.counter,
            created=row.created,
            changed=row.changed,
            deleted=row.deleted or "",
        )

    def _logged(self, connection: sa.Connection, scenario_id: str, number: int) -> Any:
        return connection.execute(
            sa.select(_LOG.c.before, _LOG.c.doc).where(_LOG.c.scenario == scenario_id, _LOG.c.number == number)
        ).one()

    def _log(
        self, connection: sa.Connection, scenario_id: str, number: int, act: str, before: int | None, doc: str, by: str
    ) -> None:
        connection.execute(
            sa.insert(_LOG).values(
                scenario=scenario_id, number=number, act=act, before=before, doc=doc, made=_now(), by=by[:80]
            )
        )

    def _set(self, connection: sa.Connection, scenario_id: str, **values: Any) -> None:
        connection.execute(sa.update(_SCENARIO).where(_SCENARIO.c.id == scenario_id).values(**values, changed=_now()))

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        self._make()
        with self._told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        self._make()
        with self._told(), self._engine.execution_options(write=True).begin() as connection:
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            raise PlanningError(
                msg(
                    "{file}: the scenarios cannot be read or saved: {detail}",
                    file=self.file.name,
                    detail=str(error.orig),
                )
            ) from error

    def _make(self) -> None:
        """Make the file and its tables at the first use; who comes at the same time waits."""
        with self._lock:
            if self._made and self.file.exists():
                return
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self._told(), self._engine.execution_options(write=True).begin() as connection:
                for table in _META.sorted_tables:
                    connection.execute(sa.schema.CreateTable(table, if_not_exists=True))
            self._made = True


def _missing(scenario_id: str) -> SourceMissingError:
    why: Message = msg("There is no scenario {id} in this project.", id=scenario_id)
    return SourceMissingError(why)


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver would begin transactions by its own rules
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _write_ahead(cursor)
    cursor.execute("PRAGMA synchronous=FULL")  # what was told to be saved survives a power cut
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """Turn the journal on; SQLite's own waiting does not hold for the first to do so in a new file."""
    patience = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.01)


def _on_begin(connection: sa.Connection) -> None:
    # A writer takes its turn at once: one that began as a reader could not wait for another.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
