"""Tables, arrays and documents come back as they were, whole or not at all."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planning.errors import SourceError, SourceMissingError
from planning.store import read_arrays, read_document, read_table, write_arrays, write_document, write_table


def test_tables_come_back_with_index_types_and_geometry(tmp_path):
    table = gpd.GeoDataFrame(
        {"name": ["云岚", ""], "seats": pd.array([3, pd.NA], dtype="Int64"), "in_margin": [True, False]},
        index=pd.Index(["a", "b"], name="school_id", dtype="str"),
        geometry=[shapely.Point(1, 2), shapely.Point(3, 4)],
        crs=4545,
    )
    write_table(table, tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet")
    assert isinstance(back, gpd.GeoDataFrame)
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(table))
    assert back.crs == table.crs
    plain = pd.DataFrame({"x": [1.5]}, index=pd.Index([2**40], name="node_id"))
    write_table(plain, tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(read_table(tmp_path / "p.parquet"), plain)
    write_table(table.iloc[:0], tmp_path / "e.parquet")
    assert len(read_table(tmp_path / "e.parquet")) == 0


def test_arrays_come_back_and_objects_are_refused(tmp_path):
    arrays = {"a": np.arange(3, dtype=np.int32), "b": np.array([[np.inf, 1]], dtype=np.float32)}
    write_arrays(arrays, tmp_path / "a.npz")
    back = read_arrays(tmp_path / "a.npz")
    assert set(back) == {"a", "b"}
    for name, values in arrays.items():
        np.testing.assert_array_equal(back[name], values)
        assert back[name].dtype == values.dtype
    np.savez(tmp_path / "evil.npz", a=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path / "evil.npz")


def test_documents_and_their_faults(tmp_path):
    write_document({"name": "云岚", "n": 1.5}, tmp_path / "d.json")
    assert read_document(tmp_path / "d.json") == {"name": "云岚", "n": 1.5}
    (tmp_path / "d.json").write_text("{", "utf-8")
    with pytest.raises(SourceError, match="Run the project again"):
        read_document(tmp_path / "d.json")
    for read in (read_document, read_table, read_arrays):
        with pytest.raises(SourceMissingError, match="no such file"):
            read(tmp_path / "none")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_document({"n": 1}, tmp_path / "d.json")
    with pytest.raises(TypeError):
        write_document({"n": object()}, tmp_path / "d.json")
    bad = pd.DataFrame({"x": [object()]})
    with pytest.raises(Exception, match="object"):
        write_table(bad, tmp_path / "d.json")
    assert read_document(tmp_path / "d.json") == {"n": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["d.json"]
