"""Births by year and children who move: they fall and leave as in many counties of the hills, but nothing is measured."""

from __future__ import annotations

import pandas as pd

COUNTED = {
    2014: 4010, 2015: 3990, 2016: 4280, 2017: 4210, 2018: 3890, 2019: 3660,
    2020: 3270, 2021: 2880, 2022: 2540, 2023: 2260, 2024: 2350, 2025: 2110,
}  # fmt: skip
COMING = {
    2026: 2050, 2027: 2000, 2028: 1960, 2029: 1920, 2030: 1890,
    2031: 1860, 2032: 1840, 2033: 1820, 2034: 1810, 2035: 1800,
}  # fmt: skip
SPREAD_A_YEAR = 0.02  # the low and the high variant leave the middle one by this share more each year, from 3 % on
Words = dict[str, dict[str, list[str]]]


def births_table(words: Words) -> pd.DataFrame:
    """List births by year: one number of years gone by, three of years to come."""
    text = words["births"]
    rows = [[year, text["county"], None, number, None] for year, number in COUNTED.items()]
    for step, (year, number) in enumerate(COMING.items()):
        share = 0.03 + SPREAD_A_YEAR * step
        rows.append([year, text["county"], round(number * (1 - share)), number, round(number * (1 + share))])
    return pd.DataFrame(rows, columns=text["headings"]).astype(dict.fromkeys(text["headings"][2:], "Int64"))


def migration_table(town_names: list[str], words: Words) -> pd.DataFrame:
    """List moves: from the townships to the county seat, more from the small ones, and to and from places outside."""
    text = words["migration"]
    seat, years = town_names[0], f"{min(COMING)}-{max(COMING)}"
    rows = [[name, seat, "0-14", years, "1%" if name.endswith(text["town"]) else "2%", None] for name in town_names[1:]]
    rows += [
        [seat, text["outside"], "0-14", years, "0.5%", None],
        [text["outside"], seat, "3-11", years, None, 40],
    ]
    return pd.DataFrame(rows, columns=text["headings"]).astype({text["headings"][-1]: "Int64"})
