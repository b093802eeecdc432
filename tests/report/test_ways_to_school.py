"""The way to school on paper and in files: layers, table, map."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

from planning.i18n import get_translator
from planning.i18n.terms import term
from planning.report.figures import draw_ground
from planning.report.ways_to_school import danger_table, draw_way_map, road_layer, way_layers, way_sections, ways_of
from planning.scenario.result import RunResult
from planning.scenario.ways_to_school import WaysToSchool


def test_files_hold_all_pupils_and_dangers(clip: RunResult, written: Path) -> None:
    assert clip.ways is not None
    roads = gpd.read_file(written / "way_to_school.gpkg", layer="roads")
    assert float(roads["pupils"] @ roads["length_m"]) == pytest.approx(
        clip.ways.sheet["walked_pupil_m"].sum(), rel=1e-9
    )
    assert set(roads.geom_type) == {"MultiLineString"}
    assert shapely.length(roads.geometry.to_numpy()).sum() == pytest.approx(clip.ways.roads.length.sum(), rel=1e-6)
    dangers = gpd.read_file(written / "way_to_school.gpkg", layer="dangers")
    assert set(dangers.geom_type) == {"Point"}
    table = pd.read_csv(written / "dangers.csv", encoding="utf-8-sig")
    assert len(table) == len(dangers) == len(clip.ways.dangers) > 0
    assert (table["pupils"] == table["pupils_primary"] + table["pupils_junior"]).all()
    lonlat = dangers.to_crs(4326).geometry
    assert table["lon"].to_numpy() == pytest.approx(lonlat.x.to_numpy(), abs=1e-6)
    book = openpyxl.load_workbook(written / "tables.xlsx")
    t = get_translator("zh")
    assert book[term(t, "dangers")].max_row == len(table) + 1
    assert [cell.value for cell in book[term(t, "ways_to_school")]["A"]][1:] == [term(t, stage) for stage in clip.base]
    styles = gpd.read_file(written / "way_to_school.gpkg", layer="layer_styles")
    assert "SimpleLine" in styles.set_index("f_table_name").at["roads", "styleQML"]


def test_the_report_shows_map_and_first_dangers(clip: RunResult, written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    assert 'id="way-to-school"' in page
    section = way_sections(get_translator("en"), clip, ways_of(clip), draw_ground(clip.county))
    assert section is not None
    assert 1 <= len(section["rows"]) <= 15
    assert section["rows"][0][0] == "1"
    assert page.count('<g class="danger">') == len(section["map"].numbers) == len(section["rows"])
    assert section["more"] == len(clip.ways.dangers) - len(section["rows"])


def test_lines_are_wider_where_more_walk_and_numbers_keep_apart(clip: RunResult) -> None:
    ground = draw_ground(clip.county)
    drawn = draw_way_map(ground, clip.base.values(), ways_of(clip))
    widths = [width for width, _, _ in drawn.roads]
    assert widths == sorted(widths)
    assert any(path for _, _, path in drawn.roads)
    assert [number for *_, number in drawn.numbers] == list(range(len(drawn.numbers), 0, -1))
    at = np.array([(right, down) for _, _, right, down, _ in drawn.numbers])
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(at), dtype=bool)].min() > 25


def test_a_saved_run_finds_its_ways_again(clip: RunResult) -> None:
    again = ways_of(dataclasses.replace(clip, ways=None))
    pd.testing.assert_frame_equal(again.sheet, clip.ways.sheet)


def test_a_report_without_walkers_has_no_section(clip: RunResult) -> None:
    nobody = WaysToSchool(clip.ways.roads.iloc[:0], clip.ways.dangers.iloc[:0], clip.ways.sheet)
    t = get_translator("en")
    assert way_sections(t, clip, nobody, draw_ground(clip.county)) is None
    assert len(danger_table(nobody, t)) == len(road_layer(nobody)) == len(way_layers(nobody, t)["dangers"]) == 0
