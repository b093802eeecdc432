"""Schools with the troubles of a real county: full in town, half empty in the hills."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from yunlan.network import Net
from yunlan.people import People, centres_of

Words = dict[str, Any]
N_VILLAGE_PRIMARY = 30
N_POINTS = 22
ATTRACTION = {"seat": 2.6, "private": 0.9, "town": 1.7, "village": 1.0, "point": 0.75}


def choose_sites(
    seed: int, people: People, urban: np.ndarray, centres: np.ndarray, villages: np.ndarray
) -> pd.DataFrame:
    """Choose where schools stand: in the seat, in every township, in the larger villages, and a few classes far out."""
    rng = np.random.default_rng([seed, 12])
    cells = np.flatnonzero(people.total.ravel() > 0)
    xy, weight = centres_of(cells), people.total.ravel()[cells]
    rows: list[tuple[str, str, int, float, float]] = []
    in_seat = urban.ravel()[cells] > 0.9
    ring = xy[in_seat]
    first = int(np.argmin(np.hypot(*(ring - centres[0] - [350.0, 150.0]).T)))
    chosen = [first]
    for _ in range(13):
        gap = np.min([np.hypot(*(ring - ring[c]).T) for c in chosen], axis=0)
        chosen.append(int(np.argmax(np.minimum(gap, 700) * weight[in_seat] ** 0.6)))
    roles = [
        "seat_primary",
        "seat_junior",
        "senior",
        "seat_primary",
        "seat_private",
        "seat_junior",
        "seat_primary",
        "seat_primary",
        "seat_private",
        "seat_primary",
        "seat_junior",
        "senior",
        "seat_primary",
        "special",
    ]
    rows += [(role, "", 0, *ring[c]) for role, c in zip(roles, chosen, strict=True)]
    large = np.argsort([-weight[np.hypot(*(xy - c).T) < 1_500].sum() for c in centres[1:]], kind="stable") + 1
    for order, town in enumerate(large.tolist()):
        spots = centres[town] + rng.normal(0, 1, (2, 2)) * 160
        if order < 9:
            rows += [("central", "", town, *spots[0]), ("junior", "", town, *spots[1])]
        else:
            rows.append(("nine_year", "", town, *spots[0]))
    taken = np.array([r[3:] for r in rows])
    people_near = np.array([weight[np.hypot(*(xy - v).T) < 2_200].sum() for v in villages])
    free = np.min(np.hypot(*(villages[:, None] - taken[None]).T), axis=0) > 3_000
    lonely = np.min(np.hypot(*(villages[:, None] - taken[None]).T), axis=0)
    for role, n, gap in (("primary", N_VILLAGE_PRIMARY, 3_600.0), ("point", N_POINTS, 2_500.0)):
        for _ in range(n):
            score = np.where(
                free, people_near if role == "primary" else people_near * 0 + 1 / (300 + people_near), -1.0
            )
            score = score * np.where(lonely > 7_800, 0.25, 1.0) * rng.uniform(0.55, 1.0, score.size)
            best = int(np.argmax(score))
            rows.append((role, str(best), -1, *(villages[best] + rng.normal(0, 60, 2))))
            free &= np.hypot(*(villages - villages[best]).T) > gap
    return pd.DataFrame(rows, columns=["role", "village", "town", "x", "y"])


def share_out(seed: int, net: Net, people: People, urban: np.ndarray, sites: pd.DataFrame) -> pd.DataFrame:
    """Share the children among the schools, nearer and better liked ones first."""
    rng = np.random.default_rng([seed, 13])
    cells = np.flatnonzero(people.total.ravel() > 0)
    distance = net.reach(sites[["x", "y"]].to_numpy(), centres_of(cells), 40_000.0)
    role = sites["role"].to_numpy()
    pull = np.select(
        [
            np.isin(role, ["seat_primary", "seat_junior"]),
            role == "seat_private",
            np.isin(role, ["central", "junior", "nine_year"]),
            role == "point",
        ],
        [ATTRACTION["seat"], ATTRACTION["private"], ATTRACTION["town"], ATTRACTION["point"]],
        ATTRACTION["village"],
    ) * rng.uniform(0.85, 1.2, role.size)
    small, junior = people.primary.ravel()[cells], people.junior.ravel()[cells]
    private_nine = int(np.flatnonzero(role == "seat_private")[0])
    upper = np.isin(role, ["seat_primary", "seat_private", "central", "nine_year", "primary"])
    older = np.isin(role, ["seat_junior", "junior", "nine_year"]) | (np.arange(role.size) == private_nine)
    sites = sites.copy()
    sites["lower"] = flow(distance, pull, upper | (role == "point"), small * 0.49)
    sites["upper"] = flow(distance, pull, upper, small * 0.49)
    sites["junior"] = flow(distance, pull, older, junior * 0.97)
    near = np.where((upper | (role == "point"))[:, None], distance, np.inf).min(axis=0)
    sites.attrs["far"] = (cells[near > 8_000], near[near > 8_000])
    return sites


def flow(distance: np.ndarray, pull: np.ndarray, open_: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Share children by pull and by distance beyond the nearest school, whole children."""
    reach = np.where(open_[:, None], distance, np.inf)
    nearest = reach.min(axis=0)
    scale = 900.0 + 0.10 * np.where(np.isfinite(nearest), nearest, 0)
    with np.errstate(invalid="ignore"):
        share = pull[:, None] * np.exp(-(reach - nearest) / scale)
    share = np.where(np.isfinite(share), share, 0.0)
    total = share.sum(axis=0)
    share = share / np.where(total > 0, total, 1.0)
    return np.round((share * children).sum(axis=1))


def school_table(
    seed: int,
    sites: pd.DataFrame,
    town_of: np.ndarray,
    town_names: list[str],
    village_names: list[str],
    lonlat: np.ndarray,
    words: Words,
) -> pd.DataFrame:
    """Fill the bureau's table: names, seats, classes, beds and teachers."""
    rng = np.random.default_rng([seed, 14])
    text = words["school"]
    pools = {role: iter(text["names"][role]) for role in ("seat_primary", "seat_private", "seat_junior", "senior")}
    full = sites.index[(sites["role"] == "nine_year")][np.argmax(sites.loc[sites["role"] == "nine_year", "junior"])]
    unknown = (
        set(sites.index[sites["role"] == "primary"][[7, 19]])
        | set(sites.index[sites["role"] == "point"][[5]])
        | set(sites.index[sites["role"] == "seat_private"][[1]])
    )
    eleven = sites.index[sites["role"] == "point"][3]
    rows = []
    for k, site in sites.iterrows():
        town = town_names[int(town_of[k])]
        role = str(site["role"])
        row = dict.fromkeys(
            (
                "classes_p",
                "classes_j",
                "classes_s",
                "classes_x",
                "seats_p",
                "seats_j",
                "seats_s",
                "seats_x",
                "pupils_p",
                "pupils_j",
                "pupils_s",
                "pupils_x",
            ),
            0,
        )
        pupils, older = int(site["lower"] + site["upper"]), int(site["junior"])
        if role == "point" and k == eleven:
            pupils = 11
        row["pupils_p"], row["pupils_j"] = pupils, older
        fill(rng, row, role)
        if role == "senior":
            row |= {"pupils_s": 2_680 if k % 2 == 0 else 2_140, "classes_s": 48, "seats_s": 2_400}
        if role == "special":
            row |= {"pupils_x": 93, "classes_x": 9, "seats_x": 135}
        beds, boarders = board(rng, row, role, full=k == full)
        note = ""
        if role == "point":
            note = text["notes"]["point"]
        elif row["classes_p"] and row["pupils_p"] / row["classes_p"] > 56:
            note = text["notes"]["crowded"]
        if k == full:
            note = text["notes"]["full"]
        if k in unknown:
            note = text["notes"]["unknown"]
            row["seats_p"] = None
            if row["seats_j"]:
                row["seats_j"] = None
        village = village_names[int(site["village"])] if site["village"] else ""
        kind, name = title(role, row, town, village, text, pools)
        locale = (
            "city"
            if town == town_names[0] and role not in ("primary", "point")
            else ("town" if role in ("central", "junior", "nine_year") else "village")
        )
        staff = row["pupils_p"] / 18.5 + row["pupils_j"] / 13.0 + row["pupils_s"] / 13.5 + row["pupils_x"] / 5.0
        rows.append(
            [
                f"99{int(town_of[k]):02d}{k + 1:06d}", name, text["kinds"][kind], text["locales"][locale], town,
                text["ownership"]["private" if role == "seat_private" else "public"],
                *np.round(lonlat[k], 6).tolist(),
                row["seats_p"], row["seats_j"], row["seats_s"],row["seats_x"], row["pupils_p"], row["pupils_j"], row["pupils_s"],row["pupils_x"],
                row["classes_p"], row["classes_j"], row["classes_s"],row["classes_x"], beds, boarders,
                max(2 if role == "point" else 8, round(staff * rng.uniform(0.92, 1.15))),
                text["protected" if role == "special" or (role == "point" and k % 3 == 0) else "unprotected"],
                note,
            ]
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=text["headings"])
    for heading in text["headings"][8:12]:
        table[heading] = table[heading].astype("Int64")
    return table


def with_point_beside(table: pd.DataFrame, words: Words) -> pd.DataFrame:
    """Add a teaching point so near a central school that nothing speaks against a merger; no map has it."""
    text = words["school"]
    town = words["towns"][1]
    central = table[table["学校名称"] == town + text["names"]["central"]].iloc[0]
    row = central.copy()
    row["学校代码"] = f"{central['学校代码'][:4]}{len(table) + 1:06d}"
    row["学校名称"], row["备注"] = town + text["beside"]["name"], text["beside"]["note"]
    row["办学类型"], row["城乡类型"] = text["kinds"]["teaching_point"], text["locales"]["village"]
    row["纬度"] = round(central["纬度"] - 700 / 110_850, 6)  # 700 m to the south
    row["小学学位数"], row["小学在校生数"], row["小学班数"] = 30, 17, 2
    row["寄宿床位数"], row["寄宿生数"], row["专任教师数"], row["是否保护"] = 0, 0, 2, text["unprotected"]
    return pd.concat([table, row.to_frame().T.astype(table.dtypes)], ignore_index=True)


def fill(rng: np.random.Generator, row: dict[str, Any], role: str) -> None:
    """Set classes and seats: town schools crowded, village schools with room to spare."""
    p, j = row["pupils_p"], row["pupils_j"]
    if role in ("seat_primary", "seat_junior"):
        size = rng.uniform(57, 62)
        row["classes_p"], row["classes_j"] = (
            (max(6, round(p / size)) if p else 0),
            (max(6, round(j / size)) if j else 0),
        )
        row["seats_p"], row["seats_j"] = row["classes_p"] * 45, row["classes_j"] * 50
    elif role == "seat_private":
        row["classes_p"], row["classes_j"] = -(-p // 42), -(-j // 45)
        row["seats_p"], row["seats_j"] = row["classes_p"] * 45, row["classes_j"] * 50
    elif role in ("central", "junior", "nine_year"):
        row["classes_p"] = max(6, round(p / 43)) if p else 0
        row["classes_j"] = max(3, round(j / 46)) if j else 0
        row["seats_p"] = round(row["classes_p"] * 45 * rng.uniform(0.98, 1.16) / 5) * 5
        row["seats_j"] = round(row["classes_j"] * 50 * rng.uniform(0.98, 1.2) / 5) * 5
    elif role == "primary":
        row["classes_p"] = max(6, -(-p // 42))
        row["seats_p"] = row["classes_p"] * int(rng.choice([30, 40, 45]))
    elif role == "point":
        row["classes_p"] = 1 if p < 14 else (2 if p < 30 else max(3, -(-p // 38)))
        row["seats_p"] = max(60, row["classes_p"] * 40) if p > 14 else 40


def board(rng: np.random.Generator, row: dict[str, Any], role: str, *, full: bool) -> tuple[int, int]:
    """Set beds and boarders: one boarding school has not a bed left."""
    if role not in ("junior", "nine_year", "senior", "seat_junior", "central"):
        return 0, 0
    share = {"junior": 0.52, "nine_year": 0.55, "senior": 0.7, "seat_junior": 0.12, "central": 0.0}[role]
    boarders = round((row["pupils_j"] + row["pupils_s"]) * share * rng.uniform(0.85, 1.1))
    if role in ("nine_year", "central"):
        boarders += round(row["pupils_p"] * rng.uniform(0.03, 0.09))
    if full:
        return boarders, boarders
    return round(boarders * rng.uniform(1.04, 1.4) / 4 + 2) * 4, boarders


def title(
    role: str, row: dict[str, Any], town: str, village: str, text: Words, pools: dict[str, Any]
) -> tuple[str, str]:
    """Give the kind of school and its name."""
    names = text["names"]
    if role in pools:
        kind = {"seat_primary": "primary", "seat_junior": "junior", "senior": "senior"}.get(
            role, "nine_year" if row["pupils_j"] else "primary"
        )
        return kind, next(pools[role])
    if role == "special":
        return "special", names["special"]
    if role == "central":
        return "primary", town + names["central"]
    if role == "nine_year":
        return "nine_year", town + names["nine_year"]
    if role == "junior":
        return "junior", town + names["junior"]
    return (
        ("primary", town + village + names["primary"])
        if role == "primary"
        else ("teaching_point", town + village + names["point"])
    )
