"""Numbers and rules in words."""

from __future__ import annotations

import math

import pytest

from planning.i18n import get_translator
from planning.report.words import FIELDS, change, quantity, rule_name, unit_name
from planning.standards import load_pack

EN = get_translator("en")


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (2310.0, "m", "2.31 km"),
        (999.4, "m", "999 m"),
        (1000.0, "m", "1.00 km"),
        (44.44, "min", "44.4 min"),
        (0.573, "1", "57.3%"),
        (23448.0, "pupil", "23,448"),
        (1.025, "seat/pupil", "1.02"),
        (math.nan, "m", "–"),
        (None, "m", "–"),
    ],
)
def test_a_value_stands_with_its_unit(value: float | None, unit: str, words: str) -> None:
    assert quantity(EN, value, unit) == words


@pytest.mark.parametrize(
    ("before", "after", "unit", "words"),
    [
        (2740.0, 2392.0, "m", "\N{MINUS SIGN}348 m"),
        (0.573, 0.599, "1", "+2.6 percentage points"),
        (75.0, 75.0, "school", "0"),
        (math.nan, 1.0, "m", "–"),
    ],
)
def test_a_change_has_its_sign(before: float, after: float, unit: str, words: str) -> None:
    assert change(EN, before, after, unit) == words


@pytest.mark.parametrize(
    ("unit", "by"), [("1", 0.0004), ("m", 0.3), ("min", 0.04), ("pupil", 0.2), ("seat/pupil", 0.004)]
)
def test_a_change_too_small_to_be_seen_has_no_sign(unit: str, by: float) -> None:
    t = get_translator("en")
    for after in (1 + by, 1 - by, 1.0):
        assert change(t, 1.0, after, unit)[0] == "0"


def test_every_rule_and_unit_of_the_pack_has_words() -> None:
    for path, rule in load_pack("cn_county_default").rules():
        assert "_" not in rule_name(EN, path), path
        assert rule.unit == "yes/no" or unit_name(EN, rule.unit)
    assert rule_name(EN, "bands.junior.time_limit") == "Junior secondary: longest daily way to school"
    assert rule_name(EN, "small_school_below") == "Counts as a small school below"


def test_fields_fit_a_shapefile() -> None:
    shorts = [field.short for field in FIELDS.values()]
    assert len(set(shorts)) == len(shorts)
    assert all(short.isascii() and len(short) <= 10 for short in shorts)
