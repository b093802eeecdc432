"""The command line: ``demo``, ``run`` and ``check``; bad input ends with exit code 2 and words that name the cure."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from planning import __version__
from planning.config import Project, load_project
from planning.errors import Message, PlanningError, SourceError, msg
from planning.i18n import Language, Translator, get_translator

if TYPE_CHECKING:
    from planning.scenario.county import County

__all__ = ["app", "main"]

logger = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "data" / "demo" / "project.yaml"

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="School Layout Planner: real travel distances, catchments, and school sites with a proven gap.",
)

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder of the results; data/runs/… otherwise. Files of an earlier run are replaced.",
        file_okay=False,
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


@app.callback()
def _setup(verbose: Annotated[bool, typer.Option("--verbose", help="Say what each step does.")] = False) -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO if verbose else logging.WARNING, format="%(name)s: %(message)s"
    )


@app.command()
def demo(out: Out = None, app: App = False, port: Port = 8501, encoding: Encoding = "UTF-8", lang: Lang = None) -> None:
    """Do the whole job for the invented county that ships."""
    with _words(lang) as t:
        _run(DEMO, out or ROOT / "data" / "runs" / "demo", encoding, t)
        if app:
            _serve(DEMO, out or ROOT / "data" / "runs" / "demo", port, t)


@app.command()
def run(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.yaml", help="The project file.")],
    out: Out = None,
    app: App = False,
    port: Port = 8501,
    encoding: Encoding = "UTF-8",
    lang: Lang = None,
) -> None:
    """Do the whole job for a project: catchments, indicators, proposals, report."""
    with _words(lang) as t:
        target = out or project.resolve().parent / "runs" / project.stem
        _run(project, target, encoding, t)
        if app:
            _serve(project, target, port, t)


@app.command()
def check(
    project: Annotated[Path, typer.Argument(metavar="PROJECT.yaml", help="The project file.")], lang: Lang = None
) -> None:
    """Read and check everything a project names, and say what was set aside; write nothing."""
    from planning.scenario.county import prepare

    with _words(lang) as t:
        county = prepare(load_project(project), progress=_progress(t))
        for line in _findings(county, t):
            typer.echo(line)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line."""
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


def _system_language() -> Language:
    named = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if named.lower().startswith("zh") else "en"


def _progress(t: Translator) -> Callable[[float, Message], None]:
    def show(share: float, doing: Message) -> None:
        typer.echo(f"[{share:4.0%}] {t.message(doing)}", err=True)

    return show


def _run(project_file: Path, out: Path, encoding: str, t: Translator) -> None:
    """Run a project; the results appear in their folder all at once, or not at all."""
    from planning.report import write_outputs
    from planning.scenario.run import run as run_project
    from planning.scenario.saved import save_run

    project: Project = load_project(project_file)
    if out.exists() and not out.is_dir():
        raise SourceError(msg("{file}: is a file. Name a folder for the results.", file=str(out)))
    result = run_project(project, progress=_progress(t))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise SourceError(
            msg(
                "{file}: cannot be written ({problem}). Name another folder with --out.",
                file=str(out),
                problem=error.strerror,
            )
        ) from error
    try:
        write_outputs(result, draft, encoding=encoding)
        save_run(result, draft / "state")
        _move_into_place(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    typer.echo(t("The results are in {folder}", folder=str(out)), err=True)


def _move_into_place(draft: Path, out: Path) -> None:
    """Replace what an earlier run wrote under the same names; leave anything else in the folder alone."""
    out.mkdir(exist_ok=True)
    for source in draft.iterdir():
        target = out / source.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        source.replace(target)
    out.chmod(0o755)


def _findings(county: County, t: Translator) -> Iterator[str]:
    """Say what was read, what was set aside and with what reservations."""
    yield t(
        "{name}: {cells} inhabited places, {people} people, {schools} schools, {roads} km of roads, reference system {crs}.",
        name=county.project.name,
        cells=t.number(len(county.cells)),
        people=t.number(float(county.cells["population"].sum())),
        schools=t.number(len(county.schools)),
        roads=t.number(float(county.network.length_m.sum()) / 2000),
        crs=county.crs.to_string(),
    )
    for notice in county.notices:
        yield f"- {t.message(notice)}"
    for item in county.set_aside:
        place = t("row {row}", row=item.row) if item.row is not None else ""
        yield "- " + t(
            "{source}, {place} {item}: {reason}", source=item.source, place=place, item=item.item, reason=item.reason
        )


def _serve(project: Path, out: Path, port: int, t: Translator) -> None:
    """Open the app on a finished run, print its address, and serve until stopped."""
    port = _free_port(port)
    environment = {**os.environ, "PLANNING_PROJECT": str(project.resolve()), "PLANNING_RUN": str(out.resolve())}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.port", str(port)]
    typer.echo(t("The app is at {address} . Stop it with Ctrl+C.", address=f"http://127.0.0.1:{port}"))
    sys.stdout.flush()
    try:
        status = subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode  # noqa: S603 - our own app
    except KeyboardInterrupt:
        status = 0
    if status:
        raise typer.Exit(cast("int", status))


def _free_port(wanted: int) -> int:
    for port in range(wanted, min(wanted + 50, 65536)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise SourceError(msg("No free port from {port} on. Name another one with --port.", port=wanted))
