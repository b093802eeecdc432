"""Layout questions on a line: closures that pay, closures that the gate blocks, enlargement, budgets that bind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from line_county import adds_up, line_county, project_of

from planning.config import Question
from planning.errors import ConfigError
from planning.i18n import get_translator
from planning.report.closures import closure_section, closure_table
from planning.report.vectors import write_proposal
from planning.scenario.edits import CloseSchool, NewSchool, SetSeats
from planning.scenario.layout_question import BUILDING_YEARS, YUAN_PER_PUPIL_KM
from planning.scenario.questions import answer
from planning.scenario.result import RunResult, versions
from planning.scenario.saved import load_run, save_run

# 30 minutes at 3.4 km/h are 1,700 m.
VILLAGES = {
    "c1": {"at": 0, "name": "Shiping", "primary_lower": 30},
    "c2": {"at": 1000, "name": "Lijia", "primary_lower": 20},
    "c3": {"at": 8000, "name": "Wangcun", "primary_lower": 10},
}
SCHOOLS = {
    "A": {"at": 0, "name": "Shiping school", "seats_primary": 60},
    "B": {"at": 1000, "name": "Lijia school", "seats_primary": 60},
    "C": {"at": 8000, "name": "Wangcun school", "seats_primary": 30},
}
MONEY = {"build_per_seat": 1000, "running_per_school": 100_000}


def county(schools=None, villages=None, candidates=None, *, costs=None, **more):
    project = project_of(costs=MONEY if costs is None else costs, **more)
    return line_county(villages or VILLAGES, schools or SCHOOLS, candidates or {"N1": 4000.0}, project=project)


def ask(place, **keys):
    return answer(place, question(**keys))


def question(**keys):
    return Question.model_validate(
        {"name": "Q", "stage": "primary", "model": "capacitated", "new": 0, "time_limit_s": 20, **keys}
    )


def kinds(found) -> dict[str, str]:
    return found.sites["kind"].to_dict()


def blocked(found) -> dict[str, str]:
    return {entry.school_id: str(entry.clause) for entry in found.blocked}


def said(found) -> str:
    return "\n".join(str(note) for note in found.notes)


def test_a_closure_that_pays_and_one_that_the_gate_blocks_by_its_clause():
    place = county()
    found = ask(place, close=True)
    # B closes: 20 pupils go one kilometre more, 20 x 400 yuan, against 100,000 saved; A would cost 30 x 400.
    assert found.proposal.objective == pytest.approx(2 * 100_000 + 20 * YUAN_PER_PUPIL_KM, rel=1e-4)
    assert found.proposal.status == "optimal"
    assert found.unit == "yuan/year"
    assert kinds(found) == {"B": "closed", "A": "merged_into"}
    assert found.edits == (CloseSchool("B"),)
    assert found.moves.to_dict("list") == {"closed": ["B"], "receiver": ["A"], "pupils": [20]}
    closed, receiver = found.sites.loc["B"], found.sites.loc["A"]
    assert (closed["pupils_gained"], closed["pupils_before"], closed["pupils_after"]) == (-20, 20, 0)
    assert closed["moves"] == "Shiping school 20"
    assert (receiver["pupils_before"], receiver["pupils_after"], receiver["seats"]) == (30, 50, 60)
    adds_up(place, "primary", found.after)
    assert found.sites["pupils_gained"].sum() == 0
    # C's ten children of grades 1-3 would go seven kilometres.
    assert list(blocked(found)) == ["C"]
    assert "travel becomes inconvenient or unsafe (Ministry of Education notice" in blocked(found)["C"]
    detail = "10 pupils of Wangcun would have no other school within their limit (Grades 1-3: 30 min one way)"
    assert detail in blocked(found)["C"]
    assert "; second-hand)" in blocked(found)["C"]  # the notice itself has not been read
    assert "Not to be closed: travel becomes inconvenient or unsafe" in said(found)
    assert "Wangcun school" in said(found)
    assert "400 yuan a year, a default of this tool" in said(found)
    assert f"spread over {BUILDING_YEARS:g} years, a default of this tool" in said(found)
    assert "most parents or most at the hearing oppose" in said(found)


def test_the_exchange_rate_is_the_projects_own_where_it_sets_one():
    dear = county(costs={**MONEY, "yuan_per_pupil_km": 6000, "building_years": 10})
    found = ask(dear, close=True)
    assert kinds(found) == {}  # 20 pupil-kilometres at 6,000 yuan are more than 100,000
    assert "6000 yuan a year, set in the project" in said(found)
    assert "spread over 10 years, set in the project" in said(found)


def test_exceptions_let_a_closure_pass_and_say_that_transport_is_needed():
    found = ask(county(), close=True, exceptions=10)
    assert blocked(found) == {}
    closed = {code for code, kind in kinds(found).items() if kind == "closed"}
    assert len(closed) == 2
    assert "C" in closed
    # A: 30 x 1 km and 10 x 7 km; B: 20 x 1 km and 10 x 8 km.
    assert found.proposal.objective == pytest.approx(100_000 + 100 * YUAN_PER_PUPIL_KM, rel=1e-4)
    assert "transport must be laid on" in said(found)
    assert list(blocked(ask(county(), close=True, exceptions=9))) == ["C"]


def test_two_schools_that_are_each_others_alternative_never_close_together():
    # Far from C, A and B have each other within 1,700 m; either may close, both may not, though C has room for all.
    roomy = {**SCHOOLS, "C": {**SCHOOLS["C"], "seats_primary": 100}}
    found = ask(county(roomy, costs={**MONEY, "running_per_school": 10_000_000}), close=True)
    closed = [code for code, kind in kinds(found).items() if kind == "closed"]
    assert closed == ["B"]
    together = ask(county(roomy, costs={**MONEY, "running_per_school": 10_000_000}), close=["A", "B"], exceptions=10)
    assert [code for code, kind in kinds(together).items() if kind == "closed"] == ["B"]


def test_named_schools_only_and_those_that_are_kept():
    assert kinds(ask(county(), close=["A"]))["A"] == "closed"
    assert kinds(ask(county(), close=True, keep=["B"]))["A"] == "closed"
    assert kinds(ask(county(), close=True, keep=["A", "B"])) == {}
    assert kinds(ask(county(), close=[])) == {}


def test_seats_in_other_schools_are_part_of_the_gate():
    full = {**SCHOOLS, "A": {**SCHOOLS["A"], "seats_primary": 35}, "B": {**SCHOOLS["B"], "seats_primary": 35}}
    found = ask(county(full), close=True)
    assert kinds(found) == {}
    assert "an oversize school or big classes would result" in blocked(found)["B"]
    # A has five free seats; C has twenty, but nobody is sent seven kilometres for one.
    assert "15 pupils more would find no seat" in blocked(found)["B"]


def test_an_enlargement_makes_room_for_a_merger_and_a_budget_binds():
    small = {**SCHOOLS, "A": {**SCHOOLS["A"], "seats_primary": 30}, "B": {**SCHOOLS["B"], "seats_primary": 40}}
    larger = {"classes": [1, 2], "class_size": 30}
    found = ask(county(small), close=True, enlarge=larger, budget=30_000)
    assert kinds(found) == {"A": "enlarged", "B": "closed"}
    assert found.edits == (SetSeats("A", "primary", 60), CloseSchool("B"))  # built before anything is closed
    assert found.sites.loc["A", ["seats", "pupils_before", "pupils_after"]].to_list() == [60, 30, 50]
    assert found.sites.loc["A", "moves"] == "Lijia school 20"
    # 30 seats at 1,000 yuan over 30 years, beside two schools to run and 20 pupil-kilometres.
    assert found.proposal.objective == pytest.approx(200_000 + 1000 + 20 * YUAN_PER_PUPIL_KM, rel=1e-4)
    less = ask(county(small), close=True, enlarge=larger, budget=29_999)
    assert kinds(less) == {"B": "enlarged", "A": "closed"}  # 20 seats for 20,000; 30 pupils move instead of 20
    poor = ask(county(small), close=True, enlarge=larger, budget=19_999)
    assert kinds(poor) == {}
    assert poor.proposal.objective == pytest.approx(300_000, rel=1e-4)
    cheap = ask(county(small), close=True, enlarge={**larger, "cost_per_seat": 500}, budget=29_999)
    assert kinds(cheap) == {"A": "enlarged", "B": "closed"}
    only_b = ask(county(small), close=True, enlarge={**larger, "schools": ["B"]})
    assert kinds(only_b) == {"B": "enlarged", "A": "closed"}


def test_sizes_of_the_standard_and_who_may_be_enlarged():
    crowd = {"c": {"at": 0, "primary_lower": 300}}
    schools = {
        "A": {"at": 0, "seats_primary": 100},
        "P": {"at": 100, "seats_primary": 10, "ownership": "private"},
        "T": {"at": 0, "seats_primary": 10, "kind": "teaching_point"},
    }
    found = ask(county(schools, crowd), enlarge=True)
    assert kinds(found) == {"A": "enlarged"}
    assert found.sites.loc["A", "seats"] == 6 * 45 + 270  # six classes of 45 are too few beside 20 seats: twelve
    assert found.after.unserved["pupils"].sum() == 0
    adds_up(county(schools, crowd), "primary", found.after)


def test_new_schools_are_at_most_so_many_and_priced():
    lonely = {**VILLAGES, "c4": {"at": 4000, "name": "Dawan", "primary_upper": 25}}
    found = ask(county(villages=lonely), close=True, new=1, seats=30)
    # A new school costs 30 x 1,000 / 30 + 100,000 a year and saves 25 x 3 km x 400: it does not pay.
    assert "N1" not in kinds(found)
    rich = county(villages=lonely, costs={**MONEY, "yuan_per_pupil_km": 4000})
    built = ask(rich, close=["C"], new=1, seats=30)
    assert kinds(built)["N1"] == "new"
    assert isinstance(built.edits[0], NewSchool)
    assert built.sites.loc["N1", ["seats", "pupils_before", "pupils_after"]].to_list() == [30, 0, 25]
    assert "N1" not in kinds(ask(rich, close=["C"], new=1, seats=30, budget=29_999))
    assert "N1" not in kinds(ask(rich, close=["C"], new=0, seats=30))


def test_least_size_and_whole_places():
    found = ask(county(), close=True, min_pupils=55)
    # A and B together have 50 pupils: neither reaches 55, and both may not close.
    assert found.proposal.status == "infeasible"
    assert found.sites.empty
    split = {"c1": {"at": 0, "name": "Shiping", "primary_lower": 30}}
    two = {"A": {"at": 0, "seats_primary": 20}, "B": {"at": 500, "seats_primary": 30}}
    whole = ask(county(two, split), whole=True)
    assert (whole.proposal.allocation.flows.toarray() > 0).sum() == 1
    cut = ask(county(two, split))
    assert (cut.proposal.allocation.flows.toarray() > 0).sum() == 2


def test_uncounted_seats_are_not_promised():
    unknown = {**SCHOOLS, "A": {"at": 0, "name": "Shiping school"}}
    found = ask(county(unknown), close=["B"])
    assert kinds(found) == {}
    assert "seats that nobody has counted cannot be promised" in said(found)


def test_the_margin_keeps_its_seats_and_its_schools():
    people = {**VILLAGES, "over": {"at": 500, "primary_lower": 15, "in_margin": True}}
    schools = {**SCHOOLS, "D": {"at": 1200, "seats_primary": 5, "in_margin": True}}
    place = county(schools, people)
    found = ask(place, close=True)
    assert "D" not in blocked(found)  # not even asked for
    named = ask(place, close=["D"])
    assert "another county" in blocked(named)["D"]
    adds_up(place, "primary", found.after)
    gained = found.sites["pupils_gained"].sum()
    assert gained == 0


@pytest.mark.parametrize(
    ("keys", "costs", "words"),
    [
        ({"close": ["A", "Z"]}, MONEY, "question Q: close: there is no open school Z."),
        ({"close": True, "keep": ["Y"]}, MONEY, "question Q: keep: there is no open school Y."),
        ({"enlarge": {"schools": ["S"]}}, MONEY, "enlarge.schools: school S does not teach this stage"),
        ({"close": True}, {"build_per_seat": 1000}, "close needs costs.running_per_school"),
        ({"close": True, "new": 1}, {"running_per_school": 1}, "need costs.build_per_seat"),
        ({"enlarge": True}, {}, "enlarge needs cost_per_seat"),
        ({"enlarge": True, "stage": "senior"}, MONEY, "no class counts for Senior secondary"),
    ],
)
def test_questions_that_cannot_be_asked(keys, costs, words):
    project = project_of(("primary", "senior"), costs=costs)
    place = line_county(VILLAGES, {**SCHOOLS, "S": {"at": 0, "kind": "senior"}}, {"N1": 4000.0}, project=project)
    with pytest.raises(ConfigError) as caught:
        ask(place, **keys)
    assert words in str(caught.value)


def test_unknown_schools_come_all_at_once():
    with pytest.raises(ConfigError) as caught:
        ask(county(), close=["X", "Y"], keep=["Z"])
    assert [f"there is no open school {code}" in str(caught.value) for code in "XYZ"] == [True] * 3
    assert len(caught.value.faults) == 3


def test_outputs_name_closures_receivers_and_blocked_ones(tmp_path):
    place = county()
    found = ask(place, close=True)
    table = closure_table((found,), place, get_translator("en")).set_index("site_id")
    assert table["kind"].to_dict() == {"B": "closed", "C": "blocked"}
    assert table["reason"].to_dict()["C"] == blocked(found)["C"]
    assert table.at["B", "reason"].startswith(
        "to be answered: most parents or most at the hearing oppose; plan, appraisal"
    )
    assert table.loc["B", ["name", "pupils_before", "moves"]].to_list() == ["Lijia school", 20, "Shiping school 20"]
    section = closure_section(get_translator("en"), found, place, longest=10)
    assert section["closed"] == [("Lijia school", "B", "", "20", "Shiping school (20)")]
    assert section["receivers"] == [("Shiping school", "Receives pupils", "60", "30", "50", "Lijia school (20)")]
    assert section["told"][0].startswith("1 school closes: of their 20 pupils 20 go to 1 other school, and 0 find")
    assert section["told"][-1].startswith("Of 1 of them people have yet to answer")
    assert [(rule, [row[0] for row in rows]) for rule, _, rows in section["blocked"]] == [
        ("travel becomes inconvenient or unsafe", ["Wangcun school"])
    ]
    path = write_proposal((found,), tmp_path / "p.geojson", schools=place.schools, t=get_translator("en"))
    features = json.loads(path.read_text("utf-8"))["features"]
    by_kind = {feature["properties"]["kind"]: feature["properties"] for feature in features}
    assert set(by_kind) == {"closed", "merged_into", "blocked"}
    assert by_kind["closed"]["pupils_gained"] == -20
    assert by_kind["blocked"]["site_id"] == "C"
    assert "30 min one way" in by_kind["blocked"]["reason"]
    assert all(feature["geometry"] is not None for feature in features)
    assert {tuple(sorted(feature["properties"])) for feature in features} == {tuple(sorted(features[0]["properties"]))}


ANSWERED = {"majority_opposed": "no", "procedure": "yes"}


def test_people_answer_what_the_gate_cannot_compute():
    place = county()
    let = ask(place, close=True, gate_answers={"B": ANSWERED})
    assert kinds(let)["B"] == "closed"
    table = closure_table((let,), place, get_translator("en")).set_index("site_id")
    assert table.at["B", "reason"] == "all conditions of the closure gate are met"
    told = closure_section(get_translator("en"), let, place, longest=10)["told"]
    assert told[-1] == "All conditions of the closure gate are answered and met."
    carried = ask(place, close=["C"], exceptions=10, gate_answers={"C": ANSWERED})
    reasons = closure_table((carried,), place, get_translator("en")).set_index("site_id")["reason"]
    assert reasons["C"].endswith("met, with transport for up to 10 of its pupils beyond their limit")
    half = ask(place, close=["B"], gate_answers={"B": {"majority_opposed": False}})
    reason = closure_table((half,), place, get_translator("en")).set_index("site_id").at["B", "reason"]
    assert reason.startswith("to be answered: plan, appraisal")
    assert "plan, appraisal" in said(half)
    assert "most parents" not in said(half)


@pytest.mark.parametrize(("condition", "given"), [("majority_opposed", True), ("procedure", False)])
def test_an_answer_may_block(condition, given):
    found = ask(county(), close=["B"], gate_answers={"B": {**ANSWERED, condition: given}})
    assert kinds(found) == {}
    assert "as answered by people" in blocked(found)["B"]


def test_answers_never_outweigh_what_is_computed():
    found = ask(county(), close=True, gate_answers={"C": ANSWERED})
    assert list(blocked(found)) == ["C"]


def test_answers_to_what_nobody_asks_are_refused():
    with pytest.raises(ConfigError, match="travel_unsafe of school B is no condition that people answer"):
        ask(county(), close=True, gate_answers={"B": {"travel_unsafe": False}})
    with pytest.raises(ConfigError, match="there is no open school X"):
        ask(county(), close=True, gate_answers={"X": ANSWERED})
    with pytest.raises(ValueError, match="only where close says"):
        question(gate_answers={"B": ANSWERED})


def test_a_saved_run_keeps_moves_and_blocked_closures(tmp_path):
    place = county(questions=[question(close=True).model_dump()])
    found = answer(place, place.project.questions[0])
    save_run(RunResult(place, {"primary": found.after}, (found,), {}, versions()), tmp_path / "state")
    back = load_run(tmp_path / "state").answers[0]
    assert back.moves.to_dict("list") == found.moves.to_dict("list")
    assert blocked(back) == blocked(found)
    zh = get_translator("zh")
    assert [zh.message(entry.clause) for entry in back.blocked] == [zh.message(entry.clause) for entry in found.blocked]
    assert kinds(back) == kinds(found)


def test_shuffled_schools_give_the_same_layout():
    rng = np.random.default_rng(4)
    answers = []
    for _ in range(3):
        codes = rng.permutation(list(SCHOOLS)).tolist()
        found = ask(county({code: SCHOOLS[code] for code in codes}), close=True)
        answers.append((kinds(found), round(found.proposal.objective, 3), blocked(found)))
    assert answers[0] == answers[1] == answers[2]


def test_each_new_place_has_its_reasons():
    lonely = {**VILLAGES, "c4": {"at": 4000, "name": "Dawan", "primary_upper": 25}}
    rich = county(villages=lonely, candidates={"N1": 4000.0, "N2": 5000.0}, costs={**MONEY, "yuan_per_pupil_km": 4000})
    found = ask(rich, close=["C"], new=1, seats=30)
    reasons = found.sites.loc["N1"]
    # Dawan's 25 pupils would go three kilometres to Lijia instead; one kilometre if the school stood at N2.
    assert reasons["pupils_nearer"] == 25
    assert reasons["lost_without"] == pytest.approx(25 * 3 * 4000, rel=1e-4)
    assert reasons["unplaced_without"] == 0
    assert (reasons["next_best"], reasons["lost_unit"]) == ("by N2", "yuan/year")
    assert reasons["lost_with_next_best"] == pytest.approx(25 * 1 * 4000, rel=1e-4)
    median = answer(rich, Question(name="M", stage="primary", model="p_median", new=1))
    assert median.sites.loc["N1", ["lost_unit", "next_best"]].to_list() == ["pupil-m", "by N2"]
    assert median.sites.loc["N1", "lost_without"] == pytest.approx(25 * 3000, rel=1e-4)
    cover = answer(
        rich,
        Question.model_validate({"name": "M", "stage": "primary", "model": "max_coverage", "new": 1, "limit": 500}),
    )
    # N2 is a kilometre from Dawan: no other place brings its pupils within 500 m.
    assert cover.sites.loc["N1", ["lost_without", "lost_unit", "next_best"]].to_list() == [25, "pupils", ""]
