"""The open scenario held against the rules, in a job: once for each list of edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from planning.errors import Tell, msg
from planning.i18n import Translator
from planning.scenario.edits import Edit
from planning.ui.jobs import Job
from planning.ui.state import jobs
from planning.ui.waiting import awaited
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    import pandas as pd

    from planning.scenario.compliance import Compliance, Standing
    from planning.scenario.school_groups import Structure

__all__ = ["Held", "held_of", "structure_of_plan"]


@dataclass(frozen=True, eq=False)
class Held:
    """
    The county today and with the open scenario's edits.

    Parameters
    ----------
    standing : Standing
        Register, today by the allocation, and the scenario compared with it where it has edits.
    changes : pandas.DataFrame
        Rules broken and mended by the scenario, as :func:`planning.scenario.compliance.changed_rules` gives them.
    """

    standing: Standing
    changes: pd.DataFrame

    @property
    def plan(self) -> Compliance:
        """What holds in the open scenario; today where it changes nothing."""
        return self.standing.compared[0][1] if self.standing.compared else self.standing.today

    @property
    def layouts(self) -> dict[str, Compliance]:
        """The layouts by what they are filed under, the open scenario first."""
        return {held.when: held for held in reversed(self.standing.every())}


def held_of(workspace: Workspace, edits: Sequence[Edit], t: Translator) -> Held:
    """Give the scenario held against the rules, or show how far it is and stop the page there."""

    def start(*, again: bool) -> Job:
        return _start(workspace, tuple(edits), again=again)

    held: Held = awaited(start, t, key="standards", usual_s=3)
    return held


def _start(workspace: Workspace, edits: tuple[Edit, ...], *, again: bool) -> Job:
    known = jobs().get(_key(workspace, ()))
    today: Held | None = known.result() if known is not None and known.done and known.error is None else None
    return jobs().start(_key(workspace, edits), lambda tell, _: _hold(workspace, edits, today, tell), again=again)


def _key(workspace: Workspace, edits: tuple[Edit, ...]) -> str:
    return f"standards-{workspace.key}-{edits_key(edits)}"


def _hold(workspace: Workspace, edits: tuple[Edit, ...], today: Held | None, tell: Tell) -> Held:
    from planning.scenario.compliance import Standing, changed_rules, comply

    county = workspace.county
    if today is None:
        tell(0.1, msg("Holding the register against the rules"))
        register = comply(county, {}, when="register")
        tell(0.3, msg("Holding the county of today against the rules"))
        base = comply(county, workspace.base)
    else:
        register, base = today.standing.register, today.standing.base
    if not edits:
        return Held(Standing(register, base, ()), changed_rules(base, base))
    tell(0.5, msg("Measuring the ways to school"))
    states = {stage: workspace.state(stage, edits) for stage in workspace.stages}
    tell(0.7, msg("Holding the plan against the rules"))
    after = comply(workspace.county_of(edits), states, when="after")
    return Held(Standing(register, base, ((base, after),)), changed_rules(base, after))


def structure_of_plan(workspace: Workspace, edits: Sequence[Edit], plan: Compliance, t: Translator) -> Structure:
    """Give groups, townships and the way to pass, or show how far they are and stop the page there."""

    def work(tell: Tell, _: Event) -> Structure:
        from planning.scenario.school_groups import structure_of

        tell(0.2, msg("Working out groups, townships and the way to pass"))
        return structure_of(workspace.county_of(edits), plan)

    def start(*, again: bool) -> Job:
        return jobs().start(f"structure-{workspace.key}-{edits_key(edits)}", work, again=again)

    found: Structure = awaited(start, t, key="structure", usual_s=3)
    return found
