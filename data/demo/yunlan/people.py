"""Who lives where: people and age groups on a 100 m grid, villages, townships."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio.features
import shapely
from scipy import ndimage
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from yunlan.places import Places
from yunlan.terrain import CELL_M, NORTH, NX, NY, WEST, Terrain, cell_of, xy_of
from yunlan.tracks import Ground
from yunlan.ways import Warp

GRID_M = 100.0
COLS, ROWS = int(NX * CELL_M / GRID_M), int(NY * CELL_M / GRID_M)
PEOPLE = 301_500
SEAT_PEOPLE = 76_000
TOWN_PEOPLE = 60_000
BANDS = ("0-4", "5-9", "10-14", "15-19", "20-59", "60+")
# Shares of each band in town and in the hills: births have halved since 2017, the young work elsewhere.
TOWN_SHARES = (0.046, 0.070, 0.070, 0.062, 0.590, 0.162)
HILL_SHARES = (0.036, 0.061, 0.064, 0.056, 0.515, 0.268)


@dataclass(frozen=True)
class People:
    """People on the 100 m grid, row 0 in the north."""

    groups: np.ndarray  # (6, ROWS, COLS) people by age band
    primary: np.ndarray  # (ROWS, COLS) children of 6 to 11
    junior: np.ndarray  # (ROWS, COLS) children of 12 to 14

    @property
    def total(self) -> np.ndarray:
        """People of all ages."""
        return self.groups.sum(axis=0)


def centres_of(cells: np.ndarray) -> np.ndarray:
    """Give the centres of 100 m cells [m]."""
    return np.column_stack([WEST + (cells % COLS + 0.5) * GRID_M, NORTH - (cells // COLS + 0.5) * GRID_M])


def settle(
    seed: int,
    terrain: Terrain,
    places: Places,
    roads_m: np.ndarray,
    warp: Warp,
    remote: np.ndarray,
    county: shapely.Geometry,
) -> tuple[People, np.ndarray]:
    """Spread people around towns, villages and hamlets, close to the roads; give also how urban each cell is."""
    rng = np.random.default_rng([seed, 11])
    ids = np.arange(ROWS * COLS)
    at = centres_of(ids)
    fine = cell_of(at[:, 0], at[:, 1])
    inside = shapely.contains_xy(county, at[:, 0], at[:, 1])
    wet = ndimage.binary_dilation(places.river, iterations=1).ravel()[fine]
    fit = np.where(inside & ~wet, 1 / (1 + (terrain.slope.ravel()[fine] / 14) ** 4), 0.0)
    fit = fit * (0.05 + np.exp(-roads_m / 110.0))
    tree = KDTree(at)
    n_v, n_h = len(places.villages), len(places.hamlets)
    centres = np.vstack([warp(xy_of(terrain.towns)), warp(xy_of(places.villages)), warp(xy_of(places.hamlets)), remote])
    lift = places.comfort.ravel()
    sizes = np.concatenate(
        [
            [SEAT_PEOPLE],
            scaled(rng.lognormal(0, 0.38, len(terrain.towns) - 1), TOWN_PEOPLE),
            (0.35 + lift[places.villages]) * rng.lognormal(0, 0.45, n_v) * 560,
            (0.25 + lift[places.hamlets]) * rng.lognormal(0, 0.55, n_h) * 150,
            rng.uniform(40, 130, len(remote)),
        ]
    )
    rest = PEOPLE - sizes[: len(terrain.towns)].sum() - sizes[-len(remote) :].sum()
    middle = slice(len(terrain.towns), len(terrain.towns) + n_v + n_h)
    sizes[middle] = scaled(sizes[middle], rest)
    radii = np.concatenate(
        [
            [950.0],
            130 + 4.2 * np.sqrt(sizes[1 : len(terrain.towns)]),
            90 + 6.0 * np.sqrt(sizes[middle]),
            np.full(len(remote), 90.0),
        ]
    )
    people = np.zeros(ids.size)
    urban = np.zeros(ids.size)
    for rank, (centre, size, radius) in enumerate(zip(centres, sizes, radii, strict=True)):
        near = np.array(sorted(tree.query_ball_point(centre, 3.0 * radius + 150)))
        off = np.hypot(*(at[near] - centre).T)
        if rank == 0:
            shape = 1 / (1 + np.exp((off - 1_650.0) / 260.0)) * (0.55 + np.exp(-off / 900.0))
        else:
            shape = np.exp(-((off / radius) ** 1.4))
        isolated = rank >= len(centres) - len(remote)
        weight = (
            shape * (np.where(fit[near] > 0, 1.0, 0.0) if isolated else fit[near]) * rng.lognormal(0, 0.7, near.size)
        )
        if weight.sum() == 0:
            weight = shape * inside[near]
        share = weight / weight.sum() * size
        share[share < max(1.4, 0.004 * size if rank >= len(terrain.towns) else 0)] = 0.0
        if share.sum() == 0:
            share[np.argmax(weight)] = size
        people[near] += share / share.sum() * size
        if rank < len(terrain.towns):
            urban[near] = np.maximum(urban[near], (1.0 if rank == 0 else 0.55) * np.minimum(shape * 3, 1))
    people = np.where(people > 0, scaled(people, PEOPLE), 0.0)
    shares = np.array(HILL_SHARES) + urban[:, None] * (np.array(TOWN_SHARES) - np.array(HILL_SHARES))
    shares = shares * rng.lognormal(0, 0.06, shares.shape)
    shares /= shares.sum(axis=1, keepdims=True)
    groups = np.round((people[:, None] * shares).T * 64) / 64
    groups = groups.reshape(len(BANDS), ROWS, COLS)
    return People(groups, 0.8 * groups[1] + 0.4 * groups[2], 0.6 * groups[2]), urban.reshape(ROWS, COLS)


def scaled(values: np.ndarray, total: float) -> np.ndarray:
    """Scale values to a total."""
    return values / values.sum() * total


def divide(ground: Ground, terrain: Terrain) -> np.ndarray:
    """Give each cell of the county to the township whose seat is nearest over the ground, -1 outside."""
    weight = ground.length * (1.0 + (ground.grade / 0.12) ** 1.3) + np.where(ground.wet, 2_500.0, 0.0)
    towns = ground.node[terrain.towns]
    _, _, origin = csgraph.dijkstra(ground.graph(weight), indices=towns, min_only=True, return_predecessors=True)
    number = np.full(int(max(towns.max(), origin.max())) + 1, -1)
    number[towns] = np.arange(towns.size)
    label = np.full(NX * NY, -1)
    label[ground.cells] = np.where(origin >= 0, number[np.maximum(origin, 0)], -1)
    label = label.reshape(NY, NX)
    _, (row, col) = ndimage.distance_transform_edt(label < 0, return_indices=True)
    label = label[row, col]
    soft = [ndimage.gaussian_filter((label == town).astype(np.float64), 4.0) for town in range(towns.size)]
    label = np.argmax(np.round(soft, 6), axis=0)
    whole = np.full(label.shape, -1)
    for town in range(towns.size):  # loose bits go to the neighbour around them
        parts, _ = ndimage.label((label == town) & terrain.county)
        whole[parts == parts.ravel()[terrain.towns[town]]] = town
    _, (row, col) = ndimage.distance_transform_edt(whole < 0, return_indices=True)
    return np.where(terrain.county, whole[row, col], -1)


def township_shapes(label: np.ndarray) -> list[shapely.Geometry]:
    """Draw the townships so that they tile the county without gap or overlap."""
    move = rasterio.Affine(CELL_M, 0, WEST, 0, -CELL_M, NORTH)
    parts: list[list[shapely.Geometry]] = [[] for _ in range(label.max() + 1)]
    shapes = rasterio.features.shapes(label.astype(np.int16), mask=label >= 0, transform=move)
    for geometry, value in shapes:
        parts[int(value)].append(shapely.geometry.shape(geometry))
    whole = [shapely.union_all(p) for p in parts]
    lines = shapely.union_all([g.boundary for g in whole])  # a line that ends on another's side makes a corner there
    faces = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))))
    inner = shapely.point_on_surface(faces)
    noded = [shapely.union_all(faces[shapely.contains(g, inner)]) for g in whole]
    return list(shapely.normalize(shapely.coverage_simplify(np.array(noded), 110.0)))


def village_of(people: People, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give each populated cell to the nearest village: cells and the village's position."""
    cells = np.flatnonzero(people.total.ravel() > 0)
    return cells, KDTree(centres).query(centres_of(cells))[1]
