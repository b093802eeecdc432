"""Make whole what the splittable answer has split: few cells move, those that could as well go elsewhere."""

from __future__ import annotations

import numpy as np

from planning.siting.checks import Floats, Ints

__all__ = ["round_whole"]

_MOVABLE = (1_500, 6_000)  # cells that are moved: first few, then more
_PASSES = 50  # through all rows, with each fine
_FINES_RISE = 12  # times that the price of a pupil above the seats is raised


def round_whole(cost: Floats, pupils: Ints, seats: Ints, begun: Ints, prices: Floats) -> tuple[Ints, float] | None:
    """
    Send each cell to one site, beginning where most of its pupils sit in the answer that may split cells.

    At the prices of seats most cells are clearly best off where they are. Those that lose least elsewhere are moved and
    exchanged until no site is overfull, however many cells there are.

    Parameters
    ----------
    cost : numpy.ndarray, shape (n_cells, n_sites)
        Cost of all pupils of each cell at each site [cost]; inf = not allowed.
    pupils : numpy.ndarray of int64, shape (n_cells,)
        Pupils, above 0 [pupils].
    seats : numpy.ndarray of int64, shape (n_sites,)
        Seats [seats].
    begun : numpy.ndarray of int64, shape (n_cells,)
        Site of each cell to begin with.
    prices : numpy.ndarray, shape (n_sites,)
        Price of a seat [cost/seat].

    Returns
    -------
    tuple of numpy.ndarray and float, or None
        Site of each cell and the cost; None where no answer was found that keeps the seats.
    """
    from planning.siting.seats.whole_search import search_whole  # numba: not at import time

    n_cells, n_sites = cost.shape
    dearest = float(cost[np.isfinite(cost)].max(initial=0.0))
    far = 1e3 * (dearest + 1.0)
    finite: Floats = np.where(np.isfinite(cost), cost, far)
    priced = finite + prices * pupils[:, None]
    own = np.take_along_axis(priced, begun[:, None], axis=1)[:, 0]
    np.put_along_axis(priced, begun[:, None], np.inf, axis=1)
    order = np.lexsort((np.arange(n_cells), priced.min(axis=1, initial=np.inf) - own))
    usual = 0.3 * float(finite[np.arange(n_cells), begun].sum()) / max(int(pupils.sum()), 1)
    fine = max(usual, 1e-4 * dearest / max(int(pupils.max(initial=1)), 1), 1e-9)
    for share in _MOVABLE:
        some, place = order[: max(share, 2 * n_sites)], begun.copy()
        rest = np.ones(n_cells, dtype=bool)
        rest[some] = False
        left = seats - np.bincount(place[rest], weights=pupils[rest], minlength=n_sites).astype(np.int64)
        some = some[np.argsort(-pupils[some], kind="stable")]  # large cells first
        near, at, above = np.ascontiguousarray(finite[some]), begun[some], 0
        for power in range(_FINES_RISE):
            at, _, above, _ = search_whole(near, pupils[some], left, fine * 4.0**power, at, _PASSES, 0, 1)
            if above == 0:
                break
        place[some] = at
        paid = finite[np.arange(n_cells), place]
        if above == 0 and paid.max(initial=0.0) < far:
            return place, float(paid.sum())
    return None
