"""Small tables of schools for the tests of rules."""

from __future__ import annotations

import pandas as pd


def schools_of(rows: dict[str, dict[str, object]]) -> pd.DataFrame:
    """Make a table of schools: open, inside the county, what is not given unknown."""
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("school_id")
    usual = {
        "name": "",
        "kind": "primary",
        "status": "open",
        "in_margin": False,
        "locale": "village",
        "township": "甲镇",
    }
    for column, value in usual.items():
        given = table[column] if column in table else pd.Series(pd.NA, index=table.index)
        table[column] = given.where(given.notna(), value)
    table["name"] = table["name"].where(table["name"] != "", table.index.to_series())
    return table
