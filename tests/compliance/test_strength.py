"""How strong a school is: by hand, at the edge, missing numbers, who may lead."""

from __future__ import annotations

import pandas as pd
import pytest
from small_schools import schools_of

from planning.compliance.balance import school_parts
from planning.compliance.strength import STRENGTH_CAP, roles, strength
from planning.standards import RulePack

#: What a primary school of 100 pupils needs to meet each indicator exactly.
ENOUGH = {
    "qualified_teachers": 4.2, "backbone_teachers": 1.0, "sports_arts_teachers": 0.9, "teaching_area_m2": 450.0,
    "sports_area_m2": 750.0, "equipment_yuan": 200_000.0, "multimedia_rooms": 2.3,
}  # fmt: skip
TOWN = {"pupils_primary": 100, "locale": "town", "ownership": "public"} | ENOUGH
VILLAGE = {"pupils_primary": 100, "locale": "village", "ownership": "public"} | ENOUGH


def test_it_is_the_mean_of_seven_shares_cut_at_the_cap(pack: RulePack):
    schools = schools_of(
        {"exact": TOWN, "rich": TOWN | {"equipment_yuan": 10**7}, "poor": TOWN | {"backbone_teachers": 0.3}}
    )
    found = strength(school_parts(schools, {}), pack)["strength"].droplevel("stage")
    assert found["exact"] == pytest.approx(1.0)
    assert found["rich"] == pytest.approx((6 + STRENGTH_CAP) / 7)
    assert found["poor"] == pytest.approx((6 + 0.3) / 7)


def test_a_missing_number_leaves_the_strength_unknown_and_is_named(pack: RulePack):
    schools = schools_of({"A": TOWN, "B": TOWN | {"backbone_teachers": None}})
    found = strength(school_parts(schools, {}), pack).droplevel("stage")
    assert pd.isna(found.at["B", "strength"])
    assert found["missing"].tolist() == [(), ("backbone_teachers",)]


def test_what_no_school_gives_is_left_out_for_all(pack: RulePack):
    schools = schools_of({code: TOWN | {"backbone_teachers": None} for code in "AB"} | {"C": {"pupils_primary": 100}})
    found = strength(school_parts(schools.drop(index="C"), {}), pack)["strength"]
    assert found.tolist() == pytest.approx([1.0, 1.0])
    nothing = strength(school_parts(schools.loc[["C"]], {}), pack)
    assert nothing["strength"].isna().all()
    assert len(nothing["missing"].iloc[0]) == 7


def test_who_leads_and_who_needs_a_lead(pack: RulePack):
    weak = {name: 0.8 * value for name, value in ENOUGH.items()}
    between = {name: 0.9 * value for name, value in ENOUGH.items()}
    schools = schools_of(
        {
            "lead": TOWN, "city": TOWN | {"locale": "city"}, "private": TOWN | {"ownership": "private"},
            "unsaid": TOWN | {"ownership": "unknown"}, "uncounted": TOWN | {"books": 1, "backbone_teachers": None},
            "between": TOWN | between, "weak": TOWN | weak, "village": VILLAGE,
            "village_uncounted": VILLAGE | {"backbone_teachers": None},
            "beyond": VILLAGE | {"in_margin": True}, "private_village": VILLAGE | {"ownership": "private"},
            "senior": {"kind": "senior", "pupils_senior": 9},
        }
    )  # fmt: skip
    table = roles(schools, strength(school_parts(schools, {}), pack))
    assert sorted(table.index[table["may_lead"]]) == ["city", "lead"]
    assert sorted(table.index[table["needs_lead"]]) == ["village", "village_uncounted", "weak"]
    assert "senior" not in table.index
    assert table.at["weak", "strength"] == pytest.approx(0.8)
    assert table.at["lead", "stages"] == ("primary",)


def test_a_nine_year_school_is_as_strong_as_its_weaker_stage(pack: RulePack):
    parts = {f"{name}_primary": value for name, value in ENOUGH.items()}
    junior = {
        "qualified_teachers": 5.3, "backbone_teachers": 1.0, "sports_arts_teachers": 0.9, "teaching_area_m2": 580.0,
        "sports_area_m2": 1020.0, "equipment_yuan": 250_000.0, "multimedia_rooms": 2.4,
    }  # fmt: skip
    poor = {f"{name}_junior": 0.5 * value for name, value in junior.items()}
    row = {"kind": "nine_year", "locale": "town", "ownership": "public", "pupils_primary": 100, "pupils_junior": 100}
    schools = schools_of({"N": row | parts | poor, "U": row | poor})
    table = roles(schools, strength(school_parts(schools, {}), pack))
    assert table.at["N", "strength"] == pytest.approx(0.5)
    assert pd.isna(table.at["U", "strength"])
    assert table["needs_lead"].all()  # known to be weak in one stage, whatever the other is
    assert table.at["N", "stages"] == ("junior", "primary")
