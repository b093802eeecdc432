"""Who gains and who loses between two plans: each inhabited place, villages, townships and the county, in sums that add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planning.errors import ConfigError, msg
from planning.scenario.naming import place_names

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from planning.scenario.comparison import EvaluatedPlan
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState

__all__ = [
    "CLASSES",
    "FARTHER_M",
    "MUCH_M",
    "REACH_CLASSES",
    "SUMS",
    "WHOLE_COUNTY",
    "difference_classes",
    "place_ways",
    "sums_by",
    "village_ways",
]

#: From here on a way counts as another [m], and from here on as much shorter or longer [m].
FARTHER_M, MUCH_M = 50, 1000
#: What a plan means for the way of a child, in the order of the legend of the difference map.
CLASSES = (
    "much_nearer", "nearer", "same_way", "farther", "much_farther", "newly_in_reach", "no_longer_in_reach",
    "never_in_reach",
)  # fmt: skip
#: Those of them in which a way is missing before or after.
REACH_CLASSES = CLASSES[5:]
#: Township of a row that stands for the whole county.
WHOLE_COUNTY = "*"
#: What is added up: pupils, those of them in reach of a school, and the metres they all go.
SUMS = (
    "pupils_before", "pupils_after", "reached_before", "reached_after", "pupil_m_before", "pupil_m_after",
    "pupil_m_difference",
)  # fmt: skip
_NO_WAY = -1


def _whole_metres(distance_m: ArrayLike) -> NDArray[np.int64]:
    """Round ways to whole metres, so that what is added up is exact; -1 where there is no way."""
    metres = np.asarray(distance_m, dtype=np.float64)
    there = np.isfinite(metres)
    whole: NDArray[np.int64] = np.where(there, np.rint(np.where(there, metres, 0.0)), _NO_WAY).astype(np.int64)
    return whole


def difference_classes(was_m: ArrayLike, now_m: ArrayLike) -> NDArray[np.uint8]:
    """
    Say what a change of the way means; tables and maps both take it from here.

    Parameters
    ----------
    was_m, now_m : array_like, shape (n,)
        Way to the nearest school before and after [m]; inf where none is in reach. Whole metres count.

    Returns
    -------
    numpy.ndarray of uint8, shape (n,)
        Positions in ``CLASSES``: a way is another one from 50 m on, much shorter or longer from 1,000 m on.
    """
    was, now = _whole_metres(was_m), _whole_metres(now_m)
    by = now - was
    steps = np.select(
        [by <= -MUCH_M, by <= -FARTHER_M, by < FARTHER_M, by < MUCH_M], [0, 1, 2, 3], default=4
    )  # each end belongs to the greater change
    before, after = was != _NO_WAY, now != _NO_WAY
    position: NDArray[np.uint8] = np.select(
        [before & after, after, before], [steps, CLASSES.index("newly_in_reach"), CLASSES.index("no_longer_in_reach")],
        default=CLASSES.index("never_in_reach"),
    ).astype(np.uint8)  # fmt: skip
    return position


def place_ways(plans: Sequence[EvaluatedPlan]) -> pd.DataFrame:
    """
    Compare the way to the nearest school of the children of every inhabited place, plan by plan with the first.

    Parameters
    ----------
    plans : sequence of EvaluatedPlan
        Of one county; the first is what the others are compared with.

    Returns
    -------
    pandas.DataFrame
        A row for each plan but the first, stage, grade band and inhabited place of the county where children of the band live
        in either plan: ``plan`` (position), ``stage, band, cell_id, village, township``, ``pupils_before, pupils_after``,
        ``school_before, school_after`` (ids, NA where none is in reach), ``way_before_m, way_after_m, difference_m`` [whole m,
        NA], ``time_before_min, time_after_min`` [min, NA] and ``class``, one of ``CLASSES``.

    Raises
    ------
    ConfigError
        If the plans are not of the same inhabited places.
    """
    first = plans[0]
    cells = first.county.cells
    for plan in plans[1:]:
        if not cells.index.equals(plan.county.cells.index) or set(plan.states) != set(first.states):
            raise ConfigError(
                msg("The scenarios are not of the same county: {name} cannot be compared.", name=plan.name)
            )
    ours = ~cells["in_margin"].to_numpy(dtype=bool)
    village = np.array(place_names(first.county, np.arange(len(cells))), dtype=object)
    township = cells["township"].fillna("").to_numpy(dtype=object)
    parts = []
    for number, plan in enumerate(plans[1:], start=1):
        for stage, before in first.states.items():
            for band in before.bands:
                was, now = _pupils(first.county, band), _pupils(plan.county, band)
                rows = np.flatnonzero(ours & ((was > 0) | (now > 0)))
                fixed: dict[str, Any] = {"plan": number, "stage": stage, "band": band}
                found = {
                    "cell_id": cells.index.to_numpy()[rows],
                    "village": village[rows],
                    "township": township[rows],
                    "pupils_before": was[rows],
                    "pupils_after": now[rows],
                }
                parts.append(pd.DataFrame({**found, **_ways(before, plan.states[stage], band, rows)}).assign(**fixed))
    columns = ["plan", "stage", "band", "cell_id", "village", "township", "pupils_before", "pupils_after",
               "school_before", "school_after", "way_before_m", "way_after_m", "difference_m", "time_before_min",
               "time_after_min", "class"]  # fmt: skip
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _pupils(county: County, band: str) -> NDArray[np.int64]:
    pupils: NDArray[np.int64] = county.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)
    return pupils


def _ways(before: StageState, after: StageState, band: str, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Give ways, times, schools and classes of some places."""
    tables = [state.nearest[band].iloc[rows] for state in (before, after)]
    was, now = (_whole_metres(table["distance_m"]) for table in tables)
    gone = (was == _NO_WAY) | (now == _NO_WAY)
    named = np.array(CLASSES, dtype=object)
    return {
        **{f"school_{when}": table["site_id"].to_numpy() for when, table in zip(("before", "after"), tables, strict=True)},
        "way_before_m": _masked(was, was == _NO_WAY),
        "way_after_m": _masked(now, now == _NO_WAY),
        "difference_m": _masked(now - was, gone),
        **{
            f"time_{when}_min": _minutes(table["time_min"].to_numpy(dtype=np.float64))
            for when, table in zip(("before", "after"), tables, strict=True)
        },
        "class": pd.Categorical(
            named[difference_classes(tables[0]["distance_m"], tables[1]["distance_m"])], categories=list(CLASSES)
        ),
    }  # fmt: skip


def _masked(values: NDArray[np.int64], gone: NDArray[np.bool_]) -> pd.arrays.IntegerArray:
    """Give whole numbers, some of them unknown."""
    return pd.arrays.IntegerArray(values.copy(), gone.copy())


def _minutes(time_min: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round times to tenths of a minute; NaN where there is no way."""
    return np.where(np.isfinite(time_min), np.round(np.where(np.isfinite(time_min), time_min, 0.0), 1), np.nan)


def _summed(places: pd.DataFrame) -> pd.DataFrame:
    """Write what each row adds to the sums, in whole numbers."""
    found: dict[str, Any] = {"pupils_before": places["pupils_before"], "pupils_after": places["pupils_after"]}
    for when in ("before", "after"):
        pupils = places[f"pupils_{when}"].to_numpy(dtype=np.int64)
        way = places[f"way_{when}_m"]
        there = way.notna().to_numpy()
        found[f"reached_{when}"] = np.where(there, pupils, 0)
        found[f"pupil_m_{when}"] = pupils * way.fillna(0).to_numpy(dtype=np.int64)
    sums = pd.DataFrame(found, index=places.index)
    return sums.assign(pupil_m_difference=sums["pupil_m_after"] - sums["pupil_m_before"])[list(SUMS)]


def sums_by(places: pd.DataFrame, *, township: bool) -> pd.DataFrame:
    """
    Add up places to townships, or to the county.

    Parameters
    ----------
    places : pandas.DataFrame
        As :func:`place_ways` gives them.
    township : bool
        True for townships; False for the whole county.

    Returns
    -------
    pandas.DataFrame
        ``plan, stage, band, township``, the ``SUMS`` in whole pupils and pupil-metres, and the pupils of the plan in each of the
        ``CLASSES``; ``*`` stands for the county. The sums of the townships add up to those of the county.
    """
    keys = ["plan", "stage", "band", "township"]
    named = places[keys] if township else places[keys].assign(township=WHOLE_COUNTY)
    classes = places["class"].to_numpy()
    pupils = places["pupils_after"].to_numpy(dtype=np.int64)
    of_class = pd.DataFrame({name: np.where(classes == name, pupils, 0) for name in CLASSES}, index=places.index)
    return pd.concat([named, _summed(places), of_class], axis=1).groupby(keys, as_index=False, sort=True).sum()


def village_ways(places: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """
    Put the places of a village together where the plan means the same for them.

    Parameters
    ----------
    places : pandas.DataFrame
        As :func:`place_ways` gives them.
    names : pandas.Series
        Name of each school by id, of all plans.

    Returns
    -------
    pandas.DataFrame
        A row for each plan, stage, band, township, village and class: the ``SUMS``, the mean ways ``way_before_m, way_after_m``
        and their ``difference_m`` [m] and the mean times [min], of the plan's children before and after (of those of before
        where the plan has none), so that children who move in are no change of the way; and ``school_before, school_after``, the names of the schools that
        are nearest, that of most pupils first, and how many more there are. A village of which some children come nearer and
        others go farther has a row for each, so that nobody vanishes in a mean.
    """
    keys = ["plan", "stage", "band", "township", "village", "class"]
    after = places.groupby(keys, observed=True)["pupils_after"].transform("sum")
    same = places["pupils_after"].where(after > 0, places["pupils_before"]).astype(float)
    weights: dict[str, Any] = {}
    for when in ("before", "after"):
        there = places[f"way_{when}_m"].notna()
        weights[f"same_{when}"] = same.where(there, 0.0)
        weights[f"metres_{when}"] = same * places[f"way_{when}_m"].fillna(0).astype(float)
        weights[f"minutes_{when}"] = (same * places[f"time_{when}_min"]).fillna(0.0)
    rows = pd.concat([places[keys], _summed(places), pd.DataFrame(weights)], axis=1)
    found = rows.groupby(keys, observed=True, sort=True).sum()
    for when in ("before", "after"):
        reached = found.pop(f"same_{when}")
        reached = reached.where(reached > 0)
        found[f"way_{when}_m"] = found.pop(f"metres_{when}") / reached
        found[f"time_{when}_min"] = found.pop(f"minutes_{when}") / reached
        found[f"school_{when}"] = _schools(places, keys, when, names).astype(object).reindex(found.index).fillna("")
    found["difference_m"] = found["way_after_m"] - found["way_before_m"]
    return found.reset_index()


def _schools(places: pd.DataFrame, keys: list[str], when: str, names: pd.Series) -> pd.Series:
    """Name the schools that the places of each row are nearest to."""
    there = places[[*keys, f"school_{when}", f"pupils_{when}"]].dropna(subset=[f"school_{when}"])
    pupils = there.groupby([*keys, f"school_{when}"], observed=True, sort=False)[f"pupils_{when}"].sum().reset_index()
    pupils = pupils.sort_values([f"pupils_{when}", f"school_{when}"], ascending=[False, True], kind="stable")
    by_row = pupils.groupby(keys, observed=True, sort=False)[f"school_{when}"]
    first, more = by_row.first(), by_row.size() - 1
    known = names.to_dict()
    called = pd.Series([str(known.get(code) or code) for code in first], index=first.index, dtype=object)
    return called.where(more == 0, called + " (+" + more.astype(str) + ")")
