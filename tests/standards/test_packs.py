"""Rule packs: every one that ships is walked, every misspelling refused with its path, one pack laid over another."""

from __future__ import annotations

import copy

import pytest
import yaml

from planning.errors import ConfigError, SourceMissingError
from planning.stages import STAGE_OF_BAND
from planning.standards import load_pack, read_pack, shipped_packs
from planning.standards.catalogue import BASIC_INDICATORS, CATALOGUE, INDICATORS, is_group
from planning.standards.model import CONFIDENCE, DOUBTFUL

RULE = {"value": 30, "unit": "min", "source": "tool", "force": "may", "confidence": "T"}
OWN = {
    "id": "own",
    "title": {"zh": "\u67d0\u53bf", "en": "Some county"},
    "issuer": {"zh": "\u67d0\u53bf\u6559\u80b2\u5c40", "en": "Bureau of some county"},
    "inherits": ["cn_county_default"],
    "sources": {
        "own_notice": {
            "title": {"zh": "\u901a\u77e5", "en": "Notice"},
            "no_number": {"zh": "\u8bd5\u884c", "en": "a trial"},
            "level": "county",
        }
    },
    "rules": {
        "bands": {
            "junior": {
                "time_limit": {"value": 50, "unit": "min", "source": "own_notice", "force": "must", "confidence": "V"}
            }
        }
    },
}


def load(folder, content, name="own.yaml"):
    (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return load_pack(name, folder=folder)


def changed(content, path, value):
    copied = copy.deepcopy(content)
    *parents, last = path.split(".")
    place = copied
    for part in parents:
        place = place.setdefault(part, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return copied


@pytest.mark.parametrize("name", shipped_packs())
def test_every_shipped_number_says_where_it_comes_from(name):
    pack = read_pack(name)
    assert pack.values
    for path, rule in pack.rules():
        assert path in CATALOGUE
        assert rule.unit == CATALOGUE[path].unit
        source = pack.sources[rule.source]
        assert source.title.zh
        assert source.title.en
        assert (source.number is None) != (source.no_number is None)
        assert rule.confidence in CONFIDENCE
        assert rule.pack in pack.packs
        assert (source.level == "tool") <= (rule.confidence == "T"), f"{path}: a default is not marked as one"
        assert (rule.confidence == "T") <= (source.level == "tool"), f"{path}: a default is shown as law"
        assert (rule.confidence == "T") <= (rule.force == "may"), f"{path}: a default binds nobody"
        assert (rule.confidence == DOUBTFUL) <= (pack.rule(path) is None), f"{path}: doubtful, but used"
        assert (rule.confidence == "V") == (rule.badge is None)
        if rule.is_law and not rule.enabled:
            assert pack.number(path) is None if CATALOGUE[path].kind == "number" else pack.rule(path) is None


def test_the_facts_asked_for_all_ship():
    """Quality and basic balance, rural layout and closure, living circles, siting, construction, boarding, staff, bus, special."""
    assert {
        "cn_quality_balance_2017", "cn_basic_balance_2012", "cn_rural_layout", "cn_urban_living_circle",
        "cn_siting_gb50099", "cn_rural_construction_jb109", "cn_boarding", "cn_staffing", "cn_school_bus",
        "cn_special_education", "cn_shandong_2018", "cn_hunan_2019", "india_rte", "england_transport",
    } <= set(shipped_packs())  # fmt: skip
    quality = read_pack("cn_quality_balance_2017")
    primary = [quality.number(f"stages.primary.indicators.{name}") for name in INDICATORS]
    junior = [quality.number(f"stages.junior.indicators.{name}") for name in INDICATORS]
    assert primary == [4.2, 1.0, 0.9, 4.5, 7.5, 2000, 2.3]
    assert junior == [5.3, 1.0, 0.9, 5.8, 10.2, 2500, 2.4]
    assert (quality.number("stages.primary.cv_max"), quality.number("stages.junior.cv_max")) == (0.5, 0.45)
    basic = read_pack("cn_basic_balance_2012")
    assert (basic.number("stages.primary.composite_cv_max"), basic.number("stages.junior.composite_cv_max")) == (
        0.65,
        0.55,
    )
    assert basic.needed("evaluation.cv_of_each").yes is False
    assert len(BASIC_INDICATORS) == 8


def test_the_default_holds_the_limits_by_band():
    pack = load_pack("cn_county_default")
    lower = pack.needed("bands.primary_lower.time_limit")
    assert (lower.number, lower.unit, lower.is_law) == (30, "min", True)
    assert pack.needed("bands.primary_lower.may_board").yes is False  # grades 1-3 never board
    assert pack.needed("bands.primary_upper.may_board").yes is True
    assert pack.needed("stages.primary.size_classes").counts == (6, 12, 18, 24)
    assert len(pack.closure_gate) >= 4
    speeds = [pack.number(f"bands.{band}.walking_speed") for band in STAGE_OF_BAND][:4]
    assert speeds == sorted(speeds)  # they grow with age


def test_a_bureau_overrides_one_number_and_it_is_told(tmp_path):
    pack, default = load(tmp_path, OWN), load_pack("cn_county_default")
    assert pack.number("bands.junior.time_limit") == 50
    assert pack.issuer.en == "Bureau of some county"
    told = [item for item in pack.overrides if item.after.pack == "own"]
    assert [item.path for item in told] == ["bands.junior.time_limit"]
    assert (told[0].before.number, told[0].before.pack) == (60, "cn_county_default")
    assert pack.sources[told[0].before.source].level == "tool"
    others = {path: rule for path, rule in pack.values.items() if path != "bands.junior.time_limit"}
    assert others == {path: rule for path, rule in default.values.items() if path in others}
    assert len(pack.values) == len(default.values)
    assert pack.closure_gate == default.closure_gate


def test_packs_may_build_upon_files_beside_them(tmp_path):
    load(tmp_path, OWN)
    second = {**changed(OWN, "rules.bands.junior.time_limit.value", 45), "id": "second", "inherits": ["own.yaml"]}
    pack = load(tmp_path, second, "second.yaml")
    assert [item.after.number for item in pack.overrides if item.path == "bands.junior.time_limit"] == [50, 45]
    (tmp_path / "own.yaml").write_text(
        yaml.safe_dump({**OWN, "inherits": ["second.yaml"]}, allow_unicode=True), "utf-8"
    )
    with pytest.raises(ConfigError, match="builds upon itself"):
        load_pack("second.yaml", folder=tmp_path)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("rules.bands.junior.time_limt", RULE, "rules.bands.junior.time_limt: unknown key"),
        ("rules.bands.infants", {}, "rules.bands.infants: unknown key"),
        ("rules.bands.junior.time_limit.unt", "min", "rules.bands.junior.time_limit.unt: unknown key"),
        ("rules.bands.junior.time_limit.unit", "m", "rules.bands.junior.time_limit.unit: the unit must be min (given: m)"),
        ("rules.bands.junior.time_limit.unit", None, "rules.bands.junior.time_limit.unit: missing"),
        ("rules.bands.junior.time_limit.value", "long", "rules.bands.junior.time_limit.value"),
        ("rules.bands.junior.time_limit.value", True, "must be a number of 0 or more (given: True)"),
        ("rules.bands.junior.time_limit.value", -1, "must be a number of 0 or more (given: -1)"),
        ("rules.bands.junior.time_limit.value", float("nan"), "must be a number of 0 or more (given: nan)"),
        ("rules.bands.junior.may_board", {**RULE, "value": 3, "unit": "yes/no"}, "must be true or false (given: 3)"),
        ("rules.bands.junior.time_limit.source", None, "rules.bands.junior.time_limit.source: missing"),
        ("rules.bands.junior.time_limit.source", "nowhere", "rules.bands.junior.time_limit.source: nowhere is not among"),
        ("rules.bands.junior.time_limit.confidence", "X", "confidence: must be one of"),
        ("rules.bands.junior.time_limit.force", "shall", "force: must be one of"),
        ("rules.bands.junior.time_limit.pack", "cn_county_default", "rules.bands.junior.time_limit.pack: unknown key"),
        ("rules.bands.junior", 3, "rules.bands.junior: must be a list of keys and values"),
        ("rules.bands.junior.time_limit", 3, "rules.bands.junior.time_limit: must be a list of keys and values"),
        ("rules.stages.junior.size_classes", {**RULE, "value": [12, 6], "unit": "classes"}, "list of rising whole numbers"),
        ("rules.stages.junior.size_classes", {**RULE, "value": [], "unit": "classes"}, "list of rising whole numbers"),
        ("rules.township.nodes", {**RULE, "value": 3, "unit": "words"}, "must be a list of words"),
        ("rules.stages.junior.land_max", {**RULE, "value": 3, "unit": "m2/pupil"}, "numbers by count of classes"),
        ("sources.own_notice.number", "1", "either number, or no_number"),
        ("sources.own_notice.no_number", None, "either number, or no_number"),
        ("sources.jd2017_6", OWN["sources"]["own_notice"], "sources.jd2017_6: the key stands for another document"),
        ("closure_gate", [{"id": "by_moonlight", "title": OWN["title"], "source": "tool", "confidence": "T",
                           "decided_by": "computed"}], "by_moonlight cannot be computed; the program computes protected"),
        ("closure_gate", [{"id": "mayor", "title": OWN["title"], "source": "nowhere", "confidence": "T",
                           "decided_by": "user"}], "closure_gate.mayor.source: nowhere is not among"),
        ("inherit", ["cn_county_default"], "inherit: unknown key"),
        ("id", "my pack", "id"),
    ],
)  # fmt: skip
def test_faults_are_refused_with_their_path(tmp_path, path, value, words):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, changed(OWN, path, value))
    assert words in str(caught.value)
    assert str(caught.value).startswith("own.yaml:")


def test_all_faults_of_a_pack_come_at_once(tmp_path):
    wrong = changed(changed(OWN, "rules.bands.junior.time_limit.unit", "m"), "rules.bands.junior.speed", RULE)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, changed(wrong, "rules.bands.senior.time_limit", {**RULE, "source": "nowhere"}))
    assert str(caught.value).startswith("own.yaml: 3 faults")


def test_a_part_of_a_pack_is_no_pack_for_a_county():
    with pytest.raises(ConfigError, match=r"not complete(.|\n)*inherits: \[cn_county_default\]"):
        load_pack("india_rte")
    assert read_pack("india_rte").number("bands.junior.distance_limit") == 3000


def test_a_doubtful_or_superseded_value_ships_but_is_not_used(tmp_path):
    doubtful = load(tmp_path, changed(OWN, "rules.bands.junior.time_limit.confidence", "KQ"))
    assert doubtful.values["bands.junior.time_limit"].number == 50
    assert doubtful.number("bands.junior.time_limit") is None
    pack = load_pack("cn_county_default")
    assert pack.values["stages.primary.pupils_per_staff_rural"].superseded
    assert "pupils_per_staff_rural" not in pack.below("stages.primary")
    assert pack.below("stages.primary")["pupils_per_staff"].number == 19


def test_people_may_add_conditions_of_their_own(tmp_path):
    gate = {"id": "mayor", "title": OWN["title"], "source": "tool", "confidence": "T", "decided_by": "user"}
    pack = load(tmp_path, {**OWN, "closure_gate": [gate]})
    assert [item.id for item in pack.closure_gate][-1] == "mayor"
    assert len(pack.closure_gate) == len(load_pack("cn_county_default").closure_gate) + 1


def test_words_of_a_pack_stand_in_sentences_of_either_language():
    pack = load_pack("cn_county_default")
    gate = next(gate for gate in pack.closure_gate if gate.id == "travel_unsafe")
    source = pack.sources[gate.source]
    assert str(gate.title.message()) == gate.title.en
    # The Chinese catalogue turns the two places round: the one that is cut to no letters is not seen.
    assert "{en:.0}{zh}".format(**gate.title.message().params) == gate.title.zh
    assert str(source.message()) == source.title.en
    assert str(pack.sources["gb2018_27"].message()).endswith("\u3014" + "2018" + "\u3015" + "27\u53f7")


def test_a_pack_survives_being_saved():
    pack = read_pack("cn_urban_building_jb102")
    again = type(pack).model_validate(pack.model_dump(mode="json"))
    assert again == pack
    assert again.values["stages.primary.floor_area_basic"].value[30] == 5.2


def test_a_rule_is_read_as_what_it_is():
    pack = load_pack("cn_county_default")
    with pytest.raises(TypeError):
        _ = pack.needed("stages.primary.size_classes").number
    with pytest.raises(TypeError):
        _ = pack.needed("bands.junior.time_limit").yes
    with pytest.raises(TypeError):
        _ = pack.needed("closure.steps").counts
    with pytest.raises(KeyError):
        pack.rule("bands.junior.time_limt")
    with pytest.raises(KeyError):
        pack.needed("stages.special.cv_max")


def test_the_catalogue_has_no_rule_that_is_a_group_as_well():
    assert not [path for path in CATALOGUE if is_group(path)]


def test_no_such_pack():
    with pytest.raises(SourceMissingError, match="Shipped: cn_basic_balance_2012"):
        load_pack("cn_moon")
    with pytest.raises(SourceMissingError):
        load_pack("none.yaml")
    with pytest.raises(SourceMissingError):
        load_pack("../packs/cn_county_default")
