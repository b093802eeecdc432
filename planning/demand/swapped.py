"""A population file that gives areas each other's people: found by holding its totals against known ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy.optimize

from planning.demand.sheet import LOUD_FACTOR
from planning.errors import Message, msg

__all__ = ["swapped_areas", "swapped_notice"]

#: Tool defaults. An area is off where its factor is loud; or by a tenth, where all others fit to a tenth.
_OFF, _SLIGHTLY_OFF = np.log(LOUD_FACTOR[1]), np.log(1.1)
#: Exchanged back, it must fit to a quarter, or to a twentieth where it was off but slightly.
_FITS, _FITS_WELL = np.log(1.25), np.log(1.05)
#: And the areas together must fit so much better.
_BETTER = 1 / 3


def swapped_areas(found: pd.Series, known: pd.Series) -> dict[str, str]:
    """
    Find areas whose people by the file are those known of another area.

    Compared are shares of all people, so that a file that is old everywhere does not hide the exchange.

    Parameters
    ----------
    found : pandas.Series, shape (n_areas,)
        People by the file [people].
    known : pandas.Series
        Known people; areas that stand in both and have people are compared [people].

    Returns
    -------
    dict
        Area: the area whose people the file gives it; empty where nothing is exchanged.

    Examples
    --------
    >>> swapped_areas(pd.Series({"A": 50.0, "B": 320.0}), pd.Series({"A": 330.0, "B": 52.0}))
    {'A': 'B', 'B': 'A'}
    """
    known = known.reindex(found.index)
    both = (found > 0) & (known > 0)
    names = [str(name) for name in found.index[both]]
    if len(names) < 2:
        return {}
    file, truth = (numbers[both].to_numpy(dtype=float) for numbers in (found, known))
    apart = np.abs(np.log(file / file.sum())[:, None] - np.log(truth / truth.sum())[None, :])
    for off_by, fits_to in ((_SLIGHTLY_OFF, _FITS_WELL), (_OFF, _FITS)):
        off = np.flatnonzero(np.diag(apart) > off_by)
        rows, columns = scipy.optimize.linear_sum_assignment(apart[np.ix_(off, off)])
        rows, columns = off[rows], off[columns]
        moved = rows != columns
        unexplained = int((~moved).sum())
        here, there = rows[moved], columns[moved]
        if (
            len(here)
            and unexplained <= (len(here) // 2 if off_by == _OFF else 0)
            and (apart[here, there] <= fits_to).all()
            and apart[here, there].sum() <= _BETTER * apart[here, here].sum()
        ):
            return {names[row]: names[column] for row, column in zip(here, there, strict=True)}
    return {}


def swapped_notice(found: pd.Series, known: pd.Series) -> Message | None:
    """
    Say which areas have each other's people, and what to do.

    Parameters
    ----------
    found : pandas.Series
        People by the file, by area [people].
    known : pandas.Series
        Known people, by area [people].

    Returns
    -------
    Message or None
        The warning; None where nothing is exchanged.
    """
    exchanged = swapped_areas(found, known)
    if not exchanged:
        return None
    pairs = {tuple(sorted(pair)) for pair in exchanged.items() if exchanged.get(pair[1]) == pair[0]}
    if len(exchanged) == 2 and pairs:
        a, b = next(iter(pairs))
        return msg(
            "The population file gives {a} the people of {b} and the reverse: {a} has {found_a:.0f} by the file and {known_a:.0f} by the known numbers, {b} has {found_b:.0f} and {known_b:.0f}. Every place was scaled to the known numbers; where in {a} and {b} people live stays doubtful, so get a corrected file.",
            a=a,
            b=b,
            found_a=float(found[a]),
            found_b=float(found[b]),
            known_a=float(known[a]),
            known_b=float(known[b]),
        )
    return msg(
        "The population file gives {n} areas each other's people: {pairs}. Every place was scaled to the known numbers; where in these areas people live stays doubtful, so get a corrected file.",
        n=len(exchanged),
        pairs="; ".join(f"{a} ← {b}" for a, b in exchanged.items()),
    )
