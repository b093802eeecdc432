"""Tables of villages and planned estates, and the names in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from yunlan import files, people, terrain

Words = dict[str, Any]


def village_names(seed: int, n: int, words: Words) -> list[str]:
    """Draw names that differ from one another."""
    rng = np.random.default_rng([seed, 17])
    names: list[str] = []
    while len(names) < n:
        name = (
            words["village_first"][rng.integers(len(words["village_first"]))]
            + words["village_last"][rng.integers(len(words["village_last"]))]
        )
        if name not in names:
            names.append(name)
    return names


def communities(folk: people.People, urban: np.ndarray, n: int, centre: np.ndarray) -> np.ndarray:
    """Place the neighbourhoods of the county seat apart from one another."""
    cells = np.flatnonzero((urban.ravel() > 0.9) & (folk.total.ravel() > 0))
    xy = people.centres_of(cells)
    chosen = [int(np.argmin(np.hypot(*(xy - centre).T)))]
    while len(chosen) < n:
        gap = np.min([np.hypot(*(xy - xy[c]).T) for c in chosen], axis=0)
        chosen.append(int(np.argmax(gap * folk.total.ravel()[cells] ** 0.3)))
    return xy[chosen]


def village_table(
    folk: people.People, xy: np.ndarray, labels: list[str], town: np.ndarray, far: np.ndarray, words: Words
) -> pd.DataFrame:
    """Count people and children by the nearest village."""
    cells, at = people.village_of(folk, xy)
    counts = [np.bincount(at, values.ravel()[cells], len(xy)) for values in (folk.total, folk.primary, folk.junior)]
    whole = [whole_numbers(c) for c in counts]
    lonlat = np.round(files.to_lonlat(xy), 6)
    number = pd.Series(town).groupby(town).cumcount() + 1
    rows = [
        [
            f"990328{100 + town[k]:03d}{200 + number[k]:03d}", labels[k], words["towns"][town[k]],
            *lonlat[k].tolist(), *(int(w[k]) for w in whole), words["village"]["no_road"] if far[k] else "",
        ]
        for k in range(len(xy))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=words["village"]["headings"])


def village_list(
    folk: people.People,
    urban: np.ndarray,
    towns: np.ndarray,
    villages: np.ndarray,
    names: list[str],
    remote: np.ndarray,
    township: np.ndarray,
    words: Words,
) -> pd.DataFrame:
    """List neighbourhoods, town communities and villages; everybody belongs to the nearest."""
    text = words["village"]
    seat = communities(folk, urban, len(words["communities"]), towns[0])
    xy = np.vstack([seat, towns[1:], villages])
    labels = [c + text["community"] for c in words["communities"]]
    labels += [t[:2] + text["community"] for t in words["towns"][1:]]
    labels += [n + text["village"] for n in names]
    town = township.ravel()[terrain.cell_of(xy[:, 0], xy[:, 1])]
    far = np.zeros(len(xy), dtype=bool)
    far[np.argmin(np.hypot(*(xy[:, None] - remote[None]).T), axis=1)] = True
    return village_table(folk, xy, labels, town, far, words)


def whole_numbers(values: np.ndarray) -> np.ndarray:
    """Round by largest remainder, total kept."""
    floor = np.floor(values)
    missing = round(float(values.sum())) - int(floor.sum())
    floor[np.argsort(floor - values, kind="stable")[:missing]] += 1
    return floor.astype(np.int64)


def housing_table(seed: int, centres: np.ndarray, town_names: list[str], words: Words) -> pd.DataFrame:
    """Plan estates: most in the county seat, two resettlements in townships."""
    rng = np.random.default_rng([seed, 15])
    text = words["housing"]
    rows = []
    for k, name in enumerate(text["names"]):
        town = next((t for t, label in enumerate(town_names) if label[:2] == name[:2]), 0)
        angle, off = rng.uniform(0, 6.28), (rng.uniform(900, 1_700) if town == 0 else rng.uniform(250, 450))
        spot = centres[town] + off * np.array([np.cos(angle), np.sin(angle)])
        lon, lat = np.round(files.to_lonlat(spot[None])[0], 6).tolist()
        dwellings = int(rng.integers(24, 140)) * (10 if town == 0 else 3)
        year = int(rng.integers(2026, 2030))
        dwellings, year = text["planned"].get(name, (dwellings, year))
        rows.append(
            [
                k + 1,
                name,
                town_names[town],
                dwellings,
                year,
                lon,
                lat,
                text["resettled"] if town else "",
            ]
        )
    return pd.DataFrame(rows, columns=text["headings"])
