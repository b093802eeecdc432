"""Known numbers: people and pupils meet them, zeros stay, nobody is lost on the way from list to whole pupils."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.demand.grid import pupils_by_cell
from planning.demand.known import COUNTY, Known, fit_pupils, known_numbers, people_targets
from planning.demand.villages import blend_villages, pupils_by_village
from planning.errors import SchemaError
from planning.stages import STAGES

STAGES_ASKED = {"primary": ((6, 11), 0.1), "junior": ((12, 14), 0.05)}


def _table(rows, **columns):
    """A table of known numbers as the reader gives it."""
    table = pd.DataFrame({name: pd.array(values, dtype="Float64") for name, values in columns.items()}, index=rows)
    return table.assign(name=list(rows), source_row=range(2, len(rows) + 2))


def _cells(townships, people):
    return gpd.GeoDataFrame(
        {"name": "", "township": list(townships), "population": np.asarray(people, dtype=float), "in_margin": False},
        index=pd.Index([f"c{n:03d}" for n in range(len(people))], name="cell_id"),
        geometry=gpd.points_from_xy(range(len(people)), [0] * len(people)),
        crs=4545,
    )


def _villages(townships, people, **columns):
    n = len(people)
    table = {
        "name": [f"村{i}" for i in range(n)],
        "township": list(townships),
        "population": pd.array(people, dtype="Float64"),
        **{f"pupils_{stage}": pd.array([pd.NA] * n, dtype="Int64") for stage in STAGES},
        **{name: pd.array(values, dtype="Int64") for name, values in columns.items()},
        "source_row": range(2, n + 2),
    }
    index = pd.Index([f"v{i:03d}" for i in range(n)], name="village_id")
    return gpd.GeoDataFrame(table, index=index, geometry=gpd.points_from_xy(range(n), [5] * n), crs=4545)


def test_what_the_county_leaves_goes_to_the_grid_alone():
    base = pd.Series({"A": 100.0, "B": 50.0, "C": 50.0, "D": 100.0})
    firm = pd.Series({"A": False, "B": True, "C": False, "D": False})
    known = Known(pd.Series({"A": 120.0, COUNTY: 470.0}))
    assert people_targets(base, firm, known).to_dict() == pytest.approx({"A": 120, "B": 50, "C": 100, "D": 200})
    assert people_targets(base, firm, Known(pd.Series({"A": 120.0}))).to_dict() == {
        "A": 120,
        "B": 50,
        "C": 50,
        "D": 100,
    }
    # nothing is left beside the list: all that is not known is scaled
    tight = people_targets(base, firm, Known(pd.Series({"A": 120.0, COUNTY: 160.0})))
    assert tight.to_dict() == pytest.approx({"A": 120, "B": 10, "C": 10, "D": 20})


def test_people_who_cannot_be_had_are_refused():
    base, firm = pd.Series({"A": 100.0, "B": 0.0}), pd.Series({"A": False, "B": False})
    with pytest.raises(SchemaError, match="B: a number above 0 is known"):
        people_targets(base, firm, Known(pd.Series({"B": 5.0})))
    with pytest.raises(SchemaError, match="Z: a number above 0 is known"):
        people_targets(base, firm, Known(pd.Series({"Z": 5.0})))
    with pytest.raises(SchemaError, match="add up to 120, the county's known number is 110"):
        people_targets(base, firm, Known(pd.Series({"A": 120.0, COUNTY: 110.0})))


def test_totals_of_all_stages_are_divided_by_the_countys_bands():
    cells = _cells("AAABBBCC", [100, 200, 300, 400, 100, 100, 300, 500])
    known = known_numbers(
        _table(
            ["A", "B", "C", COUNTY],
            pupils=[101, 77, 122, None],
            pupils_primary_lower=[None, None, None, 110],
            pupils_primary_upper=[None, None, None, 91],
            pupils_junior=[None, None, None, 99],
        ),
        STAGES_ASKED,
    )
    demand = pupils_by_cell(cells, STAGES_ASKED, known=known)
    pupils = demand.cells.filter(like="pupils_")
    assert pupils.sum().to_dict() == {"pupils_primary_lower": 110, "pupils_primary_upper": 91, "pupils_junior": 99}
    assert pupils.sum(axis=1).groupby(demand.cells["township"]).sum().to_dict() == {"A": 101, "B": 77, "C": 122}


def test_a_band_where_nobody_was_counted_stays_empty():
    expected = pd.DataFrame(
        {"primary_lower": [0.0, 10.0], "primary_upper": [10.0, 10.0], "junior": [5.0, 5.0]}, index=["c1", "c2"]
    )
    where, inside = pd.Series(["A", "B"], index=expected.index), np.array([True, True])
    known = known_numbers(_table(["A", COUNTY], pupils_primary=[20, 50]), STAGES_ASKED)
    fitted = fit_pupils(expected, where, inside, known, STAGES_ASKED)
    assert fitted.loc["c1"].tolist() == pytest.approx([0, 20, 5])
    assert fitted.loc["c2", ["primary_lower", "primary_upper"]].tolist() == pytest.approx([15, 15])
    nowhere = known_numbers(_table(["Z"], pupils_junior=[3]), STAGES_ASKED)
    with pytest.raises(SchemaError, match="Z: a number above 0 is known"):
        fit_pupils(expected, where, inside, nowhere, STAGES_ASKED)
    wrong = known_numbers(_table(["A"], pupils_primary_lower=[3], pupils_primary_upper=[3]), STAGES_ASKED)
    with pytest.raises(SchemaError, match=r"A \(primary_lower\): a number above 0 is known"):
        fit_pupils(expected, where, inside, wrong, STAGES_ASKED)


def test_cells_across_the_line_are_not_fitted():
    expected = pd.DataFrame(
        {"primary_lower": [10.0, 10.0], "primary_upper": [10.0, 10.0], "junior": 0.0}, index=["c1", "c2"]
    )
    known = known_numbers(_table(["A"], pupils_primary=[40]), STAGES_ASKED)
    fitted = fit_pupils(expected, pd.Series("A", index=expected.index), np.array([True, False]), known, STAGES_ASKED)
    assert fitted["primary_lower"].tolist() == [20, 10]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_pupils_are_conserved_from_list_to_whole_pupils(seed):
    """List -> blend -> fit -> whole pupils: every known number is met to the last child, whatever the order of rows."""
    rng = np.random.default_rng(seed)
    names = list("ABCD")
    cells = _cells(rng.permutation(names * 6), rng.gamma(0.5, 100, 24) + 1)
    grades = {f"grade_{n}": rng.integers(1, 60, 6) for n in range(1, 10)}
    villages = _villages(rng.choice(["A", "B"], 6), rng.integers(200, 900, 6), **grades)
    listed = pd.DataFrame(grades, index=villages.index)
    blended = blend_villages(cells, villages, STAGES_ASKED)
    for name in villages["township"].unique():
        there = blended.cells[blended.cells["township"] == name]
        of_list = listed[villages["township"] == name].sum()
        assert there["pupils_primary_lower"].sum() == of_list.iloc[:3].sum()
        assert there["pupils_primary_upper"].sum() == of_list.iloc[3:6].sum()
        assert there["pupils_junior"].sum() == of_list.iloc[6:].sum()
    assert (blended.by_band.set_index(["township", "band"]).loc[COUNTY, "pupils"].drop("primary").sum()
            == blended.cells.filter(like="pupils_").to_numpy().sum())  # fmt: skip

    rows = rng.integers(200, 900, 4)
    lower = int(rng.integers(rows.sum() // 4, rows.sum() // 2))
    known = known_numbers(
        _table(
            [*names, COUNTY],
            population=[*(rows * 10), None],
            pupils_primary=[*rows, None],
            pupils_primary_lower=[*[None] * 4, lower],
            pupils_primary_upper=[*[None] * 4, int(rows.sum()) - lower],
            pupils_junior=[57, None, None, None, 400],
        ),
        STAGES_ASKED,
    )
    for demand in (
        pupils_by_cell(cells, STAGES_ASKED, known=known),
        blend_villages(cells, villages, STAGES_ASKED, known=known),
    ):
        found = demand.cells.groupby("township")
        primary = found["pupils_primary_lower"].sum() + found["pupils_primary_upper"].sum()
        assert primary.tolist() == rows.tolist()
        assert demand.cells["pupils_primary_lower"].sum() == lower
        assert found["pupils_junior"].sum()["A"] == 57
        assert demand.cells["pupils_junior"].sum() == 400
        np.testing.assert_allclose(found["population"].sum(), rows * 10, rtol=1e-9)
    order = rng.permutation(len(cells))
    again = blend_villages(cells.iloc[order], villages.iloc[::-1], STAGES_ASKED, known=known)
    pd.testing.assert_frame_equal(again.cells, demand.cells)
    pd.testing.assert_frame_equal(again.by_band, demand.by_band)


def test_a_list_alone_is_scaled_to_known_pupils_and_says_so():
    villages = _villages("AAB", [100, 300, 200], pupils_primary=[10, 30, 20], pupils_junior=[5, 5, 5])
    known = known_numbers(_table(["A", COUNTY], population=[500, 800], pupils_primary=[50, None]), STAGES_ASKED)
    demand = pupils_by_village(villages, STAGES_ASKED, known=known)
    assert demand.cells["population"].tolist() == pytest.approx([125, 375, 300])
    assert demand.cells.filter(like="pupils_primary").sum(axis=1).tolist() == [13, 37, 20]
    sheet = demand.sheet.set_index("township")
    assert sheet["factor"].to_dict() == pytest.approx({COUNTY: 800 / 600, "A": 1.25, "B": 1.5})
    bands = demand.by_band.set_index(["township", "band"])
    assert bands.loc[("A", "primary"), ["list_pupils", "known_pupils", "pupils"]].tolist() == [40, 50, 50]
    assert bands.loc[("A", "primary"), "factor"] == pytest.approx(1.25)


def test_a_list_of_pupils_without_people_says_that_known_people_were_not_used():
    villages = _villages("AB", [None, None], pupils_primary=[10, 30], pupils_junior=[5, 5])
    demand = pupils_by_village(villages, STAGES_ASKED, known_total=100)
    assert "no village has a number of people" in str(demand.notices[0])
    assert demand.cells["pupils_junior"].tolist() == [5, 5]


def test_all_pupils_are_no_fewer_than_those_of_the_stages():
    table = _table(["A", "B"], pupils=[100, 100], pupils_primary=[60, 80], pupils_junior=[30, 30])
    with pytest.raises(SchemaError, match=r"pupils: 100, but its stages add up to 110 \(row 3, B\)"):
        known_numbers(table, STAGES_ASKED)
    known = known_numbers(table.iloc[:1], STAGES_ASKED)  # ten more attend stages that are not asked about
    demand = pupils_by_cell(_cells("AB", [1000, 500]), STAGES_ASKED, known=known)
    assert demand.cells.filter(like="pupils_").sum(axis=1).tolist() == [90, 75]


def test_more_of_a_band_than_of_its_stage_is_refused():
    table = _table(["A", "B"], pupils_primary=[60, 80], pupils_primary_lower=[61, None])
    with pytest.raises(SchemaError, match=r"Primary school: 60, but its grades add up to 61 \(row 2, A\)"):
        known_numbers(table, STAGES_ASKED)


@pytest.mark.parametrize("seed", [11130, 499895, 612539, 63945, 115])
def test_known_numbers_are_met_in_draws_that_were_once_missed(seed):
    assert _told_comes_back(seed)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_part_of_the_truth_is_known_is_met(seed):
    assert _told_comes_back(seed)


def _told_comes_back(seed: int) -> bool:
    """A table of whole pupils is drawn, a part of it told: what was told comes back to the last child."""
    rng = np.random.default_rng(seed)
    names, bands = list("ABCD"), ["primary_lower", "primary_upper", "junior"]
    truth = pd.DataFrame(rng.integers(1, 300, (4, 3)), index=names, columns=bands)
    truth.loc[COUNTY] = truth.sum()
    truth["primary"] = truth["primary_lower"] + truth["primary_upper"]
    told = truth.where(rng.random(truth.shape) < 0.5).add_prefix("pupils_")
    cells = _cells(names + list(rng.choice(names, 12)), rng.gamma(0.7, 100, 16) + 0.5)
    known = known_numbers(_table(list(told.index), **told.to_dict("list")), STAGES_ASKED)
    demand = pupils_by_cell(cells, STAGES_ASKED, known=known)
    found = demand.by_band.pivot(index="township", columns="band", values="pupils").loc[truth.index, truth.columns]
    here = told.notna().to_numpy()
    return bool((found.to_numpy()[here] == truth.to_numpy()[here]).all())


def test_a_grade_that_is_not_known_leaves_its_band_open():
    table = _table(["A", COUNTY], grade_1=[10, None], grade_2=[10, None], grade_3=[10, None], grade_4=[9, None])
    known = known_numbers(table.assign(pupils_primary=pd.array([75, None], dtype="Float64")), STAGES_ASKED)
    assert known.pupils_of("A", "primary_lower") == 30
    assert np.isnan(known.pupils_of("A", "primary_upper"))
    assert known.pupils_of("A", "primary") == 75
    demand = pupils_by_cell(_cells("AAB", [100, 300, 200]), STAGES_ASKED, known=known)
    found = demand.cells.groupby("township")[["pupils_primary_lower", "pupils_primary_upper"]].sum()
    assert found.loc["A"].tolist() == [30, 45]
    assert found.loc["B"].tolist() == [10, 10]
    with pytest.raises(SchemaError, match=r"(?s)faults in the table of known numbers.*75, but its grades add up to 80"):
        known_numbers(table.assign(grade_5=[20, None], grade_6=[21, None], pupils_primary=[75, None]), STAGES_ASKED)


def test_a_township_whose_pupils_alone_are_listed_rests_on_the_list_too():
    cells = _cells("AAB", [100, 300, 200])
    demand = blend_villages(cells, _villages("A", [None], pupils_primary=[66]), STAGES_ASKED)
    sheet = demand.sheet.set_index("township")
    assert sheet["source"].to_dict() == {COUNTY: "grid+list", "A": "grid+list", "B": "grid"}
    assert np.isnan(sheet.loc["A", "list_total"])
    bands = demand.by_band.set_index(["township", "band"])
    assert bands.loc[("A", "primary"), ["grid_pupils", "list_pupils", "pupils"]].tolist() == [40, 66, 66]
    assert np.isnan(bands.loc[("B", "primary"), "list_pupils"])
    assert bands.loc[("A", "primary"), "factor"] == pytest.approx(1.65)


def test_a_list_that_names_the_people_of_both_areas_shows_their_exchange_as_well():
    cells = _cells("AABBC", [10, 20, 400, 500, 100])
    demand = blend_villages(cells, _villages("ABC", [910, 31, 100]), STAGES_ASKED)
    assert str(demand.notices[0]).startswith("The population file gives A the people of B and the reverse")
    people = demand.cells["population"].groupby(demand.cells["township"]).sum()
    assert people.to_dict() == pytest.approx({"A": 910, "B": 31, "C": 100})
