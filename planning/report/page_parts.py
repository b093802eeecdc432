"""What pages and paper share: the templates they are filled from, and the words of a map's colours."""

from __future__ import annotations

import functools
import math
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from planning.report.figures import DISTANCE_CLASSES_M, DISTANCE_COLOURS, NO_WAY_COLOUR

if TYPE_CHECKING:
    from planning.i18n import Translator

__all__ = ["distance_legend", "page_templates"]


@functools.cache
def page_templates() -> jinja2.Environment:
    """
    Give the templates of pages and drawings.

    Returns
    -------
    jinja2.Environment
        Everything that is filled in is escaped.
    """
    folder = Path(str(resources.files("planning.report") / "templates"))
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def distance_legend(t: Translator) -> list[tuple[str, str]]:
    """
    Explain the colours of maps of distances.

    Parameters
    ----------
    t : Translator
        The language.

    Returns
    -------
    list of (str, str)
        Colour and words.
    """
    entries, start = [], 0.0
    for end, colour in zip(DISTANCE_CLASSES_M, DISTANCE_COLOURS, strict=True):
        words = (
            t("{a}–{b} km", a=t.number(start / 1000), b=t.number(end / 1000))
            if math.isfinite(end)
            else t("over {a} km", a=t.number(start / 1000))
        )
        entries.append((colour, words))
        start = end
    return [*entries, (NO_WAY_COLOUR, t("no way to a school"))]
