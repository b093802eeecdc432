"""What is told on the way: every bound and every value holds for the question that was asked."""

import numpy as np
import pytest

from planning import siting
from planning.siting.clock import Clock, Watch


class Heard:
    """Write down what is told; stop after so many words."""

    def __init__(self, stop_after: float = np.inf) -> None:
        self.told: list[tuple[float, float]] = []
        self.stop_after = stop_after

    def watch(self) -> Watch:
        return Watch(lambda: len(self.told) >= self.stop_after, lambda value, bound: self.told.append((value, bound)))


def random_question(seed: int, n_cells: int = 160, n_sites: int = 40):
    rng = np.random.default_rng(seed)
    cells, sites = rng.random((n_cells, 2)), rng.random((n_sites, 2))
    costs = np.hypot(*(cells[:, None, :] - sites[None, :, :]).transpose(2, 0, 1)).astype(np.float32)
    return costs, rng.integers(1, 60, n_cells)


ASK = {
    "p_median": lambda costs, pupils, watch: siting.p_median(costs, pupils, 6, fixed=[0, 1], cancel=watch),
    "max_coverage": lambda costs, pupils, watch: siting.max_coverage(costs, pupils, 5, 0.13, fixed=[0], cancel=watch),
    "set_cover": lambda costs, pupils, watch: siting.set_cover(costs, pupils, 0.3, share=0.9, fixed=[0], cancel=watch),
    "p_center": lambda costs, pupils, watch: siting.p_center(costs, pupils, 5, fixed=[0], cancel=watch),
    "capacitated": lambda costs, pupils, watch: siting.capacitated(
        costs, pupils, 900, p=8, build_cost=3, running_cost=2, fixed=[0, 1, 2], closable=[1], cancel=watch
    ),
}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("model", ASK)
def test_what_is_told_encloses_the_answer(model, seed):
    costs, pupils = random_question(seed)
    heard = Heard()
    found = ASK[model](costs, pupils, heard.watch())
    assert found.status == "optimal"
    assert heard.told
    sign = 1 if found.sense == "min" else -1
    slack = 1e-6 * abs(found.objective) + 1e-9
    for value, bound in heard.told:
        assert not np.isfinite(value) or sign * value >= sign * found.objective - slack
        assert not np.isfinite(bound) or sign * bound <= sign * found.objective + slack


@pytest.mark.parametrize("model", ASK)
def test_answer_is_the_same_whether_anybody_listens(model):
    costs, pupils = random_question(3)
    assert ASK[model](costs, pupils, Heard().watch()).objective == ASK[model](costs, pupils, None).objective


def test_whoever_hears_can_stop():
    costs, pupils = random_question(4, n_cells=900, n_sites=220)
    heard = Heard(stop_after=1)
    found = siting.p_median(costs, pupils, 25, cancel=heard.watch())
    assert found.status in {"cancelled", "optimal"}
    assert found.bound <= found.objective
    assert heard.told


def test_boarding_tells_its_bound():
    rng = np.random.default_rng(5)
    day = rng.uniform(5, 200, (1, 40, 12)).astype(np.float32)
    week = day + 10
    pupils = rng.integers(1, 20, (1, 40))
    heard = Heard()
    found = siting.boarding(
        day, week, pupils, np.full(12, 600), np.full(12, 400), np.ones(1, dtype=bool), p=2, fixed=[0, 1],
        cancel=heard.watch(),
    )  # fmt: skip
    assert found.status == "optimal"
    for value, bound in heard.told:
        assert bound <= found.objective * (1 + 1e-6)
        assert value >= found.objective * (1 - 1e-6)


def test_clock_of_a_part_is_silent_and_clock_of_the_whole_is_not():
    heard = Heard()
    clock = Clock(60, heard.watch())
    Clock(60, clock.cancel).tell(1.0, 0.0)
    assert heard.told == []
    clock.part(60).tell(2.0, 1.0)
    clock.tell(3.0, 1.0)
    assert heard.told == [(2.0, 1.0), (3.0, 1.0)]
    assert Clock(60).heard is None
    assert Clock(60, clock.cancel).heard is None


@pytest.mark.parametrize("limit", [0.0, -1.0])
def test_clock_without_time_is_stopped(limit):
    clock = Clock(limit)
    assert clock.stopped
    assert clock.left == 0.0
    assert clock.reason() == "time_limit"


def test_stop_goes_through_every_clock():
    heard = Heard(stop_after=0)
    clock = Clock(60, heard.watch())
    assert all(one.cancelled for one in (clock, clock.part(5), Clock(5, clock.cancel)))
    assert heard.told == []
