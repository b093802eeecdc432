"""All files of a run, in one folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.bus_lines import line_table
from planning.report.choices import curve_table, plan_table, way_table
from planning.report.closures import closure_table
from planning.report.compliance_tables import compliance_tables
from planning.report.group_tables import structure_tables
from planning.report.html import write_html
from planning.report.outlook import outlook_tables
from planning.report.phases import phase_table
from planning.report.rules import rule_table
from planning.report.tables import (
    cell_table,
    indicator_table,
    reconciliation_table,
    school_table,
    set_aside_table,
    township_table,
    write_csv,
    write_workbook,
)
from planning.report.vectors import (
    balance_words,
    shortened_names,
    write_field_dictionary,
    write_geopackage,
    write_proposal,
    write_shapefile,
)
from planning.report.ways_to_school import danger_table, way_layers, ways_of
from planning.scenario.areas import catchments
from planning.scenario.off_road import off_road_notices, off_road_table
from planning.scenario.proposals import no_sites

if TYPE_CHECKING:
    from planning.scenario.result import RunResult

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
    county = result.county
    t = get_translator(county.project.language)
    drawn = {stage: catchments(county, state) for stage, state in result.base.items()}
    layers = {
        name: gpd.GeoDataFrame(pd.concat([areas[name] for areas in drawn.values()]), crs=county.crs)
        for name in ("nearest", "allocated", "unreachable")
    }
    sites = [answer.sites for answer in result.answers if len(answer.sites)]
    proposed = gpd.GeoDataFrame(pd.concat(sites), crs=county.crs) if sites else no_sites(county)
    ways = ways_of(result)
    tables = {
        "indicators": indicator_table(result),
        "reconciliation": reconciliation_table(result),
        "indicators_by_township": township_table(result),
        "schools": school_table(result),
        "proposal": pd.DataFrame(proposed.drop(columns="geometry")).reset_index(),
        "closures": closure_table(result.answers, county, t),
        "frontier": curve_table(result.answers),
        "alternatives": plan_table(result.answers),
        "trade_off": way_table(result.answers),
        "phases": phase_table(result.answers),
        "off_road": off_road_table(county, result.base),
        "bus_lines": line_table(result.answers),
        "dangers": danger_table(ways, t),
        "ways_to_school": ways.sheet,
        **compliance_tables(result, t),
        **structure_tables(result, t),
        "demand": county.demand_sheet,
        "demand_by_band": county.demand_by_band,
        **outlook_tables(t, county, result.outlook),
        "rules": rule_table(t, county),
        "set_aside": set_aside_table(result, t),
    }
    shapefiles = {
        "catchments": ("nearest", "catchments_nearest"),
        "catchments_allocated": ("allocated", "catchments_allocated"),
        "unreachable": ("unreachable", "unreachable"),
    }
    packed = {
        "catchments_nearest": layers["nearest"],
        "catchments_allocated": layers["allocated"],
        "unreachable": layers["unreachable"],
        "schools": county.schools.drop(columns=["node"]),
        "proposed_sites": proposed,
        "cells": cell_table(result),
    }
    notices = off_road_notices(county, result.base)
    notices += shortened_names((layers["nearest"], layers["allocated"]), encoding)
    return [
        *(
            write_shapefile(layers[layer], out / f"{name}.shp", style=style, t=t, encoding=encoding)
            for name, (layer, style) in shapefiles.items()
        ),
        write_field_dictionary(out / "fields.csv"),
        write_geopackage(packed, out / "catchments.gpkg", t),
        write_geopackage(way_layers(ways, t), out / "way_to_school.gpkg", t),
        write_proposal(result.answers, out / "proposal.geojson", schools=county.schools, t=t),
        *(write_csv(table, out / f"{name}.csv") for name, table in tables.items()),
        write_workbook({term(t, name): table for name, table in tables.items()}, out / "tables.xlsx", t),
        write_html(result, drawn, out / "report.html", notices=notices, ways=ways),
        _write_provenance(result, out / "run.json"),
    ]


def _write_provenance(result: RunResult, path: Path) -> Path:
    """Keep what is needed to repeat the run: project, versions, hashes of the inputs, times."""
    document = {
        "project": result.county.project.model_dump(mode="json"),
        "crs": result.county.crs.to_string(),
        "versions": result.versions,
        "sha256": dict(result.county.hashes),
        "balance": [
            {"question": answer.question.name, **balance_words(answer)}
            for answer in result.answers
            if answer.balance is not None
        ],
        "seconds": {step: round(seconds, 2) for step, seconds in result.seconds.items()},
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return path
