"""
What a village list says of its children, brought to stages and grade bands.

A list may give pupils by stage, by grade, by kindergarten class, registered pupils beside incoming ones, or children by age.
Which grade and which age belongs to which band follows from the ages of the project's stages. Numbers of the same children
must agree; of pupils and children by age, which do differ, the pupils count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.demand.ages import single_years
from planning.demand.pupils import Stages, ages_of_band
from planning.errors import Message, Names, SchemaError, msg
from planning.i18n.terms import TERMS
from planning.stages import BANDS

__all__ = ["Listed", "children_by_year", "columns_of_bands", "listed_pupils"]

Floats = NDArray[np.float64]

#: Ages of a stage where the project names none: the usual ones [years].
USUAL_AGES = MappingProxyType({"kindergarten": (3, 5), "primary": (6, 11), "junior": (12, 14), "senior": (15, 17)})
_PRIMARY_YEARS, _COMPULSORY_YEARS = 6, 9
_VILLAGES = msg("villages")


@dataclass(frozen=True)
class Listed:
    """
    Children of each village by the list, NaN where it does not say.

    Parameters
    ----------
    stages : pandas.DataFrame, shape (n_villages, n_stages)
        Pupils of each stage [people].
    bands : pandas.DataFrame, shape (n_villages, n_bands)
        Pupils of each grade band; NaN as well where only those of the stage are known [people].
    incoming : pandas.Series or None
        Pupils who live here without being registered (随迁子女), counted in above; None where the list has no such column.
    town_boarders : pandas.Series or None
        Pupils who board in town on weekdays (在镇寄宿), counted above where they live; None likewise.
    notices : tuple of Message
        Reservations.
    """

    stages: pd.DataFrame
    bands: pd.DataFrame
    incoming: pd.Series | None = None
    town_boarders: pd.Series | None = None
    notices: tuple[Message, ...] = ()


def columns_of_bands(stages: Stages, *, fourth_junior: bool = False) -> dict[str, dict[str, str]]:
    """
    Say which column of grades belongs to which grade band.

    A stage has as many grades as it has ages; primary school has six and junior secondary the rest of nine where nothing
    is said.

    Parameters
    ----------
    stages : Mapping
        Ages and share by stage.
    fourth_junior : bool
        The junior years are counted from one to four (初一 to 初四), not on from primary school.

    Returns
    -------
    dict
        Stage: column: band.

    Examples
    --------
    >>> columns_of_bands({"primary": ((6, 10), None)})["primary"]["grade_4"]
    'primary_upper'
    """
    years = {stage: span[1] - span[0] + 1 for stage, (span, _) in stages.items() if span is not None}
    junior = years.get("junior", _COMPULSORY_YEARS - years.get("primary", _PRIMARY_YEARS))
    primary = years.get("primary", max(_COMPULSORY_YEARS - junior, 1))
    grades = {
        "primary": range(1, primary + 1),
        "junior": range(primary + 1, primary + max(junior, 1) + 1),
        "senior": range(10, 13),
    }
    columns: dict[str, dict[str, str]] = {}
    for stage in stages:
        if stage == "kindergarten":
            columns[stage] = {f"kindergarten_{n}": "kindergarten" for n in (1, 2, 3)}
        elif stage == "junior" and fourth_junior:
            columns[stage] = dict.fromkeys(("grade_7", "grade_8", "grade_9", "junior_4"), "junior")
        elif stage in grades:
            spans = ages_of_band(stage, (grades[stage][0], grades[stage][-1]))
            columns[stage] = {f"grade_{n}": band for band, (a, b) in spans.items() for n in range(a, b + 1)}
    return columns


def listed_pupils(
    villages: pd.DataFrame, stages: Stages, *, source: str = "villages", what: Message = _VILLAGES, gaps: bool = False
) -> Listed:
    """
    Count the children of each village by its row of the list.

    Parameters
    ----------
    villages : pandas.DataFrame, shape (n_villages, ...)
        As ``sources.villages`` gives them: ``name``, ``source_row`` and what columns of counts the list has.
    stages : Mapping
        Ages and share by stage.
    source : str
        Name of the table, for the words.
    what : Message
        What its rows are, in the plural, likewise.
    gaps : bool
        A grade left empty is not known, and so are its band and stage; otherwise it is a grade with no pupils, or with what
        the stage's total leaves, as in a list of villages, many of which have no child of some year.

    Returns
    -------
    Listed
        Children by stage and by grade band, on the index of ``villages``.

    Raises
    ------
    SchemaError
        If numbers of the same children contradict each other; with every row at once.
    """
    reader = _Rows(villages, source, what)
    columns = columns_of_bands(stages, fourth_junior=reader.has("junior_4"))
    incoming, parts = _incoming(reader)
    years = _years(reader)
    by_stage: dict[str, Floats] = {}
    by_band: dict[str, Floats] = {}
    for stage, (span, _) in stages.items():
        total, bands = reader.values(f"pupils_{stage}"), _bands_given(reader, stage)
        total, bands = _by_grade(reader, stage, total, bands, columns.get(stage, {}), gaps=gaps)
        total = _by_registration(reader, stage, total, parts)
        total, bands = _by_age(stage, total, bands, years, span or USUAL_AGES.get(stage))
        if len(BANDS[stage]) == 1:
            bands = {BANDS[stage][0]: total}
        by_stage[stage] = total
        by_band |= bands
    reader.raise_faults()
    if incoming is not None and np.nansum(incoming) > 0:
        reader.notices.append(
            msg("{file}: {n:.0f} incoming children live in the villages and are counted there.",
                file=source, n=float(np.nansum(incoming)))
        )  # fmt: skip
    boarders = reader.values("town_boarders") if reader.has("town_boarders") else None
    if boarders is not None and np.nansum(boarders) > 0:
        reader.notices.append(
            msg("{file}: {n:.0f} pupils board in town on weekdays. They are counted in their villages, where they live at weekends; the demand sheet tells them by township.",
                file=source, n=float(np.nansum(boarders)))
        )  # fmt: skip
    index = villages.index
    return Listed(
        pd.DataFrame(by_stage, index=index, dtype=float),
        pd.DataFrame(by_band, index=index, dtype=float),
        None if incoming is None else pd.Series(incoming, index=index),
        None if boarders is None else pd.Series(boarders, index=index),
        tuple(reader.notices),
    )


class _Rows:
    """Columns of a list as floats, and what is wrong with its rows."""

    def __init__(self, table: pd.DataFrame, source: str, what: Message) -> None:
        self.table, self.source, self.what = table, source, what
        self.faults: list[Message] = []
        self.notices: list[Message] = []

    def has(self, column: str) -> bool:
        return column in self.table

    def values(self, column: str) -> Floats:
        if column not in self.table:
            return np.full(len(self.table), np.nan)
        return np.asarray(self.table[column].astype("Float64").to_numpy(dtype=float, na_value=np.nan), dtype=np.float64)

    def refuse(self, wrong: NDArray[np.bool_], what: Message, one: Floats, other: Floats, parts: Message) -> None:
        for place in np.flatnonzero(wrong):
            village = self.table.iloc[place]
            self.faults.append(
                msg("{what}: {one:.10g}, but {parts} add up to {other:.10g} (row {row}, {name}). Correct one of them.",
                    what=what, one=float(one[place]), parts=parts, other=float(other[place]),
                    row=village.get("source_row", village.name), name=village.get("name", ""))
            )  # fmt: skip

    def raise_faults(self) -> None:
        if self.faults:
            raise SchemaError(
                msg("{file}: {n} faults in the table of {what}.",
                    file=self.source, n=len(self.faults), what=self.what),
                self.faults,
            )  # fmt: skip


def _differs(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Say where both are known and not the same number of children."""
    return np.abs(one - other) > 1e-6  # false for NaN


def _bands_given(reader: _Rows, stage: str) -> dict[str, Floats]:
    return {band: reader.values(f"pupils_{band}") for band in BANDS[stage]} if len(BANDS[stage]) > 1 else {}


def _by_grade(
    reader: _Rows, stage: str, total: Floats, bands: dict[str, Floats], columns: dict[str, str], *, gaps: bool
) -> tuple[Floats, dict[str, Floats]]:
    """Add grades up to bands and the stage; a grade that is not known takes what the stage's total leaves."""
    if bands:
        added = sum(bands.values(), start=np.zeros(len(total)))
        some = np.nansum(list(bands.values()), axis=0)
        reader.refuse(
            _differs(total, added) | (some > total + 1e-6),
            msg("pupils of {stage}", stage=TERMS[stage]), total, some, msg("its grades"),
        )  # fmt: skip
        total = np.where(np.isnan(total), added, total)
    if any(reader.has(column) for column in columns):
        grades = np.column_stack([reader.values(column) for column in columns])
        some, blank = ~np.isnan(grades).all(axis=1), np.isnan(grades)
        known = np.nansum(grades, axis=1)
        left = np.where(np.isnan(total), 0.0, total - known)
        reader.refuse(
            some & ((left < -1e-6) | (~blank.any(axis=1) & _differs(total, known))),
            msg("pupils of {stage}", stage=TERMS[stage]), total, known, msg("its grades"),
        )  # fmt: skip
        partly = some & blank.any(axis=1) & np.isnan(total)
        if partly.any() and not gaps:
            absent = [column for column in columns if not reader.has(column)]
            reader.notices.append(
                msg("{file}: {stage}: no column holds the grades {grades}; they were counted with no pupils. Add the columns, or the total of the stage.",
                    file=reader.source, stage=TERMS[stage],
                         grades=Names(column.rpartition("_")[2] for column in absent))
                if absent
                else msg("{file}: in {n} villages some grades of {stage} are empty; they were counted with no pupils there.",
                         file=reader.source, n=int(partly.sum()), stage=TERMS[stage])
            )  # fmt: skip
        share = np.divide(left, blank.sum(axis=1), out=np.zeros_like(left), where=blank.any(axis=1))
        full = grades if gaps else np.where(blank, np.maximum(share, 0.0)[:, None], grades)
        of_band = np.array(list(columns.values()))
        for band in BANDS[stage]:
            found = np.where(some, full[:, of_band == band].sum(axis=1), np.nan)
            if band in bands:
                reader.refuse(_differs(bands[band], found), msg("pupils of {stage}", stage=TERMS[band]), bands[band], found, msg("its grades"))  # fmt: skip
                bands[band] = np.where(np.isnan(bands[band]), found, bands[band])
        total = np.where(np.isnan(total) & some, full.sum(axis=1), total)
    return total, bands


def _incoming(reader: _Rows) -> tuple[Floats | None, dict[str, Floats]]:
    """Count incoming children in all, and by stage; a number that is not divided follows the registered pupils."""
    stages = [stage for stage in BANDS if reader.has(f"incoming_{stage}")]
    parts = {stage: np.nan_to_num(reader.values(f"incoming_{stage}")) for stage in stages}
    if stages:
        added = np.sum(list(parts.values()), axis=0)
        total = reader.values("incoming")
        reader.refuse(_differs(total, added), msg("incoming children"), total, added, msg("its stages"))
        return added, parts
    if not reader.has("incoming"):
        return None, {}
    total = np.nan_to_num(reader.values("incoming"))
    registered = {stage: np.nan_to_num(reader.values(f"registered_{stage}")) for stage in BANDS}
    all_registered = np.sum(list(registered.values()), axis=0)
    parts = {
        stage: np.divide(total * found, all_registered, out=np.zeros_like(total), where=all_registered > 0)
        for stage, found in registered.items()
    }
    return total, parts


def _by_registration(reader: _Rows, stage: str, total: Floats, incoming: dict[str, Floats]) -> Floats:
    """Add incoming children to the registered pupils, where these stand apart."""
    registered = reader.values(f"registered_{stage}")
    added = registered + incoming.get(stage, np.zeros(len(total)))
    reader.refuse(_differs(total, added), msg("pupils of {stage}", stage=TERMS[stage]), total, added,
                  msg("registered and incoming ones"))  # fmt: skip
    return np.where(np.isnan(total), added, total)


def _years(reader: _Rows) -> pd.DataFrame | None:
    """Children by single year of age, NaN in rows that name none; None where the list has no ages."""
    columns = [str(column) for column in reader.table.columns if str(column).startswith("age_")]
    if not columns:
        return None
    table = pd.DataFrame(
        {column.removeprefix("age_").replace("_", "-"): reader.values(column) for column in columns},
        index=reader.table.index,
    )
    nothing = table.isna().all(axis=1)
    if (table.isna().any(axis=1) & ~nothing).any():
        reader.notices.append(
            msg("{file}: in {n} villages some ages are empty; they were counted with no children there.",
                file=reader.source, n=int((table.isna().any(axis=1) & ~nothing).sum()))
        )  # fmt: skip
    years, contradicting = children_by_year(table.fillna(0.0))
    for group, (found, known) in contradicting.items():
        reader.refuse(
            _differs(known, found), msg("children aged {ages}", ages=group), known, found, msg("the single ages")
        )
    return years.mask(nothing)


def children_by_year(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, tuple[Floats, Floats]]]:
    """
    Bring children by age to single years, where a group may hold ages that have columns of their own.

    Parameters
    ----------
    table : pandas.DataFrame, shape (n_places, n_groups)
        Children; columns such as ``6`` or ``0-5`` [people].

    Returns
    -------
    years : pandas.DataFrame, shape (n_places, n_ages)
        Children by single year [people].
    sums : dict
        For each group that holds others: what these add up to and what it may be for that. Where the two differ, the
        table contradicts itself; the caller knows the row.

    Raises
    ------
    SchemaError
        If two groups share an age and neither holds the other.
    """
    spans = {column: _span(column) for column in map(str, table.columns)}
    nested = sorted(
        (column for column, span in spans.items() if any(_holds(span, other) for other in spans.values())),
        key=lambda column: len(spans[column]),
    )
    years = single_years(table.drop(columns=nested))
    sums: dict[str, tuple[Floats, Floats]] = {}
    for group in nested:
        inside = [age for age in spans[group] if age in years]
        rest = [age for age in spans[group] if age not in years]
        found, known = years[inside].sum(axis=1).to_numpy(dtype=float), table[group].to_numpy(dtype=float)
        if rest:
            years[rest] = np.tile((np.maximum(known - found, 0.0) / len(rest))[:, None], len(rest))
            sums[group] = found, np.minimum(known, found)
        else:
            bare = (found == 0) & (known > 0)  # the row gives the group alone
            years.loc[bare, inside] = np.tile((known[bare] / len(inside))[:, None], len(inside))
            sums[group] = np.where(bare, known, found), known
    return years[sorted(years.columns)], sums


def _span(column: str) -> range:
    first, _, last = column.partition("-")
    return range(int(first), int(last or first) + 1)


def _holds(span: range, other: range) -> bool:
    """Say whether a group of ages holds another one wholly."""
    return span != other and span[0] <= other[0] and other[-1] <= span[-1]


def _by_age(
    stage: str,
    total: Floats,
    bands: dict[str, Floats],
    years: pd.DataFrame | None,
    span: tuple[int, int] | None,
) -> tuple[Floats, dict[str, Floats]]:
    """Take the children of a stage's ages where its pupils are not known."""
    if years is None or span is None or not set(range(span[0], span[1] + 1)) <= set(years.columns):
        return total, bands
    unknown = np.isnan(total)
    parts = {band: _sum_of(years, range(first, last + 1)) for band, (first, last) in ages_of_band(stage, span).items()}
    for band in bands:
        bands[band] = np.where(unknown, parts.get(band, np.zeros(len(total))), bands[band])
    return np.where(unknown, np.sum(list(parts.values()), axis=0), total), bands


def _sum_of(years: pd.DataFrame, ages: Sequence[int]) -> Floats:
    return years[list(ages)].sum(axis=1, skipna=False).to_numpy(dtype=float)
