"""
The search itself, and its limit: the one home of scipy's Dijkstra.

References
----------
.. [1] E. W. Dijkstra, A note on two problems in connexion with graphs, Numer. Math. 1, 269-271, 1959.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

__all__ = ["Limit", "search", "search_from_all", "search_tree"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SLACK = 1e-6  # the search goes this much further than the limit, which is then applied to the sums as returned


@dataclass(frozen=True)
class Limit:
    """
    A limit of cost, inclusive.

    Whole-number costs are compared exactly; others as they are returned (float32), since the order in which decimals
    are added decides their last bits and must not decide who is within reach.

    Parameters
    ----------
    value : float
        The limit; inf for none.
    whole : bool
        Whether all costs are whole numbers.
    """

    value: float
    whole: bool

    @property
    def reach(self) -> float:
        """
        How far a search must go to miss nothing.

        Returns
        -------
        float
            A little more than the limit.
        """
        return float(np.nextafter(self.value * (1 + _SLACK), np.inf))

    def cut(self, costs: Floats) -> None:
        """
        Put inf, in place, where costs are beyond the limit.

        Parameters
        ----------
        costs : numpy.ndarray of float64
            Costs of any shape.
        """
        if np.isinf(self.value):
            return
        if self.whole and self.value < 2**24:
            costs[costs > self.value] = np.inf
        else:
            with np.errstate(over="ignore"):
                costs[costs.astype(np.float32) > np.float32(self.value)] = np.inf


def search(graph: csr_array, roots: Ints, limit: float = np.inf) -> Floats:
    """
    Search from each root.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n_rows, n_rows)
        Arcs; stored zeros are arcs of no cost.
    roots : numpy.ndarray, shape (n_roots,)
        Rows to start from.
    limit : float
        How far to go.

    Returns
    -------
    numpy.ndarray, shape (n_roots, n_rows)
        Costs; inf where out of reach.
    """
    costs: Floats = dijkstra(graph, directed=True, indices=roots, limit=limit)
    return costs


def search_tree(graph: csr_array, root: int) -> tuple[Floats, Ints]:
    """
    Search from one root and keep the tree of cheapest paths.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n_rows, n_rows)
        Arcs.
    root : int
        Row to start from.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_rows,)
        Costs, and the row before each on its path; negative for the root and where out of reach.
    """
    costs, before = dijkstra(graph, directed=True, indices=np.array([root]), return_predecessors=True)
    return costs[0], before[0].astype(np.int64)


def search_from_all(graph: csr_array, roots: Ints, limit: float) -> tuple[Floats, Ints]:
    """
    Search from all roots at once.

    Parameters
    ----------
    graph : scipy.sparse.csr_array, shape (n_rows, n_rows)
        Arcs.
    roots : numpy.ndarray, shape (n_roots,)
        Rows to start from.
    limit : float
        How far to go.

    Returns
    -------
    tuple of numpy.ndarray, shape (n_rows,)
        Cost from the nearest root, and which root (its row); negative where out of reach.
    """
    costs, _, source = dijkstra(
        graph, directed=True, indices=roots, return_predecessors=True, limit=limit, min_only=True
    )
    return costs, source.astype(np.int64)
