"""Drawings of a page as figures of a document: each an SVG that stands alone, shared ground kept apart and read once."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lxml import etree, html

from planning.report.page_parts import distance_legend, page_templates
from planning.report.printing.blocks import Figure, Key

if TYPE_CHECKING:
    from planning.i18n import Translator
    from planning.report.figures import Ground, MapSheet

__all__ = ["drawing_style", "figure_of_page", "figure_of_svg", "map_figure", "parse_page", "shared_parts"]

_SVG = "http://www.w3.org/2000/svg"
#: The parser of pages knows no capitals.
_NAMES = {"viewbox": "viewBox", "clippath": "clipPath"}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
#: Control characters may stand in a page, but in no XML.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Charts stand side by side; a map takes the width of the page.
_CHART_SHARE = 0.5
#: Sign of a line in the legend of a chart.
_LINE_SIGN = '<svg viewBox="0 0 22 12"><path class="line {kind}" d="M0 6H22"/></svg>'


def parse_page(page: str) -> Any:
    """
    Read a page that this program made.

    Parameters
    ----------
    page : str
        HTML.

    Returns
    -------
    lxml.html.HtmlElement
        Its body.
    """
    parser = html.HTMLParser(huge_tree=True, encoding="utf-8")
    root = html.document_fromstring(_FORBIDDEN.sub("", page).encode("utf-8"), parser=parser)
    return root.find("body")


def shared_parts(body: Any) -> dict[str, Any]:
    """
    Collect what drawings refer to.

    Parameters
    ----------
    body : lxml.html.HtmlElement
        A page.

    Returns
    -------
    dict of str to element
        By the name that it is referred to by.
    """
    return {str(part.get("id")): part for part in body.iterfind(".//svg[@id='defs']//*[@id]")}


def figure_of_page(figure: Any, parts: Mapping[str, Any]) -> Figure:
    """
    Make a figure of one that stands on a page.

    Parameters
    ----------
    figure : lxml.html.HtmlElement
        A ``figure`` with its drawing, caption and legend.
    parts : Mapping
        What the drawing refers to, as :func:`shared_parts` gives it.

    Returns
    -------
    Figure
        The same figure.
    """
    is_chart = "chart" in (figure.get("class") or "")
    drawing = figure.find("svg")
    caption = figure.find("figcaption")
    legends = figure.xpath(".//*[contains(concat(' ', @class, ' '), ' legend ')]")
    return figure_of_svg(
        drawing,
        parts,
        kind="chart" if is_chart else "map",
        caption=_text(caption) if is_chart and caption is not None else "",
        legend=tuple(key for legend in legends for key in _keys(legend, parts)),
        share=_CHART_SHARE if is_chart else 1.0,
    )


def figure_of_svg(
    drawing: Any,
    parts: Mapping[str, Any],
    *,
    kind: str,
    caption: str = "",
    legend: Sequence[Key] = (),
    share: float = 1.0,
    view: tuple[float, float, float, float] | None = None,
) -> Figure:
    """
    Make a figure of a drawing.

    Parameters
    ----------
    drawing : lxml element
        An ``svg`` of a page.
    parts : Mapping
        What it refers to.
    kind : str
        ``map`` or ``chart``: which rules of the style sheet hold.
    caption : str
        What is shown.
    legend : sequence of Key
        Its legend.
    share : float
        Width on the page, 1 is that between the margins.
    view : tuple of float, optional
        Left, top, width and height of what is shown [units]; all of it by default.

    Returns
    -------
    Figure
        The figure; ground that drawings share is a layer of its own.
    """
    box = drawing.get("viewbox") or drawing.get("viewBox")
    left, top, width, height = view or (float(number) for number in box.split())
    layers = tuple(
        _document(children, parts, kind=kind, box=f"{left:g} {top:g} {width:g} {height:g}")
        for children in _layers(drawing)
    )
    return Figure(layers, width, height, caption=caption, legend=tuple(legend), share=share)


def map_figure(
    t: Translator,
    ground: Ground,
    sheet: MapSheet,
    *,
    has_boundary: bool,
    legend: Sequence[tuple[str, str]] | None = None,
    caption: str = "",
    share: float = 1.0,
) -> Figure:
    """
    Make a figure of a map of the report, with its legend, scale and north.

    Parameters
    ----------
    t : Translator
        The language.
    ground : Ground
        The county's ground, as :func:`planning.report.figures.draw_ground` draws it.
    sheet : MapSheet
        One map upon it.
    has_boundary : bool
        Whether the project names the county's line.
    legend : sequence of (str, str), optional
        Colours and what they mean; the classes of distance by default.
    caption : str
        What is shown.
    share : float
        Width on the page, 1 is that between the margins.

    Returns
    -------
    Figure
        The figure.
    """
    entries = distance_legend(t) if legend is None else legend
    page = (
        page_templates()
        .from_string(_ONE_MAP)
        .render(t=t, ground=ground, has_boundary=has_boundary, map=sheet, legend=entries)
    )
    body = parse_page(page)
    figure = figure_of_page(body.find(".//figure"), shared_parts(body))
    return Figure(figure.layers, figure.width, figure.height, caption, figure.legend, share)


#: A page with one map.
_ONE_MAP = """{% from "drawings.html" import drawing, shared with context %}
<html><body>{{ shared() }}{{ drawing(map, legend) }}</body></html>"""


@functools.cache
def drawing_style() -> str:
    """
    Give the rules that colour drawings, the same as on the page.

    Returns
    -------
    str
        A style sheet; ``{font}`` stands for the family of the document's font.
    """
    sheet = page_templates().get_template("drawing.css").render()
    return f'text{{font-family:"{{font}}"}}{sheet}'


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _keys(legend: Any, parts: Mapping[str, Any]) -> Iterator[Key]:
    for entry in legend.iterfind("span"):
        sign, swatch, text = entry.find("svg"), entry.find("i"), _text(entry)
        if sign is not None:
            yield Key(text, sign=figure_of_svg(sign, parts, kind="key").layers[0])
        elif swatch is not None and "background" in (swatch.get("style") or ""):
            yield Key(text, colour=swatch.get("style").split(":")[1].strip(" ;"))
        elif swatch is not None:
            line = html.fragment_fromstring(_LINE_SIGN.format(kind=swatch.get("class") or ""))
            if swatch.get("class") == "level":
                line.find("path").set("class", "level")
            yield Key(text, sign=figure_of_svg(line, parts, kind="chart").layers[0])


def _layers(drawing: Any) -> Iterator[list[Any]]:
    """Keep apart what lies where it was drawn, which is the ground of all maps; the rest stays together, in order."""
    together: list[Any] = []
    for child in drawing:
        if child.tag == "use" and child.get("x") is None:
            if together:
                yield together
            yield [child]
            together = []
        else:
            together.append(child)
    if together:
        yield together


def _document(children: Sequence[Any], parts: Mapping[str, Any], *, kind: str, box: str) -> str:
    root = etree.Element("svg", {"viewBox": box, "class": kind}, nsmap={None: _SVG})
    etree.SubElement(root, "style").text = drawing_style()
    needed = etree.SubElement(root, "defs")
    copies = [copy.deepcopy(child) for child in children]
    names, seen = [name for child in copies for name in _referred(child)], set()
    while names:
        name = names.pop()
        if name in seen or name not in parts:
            continue
        seen.add(name)
        part = copy.deepcopy(parts[name])
        names.extend(_referred(part))
        needed.append(part)
    root.extend(copies)
    for element in list(root.iter()):
        if element.tag == "title":  # the words under a pointer; paper has none
            element.getparent().remove(element)
            continue
        element.tag = _NAMES.get(element.tag, element.tag)
        element.tail = None
        for name in set(element.attrib) & set(_NAMES):
            element.set(_NAMES[name], element.attrib.pop(name))
    return str(etree.tostring(root, encoding="unicode"))


def _referred(element: Any) -> Iterator[str]:
    for inner in element.iter():
        for name, value in inner.attrib.items():
            if name.endswith("href") and value.startswith("#"):
                yield value[1:]
            elif "url(#" in value:
                yield from _REFERENCE.findall(value)
