"""Rule packs: the one that ships, and every misspelling refused with its path."""

from __future__ import annotations

import copy

import pytest
import yaml

from planning.errors import ConfigError, SourceMissingError
from planning.stages import BANDS, STAGE_OF_BAND
from planning.standards import load_pack
from planning.standards.model import CONFIDENCE


@pytest.fixture(scope="module")
def content(root):
    return yaml.safe_load((root / "planning/standards/packs/cn_county_default.yaml").read_text("utf-8"))


def load(folder, content):
    (folder / "own.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_pack("own.yaml", folder=folder)


def test_the_shipped_pack_holds_the_limits_by_band_and_their_sources():
    pack = load_pack("cn_county_default")
    lower = pack.bands["primary_lower"]
    assert (lower.time_limit.value, lower.time_limit.unit) == (30, "min")
    assert lower.time_limit.is_law
    assert lower.may_board.value is False  # grades 1-3 never board
    assert pack.bands["primary_upper"].may_board.value is True
    assert set(pack.bands) == set(STAGE_OF_BAND)
    assert set(pack.stages) == set(BANDS)
    assert len(pack.closure_gate) >= 4
    for path, rule in pack.rules():
        assert rule.source in pack.sources, path
        assert rule.confidence in CONFIDENCE
        assert (pack.sources[rule.source].level == "tool") <= (rule.confidence == "T"), path
    assert all(source.title.in_language("zh") and source.title.in_language("en") for source in pack.sources.values())


def test_walking_speeds_grow_with_age():
    bands = load_pack("cn_county_default").bands
    speeds = [bands[band].walking_speed.value for band in ("kindergarten", "primary_lower", "primary_upper", "junior")]
    assert speeds == sorted(speeds)


def test_an_own_pack_is_read_from_the_project_folder(tmp_path, content):
    assert load(tmp_path, content) == load_pack("cn_county_default")


def change(content, path, value):
    changed = copy.deepcopy(content)
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


RULE = {"value": 30, "unit": "min", "source": "tool", "force": "may", "confidence": "T"}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("bands.junior.time_limt", RULE, "bands.junior.time_limt: unknown key"),
        ("bands.junior.time_limit.unit", "minutes", "bands.junior.time_limit.unit: must be one of min"),
        ("bands.junior.time_limit.value", "long", "bands.junior.time_limit.value"),
        ("bands.junior.time_limit.value", True, "a value in min must be a number"),
        ("bands.junior.may_board.value", 3, "yes/no must be true or false"),
        ("bands.junior.time_limit.source", "nowhere", "sources: nowhere named but not listed"),
        ("bands.junior.time_limit.confidence", "X", "confidence: must be one of"),
        ("bands.junior", None, "bands: junior missing"),
        ("bands.junior.walking_speed", None, "bands.junior.walking_speed: missing"),
        ("closure_gate", [], "closure_gate: must not be empty"),
        ("closure_gate.0.id", "by_moonlight", "by_moonlight cannot be computed; the program computes protected"),
        ("closure_gate.0.source", "nowhere", "sources: nowhere named but not listed"),
        ("closure_gate.0.stages", ["infants"], "closure_gate.0.stages.0: must be one of"),
        ("stages.primary.size_classes.classes", [12, 6], "stages.primary.size_classes: classes must rise"),
        ("stages.primary.size_classes.classes", [], "classes: must not be empty"),
        ("stages.primary.size_classes.source", "nowhere", "sources: nowhere named but not listed"),
        ("bands.infants", {}, "bands.infants"),
    ],
)
def test_faults_are_refused_with_their_path(tmp_path, content, path, value, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, change(content, path, value))
    assert words in str(caught.value)
    assert str(caught.value).startswith("own.yaml:")


def test_words_of_a_pack_stand_in_sentences_of_either_language():
    pack = load_pack("cn_county_default")
    gate = next(gate for gate in pack.closure_gate if gate.id == "travel_unsafe")
    source = pack.sources[gate.source]
    assert str(gate.title.message()) == gate.title.en
    # The Chinese catalogue turns the two places round: the one that is cut to no letters is not seen.
    assert "{en:.0}{zh}".format(**gate.title.message().params) == gate.title.zh
    assert str(source.message()) == source.title.en
    assert str(pack.sources["gb2018_27"].message()).endswith("\u3014" + "2018" + "\u3015" + "27\u53f7")
    assert gate.note is not None


def test_people_may_add_conditions_of_their_own(tmp_path, content):
    own = {
        "id": "mayor",
        "title": {"zh": "\u53bf\u957f", "en": "the mayor says no"},
        "source": "tool",
        "confidence": "T",
        "decided_by": "user",
    }
    pack = load(tmp_path, {**content, "closure_gate": [*content["closure_gate"], own]})
    assert pack.closure_gate[-1].id == "mayor"
    assert pack.closure_gate[-1].stages is None


def test_a_doubtful_value_ships_but_is_not_used(tmp_path, content):
    pack = load(tmp_path, change(content, "bands.junior.time_limit.confidence", "KQ"))
    assert not pack.bands["junior"].time_limit.enabled


def test_no_such_pack():
    with pytest.raises(SourceMissingError, match="Shipped: cn_county_default"):
        load_pack("cn_moon")
    with pytest.raises(SourceMissingError):
        load_pack("none.yaml")
    with pytest.raises(SourceMissingError):
        load_pack("../packs/cn_county_default")
