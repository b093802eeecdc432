"""From the population sources of a project to cells: lists, grids and known numbers together."""

from __future__ import annotations

import shutil

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pyproj
import pytest
import rasterio
import rasterio.features
import shapely
import yaml
from affine import Affine

from planning.config import Project, load_project
from planning.errors import SchemaError, SourceError
from planning.scenario.people import count_people
from planning.scenario.prepare import prepare
from planning.scenario.told import Told

CRS = pyproj.CRS.from_epsg(4545)
WEST, NORTH = 400_000.0, 3_060_000.0
#: Three islands side by side, each 10 × 10 cells of 100 m.
NAMES = ("大岛", "中岛", "小岛")
PEOPLE = {"大岛": 40_000, "中岛": 25_000, "小岛": 5_000}


def islands() -> gpd.GeoDataFrame:
    boxes = [shapely.box(WEST + 1000 * i, NORTH - 1000, WEST + 1000 * (i + 1), NORTH) for i in range(3)]
    return gpd.GeoDataFrame({"name": NAMES}, index=["t1", "t2", "t3"], geometry=boxes, crs=CRS)


def write_raster(path, totals) -> None:
    """Spread each island's people over its cells, unevenly."""
    rng = np.random.default_rng(3)
    parts = [rng.gamma(0.5, 1, (10, 10)) for _ in totals]
    values = np.hstack([part / part.sum() * total for part, total in zip(parts, totals, strict=True)])
    with rasterio.open(
        path, "w", driver="GTiff", height=10, width=30, count=1, dtype="float64", crs="EPSG:4545",
        transform=Affine(100, 0, WEST, 0, -100, NORTH),
    ) as raster:  # fmt: skip
        raster.write(values, 1)


def write_table(path, *rows) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


def count(folder, **population):
    project = Project.model_validate(
        {
            "name": "Islands",
            "language": "en",
            "roads": {"file": "r.osm.pbf"},
            "population": population,
            "schools": {"file": "s.xlsx"},
            "stages": {"primary": {"ages": [6, 11], "share": 0.1}, "junior": {"ages": [12, 14], "share": 0.05}},
            "folder": folder,
        }
    )
    towns, told = islands(), Told([], [])
    demand, _ = count_people(project, CRS, shapely.union_all(towns.geometry), towns, told)
    return demand, [str(notice) for notice in told.notices]


def pupils_by(demand, band="primary_lower"):
    return demand.cells[f"pupils_{band}"].groupby(demand.cells["township"]).sum().to_dict()


def test_two_islands_with_each_others_people_are_told_first_and_scaled(tmp_path):
    write_raster(tmp_path / "p.tif", [PEOPLE["中岛"], PEOPLE["大岛"], PEOPLE["小岛"]])
    write_table(tmp_path / "known.xlsx", ["乡镇", "常住人口"], *PEOPLE.items(), ["全县", 70_000])
    demand, said = count(tmp_path, file="p.tif", known="known.xlsx")
    assert said[0].startswith("The population file gives 中岛 the people of 大岛 and the reverse")
    assert "get a corrected file" in said[0]
    assert "中岛 has 40000 by the file and 25000 by the known numbers, 大岛 has 25000 and 40000" in said[0]
    sheet = demand.sheet.set_index("township")
    assert sheet.loc[list(NAMES), "known_total"].tolist() == list(PEOPLE.values())
    assert sheet.loc[list(NAMES), "factor"].tolist() == pytest.approx([1.6, 0.625, 1])
    assert sheet.loc["*", ["grid_total", "known_total", "factor"]].tolist() == pytest.approx([70_000, 70_000, 1])
    people = demand.cells["population"].groupby(demand.cells["township"]).sum()
    assert people.to_dict() == pytest.approx(PEOPLE)
    assert demand.cells.filter(like="pupils_primary").to_numpy().sum() == 7000


def test_a_file_that_is_merely_old_is_not_called_exchanged(tmp_path):
    write_raster(tmp_path / "p.tif", [44_000, 27_000, 5_600])
    write_table(tmp_path / "known.xlsx", ["乡镇", "常住人口"], *PEOPLE.items())
    demand, said = count(tmp_path, file="p.tif", known="known.xlsx")
    assert not any("reverse" in sentence for sentence in said)
    assert any("scaled to the known numbers of 3 townships, 70000 in all" in sentence for sentence in said)
    assert demand.cells["population"].sum() == pytest.approx(70_000)


def test_list_grid_and_known_numbers_are_combined_and_shown(tmp_path):
    """The bureau's Excel list by grade covers one island, the grid the others, the known table holds for all."""
    write_raster(tmp_path / "p.tif", PEOPLE.values())
    lon, lat = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform(WEST + 500, NORTH - 500)
    grades = ["一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级"]
    write_table(
        tmp_path / "villages.xlsx",
        ["大岛村级学龄儿童统计表"],
        ["村名", "所属乡镇", "经度", "纬度", "常住人口", *grades, "随迁子女", "在镇寄宿"],
        ["东村", "大岛", lon, lat, 20_000, 300, 301, 302, 303, 304, 305, 200, 210, 220, 12, 30],
        ["西村", "大岛", lon + 0.001, lat, 16_000, 250, 250, 250, 250, 250, 250, 180, 180, 180, 3, 40],
    )
    write_table(
        tmp_path / "known.xlsx",
        ["乡镇", "常住人口", "小学", "初中"],
        ["大岛", 40_000, 3_400, None],
        ["小岛", 5_500, 500, 260],
        ["合计", 71_000, 7_100, 3_500],
    )
    demand, said = count(tmp_path, file="p.tif", villages="villages.xlsx", known="known.xlsx")
    sheet = demand.sheet.set_index("township")
    big = sheet.loc["大岛"]
    assert big[["source", "grid_total", "list_total", "known_total"]].tolist() == ["grid+list", 40_000, 36_000, 40_000]
    assert big["factor"] == pytest.approx(1)
    assert sheet.loc["小岛", "factor"] == pytest.approx(1.1)
    assert sheet.loc["中岛", "factor"] == pytest.approx((71_000 - 45_500) / 25_000)
    assert sheet.loc["大岛", ["incoming", "town_boarders"]].tolist() == [15, 70]
    bands = demand.by_band.set_index(["township", "band"])
    assert bands.loc[("大岛", "primary_lower"), "list_pupils"] == 300 + 301 + 302 + 750
    assert bands.loc[("大岛", "primary_upper"), "list_pupils"] == 303 + 304 + 305 + 750
    assert bands.loc[("大岛", "primary"), ["known_pupils", "pupils"]].tolist() == [3400, 3400]
    assert bands.loc[("小岛", "junior"), ["known_pupils", "pupils"]].tolist() == [260, 260]
    assert bands.loc[("*", "primary"), "pupils"] == 7100
    assert bands.loc[("*", "junior"), "pupils"] == 3500
    assert bands.loc[("大岛", "primary_lower"), "pupils"] == round(3400 * 1653 / 3315)
    assert any("15 incoming children" in sentence for sentence in said)
    assert any("70 pupils board in town" in sentence for sentence in said)
    for (name, band), row in bands.iterrows():
        base = row["grid_pupils"]
        assert row["factor"] * base == pytest.approx(row["pupils"], abs=1), (name, band)


def test_known_pupils_by_grade_band_with_zeros_kept(tmp_path):
    write_raster(tmp_path / "p.tif", PEOPLE.values())
    write_table(
        tmp_path / "known.xlsx",
        ["乡镇", "一年级", "二年级", "三年级", "四年级", "五年级", "六年级"],
        ["大岛", 700, 690, 680, 670, 660, 650],
        ["中岛", 0, 0, 0, 410, 420, 430],
        [None, 1000, 980, 950, 1200, 1200, 1200],
    )
    demand, _ = count(tmp_path, file="p.tif", known="known.xlsx")
    assert pupils_by(demand) == {"大岛": 2070, "中岛": 0, "小岛": 2930 - 2070}
    assert pupils_by(demand, "primary_upper") == {"大岛": 1980, "中岛": 1260, "小岛": 3600 - 1980 - 1260}


def test_faults_of_the_known_table_come_all_at_once(tmp_path):
    write_raster(tmp_path / "p.tif", PEOPLE.values())
    write_table(
        tmp_path / "known.xlsx",
        ["乡镇", "常住人口", "小学"],
        ["大岛", "四万", 1],
        ["中岛", 5, -1],
        ["小島", 5, 1],
        ["中岛", 6, 1],
    )
    with pytest.raises(SourceError) as refused:
        count(tmp_path, file="p.tif", known="known.xlsx")
    assert [str(fault) for fault in refused.value.faults] == [
        "常住人口: text in a number: '四万' (row 2). Write a number, or leave the cell empty if it is not known.",
        "小学: must be 0 or more: -1 (row 3).",
        "中岛 stands in rows 3, 5. Keep one of them.",
        "小島 is no township of the county (row 4). Is it 小岛?",
    ]


def test_known_numbers_that_contradict_each_other_are_refused(tmp_path):
    write_raster(tmp_path / "p.tif", PEOPLE.values())
    write_table(tmp_path / "known.xlsx", ["乡镇", "常住人口"], *PEOPLE.items(), ["合计", 80_000])
    with pytest.raises(SchemaError, match=r"people: the townships add up to 70000, the county's known number is 80000"):
        count(tmp_path, file="p.tif", known="known.xlsx")
    with pytest.raises(SchemaError, match=r"known_total is 60000, the county's row of known.xlsx says 80000"):
        count(tmp_path, file="p.tif", known="known.xlsx", known_total=60_000)


def test_an_exchange_is_told_by_the_whole_preparation(tmp_path, demo_folder):
    """The demo county's raster with two townships' people exchanged, held against the true numbers."""
    for name in ("boundary.gpkg", "roads.osm.pbf", "schools.xlsx"):
        shutil.copyfile(demo_folder / name, tmp_path / name)
    towns = pyogrio.read_dataframe(demo_folder / "boundary.gpkg", layer="townships")
    with rasterio.open(demo_folder / "population.tif") as raster:
        values, profile = raster.read(1).astype("float64"), raster.profile
        inside = [
            rasterio.features.geometry_mask([shape], values.shape, raster.transform, invert=True)
            for shape in towns.to_crs(raster.crs).geometry
        ]
        values[values == raster.nodata] = 0
    true = [float(values[mask].sum()) for mask in inside]
    order = np.argsort(true)
    least, most = int(order[0]), int(order[-1])
    for here, there in ((least, most), (most, least)):
        values[inside[here]] *= true[there] / true[here]
    profile.update(count=1, dtype="float64", nodata=None)
    with rasterio.open(tmp_path / "population.tif", "w", **profile) as raster:
        raster.write(values, 1)
    write_table(tmp_path / "known.xlsx", ["乡镇", "常住人口"], *zip(towns["name"], map(round, true), strict=True))
    content = {
        "name": "Yunlan",
        "language": "en",
        "boundary": "boundary.gpkg",
        "roads": {"file": "roads.osm.pbf"},
        "population": {"file": "population.tif", "known": "known.xlsx"},
        "schools": {"file": "schools.xlsx"},
        "stages": {"primary": {"share": 0.08}},
    }
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(content), "utf-8")
    county = prepare(load_project(tmp_path))
    a, b = sorted([towns["name"][least], towns["name"][most]])
    said = [str(notice) for notice in county.notices]
    told = [sentence for sentence in said if f"gives {a} the people of {b} and the reverse" in sentence]
    assert len(told) == 1
    assert not any("without effect" in sentence and "population.known" in sentence for sentence in said)
    assert "known.xlsx" in county.hashes
    people = county.cells["population"].groupby(county.cells["township"]).sum()
    assert people[towns["name"]].tolist() == pytest.approx([round(n) for n in true])
    assert set(county.demand_by_band["township"]) >= {"*", *towns["name"]}
