"""The benchmark of the siting engine, whose referee must see a wrong answer and whose run must outlive what fails in it."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).resolve().parents[1]
MODELS = ("p_median", "max_coverage", "set_cover", "capacitated")


@pytest.fixture
def modules(monkeypatch):
    """Give the modules of the benchmark by name."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return importlib.import_module


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("model", [*MODELS, "allocate"])
def test_engine_is_found_right_on_little_questions(modules, model, sparse):
    instances, tasks = modules("siting_instances"), modules("siting_tasks")
    instance = instances.small(model, sparse=sparse)
    found = tasks.outcome(instance, tasks.ask(instance, 10.0))
    assert found["faults"] == []
    assert found["objective"] > 0


@pytest.mark.parametrize("model", MODELS)
def test_plain_model_that_solvers_get_has_the_optimum_of_the_engine(modules, model):
    instance = modules("siting_instances").small(model)
    mip = modules("siting_peers").mip_of(instance)
    sign = -1 if mip.maximise else 1
    rows = LinearConstraint(mip.rows, mip.lower, mip.upper)
    solved = milp(sign * mip.cost, constraints=rows, bounds=Bounds(0, 1), integrality=mip.whole.astype(int))
    answer = modules("siting_tasks").ask(instance, 10.0)
    assert answer.status == "optimal"
    assert sign * solved.fun + mip.beside == pytest.approx(answer.objective, rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_referee_sees_a_wrong_objective_a_wrong_bound_and_a_false_proof(modules, model):
    tasks, instance = modules("siting_tasks"), modules("siting_instances").small(model)
    answer = tasks.ask(instance, 10.0)
    better = 0.9 if answer.sense == "min" else 1.1
    assert tasks.check(instance, replace(answer, objective=answer.objective * better, bound=answer.bound * better))
    assert tasks.check(instance, replace(answer, bound=answer.bound / better))
    assert tasks.check(instance, replace(answer, bound=answer.bound * better))  # called optimal all the same
    assert tasks.check(instance, replace(answer, sites=answer.sites[:-1]))
    known = replace(instance, best_known=answer.objective / better, proven=True)
    assert tasks.check(known, answer)


def test_referee_sees_pupils_moved_lost_or_split_and_seats_overrun(modules):
    tasks, instance = modules("siting_tasks"), modules("siting_instances").small("capacitated")
    answer = tasks.ask(instance, 10.0)
    flows = answer.allocation.flows.toarray()
    cell = int(instance.pupils.argmax())

    def with_flows(table):
        return replace(answer, allocation=replace(answer.allocation, flows=coo_array(table).tocsr()))

    moved = flows.copy()
    closed = next(site for site in range(flows.shape[1]) if site > 3 and site not in answer.sites)
    moved[cell], moved[cell, closed] = 0, instance.pupils[cell]
    assert "pupils go to a site that is not open" in tasks.check(instance, with_flows(moved))
    lost = flows.copy()
    lost[cell] = 0
    assert "pupils are lost or doubled" in tasks.check(instance, with_flows(lost))
    crowded = np.zeros_like(flows)
    crowded[:, 0] = instance.pupils
    assert "a site has more pupils than seats" in tasks.check(instance, with_flows(crowded))
    split = flows.copy()
    split[cell] = 0
    split[cell, [0, 1]] = [1, instance.pupils[cell] - 1]
    whole = replace(instance, options=instance.options | {"single_source": True})
    assert "a cell is split" in tasks.check(whole, with_flows(split))


def test_referee_counts_the_pieces_of_a_zone(modules):
    tasks, instance = modules("siting_tasks"), modules("siting_instances").small("capacitated")
    chain = replace(instance, pupils=np.ones(5, int), neighbours=np.array([[0, 1], [1, 2], [2, 3], [3, 4]]))
    assert tasks.zone_faults(chain, np.arange(5), np.array([7, 7, 8, 8, 8])) == []
    assert tasks.zone_faults(chain, np.arange(5), np.array([7, 8, 8, 7, 7])) == ["3 pieces for 2 zones"]


def test_made_graphs_are_like_those_of_the_library(modules):
    instances = modules("siting_instances")
    assert len(instances.MADE) == 20
    assert [instances.MADE[number - 21] for number in (21, 25, 30, 34, 37, 40)] == [
        (500, 5), (500, 167), (600, 200), (700, 140), (800, 80), (900, 90)
    ]  # fmt: skip
    made = instances.made_graph("made", 100, 5, np.random.default_rng(1))
    assert made.costs.shape == (100, 100)
    assert np.isfinite(made.costs).all()
    assert (made.costs == made.costs.T).all()
    assert connected_components(made.costs > 0)[0] == 1
    assert made.costs.mean() == pytest.approx(141, rel=0.1)  # that of pmed1, with as many nodes and edges


def test_public_instances_are_read(modules, shared_data, monkeypatch):
    monkeypatch.setenv("PLANNING_DATA", str(shared_data))
    tasks, instances = modules("siting_tasks"), modules("siting_instances")
    first = instances.load("pmed1")
    assert (first.best_known, first.options["p"], first.proven) == (5819.0, 5, True)
    assert tasks.measure(first, 10.0)["faults"] == []
    assert instances.load("SJC2").best_known == 33270.94
    assert instances.load("pmedcap03").costs.shape == (50, 50)
    zones = instances.load("zya1-k15-contiguous")
    assert (zones.best_known, zones.options["p"]) == (4650.36, 15)
    pair = zones.neighbours[0]
    assert pair.tolist() == [0, 5]  # ids 1 and 6
    assert instances.load("gya2").best_known == 3657323.63


@pytest.fixture
def options(tmp_path):
    return argparse.Namespace(results=tmp_path, only=None, quick=False, long=False, no_peers=True, peer_limit=5.0)


def test_an_item_that_fails_stops_nothing_and_what_is_done_is_kept(modules, options):
    siting = modules("siting")
    job = siting.Job("small", [siting.asked("no-such", 5), siting.asked("small-p_median", 5)])
    siting.work(job, options)
    records = json.loads(siting.file_of(job, options).read_text())
    assert "no instance is called no-such" in records["no-such"]["error"]
    assert records["small-p_median"]["status"] == "optimal"
    siting.file_of(job, options).write_text(
        json.dumps(records | {"small-p_median": records["small-p_median"] | {"mark": 1}})
    )
    siting.work(job, options)
    assert siting.kept(job, options)["small-p_median"]["mark"] == 1
    stale = records | {"small-p_median": records["small-p_median"] | {"state": {"engine": "another", "peers": ""}}}
    siting.file_of(job, options).write_text(json.dumps(stale))
    assert list(siting.kept(job, options)) == ["no-such"]


def test_a_process_that_hangs_is_ended_and_noted(modules, options):
    siting = modules("siting")
    job = siting.Job("small", [siting.asked("small-p_median", 5), siting.asked("small-set_cover", 5)])
    path = siting.file_of(job, options)
    path.write_text(json.dumps({"small-p_median": {"began": time.time() - 10_000}}))
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    ending = siting.watch(child, job, path)
    siting.stop(child)
    assert ending == "did not finish in 68 s of wall time"
    siting.note_ending(job, path, job.items, ending)
    assert json.loads(path.read_text())["small-p_median"]["error"] == ending
    assert list(siting.kept(job, options)) == ["small-p_median"]


def test_promises_are_read_from_results(modules):
    report = modules("siting_report")
    good = {"status": "optimal", "faults": [], "gap": 0.0, "cpu_s": 0.05, "memory": 10.0, "objective": 5.0}
    results = {"pmed": {f"pmed{number}": good for number in range(1, 21)}}
    lines = {
        line.split(" | ")[0].strip("| ") + line.split(" | ")[1]: line
        for line in report.promise_table(results).splitlines()
    }
    assert lines["CPU in allpmed1–20"].endswith("| 1 s |  | yes |")
    assert lines["Proven optimalpmed1–20"].endswith("| 20 |  | yes |")
    assert "not run" in lines["Lists, CPUcounty"]
    results["pmed"]["pmed6"] = good | {"status": "time_limit", "cpu_s": 9.0}
    results["pmed"].pop("pmed7")
    results["pmed, spopt, HiGHS"] = {
        "pmed1": {
            "status": "called optimal",
            "cpu_s": 50.0,
            "memory": 1.0,
            "objective": 5.0,
            "best_known": 5.0,
            "proven": True,
        },
        "pmed2": {
            "status": "called optimal",
            "cpu_s": 1.0,
            "memory": 1.0,
            "objective": 6.0,
            "best_known": 5.0,
            "proven": True,
        },
    }
    text = report.report(results, ["where"])
    assert "19 of 20 run" in text
    assert "| 1,000x | on 1 that it finished of 2 | yes |" in text
    assert "called optimal (it is not)" in text
    results["pmed"]["pmed7"] = {"error": "MemoryError"}
    assert "| 18 | 1 failed | **no** |" in report.promise_table(results)


def test_section_of_the_readme_is_replaced_and_the_rest_stays(modules, tmp_path):
    report = modules("siting_report")
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_section("new", readme)
    assert readme.read_text() == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
