"""Two to four plans of one county beside each other: indicators, ways, seats, standards and cost, with their differences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.access.indicators import access_values
from planning.errors import ConfigError, Tell, msg
from planning.scenario.changed_county import changed_county
from planning.scenario.comparison_ways import place_ways, sums_by, village_ways
from planning.scenario.compliance import changed_rules, comply
from planning.scenario.edits import Edit
from planning.scenario.evaluate import StageState, evaluate
from planning.scenario.limits import limit_of_band

if TYPE_CHECKING:
    from planning.scenario.compliance import Compliance
    from planning.scenario.county import County

__all__ = ["FEWEST", "MOST", "Comparison", "EvaluatedPlan", "compare", "evaluate_plan"]

#: How many plans can stand beside each other.
FEWEST, MOST = 2, 4


@dataclass(frozen=True, eq=False)
class EvaluatedPlan:
    """
    A plan, and what it means.

    Parameters
    ----------
    name : str
        What it is called.
    edits : tuple of Edit
        What it changes against today, in order; none for today itself.
    county : County
        The county as the plan leaves it.
    states : Mapping of str to StageState
        By stage.
    held : Compliance or None
        The plan held against the rules; None where that is not asked.
    """

    name: str
    edits: tuple[Edit, ...]
    county: County
    states: Mapping[str, StageState]
    held: Compliance | None = None


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    Plans beside each other; the first is what the others are compared with. ``plan`` in a table is the position of the plan.

    Parameters
    ----------
    names : tuple of str
        Of the plans.
    indicators : pandas.DataFrame
        ``stage, band, indicator, unit, plan, value, difference``; the band is empty for the whole stage.
    places : pandas.DataFrame
        As :func:`planning.scenario.comparison_ways.place_ways` gives them.
    villages : pandas.DataFrame
        As :func:`planning.scenario.comparison_ways.village_ways` gives them.
    townships, county : pandas.DataFrame
        As :func:`planning.scenario.comparison_ways.sums_by` gives them.
    schools : pandas.DataFrame
        ``plan, stage, school_id, name, kind, township, is_open, seats, load, load_difference``: every school that is open in any
        of the plans; seats NA where unknown or the school is closed [seats, pupils].
    rules : pandas.DataFrame
        ``plan, school_id, name, stage, path, verdict_before, verdict_after, change``: rules broken and mended.
    verdicts : pandas.DataFrame
        ``plan, verdict, entries``: how many entries of the ledger stand how.
    costs : pandas.DataFrame
        ``plan, item, unit, value, difference, missing``: building against today, and running a year; NaN where it is not known,
        and then ``missing`` names what would be needed.
    """

    names: tuple[str, ...]
    indicators: pd.DataFrame
    places: pd.DataFrame
    villages: pd.DataFrame
    townships: pd.DataFrame
    county: pd.DataFrame
    schools: pd.DataFrame
    rules: pd.DataFrame
    verdicts: pd.DataFrame
    costs: pd.DataFrame


def evaluate_plan(county: County, name: str, edits: Sequence[Edit], *, tell: Tell | None = None) -> EvaluatedPlan:
    """
    Work out what a plan means for every stage, and hold it against the rules.

    Parameters
    ----------
    county : County
        Today's.
    name : str
        What the plan is called.
    edits : sequence of Edit
        What it changes, in order.
    tell : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    EvaluatedPlan
        Ready to be compared.

    Raises
    ------
    ConfigError
        If an edit does not fit the county.
    """
    if tell is not None:
        tell(0.0, msg("Working out {name}", name=name))
    changed = changed_county(county, edits)
    states: dict[str, StageState] = {stage: evaluate(changed, stage, edits) for stage in county.project.stages}
    return EvaluatedPlan(
        name, tuple(edits), changed, states, comply(changed, states, when="after" if edits else "base")
    )


def compare(plans: Sequence[EvaluatedPlan], *, today: EvaluatedPlan | None = None) -> Comparison:
    """
    Put plans beside each other.

    Parameters
    ----------
    plans : sequence of EvaluatedPlan
        Two to four, of one county; the first is what the others are compared with.
    today : EvaluatedPlan, optional
        The county without changes, against which building is counted; the first plan without edits otherwise.

    Returns
    -------
    Comparison
        All tables.

    Raises
    ------
    ConfigError
        If there are fewer than two plans or more than four, or they are not of one county.
    """
    if not FEWEST <= len(plans) <= MOST:
        raise ConfigError(
            msg("Two to four scenarios can be compared; {n} were chosen.", n=len(plans), fewest=FEWEST, most=MOST)
        )
    today = today or next((plan for plan in plans if not plan.edits), None)
    places = place_ways(plans)
    named = [state.sites["name"] for plan in plans for state in plan.states.values()]
    names = pd.concat(named)
    names = names[~names.index.duplicated()]
    return Comparison(
        names=tuple(plan.name for plan in plans),
        indicators=_with_difference(
            pd.concat([_indicators(plan, number) for number, plan in enumerate(plans)], ignore_index=True),
            ["stage", "band", "indicator"],
        ),
        places=places,
        villages=village_ways(places, names),
        townships=sums_by(places, township=True),
        county=sums_by(places, township=False),
        schools=_schools(plans),
        rules=_rules(plans, names),
        verdicts=_verdicts(plans),
        costs=_with_difference(_costs(plans, today), ["item"]),
    )


def _with_difference(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Add what each value differs by from that of the first plan."""
    first = table.loc[table["plan"] == 0, [*keys, "value"]].rename(columns={"value": "_first"})
    both = table.merge(first, on=keys, how="left", validate="many_to_one")
    return both.assign(difference=both["value"] - both["_first"]).drop(columns="_first")


def _indicators(plan: EvaluatedPlan, number: int) -> pd.DataFrame:
    """List the indicators of each stage, and of each of its bands where there are several."""
    rows = []
    for stage, state in plan.states.items():
        rows += [
            (stage, "", *line) for line in state.indicators[["indicator", "value", "unit"]].itertuples(index=False)
        ]
        if len(state.bands) > 1:
            rows += [(stage, band, *line) for band in state.bands for line in _of_band(plan, state, band)]
    return pd.DataFrame(rows, columns=["stage", "band", "indicator", "value", "unit"]).assign(plan=number)


def _of_band(plan: EvaluatedPlan, state: StageState, band: str) -> list[tuple[str, float, str]]:
    """Measure one band of the county's own children."""
    cells = plan.county.cells
    ours = ~cells["in_margin"].to_numpy(dtype=bool)
    pupils = cells[f"pupils_{band}"].to_numpy(dtype=np.int64)[ours]
    way = state.nearest[band].iloc[np.flatnonzero(ours)]
    distance, time = way["distance_m"].to_numpy(dtype=np.float64), way["time_min"].to_numpy(dtype=np.float64)
    limit = limit_of_band(plan.county.project, plan.county.pack, band)
    left = state.unserved[state.unserved["band"] == band]
    at = cells.index[ours].get_indexer(pd.Index(left["cell_id"]))
    lost = {}
    for category in ("no_seat", "out_of_reach"):
        of_category = (left["category"] == category).to_numpy() & (at >= 0)
        lost[category] = np.bincount(
            at[of_category], weights=left["pupils"].to_numpy(dtype=np.float64)[of_category], minlength=len(pupils)
        )
    found = access_values(
        pupils,
        distance_m=distance,
        time_min=time,
        off_road_m=way["off_road_m"].to_numpy(dtype=np.float64),
        within_limit=limit.within(time, distance),
        **lost,
    )
    return [
        (name, math.nan if name == "share_within_limit" and not limit.is_set else value, unit)
        for name, value, unit in found
    ]


def _schools(plans: Sequence[EvaluatedPlan]) -> pd.DataFrame:
    """List the seats and pupils of every school of every plan."""
    columns = ["name", "kind", "township", "seats"]
    parts = []
    for number, plan in enumerate(plans):
        for stage in plan.states:
            known = pd.concat([pd.DataFrame(other.states[stage].sites[columns]) for other in plans])
            known = known[~known.index.duplicated()].sort_index()
            state = plan.states[stage]
            here = pd.DataFrame(state.sites[columns]).reindex(known.index)
            is_open = known.index.isin(state.sites.index)
            table = known.assign(
                **{name: here[name].where(is_open, known[name]) for name in ("name", "kind", "township")},
                seats=here["seats"].astype("Int64"),
                is_open=is_open,
                load=state.load.reindex(known.index).fillna(0).astype("int64"),
            )
            parts.append(table.rename_axis("school_id").reset_index().assign(plan=number, stage=stage))
    table = pd.concat(parts, ignore_index=True)
    first = table.loc[table["plan"] == 0, ["stage", "school_id", "load"]].rename(columns={"load": "_first"})
    table = table.merge(first, on=["stage", "school_id"], how="left", validate="many_to_one")
    order = ["plan", "stage", "school_id", "name", "kind", "township", "is_open", "seats", "load", "load_difference"]
    return table.assign(load_difference=table["load"] - table["_first"])[order]


def _rules(plans: Sequence[EvaluatedPlan], names: pd.Series) -> pd.DataFrame:
    """List the rules that each plan breaks and mends against the first."""
    columns = ["plan", "school_id", "name", "stage", "path", "verdict_before", "verdict_after", "change"]
    first, parts = plans[0].held, []
    for number, plan in enumerate(plans):
        if number and first is not None and plan.held is not None:
            changes = changed_rules(first, plan.held)
            called = {**first.schools["name"].to_dict(), **plan.held.schools["name"].to_dict(), **names.to_dict()}
            label = [str(called.get(code) or code) for code in changes["school_id"]]
            parts.append(changes.assign(plan=number, name=label)[columns])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _verdicts(plans: Sequence[EvaluatedPlan]) -> pd.DataFrame:
    rows = [
        (number, str(verdict), int(count))
        for number, plan in enumerate(plans)
        if plan.held is not None
        for verdict, count in plan.held.ledger["verdict"].value_counts().sort_index().items()
    ]
    return pd.DataFrame(rows, columns=["plan", "verdict", "entries"])


def _costs(plans: Sequence[EvaluatedPlan], today: EvaluatedPlan | None) -> pd.DataFrame:
    """Price what is built against today, and a year of all open schools of the county."""
    rows: list[tuple[int, str, str, float, str]] = []
    for number, plan in enumerate(plans):
        money = plan.county.project.costs
        built, why = _seats_built(plan, today)
        rows.append((number, "seats_built", "seat", built, why))
        price = money.build_per_seat
        rows.append(
            (number, "build", "yuan", math.nan if price is None else built * price,
             "costs.build_per_seat" if price is None else why)
        )  # fmt: skip
        kinds = pd.concat(
            [state.sites.loc[~state.sites["in_margin"].astype(bool), "kind"] for state in plan.states.values()]
        )
        kinds = kinds[~kinds.index.duplicated()]
        points = int((kinds == "teaching_point").sum())
        rows.append((number, "schools", "school", float(len(kinds)), ""))
        each = money.running_per_school
        of_point = each if money.teaching_point_per_year is None else money.teaching_point_per_year
        if each is None or of_point is None:
            rows.append((number, "running", "yuan/year", math.nan, "costs.running_per_school"))
        else:
            rows.append((number, "running", "yuan/year", each * (len(kinds) - points) + of_point * points, ""))
    return pd.DataFrame(rows, columns=["plan", "item", "unit", "value", "missing"])


def _seats_built(plan: EvaluatedPlan, today: EvaluatedPlan | None) -> tuple[float, str]:
    """Count the seats that a plan adds school by school, a school that moves being built anew; NaN where one has no number."""
    if not plan.edits:
        return 0.0, ""
    if today is None:
        return math.nan, "today"
    built = 0.0
    for stage, state in plan.states.items():
        seats = state.sites["seats"].astype("Float64")
        before = today.states[stage].sites["seats"].astype("Float64").reindex(seats.index)
        stood = seats.index.isin(today.states[stage].sites.index) & ~state.sites["is_moved"].to_numpy(dtype=bool)
        new = ~stood
        if seats[new].isna().any():
            return math.nan, "seats"
        raised = (seats - before)[stood]
        if (seats[stood].isna() & before[stood].notna()).any():
            return math.nan, "seats"
        built += float(seats[new].sum()) + float(raised.fillna(0).clip(lower=0).sum())
    return built, ""
