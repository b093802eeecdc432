"""A finished run in a folder: written whole, read back to the same numbers, so that the app opens on it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from planning import store
from planning.config import Project
from planning.errors import Message, Names, SetAside, SourceError, msg
from planning.network.build import Network
from planning.roads import Roads
from planning.scenario.balance_ceiling import BalanceKept
from planning.scenario.costbook import CostBook
from planning.scenario.county import County
from planning.scenario.edits import edits_from_data, edits_to_data
from planning.scenario.evaluate import FLOW_COLUMNS, StageState, evaluate
from planning.scenario.open_ground import open_ground_of
from planning.scenario.outlook import project_outlook
from planning.scenario.pieces import MOVE_COLUMNS
from planning.scenario.questions import Answer, Blocked
from planning.scenario.result import RunResult
from planning.scenario.years import county_asked_of
from planning.siting import Proposal
from planning.standards import RulePack
from planning.travel.costs import Costs

__all__ = ["load_answers", "load_county", "load_run", "save_run"]

#: Raised when the form of the folder changes; a folder of another form is refused, and the run is made again.
FORMAT = 8
_TERRAIN = "terrain.npz"
#: Tables of an answer that are there only where its question asks for them.
_ASIDE = ("curve", "plans", "ways", "lines", "phases")
_TABLES = (
    "boundary",
    "townships",
    "basemap",
    "cells",
    "schools",
    "candidates",
    "rejected",
    "exclusions",
    "housing",
    "demand_sheet",
    "demand_by_band",
    "ages",
    "births",
    "migration",
)


def save_run(result: RunResult, folder: Path) -> None:
    """
    Write a run into a folder.

    Parameters
    ----------
    result : RunResult
        A finished run.
    folder : pathlib.Path
        Made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    county = result.county
    for name in _TABLES:
        store.write_table(getattr(county, name), folder / f"{name}.parquet")
    network, roads = county.network, county.roads
    store.write_table(network.ways, folder / "ways.parquet")
    store.write_table(roads.ways, folder / "road_ways.parquet")
    store.write_table(roads.nodes, folder / "road_nodes.parquet")
    store.write_arrays({"offsets": roads.offsets, "refs": roads.refs}, folder / "road_refs.npz")
    store.write_arrays(
        {name: getattr(network, name) for name in ("x", "y", "tails", "heads", "length_m", "way", "forward")},
        folder / "network.npz",
    )
    if county.costs.walking_factor is not None:
        store.write_arrays({"walking_factor": county.costs.walking_factor}, folder / _TERRAIN)
    for mode, costs in county.costs.known_schools().items():
        store.write_arrays(
            {"distance_m": costs.distance_m, "time_min": costs.time_min, "off_road_m": costs.off_road_m},
            folder / f"costs_{mode}.npz",
        )
    for number, answer in enumerate(result.answers):
        store.write_table(answer.sites, folder / f"answer_{number}.parquet")
        for name in _asides(answer):
            store.write_table(getattr(answer, name), folder / f"{name}_{number}.parquet")
        if answer.after is not None:
            store.write_table(answer.after.boarding.astype({"pupils": "int64"}), folder / f"boarding_{number}.parquet")
    store.write_document(
        {
            "format": FORMAT,
            "project": county.project.model_dump(mode="json"),
            "folder": str(county.project.folder),
            "pack": county.pack.model_dump(mode="json"),
            "crs": county.crs.to_wkt(),
            "cell_size_m": county.cell_size_m,
            "notices": [_message_data(notice) for notice in county.notices],
            "set_aside": [_aside_data(item) for item in county.set_aside],
            "hashes": dict(county.hashes),
            "modes": list(county.costs.known_schools()),
            "answers": [_answer_data(answer) for answer in result.answers],
            "seconds": result.seconds,
            "versions": result.versions,
        },
        folder / "run.json",
    )


def load_run(folder: Path) -> RunResult:
    """
    Read a run back. States are evaluated again from the kept costs: the same steps, so the same numbers.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`save_run` wrote it.

    Returns
    -------
    RunResult
        Equal to the one written; a proposal comes back without its allocation, which its state holds.

    Raises
    ------
    SourceMissingError
        If the folder is not there or not whole.
    SourceError
        If it was written by another version.
    """
    county = load_county(folder)
    document = store.read_document(folder / "run.json")
    base: dict[str, StageState] = {stage: evaluate(county, stage) for stage in county.project.stages}
    outlook, _ = project_outlook(county)
    return RunResult(
        county, base, load_answers(folder, county), document["seconds"], document["versions"], outlook=outlook
    )


def load_county(folder: Path) -> County:
    """
    Read only the county of a run back.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`save_run` wrote it.

    Returns
    -------
    County
        With the costs that were kept.

    Raises
    ------
    SourceMissingError
        If the folder is not there or not whole.
    SourceError
        If it was written by another version.
    """
    document = store.read_document(folder / "run.json")
    if document.get("format") != FORMAT:
        raise SourceError(msg("{file}: written by another version. Run the project again.", file=str(folder)))
    crs = pyproj.CRS.from_wkt(document["crs"])
    tables = {name: store.read_table(folder / f"{name}.parquet") for name in _TABLES}
    for table in tables.values():
        if isinstance(table, gpd.GeoDataFrame):
            table.geometry = table.geometry.set_crs(crs, allow_override=True)
    network = Network(
        **store.read_arrays(folder / "network.npz"), ways=store.read_table(folder / "ways.parquet"), crs=crs
    )
    refs = store.read_arrays(folder / "road_refs.npz")
    roads = Roads(
        store.read_table(folder / "road_ways.parquet"),
        store.read_table(folder / "road_nodes.parquet"),
        refs["offsets"],
        refs["refs"],
    )
    project = Project.model_validate({**document["project"], "folder": document["folder"]})
    factor = store.read_arrays(folder / _TERRAIN)["walking_factor"] if (folder / _TERRAIN).exists() else None
    costs = CostBook(
        network,
        tables["cells"],
        tables["schools"],
        tables["candidates"],
        walking_factor=factor,
        open_ground=open_ground_of(project, tables["basemap"]),
    )
    for mode in document["modes"]:
        arrays = store.read_arrays(folder / f"costs_{mode}.npz")
        costs.know_schools(mode, Costs(tables["cells"].index, tables["schools"].index, **arrays, mode=mode))
    return County(
        project=project,
        crs=crs,
        roads=roads,
        network=network,
        pack=RulePack.model_validate(document["pack"]),
        cell_size_m=document["cell_size_m"],
        notices=tuple(_message(data) for data in document["notices"]),
        set_aside=tuple(_aside(data) for data in document["set_aside"]),
        hashes=document["hashes"],
        costs=costs,
        **tables,
    )


def load_answers(folder: Path, county: County) -> tuple[Answer, ...]:
    """
    Read only the answers of a run back.

    Parameters
    ----------
    folder : pathlib.Path
        As :func:`save_run` wrote it.
    county : County
        As :func:`load_county` gave it.

    Returns
    -------
    tuple of Answer
        In the order of the questions.

    Raises
    ------
    SourceMissingError
        If a file is missing.
    """
    document = store.read_document(folder / "run.json")
    return tuple(_answer(county, data, number, folder) for number, data in enumerate(document["answers"]))


def _message_data(message: Message) -> dict[str, Any]:
    return {"id": message.id, "params": {name: _plain(value) for name, value in message.params.items()}}


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return _message_data(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Names):
        return list(value)
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _message(data: Mapping[str, Any]) -> Message:
    return Message(data["id"], {name: _said(value) for name, value in data["params"].items()})


def _said(value: Any) -> object:
    if isinstance(value, dict):
        return _message(value)
    return Names(value) if isinstance(value, list) else value


def _aside_data(item: SetAside) -> dict[str, Any]:
    return {
        "source": item.source,
        "item": item.item,
        "reason": _message_data(item.reason),
        "row": None if item.row is None else int(item.row),
        "kept": bool(item.kept),
        "amount": float(item.amount),
    }


def _aside(data: Mapping[str, Any]) -> SetAside:
    return SetAside(**{**data, "reason": _message(data["reason"])})


def _asides(answer: Answer) -> list[str]:
    return [name for name in _ASIDE if len(getattr(answer, name))]


def _answer_data(answer: Answer) -> dict[str, Any]:
    proposal = answer.proposal
    return {
        "question": answer.question.name,
        "unit": answer.unit,
        "edits": edits_to_data(answer.edits),
        "has_after": answer.after is not None,
        "notes": [_message_data(note) for note in answer.notes],
        "seconds": answer.seconds,
        "moves": answer.moves.to_dict("list"),
        "asides": _asides(answer),
        "balance": _balance_data(answer.balance),
        "blocked": [
            {"school_id": blocked.school_id, "clause": _message_data(blocked.clause)} for blocked in answer.blocked
        ],
        "proposal": {
            "sites": list(map(int, proposal.sites)),
            "closed": list(map(int, proposal.closed)),
            "sense": proposal.sense,
            "objective": float(proposal.objective),
            "bound": float(proposal.bound),
            "status": proposal.status,
            "seconds": proposal.seconds,
        },
    }


def _answer(county: County, data: Mapping[str, Any], number: int, folder: Path) -> Answer:
    question = next(question for question in county.project.questions if question.name == data["question"])
    proposed = data["proposal"]
    edits = tuple(edits_from_data(data["edits"]))
    year = county.project.year_of(question)
    county, _ = county_asked_of(county, question)
    after, before = None, None if year is None else evaluate(county, question.stage)
    if data["has_after"]:
        boarding = pd.DataFrame(store.read_table(folder / f"boarding_{number}.parquet"), columns=FLOW_COLUMNS)
        after = evaluate(county, question.stage, edits, boarding=boarding if len(boarding) else None)
    sites = gpd.GeoDataFrame(store.read_table(folder / f"answer_{number}.parquet"))
    asides: dict[str, Any] = {name: _aside_table(folder / f"{name}_{number}.parquet") for name in data["asides"]}
    return Answer(
        question=question,
        proposal=Proposal(
            **{**proposed, "sites": tuple(proposed["sites"]), "closed": tuple(proposed["closed"])}, allocation=None
        ),
        unit=data["unit"],
        sites=sites.set_crs(county.crs, allow_override=True),
        edits=edits,
        after=after,
        notes=tuple(_message(note) for note in data["notes"]),
        seconds=data["seconds"],
        moves=pd.DataFrame(data["moves"], columns=MOVE_COLUMNS),
        blocked=tuple(Blocked(entry["school_id"], _message(entry["clause"])) for entry in data["blocked"]),
        year=year,
        before=before,
        balance=_balance(data["balance"]),
        **asides,
    )


def _balance_data(kept: BalanceKept | None) -> dict[str, Any] | None:
    """Write the ceiling of a question; JSON knows no NaN."""
    return None if kept is None else {**asdict(kept), "after": None if np.isnan(kept.after) else kept.after}


def _balance(data: Mapping[str, Any] | None) -> BalanceKept | None:
    if data is None:
        return None
    after = float("nan") if data["after"] is None else data["after"]
    return BalanceKept(**{**data, "after": after, "missing": tuple(data["missing"]), "planned": tuple(data["planned"])})


def _aside_table(path: Path) -> pd.DataFrame:
    """Read a table whose lists of names come back as arrays."""
    table = store.read_table(path)
    lists = [name for name in table if len(table) and isinstance(table[name].iloc[0], np.ndarray)]
    return table.assign(**{str(name): table[name].map(list) for name in lists})
