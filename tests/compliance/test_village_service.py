"""Shares of children within a limit: by hand, conserved, nobody."""

from __future__ import annotations

import numpy as np

from planning.compliance.village_service import service_shares


def test_by_hand():
    table = service_shares(
        np.array(["乙镇", "甲镇", "甲镇", ""], dtype=object),
        np.array([10, 30, 50, 10]),
        np.array([True, False, True, False]),
        np.array([True, True, True, False]),
    )
    assert table["township"].tolist() == ["", "–", "乙镇", "甲镇"]
    assert table["share_network"].tolist() == [0.6, 0.0, 1.0, 0.625]
    assert table["share_straight"].tolist() == [0.9, 0.0, 1.0, 1.0]


def test_townships_add_up_to_the_county():
    rng = np.random.default_rng(3)
    n = 200
    township = rng.choice(np.array(["甲", "乙", "丙"], dtype=object), n)
    table = service_shares(township, rng.integers(0, 9, n), rng.random(n) < 0.4, rng.random(n) < 0.7)
    counts = table[["pupils", "within_network", "within_straight"]]
    assert counts.iloc[0].tolist() == counts.iloc[1:].sum().tolist()


def test_nobody_has_no_share():
    table = service_shares(np.array(["甲"], dtype=object), np.array([0]), np.array([True]), np.array([True]))
    assert len(table) == 1
    assert table["share_network"].isna().all()
