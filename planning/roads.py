"""The table of roads that passes from the sources to the network: ways, their shape points, and who may use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["WAY_COLUMNS", "Roads", "concat_roads", "empty_roads", "make_roads"]

#: Columns of the table of ways and their types.
WAY_COLUMNS = {
    "highway": "str",
    "name": "str",
    "oneway": "int8",
    "bridge": "bool",
    "tunnel": "bool",
    "foot": "str",
    "bicycle": "str",
    "motor_vehicle": "str",
    "maxspeed_kmh": "float64",
    "surface": "str",
    "source": "str",
}


@dataclass(frozen=True)
class Roads:
    """
    Ways with every shape point kept as a node; ways that share a node id are joined there.

    Parameters
    ----------
    ways : pandas.DataFrame, shape (n_ways, 11)
        Indexed by unique ``way_id``, columns as in ``WAY_COLUMNS``. ``oneway`` is 1 along the way, -1 against it, 0 both
        ways, for vehicles only; ``foot``, ``bicycle``, ``motor_vehicle`` hold the OSM access value that counts for the
        mode, or "" where none is given; ``maxspeed_kmh`` [km/h] is NaN where unknown; ``source`` names the file.
    nodes : pandas.DataFrame, shape (n_nodes, 2)
        ``x``, ``y`` [m] by unique ``node_id`` (int64). OSM's nodes keep their positive numbers, others are negative.
    offsets : numpy.ndarray, shape (n_ways + 1,)
        Way ``i`` runs over ``refs[offsets[i]:offsets[i + 1]]``.
    refs : numpy.ndarray, shape (n_refs,)
        Node ids of each way in order.
    """

    ways: pd.DataFrame
    nodes: pd.DataFrame
    offsets: NDArray[np.int64]
    refs: NDArray[np.int64]


def make_roads(
    ways: pd.DataFrame,
    *,
    node_ids: NDArray[np.int64],
    xy: NDArray[np.float64],
    offsets: NDArray[np.int64],
    refs: NDArray[np.int64],
) -> Roads:
    """
    Put the parts of a table of roads together, each column in its type.

    Parameters
    ----------
    ways : pandas.DataFrame, shape (n_ways, 11)
        Indexed by way id, with the columns of ``WAY_COLUMNS`` in any order.
    node_ids : numpy.ndarray, shape (n_nodes,)
        Unique ids of the nodes.
    xy : numpy.ndarray, shape (n_nodes, 2)
        Their places [m].
    offsets, refs : numpy.ndarray
        As in ``Roads``.

    Returns
    -------
    Roads
        The table.
    """
    typed = ways[list(WAY_COLUMNS)].astype(WAY_COLUMNS)
    typed.index = pd.Index(typed.index.astype("str"), name="way_id")
    nodes = pd.DataFrame(
        {"x": xy[:, 0], "y": xy[:, 1]}, index=pd.Index(node_ids.astype(np.int64), name="node_id"), dtype=float
    )
    return Roads(typed, nodes, np.asarray(offsets, dtype=np.int64), np.asarray(refs, dtype=np.int64))


def empty_roads() -> Roads:
    """
    Give a table of roads with nothing in it.

    Returns
    -------
    Roads
        No ways, no nodes; every column in its type.
    """
    none = np.empty(0, dtype=np.int64)
    ways = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in WAY_COLUMNS.items()})
    return make_roads(ways, node_ids=none, xy=np.empty((0, 2)), offsets=np.zeros(1, dtype=np.int64), refs=none)


def concat_roads(parts: Sequence[Roads]) -> Roads:
    """
    Lay several tables of roads together; nodes with the same id are one node.

    Parameters
    ----------
    parts : sequence of Roads
        Tables in one reference system. The first that names a node says where it stands.

    Returns
    -------
    Roads
        All ways in the order given. A way id that an earlier part already uses gets ``~2``, ``~3``, ... appended.
    """
    kept = [part for part in parts if len(part.ways)]
    if not kept:
        return empty_roads()
    ways = pd.concat([part.ways for part in kept])
    repeat = ways.groupby(level=0).cumcount().to_numpy()
    ways.index = pd.Index(
        [f"{way}~{n + 1}" if n else way for way, n in zip(ways.index, repeat, strict=True)], name="way_id"
    )
    nodes = pd.concat([part.nodes for part in kept])
    nodes = nodes[~nodes.index.duplicated()]
    refs = np.concatenate([part.refs for part in kept])
    counts = np.concatenate([np.diff(part.offsets) for part in kept])
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return make_roads(ways, node_ids=nodes.index.to_numpy(), xy=nodes.to_numpy(dtype=float), offsets=offsets, refs=refs)
