"""The solver itself: a version that gives wrong answers must not pass unnoticed."""

from __future__ import annotations

import numpy as np

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
