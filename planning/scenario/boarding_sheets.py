"""What an answer about boarding says in detail: beds by hub, who boards from where, and how the same pupils go by day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.scenario.evaluate import stage_costs
from planning.scenario.hub_costs import to_places
from planning.scenario.limits import limit_of_question
from planning.scenario.naming import place_names
from planning.scenario.stage_sites import stage_sites
from planning.scenario.years import county_asked_of
from planning.siting.beds.boarding import DAY_TRIPS
from planning.stages import BANDS

if TYPE_CHECKING:
    from planning.config import Question
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.questions import Answer

__all__ = ["HUB_COLUMNS", "VILLAGE_COLUMNS", "boarding_villages", "day_way", "hub_beds"]

HUB_COLUMNS = ("name", "township", "boarders", "beds_needed", "beds_there", "beds_new", "beds_short", "is_proposed")
VILLAGE_COLUMNS = ("place", "township", "band", "site_id", "hub", "pupils", "ride_min")


def hub_beds(county: County, answer: Answer) -> pd.DataFrame:
    """
    Hold the beds that each hub needs against those that are there and those that the answer brings.

    Parameters
    ----------
    county : County
        Holds the rule pack and the register of schools, with the beds that a plan gave them before.
    answer : Answer
        To a question about boarding.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``site_id``, ``HUB_COLUMNS``, those with most boarders first: boarders [pupils], beds needed by the pack's
        beds for a boarder, there (NA where nobody has counted them, which counts as none), new and still short [beds].
    """
    if answer.after is None:
        return pd.DataFrame(columns=list(HUB_COLUMNS), index=pd.Index([], name="site_id"))
    boarders = answer.after.boarding.groupby("site_id")["pupils"].sum()
    proposed = answer.sites[answer.sites["kind"] == "boarding"]
    ids = boarders.index.union(proposed.index).rename("site_id")
    sites = answer.after.sites.reindex(ids)
    table = pd.DataFrame(
        {"name": sites["name"].fillna("").astype(str), "township": sites["township"].fillna("").astype(str)}
    )
    named = proposed[["name", "township"]].astype(str)
    table.loc[named.index, ["name", "township"]] = named
    table["boarders"] = boarders.reindex(ids, fill_value=0).astype("int64")
    each = county.pack.number("boarding.beds_per_boarder") or 1.0
    table["beds_needed"] = np.ceil(table["boarders"] * each).astype("int64")
    table["beds_there"] = county.schools["beds"].reindex(ids).astype("Int64")
    table["beds_new"] = proposed["beds"].reindex(ids).astype("Int64").fillna(0).astype("int64")
    there = table["beds_there"].fillna(0).astype("int64")
    table["beds_short"] = (table["beds_needed"] - there - table["beds_new"]).clip(lower=0)
    table["is_proposed"] = table.index.isin(proposed.index)
    return table[list(HUB_COLUMNS)].sort_values("boarders", ascending=False, kind="stable")


def boarding_villages(county: County, answer: Answer, *, edits: Sequence[Edit] = ()) -> pd.DataFrame:
    """
    List the places whose pupils board, with their hub and the ride to it.

    Parameters
    ----------
    county : County
        As the edits leave its roads, estates and assumptions: the one that was asked about.
    answer : Answer
        To a question about boarding.
    edits : sequence of Edit
        What was changed before it was asked.

    Returns
    -------
    pandas.DataFrame
        ``VILLAGE_COLUMNS``, most pupils first: pupils of a place, grade band and hub, and the longest ride of a cell of the
        place, one way by car [min]. The pupils add up to the boarders of the answer.
    """
    if answer.after is None or not len(answer.after.boarding):
        return pd.DataFrame(columns=list(VILLAGE_COLUMNS))
    boarding = answer.after.boarding
    boarding = boarding[boarding["pupils"] > 0]
    schools = stage_sites(county, answer.question.stage, (*edits, *answer.edits))
    schools = schools[schools.index.isin(boarding["site_id"])]
    cell_ids = pd.Index(boarding["cell_id"].unique())
    rows = county.cells.index.get_indexer(cell_ids)
    minutes, _ = to_places(county, "drive", schools, schools.iloc[:0].assign(place_id=[]), rows)
    at = cell_ids.get_indexer(boarding["cell_id"]), schools.index.get_indexer(boarding["site_id"])
    names = np.array(place_names(county, rows), dtype=object)
    table = pd.DataFrame(
        {
            "place": names[at[0]],
            "township": county.cells["township"].to_numpy(dtype=object)[rows][at[0]],
            "band": boarding["band"].to_numpy(dtype=object),
            "site_id": boarding["site_id"].to_numpy(dtype=object),
            "hub": schools["name"].astype(str).to_numpy(dtype=object)[at[1]],
            "pupils": boarding["pupils"].to_numpy(dtype=np.int64),
            "ride_min": minutes[at].astype(np.float64),
        }
    )
    keys = ["place", "township", "band", "site_id", "hub"]
    found = table.groupby(keys, sort=True, as_index=False).agg(pupils=("pupils", "sum"), ride_min=("ride_min", "max"))
    return found.sort_values("pupils", ascending=False, kind="stable", ignore_index=True)[list(VILLAGE_COLUMNS)]


def day_way(county: County, question: Question, *, edits: Sequence[Edit] = ()) -> dict[str, float]:
    """
    Say how the pupils beyond the daily limit go if nothing is done: every day to the nearest school of theirs.

    Parameters
    ----------
    county : County
        As the edits leave its roads, estates and assumptions.
    question : Question
        Its stage, limits and year.
    edits : sequence of Edit
        What is changed before.

    Returns
    -------
    dict of str to float
        ``pupils_asked`` [pupils], as in ``weigh_ways``; ``without_way``, those of them who reach no school [pupils];
        ``week_min``, the mean of the others in a week of ten ways, and ``one_way_min_max`` [min], NaN where there are none.
    """
    then, _ = county_asked_of(county, question)
    schools = stage_sites(then, question.stage, edits)
    costs = stage_costs(then, question.stage, schools)
    ours = ~then.cells["in_margin"].to_numpy(dtype=bool)
    minutes, pupils = [], []
    for band in BANDS[question.stage]:
        limit = limit_of_question(question.limit, then.project, then.pack, band)
        near = limit.within(costs[band].time_min, costs[band].distance_m).any(axis=1)
        far = ours & ~near
        pupils.append(then.cells[f"pupils_{band}"].to_numpy(dtype=np.int64)[far])
        minutes.append(costs[band].time_min[far].min(axis=1, initial=np.inf).astype(np.float64))
    who, how_long = np.concatenate(pupils), np.concatenate(minutes)
    goes = np.isfinite(how_long) & (who > 0)
    total = float(who[goes].sum())
    return {
        "pupils_asked": float(who.sum()),
        "without_way": float(who[~np.isfinite(how_long)].sum()),
        "week_min": DAY_TRIPS * float(who[goes] @ how_long[goes]) / total if total else math.nan,
        "one_way_min_max": float(how_long[goes].max()) if total else math.nan,
    }
