"""
School groups (集团化办学, 学区制, 城乡教育共同体): which strong school leads which weak and rural schools.

Each school that needs a lead has one, or is listed as having none. As many schools as possible are led; among all such plans
the one with the least travel between leads and members is taken. Both steps are small mixed-integer models, solved to a proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from planning.compliance.assignment import Assignment, assign, by_code, costs_of
from planning.errors import Message, Names, SchemaError, msg
from planning.siting.clock import Cancel, Clock
from planning.siting.proposal import OPTIMAL_GAP, Status, gap_between

__all__ = ["GroupLimits", "Groups", "assign_groups", "sharing_minutes"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PAIR_COLUMNS = (
    "lead_id", "stages", "minutes", "week_minutes", "strength", "lead_strength", "nearer_full", "other_lead_id",
    "other_minutes", "other_has_room",
)  # fmt: skip
WITHOUT_COLUMNS = ("reason", "stages", "nearest_lead_id", "nearest_minutes")
LEAD_COLUMNS = ("stages", "strength", "members", "pupils", "week_minutes")


@dataclass(frozen=True)
class GroupLimits:
    """
    How large a group may be and how far apart. None of it is law: these are defaults of this tool.

    Parameters
    ----------
    members_max : int
        Most schools that one school leads.
    minutes_max : float
        Longest drive between a lead and a member, in the longer of both directions, inclusive [min].
    pupils_max : float, optional
        Most pupils of a group, the lead's own included [pupils].
    leads_max : int, optional
        Most schools that lead.
    shared_days : int
        Days a week on which a teacher of the lead goes to the member.
    """

    members_max: int = 4
    minutes_max: float = 40.0
    pupils_max: float | None = None
    leads_max: int | None = None
    shared_days: int = 2

    def __post_init__(self) -> None:
        counts = (self.members_max, self.minutes_max, self.pupils_max or 0, self.leads_max or 0, self.shared_days)
        if not all(number >= 0 for number in counts) or math.isinf(self.members_max):
            raise SchemaError(msg("The limits of school groups must be numbers of 0 or more."))


@dataclass(frozen=True, eq=False)
class Groups:
    """
    Who leads whom, and the proof.

    Parameters
    ----------
    pairs : pandas.DataFrame
        By member's ``school_id``, sorted: ``lead_id``; ``stages`` that both teach; ``minutes`` of the longer direction [min];
        ``week_minutes`` on the road for the shared days, there and back [min/week]; ``strength`` and ``lead_strength`` [1] in
        the least of those stages' schools; ``nearer_full``, leads that are nearer but have no room (tuple);
        ``other_lead_id``, the nearest other lead within the limit ("" = none), its ``other_minutes`` [min] and whether it
        still has room (``other_has_room``).
    without : pandas.DataFrame
        By ``school_id``, the schools that need a lead and have none: ``reason`` (no_lead_of_stage, too_far, all_full,
        pupils_unknown), ``stages``, and the nearest lead of a common stage with its minutes, whatever the limit.
    leads : pandas.DataFrame
        By ``school_id``, the schools that lead: ``stages``, ``strength`` [1], ``members``, ``pupils`` of the group (NA where
        one is unknown), ``week_minutes`` [min/week].
    limits : GroupLimits
        As asked.
    led, led_bound : int
        Schools that are led, and how many could be at most.
    objective, bound : float
        Weighted minutes of the pairs, and what no plan that leads as many schools can beat [min].
    status : {"optimal", "time_limit", "cancelled"}
        ``optimal`` only if both are proven.
    seconds : float
        Wall time [s].
    notes : tuple of Message
        What must be known of it: whose numbers are missing.
    """

    pairs: pd.DataFrame
    without: pd.DataFrame
    leads: pd.DataFrame
    limits: GroupLimits
    led: int
    led_bound: int
    objective: float
    bound: float
    status: Status
    seconds: float
    notes: tuple[Message, ...] = ()

    @property
    def gap(self) -> float:
        """
        Relative distance between objective and bound.

        Returns
        -------
        float
            As :func:`planning.siting.proposal.gap_between` has it.
        """
        return gap_between(self.objective, self.bound)


def sharing_minutes(there: npt.ArrayLike, back: npt.ArrayLike, days: int) -> Floats:
    """
    Count the time a shared teacher spends on the road in a week.

    Parameters
    ----------
    there, back : array_like of float
        Drive from the lead to the member and back [min].
    days : int
        Days a week.

    Returns
    -------
    numpy.ndarray of float64
        ``days * (there + back)`` [min/week].
    """
    return days * (np.asarray(there, dtype=np.float64) + np.asarray(back, dtype=np.float64))


def assign_groups(
    schools: pd.DataFrame,
    minutes: pd.DataFrame,
    *,
    limits: GroupLimits | None = None,
    leads: tuple[str, ...] | None = None,
    time_limit_s: float = 20.0,
    cancel: Cancel | None = None,
) -> Groups:
    """
    Find a lead for each school that needs one.

    A lead and a member teach a stage in common: both of one stage, or one of them a nine-year school. Equal plans are told
    apart by code: schools are taken in the order of their codes, and a member goes to the lead of the lower code wherever
    that, or an exchange with one other member, costs the same.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: ``stages`` (tuple), ``may_lead``, ``needs_lead``; ``strength`` [1] and ``pupils`` [pupils], NA where
        unknown; optionally ``weight`` of a member's minutes (1 otherwise), and ``name``, by which notes call them.
    minutes : pandas.DataFrame
        Drive from the school of the row to that of the column [min]; inf where there is no way.
    limits : GroupLimits, optional
        The tool's defaults otherwise.
    leads : tuple of str, optional
        The schools that lead, chosen by people; any that ``may_lead`` otherwise.
    time_limit_s : float
        Longest time for both steps [s].
    cancel : callable, optional
        Called between rounds; True stops the run.

    Returns
    -------
    Groups
        The plan with its reasons and its proof.

    Raises
    ------
    SchemaError
        If a school is to lead and to be led, a named lead may not lead, or times are missing or negative.
    """
    limits = limits or GroupLimits()
    clock = Clock(time_limit_s, cancel)
    table = schools.sort_index()
    may_lead, needs = _roles_checked(table, leads)
    members, heads = table.index[needs], table.index[may_lead]
    way, week = _ways(minutes, members, heads, limits.shared_days)
    common = _common_stages(table, members, heads)
    notes, counted_members, counted_heads = _counted(table, members, heads, limits)
    reach = (way <= limits.minutes_max) & np.isfinite(way) & (common > 0) & np.outer(counted_members, counted_heads)
    room = _room(table, heads, limits)
    possible = reach & (room >= 0)
    question = _question(table, members, way, possible, room, limits)
    chosen, led_bound, bound, proven = assign(question, clock)
    chosen = by_code(question, chosen)
    cost = float(costs_of(question, chosen).sum())
    bound = min(bound, cost)
    led = int((chosen >= 0).sum())
    optimal = proven and led == led_bound and gap_between(cost, bound) <= OPTIMAL_GAP
    pairs = _pairs(table, members, heads, way, week, possible, question, chosen)
    return Groups(
        pairs=pairs,
        without=_without(table, members, heads, way, common, reach, limits, chosen),
        leads=_leads(table, pairs),
        limits=limits,
        led=led,
        led_bound=led_bound,
        objective=cost,
        bound=bound,
        status="optimal" if optimal else clock.reason(),
        seconds=clock.seconds,
        notes=notes,
    )


def _roles_checked(
    table: pd.DataFrame, leads: tuple[str, ...] | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    if table.index.has_duplicates:
        twice = table.index[table.index.duplicated()].unique()
        raise SchemaError(msg("School groups: these codes stand twice: {codes}.", codes=Names(twice)))
    may_lead, needs = table["may_lead"].to_numpy(dtype=bool), table["needs_lead"].to_numpy(dtype=bool)
    if leads is not None:
        not_allowed = sorted(set(leads) - set(table.index[may_lead]))
        if not_allowed:
            raise SchemaError(
                msg(
                    "School groups: {codes} cannot lead. A lead is an open public school of a city or town with a known "
                    "strength that is high enough.",
                    codes=Names(not_allowed),
                )
            )
        may_lead = table.index.isin(leads)
    both = table.index[may_lead & needs]
    if len(both):
        raise SchemaError(msg("School groups: {codes} cannot both lead and be led.", codes=Names(both)))
    return may_lead, needs


def _ways(minutes: pd.DataFrame, members: pd.Index[str], heads: pd.Index[str], days: int) -> tuple[Floats, Floats]:
    """Give the longer direction of each pair, and the time on the road in a week, members by leads."""
    lacking = sorted((set(members) | set(heads)) - (set(minutes.index) & set(minutes.columns)))
    if lacking:
        raise SchemaError(msg("School groups: travel times are missing for {codes}.", codes=Names(lacking)))
    there = minutes.loc[heads, members].to_numpy(dtype=np.float64).T
    back = minutes.loc[members, heads].to_numpy(dtype=np.float64)
    if not ((there >= 0).all() and (back >= 0).all()):
        raise SchemaError(msg("School groups: travel times must be 0 or more, or infinite where there is no way."))
    return np.maximum(there, back), sharing_minutes(there, back, days)


def _common_stages(table: pd.DataFrame, members: pd.Index[str], heads: pd.Index[str]) -> Ints:
    """Count the stages that each member and lead have in common."""
    stages = sorted({stage for own in table["stages"] for stage in own})
    teaches = pd.DataFrame({stage: [stage in own for own in table["stages"]] for stage in stages}, index=table.index)
    found = teaches.loc[members].to_numpy(dtype=np.int64) @ teaches.loc[heads].to_numpy(dtype=np.int64).T
    return np.asarray(found, dtype=np.int64).reshape(len(members), len(heads))


def _counted(
    table: pd.DataFrame, members: pd.Index[str], heads: pd.Index[str], limits: GroupLimits
) -> tuple[tuple[Message, ...], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Mark the schools whose pupils can be held against the limit, and tell whose numbers are missing."""
    notes = []
    unknown = list(members[table.loc[members, "strength"].isna()])
    if unknown:
        notes.append(
            msg(
                "{n} schools that need a lead have no known strength, for numbers are missing; such a school may be led "
                "but never leads: {codes}.",
                n=len(unknown),
                codes=_listed(table, unknown),
            )
        )
    if limits.pupils_max is None:
        return tuple(notes), np.ones(len(members), dtype=bool), np.ones(len(heads), dtype=bool)
    both = members.union(heads)
    uncounted = list(both[table.loc[both, "pupils"].isna()])
    if uncounted:
        notes.append(
            msg(
                "{n} schools are in no group, for their pupils are not known and a group has at most {most:g}: {codes}.",
                n=len(uncounted),
                most=limits.pupils_max,
                codes=_listed(table, uncounted),
            )
        )
    return tuple(notes), table.loc[members, "pupils"].notna().to_numpy(), table.loc[heads, "pupils"].notna().to_numpy()


def _listed(table: pd.DataFrame, codes: list[str]) -> Names:
    """Name the schools, by their codes where they have no names."""
    names = table["name"] if "name" in table else pd.Series("", index=table.index)
    return Names.first((str(names.at[code] or code) for code in codes), 20)


def _room(table: pd.DataFrame, heads: pd.Index[str], limits: GroupLimits) -> Floats:
    """Give the pupils that each lead's group has room for besides its own; below 0 where it alone is too large."""
    if limits.pupils_max is None:
        return np.full(len(heads), np.inf)
    own = table.loc[heads, "pupils"].astype("Float64").fillna(0.0)
    return np.asarray(limits.pupils_max - own.to_numpy(dtype=np.float64))


def _question(
    table: pd.DataFrame,
    members: pd.Index[str],
    way: Floats,
    possible: npt.NDArray[np.bool_],
    room: Floats,
    limits: GroupLimits,
) -> Assignment:
    member, lead = np.nonzero(possible)
    weight = (table["weight"] if "weight" in table else pd.Series(1.0, index=table.index)).loc[members]
    return Assignment(
        member=member,
        lead=lead,
        cost=way[member, lead] * weight.to_numpy(dtype=np.float64)[member],
        n_members=len(members),
        n_leads=len(room),
        capacity=int(limits.members_max),
        pupils=np.asarray(table.loc[members, "pupils"].astype("Float64").fillna(0.0), dtype=np.float64),
        room=np.maximum(room, 0.0),
        leads_max=limits.leads_max,
    )


def _pairs(
    table: pd.DataFrame,
    members: pd.Index[str],
    heads: pd.Index[str],
    way: Floats,
    week: Floats,
    possible: npt.NDArray[np.bool_],
    question: Assignment,
    chosen: Ints,
) -> pd.DataFrame:
    """Tell of each pair why this lead: how near, how much stronger, which nearer ones are full, which is next."""
    rows = []
    for member in np.flatnonzero(chosen >= 0).tolist():
        lead = int(chosen[member])
        own, head = table.loc[members[member]], table.loc[heads[lead]]
        others = [int(one) for one in np.argsort(way[member], kind="stable") if possible[member, one] and one != lead]
        nearer = tuple(str(heads[one]) for one in others if way[member, one] < way[member, lead])
        following = others[0] if others else None
        rows.append(
            (
                heads[lead], tuple(stage for stage in own["stages"] if stage in head["stages"]), way[member, lead],
                week[member, lead], own["strength"], head["strength"], nearer,
                "" if following is None else heads[following],
                math.nan if following is None else way[member, following],
                following is not None and _has_room(question, chosen, member, following),
            )
        )  # fmt: skip
    found = pd.DataFrame(rows, columns=list(PAIR_COLUMNS), index=members[chosen >= 0])
    return found.astype({"strength": "Float64", "lead_strength": "Float64", "minutes": float, "other_minutes": float})


def _has_room(question: Assignment, chosen: Ints, member: int, lead: int) -> bool:
    other = chosen.copy()
    other[member] = lead
    return question.fits(other)


def _without(
    table: pd.DataFrame,
    members: pd.Index[str],
    heads: pd.Index[str],
    way: Floats,
    common: Ints,
    reach: npt.NDArray[np.bool_],
    limits: GroupLimits,
    chosen: Ints,
) -> pd.DataFrame:
    rows = []
    for member in np.flatnonzero(chosen < 0).tolist():
        alike = np.where(common[member] > 0, way[member], np.inf)
        nearest = int(np.argmin(alike)) if alike.size and np.isfinite(alike).any() else None
        if not (common[member] > 0).any():
            reason = "no_lead_of_stage"
        elif nearest is None or alike[nearest] > limits.minutes_max:
            reason = "too_far"
        else:
            reason = "all_full" if reach[member].any() else "pupils_unknown"
        rows.append(
            (
                reason,
                table.at[members[member], "stages"],
                "" if nearest is None else heads[nearest],
                math.nan if nearest is None else alike[nearest],
            )
        )
    found = pd.DataFrame(rows, columns=list(WITHOUT_COLUMNS), index=members[chosen < 0])
    return found.astype({"nearest_minutes": float})


def _leads(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    rows = {}
    for lead, own in pairs.groupby("lead_id", sort=True):
        pupils = table.loc[[lead, *own.index], "pupils"].astype("Float64")
        head = table.loc[lead]
        rows[lead] = (head["stages"], head["strength"], len(own), pupils.sum(skipna=False), own["week_minutes"].sum())
    index = pd.Index(list(rows), name="school_id", dtype=object)
    return pd.DataFrame(list(rows.values()), columns=list(LEAD_COLUMNS), index=index)
