"""
The mixed-integer model of siting with zones in one piece; contiguity comes in by cuts.

A part of a zone that is cut off from its school must take in one of the cells around it, or be given up [1]_.

References
----------
.. [1] T. Shirabe, Environ. Plan. B 36, 1053-1066, 2009 (contiguity by separators). https://doi.org/10.1068/b34104
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from planning.siting.checks import Bools, Ints
from planning.siting.clock import Clock
from planning.siting.highs import Model, Rows, solve_model
from planning.siting.seats.flow import FlowQuestion, add_site_rules

__all__ = ["ZoneFound", "ZoneModel"]


@dataclass(frozen=True)
class ZoneFound:
    """
    What the model gave with the cuts it had.

    Parameters
    ----------
    status : {"optimal", "stopped", "infeasible"}
        As the solver ended.
    opened : numpy.ndarray of bool, shape (n_sites,), or None
        Open sites.
    school : numpy.ndarray of int64, shape (n_cells,)
        Column of each cell, ``n_sites`` where it has none; zones may still be in pieces.
    value, bound : float
        Objective, and what no answer can beat.
    """

    status: str
    opened: Bools | None
    school: Ints
    value: float
    bound: float


class ZoneModel:
    """
    Sites ``y``, arcs ``x``, cells without a school ``u``, and the cuts so far.

    Parameters
    ----------
    question : FlowQuestion
        A question without boarding in which rows are never split; the rows are the cells.
    start, beside : numpy.ndarray of int64 and int32
        Cells beside each cell, in CSR form, both directions.
    home : numpy.ndarray of int64, shape (n_sites,)
        Cell in which each site stands.
    """

    def __init__(self, question: FlowQuestion, start: Ints, beside: Any, home: Ints) -> None:
        self.question, self.start, self.beside, self.home = question, start, beside, home
        arcs, n, n_cells = question.arcs, question.n_sites, question.pupils.size
        n_arcs = arcs.row.size
        x = n + np.arange(n_arcs)
        amount = question.pupils[arcs.row]
        may_miss = np.flatnonzero(np.isfinite(question.unserved) & (question.pupils > 0))
        u = n + n_arcs + np.arange(may_miss.size)
        rows = Rows()
        rows.add(
            np.concatenate([arcs.row, may_miss]), np.concatenate([x, u]), 1.0,
            n=n_cells, lower=(question.pupils > 0).astype(float), upper=1.0,
        )  # fmt: skip
        tight = np.flatnonzero(np.isfinite(question.seats))
        number = np.full(n, -1)
        number[tight] = np.arange(tight.size)
        at = np.flatnonzero(number[arcs.site] >= 0)
        rows.add(
            np.concatenate([number[arcs.site[at]], np.arange(tight.size)]),
            np.concatenate([x[at], tight]),
            np.concatenate([amount[at], -question.seats[tight]]),
            n=tight.size,
            upper=0.0,
        )
        each = np.arange(n_arcs)
        rows.add(np.tile(each, 2), np.concatenate([x, arcs.site]), np.repeat([1.0, -1.0], n_arcs), n=n_arcs, upper=0.0)
        own = np.flatnonzero(arcs.row == home[arcs.site])
        at_home = np.full(n, -1)
        at_home[arcs.site[own]] = x[own]
        has = np.flatnonzero(at_home >= 0)
        rows.add(
            np.tile(np.arange(has.size), 2),
            np.concatenate([at_home[has], has]),
            np.repeat([1.0, -1.0], has.size),
            n=has.size,
            lower=0.0,
        )
        none = np.flatnonzero(at_home < 0)  # a site that may not take its own cell is never open
        rows.add(np.arange(none.size), none, 1.0, n=none.size, upper=0.0)
        add_site_rules(rows, question, x, amount)
        cost = np.concatenate(
            [question.opening, arcs.cost * amount, question.unserved[may_miss] * question.pupils[may_miss]]
        )
        lower = np.concatenate([(~question.free).astype(float), np.zeros(n_arcs + may_miss.size)])
        self.model = Model(cost, lower, np.ones(cost.size), np.ones(cost.size, dtype=bool), rows)
        self.column = sparse.csr_array((x, (arcs.row, arcs.site)), shape=(n_cells, n))  # 0 = no arc: y comes first

    def solve(self, clock: Clock) -> ZoneFound:
        """
        Solve with the cuts so far.

        Parameters
        ----------
        clock : Clock
            Time left.

        Returns
        -------
        ZoneFound
            Sites and cells.
        """
        solved = solve_model(self.model, clock=clock)
        n, arcs = self.question.n_sites, self.question.arcs
        school = np.full(self.question.pupils.size, n)
        if solved.x is None:
            return ZoneFound(solved.status, None, school, float("inf"), solved.bound)
        chosen = solved.x[n : n + arcs.row.size] > 0.5
        school[arcs.row[chosen]] = arcs.site[chosen]
        return ZoneFound(solved.status, solved.x[:n] > 0.5, school, solved.objective, solved.bound)

    def cut(self, opened: Bools, school: Ints) -> int:
        """
        Cut off an answer whose zones are in pieces.

        Parameters
        ----------
        opened : numpy.ndarray of bool, shape (n_sites,)
            Open sites.
        school : numpy.ndarray of int64, shape (n_cells,)
            Column of each cell, ``n_sites`` where it has none.

        Returns
        -------
        int
            Pieces that hang together with no school, and are forbidden from now on; 0 = the zones are in one piece.
        """
        n_cells, n = school.size, self.question.n_sites
        row = np.repeat(np.arange(n_cells), np.diff(self.start))
        same = school[row] == school[self.beside]
        graph = sparse.csr_array((np.ones(same.sum()), (row[same], self.beside[same])), shape=(n_cells, n_cells))
        _, label = csgraph.connected_components(graph, directed=False)
        pieces = 0
        for part in np.unique(label):
            cells = np.flatnonzero(label == part)
            zone = int(school[cells[0]])
            if zone == n or label[self.home[zone]] == part:
                continue
            pieces += 1
            touching = np.concatenate([self.beside[self.start[c] : self.start[c + 1]] for c in cells])
            around = np.setdiff1d(touching.astype(np.int64), cells)
            # every site in the same place of the map is cut alike: the part needs a way out to a home that is not in it
            for site in np.flatnonzero(~np.isin(self.home, cells)):
                self._forbid(cells, int(site), around)
        return pieces

    def _forbid(self, cells: Ints, site: int, around: Ints) -> None:
        column = self.column[:, [site]].toarray().ravel().astype(np.int64)
        inside, ring = column[cells], column[around]
        inside, ring = inside[inside > 0], ring[ring > 0]
        k = np.arange(inside.size)
        self.model.rows.add(
            np.concatenate([k, np.repeat(k, ring.size)]),
            np.concatenate([inside, np.tile(ring, k.size)]),
            np.concatenate([-np.ones(k.size), np.ones(k.size * ring.size)]),
            n=k.size,
            lower=0.0,
        )
