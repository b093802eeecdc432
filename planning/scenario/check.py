"""Every fault of every source at once, with the row and the column it stands in, so that a project is mended once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj
import shapely

from planning.config import Project, load_project
from planning.errors import Message, PlanningError, Tell, msg
from planning.scenario.county import County
from planning.scenario.people import read_village_list
from planning.scenario.prepare import prepare, working_crs
from planning.sources.births import read_births
from planning.sources.dem import read_dem
from planning.sources.extra_roads import read_extra_roads
from planning.sources.housing import read_housing
from planning.sources.known import read_known
from planning.sources.migration import read_migration
from planning.sources.osm import read_osm_roads
from planning.sources.rasters import read_population
from planning.sources.schools import read_schools
from planning.sources.vectors import Boundary, read_boundary, read_exclusions
from planning.standards import load_pack

__all__ = ["CheckCancelledError", "Checked", "Problem", "check_project"]

_WGS84 = pyproj.CRS.from_epsg(4326)


@dataclass(frozen=True)
class Problem:
    """
    One thing to mend, or to know.

    Parameters
    ----------
    source : str
        Key of the project file, such as ``schools.file``; empty where no single source is to blame.
    file : str
        Name of the file as the user knows it; empty where there is none.
    message : Message
        What is wrong, and how to mend it.
    row : int or None
        Row of the file.
    column : str or None
        The file's heading.
    stops : bool
        True where the project cannot be opened with it; False for a reservation.
    """

    source: str
    file: str
    message: Message
    row: int | None = None
    column: str | None = None
    stops: bool = True


@dataclass(frozen=True)
class Checked:
    """
    What a check found.

    Parameters
    ----------
    problems : tuple of Problem
        Those that stop first, source by source.
    county : County or None
        The county; None where something stops.
    """

    problems: tuple[Problem, ...]
    county: County | None = None

    @property
    def faults(self) -> tuple[Problem, ...]:
        """
        Give what must be mended.

        Returns
        -------
        tuple of Problem
            Without reservations.
        """
        return tuple(problem for problem in self.problems if problem.stops)


class CheckCancelledError(PlanningError):
    """The check was stopped from outside, by what ``progress`` raised."""


class _Faults:
    """Faults gathered source by source; the work goes on after each."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    @contextmanager
    def of(self, source: str, name: str | None) -> Iterator[None]:
        """Take the faults of one source."""
        file = Path(name).name if name else ""
        try:
            yield
        except CheckCancelledError:
            raise
        except PlanningError as error:
            self.found += [_problem(source, file, fault) for fault in error.faults or (error.message,)]
        except OSError as error:
            problem = msg("{file}: cannot be read ({problem}).", file=file, problem=error.strerror or str(error))
            self.found.append(Problem(source, file, problem))


def check_project(path: Path, *, progress: Tell | None = None) -> Checked:
    """
    Read everything a project names, each source for itself, and then all together.

    Parameters
    ----------
    path : pathlib.Path
        The project file.
    progress : callable, optional
        Called with the share done and what is being done; it may raise :class:`CheckCancelledError`.

    Returns
    -------
    Checked
        All faults, or the county with its reservations.

    Raises
    ------
    CheckCancelledError
        If ``progress`` raised it.
    """
    tell = progress or (lambda share, doing: None)
    faults = _Faults()
    project: Project | None = None
    try:
        project = load_project(path)
    except PlanningError as error:
        faults.found += [_of_setting(fault) for fault in error.faults or (error.message,)]
    if project is None:
        return Checked(tuple(faults.found))
    _each_source(project, faults, lambda share, doing: tell(0.5 * share, doing))
    if faults.found:
        return Checked(tuple(faults.found))
    opened: list[County] = []
    with faults.of("", None):
        opened.append(prepare(project, progress=lambda share, doing: tell(0.5 + 0.5 * share, doing)))
    if not opened:
        return Checked(tuple(faults.found))
    return Checked(tuple(_reservations(opened[0])), opened[0])


def _each_source(project: Project, faults: _Faults, tell: Tell) -> None:
    """Read every source with as much of the others as can be read."""
    tell(0.0, msg("Reading the boundary"))
    with faults.of("standards", None):
        load_pack(project.standards, folder=project.folder)
    boundary: Boundary | None = None
    if project.boundary is not None:
        with faults.of("boundary", project.boundary):
            boundary = read_boundary(project.path(project.boundary))
    crs = _some_crs(project)
    area, townships = None, ()
    if boundary is not None:
        line = gpd.GeoSeries([boundary.county], crs=boundary.crs)
        area, townships = line.to_crs(crs).iloc[0], tuple(boundary.townships["name"])
    tell(0.1, msg("Reading the schools"))
    schools, people = project.schools, project.population
    if schools.file != "osm":
        with faults.of("schools.file", schools.file):
            read_schools(
                project.path(schools.file),
                crs=crs,
                coordinates=schools.coordinates,
                mapping=schools.mapping,
                kind=schools.kind,
                sheet=schools.sheet,
                boundary=area,
                margin_m=schools.margin_m,
            )
    tell(0.2, msg("Reading the population"))
    if people.villages is not None:
        with faults.of("population.villages", people.villages):
            read_village_list(project, crs=crs, area=area)
    if people.file is not None:
        bands = {k: project.path(v) if isinstance(v, str) else v for k, v in (people.age_bands or {}).items()}
        with faults.of("population.file", people.file):
            read_population(project.path(people.file), crs=crs, area=area, age_bands=bands or None)
    readers: list[tuple[str, str | None, Callable[[Path], Any]]] = [
        ("population.known", people.known, lambda path: read_known(path, townships=townships or None)),
        ("births", project.births, lambda path: read_births(path, townships=townships)),
        ("migration", project.migration, lambda path: read_migration(path, townships=townships)),
        ("housing", project.housing, lambda path: read_housing(path, crs=crs, boundary=area)),
        ("exclusions", project.exclusions, lambda path: read_exclusions(path, crs=crs)),
        ("terrain.dem", project.terrain.dem, lambda path: read_dem(path, crs=crs, area=area)),
        *(("roads.extra", name, lambda path: read_extra_roads(path, crs=crs)) for name in project.roads.extra),
        ("roads.file", project.roads.file, lambda path: read_osm_roads(path, crs=crs, area=_in_degrees(area, crs))),
    ]
    # Names of townships can only be held against a boundary that has them.
    named = [r for r in readers if r[1] is not None and (townships or r[0] not in ("births", "migration"))]
    for number, (source, name, read) in enumerate(named):
        tell(0.4 + 0.6 * number / len(named), msg("Reading {file}", file=Path(str(name)).name))
        with faults.of(source, name):
            read(project.path(str(name)))


def _some_crs(project: Project) -> pyproj.CRS:
    """Take the project's system; where its own sources are too broken to tell, degrees do for looking at the others."""
    for trial in (project, project.model_copy(update={"boundary": None})):
        try:
            return working_crs(trial)
        except (PlanningError, OSError):
            continue
    return _WGS84


def _in_degrees(area: shapely.Geometry | None, crs: pyproj.CRS) -> shapely.Geometry | None:
    return None if area is None else gpd.GeoSeries([area], crs=crs).to_crs(_WGS84).iloc[0]


def _problem(source: str, file: str, fault: Message) -> Problem:
    """Find row and column in what a fault's sentence is filled with."""
    row, column = fault.params.get("row"), fault.params.get("heading")
    number = int(row) if isinstance(row, int | str) and str(row).isdigit() else None
    if number is None:
        first = str(fault.params.get("rows", "")).split(",")[0].strip()
        number = int(first) if first.isdigit() else None
    return Problem(source, file, fault, number, column if isinstance(column, str) else None)


def _of_setting(fault: Message) -> Problem:
    key = fault.params.get("key")
    return Problem(key if isinstance(key, str) else "", str(fault.params.get("name", "")), fault)


def _reservations(county: County) -> Iterator[Problem]:
    keys = {Path(name).name: key for key, name in county.project.files()}
    for notice in county.notices:
        file = str(notice.params.get("file", ""))
        yield Problem(keys.get(file, ""), file, notice, stops=False)
    for item in county.set_aside:
        text = msg("{item}: {reason}", item=item.item, reason=item.reason)
        yield Problem(keys.get(item.source, ""), item.source, text, row=item.row, stops=False)
