"""A run with one thing about it changed."""

from __future__ import annotations

import dataclasses

from planning.scenario.result import RunResult


def with_county(result: RunResult, **changes: object) -> RunResult:
    """Put other tables into the county of a run."""
    return dataclasses.replace(result, county=dataclasses.replace(result.county, **changes))


def with_names(result: RunResult, names: list[str]) -> RunResult:
    """Give the first schools other names, in the register and in every state."""
    schools = result.county.schools.copy()
    base = {}
    for stage, state in result.base.items():
        sites = state.sites.copy()
        for school_id, name in zip(sites.index, names, strict=False):
            sites.loc[school_id, "name"] = name
            schools.loc[school_id, "name"] = name
        base[stage] = dataclasses.replace(state, sites=sites)
    return dataclasses.replace(with_county(result, schools=schools), base=base)
