"""Sites with zones in one piece: by hand, against every answer there is, on a published instance, and at their edges."""

from __future__ import annotations

import itertools
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.errors import SchemaError
from planning.siting import SizeOption, capacitated
from planning.siting.clock import Clock
from planning.siting.proposal import Proposal
from planning.siting.seats.flow import Arcs, FlowQuestion
from planning.siting.zones.siting import _beginning, _ZoneSearch, check_zoning


def graph_of(n_cells: int, neighbours) -> nx.Graph:
    graph = nx.Graph()
    graph.add_nodes_from(range(n_cells))
    graph.add_edges_from(np.asarray(neighbours).reshape(-1, 2).tolist())
    return graph


def in_one_piece(school, graph: nx.Graph, home, opened) -> bool:
    """Say whether each open site's zone is connected and holds its cell, by networkx."""
    for k in opened:
        zone = np.flatnonzero(np.asarray(school) == k).tolist()
        if home[k] not in zone or not nx.is_connected(graph.subgraph(zone)):
            return False
    return True


def check(answer: Proposal, costs, pupils, seats, build, graph: nx.Graph, home) -> None:
    """Check an answer in which every cell has pupils."""
    flows = answer.allocation.flows.toarray()
    assert (flows.sum(axis=1) == pupils).all()
    assert ((flows > 0).sum(axis=1) == 1).all()
    assert (flows.sum(axis=0) <= seats).all()
    school = flows.argmax(axis=1)
    assert in_one_piece(school, graph, home, answer.sites)
    assert set(school.tolist()) == set(answer.sites)
    total = costs[np.arange(pupils.size), school] @ pupils + sum(build[list(answer.sites)])
    assert answer.objective == pytest.approx(total)
    assert answer.bound <= answer.objective + 1e-9


def best_of_all(costs, pupils, seats, build, graph: nx.Graph, home, fewest: int, most: int) -> float:
    """Try all choices of sites and all assignments; inf where none is allowed."""
    n_cells, n_sites = costs.shape
    best = np.inf
    for school in itertools.product(range(n_sites), repeat=n_cells):
        opened = sorted(set(school))
        load = np.bincount(school, weights=pupils, minlength=n_sites)
        value = float(costs[np.arange(n_cells), school] @ pupils) + float(build[opened].sum())
        allowed = fewest <= len(opened) <= most and (load <= seats).all() and value < best
        if allowed and in_one_piece(school, graph, home, opened):
            best = value
    return best


@st.composite
def cases(draw: st.DrawFn):
    n_cells, n_sites = draw(st.integers(3, 6)), draw(st.integers(1, 3))
    costs = draw(st.lists(st.integers(0, 20), min_size=n_cells * n_sites, max_size=n_cells * n_sites))
    pupils = draw(st.lists(st.integers(1, 6), min_size=n_cells, max_size=n_cells))
    seats = draw(st.lists(st.integers(4, 24), min_size=n_sites, max_size=n_sites))
    build = draw(st.lists(st.integers(0, 40), min_size=n_sites, max_size=n_sites))
    edges = [(i, draw(st.integers(0, i - 1))) for i in range(1, n_cells)]
    edges += draw(st.lists(st.tuples(st.integers(0, n_cells - 1), st.integers(0, n_cells - 1)), max_size=3))
    home = draw(st.lists(st.integers(0, n_cells - 1), min_size=n_sites, max_size=n_sites))
    fewest = draw(st.integers(0, n_sites))
    most = draw(st.integers(max(fewest, 1), n_sites))
    table = np.array(costs, float).reshape(n_cells, n_sites)
    return table, np.array(pupils), np.array(seats), np.array(build, float), np.array(edges), home, fewest, most


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equals_every_answer(case) -> None:
    costs, pupils, seats, build, edges, home, fewest, most = case
    graph = graph_of(pupils.size, edges)
    answer = capacitated(
        costs, pupils, seats, most, fewest, build, single_source=True, neighbours=edges, home=home, time_limit_s=20
    )
    best = best_of_all(costs, pupils, seats, build, graph, home, fewest, most)
    if np.isfinite(best):
        check(answer, costs, pupils, seats, build, graph, home)
        assert answer.bound <= best + 1e-6
        assert answer.objective >= best - 1e-6
        assert answer.status == "optimal"
    else:
        assert answer.status == "infeasible"
        assert answer.explanation


ROW = [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_by_hand() -> None:
    # a row of five villages, a site at either end; the cheap one for the middle lies beyond another zone
    costs = np.array([[0.0, 9.0], [6.0, 1.0], [1.0, 5.0], [9.0, 1.0], [9.0, 0.0]])
    build = np.array([2.0, 3.0])
    answer = capacitated(costs, [1] * 5, 5, build_cost=build, single_source=True, neighbours=ROW, home=[0, 4])
    assert answer.sites == (0, 1)
    assert (answer.objective, answer.status) == (12.0, "optimal")
    assert answer.allocation.flows.toarray().argmax(axis=1).tolist() == [0, 1, 1, 1, 1]
    loose = capacitated(costs, [1] * 5, 5, build_cost=build, single_source=True)
    assert loose.objective == 8.0
    assert "cost 4 more than whole cells" in str(answer.explanation[-1])
    assert "which cost 8 at best" in str(answer.explanation[-1])


def test_an_empty_cell_links_and_one_that_is_no_cell_of_the_zone_does_not() -> None:
    costs = np.array([[0.0, 9.0], [1.0, 1.0], [1.0, 2.0], [9.0, 0.0]])
    line = [[0, 1], [1, 2], [2, 3]]
    linked = capacitated(costs, [2, 0, 2, 2], 9, single_source=True, neighbours=line, home=[0, 3])
    assert linked.objective == 2.0
    costs[1, 0] = np.inf  # the first school may not take the empty cell: no way through
    apart = capacitated(costs, [2, 0, 2, 2], 9, single_source=True, neighbours=line, home=[0, 3])
    assert (apart.objective, apart.status) == (4.0, "optimal")


def test_an_old_school_may_close_and_bigger_sizes_share_its_home() -> None:
    costs = np.array([[0.0, 3.0], [1.0, 2.0], [2.0, 1.0], [3.0, 0.0]])
    line = [[0, 1], [1, 2], [2, 3]]
    asked = {"single_source": True, "neighbours": line, "home": [0, 3]}
    closed = capacitated(costs, [1] * 4, 4, fixed=[0, 1], closable=[1], running_cost=10, **asked)
    assert (closed.closed, closed.objective, closed.status) == ((1,), 16.0, "optimal")
    sizes = [SizeOption(1, 2, build_cost=1), SizeOption(1, 4, build_cost=5)]
    grown = capacitated(costs, [1] * 4, 2, fixed=[0], options=sizes, **asked)
    assert (grown.sites, grown.sizes, grown.objective) == ((1,), ((1, 0),), 3.0)


def test_a_pupil_may_stay_without_a_seat_at_a_price() -> None:
    costs = np.array([[0.0], [1.0], [5.0]])
    asked = {"single_source": True, "neighbours": [[0, 1], [1, 2]], "home": [0]}
    answer = capacitated(costs, [2, 2, 2], 9, unserved_cost=3, **asked)
    assert (answer.objective, answer.status) == (8.0, "optimal")
    assert answer.allocation.unserved.tolist() == [0, 0, 2]


def test_zones_that_cannot_be_are_infeasible() -> None:
    # the site at the end must reach past its neighbour, whom it may not take
    costs = np.array([[0.0, 9.0], [np.inf, 0.0], [1.0, np.inf]])
    answer = capacitated(costs, [1, 1, 1], 5, single_source=True, neighbours=[[0, 1], [1, 2]], home=[0, 1])
    assert answer.status == "infeasible"
    assert "No choice of sites" in str(answer.explanation[-1])
    short = capacitated(costs, [4, 4, 4], 5, single_source=True, neighbours=[[0, 1], [1, 2]], home=[0, 1])
    assert short.status == "infeasible"
    small = capacitated(
        [[0.0, 1.0], [1.0, 0.0]], [4, 4], [3, 9], fixed=[0], single_source=True, neighbours=[[0, 1]], home=[0, 1]
    )
    assert small.status == "infeasible"
    with pytest.raises(SchemaError, match="School 0 may not take cell 0"):
        capacitated(
            [[np.inf, 1.0], [1.0, 0.0]], [4, 4], 9, fixed=[0], single_source=True, neighbours=[[0, 1]], home=[0, 1]
        )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"single_source": False}, "single_source"),
        ({"home": None}, "go together"),
        ({"neighbours": None}, "go together"),
        ({"home": [0]}, "one cell for each of the 2 schools"),
        ({"home": [0, 5]}, "cell 5"),
        ({"home": [0.5, 1.5]}, "one cell for each"),
        ({"neighbours": [[0, 9]]}, "(0, 9)"),
        ({"neighbours": [0, 1]}, "pairs of cells"),
    ],
)
def test_errors(change, words) -> None:
    asked = {"single_source": True, "neighbours": ROW, "home": [0, 4]} | change
    with pytest.raises(SchemaError) as caught:
        capacitated(np.ones((5, 2)), [1] * 5, 5, **asked)
    assert words in str(caught.value)


def test_a_run_called_off_says_so() -> None:
    rng = np.random.default_rng(1)
    answer = capacitated(
        rng.random((40, 20)), np.full(40, 3), 20, single_source=True, neighbours=[[i, i + 1] for i in range(39)],
        home=np.arange(20) * 2, cancel=lambda: True,
    )  # fmt: skip
    assert answer.status == "cancelled"
    assert answer.bound <= answer.objective


@pytest.mark.parametrize("turn", [0, 3, 40])
def test_a_beginning_keeps_the_rules(turn) -> None:
    seats = np.array([9.0, 9.0, 4.0, 4.0, 2.0])
    cells, sites = np.divmod(np.arange(50), 5)
    question = FlowQuestion(
        Arcs(cells, sites, np.ones(50), np.zeros(50, dtype=bool)), np.full(10, 2.0), seats, np.full(5, np.inf),
        np.arange(5.0), np.ones(5, dtype=bool), np.zeros(5, dtype=bool), 4, 3, np.zeros(5), np.inf, np.zeros(5),
        np.full(10, np.inf), single_source=True,
    )  # fmt: skip
    zoning = check_zoning([[i, i + 1] for i in range(9)], np.arange(5) * 2, 10, 5)
    opened = _beginning(_ZoneSearch(question, zoning, Clock(10)), turn)
    assert question.fits(opened)
    assert seats[opened].sum() >= 20


@pytest.mark.shared_data
def test_published_instance(shared_data: Path) -> None:
    folder = shared_data / "siting" / "kong"
    table = np.loadtxt(folder / "zya1.txt", skiprows=1)
    home = np.flatnonzero(table[:, 6] > 0)
    costs = np.hypot(*(table[:, None, 2:4] - table[None, home, 2:4]).transpose(2, 0, 1)) / 1000
    pairs = np.loadtxt(folder / "zy_connectivity.txt", skiprows=1, delimiter=",", usecols=(1, 2)).astype(int)
    name = {int(cell): row for row, cell in enumerate(table[:, 0])}
    edges = np.array([[name[a], name[b]] for a, b in pairs.tolist() if a != b])
    pupils, seats, build = table[:, 1].astype(int), table[home, 6], table[home, 5]
    answer = capacitated(
        costs, pupils, seats, build_cost=build, single_source=True, neighbours=edges, home=home, time_limit_s=12
    )
    check(answer, costs, pupils, seats, build, graph_of(pupils.size, edges), home)
    assert answer.bound <= 4443.21
    assert answer.objective <= 1.015 * 4443.21
    assert answer.seconds < 14
