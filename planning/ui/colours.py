"""What the map paints: a class for each cell, and the legend that reads it. Ramps are safe for the colour-blind."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planning.i18n import Translator

if TYPE_CHECKING:
    from planning.scenario.evaluate import StageState

__all__ = ["Painting", "fullness_of_schools", "paint_catchments", "paint_change", "paint_off_road", "paint_way"]

#: Near to far: ColorBrewer's RdYlBu, from blue (near) to red (far).
NEAR_TO_FAR = ("#4575b4", "#74add1", "#abd9e9", "#fee090", "#fdae61", "#f46d43", "#d73027", "#a50026")
UNREACHED = "#3a3a3a"
#: Neighbouring catchments: Okabe and Ito's palette, softened, with two more.
QUALITATIVE = (
    "#e6a93c", "#6db6e3", "#3fae8c", "#e9df6b", "#4b86b4", "#d98156", "#c78bb1", "#9aa7b4", "#a9c46c", "#8c7fb8",
)  # fmt: skip
CHANGE = ("#2166ac", "#67a9cf", "#c3c8cd", "#ef8a62", "#b2182b")
DISTANCE_M = (500, 1000, 1500, 2000, 3000, 5000, 8000)
TIME_MIN = (10, 20, 30, 40, 60, 90, 120)
CHANGE_M = (-1000.0, -50.0, 50.0, 1000.0)
#: Little to much: ColorBrewer's Purples, and YlOrBr for schools; both get darker, so that grey print still reads.
OFF_ROAD = ("#dcdce6", "#bcbddc", "#9e9ac8", "#756bb1", "#4a1486")
OFF_ROAD_SHARE = (0.0, 0.1, 0.25, 0.5)
FULLNESS = ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404")
FULL_SHARE = (0.5, 0.75, 0.9, 1.0)


@dataclass(frozen=True)
class Painting:
    """
    What the browser needs to paint the cells.

    Parameters
    ----------
    classes : numpy.ndarray of uint8, shape (n_cells,)
        Position in the legend plus 1; 0 where nothing is painted.
    title : str
        What the colours mean.
    entries : list of dict
        ``color``, ``label`` and perhaps ``hidden`` of each class.
    sites : numpy.ndarray of uint16 or None
        School of each cell as a position in ``site_ids`` plus 1.
    site_ids : tuple of str
        Schools that ``sites`` counts.
    was_m, now_m : numpy.ndarray, shape (n_cells,), or None
        The way before and after [m], told under the pointer where they differ; inf where there is no path.
    """

    classes: NDArray[np.uint8]
    title: str
    entries: list[dict[str, object]]
    sites: NDArray[np.uint16] | None = None
    site_ids: tuple[str, ...] = ()
    was_m: NDArray[np.float64] | None = None
    now_m: NDArray[np.float64] | None = None


def paint_way(state: StageState, band: str, people: pd.Series, measure: str, t: Translator) -> Painting:
    """
    Paint how far each cell is from its nearest school.

    Parameters
    ----------
    state : StageState
        What the stage looks like.
    band : str
        Grade band.
    people : pandas.Series
        Residents by cell [people]; a cell without any is not painted.
    measure : {"distance_m", "time_min"}
        What to paint.
    t : Translator
        The language.

    Returns
    -------
    Painting
        Classes and legend.
    """
    values = state.nearest[band][measure].to_numpy(dtype=float)
    breaks = DISTANCE_M if measure == "distance_m" else TIME_MIN
    classes = np.searchsorted(breaks, values, side="left") + 1
    classes = np.where(np.isfinite(values), classes, len(breaks) + 2)
    classes = np.where(people.to_numpy() > 0, classes, 0).astype(np.uint8)
    if measure == "distance_m":
        shown = [t.number(b / 1000, 0 if b % 1000 == 0 else 1) for b in breaks]
        title = t("Way to the nearest school (km)")
    else:
        shown = [t.number(b) for b in breaks]
        title = t("Time to the nearest school (min)")
    labels = [f"≤ {shown[0]}", *(f"{low} – {high}" for low, high in pairwise(shown)), f"> {shown[-1]}"]
    entries: list[dict[str, object]] = [{"color": c, "label": f} for c, f in zip(NEAR_TO_FAR, labels, strict=True)]
    entries.append({"color": UNREACHED, "label": t("no path"), "hidden": not (classes == len(entries) + 1).any()})
    return Painting(classes, title, entries)


def paint_catchments(
    state: StageState, band: str, people: pd.Series, t: Translator, *, base: StageState | None = None
) -> Painting:
    """
    Paint which school is nearest to each cell; neighbours differ in colour.

    Parameters
    ----------
    state : StageState
        What the stage looks like.
    band : str
        Grade band.
    people : pandas.Series
        Residents by cell [people].
    t : Translator
        The language.
    base : StageState, optional
        The stage without edits: its schools keep their number and colour, whatever else is planned.

    Returns
    -------
    Painting
        Classes, legend, and the school of each cell.
    """
    before = state.sites if base is None else base.sites
    added = state.sites[~state.sites.index.isin(before.index)]
    ids = tuple(str(site) for site in (*before.index, *added.index))
    nearest = pd.Index(ids).get_indexer(state.nearest[band]["site_id"].astype("string").fillna(""))
    colour = _apart(*(np.column_stack([sites.geometry.x, sites.geometry.y]) for sites in (before, added)))
    nowhere = len(QUALITATIVE) + 1
    classes = np.where(nearest >= 0, (colour[nearest] if len(ids) else 0) + 1, nowhere)
    classes = np.where(people.to_numpy() > 0, classes, 0).astype(np.uint8)
    entries: list[dict[str, object]] = [
        {"color": c, "label": t("one colour, one school"), "hidden": i > 0} for i, c in enumerate(QUALITATIVE)
    ]
    entries.append({"color": UNREACHED, "label": t("no path"), "hidden": not (classes == nowhere).any()})
    return Painting(classes, t("Nearest school"), entries, (nearest + 1).astype(np.uint16), ids)


def paint_change(before: StageState, after: StageState, band: str, people: pd.Series, t: Translator) -> Painting:
    """
    Paint who comes nearer to a school and who moves away.

    Parameters
    ----------
    before, after : StageState
        What the stage looks like without and with the edits.
    band : str
        Grade band.
    people : pandas.Series
        Residents by cell [people].
    t : Translator
        The language.

    Returns
    -------
    Painting
        Classes and legend.
    """
    was = before.nearest[band]["distance_m"].to_numpy(dtype=float)
    now = after.nearest[band]["distance_m"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        change = np.where(np.isinf(was) & np.isinf(now), 0.0, now - was)
    classes = np.searchsorted(CHANGE_M, change, side="left") + 1
    classes = np.where(people.to_numpy() > 0, classes, 0).astype(np.uint8)
    labels = (
        t("over 1 km nearer"),
        t("up to 1 km nearer"),
        t("unchanged"),
        t("up to 1 km farther"),
        t("over 1 km farther"),
    )
    entries: list[dict[str, object]] = [{"color": c, "label": f} for c, f in zip(CHANGE, labels, strict=True)]
    return Painting(classes, t("Change of the way"), entries, was_m=was, now_m=now)


def paint_off_road(state: StageState, band: str, people: pd.Series, t: Translator) -> Painting:
    """
    Paint how much of the way rests on ground without a mapped road.

    Parameters
    ----------
    state : StageState
        What the stage looks like.
    band : str
        Grade band.
    people : pandas.Series
        Residents by cell [people].
    t : Translator
        The language.

    Returns
    -------
    Painting
        Classes and legend.
    """
    table = state.nearest[band]
    way, off = table["distance_m"].to_numpy(dtype=float), table["off_road_m"].to_numpy(dtype=float)
    reached = np.isfinite(way)
    share = np.divide(off, way, out=np.zeros(len(way)), where=reached & (way > 0))
    nowhere = len(OFF_ROAD) + 1
    classes = np.where(reached, np.searchsorted(OFF_ROAD_SHARE, share, side="left") + 1, nowhere)
    classes = np.where(people.to_numpy() > 0, classes, 0).astype(np.uint8)
    shown = [t.number(100 * b) for b in OFF_ROAD_SHARE]
    labels = [shown[0], *(f"{low} – {high}" for low, high in pairwise(shown)), f"> {shown[-1]}"]
    entries: list[dict[str, object]] = [{"color": c, "label": f} for c, f in zip(OFF_ROAD, labels, strict=True)]
    entries.append({"color": UNREACHED, "label": t("no path"), "hidden": not (classes == nowhere).any()})
    return Painting(classes, t("Share of the way off mapped roads (%)"), entries)


def fullness_of_schools(state: StageState, t: Translator) -> tuple[Painting, dict[str, str]]:
    """
    Colour schools by the pupils sent to them against their seats; no cell is painted.

    Parameters
    ----------
    state : StageState
        What the stage looks like.
    t : Translator
        The language.

    Returns
    -------
    Painting
        The legend; classes are all 0.
    dict
        Colour by school; "" where its seats are unknown.
    """
    seats = state.sites["seats"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    load = state.load.reindex(state.sites.index).fillna(0).to_numpy(dtype=float)
    unknown = np.isnan(seats)
    # A school of no seats is full as soon as a child is sent there.
    share = np.divide(load, seats, out=np.where(load > 0, np.inf, 0.0), where=~unknown & (seats > 0))
    # Four shares make five colours; the last one is "full", so 100 % itself belongs to it.
    position = np.searchsorted(FULL_SHARE[:-1], share, side="left") + (share >= FULL_SHARE[-1])
    colours = {
        str(site): "" if missing else FULLNESS[k]
        for site, missing, k in zip(state.sites.index, unknown, position, strict=True)
    }
    shown = [t.number(100 * b) for b in FULL_SHARE]
    labels = [f"≤ {shown[0]}", *(f"{low} – {high}" for low, high in pairwise(shown[:-1]))]
    labels += [f"{shown[-2]} – < {shown[-1]}", t("full ({n} or more)", n=shown[-1])]
    entries: list[dict[str, object]] = [{"color": c, "label": f} for c, f in zip(FULLNESS, labels, strict=True)]
    entries.append({"color": "#ffffff", "label": t("seats unknown"), "hatched": True, "hidden": not unknown.any()})
    cells = len(state.nearest[state.bands[0]])
    return Painting(np.zeros(cells, dtype=np.uint8), t("Pupils sent here, of the seats (%)"), entries), colours


def _apart(first: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.int64]:
    """Colour points so that each differs from the neighbours coloured before it, as far as colours last; ``then`` changes no colour of ``first``."""
    colour = np.full(len(first) + len(then), -1, dtype=np.int64)
    used = np.zeros(len(QUALITATIVE), dtype=np.int64)
    both = np.concatenate([first, then])
    for known, new in ((first, range(len(first))), (both, range(len(first), len(both)))):
        if not len(new):
            continue
        _, near = cKDTree(known).query(known[list(new)], k=min(len(known), len(QUALITATIVE)))
        for i, around in zip(new, near.reshape(len(new), -1), strict=True):
            taken = {int(colour[k]) for k in around if colour[k] >= 0}
            free = [c for c in range(len(QUALITATIVE)) if c not in taken] or list(range(len(QUALITATIVE)))
            colour[i] = min(free, key=lambda c: (used[c], c))
            used[colour[i]] += 1
    return colour
