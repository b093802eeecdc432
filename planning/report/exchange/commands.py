"""What the command ``export`` does."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from planning.errors import ConfigError, Names, SourceError, SourceMissingError, Tell, msg
from planning.i18n import Translator
from planning.report.exchange.layers import LAYERS, exchange_layers
from planning.report.exchange.systems import choose_system, county_bounds
from planning.report.exchange.writing import FORMATS, Exported, write_exchange
from planning.scenario.document import document_from_yaml
from planning.scenario.evaluate import evaluate
from planning.scenario.saved import load_run

__all__ = ["export_run"]


def export_run(
    run: Path,
    out: Path,
    *,
    formats: Sequence[str],
    t: Translator,
    crs: str | None = None,
    encoding: str = "UTF-8",
    names: Sequence[str] = (),
    scenario: Path | None = None,
    progress: Tell | None = None,
) -> Exported:
    """
    Write the layers of a finished run, or of a scenario on it.

    Parameters
    ----------
    run : pathlib.Path
        Folder of the run.
    out : pathlib.Path
        Folder of the files; made where it is not there. Files of the same names are replaced, all at once.
    formats : sequence of str
        Out of ``FORMATS``.
    t : Translator
        Language of legends, names of columns and notes.
    crs : str, optional
        Such as ``EPSG:4547``; the project's own otherwise.
    encoding : str
        Text of shapefiles: ``UTF-8`` or ``GBK``.
    names : sequence of str
        Layers, out of ``LAYERS``; all where empty.
    scenario : pathlib.Path, optional
        A scenario's YAML, as the app saves it.
    progress : callable, optional
        Told the share done and what is being done.

    Returns
    -------
    Exported
        The files where they stand now, and what is to be known of them.

    Raises
    ------
    SourceMissingError
        If there is no finished run.
    SourceError
        If the folder cannot be written to.
    ConfigError
        If there is no such layer or format.
    CrsError
        If there is no such reference system.
    """
    tell = progress or (lambda share, doing: None)
    state = run / "state"
    if not state.is_dir():
        raise SourceMissingError(
            msg(
                "{folder}: holds no finished run. Make one with python -m planning run PROJECT.yaml --out DIR.",
                folder=str(run),
            )
        )
    if out.exists() and not out.is_dir():
        raise SourceError(msg("{file}: is a file. Name a folder for the results.", file=str(out)))
    strange = [name for name in formats if name not in FORMATS]
    if strange:
        raise ConfigError(
            msg("{names}: no such format. There are {known}.", names=Names(strange), known=Names(FORMATS))
        )
    unknown = [name for name in names if name not in LAYERS]
    if unknown:
        raise ConfigError(msg("{names}: no such layer. There are {known}.", names=Names(unknown), known=Names(LAYERS)))
    tell(0.0, msg("Opening the finished run"))
    result = load_run(state)
    county, states, answers = result.county, result.base, result.answers
    bounds = county_bounds(county)
    system = choose_system(crs, county.crs, bounds)
    if scenario is not None:
        from planning.scenario.changed_county import changed_county, county_edits

        if not scenario.is_file():
            raise SourceMissingError(msg("{file}: there is no such file.", file=str(scenario)))
        edits = document_from_yaml(scenario.read_bytes(), where=scenario.name).edits
        if county_edits(edits):
            county = changed_county(county, county_edits(edits))
        states = {stage: evaluate(county, stage, edits) for stage in result.base}
        answers = ()
    tell(0.5, msg("Drawing the layers"))
    layers = exchange_layers(county, states, base=result.base, answers=answers, names=tuple(names) or tuple(LAYERS))
    tell(0.8, msg("Writing the files"))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out) as draft:
        done = write_exchange(
            layers, Path(draft), formats=formats, system=system, bounds=bounds, t=t, encoding=encoding
        )
        for file in done.files:
            file.replace(out / file.name)
    return Exported(tuple(out / file.name for file in done.files), done.notices)
