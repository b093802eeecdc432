"""The official coefficient of variation: the printed example, what it ignores, what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planning.access import cv

BOOKS, PUPILS = [279, 137, 935, 160, 402], [45, 37, 89, 76, 55]


def test_printed_example() -> None:
    assert cv(BOOKS, PUPILS) == pytest.approx(0.51526, abs=5e-6)


def test_is_neither_of_the_unweighted_forms() -> None:
    means = np.array(BOOKS) / PUPILS
    assert means.std() / means.mean() == pytest.approx(0.48877, abs=5e-6)
    assert abs(cv(BOOKS, PUPILS) - 0.48877) > 0.02


def test_splitting_a_school_into_two_like_it_changes_nothing() -> None:
    assert cv([10.0, 10.0, 30.0], [2, 2, 3]) == pytest.approx(cv([20.0, 30.0], [4, 3]))


def test_one_school_does_not_vary() -> None:
    assert cv([7], [3]) == 0.0


@pytest.mark.parametrize(
    ("totals", "pupils", "words"),
    [
        ([1, 2], [3, 0], "school number 2 has none. Leave it out"),
        ([1, 2], [3, np.nan], "Every school needs pupils"),
        ([1, -2], [3, 1], "0 or more; school number 2"),
        ([np.nan, 2], [3, 1], "school number 1"),
        ([1], [3, 1], "1 totals but 2 numbers"),
        ([], [], "at least one school"),
        ([0, 0], [1, 2], "All totals are 0"),
        (["x"], [1], "must be numbers"),
        ([[1]], [[1]], "one number for each school"),
        (pd.Series([1], ["a"]), pd.Series([1], ["b"]), "different schools"),
    ],
)
def test_bad_input_is_refused_with_words(totals, pupils, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cv(totals, pupils)
