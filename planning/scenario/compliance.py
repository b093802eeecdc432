"""How the county and each proposal stand before an inspection: the rules held against the schools of a layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from planning.compliance.balance import EVALUATED_STAGES, balance, left_out, school_parts, school_pass
from planning.compliance.class_sizes import class_sizes, size_shares
from planning.compliance.ledger import ledger
from planning.compliance.staffing import STAFFED_STAGES, staffing
from planning.compliance.verdicts import MET, NOT_MET, UNKNOWN
from planning.compliance.village_service import SERVICE_COLUMNS, service_shares
from planning.network.modes import BIKE_KMH, DRIVE_KMH
from planning.scenario.limits import limit_of_band
from planning.scenario.years import county_asked_of
from planning.stages import KINDS_OF_STAGE, STAGES, teaches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["Compliance", "Standing", "changed_rules", "comply", "rules_of_proposal", "schools_of", "stand"]

#: Locales of schools for which the service radius of cities and towns holds.
_URBAN = ("city", "town")


@dataclass(frozen=True)
class Compliance:
    """
    What the rules say of one layout.

    Parameters
    ----------
    when : str
        ``register`` (the pupils that the table of schools counts), ``base`` (those that the allocation sends there today),
        ``before`` a proposal for another year, or ``after`` a proposal.
    question : str
        The proposal's question; empty otherwise.
    schools : pandas.DataFrame
        The schools that were judged: closed ones have left, new ones are there with what is known of them.
    pupils : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils]; empty for the register.
    parts, passes : pandas.DataFrame
        As :func:`planning.compliance.balance.school_parts` and ``school_pass`` give them.
    left_out : pandas.DataFrame
        ``school_id, stage, reason`` of those that are not evaluated.
    balance : pandas.DataFrame
        Coefficients of variation against their limits.
    classes : pandas.DataFrame
        Classes and pupils of each school and stage, as :func:`planning.compliance.class_sizes.class_sizes` gives them.
    sizes : pandas.DataFrame
        Shares of large classes, schools above the caps.
    ledger : pandas.DataFrame
        Every school against every rule.
    staffing : pandas.DataFrame
        Staff due, there and missing.
    service : pandas.DataFrame
        ``stage, band, measure, mode`` and the columns of ``service_shares``; empty for the register, which has no ways.
    """

    when: str
    question: str
    schools: pd.DataFrame
    pupils: Mapping[str, pd.Series]
    parts: pd.DataFrame
    passes: pd.DataFrame
    left_out: pd.DataFrame
    balance: pd.DataFrame
    classes: pd.DataFrame
    sizes: pd.DataFrame
    ledger: pd.DataFrame
    staffing: pd.DataFrame
    service: pd.DataFrame


@dataclass(frozen=True)
class Standing:
    """
    The county today and after each proposal.

    Parameters
    ----------
    register : Compliance
        Today, by the pupils that the table of schools counts: what an inspection would see.
    base : Compliance
        Today, by the pupils that the allocation sends to each school: what proposals are compared with.
    compared : tuple of (Compliance, Compliance)
        For each question with an answer, in the project's order: what it is compared with, today's base or its year
        without the answer, and the proposal.
    """

    register: Compliance
    base: Compliance
    compared: tuple[tuple[Compliance, Compliance], ...]

    @property
    def today(self) -> Compliance:
        """
        Give what is judged as today's state.

        Returns
        -------
        Compliance
            That of the register; of the allocation where the register counts the pupils of no school.
        """
        return self.register if self.register.parts["pupils"].notna().any() else self.base

    def every(self) -> tuple[Compliance, ...]:
        """
        List all layouts, today's first.

        Returns
        -------
        tuple of Compliance
            Register, base, and after each proposal; before it where its year is another.
        """
        answers = [held for pair in self.compared for held in pair if held is not self.base]
        return (self.register, self.base, *answers)


def stand(county: County, base: Mapping[str, StageState], answers: Sequence[Answer]) -> Standing:
    """
    Hold the county and every proposal against the rules.

    Parameters
    ----------
    county : County
        Schools and pack.
    base : Mapping of str to StageState
        How each stage is today.
    answers : sequence of Answer
        The proposals; those without an answer are passed over.

    Returns
    -------
    Standing
        Of today and after each proposal; a proposal changes its own stage, the others stay as they are.
    """
    today = comply(county, base)
    compared = []
    for answer in answers:
        if answer.after is None:
            continue
        question, before, then = answer.question, today, county
        if answer.before is not None:
            then, _ = county_asked_of(county, question)
            states = {**base, question.stage: answer.before}
            before = comply(then, states, when="before", question=question.name)
        after = comply(then, {**base, question.stage: answer.after}, when="after", question=question.name)
        compared.append((before, after))
    return Standing(comply(county, {}, when="register"), today, tuple(compared))


def comply(county: County, states: Mapping[str, StageState], *, when: str = "base", question: str = "") -> Compliance:
    """
    Hold one layout against the rules of the county's pack.

    Teachers, areas and equipment stay with their schools. Schools that the layout closes have left; of those it builds
    nothing but pupils is known, so that what rests on their equipment is unknown and says so.

    Parameters
    ----------
    county : County
        Schools and pack.
    states : Mapping of str to StageState
        The layout, by stage; none for the register alone.
    when : str
        What the result is filed under.
    question : str
        Name of the proposal's question.

    Returns
    -------
    Compliance
        All tables.
    """
    pack = county.pack
    schools, pupils = schools_of(county, states)
    parts = school_parts(schools, pupils, evaluated_from=pack.number("teaching_point.evaluated_from"))
    classes, staff, passes = (
        class_sizes(schools, pupils, pack),
        staffing(schools, pupils, pack),
        school_pass(parts, pack),
    )
    reach = {stage: _farthest(county, state) for stage, state in states.items() if stage in EVALUATED_STAGES}
    return Compliance(
        when=when,
        question=question,
        schools=schools,
        pupils=pupils,
        parts=parts,
        passes=passes,
        left_out=left_out(schools, pupils, evaluated_from=pack.number("teaching_point.evaluated_from")),
        balance=balance(parts, pack),
        classes=classes,
        sizes=size_shares(classes, pack),
        ledger=ledger(schools, pupils, pack, reach_m=reach, parts=parts, passes=passes, classes=classes, staff=staff),
        staffing=staff,
        service=_service(county, states),
    )


def changed_rules(before: Compliance, after: Compliance) -> pd.DataFrame:
    """
    List what a layout mends and breaks, rule by rule and school by school.

    Parameters
    ----------
    before, after : Compliance
        Two layouts of one county.

    Returns
    -------
    pandas.DataFrame
        ``school_id, stage, path, verdict_before, verdict_after, change``; the change is ``mended`` (not met before, met now, or the school
        is no longer there) or ``broken`` (not met now, and not before). Notes and unknowns are neither.
    """
    both = _side_by_side(before, after)
    told: pd.DataFrame = both[both["change"] != ""].fillna("")
    return told.sort_values(["change", "path", "school_id", "stage"], ignore_index=True)


def rules_of_proposal(before: Compliance, after: Compliance) -> pd.DataFrame:
    """
    List what a layout keeps, mends and breaks, rule by rule.

    Parameters
    ----------
    before, after : Compliance
        Two layouts of one county.

    Returns
    -------
    pandas.DataFrame
        ``path, kept, mended, broken, still_broken, unknown``: how many schools (or parts of them) meet the rule in both, were
        changed as :func:`changed_rules` has it, meet it in neither, and cannot be judged afterwards; rules of which nothing can
        be said of any school are there as well.
    """
    both = _side_by_side(before, after)
    was, now, change = both["verdict_before"], both["verdict_after"], both["change"]
    counts = {
        "kept": both["path"][now.eq(MET) & ~was.eq(NOT_MET)],
        "mended": both["path"][change == "mended"],
        "broken": both["path"][change == "broken"],
        "still_broken": both["path"][now.eq(NOT_MET) & was.eq(NOT_MET)],
        "unknown": both["path"][now.eq(UNKNOWN)],
    }
    paths = sorted(set(both["path"][now.isin([MET, NOT_MET, UNKNOWN]) | (change != "")]))
    found = {
        name: paths_of.value_counts().reindex(paths).fillna(0).astype("int64") for name, paths_of in counts.items()
    }
    return pd.DataFrame(found, index=pd.Index(paths, name="path")).reset_index()


def _side_by_side(before: Compliance, after: Compliance) -> pd.DataFrame:
    """Set what two layouts say of each school and rule side by side, with the change, empty where there is none."""
    keys = ["school_id", "stage", "path"]
    both = before.ledger[[*keys, "verdict"]].merge(
        after.ledger[[*keys, "verdict"]], on=keys, how="outer", suffixes=("_before", "_after")
    )
    was, now = both["verdict_before"] == NOT_MET, both["verdict_after"] == NOT_MET
    no_longer = both["verdict_after"].eq(MET) | both["verdict_after"].isna()
    both["change"] = np.where(now & ~was, "broken", np.where(was & no_longer, "mended", ""))
    return both


def schools_of(county: County, states: Mapping[str, StageState]) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """
    Give the table of schools of a layout, and the pupils that it sends to each.

    Parameters
    ----------
    county : County
        The base.
    states : Mapping of str to StageState
        The layout, by stage.

    Returns
    -------
    tuple of (pandas.DataFrame, dict of str to pandas.Series)
        Schools by ``school_id``: closed ones have left, new ones are there with what is known of them; and by stage the pupils
        of each [pupils].
    """
    schools = pd.DataFrame(county.schools.drop(columns=["geometry", "node", "leg_m"], errors="ignore"))
    schools["is_new"] = False
    gone = pd.Series(False, index=schools.index)
    stays = gone.copy()
    for stage, state in states.items():
        has = schools["kind"].isin(KINDS_OF_STAGE[stage])
        has &= ~(schools[f"seats_{stage}"] == 0).fillna(value=False)
        there = schools.index.isin(state.sites.index)
        gone |= has & ~there
        stays |= has & there
    closed = gone & ~stays & (schools["status"] == "open")
    schools["status"] = schools["status"].mask(closed, "closed")
    built = [state.sites[state.sites["is_new"].astype(bool)] for state in states.values()]
    new = pd.concat(built) if built else None
    if new is not None and len(new):
        new = new[~new.index.duplicated()]
        schools = schools.drop(
            index=schools.index.intersection(new.index)
        )  # the code of a closed school may come again
        rows = pd.DataFrame(
            {
                **{column: new[column] for column in ("name", "kind", "ownership")},
                "township": "", "locale": "", "status": "open", "in_margin": False, "is_new": True, "protected": False,
            },
            index=new.index,
        ).reindex(columns=schools.columns)  # fmt: skip
        schools = pd.concat([schools, rows.astype(schools.dtypes.to_dict())])
    schools.index.name = "school_id"
    pupils = {
        stage: state.load.reindex(schools.index).fillna(0).astype("Float64")
        for stage, state in states.items()
        if stage in STAFFED_STAGES
    }
    return schools, {stage: pupils[stage] for stage in STAGES if stage in pupils}


def _farthest(county: County, state: StageState) -> pd.Series:
    """Give how far from each school its farthest day pupil lives, in a straight line [m]."""
    flows = state.allocated[state.allocated["pupils"] > 0]
    homes, sites = (
        shapely.get_coordinates(table.geometry.to_numpy()[table.index.get_indexer(flows[column])])
        for table, column in ((county.cells, "cell_id"), (state.sites, "site_id"))
    )
    metres = np.hypot(*(homes - sites).T)
    return pd.Series(metres, index=flows["site_id"].to_numpy()).groupby(level=0).max()


def _service(county: County, states: Mapping[str, StageState]) -> pd.DataFrame:
    """Share the county's children within the limit of each band, and within the service radius of towns."""
    heads = ["stage", "band", "measure", "mode", "limit_min", "limit_m"]
    ours = ~county.cells["in_margin"].to_numpy(dtype=bool)
    cells = county.cells[ours]
    xy = shapely.get_coordinates(cells.geometry.to_numpy())
    township = pd.Categorical(cells["township"])
    tables: list[pd.DataFrame] = []
    labels: list[tuple[object, ...]] = []
    for stage, state in states.items():
        for band in state.bands:
            sites = state.sites[np.array([teaches(kind, band) for kind in state.sites["kind"]], dtype=bool)]
            if sites.empty:
                continue
            away, at = cKDTree(shapely.get_coordinates(sites.geometry.to_numpy())).query(xy)
            straight_m, nearest = np.atleast_1d(away), np.atleast_1d(at)
            way = state.nearest[band][ours]
            distance, time = way["distance_m"].to_numpy(), way["time_min"].to_numpy()
            pupils = cells[f"pupils_{band}"].to_numpy(dtype=np.int64)
            limit = limit_of_band(county.project, county.pack, band)
            if limit.is_set:
                straight_min = straight_m / (_speed_kmh(county, band, state.mode) * 1000 / 60)
                within = limit.within(time, distance), limit.within(straight_min, straight_m)
                tables.append(service_shares(township, pupils, *within))
                labels.append((stage, band, "limit_of_band", state.mode, limit.time_min, limit.distance_m))
            radius = county.pack.number(f"stages.{stage}.service_radius")
            urban = _locale_of(county, sites)[nearest]
            if radius is not None and urban.any():
                near = distance[urban] <= radius, straight_m[urban] <= radius
                tables.append(service_shares(township[urban], pupils[urban], *near))
                labels.append((stage, band, "service_radius", "walk", np.inf, radius))
    if not tables:
        return pd.DataFrame(columns=[*heads, *SERVICE_COLUMNS])
    head = pd.DataFrame(labels, columns=heads).replace({"limit_min": np.inf, "limit_m": np.inf}, np.nan)
    head = head.loc[np.repeat(head.index, [len(table) for table in tables])].reset_index(drop=True)
    return head.join(pd.concat(tables, ignore_index=True))


def _speed_kmh(county: County, band: str, mode: str) -> float:
    """Give the speed at which a straight line is covered: the children's own on foot, that of rural roads by car."""
    if mode == "walk":
        return county.pack.needed(f"bands.{band}.walking_speed").number
    return BIKE_KMH if mode == "bike" else DRIVE_KMH["unclassified"]


def _locale_of(county: County, sites: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Mark the schools that stand in a city or town; of a new one it is not known."""
    locale = county.schools["locale"].reindex(sites.index)
    urban: NDArray[np.bool_] = locale.isin(_URBAN).to_numpy(dtype=bool)
    return urban
