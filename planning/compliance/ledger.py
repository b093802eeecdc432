"""The ledger: every school against every rule that its own numbers can answer, and the number that is missing where not."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from planning.compliance.balance import (
    EVALUATED_STAGES,
    TOTALS,
    indicator_values,
    school_parts,
    school_pass,
    thresholds,
)
from planning.compliance.class_sizes import class_sizes, class_verdict
from planning.compliance.staffing import staffing
from planning.compliance.verdicts import MET, NOT_APPLICABLE, NOT_MET, NOTE, UNKNOWN
from planning.standards.catalogue import CATALOGUE

if TYPE_CHECKING:
    from planning.standards import Rule, RulePack

__all__ = ["LEDGER_COLUMNS", "PERSONS", "ROOMS", "by_classes", "ledger"]

LEDGER_COLUMNS = (
    "school_id", "stage", "path", "value", "limit", "unit", "sense", "verdict", "missing",
)  # fmt: skip
#: Units of rows that count what a rule's number asks of a school of this size.
ROOMS, PERSONS = "rooms", "staff"
AT_LEAST, AT_MOST = "at_least", "at_most"
#: A value counts as reached from this share of its limit on.
_NEARLY = 1 - 1e-9
_NAN = float("nan")


@dataclass(frozen=True)
class _School:
    """One school as the ledger reads it; NaN where unknown."""

    code: str
    row: Mapping[Hashable, Any]
    pupils: float
    classes: float
    boarders: float
    beds: float
    is_new: bool

    def number(self, column: str) -> float:
        """Give a number of the table of schools."""
        return _float(self.row.get(column))

    @property
    def kind(self) -> str:
        """Give its kind."""
        return str(self.row["kind"])


class _Book:
    """Collects rows; rules that are not in use never enter, and a default of this tool never fails a school."""

    def __init__(self, pack: RulePack) -> None:
        self.pack = pack
        self.rows: list[tuple[object, ...]] = []

    def rule(self, path: str) -> Rule | None:
        """Give a rule in use."""
        return self.pack.rule(path)

    def write(
        self,
        school: _School,
        stage: str,
        path: str,
        value: float,
        *,
        limit: float | None = None,
        sense: str = AT_LEAST,
        missing: tuple[str, ...] = (),
        unit: str | None = None,
        verdict: str | None = None,
    ) -> None:
        """Add a row, unless the pack does not give the rule."""
        rule = self.pack.rule(path)
        if rule is None:
            return
        bound = rule.number if limit is None else limit
        if verdict is None:
            if missing or math.isnan(value) or math.isnan(bound):
                verdict = UNKNOWN
            else:
                keeps = value >= bound * _NEARLY if sense == AT_LEAST else value * _NEARLY <= bound
                verdict = MET if keeps else NOT_MET
        if verdict == NOT_MET and (rule.force == "may" or not rule.is_law):
            verdict = NOTE
        self.rows.append(
            (school.code, stage, path, value, bound, unit or CATALOGUE[path].unit, sense, verdict, missing)
        )


def ledger(
    schools: pd.DataFrame,
    pupils_by_stage: Mapping[str, pd.Series],
    pack: RulePack,
    *,
    reach_m: Mapping[str, pd.Series] | None = None,
    parts: pd.DataFrame | None = None,
    passes: pd.DataFrame | None = None,
    classes: pd.DataFrame | None = None,
    staff: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """
    Hold every open primary and junior school of the county against the pack.

    Parameters
    ----------
    schools : pandas.DataFrame
        By ``school_id``: kind, locale, status, in_margin, and what is known of pupils, classes, teachers, rooms, areas and
        beds; ``is_new`` marks a school that is only proposed.
    pupils_by_stage : Mapping of str to pandas.Series
        Pupils of each school by stage [pupils]; the register stands in for a stage that is not given.
    pack : RulePack
        The rules; those that are doubtful or superseded do not enter.
    reach_m : Mapping of str to pandas.Series, optional
        By stage, how far from each school its farthest day pupil lives, in a straight line [m].
    parts, passes, classes, staff : pandas.DataFrame, optional
        What :func:`planning.compliance.balance.school_parts`, :func:`planning.compliance.balance.school_pass`,
        :func:`planning.compliance.class_sizes.class_sizes` and :func:`planning.compliance.staffing.staffing` give for the
        same schools and pupils, where they are known already; worked out here by default.

    Returns
    -------
    pandas.DataFrame
        Columns ``LEDGER_COLUMNS``, a row a school and rule. ``verdict`` is met, not_met, unknown, not_applicable, or advisory
        where a rule that binds nobody is not reached; ``missing`` names the columns that are unknown.
    """
    book = _Book(pack)
    if parts is None:
        parts = school_parts(schools, pupils_by_stage, evaluated_from=pack.number("teaching_point.evaluated_from"))
    sizes = class_sizes(schools, pupils_by_stage, pack) if classes is None else classes
    staff = staffing(schools, pupils_by_stage, pack) if staff is None else staff
    values = indicator_values(parts).to_dict("index")
    passed = (school_pass(parts, pack) if passes is None else passes).to_dict("index")
    due, known = staff.to_dict("index"), schools.to_dict("index")
    reach = {stage: metres.to_dict() for stage, metres in (reach_m or {}).items()}
    limits = {stage: thresholds(pack, stage) for stage in EVALUATED_STAGES}
    records = sizes.reset_index().sort_values("school_id", kind="stable").to_dict("records")
    for code, own in itertools.groupby(records, key=lambda size: str(size["school_id"])):
        of_school = {str(size["stage"]): size for size in own}
        stages = list(of_school)
        school = _school(known[code], code, list(of_school.values()))
        for stage, size in of_school.items():
            if (code, stage) in values:
                _indicators(book, school, stage, limits[stage], values[code, stage], passed[code, stage])
            _sizes(book, school, stage, size)
            if stage in reach:
                _service(book, school, stage, float(reach[stage].get(code, _NAN)))
        _evaluation(book, school, evaluated=any((code, stage) in values for stage in EVALUATED_STAGES))
        _whole_school(book, school, stages)
        _boarding(book, school, stages)
        _areas(book, school, stages)
        if code in due:
            _staff(book, school, stages[-1], due[code])
    return pd.DataFrame(book.rows, columns=list(LEDGER_COLUMNS)).astype({"value": "Float64", "limit": "Float64"})


def _school(row: Mapping[Hashable, Any], code: str, of_school: Sequence[Mapping[Hashable, Any]]) -> _School:
    return _School(
        code=code,
        row=row,
        pupils=sum(_float(size["pupils"]) for size in of_school),
        classes=sum(_float(size["classes"]) for size in of_school),
        boarders=_float(row.get("boarders")),
        beds=_float(row.get("beds")),
        is_new=bool(row.get("is_new", False)),
    )


def _float(value: Any) -> float:
    return _NAN if value is None or value is pd.NA else float(value)


def _indicators(
    book: _Book,
    school: _School,
    stage: str,
    limits: Mapping[str, float],
    values: Mapping[Hashable, Any],
    passed: Mapping[Hashable, Any],
) -> None:
    """Write the seven indicators, how many are met, and how far the others are below."""
    for name in limits:
        value = _float(values[name])
        unknown = (TOTALS[name],) if math.isnan(value) else ()
        book.write(school, stage, f"stages.{stage}.indicators.{name}", value, missing=unknown)
    if not limits:
        return
    missing = tuple(TOTALS[name] for name in passed["missing"])
    met, n_unknown = int(passed["met"]), int(passed["unknown"])
    needed = book.pack.number("evaluation.indicators_met_min")
    if needed is not None:
        verdict = MET if met >= needed else NOT_MET if met + n_unknown < needed else UNKNOWN
        book.write(
            school, stage, "evaluation.indicators_met_min", met, verdict=verdict,
            missing=missing if verdict == UNKNOWN else (),
        )  # fmt: skip
    floor = book.pack.number("evaluation.floor_ratio")
    if floor is not None:
        lowest = min((_float(values[name]) / limit for name, limit in limits.items() if pd.notna(values[name])), default=_NAN)  # fmt: skip
        verdict = NOT_MET if passed["below_floor"] else UNKNOWN if missing else MET
        book.write(
            school, stage, "evaluation.floor_ratio", lowest, verdict=verdict,
            missing=missing if verdict == UNKNOWN else (),
        )  # fmt: skip


def _sizes(book: _Book, school: _School, stage: str, size: Mapping[Hashable, Any]) -> None:
    """Write the largest class and the size of a school of one stage; that of a nine-year school is judged as a whole."""
    path = f"stages.{stage}.class_size_max"
    limit = book.pack.number(path)
    largest, mean = _float(size["largest_class"]), _float(size["mean_class"])
    if limit is not None:
        verdict = class_verdict(largest, mean, limit)
        missing = (f"largest_class_{stage}",) if verdict == UNKNOWN else ()
        book.write(
            school, stage, path, mean if math.isnan(largest) else largest, sense=AT_MOST, verdict=verdict,
            missing=missing,
        )  # fmt: skip
    pupils, classes = _float(size["pupils"]), _float(size["classes"])
    no_pupils = (f"pupils_{stage}",) if math.isnan(pupils) else ()
    no_classes = (f"classes_{stage}",) if math.isnan(classes) else ()
    if school.kind != "nine_year":
        book.write(school, stage, f"stages.{stage}.school_size_max", pupils, sense=AT_MOST, missing=no_pupils)
        book.write(school, stage, f"stages.{stage}.school_classes_max", classes, sense=AT_MOST, missing=no_classes)
    if school.kind in ("primary", "junior"):
        path = f"stages.{stage}.school_size_min"
        limit = book.pack.number(path)
        # The smallest size is that of what is built: it closes no school that stands.
        below = limit is not None and pupils < limit * _NEARLY
        book.write(
            school, stage, path, pupils, missing=no_pupils, verdict=NOTE if below and not school.is_new else None
        )


def _service(book: _Book, school: _School, stage: str, reach_m: float) -> None:
    """Write the service radius of schools in cities and towns; it is no rule for villages."""
    locale = str(school.row.get("locale") or "")
    if school.kind == "teaching_point":
        return
    missing = () if locale else ("locale",)
    nobody = math.isnan(reach_m)
    verdict = NOT_APPLICABLE if locale == "village" or (nobody and locale) else None
    book.write(
        school, stage, f"stages.{stage}.service_radius", reach_m, sense=AT_MOST, missing=missing, verdict=verdict
    )


def _evaluation(book: _Book, school: _School, *, evaluated: bool) -> None:
    """Write what is asked of evaluated schools as a whole; name the points that are left out."""
    if not evaluated:
        book.write(school, "", "teaching_point.evaluated_from", school.pupils, verdict=NOT_APPLICABLE)
        return
    for kind in ("music", "art"):
        path = f"evaluation.{kind}_room_classes"
        rule = book.rule(path)
        if rule is None:
            continue
        rooms = school.number(f"{kind}_rooms")
        needed = _NAN if math.isnan(school.classes) else float(max(1, math.ceil(school.classes / rule.number - 1e-9)))
        missing = (("classes",) if math.isnan(needed) else ()) + ((f"{kind}_rooms",) if math.isnan(rooms) else ())
        book.write(school, "", path, rooms, limit=needed, missing=missing, unit=ROOMS)


def _whole_school(book: _Book, school: _School, stages: list[str]) -> None:
    """Write the size of nine-year schools, and mark small schools, which is no threshold for closing."""
    no_pupils = ("pupils",) if math.isnan(school.pupils) else ()
    if school.kind == "nine_year" and len(stages) > 1:
        book.write(school, "", "nine_year.school_size_max", school.pupils, sense=AT_MOST, missing=no_pupils)
        no_classes = ("classes",) if math.isnan(school.classes) else ()
        book.write(school, "", "nine_year.school_classes_max", school.classes, sense=AT_MOST, missing=no_classes)
    limit = book.pack.number("small_school_below")
    if limit is not None and school.pupils < limit:
        book.write(school, "", "small_school_below", school.pupils, verdict=NOTE)


def _boarding(book: _Book, school: _School, stages: list[str]) -> None:
    """Write beds and dormitories of schools that have boarders."""
    if school.boarders == 0:
        return
    if math.isnan(school.boarders) and not school.beds > 0:
        return  # nothing says that anybody boards
    no_boarders = ("boarders",) if math.isnan(school.boarders) else ()
    no_beds = ("beds",) if math.isnan(school.beds) else ()
    book.write(school, "", "boarding.beds_per_boarder", school.beds / school.boarders, missing=no_boarders + no_beds)
    dorm = school.number("dorm_area_m2")
    missing = no_boarders + (("dorm_area_m2",) if math.isnan(dorm) else ())
    book.write(school, "", "boarding.dorm_area_min", dorm / school.boarders, missing=missing)
    if len(stages) == 1:
        for name, sense in (("dorm_area_min", AT_LEAST), ("dorm_area_max", AT_MOST)):
            book.write(
                school, stages[0], f"stages.{stages[0]}.{name}", dorm / school.boarders, sense=sense, missing=missing
            )


def _areas(book: _Book, school: _School, stages: list[str]) -> None:
    """Write floor area and land by pupil; tables by class count hold from the count that is reached."""
    pupils, classes, locale = school.pupils, school.classes, str(school.row.get("locale") or "")
    group = "nine_year" if school.kind == "nine_year" and len(stages) > 1 else f"stages.{stages[0]}"
    dorm = 0.0 if school.boarders == 0 else school.number("dorm_area_m2")
    floor, site = school.number("floor_area_m2") - dorm, school.number("site_area_m2")
    unknown = (("pupils",) if math.isnan(pupils) else ()) + (("classes",) if math.isnan(classes) else ())
    no_floor = (("floor_area_m2",) if math.isnan(school.number("floor_area_m2")) else ()) + (
        ("dorm_area_m2",) if math.isnan(dorm) else ()
    )
    for level in ("basic", "planning"):
        rule = book.rule(f"{group}.floor_area_{level}")
        if rule is not None and locale != "village" and school.kind != "teaching_point":
            missing = unknown + no_floor + (() if locale else ("locale",))
            limit = by_classes(rule, classes)
            book.write(school, "", f"{group}.floor_area_{level}", floor / pupils, limit=limit, missing=missing)
    rule = book.rule(f"{group}.land_max") if group != "nine_year" else None
    if rule is not None and school.kind != "teaching_point":
        missing = unknown + (("site_area_m2",) if math.isnan(site) else ())
        book.write(
            school, "", f"{group}.land_max", site / pupils, limit=by_classes(rule, classes), sense=AT_MOST,
            missing=missing,
        )  # fmt: skip
    small = book.pack.number("small_school_below")
    if small is not None and pupils < small:
        book.write(
            school, "", "boarding.small_school_floor_area_min", school.number("floor_area_m2") / pupils,
            missing=no_floor[:1] if math.isnan(school.number("floor_area_m2")) else (),
        )  # fmt: skip


def by_classes(rule: Rule, classes: float) -> float:
    """
    Read a table by class count: the entry of the largest count that a school reaches, else the smallest.

    Parameters
    ----------
    rule : Rule
        A rule whose value is a number by count of classes.
    classes : float
        Classes of the school; NaN where unknown.

    Returns
    -------
    float
        The number; NaN where the classes are unknown.

    Raises
    ------
    TypeError
        If the rule is no such table.
    """
    if not isinstance(rule.value, Mapping):
        raise TypeError(f"no table by classes: {rule.value!r}")
    if math.isnan(classes):
        return _NAN
    reached = [count for count in rule.value if count <= classes]
    return float(rule.value[max(reached) if reached else min(rule.value)])


def _staff(book: _Book, school: _School, stage: str, due: Mapping[Hashable, Any]) -> None:
    """Write the staff that the pupils of all stages ask for together."""
    rule = book.rule(f"stages.{stage}.pupils_per_staff")
    if rule is None:
        return
    needed = _float(due["due_by_pupils"])
    missing = tuple(column for column in due["missing"] if column != "classes")
    book.write(
        school,
        "",
        f"stages.{stage}.pupils_per_staff",
        _float(due["staff"]),
        limit=needed,
        missing=missing,
        unit=PERSONS,
    )
    by_class = _float(due["due_by_classes"])
    if not math.isnan(by_class) or "classes" in due["missing"]:
        lacking = tuple(column for column in due["missing"] if column in ("classes", "staff"))
        book.write(
            school, "", "small_school_staff_per_class", _float(due["staff"]), limit=by_class, missing=lacking,
            unit=PERSONS,
        )  # fmt: skip
