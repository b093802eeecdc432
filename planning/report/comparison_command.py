"""Scenarios compared without the app: files or names in, the same tables, page and sheet out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from planning.config import load_project
from planning.errors import Names, SourceMissingError, Tell, msg
from planning.i18n import Language, get_translator
from planning.report.comparison_files import write_comparison
from planning.report.comparison_sheet import decision_sheet
from planning.report.printing.fonts import FontError
from planning.scenario.comparison import compare, evaluate_plan
from planning.scenario.document import document_from_data, document_from_yaml
from planning.store.scenarios import ScenarioStore, store_file

if TYPE_CHECKING:
    from planning.scenario.county import County
    from planning.scenario.edits import Edit

__all__ = ["TODAY", "compare_scenarios", "read_scenarios"]

#: Stands for the county without changes.
TODAY = "today"
_FILES = (".yaml", ".yml")


def compare_scenarios(
    project: Path,
    scenarios: Sequence[str],
    out: Path,
    *,
    language: Language | None = None,
    progress: Tell | None = None,
) -> list[Path]:
    """
    Compare scenarios of a project, and write the files.

    Parameters
    ----------
    project : pathlib.Path
        Project file, its folder, or the folder of a finished run.
    scenarios : sequence of str
        Scenario files, names of saved scenarios, or ``today``; the first is what the others are compared with.
    out : pathlib.Path
        Folder that is there.
    language : str, optional
        ``zh`` or ``en``; that of the project by default.
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    list of pathlib.Path
        What was written; ``decision_sheet.pdf`` puts the second scenario forward, and is left out on a machine without a font
        that has Chinese.

    Raises
    ------
    PlanningError
        If the project, or a scenario, cannot be read or does not fit.
    """
    tell = progress or (lambda share, doing: None)
    state = project / "state"
    file = project if project.is_file() or state.is_dir() else project / "project.yaml"
    named = read_scenarios(file, scenarios, today=TODAY)
    county = _county(file, lambda share, doing: tell(0.6 * share, doing))
    t = get_translator(language or county.project.language)
    today = evaluate_plan(county, t("Today's schools (base)"), (), tell=lambda _, doing: tell(0.6, doing))
    plans = []
    for number, (name, edits) in enumerate(named):
        tell(0.65 + 0.25 * number / len(named), msg("Working out {name}", name=name))
        if edits:
            plans.append(evaluate_plan(county, name, edits))
        else:
            plans.append(today if name == TODAY else replace(today, name=name))
    comparison = compare(plans, today=today)
    tell(0.92, msg("Writing the files"))
    written = write_comparison(comparison, plans, out, t=t)
    try:
        sheet = out / "decision_sheet.pdf"
        sheet.write_bytes(decision_sheet(t, comparison, plans, 1))
    except FontError as error:
        tell(1.0, error.message)
    else:
        written.append(sheet)
    return written


def _county(file: Path, tell: Tell) -> County:
    """Open a finished run, or prepare a project."""
    if (file / "state").is_dir():
        from planning.scenario.saved import load_county

        return load_county(file / "state")
    from planning.scenario.prepare import prepare

    return prepare(load_project(file), progress=tell)


def read_scenarios(project: Path, scenarios: Sequence[str], *, today: str) -> list[tuple[str, tuple[Edit, ...]]]:
    """
    Find scenarios by file or by name.

    Parameters
    ----------
    project : pathlib.Path
        Project file, or folder of a finished run, whose saved scenarios are looked through.
    scenarios : sequence of str
        Files or names.
    today : str
        What stands for the county without changes.

    Returns
    -------
    list of (str, tuple of Edit)
        Name and edits of each, in the same order.

    Raises
    ------
    SourceMissingError
        If there is no such file or scenario; those that are saved are named.
    ConfigError
        If one cannot be read.
    """
    found: list[tuple[str, tuple[Edit, ...]]] = []
    store: ScenarioStore | None = None
    for given in scenarios:
        if given == today:
            found.append((given, ()))
            continue
        path = Path(given)
        if path.suffix.lower() in _FILES:
            if not path.is_file():
                raise SourceMissingError(msg("{file}: there is no such file.", file=given))
            document = document_from_yaml(path.read_bytes(), where=path.name)
            found.append((document.name or path.stem, document.edits))
            continue
        store = store or ScenarioStore(store_file(project))
        saved = {scenario.name: scenario for scenario in store.scenarios()}
        if given not in saved:
            raise SourceMissingError(
                msg("There is no saved scenario {name}. There are: {names}.", name=given, names=Names(saved) or "–")
            )
        found.append((given, document_from_data(saved[given].data, where=given).edits))
    return found
