"""Check the arguments that the siting models share, and say what is wrong with them in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    "check_closable",
    "check_columns",
    "check_count",
    "check_limit",
    "check_per_site",
    "check_pupils",
    "check_reach",
    "check_share",
    "marked",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BLOCK = 1 << 18
"""Pairs that are gone through at a time: what is made of them stays in the cache."""


class Reach:
    """
    The pairs of cell and site in reach, as plain arrays ordered by cell and then by site.

    A matrix that was checked keeps the form it came in: the arrays of all pairs are made when somebody asks for them,
    and the models that can go through the matrix in blocks never do.

    Parameters
    ----------
    row, site : numpy.ndarray, shape (n_pairs,)
        Cell and site of each pair.
    cost : numpy.ndarray, shape (n_pairs,)
        Cost of each pair per pupil [cost unit].
    n_rows, n_sites : int
        Shape of the cost matrix.
    """

    def __init__(self, row: Ints, site: Ints, cost: Floats, n_rows: int, n_sites: int) -> None:
        self.n_rows, self.n_sites = int(n_rows), int(n_sites)
        self._matrix: npt.NDArray[Any] | sparse.csr_array | None = None
        self._pairs: tuple[Ints, Ints, Floats] | None = (row, site, cost)
        self._reached: Bools | None = None

    @classmethod
    def of_matrix(cls, matrix: npt.NDArray[Any] | sparse.csr_array) -> Reach:
        """
        Take a checked matrix as it is.

        Parameters
        ----------
        matrix : numpy.ndarray or scipy.sparse.csr_array, shape (n_rows, n_sites)
            Costs, inf or not stored = out of reach; columns of a sparse one ascend within each row.

        Returns
        -------
        Reach
            Its pairs.
        """
        reach = cls.__new__(cls)
        reach.n_rows, reach.n_sites = (int(n) for n in matrix.shape)
        reach._matrix, reach._pairs, reach._reached = matrix, None, None
        return reach

    @property
    def dense(self) -> npt.NDArray[Any] | None:
        """
        The matrix itself, where it is a dense one.

        Returns
        -------
        numpy.ndarray or None, shape (n_rows, n_sites)
            Costs; inf = out of reach.
        """
        return self._matrix if isinstance(self._matrix, np.ndarray) else None

    @property
    def n_pairs(self) -> int:
        """
        Number of pairs that are stored, those at inf included.

        Returns
        -------
        int
            Pairs.
        """
        if isinstance(self._matrix, np.ndarray):
            return int(self._matrix.size)
        return int(cast(Any, self._matrix).nnz) if self._matrix is not None else int(self._all_pairs()[0].size)

    @property
    def row(self) -> Ints:
        """
        Cell of each pair.

        Returns
        -------
        numpy.ndarray of int64, shape (n_pairs,)
            Cells, rising.
        """
        return self._all_pairs()[0]

    @property
    def site(self) -> Ints:
        """
        Site of each pair.

        Returns
        -------
        numpy.ndarray of int64, shape (n_pairs,)
            Columns, rising within a cell.
        """
        return self._all_pairs()[1]

    @property
    def cost(self) -> Floats:
        """
        Cost of each pair per pupil.

        Returns
        -------
        numpy.ndarray of float64, shape (n_pairs,)
            Costs [cost unit].
        """
        return self._all_pairs()[2]

    def _all_pairs(self) -> tuple[Ints, Ints, Floats]:
        if self._pairs is None:
            matrix = self._matrix
            if isinstance(matrix, np.ndarray):
                row, site = np.nonzero(matrix != np.inf)
                self._pairs = row, site, matrix[row, site].astype(np.float64)
            else:
                table = cast(Any, matrix)
                row = np.repeat(np.arange(self.n_rows, dtype=np.int64), np.diff(table.indptr))
                site, cost = table.indices.astype(np.int64), table.data.astype(np.float64)
                near = cost != np.inf
                self._pairs = (row, site, cost) if near.all() else (row[near], site[near], cost[near])
        return self._pairs

    def blocks(self) -> Iterator[tuple[int, Ints, npt.NDArray[np.int32], Floats]]:
        """
        Go through the pairs in blocks of rows, none of them large; pairs out of reach may be among them, at inf.

        Yields
        ------
        tuple of int and numpy.ndarray
            First row of the block, where each of its rows begins, and site (int32) and cost (float64) of its pairs.
        """
        matrix = self._matrix
        if isinstance(matrix, np.ndarray):
            deep = max(1, min(self.n_rows, _BLOCK // max(1, self.n_sites)))
            columns = np.tile(np.arange(self.n_sites, dtype=np.int32), deep)
            begins = np.arange(deep + 1, dtype=np.int64) * self.n_sites
            for a in range(0, self.n_rows, deep):
                part = np.ascontiguousarray(matrix[a : a + deep], dtype=np.float64).ravel()
                yield a, begins[: part.size // max(1, self.n_sites) + 1], columns[: part.size], part
            return
        if matrix is not None:
            table = cast(Any, matrix)
            start, site, cost = table.indptr.astype(np.int64), table.indices, table.data
        else:
            row, site, cost = self._all_pairs()
            start = np.searchsorted(row, np.arange(self.n_rows + 1)).astype(np.int64)
        a = 0
        while a < self.n_rows:
            b = max(a + 1, int(np.searchsorted(start, start[a] + _BLOCK, side="right")) - 1)
            i, j = int(start[a]), int(start[b])
            yield a, start[a : b + 1] - i, site[i:j].astype(np.int32), cost[i:j].astype(np.float64)
            a = b

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
        row, site, cost = self._all_pairs()
        return Reach(row[keep], site[keep], cost[keep], self.n_rows, self.n_sites)

    def reached(self) -> npt.NDArray[np.bool_]:
        """
        Tell which cells any site reaches.

        Returns
        -------
        numpy.ndarray of bool, shape (n_rows,)
            True where there is a pair; not to be written to.
        """
        if self._reached is None:
            self._reached = self._find_reached()
            self._reached.flags.writeable = False
        return self._reached

    def _find_reached(self) -> Bools:
        found = np.zeros(self.n_rows, dtype=bool)
        matrix = self._matrix
        if isinstance(matrix, np.ndarray):
            return np.asarray(matrix.min(axis=1) != np.inf) if self.n_sites and self.n_rows else found
        if matrix is not None:
            table = cast(Any, matrix)
            some = np.flatnonzero(np.diff(table.indptr))
            found[some] = np.minimum.reduceat(table.data, table.indptr[some]) != np.inf if some.size else False
            return found
        found[self._all_pairs()[0]] = True
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
        All pairs with a finite cost. It looks into the matrix rather than copying it: leave the matrix as it is.

    Raises
    ------
    SchemaError
        If it is not a matrix, or holds NaN or a negative cost.
    """
    if sparse.issparse(costs):
        table: Any = sparse.csr_array(cast(Any, costs))
        if table.dtype not in (np.float32, np.float64):
            table = table.astype(np.float64)
        if not _ascends(table.indptr, table.indices):
            stored = table.nnz
            table = table.copy()
            table.sum_duplicates()
            if table.nnz != stored:
                raise SchemaError(
                    msg("{name}: the same cell and site are stored twice; store each pair once.", name=name)
                )
        if table.nnz and not table.data.min() >= 0:
            bad = int(np.argmax(~(table.data >= 0)))
            cell = int(np.searchsorted(table.indptr, bad, side="right")) - 1
            raise _bad_cost(name, cell, int(table.indices[bad]), float(table.data[bad]))
        return Reach.of_matrix(table)
    dense = np.asarray(costs)
    if dense.ndim != 2 or dense.dtype.kind not in "iufb":
        raise SchemaError(msg("{name}: must be a table of numbers, cells by sites.", name=name))
    if dense.size and not dense.min() >= 0:
        cell, site = divmod(int(np.argmax(~(dense >= 0))), dense.shape[1])
        raise _bad_cost(name, cell, site, float(dense[cell, site]))
    return Reach.of_matrix(dense)


def _ascends(indptr: npt.NDArray[Any], indices: npt.NDArray[Any]) -> bool:
    """Tell whether the columns ascend within each row, without a note left in the caller's matrix."""
    rises = np.ones(indices.size + 1, dtype=bool)
    np.less(indices[:-1], indices[1:], out=rises[1:-1])
    rises[indptr] = True  # a row's first pair follows another row's last
    return bool(rises.all())


def _bad_cost(name: str, cell: int, site: int, value: float) -> SchemaError:
    return SchemaError(
        msg(
            "{name}: must be 0 or more, or inf for out of reach; cell {cell}, site {site} has {value}.",
            name=name,
            cell=cell,
            site=site,
            value=value,
        )
    )


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


def marked(columns: Ints, n_sites: int) -> Bools:
    """
    Mark some columns.

    Parameters
    ----------
    columns : numpy.ndarray of int
        Columns.
    n_sites : int
        Number of columns there are.

    Returns
    -------
    numpy.ndarray of bool, shape (n_sites,)
        True for these.
    """
    mask = np.zeros(n_sites, dtype=bool)
    mask[columns] = True
    return mask


def check_closable(closable: Iterable[int], fixed: Ints, n_sites: int) -> Ints:
    """
    Take the columns that may be closed.

    Parameters
    ----------
    closable : iterable of int
        Columns, in any order.
    fixed : numpy.ndarray of int
        Columns that are open already.
    n_sites : int
        Number of columns there are.

    Returns
    -------
    numpy.ndarray of int64
        The columns in rising order, each once.

    Raises
    ------
    SchemaError
        If one is not a column, or is not open.
    """
    taken = check_columns(closable, n_sites, "closable")
    if taken.size == 0:
        return taken
    other = np.setdiff1d(taken, fixed)
    if other.size:
        raise SchemaError(msg("closable: site {site} is not open; name it in fixed as well.", site=int(other[0])))
    return taken


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


def check_share(value: Any, name: str) -> float:
    """
    Take a share.

    Parameters
    ----------
    value : float
        The share, 0 to 1 [1].
    name : str
        What the caller calls it.

    Returns
    -------
    float
        The share.

    Raises
    ------
    SchemaError
        If it is not such a share.
    """
    share = check_limit(value, name)
    if share > 1:
        raise SchemaError(msg("{name}: must be from 0 to 1, not {value}.", name=name, value=str(value)))
    return share


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
