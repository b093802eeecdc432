"""
Single years of age from age groups.

Sprague's osculatory multipliers draw a smooth curve through five-year groups and give back the sum of each group exactly.
Where the curve dips below 0, as it may where groups differ much, the negative years become 0 and the others of the group
give way in proportion, so that its sum still holds.

References
----------
.. [1] T. B. Sprague, J. Inst. Actuaries 22(4), 270-285, 1880. https://doi.org/10.1017/S2046167400048242
.. [2] H. S. Shryock, J. S. Siegel, The Methods and Materials of Demography, 1976, appendix C (table of multipliers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.errors import SchemaError, msg

__all__ = ["AgeGroup", "people_by_age", "read_groups", "single_years", "sprague_multipliers"]

Floats = NDArray[np.float64]

_GROUP = re.compile(r"^\s*(\d{1,3})\s*(?:[-–_]\s*(\d{1,3})|(\+))?\s*$")
_WIDTH = 5
_NEIGHBOURS = 4  # the fewest groups that a curve can be drawn through

# Multipliers x 10,000 of [2]: a row a single year, a column a group of five years. The first group and the second look
# ahead, those in the middle to both sides; at the old end the same stands mirrored.
_FIRST = (
    (3616, -2768, 1488, -336),
    (2640, -960, 400, -80),
    (1840, 400, -320, 80),
    (1200, 1360, -720, 160),
    (704, 1968, -848, 176),
)
_SECOND = (
    (336, 2272, -752, 144),
    (80, 2320, -480, 80),
    (-80, 2160, -80, 0),
    (-160, 1840, 400, -80),
    (-176, 1408, 912, -144),
)
_MIDDLE = (
    (-128, 848, 1504, -240, 16),
    (-16, 144, 2224, -416, 64),
    (64, -336, 2544, -336, 64),
    (64, -416, 2224, 144, -16),
    (16, -240, 1504, 848, -128),
)


@dataclass(frozen=True)
class AgeGroup:
    """
    Neighbouring years of age that are counted together.

    Parameters
    ----------
    name : str
        As the table calls it, such as ``5-9``, ``6`` or ``20+``.
    first : int
        Youngest age [years].
    last : int or None
        Oldest age, included [years]; None for a group without an end.
    """

    name: str
    first: int
    last: int | None

    @property
    def years(self) -> range:
        """
        Single years of the group.

        Returns
        -------
        range
            Ages; none of a group without an end.
        """
        return range(self.first, self.first if self.last is None else self.last + 1)


def read_groups(names: list[str]) -> list[AgeGroup]:
    """
    Read the names of age groups.

    Parameters
    ----------
    names : list of str
        Such as ``0``, ``1-4``, ``5-9`` or ``80+``.

    Returns
    -------
    list of AgeGroup
        In the order of the names.

    Raises
    ------
    SchemaError
        If a name is no age group, or two groups hold the same age.

    Examples
    --------
    >>> [list(group.years) for group in read_groups(["0", "1-4", "80+"])]
    [[0], [1, 2, 3, 4], []]
    """
    groups: list[AgeGroup] = []
    holder: dict[int, str] = {}
    for name in names:
        match = _GROUP.match(name)
        first = int(match[1]) if match else -1
        last = int(match[2]) if match and match[2] else first
        if match is None or last < first:
            raise SchemaError(msg("{group} is no age group. Write 5-9, 6 or 20+.", group=name))
        group = AgeGroup(name, first, None if match[3] else last)
        for age in group.years:
            if age in holder:
                raise SchemaError(
                    msg("The age groups {one} and {other} both hold the age {age}.",
                        one=holder[age], other=name, age=age)
                )  # fmt: skip
            holder[age] = name
        groups.append(group)
    return groups


def sprague_multipliers(n_groups: int) -> Floats:
    """
    Lay out Sprague's multipliers for neighbouring five-year groups.

    Parameters
    ----------
    n_groups : int
        Groups, 4 or more.

    Returns
    -------
    numpy.ndarray, shape (5 * n_groups, n_groups)
        Part of each group that each single year gets; the columns of a group's own years add up to 1, others to 0.

    Raises
    ------
    SchemaError
        If there are fewer than 4 groups.

    Examples
    --------
    >>> sprague_multipliers(6)[0].tolist()
    [0.3616, -0.2768, 0.1488, -0.0336, 0.0, 0.0]
    """
    if n_groups < _NEIGHBOURS:
        raise SchemaError(
            msg("{n} neighbouring five-year age groups are too few to be split smoothly; {least} are needed.",
                n=n_groups, least=_NEIGHBOURS)
        )  # fmt: skip
    table = np.zeros((_WIDTH * n_groups, n_groups))
    first, second, middle = (np.array(panel) / 10_000 for panel in (_FIRST, _SECOND, _MIDDLE))
    table[:_WIDTH, :_NEIGHBOURS] = first
    table[-_WIDTH:, -_NEIGHBOURS:] = first[::-1, ::-1]
    table[_WIDTH : 2 * _WIDTH, :_NEIGHBOURS] = second
    table[-2 * _WIDTH : -_WIDTH, -_NEIGHBOURS:] = second[::-1, ::-1]
    for group in range(2, n_groups - 2):
        table[_WIDTH * group : _WIDTH * (group + 1), group - 2 : group + 3] = middle
    return table


def single_years(people: pd.DataFrame, *, method: Literal["sprague", "even"] = "sprague") -> pd.DataFrame:
    """
    Split age groups into single years.

    A group of one year stays as it is. Five-year groups in an unbroken row of four or more are split by Sprague's
    multipliers; a first group that comes as ``0`` and ``1-4``, as in WorldPop's rasters, counts as one of them, and both
    keep their own sums. All other groups are split evenly. Groups without an end have no single years.

    Parameters
    ----------
    people : pandas.DataFrame, shape (n_places, n_groups)
        People by age group [people]; columns such as ``0``, ``1-4``, ``5-9``, ``80+``.
    method : {"sprague", "even"}
        How groups of several years are split.

    Returns
    -------
    pandas.DataFrame, shape (n_places, n_ages)
        People by single year, columns of int rising, none below 0; each group's sum is that of ``people`` [people].

    Raises
    ------
    SchemaError
        If a column is no age group, two overlap, or a number is negative or missing.

    References
    ----------
    The multipliers are those of the module's head.
    """
    groups = read_groups([str(column) for column in people.columns])
    counts = people.to_numpy(dtype=float)
    if not (counts >= 0).all() or not np.isfinite(counts).all():
        raise SchemaError(msg("Numbers of people must be 0 or more; correct the table of population."))
    by_year: dict[int, Floats] = {}
    for column, group in enumerate(groups):
        for age in group.years:
            by_year[age] = counts[:, column] / len(group.years)
    if method == "sprague":
        for run in _five_year_runs(set(by_year), groups):
            sums = np.column_stack([sum(by_year[age] for age in range(first, first + _WIDTH)) for first in run])
            smooth = sums @ sprague_multipliers(len(run)).T
            for age in range(run[0], run[-1] + _WIDTH):
                by_year[age] = smooth[:, age - run[0]]
        for column, group in enumerate(groups):
            _keep_sum(by_year, group, counts[:, column])
    ages = sorted(by_year)
    table = np.column_stack([by_year[age] for age in ages]) if ages else np.zeros((len(people), 0))
    return pd.DataFrame(table, index=people.index, columns=pd.Index(ages, name="age"))


def _five_year_runs(known: set[int], groups: list[AgeGroup]) -> list[list[int]]:
    """First ages of neighbouring groups of five years, 0-4 in two parts included, four or more in a row."""
    whole = {(group.first, group.last) for group in groups}
    starts = [
        first
        for first in range(0, max(known, default=-1) + 1, _WIDTH)
        if (first, first + _WIDTH - 1) in whole or (first == 0 and {(0, 0), (1, 4)} <= whole)
    ]
    runs: list[list[int]] = []
    for first in starts:
        if runs and runs[-1][-1] + _WIDTH == first:
            runs[-1].append(first)
        else:
            runs.append([first])
    return [run for run in runs if len(run) >= _NEIGHBOURS]


def _keep_sum(by_year: dict[int, Floats], group: AgeGroup, total: Floats) -> None:
    """Take negative years of a group to 0 and bring the group back to its sum, in place."""
    years = list(group.years)
    if len(years) < 2:
        if years:
            by_year[years[0]] = total
        return
    part = np.maximum(np.column_stack([by_year[age] for age in years]), 0.0)
    found = part.sum(axis=1)
    scale = np.divide(total, found, out=np.zeros_like(total), where=found > 0)
    part = np.where(found[:, None] > 0, part * scale[:, None], total[:, None] / len(years))
    for place, age in enumerate(years):
        by_year[age] = part[:, place]


def people_by_age(groups: pd.DataFrame, found: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """
    Count the people of each township by single year of age, scaled as its people were.

    Parameters
    ----------
    groups : pandas.DataFrame, shape (n_cells, n_groups)
        People by age group, as found [people].
    found : pandas.DataFrame, shape (n_cells, ...)
        ``population``, ``township``, ``in_margin`` of the same cells, as found [people].
    counted : pandas.DataFrame, shape (n_places, ...)
        The same after all scaling, with places that were added.

    Returns
    -------
    pandas.DataFrame, shape (n_townships, n_ages)
        People by township and age, columns ``"0"``, ``"1"`` …; those across the county line are left out. A township that
        has people after scaling but none before has no row [people].
    """
    own = ~found["in_margin"].astype(bool)
    township = found["township"].astype(str)[own]
    before = found["population"][own].groupby(township).sum()
    kept = counted[~counted["in_margin"].astype(bool)]
    after = kept["population"].groupby(kept["township"].astype(str)).sum()
    table = single_years(groups.loc[found.index][own].groupby(township).sum())
    factor = (after / before.where(before > 0)).reindex(table.index)
    table = table.mul(factor, axis=0)[factor.notna()]
    return table.set_axis([str(age) for age in table.columns], axis="columns").rename_axis("township")
