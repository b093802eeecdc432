"""A county with open ground from its files on: a river, a bridge, hills; what is told of ways off the roads."""

from __future__ import annotations

import shutil
from pathlib import Path

import affine
import numpy as np
import openpyxl
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
import yaml

from planning.config import load_project
from planning.errors import NetworkError
from planning.network.ground import OPEN_GROUND, crosses, is_open_ground, road_km
from planning.network.modes import WALK_KMH
from planning.report.tables import cell_table
from planning.scenario.evaluate import evaluate
from planning.scenario.off_road import OFF_ROAD_COLUMNS, off_road_notices, off_road_places, off_road_table
from planning.scenario.prepare import prepare
from planning.scenario.result import RunResult
from planning.scenario.saved import load_run, save_run
from planning.scenario.ways_to_school import ways_to_school

CRS = pyproj.CRS.from_epsg(4545)
ORIGIN = np.array([500_000.0, 3_000_000.0])
VILLAGES = {"West": (-900.0, 40.0, 400), "East": (700.0, 20.0, 600), "Hill": (900.0, 1900.0, 300)}
WEST, EAST = [(-1500, 0), (-400, 0)], [(400, 0), (1500, 0)]
BRIDGE = [(-400, 0), (-60, 1500), (60, 1500), (400, 0)]
RIVER = [(0, -9000), (0, 9000)]


def lonlat(points):
    there = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)
    return np.column_stack(there.transform(*(ORIGIN + np.asarray(points, dtype=float)).T))


def write_osm(path: Path, ways: list[tuple[list[tuple[float, float]], dict[str, str]]]) -> None:
    numbers = {point: n for n, point in enumerate(dict.fromkeys(point for line, _ in ways for point in line), start=1)}
    nodes = [
        f'<node id="{n}" version="1" lon="{lon:.9f}" lat="{lat:.9f}"/>'
        for n, (lon, lat) in zip(numbers.values(), lonlat(list(numbers)), strict=True)
    ]
    lines = [
        f'<way id="{n}" version="1">'
        + "".join(f'<nd ref="{numbers[point]}"/>' for point in line)
        + "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        + "</way>"
        for n, (line, tags) in enumerate(ways, start=1)
    ]
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + lines)}</osm>', "utf-8")


def write_table(path: Path, heading: list[str], rows: list[list[object]]) -> None:
    book = openpyxl.Workbook()
    for row in [heading, *rows]:
        book.active.append(row)
    book.save(path)


def county(folder: Path, *, bridge: bool = False, **terrain):
    road = {"highway": "residential"}
    ways = [(WEST, road), (EAST, road), (RIVER, {"waterway": "river"})]
    if bridge:
        ways += [(BRIDGE[:2], road), (BRIDGE[1:3], road | {"bridge": "yes"}), (BRIDGE[2:], road)]
    write_osm(folder / "roads.osm", ways)
    (school,) = lonlat([(800, 0)])
    write_table(folder / "schools.xlsx", ["name", "kind", "lon", "lat"], [["School", "primary", *school]])
    at = lonlat([place[:2] for place in VILLAGES.values()])
    rows = [[name, *xy, people] for (name, (_, _, people)), xy in zip(VILLAGES.items(), at, strict=True)]
    write_table(folder / "villages.xlsx", ["name", "lon", "lat", "population"], rows)
    project = {
        "name": "River",
        "language": "en",
        "crs": "EPSG:4545",
        "roads": {"file": "roads.osm"},
        "population": {"villages": "villages.xlsx"},
        "schools": {"file": "schools.xlsx"},
        "stages": {"primary": {"share": 0.1}},
        "terrain": {"off_road": True, **terrain},
    }
    (folder / "project.yaml").write_text(yaml.safe_dump(project), "utf-8")
    return prepare(load_project(folder))


def write_hill(path: Path) -> None:
    """Heights that rise to the north by 20 in 100 from the road on."""
    west, south, east, north = shapely.box(*(ORIGIN - 4000), *(ORIGIN + 4000)).bounds
    y = north - (np.arange(400) + 0.5) * (north - south) / 400
    heights = np.repeat(np.maximum(0.2 * (y - ORIGIN[1]), 0)[:, None], 400, axis=1).astype(np.float32)
    transform = affine.Affine((east - west) / 400, 0, west, 0, (south - north) / 400, north)
    with rasterio.open(
        path, "w", driver="GTiff", width=400, height=400, count=1, dtype="float32", crs=CRS, transform=transform
    ) as raster:
        raster.write(heights, 1)


def of_village(county, name: str) -> str:
    return county.cells.index[county.cells["name"] == name][0]


def test_a_river_without_a_bridge_is_never_crossed(tmp_path):
    known = county(tmp_path)
    state = evaluate(known, "primary")
    nearest = state.nearest["primary_lower"]
    assert np.isinf(nearest.loc[of_village(known, "West"), "distance_m"])
    assert np.isfinite(nearest.loc[of_village(known, "Hill"), "distance_m"])
    sheet = state.reconciliation.set_index(["category", "reason"])["pupils"]
    assert sheet["out_of_reach", "no_path"] == 40
    network, river = known.network, shapely.LineString(ORIGIN + np.array(RIVER))
    assert not crosses(network.xy[network.tails], network.xy[network.heads], [river]).any()
    # nor to a school that is drawn on the bank, however near
    bank = known.costs.to_points("walk", ORIGIN + np.array([[-2.0, 40.0], [2.0, 40.0]]))
    row = known.cells.index.get_indexer([of_village(known, "West"), of_village(known, "East")])
    assert np.isfinite(bank.distance_m[row]).tolist() == [[True, False], [False, True]]


def test_with_a_bridge_it_is_crossed_there(tmp_path):
    known = county(tmp_path, bridge=True)
    nearest = evaluate(known, "primary").nearest["primary_lower"].loc[of_village(known, "West")]
    # all on roads but the two legs: 500 m, up to the bridge, over it, down again, 400 m
    assert nearest["distance_m"] == pytest.approx(40 + 500 + 2 * np.hypot(340, 1500) + 120 + 400, rel=0.01)
    assert nearest["off_road_m"] == pytest.approx(40, abs=1)


def test_metres_on_and_off_the_road_by_hand(tmp_path):
    known = county(tmp_path)
    costs, at = known.costs.schools("walk"), known.cells.index.get_loc(of_village(known, "Hill"))
    distance, off_road, minutes = costs.distance_m[at, 0], costs.off_road_m[at, 0], costs.time_min[at, 0]
    assert 1900 <= off_road <= 1.06 * 1900  # straight down to the road, as far as the grid goes straight
    assert off_road <= distance <= off_road + 200
    leg = float(known.cells["leg_m"].iloc[at])
    slow = (off_road - leg) * 0.06 / (0.6 * WALK_KMH)
    assert minutes == pytest.approx(slow + (distance - off_road + leg) * 0.06 / WALK_KMH, rel=1e-4)
    assert known.costs.schools("drive").distance_m[at, 0] == pytest.approx(distance, rel=0.1)
    again = known.costs.to_points("walk", [(known.schools.geometry.x.iloc[0], known.schools.geometry.y.iloc[0])])
    assert again.time_min[at, 0] == pytest.approx(minutes, rel=1e-5)
    assert again.off_road_m[at, 0] == pytest.approx(off_road, rel=1e-5)


def test_uphill_and_downhill_differ_and_there_and_back_is_never_quicker(tmp_path):
    write_hill(tmp_path / "dem.tif")
    flat, steep = county(tmp_path), county(tmp_path, dem="dem.tif")
    pair = [
        int(flat.cells["node"].loc[of_village(flat, "Hill")]),
        int(flat.schools["node"].iloc[0]),
    ]
    assert pair == [int(steep.cells["node"].loc[of_village(steep, "Hill")]), int(steep.schools["node"].iloc[0])]
    level, slope = (known.costs.router("walk").matrix(pair, pair) for known in (flat, steep))
    assert slope[1, 0] > 1.35 * slope[0, 1]  # home again is uphill
    assert slope[1, 0] + slope[0, 1] > 1.2 * (level[1, 0] + level[0, 1])
    assert any("slope of roads counts" in str(notice) for notice in steep.notices)
    without = county(tmp_path, dem="dem.tif", slope=False)
    np.testing.assert_array_equal(without.costs.schools("walk").time_min, flat.costs.schools("walk").time_min)


def test_places_beyond_the_share_are_listed_and_told(tmp_path):
    known = county(tmp_path)
    state = evaluate(known, "primary")
    table = off_road_places(known, state)
    assert tuple(table.columns) == OFF_ROAD_COLUMNS
    assert table["name"].to_list() == ["Hill"]  # West has no way at all, East has a road
    assert table["pupils"].to_list() == [30]
    assert 0.9 < table["share_off_road"].iloc[0] <= 1
    assert state.indicators.set_index("indicator")["value"]["pupils_off_road"] == 30
    (told,) = off_road_notices(known, {"primary": state})
    assert "30 pupils of 1 places go more than 30 % of the way" in str(told)
    assert "Hill" in str(told)
    pd.testing.assert_frame_equal(off_road_table(known, {"primary": state}), table)
    cells = cell_table(RunResult(known, {"primary": state}, (), {}, {}))
    assert cells.loc[of_village(known, "Hill"), "rests_off_road"]
    assert cells["rests_off_road"].sum() == 1
    assert np.isnan(cells.loc[of_village(known, "West"), "primary_lower_off_road"])


def test_ground_is_no_road_for_maps_and_candidates(tmp_path):
    known = county(tmp_path)
    on_roads = known.candidates.geometry
    assert len(on_roads)
    assert (np.abs(on_roads.y - ORIGIN[1]) < 0.01).all()
    assert road_km(known.network) == pytest.approx(2.2, rel=1e-3)
    assert OPEN_GROUND not in set(known.roads.ways["highway"])
    assert is_open_ground(known.network).any()


def test_a_saved_run_with_slopes_and_ground_reads_back_the_same(tmp_path):
    write_hill(tmp_path / "dem.tif")
    known = county(tmp_path, dem="dem.tif")
    state = evaluate(known, "primary")
    save_run(RunResult(known, {"primary": state}, (), {}, {}), tmp_path / "saved")
    back = load_run(tmp_path / "saved").county
    np.testing.assert_array_equal(back.costs.minutes("walk"), known.costs.minutes("walk"))
    place = ORIGIN + np.array([[900.0, 1500.0]])
    np.testing.assert_array_equal(
        back.costs.to_points("walk", place).time_min, known.costs.to_points("walk", place).time_min
    )


def test_too_fine_a_spacing_says_which_would_do(tmp_path, monkeypatch):
    monkeypatch.setattr("planning.network.ground._MOST_PLACES", 2000)
    with pytest.raises(NetworkError, match="A spacing of") as error:
        county(tmp_path, spacing_m=50)
    wider = float(str(error.value).split("A spacing of ")[1].split(" m")[0])
    assert len(county(tmp_path, spacing_m=wider).network.x) < 2200


@pytest.mark.shared_data
def test_grande_comore_up_and_down_the_volcano(shared_data, root, tmp_path):
    """Real villages on the same roads: the walk grows, up is not down, and no there-and-back is quicker than on the flat."""
    for name in ("ngazidja.osm.pbf", "ngazidja_srtm1.tif", "ngazidja_worldpop2020.tif"):
        shutil.copyfile(shared_data / "ngazidja" / name, tmp_path / name)
    content = yaml.safe_load((root / "tests" / "data" / "ngazidja.yaml").read_text("utf-8"))
    for key, field in (("roads", "file"), ("terrain", "dem"), ("population", "file")):
        content[key][field] = Path(content[key][field]).name
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(content), "utf-8")
    known = prepare(load_project(tmp_path))
    schools = known.schools["node"].to_numpy()
    villages = np.unique(known.cells["node"].to_numpy())[::5]
    router = known.costs.router("walk")
    level = router.with_costs(known.costs.minutes("walk") / known.costs.walking_factor)
    there, back = router.matrix(villages, schools), router.matrix(schools, villages).T
    flat = level.matrix(villages, schools)
    reached = np.isfinite(flat)
    assert (np.isfinite(there) == reached).all()
    assert (there[reached] + back[reached] >= 2 * flat[reached].astype(float) * (1 - 1e-6)).all()
    assert np.abs(there - back)[reached].max() > 10
    near_steep, near_flat = there.min(axis=1), flat.min(axis=1)
    some = np.isfinite(near_flat) & (near_flat > 10)
    assert np.mean(back.min(axis=1)[some] > near_flat[some]) > 0.8  # home again is up the volcano
    assert near_steep[some].mean() + back.min(axis=1)[some].mean() > 2.1 * near_flat[some].mean()
    told = off_road_places(known, evaluate(known, "primary"))
    assert len(told) > 100


def test_pupils_on_open_ground_walk_the_metres_of_the_allocation(tmp_path):
    write_hill(tmp_path / "dem.tif")
    known = county(tmp_path, bridge=True, dem="dem.tif", slope=True)
    state = evaluate(known, "primary")
    found = ways_to_school(known, [state])
    flows, costs = state.allocated, known.costs.schools("walk")
    rows, columns = costs.cell_ids.get_indexer(flows["cell_id"]), costs.site_ids.get_indexer(flows["site_id"])
    pupils = flows["pupils"].to_numpy(dtype=float)
    metres = float(pupils @ costs.distance_m[rows, columns].astype(float))
    sheet = found.sheet.set_index("stage").loc["primary"]
    assert sheet["pupils_on_roads"] == pupils.sum() == 130
    assert sheet["walked_pupil_m"] + sheet["legs_pupil_m"] == pytest.approx(metres, rel=1e-6)
    assert float(found.roads["pupil_m"].sum()) == pytest.approx(sheet["walked_pupil_m"], rel=1e-9)
    # off the roads as well, metre by metre
    ground = found.roads["highway"] == OPEN_GROUND
    off_road = float(pupils @ costs.off_road_m[rows, columns].astype(float))
    assert float(found.roads["pupil_m"][ground].sum()) + sheet["legs_pupil_m"] == pytest.approx(off_road, rel=1e-6)
    assert not (found.dangers["kind"] == "water").any()  # over the bridge
