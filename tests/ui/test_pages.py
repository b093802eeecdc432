"""Every page runs in both languages, says what it should, and nothing in the other language."""

import re

import pytest
from ui_helpers import PAGES, make_workspace, settle, text_of, wait_until

#: Latin words that a page in Chinese may show: names of formats, programs and standards.
ALLOWED = {
    "openstreetmap", "shapefile", "geopackage", "arcgis", "qgis", "epsg", "sha", "english", "utf", "gbk", "zip", "pdf", "docx", "word", "report",
    "html", "catchments", "shp", "gpkg", "proposal", "geojson", "indicators", "reconciliation", "csv", "schools", "xlsx",
    "tables", "closures", "frontier", "alternatives", "trade", "off", "allocated", "unreachable", "township", "demand", "rules", "set", "aside", "fields", "run", "json", "births", "year", "years", "model", "phases", "low", "middle", "high", "img", "src", "onerror", "alert", "gt", "lt", "amp", "nbsp",
    "gis", "wgs", "cgcs", "kml", "geoparquet", "parquet", "python", "duckdb", "layout", "prj", "cpg", "txt", "notes",
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_page_renders(open_app, page, language):
    app = open_app(language, page)
    assert not app.exception
    assert "试验县" in text_of(app)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_page_stands_on_the_demo_county(open_app, demo_workspace, page, language):
    app = settle(open_app(language, page, on=demo_workspace))
    assert not app.exception
    assert demo_workspace.county.project.name in text_of(app)
    assert 'class="pl-error"' not in "".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_no_english_word_on_a_chinese_page(open_app, page):
    said = text_of(open_app("zh", page)).lower()
    said = re.sub(r"\w+\.(xlsx|csv)|population\.year", "", said)  # files, a setting
    words = set(re.findall(r"[a-z]{3,}", said)) - ALLOWED
    assert not words


@pytest.mark.parametrize("page", PAGES)
def test_no_chinese_word_of_ours_on_an_english_page(open_app, page):
    said = text_of(open_app("en", page))
    documents = (
        r"[\u4e00-\u9fff]+〔\d{4}〕\d+号|国务院令第\d+号|建标\d+"  # numbers of documents stay as they are written
    )
    names = rf"试验县|[甲乙丙丁戊己庚辛]镇|第\d+小学|中文|\d+号地块|{documents}"
    assert not re.search(r"[\u4e00-\u9fff]", re.sub(names, "", said))


def test_unknown_seats_are_said_not_counted_as_none(open_app):
    app = open_app("en", on=make_workspace("unknown-seats", seats_known=False))
    assert not app.exception
    said = text_of(app)
    assert "unknown" in said
    assert app.session_state["planner"].key == "unknown-seats"


def test_hostile_name_is_escaped_in_tables(open_app):
    app = open_app("zh", "county")
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert "&lt;img src=x onerror=alert(1)&gt;" in bodies
    assert "<img" not in bodies


def test_failed_source_is_told_in_words(open_app, monkeypatch):
    from planning.errors import SourceError, msg
    from planning.ui import shell, state

    app = open_app("zh")

    def fail(source, key, tell):
        raise SourceError(msg("{file}: there is no such file.", file="<b>roads.osm.pbf"))

    monkeypatch.setattr(shell, "open_workspace", fail)
    state.jobs.clear()
    app.run()
    wait_until(lambda: state.jobs().get("open-test").done)
    app.run()
    assert not app.exception
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert "pl-error" in bodies
    assert "&lt;b&gt;roads.osm.pbf" in bodies
