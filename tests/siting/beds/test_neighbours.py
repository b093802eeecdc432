"""Choices that differ from a given one in one site or two."""

from __future__ import annotations

import numpy as np

from planning.siting.beds import neighbours as module
from planning.siting.beds.neighbours import neighbours


def test_one_step_changes_one_site_or_two():
    opened = np.array([[True, False, False]])
    found = {tuple(choice[0].tolist()) for choice in neighbours(opened, np.array([True, True, False]))}
    assert found == {(False, False, False), (True, True, False), (False, True, False)}


def test_courses_open_once_or_close_once():
    opened = np.array([[False], [True], [True]])
    found = {tuple(choice[:, 0].tolist()) for choice in neighbours(opened, np.array([True]))}
    assert found == {
        (True, True, True), (False, False, True), (False, False, False), (True, False, False), (True, True, False),
    }  # fmt: skip


def test_nothing_is_free_or_too_much_is(monkeypatch):
    opened = np.array([[True, False]])
    assert neighbours(opened, np.array([False, False])).shape == (0, 1, 2)
    monkeypatch.setattr(module, "_MANY", 1)
    assert len(neighbours(opened, np.array([True, True]))) == 2  # no pairs
    monkeypatch.setattr(module, "_LARGEST", 3)
    assert neighbours(opened, np.array([True, True])).shape == (0, 1, 2)
