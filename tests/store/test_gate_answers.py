"""Answers to the closure gate: kept whole, merged with what others said meanwhile, refused where damaged."""

from __future__ import annotations

import threading

import pytest

from planning.errors import SourceError
from planning.store.gate_answers import GateAnswer, answers_file, read_answers, record_answer


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    return answers_file(tmp_path / "project.yaml")


def test_an_answer_is_kept_and_taken_back(path):
    assert read_answers(path) == {}
    record_answer(path, "S1", "procedure", GateAnswer(True, "王科长", "2026-09-01"))
    record_answer(path, "S1", "majority_opposed", GateAnswer(False))
    assert read_answers(path)["S1"]["procedure"] == GateAnswer(True, "王科长", "2026-09-01")
    record_answer(path, "S1", "procedure", None)
    assert read_answers(path) == {"S1": {"majority_opposed": GateAnswer(False)}}
    assert record_answer(path, "S1", "majority_opposed", None) == {}


def test_many_at_once_lose_nothing(path):
    threads = [
        threading.Thread(target=record_answer, args=(path, f"S{n}", "procedure", GateAnswer(True))) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_answers(path)) == sorted(f"S{n}" for n in range(12))


@pytest.mark.parametrize(
    "text", ["{", '{"S1": {"procedure": {"answer": "yes"}}}', '{"S1": 3}', '{"S1": {"procedure": {"who": "me"}}}', "[]"]
)
def test_a_damaged_file_is_refused_and_not_overwritten(path, text):
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError):
        read_answers(path)
    with pytest.raises(SourceError):
        record_answer(path, "S1", "procedure", GateAnswer(True))
    assert path.read_text("utf-8") == text


def test_projects_do_not_share_a_file(path, tmp_path, monkeypatch):
    assert answers_file(tmp_path / "other.yaml") != path
    monkeypatch.delenv("PLANNING_STORE")
    assert answers_file(tmp_path / "project.yaml").parent == tmp_path
