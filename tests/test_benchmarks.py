"""The benchmark of the travel engine, whose referee must see a wrong answer, and whose plain contraction must be exact."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def modules(monkeypatch):
    """Give the modules of the benchmark by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


def bench_of(modules, *, drive):
    graphs, tasks = modules("travel_graphs"), modules("travel_tasks")
    network = graphs.made_network(1_000)
    places = graphs.draw_places(network.n_nodes, cells=200, candidates=30, schools=8)
    return tasks.Bench(network.directed if drive else network, places, 5.0 if drive else 50_000.0, derived=drive)


@pytest.mark.parametrize("drive", [False, True])
def test_engine_agrees_with_scipy_on_a_made_town(modules, drive):
    found = modules("travel_tasks").check(bench_of(modules, drive=drive), None)
    assert {"matrix", "limited matrix", "nearest", "five nearest", "what-if: add", "what-if: remove"} <= set(found)
    assert all(tally["compared"] > 0 for tally in found.values())
    assert sum(tally["differing"] for tally in found.values()) == 0


def test_referee_sees_a_single_wrong_unit(modules):
    tasks, bench = modules("travel_tasks"), bench_of(modules, drive=False)
    right = modules("travel_peers").Scipy(bench.network, bench.places, bench.limit).matrix(bench.places.candidates)
    wrong = right.astype(np.float32)
    wrong[3, 7] += 1
    assert tasks.tally(bench, right.astype(np.float32), right) == (right.size, 0)
    assert tasks.tally(bench, wrong, right) == (right.size, 1)


@pytest.mark.parametrize("drive", [False, True])
def test_contracted_graph_has_the_distances_of_the_full_one(modules, drive):
    peers, bench = modules("travel_peers"), bench_of(modules, drive=drive)
    full, contracted = (peer(bench.network, bench.places, bench.limit) for peer in (peers.Scipy, peers.ContractedScipy))
    assert contracted.graph.shape[0] < 0.7 * full.graph.shape[0]
    sources = bench.places.candidates
    np.testing.assert_allclose(contracted.matrix(sources), full.matrix(sources), rtol=1e-12)
    np.testing.assert_allclose(contracted.five(), full.five(), rtol=1e-12)


def test_made_network_is_like_a_town(modules):
    network = modules("travel_graphs").made_network(20_000)
    neighbours = np.bincount(network.tails, minlength=network.n_nodes)
    assert abs(network.n_nodes / 20_000 - 1) < 0.05
    assert 0.7 < (neighbours == 2).mean() < 0.8
    assert (network.costs == np.round(network.costs)).all()
    assert 0.05 < np.isinf(network.directed.costs).mean() < 0.12  # a closed direction of one-way streets


def test_section_of_the_readme_is_replaced_and_the_rest_stays(modules, tmp_path):
    report = modules("travel_report")
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_section("new", readme)
    assert readme.read_text() == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"


def test_growth_is_read_from_the_slope(modules):
    sizes = {"50k": 50_000, "200k": 200_000, "1M": 1_000_000}
    results = {name: {"nodes": n, "engine": {"build": [1e-6 * n**1.2]}} for name, n in sizes.items()}
    exponent, lowest, highest = modules("travel_report").growth("build")(results, "")
    assert exponent == pytest.approx(1.2)
    assert lowest == pytest.approx(highest)
