"""Roads from the Overpass service, through osmnx: answers are kept on disk, and a file is always the surer way."""

from __future__ import annotations

import logging
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import requests
import shapely

from planning.errors import SetAside, SourceError, msg
from planning.roads import WAY_COLUMNS, make_roads
from planning.sources.osm_stream import project, widened
from planning.sources.road_tags import LEFT_OUT, SourceRoads, reason_to_leave_out, road_columns

__all__ = ["OVERPASS_URL", "fetch_overpass_roads", "roads_of_graph"]

logger = logging.getLogger(__name__)

OVERPASS_URL = "https://overpass-api.de/api"
_SOURCE = "Overpass"
_FILTER = '["highway"]'
_WAY_TAGS = (
    *("highway", "area", "junction", "bridge", "tunnel", "surface", "motorroad", "name", "name:zh"),
    *("oneway", "oneway:motor_vehicle", "maxspeed", "maxspeed:forward", "maxspeed:backward"),
    *("access", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar"),
)
_PROBE_SECONDS = 10
_BUSY = frozenset({429, 504})
_MOST_REFUSALS = 2
_ASK_A_FILE = msg("Give the roads as a file instead (roads: file: …osm.pbf, for example from Geofabrik).")
# osmnx keeps its settings in a module: only one download at a time may have changed them.
_ONE_AT_A_TIME = threading.Lock()


def fetch_overpass_roads(
    area: shapely.Geometry,
    *,
    crs: pyproj.CRS,
    cache: Path,
    buffer_m: float = 0.0,
    url: str = OVERPASS_URL,
    timeout_s: float = 180.0,
) -> SourceRoads:
    """
    Download every road of an area from OpenStreetMap; a second call takes the kept answer and needs no network.

    Parameters
    ----------
    area : shapely.Geometry
        Polygon of the county in longitude and latitude [degrees].
    crs : pyproj.CRS
        The project's reference system [m].
    cache : pathlib.Path
        Folder in which answers are kept.
    buffer_m : float
        How far beyond the area to fetch roads [m].
    url : str
        Address of the service.
    timeout_s : float
        How long to wait for an answer [s].

    Returns
    -------
    SourceRoads
        As from a file; ways that reach over the line keep one segment beyond it.

    Raises
    ------
    SourceError
        If there is no network, or the service refuses or has no roads there; the words say to use a file.
    """
    wide = widened(area, crs=crs, buffer_m=buffer_m)
    try:
        with _osmnx(cache=cache, url=url, timeout_s=timeout_s) as osmnx:
            # simplify=False keeps every shape point; the service's own filter stays open, ours is told to the user.
            graph = osmnx.graph.graph_from_polygon(
                wide, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter=_FILTER
            )
    except requests.exceptions.ConnectionError as error:
        raise SourceError(
            msg(
                "Overpass ({url}) cannot be reached: there is no network, or it is blocked. {cure}",
                url=url,
                cure=_ASK_A_FILE,
            )
        ) from error
    except requests.exceptions.RequestException as error:
        raise SourceError(
            msg("Overpass ({url}) refused to answer ({detail}). {cure}", url=url, detail=str(error), cure=_ASK_A_FILE)
        ) from error
    except ValueError as error:  # osmnx's own errors, and an answer that is no answer, are all ValueErrors
        raise SourceError(
            msg(
                "Overpass ({url}) gave no roads for the county ({detail}). Check the boundary. {cure}",
                url=url,
                detail=str(error),
                cure=_ASK_A_FILE,
            )
        ) from error
    return roads_of_graph(graph, crs=crs)


def roads_of_graph(graph: nx.MultiDiGraph[int], *, crs: pyproj.CRS) -> SourceRoads:
    """
    Turn a graph of osmnx, not simplified, into the table of roads.

    Parameters
    ----------
    graph : networkx.MultiDiGraph
        Nodes with ``x``, ``y`` [degrees]; edges with ``osmid``, ``highway`` and other tags, ``oneway`` as osmnx or
        OpenStreetMap writes it, and ``reversed`` True on the twin that osmnx adds against the way's direction.
    crs : pyproj.CRS
        The project's reference system [m].

    Returns
    -------
    SourceRoads
        One way for each ``osmid``; where a way was cut, its further parts are called ``123.2``, ``123.3``, ...

    Raises
    ------
    SourceError
        If no road is left.
    """
    following: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    tags: dict[int, dict[str, str]] = {}
    for tail, head, data in graph.edges(data=True):
        if not data.get("reversed", False):
            following[data["osmid"]][tail].append(head)
            tags.setdefault(data["osmid"], _tags(data))
    left_out: dict[str, list[int]] = defaultdict(list)
    rows, ids, parts = [], [], []
    for way in sorted(following):
        reason = reason_to_leave_out(tags[way])
        if reason is not None:
            left_out[reason].append(way)
            continue
        row = road_columns(tags[way], source=_SOURCE)
        for n, part in enumerate(_chains(following[way]), start=1):
            rows.append(row)
            ids.append(str(way) if n == 1 else f"{way}.{n}")
            parts.append(np.array(part, dtype=np.int64))
    if not rows:
        raise SourceError(msg("Overpass gave no road that can be travelled. {cure}", cure=_ASK_A_FILE))
    refs = np.concatenate(parts)
    node_ids = np.unique(refs)
    lonlat = np.array([[graph.nodes[node]["x"], graph.nodes[node]["y"]] for node in node_ids.tolist()], dtype=float)
    roads = make_roads(
        pd.DataFrame(rows, index=pd.Index(ids), columns=list(WAY_COLUMNS)),
        node_ids=node_ids,
        xy=project(lonlat, crs=crs, file=_SOURCE),
        offsets=np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64),
        refs=refs,
    )
    told = tuple(
        SetAside(_SOURCE, f"way {ways[0]}", msg("Ways left out: {n} ({why}).", n=len(ways), why=LEFT_OUT[reason]))
        for reason, ways in sorted(left_out.items())
    )
    return SourceRoads(roads, told)


def _tags(data: Mapping[str, Any]) -> dict[str, str]:
    tags = {key: str(data[key]) for key in _WAY_TAGS if data.get(key) is not None}
    # osmnx has already turned the nodes of a way that may only be driven backwards: along them, it is a plain one-way.
    if tags.get("oneway") in {"True", "-1", "reverse", "T"}:
        tags["oneway"] = "yes"
    elif tags.get("oneway") == "False":
        tags["oneway"] = "no"
    return tags


def _chains(following: Mapping[int, list[int]]) -> Iterator[list[int]]:
    """String a way's segments together again, from tail to head; each segment comes in exactly one chain."""
    left = {tail: list(heads) for tail, heads in following.items()}
    entered = {head for heads in following.values() for head in heads}
    # A way starts where nothing leads in; a ring starts anywhere.
    for start in [*(tail for tail in left if tail not in entered), *left]:
        while left[start]:
            chain = [start]
            while left.get(chain[-1]):
                chain.append(left[chain[-1]].pop(0))
            yield chain


@contextmanager
def _osmnx(*, cache: Path, url: str, timeout_s: float) -> Iterator[Any]:
    """Lend osmnx with our settings; everything it and we change in the process is put back."""
    import osmnx

    refusals = 0

    def watch(response: requests.Response, **_: Any) -> None:
        # osmnx would ask a busy server for ever, and would take half an answer with a remark for a whole one.
        nonlocal refusals
        refusals += response.status_code in _BUSY
        if refusals > _MOST_REFUSALS:
            raise requests.exceptions.HTTPError(f"{response.status_code} {response.reason}", response=response)
        if response.ok and b'"remark"' in response.content[-2000:]:
            raise requests.exceptions.HTTPError(str(response.json().get("remark")), response=response)

    ours = {
        "cache_folder": cache,
        "use_cache": True,
        "overpass_url": url,
        "requests_timeout": timeout_s,
        "requests_kwargs": {"hooks": {"response": watch}},
        "useful_tags_way": list(_WAY_TAGS),
        "all_oneway": True,  # keeps the tag as it was mapped, and each segment once
        "doh_url_template": None,  # no names are looked up at a third party
        "log_file": False,
        "log_console": False,
    }
    with _ONE_AT_A_TIME:
        before = {name: getattr(osmnx.settings, name) for name in [*ours, "overpass_rate_limit"]}
        look_up = socket.getaddrinfo  # osmnx replaces it for the whole process
        try:
            for name, value in ours.items():
                setattr(osmnx.settings, name, value)
            # Without a network osmnx would wait a minute for a free slot; a kept answer needs none.
            osmnx.settings.overpass_rate_limit = _answers(url)
            yield osmnx
        finally:
            socket.getaddrinfo = look_up
            for name, value in before.items():
                setattr(osmnx.settings, name, value)


def _answers(url: str) -> bool:
    try:
        requests.get(f"{url.rstrip('/')}/status", timeout=_PROBE_SECONDS)
    except requests.exceptions.RequestException as error:
        logger.info("Overpass does not answer: %s", error)
        return False
    return True
