"""Sizes that a school may be built with or enlarged to, and the columns of a model that stand for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from planning.errors import SchemaError, msg
from planning.siting.checks import Bools, Ints, Reach, check_columns, check_count, check_limit
from planning.siting.seats.flow import Arcs

__all__ = ["Columns", "SizeOption", "lay_columns", "size_classes"]


@dataclass(frozen=True)
class SizeOption:
    """
    One size of one site.

    Parameters
    ----------
    site : int
        Column of the site.
    seats : float
        Seats the site has in all at this size [seats]; inf = no limit.
    build_cost : float
        What this size costs on top of the site's own ``build_cost``: to build it there, or to enlarge a site that is open
        already, in the unit of the objective.
    spend : float
        What this size takes from the budget on top of the site's own ``spend`` [money].
    running_cost : float, optional
        Running cost at this size, in the unit of the objective; None = the site's own.
    """

    site: int
    seats: float
    build_cost: float = 0.0
    spend: float = 0.0
    running_cost: float | None = None


@dataclass(frozen=True)
class Columns:
    """
    The columns of the model: each site as it is, or one column for each of its sizes.

    Parameters
    ----------
    site : numpy.ndarray of int64, shape (n_columns,)
        Site of each column, rising.
    option : numpy.ndarray of int64, shape (n_columns,)
        Which of the options the column stands for; -1 = the site as it is.
    """

    site: Ints
    option: Ints

    def spread(self, reach: Reach) -> Arcs:
        """
        Give every column the pairs of its site.

        Parameters
        ----------
        reach : Reach
            Pairs in reach.

        Returns
        -------
        Arcs
            Arcs to columns, ordered by row and column.
        """
        row, column, cost = reach.row, reach.site, reach.cost
        if (self.option >= 0).any():
            count = np.bincount(self.site, minlength=reach.n_sites)
            first = np.cumsum(count) - count
            times = count[column]
            within = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
            row, cost, column = np.repeat(row, times), np.repeat(cost, times), np.repeat(first[column], times) + within
        return Arcs(row, column, cost, np.zeros(row.size, dtype=bool))


def lay_columns(options: Sequence[SizeOption], existing: Bools) -> Columns:
    """
    Lay out the columns: an existing site as it is and with each of its options, a new one with each of its options.

    Parameters
    ----------
    options : sequence of SizeOption
        The sizes.
    existing : numpy.ndarray of bool, shape (n_sites,)
        True for sites that are open already.

    Returns
    -------
    Columns
        The columns, by site and then by option.

    Raises
    ------
    SchemaError
        If an option names no site, or a number of it cannot be.
    """
    n = existing.size
    sites = check_columns([option.site for option in options], n, "options")
    for option in options:
        check_limit(option.seats, "options: seats")
        for value, name in (
            (option.build_cost, "options: build_cost"),
            (option.spend, "options: spend"),
            (option.running_cost if option.running_cost is not None else 0.0, "options: running_cost"),
        ):
            if not np.isfinite(check_limit(value, name)):
                raise SchemaError(msg("{name}: must be 0 or more, not {value}.", name=name, value=str(value)))
    has_options = np.zeros(n, dtype=bool)
    has_options[sites] = True
    as_is = np.flatnonzero(existing | ~has_options)
    site = np.concatenate([as_is, np.array([option.site for option in options], dtype=np.int64)])
    number = np.concatenate([np.full(as_is.size, -1), np.arange(len(options))])
    order = np.lexsort((number, site))
    return Columns(site[order], number[order])


def size_classes(
    sites: Iterable[int],
    classes: Iterable[int],
    class_size: int,
    *,
    build_per_seat: float = 0.0,
    spend_per_seat: float = 0.0,
    running_per_class: float | None = None,
    present_seats: Sequence[float] | None = None,
) -> tuple[SizeOption, ...]:
    """
    Make the options of sites whose size is a number of classes.

    Parameters
    ----------
    sites : iterable of int
        Columns of the sites.
    classes : iterable of int
        Numbers of classes a school may have.
    class_size : int
        Pupils of a class, from the standard [pupils].
    build_per_seat : float
        Cost of a seat more, in the unit of the objective.
    spend_per_seat : float
        What a seat more takes from the budget [money].
    running_per_class : float, optional
        Running cost of a class, in the unit of the objective; None = the site's own running cost, whatever its size.
    present_seats : sequence of float, optional
        Seats that each of the sites has already [seats]: only larger sizes are made, and only the seats more are paid.

    Returns
    -------
    tuple of SizeOption
        By site, then by size.

    Raises
    ------
    SchemaError
        If a number of classes or the class size is not a whole number.

    Examples
    --------
    >>> [option.seats for option in size_classes([7], [6, 12], 45)]
    [270.0, 540.0]
    """
    places = list(sites)
    present = [0.0] * len(places) if present_seats is None else list(present_seats)
    if len(present) != len(places):
        raise SchemaError(msg("present_seats: must be one number a site; there are {n} sites.", n=len(places)))
    size = check_count(class_size, 0, name="class_size", capped=False)
    counts = sorted({check_count(count, 0, name="classes", capped=False) for count in classes})
    return tuple(
        SizeOption(
            site=int(site),
            seats=float(count * size),
            build_cost=build_per_seat * (count * size - before),
            spend=spend_per_seat * (count * size - before),
            running_cost=None if running_per_class is None else running_per_class * count,
        )
        for site, before in zip(places, present, strict=True)
        for count in counts
        if count * size > before
    )
