"""Reasons of the siting engine, which knows rows and columns only, in the names of villages and schools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from planning.errors import Message, Names, msg
from planning.i18n.terms import TERMS
from planning.siting import Proposal
from planning.siting.answer import NAMED, NumberList

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planning.scenario.county import County

__all__ = ["explained", "listed", "place_names"]

#: A cell without a name of its own takes that of a mapped place no further than this [m].
NAMED_WITHIN_M = 2000.0


def place_names(county: County, cells: Sequence[int] | NDArray[np.int64]) -> list[str]:
    """
    Name the places where cells lie: by their own name, a mapped place close by, their township, or else their id.

    Parameters
    ----------
    county : County
        The county.
    cells : sequence of int
        Positions among the county's cells.

    Returns
    -------
    list of str
        One name a cell.
    """
    table = county.cells.iloc[np.asarray(cells, dtype=np.int64)]
    own = table["name"].to_numpy(dtype=object)
    townships = table["township"].to_numpy(dtype=object)
    near = _nearest_place(county.basemap, np.column_stack([table.geometry.x, table.geometry.y]))
    return [
        str(name or close or township or cell_id)
        for name, close, township, cell_id in zip(own, near, townships, table.index, strict=True)
    ]


def _nearest_place(basemap: gpd.GeoDataFrame, xy: NDArray[np.float64]) -> list[str]:
    places = basemap[(basemap["kind"] == "place") & (basemap["name"].fillna("") != "")]
    if places.empty or not len(xy):
        return [""] * len(xy)
    tree = cKDTree(shapely.get_coordinates(shapely.centroid(places.geometry.to_numpy())))
    away, found = (np.atleast_1d(values) for values in tree.query(xy))
    names = places["name"].to_numpy()
    return [str(names[at]) if far <= NAMED_WITHIN_M else "" for far, at in zip(away, found, strict=True)]


def explained(
    proposal: Proposal,
    county: County,
    *,
    cells: NDArray[np.int64],
    bands: Sequence[str],
    sites: Sequence[str],
) -> Proposal:
    """
    Put names into the reasons of a proposal.

    Parameters
    ----------
    proposal : Proposal
        With reasons that speak of row and column numbers.
    county : County
        The county.
    cells : numpy.ndarray of int64, shape (n_rows,)
        Position of the cell that each row stands for.
    bands : sequence of str
        Grade band of each row; or, where the reasons name a band by its number, the bands in that order.
    sites : sequence of str
        What each column is called.

    Returns
    -------
    Proposal
        The same answer; its reasons name places, schools and grades, and hold the ids of the cells they speak of as
        ``cell_ids``, a line each, which no sentence says.
    """

    def _words(message: Message) -> Message:
        params = dict(message.params)
        if "cell" in params:
            row = _number(params["cell"])
            params["cell_ids"] = str(county.cells.index[cells[row]])
            place = place_names(county, cells[[row]])[0]
            cell_id = str(county.cells.index[cells[row]])
            band = None if "band" in params else TERMS[bands[row]]
            label = place if place == cell_id else f"{place} [{cell_id}]"
            params["cell"] = label if band is None else msg("{place}, {band}", place=label, band=band)
        rows = params.get("cells")
        if isinstance(rows, NumberList):
            params["cell_ids"] = "\n".join(str(cell) for cell in county.cells.index[cells[list(rows)]])
            params["cells"] = listed(place_names(county, cells[list(rows)]))
        if "band" in params:
            params["band"] = TERMS[bands[_number(params["band"])]]
        for key in ("site", "sites"):
            columns = params.get(key)
            if isinstance(columns, NumberList):
                params[key] = listed([sites[column] for column in columns])
            elif key == "site" and isinstance(columns, int | np.integer):
                params[key] = sites[int(columns)]
        for key in ("seats", "beds"):
            if params.get(key) == "inf":
                params[key] = msg("unlimited")
        return Message(message.id, params)

    return replace(proposal, explanation=tuple(_words(message) for message in proposal.explanation))


def listed(every: Sequence[str]) -> Names:
    """
    Name the first of many, each once, and count the rest.

    Parameters
    ----------
    every : sequence of str
        Names.

    Returns
    -------
    Names
        Such as ``A, B (+3)``, for a message.
    """
    names = list(dict.fromkeys(every))  # a school that may become a hub has two columns
    if len(names) <= NAMED:
        return Names(names)
    return Names([*names[: NAMED - 1], f"{names[NAMED - 1]} (+{len(names) - NAMED})"])


def _number(value: object) -> int:
    assert isinstance(value, int | np.integer)  # noqa: S101 - narrows the type
    return int(value)
