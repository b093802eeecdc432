"""Everything a run found, and the versions its numbers depend on."""

from __future__ import annotations

import functools
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from planning import __version__
from planning.compliance.roadmap import Roadmap
from planning.scenario.compliance import Standing, stand
from planning.scenario.county import County
from planning.scenario.evaluate import StageState
from planning.scenario.outlook import Outlook
from planning.scenario.questions import Answer
from planning.scenario.school_groups import Structure, roadmaps_of_proposals, structure_of
from planning.scenario.ways_to_school import WaysToSchool

__all__ = ["RunResult", "versions"]

_NAMED = ("geopandas", "highspy", "numpy", "osmium", "pandas", "pyogrio", "pyproj", "rasterio", "scipy", "shapely")


@dataclass(frozen=True)
class RunResult:
    """
    Everything a run found.

    Parameters
    ----------
    county : County
        What the questions were asked of.
    base : dict of str to StageState
        By stage, how it is today.
    answers : tuple of Answer
        One a question, in the project's order.
    seconds : dict of str to float
        Time of each step [s].
    versions : dict of str to str
        Of this program, Python and the libraries that numbers depend on.
    ways : WaysToSchool, optional
        The way to school as it is today; None where it was not looked at.
    outlook : Outlook or None
        Seats of the coming years; None where the project asks for none, or something is missing, which is then told.
    """

    county: County
    base: dict[str, StageState]
    answers: tuple[Answer, ...]
    seconds: dict[str, float]
    versions: dict[str, str]
    ways: WaysToSchool | None = None
    outlook: Outlook | None = None

    @functools.cached_property
    def compliance(self) -> Standing:
        """
        Give what the rules say of the schools, today and after each proposal; worked out at the first use.

        Returns
        -------
        Standing
            Of the register, the base and each answer.
        """
        return stand(self.county, self.base, self.answers)

    @functools.cached_property
    def structure(self) -> Structure:
        """
        Give school groups, nodes of townships, seats for 1,000 residents and the roadmap, of today; worked out at first use.

        Returns
        -------
        Structure
            Of today's schools.
        """
        return structure_of(self.county, self.compliance.today, outlook=self.outlook)

    @functools.cached_property
    def roadmaps(self) -> tuple[tuple[str, Roadmap, Roadmap], ...]:
        """
        Give what would let the county pass before and after each proposal; worked out at first use.

        Returns
        -------
        tuple of (str, Roadmap, Roadmap)
            Question, before and after.
        """
        return roadmaps_of_proposals(self.county, self.compliance)


def versions() -> dict[str, str]:
    """
    Name the versions that a number depends on.

    Returns
    -------
    dict of str to str
        Version by name.
    """
    found = {"planning": __version__, "python": platform.python_version()}
    for name in _NAMED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # installed by other means than a package manager
            found[name] = "unknown"
    return found
