"""Schools out of tables as bureaus keep them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

from planning.errors import PlanningError, SourceError
from planning.schemas import SCHOOLS
from planning.sources.schools import read_schools, schools_from_osm
from planning.stages import STAGES

CRS = pyproj.CRS.from_epsg(4545)
HEADINGS = [
    "学校代码",
    "学校名称",
    "办学类型",
    "城乡类型",
    "所属乡镇",
    "办别",
    "经度",
    "纬度",
    "学位数",
    "在校生数",
    "寄宿床位数",
    "是否保护",
    "备注",
]
HOSTILE = "<img src=x onerror=alert(1)>"


def row(code, name, kind="小学", lon=107.0, lat=27.0, seats=None, pupils=None, **more):
    values = {"locale": "乡村", "township": "龙潭镇", "ownership": "公办", "beds": None, "protected": "否"} | more
    return [
        code,
        name,
        kind,
        values["locale"],
        values["township"],
        values["ownership"],
        lon,
        lat,
        seats,
        pupils,
        values["beds"],
        values["protected"],
        None,
    ]


@pytest.fixture
def write(tmp_path):
    def make(rows, headings=HEADINGS, name="schools.xlsx"):
        book = openpyxl.Workbook()
        for cells in [["云岚县学校基本情况表"], headings, *rows]:
            book.active.append(cells)
        book.save(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def county():
    x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(107.0, 27.0)
    return shapely.box(x - 20_000, y - 20_000, x + 20_000, y + 20_000)


def test_a_bureaus_table(write, county):
    path = write(
        [
            row("5201", "龙潭镇中心小学", lon=107.01, seats=480, pupils=501, beds=30, protected="是", locale="镇区"),
            row("5202", "云岚县第一中学", "完全中学", lon=107.02, seats=1000, ownership="民办"),
            row("5203", "青溪学校", "九年一贯制学校", lon=107.03, seats=900, pupils="1,000人"),
            row("5204", HOSTILE, "教学点", lon=107.04),
            row("5205", "县特教学校", "特殊教育学校", lon=107.05, seats="—"),
        ]
    )
    read = read_schools(path, crs=CRS, boundary=county)
    schools = read.schools
    SCHOOLS.validate(schools)
    assert schools.crs == CRS
    assert list(schools.index) == ["5201", "5202", "5203", "5204", "5205"]
    assert list(schools["kind"]) == ["primary", "secondary", "nine_year", "teaching_point", "special"]
    assert list(schools["locale"]) == ["town", *["village"] * 4]
    assert list(schools["ownership"]) == ["public", "private", "public", "public", "public"]
    assert list(schools["protected"]) == [True, False, False, False, False]
    assert list(schools["source_row"]) == [3, 4, 5, 6, 7]
    assert schools["seats_primary"].tolist() == [480, pd.NA, 600, pd.NA, pd.NA]
    assert schools.loc["5202", ["seats_junior", "seats_senior"]].tolist() == [500, 500]
    assert schools.loc["5203", ["pupils_primary", "pupils_junior"]].tolist() == [667, 333]
    assert schools.loc["5201", "beds"] == 30
    assert schools.loc["5204", "name"] == HOSTILE
    assert read.mapping["seats"] == "学位数"
    assert read.set_aside == ()
    told = "\n".join(map(str, read.notices))
    assert "seats of 2 of 5 schools are not known" in told
    assert "学位数: 2 schools of several stages" in told
    assert "备注" not in told


def test_a_column_for_each_stage_wins_over_a_single_one(write):
    path = write(
        [
            ["甲", "九年一贯制学校", 107, 27, 900, 500, None],
            ["乙", "小学", 107.1, 27, 300, None, 0],
            ["丙小学", None, 107.2, 27, None, 5, 7],
        ],
        headings=["校名", "类型", "lon", "lat", "学位数", "小学学位数", "初中学位数"],
    )
    read = read_schools(path, crs=CRS)
    by_name = read.schools.set_index("name")
    assert by_name["seats_primary"].to_dict() == {"甲": 500, "乙": 300, "丙小学": 5}
    assert by_name["seats_junior"].isna().to_dict() == {"甲": True, "乙": True, "丙小学": False}
    assert "does not have" in str(next(a.reason for a in read.set_aside if a.item == "丙小学"))


def test_places_of_a_special_school_are_special_whatever_the_form_calls_them(write):
    rows = [
        ["甲", "特殊教育学校", 107, 27, 90, 45],
        ["乙", "特殊教育学校", 107.1, 27, None, None],
        ["丙", "小学", 107.2, 27, 10, 0],
    ]
    path = write(rows, headings=["校名", "类型", "lon", "lat", "小学学位数", "初中学位数"])
    read = read_schools(path, crs=CRS)
    by_name = read.schools.set_index("name")
    assert by_name["seats_special"].fillna(-1).to_dict() == {"甲": 135, "乙": -1, "丙": -1}
    assert by_name["seats_primary"].fillna(-1).to_dict() == {"甲": -1, "乙": -1, "丙": 10}
    assert by_name["seats_junior"].isna().all()
    assert read.set_aside == ()


def test_only_a_location_is_required_and_the_order_of_rows_changes_nothing(write):
    points = [(107.0 + i / 100, 27.0, f"校{i % 3}") for i in range(9)]
    headings = ["经度", "纬度", "名称"]
    first = read_schools(write(points, headings), crs=CRS, kind="primary").schools
    second = read_schools(write(points[::-1], headings), crs=CRS, kind="primary").schools
    assert first.drop(columns="source_row").equals(second.drop(columns="source_row"))
    assert first.index.is_unique
    alone = read_schools(write([p[:2] for p in points], headings[:2]), crs=CRS, kind="junior").schools
    assert set(alone["kind"]) == {"junior"}
    assert set(alone["name"]) == {""}
    assert alone.index.is_unique
    assert alone[[f"seats_{stage}" for stage in STAGES]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("word", "name", "default", "kind"),
    [
        ("完全小学", "甲", None, "primary"),
        ("教学点", "乙小学", None, "teaching_point"),
        ("Nine-Year School", "x", None, "nine_year"),
        ("高级中学", "x", "primary", "senior"),
        (None, "龙潭镇大坝村教学点", "primary", "teaching_point"),
        (None, "云岚县第三中学", None, "junior"),
        (None, "云岚县第三中学", "secondary", "secondary"),
        (None, "北京师范大学附属小学", None, "primary"),
        (None, "机关幼儿园", None, "kindergarten"),
        (None, "新星学校", "nine_year", "nine_year"),
        (None, "Collège de Chézani", "primary", "junior"),
        ("怪词", "新星小学", None, "primary"),
    ],
)
def test_the_kind_comes_from_the_word_then_the_name_then_the_project(write, word, name, default, kind):
    path = write([[name, word, 107, 27]], headings=["名称", "办学类型", "经度", "纬度"])
    read = read_schools(path, crs=CRS, kind=default)
    assert list(read.schools["kind"]) == [kind]
    assert [aside.kept for aside in read.set_aside] == ([True] if word == "怪词" else [])


def test_what_is_no_school_for_children_is_set_aside(write):
    names = ["云岚大学", "平安驾校", "县成人学校", "金色音乐学校", "龙潭小学"]
    read = read_schools(write([[n, 107 + i / 100, 27] for i, n in enumerate(names)], ["名称", "经度", "纬度"]), crs=CRS)
    assert list(read.schools["name"]) == ["龙潭小学"]
    assert [(aside.item, aside.row, aside.kept) for aside in read.set_aside] == [
        (n, i + 3, False) for i, n in enumerate(names[:4])
    ]


def test_every_fault_of_the_file_comes_at_once(write):
    path = write(
        [
            row("1", "甲小学", seats="三百"),
            row("2", "海上小学", lon=0, lat=0),
            row("3", "反了小学", lon=27.0, lat=107.0),
            row("4", "新星学校", "不知道"),
            row("5", "乙小学", lon="东边"),
            row("6", "丙小学", protected="也许"),
            row("6", "丁小学", lon=107.2),
        ]
    )
    with pytest.raises(SourceError) as refused:
        read_schools(path, crs=CRS)
    said = str(refused.value)
    assert said.startswith("schools.xlsx: 7 faults in the table of schools.")
    for words in (
        "学位数: text in a number: '三百' (row 3)",
        "row 4 (海上小学): the coordinates are 0, 0, a place in the Atlantic",
        "row 5 (反了小学): longitude and latitude seem exchanged",
        "row 6 (新星学校): the kind of school is not clear (不知道)",
        "经度: text in a number: '东边' (row 7)",
        "是否保护: 也许 (row 8) is not known",
        "the code 6 stands in rows 8, 9 (丙小学, 丁小学)",
    ):
        assert words in said


@pytest.mark.parametrize("gone", ["经度", "纬度"])
def test_a_missing_column_is_named_with_the_headings_there_are(write, gone):
    at = HEADINGS.index(gone)
    cells = row("1", "甲小学")
    path = write([cells[:at] + cells[at + 1 :]], headings=[h for h in HEADINGS if h != gone])
    with pytest.raises(
        SourceError,
        match=r"schools.xlsx: the column (longitude \(lon\)|latitude \(lat\)) is missing. Row 2 has the headings 学校代码.*mapping",
    ):
        read_schools(path, crs=CRS)


def test_a_mapping_names_a_heading_that_is_not_known(write):
    path = write([["甲小学", 107, 27, 88]], headings=["名称", "东西向", "南北向", "坑位"])
    mapping = {"lon": "东西向", "lat": "南北向", "seats": "坑位"}
    read = read_schools(path, crs=CRS, mapping=mapping)
    assert read.schools["seats_primary"].tolist() == [88]
    assert {ours: read.mapping[ours] for ours in mapping} == mapping


def test_duplicates_and_neighbours(write, county):
    path = write(
        [
            row("", "甲小学", lon=107.0),
            row("", "甲小学", lon=107.0),
            row("", "甲小学", lon=107.0003),
            row("", "乙初级中学", "初级中学", lon=107.0),
            row("", "丙小学", lon=None),
            row("", "邻县小学", lon=107.25),
            row("", "远小学", lon=107.5),
        ]
    )
    read = read_schools(path, crs=CRS, boundary=county, margin_m=6_000)
    assert sorted(read.schools["name"]) == ["乙初级中学", "甲小学", "甲小学", "邻县小学"]
    assert read.schools.set_index("name")["in_margin"].to_dict() == {
        "甲小学": False,
        "乙初级中学": False,
        "邻县小学": True,
    }
    said = {(aside.row, aside.kept): str(aside.reason) for aside in read.set_aside}
    assert said[4, False] == "stands twice in the table; counted once"
    assert said[7, False].startswith("has no coordinates")
    assert said[9, False].startswith("lies 29")
    kept = [str(aside.reason) for aside in read.set_aside if aside.kept]
    assert any("30 m from a school of the same name" in reason for reason in kept)
    assert any("at the very point of" in reason for reason in kept)


def test_shifted_coordinates_land_where_they_belong(write):
    path = write([["甲小学", 121.531541859215, 31.17530398364597]], headings=["名称", "经度", "纬度"])
    crs = pyproj.CRS.from_epsg(4549)
    point = read_schools(path, crs=crs, coordinates="gcj02").schools.to_crs(4326).geometry.iloc[0]
    assert (point.x, point.y) == (pytest.approx(121.5272106, abs=1e-5), pytest.approx(31.1774276, abs=1e-5))


def test_a_gbk_shapefile_without_cpg_and_other_layers(tmp_path):
    table = gpd.GeoDataFrame(
        {"校名": ["龙潭小学", "青溪小学"], "学位数": [100, 200]},
        geometry=[shapely.Point(107, 27), shapely.Point(107.1, 27)],
        crs=4490,
    )
    pyogrio.write_dataframe(table, tmp_path / "s.shp", encoding="GBK")
    (tmp_path / "s.cpg").unlink(missing_ok=True)
    pyogrio.write_dataframe(table.to_crs(4523), tmp_path / "s.gpkg")
    areas = table.to_crs(4545).set_geometry(table.to_crs(4545).buffer(50))
    areas.to_crs(4326).to_file(tmp_path / "s.geojson")
    seen = [read_schools(tmp_path / name, crs=CRS) for name in ("s.shp", "s.gpkg", "s.geojson")]
    for read in seen:
        assert sorted(read.schools["name"]) == ["青溪小学", "龙潭小学"]
        assert sorted(read.schools["seats_primary"]) == [100, 200]
        xy = read.schools.sort_values("name").get_coordinates().to_numpy()
        assert np.abs(xy - seen[0].schools.sort_values("name").get_coordinates().to_numpy()).max() < 1.0
    assert "are no points" in " ".join(map(str, seen[2].notices))


def test_osm_schools_take_the_same_form(county):
    x, y = shapely.get_coordinates(county.centroid)[0]
    table = gpd.GeoDataFrame(
        {
            "name": ["甲幼儿园", "", "乙", "丙"],
            "amenity": ["kindergarten", "school", "school", "school"],
            "isced_level": ["", "1;2", "", "3"],
            "capacity": pd.array([90, 900, None, None], dtype="Int64"),
            "operator_type": ["private", "public", "", ""],
        },
        index=pd.Index([f"way/{i}" for i in range(4)], name="osm_id"),
        geometry=[shapely.Point(x + i * 10_500, y) for i in range(4)],
        crs=CRS,
    )
    read = schools_from_osm(table, boundary=county, margin_m=1_500, kind="primary")
    SCHOOLS.validate(read.schools)
    assert read.schools["kind"].to_dict() == {"way/0": "kindergarten", "way/1": "nine_year", "way/2": "primary"}
    assert read.schools.loc["way/0", "seats_kindergarten"] == 90
    assert read.schools.loc["way/1", ["seats_primary", "seats_junior"]].tolist() == [600, 300]
    assert read.schools["in_margin"].tolist() == [False, False, True]
    assert [aside.item for aside in read.set_aside] == ["丙"]


@pytest.mark.shared_data
def test_grande_comore(shared_data):
    read = read_schools(
        shared_data / "ngazidja" / "ngazidja_osm_schools.csv", crs=pyproj.CRS.from_epsg(32738), kind="primary"
    )
    left_out = [aside.item for aside in read.set_aside if not aside.kept]
    assert len(read.schools) + len(left_out) == 69
    assert left_out == [
        "Université des Comores, Faculté Imam Chafiou",
        "Ecole Nationale des Forces Armées et de la Gendarmerie",
    ]
    assert read.schools["kind"].value_counts().to_dict() == {"primary": 62, "junior": 3, "senior": 2}
    assert "seats of 67 of 67" in " ".join(map(str, read.notices))


def test_a_zip_instead_of_a_workbook(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "schools.xlsx", "w") as archive:
        archive.writestr("a.csv", "x")
    with pytest.raises(PlanningError, match="Unpack it"):
        read_schools(tmp_path / "schools.xlsx", crs=CRS)
