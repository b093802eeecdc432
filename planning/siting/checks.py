"""Check the arguments that the siting models share, and say what is wrong with them in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from planning.errors import SchemaError, msg

__all__ = [
    "Bools",
    "Floats",
    "Ints",
    "Reach",
    "check_columns",
    "check_count",
    "check_limit",
    "check_per_site",
    "check_pupils",
    "check_reach",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reach:
    """
    The pairs of cell and site in reach, as plain arrays ordered by cell and then by site.

    Parameters
    ----------
    row, site : numpy.ndarray, shape (n_pairs,)
        Cell and site of each pair.
    cost : numpy.ndarray, shape (n_pairs,)
        Cost of each pair per pupil [cost unit].
    n_rows, n_sites : int
        Shape of the cost matrix.
    """

    row: Ints
    site: Ints
    cost: Floats
    n_rows: int
    n_sites: int

    def only(self, keep: npt.NDArray[np.bool_]) -> Reach:
        """
        Keep some of the pairs.

        Parameters
        ----------
        keep : numpy.ndarray of bool, shape (n_pairs,)
            True for the pairs that stay.

        Returns
        -------
        Reach
            The pairs that stay, in the same order.
        """
        return Reach(self.row[keep], self.site[keep], self.cost[keep], self.n_rows, self.n_sites)

    def reached(self) -> npt.NDArray[np.bool_]:
        """
        Tell which cells any site reaches.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)
            True where there is a pair.
        """
        found = np.zeros(self.n_rows, dtype=bool)
        found[self.row] = True
        return found

    def matrix(self, values: npt.NDArray[Any]) -> sparse.csr_array:
        """
        Put one value a pair into a sparse matrix, leaving out the zeros.

        Parameters
        ----------
        values : numpy.ndarray, shape (n_pairs,)
            Value of each pair.

        Returns
        -------
        scipy.sparse.csr_array, shape (n_rows, n_sites)
            The matrix.
        """
        used = values != 0
        entries = (values[used], (self.row[used], self.site[used]))
        return sparse.csr_array(entries, shape=(self.n_rows, self.n_sites))  # type: ignore[no-any-return, unused-ignore]


def check_reach(costs: Any, name: str = "costs") -> Reach:
    """
    Take a cost matrix, dense or CSR, as pairs in reach.

    Parameters
    ----------
    costs : array_like or scipy.sparse matrix, shape (n_rows, n_sites)
        Cost per pupil; inf (dense) or not stored (sparse) = out of reach. A stored zero is a cost of zero.
    name : str
        What the caller calls the matrix.

    Returns
    -------
    Reach
        All pairs with a finite cost.

    Raises
    ------
    SchemaError
        If it is not a matrix, or holds NaN or a negative cost.
    """
    if sparse.issparse(costs):
        table: Any = sparse.csr_array(cast(Any, costs), dtype=np.float64, copy=True)
        if not table.has_canonical_format:
            stored = table.nnz
            table.sum_duplicates()
            if table.nnz != stored:
                raise SchemaError(
                    msg("{name}: the same cell and site are stored twice; store each pair once.", name=name)
                )
        n_rows, n_sites = table.shape
        row = np.repeat(np.arange(n_rows, dtype=np.int64), np.diff(table.indptr))
        site, cost = table.indices.astype(np.int64), table.data
    else:
        dense = np.asarray(costs)
        if dense.ndim != 2 or dense.dtype.kind not in "iufb":
            raise SchemaError(msg("{name}: must be a table of numbers, cells by sites.", name=name))
        n_rows, n_sites = dense.shape
        row, site = np.nonzero(dense != np.inf)
        cost = dense[row, site].astype(np.float64)
    bad = np.isnan(cost) | (cost < 0)
    if bad.any():
        first = int(np.argmax(bad))
        raise SchemaError(
            msg(
                "{name}: must be 0 or more, or inf for out of reach; cell {cell}, site {site} has {value}.",
                name=name,
                cell=int(row[first]),
                site=int(site[first]),
                value=float(cost[first]),
            )
        )
    reach = Reach(row.astype(np.int64, copy=False), site.astype(np.int64, copy=False), cost, int(n_rows), int(n_sites))
    return reach if np.isfinite(cost).all() else reach.only(np.isfinite(cost))


def check_pupils(pupils: Any, n_rows: int, *, whole: bool = False, name: str = "pupils") -> Floats:
    """
    Take the pupils of each cell.

    Parameters
    ----------
    pupils : array_like, shape (n_rows,)
        Pupils [pupils].
    n_rows : int
        Number of cells.
    whole : bool
        True where only whole pupils will do, because they are seated one by one.
    name : str
        What the caller calls them.

    Returns
    -------
    numpy.ndarray of float64, shape (n_rows,)
        The pupils.

    Raises
    ------
    SchemaError
        If the length does not fit, or a number is negative, not finite, or not whole where it must be.
    """
    taken = np.asarray(pupils)
    if taken.shape != (n_rows,) or taken.dtype.kind not in "iufb":
        raise SchemaError(msg("{name}: must be one number a cell; there are {n} cells.", name=name, n=n_rows))
    values = taken.astype(np.float64)
    bad = ~np.isfinite(values) | (values < 0)
    if whole:
        bad |= np.nan_to_num(values) != np.floor(np.nan_to_num(values))
    if bad.any():
        first = int(np.argmax(bad))
        text = (
            msg(
                "{name}: must be whole numbers of 0 or more; cell {cell} has {value}.",
                name=name,
                cell=first,
                value=float(values[first]),
            )
            if whole
            else msg(
                "{name}: must be 0 or more; cell {cell} has {value}.", name=name, cell=first, value=float(values[first])
            )
        )
        raise SchemaError(text)
    return values


def check_columns(columns: Iterable[int], n_sites: int, name: str) -> Ints:
    """
    Take a choice of columns.

    Parameters
    ----------
    columns : iterable of int
        Columns, in any order.
    n_sites : int
        Number of columns there are.
    name : str
        What the caller calls the choice.

    Returns
    -------
    numpy.ndarray of int64
        The columns in rising order, each once.

    Raises
    ------
    SchemaError
        If one is not a whole number or is not a column.
    """
    taken = np.asarray(list(columns))
    if taken.size == 0:
        return np.zeros(0, dtype=np.int64)
    if taken.ndim != 1 or taken.dtype.kind not in "iu":
        raise SchemaError(msg("{name}: must be column numbers.", name=name))
    outside = (taken < 0) | (taken >= n_sites)
    if outside.any():
        raise SchemaError(
            msg(
                "{name}: {column} is not a column; there are {n} columns, counted from 0.",
                name=name,
                column=int(taken[outside][0]),
                n=n_sites,
            )
        )
    return np.unique(taken.astype(np.int64))


def check_count(p: Any, n_candidates: int, *, name: str = "p", capped: bool = True) -> int:
    """
    Take a number of new sites.

    Parameters
    ----------
    p : int
        New sites.
    n_candidates : int
        Columns that are not open yet.
    name : str
        What the caller calls the number.
    capped : bool
        Whether more than there are candidates is an error.

    Returns
    -------
    int
        The number.

    Raises
    ------
    SchemaError
        If it is not a whole number of 0 or more, or exceeds the candidates.
    """
    if (
        isinstance(p, (bool, np.bool_))
        or not isinstance(p, (int, np.integer, float, np.floating))
        or p != p
        or p < 0
        or p % 1
    ):
        raise SchemaError(msg("{name}: must be a whole number of 0 or more, not {value}.", name=name, value=str(p)))
    if capped and p > n_candidates:
        raise SchemaError(
            msg(
                "{name}: {p} new sites are asked for, but there are only {n} candidates.",
                name=name,
                p=int(p),
                n=n_candidates,
            )
        )
    return int(p)


def check_limit(value: Any, name: str) -> float:
    """
    Take a number that must be 0 or more.

    Parameters
    ----------
    value : float
        The number; inf is allowed.
    name : str
        What the caller calls it.

    Returns
    -------
    float
        The number.

    Raises
    ------
    SchemaError
        If it is no number, NaN or negative.
    """
    if not isinstance(value, (int, float, np.integer, np.floating)) or not value >= 0:
        raise SchemaError(msg("{name}: must be 0 or more, not {value}.", name=name, value=str(value)))
    return float(value)


def check_per_site(values: Any, n_sites: int, name: str, *, missing: float = 0.0, infinite: bool = False) -> Floats:
    """
    Take a number that holds for all sites, or one a site.

    Parameters
    ----------
    values : float or array_like, shape (n_sites,), or None
        The numbers.
    n_sites : int
        Number of columns.
    name : str
        What the caller calls them.
    missing : float
        What None stands for.
    infinite : bool
        Whether inf is allowed.

    Returns
    -------
    numpy.ndarray of float64, shape (n_sites,)
        One number a site.

    Raises
    ------
    SchemaError
        If the length does not fit, or a number is NaN, negative, or infinite where it must not be.
    """
    taken = np.asarray(missing if values is None else values)
    if taken.dtype.kind not in "iufb" or taken.shape not in {(), (n_sites,)}:
        raise SchemaError(msg("{name}: must be one number, or one a site; there are {n} sites.", name=name, n=n_sites))
    spread = np.broadcast_to(taken.astype(np.float64), (n_sites,)).copy()
    bad = ~(spread >= 0) | (np.isinf(spread) & (not infinite))
    if bad.any():
        first = int(np.argmax(bad))
        raise SchemaError(
            msg(
                "{name}: must be 0 or more; site {site} has {value}.", name=name, site=first, value=float(spread[first])
            )
        )
    return spread
