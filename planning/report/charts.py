"""Small charts as drawings: one line over numbers, marks on its points, round numbers on its axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from planning.i18n import Translator

__all__ = ["Chart", "Tick", "draw_chart"]

#: Size of a chart, and where its field lies [units].
WIDTH, HEIGHT = 480.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 22.0, 34.0, 52.0
_MOST_TICKS = 6
#: Width of a digit [units].
_LETTER = 8.2


@dataclass(frozen=True)
class Tick:
    """
    A mark on an axis.

    Parameters
    ----------
    at : float
        Where it stands along the axis [units].
    text : str
        What it says; empty where there is no room.
    """

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """
    A line over numbers.

    Parameters
    ----------
    title, along : str
        What the line shows, and what stands along the lower axis.
    width, height : float
        Size [units].
    left, right, top, bottom : float
        Edges of the field in which the line runs [units].
    path : str
        The line as SVG path data.
    points : tuple of (float, float, bool, str)
        Right and down [units], whether the point is the answer itself, and its value in words.
    across, upward : tuple of Tick
        Marks of the lower and of the left axis.
    """

    title: str
    along: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    path: str
    points: tuple[tuple[float, float, bool, str], ...]
    across: tuple[Tick, ...]
    upward: tuple[Tick, ...]


def draw_chart(
    t: Translator,
    title: str,
    at: Sequence[float],
    values: Sequence[float],
    *,
    along: str,
    sign: str = "",
    marked: Sequence[float] = (),
    in_years: bool = False,
) -> Chart:
    """
    Draw a line through some points.

    Parameters
    ----------
    t : Translator
        The language of the numbers.
    title : str
        What the line shows.
    at : sequence of float
        Where each point stands along the lower axis, rising.
    values : sequence of float
        Value of each point; nan where there is none.
    along : str
        What stands along the lower axis.
    sign : str
        What follows a value, such as ``%``.
    marked : sequence of float
        Places along the lower axis whose points are the answer itself.
    in_years : bool
        True where the lower axis holds years, which are written without a mark at the thousands.

    Returns
    -------
    Chart
        The drawing; the left axis starts near the lowest value, not at 0.
    """
    known = [(x, y) for x, y in zip(at, values, strict=True) if math.isfinite(y)]
    steps = round_steps(min(y for _, y in known), max(y for _, y in known))
    low, high = steps[0], steps[-1]
    first, last = min(at), max(at)
    digits = _digits(steps)
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def _place_x(x: float) -> float:
        share = (x - first) / (last - first) if last > first else 0.5
        return round(_LEFT + 14 + share * (right - _LEFT - 28), 1)

    def _place_y(y: float) -> float:
        return round(bottom - (y - low) / (high - low) * (bottom - _TOP), 1)

    def _in_words(x: float) -> str:
        return str(int(x)) if in_years else t.number(x)

    places = [(_place_x(x), _place_y(y)) for x, y in known]
    return Chart(
        title=title,
        along=along,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=right,
        top=_TOP,
        bottom=bottom,
        path="M" + "L".join(f"{x} {y}" for x, y in places),
        points=tuple(
            (*place, x in marked, f"{_in_words(x)}: {t.number(y, digits + 1)}{sign}")
            for place, (x, y) in zip(places, known, strict=True)
        ),
        across=_with_room([Tick(_place_x(x), _in_words(x)) for x in at]),
        upward=tuple(Tick(_place_y(y), f"{t.number(y, digits)}{sign}") for y in steps),
    )


def round_steps(low: float, high: float) -> list[float]:
    """
    Give round numbers from below the lowest to above the highest value.

    Parameters
    ----------
    low, high : float
        Lowest and highest value.

    Returns
    -------
    list of float
        Two at least, at equal steps of 1, 2 or 5 times a power of ten.
    """
    span = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-9)
    power = 10.0 ** math.floor(math.log10(span))
    step = next(factor * power for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10) if span / (factor * power) <= _MOST_TICKS - 2)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _with_room(ticks: Sequence[Tick]) -> tuple[Tick, ...]:
    """Leave out the words that would run into those before them, or into the last ones."""
    kept = [Tick(tick.at, "") for tick in ticks]
    for number in (len(ticks) - 1, *range(len(ticks) - 1)):
        half = _LETTER * (len(ticks[number].text) + 1) / 2
        if all(abs(tick.at - ticks[number].at) >= half + _LETTER * len(tick.text) / 2 for tick in kept if tick.text):
            kept[number] = ticks[number]
    return tuple(kept)


def _digits(steps: Sequence[float]) -> int:
    """Give the digits that tell neighbouring steps apart."""
    return max(0, -math.floor(math.log10(steps[1] - steps[0]) + 1e-9))
