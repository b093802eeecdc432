"""
How evenly a resource is spread over the pupils of the schools, before a change and after it.

What is assumed: what a school has stays at the school; a new school has what it is given; what a closed school had goes
with its pupils, to each school that takes some of them in proportion to how many it takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from planning.access.dispersion import cv
from planning.errors import Message, SchemaError, msg
from planning.siting.checks import Bools, Floats, Ints, check_columns, check_limit, check_per_site, check_pupils
from planning.siting.clock import Cancel
from planning.siting.equity.fairness import flow_matrix
from planning.siting.naming import number_list
from planning.siting.proposal import Proposal
from planning.siting.seats.capacitated import capacitated
from planning.siting.tables.shortlist import cost_matrix, nearest_two

__all__ = ["LoadBand", "Spread", "allocate_evenly", "load_band", "spread"]


@dataclass(frozen=True)
class Spread:
    """
    The spread of a resource before and after a change.

    Parameters
    ----------
    before, after : float
        Official coefficient of variation of the resource per pupil over the schools with pupils [1]; nan where no school
        has pupils, or none of them has any of the resource.
    schools : pandas.DataFrame
        Indexed by ``site``, the schools that have pupils or resources before or after: ``pupils_before``,
        ``pupils_after`` [pupils], ``resource_before``, ``resource_after`` [resource], ``per_pupil_before``,
        ``per_pupil_after`` [resource per pupil]; nan where there are no pupils.
    unassigned : float
        Resources of closed schools that nobody takes over, since none of their pupils goes to another school [resource].
    explanation : tuple of Message
        What was assumed, and which schools are left out.
    """

    before: float
    after: float
    schools: pd.DataFrame
    unassigned: float
    explanation: tuple[Message, ...]


def spread(
    resources: Any,
    before: Any,
    after: Any,
    *,
    new_resources: Any = 0.0,
    sites: Iterable[int] | None = None,
    closed: Iterable[int] | None = None,
) -> Spread:
    """
    Measure how evenly a resource is spread over pupils before a change and after it.

    What a school has stays there; a new school has what it is given; what a closed school had goes with its pupils, to
    each school that takes some of them in proportion to how many it takes. A pupil who leaves a closed school is counted
    where the pupils of the same cell have become more.

    Parameters
    ----------
    resources : float or array_like, shape (n_sites,)
        What each existing school has in all, such as teachers or square metres [resource]; ignored for new sites.
    before, after : Allocation, Proposal, or matrix of shape (n_cells, n_sites)
        Who goes where [pupils].
    new_resources : float or array_like, shape (n_sites,)
        What a new site is given [resource].
    sites, closed : iterable of int, optional
        New sites and closed ones; by default those of ``after`` where it is a Proposal, else none.

    Returns
    -------
    Spread
        Coefficients of variation, and the schools one by one.

    Raises
    ------
    SchemaError
        If an argument does not fit the others, or pupils go to a closed school.

    Examples
    --------
    >>> found = spread([4.0, 1.0], before=[[10, 0], [0, 10]], after=[[10, 0], [10, 0]], closed=[1])
    >>> round(found.before, 6), found.after, found.schools.resource_after.tolist()
    (0.6, 0.0, [5.0, 0.0])
    """
    shape = _shape(before)
    was, now = flow_matrix(before, shape), flow_matrix(after, shape)
    new = check_columns(getattr(after, "sites", ()) if sites is None else sites, shape[1], "sites")
    shut = check_columns(getattr(after, "closed", ()) if closed is None else closed, shape[1], "closed")
    load_before, load_after = _load(was), _load(now)
    for taken, where in ((load_after, shut), (load_before, new)):
        if (taken[where] > 0).any():
            at = int(where[int(np.argmax(taken[where] > 0))])
            raise SchemaError(msg("allocation: site {site} has pupils while it is not open.", site=at))
    held = check_per_site(resources, shape[1], "resources")
    held[new] = 0.0
    given = np.zeros(shape[1])
    given[new] = check_per_site(new_resources, shape[1], "new_resources")[new]
    moved, unassigned = _taken_over(was, now, held, shut)
    after_held = held + given + moved
    after_held[shut] = 0.0
    words = [
        msg(
            "It is assumed that what a school has stays there, that a new school has what it is given, and that what a "
            "closed school had goes with its pupils."
        )
    ]
    empty = np.flatnonzero((load_after == 0) & (after_held > 0))
    if empty.size:
        words.append(msg("Site {sites} has resources but no pupils, and is left out.", sites=number_list(empty)))
    if unassigned > 0:
        words.append(msg("Nobody takes over {amount} of the closed schools' resources.", amount=f"{unassigned:g}"))
    return Spread(
        before=_variation(held, load_before),
        after=_variation(after_held, load_after),
        schools=_schools(load_before, load_after, held, after_held),
        unassigned=unassigned,
        explanation=tuple(words),
    )


def _shape(allocation: Any) -> tuple[int, int]:
    held = getattr(allocation, "allocation", allocation)
    n_cells, n_sites = sparse.coo_array(getattr(held, "flows", held)).shape if held is not None else (0, 0)
    return int(n_cells), int(n_sites)


def _load(flows: sparse.coo_array) -> Floats:
    return np.bincount(flows.col, weights=flows.data, minlength=flows.shape[1]).astype(np.float64)


def _taken_over(was: sparse.coo_array, now: sparse.coo_array, held: Floats, shut: Ints) -> tuple[Floats, float]:
    """Share what closed schools had among those who take their pupils; give also what nobody takes."""
    n_sites = was.shape[1]
    gone: Bools = np.zeros(n_sites, dtype=bool)
    gone[shut] = True
    gains = sparse.coo_array(sparse.csr_array(now) - sparse.csr_array(was))
    gains.data = np.maximum(gains.data, 0.0)
    gained = np.bincount(gains.row, weights=gains.data, minlength=was.shape[0])
    at = gone[was.col]
    leaving = sparse.csr_array((was.data[at], (was.col[at], was.row[at])), shape=(n_sites, was.shape[0]))
    scale = np.divide(1.0, gained, out=np.zeros(gained.size), where=gained > 0)
    shares = sparse.csr_array((gains.data * scale[gains.row], (gains.row, gains.col)), shape=was.shape)
    takes = sparse.csr_array(leaving @ shares)  # pupils of each closed school whom each school takes
    total = np.asarray(takes.sum(axis=1), dtype=np.float64).ravel()
    rate = np.divide(held, total, out=np.zeros(n_sites), where=total > 0)
    moved = np.asarray(takes.T @ rate, dtype=np.float64).ravel()
    return moved, float(held[gone & (total == 0)].sum())


def _variation(held: Floats, load: Floats) -> float:
    used = load > 0
    return cv(held[used], load[used]) if held[used].any() else float("nan")


def _schools(load_before: Floats, load_after: Floats, before: Floats, after: Floats) -> pd.DataFrame:
    at = np.flatnonzero((load_before > 0) | (load_after > 0) | (before > 0) | (after > 0))

    def per_pupil(held: Floats, load: Floats) -> Floats:
        rate: Floats = np.full(at.size, np.nan)
        return np.divide(held[at], load[at], out=rate, where=load[at] > 0)

    return pd.DataFrame(
        {
            "pupils_before": load_before[at],
            "pupils_after": load_after[at],
            "resource_before": before[at],
            "resource_after": after[at],
            "per_pupil_before": per_pupil(before, load_before),
            "per_pupil_after": per_pupil(after, load_after),
        },
        index=pd.Index(at, name="site"),
    )


@dataclass(frozen=True)
class LoadBand:
    """
    Pupils that each school may have.

    Parameters
    ----------
    fewest, most : numpy.ndarray, shape (n_schools,)
        Pupils at least and at most [pupils]; most is inf where there is no upper limit.
    """

    fewest: Floats
    most: Floats


def load_band(resources: Any, pupils: float, max_cv: float) -> LoadBand:
    r"""
    Find how many pupils each school may have so that the resource per pupil varies little enough.

    With m the mean per pupil over all of them, every school is kept within :math:`m (1 \pm c)`; the coefficient of
    variation is then at most c. That is enough, not necessary: a plan outside the band may still vary less than c. It
    holds for schools that are all open and together seat all pupils; ``most`` can be given as seats, ``fewest`` as
    least numbers.

    Parameters
    ----------
    resources : array_like, shape (n_schools,)
        What each open school has in all [resource], together more than 0.
    pupils : float
        All pupils that these schools seat [pupils], above 0.
    max_cv : float
        Largest coefficient of variation [1].

    Returns
    -------
    LoadBand
        Whole pupils. A school without resources may have none where ``max_cv`` is below 1. Where ``fewest`` exceeds
        ``most``, no whole number of pupils keeps a school within the band.

    Raises
    ------
    SchemaError
        If a number is missing or negative, or the schools have nothing.

    Examples
    --------
    >>> band = load_band([10.0, 20.0], pupils=300, max_cv=0.25)
    >>> band.fewest.tolist(), band.most.tolist()
    ([80.0, 160.0], [133.0, 266.0])
    """
    held = np.asarray(resources, dtype=np.float64)
    held = check_per_site(held, held.size, "resources")
    total, largest = check_limit(pupils, "pupils"), check_limit(max_cv, "max_cv")
    if not held.any() or total == 0:
        raise SchemaError(msg("resources: there must be some, and pupils too, for a mean per pupil is taken."))
    mean = float(held.sum()) / total
    fewest = np.ceil(held / (mean * (1 + largest)) - 1e-9)
    if largest >= 1:
        return LoadBand(fewest, np.full(held.size, np.inf))
    return LoadBand(fewest, np.floor(held / (mean * (1 - largest)) + 1e-9))


def allocate_evenly(
    costs: Any,
    pupils: Any,
    resources: Any,
    max_cv: float,
    *,
    seats: Any = None,
    single_source: bool = False,
    time_limit_s: float = 60,
    cancel: Cancel | None = None,
) -> Proposal:
    """
    Send the pupils to open schools so that the resource per pupil varies little enough, at least cost.

    Each school is kept within the band of `load_band`, which is enough for the coefficient of variation to be at most
    ``max_cv``, but not necessary: there may be a cheaper allocation outside the band that varies as little.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_cells, n_schools)
        Cost per pupil from cell to school [cost unit]; inf or not stored = out of reach. All schools are open.
    pupils : array_like of int, shape (n_cells,)
        Pupils of each cell [pupils].
    resources : float or array_like, shape (n_schools,)
        What each school has in all [resource].
    max_cv : float
        Largest coefficient of variation of the resource per pupil [1].
    seats : float or array_like, shape (n_schools,), optional
        Seats of each school [seats]; inf = no limit.
    single_source : bool
        True = the pupils of a cell all go to the same school.
    time_limit_s : float
        Wall time the search may take [s].
    cancel : callable, optional
        Asked between rounds; True ends the run with status ``cancelled``.

    Returns
    -------
    Proposal
        Sense ``min``, no new sites; the objective is the sum of pupils times cost. Status ``infeasible`` where no
        allocation keeps the band, with the reason.

    Raises
    ------
    SchemaError
        If an argument does not fit the others.
    """
    table = cost_matrix(costs)
    n_schools = int(table.shape[1])
    wanted = check_pupils(pupils, int(table.shape[0]), whole=True)
    held = check_per_site(resources, n_schools, "resources")
    offered = check_per_site(seats, n_schools, "seats", missing=np.inf, infinite=True)
    reached = np.isfinite(nearest_two(table, np.arange(n_schools)).cost)
    band = load_band(held, float(wanted[reached].sum()), max_cv)
    answer = capacitated(
        costs,
        pupils,
        np.minimum(offered, band.most),
        p=n_schools,
        p_min=n_schools,
        min_pupils=band.fewest,
        single_source=single_source,
        time_limit_s=time_limit_s,
        cancel=cancel,
    )
    return replace(answer, sites=())
