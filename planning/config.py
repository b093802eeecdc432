"""The project file: what a project may say, checked closed and at once, with the path of every fault."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

import pydantic
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from planning.errors import ConfigError, Message, SourceMissingError, msg
from planning.stages import BANDS

__all__ = [
    "Alternatives",
    "Enlarge",
    "Fertility",
    "Frontier",
    "Limit",
    "Money",
    "Population",
    "Project",
    "Projection",
    "Question",
    "Roadmap",
    "Roads",
    "SchoolGroups",
    "Schools",
    "Stage",
    "Terrain",
    "Travel",
    "faults_in_words",
    "load_project",
    "read_yaml",
]

StageName = Literal["kindergarten", "primary", "junior", "senior", "special"]
BandName = Literal["kindergarten", "primary_lower", "primary_upper", "junior", "senior", "special"]
KindName = Literal["kindergarten", "teaching_point", "primary", "nine_year", "junior", "secondary", "senior", "special"]
ModeName = Literal["walk", "bike", "drive"]
ModelName = Literal["p_median", "max_coverage", "set_cover", "p_center", "capacitated", "boarding", "phases"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


_COORDINATES = re.compile(r"wgs-?84|gcj-?02|bd-?09|(EPSG:|ESRI:)?\d{4,6}", re.IGNORECASE)


def _known_system(value: str) -> str:
    """Refuse a name that can be no reference system."""
    if not _COORDINATES.fullmatch(value):
        raise ValueError(msg("must be wgs84, gcj02, bd09 or EPSG:number"))
    return value


#: Keys of a question that only some models know.
_KEYS_OF_MODELS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("close", "keep", "exceptions", "gate_answers", "enlarge", "min_pupils", "whole", "balance"), ("capacitated",)),
    (("bus_seats", "bus_limit_min"), ("boarding",)),
    (("years", "budget_by_year", "new_by_year", "carry_over"), ("phases",)),
    (("frontier",), ("p_median", "max_coverage", "p_center")),
    (("alternatives",), ("p_median", "max_coverage", "set_cover")),
)


class _Closed(BaseModel):
    """Unknown keys are refused, and a value once read stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Roads(_Closed):
    """Where the roads come from: a file, or the Overpass service; further layers are merged in."""

    file: str | None = None
    """OpenStreetMap extract, .osm.pbf or .osm."""
    overpass: bool = False
    """Download from Overpass (needs a network and a boundary)."""
    extra: tuple[str, ...] = ()
    """Shapefiles or GeoPackages of further roads."""

    @model_validator(mode="after")
    def _one_source(self) -> Roads:
        if (self.file is None) == (not self.overpass):
            raise ValueError(msg("either file or overpass: true"))
        return self


class Terrain(_Closed):
    """Elevation, and whether children walk over open ground where roads are missing."""

    dem: str | None = None
    """Elevation raster [m]."""
    off_road: bool = False
    """Walk over open ground as part of the network."""
    slope: bool = True
    """Let the slope of roads count for walkers, where an elevation raster is named."""
    spacing_m: Positive = Field(default=100.0, ge=10, le=2000)
    """off_road: distance of neighbouring places on open ground [m]."""
    off_road_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Share of its way off the road from which on a village is listed: tool default [-]."""


class Population(_Closed):
    """Where people live: a raster, a table of villages, or both."""

    file: str | None = None
    """Raster of people per cell."""
    year: int | None = Field(default=None, ge=1900, le=2100)
    """Year the raster stands for."""
    known_total: Positive | None = None
    """The county's known population; the raster is scaled to it, visibly [people]."""
    age_bands: dict[str, int | str] | None = None
    """Age groups such as ``5-9`` or ``20+``: the band of the raster (a number from 1) or a raster file of their own."""
    villages: str | None = None
    """Table of villages with residents or pupils."""
    coordinates: str = "wgs84"
    """What the places of that table are in: wgs84, gcj02, bd09 or EPSG:number."""
    mapping: dict[str, str] = Field(default_factory=dict)
    """Our column name: that table's own heading, where it is not recognised by itself; "" for none."""
    sheet: str | None = None
    """Sheet of that workbook; the first one otherwise."""
    known: str | None = None
    """Table of known numbers by township, and of the county, that people and pupils are scaled to."""

    @field_validator("coordinates")
    @classmethod
    def _a_known_system(cls, value: str) -> str:
        return _known_system(value)

    @model_validator(mode="after")
    def _some_source(self) -> Population:
        if self.file is None and self.villages is None:
            raise ValueError(msg("file or villages must be named"))
        return self


class Fertility(_Closed):
    """An assumption on births, where no table of them is named."""

    children_per_woman: Annotated[float, Field(gt=0, le=10)] | None = None
    """Total fertility; needs age groups that cover 15 to 49."""
    per_1000: Annotated[float, Field(gt=0, le=100)] | None = None
    """Births a year of 1,000 people."""
    low: Annotated[float, Field(gt=0, le=1)] = 0.85
    """Births of the low variant, as a share of the middle one: tool default."""
    high: Annotated[float, Field(ge=1, le=3)] = 1.15
    """Births of the high variant, as a share of the middle one: tool default."""

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Fertility:
        if (self.children_per_woman is None) == (self.per_1000 is None):
            raise ValueError(msg("either children_per_woman or per_1000"))
        return self


class Projection(_Closed):
    """How the children of coming years are counted."""

    until: int = Field(default=2035, ge=1901, le=2100)
    """Last year."""
    fertility: Fertility | None = None
    """Births, where ``births`` names no table of them."""
    infant_survival: Annotated[float, Field(gt=0, le=1)] = 0.995
    """Share of those born who live to the end of the year: tool default."""
    child_survival: Annotated[float, Field(gt=0, le=1)] = 0.9997
    """Share of older children who live through a year: tool default."""
    attending: dict[StageName, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    """Share of the children of a stage's ages who attend; 1 where not named."""
    net_inflow: dict[StageName, Annotated[float, Field(ge=-1, le=10)]] = Field(default_factory=dict)
    """Pupils from outside less those who attend outside, as a share of the children who attend; 0 where not named."""
    fill_rate: Annotated[float, Field(gt=0, le=1)] = 0.9
    """Share of seats that can be filled: tool default."""
    per_dwelling: dict[StageName, NotNegative] = Field(default_factory=dict)
    """Pupils of each stage that a new dwelling brings, where the table of estates does not say [pupils/dwelling]."""
    people_per_dwelling: Positive = 3.0
    """Residents of a new dwelling: tool default [people/dwelling]."""
    least_seats: int = Field(default=45, gt=0)
    """Fewest seats that are worth turning over to another stage: a class [seats]."""


class Schools(_Closed):
    """The table of schools."""

    file: str
    """.xlsx, .csv, shapefile, GeoPackage or GeoJSON; ``osm`` takes the schools out of the road file."""
    coordinates: str = "wgs84"
    """wgs84, gcj02, bd09 or EPSG:number."""
    mapping: dict[str, str] = Field(default_factory=dict)
    """Our column name: the table's own heading, where it is not recognised by itself; "" for none."""
    kind: KindName | None = None
    """What to take a school for where the table does not say."""
    sheet: str | None = None
    """Sheet of the workbook; the first one otherwise."""
    margin_m: NotNegative = 0.0
    """Keep schools (and children) up to this far beyond the county line [m]."""

    @field_validator("coordinates")
    @classmethod
    def _a_known_system(cls, value: str) -> str:
        return _known_system(value)


class Stage(_Closed):
    """Who is of age."""

    ages: tuple[int, int] | None = None
    """First and last age, both included [years]."""
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of all people, where no age structure is given."""

    @model_validator(mode="after")
    def _ages_or_share(self) -> Stage:
        if self.ages is None and self.share is None:
            raise ValueError(msg("ages or share must be given"))
        if self.ages is not None and not 0 <= self.ages[0] <= self.ages[1] <= 30:
            raise ValueError(msg("ages must be [first, last] between 0 and 30"))
        return self


class Limit(_Closed):
    """How far is too far, by time, by distance, or by both."""

    time_min: Positive | None = None
    """Time one way [min]."""
    distance_m: Positive | None = None
    """Distance one way along the way a child goes [m]."""

    @model_validator(mode="before")
    @classmethod
    def _number_is_metres(cls, value: object) -> object:
        return {"distance_m": value} if isinstance(value, int | float) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _something(self) -> Limit:
        if self.time_min is None and self.distance_m is None:
            raise ValueError(msg("time_min or distance_m must be given"))
        return self


class Travel(_Closed):
    """How children go to school."""

    mode: ModeName = "walk"
    """Mode of every stage that ``modes`` does not name."""
    modes: dict[StageName, ModeName] = Field(default_factory=dict)
    """Mode by stage."""
    reach_limit: Limit | None = None
    """Beyond this a child is out of reach; a plain number is metres. None: as far as there is a path."""


class Money(_Closed):
    """The bureau's own money."""

    build_per_seat: NotNegative | None = None
    """To build one seat [yuan]."""
    running_per_school: NotNegative | None = None
    """To run a school for a year [yuan]."""
    yuan_per_pupil_km: Positive | None = None
    """What one kilometre between home and school is taken to cost per pupil and year [yuan]; 400 otherwise."""
    building_years: Positive | None = None
    """Years that the cost of building is spread over [years]; 30 otherwise."""
    boarding_per_pupil: NotNegative | None = None
    """To house a boarder for a year: bed, meals, care [yuan]."""
    bus_per_km: NotNegative | None = None
    """To drive a school bus one kilometre [yuan]."""
    bus_per_year: NotNegative | None = None
    """To keep a school bus with its driver for a year, the kilometres left out [yuan]."""
    teaching_point_per_year: NotNegative | None = None
    """To run a teaching point with its teachers for a year [yuan]."""


def _school_codes(value: object) -> object:
    """Take school codes as text; a code that YAML read as a number becomes text again."""
    if isinstance(value, bool) or not isinstance(value, list | tuple):
        raise ValueError(msg("must be a list of school codes in [ ]"))
    if not all(isinstance(code, str) or (isinstance(code, int) and not isinstance(code, bool)) for code in value):
        raise ValueError(msg("must be a list of school codes in [ ]"))
    return tuple(str(code).strip() for code in value)


def _all_or_codes(value: object) -> object:
    return value if isinstance(value, bool) else _school_codes(value)


def _true_or_keys(value: object) -> object:
    """Take true for the defaults, and false for nothing."""
    if isinstance(value, bool):
        return {} if value else None
    return value


Codes = Annotated[tuple[str, ...], BeforeValidator(_school_codes)]


def _each_year(value: object) -> object:
    """Take one number for every year."""
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Year = Annotated[int, Field(ge=1900, le=2100)]
_SumOfYear = Annotated[tuple[NotNegative, ...] | None, BeforeValidator(_each_year)]
_NewOfYear = Annotated[tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None, BeforeValidator(_each_year)]


class Enlarge(_Closed):
    """Which schools may be enlarged, to what, and at what price."""

    schools: Codes | None = None
    """Codes of the schools; any complete public school of the stage otherwise."""
    classes: tuple[Annotated[int, Field(gt=0, le=200)], ...] | None = Field(default=None, min_length=1)
    """Class counts a school may be enlarged to; those of the standard otherwise."""
    class_size: int | None = Field(default=None, gt=0, le=100)
    """Seats of a class; the standard's largest class otherwise [seats]."""
    cost_per_seat: NotNegative | None = None
    """To add one seat [yuan]; ``costs.build_per_seat`` otherwise."""


class Frontier(_Closed):
    """The curve of a question: what each number of new schools, or each budget, would bring."""

    new: tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None = Field(default=None, min_length=1, max_length=50)
    """Numbers of new schools."""
    budgets: tuple[Positive, ...] | None = Field(default=None, min_length=1, max_length=50)
    """Instead: sums of money; each builds as many schools as it pays for [yuan]."""
    time_limit_s: Positive = Field(default=20.0, le=3600)
    """Longest time for the whole curve [s]."""

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Frontier:
        if (self.new is None) == (self.budgets is None):
            raise ValueError(msg("either new: [1, 2, 3] or budgets: [10000000, 20000000]"))
        return self


class Alternatives(_Closed):
    """Other plans nearly as good as the answer."""

    plans: int = Field(default=3, ge=1, le=20)
    """How many, the answer itself not counted."""
    within_percent: Annotated[float, Field(gt=0, le=100)] = 2.0
    """How much worse than the best they may be [%]; no rule, a default of this tool."""
    time_limit_s: Positive = Field(default=20.0, le=3600)
    """Longest time for all of them [s]."""


class Balance(_Closed):
    """A coefficient of variation between the schools of the stage as a ceiling."""

    indicator: Literal[
        "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "teaching_area", "sports_area",
        "equipment_value", "multimedia_rooms", "computers", "books", "staff_ratio", "mid_title_teachers",
    ]  # fmt: skip
    """What the schools have; the column of the table of schools that counts it must be there."""
    at_most: Literal["pack"] | Annotated[float, Field(gt=0, le=10)] = "pack"
    """Largest coefficient [1]; that of the standard otherwise."""


class Question(_Closed):
    """One question to the siting engine."""

    name: str = Field(min_length=1, max_length=80)
    """What the answer is filed under."""
    stage: StageName
    """Stage it is about."""
    model: ModelName
    """How "best" is meant."""
    new: int | None = Field(default=None, ge=0, le=1000)
    """How many new schools."""
    year: int | None = Field(default=None, ge=1900, le=2100)
    """Year whose children are asked about; those counted today otherwise. Needs a projection."""
    births: Literal["low", "middle", "high"] = "middle"
    """year: variant of births."""
    limit: Limit | None = None
    """Limit of the question; the standard's limit of each grade band otherwise."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """set_cover: share of the pupils to bring within the limit."""
    seats: int | None = Field(default=None, gt=0)
    """Seats of a new school."""
    beds: int | None = Field(default=None, gt=0)
    """boarding: beds of a new hub."""
    weekly_limit: Limit | None = None
    """boarding: limit of the weekly way to the hub."""
    budget: Positive | None = None
    """capacitated: money for building and enlarging [yuan]."""
    close: Annotated[bool | tuple[str, ...], BeforeValidator(_all_or_codes)] = False
    """capacitated: the schools that may be closed: true for any, or their codes."""
    keep: Codes = ()
    """capacitated: codes of schools that stay, whatever ``close`` says."""
    exceptions: int = Field(default=0, ge=0)
    """capacitated: pupils of a closed school who may end up beyond the limit, for whom transport is laid on."""
    gate_answers: dict[str, dict[str, bool]] = Field(default={})
    """close: what people answer to the conditions of the closure gate, by code of the school and key of the condition."""
    enlarge: Annotated[Enlarge | None, BeforeValidator(_true_or_keys)] = None
    """capacitated: true where schools may be enlarged to the sizes of the standard, or the sizes and their price."""
    min_pupils: Positive | None = None
    """capacitated: pupils that a new school, and one that may be closed but stays, must have."""
    whole: bool = False
    """capacitated: the children of a place and grade band all go to one school."""
    balance: Balance | None = None
    """capacitated: how unevenly a resource may be spread between the schools in any answer."""
    bus_seats: int | None = Field(default=None, gt=0, le=100)
    """boarding: seats of a school bus in the comparison of ways [seats]; 40 otherwise."""
    bus_limit_min: Positive | None = None
    """boarding: longest ride in a school bus [min]; the daily limit of each grade band otherwise."""
    frontier: Frontier | None = None
    """p_median, max_coverage, p_center: numbers of new schools, or budgets, to be answered as well."""
    alternatives: Annotated[Alternatives | None, BeforeValidator(_true_or_keys)] = None
    """p_median, max_coverage, set_cover: true for other plans nearly as good, or how many and how good."""
    years: tuple[_Year, ...] | None = Field(default=None, min_length=1, max_length=15)
    """phases: years at whose beginning schools may open, rising."""
    budget_by_year: _SumOfYear = None
    """phases: money for building in each of the years; one sum for every year, or one a year [yuan]."""
    new_by_year: _NewOfYear = None
    """phases: new schools at most in each of the years; one number for every year, or one a year."""
    carry_over: bool = False
    """phases: true where money that a year leaves may be spent in a later one."""
    time_limit_s: Positive = 60.0
    """Longest time the solver may take [s]."""

    @model_validator(mode="after")
    def _years_of_a_plan(self) -> Question:
        if self.model != "phases":
            return self
        if self.close or self.enlarge is not None:
            raise ValueError(
                msg("close and enlarge: a plan by year only opens schools. What may close or grow is asked with model capacitated, which has the closure gate.")
            )  # fmt: skip
        for key, instead in (("new", "new_by_year"), ("year", "years"), ("budget", "budget_by_year")):
            if getattr(self, key) is not None:
                raise ValueError(msg("{key}: not in a plan by year. Write {instead}.", key=key, instead=instead))
        if self.years is None:
            raise ValueError(msg("years must be given for this model, such as [2026, 2028, 2030]"))
        if any(later <= earlier for earlier, later in zip(self.years, self.years[1:], strict=False)):
            raise ValueError(msg("years: each must be later than the one before"))
        if self.budget_by_year is None and self.new_by_year is None:
            raise ValueError(msg("budget_by_year or new_by_year must say how much may be built in each year"))
        for key in ("budget_by_year", "new_by_year"):
            values = getattr(self, key)
            if values is not None and len(values) not in (1, len(self.years)):
                raise ValueError(
                    msg(
                        "{key}: one number for every year, or one for each of the {n} years", key=key, n=len(self.years)
                    )
                )
        if self.carry_over and self.budget_by_year is None:
            raise ValueError(msg("carry_over: only where budget_by_year says how much money there is"))
        return self

    @model_validator(mode="after")
    def _count_where_needed(self) -> Question:
        if self.new is None and self.model in ("p_median", "max_coverage", "p_center"):
            raise ValueError(msg("new must be given for this model"))
        return self

    @model_validator(mode="after")
    def _keys_fit_model(self) -> Question:
        for names, models in _KEYS_OF_MODELS:
            keys = [key for key in names if getattr(self, key) != type(self).model_fields[key].default]
            if keys and self.model not in models:
                raise ValueError(msg("{keys}: only for model {models}", keys=", ".join(keys), models=", ".join(models)))
        if isinstance(self.close, tuple):
            both = sorted(set(self.close) & set(self.keep))
            if both:
                raise ValueError(msg("close and keep both name {schools}", schools=", ".join(both)))
        if self.balance is not None and self.whole:
            raise ValueError(
                msg("balance and whole do not go together: a ceiling needs places whose children may be shared out")
            )
        if self.balance is not None and self.stage not in ("primary", "junior"):
            raise ValueError(msg("balance: only for primary and junior, whose schools are evaluated"))
        if self.exceptions and not self.close:
            raise ValueError(msg("exceptions: only where close says which schools may be closed"))
        if self.gate_answers and not self.close:
            raise ValueError(msg("gate_answers: only where close says which schools may be closed"))
        return self

    @property
    def weighs_money(self) -> bool:
        """
        Say whether ways and money are weighed against each other.

        Returns
        -------
        bool
            True where schools may be closed or enlarged.
        """
        return bool(self.close) or self.enlarge is not None


class SchoolGroups(_Closed):
    """How large groups of schools may be, and who leads them; every default is this tool's own."""

    members_max: int = Field(default=4, ge=0, le=1000)
    """Most schools that one school leads."""
    minutes_max: NotNegative = 40.0
    """Longest drive between a lead and a member [min]."""
    pupils_max: Positive | None = None
    """Most pupils of a group, the lead's own included; no limit where not given."""
    leads_max: int | None = Field(default=None, ge=0, le=1000)
    """Most schools that lead; no limit where not given."""
    leads: Codes | None = None
    """Codes of the schools that lead; any that may otherwise."""
    shared_days: int = Field(default=2, ge=0, le=7)
    """Days a week on which a teacher of the lead goes to the member."""


IndicatorName = Literal[
    "qualified_teachers", "backbone_teachers", "sports_arts_teachers", "teaching_area", "sports_area", "equipment_value",
    "multimedia_rooms",
]  # fmt: skip


class Roadmap(_Closed):
    """The years in which the county is to pass quality balance, and the money for it."""

    first_year: int | None = Field(default=None, ge=1900, le=2100)
    """First year; without it nothing is spread over years."""
    years: int = Field(default=3, ge=1, le=30)
    """Number of years: tool default."""
    yearly_budget: NotNegative | None = None
    """Money of each year [yuan]: the largest gaps come first; evenly over the years otherwise."""
    unit_costs: dict[IndicatorName, NotNegative] | None = None
    """Price of one more teacher, square metre, yuan of equipment or room, by indicator [yuan]."""

    @model_validator(mode="after")
    def _prices(self) -> Roadmap:
        if self.unit_costs is not None and len(self.unit_costs) < len(get_args(IndicatorName)):
            lacking = [name for name in get_args(IndicatorName) if name not in self.unit_costs]
            raise ValueError(
                msg("unit_costs needs a price for each indicator; {names} are missing", names=", ".join(lacking))
            )
        if self.yearly_budget is not None and self.unit_costs is None:
            raise ValueError(msg("yearly_budget needs unit_costs"))
        return self


class Project(_Closed):
    """A project: its sources, its rules and its questions."""

    name: str = Field(min_length=1, max_length=80)
    """Name of the county."""
    language: Literal["zh", "en"] = "zh"
    """Language of report and tables."""
    crs: str | int = "auto"
    """Working reference system; auto takes the local zone."""
    boundary: str | None = None
    """County boundary, with townships where there are any."""
    roads: Roads
    terrain: Terrain = Terrain()
    population: Population
    schools: Schools
    stages: dict[StageName, Stage] = Field(min_length=1)
    housing: str | None = None
    """Planned estates."""
    exclusions: str | None = None
    """Land where no school may stand."""
    births: str | None = None
    """Table of births by year."""
    migration: str | None = None
    """Table of who moves between townships, and from and to the outside."""
    projection: Projection | None = None
    """How the children of coming years are counted; projected where this, ``births`` or ``migration`` is named."""
    standards: str = "cn_county_default"
    """Name of a shipped rule pack, or a path."""
    limits: dict[BandName, Limit] = Field(default_factory=dict)
    """Overrides of the pack's limits by grade band."""
    travel: Travel = Travel()
    costs: Money = Money()
    questions: tuple[Question, ...] = ()
    school_groups: SchoolGroups = SchoolGroups()
    roadmap: Roadmap = Roadmap()
    folder: Path = Field(default=Path(), exclude=True)
    """Folder that relative paths start from; set by :func:`load_project`."""

    @model_validator(mode="after")
    def _questions_fit(self) -> Project:
        names = [question.name for question in self.questions]
        if len(set(names)) < len(names):
            raise ValueError(msg("questions must have different names"))
        for question in self.questions:
            if question.stage not in self.stages:
                raise ValueError(
                    msg(
                        "question {name} asks about {stage}, which is not among the stages. Add it to stages.",
                        name=question.name,
                        stage=question.stage,
                    )
                )
        return self

    @property
    def bands(self) -> tuple[str, ...]:
        """
        Grade bands of the project's stages, in school order.

        Returns
        -------
        tuple of str
            Such as ``primary_lower``.
        """
        return tuple(band for stage, bands in BANDS.items() if stage in self.stages for band in bands)

    @property
    def is_projected(self) -> bool:
        """
        Say whether the children of coming years are asked for.

        Returns
        -------
        bool
            True where ``projection``, ``births`` or ``migration`` is named.
        """
        return self.projection is not None or self.births is not None or self.migration is not None

    @property
    def projection_or_default(self) -> Projection:
        """
        Give the assumptions on coming years, the defaults where the project names none.

        Returns
        -------
        Projection
            The assumptions.
        """
        return Projection() if self.projection is None else self.projection

    def year_of(self, question: Question) -> int | None:
        """
        Tell the year whose children the answer to a question is measured on: the last one of a plan by year.

        Parameters
        ----------
        question : Question
            One of the project's, or another one.

        Returns
        -------
        int or None
            None for the children of today.
        """
        if question.years is None:
            return question.year
        return question.years[-1] if self.is_projected else None

    def path(self, name: str) -> Path:
        """
        Place a name from the project file in the file system.

        Parameters
        ----------
        name : str
            Path as written, relative to the project file or absolute.

        Returns
        -------
        pathlib.Path
            Absolute path; nothing says that it exists.
        """
        return (self.folder / name).resolve()

    def mode_of(self, stage: str) -> ModeName:
        """
        Say how the pupils of a stage go to school.

        Parameters
        ----------
        stage : str
            A stage of the project.

        Returns
        -------
        str
            walk, bike or drive.
        """
        return next((mode for name, mode in self.travel.modes.items() if name == stage), self.travel.mode)

    def files(self) -> list[tuple[str, str]]:
        """
        List the files that the project names.

        Returns
        -------
        list of tuple
            Key such as ``roads.file``, and the path as written.
        """
        population = self.population
        named: list[tuple[str, str | None]] = [
            ("boundary", self.boundary),
            ("roads.file", self.roads.file),
            *((f"roads.extra.{i}", name) for i, name in enumerate(self.roads.extra)),
            ("terrain.dem", self.terrain.dem),
            ("population.file", population.file),
            *((f"population.age_bands.{k}", v) for k, v in (population.age_bands or {}).items() if isinstance(v, str)),
            ("population.villages", population.villages),
            ("population.known", population.known),
            ("schools.file", None if self.schools.file == "osm" else self.schools.file),
            ("housing", self.housing),
            ("exclusions", self.exclusions),
            ("births", self.births),
            ("migration", self.migration),
            ("standards", self.standards if self.standards.endswith((".yaml", ".yml")) else None),
        ]
        return [(key, name) for key, name in named if name is not None]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML, but a key written twice is a fault and not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> Mapping[str, Any]:
    """
    Read a YAML file that must hold a mapping.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Mapping
        What it holds.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    ConfigError
        If it is not UTF-8, not YAML, has a key twice, or is not a mapping.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise SourceMissingError(msg("{file}: there is no such file.", file=str(path))) from error
    except UnicodeDecodeError as error:
        raise ConfigError(msg("{file}: not UTF-8 text. Save it as UTF-8.", file=path.name)) from error
    try:
        content = yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            msg(
                "{file}: not readable as YAML at line {line}: {problem}.",
                file=path.name,
                line=mark.line + 1 if mark else "?",
                problem=getattr(error, "problem", None) or "broken text",
            )
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(msg("{file}: must be a list of keys and values, such as name: Yunlan.", file=path.name))
    return MappingProxyType(content)


def load_project(path: str | Path) -> Project:
    """
    Read and check a project file; the files it names are looked for, not opened.

    Parameters
    ----------
    path : str or pathlib.Path
        The ``project.yaml``, or a folder that holds one.

    Returns
    -------
    Project
        Frozen; its paths start from the file's folder.

    Raises
    ------
    SourceMissingError
        If there is no such file.
    ConfigError
        With every fault and its path: unknown or missing keys, wrong values, files that are named but not there.
    """
    path = Path(path)
    if path.is_dir():
        path = path / "project.yaml"
    content = read_yaml(path)
    try:
        project = Project.model_validate({**content, "folder": path.parent.resolve()})
    except pydantic.ValidationError as error:
        faults = faults_in_words(error)
        raise ConfigError(
            msg("{file}: {n} faults in the project file.", file=path.name, n=len(faults)), faults
        ) from error
    if "folder" in content:
        raise ConfigError(msg("{file}: {n} faults in the project file.", file=path.name, n=1), [_unknown_key("folder")])
    missing = [
        msg("{key}: there is no file {name}. Paths start from the folder of the project file.", key=key, name=name)
        for key, name in project.files()
        if not project.path(name).exists()
    ]
    if missing:
        raise ConfigError(msg("{file}: {n} faults in the project file.", file=path.name, n=len(missing)), missing)
    return project


def _unknown_key(key: str) -> Message:
    return msg("{key}: unknown key. Check its spelling, or remove it.", key=key)


def _expected(kind: str, fault: Mapping[str, Any]) -> Message | str:
    """Say what kind of value belongs there."""
    ctx = fault.get("ctx", {})
    for start, expected in (
        ("string_too_short", msg("must not be empty")),
        ("string_too_long", msg("must have at most {limit} characters", limit=ctx.get("max_length"))),
        ("too_long", msg("must have at most {limit} entries", limit=ctx.get("max_length"))),
        ("int", msg("must be a whole number")),
        ("float", msg("must be a number")),
        ("finite", msg("must be a number")),
        ("bool", msg("must be true or false")),
        ("string", msg("must be a text")),
        ("tuple", msg("must be a list in [ ]")),
        ("list", msg("must be a list in [ ]")),
        ("dict", msg("must be a list of keys and values")),
        ("model", msg("must be a list of keys and values")),
        ("greater_than_equal", msg("must be {limit:g} or more", limit=ctx.get("ge", 0))),
        ("greater_than", msg("must be more than {limit:g}", limit=ctx.get("gt", 0))),
        ("less_than_equal", msg("must be {limit:g} or less", limit=ctx.get("le", 0))),
        ("too_short", msg("must not be empty")),
    ):
        if kind.startswith(start):
            return expected
    return str(fault["msg"])


def faults_in_words(error: pydantic.ValidationError) -> list[Message]:
    """
    Put pydantic's findings into our own words, each with its path.

    Parameters
    ----------
    error : pydantic.ValidationError
        What a closed schema found.

    Returns
    -------
    list of Message
        One fault each.
    """
    faults = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"]) or "project"
        kind, given = fault["type"], fault.get("input")
        shown = given if not isinstance(given, dict | list | tuple) and (given is not None) else type(given).__name__
        if isinstance(given, float) and math.isnan(given):
            shown = "NaN"
        if kind == "extra_forbidden":
            faults.append(_unknown_key(key))
        elif kind == "missing":
            faults.append(msg("{key}: missing. Add it.", key=key))
        elif kind in ("literal_error", "enum"):
            faults.append(
                msg(
                    "{key}: must be one of {expected} (given: {given})",
                    key=key,
                    expected=str(fault["ctx"]["expected"]).replace("'", "").replace(" or ", ", "),
                    given=shown,
                )
            )
        elif kind == "value_error":
            faults.append(msg("{key}: {problem}", key=key, problem=fault["ctx"]["error"].args[0]))
        else:
            faults.append(
                msg("{key}: {problem} (given: {given})", key=key, problem=_expected(kind, fault), given=shown)
            )
    return faults
