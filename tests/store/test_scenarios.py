"""Scenarios at rest: every step is kept, a stale one is refused, threads and processes take turns."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from planning.errors import PlanningError, SourceMissingError
from planning.store.scenarios import NameTakenError, ScenarioStore, StaleRevision, store_file


@pytest.fixture
def store(tmp_path):
    return ScenarioStore(tmp_path / "new" / "scenarios.db")


def doc(*entries):
    return {"entries": list(entries)}


def test_undo_and_redo_outlive_the_program(store):
    here = store.create(doc(), name="方案")
    for number in range(3):
        here = store.save(here.id, doc(*range(number + 1)), revision=here.revision)
    here = store.undo(here.id, revision=here.revision)
    here = store.undo(here.id, revision=here.revision)
    again = ScenarioStore(store.file)  # as after a crash
    assert again.get(here.id) == here
    assert here.data == doc(0)
    forward = again.redo(here.id, revision=here.revision)
    assert (forward.data, forward.can_undo, forward.can_redo) == (doc(0, 1), True, True)
    branch = again.save(here.id, doc("other"), revision=forward.revision)
    assert not branch.can_redo
    assert again.undo(here.id, revision=branch.revision).data == doc(0, 1)
    assert [step.act for step in again.steps(here.id)] == ["do"] * 4 + ["undo", "undo", "redo", "do", "undo"]


def test_the_ends_of_the_log_change_nothing(store):
    here = store.create(doc(), name="a")
    assert store.undo(here.id, revision=0) == here
    assert store.redo(here.id, revision=0) == here


def test_a_stale_step_is_refused_with_what_the_other_did(store):
    here = store.create(doc(), name="a")
    theirs = store.save(here.id, doc("theirs"), revision=here.revision, by="other")
    for act in (
        lambda: store.save(here.id, doc("mine"), revision=0),
        lambda: store.undo(here.id, revision=0),
        lambda: store.redo(here.id, revision=0),
    ):
        with pytest.raises(StaleRevision) as error:
            act()
        assert error.value.scenario == theirs
        assert error.value.seen == 0
    assert store.get(here.id) == theirs
    assert [step.by for step in store.steps(here.id, after=0)] == ["other"]


def test_names_are_unique_and_the_bin_gives_back(store):
    first, second = store.create(doc(), name="a"), store.create(doc(1), name="a")
    assert (first.name, second.name) == ("a", "a 2")
    with pytest.raises(NameTakenError, match="called a, perhaps one in the bin"):
        store.rename(second.id, name="a")
    with pytest.raises(NameTakenError, match="must have a name"):
        store.rename(second.id, name="  ")
    store.delete(first.id)
    assert [scenario.name for scenario in store.scenarios()] == ["a 2"]
    assert [scenario.id for scenario in store.scenarios(deleted=True)] == [first.id]
    assert store.revision(first.id) is None
    with pytest.raises(SourceMissingError, match="deleted in another window"):
        store.save(first.id, doc(2), revision=0)
    store.restore(first.id)
    assert store.get(first.id).data == doc()
    assert store.rename(first.id, comment="<b>").comment == "<b>"


def test_the_counter_never_falls(store):
    here = store.create(doc(), name="a")
    here = store.save(here.id, doc(1), revision=0, counter=4)
    here = store.undo(here.id, revision=1)
    assert store.save(here.id, doc(2), revision=2, counter=1).counter == 4


def test_what_is_not_there_or_damaged_is_told(store, tmp_path):
    with pytest.raises(SourceMissingError, match="no scenario nothing"):
        store.get("nothing")
    with pytest.raises(SourceMissingError):
        store.save("nothing", doc(), revision=0)
    (tmp_path / "bad.db").write_bytes(b"this is no database, however long it may be" * 50)
    with pytest.raises(PlanningError, match=r"bad\.db: the scenarios cannot be read"):
        ScenarioStore(tmp_path / "bad.db").scenarios()


def test_ten_threads_at_once_lose_nothing(store):
    here = store.create(doc(), name="a")

    def work(worker: int) -> int:
        refused = 0
        for number in range(8):
            while True:
                seen = store.get(here.id)
                try:
                    store.save(here.id, doc(*seen.data["entries"], [worker, number]), revision=seen.revision)
                    break
                except StaleRevision:
                    refused += 1
        return refused

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    entries = store.get(here.id).data["entries"]
    assert sorted(entries) == [[worker, number] for worker in range(10) for number in range(8)]
    for worker in range(10):  # each one's own in order
        assert [number for who, number in entries if who == worker] == list(range(8))
    assert store.get(here.id).revision == 80


_CHILD = """
import json, sys
from pathlib import Path
from planning.store.scenarios import ScenarioStore, StaleRevision
store, scenario, worker = ScenarioStore(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(20):
    while True:
        seen = store.get(scenario)
        try:
            store.save(scenario, {"entries": [*seen.data["entries"], [worker, number]]}, revision=seen.revision)
            break
        except StaleRevision:
            pass
"""


def test_two_processes_at_once_lose_nothing(store, root):
    here = store.create(doc(), name="a")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(store.file), here.id, str(worker)],
            env={**os.environ, "PYTHONPATH": str(root)}, stderr=subprocess.PIPE,
        )
        for worker in range(2)
    ]  # fmt: skip
    for child in children:
        _, errors = child.communicate(timeout=120)
        assert child.returncode == 0, errors.decode()
    assert sorted(store.get(here.id).data["entries"]) == [[w, n] for w in range(2) for n in range(20)]


@pytest.mark.parametrize("again", range(12))
def test_two_stores_made_at_once_share_the_file(tmp_path, again):
    file = tmp_path / "scenarios.db"
    gate = Barrier(8)

    def make(_: int) -> None:
        gate.wait()
        ScenarioStore(file).create(doc(), name="a")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(8)))
    assert [scenario.name for scenario in ScenarioStore(file).scenarios()] == ["a", *(f"a {n}" for n in range(2, 9))]


def test_a_killed_writer_leaves_whole_steps(store):
    here = store.create(doc(), name="a")
    here = store.save(here.id, doc(1), revision=0)
    broken = sqlite3.connect(store.file, isolation_level=None)
    broken.execute("BEGIN IMMEDIATE")
    broken.execute("UPDATE scenario SET doc = '{', revision = 99")
    broken.close()  # what a kill does to a transaction
    assert store.get(here.id) == here
    assert store.save(here.id, doc(2), revision=1).data == doc(2)


def test_where_scenarios_rest(tmp_path, monkeypatch):
    monkeypatch.delenv("PLANNING_STORE", raising=False)
    project = tmp_path / "project.yaml"
    project.write_text("name: x")
    assert store_file(project) == tmp_path / "scenarios.db"
    assert store_file(tmp_path / "other.yaml") == tmp_path / "other.scenarios.db"
    monkeypatch.setattr("planning.store.scenarios.os.access", lambda path, mode: False)
    monkeypatch.setattr("planning.store.scenarios.user_data_dir", lambda *a, **k: str(tmp_path / "home"))
    assert store_file(project).parent == tmp_path / "home"
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "s"))
    assert store_file(project).parent == tmp_path / "s"
    assert store_file(project) != store_file(tmp_path / "other.yaml")


class Log(RuleBasedStateMachine):
    """The log against two plain stacks."""

    def __init__(self):
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.store = ScenarioStore(Path(self.folder.name) / "s.db")
        self.here = self.store.create(doc(), name="a")
        self.now, self.past, self.future = doc(), [], []

    def teardown(self):
        del self.store
        self.folder.cleanup()

    @rule(value=st.integers())
    def do(self, value):
        self.past.append(self.now)
        self.now, self.future = doc(value), []
        self.here = self.store.save(self.here.id, self.now, revision=self.here.revision)

    @precondition(lambda self: self.past)
    @rule()
    def undo(self):
        self.future.append(self.now)
        self.now = self.past.pop()
        self.here = self.store.undo(self.here.id, revision=self.here.revision)

    @precondition(lambda self: self.future)
    @rule()
    def redo(self):
        self.past.append(self.now)
        self.now = self.future.pop()
        self.here = self.store.redo(self.here.id, revision=self.here.revision)

    @invariant()
    def agrees(self):
        found = self.store.get(self.here.id)
        assert json.loads(json.dumps(found.data)) == self.now
        assert (found.can_undo, found.can_redo) == (bool(self.past), bool(self.future))


TestLog = Log.TestCase
TestLog.settings = settings(max_examples=12, stateful_step_count=15, deadline=None)
