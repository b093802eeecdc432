"""The solver itself: a version that gives wrong answers must not pass unnoticed, nor one that keeps its caller waiting."""

from __future__ import annotations

import threading
import time

import highspy
import numpy as np
import pytest

from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model


def test_a_model_that_highs_1_14_gets_wrong():
    rows = Rows()
    rows.add([0, 0], [1, 2], 1.0, n=1, lower=3.0, upper=3.0)
    rows.add([0, 0], [1, 0], [1.0, -3.0], n=1, upper=0.0)
    rows.add([0], [0], 1.0, n=1, lower=0.0, upper=1.0)
    whole = np.array([True, False, False])
    model = Model(np.array([40.0, 11.0, 14.0]), np.zeros(3), np.array([1.0, 3.0, 3.0]), whole, rows)
    solution = solve_model(model, clock=Clock(10))
    assert (solution.status, solution.objective, solution.bound) == ("optimal", 42.0, 42.0)


def covering_model(n_rows=60, n_columns=40):
    rng = np.random.default_rng(5)
    hit = rng.random((n_rows, n_columns)) < 0.2
    hit[np.arange(n_rows), rng.integers(0, n_columns, n_rows)] = True
    row, column = np.nonzero(hit)
    rows = Rows()
    rows.add(row, column, 1.0, n=n_rows, lower=1.0)
    return Model(rng.random(n_columns), np.zeros(n_columns), np.ones(n_columns), np.ones(n_columns, dtype=bool), rows)


def test_the_answer_is_the_same_beside_a_caller_who_may_call_it_off():
    model = covering_model()
    alone, beside = solve_model(model, clock=Clock(20)), solve_model(model, clock=Clock(20, lambda: False))
    assert (alone.status, alone.objective, alone.bound) == (beside.status, beside.objective, beside.bound)
    np.testing.assert_array_equal(alone.x, beside.x)


@pytest.mark.parametrize("seconds", [0.2, 20.0])
def test_a_step_of_highs_that_asks_nobody_does_not_keep_the_caller(monkeypatch, seconds):
    """HiGHS asks neither clock nor callback in presolve and at the root; here it never does."""
    deaf = threading.Event()
    monkeypatch.setattr(highspy.Highs, "run", lambda highs: deaf.wait(30))
    began = time.perf_counter()
    cancel = lambda: seconds > 1 and time.perf_counter() > began + 0.2  # noqa: E731
    try:
        solution = solve_model(covering_model(), clock=Clock(seconds, cancel))
        took = time.perf_counter() - began
    finally:
        deaf.set()
    assert (solution.status, solution.x, solution.bound) == ("stopped", None, -np.inf)
    assert took < 10


def test_what_goes_wrong_in_highs_or_in_the_question_whether_to_stop_is_raised(monkeypatch):
    asked = iter([False])

    def angry(*_):
        if next(asked, True):
            raise RuntimeError("asked too often")
        return False

    with pytest.raises(RuntimeError, match="asked too often"):
        solve_model(covering_model(), clock=Clock(20, angry))
    monkeypatch.setattr(highspy.Highs, "run", angry)
    with pytest.raises(RuntimeError, match="asked too often"):
        solve_model(covering_model(), clock=Clock(20, lambda: False))
