"""Indicators of access: how far pupils go, how many are within a limit, how many have no seat."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planning.errors import SchemaError, msg

__all__ = [
    "access_indicators",
    "access_indicators_by",
    "access_values",
    "seat_indicators",
    "trips",
    "weighted_quantile",
]

_COLUMNS = ["indicator", "value", "unit"]


def weighted_quantile(values: ArrayLike, weights: ArrayLike, share: float) -> float:
    """
    Find the smallest value that at least a share of all weight does not exceed.

    Parameters
    ----------
    values : array_like, shape (n,)
        Values; inf is allowed and lies above all others.
    weights : array_like, shape (n,)
        Weight of each value, 0 or more.
    share : float
        Between 0 and 1; 0.5 gives the median [1].

    Returns
    -------
    float
        One of ``values``; NaN where the weights sum to 0.

    Raises
    ------
    SchemaError
        If a value or weight is NaN, a weight negative or the share outside of 0 to 1.

    Examples
    --------
    >>> weighted_quantile([10.0, 30.0, 20.0], [1, 1, 2], 0.5)
    20.0
    """
    numbers, heavy = _numbers(values), _weights(weights)
    if numbers.shape != heavy.shape or np.isnan(numbers).any():
        raise SchemaError(msg("A weighted quantile needs one value, not NaN, for each weight."))
    if not 0 <= share <= 1:
        raise SchemaError(msg("A quantile's share must lie between 0 and 1, not {share}.", share=share))
    return _quantiles(numbers, heavy, (share,))[0]


def access_indicators(
    pupils: ArrayLike,
    *,
    distance_m: ArrayLike,
    time_min: ArrayLike | None = None,
    off_road_m: ArrayLike | None = None,
    within_limit: ArrayLike | None = None,
    no_seat: ArrayLike | None = None,
    out_of_reach: ArrayLike | None = None,
) -> pd.DataFrame:
    """
    Measure how far pupils go to school.

    Every row is a place and what its pupils do; all means and quantiles are weighted by pupils. Distances and times are
    taken over those who have a way (finite distance), shares of pupils over all pupils: one who is out of reach is not within
    a limit. What nobody stands behind is NaN, never 0.

    Parameters
    ----------
    pupils : array_like, shape (n,)
        Pupils of each row [pupils].
    distance_m : array_like, shape (n,)
        Distance to school [m]; inf where there is none.
    time_min : array_like, shape (n,), optional
        Time to school [min]; inf where there is none.
    off_road_m : array_like, shape (n,), optional
        Part of the distance that rests on no mapped road [m].
    within_limit : array_like of bool, shape (n,), optional
        Whether the way keeps the limit that holds for the row's pupils, inclusive.
    no_seat : array_like, shape (n,), optional
        Pupils in reach of a school but without a seat [pupils].
    out_of_reach : array_like, shape (n,), optional
        Pupils who reach no school [pupils]; by default those of the rows without a finite distance.

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``value``, ``unit``; indicators whose input was not given are left out.

    Raises
    ------
    SchemaError
        If lengths differ, pupils are negative or missing, or a distance is NaN where there are pupils.
    """
    rows = access_values(
        pupils,
        distance_m=distance_m,
        time_min=time_min,
        off_road_m=off_road_m,
        within_limit=within_limit,
        no_seat=no_seat,
        out_of_reach=out_of_reach,
    )
    return pd.DataFrame(rows, columns=_COLUMNS)


def access_values(
    pupils: ArrayLike,
    *,
    distance_m: ArrayLike,
    time_min: ArrayLike | None = None,
    off_road_m: ArrayLike | None = None,
    within_limit: ArrayLike | None = None,
    no_seat: ArrayLike | None = None,
    out_of_reach: ArrayLike | None = None,
) -> list[tuple[str, float, str]]:
    """
    Measure as :func:`access_indicators` does, for who measures many groups and makes one table of them all.

    Parameters
    ----------
    pupils, distance_m, time_min, off_road_m, within_limit, no_seat, out_of_reach : array_like, shape (n,)
        As in :func:`access_indicators`.

    Returns
    -------
    list of tuple
        Indicator, value and unit.

    Raises
    ------
    SchemaError
        As in :func:`access_indicators`.
    """
    weight = _weights(pupils)
    far = _measure(distance_m, weight, "distance_m")
    has_way = np.isfinite(far)
    total = float(weight.sum())
    rows: list[tuple[str, float, str]] = [("pupils", total, "pupil")]
    rows += _spread("distance", far, weight, "m")
    if time_min is not None:
        rows += _spread("time", _measure(time_min, weight, "time_min"), weight, "min")
    if within_limit is not None:
        kept = _aligned(np.asarray(within_limit, dtype=bool), weight, "within_limit")
        rows.append(("share_within_limit", _ratio(float(weight[kept & has_way].sum()), total), "1"))
    if off_road_m is not None:
        off = np.where(has_way, _measure(off_road_m, weight, "off_road_m"), 0.0)
        way = float((weight * np.where(has_way, far, 0.0)).sum())
        rows.append(("share_off_road", _ratio(float((weight * off).sum()), way), "1"))
    seatless = np.zeros_like(weight) if no_seat is None else _aligned(_weights(no_seat), weight, "no_seat")
    beyond = (
        np.where(has_way, 0.0, weight)
        if out_of_reach is None
        else _aligned(_weights(out_of_reach), weight, "out_of_reach")
    )
    if (seatless + beyond > weight).any():
        raise SchemaError(msg("A row has more pupils without a seat or out of reach than it has pupils."))
    rows += [
        ("served", float((weight - seatless - beyond).sum()), "pupil"),
        ("no_seat", float(seatless.sum()), "pupil"),
        ("out_of_reach", float(beyond.sum()), "pupil"),
    ]
    return rows


def seat_indicators(seats: ArrayLike | pd.Series[Any], pupils: float) -> pd.DataFrame:
    """
    Count seats, without taking unknown ones for none.

    Parameters
    ----------
    seats : array_like or pandas.Series, shape (n_schools,)
        Seats of each school [seats]; NA, NaN or inf where unknown.
    pupils : float
        Pupils of the stage [pupils].

    Returns
    -------
    pandas.DataFrame
        ``indicator``, ``value``, ``unit`` with ``schools``, ``schools_seats_unknown``, ``seats`` (of the schools where they are
        known; NaN where none is) and ``seats_per_pupil`` (NaN as long as any school's seats are unknown).

    Raises
    ------
    SchemaError
        If seats or pupils are negative.
    """
    places = pd.to_numeric(pd.Series(seats), errors="raise").astype("Float64").to_numpy(np.float64, na_value=np.nan)
    if (places < 0).any() or not pupils >= 0:
        raise SchemaError(msg("Seats and pupils must be 0 or more."))
    known = np.isfinite(places)
    total = float(places[known].sum()) if known.any() or places.size == 0 else float("nan")
    per_pupil = _ratio(total, float(pupils)) if known.all() else float("nan")
    rows = [
        ("schools", float(places.size), "school"),
        ("schools_seats_unknown", float((~known).sum()), "school"),
        ("seats", total, "seat"),
        ("seats_per_pupil", per_pupil, "seat/pupil"),
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def access_indicators_by(
    group: ArrayLike | pd.Series[Any], pupils: ArrayLike, **measures: ArrayLike | None
) -> pd.DataFrame:
    """
    Measure access for each group of rows, such as each township.

    Parameters
    ----------
    group : array_like, shape (n,)
        What each row belongs to; an empty name is a group like any other, so that no pupil is lost.
    pupils : array_like, shape (n,)
        Pupils of each row [pupils].
    **measures : array_like or None, shape (n,)
        As in :func:`access_indicators`.

    Returns
    -------
    pandas.DataFrame
        ``group``, ``indicator``, ``value``, ``unit``; groups in ascending order.

    Raises
    ------
    SchemaError
        As in :func:`access_indicators`.
    """
    names = pd.Series(np.asarray(group, dtype=object)).fillna("")
    weight = _weights(pupils)
    arrays = {name: np.asarray(values) for name, values in measures.items() if values is not None}
    for name, values in {"group": names.to_numpy(), **arrays}.items():
        _aligned(values, weight, name)
    rows = [
        (key, *row)
        for key, positions in names.groupby(names).indices.items()
        for row in access_values(
            weight[positions], **{measure: values[positions] for measure, values in arrays.items()}
        )
    ]
    return pd.DataFrame(rows, columns=["group", *_COLUMNS])


def trips(flows: sparse.csr_array, **matrices: Any) -> pd.DataFrame:
    """
    List the ways that an allocation makes pupils go.

    Parameters
    ----------
    flows : scipy.sparse.csr_array, shape (n_cells, n_schools)
        Pupils of each cell that go to each school [pupils].
    **matrices : numpy.ndarray, shape (n_cells, n_schools)
        Measures of each pair, such as ``distance_m``; each becomes a column.

    Returns
    -------
    pandas.DataFrame
        ``cell`` and ``school`` (positions), ``pupils`` and a column for each matrix, sorted by cell and school.

    Raises
    ------
    SchemaError
        If a matrix has another shape than the flows.
    """
    table = sparse.csr_array(flows, copy=True)
    table.eliminate_zeros()
    table.sort_indices()
    cell = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    columns: dict[str, NDArray[Any]] = {"cell": cell, "school": table.indices.astype(np.int64), "pupils": table.data}
    for name, matrix in matrices.items():
        if np.shape(matrix) != table.shape:
            raise SchemaError(
                msg(
                    "{name} has the shape {shape}, the flows have {flows}.",
                    name=name,
                    shape=np.shape(matrix),
                    flows=table.shape,
                )
            )
        columns[name] = np.asarray(matrix)[cell, table.indices]
    return pd.DataFrame(columns)


def _spread(
    what: str, values: NDArray[np.float64], weight: NDArray[np.float64], unit: str
) -> list[tuple[str, float, str]]:
    """Give mean, median and ninth decile over those who have a way."""
    has_way = np.isfinite(values)
    near, heavy = values[has_way], weight[has_way]
    median, ninth = _quantiles(near, heavy, (0.5, 0.9))
    return [
        (f"mean_{what}", _ratio(float((near * heavy).sum()), float(heavy.sum())), unit),
        (f"median_{what}", median, unit),
        (f"p90_{what}", ninth, unit),
    ]


def _quantiles(
    values: NDArray[np.float64], weight: NDArray[np.float64], shares: tuple[float, ...]
) -> tuple[float, ...]:
    """Find several quantiles of values that were checked, sorted once."""
    some = weight > 0
    numbers, heavy = values[some], weight[some]
    if heavy.size == 0:
        return (float("nan"),) * len(shares)
    order = np.argsort(numbers)  # in which order equal values come does not matter
    cumulated = np.cumsum(heavy[order])
    # whole weights sum exactly; a share such as 0.9 does not, so a hair below the line still counts as on it
    lines = [share * cumulated[-1] * (1 - 1e-12) for share in shares]
    return tuple(float(numbers[order[min(np.searchsorted(cumulated, line), order.size - 1)]]) for line in lines)


def _ratio(part: float, whole: float) -> float:
    """Divide, with NaN where there is nothing to divide by."""
    return part / whole if whole > 0 else float("nan")


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    """Read one column of numbers."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SchemaError(msg("An indicator needs numbers, without gaps: {reason}", reason=str(error))) from error
    if numbers.ndim != 1:
        raise SchemaError(msg("An indicator needs one number for each row."))
    return numbers


def _weights(values: ArrayLike) -> NDArray[np.float64]:
    """Read pupils."""
    numbers = _numbers(values)
    if not np.isfinite(numbers).all() or (numbers < 0).any():
        raise SchemaError(msg("Pupils must be numbers of 0 or more."))
    return numbers


def _aligned(values: NDArray[Any], weight: NDArray[np.float64], name: str) -> NDArray[Any]:
    """Refuse columns of another length."""
    if values.shape != weight.shape:
        raise SchemaError(msg("{name}: {n} numbers are needed, one for each row.", name=name, n=weight.size))
    return values


def _measure(values: ArrayLike, weight: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Read a measure of each row; NaN may stand only where nobody lives."""
    numbers: NDArray[np.float64] = _aligned(_numbers(values), weight, name)
    if (np.isnan(numbers) & (weight > 0)).any() or (numbers < 0).any():
        raise SchemaError(msg("{name} must be 0 or more, or inf where there is no way.", name=name))
    return np.where(np.isnan(numbers), np.inf, numbers)
