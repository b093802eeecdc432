"""A county on one straight road, so that every way to school can be worked out in the head."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planning.config import Project
from planning.network.build import build_network
from planning.network.snap import snap_to_network
from planning.roads import make_roads
from planning.scenario.costbook import CostBook
from planning.scenario.county import County
from planning.stages import BANDS, STAGES
from planning.standards import load_pack

CRS = pyproj.CRS.from_epsg(4545)
ORIGIN = np.array([400_000.0, 3_000_000.0])
LENGTH_M = 20_000
_SCHOOL = {
    "name": "",
    "kind": "primary",
    "locale": "village",
    "township": "",
    "ownership": "public",
    "status": "open",
    **{f"{measure}_{stage}": pd.NA for measure in ("seats", "pupils", "classes") for stage in STAGES},
    "beds": pd.NA,
    "boarders": pd.NA,
    "teachers": pd.NA,
    "protected": False,
    "in_margin": False,
}
_WAY = {
    "highway": "residential", "name": "", "oneway": 0, "bridge": False, "tunnel": False, "foot": "", "bicycle": "",
    "motor_vehicle": "", "maxspeed_kmh": np.nan, "surface": "", "source": "test.osm",
}  # fmt: skip


def project_of(stages: tuple[str, ...] = ("primary",), **more) -> Project:
    """Make a project whose files nobody opens."""
    return Project.model_validate(
        {
            "name": "Line",
            "language": "en",
            "roads": {"file": "r.osm.pbf"},
            "population": {"file": "p.tif"},
            "schools": {"file": "s.xlsx"},
            "stages": {stage: {"share": 0.1} for stage in stages},
            **more,
        }
    )


def places(ids: list[str], at: list[float], name: str, columns: dict[str, object]) -> gpd.GeoDataFrame:
    """Put places along the road, ``at`` metres from its start."""
    return gpd.GeoDataFrame(
        columns,
        index=pd.Index(ids, name=name, dtype="str"),
        geometry=gpd.points_from_xy(ORIGIN[0] + np.asarray(at, dtype=float), np.full(len(at), ORIGIN[1])),
        crs=CRS,
    )


def line_county(
    cells: list[dict] | dict[str, dict],
    schools: dict[str, dict],
    candidates: dict[str, float] | None = None,
    *,
    project: Project | None = None,
    highway: str = "residential",
    gap_at: float | None = None,
) -> County:
    """
    Make the county.

    A cell is ``{"at": metres, "township": …, "name": …, "in_margin": …, <band>: pupils}``, a school
    ``{"at": metres, <column>: …}``. ``gap_at`` leaves one piece of the road out.
    """
    project = project or project_of()
    named = cells if isinstance(cells, dict) else {f"c{n}": cell for n, cell in enumerate(cells)}
    people = list(named.values())
    homes = places(
        list(named),
        [cell["at"] for cell in people],
        "cell_id",
        {
            "name": [cell.get("name", "") for cell in people],
            "township": [cell.get("township", "") for cell in people],
            "population": [float(cell.get("population", 100.0)) for cell in people],
            "in_margin": [bool(cell.get("in_margin", False)) for cell in people],
            **{f"pupils_{band}": np.array([cell.get(band, 0) for cell in people], dtype=np.int64) for band in project.bands},
        },
    )  # fmt: skip
    rows = [{**_SCHOOL, "name": school_id, **school} for school_id, school in schools.items()]
    at = [row.pop("at") for row in rows]
    table = places(list(schools), at, "school_id", {name: [row[name] for row in rows] for name in _SCHOOL})
    whole = [
        name
        for name in table
        if str(name).split("_")[0] in ("seats", "pupils", "classes", "beds", "boarders", "teachers")
    ]
    table = table.astype({**dict.fromkeys(whole, "Int64"), "in_margin": bool, "protected": bool}).sort_index()
    spots = candidates or {}
    sites = places(
        list(spots),
        list(spots.values()),
        "candidate_id",
        {"name": [f"by {name}" for name in spots], "township": "", "why": "village"},
    )
    steps = np.arange(0, LENGTH_M + 1, 100)
    refs = [steps] if gap_at is None else [steps[steps <= gap_at], steps[steps > gap_at]]
    roads = make_roads(
        pd.DataFrame([{**_WAY, "highway": highway}] * len(refs), index=[f"w{n}" for n in range(len(refs))]),
        node_ids=steps.astype(np.int64),
        xy=ORIGIN + np.column_stack([steps, np.zeros(len(steps))]),
        offsets=np.cumsum([0, *map(len, refs)]),
        refs=np.concatenate(refs).astype(np.int64),
    )
    tables = [homes, table, sites]
    xy = np.concatenate([np.column_stack([part.geometry.x, part.geometry.y]) for part in tables])
    network, snap = snap_to_network(build_network(roads, crs=CRS), xy)
    ends = np.cumsum([len(part) for part in tables])[:-1]
    homes, table, sites = (
        part.assign(node=node, leg_m=leg)
        for part, node, leg in zip(tables, np.split(snap.node, ends), np.split(snap.leg_m, ends), strict=True)
    )
    line = shapely.box(ORIGIN[0] - 1000, ORIGIN[1] - 2000, ORIGIN[0] + LENGTH_M + 1000, ORIGIN[1] + 2000)
    nothing = {"crs": CRS, "geometry": []}
    return County(
        project=project,
        crs=CRS,
        boundary=gpd.GeoDataFrame({"name": ["Line"]}, geometry=[line], crs=CRS),
        townships=gpd.GeoDataFrame({"name": pd.Series([], dtype="str")}, **nothing),
        roads=roads,
        basemap=gpd.GeoDataFrame({"kind": [], "detail": [], "name": []}, **nothing),
        network=network,
        cells=homes,
        schools=table,
        candidates=sites,
        rejected=pd.DataFrame({"reason": pd.Series([], dtype="str"), "places": pd.Series([], dtype="int64")}),
        exclusions=gpd.GeoDataFrame({"kind": [], "buffer_m": [], "name": []}, **nothing),
        housing=gpd.GeoDataFrame({"name": [], "dwellings": [], "year": []}, **nothing),
        pack=load_pack("cn_county_default"),
        cell_size_m=100.0,
        demand_sheet=pd.DataFrame({"township": [""], "source": ["x"], "total": [1.0], "known": [1.0], "factor": [1.0]}),
        notices=(),
        set_aside=(),
        hashes={},
        costs=CostBook(network, homes, table, sites),
    )


def counts(state) -> dict[str, int]:
    """Sum the sheet by category."""
    return state.reconciliation.groupby("category")["pupils"].sum().to_dict()


def value(state, indicator: str) -> float:
    """Look up an indicator."""
    return float(state.indicators.set_index("indicator")["value"][indicator])


def pupils_of(county: County, stage: str) -> int:
    """Count the county's own pupils."""
    ours = county.cells[~county.cells["in_margin"]]
    return int(sum(ours[f"pupils_{band}"].sum() for band in BANDS[stage]))


def adds_up(county: County, stage: str, state) -> None:
    """Check that nobody is lost."""
    found = counts(state)
    assert found["total"] == found["served"] + found["no_seat"] + found["out_of_reach"] == pupils_of(county, stage)
    assert state.reconciliation["pupils"].dtype == np.int64
    assert (state.reconciliation["pupils"] >= 0).all()
    assert int(state.load.sum() - state.load_from_margin.sum()) == found["served"]
    assert int(state.unserved["pupils"].sum()) == found["no_seat"] + found["out_of_reach"]
