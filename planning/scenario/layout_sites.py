"""What an answer to the question with seats proposes: new, enlarged and closed schools, and those that receive pupils."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from planning.scenario.edits import CloseSchool, Edit, NewSchool, SetSeats
from planning.scenario.proposals import describe_sites, stacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.layout_question import Layout

__all__ = ["layout_edits", "layout_sites"]


def layout_edits(question: Question, layout: Layout) -> tuple[Edit, ...]:
    """
    Turn a layout into edits, in the order in which it is to be done: what is new comes before any closure.

    Parameters
    ----------
    question : Question
        The question.
    layout : Layout
        Its answer.

    Returns
    -------
    tuple of Edit
        New schools, larger schools, closures.
    """
    sites, seats = layout.asked.sites, layout.seats
    chosen = sites.iloc[list(layout.proposal.sites)]
    new = [
        NewSchool(str(code), str(name), point.x, point.y, question.stage, int(seats[code]), str(kind))
        for code, name, point, kind in zip(chosen.index, chosen["name"], chosen.geometry, chosen["kind"], strict=True)
    ]
    larger = [SetSeats(code, question.stage, int(seats[code])) for code in layout.enlarged]
    closed = [CloseSchool(str(code)) for code in sites.index[list(layout.proposal.closed)]]
    return (*new, *larger, *closed)


def layout_sites(county: County, question: Question, layout: Layout) -> gpd.GeoDataFrame:
    """
    Make the table of what a layout proposes.

    Parameters
    ----------
    county : County
        Gives the reference system.
    question : Question
        The question.
    layout : Layout
        Its answer.

    Returns
    -------
    geopandas.GeoDataFrame
        Columns ``SITE_COLUMNS`` and the point; kinds new, enlarged, closed, merged_into. ``pupils_gained`` is how many
        pupils more the site has than today, negative for a closed one; ``moves`` names receivers and origins.
    """
    proposal, sites, moves = layout.proposal, layout.asked.sites, layout.moves
    assert proposal.allocation is not None  # noqa: S101 - only an answer is described
    before = pd.Series(layout.pieces.load(len(sites)), index=sites.index)
    load = np.asarray(proposal.allocation.flows.sum(axis=0)).ravel().astype(np.int64)
    after = pd.Series(load, index=sites.index)
    closed = [str(code) for code in sites.index[list(proposal.closed)]]
    new = [str(code) for code in sites.index[list(proposal.sites)]]
    larger = [code for code in layout.enlarged if code not in new]
    receivers = [code for code in sorted(set(moves["receiver"]) - {""}) if code not in new and code not in larger]
    parts = []
    for kind, codes in (("new", new), ("enlarged", larger), ("closed", closed), ("merged_into", receivers)):
        if not codes:
            continue
        table = describe_sites(
            county, question, proposal, sites.loc[codes], (after - before), seats=None, beds=None, kind=kind
        )
        table["seats"] = (
            layout.seats[codes].to_numpy() if kind != "closed" else pd.array([0] * len(codes), dtype="Int64")
        )
        table["seats"] = table["seats"].astype("Int64")
        if question.weighs_money:
            table["pupils_before"] = pd.array(before[codes].to_numpy(), dtype="Int64")
            table["pupils_after"] = pd.array(after[codes].to_numpy(), dtype="Int64")
            table["moves"] = [_moves_in_words(layout, code, is_closed=kind == "closed") for code in codes]
        parts.append(table)
    return stacked(*parts) if parts else describe_sites(
        county, question, proposal, sites.iloc[:0], after, seats=None, beds=None, kind="new"
    )  # fmt: skip


def _moves_in_words(layout: Layout, code: str, *, is_closed: bool) -> str:
    """Name where the pupils of a closed school go, or from which closed schools pupils come."""
    own, other = ("closed", "receiver") if is_closed else ("receiver", "closed")
    table = layout.moves[layout.moves[own] == code].sort_values(["pupils", other], ascending=[False, True])
    names: Sequence[str] = [_called(layout, site) for site in table[other]]
    return "; ".join(f"{name} {pupils}" for name, pupils in zip(names, table["pupils"], strict=True))


def _called(layout: Layout, code: str) -> str:
    if not code:
        return "–"
    return str(layout.asked.sites.at[code, "name"]) or code
