"""Charts over years: several lines, a level line they are held against, and a name for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planning.i18n import Translator
from planning.report.charts import HEIGHT, WIDTH, Tick, round_steps

__all__ = ["YearChart", "YearLine", "draw_years"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 18.0, 16.0, 52.0
_MOST_YEARS = 6


@dataclass(frozen=True)
class YearLine:
    """
    A line of a chart.

    Parameters
    ----------
    kind : str
        What it is, for its colour.
    name : str
        What it is, in words.
    path : str
        The line as SVG path data.
    points : tuple of (float, float, str)
        Right and down [units], and the value in words.
    """

    kind: str
    name: str
    path: str
    points: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class YearChart:
    """
    Lines over years.

    Parameters
    ----------
    title, along : str
        What the lines show, and what stands along the lower axis.
    width, height, left, right, top, bottom : float
        Size, and edges of the field [units].
    lines : tuple of YearLine
        Those drawn last lie on top.
    level : float or None
        Height of the level line [units]; None where it is not known.
    level_name : str
        What it is, in words.
    across, upward : tuple of Tick
        Marks of the axes.
    """

    title: str
    along: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    lines: tuple[YearLine, ...]
    level: float | None
    level_name: str
    across: tuple[Tick, ...]
    upward: tuple[Tick, ...]


def draw_years(
    t: Translator,
    title: str,
    years: Sequence[int],
    lines: Mapping[str, Sequence[float]],
    *,
    names: Mapping[str, str],
    along: str,
    level: float,
    level_name: str,
) -> YearChart:
    """
    Draw lines over years; the upward axis begins at 0, so that heights may be compared.

    Parameters
    ----------
    t : Translator
        The language.
    title : str
        What the lines show.
    years : sequence of int
        The years, rising.
    lines : Mapping
        Values of each line, one a year.
    names : Mapping
        Name of each line in words.
    along : str
        What stands along the lower axis.
    level : float
        What the lines are held against; NaN where it is not known.
    level_name : str
        What it is, in words.

    Returns
    -------
    YearChart
        The drawing.
    """
    values = [value for line in lines.values() for value in line] + ([level] if math.isfinite(level) else [])
    steps = round_steps(0.0, max(values))
    right, bottom = WIDTH - _RIGHT, HEIGHT - _BOTTOM

    def _x(year: int) -> float:
        share = (year - years[0]) / max(years[-1] - years[0], 1)
        return round(_LEFT + 12 + share * (right - _LEFT - 24), 1)

    def _y(value: float) -> float:
        return round(bottom - value / steps[-1] * (bottom - _TOP), 1)

    every = max(1, math.ceil(len(years) / _MOST_YEARS))
    return YearChart(
        title=title,
        along=along,
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        right=right,
        top=_TOP,
        bottom=bottom,
        lines=tuple(
            YearLine(
                kind,
                names[kind],
                "M" + "L".join(f"{_x(year)} {_y(value)}" for year, value in zip(years, line, strict=True)),
                tuple(
                    (_x(year), _y(value), f"{year} · {names[kind]} · {t.number(value)}")
                    for year, value in zip(years, line, strict=True)
                ),
            )
            for kind, line in lines.items()
        ),
        level=_y(level) if math.isfinite(level) else None,
        level_name=level_name,
        across=tuple(Tick(_x(year), str(year) if place % every == 0 else "") for place, year in enumerate(years)),
        upward=tuple(Tick(_y(step), t.number(step)) for step in steps),
    )
