"""Random layout questions with every feature, solved by a plain model and priced by hand."""

from __future__ import annotations

import highspy
import numpy as np

from planning.errors import msg
from planning.siting import SizeOption

INF = np.inf


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
