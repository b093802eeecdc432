"""Tables as GeoParquet, arrays as npz, documents as JSON; a file appears whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.errors import SourceError, SourceMissingError, msg

__all__ = ["read_arrays", "read_document", "read_table", "write_arrays", "write_document", "write_table", "write_whole"]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """
    Write a table, with or without geometry.

    Parameters
    ----------
    table : pandas.DataFrame
        The table; its index is kept.
    path : pathlib.Path
        The ``.parquet`` file.
    """
    write_whole(path, lambda draft: table.to_parquet(draft))


def read_table(path: Path) -> pd.DataFrame:
    """
    Read a table back; one with geometry as a GeoDataFrame.

    Parameters
    ----------
    path : pathlib.Path
        The ``.parquet`` file.

    Returns
    -------
    pandas.DataFrame
        The table with its index.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    """
    _must_be(path)
    try:
        table: pd.DataFrame = gpd.read_parquet(path)
    except ValueError:  # no geometry in it
        table = pd.read_parquet(path)
    return table


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """
    Write arrays, uncompressed, since they are read at every start.

    Parameters
    ----------
    arrays : Mapping
        Array by name; no objects.
    path : pathlib.Path
        The ``.npz`` file.
    """

    def _write(draft: Path) -> None:
        with draft.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    write_whole(path, _write)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """
    Read arrays back; a file that holds Python objects is refused, since reading one could run code.

    Parameters
    ----------
    path : pathlib.Path
        The ``.npz`` file.

    Returns
    -------
    dict of str to numpy.ndarray
        Array by name.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    """
    _must_be(path)
    with np.load(path, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def write_document(document: Mapping[str, Any], path: Path) -> None:
    """
    Write a document as JSON.

    Parameters
    ----------
    document : Mapping
        Plain data.
    path : pathlib.Path
        The ``.json`` file.
    """
    text = json.dumps(document, ensure_ascii=False, indent=1)
    write_whole(path, lambda draft: draft.write_text(text + "\n", "utf-8"))


def read_document(path: Path) -> dict[str, Any]:
    """
    Read a document back.

    Parameters
    ----------
    path : pathlib.Path
        The ``.json`` file.

    Returns
    -------
    dict
        Plain data.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    SourceError
        If it is damaged.
    """
    _must_be(path)
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SourceError(msg("{file}: damaged. Run the project again.", file=path.name)) from error
    return document


def _must_be(path: Path) -> None:
    if not path.is_file():
        raise SourceMissingError(msg("{file}: there is no such file.", file=str(path)))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """
    Write beside the place and rename, so that a crash leaves the old file or the new one.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    write : callable
        Is given the path to write to.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
