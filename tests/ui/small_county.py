"""A county of a few hundred places for the app's tests: straight ways instead of a network, everything else as it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.config import Project
from planning.errors import SetAside, msg
from planning.roads import Roads
from planning.scenario.county import County
from planning.stages import STAGES
from planning.standards import load_pack
from planning.travel.costs import Costs

CRS = pyproj.CRS("EPSG:4545")
HOSTILE = "<img src=x onerror=alert(1)>"


@dataclass
class StraightCosts:
    """Stands where a county keeps its costs: 1.3 times the straight way, on foot."""

    cells: gpd.GeoDataFrame
    places: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)

    def schools(self, mode: str, *, progress=None) -> Costs:
        return self._table("schools", mode)

    def candidates(self, mode: str, *, progress=None) -> Costs:
        return self._table("candidates", mode)

    def with_cells(self, cells: gpd.GeoDataFrame) -> StraightCosts:
        return dataclasses.replace(self, cells=cells)

    def to_points(self, mode: str, xy) -> Costs:
        x, y = np.asarray(xy, dtype=float).reshape(-1, 2).T
        return self._to(pd.Index([str(number) for number in range(len(x))]), x, y, mode)

    def _table(self, name: str, mode: str) -> Costs:
        to = self.places[name]
        return self._to(to.index, to.geometry.x.to_numpy(), to.geometry.y.to_numpy(), mode)

    def _to(self, ids: pd.Index, x, y, mode: str) -> Costs:
        away = np.hypot(
            np.subtract.outer(self.cells.geometry.x.to_numpy(), x),
            np.subtract.outer(self.cells.geometry.y.to_numpy(), y),
        )
        metres = (1.3 * away).astype(np.float32)
        return Costs(self.cells.index, ids, metres, metres / np.float32(75), np.zeros_like(metres), mode)


def small_county(*, n_cells: int = 400, n_schools: int = 14, seats_known: bool = True, seed: int = 7):
    """Make the county; the first school bears a hostile name."""
    rng = np.random.default_rng(seed)
    origin, size = np.array([400_000.0, 3_300_000.0]), 30_000.0
    centres = origin + size * (0.12 + 0.76 * rng.random((8, 2)))
    xy = centres[rng.integers(0, 8, n_cells)] + rng.normal(0, 2200, (n_cells, 2))
    xy = np.unique(np.round(np.clip(xy, origin + 500, origin + size - 500) / 100) * 100, axis=0)
    inside = shapely.box(*origin, *(origin + size))
    polygons = [
        shapely.intersection(part, inside)
        for part in shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(centres), extend_to=inside))
    ]
    townships = gpd.GeoDataFrame(
        {"name": [f"{n}镇" for n in "甲乙丙丁戊己庚辛"]},
        geometry=polygons,
        crs=CRS,
        index=pd.Index([f"t{i}" for i in range(8)], name="township_id"),
    )
    people = rng.integers(5, 400, len(xy)).astype(float)
    cells = gpd.GeoDataFrame(
        {
            "name": "",
            "township": "",
            "population": people,
            **{f"pupils_{band}": (people * share).astype("int64") for band, share in
               {"primary_lower": 0.04, "primary_upper": 0.04, "junior": 0.04}.items()},
            "in_margin": False,
        },
        geometry=gpd.points_from_xy(*xy.T),
        crs=CRS,
        index=pd.Index([f"c{i:05d}" for i in range(len(xy))], name="cell_id"),
    )  # fmt: skip
    for name, shape in zip(townships["name"], townships.geometry, strict=True):
        cells.loc[cells.within(shape), "township"] = name
    at = xy[rng.choice(len(xy), n_schools, replace=False)]
    kinds = np.array(["primary", "primary", "nine_year", "teaching_point", "junior"])[np.arange(n_schools) % 5]
    schools = {
        "name": [HOSTILE, *(f"第{i}小学" for i in range(1, n_schools))],
        "kind": kinds,
        "locale": "village",
        "township": "",
        "ownership": "public",
        "status": "open",
        "protected": False,
        "in_margin": False,
    }
    for stage in STAGES:
        known = 400 if seats_known and stage in ("primary", "junior") else pd.NA
        schools[f"seats_{stage}"] = pd.array([known] * n_schools, dtype="Int64")
        schools[f"pupils_{stage}"] = pd.array([pd.NA] * n_schools, dtype="Int64")
        schools[f"classes_{stage}"] = pd.array([pd.NA] * n_schools, dtype="Int64")
    for column in ("beds", "boarders", "teachers", "source_row"):
        schools[column] = pd.array([pd.NA] * n_schools, dtype="Int64")
    table = gpd.GeoDataFrame(
        schools,
        geometry=gpd.points_from_xy(*at.T),
        crs=CRS,
        index=pd.Index([f"s{i:03d}" for i in range(n_schools)], name="school_id"),
    )
    spots = xy[:: max(1, len(xy) // 40)]
    candidates = gpd.GeoDataFrame(
        {"name": [f"{i}号地块" for i in range(len(spots))], "township": "", "why": "village"},
        geometry=gpd.points_from_xy(*spots.T),
        crs=CRS,
        index=pd.Index([f"k{i:03d}" for i in range(len(spots))], name="candidate_id"),
    )
    project = Project.model_validate(
        {
            "name": "试验县",
            "roads": {"file": "roads.osm.pbf"},
            "population": {"file": "population.tif"},
            "schools": {"file": "schools.xlsx"},
            "stages": {"primary": {"ages": [6, 11]}, "junior": {"ages": [12, 14]}},
        }
    )
    return County(
        project=project,
        crs=CRS,
        boundary=gpd.GeoDataFrame({"name": ["试验县"]}, geometry=[inside], crs=CRS),
        townships=townships,
        roads=_roads(centres),
        basemap=gpd.GeoDataFrame(
            {"kind": ["river", "place"], "name": ["长河", "甲村"]},
            geometry=[shapely.linestrings([origin, origin + size / 2, origin + np.array([size, size / 3])]), shapely.points(centres[0])],
            crs=CRS,
        ),
        network=SimpleNamespace(
            length_m=np.array([1000.0, 1000.0]),
            way=np.zeros(2, dtype=np.int32),
            ways=pd.DataFrame({"highway": ["residential"]}),
        ),
        cells=cells,
        schools=table,
        candidates=candidates,
        exclusions=gpd.GeoDataFrame({"kind": [], "buffer_m": [], "name": []}, geometry=[], crs=CRS),
        housing=gpd.GeoDataFrame({"name": []}, geometry=[], crs=CRS),
        pack=load_pack("cn_county_default"),
        notices=(msg("Nothing is dropped silently"),),
        set_aside=(SetAside("schools.xlsx", HOSTILE, msg("no path"), row=7),),
        demand_sheet=pd.DataFrame(
            {
                "township": ["*", "甲镇"],
                "source": ["grid", "list"],
                "grid_total": [1234.0, 100.0],
                "list_total": [np.nan, 120.0],
                "known_total": [1300.0, np.nan],
                "factor": [1.05, 1.0],
            }
        ),
        hashes={"schools.xlsx": "01" * 32},
        costs=StraightCosts(cells, {"schools": table, "candidates": candidates}),
        cell_size_m=100.0,
        rejected=pd.DataFrame(),
    )  # fmt: skip


def _roads(centres) -> Roads:
    """Join every centre to the next one."""
    ids = np.arange(1, len(centres) + 1)
    ways = pd.DataFrame(
        {
            "highway": ["primary", "tertiary", "unclassified", "track", "footway", "trunk", "residential"],
            "name": "", "oneway": 0, "bridge": False, "tunnel": False, "foot": "", "bicycle": "", "motor_vehicle": "",
            "maxspeed_kmh": np.nan, "surface": "", "source": "roads.osm.pbf",
        },
        index=[f"w{i}" for i in range(len(centres) - 1)],
    )  # fmt: skip
    refs = np.column_stack([ids[:-1], ids[1:]]).ravel()
    nodes = pd.DataFrame({"x": centres[:, 0], "y": centres[:, 1]}, index=pd.Index(ids, name="node_id"))
    return Roads(ways, nodes, np.arange(0, len(refs) + 1, 2), refs)
