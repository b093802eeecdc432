"""What the page of children computes, as jobs that are kept by the hash of the county and of the edits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from planning.errors import Message, Tell, msg
from planning.scenario.changed_county import county_edits
from planning.ui.state import jobs
from planning.ui.workspace import edits_key

if TYPE_CHECKING:
    from planning.report.ways_to_school import WayMap
    from planning.scenario.county import County
    from planning.scenario.edits import Edit
    from planning.scenario.outlook import Outlook
    from planning.scenario.ways_to_school import WaysToSchool
    from planning.ui.jobs import Job
    from planning.ui.workspace import Workspace

__all__ = ["OutlookFound", "WaysFound", "outlook_job", "ways_job"]

#: The county as the plan leaves it; its outlook, or None and what is lacking.
OutlookFound = tuple["County", "Outlook | None", tuple[Message, ...]]
#: The ways to school, their map and the size of its ground [units], and the length and words of its scale.
WaysFound = tuple["WaysToSchool", "WayMap", "MapGround"]
MapGround = tuple[int, int, float, float, str, tuple[tuple[str, str], ...]]


def outlook_job(workspace: Workspace, edits: Sequence[Edit]) -> Callable[..., Job]:
    """Give what starts the projection of the children; a plan changes it by what it changes of the county, no school does."""

    def work(tell: Tell, _: object) -> OutlookFound:
        from planning.scenario.outlook import project_outlook

        tell(0.1, msg("Counting the children of coming years"))
        county = workspace.county_of(edits, moved_in=False)  # estates count from their year on
        return county, *project_outlook(county)

    key = f"outlook-{workspace.key}-{edits_key(county_edits(edits))}"
    return lambda *, again: jobs().start(key, work, again=again)


def ways_job(workspace: Workspace, edits: Sequence[Edit]) -> Callable[..., Job]:
    """Give what starts the search for dangers on the ways to school of a plan."""

    def work(tell: Tell, _: object) -> WaysFound:
        from planning.report.figures import draw_ground
        from planning.report.ways_to_school import draw_way_map
        from planning.scenario.ways_to_school import ways_to_school

        states = [workspace.state(stage, edits) for stage in workspace.stages]
        tell(0.2, msg("Laying the pupils on the roads"))
        county = workspace.county_of(edits)
        ways = ways_to_school(county, states)
        tell(0.8, msg("Drawing the map"))
        ground = draw_ground(county)
        drawn = draw_way_map(ground, states, ways)
        return ways, drawn, (ground.width, ground.height, ground.scale_m, ground.scale, ground.county, ground.lines)

    return lambda *, again: jobs().start(f"ways-{workspace.key}-{edits_key(edits)}", work, again=again)
