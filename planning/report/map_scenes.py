"""What a map shows at one moment, and how little of it an edit has to send: what differs from a reference that the browser holds."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import folium
import numpy as np
from folium.template import Template
from numpy.typing import NDArray

__all__ = ["PushScene", "Scene", "pack_scene"]


@dataclass(frozen=True, eq=False)
class Scene:
    """
    What a map shows.

    Parameters
    ----------
    classes : numpy.ndarray of uint8, shape (n_cells,)
        Class of each cell: position in the legend plus 1; 0 where the cell is not drawn.
    schools : sequence of Mapping
        Marks of schools by ``id``; plain data.
    legend : Mapping
        Title, entries, and lines about schools; plain data.
    sites : numpy.ndarray of uint16, shape (n_cells,), optional
        School of each cell, as a position in ``site_ids`` plus 1, told under the pointer.
    site_ids : sequence of str
        Schools that ``sites`` counts.
    was_m, now_m : numpy.ndarray, shape (n_cells,), optional
        The way before and after [m]; sent for the cells where they differ, in units of 10 m.
    """

    classes: NDArray[np.uint8]
    schools: Sequence[Mapping[str, Any]]
    legend: Mapping[str, Any]
    sites: NDArray[np.uint16] | None = None
    site_ids: Sequence[str] = ()
    was_m: NDArray[np.float64] | None = None
    now_m: NDArray[np.float64] | None = None


def pack_scene(scene: Scene) -> bytes:
    """
    Pack a scene as a reference, to be fetched by its address.

    Parameters
    ----------
    scene : Scene
        What is shown without edits.

    Returns
    -------
    bytes
        gzip of JSON, as ``planmap.js`` reads it.
    """
    content: dict[str, Any] = {
        "classes": _deflated(scene.classes.astype("u1")),
        "schools": list(scene.schools),
        "legend": scene.legend,
    }
    if scene.sites is not None:
        content |= {"sites": _deflated(scene.sites.astype("<u2")), "site_ids": list(scene.site_ids)}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    packer = zlib.compressobj(6, wbits=31)
    return packer.compress(text.encode()) + packer.flush()


class PushScene(folium.FeatureGroup):
    """
    A scene handed to the map in the browser as if it were a layer.

    Parameters
    ----------
    scene : Scene
        What to show.
    act : Mapping
        ``revision``, ``click`` and ``select``: what number this is, and what clicks do.
    reference : Scene, optional
        What the browser fetches once: then only what differs from it is sent, in whichever form is the shorter.
    reference_url : str
        Its address.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = L.layerGroup(); window.planmap && window.planmap.push({{ this.payload }});"
        "{% endmacro %}"
    )

    def __init__(
        self, scene: Scene, act: Mapping[str, Any], *, reference: Scene | None = None, reference_url: str = ""
    ) -> None:
        super().__init__()
        self._name = "FeatureGroup"
        content: dict[str, Any] = dict(act)
        held = None if reference is None else reference.classes
        content["classes"] = _shortest(scene.classes.astype("u1"), held)
        if reference is None:
            content |= {"schools": list(scene.schools), "legend": scene.legend}
        else:
            content |= {"reference": reference_url, **_changed_schools(scene.schools, reference.schools)}
            if scene.legend != reference.legend:
                content["legend"] = scene.legend
        if scene.sites is not None:
            held_sites = None if reference is None else reference.sites
            content["sites"] = _shortest(scene.sites.astype("<u2"), held_sites)
            if reference is None or list(scene.site_ids) != list(reference.site_ids):
                content["site_ids"] = list(scene.site_ids)
        if scene.was_m is not None and scene.now_m is not None:
            was, now = _tens(scene.was_m), _tens(scene.now_m)
            changed = was != now
            if changed.any():
                nowhere = np.zeros_like(was)
                content["was"], content["now"] = (_shortest(np.where(changed, way, 0), nowhere) for way in (was, now))
        # The text is run as a script: "<" must not end it, and folium's own placeholders must find nothing to replace.
        self.payload = (
            json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
            .replace("<", "\\u003c")
            .replace("{{", "{\\u007b")
        )


def _changed_schools(
    schools: Sequence[Mapping[str, Any]], reference: Sequence[Mapping[str, Any]]
) -> dict[str, list[Any]]:
    held = {school["id"]: school for school in reference}
    shown = {school["id"] for school in schools}
    return {
        "changed": [school for school in schools if held.get(school["id"]) != school],
        "gone": [identity for identity in held if identity not in shown],
    }


def _shortest(values: NDArray[Any], reference: NDArray[Any] | None) -> dict[str, str]:
    """Pack values whole, or as gaps between changed positions and what stands there, which is read without unpacking."""
    whole = {"all": _deflated(values)}
    if reference is None:
        return whole
    at = np.flatnonzero(values != reference.astype(values.dtype))
    # Three bytes for a changed cell at the least: there is no use in writing down what cannot be shorter.
    if 3 * len(at) > len(whole["all"]):
        return whole
    part = {"gaps": _plain(_varints(np.diff(at, prepend=0))), "to": _plain(values[at])}
    return part if len(part["gaps"]) + len(part["to"]) < len(whole["all"]) else whole


def _varints(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Write whole numbers below 2**28 in groups of seven bits, the lowest first; a set eighth bit says that more follows."""
    length = 1 + (numbers >= 1 << 7) + (numbers >= 1 << 14) + (numbers >= 1 << 21)
    start = np.cumsum(length) - length
    packed = np.zeros(int(length.sum()), dtype=np.uint8)
    for group in range(4):
        there = length > group
        more = np.where(length[there] > group + 1, 128, 0)
        packed[start[there] + group] = (numbers[there] >> 7 * group & 127) | more
    return packed


def _tens(way_m: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Count ways in tens of metres plus 1; the greatest number where there is no path."""
    tens = np.minimum(np.rint(np.nan_to_num(way_m, posinf=0.0) / 10) + 1, 65_534)
    return np.where(np.isfinite(way_m), tens, 65_535).astype("<u2")


def _deflated(values: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(values.tobytes(), 6)).decode()


def _plain(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()
