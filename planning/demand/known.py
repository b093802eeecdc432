"""
Known numbers of people and pupils, and the scaling of what was counted to them.

People are scaled township by township; what the county's number leaves goes to the townships that are not known. Pupils are
scaled by township and grade band at once, by iterative proportional fitting: rows have the townships' known pupils, columns
the county's by band. What was 0 stays 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.demand.grades import Listed, listed_pupils
from planning.demand.margins import fit_margins
from planning.demand.pupils import Stages
from planning.demand.rounding import round_table
from planning.errors import Names, SchemaError, msg
from planning.i18n.terms import TERMS
from planning.stages import BANDS

__all__ = ["COUNTY", "Known", "fit_pupils", "known_numbers", "people_targets"]

COUNTY = "*"
"""Name of the county's own row."""


def _no_numbers() -> pd.Series:
    return pd.Series(dtype=float)


@dataclass(frozen=True)
class Known:
    """
    What is known of the county and its townships, NaN where it is not.

    Parameters
    ----------
    people : pandas.Series
        Known people by township, ``*`` the county [people].
    pupils : pandas.Series
        Known pupils of all stages together, likewise [people].
    listed : Listed or None
        Known pupils by stage and by grade band, likewise.
    source : str
        Name of the table, for the words.
    """

    people: pd.Series = field(default_factory=_no_numbers)
    pupils: pd.Series = field(default_factory=_no_numbers)
    listed: Listed | None = None
    source: str = "known_total"

    def people_of(self, township: str) -> float:
        """
        Look up the known people of a township.

        Parameters
        ----------
        township : str
            Its name, or ``*`` for the county.

        Returns
        -------
        float
            People, NaN where not known [people].
        """
        return float(self.people.get(township, np.nan))

    def pupils_of(self, township: str, what: str) -> float:
        """
        Look up known pupils of a stage or grade band.

        Parameters
        ----------
        township : str
            Its name, or ``*`` for the county.
        what : str
            Stage or grade band.

        Returns
        -------
        float
            Pupils, NaN where not known [people].
        """
        for table in () if self.listed is None else (self.listed.stages, self.listed.bands):
            if what in table and township in table.index:
                return float(table[what][township])
        return float("nan")


def known_numbers(
    table: pd.DataFrame | None, stages: Stages, *, known_total: float | None = None, source: str = "known_total"
) -> Known:
    """
    Put known numbers together.

    Parameters
    ----------
    table : pandas.DataFrame or None
        As ``sources.known`` reads it: a row a township, ``*`` for the county.
    stages : Mapping
        Ages and share by stage: they say which grade belongs to which band.
    known_total : float, optional
        The county's known people, where they stand elsewhere [people].
    source : str
        Name of the table, for the words.

    Returns
    -------
    Known
        Numbers by township.

    Raises
    ------
    SchemaError
        If numbers contradict each other.
    """
    if table is None:
        return Known() if known_total is None else Known(pd.Series({COUNTY: float(known_total)}))
    people, pupils = (
        table[column].astype(float) if column in table else pd.Series(np.nan, index=table.index)
        for column in ("population", "pupils")
    )
    county = float(people.get(COUNTY, np.nan))
    if known_total is not None:
        if abs(county - known_total) > 0.5:
            raise SchemaError(
                msg("The project's known_total is {total:.0f}, the county's row of {file} says {county:.0f}. Take one of them out.",
                    total=known_total, county=county, file=source)
            )  # fmt: skip
        people = pd.concat([people.drop(COUNTY, errors="ignore"), pd.Series({COUNTY: float(known_total)})])
    rows = table.drop(columns=["population", "pupils"], errors="ignore")
    listed = listed_pupils(rows, stages, source=source, what=msg("known numbers"), gaps=True)
    _check_totals(pupils, listed.stages.sum(axis=1), table, source)
    return Known(people, pupils, listed, source)


def _check_totals(pupils: pd.Series, of_stages: pd.Series, table: pd.DataFrame, source: str) -> None:
    """Refuse pupils of all stages together that are fewer than those of the stages, which may be some of them only."""
    faults = [
        msg("{what}: {one:.10g}, but {parts} add up to {other:.10g} (row {row}, {name}). Correct one of them.",
            what=msg("pupils"), one=float(pupils[name]), parts=msg("its stages"), other=float(of_stages[name]),
            row=table["source_row"].get(name, name), name=table["name"].get(name, name))
        for name in pupils.index[pupils < of_stages - 0.5]
    ]  # fmt: skip
    if faults:
        raise SchemaError(
            msg("{file}: {n} faults in the table of {what}.", file=source, n=len(faults), what=msg("known numbers")),
            faults,
        )


def people_targets(base: pd.Series, firm: pd.Series, known: Known) -> pd.Series:
    """
    Say how many people each township is to have.

    Known townships have the known number. What the county's number then leaves goes to the townships that follow the grid
    alone, in proportion, while those that a village list names keep its number; where nothing is left for the grid, both
    are scaled.

    Parameters
    ----------
    base : pandas.Series, shape (n_townships,)
        People as counted, by township [people].
    firm : pandas.Series of bool, shape (n_townships,)
        The number comes from a list.
    known : Known
        Known numbers.

    Returns
    -------
    pandas.Series, shape (n_townships,)
        People by township [people].

    Raises
    ------
    SchemaError
        If known numbers contradict each other, or are those of a township where nobody was counted.
    """
    _refuse_absent(known.people, base.index)
    given = known.people.reindex(base.index)
    county = known.people_of(COUNTY)
    loose = given.isna() & ~firm
    left = county - float(given.sum()) - float(base[given.isna() & firm].sum())
    if loose.any() and float(base[loose].sum()) > 0 and left > 0:
        given = given.fillna(base[given.isna() & firm])
    return _targets(base, given, county, what=msg("people"), source=known.source)


def _refuse_absent(numbers: pd.Series, townships: pd.Index) -> None:
    """Refuse a number above 0 of a township where no place was counted at all."""
    absent = [str(name) for name in numbers.index[numbers > 0] if name != COUNTY and name not in townships]
    if absent:
        raise SchemaError(
            msg("{names}: a number above 0 is known, but the table has nobody there to scale. Add them to the table, or correct the known number.",
                names=Names(absent))
        )  # fmt: skip


def _targets(base: pd.Series, given: pd.Series, total: float, *, what: object, source: str) -> pd.Series:
    """Take the known numbers; what the total leaves goes to the others in proportion."""
    empty = [str(name) for name in base.index[(given > 0) & (base <= 0)]]
    if empty:
        raise SchemaError(
            msg("{names}: a number above 0 is known, but the table has nobody there to scale. Add them to the table, or correct the known number.",
                names=Names(empty))
        )  # fmt: skip
    if np.isnan(total):
        return given.fillna(base)
    free = given.isna()
    left, found = total - float(given.sum()), float(base[free].sum())
    if left < -0.5 or (left > 0.5 and found <= 0):
        raise SchemaError(
            msg("{file}: {what}: the townships add up to {sum:.0f}, the county's known number is {county:.0f}. Correct one of them.",
                file=source, what=what, sum=float(given.sum()), county=total)
        )  # fmt: skip
    return given.fillna(base * (max(left, 0.0) / found if found > 0 else 0.0))


def fit_pupils(
    expected: pd.DataFrame, townships: pd.Series, inside: NDArray[np.bool_], known: Known, stages: Stages
) -> pd.DataFrame:
    """
    Scale children to known pupils by township, stage and grade band.

    Parameters
    ----------
    expected : pandas.DataFrame, shape (n_cells, n_bands)
        Children by band, in fractions [people].
    townships : pandas.Series, shape (n_cells,)
        Township of each cell.
    inside : numpy.ndarray of bool, shape (n_cells,)
        Cells of the county; others stay as they are.
    known : Known
        Known numbers.
    stages : Mapping
        The stages whose bands these are.

    Returns
    -------
    pandas.DataFrame, shape (n_cells, n_bands)
        Children by band; sums by township and of the county are the known ones [people].

    Raises
    ------
    SchemaError
        If known numbers contradict each other, or nobody is there to be scaled.
    """
    if known.listed is None:
        return expected
    anything = pd.concat([known.pupils, known.listed.stages, known.listed.bands], axis=1).max(axis=1)
    _refuse_absent(anything, pd.Index(townships[inside].unique()))
    first = expected[inside].groupby(townships[inside]).sum()
    of_stage = pd.DataFrame({stage: first[list(BANDS[stage])].sum(axis=1) for stage in stages})
    given = known.listed.stages.reindex(index=[*first.index, COUNTY], columns=list(stages))
    given.loc[first.index] = _by_totals(of_stage, given, known)
    factor = pd.DataFrame(1.0, index=first.index, columns=first.columns)
    for stage in stages:
        bands = list(BANDS[stage])
        cells = known.listed.bands.reindex(index=[*first.index, COUNTY], columns=bands)
        if given[stage].notna().any() or cells.notna().any(axis=None):
            fitted = _fit_stage(first[bands], given[stage], cells, what=stage, source=known.source)
            factor[bands] = (fitted / first[bands].where(first[bands] > 0)).fillna(1.0)
    scaled = expected.copy()
    scaled.loc[inside] = expected[inside] * factor.reindex(townships[inside]).to_numpy()
    return scaled


def _by_totals(of_stage: pd.DataFrame, given: pd.DataFrame, known: Known) -> pd.DataFrame:
    """
    Divide known pupils of all stages together among the stages, where townships have no others.

    Whole numbers of each township and stage, so that what is rounded later still adds up to the known ones.
    """
    names = of_stage.index
    by_township = given.loc[names]
    totals = known.pupils.reindex(names)
    assert known.listed is not None  # noqa: S101 - the caller looked
    of_bands = known.listed.bands.reindex(names)
    if totals.isna().all() or by_township.notna().any(axis=None) or of_bands.notna().any(axis=None):
        return by_township
    columns = pd.Series(given.loc[COUNTY])
    total = float(known.pupils.get(COUNTY, np.nan)) if columns.isna().any() else float(columns.sum())
    rows = _targets(of_stage.sum(axis=1), totals, total, what=msg("pupils"), source=known.source)
    fitted = fit_margins(of_stage, rows, columns if columns.notna().any() else None).table
    return round_table(fitted)


def _fit_stage(first: pd.DataFrame, rows: pd.Series, cells: pd.DataFrame, *, what: str, source: str) -> pd.DataFrame:
    """
    Fit one stage: what is known of a township and band is taken out first, the rest fitted to what is left.

    A stage has one band or two: the county's total and one of its bands give the other.
    """
    total, names, bands = float(rows[COUNTY]), first.index, first.columns
    words = msg("pupils of {stage}", stage=TERMS[what])
    if len(bands) == 1:
        return _targets(first.sum(axis=1), rows[names], total, what=words, source=source).to_frame(bands[0])
    fixed, columns = cells.loc[names], pd.Series(cells.loc[COUNTY])
    _refuse_empty(first, fixed)
    columns = columns.fillna(total - columns.sum()) if columns.isna().sum() == 1 else columns
    taken, rest = fixed.fillna(0.0), first.where(fixed.isna(), 0.0)
    left_rows = (rows[names] - taken.sum(axis=1)).where(fixed.isna().any(axis=1))
    left_columns = (columns - taken.sum()).mask(fixed.notna().all())
    left = total - float(taken.to_numpy().sum())
    if (left_rows < -0.5).any() or (left_columns < -0.5).any() or left < -0.5:
        raise SchemaError(
            msg("{file}: {what}: the townships add up to {sum:.0f}, the county's known number is {county:.0f}. Correct one of them.",
                file=source, what=words, sum=float(taken.to_numpy().sum()), county=float(columns.sum()))
        )  # fmt: skip
    if left_columns.isna().all():
        open_rows = rest.sum(axis=1)
        known_rows = left_rows.clip(lower=0.0).where(open_rows > 0, left_rows.fillna(0.0))
        targets = _targets(open_rows, known_rows, left, what=words, source=source)
        return rest.mul(targets / open_rows.where(open_rows > 0), axis=0).fillna(0.0) + taken
    return fit_margins(rest, left_rows.clip(lower=0.0), left_columns.clip(lower=0.0)).table + taken


def _refuse_empty(first: pd.DataFrame, fixed: pd.DataFrame) -> None:
    places = (fixed > 0) & (first <= 0)
    empty = [f"{name} ({band})" for band in first.columns for name in first.index[places[band]]]
    if empty:
        raise SchemaError(
            msg("{names}: a number above 0 is known, but the table has nobody there to scale. Add them to the table, or correct the known number.",
                names=Names(empty))
        )  # fmt: skip
