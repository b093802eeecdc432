"""Charts: round axes, every point inside the field, the answer marked."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.i18n import get_translator
from planning.report.charts import HEIGHT, WIDTH, draw_chart, round_steps


def chart(at, values, **more):
    return draw_chart(get_translator("en"), "Share", at, values, along="New schools", **more)


def test_a_line_by_hand():
    drawn = chart([0, 1, 3], [58.0, 59.0, 62.0], sign="%", marked=[1])
    assert [tick.text for tick in drawn.upward] == ["58%", "59%", "60%", "61%", "62%"]
    assert [tick.text for tick in drawn.across] == ["0", "1", "3"]
    (x0, y0, *_), (x1, y1, *_), (x3, y3, *_) = drawn.points
    assert (y0, y3) == (drawn.bottom, drawn.top)
    assert x1 - x0 == pytest.approx((x3 - x0) / 3, abs=0.1)
    assert (y0 - y1) == pytest.approx((y0 - y3) / 4, abs=0.1)
    assert [own for _, _, own, _ in drawn.points] == [False, True, False]
    assert drawn.points[1][3] == "1: 59.0%"
    assert drawn.path == f"M{x0} {y0}L{x1} {y1}L{x3} {y3}"


def test_points_without_a_value_are_left_out_of_the_line():
    drawn = chart([0, 1, 2], [math.nan, 5.0, 4.0])
    assert len(drawn.points) == 2
    assert len(drawn.across) == 3


def test_one_point_or_equal_values_can_be_drawn():
    assert len(chart([4], [0.0]).points) == 1
    assert len({y for _, y, *_ in chart([1, 2, 3], [7.0, 7.0, 7.0]).points}) == 1


def test_many_points_do_not_crowd_the_axis():
    across = chart(list(range(50)), [float(x) for x in range(50)]).across
    assert len(across) == 50
    assert 5 < sum(bool(tick.text) for tick in across) < 25
    assert across[-1].text == "49"


def test_words_that_would_run_into_each_other_are_left_out():
    texts = [tick.text for tick in chart([500, 1000, 2000, 10_000], [1.0, 2.0, 3.0, 4.0]).across]
    assert texts == ["500", "", "2,000", "10,000"]


def test_neighbouring_ticks_read_differently():
    texts = [tick.text for tick in chart([0, 1], [2.2701, 2.2749]).upward]
    assert len(set(texts)) == len(texts)


@given(low=st.floats(0, 1e9), more=st.floats(0, 1e9))
def test_steps_are_few_equal_and_round_the_values(low, more):
    high = low + more
    steps = round_steps(low, high)
    hair = 1e-6 * max(high, 1e-3)
    assert 2 <= len(steps) <= 8
    assert steps[0] <= low + hair
    assert steps[-1] >= high - hair
    gaps = [right - left for left, right in itertools.pairwise(steps)]
    assert gaps == pytest.approx([gaps[0]] * len(gaps), rel=1e-6)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.floats(0, 1e6)), min_size=1, max_size=20, unique_by=lambda pair: pair[0])
)
def test_every_point_lies_in_the_picture(pairs):
    pairs.sort()
    drawn = chart([float(x) for x, _ in pairs], [y for _, y in pairs])
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y, *_ in drawn.points)
    assert all(drawn.top - 1 <= y <= drawn.bottom + 1 for _, y, *_ in drawn.points)
