"""The map of pupils on the roads as one picture, with the first dangers by their numbers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from planning.report.ways_to_school import CLASSES

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.report.ways_to_school import WayMap
    from planning.ui.children.work import MapGround

__all__ = ["legend_html", "way_svg"]

_DANGER = "#cb181d"
#: Width and colour of what lies under the ways [tenths of a unit].
_LINES = {
    "river": (11, "#6baed6"), "railway": (12, "#555555"), "motorway": (18, "#c9b2ae"), "trunk": (18, "#cfb8a6"),
    "primary": (16, "#cfc3ac"), "secondary": (12, "#cccccc"), "tertiary": (9, "#d2d2d2"), "minor": (6, "#dcdcdc"),
    "track": (4, "#e2e2e2"), "township": (8, "#9a90a8"), "county": (18, "#333333"),
}  # fmt: skip


def way_svg(drawn: WayMap, ground: MapGround, t: Translator) -> str:
    """Write the map; names are text of the data and are escaped."""
    width, height, scale_m, scale, county, lines = ground
    parts = [f'<path d="{county}" fill="#f6f5ef" transform="scale(0.1)"/>', '<g transform="scale(0.1)" fill="none">']
    for kind, path in lines:
        if kind == "water":
            parts.append(f'<path fill="#a6cee3" d="{path}"/>')
        elif kind in _LINES:
            dashes = ' stroke-dasharray="50 35"' if kind == "township" else ""
            parts.append(f'<path stroke="{_LINES[kind][1]}" stroke-width="{_LINES[kind][0]}"{dashes} d="{path}"/>')
    for size, colour, path in drawn.roads:
        if path:
            parts.append(f'<path stroke="{colour}" stroke-width="{size * 10}" stroke-linecap="round" stroke-linejoin="round" d="{path}"/>')  # fmt: skip
    parts.append("</g>")
    parts += [
        f'<circle cx="{spot.x:.1f}" cy="{spot.y:.1f}" r="4.5" fill="#08306b" stroke="#fff" stroke-width="1.3"/>'
        for spot in drawn.sheet.schools
    ]
    parts += [f'<text x="{label.x:.1f}" y="{label.y:.1f}">{escape(label.text)}</text>' for label in drawn.sheet.labels]
    for x, y, right, down, number in drawn.numbers:
        parts.append(
            f'<path d="M{x:.1f} {y:.1f}L{right:.1f} {down:.1f}" stroke="{_DANGER}" stroke-width="2"/>'
            f'<circle cx="{right:.1f}" cy="{down:.1f}" r="13" fill="{_DANGER}" stroke="#fff" stroke-width="1.5"/>'
            f'<text class="danger" x="{right:.1f}" y="{down + 6:.1f}">{number}</text>'
        )
    length = t("{n} km", n=t.number(scale_m / 1000)) if scale_m >= 1000 else t("{n} m", n=t.number(scale_m))
    parts.append(
        f'<g transform="translate(24,{height - 24})"><path d="M0 -8V0H{scale:.1f}V-8" fill="none" stroke="#222" stroke-width="2"/>'
        f'<text x="{scale / 2:.1f}" y="-14">{escape(length)}</text></g>'
        f'<g transform="translate({width - 40},48)"><path d="M0 -30L10 8L0 0L-10 8Z" fill="#222"/><text y="30">{escape(t("N"))}</text></g>'
    )  # fmt: skip
    style = (
        "text{text-anchor:middle;font:20px sans-serif;fill:#2b2b2b;paint-order:stroke;stroke:#fff;stroke-width:4px;"
        "stroke-opacity:.9;stroke-linejoin:round}.danger{fill:#fff;stroke:none;font-size:16px;font-weight:700}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<style>{style}</style><rect width="{width}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def legend_html(t: Translator) -> str:
    """Say what widths and signs of the map mean."""
    keys = []
    for place, (lower, width, colour) in enumerate(CLASSES):
        words = (
            t("{n} pupils and more", n=t.number(lower))
            if place + 1 == len(CLASSES)
            else t("{n}–{m} pupils", n=t.number(lower), m=t.number(CLASSES[place + 1][0] - 1))
        )
        keys.append(f'<span><i style="background:{colour};height:{max(width, 2):.0f}px"></i>{escape(words)}</span>')
    keys.append(f'<span><b style="background:{_DANGER}"></b>{escape(t("Danger, by its number in the table"))}</span>')
    keys.append(f'<span><b style="background:#08306b"></b>{escape(t("School"))}</span>')
    return f'<div class="pl-keys">{"".join(keys)}</div>'
