"""Styles for QGIS: a colour for each code, and a legend in the user's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd
import jinja2

from planning.report.exchange.fields import COLUMNS, LEGENDS, code_label, column_label

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["qgis_style"]


@dataclass(frozen=True)
class _Look:
    """How a layer is drawn: by the codes of which column, labelled by which one."""

    by: str
    label: str
    shape: str
    size: float = 2.6


_LOOKS: Mapping[str, _Look] = MappingProxyType(
    {
        "catchments_nearest": _Look("stage", "name", "polygon"),
        "catchments_allocated": _Look("stage", "name", "polygon"),
        "unreachable": _Look("by", "", "polygon"),
        "sites": _Look("kind", "name", "point"),
        "proposed_sites": _Look("change", "name", "point", 3.2),
        "villages": _Look("stage", "village", "point", 1.4),
    }
)
#: Colours that people with red-green blindness tell apart (Okabe and Ito, 2008), by code; others take turns.
_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "primary": "0,114,178",
        "junior": "213,94,0",
        "kindergarten": "204,121,167",
        "senior": "0,158,115",
        "special": "120,120,120",
        "nearest": "178,24,43",
        "allocated": "230,159,0",
        "teaching_point": "86,180,233",
        "nine_year": "0,158,115",
        "secondary": "230,159,0",
        "new": "213,94,0",
        "closed": "100,100,100",
    }
)
_TURNS = ("0,114,178", "213,94,0", "0,158,115", "204,121,167", "230,159,0", "86,180,233", "100,100,100")
#: Characters that XML cannot hold at all.
_NO_XML = dict.fromkeys([*range(0x9), 0xB, 0xC, *range(0xE, 0x20), 0xFFFE, 0xFFFF])


def qgis_style(layer: str, table: gpd.GeoDataFrame, t: Translator, *, short: bool = False) -> str:
    """
    Write the style of a layer.

    Parameters
    ----------
    layer : str
        Name of the layer, out of ``LAYERS``.
    table : geopandas.GeoDataFrame
        The layer; its codes make the legend.
    t : Translator
        Language of the legend and of the columns' names.
    short : bool
        True where columns go by the short names of shapefiles.

    Returns
    -------
    str
        QML.
    """
    look = _LOOKS[layer]
    there = set(table[look.by].dropna().astype(str))
    codes = [code for code in LEGENDS.get(look.by, COLUMNS[look.by].codes) if code in there]
    codes += sorted(there - set(codes))
    categories = [
        {
            "code": code.translate(_NO_XML),
            "label": code_label(t, look.by, code).translate(_NO_XML),
            "rgb": _COLOURS.get(code, _TURNS[at % len(_TURNS)]),
        }
        for at, code in enumerate(codes)
    ]
    names = {name: COLUMNS[name].short if short else name for name in table.columns if name != "geometry"}
    folder = Path(str(resources.files("planning.report") / "templates"))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("exchange.qml").render(
        by=names[look.by],
        label=names.get(look.label, ""),
        shape=look.shape,
        size=look.size,
        categories=categories,
        aliases={field: column_label(t, name) for name, field in names.items()},
    )
