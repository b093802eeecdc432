"""Several stages of school on the same sites: their rows stand under each other, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.access.allocation import Allocation
from planning.errors import Message, SchemaError, msg
from planning.siting.answer import allocate_nearest, unreachable_cells
from planning.siting.checks import Bools, Floats, Ints, Reach, check_per_site, check_pupils, check_reach
from planning.siting.median.lists import Lists, build_lists, stack_lists

__all__ = ["Stages", "check_stages"]

_MANY = 4_000_000
"""Pairs above which the lists of a question are cut short at first."""

_SHORTEST = 100
"""Sites that a list which is cut short holds at least."""

_SHORTEST_OF_FEW = 24
"""Sites that it holds at least where it could as well be complete."""


@dataclass(frozen=True)
class Stages:
    """
    Costs and pupils of each stage.

    Parameters
    ----------
    reaches : tuple of Reach
        Pairs in reach, stage by stage; the sites are the same.
    pupils : tuple of numpy.ndarray
        Pupils of each cell, stage by stage [pupils].
    weights : tuple of float
        What a pupil of the stage counts.
    """

    reaches: tuple[Reach, ...]
    pupils: tuple[Floats, ...]
    weights: tuple[float, ...]

    @property
    def n_sites(self) -> int:
        """
        Number of columns.

        Returns
        -------
        int
            Columns.
        """
        return self.reaches[0].n_sites

    @property
    def weight(self) -> Floats:
        """
        What each row counts.

        Returns
        -------
        numpy.ndarray, shape (n_rows,)
            Pupils times the weight of their stage.
        """
        return np.concatenate([pupils * w for pupils, w in zip(self.pupils, self.weights, strict=True)])

    def reached(self) -> Bools:
        """
        Tell which rows any site reaches.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)
            True where there is a pair.
        """
        return np.concatenate([reach.reached() for reach in self.reaches])

    def left_out(self) -> tuple[tuple[int, ...], tuple[Message, ...]]:
        """
        List the rows with pupils that no site reaches, and say so.

        Returns
        -------
        tuple of tuple
            Rows, and the sentence about them (none where there are none).
        """
        return unreachable_cells(self.reached(), np.concatenate(self.pupils))

    def stacked(self) -> Reach:
        """
        Put all pairs under each other.

        Returns
        -------
        Reach
            Pairs of all stages.
        """
        if len(self.reaches) == 1:
            return self.reaches[0]
        begins = np.cumsum([0] + [reach.n_rows for reach in self.reaches])
        return Reach(
            np.concatenate([reach.row + at for reach, at in zip(self.reaches, begins, strict=False)]),
            np.concatenate([reach.site for reach in self.reaches]),
            np.concatenate([reach.cost for reach in self.reaches]),
            int(begins[-1]),
            self.n_sites,
        )

    def most(self, n_open: int) -> Ints | None:
        """
        Choose how long the lists should be at first.

        Parameters
        ----------
        n_open : int
            Sites that will be open.

        Returns
        -------
        numpy.ndarray of int64, shape (n_rows,), or None
            Pairs of each row's list; None where complete lists are short enough.
        """
        few = sum(reach.n_pairs for reach in self.reaches) <= _MANY
        enough = max(_SHORTEST_OF_FEW if few else _SHORTEST, 12 * self.n_sites // max(1, n_open))
        if enough >= (self.n_sites // 2 if few else self.n_sites):
            return None
        return np.full(sum(reach.n_rows for reach in self.reaches), enough, dtype=np.int64)

    def lists(self, open_now: Ints, most: Ints | None) -> Lists:
        """
        Build the lists of all stages.

        Parameters
        ----------
        open_now : numpy.ndarray of int
            Columns that are open.
        most : numpy.ndarray of int64, shape (n_rows,), or None
            Pairs that each row's list holds at most.

        Returns
        -------
        Lists
            All rows, stage by stage.
        """
        ends = np.cumsum([reach.n_rows for reach in self.reaches])
        limits = [None] * len(self.reaches) if most is None else np.split(most, ends[:-1])
        parts = [
            build_lists(reach, pupils, open_now, most=limit)
            for reach, pupils, limit in zip(self.reaches, self.pupils, limits, strict=True)
        ]
        return stack_lists(parts, self.weights)

    def allocate(self, sites: npt.ArrayLike) -> Allocation:
        """
        Send every cell of every stage to its nearest open site.

        Parameters
        ----------
        sites : array_like of int
            Columns that are open.

        Returns
        -------
        Allocation
            Rows stage by stage; the cost is weighted.
        """
        taken = np.asarray(sites, dtype=np.int64)
        parts = [
            allocate_nearest(reach, pupils, taken) for reach, pupils in zip(self.reaches, self.pupils, strict=True)
        ]
        if len(parts) == 1 and self.weights == (1.0,):
            return parts[0]
        return Allocation(
            flows=sparse.csr_array(sparse.vstack([part.flows for part in parts], format="csr")),
            cost=float(sum(part.cost * w for part, w in zip(parts, self.weights, strict=True))),
            unserved=np.concatenate([part.unserved for part in parts]),
            prices=np.zeros(self.n_sites),
        )


def check_stages(costs: Any, pupils: Any, weights: Any = None) -> Stages:
    """
    Take the costs and pupils of one stage, or of several.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_sites), or a list of such
        Cost per pupil from cell to site; a list holds one matrix a stage.
    pupils : array_like, shape (n_cells,), or a list of such
        Pupils of each cell [pupils].
    weights : array_like, shape (n_stages,), optional
        What a pupil of each stage counts; 1 without it.

    Returns
    -------
    Stages
        The stages.

    Raises
    ------
    SchemaError
        If a matrix or the pupils are faulty, the numbers of stages differ, or the stages have different sites.
    """
    several = isinstance(costs, (list, tuple)) and len(costs) > 0 and all(_is_matrix(one) for one in costs)
    matrices: Sequence[Any] = costs if several else (costs,)
    counts: Sequence[Any] = pupils if several else (pupils,)
    if several and (not isinstance(pupils, (list, tuple)) or len(pupils) != len(matrices)):
        raise SchemaError(msg("pupils: must be one list a stage; there are {n} stages.", n=len(matrices)))
    reaches = tuple(check_reach(one, f"costs[{number}]" if several else "costs") for number, one in enumerate(matrices))
    if any(reach.n_sites != reaches[0].n_sites for reach in reaches):
        raise SchemaError(
            msg("costs: all stages must have the same sites; a site one of them lacks is a column of inf.")
        )
    taken = tuple(
        check_pupils(one, reach.n_rows, name=f"pupils[{number}]" if several else "pupils")
        for number, (one, reach) in enumerate(zip(counts, reaches, strict=True))
    )
    each = check_per_site(weights, len(reaches), "weights", missing=1.0)
    if not (each > 0).all():
        raise SchemaError(msg("weights: must be above 0; leave out a stage that does not count."))
    return Stages(reaches, taken, tuple(float(w) for w in each))


def _is_matrix(one: Any) -> bool:
    if sparse.issparse(one):
        return True
    if isinstance(one, (list, tuple)):
        return bool(one) and all(isinstance(row, (list, tuple, np.ndarray)) for row in one)
    return getattr(one, "ndim", 0) == 2
