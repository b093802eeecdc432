"""Table schemas: every fault at once, with the rows and the headings of the user's own file."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planning.errors import SchemaError
from planning.schemas import CANDIDATES, cells_schema, check_table


def cells(**columns) -> gpd.GeoDataFrame:
    content = {
        "name": ["", "b"],
        "township": ["", ""],
        "population": [1.0, 2.0],
        "pupils_primary_lower": np.array([1, 2], dtype="int64"),
        "in_margin": [False, False],
        **columns,
    }
    return gpd.GeoDataFrame(
        content,
        index=pd.Index(["c1", "c2"], name="cell_id"),
        geometry=[shapely.Point(0, 0), shapely.Point(1, 1)],
        crs=4545,
    )


SCHEMA = cells_schema(("primary_lower",))


def check(table, **options):
    return check_table(table, SCHEMA, file="cells.xlsx", what="cells", **options)


def test_a_right_table_passes_unchanged():
    table = cells()
    assert check(table) is table


def test_all_faults_come_at_once_with_rows_and_headings():
    table = cells(population=[-1.0, 2.0], pupils_primary_lower=np.array([1, -2], dtype="int64"))
    with pytest.raises(SchemaError) as caught:
        check(table, rows=pd.Series([2, 3], index=table.index), headings={"population": "人口"})
    said = str(caught.value)
    assert said.startswith("cells.xlsx: 2 faults in the table of cells.")
    assert "人口: must be 0 or more (row 2: -1)" in said
    assert "pupils_primary_lower: must be 0 or more (row 3: -2)" in said


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (cells().drop(columns="population"), "population: the column is missing"),
        (cells(pupils_primary_lower=[0.5, 1.0]), "is not of the right type"),
        (cells(name=["a", None]), "must not be empty"),
        (cells().set_axis(pd.Index(["c1", "c1"], name="cell_id")), "must not stand twice"),
        (cells().set_geometry([shapely.Point(0, 0), shapely.box(0, 0, 1, 1)], crs=4545), "must be a point"),
    ],
)
def test_each_fault_in_words(table, words):
    with pytest.raises(SchemaError, match=words):
        check(table)


def test_many_bad_rows_are_counted_not_listed():
    table = gpd.GeoDataFrame(
        {"name": "x", "township": "", "why": [None] * 9},
        index=pd.Index([f"N{n}" for n in range(9)], name="candidate_id"),
        geometry=[shapely.Point(n, n) for n in range(9)],
        crs=4545,
    )
    with pytest.raises(SchemaError, match=r"\+4"):
        check_table(table, CANDIDATES, file="f", what="candidates")
