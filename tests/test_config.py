"""The project file: what it may say, every fault with its path, and files that are looked for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from planning.config import Enlarge, Limit, Project, Question, load_project, read_yaml
from planning.errors import ConfigError, SourceMissingError
from planning.i18n import get_translator

LEAST = {
    "name": "Line",
    "roads": {"file": "r.osm.pbf"},
    "population": {"file": "p.tif"},
    "schools": {"file": "s.xlsx"},
    "stages": {"primary": {"ages": [6, 11]}},
}
FILES = ("r.osm.pbf", "p.tif", "s.xlsx")


def written(folder: Path, content: object, *, files=FILES) -> Path:
    for name in files:
        (folder / name).write_bytes(b"x")
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
    (folder / "project.yaml").write_text(text, "utf-8")
    return folder / "project.yaml"


def faults(place: Path, **changes) -> str:
    with pytest.raises(ConfigError) as caught:
        load_project(written(place, {**LEAST, **changes}))
    return str(caught.value)


def test_the_least_project_has_the_defaults_of_the_design(tmp_path):
    project = load_project(written(tmp_path, LEAST))
    assert project.language == "zh"
    assert project.crs == "auto"
    assert project.schools.coordinates == "wgs84"
    assert project.travel.reach_limit is None
    assert project.travel.mode == "walk"
    assert project.standards == "cn_county_default"
    assert project.folder == tmp_path.resolve()
    assert project.bands == ("primary_lower", "primary_upper")
    assert project.path("p.tif") == tmp_path.resolve() / "p.tif"
    assert load_project(tmp_path) == project  # a folder holds a project.yaml
    with pytest.raises(ValueError, match="frozen"):
        project.name = "x"


def test_the_example_of_the_design_is_read(tmp_path):
    text = """
name: Ngazidja
language: zh
crs: auto
boundary: county.gpkg
roads: {file: roads.osm.pbf, extra: [village_roads.shp]}
terrain: {dem: dem.tif, off_road: false}
population: {file: worldpop.tif, year: 2020, known_total: 449425, age_bands: {"5-9": 1}}
schools: {file: schools.xlsx, coordinates: gcj02, mapping: {name: 校名}, kind: primary}
stages:
  primary: {ages: [6, 11], share: 0.155}
  junior: {ages: [12, 14], share: 0.075}
housing: housing.xlsx
exclusions: exclusions.gpkg
births: births.csv
migration: migration.csv
standards: cn_county_default
limits: {primary_lower: {time_min: 30}}
travel: {mode: walk, modes: {junior: bike}, reach_limit: null}
costs: {build_per_seat: 30000, running_per_school: 800000}
questions:
  - {name: three new schools, stage: primary, model: p_median, new: 3}
  - {name: a boarding school, stage: junior, model: boarding, new: 1}
"""
    files = re.findall(r"[\w]+\.(?:gpkg|osm\.pbf|shp|tif|xlsx|csv)", text)
    project = load_project(written(tmp_path, text, files=files))
    assert project.mode_of("junior") == "bike"
    assert project.mode_of("primary") == "walk"
    assert [question.new for question in project.questions] == [3, 1]
    assert {key for key, _ in project.files()} >= {"boundary", "roads.file", "roads.extra.0", "schools.file", "births"}


def test_all_faults_come_at_once_with_their_paths(tmp_path):
    said = faults(
        tmp_path,
        shools="x",
        stages={"primary": {"agees": [6, 11]}, "primery": {"share": 0.1}},
        travel={"mode": "fly", "reach_limit": -1},
        terrain={"off_road": "perhaps"},
    )
    for words in (
        "shools: unknown key", "stages.primary.agees: unknown key", "stages.primery", "travel.mode: must be one of walk, bike, drive",
        "(given: fly)", "travel.reach_limit", "more than 0", "terrain.off_road: must be true or false",
    ):  # fmt: skip
        assert words in said, said
    assert said.splitlines()[0] == f"project.yaml: {len(said.splitlines()) - 1} faults in the project file."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "name: must not be empty"),
        ({"name": None}, "name: must be a text"),
        ({"roads": {}}, "roads: either file or overpass: true"),
        ({"roads": {"file": "r.osm.pbf", "overpass": True}}, "roads: either file or overpass: true"),
        ({"population": {"year": 2020}}, "population: file or villages must be named"),
        ({"population": {"file": "p.tif", "known_total": 0}}, "population.known_total: must be more than 0"),
        ({"population": {"file": "p.tif", "known_total": float("nan")}}, "population.known_total: must be a number"),
        ({"stages": {}}, "stages: must not be empty"),
        ({"stages": {"primary": {}}}, "stages.primary: ages or share must be given"),
        ({"stages": {"primary": {"ages": [11, 6]}}}, "ages must be [first, last] between 0 and 30"),
        ({"stages": {"primary": {"share": 1.5}}}, "stages.primary.share: must be 1 or less"),
        ({"limits": {"primary_lower": {}}}, "limits.primary_lower: time_min or distance_m must be given"),
        ({"questions": [{"name": "Q", "stage": "primary", "model": "p_median"}]}, "questions.0: new must be given"),
        ({"questions": [{"name": "Q", "stage": "junior", "model": "boarding"}]}, "question Q asks about junior"),
        ({"questions": [{"name": "Q", "stage": "primary", "model": "set_cover"}] * 2}, "must have different names"),
        ({"questions": [{"name": "Q", "stage": "primary", "model": "p_median", "new": 1.5}]}, "new: must be a whole number"),
        ({"questions": [{"name": "Q", "stage": "primary", "model": "p_median", "new": -1}]}, "new: must be 0 or more"),
        (
            {"schools": {"file": "s.xlsx", "coordinates": "baidu"}},
            "schools.coordinates: must be wgs84, gcj02, bd09 or EPSG:number",
        ),
        ({"folder": "/"}, "folder: unknown key"),
        *(
            ({"questions": [{"name": "Q", "stage": "primary", "model": "capacitated", **keys}]}, words)
            for keys, words in [
                ({"close": "all"}, "questions.0.close: must be a list of school codes in [ ]"),
                ({"close": [1.5]}, "questions.0.close: must be a list of school codes in [ ]"),
                ({"close": [True]}, "questions.0.close: must be a list of school codes in [ ]"),
                ({"keep": True}, "questions.0.keep: must be a list of school codes in [ ]"),
                ({"close": ["A", "B"], "keep": ["B"]}, "questions.0: close and keep both name B"),
                ({"exceptions": 3}, "questions.0: exceptions: only where close says which schools may be closed"),
                ({"enlarge": {"clases": [6]}}, "questions.0.enlarge.clases: unknown key"),
                ({"enlarge": {"classes": [0]}}, "questions.0.enlarge.classes.0: must be more than 0"),
                ({"enlarge": {"classes": []}}, "questions.0.enlarge.classes: must not be empty"),
                ({"enlarge": {"schools": "A"}}, "questions.0.enlarge.schools: must be a list of school codes in [ ]"),
                ({"min_pupils": 0}, "questions.0.min_pupils: must be more than 0"),
                ({"whole": "perhaps"}, "questions.0.whole: must be true or false"),
            ]
        ),
        (
            {"questions": [{"name": "Q", "stage": "primary", "model": "set_cover", "close": True, "whole": True}]},
            "questions.0: close, whole: only for model capacitated",
        ),
        *(
            ({"questions": [{"name": "Q", "stage": "primary", "model": "p_median", "new": 1, **keys}]}, words)
            for keys, words in [
                ({"frontier": True}, "questions.0.frontier: must be a list of keys and values"),
                ({"frontier": {}}, "questions.0.frontier: either new: [1, 2, 3] or budgets"),
                ({"frontier": {"new": [1], "budgets": [1]}}, "questions.0.frontier: either new: [1, 2, 3] or budgets"),
                ({"frontier": {"new": []}}, "questions.0.frontier.new: must not be empty"),
                ({"frontier": {"new": [-1]}}, "questions.0.frontier.new.0: must be 0 or more"),
                ({"frontier": {"new": list(range(51))}}, "questions.0.frontier.new: must have at most 50 entries"),
                ({"frontier": {"budgets": [0]}}, "questions.0.frontier.budgets.0: must be more than 0"),
                ({"frontier": {"new": [1], "time_limit_s": 4000}}, "questions.0.frontier.time_limit_s: must be 3600 or less"),
                ({"alternatives": {"plan": 3}}, "questions.0.alternatives.plan: unknown key"),
                ({"alternatives": {"plans": 0}}, "questions.0.alternatives.plans: must be 1 or more"),
                ({"alternatives": {"within_percent": 0}}, "questions.0.alternatives.within_percent: must be more than 0"),
                ({"bus_seats": 40}, "questions.0: bus_seats: only for model boarding"),
            ]
        ),
        (
            {"questions": [{"name": "Q", "stage": "primary", "model": "set_cover", "frontier": {"new": [1]}}]},
            "questions.0: frontier: only for model p_median, max_coverage, p_center",
        ),
        (
            {"questions": [{"name": "Q", "stage": "primary", "model": "p_center", "new": 1, "alternatives": True}]},
            "questions.0: alternatives: only for model p_median, max_coverage, set_cover",
        ),
        ({"costs": {"bus_per_km": -1}}, "costs.bus_per_km: must be 0 or more"),
        ({"costs": {"yuan_per_pupil_km": 0}}, "costs.yuan_per_pupil_km: must be more than 0"),
    ],
)  # fmt: skip
def test_each_fault_says_its_path_and_what_belongs_there(tmp_path, changes, words):
    assert words in faults(tmp_path, **changes)


def test_a_missing_key_and_missing_files_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"schools: missing\. Add it"):
        load_project(written(tmp_path, {key: value for key, value in LEAST.items() if key != "schools"}))
    (tmp_path / "s.xlsx").unlink()
    with pytest.raises(ConfigError) as caught:
        load_project(written(tmp_path, {**LEAST, "exclusions": "no.gpkg"}, files=("r.osm.pbf", "p.tif")))
    assert "schools.file: there is no file s.xlsx" in str(caught.value)
    assert "exclusions: there is no file no.gpkg" in str(caught.value)


def test_limits_may_be_plain_metres():
    assert Limit.model_validate(3000) == Limit(distance_m=3000)
    assert Limit.model_validate({"time_min": 30}).distance_m is None
    for wrong in (True, 0, -5, float("inf"), "far"):
        with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own words
            Limit.model_validate(wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "not readable as YAML at line"),
        ("name: A\nname: B\n", "the key 'name' stands twice"),
        ("- a\n- b\n", "must be a list of keys and values"),
        ("", "must be a list of keys and values"),
        ("a: !!python/object/apply:os.system ['true']\n", "not readable as YAML"),
        ("? [a]\n: b\n", "must be a plain word"),
    ],
)
def test_what_is_no_mapping_is_refused(tmp_path, text, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        read_yaml(written(tmp_path, text))


def test_files_that_are_no_utf8_or_not_there(tmp_path):
    file = tmp_path / "gbk.yaml"
    file.write_bytes("name: 云岚县".encode("gbk"))
    with pytest.raises(ConfigError, match="Save it as UTF-8"):
        read_yaml(file)
    with pytest.raises(SourceMissingError, match="no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(FileNotFoundError):
        load_project(tmp_path)
    file.write_bytes("﻿name: 云岚县".encode())  # as Windows Notepad writes it
    assert read_yaml(file)["name"] == "云岚县"


def test_a_project_survives_its_own_dump(tmp_path):
    project = load_project(written(tmp_path, {**LEAST, "travel": {"reach_limit": 3000}}))
    assert Project.model_validate({**project.model_dump(mode="json"), "folder": project.folder}) == project


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=4
    )
)
def test_any_unknown_content_ends_in_words(content):
    with pytest.raises(ValueError):  # noqa: PT011 - any content of ours that is no project
        Project.model_validate({**content, "roads": 1})


def test_layout_keys_take_true_a_list_or_numbers():
    asked = {"name": "Q", "stage": "primary", "model": "capacitated"}
    plain = Question.model_validate(asked)
    assert (plain.close, plain.keep, plain.enlarge, plain.weighs_money) == (False, (), None, False)
    codes = Question.model_validate({**asked, "close": [9900000007, " A "], "keep": [12]})
    assert (codes.close, codes.keep) == (("9900000007", "A"), ("12",))
    assert codes.weighs_money
    larger = Question.model_validate({**asked, "enlarge": True})
    assert larger.enlarge == Enlarge()
    assert larger.weighs_money
    assert Question.model_validate({**asked, "enlarge": False}) == plain
    sizes = {"classes": [12, 18], "class_size": 40, "cost_per_seat": 20000, "schools": ["A"]}
    assert Question.model_validate({**asked, "enlarge": sizes}).enlarge.classes == (12, 18)
    for one in (codes, larger, Question.model_validate({**asked, "enlarge": sizes, "close": True, "exceptions": 2})):
        assert Question.model_validate(one.model_dump(mode="json")) == one  # as a saved run keeps it


def test_question_keeps_its_text_trimmed():
    assert Question(name=" Q ", stage="primary", model="set_cover").name == "Q"


def test_faults_can_be_said_in_both_languages(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_project(written(tmp_path, {**LEAST, "shools": 1}))
    assert "shools: unknown key" in get_translator("en").error(caught.value)
    assert "shools" in get_translator("zh").error(caught.value)


def test_alternatives_may_be_just_true(tmp_path):
    question = {"name": "Q", "stage": "primary", "model": "p_median", "new": 1}
    asked = load_project(written(tmp_path, {**LEAST, "questions": [{**question, "alternatives": True}]})).questions[0]
    assert asked.alternatives is not None
    assert (asked.alternatives.plans, asked.alternatives.within_percent) == (3, 2.0)
    asked = load_project(written(tmp_path, {**LEAST, "questions": [{**question, "alternatives": False}]})).questions[0]
    assert asked.alternatives is None
