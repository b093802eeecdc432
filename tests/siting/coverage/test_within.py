"""Whether so few sites can cover all rows, against all subsets; a p-center of many sites, from both sides."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from planning import siting
from planning.siting.clock import Clock
from planning.siting.coverage import within
from planning.siting.coverage.question import covering_of
from planning.siting.coverage.within import Effort, cover_within

NONE = np.zeros(0, dtype=np.int64)


def fewest_by_hand(covers):
    n = covers.shape[1]
    return next(
        k for k in range(n + 1) if any(covers[:, list(some)].any(axis=1).all() for some in combinations(range(n), k))
    )


@st.composite
def covers(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    table = rng.random((draw(st.integers(1, 25)), draw(st.integers(1, 9)))) < draw(st.sampled_from([0.15, 0.3, 0.6]))
    table[np.arange(table.shape[0]), rng.integers(0, table.shape[1], table.shape[0])] = True
    return table


def question_of(table):
    row, site = np.nonzero(table)
    return covering_of(row, site, np.ones(table.shape[0]), table.shape[1])


@settings(max_examples=120, deadline=None)
@given(covers(), st.sampled_from([Effort(0, 40, 10_000), Effort(200, 40, 10_000), Effort(50, 5, 3), Effort(50, 0, 0)]))
def test_verdict_equals_all_subsets(table, effort):
    fewest = fewest_by_hand(table)
    for for_highs in (-1, 10_000):
        before, within._FOR_HIGHS = within._FOR_HIGHS, for_highs
        try:
            for p in range(1, table.shape[1] + 1):
                verdict = cover_within(question_of(table), p, NONE, effort, Clock(600))
                assert verdict.proven or effort.choices < 10_000
                if verdict.sites is not None:
                    assert verdict.sites.size <= p
                    assert table[:, verdict.sites].any(axis=1).all()
                elif verdict.proven:
                    assert fewest > p
                if effort.choices == 10_000:
                    assert (verdict.sites is not None) == (fewest <= p)
        finally:
            within._FOR_HIGHS = before


@settings(max_examples=60, deadline=None)
@given(covers(), st.integers(0, 2**32))
def test_prices_never_ask_for_more_sites_than_are_needed(table, seed):
    from planning.siting.coverage.center_kernels import price_rows

    asked = question_of(table)
    price = np.random.default_rng(seed).random(asked.n_rows)
    bound, _ = price_rows(asked.site_start, asked.site_row, price, 99.0, 60, np.zeros(asked.n_sites), 0.1)
    earned = np.array(
        [price[asked.site_row[a:b]].sum() for a, b in zip(asked.site_start, asked.site_start[1:], strict=False)]
    )
    assert abs(bound - price.sum() - np.minimum(0.0, 1.0 - earned).sum()) < 1e-9
    assert bound <= fewest_by_hand(table) + 1e-9


def test_nobody_asks_for_nothing():
    verdict = cover_within(question_of(np.zeros((0, 3), dtype=bool)), 0, NONE, Effort(1, 1, 1), Clock(600))
    assert verdict.proven
    assert verdict.sites is not None
    assert verdict.sites.size == 0


def test_a_new_county_is_settled_from_both_sides():
    rng = np.random.default_rng(7)
    cells, sites = rng.random((2500, 2)), rng.random((300, 2))
    costs = np.round(1000 * np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)))
    answer = siting.p_center(costs, np.ones(2500), 8, time_limit_s=60)
    assert answer.bound >= 0.95 * answer.objective
    assert costs[:, list(answer.sites)].min(axis=1).max() == answer.objective
    order = rng.permutation(300)
    again = siting.p_center(costs[::-1][:, order], np.ones(2500), 8, time_limit_s=60)
    assert max(answer.bound, again.bound) <= min(answer.objective, again.objective)
