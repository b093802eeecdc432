"""
Local search for whole cells and contiguous zones, compiled by numba on first use.

Import this module inside a function only: importing numba takes a second that ``import planning`` must not pay.

A cell goes to one school. The search is simulated annealing: a cell beside another zone moves over there (or, without
zones, to any of the schools it lists), where its old zone stays in one piece without it. Seats may be exceeded on the way, at a price a pupil;
the best answer that keeps them is what counts.

References
----------
.. [1] S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Science 220, 671-680, 1983.
   https://doi.org/10.1126/science.220.4598.671
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from planning.kernels import kernel

__all__ = ["anneal", "grow", "stays_whole"]


@kernel
def _draw(state: NDArray[np.uint64], n: int) -> Any:
    """Draw a whole number below n (xorshift64*)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64(((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(33)) % np.uint64(n))


@kernel
def stays_whole(
    start: NDArray[np.int64],
    beside: NDArray[np.int32],
    school: NDArray[np.int64],
    cell: int,
    seen: NDArray[np.int64],
    queue: NDArray[np.int64],
    mark: int,
) -> bool:
    """
    Tell whether a zone is still in one piece when a cell leaves it.

    Parameters
    ----------
    start, beside : numpy.ndarray
        The cells beside each cell, in CSR form.
    school : numpy.ndarray of int64, shape (n_cells,)
        School of each cell.
    cell : int
        The cell that leaves.
    seen, queue : numpy.ndarray of int64, shape (n_cells,)
        Room to work in; ``seen`` holds marks below this one.
    mark : int
        A mark not used before.

    Returns
    -------
    bool
        True where its neighbours of the same zone reach each other without it; a zone is taken to be in one piece before.
    """
    zone = school[cell]
    first, wanted = np.int64(-1), 0
    for place in range(start[cell], start[cell + 1]):
        other = np.int64(beside[place])
        if school[other] == zone:
            wanted += 1
            first = other
            seen[other] = -mark
    if wanted <= 1:
        return True
    seen[cell] = mark
    seen[first] = mark
    queue[0] = first
    head, tail, found = 0, 1, 1
    while head < tail:
        here = queue[head]
        head += 1
        for place in range(start[here], start[here + 1]):
            other = np.int64(beside[place])
            if school[other] == zone and seen[other] != mark:
                if seen[other] == -mark:
                    found += 1
                    if found == wanted:
                        return True
                seen[other] = mark
                queue[tail] = other
                tail += 1
    return False


@kernel
def grow(
    start: NDArray[np.int64],
    beside: NDArray[np.int32],
    cost: NDArray[np.float64],
    school: NDArray[np.int64],
    home: NDArray[np.int64],
) -> None:
    """
    Make zones contiguous: keep of each what hangs together with its school, and give the rest to zones beside it.

    Parameters
    ----------
    start, beside : numpy.ndarray
        The cells beside each cell, in CSR form.
    cost : numpy.ndarray of float64, shape (n_cells, n_schools + 1)
        Cost of each cell at each school, price included; inf = not allowed. The last column is having no school.
    school : numpy.ndarray of int64, shape (n_cells,)
        School of each cell; changed. Cells that no zone can reach get ``n_schools``.
    home : numpy.ndarray of int64, shape (n_schools,)
        The cell in which each school stands.
    """
    n_cells, n_schools = cost.shape[0], home.size
    kept = np.zeros(n_cells, np.bool_)
    queue = np.empty(n_cells, np.int64)
    for k in range(n_schools):
        school[home[k]] = k
    tail = 0
    for k in range(n_schools):
        kept[home[k]] = True
        queue[tail] = home[k]
        tail += 1
    head = 0
    while head < tail:
        here = queue[head]
        head += 1
        for place in range(start[here], start[here + 1]):
            other = beside[place]
            if not kept[other] and school[other] == school[here]:
                kept[other] = True
                queue[tail] = other
                tail += 1
    while True:
        best, at, to = np.inf, -1, -1
        for cell in range(n_cells):
            if kept[cell]:
                continue
            for place in range(start[cell], start[cell + 1]):
                other = beside[place]
                if kept[other] and school[other] < n_schools:
                    value = cost[cell, school[other]] - cost[cell].min()
                    if value < best:
                        best, at, to = value, cell, school[other]
        if at < 0:
            break
        school[at] = to
        kept[at] = True
    for cell in range(n_cells):
        if not kept[cell]:
            school[cell] = n_schools


@kernel
def anneal(
    start: NDArray[np.int64],
    beside: NDArray[np.int32],
    cost: NDArray[np.float64],
    pupils: NDArray[np.int64],
    seats: NDArray[np.int64],
    fixed: NDArray[np.bool_],
    school: NDArray[np.int64],
    contiguous: bool,
    steps: int,
    warmth: float,
    excess_cost: float,
    seed: int,
) -> tuple[NDArray[np.int64], float]:
    """
    Move cells between schools by simulated annealing.

    Parameters
    ----------
    start, beside : numpy.ndarray
        The cells beside each cell, in CSR form; without zones, the schools that each cell may go to.
    cost : numpy.ndarray of float64, shape (n_cells, n_schools + 1)
        Cost of all pupils of each cell at each school; inf = not allowed. The last column is having no school.
    pupils : numpy.ndarray of int64, shape (n_cells,)
        Pupils of each cell [pupils].
    seats : numpy.ndarray of int64, shape (n_schools + 1,)
        Seats of each school, the last without limit [seats].
    fixed : numpy.ndarray of bool, shape (n_cells,)
        Cells that stay where they are.
    school : numpy.ndarray of int64, shape (n_cells,)
        Where to begin; left as it is.
    contiguous : bool
        Whether zones are to stay in one piece, which they are at the beginning.
    steps : int
        Moves tried.
    warmth : float
        How much worse a move may be at the beginning, about; it falls to a thousandth [cost].
    excess_cost : float
        Price of a pupil beyond the seats [cost].
    seed : int
        Where the random numbers begin.

    Returns
    -------
    school : numpy.ndarray of int64, shape (n_cells,)
        The best answer found that keeps the seats; as given where there is none.
    total : float
        Its cost, inf where there is none.
    """
    n_cells, n_nodes = cost.shape
    now = school.copy()
    best = school.copy()
    best_total = np.inf
    load = np.zeros(n_nodes, np.int64)
    total, over = 0.0, np.int64(0)
    for cell in range(n_cells):
        load[now[cell]] += pupils[cell]
        total += cost[cell, now[cell]]
    for k in range(n_nodes):
        over += max(np.int64(0), load[k] - seats[k])
    if over == 0:
        best_total = total
    state = np.array([np.uint64(seed) * np.uint64(2654435769) + np.uint64(88172645463325252)], np.uint64)
    seen = np.zeros(n_cells, np.int64)
    queue = np.empty(n_cells, np.int64)
    cooling = 0.001 ** (1.0 / max(1, steps // 256))
    rounding = 1e-9 * abs(total)
    improved = False
    mark = 0
    for step in range(steps):
        if step % 256 == 255:
            warmth *= cooling
        before_total, before_over = total, over
        # what a cold state allows: a threshold drawn first, so that a second move may still meet it
        allowed = -warmth * np.log((_draw(state, 1 << 30) + 1) / (1 << 30))
        first, first_of = -1, -1
        for depth in range(6):
            cell = _draw(state, n_cells)
            if depth > 0:  # someone must leave where the first cell came
                for _ in range(4 * n_nodes):
                    if now[cell] == now[first] and cell != first:
                        break
                    cell = _draw(state, n_cells)
                if now[cell] != now[first] or cell == first:
                    continue
            width = start[cell + 1] - start[cell]
            if fixed[cell] or width == 0:
                if depth == 0:
                    break
                continue
            pick = _draw(state, width + 1)
            to = np.int64(n_nodes - 1)
            if pick < width:
                to = now[beside[start[cell] + pick]] if contiguous else np.int64(beside[start[cell] + pick])
            of = now[cell]
            if to == of or not np.isfinite(cost[cell, to]):
                if depth == 0:
                    break
                continue
            mark += 1
            if contiguous and of < n_nodes - 1 and not stays_whole(start, beside, now, cell, seen, queue, mark):
                if depth == 0:
                    break
                continue
            size = pupils[cell]
            more = max(np.int64(0), load[to] + size - seats[to]) - max(np.int64(0), load[to] - seats[to])
            less = max(np.int64(0), load[of] - seats[of]) - max(np.int64(0), load[of] - size - seats[of])
            change = cost[cell, to] - cost[cell, of]
            worse = total + change - before_total + excess_cost * (over + more - less - before_over)
            if worse <= allowed or (depth == 0 and more > 0):
                now[cell] = to
                load[of] -= size
                load[to] += size
                total += change
                over += more - less
                if worse <= allowed:
                    first = -1
                    break
                first, first_of = cell, of
            elif depth == 0:
                break
        if first >= 0:  # nobody left to make room: back
            load[now[first]] -= pupils[first]
            load[first_of] += pupils[first]
            now[first] = first_of
            total, over = before_total, before_over
        elif over == 0 and total < best_total - rounding:
            best_total = total
            improved = True
            best[:] = now
    if improved:
        best_total = 0.0
        for cell in range(n_cells):
            best_total += cost[cell, best[cell]]
    return best, best_total
