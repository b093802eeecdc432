"""Questions: the right answer on a line, its effect, what lacks, and reasons that name villages and schools."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from line_county import CRS, ORIGIN, adds_up, line_county, project_of, value

from planning.config import Question
from planning.errors import ConfigError
from planning.scenario.edits import edits_from_data, edits_to_data
from planning.scenario.evaluate import evaluate
from planning.scenario.questions import answer

VILLAGES = {
    "c1": {"at": 1000, "name": "Shiping", "primary_lower": 10, "primary_upper": 10},
    "c2": {"at": 9000, "name": "Lijia", "primary_lower": 20},
    "c3": {"at": 16_000, "name": "Wangcun", "primary_lower": 6, "primary_upper": 6},
}


def county(**more):
    return line_county(
        VILLAGES, {"A": {"at": 0, "seats_primary": 60}}, {"N1": 8000.0, "N2": 15_000.0, "N3": 12_000.0}, **more
    )


def ask(county, model, **keys):
    question = Question.model_validate({"name": "Q", "stage": "primary", "model": model, "time_limit_s": 10, **keys})
    return answer(county, question)


def test_p_median_by_hand_and_its_effect():
    county_ = county()
    found = ask(county_, "p_median", new=1)
    # N3: 20 x 1,000 + 20 x 3,000 + 12 x 4,000 = 128,000; N1: 136,000; N2: 20,000 + 20 x 6,000 + 12,000 = 152,000
    assert found.sites.index.to_list() == ["N3"]
    assert found.proposal.objective == pytest.approx(128_000, rel=1e-5)
    assert found.proposal.status == "optimal"
    assert found.proposal.gap == pytest.approx(0, abs=1e-6)
    assert found.after is not None
    adds_up(county_, "primary", found.after)
    assert found.sites["pupils_gained"].item() == found.after.load["N3"] == 32
    assert value(found.after, "mean_distance") == pytest.approx(128_000 / 52)
    again = evaluate(county_, "primary", edits_from_data(edits_to_data(found.edits)))
    pd.testing.assert_frame_equal(again.indicators, found.after.indicators)


def test_the_other_models_by_hand():
    county_ = county()
    center = ask(county_, "p_center", new=1)
    # longest way: N1 8 km, N2 8 km (c2 to A: 9 km -> to N2 6 km; so 6 km), N3 4 km
    assert center.sites.index.to_list() == ["N3"]
    assert center.unit == "min"
    cover = ask(county_, "max_coverage", new=1, limit={"distance_m": 1000})
    assert cover.sites.index.to_list() == ["N1"]
    assert cover.proposal.objective == 40
    every = ask(county_, "set_cover", limit={"distance_m": 1000})
    assert every.sites.index.to_list() == ["N1", "N2"]
    assert every.proposal.objective == 2
    seats = ask(county_, "capacitated", new=2, seats=20)
    assert seats.after is not None
    assert seats.sites["seats"].to_list() == [20] * len(seats.sites)
    adds_up(county_, "primary", seats.after)
    assert int(seats.after.unserved["pupils"].sum()) == 0


def test_a_budget_caps_what_is_built():
    rich = county(project=project_of(costs={"build_per_seat": 1000}))
    assert len(ask(rich, "capacitated", seats=20, budget=20_000).sites) <= 1
    none = ask(rich, "capacitated", seats=20, budget=19_999)
    assert len(none.sites) == 0
    assert none.after is not None


@pytest.mark.parametrize(
    ("model", "keys", "words"),
    [
        ("p_median", {"new": 4}, "asks for 4 new schools, but there are only 3 places"),
        ("boarding", {"new": 99, "limit": 1000}, "asks for 99 hubs"),
        ("capacitated", {"budget": 5.0}, "a budget needs costs.build_per_seat"),
    ],
)
def test_questions_that_cannot_be_asked(model, keys, words):
    with pytest.raises(ConfigError) as caught:
        ask(county(), model, **keys)
    assert words in str(caught.value)


def test_a_stage_without_a_standard_needs_a_limit():
    senior = line_county(
        [{"at": 0, "senior": 3}], {"S": {"at": 100, "kind": "senior"}}, {"N": 0.0}, project=project_of(("senior",))
    )
    question = Question(name="Q", stage="senior", model="max_coverage", new=1)
    with pytest.raises(ConfigError, match="no limit"):
        answer(senior, question)
    own = Question.model_validate({**question.model_dump(), "limit": {"distance_m": 1}})
    assert answer(senior, own).proposal.objective == 3


def test_no_candidates_at_all():
    bare = line_county(VILLAGES, {"A": {"at": 0}})
    found = ask(bare, "p_median", new=0)
    assert found.sites.empty
    assert found.after is not None
    with pytest.raises(ConfigError, match="only 0 places"):
        ask(bare, "p_median", new=1)


def test_reasons_name_villages_schools_and_grades():
    cut = line_county(
        VILLAGES, {"A": {"at": 0, "name": "First school"}}, {"N1": 8000.0}, gap_at=12_000,
    )  # fmt: skip
    found = ask(cut, "p_median", new=1)
    said = [str(note) for note in found.notes]
    assert any("No site reaches cell Wangcun: 12 pupils" in line for line in said), said
    beyond = ask(county(), "set_cover", limit={"distance_m": 500})
    said = [str(note) for note in beyond.notes]
    assert any("live beyond the limit of every school and candidate" in line and "Lijia" in line for line in said), said
    assert not any(line.startswith(("Cell 0", "Cell 1", "Cell 2")) for line in said)


def test_unnamed_cells_take_the_name_of_a_place_near_then_township_then_id():
    people = [
        {"at": 1000, "primary_lower": 1},
        {"at": 9000, "primary_lower": 1, "township": "Qingxi"},
        {"at": 19_000, "primary_lower": 1},
    ]
    from dataclasses import replace

    from planning.scenario.naming import place_names

    base = line_county(people, {"A": {"at": 0}})
    mapped = gpd.GeoDataFrame(
        {"kind": ["place", "river"], "detail": ["village", ""], "name": ["Longtan", "River"]},
        geometry=[shapely.Point(ORIGIN[0] + 1500, ORIGIN[1] + 200), shapely.Point(ORIGIN[0] + 19_000, ORIGIN[1])],
        crs=CRS,
    )
    assert place_names(replace(base, basemap=mapped), [0, 1, 2]) == ["Longtan", "Qingxi", "c2"]
    assert place_names(base, []) == []


def test_the_margin_is_in_no_question():
    cells = {
        "in": {"at": 3000, "primary_lower": 10},
        "out": {"at": 12_000, "primary_lower": 500, "in_margin": True},
    }
    bordering = line_county(cells, {"A": {"at": 0, "seats_primary": 510}}, {"N1": 3000.0, "N2": 12_000.0})
    found = ask(bordering, "p_median", new=1)
    assert found.sites.index.to_list() == ["N1"]  # 500 children over there would have asked for N2
    assert found.sites["pupils_gained"].item() == 10
    assert found.proposal.objective == pytest.approx(0, abs=1)
    seats = ask(bordering, "capacitated", new=1, seats=20)
    assert any("500 seats are held" in str(note) for note in seats.notes)


def test_boarding_houses_those_beyond_the_daily_limit_and_no_small_child():
    far = line_county(
        {
            "near": {"at": 500, "name": "Near", "primary_lower": 5, "primary_upper": 5},
            "far": {"at": 18_000, "name": "Far", "primary_lower": 4, "primary_upper": 7},
            "over": {"at": 19_000, "name": "Over", "primary_upper": 9, "in_margin": True},
        },
        {"A": {"at": 0, "seats_primary": 30}},
        {"N1": 17_500.0},
    )
    found = ask(far, "boarding", new=1, beds=20)
    assert found.after is not None
    adds_up(far, "primary", found.after)
    boarders = found.after.boarding
    assert set(boarders["band"]) <= {"primary_upper"}
    assert "over" not in set(boarders["cell_id"])
    assert set(found.sites["kind"]) <= {"boarding", "teaching_point", "keep"}
    assert found.sites["seats"].dtype == found.sites["beds"].dtype == "Int64"  # unknown is NA, and counts stay whole
    # The hub stands near the far village: all its children go home every day, and it needs no teaching point besides.
    assert found.sites.index.to_list() == ["N1"]
    assert found.sites["pupils_gained"].item() == 11
    assert boarders.empty
    assert found.after.load["N1"] >= 11
    away = line_county(
        {
            "far": {"at": 18_000, "name": "Far", "primary_lower": 4, "primary_upper": 7},
            "mid": {"at": 10_000, "name": "Mid", "primary_upper": 300, "population": 9000},
        },
        {"A": {"at": 0, "seats_primary": 30}},
        {"N1": 17_500.0, "N2": 10_000.0},
    )
    found = ask(away, "boarding", new=1, beds=20)
    assert found.after is not None
    assert found.sites["kind"].to_dict() == {"N2": "boarding", "N1": "teaching_point"}
    assert found.after.boarding[["cell_id", "band", "site_id", "pupils"]].to_numpy().tolist() == [
        ["far", "primary_upper", "N2", 7]
    ]
    assert found.sites.loc["N1", "pupils_gained"] == 4  # grades 1-3 never board
    adds_up(away, "primary", found.after)


def test_rows_in_another_order_give_the_same_proposal():
    one = ask(county(), "p_median", new=2)
    turned = line_county(
        dict(reversed(VILLAGES.items())),
        {"A": {"at": 0, "seats_primary": 60}},
        {"N3": 12_000.0, "N2": 15_000.0, "N1": 8000.0},
    )
    other = ask(turned, "p_median", new=2)
    assert set(one.sites.index) == set(other.sites.index)
    assert one.proposal.objective == pytest.approx(other.proposal.objective)
    assert np.isfinite(one.seconds)


MODELS = ("p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding")
ODD = {
    "nobody": ([{"at": 0}], {"A": {"at": 100}}, {}),
    "no school": ([{"at": 0, "primary_lower": 5}, {"at": 9000, "primary_upper": 5}], {}, {}),
    "limit of reach": ([{"at": 0, "primary_lower": 5}, {"at": 9000, "primary_upper": 5}], {"A": {"at": 100}}, {"reach_limit": 1500}),
    "by bicycle": ([{"at": 0, "primary_lower": 5}, {"at": 9000, "primary_upper": 5}], {"A": {"at": 100}}, {"mode": "bike"}),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("odd", ODD)
def test_every_model_answers_odd_counties_and_loses_nobody(odd, model):
    cells, schools, travel = ODD[odd]
    place = line_county(cells, schools, {"N1": 5000.0, "N2": 8000.0}, project=project_of(travel=travel))
    for new in (0, 1):
        found = ask(place, model, new=new)
        assert found.proposal.status in ("optimal", "infeasible")
        if found.proposal.status == "infeasible":
            assert len(found.notes) > 0
            assert not any("inf seats" in str(note) for note in found.notes)
        if found.after is not None:
            adds_up(place, "primary", found.after)
            assert set(found.sites.index) <= set(found.after.sites.index)
