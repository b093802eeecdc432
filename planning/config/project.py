"""A project: its sources, its rules and its questions, and what each of them may say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from planning.config.parts import (
    BandName,
    Closed,
    Codes,
    IndicatorName,
    KindName,
    Limit,
    ModeName,
    NotNegative,
    Positive,
    StageName,
)
from planning.config.question import Question
from planning.errors import Names, msg
from planning.stages import BANDS

__all__ = [
    "Fertility",
    "Money",
    "Population",
    "Project",
    "Projection",
    "Roadmap",
    "Roads",
    "SchoolGroups",
    "Schools",
    "Stage",
    "Terrain",
    "Travel",
]

_COORDINATES = re.compile(r"wgs-?84|gcj-?02|bd-?09|(EPSG:|ESRI:)?\d{4,6}", re.IGNORECASE)


def _known_system(value: str) -> str:
    """Refuse a name that can be no reference system."""
    if not _COORDINATES.fullmatch(value):
        raise ValueError(msg("must be wgs84, gcj02, bd09 or EPSG:number"))
    return value


class Roads(Closed):
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


class Terrain(Closed):
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


class Population(Closed):
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


class Fertility(Closed):
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


class Projection(Closed):
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


class Schools(Closed):
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


class Stage(Closed):
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


class Travel(Closed):
    """How children go to school."""

    mode: ModeName = "walk"
    """Mode of every stage that ``modes`` does not name."""
    modes: dict[StageName, ModeName] = Field(default_factory=dict)
    """Mode by stage."""
    reach_limit: Limit | None = None
    """Beyond this a child is out of reach; a plain number is metres. None: as far as there is a path."""


class Money(Closed):
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


class SchoolGroups(Closed):
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


class Roadmap(Closed):
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
                msg("unit_costs needs a price for each indicator; {names} are missing", names=Names(lacking))
            )
        if self.yearly_budget is not None and self.unit_costs is None:
            raise ValueError(msg("yearly_budget needs unit_costs"))
        return self


class Project(Closed):
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
