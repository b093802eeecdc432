"""Areas with each other's people: found where they are, and not where a file is merely poor."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planning.demand.swapped import swapped_areas, swapped_notice

KNOWN = pd.Series({"Ngazidja": 379_000.0, "Ndzuwani": 327_000.0, "Mwali": 51_000.0})


@pytest.mark.parametrize("pair", [("Ndzuwani", "Mwali"), ("Ngazidja", "Ndzuwani"), ("Ngazidja", "Mwali")])
@pytest.mark.parametrize("growth", [1.0, 1.3])
def test_two_islands_exchanged_are_found_though_the_file_is_of_another_year(pair, growth):
    found = KNOWN.copy()
    found[list(pair)] = KNOWN[list(reversed(pair))].to_numpy()
    a, b = pair
    assert swapped_areas(found * growth, KNOWN) == {a: b, b: a}


def test_three_areas_in_a_ring_are_named():
    found = pd.Series(KNOWN.to_numpy()[[2, 0, 1]], index=KNOWN.index)
    assert swapped_areas(found, KNOWN) == {"Ngazidja": "Mwali", "Ndzuwani": "Ngazidja", "Mwali": "Ndzuwani"}
    assert "gives 3 areas each other's people: Ngazidja ← Mwali; " in str(swapped_notice(found, KNOWN))


@pytest.mark.parametrize(
    "found",
    [KNOWN, KNOWN * 3, KNOWN * [1.2, 0.9, 1.1], KNOWN * [1, 1, 4], KNOWN.iloc[:1], KNOWN.iloc[:0], KNOWN * 0],
)
def test_what_is_not_exchanged_is_not_called_so(found):
    assert swapped_areas(found, KNOWN) == {}
    assert swapped_notice(found, KNOWN) is None


def test_noise_over_many_townships_is_no_exchange():
    rng = np.random.default_rng(1)
    for _ in range(200):
        known = pd.Series(rng.lognormal(9, 0.5, 25), index=[f"t{n}" for n in range(25)])
        assert swapped_areas(known * rng.lognormal(0, 0.2, 25), known) == {}
