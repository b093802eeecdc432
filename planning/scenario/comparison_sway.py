"""Whether the order of plans holds when children walk slower or faster, and when there are fewer or more of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.errors import Tell, msg
from planning.scenario.changed_county import changed_county
from planning.scenario.edits import Assumption, Edit
from planning.scenario.evaluate import evaluate

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["CASES", "CRITERIA", "Sway", "order_of", "scaled_pupils", "sway"]

#: What is varied, and by which factor; the first is the plans as they are.
CASES: Mapping[str, tuple[str, float]] = {
    "as_is": ("", 1.0), "slower": ("speed", 0.9), "faster": ("speed", 1.1), "fewer": ("pupils", 0.9),
    "more": ("pupils", 1.1),
}  # fmt: skip
#: What plans are ordered by: 1 where less is better, and the digits in which two values count as equal.
CRITERIA: Mapping[str, tuple[int, int]] = {
    "mean_distance": (1, 0), "mean_time": (1, 1), "share_within_limit": (-1, 3), "unserved": (1, 0),
}  # fmt: skip
_SPEED = "walking_speed_factor"


@dataclass(frozen=True, eq=False)
class Sway:
    """
    Plans under every case.

    Parameters
    ----------
    values : pandas.DataFrame
        ``case, stage, criterion, plan, value, place``; the place is 1 for the best, equal values share one.
    holds : pandas.DataFrame
        ``case, stage, criterion, holds, swapped``: whether no two plans change places against the plans as they are, and the pairs
        that do.
    """

    values: pd.DataFrame
    holds: pd.DataFrame


def scaled_pupils(county: County, factor: float) -> County:
    """
    Let a county have more or fewer children, everywhere alike.

    Parameters
    ----------
    county : County
        Today's.
    factor : float
        Children for each one today [-].

    Returns
    -------
    County
        With whole pupils: along the order of places the sum is rounded, not each place, so that neighbours share what is
        rounded, thin and dense places lose alike, and the total of each band is that of the factor.
    """
    thousandths = round(factor * 1000)
    cells = county.cells.copy()
    for band in county.project.bands:
        so_far = np.cumsum(cells[f"pupils_{band}"].to_numpy(dtype=np.int64)) * thousandths
        cells[f"pupils_{band}"] = np.diff((so_far + 500) // 1000, prepend=0)
    return replace(county, cells=cells, costs=county.costs.with_cells(cells))


def sway(
    county: County,
    plans: Sequence[Sequence[Edit]],
    *,
    tell: Tell | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Sway:
    """
    Work every plan out again in every case.

    Held fixed: schools and their seats, roads, limits, the edits of the plans and the children of their new estates. Children
    walk by the speed of each band times the factor; a project whose children go by bicycle or car has the same times in all cases
    of speed.

    Parameters
    ----------
    county : County
        Today's.
    plans : sequence of sequence of Edit
        What each plan changes.
    tell : callable, optional
        Called with the share done and what is being done.
    cancel : callable, optional
        True stops the work; cases that were not finished are left out.

    Returns
    -------
    Sway
        Values and whether the order holds.

    Raises
    ------
    ConfigError
        If an edit does not fit the county.
    """
    rows: list[tuple[str, str, str, int, float]] = []
    steps = [(case, number) for case in CASES for number in range(len(plans))]
    scaled: dict[float, County] = {}
    for step, (case, number) in enumerate(steps):
        if cancel is not None and cancel():
            rows = [row for row in rows if row[0] != case]
            break
        if tell is not None:
            tell(step / len(steps), msg("Working out scenario {n} of {m}, case {k} of {all}", n=number + 1, m=len(plans),
                                        k=list(CASES).index(case) + 1, all=len(CASES)))  # fmt: skip
        what, factor = CASES[case]
        edits = _faster(plans[number], factor) if what == "speed" else tuple(plans[number])
        base = county
        if what == "pupils":
            base = scaled[factor] = scaled.get(factor) or scaled_pupils(county, factor)
        changed = changed_county(base, edits)
        for stage in county.project.stages:
            found = evaluate(changed, stage, edits).indicators.set_index("indicator")["value"]
            measured = {**found.to_dict(), "unserved": found["no_seat"] + found["out_of_reach"]}
            rows += [(case, stage, name, number, float(measured[name])) for name in CRITERIA]
    values = pd.DataFrame(rows, columns=["case", "stage", "criterion", "plan", "value"])
    places = [
        pd.Series(order_of(group.to_list(), str(name)), index=group.index)
        for name in CRITERIA
        for _, group in values[values["criterion"] == name].groupby(["case", "stage"], sort=False)["value"]
    ]
    values["place"] = pd.concat(places) if places else pd.Series(dtype="int64")
    return Sway(values, _holds(values))


def _faster(edits: Sequence[Edit], factor: float) -> tuple[Edit, ...]:
    """Let children walk at a factor of the plan's own speed."""
    speeds = [edit.value for edit in edits if isinstance(edit, Assumption) and edit.key == _SPEED]
    own = speeds[-1] if speeds else 1.0
    others = [edit for edit in edits if not (isinstance(edit, Assumption) and edit.key == _SPEED)]
    return (*others, Assumption(_SPEED, own * factor))


def order_of(values: Sequence[float], criterion: str) -> list[int]:
    """
    Give the place of each value.

    Parameters
    ----------
    values : sequence of float
        One a plan.
    criterion : str
        One of ``CRITERIA``.

    Returns
    -------
    list of int
        1 for the best; values that are equal in the digits that count share a place. What is not known is last.

    Examples
    --------
    >>> order_of([2000.2, 1500.0, 1999.9], "mean_distance")
    [2, 1, 2]
    """
    sign, digits = CRITERIA[criterion]
    keys = [math.inf if math.isnan(value) else sign * round(value, digits) for value in values]
    return [1 + sum(other < key for other in keys) for key in keys]


def _holds(values: pd.DataFrame) -> pd.DataFrame:
    """Compare the order of each case with that of the plans as they are."""
    place = values.set_index(["stage", "criterion", "case", "plan"])["place"].to_dict()
    plans = sorted(values["plan"].unique())
    rows = []
    for case, stage, name in values[["case", "stage", "criterion"]].drop_duplicates().itertuples(index=False):
        if case == "as_is":
            continue
        swapped = [
            (one, other)
            for one in plans
            for other in plans
            if place[stage, name, "as_is", one] < place[stage, name, "as_is", other]
            and place[stage, name, case, one] > place[stage, name, case, other]
        ]
        rows.append((case, stage, name, not swapped, tuple(swapped)))
    return pd.DataFrame(rows, columns=["case", "stage", "criterion", "holds", "swapped"])
