"""What an answer under way tells: the best of what it has heard, and never a bound that has got worse."""

import math

import pytest

from planning.errors import msg
from planning.scenario.steps import Step, Teller
from planning.siting.clock import Watch

DOING = msg("Looking for the best places")


def heard(*, largest=False, told=()):
    steps: list[Step] = []
    watch = Teller(steps.append, None).search(DOING, "pupil-m", largest=largest)
    assert isinstance(watch, Watch)
    for value, bound in told:
        watch.tell(value, bound)
    return steps


def test_best_value_and_best_bound_are_kept_when_the_least_is_sought():
    steps = heard(told=[(100.0, 50.0), (math.inf, 60.0), (90.0, -math.inf), (95.0, 55.0)])
    assert (steps[-1].objective, steps[-1].bound) == (90.0, 60.0)
    assert steps[-1].gap == pytest.approx(30 / 90)


def test_best_value_and_best_bound_are_kept_when_the_most_is_sought():
    steps = heard(largest=True, told=[(50.0, 100.0), (-math.inf, 90.0), (60.0, math.inf), (55.0, 95.0)])
    assert (steps[-1].objective, steps[-1].bound) == (60.0, 90.0)


def test_nothing_is_known_before_anything_is_told():
    step = heard()[-1]
    assert math.isnan(step.objective)
    assert math.isnan(step.bound)
    assert math.isnan(step.gap)
    assert step.unit == "pupil-m"


def test_a_later_step_keeps_value_and_bound_and_a_new_search_does_not():
    steps: list[Step] = []
    teller = Teller(steps.append, None)
    teller.search(DOING, "m").tell(5.0, 4.0)
    teller.doing(msg("Measuring what the answer means for every pupil"))
    assert (steps[-1].objective, steps[-1].bound) == (5.0, 4.0)
    teller.search(DOING, "min")
    assert math.isnan(steps[-1].objective)


def test_where_nobody_follows_the_wish_to_stop_goes_on_as_it_is():
    def stop():
        return True

    assert Teller(None, stop).search(DOING, "m") is stop
    assert Teller(None, None).search(DOING, "m") is None
    steps: list[Step] = []
    watch = Teller(steps.append, stop).search(DOING, "m")
    assert watch()
