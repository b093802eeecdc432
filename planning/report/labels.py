"""Names on a map: put where they cover neither each other nor a school, left out where there is no room."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Label", "place_labels"]

#: Height of a letter in map units; the page's style must agree.
LETTER = {"site": 25.0, "township": 23.0}
_LONGEST = 16
_SPOT = 6.0
_STAR = 15.0

Kind = Literal["site", "township"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """
    A name at its place.

    Parameters
    ----------
    x, y : float
        Middle of its base line [units].
    text : str
        The name, cut where it is long.
    kind : str
        ``site`` or ``township``.
    """

    x: float
    y: float
    text: str
    kind: Kind


def place_labels(
    sites: Sequence[tuple[float, float, str]],
    townships: Sequence[tuple[float, float, str]],
    *,
    spots: Sequence[tuple[float, float]] = (),
    size: tuple[float, float],
) -> tuple[Label, ...]:
    """
    Place names, those of proposed sites first.

    Parameters
    ----------
    sites, townships : sequence of (float, float, str)
        Where the named thing is [units], and its name.
    spots : sequence of (float, float)
        Schools [units]: a name keeps off them where it can.
    size : tuple of float
        Width and height of the map [units].

    Returns
    -------
    tuple of Label
        No two of them overlap; a name without room is left out.
    """
    taken: list[Box] = [(x - _STAR, y - _STAR, x + _STAR, y + _STAR) for x, y, _ in sites]
    dots: list[Box] = [(x - _SPOT, y - _SPOT, x + _SPOT, y + _SPOT) for x, y in spots]
    placed: list[Label] = []
    kinds: tuple[tuple[Kind, Sequence[tuple[float, float, str]]], ...] = (("site", sites), ("township", townships))
    for kind, named in kinds:
        for x, y, name in named:
            label = _room_for(x, y, name, kind, taken, dots, size)
            if label is not None:
                placed.append(label)
                taken.append(_box(label))
    return tuple(placed)


def _room_for(
    x: float,
    y: float,
    name: str,
    kind: Kind,
    taken: Sequence[Box],
    dots: Sequence[Box],
    size: tuple[float, float],
) -> Label | None:
    """Find the place that covers least schools among those that cover no name and lie on the map."""
    text = " ".join(name.split())
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    if not text:
        return None
    wide, high = _width(text, kind), LETTER[kind]
    if kind == "site":
        tries = [
            (0.0, -_STAR - 4),
            (0.0, _STAR + high),
            (wide / 2 + _STAR + 4, high / 3),
            (-wide / 2 - _STAR - 4, high / 3),
        ]
    else:
        tries = [
            (right * wide / 2, high / 3 + down * high) for down in (0, -1.2, 1.2, -2.4, 2.4) for right in (0, -0.6, 0.6)
        ]
    best: tuple[int, int, Label] | None = None
    for rank, (right, down) in enumerate(tries):
        label = Label(min(max(x + right, wide / 2 + 4), size[0] - wide / 2 - 4), y + down, text, kind)
        box = _box(label)
        if box[1] < 0 or box[3] > size[1] or any(_overlap(box, other) for other in taken):
            continue
        covered = sum(_overlap(box, dot) for dot in dots)
        if best is None or (covered, rank) < best[:2]:
            best = (covered, rank, label)
    return None if best is None else best[2]


def _width(text: str, kind: str) -> float:
    """Guess how wide a text is: a Chinese character is as wide as high, a Latin letter about half."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.58 for letter in text) * LETTER[kind]


def _box(label: Label) -> Box:
    half, high = _width(label.text, label.kind) / 2 + 2, LETTER[label.kind]
    return (label.x - half, label.y - 0.9 * high, label.x + half, label.y + 0.25 * high)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
