"""How strong a school is by its resources, and so which schools may lead others and which need a lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planning.compliance.balance import EVALUATED_STAGES, indicator_values, thresholds

if TYPE_CHECKING:
    from planning.standards import RulePack

__all__ = ["LEAD_FROM", "STRENGTH_CAP", "WEAK_BELOW", "roles", "strength"]

#: What an indicator counts at most, as a share of its limit, so that one rich resource does not hide six poor ones: tool
#: default [1].
STRENGTH_CAP = 1.2
#: Strength from which on a town school may lead: it has on average what the limits ask for. Tool default [1].
LEAD_FROM = 1.0
#: Strength below which a school needs a lead wherever it stands: tool default [1].
WEAK_BELOW = 0.85


def strength(parts: pd.DataFrame, pack: RulePack) -> pd.DataFrame:
    """
    Measure how strong each school is: the mean over the seven indicators of what it has as a share of the limit.

    Each share is cut at ``STRENGTH_CAP``. A school with an unknown number has no strength: a mean over what happens to be
    known would favour who counts least. An indicator that no school of the stage gives is left out for all of them. This
    measure is the tool's own; no document gives one.

    Parameters
    ----------
    parts : pandas.DataFrame
        As :func:`planning.compliance.balance.school_parts` gives it.
    pack : RulePack
        Gives the limits of the indicators.

    Returns
    -------
    pandas.DataFrame
        On the index of ``parts``: ``strength`` [1], NA where unknown, and ``missing``, the names of the indicators that the
        school lacks.
    """
    values = indicator_values(parts)
    found: list[tuple[float | None, tuple[str, ...]]] = []
    limits = {stage: thresholds(pack, stage) for stage in EVALUATED_STAGES}
    stages = parts.index.get_level_values("stage")
    given = {
        stage: [name for name in limits[stage] if values.loc[stages == stage, name].notna().any()] for stage in limits
    }
    for stage, row in zip(stages, values.to_dict("records"), strict=True):
        missing = tuple(name for name in limits[stage] if pd.isna(row[name]))
        known = given[stage] and not set(missing).intersection(given[stage])
        shares = [min(row[name] / limits[stage][name], STRENGTH_CAP) for name in given[stage]] if known else []
        found.append((sum(shares) / len(shares) if shares else None, missing))
    return pd.DataFrame(found, columns=["strength", "missing"], index=parts.index).astype({"strength": "Float64"})


def roles(
    schools: pd.DataFrame, strengths: pd.DataFrame, *, lead_from: float = LEAD_FROM, weak_below: float = WEAK_BELOW
) -> pd.DataFrame:
    """
    Say which schools may lead others and which need a lead.

    A public school of a city or town may lead from ``lead_from`` on, each of its stages known and strong enough. A village
    school needs a lead, and so does any school of which a stage lies below ``weak_below``; who may lead does not. A school
    whose strength is not known never leads, but may be led. Private schools and those across the county line do neither.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: locale, ownership, status, in_margin.
    strengths : pandas.DataFrame
        As :func:`strength` gives it.
    lead_from, weak_below : float
        The two strengths [1].

    Returns
    -------
    pandas.DataFrame
        By ``school_id``, sorted, of the schools with a stage that is evaluated: ``stages`` (tuple), ``strength`` [1] (the
        least of its stages, NA where one is unknown), ``may_lead``, ``needs_lead``.
    """
    by_school = strengths["strength"].groupby(level="school_id", sort=True)
    least = by_school.min()  # a stage that is known to be weak is weak, whatever the other is
    stages = {code: tuple(table.index.get_level_values("stage")) for code, table in by_school}
    rows = pd.DataFrame({"stages": pd.Series(stages, index=least.index, dtype=object)})
    rows["strength"] = least.where(by_school.count() == by_school.size())
    own = schools.loc[rows.index]
    ours = (own["status"] == "open") & ~own["in_margin"].astype(bool) & (own["ownership"] != "private")
    strong = (rows["strength"] >= lead_from).fillna(value=False).astype(bool)
    rows["may_lead"] = ours & own["locale"].isin(["city", "town"]) & (own["ownership"] == "public") & strong
    weak = (least < weak_below).fillna(value=False).astype(bool)
    rows["needs_lead"] = ours & ~rows["may_lead"] & ((own["locale"] == "village") | weak)
    return rows
