"""The command line: ``demo``, ``run``, ``check`` and more; bad input ends with exit code 2 and words that name the cure."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from planning import __version__
from planning.config import Project, load_project
from planning.errors import ConfigError, Message, Names, PlanningError, SourceError, Tell, msg
from planning.i18n import Language, Translator, get_translator

if TYPE_CHECKING:
    from planning.scenario.check import Problem
    from planning.scenario.county import County

__all__ = ["app", "main"]

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo" / "project.yaml"
TEMPLATES = ROOT / "data" / "templates"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="School Layout Planner: real travel distances, catchments, and school sites with a proven gap.",
    epilog="Exit codes: 0 done; 2 bad input, with the reason and the cure on standard error and nothing written.",
)

ProjectFile = Annotated[
    Path, typer.Argument(metavar="PROJECT.yaml", help="The project file, or the folder that holds a project.yaml.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="Folder of the results; files of an earlier run are replaced. Otherwise runs/NAME beside the project "
        "(for the demo: data/runs/demo).",
    ),
]
App = Annotated[bool, typer.Option("--app", help="Open the result in the app, and serve until stopped.")]
Port = Annotated[
    int, typer.Option("--port", min=1, max=65535, help="Port of the app; the next free one if it is taken.")
]
Encoding = Annotated[
    Literal["UTF-8", "GBK"],
    typer.Option("--encoding", help="Text of the shapefiles; GBK for old ArcMap.", case_sensitive=False),
]
Lang = Annotated[
    Literal["zh", "en"] | None, typer.Option("--lang", help="Language of the messages; that of the system otherwise.")
]

RunFolder = Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a finished run.")]
PrintFormat = Annotated[
    Literal["pdf", "docx"] | None, typer.Option("--format", help="By default what --out ends with, else pdf.")
]
PrintLanguage = Annotated[
    Literal["zh", "en"] | None, typer.Option("--language", help="Language of the file; that of the project otherwise.")
]
MapNumber = Annotated[
    str, typer.Option("--map-number", metavar="NUMBER", help="Number of the map review, for the foot of every page.")
]
PrintOut = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Otherwise beside the results of the run.")
]


@app.callback()
def _setup(verbose: Annotated[bool, typer.Option("--verbose", help="Say what each step does.")] = False) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(name)s: %(message)s"
    )


@app.command("demo")
def _demo(
    out: Out = None, app: App = False, port: Port = 8501, encoding: Encoding = "UTF-8", lang: Lang = None
) -> None:
    """Do the whole job for the invented county that ships."""
    with _words(lang) as t:
        target = out or ROOT / "data" / "runs" / "demo"
        _run(DEMO, target, encoding, t)
        if app:
            _serve(DEMO, target, port, t)


@app.command("run")
def _run_command(
    project: ProjectFile,
    out: Out = None,
    app: App = False,
    port: Port = 8501,
    encoding: Encoding = "UTF-8",
    lang: Lang = None,
) -> None:
    """Do the whole job for a project: catchments, indicators, proposals, report."""
    with _words(lang) as t:
        file = project / "project.yaml" if project.is_dir() else project
        target = out or file.resolve().parent / "runs" / file.stem
        _run(file, target, encoding, t)
        if app:
            _serve(file, target, port, t)


@app.command("check")
def _check(project: ProjectFile, lang: Lang = None) -> None:
    """Read and check everything a project names, and say what was set aside; write nothing, answer no question."""
    from planning.scenario.check import check_project
    from planning.scenario.prepare import prepare

    with _words(lang) as t:
        try:
            county = prepare(load_project(project), progress=_progress(t))
        except PlanningError:  # the first fault; the others are looked for now, so that a project is mended once
            file = project / "project.yaml" if project.is_dir() else project
            faults = check_project(file).faults
            if not faults:
                raise
            for line in _faults(faults, file.name, t):
                typer.echo(line, err=True)
            raise typer.Exit(2) from None
        for line in _findings(county, t):
            typer.echo(line)


@app.command("isochrones")
def _isochrones(
    project: ProjectFile,
    school: Annotated[str, typer.Option("--school", metavar="ID", help="Code of the school.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE.gpkg", help="GeoPackage to write; replaced if there.")],
    minutes: Annotated[
        str, typer.Option("--minutes", metavar="M,M,…", help="Minutes one way, at the reference speed of the mode.")
    ] = "15,30,45",
    stage: Annotated[
        str | None,
        typer.Option("--stage", help="Stage whose way of travel counts; the project's first stage otherwise."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Draw from where a school is reached in some minutes."""
    from planning.scenario.areas import isochrones as draw
    from planning.scenario.prepare import prepare

    with _words(lang) as t:
        times = _times(minutes)
        named = load_project(project)
        of_stage = stage or next(iter(named.stages))
        if of_stage not in named.stages:
            raise ConfigError(
                msg(
                    "--stage {stage}: the project has no such stage. It has {stages}.",
                    stage=of_stage,
                    stages=Names(named.stages),
                )
            )
        if out.suffix.lower() != ".gpkg" or out.is_dir():
            raise SourceError(msg("--out {file}: must be the name of a .gpkg file.", file=str(out)))
        with _draft(out, [named.path(name) for _, name in named.files()]) as draft:
            county = prepare(named, progress=_progress(t))
            areas = draw(county, school, times, stage=of_stage)
            with _writing(out):
                areas.to_file(draft / out.name, layer="isochrones", driver="GPKG")
                (draft / out.name).replace(out)
        typer.echo(t("The results are in {folder}", folder=str(out)), err=True)


@app.command("report")
def _report(
    run: RunFolder,
    format: PrintFormat = None,  # noqa: A002 - the option's own name
    language: PrintLanguage = None,
    map_number: MapNumber = "",
    out: PrintOut = None,
    lang: Lang = None,
) -> None:
    """Print the report of a finished run as PDF, or as a Word file that can be edited."""
    from planning.report.printing.files import write_report

    with _words(lang) as t:
        file = write_report(run, out, format=format, language=language, map_number=map_number, tell=_progress(t))
        typer.echo(str(file))


@app.command("hearing")
def _hearing(
    run: RunFolder,
    question: Annotated[str, typer.Option("--question", metavar="NAME", help="Name of the question.")],
    village: Annotated[
        list[str] | None,
        typer.Option("--village", metavar="NAME", help="A village, may be repeated; otherwise all that change."),
    ] = None,
    format: PrintFormat = None,  # noqa: A002 - the option's own name
    language: PrintLanguage = None,
    map_number: MapNumber = "",
    out: PrintOut = None,
    lang: Lang = None,
) -> None:
    """Print hearing sheets of a proposal, one page a village: before and after, map, standards, room for answers."""
    from planning.report.printing.files import write_hearing

    with _words(lang) as t:
        file = write_hearing(
            run, out, question=question, villages=village or (), format=format, language=language,
            map_number=map_number, tell=_progress(t),
        )  # fmt: skip
        typer.echo(str(file))


@app.command("compare")
def _compare(
    project: Annotated[
        Path, typer.Argument(metavar="PROJECT", help="Project file, its folder, or the folder of a finished run.")
    ],
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO…", help="Scenario files (.yaml), names of saved scenarios, or today; two to four."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the files; made where it is not there.")],
    lang: Lang = None,
) -> None:
    """Compare two to four scenarios, the first being what the others are compared with: page, workbook, CSV, decision sheet."""
    from planning.report.comparison_command import compare_scenarios

    with _words(lang) as t, _draft(out, []) as draft:
        compare_scenarios(project, scenarios, draft, language=lang, progress=_progress(t))
        with _writing(out):
            _move_into_place(draft, out)
        typer.echo(t("The results are in {folder}", folder=str(out)), err=True)


@app.command("template")
def _template(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder the tables go to; made where it is not there.")],
    lang: Lang = None,
) -> None:
    """Copy the empty tables (schools, villages, known numbers, births, moves, housing), headings explained, into a folder."""
    with _words(lang) as t:
        tables = sorted(TEMPLATES.glob("*.xlsx"))
        there = [table.name for table in tables if (folder / table.name).exists()]
        if there:
            raise SourceError(
                msg(
                    "{folder}: holds {names} already. Name another folder, or move them away.",
                    folder=str(folder),
                    names=Names(there),
                )
            )
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for table in tables:
                shutil.copyfile(table, folder / table.name)
                typer.echo(str(folder / table.name))
        typer.echo(t("Fill them in, and name them in project.yaml."), err=True)


@app.command("export")
def _export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder the files go to.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="gpkg|shp|geojson|kml|parquet",
            help="Format; may be given several times; gpkg otherwise.",
        ),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option("--crs", metavar="EPSG:N", help="Reference system, such as EPSG:4547; the project's otherwise."),
    ] = None,
    encoding: Encoding = "UTF-8",
    language: Annotated[
        Literal["zh", "en"] | None, typer.Option("--language", help="Language of legends, names and messages.")
    ] = None,
    layers: Annotated[
        list[str] | None, typer.Option("--layer", help="Layer such as catchments_nearest; all otherwise.")
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option("--scenario", metavar="FILE.yaml", help="A scenario that the app saved, on that run.")
    ] = None,
) -> None:
    """Write a run's catchments, schools, sites and villages for other GIS programs."""
    from planning.report.exchange.commands import export_run

    with _words(language) as t, _writing(out):
        done = export_run(
            run, out, formats=formats or ["gpkg"], crs=crs, encoding=encoding, names=layers or (), scenario=scenario,
            t=t, progress=_progress(t),
        )  # fmt: skip
        for notice in done.notices:
            typer.echo(f"- {t.message(notice)}", err=True)
        typer.echo(t("The results are in {folder}", folder=str(out)), err=True)


@app.command("pack")
def _pack(
    project: ProjectFile,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="The .zip; replaced if there.")],
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="RUN_DIR", help="Finished run whose tables go along with their hashes."),
    ] = None,
    lang: Lang = None,
) -> None:
    """Put a project with its sources, scenarios and a run's tables into one .zip that opens on another machine."""
    from planning.report.exchange.bundle import pack_project

    with _words(lang) as t, _writing(out):
        done = pack_project(project, out, run=run)
        typer.echo(
            t(
                "{file}: {n} files, {scenarios} scenarios, {tables} tables of a run.",
                file=str(out), n=len(done.files), scenarios=len(done.scenarios), tables=done.tables,
            ),
            err=True,
        )  # fmt: skip


@app.command("unpack")
def _unpack(
    archive: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A .zip that pack made.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder that is not there yet, or is empty.")],
    lang: Lang = None,
) -> None:
    """Open a packed project in a folder, its scenarios with it; a file that was changed on the way is refused."""
    from planning.report.exchange.bundle import unpack_project

    with _words(lang) as t, _writing(to):
        done = unpack_project(archive, to)
        for notice in done.notices:
            typer.echo(f"- {t.message(notice)}", err=True)
        typer.echo(t("The project is in {file}", file=str(done.project)), err=True)


@app.command("version")
def _version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line."""
    # A run is many objects that stay to the end: looking through all of them for garbage would take a sixth of the time,
    # and taking them apart one by one at the end a tenth.
    gc.set_threshold(200_000, 20)
    atexit.register(gc.freeze)
    app()


@contextmanager
def _words(lang: Language | None) -> Iterator[Translator]:
    """Put errors into the user's words, and end with exit code 2."""
    t = get_translator(lang or _system_language())
    try:
        yield t
    except PlanningError as error:
        typer.echo(t.error(error), err=True)
        raise typer.Exit(2) from error
    except OSError as error:
        if error.filename is None:  # nothing of the user's
            raise
        problem = error.strerror or str(error)
        typer.echo(t("{file}: cannot be read ({problem}).", file=str(error.filename), problem=problem), err=True)
        raise typer.Exit(2) from error


def _system_language() -> Language:
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if named.lower().startswith("zh") else "en"


def _progress(t: Translator) -> Tell:
    """Say how far the work is, and first of all why it takes longer this once."""
    from planning.kernels import is_cold

    if is_cold():
        typer.echo(
            t("First use on this machine: the program is prepared, which takes up to a minute and is done once."),
            err=True,
        )

    def show(share: float, doing: Message) -> None:
        typer.echo(f"[{share:4.0%}] {t.message(doing)}", err=True)

    return show


def _times(text: str) -> list[float]:
    """Read times such as ``15,30,45``."""
    try:
        times = [float(part) for part in text.replace("\uff0c", ",").split(",")]
    except ValueError:
        times = []
    if not times or not all(0 < time <= 24 * 60 for time in times):
        raise ConfigError(msg("--minutes {text}: must be numbers between 0 and 1440, such as 15,30,45.", text=text))
    return times


def _run(project_file: Path, out: Path, encoding: str, t: Translator) -> None:
    """Run a project; the results appear in their folder all at once, or not at all."""
    from planning.report import write_outputs
    from planning.report.html import gap_in_words
    from planning.scenario.run import run as run_project
    from planning.scenario.saved import save_run

    project: Project = load_project(project_file)
    if out.exists() and not out.is_dir():
        raise SourceError(msg("{file}: is a file. Name a folder for the results.", file=str(out)))
    inputs = [project_file, *(project.path(name) for _, name in project.files())]
    if any(file.resolve().parent in (out.resolve(), out.resolve() / "state") for file in inputs):
        raise SourceError(
            msg("{file}: holds files that the project reads. Name another folder with --out.", file=str(out))
        )
    with _draft(out, inputs) as draft:
        result = run_project(project, progress=_progress(t))
        with _writing(out):
            write_outputs(result, draft, encoding=encoding)
            save_run(result, draft / "state")
            _move_into_place(draft, out)
    for notice in result.county.notices:
        typer.echo(f"- {t.message(notice)}", err=True)
    for answer in result.answers:
        typer.echo(f"- {answer.question.name}: {gap_in_words(t, answer)}", err=True)
    typer.echo(t("The results are in {folder}", folder=str(out)), err=True)


@contextmanager
def _draft(out: Path, inputs: list[Path]) -> Iterator[Path]:
    """Give a folder beside the results to write into first; it and the folders made for it go if the work fails."""
    if out.resolve() in [file.resolve() for file in inputs]:
        raise SourceError(msg("{file}: is a file that the project reads. Name another one.", file=str(out)))
    absent = [folder for folder in out.absolute().parents if not folder.exists()]
    with _writing(out):
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        for folder in absent:  # the innermost first; one that holds results by now stays
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    """Say in words that a place cannot be written."""
    try:
        yield
    except PlanningError:
        raise
    except OSError as error:
        raise SourceError(
            msg(
                "{file}: cannot be written ({problem}). Name another place.",
                file=str(out),
                problem=error.strerror or str(error),
            )
        ) from error


def _move_into_place(draft: Path, out: Path) -> None:
    """Replace what an earlier run wrote under the same names; leave anything else in the folder alone."""
    out.mkdir(exist_ok=True)
    for source in draft.iterdir():
        target = out / source.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        elif source.is_dir():
            target.unlink(missing_ok=True)
        source.replace(target)


def _findings(county: County, t: Translator) -> Iterator[str]:
    """Say what was read, what was set aside and with what reservations."""
    yield t(
        "{name}: {cells} inhabited places, {people} people, {schools} schools, {roads} km of roads, reference system {crs}.",
        name=county.project.name,
        cells=t.number(len(county.cells)),
        people=t.number(float(county.cells.loc[~county.cells["in_margin"], "population"].sum())),
        schools=t.number(len(county.schools)),
        roads=t.number(float(county.network.length_m.sum()) / 2000),
        crs=county.crs.to_string(),
    )
    for notice in county.notices:
        yield f"- {t.message(notice)}"
    for item in county.set_aside:
        place = "" if item.row is None else " " + t("row {row}", row=item.row)
        yield "- " + t(
            "{source}{place}, {item}: {reason}", source=item.source, place=place, item=item.item, reason=item.reason
        )


def _faults(faults: Sequence[Problem], project: str, t: Translator) -> Iterator[str]:
    """Say every fault, those of one source beneath its name."""
    by_source: dict[tuple[str, str], list[str]] = {}
    for fault in faults:
        by_source.setdefault((fault.source, fault.file), []).append(t.message(fault.message))
    settings = [lines for (source, file), lines in by_source.items() if not file]
    named = [(file, lines) for (_, file), lines in by_source.items() if file]
    if settings:
        named.insert(0, (project, [line for lines in settings for line in lines]))
    for file, lines in named:
        if len(lines) == 1:
            yield lines[0] if file in lines[0] else f"{file}: {lines[0]}"
        else:
            yield t("{file}: {n} faults.", file=file, n=len(lines))
            yield from (f"  {line}" for line in lines)
    if len(faults) > 1:
        yield t("{n} problems to mend before the project can be opened. They are all listed.", n=t.number(len(faults)))


def _serve(project: Path, out: Path, port: int, t: Translator) -> None:
    """Open the app on a finished run, print its address, and serve until stopped."""
    port = _free_port(port)
    environment = {**os.environ, "PLANNING_PROJECT": str(project.resolve()), "PLANNING_RUN": str(out.resolve())}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    typer.echo(t("The app is at {address} . Stop it with Ctrl+C.", address=f"http://127.0.0.1:{port}"))
    sys.stdout.flush()

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)  # a service manager's way of saying Ctrl+C
    served = subprocess.Popen(command, env=environment, cwd=ROOT)  # noqa: S603 - our own app
    try:
        status = served.wait()
    except KeyboardInterrupt:
        served.terminate()
        served.wait()
        status = 0
    finally:
        signal.signal(signal.SIGTERM, before)
    if status:
        raise typer.Exit(status)


def _free_port(wanted: int) -> int:
    for port in range(wanted, min(wanted + 50, 65536)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise SourceError(msg("No free port from {port} on. Name another one with --port.", port=wanted))
