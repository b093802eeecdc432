"""A peer's answer to one question: its time and memory, the worth of its sites, and turns with the engine where both are quick."""

from __future__ import annotations

import resource
from typing import Any

import numpy as np
from siting_instances import Instance, load, small
from siting_peers import PEERS
from siting_tasks import ask, begin_memory, cpu_s, held_mb, nearest_costs, warm


def measure_peer(name: str, question: str, limit_s: float, *, turns: int, quick_s: float) -> dict[str, Any]:
    """Let a peer answer one question, after a little one that loads what it needs."""
    peer, instance = PEERS[name](), load(question)
    little = small(instance.model, fixed=bool(instance.options.get("fixed")))
    cpu_s(peer.solve, little, 10.0)
    before = begin_memory()
    seconds, found = cpu_s(peer.solve, instance, limit_s)
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
    memory = max(held_mb("VmHWM") - before, of_children)
    record = found | {"cpu_s": seconds, "memory": memory, "best_known": instance.best_known, "proven": instance.proven}
    if "sites" in found and instance.model != "capacitated":
        record["objective"] = worth(instance, found["sites"])
    if seconds <= quick_s and not found["status"].startswith("no answer"):
        record["in turns"] = take_turns(peer, instance, limit_s, turns, quick_s)
    return record


def worth(instance: Instance, sites: list[int]) -> float:
    """Take the objective from the sites a peer names."""
    if instance.model == "set_cover":
        return float(len(sites))
    open_sites = np.array([*instance.options.get("fixed", ()), *sites], np.int64)
    nearest = nearest_costs(instance.costs, open_sites)
    if instance.model == "max_coverage":
        return float(instance.pupils[nearest <= instance.options["limit"]].sum())
    reached = np.isfinite(nearest)
    return float(instance.pupils[reached] @ nearest[reached])


def take_turns(peer: Any, instance: Instance, limit_s: float, turns: int, quick_s: float) -> dict[str, list[float]]:
    """Let peer and engine answer by turns, so that what else the machine does falls on both."""
    warm(instance)
    seconds: dict[str, list[float]] = {"peer": [], "engine": []}
    for _ in range(turns):
        taken, found = cpu_s(peer.solve, instance, limit_s)
        # building a model of a solver that is no library of models is not counted
        seconds["peer"].append(found.get("solver_s", taken))
        seconds["engine"].append(cpu_s(ask, instance, limit_s)[0])
        if seconds["engine"][-1] > quick_s:
            break
    return seconds
