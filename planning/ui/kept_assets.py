"""The map of a finished run, drawn once and kept beside the run, so that the app opens on it without drawing it again."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planning import store
from planning.errors import SourceError
from planning.report import maps
from planning.report.maps import CellRaster, MapAssets, build_assets

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["assets_of_run"]

logger = logging.getLogger(__name__)
_FILE = "map.npz"


def assets_of_run(county: County, run: Path, key: str) -> MapAssets:
    """
    Give the map's assets of a finished run: those kept in its folder where they are of these very sources and this version's drawing.

    Parameters
    ----------
    county : County
        The county of the run.
    run : pathlib.Path
        Folder of the run.
    key : str
        Hash of its sources.

    Returns
    -------
    MapAssets
        The same as ``build_assets`` gives.
    """
    drawn_from = hashlib.sha256(key.encode() + Path(maps.__file__).read_bytes()).hexdigest()
    known = _read(run / _FILE, drawn_from)
    if known is not None:
        return known
    assets = build_assets(county)
    try:
        store.write_arrays(
            {
                "drawn_from": np.array(drawn_from),
                "base": np.frombuffer(assets.base, np.uint8),
                "png": np.frombuffer(assets.raster.png, np.uint8),
                "bounds": np.array([assets.bounds, assets.raster.bounds]),
                "key": np.array(assets.key),
            },
            run / _FILE,
        )
    except OSError as error:  # a folder that may only be read is as good, only slower
        logger.info("the map is not kept: %s", error)
    return assets


def _read(path: Path, drawn_from: str) -> MapAssets | None:
    """Read the assets; None where there are none, or they are of something else or damaged."""
    if not zipfile.is_zipfile(path):  # numpy would leave a damaged file open
        return None
    try:
        kept = store.read_arrays(path)
        if str(kept["drawn_from"]) != drawn_from:
            return None
        bounds, raster_bounds = (tuple(float(side) for side in row) for row in kept["bounds"])
        south, west, north, east = bounds
        raster = CellRaster(kept["png"].tobytes(), _four(raster_bounds))
        return MapAssets(kept["base"].tobytes(), raster, (south, west, north, east), str(kept["key"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, SourceError) as error:
        logger.info("the map is drawn anew: %s", error)
        return None


def _four(values: tuple[float, ...]) -> tuple[float, float, float, float]:
    south, west, north, east = values
    return south, west, north, east
