"""
Propose and keep teaching points, so that pupils who may not board have a school in reach each day.

References
----------
.. [1] C. Toregas et al., Oper. Res. 19(6), 1363-1373, 1971. https://doi.org/10.1287/opre.19.6.1363
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.siting.beds.bands import (
    check_bands,
    check_each_band,
    check_pupils_by_band,
    left_out_of_bands,
    stack_bands,
)
from planning.siting.checks import Reach, check_columns, check_limit
from planning.siting.clock import Cancel, Clock
from planning.siting.coverage.set_cover import set_cover
from planning.siting.proposal import Proposal

__all__ = ["TeachingPoints", "teaching_points"]


@dataclass(frozen=True)
class TeachingPoints:
    """
    Which teaching points there must be.

    Parameters
    ----------
    proposal : Proposal
        The new ones in ``sites``; the objective is their number. Rows of its allocation are (band, cell) pairs, band by
        band; every day-only pupil goes to the nearest school or point.
    kept : tuple of int
        Existing points without which somebody would have none: as few as possible, in rising order.
    spare : tuple of int
        Existing points that nobody depends on. That is no proposal to close them.
    pupils : numpy.ndarray of int64, shape (n_sites,)
        Day-only pupils for whom each column is the nearest one that is there or proposed [pupils].
    """

    proposal: Proposal
    kept: tuple[int, ...]
    spare: tuple[int, ...]
    pupils: npt.NDArray[np.int64]


def teaching_points(
    costs_day: Any,
    pupils_by_band: Any,
    may_board: Any,
    fixed: Iterable[int] = (),
    existing: Iterable[int] = (),
    time_limit_s: float = 60,
    *,
    cancel: Cancel | None = None,
) -> TeachingPoints:
    """
    Open the fewest new teaching points so that every pupil who may not board has a school or a point in reach.

    All places are columns: whole schools (``fixed``), teaching points that are there (``existing``), and places where a
    point could be, which may be the cells themselves. First as few new points as possible are found, all existing ones
    being there; then as few of the existing ones as possible, the new ones being there.

    Parameters
    ----------
    costs_day : array_like, shape (n_bands, n_cells, n_sites), or list of matrices by band, dense or CSR
        Cost of one daily trip [cost unit]; inf or not stored = beyond the band's daily limit.
    pupils_by_band : array_like of int, shape (n_bands, n_cells)
        Pupils [pupils].
    may_board : array_like of bool, shape (n_bands,)
        Bands whose pupils may board: these are not asked about.
    fixed : iterable of int
        Columns of the schools that stay.
    existing : iterable of int
        Columns of the teaching points that are there.
    time_limit_s : float
        Wall time the run may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    TeachingPoints
        Pupils whom no column reaches are named in ``proposal.unreachable``, by row.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    clock = Clock(check_limit(time_limit_s, "time_limit_s"), cancel)
    bands = check_bands(costs_day, "costs_day")
    n_cells, n = bands[0].n_rows, bands[0].n_sites
    wanted = check_pupils_by_band(pupils_by_band, len(bands), n_cells)
    boards = check_each_band(may_board, len(bands), "may_board")
    schools, points = check_columns(fixed, n, "fixed"), check_columns(existing, n, "existing")
    asked = np.where(np.repeat(boards, n_cells), 0.0, wanted)
    reach = stack_bands(bands)
    limit = float(reach.cost.max(initial=0.0))
    unreachable, words = left_out_of_bands(asked, reach.reached(), n_cells)
    there = np.union1d(schools, points)
    found = set_cover(_table(reach), asked, limit, fixed=there, time_limit_s=clock.left, cancel=cancel)
    stays = np.union1d(schools, np.asarray(found.sites, dtype=np.int64))
    usable = np.isin(reach.site, np.union1d(stays, points))
    again = set_cover(
        _table(reach.only(usable)), asked, limit, fixed=stays, time_limit_s=max(clock.left, _LEAST_S), cancel=cancel
    )
    pupils = np.zeros(n, dtype=np.int64)
    if again.allocation is not None:
        pupils = np.asarray(again.allocation.flows.sum(axis=0)).ravel().astype(np.int64)
    return TeachingPoints(
        proposal=replace(
            found, allocation=again.allocation, unreachable=unreachable, explanation=words, seconds=clock.seconds
        ),
        kept=again.sites,
        spare=tuple(np.setdiff1d(points, again.sites).tolist()),
        pupils=pupils,
    )


_LEAST_S = 1.0  # which points must stay is always told


def _table(reach: Reach) -> sparse.csr_array:
    """Put costs into a table whose stored entries are the pairs in reach, those of cost 0 included."""
    table: sparse.csr_array = sparse.csr_array(
        (reach.cost, (reach.row, reach.site)), shape=(reach.n_rows, reach.n_sites)
    )
    return table
