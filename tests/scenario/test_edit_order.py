"""Edits in their order: what cannot be done is told, with the entry that is in its way."""

from __future__ import annotations

import pytest

from planning.scenario.edit_order import faults_of_edits
from planning.scenario.edits import (
    Assumption,
    CloseSchool,
    ConvertSchool,
    MergeInto,
    MoveSchool,
    NewRoad,
    NewSchool,
    SetSeats,
)

KINDS = {"A": "primary", "B": "primary", "J": "junior"}
NEW = NewSchool("new-1", "N", 0.0, 0.0, "primary", 90, "primary")
ROAD = NewRoad("r", "r", ((0.0, 0.0), (1.0, 1.0)))


@pytest.mark.parametrize(
    ("edits", "faults"),
    [
        ((), {}),
        ((CloseSchool("A"), MoveSchool("A", 1.0, 1.0)), {1: "which entry 1 closes"}),
        ((None, CloseSchool("A"), SetSeats("A", "primary", 3)), {2: "which entry 2 closes"}),
        ((None, MoveSchool("new-1", 1.0, 1.0)), {1: "names school new-1, which is not there"}),
        ((NEW, NEW), {1: "adds school new-1, which is there already"}),
        ((NEW, CloseSchool("new-1"), NEW), {}),
        ((MergeInto("A", "B"), CloseSchool("B")), {}),
        ((CloseSchool("B"), MergeInto("A", "B")), {1: "names school B, which entry 1 closes"}),
        ((MergeInto("A", "J"),), {0: "teach no stage in common"}),
        ((ConvertSchool("J", "nine_year"), MergeInto("A", "J")), {}),
        ((MergeInto("A", "A"),), {0: "into itself"}),
        ((MergeInto("A", "Z"), CloseSchool("A")), {0: "names school Z"}),  # the faulty one is passed over
        ((ROAD, ROAD), {1: "adds road r, which is there already"}),
        ((Assumption("walking_speed_factor", 9.0),), {0: "between 0.25 and 4"}),
        ((SetSeats("A", "primary", -1), SetSeats("A", "primary", True)), {0: "0 or more", 1: "0 or more"}),
    ],
)
def test_faults(edits, faults):
    found = faults_of_edits(KINDS, edits)
    assert set(found) == set(faults)
    for at, words in faults.items():
        assert words in str(found[at])
