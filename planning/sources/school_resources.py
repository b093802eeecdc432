"""What a school has, out of a bureau's table: teachers by rank, rooms, areas, equipment, large classes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from planning.errors import Message, SetAside, msg
from planning.schemas import RESOURCES, RESOURCES_BY_STAGE
from planning.sources.cells import normal, vocabulary
from planning.sources.points import Points, names_of
from planning.sources.tables import numbers

__all__ = ["read_resources"]

#: No school has more; a larger number is a slip of the pen or has another unit.
_MOST: Mapping[str, float] = MappingProxyType(
    dict.fromkeys(
        ("qualified_teachers", "backbone_teachers", "sports_arts_teachers", "mid_title_teachers", "staff"), 5_000
    )
    | dict.fromkeys(("multimedia_rooms", "music_rooms", "art_rooms"), 1_000)
    | dict.fromkeys(("teaching_area_m2", "sports_area_m2", "floor_area_m2", "dorm_area_m2"), 1_000_000)
    | dict.fromkeys(("largest_class",), 200)
    | dict.fromkeys(("classes_56_65", "classes_66"), 300)
    | {"site_area_m2": 3_000_000, "equipment_yuan": 1_000_000_000, "computers": 20_000, "books": 5_000_000}
)
_AMONG_TEACHERS = ("qualified_teachers", "backbone_teachers", "sports_arts_teachers", "mid_title_teachers")
_NO_LIMIT = float("inf")


def read_resources(
    points: Points, faults: list[Message], notices: list[Message]
) -> tuple[dict[str, pd.Series], list[SetAside]]:
    """
    Read what each school has; every column is optional, an empty cell is unknown.

    Parameters
    ----------
    points : Points
        The rows of the table.
    faults : list of Message
        Gets what must be mended: text, fractions of persons, numbers below 0 or beyond reason, parts that are more than
        their whole; with heading and row.
    notices : list of Message
        Gets how many cells say in words that they are unknown.

    Returns
    -------
    columns : dict of str to pandas.Series
        Those of ``RESOURCES`` that the table has, Float64, NA where unknown [persons, rooms, pieces, m2, yuan].
    reservations : list of SetAside
        Rows kept though their numbers do not fit each other.
    """
    used = points.headings.used
    columns: dict[str, pd.Series] = {}
    for column, dtype in RESOURCES.items():
        if column not in used:
            continue
        heading = used[column]
        factor = next(
            (float(n) for unit, n in vocabulary()["large_units"].items() if normal(heading).endswith(unit)), 1.0
        )
        values, wrong, told = numbers(points.raw, points.headings, column, whole=dtype == "Int64" and factor == 1.0)
        notices += told
        faults += wrong
        values = values * factor
        if dtype == "Int64":
            values = values.round()
        base = column.removesuffix("_primary").removesuffix("_junior")
        faults += [
            msg(
                "{heading}: more than any school has: {value:,.0f} {unit} (row {row}). Correct the number or the unit in the heading.",
                heading=heading,
                value=value,
                unit=_unit(base),
                row=row,
            )
            for row, value in values[(values > _MOST.get(base, _NO_LIMIT)).fillna(value=False)].items()
        ]
        columns[column] = values
    faults += _parts_above_whole(columns, used)
    return columns, _above_teachers(points, columns)


def _unit(base: str) -> Message:
    if base.endswith("_m2"):
        return msg("m²")
    return msg("yuan") if base.endswith("_yuan") else msg("pieces")


def _parts_above_whole(columns: Mapping[str, pd.Series], used: Mapping[str, str]) -> list[Message]:
    """Find schools whose parts have more than the school."""
    faults = []
    for column in RESOURCES_BY_STAGE:
        parts = [columns[name] for name in (f"{column}_primary", f"{column}_junior") if name in columns]
        if column not in columns or not parts:
            continue
        total = sum((part.fillna(0) for part in parts[1:]), parts[0].fillna(0))
        above = (total > columns[column] * (1 + 1e-9)).fillna(value=False)
        faults += [
            msg(
                "{heading}: the parts by stage add up to {parts:,.0f}, more than the whole school's {whole:,.0f} (row {row}). Correct one of them.",
                heading=used[column],
                parts=float(total[row]),
                whole=float(columns[column][row]),
                row=row,
            )
            for row in columns[column].index[above]
        ]
    return faults


def _above_teachers(points: Points, columns: Mapping[str, pd.Series]) -> list[SetAside]:
    """Tell schools that have more teachers of one rank than teachers; both numbers are kept as they stand."""
    teachers, _, _ = numbers(points.raw, points.headings, "teachers")
    names = pd.Series(names_of(points.raw, points.headings), index=teachers.index)
    told = []
    for column in _AMONG_TEACHERS:
        if column not in columns:
            continue
        told += [
            SetAside(
                points.raw.file,
                names[row],
                msg(
                    "{heading}: {n}, but the school has {teachers} teachers. Check the two numbers.",
                    heading=points.headings.used[column],
                    n=int(columns[column][row]),
                    teachers=int(teachers[row]),
                ),
                row=int(row),
                kept=True,
            )
            for row in teachers.index[(columns[column] > teachers).fillna(value=False)]
        ]
    return told
