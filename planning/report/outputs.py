"""All files of a run, in one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.html import write_html
from planning.report.tables import (
    indicator_table,
    reconciliation_table,
    set_aside_table,
    township_table,
    write_csv,
    write_workbook,
)
from planning.report.vectors import write_field_dictionary, write_geopackage, write_proposal, write_shapefile
from planning.scenario.areas import catchments

if TYPE_CHECKING:
    from planning.scenario.run import RunResult

__all__ = ["write_outputs"]


def write_outputs(result: RunResult, out: Path, *, encoding: str = "UTF-8") -> list[Path]:
    """
    Write everything that a run gives.

    Parameters
    ----------
    result : RunResult
        A finished run.
    out : pathlib.Path
        Folder that is there; files of the same names are replaced.
    encoding : str
        Text of the shapefiles, ``UTF-8`` or ``GBK``.

    Returns
    -------
    list of pathlib.Path
        The files, sidecars not listed.
    """
    t = get_translator(result.county.project.language)
    drawn = {stage: catchments(result.county, state) for stage, state in result.base.items()}
    layers = {
        name: gpd.GeoDataFrame(pd.concat([areas[name] for areas in drawn.values()]), crs=result.county.crs)
        for name in ("nearest", "allocated", "unreachable")
    }
    sites = [answer.sites for answer in result.answers if len(answer.sites)]
    proposed = (
        gpd.GeoDataFrame(pd.concat(sites), crs=result.county.crs)
        if sites
        else gpd.GeoDataFrame({"name": []}, geometry=[], crs=result.county.crs)
    )
    tables = {
        "indicators": indicator_table(result),
        "reconciliation": reconciliation_table(result),
        "indicators_by_township": township_table(result),
        "schools": school_table(result),
        "proposal": pd.DataFrame(proposed.drop(columns="geometry")).reset_index(),
        "demand": result.county.demand_sheet,
        "set_aside": set_aside_table(result, t),
    }
    return [
        write_shapefile(layers["nearest"], out / "catchments.shp", encoding=encoding),
        write_shapefile(layers["allocated"], out / "catchments_allocated.shp", encoding=encoding),
        write_shapefile(layers["unreachable"], out / "unreachable.shp", encoding=encoding),
        write_field_dictionary(out / "fields.csv"),
        write_geopackage(
            {
                "catchments_nearest": layers["nearest"],
                "catchments_allocated": layers["allocated"],
                "unreachable": layers["unreachable"],
                "schools": result.county.schools.drop(columns=["node"]),
                "proposed_sites": proposed,
                "cells": cell_table(result),
            },
            out / "catchments.gpkg",
            t,
        ),
        write_proposal(result.answers, out / "proposal.geojson"),
        *(write_csv(table, out / f"{name}.csv") for name, table in tables.items()),
        write_workbook({term(t, name): table for name, table in tables.items()}, out / "tables.xlsx", t),
        write_html(result, drawn, out / "report.html"),
        _write_provenance(result, out / "run.json"),
    ]


def school_table(result: RunResult) -> pd.DataFrame:
    """
    List every open school of every stage with its seats and the pupils that the base gives it.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    pandas.DataFrame
        ``stage, school_id, name, kind, township, ownership, seats, pupils, load``; seats and pupils (of the register) NA where unknown.
    """
    parts = []
    for stage, state in result.base.items():
        table = pd.DataFrame(state.sites[["name", "kind", "township", "ownership", "seats", "pupils"]])
        table = table.assign(load=state.load, stage=stage).rename_axis("school_id").reset_index()
        parts.append(table[["stage", "school_id", "name", "kind", "township", "ownership", "seats", "pupils", "load"]])
    return pd.concat(parts, ignore_index=True)


def cell_table(result: RunResult) -> gpd.GeoDataFrame:
    """
    List every inhabited place with its pupils and its nearest school.

    Parameters
    ----------
    result : RunResult
        A finished run.

    Returns
    -------
    geopandas.GeoDataFrame
        The cells with ``{band}_school`` and ``{band}_m`` [m] for each grade band; empty where none is reached.
    """
    cells = result.county.cells.drop(columns=["node"])
    for state in result.base.values():
        for band, nearest in state.nearest.items():
            distance = nearest["distance_m"].astype("float64")
            cells[f"{band}_school"] = nearest["site_id"]
            cells[f"{band}_m"] = distance.where(distance != float("inf")).round(1)
    return cells


def _write_provenance(result: RunResult, path: Path) -> Path:
    """Keep what is needed to repeat the run: project, versions, hashes of the inputs, times."""
    document = {
        "project": result.county.project.model_dump(mode="json"),
        "crs": result.county.crs.to_string(),
        "versions": result.versions,
        "sha256": dict(result.county.hashes),
        "seconds": {step: round(seconds, 2) for step, seconds in result.seconds.items()},
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
