"""The small map of a hearing sheet: the village, its school today and the one of the plan, on the county's own ground."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from planning.report.printing.blocks import Figure, Key
from planning.report.printing.drawings import drawing_style

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.i18n import Translator
    from planning.report.figures import Ground

__all__ = ["GroundPieces", "MapPoint", "ground_pieces", "village_map"]

#: Width of the map over its height, and the narrowest stretch of land that it shows [m].
RATIO, _NARROWEST_M = 2.5, 5000.0
#: Room around what must be seen [share of the width], and sizes of signs and letters [1/1000 of the width].
_RIM, _SIGN, _LETTER = 0.22, 7.0, 19.0
#: At this width of the view lines are as thick as on a map of the whole county [units].
_FULL = 600.0
_THICKNESS = re.compile(r"(stroke-width: )([\d.]+)")
_TODAY, _PLANNED, _HOME = "#08306b", "#00806b", "#d95f0e"
_STAR = "M0 -15 L3.9 -5.3 14.3 -4.6 6.3 2 8.8 12.1 0 6.6 -8.8 12.1 -6.3 2 -14.3 -4.6 -3.9 -5.3Z"


@dataclass(frozen=True)
class MapPoint:
    """
    A school on the map of a village.

    Parameters
    ----------
    x, y : float
        Where [m].
    name : str
        Its name, as outsiders wrote it.
    is_planned : bool
        True for the school of the plan, False for that of today.
    """

    x: float
    y: float
    name: str
    is_planned: bool


@dataclass(frozen=True)
class GroundPieces:
    """
    The lines of a county's ground one by one, so that a small map holds only what lies on it.

    Parameters
    ----------
    ground : Ground
        The ground.
    kinds : tuple of (str, tuple of str, numpy.ndarray)
        By kind, the lowest first: its lines as path data, and the box of each, shape (n, 4) [tenths of a unit].
    """

    ground: Ground
    kinds: tuple[tuple[str, tuple[str, ...], NDArray[np.int64]], ...]

    def draw(self, view: tuple[float, float, float, float]) -> str:
        """
        Draw what lies in a view.

        Parameters
        ----------
        view : tuple of float
            Left, top, width and height [units].

        Returns
        -------
        str
            SVG elements.
        """
        left, top, right, bottom = view[0] * 10, view[1] * 10, (view[0] + view[2]) * 10, (view[1] + view[3]) * 10
        found = []
        for kind, paths, box in self.kinds:
            seen = (box[:, 0] <= right) & (box[:, 2] >= left) & (box[:, 1] <= bottom) & (box[:, 3] >= top)
            path = "".join(paths[at] for at in np.flatnonzero(seen))
            if path:
                found.append(f'<path class="{kind}" d="{path}"/>')
        land = f'<path class="land" transform="scale(0.1)" fill-rule="evenodd" d="{self.ground.county}"/>'
        line = f'<path class="county" transform="scale(0.1)" d="{self.ground.county}"/>'
        return f'{land}<g id="lines"><g transform="scale(0.1)">{"".join(found)}</g>{line}</g>'


def ground_pieces(ground: Ground) -> GroundPieces:
    """
    Take the ground of a county apart.

    Parameters
    ----------
    ground : Ground
        As :func:`planning.report.figures.draw_ground` draws it.

    Returns
    -------
    GroundPieces
        Its lines with their boxes.
    """
    kinds = []
    for kind, path in ground.lines:
        paths = tuple(f"M{part}" for part in path.split("M") if part)
        box = np.array([_box(part) for part in paths], dtype=np.int64).reshape(-1, 4)
        kinds.append((kind, paths, box))
    return GroundPieces(ground, tuple(kinds))


def _box(path: str) -> tuple[int, int, int, int]:
    """Give the box of a line whose points stand each from the one before."""
    steps = np.array(path.replace("M", " ").replace("l", " ").replace("z", " ").split(), dtype=np.int64).reshape(-1, 2)
    at = np.cumsum(steps, axis=0)
    (left, top), (right, bottom) = at.min(axis=0), at.max(axis=0)
    return int(left), int(top), int(right), int(bottom)


def village_map(t: Translator, pieces: GroundPieces, homes: NDArray[np.float64], schools: Sequence[MapPoint]) -> Figure:
    """
    Draw a village and its schools.

    Parameters
    ----------
    t : Translator
        The language.
    pieces : GroundPieces
        The county's ground.
    homes : numpy.ndarray, shape (n, 2)
        Where the children live [m]; one place at least.
    schools : sequence of MapPoint
        Schools of today and of the plan.

    Returns
    -------
    Figure
        A part of the county's map, with signs, names, scale and north, and its legend.
    """
    ground = pieces.ground
    at = ground.place(homes)
    spots = [(*ground.place(np.array([[school.x, school.y]]))[0], school) for school in schools]
    view = _view(np.vstack([at, *(np.array([[x, y]]) for x, y, _ in spots)]), ground)
    unit = view[2] / 1000
    drawn = [_square(x, y, _SIGN * 0.55 * unit) for x, y in at]
    above = True
    for x, y, school in sorted(spots, key=lambda spot: spot[1]):
        drawn.append(_sign(x, y, unit, is_planned=school.is_planned))
        drawn.append(
            _label(x, y + (-1.3 if above else 2.1) * _LETTER * unit * 0.8, school.name, unit, school.is_planned)
        )
        above = not above
    drawn.append(_scale(t, view, ground, unit))
    left, above_it, width, height = view
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="village" viewBox="{left:.2f} {above_it:.2f} {width:.2f} {height:.2f}">'
        f"<style>{_thinned(width)}</style>{pieces.draw(view)}{''.join(drawn)}</svg>"
    )
    legend = [Key(t("Where the children live"), colour=_HOME), Key(t("School today"), sign=_key(is_planned=False))]
    if any(school.is_planned for school in schools):
        legend.append(Key(t("School of the plan"), sign=_key(is_planned=True)))
    return Figure((drawing,), width, height, legend=tuple(legend))


def _view(at: NDArray[np.float64], ground: Ground) -> tuple[float, float, float, float]:
    low, high = at.min(axis=0), at.max(axis=0)
    middle = (low + high) / 2
    across, down = (high - low) * (1 + 2 * _RIM)
    width = max(float(across), float(down) * RATIO, _NARROWEST_M / ground.unit_m)
    height = width / RATIO
    return float(middle[0]) - width / 2, float(middle[1]) - height / 2, width, height


def _thinned(width: float) -> str:
    """Give the style of maps with lines as thick on paper as on the map of the whole county."""
    times = min(width / _FULL, 1.0)
    return _THICKNESS.sub(lambda found: f"{found[1]}{float(found[2]) * times:.2f}", drawing_style())


def _square(x: float, y: float, half: float) -> str:
    return (
        f'<rect x="{x - half:.2f}" y="{y - half:.2f}" width="{2 * half:.2f}" height="{2 * half:.2f}" fill="{_HOME}" '
        f'stroke="#fff" stroke-width="{half / 5:.2f}"/>'
    )


def _sign(x: float, y: float, unit: float, *, is_planned: bool) -> str:
    if is_planned:
        size = unit * _SIGN * 2 / 15
        return f'<path transform="translate({x:.2f} {y:.2f}) scale({size:.3f})" fill="{_PLANNED}" stroke="#fff" stroke-width="1.4" d="{_STAR}"/>'
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{_SIGN * unit:.2f}" fill="{_TODAY}" stroke="#fff" stroke-width="{unit * 1.5:.2f}"/>'


def _label(x: float, y: float, name: str, unit: float, is_planned: bool) -> str:
    colour = _PLANNED if is_planned else _TODAY
    size = _LETTER * unit
    return (
        f'<text x="{x:.2f}" y="{y:.2f}" style="font-size:{size:.2f}px;fill:{colour};font-weight:700;'
        f'stroke-width:{size / 5:.2f}px">{escape(name)}</text>'
    )


def _scale(t: Translator, view: tuple[float, float, float, float], ground: Ground, unit: float) -> str:
    left, top, width, height = view
    power = 10.0 ** math.floor(math.log10(width * ground.unit_m / 5))
    metres = max(step * power for step in (1, 2, 5) if step * power <= width * ground.unit_m / 5)
    long, x, y = metres / ground.unit_m, left + 25 * unit, top + height - 25 * unit
    words = t("{n} km", n=t.number(metres / 1000)) if metres >= 1000 else t("{n} m", n=t.number(metres))
    size, tall = _LETTER * unit, 8 * unit
    east, north = left + width - 35 * unit, top + 60 * unit
    return (
        f'<path d="M{x:.2f} {y - tall:.2f}V{y:.2f}H{x + long:.2f}V{y - tall:.2f}" fill="none" stroke="#222" stroke-width="{2 * unit:.2f}"/>'
        f'<text x="{x + long / 2:.2f}" y="{y - tall:.2f}" style="font-size:{size:.2f}px;fill:#222;stroke-width:{size / 6:.2f}px">{escape(words)}</text>'
        f'<path transform="translate({east:.2f} {north:.2f}) scale({unit:.3f})" d="M0 -34 L11 8 L0 0 L-11 8 Z" fill="#222"/>'
        f'<text x="{east:.2f}" y="{north + 30 * unit:.2f}" style="font-size:{size:.2f}px;fill:#222;stroke-width:{size / 6:.2f}px">{escape(t("N"))}</text>'
    )


def _key(*, is_planned: bool) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 16 16">'
        f"{_sign(0.0, 0.0, 0.5 if is_planned else 0.7, is_planned=is_planned)}</svg>"
    )
