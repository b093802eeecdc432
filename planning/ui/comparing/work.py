"""Scenarios worked out and compared in a job: once for each choice of scenarios, whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from planning.errors import Tell, msg
from planning.i18n import Translator
from planning.ui.comparing.choosing import Chosen
from planning.ui.jobs import Job
from planning.ui.state import jobs
from planning.ui.waiting import awaited
from planning.ui.workspace import Workspace, edits_key

if TYPE_CHECKING:
    from planning.scenario.comparison import Comparison, EvaluatedPlan

__all__ = ["Compared", "choice_key", "compared_of"]


@dataclass(frozen=True, eq=False)
class Compared:
    """The plans, the first the yardstick, and what they come to."""

    key: str
    plans: tuple[EvaluatedPlan, ...]
    comparison: Comparison


def choice_key(workspace: Workspace, chosen: Sequence[Chosen]) -> str:
    """Give a key that another choice, another edit or another name changes."""
    parts = [f"{each.name}\n{edits_key(each.edits)}" for each in chosen]
    return f"{workspace.key}-{sha256(chr(0).join(parts).encode()).hexdigest()[:16]}"


def compared_of(workspace: Workspace, chosen: Sequence[Chosen], t: Translator) -> Compared:
    """Give the scenarios compared, or show how far that is and stop the page there."""
    key = choice_key(workspace, chosen)

    def start(*, again: bool) -> Job:
        return jobs().start(f"compare-{key}", lambda tell, _: _work(workspace, chosen, key, tell), again=again)

    found: Compared = awaited(start, t, key="compare", usual_s=4)
    return found


def _work(workspace: Workspace, chosen: Sequence[Chosen], key: str, tell: Tell) -> Compared:
    from planning.scenario.comparison import EvaluatedPlan, compare
    from planning.scenario.compliance import comply

    plans = []
    for number, each in enumerate(chosen):
        tell(0.9 * number / len(chosen), msg("Working out {name}", name=each.name))
        county = workspace.county_of(each.edits)
        states = {stage: workspace.state(stage, each.edits) for stage in workspace.stages}
        held = comply(county, states, when="after" if each.edits else "base")
        plans.append(EvaluatedPlan(each.name, each.edits, county, states, held))
    tell(0.95, msg("Comparing"))
    today = EvaluatedPlan("", (), workspace.county, workspace.base)
    return Compared(key, tuple(plans), compare(plans, today=today))
