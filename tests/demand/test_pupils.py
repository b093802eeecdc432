"""People to whole pupils: nobody is lost in rounding."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.grid import pupils_by_cell
from planning.demand.pupils import ages_of_band, band_shares, expected_pupils
from planning.demand.sheet import check_factor
from planning.errors import SchemaError

PRIMARY = {"primary": ((6, 11), 0.155)}


def _cells(population, township=None, in_margin=None, index=None):
    n = len(population)
    return gpd.GeoDataFrame(
        {
            "name": [""] * n,
            "township": township if township is not None else ["A"] * n,
            "population": np.asarray(population, dtype=float),
            "in_margin": in_margin if in_margin is not None else [False] * n,
        },
        index=pd.Index(index if index is not None else [f"c{i:06d}" for i in range(n)], name="cell_id"),
        geometry=gpd.points_from_xy(np.arange(n), np.zeros(n)),
        crs=4545,
    )


def test_bands_divide_the_years_of_a_stage():
    assert ages_of_band("junior", (12, 14)) == {"junior": (12, 14)}
    assert ages_of_band("primary", (6, 10)) == {"primary_lower": (6, 8), "primary_upper": (9, 10)}
    assert band_shares("primary", (6, 10)) == {"primary_lower": 0.6, "primary_upper": 0.4}
    assert band_shares("primary", None) == {"primary_lower": 0.5, "primary_upper": 0.5}
    assert band_shares("primary", (6, 6)) == {"primary_lower": 1.0, "primary_upper": 0.0}


def test_grande_comore_has_69661_children_of_primary_age():
    rng = np.random.default_rng(1)
    people = rng.gamma(0.5, 20, 20_000)
    cells = _cells(people, township=rng.choice(["A", "B", "C", ""], 20_000))
    demand = pupils_by_cell(cells, PRIMARY, known_total=449_425)
    pupils = demand.cells[["pupils_primary_lower", "pupils_primary_upper"]]
    assert pupils.to_numpy().sum() == 69_661
    assert pupils["pupils_primary_lower"].sum() == 34_830
    assert pupils.dtypes.tolist() == [np.dtype("int64")] * 2
    assert demand.cells["population"].sum() == pytest.approx(449_425)
    expected = demand.cells["population"] * 0.155
    assert (np.abs(pupils.sum(axis=1) - expected) < 1).all(), "no cell is off by a whole child"
    by_township = expected.groupby(demand.cells["township"]).sum()
    assert (np.abs(pupils.sum(axis=1).groupby(demand.cells["township"]).sum() - by_township) < 1).all()
    county = demand.sheet.set_index("township").loc["*"]
    assert county["factor"] == pytest.approx(449_425 / people.sum())
    assert county["grid_total"] == pytest.approx(people.sum())
    assert "every cell was multiplied by" in str(demand.notices[0])


def test_the_north_of_a_township_does_not_get_all_of_one_band():
    demand = pupils_by_cell(_cells(np.full(1000, 1 / 0.155)), PRIMARY)
    lower = demand.cells["pupils_primary_lower"]
    assert lower.sum() == 500
    assert 230 <= lower.iloc[:500].sum() <= 270


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_bands_make_up_stages_and_totals_whatever_the_ages(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 60))
    cells = _cells(rng.gamma(0.3, 30, n) + 0.01, township=rng.choice(["", "A", "B"], n), in_margin=rng.random(n) < 0.2)
    cells.loc[cells.index[0], "in_margin"] = False
    ages = pd.DataFrame(rng.gamma(0.3, 10, (n, 3)), index=cells.index, columns=["0-7", "8-10", "11-19"])
    stages = {"primary": ((6, 11), None), "junior": ((12, 14), None)}
    demand = pupils_by_cell(cells, stages, ages=ages)
    inside = ~cells["in_margin"]
    lower = ages["0-7"] * 2 / 8 + ages["8-10"] / 3
    upper = ages["8-10"] * 2 / 3 + ages["11-19"] / 9
    for side in (inside, ~inside):
        found = demand.cells[side]
        stage = int(np.floor((lower + upper)[side].sum() + 0.5))
        assert found["pupils_primary_lower"].sum() + found["pupils_primary_upper"].sum() == stage
        assert found["pupils_primary_lower"].sum() == int(np.floor(lower[side].sum() + 0.5))
        assert found["pupils_junior"].sum() == int(np.floor((ages["11-19"][side] * 3 / 9).sum() + 0.5))
    assert (demand.cells[["pupils_primary_lower", "pupils_primary_upper", "pupils_junior"]] >= 0).all(axis=None)
    order = rng.permutation(n)
    again = pupils_by_cell(cells.iloc[order], stages, ages=ages.iloc[order])
    pd.testing.assert_frame_equal(demand.cells, again.cells)


def test_age_groups_by_hand():
    people = pd.Series([100.0], index=["c"])
    ages = pd.DataFrame({"5-9": [50.0], "10–14": [25.0], "20+": [25.0]}, index=["c"])
    expected = expected_pupils(people, {"primary": ((6, 11), 0.9), "junior": ((12, 14), None)}, ages=ages)
    assert expected.loc["c"].to_dict() == pytest.approx({"primary_lower": 30, "primary_upper": 20, "junior": 15})
    one = expected_pupils(people, {"kindergarten": ((6, 6), None)}, ages=pd.DataFrame({"6": [4.0]}, index=["c"]))
    assert one.loc["c", "kindergarten"] == 4


def test_without_age_groups_the_share_counts():
    expected = expected_pupils(pd.Series([100.0]), {"junior": ((12, 14), 0.07)})
    assert expected["junior"].tolist() == pytest.approx([7.0])


@pytest.mark.parametrize(
    ("stages", "groups", "words"),
    [
        ({"junior": ((12, 14), None)}, None, "Give the stage a share"),
        ({"junior": ((12, 14), 0.1)}, ["5-9", "10+"], "lack the ages 12, 13, 14 of stage junior"),
        ({"junior": ((12, 14), None)}, ["10-14", "14-19"], "10-14 and 14-19 both hold the age 14"),
        ({"junior": ((12, 14), None)}, ["teens"], "teens is no age group"),
        ({"junior": ((12, 14), None)}, ["14-10"], "14-10 is no age group"),
    ],
)
def test_what_cannot_be_counted_is_refused(stages, groups, words):
    people = pd.Series([10.0])
    ages = None if groups is None else pd.DataFrame([[1.0] * len(groups)], columns=groups)
    with pytest.raises(SchemaError, match=words):
        expected_pupils(people, stages, ages=ages)


def test_children_across_the_line_are_counted_apart():
    demand = pupils_by_cell(_cells([100, 50], in_margin=[False, True]), {"junior": (None, 0.1)}, known_total=200)
    assert demand.cells["pupils_junior"].tolist() == [20, 10]
    assert demand.sheet["grid_total"].tolist() == [100, 100]


def test_a_county_with_nobody_is_refused():
    for cells in (_cells([0.0]), _cells([5.0], in_margin=[True]), _cells([])):
        with pytest.raises(SchemaError, match="Nobody lives"):
            pupils_by_cell(cells, PRIMARY)


@pytest.mark.parametrize(("factor", "loud"), [(0.49, True), (0.5, False), (1.0, False), (2.0, False), (2.01, True)])
def test_a_factor_beyond_belief_is_loud(factor, loud):
    notice = check_factor(factor, what="")
    assert (notice is not None) == loud
    demand = pupils_by_cell(_cells([1000.0]), PRIMARY, known_total=1000 * factor)
    assert any("Check that the population file shows this place" in str(n) for n in demand.notices) == loud
