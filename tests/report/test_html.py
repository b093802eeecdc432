"""The report: whole, harmless and readable, whatever is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from changed_runs import with_county, with_names

from planning.i18n import get_translator
from planning.i18n.terms import TERMS
from planning.report import write_outputs
from planning.report.html import gap_in_words, write_html
from planning.scenario.areas import catchments
from planning.scenario.evaluate import evaluate
from planning.scenario.naming import place_names
from planning.scenario.off_road import off_road_places

HOSTILE = ("<img src=x onerror=alert(1)>", '=HYPERLINK("http://x")', "</script></title></svg><script>alert(1)</script>")


class Page(HTMLParser):
    """Gather tags, attributes and texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.source = path.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data) -> None:
        if self.tags[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def report(result, path: Path, **options) -> Page:
    """Write the report of a run."""
    drawn = {stage: catchments(result.county, state) for stage, state in result.base.items()}
    return Page(write_html(result, drawn, path / "report.html", **options))


def in_english(result):
    """Put a run's project into English."""
    return with_county(result, project=result.county.project.model_copy(update={"language": "en"}))


def test_the_page_stands_alone_and_is_light(written: Path) -> None:
    page = Page(written / "report.html")
    assert len(page.source) < 1_000_000
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    for name, value in page.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert value.startswith(("#", "data:image/png;base64,"))
    assert "url(http" not in page.source
    assert "@import" not in page.source


def test_every_link_inside_the_page_has_its_end(written: Path) -> None:
    page = Page(written / "report.html")
    ends = {value for name, value in page.attributes if name == "id"}
    assert {value[1:] for name, value in page.attributes if name == "href" and value.startswith("#")} <= ends


def test_numbers_of_the_page_are_those_of_the_run(clip, tmp_path: Path) -> None:
    page = report(in_english(clip), tmp_path, day=dt.date(2026, 11, 22))
    state = clip.base["primary"]
    assert "November 22, 2026" in page.text
    assert f"{state.reconciliation['pupils'].iloc[0]:,}" in page.text
    mean = state.indicators.set_index("indicator").at["mean_distance", "value"]
    assert (f"{mean / 1000:.2f} km" if mean >= 1000 else f"{mean:.0f} m") in page.text
    assert "EPSG:4545" in page.text
    assert "set in the project file" in page.text
    assert "25.0 min" in page.text
    assert "没有答案" in page.text
    assert "There is no answer to this question" in page.text
    assert "There is no school <i>x</i>." in page.text
    for township in clip.county.townships["name"]:
        assert township in page.text


def test_hostile_names_stand_as_text(clip, tmp_path: Path) -> None:
    page = report(with_names(clip, list(HOSTILE)), tmp_path)
    assert not {"img", "script"} & set(page.tags)
    assert not any(name.startswith("on") for name, _ in page.attributes)
    for name in HOSTILE:
        assert name in " ".join(page.texts)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_project_with_little_still_has_its_report(clip, tmp_path: Path, language: str) -> None:
    county = clip.county
    nothing = gpd.GeoDataFrame({"name": pd.Series([], dtype="str")}, geometry=[], crs=county.crs)
    unknown = {f"seats_{stage}": pd.array([pd.NA] * len(county.schools), dtype="Int64") for stage in clip.base}
    bare = dataclasses.replace(
        county,
        project=county.project.model_copy(update={"language": language, "questions": ()}),
        townships=nothing,
        basemap=nothing.assign(kind=pd.Series([], dtype="str")),
        schools=county.schools.assign(**unknown),
        candidates=county.candidates.iloc[:0],
        cells=county.cells.assign(township=""),
        notices=(),
        set_aside=(),
    )
    base = {stage: evaluate(bare, stage) for stage in clip.base}
    result = dataclasses.replace(clip, county=bare, base=base, answers=())
    write_outputs(result, tmp_path)
    page = Page(tmp_path / "report.html")
    t = get_translator(language)
    assert t("unknown") in page.text
    assert t("Nothing.") in page.text
    assert t("By township") not in page.text
    assert t("Schools with most pupils") in page.text
    assert t("Questions and answers") not in page.text


def test_a_stage_without_schools_is_told_as_such(clip, tmp_path: Path) -> None:
    schools = clip.county.schools
    shut = in_english(with_county(clip, schools=schools.assign(status="closed")))
    base = {"primary": evaluate(shut.county, "primary")}
    result = dataclasses.replace(shut, base=base, answers=())
    write_outputs(result, tmp_path)
    page = Page(tmp_path / "report.html")
    assert "No school of this stage is open." in page.text
    assert "no school of these grades" in page.text
    counted = pd.read_csv(tmp_path / "reconciliation.csv").groupby("category")["pupils"].sum()
    assert counted["out_of_reach"] == counted["total"] > 0
    assert len(gpd.read_file(tmp_path / "catchments.shp")) == 0
    assert len(gpd.read_file(tmp_path / "unreachable.shp")) >= 2


def test_a_school_in_the_shade_of_another_is_named(clip, tmp_path: Path) -> None:
    state = clip.base["primary"]
    sites = state.sites.copy()
    sites.loc["twin"] = sites.iloc[0]
    sites.loc["twin", "name"] = "影子小学"
    load = pd.concat([state.load, pd.Series({"twin": 0})])
    prices = pd.concat([state.prices, pd.Series({"twin": 0.0})])
    twin = dataclasses.replace(state, sites=sites, load=load, prices=prices)
    drawn = {"primary": {"nearest": catchments(clip.county, state)["nearest"]}}
    result = dataclasses.replace(in_english(clip), base={"primary": twin}, answers=())
    page = Page(write_html(result, drawn, tmp_path / "report.html"))
    told = re.search(r"Schools without a catchment of their own, .*?: (.*?)\.", page.text)
    assert told is not None
    assert "影子小学" in told[1]


@pytest.mark.parametrize(
    ("status", "objective", "bound", "said"),
    [
        ("optimal", 10.0, 10.0, "Proven"),
        ("time_limit", 10.0, 9.0, "10.00%"),
        ("time_limit", 10.0, -float("inf"), "is not known"),
        ("time_limit", float("inf"), 0.0, "before it found an answer"),
        ("cancelled", float("nan"), 0.0, "before it found an answer"),
        ("infeasible", float("inf"), float("inf"), "no answer"),
    ],
)
def test_only_a_proven_answer_is_called_so(clip, status: str, objective: float, bound: float, said: str) -> None:
    answer = clip.answers[0]
    proposal = dataclasses.replace(answer.proposal, status=status, objective=objective, bound=bound)
    words = gap_in_words(get_translator("en"), dataclasses.replace(answer, proposal=proposal))
    assert said in words
    assert ("Proven" in words) == (status == "optimal")


def test_every_sentence_of_the_report_has_its_chinese(root: Path) -> None:
    folder = root / "planning" / "report"
    page = (folder / "templates" / "report.html").read_text("utf-8")
    wanted = set(re.findall(r"\bt\('([^']*)'", page))
    keywords = {"msg": None, "t": None}
    own = ("html.py", "words.py", "vectors.py", "tables.py", "outputs.py")
    found = extract_from_dir(str(folder), method_map=[("*.py", "python")], keywords=keywords)
    wanted |= {entry[2] for entry in found if entry[0] in own}
    translated = set()
    for path in (root / "planning" / "i18n" / "zh").rglob("*.po"):
        with path.open("rb") as stream:
            translated |= {entry.id for entry in read_po(stream) if entry.id and entry.string}
    terms = {message.id for message in TERMS.values()}  # their Chinese stands with the terms
    assert len(wanted) > 90
    assert sorted(wanted - translated - terms) == []


def test_a_school_without_a_name_goes_by_its_code(clip, tmp_path: Path) -> None:
    nameless = with_names(in_english(clip), [""] * 3)
    page = report(dataclasses.replace(nameless, answers=()), tmp_path)
    listed = [site for state in clip.base.values() for site in state.sites.index[:3] if state.load[site] > 0]
    assert any(site in page.text for site in listed)


def test_rules_of_other_stages_are_left_out(clip, tmp_path: Path) -> None:
    page = report(in_english(clip), tmp_path)
    assert "Junior secondary: largest class" in page.text
    assert "50 pupils" in page.text
    assert "Senior secondary" not in page.text
    assert page.text.count("longest daily way to school") == 3  # one of the project, two of the pack


def test_a_long_list_of_sites_is_cut_and_counted(clip, tmp_path: Path) -> None:
    answer = clip.answers[0]
    many = pd.concat([answer.sites.iloc[:1]] * 70).set_axis([f"P{n:03}" for n in range(70)]).assign(lost_unit="")
    many["name"] = [f"地点{n:03}" for n in range(70)]
    result = dataclasses.replace(clip, answers=(dataclasses.replace(answer, sites=many, after=None),))
    drawn = {stage: catchments(clip.county, state) for stage, state in clip.base.items()}
    page = write_html(result, drawn, tmp_path / "report.html").read_text("utf-8")
    assert "地点007，另有 62 处" in page
    assert "P059" in page
    assert "P060" not in page
    assert "另有 10 处见 proposal.csv。" in page


def test_what_is_lost_in_pupils_is_said_in_whole_pupils(clip, tmp_path: Path) -> None:
    answer = clip.answers[0]
    sites = answer.sites.assign(lost_unit="pupils", lost_without=149.0, next_best="X", lost_with_next_best=5.0)
    result = dataclasses.replace(clip, answers=(dataclasses.replace(answer, sites=sites, unit="pupils", after=None),))
    drawn = {stage: catchments(clip.county, state) for stage, state in clip.base.items()}
    texts = Page(write_html(result, drawn, tmp_path / "report.html")).texts
    assert "149 人" in texts
    assert "5 人" in texts
    assert any("（单位：人）" in text for text in texts)


def test_places_off_the_roads_have_names_and_codes(clip, tmp_path):
    terrain = clip.county.project.terrain.model_copy(update={"off_road_share": 0.05})
    low = with_county(clip, project=clip.county.project.model_copy(update={"terrain": terrain}))
    every = off_road_places(low.county, low.base["primary"])
    assert len(every) > 15
    page = report(low, tmp_path)
    shown = every.head(15)
    cells = low.county.cells
    for cell, own, place in zip(
        shown["cell_id"], shown["name"], place_names(low.county, cells.index.get_indexer(shown["cell_id"])), strict=True
    ):
        assert (own or f"{place} [{cell}]") in page.text
    assert f"[{every['cell_id'].iloc[15]}]" not in page.text.split(get_translator("zh")("Fullest schools"))[0]
