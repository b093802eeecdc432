"""Two townships of the county that ships, run for real: small enough to be quick, real enough to have every trouble."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import geopandas as gpd
import pytest
import yaml

from planning.config import load_project
from planning.errors import msg
from planning.report import write_outputs
from planning.scenario.proposals import no_sites
from planning.scenario.questions import Answer
from planning.scenario.result import RunResult
from planning.scenario.run import run


@pytest.fixture(scope="session")
def clip(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Run a project on two neighbouring townships, with an answer, a boarding answer and a question that has none."""
    folder = tmp_path_factory.mktemp("clip")
    townships = gpd.read_file(demo_folder / "boundary.gpkg", layer="townships").sort_values("name")
    middle = townships.geometry.iloc[0]
    townships = townships[townships.touches(middle) | (townships.geometry == middle)].iloc[:2]
    county = gpd.GeoDataFrame({"name": ["county"]}, geometry=[townships.union_all()], crs=townships.crs)
    county.to_file(folder / "boundary.gpkg", layer="county")
    townships.to_file(folder / "boundary.gpkg", layer="townships")
    shipped = yaml.safe_load((demo_folder / "project.yaml").read_text("utf-8"))
    (folder / "project.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "两乡镇 <b>",
                "boundary": "boundary.gpkg",
                "roads": {"file": str(demo_folder / "roads.osm.pbf")},
                "population": {
                    "file": str(demo_folder / "population.tif"),
                    "age_bands": shipped["population"]["age_bands"],
                },
                "schools": {"file": str(demo_folder / "schools.xlsx")},
                "stages": {"primary": {"ages": [6, 11]}, "junior": {"ages": [12, 14]}},
                "limits": {"primary_lower": {"time_min": 25}},
                "questions": [
                    {
                        "name": "两所新校", "stage": "primary", "model": "p_median", "new": 2,
                        "frontier": {"new": [0, 1, 2, 3]}, "alternatives": {"plans": 2, "within_percent": 10},
                    },
                    {"name": "寄宿", "stage": "junior", "model": "boarding", "new": 1, "beds": 300, "time_limit_s": 5},
                ],
            },
            allow_unicode=True,
        ),
        "utf-8",
    )  # fmt: skip
    result = run(load_project(folder / "project.yaml"))
    return dataclasses.replace(result, answers=(result.answers[0], _without_answer(result), result.answers[1]))


def _without_answer(result: RunResult) -> Answer:
    """Make the answer of a question that has none."""
    asked = result.answers[0]
    return dataclasses.replace(
        asked,
        question=asked.question.model_copy(update={"name": "没有答案"}),
        proposal=dataclasses.replace(
            asked.proposal, sites=(), status="infeasible", objective=math.nan, bound=math.nan, allocation=None
        ),
        sites=no_sites(result.county),
        edits=(),
        after=None,
        curve=asked.curve.iloc[:0],
        plans=asked.plans.iloc[:0],
        notes=(msg("There is no school {school_id}.", school_id="<i>x</i>"),),
    )


@pytest.fixture(scope="session")
def written(clip: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write its files."""
    folder = tmp_path_factory.mktemp("written")
    write_outputs(clip, folder)
    return folder
