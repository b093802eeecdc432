"""
The closure gate: which schools may not be closed, and by which clause.

A closure is never only an optimiser's output. Each school that a question would like to close is tested, by itself and
against the schools that stand today, in the order of the rule pack; the first condition that fails is told, with its
source. A school that is yet to be built is no alternative: what is new is built before anything is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planning.compliance.verdicts import MET, NOT_MET
from planning.errors import Message, Names, msg
from planning.i18n.terms import TERMS
from planning.scenario.limits import BandLimit
from planning.stages import BANDS, stages_of_kind, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.standards import RulePack
    from planning.standards.model import Gate

__all__ = [
    "UNANSWERED", "Closing", "Condition", "cited", "closure_gate", "conditions", "open_conditions",
    "pupils_left_without", "unanswered",
]  # fmt: skip

#: A condition that people have yet to answer.
UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Closing:
    """
    What the gate looks at: the schools of a stage, and who goes to them today.

    Parameters
    ----------
    stage : str
        The stage.
    schools : pandas.DataFrame
        All open schools of the stage, by code: kind, township, ownership, protected, in_margin, beds, boarders.
    school : numpy.ndarray of int, shape (n_flows,)
        Position of the school where the pupils have a seat today; -1 where they have none.
    band : numpy.ndarray of str, shape (n_flows,)
        Their grade band.
    pupils : numpy.ndarray of int, shape (n_flows,)
        How many they are [pupils].
    within : numpy.ndarray of bool, shape (n_flows, n_schools)
        Whether their way to each school keeps their limit.
    limits : Mapping of str to BandLimit
        Limit of each band.
    exceptions : int
        Pupils of a closed school who may end up beyond the limit [pupils].
    unseated : callable
        Given a school's position, how many pupils the other schools would have no seat for [pupils].
    places : callable, optional
        Given positions of flows, the names of the villages where their pupils live.
    answers : Mapping
        By school and condition, what people have answered.
    """

    stage: str
    schools: pd.DataFrame
    school: NDArray[np.int64]
    band: NDArray[np.object_]
    pupils: NDArray[np.int64]
    within: NDArray[np.bool_]
    limits: Mapping[str, BandLimit]
    exceptions: int = 0
    unseated: Callable[[int], int] = lambda school: 0
    places: Callable[[NDArray[np.int64]], Names] | None = None
    answers: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class Condition:
    """
    One condition of the gate, held against the closure of one school.

    Parameters
    ----------
    gate : Gate
        The condition.
    verdict : str
        ``met``, ``not_met``, or ``unanswered`` where people have yet to answer it.
    detail : Message or None
        What was found where it is not met.
    """

    gate: Gate
    verdict: str
    detail: Message | None


def closure_gate(closing: Closing, pack: RulePack, codes: Iterable[str]) -> dict[str, Message]:
    """
    Test closures one by one.

    Parameters
    ----------
    closing : Closing
        Schools and pupils of the stage.
    pack : RulePack
        Holds the conditions and their sources.
    codes : iterable of str
        The schools to be tested.

    Returns
    -------
    dict of str to Message
        Of each school that may not be closed the clause, its source and what was found; none for the others.
    """
    found: dict[str, Message] = {}
    for code in codes:
        failed = next((held for held in _held(closing, pack, code) if held.verdict == NOT_MET), None)
        if failed is not None and failed.detail is not None:
            found[code] = msg(
                "{rule} ({source}): {detail}",
                rule=failed.gate.title.message(),
                source=cited(pack, failed.gate),
                detail=failed.detail,
            )
    return found


def conditions(closing: Closing, pack: RulePack, code: str) -> tuple[Condition, ...]:
    """
    Hold the closure of one school against every condition, also those after the first that fails.

    Parameters
    ----------
    closing : Closing
        Schools and pupils of the stage.
    pack : RulePack
        Holds the conditions and their sources.
    code : str
        The school.

    Returns
    -------
    tuple of Condition
        In the order of the pack.
    """
    return tuple(_held(closing, pack, code))


def _held(closing: Closing, pack: RulePack, code: str) -> Iterator[Condition]:
    at = int(closing.schools.index.get_indexer(pd.Index([code]))[0])
    answers = closing.answers.get(code, {})
    for gate in pack.closure_gate:
        if gate.stages is not None and closing.stage not in gate.stages:
            continue
        by_people = gate.decided_by == "user"
        detail = _answered(closing, gate, code) if by_people else _TESTS[gate.id](closing, at)
        if by_people and gate.id not in answers:
            yield Condition(gate, UNANSWERED, None)
        else:
            yield Condition(gate, MET if detail is None else NOT_MET, detail)


def cited(pack: RulePack, gate: Gate) -> Message:
    """
    Name the document of a condition: clause where known, and the mark of how sure it is.

    Parameters
    ----------
    pack : RulePack
        The rule pack.
    gate : Gate
        The condition.

    Returns
    -------
    Message
        Title, number, clause and mark.
    """
    source = pack.sources[gate.source].message()
    if gate.clause is not None:
        source = msg("{source} {clause}", source=source, clause=gate.clause)
    if gate.badge is None or pack.sources[gate.source].level == "tool":  # whose title says it
        return source
    return msg("{source}; {badge}", source=source, badge=gate.badge)


def open_conditions(pack: RulePack, stage: str) -> list[Gate]:
    """
    List the conditions that people must answer before a school is closed.

    Parameters
    ----------
    pack : RulePack
        The rule pack.
    stage : str
        The stage.

    Returns
    -------
    list of Gate
        In the order of the pack.
    """
    return [
        gate
        for gate in pack.closure_gate
        if gate.decided_by == "user" and (gate.stages is None or stage in gate.stages)
    ]


def unanswered(pack: RulePack, stage: str, answers: Mapping[str, bool]) -> list[Gate]:
    """
    List the conditions of a closure that people have not answered yet.

    Parameters
    ----------
    pack : RulePack
        The rule pack.
    stage : str
        The stage.
    answers : Mapping of str to bool
        What they have answered of the school, by condition.

    Returns
    -------
    list of Gate
        None where every condition is answered; an answer that blocks is told by :func:`closure_gate`.
    """
    return [gate for gate in open_conditions(pack, stage) if gate.id not in answers]


def _answered(closing: Closing, gate: Gate, code: str) -> Message | None:
    """Take what people have answered; what they have not stays to be answered and blocks nothing here."""
    answer = closing.answers.get(code, {}).get(gate.id)
    return None if answer is None or answer == gate.passes_when else msg("as answered by people (gate_answers)")


def pupils_left_without(closing: Closing) -> NDArray[np.bool_]:
    """
    Mark the pupils for whom the school they go to today is the only one within their limit.

    Parameters
    ----------
    closing : Closing
        Schools and pupils of the stage.

    Returns
    -------
    numpy.ndarray of bool, shape (n_flows,)
        False for those who go beyond their limit already, or have no seat.
    """
    seated = closing.school >= 0
    goes_within = seated & closing.within[np.arange(len(closing.school)), np.maximum(closing.school, 0)]
    return np.asarray(goes_within & (closing.within.sum(axis=1) == 1))


def _protected(closing: Closing, at: int) -> Message | None:
    marked = bool(closing.schools["protected"].iloc[at])
    return msg("the table of schools marks it as protected") if marked else None


def _across_the_line(closing: Closing, at: int) -> Message | None:
    return msg("it lies across the county line") if bool(closing.schools["in_margin"].iloc[at]) else None


def _private_school(closing: Closing, at: int) -> Message | None:
    return msg("it is private") if closing.schools["ownership"].iloc[at] == "private" else None


def _teaches_other_stage(closing: Closing, at: int) -> Message | None:
    others = [stage for stage in stages_of_kind(closing.schools["kind"].iloc[at]) if stage != closing.stage]
    return msg("it also teaches {stage}", stage=TERMS[others[0]]) if others else None


def _only_in_township(closing: Closing, at: int) -> Message | None:
    """A teaching point is no complete school: it may be the only school of its township and yet not its central one."""
    schools = closing.schools
    township = schools["township"].iloc[at]
    whole = [all(teaches(kind, band) for band in BANDS[closing.stage]) for kind in schools["kind"]]
    if not township or not whole[at]:
        return None
    alike = int((np.array(whole) & (schools["township"] == township).to_numpy()).sum())
    return msg("it is the only one of {township} that teaches all grades", township=township) if alike == 1 else None


def _receiver_beds(closing: Closing, at: int) -> Message | None:
    if not closing.schools["boarders"].iloc[[at]].astype("Int64").fillna(0).gt(0).item():
        return None
    boarders = closing.schools["boarders"].astype("Int64").fillna(0)
    free = (closing.schools["beds"].astype("Int64").fillna(0) - boarders).clip(lower=0)
    board, elsewhere = int(boarders.iloc[at]), int(free.sum() - free.iloc[at])
    if board <= elsewhere:
        return None
    return msg("{n} of its pupils board, and the other schools have {free} free beds", n=board, free=elsewhere)


def _travel(closing: Closing, at: int) -> Message | None:
    left = pupils_left_without(closing) & (closing.school == at)
    n = int(closing.pupils[left].sum())
    if n <= closing.exceptions:
        return None
    bands = [band for band in BANDS[closing.stage] if (closing.pupils[left & (closing.band == band)] > 0).any()]
    limits = reduce(
        lambda one, other: msg("{one}; {other}", one=one, other=other),
        [msg("{band}: {limit}", band=TERMS[band], limit=_in_words(closing.limits[band])) for band in bands],
    )
    if closing.places is None:
        return msg("{n} pupils would have no other school within their limit ({limits})", n=n, limits=limits)
    return msg(
        "{n} pupils of {places} would have no other school within their limit ({limits})",
        n=n,
        places=closing.places(np.flatnonzero(left & (closing.pupils > 0))),
        limits=limits,
    )


def _in_words(limit: BandLimit) -> Message:
    if np.isinf(limit.distance_m):
        return msg("{n:g} min one way", n=limit.time_min)
    if np.isinf(limit.time_min):
        return msg("{n:g} m one way", n=limit.distance_m)
    return msg("{min:g} min and {m:g} m one way", min=limit.time_min, m=limit.distance_m)


def _oversize(closing: Closing, at: int) -> Message | None:
    n = closing.unseated(at)
    return msg("{n} pupils more would find no seat in the other schools", n=n) if n > 0 else None


#: How each computed condition of a pack is tested: what was found, or None where the school passes.
_TESTS: Mapping[str, Callable[[Closing, int], Message | None]] = MappingProxyType(
    {
        "protected": _protected,
        "across_the_line": _across_the_line,
        "private_school": _private_school,
        "teaches_other_stage": _teaches_other_stage,
        "only_in_township": _only_in_township,
        "only_junior_in_township": _only_in_township,
        "receiver_beds_meals": _receiver_beds,
        "travel_unsafe": _travel,
        "creates_oversize": _oversize,
    }
)
