"""Sizes, largest and least schools, locked and blocked closures against a plain model in HiGHS; time limits; real data."""

from __future__ import annotations

import highspy
import numpy as np
import pytest

from planning import siting
from planning.errors import PlanningError, msg
from planning.siting import SizeOption, size_classes
from planning.siting.seats import layout

INF = np.inf
N_CASES = 200


def random_case(rng):
    n_cells, n = int(rng.integers(1, 8)), int(rng.integers(1, 6))
    costs = rng.integers(0, 30, (n_cells, n)).astype(float)
    costs[rng.random(costs.shape) < 0.2] = INF
    seats = rng.integers(0, 12, n).astype(float)
    seats[rng.random(n) < 0.2] = INF
    n_fixed = int(rng.integers(0, n + 1))
    fixed = sorted(rng.choice(n, n_fixed, replace=False).tolist())
    p = int(rng.integers(0, n - n_fixed + 1))
    closable = [j for j in fixed if rng.random() < 0.6]

    def maybe(chance, value):
        return value if rng.random() < chance else None

    options = [
        SizeOption(
            site=int(rng.integers(0, n)),
            seats=float(rng.integers(0, 20)),
            build_cost=float(rng.integers(0, 30)),
            spend=float(rng.integers(0, 8)),
            running_cost=maybe(0.5, float(rng.integers(0, 40))),
        )
        for _ in range(int(rng.integers(0, 6)))
    ]
    return {
        "costs": costs,
        "pupils": rng.integers(0, 6, n_cells),
        "seats": seats,
        "p": maybe(0.7, p),
        "p_min": maybe(0.3, int(rng.integers(0, p + 1))),
        "build_cost": rng.integers(0, 40, n),
        "running_cost": rng.integers(0, 60, n),
        "spend": rng.integers(0, 10, n),
        "budget": maybe(0.4, int(rng.integers(0, 25))),
        "fixed": fixed,
        "closable": closable,
        "min_pupils": maybe(0.35, rng.integers(0, 5, n)),
        "max_pupils": maybe(0.35, rng.integers(3, 15, n)),
        "single_source": bool(rng.random() < 0.35),
        "unserved_cost": maybe(0.4, int(rng.integers(0, 40))),
        "options": options,
        "locked": [j for j in fixed if rng.random() < 0.2],
        "blocked": {j: msg("Keeps the only road.") for j in closable if rng.random() < 0.2},
    }


class Plain:
    """A model written out one variable and one row at a time."""

    def __init__(self):
        self.highs = highspy.Highs()
        for name, value in {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 1e-9}.items():
            self.highs.setOptionValue(name, value)
        self.n = 0

    def variable(self, upper, cost, *, whole):
        self.highs.addCol(float(cost), 0.0, float(upper), 0, [], [])
        if whole:
            self.highs.changeColIntegrality(self.n, highspy.HighsVarType.kInteger)
        self.n += 1
        return self.n - 1

    def row(self, terms, lower=-INF, upper=INF):
        if terms:
            self.highs.addRow(
                float(lower), float(upper), len(terms), [k for k, _ in terms], [float(v) for _, v in terms]
            )
        elif lower > 0:
            self.row([(self.variable(0, 0, whole=False), 1)], lower, upper)


def by_plain_model(case):  # noqa: C901 - one plain model, read top to bottom
    costs, pupils, fixed = case["costs"], case["pupils"], case["fixed"]
    n_cells, n = costs.shape
    stays = set(fixed) - (set(case["closable"]) - set(case["locked"]) - set(case["blocked"]))
    plain = Plain()
    new_ones, spent = [], []
    for j in range(n):
        cap = INF if case["max_pupils"] is None else case["max_pupils"][j]
        running = case["running_cost"][j]
        sizes = [option for option in case["options"] if option.site == j]
        forms = []  # (variable, seats)
        if j in fixed or not sizes:
            build = 0 if j in fixed else case["build_cost"][j]
            y = plain.variable(1, build + running, whole=True)
            forms.append((y, min(case["seats"][j], cap)))
            if j not in fixed:
                spent.append((y, case["spend"][j]))
        for option in sizes:
            build, spend = (0, 0) if j in fixed else (case["build_cost"][j], case["spend"][j])
            own = running if option.running_cost is None else option.running_cost
            y = plain.variable(1, build + option.build_cost + own, whole=True)
            forms.append((y, min(option.seats, cap)))
            spent.append((y, spend + option.spend))
        plain.row([(y, 1) for y, _ in forms], 1 if j in stays else 0, 1)
        if j not in fixed:
            new_ones += [(y, 1) for y, _ in forms]
        case.setdefault("_forms", {})[j] = forms
    flows = {}
    for i in range(n_cells):
        if pupils[i] == 0 or not np.isfinite(costs[i]).any():
            continue
        amount = int(pupils[i]) if case["single_source"] else 1
        most = 1 if case["single_source"] else int(pupils[i])
        went = []
        for j in np.flatnonzero(np.isfinite(costs[i])):
            x = plain.variable(most, costs[i, j] * amount, whole=case["single_source"])
            flows.setdefault(int(j), []).append((x, amount))
            went.append((x, 1))
        if case["unserved_cost"] is not None:
            went.append((plain.variable(most, case["unserved_cost"] * amount, whole=case["single_source"]), 1))
        plain.row(went, most, most)
    for j, forms in case.pop("_forms").items():
        load = flows.get(j, [])
        total = float(pupils.sum())
        plain.row(load + [(y, -min(seats, total)) for y, seats in forms], upper=0)
        if case["min_pupils"] is not None and j not in stays:
            plain.row(load + [(y, -case["min_pupils"][j]) for y, _ in forms], lower=0)
    plain.row(new_ones, case["p_min"] or 0, INF if case["p"] is None else case["p"])
    if case["budget"] is not None:
        plain.row(spent, upper=case["budget"])
    plain.highs.run()
    if plain.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        return plain.highs.getInfo().objective_function_value
    return None


def price_by_hand(answer, case):
    flows = answer.allocation.flows.toarray()
    costs = case["costs"]
    total = float((flows * np.where(np.isfinite(costs), costs, 0)).sum())
    sizes = {site: case["options"][k] for site, k in answer.sizes}
    spent = 0.0
    for j in (set(case["fixed"]) - set(answer.closed)) | set(answer.sites):
        option = sizes.get(j)
        own = None if option is None else option.running_cost
        total += float(case["running_cost"][j]) if own is None else own
        total += option.build_cost if option else 0.0
        total += float(case["build_cost"][j]) if j in answer.sites else 0.0
        spent += (option.spend if option else 0.0) + (float(case["spend"][j]) if j in answer.sites else 0.0)
        seats = option.seats if option else case["seats"][j]
        assert flows[:, j].sum() <= seats
        if case["max_pupils"] is not None:
            assert flows[:, j].sum() <= case["max_pupils"][j]
        if j not in case["fixed"] and any(option.site == j for option in case["options"]):
            assert option is not None
    assert case["budget"] is None or spent <= case["budget"] + 1e-9
    missing = answer.allocation.unserved[np.isfinite(costs).any(axis=1)].sum()
    return total + float(missing) * (case["unserved_cost"] or 0)


@pytest.mark.parametrize("whole_search", [False, True])
def test_every_feature_equals_a_plain_model(whole_search, monkeypatch):
    if whole_search:  # whole rows by prices and search, however small
        monkeypatch.setattr(layout, "_TINY", 0)
    n_answers = 0
    for seed in range(N_CASES // 4 if whole_search else N_CASES):
        case = random_case(np.random.default_rng(seed))
        if whole_search and not case["single_source"]:
            continue
        known = by_plain_model(case)
        answer = siting.capacitated(**case)
        if known is None:
            assert answer.status == "infeasible", seed
            assert answer.explanation
            continue
        n_answers += 1
        assert answer.status == "optimal", seed
        assert answer.objective == pytest.approx(known, abs=1e-6), seed
        assert answer.objective == pytest.approx(price_by_hand(answer, case), abs=1e-6), seed
        assert answer.bound <= answer.objective
        assert not set(answer.closed) & (set(case["locked"]) | set(case["blocked"]))
        assert [site for site, _ in answer.blocked] == sorted(case["blocked"])
    assert n_answers > N_CASES / 40


def county(n_cells=6000, n_sites=600, n_fixed=30, n_new=9):
    """A county large enough for the way with short lists: 25 % more seats than pupils once all are built."""
    rng = np.random.default_rng(5)
    cells, sites = rng.random((n_cells, 2)) * 40_000, rng.random((n_sites, 2)) * 40_000
    costs = np.hypot(*(cells[:, None] - sites[None]).transpose(2, 0, 1)).astype(np.float32)
    pupils = rng.integers(0, 8, n_cells)
    return costs, pupils, np.ceil(pupils.sum() * 1.25 / (n_fixed + n_new)), list(range(n_fixed)), n_new


def test_a_county_is_laid_out_with_a_small_gap():
    costs, pupils, seats, fixed, n_new = county()
    answer = siting.capacitated(costs, pupils, seats, n_new, fixed=fixed, time_limit_s=10)
    assert 0 < answer.gap < 0.5
    assert answer.bound <= answer.objective
    flows = answer.allocation.flows
    assert (flows.sum(axis=0) <= seats).all()
    assert (flows.sum(axis=1) == pupils).all()
    assert len(answer.sites) <= n_new
    assert flows.multiply(costs).sum() == pytest.approx(answer.objective, rel=1e-9)
    none = siting.capacitated(costs, pupils, 10.0, n_new, fixed=fixed, time_limit_s=10)
    assert none.status == "infeasible"


def test_a_county_cut_short_says_so():
    costs, pupils, seats, fixed, n_new = county()
    answer = siting.capacitated(costs, pupils, seats, n_new, fixed=fixed, time_limit_s=0.01)
    assert answer.status == "time_limit"
    assert answer.bound <= answer.objective


def test_blocks_of_a_real_town_go_whole_to_ten_sites(shared_data):
    table = np.loadtxt(shared_data / "siting" / "sjc" / "SJC1.dat", skiprows=1)
    place, seats, size = table[:, :2], table[:, 2], table[:, 3]
    costs = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1)) / size[:, None]
    answer = siting.capacitated(costs, size, seats, 10, p_min=10, single_source=True, time_limit_s=12)
    assert 17288.98 <= answer.objective <= 17288.99 * 1.05
    assert answer.bound <= 17289.0


def test_a_public_instance_is_proven(shared_data):
    numbers = np.array((shared_data / "siting" / "pmedcap" / "pmedcap01.txt").read_text().split(), dtype=float)
    best, p, room, rows = numbers[1], int(numbers[3]), numbers[4], numbers[5:].reshape(50, 4)
    costs = np.floor(np.hypot(*(rows[:, None, 1:3] - rows[None, :, 1:3]).transpose(2, 0, 1))) / rows[:, 3:]
    answer = siting.capacitated(costs, rows[:, 3], room, p, p_min=p, single_source=True, time_limit_s=30)
    assert answer.objective == pytest.approx(best)
    assert answer.bound <= best + 1e-6


def test_a_merger_names_who_receives():
    costs = [[1.0, 4.0, 9.0], [2.0, 3.0, 1.0], [5.0, 1.0, 8.0]]
    answer = siting.capacitated(
        costs, [10, 4, 7], [30, 30, 30], p=0, running_cost=[0, 0, 100], fixed=[0, 1, 2], closable=[2]
    )
    assert answer.closed == (2,)
    assert answer.moves == ((2, 0, 4),)
    assert answer.blocked == ()


def test_a_blocked_closure_is_listed_with_its_clause_and_what_it_would_save():
    clause = msg("No school may be closed before its receivers have the seats.")
    arguments = {"p": 0, "running_cost": [0, 100], "fixed": [0, 1], "closable": [1]}
    answer = siting.capacitated([[1.0, 9.0], [4.0, 1.0]], [5, 6], 20, blocked={1: clause}, **arguments)
    assert (answer.closed, answer.blocked) == ((), ((1, clause),))
    assert [str(words) for words in answer.explanation] == [
        "Closing site 1 would save about 82 (an estimate), but is blocked: "
        "No school may be closed before its receivers have the seats."
    ]
    free = siting.capacitated([[1.0, 9.0], [4.0, 1.0]], [5, 6], 20, **arguments)
    assert free.objective == answer.objective - 82


def test_a_school_is_enlarged_only_where_that_pays():
    costs, pupils = [[1.0, 10.0]], [30]
    larger = [SizeOption(0, 30, build_cost=50, spend=5)]
    arguments = {"seats": [20, 30], "fixed": [0, 1], "p": 0, "options": larger}
    assert siting.capacitated(costs, pupils, **arguments).sizes == ((0, 0),)
    assert siting.capacitated(costs, pupils, **arguments, budget=4).sizes == ()
    dear = {**arguments, "options": [SizeOption(0, 30, build_cost=91)]}
    assert siting.capacitated(costs, pupils, **dear).sizes == ()


def test_size_classes():
    made = size_classes([3, 5], [12, 6], 45, build_per_seat=2.0, running_per_class=10.0, present_seats=[0, 270])
    assert [(size.site, size.seats, size.build_cost, size.running_cost) for size in made] == [
        (3, 270.0, 540.0, 60.0),
        (3, 540.0, 1080.0, 120.0),
        (5, 540.0, 540.0, 120.0),
    ]
    with pytest.raises(PlanningError, match="present_seats"):
        size_classes([1], [6], 45, present_seats=[1, 2])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"locked": [1]}, "locked: site 1 is not open"),
        ({"blocked": {1: msg("No.")}}, "blocked: site 1 is not open"),
        ({"options": [SizeOption(2, 5)]}, "options: 2 is not a column"),
        ({"options": [SizeOption(1, -5)]}, "options: seats"),
        ({"options": [SizeOption(1, 5, spend=INF)]}, "options: spend"),
        ({"max_pupils": -1}, "max_pupils"),
    ],
)
def test_errors(change, words):
    arguments = {"costs": [[1.0, 2.0]], "pupils": [1], "seats": 5, "fixed": [0], **change}
    with pytest.raises(PlanningError, match=words):
        siting.capacitated(**arguments)
