"""The rows of a question cut by the school that pupils go to today, so that it can be told who moves where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.proposals import Asked

__all__ = ["MOVE_COLUMNS", "Pieces", "cut_by_school", "moves_of", "uncut"]

#: Columns of the table of moves.
MOVE_COLUMNS = ["closed", "receiver", "pupils"]


@dataclass(frozen=True)
class Pieces:
    """
    Pupils of one place and grade band who go to one school today.

    Parameters
    ----------
    row : numpy.ndarray of int64, shape (n_pieces,)
        Row of the question.
    school : numpy.ndarray of int64, shape (n_pieces,)
        Position of the school among the question's sites; -1 where they have no seat, or it is not asked.
    pupils : numpy.ndarray of int64, shape (n_pieces,)
        How many they are [pupils].
    """

    row: NDArray[np.int64]
    school: NDArray[np.int64]
    pupils: NDArray[np.int64]

    def load(self, n_sites: int) -> NDArray[np.int64]:
        """
        Count today's pupils of each site.

        Parameters
        ----------
        n_sites : int
            Number of sites.

        Returns
        -------
        numpy.ndarray of int64, shape (n_sites,)
            Pupils.
        """
        seated = self.school >= 0
        return np.bincount(self.school[seated], weights=self.pupils[seated], minlength=n_sites).astype(np.int64)


def uncut(asked: Asked) -> Pieces:
    """
    Take the rows of a question as they are.

    Parameters
    ----------
    asked : Asked
        The question's rows and columns.

    Returns
    -------
    Pieces
        One a row; where the pupils go today is not told.
    """
    n = len(asked.pupils)
    return Pieces(np.arange(n), np.full(n, -1, dtype=np.int64), asked.pupils)


def cut_by_school(county: County, asked: Asked, base: StageState, *, whole: bool = False) -> Pieces:
    """
    Cut the rows of a question by the school where the pupils have a seat today.

    Parameters
    ----------
    county : County
        Names the cells.
    asked : Asked
        The question's rows and columns.
    base : StageState
        Who goes where today.
    whole : bool
        True: rows are not cut; their pupils count as going where most of them go.

    Returns
    -------
    Pieces
        By row and school; pupils without a seat are a piece of their own.
    """
    rows = pd.MultiIndex.from_arrays([county.cells.index[asked.cells], asked.bands])
    flows = base.allocated
    row = rows.get_indexer(pd.MultiIndex.from_arrays([flows["cell_id"], flows["band"]]))
    ours = row >= 0  # the others live across the county line
    row, pupils = row[ours].astype(np.int64), flows["pupils"].to_numpy(dtype=np.int64)[ours]
    school = asked.sites.index[: asked.n_fixed].get_indexer(flows["site_id"][ours]).astype(np.int64)
    without = asked.pupils - np.bincount(row, weights=pupils, minlength=len(asked.pupils)).astype(np.int64)
    none = np.flatnonzero(without)
    row, school = np.concatenate([row, none]), np.concatenate([school, np.full(len(none), -1, dtype=np.int64)])
    pupils = np.concatenate([pupils, without[none]])
    if whole:
        largest = np.lexsort((school, -pupils, row))
        first = largest[np.unique(row[largest], return_index=True)[1]]
        return Pieces(row[first], school[first], asked.pupils[row[first]])
    order = np.lexsort((school, row))
    return Pieces(row[order], school[order], pupils[order])


def moves_of(pieces: Pieces, flows: sparse.csr_array, closed: NDArray[np.int64], sites: pd.Index) -> pd.DataFrame:
    """
    List where the pupils of closed schools go.

    Parameters
    ----------
    pieces : Pieces
        Who goes where today.
    flows : scipy.sparse.csr_array, shape (n_pieces, n_sites)
        Who goes where afterwards [pupils].
    closed : numpy.ndarray of int
        Sites that are closed.
    sites : pandas.Index
        Codes of the sites.

    Returns
    -------
    pandas.DataFrame
        ``closed, receiver, pupils``; the receiver is empty for pupils who find no seat. Pupils of a closed school add
        up to those who go there today.
    """
    leaving = np.flatnonzero(np.isin(pieces.school, closed))
    left = flows[leaving].tocoo()
    seated = np.bincount(left.row, weights=left.data, minlength=len(leaving)).astype(np.int64)
    table = pd.DataFrame(
        {
            "closed": np.concatenate([pieces.school[leaving[left.row]], pieces.school[leaving]]),
            "receiver": np.concatenate([left.col, np.full(len(leaving), -1)]),
            "pupils": np.concatenate([left.data, pieces.pupils[leaving] - seated]).astype(np.int64),
        }
    )
    table = table[table["pupils"] > 0].groupby(["closed", "receiver"])["pupils"].sum().reset_index()
    names = np.append(sites.to_numpy(dtype=object), "")  # -1 takes the last
    for column in ("closed", "receiver"):
        table[column] = pd.Series(names[table[column].to_numpy(dtype=np.int64)], index=table.index, dtype="str")
    return table.sort_values(["closed", "pupils", "receiver"], ascending=[True, False, True], ignore_index=True)
