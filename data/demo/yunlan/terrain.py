"""Mountains, valleys and rivers: relief in balance with its own streams, then filled valley floors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph

CRS = "EPSG:4545"  # CGCS2000 / 3-degree Gauss-Kruger, central meridian 108 E
CELL_M = 60.0
NX, NY = 1080, 1008
WEST, NORTH = 398_400.0, 3_101_400.0  # about 106.97 E to 107.63 E, 27.48 N to 28.03 N
TARGET_KM2 = 2_000.0
N_TOWNS = 16
CELL_KM2 = CELL_M * CELL_M / 1e6


@dataclass(frozen=True)
class Terrain:
    """Relief on the frame's grid, row 0 in the north."""

    z: np.ndarray  # elevation [m], whole metres
    slope: np.ndarray  # [degrees]
    receiver: np.ndarray  # cell that the water of each cell runs to, -1 at the outlet
    area_km2: np.ndarray  # land that drains through each cell
    county: np.ndarray  # bool, inside the county line
    towns: np.ndarray  # cells of the 16 township seats, the county seat first
    lake: np.ndarray  # bool, the reservoir
    dam: int


def xy_of(cells: np.ndarray | list[int] | int) -> np.ndarray:
    """Give the centre of grid cells in the projected CRS, shape (n, 2) [m]."""
    cells = np.atleast_1d(np.asarray(cells, dtype=np.int64))
    return np.column_stack([WEST + (cells % NX + 0.5) * CELL_M, NORTH - (cells // NX + 0.5) * CELL_M])


def cell_of(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give the grid cell of points."""
    col = np.clip(((np.asarray(x) - WEST) / CELL_M).astype(np.int64), 0, NX - 1)
    row = np.clip(((NORTH - np.asarray(y)) / CELL_M).astype(np.int64), 0, NY - 1)
    return row * NX + col


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], scale: float, octaves: int, gain: float = 0.5
) -> np.ndarray:
    """Sum octaves of smooth noise; ``scale`` is the longest wave [cells]. Mean 0, standard deviation 1."""
    total = np.zeros(shape)
    weight = 1.0
    for _ in range(octaves):
        rows, cols = int(shape[0] / scale) + 5, int(shape[1] / scale) + 5
        coarse = rng.standard_normal((rows, cols))
        at = np.meshgrid(np.arange(shape[0]) / scale + 1, np.arange(shape[1]) / scale + 1, indexing="ij")
        total += weight * ndimage.map_coordinates(coarse, at, order=3)
        weight *= gain
        scale = max(scale / 2, 1.0)
    return (total - total.mean()) / total.std()


def drainage(z: np.ndarray, outlet: int, cell_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """
    Route water to one outlet: the spanning tree of lowest passes, rooted there.

    Returns the order (outlet first), each cell's receiver, the step to it [m] and the land drained [km2].
    """
    ny, nx = z.shape
    ids = np.arange(ny * nx).reshape(ny, nx)
    flat = z.ravel()
    pairs = []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = ids[: ny - dr, max(0, -dc) : nx - max(0, dc)]
        b = ids[dr:, max(0, dc) : nx + min(0, dc)]
        pairs.append((a.ravel(), b.ravel(), np.hypot(dr, dc)))
    tail = np.concatenate([p[0] for p in pairs])
    head = np.concatenate([p[1] for p in pairs])
    step = np.concatenate([np.full(p[0].size, p[2]) for p in pairs])
    drop = np.abs(flat[tail] - flat[head]) / step
    weight = np.maximum(flat[tail], flat[head]) - 1e-3 * drop
    weight = np.round(weight - weight.min() + 1, 6)
    tree = csgraph.minimum_spanning_tree(sparse.csr_matrix((weight, (tail, head)), shape=(flat.size, flat.size)))
    order, receiver = csgraph.breadth_first_order(tree, outlet, directed=False)
    receiver = np.where(receiver < 0, -1, receiver).astype(np.int64)
    up = np.maximum(receiver, 0)
    step_m = np.hypot(ids.ravel() // nx - up // nx, ids.ravel() % nx - up % nx) * cell_m
    step_m[outlet] = 0.0
    land = [cell_m * cell_m / 1e6] * flat.size
    to = receiver.tolist()
    for cell in order[:0:-1].tolist():
        land[to[cell]] += land[cell]
    return order, receiver, step_m, np.array(land)


def climb(order: np.ndarray, receiver: np.ndarray, rise: np.ndarray) -> np.ndarray:
    """Add up rises from the outlet to every cell along the streams."""
    z = rise.tolist()
    to = receiver.tolist()
    for cell in order[1:].tolist():
        z[cell] += z[to[cell]]
    return np.array(z)


def balance(z: np.ndarray, uplift: np.ndarray, cell_m: float, rounds: int, blend: float) -> np.ndarray:
    """
    Bring relief towards the balance of uplift and stream erosion.

    In balance the slope of a stream is proportional to uplift over the root of the land it drains (stream power law).
    """
    ny, nx = z.shape
    outlet = int(nx * 0.62)
    for _ in range(rounds):
        order, receiver, step_m, land = drainage(z, outlet, cell_m)
        rise = np.minimum(0.048 * uplift.ravel() / np.sqrt(land), 0.62) * step_m
        rise[outlet] = 455.0
        balanced = climb(order, receiver, rise).reshape(ny, nx)
        z = (1 - blend) * z + blend * balanced
    return z


def carve(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make the bare mountains on the 60 m grid, and the folds of the uplift that drew them."""
    rng = np.random.default_rng([seed, 1])
    shape = (NY // 8, NX // 8)
    row, col = np.meshgrid(np.linspace(0, 1, shape[0]), np.linspace(0, 1, shape[1]), indexing="ij")
    warp = 0.10 * fractal(rng, shape, 60, 4)
    folds = np.cos(2 * np.pi * (3.1 * (col + 0.55 * row) + 2.2 * warp))  # ridges run from south-west to north-east
    uplift = np.exp(0.42 * folds + 0.42 * fractal(rng, shape, 50, 5, 0.6))
    z = 600 + 260 * row + 90 * fractal(rng, shape, 50, 6, 0.6) + 70 * folds
    z = balance(z, uplift, 480.0, 30, 0.5)
    for factor, rounds in ((4, 14), (2, 7)):
        shape = (NY // factor, NX // factor)
        z = grow(z, shape) + 14.0 * factor / 4 * fractal(rng, shape, 6, 3)
        uplift = grow(uplift, shape)
        z = balance(z, uplift, CELL_M * factor, rounds, 0.6)
    shape = (NY, NX)
    bend = [5.0 * fractal(rng, shape, 64, 4, 0.45) for _ in range(2)]  # valleys wind: bend the whole plane
    at = [np.arange(n, dtype=float) for n in shape]
    at = [a + b for a, b in zip(np.meshgrid(*at, indexing="ij"), bend, strict=True)]
    z = ndimage.map_coordinates(grow(z, shape), at, order=3, mode="nearest")
    z = ndimage.gaussian_filter(z, 0.8)
    steep = np.hypot(*np.gradient(z, CELL_M))
    z += fractal(rng, shape, 10, 4, 0.6) * (1.0 + 16.0 * np.minimum(steep, 0.5))
    return z, grow(uplift, shape)


def grow(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Resample a grid to a finer one by cubic interpolation, cell centres kept in place."""
    at = [(np.arange(n) + 0.5) * (m / n) - 0.5 for n, m in zip(shape, values.shape, strict=True)]
    return ndimage.map_coordinates(values, np.meshgrid(*at, indexing="ij"), order=3, mode="nearest")


def county_of(seed: int, order: np.ndarray, receiver: np.ndarray, land: np.ndarray) -> np.ndarray:
    """Choose whole small catchments around the middle until the county has its size: its line follows ridges."""
    rng = np.random.default_rng([seed, 2])
    label = np.zeros(NX * NY, dtype=np.int64).tolist()
    since = [0] * (NX * NY)
    to, area = receiver.tolist(), land.tolist()
    n_labels = 1
    for cell in order[1:].tolist():
        down = to[cell]
        joins = area[down] - area[cell] > 2.0
        if area[cell] > 2.0 and (joins or since[down] > 40):
            label[cell], since[cell] = n_labels, 0
            n_labels += 1
        else:
            label[cell], since[cell] = label[down], since[down] + (area[cell] > 2.0)
    labels = np.array(label)
    size = np.bincount(labels, minlength=n_labels)
    ids = np.arange(NX * NY)
    x = np.bincount(labels, ids % NX, n_labels) / np.maximum(size, 1) - 0.5 * NX
    y = np.bincount(labels, ids // NX, n_labels) / np.maximum(size, 1) - 0.5 * NY
    angle = np.arctan2(y, x)
    shape = 1.0 + sum(
        a * np.cos(k * angle + p)
        for k, a, p in zip((2, 3, 4, 5, 7), rng.normal(0, 0.07, 5), rng.uniform(0, 6.3, 5), strict=True)
    )
    reach = np.hypot(x / 1.06, y) / shape
    nearest = np.argsort(reach, kind="stable")
    inside = nearest[np.cumsum(size[nearest]) * CELL_KM2 <= TARGET_KM2 * 1.01]
    mask = np.isin(labels, inside).reshape(NY, NX)
    disc = np.hypot(*np.mgrid[-5:6, -5:6]) <= 5
    mask = ndimage.binary_opening(ndimage.binary_closing(mask, disc), disc)
    parts, _ = ndimage.label(mask)
    mask = parts == np.argmax(np.bincount(parts.ravel())[1:]) + 1
    mask = ndimage.binary_fill_holes(mask)
    mask = ndimage.gaussian_filter(mask.astype(float), 3.0) > 0.5
    mask[:20] = mask[-20:] = mask[:, :20] = mask[:, -20:] = False
    return mask


def choose_towns(z: np.ndarray, land: np.ndarray, county: np.ndarray) -> np.ndarray:
    """Choose seats on rivers, far from one another and from the county line: the county seat first."""
    inner = ndimage.distance_transform_edt(county).ravel() * CELL_M
    ids = np.arange(NX * NY)
    flat = z.ravel()
    wide = ndimage.generic_gradient_magnitude(ndimage.gaussian_filter(z, 4), ndimage.sobel).ravel()
    calm = 1.0 / (1.0 + wide / np.median(wide))
    at = xy_of(ids)
    centre = at[county.ravel()].mean(axis=0)
    off = np.hypot(*(at - centre).T)
    score = np.where((land > 350) & (inner > 9_000), calm * np.exp(-((off / 7_000) ** 2)), 0.0)
    towns = [int(np.argmax(score))]
    base = np.where(
        (land > 14) & (inner > 2_600) & (flat < np.quantile(flat[county.ravel()], 0.75)), calm * np.log(land), 0.0
    )
    near = np.hypot(*(at - at[towns[0]]).T) / 1.25
    while len(towns) < N_TOWNS:
        score = base * np.minimum(near / 10_000, 1.0) ** 3
        towns.append(int(np.argmax(score)))
        near = np.minimum(near, np.hypot(*(at - at[towns[-1]]).T))
    return np.array(towns)


def fill_valleys(
    z: np.ndarray, order: np.ndarray, receiver: np.ndarray, land: np.ndarray, towns: np.ndarray
) -> np.ndarray:
    """Lay flat floors along the rivers and wide basins where the towns stand."""
    flat = z.ravel()
    base = flat.tolist()
    to, area = receiver.tolist(), land.tolist()
    for cell in order[1:].tolist():
        if area[cell] < 6.0:
            base[cell] = base[to[cell]]
    above = np.maximum(flat - np.array(base), 0.0)
    at = xy_of(np.arange(flat.size))
    depth = np.full(flat.size, 14.0)
    for rank, town in enumerate(towns):
        off = np.hypot(*(at - at[town]).T)
        radius, floor = (3_000.0, 420.0) if rank == 0 else (1_500.0, 330.0)
        depth = np.maximum(depth, floor * np.exp(-((off / radius) ** 2)))
    sunk = (above * depth / (above + depth + 1e-9)).reshape(z.shape)
    return z - ndimage.gaussian_filter(sunk, 1.2)


def flood_lake(
    z: np.ndarray, order: np.ndarray, receiver: np.ndarray, land: np.ndarray, county: np.ndarray, towns: np.ndarray
) -> tuple[np.ndarray, int, float]:
    """Dam a middling river in the hills: the lake is what lies upstream below the crest."""
    at = xy_of(np.arange(z.size))
    off = np.min([np.hypot(*(at - at[t]).T) for t in towns], axis=0)
    inner = ndimage.distance_transform_edt(county).ravel() * CELL_M
    possible = np.flatnonzero((land > 50) & (land < 170) & (off > 3_800) & (inner > 4_500))
    flat, to = z.ravel(), receiver.tolist()
    best = (np.zeros(z.size, dtype=bool), -1, 0.0)
    for dam in possible[:: max(1, possible.size // 60)]:
        above = np.zeros(z.size, dtype=bool)
        above[dam] = True
        inside = above.tolist()
        start = int(np.flatnonzero(order == dam)[0])
        for cell in order[start + 1 :].tolist():
            inside[cell] = inside[to[cell]]
        crest = float(flat[dam]) + 46.0
        lake = np.array(inside) & (flat < crest) & (off > 1_800)
        size = lake.sum() * CELL_KM2
        if abs(size - 3.5) < abs(best[0].sum() * CELL_KM2 - 3.5):
            best = (lake, int(dam), crest)
    parts, _ = ndimage.label(best[0].reshape(z.shape))
    return parts == parts.ravel()[best[1]], best[1], best[2]


def make_terrain(seed: int) -> Terrain:
    """Make the whole relief, with the county and the places where towns can stand."""
    z, _ = carve(seed)
    outlet = int(NX * 0.62)
    order, receiver, _, land = drainage(z, outlet, CELL_M)
    county = county_of(seed, order, receiver, land)
    towns = choose_towns(z, land, county)
    z = fill_valleys(z, order, receiver, land, towns)
    lake, dam, crest = flood_lake(z, order, receiver, land, county, towns)
    z = np.where(lake, crest, z)
    z = np.round(z)
    slope = np.degrees(np.arctan(np.hypot(*np.gradient(ndimage.gaussian_filter(z, 0.6), CELL_M))))
    towns = step_ashore(slope, land, towns)
    return Terrain(z, np.round(slope, 2), receiver, np.round(land, 4), county, towns, lake, dam)


def step_ashore(slope: np.ndarray, land: np.ndarray, towns: np.ndarray) -> np.ndarray:
    """Move town centres from the river to gentle ground on its bank."""
    to_water = ndimage.distance_transform_edt(land.reshape(slope.shape) < 20) * CELL_M
    gentle = ndimage.uniform_filter(slope, 9).ravel()
    at = xy_of(np.arange(slope.size))
    ashore = []
    for rank, town in enumerate(towns):
        off = np.hypot(*(at - at[town]).T)
        bank = (240.0, 540.0) if rank == 0 else (180.0, 420.0)
        fits = (to_water.ravel() >= bank[0]) & (to_water.ravel() <= bank[1]) & (off < 900)
        ashore.append(int(np.argmin(np.where(fits, gentle + off / 400, 99.0))))
    return np.array(ashore)
