"""Edits in their order: which of them cannot be done, since what they name is not there, or not there any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from planning.errors import ConfigError, Message, msg
from planning.scenario.edits import (
    Assumption,
    CloseSchool,
    ConvertSchool,
    CountyEdit,
    Edit,
    MergeInto,
    NewEstate,
    NewRoad,
    NewSchool,
    SchoolEdit,
    check_edit,
    school_of,
)
from planning.stages import stages_of_kind

__all__ = ["faults_of_edits"]


@dataclass
class _Layout:
    """Schools that are open so far, which entry closed which, and what else was added."""

    kinds: dict[str, str]
    closed: dict[str, int] = field(default_factory=dict)
    added: set[tuple[str, str]] = field(default_factory=set)


def faults_of_edits(kinds: Mapping[str, str], edits: Sequence[Edit | None]) -> dict[int, Message]:
    """
    Find the edits that cannot be done in their order; each is passed over by those after it.

    Parameters
    ----------
    kinds : Mapping
        Kind of school by the id of every school that is open in the base.
    edits : sequence of Edit or None
        In order; None stands for an entry that is switched off.

    Returns
    -------
    dict of int to Message
        Position in ``edits`` and why; empty where all can be done.

    Examples
    --------
    >>> faults = faults_of_edits({"A": "primary"}, [CloseSchool("A"), CloseSchool("A")])
    >>> {at: str(why) for at, why in faults.items()}
    {1: 'The scenario names school A, which entry 1 closes.'}
    """
    layout = _Layout(dict(kinds))
    faults: dict[int, Message] = {}
    for at, edit in enumerate(edits):
        if edit is None:
            continue
        try:
            check_edit(edit)
        except ConfigError as error:
            faults[at] = error.message
            continue
        fault = _county_fault(edit, layout) if isinstance(edit, CountyEdit) else _school_fault(edit, layout)
        if fault is not None:
            faults[at] = fault
        elif not isinstance(edit, CountyEdit):
            _apply(edit, at, layout)
    return faults


def _county_fault(edit: CountyEdit, layout: _Layout) -> Message | None:
    """Say why a road or an estate cannot be added; take note of it where it can."""
    if isinstance(edit, Assumption):
        return None
    what = ("road", edit.road_id) if isinstance(edit, NewRoad) else ("estate", edit.estate_id)
    if what in layout.added:
        if isinstance(edit, NewEstate):
            return msg("The scenario adds estate {id}, which is there already.", id=edit.estate_id)
        return msg("The scenario adds road {id}, which is there already.", id=edit.road_id)
    layout.added.add(what)
    return None


def _school_fault(edit: SchoolEdit, layout: _Layout) -> Message | None:
    if isinstance(edit, NewSchool):
        if edit.site_id in layout.kinds:
            return msg("The scenario adds school {school_id}, which is there already.", school_id=edit.site_id)
        return None
    named = [edit.school_id, edit.into] if isinstance(edit, MergeInto) else [edit.school_id]
    for school_id in named:
        if school_id in layout.closed:
            return msg(
                "The scenario names school {school_id}, which entry {n} closes.",
                school_id=school_id,
                n=layout.closed[school_id] + 1,
            )
        if school_id not in layout.kinds:
            return msg("The scenario names school {school_id}, which is not there.", school_id=school_id)
    if isinstance(edit, MergeInto):
        left, taken = (set(stages_of_kind(layout.kinds[school_id])) for school_id in named)
        if not left & taken:
            return msg(
                "School {school_id} cannot be merged into {into}: the two teach no stage in common.",
                school_id=edit.school_id,
                into=edit.into,
            )
    return None


def _apply(edit: SchoolEdit, at: int, layout: _Layout) -> None:
    school_id = str(school_of(edit))
    if isinstance(edit, CloseSchool | MergeInto):
        del layout.kinds[school_id]
        layout.closed[school_id] = at
    elif isinstance(edit, NewSchool | ConvertSchool):
        layout.kinds[school_id] = edit.kind
        layout.closed.pop(school_id, None)
