"""Known numbers by township, and of the county: people and, where known, pupils."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.sources.cells import is_unknown, normal, vocabulary
from planning.sources.points import told_of_headings
from planning.sources.series import counted_columns
from planning.sources.tables import RawTable, counts, match_headings, raise_faults, read_table, texts
from planning.stages import BANDS, STAGES

__all__ = ["COUNTY", "KnownRead", "read_known"]

COUNTY = "*"
"""Name of the county's own row."""

_PLAIN = (
    "population",
    "pupils",
    *(f"pupils_{stage}" for stage in STAGES),
    *(f"pupils_{band}" for stage, bands in BANDS.items() for band in bands if band != stage and len(bands) > 1),
)


@dataclass(frozen=True)
class KnownRead:
    """
    Known numbers as a table gives them.

    Parameters
    ----------
    table : pandas.DataFrame
        Indexed by the name of the township, ``*`` for the county; ``population``, ``pupils``, ``pupils_{stage}``,
        ``pupils_{band}``, ``grade_1`` … where the table has them (Float64, NA not known), ``name`` and ``source_row``.
    mapping : Mapping
        Our column → the file's heading.
    set_aside : tuple of SetAside
        Rows left out, such as subtotals and notes.
    notices : tuple of Message
        What was assumed.
    """

    table: pd.DataFrame
    mapping: Mapping[str, str]
    set_aside: tuple[SetAside, ...] = ()
    notices: tuple[Message, ...] = ()


def read_known(
    path: Path, *, townships: Collection[str] | None = None, mapping: Mapping[str, str] | None = None
) -> KnownRead:
    """
    Read a table of known numbers by township.

    A row without a township, or with 全县, 合计 or the like in its place, is the county's own.

    Parameters
    ----------
    path : pathlib.Path
        .xlsx or .csv.
    townships : collection of str, optional
        Names of the county's townships; others are refused. None where it is not known which there are.
    mapping : Mapping, optional
        Our column → the file's heading.

    Returns
    -------
    KnownRead
        One row a township, at most one for the county.

    Raises
    ------
    SourceError
        If the file, its headings or its cells cannot be used, a township stands twice or is none of the county's; with
        all faults at once.
    """
    raw = read_table(path, subject="known", mapping=mapping, keep_totals=True)
    headings = match_headings(raw.frame.columns, subject="known", mapping=mapping, file=raw.file)
    given = counted_columns(headings.used, _PLAIN)
    if not given:
        raise SourceError(
            msg(
                "{file}: the column {column} is missing. Row {row} has the headings {headings}; add the column, or name its heading in the mapping.",
                file=raw.file,
                column=msg("population, or pupils of a stage or grade"),
                row=raw.header_row,
                headings=Names(map(str, raw.frame.columns)),
            )
        )
    faults: list[Message] = []
    notices = [*raw.notices, *told_of_headings(headings, raw.file)]
    columns: dict[str, pd.Series] = {}
    for column in given:
        columns[column], wrong, told = counts(raw, headings, column, whole=column != "population")
        faults += wrong
        notices += told
    names = texts(raw, headings, "township").map(_name_of)
    faults += _repeated(names)
    if townships is not None:
        faults += _strange(names, townships, raw)
    raise_faults(raw.file, msg("known numbers"), faults)
    table = pd.DataFrame(columns).assign(
        name=pd.Series(
            [msg("the county") if name == COUNTY else name for name in names], index=names.index, dtype=object
        ),
        source_row=pd.array(list(raw.frame.index), dtype="Int64"),
    )
    table.index = pd.Index(names.to_list(), dtype="str", name="township")
    return KnownRead(table.sort_index(), headings.used, raw.set_aside, tuple(notices))


def _name_of(cell: str) -> str:
    """Give a township its name as it stands, the county a mark of its own."""
    county = not cell or is_unknown(cell) or normal(cell) in vocabulary()["county"]
    return COUNTY if county else cell


def _repeated(names: pd.Series) -> list[Message]:
    return [
        msg(
            "{name} stands in rows {rows}. Keep one of them.",
            name=msg("the county") if name == COUNTY else name,
            rows=Names(map(str, rows.index)),
        )
        for name, rows in names.groupby(names)
        if len(rows) > 1
    ]


def _strange(names: pd.Series, townships: Collection[str], raw: RawTable) -> list[Message]:
    """Name the rows whose township the county does not have, each with the name that it is most like."""
    own = sorted(name for name in townships if name)
    if not own and (names != COUNTY).any():
        return [
            msg(
                "the county has no townships: its boundary has no such layer and no list of villages names them. Add them, or give the county's row alone."
            )
        ]
    faults = []
    for row, name in names.items():
        if name != COUNTY and name not in own:
            near = difflib.get_close_matches(name, own, n=1, cutoff=0.5)
            faults.append(
                msg("{name} is no township of the county (row {row}). Is it {near}?", name=name, row=row, near=near[0])
                if near
                else msg("{name} is no township of the county (row {row}). It has {names}.",
                         name=name, row=row, names=Names.first(own, 30))
            )  # fmt: skip
    return faults
