"""Where people settle: villages and hamlets up the valleys, and the township each of them belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from yunlan.terrain import CELL_M, NX, Terrain, xy_of

N_VILLAGES = 212
N_HAMLETS = 1_050


@dataclass(frozen=True)
class Places:
    """Cells where people live, by rank, and barriers that shape the roads."""

    villages: np.ndarray  # seats of administrative villages outside the towns
    hamlets: np.ndarray
    river: np.ndarray  # bool grid, cells of rivers that only a bridge crosses (joined edge to edge)
    comfort: np.ndarray  # how good each cell is to live in, 0 to 1


def wide_rivers(terrain: Terrain, least_km2: float) -> np.ndarray:
    """Mark the cells of rivers; diagonal steps are filled, so that no road slips between two cells."""
    wet = terrain.area_km2.reshape(terrain.z.shape) > least_km2
    river = wet.copy()
    cells = np.flatnonzero(wet)
    to = terrain.receiver[cells]
    cells, to = cells[to >= 0], to[to >= 0]
    slanted = (cells // NX != to // NX) & (cells % NX != to % NX)
    river.ravel()[(cells[slanted] // NX) * NX + to[slanted] % NX] = True
    return river | terrain.lake


def spread(rng: np.random.Generator, weight: np.ndarray, n: int, gap_m: float, taken: np.ndarray) -> np.ndarray:
    """Draw cells by weight, each at least a gap from all others."""
    weight = weight.copy()
    radius = int(np.ceil(gap_m / CELL_M))
    rows, cols = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    near = np.hypot(rows, cols) * CELL_M < gap_m
    rows, cols = rows[near], cols[near]

    def close(cell: int) -> None:
        weight[np.clip(cell // NX + rows, 0, weight.shape[0] - 1), np.clip(cell % NX + cols, 0, NX - 1)] = 0.0

    for cell in taken.tolist():
        close(cell)
    chosen: list[int] = []
    while len(chosen) < n:
        total = np.cumsum(weight.ravel())
        if total[-1] <= 0:
            break
        for draw in np.searchsorted(total, rng.random(60) * total[-1], side="right").tolist():
            if weight.flat[draw] > 0 and len(chosen) < n:
                chosen.append(draw)
                close(draw)
    return np.array(chosen, dtype=np.int64)


def make_places(seed: int, terrain: Terrain) -> Places:
    """Place villages and hamlets where the ground is gentle, low and watered."""
    rng = np.random.default_rng([seed, 3])
    river = wide_rivers(terrain, 90.0)
    z, slope = terrain.z, terrain.slope
    gentle = 1.0 / (1.0 + (ndimage.uniform_filter(slope, 5) / 9.0) ** 3)
    low = np.exp(-np.maximum(z - ndimage.minimum_filter(ndimage.gaussian_filter(z, 3), 61), 0) / 220.0)
    to_water = ndimage.distance_transform_edt(terrain.area_km2.reshape(z.shape) < 1.5) * CELL_M
    watered = np.exp(-to_water / 900.0) + 0.15
    dry = ndimage.binary_dilation(river, iterations=2)
    comfort = np.where(terrain.county & ~dry & (slope < 24), gentle * low * watered, 0.0)
    inner = ndimage.distance_transform_edt(terrain.county) * CELL_M > 500
    at = xy_of(np.arange(z.size)) - xy_of(terrain.towns[0])
    town_ground = (np.hypot(*at.T) < 2_300).reshape(z.shape)
    weight = np.where(inner & ~town_ground, comfort, 0.0)
    villages = spread(rng, weight**0.8, N_VILLAGES, 1_500.0, terrain.towns)
    hamlets = spread(rng, weight**0.55, N_HAMLETS, 620.0, np.concatenate([terrain.towns, villages]))
    return Places(villages, hamlets, river, comfort / comfort.max())
