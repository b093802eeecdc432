"""Every kernel of the router made ready, by the least network that needs each."""

from __future__ import annotations

import numpy as np

from planning.travel.router import Router

__all__ = ["warm"]


def warm() -> None:
    """Ask one question of each kind on four nodes, all joined; kernels are compiled or loaded by that."""
    tails, heads = np.nonzero(~np.eye(4, dtype=bool))
    costs = np.arange(1.0, 13.0)
    router = Router(tails, heads, costs, 4).with_costs(costs[::-1])
    few, all_nodes = [0, 1], [0, 1, 2, 3]
    decimals = router.with_costs(costs / 3)
    decimals.matrix(few, all_nodes)
    decimals.nearest(few, all_nodes)
    decimals.matrix(few, all_nodes, 1.5)
    what = router.what_if(few, all_nodes)
    what.move(what.add(2).position, 3)
    what.undo()
    for limit in (None, 9.0):
        router.matrix(few, all_nodes, limit)
        router.matrix(all_nodes, few, limit)
        router.matrix(few, all_nodes, limit, also=costs)
        router.to_target(0, limit)
        for k in (1, 2):
            router.nearest(few, all_nodes, k, limit)
    router.path(0, 3)
    for origins, targets in (([0, 0], [2, 3]), ([2, 3], [0, 0])):
        router.arc_flows(origins, targets, [1.0, 1.0])
        router.arc_flows(origins, targets, [1.0, 1.0], also=costs)
