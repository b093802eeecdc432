"""The bureau's village list, alone and over a grid."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

from planning.demand.sheet import check_total
from planning.demand.villages import assign_townships, blend_villages, outside_notice, pupils_by_village
from planning.errors import SchemaError
from planning.schemas import cells_schema
from planning.stages import STAGES

STAGE = {"primary": ((6, 11), 0.1)}
BANDS = ["pupils_primary_lower", "pupils_primary_upper"]


def _villages(rows):
    """Rows of (id, township, people, primary pupils)."""
    ids, townships, people, pupils = zip(*rows, strict=True)
    table = {
        "name": [f"村{i}" for i in ids],
        "township": list(townships),
        "population": pd.array(people, dtype="Float64"),
        **{f"pupils_{stage}": pd.array([pd.NA] * len(ids), dtype="Int64") for stage in STAGES},
    }
    table["pupils_primary"] = pd.array(pupils, dtype="Int64")
    return gpd.GeoDataFrame(
        table,
        index=pd.Index(ids, name="village_id"),
        geometry=gpd.points_from_xy(range(len(ids)), [5] * len(ids)),
        crs=4545,
    )


def _grid(rows):
    """Rows of (id, township, people)."""
    ids, townships, people = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"name": "", "township": list(townships), "population": np.array(people, dtype=float), "in_margin": False},
        index=pd.Index(ids, name="cell_id"),
        geometry=gpd.points_from_xy(range(len(ids)), [0] * len(ids)),
        crs=4545,
    )


def test_townships_by_place_with_the_border_to_the_lowest_id():
    polygons = gpd.GeoDataFrame(
        {"name": ["东乡", "西镇"]}, index=["t2", "t1"], geometry=[box(10, 0, 20, 10), box(0, 0, 10, 10)], crs=4545
    )
    points = gpd.GeoDataFrame(
        index=["a", "b", "c", "d"], geometry=gpd.points_from_xy([5, 15, 10, 99], [5] * 4), crs=4545
    )
    assigned = assign_townships(points, polygons)
    assert assigned.to_dict() == {"a": "西镇", "b": "东乡", "c": "西镇", "d": ""}
    assert assigned.name == "township"
    assert "1 villages lie in no township, the first of them d" in str(outside_notice(assigned, what="villages"))
    assert outside_notice(assigned.iloc[:3], what="villages") is None
    assert assign_townships(points, polygons.iloc[:0]).tolist() == [""] * 4


def test_villages_alone():
    villages = _villages([("v3", "A", 95, None), ("v1", "A", 100, 7), ("v2", "B", None, 30), ("v4", "B", None, None)])
    demand = pupils_by_village(villages, STAGE)
    assert demand.cells[BANDS].sum(axis=1).to_dict() == {"v1": 7, "v2": 30, "v3": 10, "v4": 0}
    assert demand.cells["name"].tolist() == ["村v1", "村v2", "村v3", "村v4"]
    assert [item.item for item in demand.set_aside] == ["村v4"]
    assert demand.set_aside[0].kept
    cells_schema(("primary_lower", "primary_upper")).validate(demand.cells)
    assert demand.sheet.set_index("township")["list_total"].to_dict() == {"*": 195, "A": 195, "B": 0}


def test_listed_pupils_are_never_scaled():
    villages = _villages([("v1", "A", 100, 7), ("v2", "A", 100, None)])
    demand = pupils_by_village(villages, STAGE, known_total=300)
    assert demand.cells[BANDS].sum(axis=1).tolist() == [7, 15]
    assert demand.sheet.loc[0, "factor"] == 1.5
    assert "+" not in str(demand.notices[0])
    assert "a difference of -33.3 %" in str(demand.notices[0])


@pytest.mark.parametrize("pupils", [[7, 7, 7], [1, 0, 2]])
def test_each_village_keeps_its_own_count_though_bands_are_halves(pupils):
    villages = _villages([(f"v{i}", "A", None, n) for i, n in enumerate(pupils)])
    demand = pupils_by_village(villages, STAGE)
    assert demand.cells[BANDS].sum(axis=1).tolist() == pupils


def test_a_list_without_numbers_is_refused():
    with pytest.raises(SchemaError, match=r"villages.xlsx: no village has people or pupils"):
        pupils_by_village(_villages([("v1", "A", None, None)]), STAGE, source="villages.xlsx")


def test_the_list_says_how_many_and_the_grid_says_where():
    grid = _grid([("c1", "A", 30), ("c2", "A", 10), ("c3", "B", 50), ("c4", "C", 100)])
    villages = _villages([("v1", "A", 300, 60), ("v2", "A", 100, 20), ("v3", "B", 100, None)])
    demand = blend_villages(grid, villages, STAGE, known_total=700)
    assert demand.cells["population"].tolist() == [300, 100, 100, 200]
    assert demand.cells[BANDS].sum(axis=1).tolist() == [60, 20, 10, 20]
    sheet = demand.sheet.set_index("township")
    assert sheet["factor"].to_dict() == pytest.approx({"*": 700 / 190, "A": 10, "B": 2, "C": 2})
    assert sheet["source"].to_dict() == {"*": "grid+list", "A": "grid+list", "B": "grid+list", "C": "grid"}
    assert sheet.loc["A", "list_total"] == 400
    assert any("of A had to be multiplied by 10.00" in str(notice) for notice in demand.notices)
    assert not any("difference" in str(notice) for notice in demand.notices)


def test_a_village_without_pupils_takes_its_share_beside_those_listed():
    grid = _grid([("c1", "A", 30), ("c2", "A", 10)])
    demand = blend_villages(grid, _villages([("v1", "A", 300, 60), ("v2", "A", 100, None)]), STAGE)
    assert demand.cells[BANDS].to_numpy().sum() == 70


def test_a_township_with_a_village_of_unknown_people_keeps_the_grid():
    grid = _grid([("c1", "A", 30), ("c2", "A", 10)])
    villages = _villages([("v1", "A", 300, 60), ("v2", "A", None, None)])
    demand = blend_villages(grid, villages, STAGE)
    assert demand.cells["population"].tolist() == [30, 10]
    assert demand.cells[BANDS].to_numpy().sum() == 4
    assert any("such as in A" in str(notice) for notice in demand.notices)


def test_villages_where_the_grid_has_nobody_become_cells():
    grid = _grid([("c1", "A", 30), ("v9", "B", 0)])
    villages = _villages([("v1", "A", 30, 3), ("v9", "B", 100, 11), ("v8", "Z", 50, None)])
    demand = blend_villages(grid, villages, STAGE)
    pupils = demand.cells[BANDS].sum(axis=1)
    assert pupils.to_dict() == {"c1": 3, "v9": 0, "v8": 5, "v9~village": 11}
    assert any("2 villages of villages lie in townships" in str(notice) for notice in demand.notices)
    cells_schema(("primary_lower", "primary_upper")).validate(demand.cells)


def test_pupils_listed_where_the_ages_show_none():
    grid = _grid([("c1", "A", 30), ("c2", "A", 10)])
    ages = pd.DataFrame({"6-11": [0.0, 0.0]}, index=grid.index)
    demand = blend_villages(grid, _villages([("v1", "A", 40, 8)]), STAGE, ages=ages)
    assert demand.cells[BANDS].sum(axis=1).tolist() == [6, 2]


def test_every_listed_pupil_is_kept_whatever_the_order():
    rng = np.random.default_rng(4)
    grid = _grid([(f"c{i:03d}", str(rng.choice(list("ABCD"))), rng.gamma(0.5, 20)) for i in range(200)])
    villages = _villages(
        [
            (f"v{i}", str(rng.choice(list("ABCDE"))), int(rng.integers(50, 900)), int(rng.integers(0, 90)))
            for i in range(40)
        ]
    )
    demand = blend_villages(grid, villages, STAGE)
    assert demand.cells[BANDS].to_numpy().sum() == villages["pupils_primary"].sum()
    by_township = demand.cells[BANDS].sum(axis=1).groupby(demand.cells["township"]).sum()
    assert by_township.to_dict() == villages["pupils_primary"].groupby(villages["township"]).sum().to_dict()
    again = blend_villages(grid.sample(frac=1, random_state=1), villages.sample(frac=1, random_state=2), STAGE)
    pd.testing.assert_frame_equal(again.cells, demand.cells)
    pd.testing.assert_frame_equal(again.sheet, demand.sheet)


@pytest.mark.parametrize(("found", "told"), [(97, False), (103, False), (96.9, True), (103.1, True)])
def test_totals_are_held_against_the_known_one(found, told):
    assert (check_total(found, 100) is not None) == told
