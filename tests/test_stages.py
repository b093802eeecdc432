"""Who teaches whom: the tables of stages and kinds say the same from both sides."""

from __future__ import annotations

from planning.stages import BANDS, KINDS, KINDS_OF_STAGE, STAGES, stages_of_kind, teaches


def test_kinds_of_a_stage_are_those_that_teach_one_of_its_bands():
    for stage in STAGES:
        assert set(KINDS_OF_STAGE[stage]) == {
            kind for kind in KINDS if any(teaches(kind, band) for band in BANDS[stage])
        }
        assert all(stage in stages_of_kind(kind) for kind in KINDS_OF_STAGE[stage])


def test_a_nine_year_school_is_of_two_stages_and_a_teaching_point_of_one():
    assert [stage for stage in STAGES if "nine_year" in KINDS_OF_STAGE[stage]] == ["primary", "junior"]
    assert [stage for stage in STAGES if "teaching_point" in KINDS_OF_STAGE[stage]] == ["primary"]
