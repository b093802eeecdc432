"""What all sessions on one county share: the county, its base, its map; opened in a job, kept by the hash of its files."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyproj

from planning.config import load_project
from planning.errors import Tell, msg
from planning.scenario.edits import Edit, edits_to_data
from planning.store.projects import PROJECT_FILE, home_folder, project_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from planning.report.maps import MapAssets
    from planning.scenario.county import County
    from planning.scenario.evaluate import StageState
    from planning.scenario.questions import Answer

__all__ = ["Source", "Workspace", "edits_key", "open_workspace", "source_from_environment", "source_of_name"]

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo" / "project.yaml"
#: What remembered states may take in memory, and how many there may be: a county of 120,000 cells takes 12 MB for each.
_KEPT_BYTES = 256 * 2**20
_KEPT_STATES = 64
_KEPT_COUNTIES = 6
#: As many evaluations at once; kernels and most of numpy let two cores work.
_WORKERS = 2


@dataclass(frozen=True)
class Source:
    """
    What the app shows: a project file, or the folder of a finished run.

    Parameters
    ----------
    project : pathlib.Path
        The project file.
    run : pathlib.Path or None
        Folder of a finished run of it.
    """

    project: Path
    run: Path | None = None

    def key(self) -> str:
        """
        Hash the content of every file that the project names, so that a changed file is never answered from a cache.

        Returns
        -------
        str
            16 hexadecimal digits.
        """
        digest = hashlib.sha256()
        for file in sorted(set(self._files())):
            stat = file.stat()
            digest.update(_file_hash(str(file), stat.st_size, stat.st_mtime_ns).encode())
        return digest.hexdigest()[:16]

    @property
    def name(self) -> str:
        """
        Give the name that an address carries for it.

        Returns
        -------
        str
            ``demo`` or the name of its folder; empty where only the command line can name it.
        """
        if self.run is not None or self.project.name != PROJECT_FILE:
            return ""
        if self.project == DEMO:
            return DEMO.parent.name
        return self.project.parent.name if self.project.parent.parent == home_folder() else ""

    def _files(self) -> Iterator[Path]:
        state = None if self.run is None else self.run / "state"
        if state is not None and state.is_dir():
            yield from (file for file in state.rglob("*") if file.is_file())
            return
        yield self.project
        project = load_project(self.project)
        yield from (path for path in map(project.path, _texts(project.model_dump())) if path.is_file())


@dataclass(frozen=True)
class _Kept:
    """A state, and what it takes in memory [bytes]."""

    state: StageState
    n_bytes: int


@dataclass
class Workspace:
    """
    One county as all sessions see it. Nothing in here is changed by an edit; edited states are remembered by their hash.

    Parameters
    ----------
    key : str
        Hash of its sources.
    county : County
        The county.
    base : dict of str to StageState
        By stage, without edits.
    assets : MapAssets
        What the map gets once.
    reading : Future of tuple of Answer, optional
        Answers of the run that was opened, read while the map is looked at already; none for a project.
    """

    key: str
    county: County
    base: dict[str, StageState]
    assets: MapAssets
    reading: Future[tuple[Answer, ...]] | None = None
    _states: dict[tuple[str, str], Future[_Kept]] = field(default_factory=dict)
    _counties: dict[str, County] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    # Streamlit runs every click in a new thread, and PROJ opens its database anew in each: a third of a second.
    _workers: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_WORKERS, thread_name_prefix="planning-county")
    )
    # A click's place must not wait behind evaluations, and a transformer belongs to one thread.
    _surveyor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="planning-places")
    )
    _transformer: pyproj.Transformer | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Answers of the run that was opened; empty for a project."""
        return () if self.reading is None else self.reading.result()

    @property
    def stages(self) -> tuple[str, ...]:
        """Stages of the project, in school order."""
        return tuple(self.base)

    def state(self, stage: str, edits: Sequence[Edit] = ()) -> StageState:
        """
        Give the state of a stage after edits, from memory where it was asked before.

        Parameters
        ----------
        stage : str
            A stage of the project.
        edits : sequence of Edit
            In order.

        Returns
        -------
        StageState
            The state.
        """
        if not edits:
            return self.base[stage]
        key = (stage, edits_key(edits))
        with self._lock:
            asked = self._states.pop(key, None) or self._workers.submit(self._evaluate, stage, tuple(edits))
            self._states[key] = (
                asked  # the last asked for is the last to be forgotten; who asks for the same waits for the same
            )
        try:
            return asked.result().state
        finally:
            self._forget()

    def read_answers(self, folder: Path) -> None:
        """
        Begin to read the answers of a run.

        Parameters
        ----------
        folder : pathlib.Path
            Its state.
        """
        from planning.scenario.saved import load_answers

        self.reading = self._workers.submit(load_answers, folder, self.county)

    def county_of(self, edits: Sequence[Edit], progress: Tell | None = None, *, moved_in: bool = True) -> County:
        """
        Give the county with the new roads, estates and assumptions of a plan, from memory where it was asked before.

        Parameters
        ----------
        edits : sequence of Edit
            In order; those of schools do not count here.
        progress : callable, optional
            Told how far it is; a new road takes seconds.
        moved_in : bool
            True: children of new estates live there already. False: their year counts, as for a question about a year.

        Returns
        -------
        County
            The base itself where nothing of it changes.
        """
        from planning.scenario.changed_county import changed_county, county_edits

        changing = county_edits(edits)
        if not changing:
            return self.county
        key = f"{edits_key(changing)}-{moved_in}"
        found = self._counties.get(key)
        if found is None:
            found = changed_county(self.county, changing, moved_in=moved_in, progress=progress)
            with self._lock:
                self._counties[key] = found
                for old in list(self._counties)[:-_KEPT_COUNTIES]:
                    del self._counties[old]
        return found

    def _evaluate(self, stage: str, edits: tuple[Edit, ...]) -> _Kept:
        from planning.scenario.evaluate import evaluate

        state = evaluate(self.county_of(edits), stage, edits)
        return _Kept(state, _bytes_of(state))

    def _forget(self) -> None:
        """Drop refusals, and the states that were asked for longest ago until the others fit; the last stays in any case."""
        with self._lock:
            sizes = {}
            for key, asked in list(self._states.items()):
                if asked.done() and asked.exception() is not None:
                    del self._states[key]
                elif asked.done():
                    sizes[key] = asked.result().n_bytes
            total = sum(sizes.values())
            while len(sizes) > 1 and (total > _KEPT_BYTES or len(sizes) > _KEPT_STATES):
                oldest = next(iter(sizes))
                total -= sizes.pop(oldest)
                del self._states[oldest]

    def to_county(self, lon: float, lat: float) -> tuple[float, float]:
        """
        Turn degrees into the county's reference system.

        Parameters
        ----------
        lon, lat : float
            A place [degree].

        Returns
        -------
        tuple of float
            x, y [m].
        """
        x, y = self._surveyor.submit(self._transform, lon, lat, inverse=False).result()
        return float(x), float(y)

    def to_degrees(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Turn places of the county into degrees.

        Parameters
        ----------
        x, y : numpy.ndarray, shape (n_places,)
            Places [m].

        Returns
        -------
        tuple of numpy.ndarray, shape (n_places,)
            Longitude and latitude [degree].
        """
        lon, lat = self._surveyor.submit(self._transform, x, y, inverse=True).result()
        return lon, lat

    def _transform(self, x: Any, y: Any, *, inverse: bool) -> Any:
        if self._transformer is None:
            self._transformer = pyproj.Transformer.from_crs("EPSG:4326", self.county.crs, always_xy=True)
        return self._transformer.transform(x, y, direction="INVERSE" if inverse else "FORWARD")


def edits_key(edits: Sequence[Edit]) -> str:
    """
    Hash a list of edits.

    Parameters
    ----------
    edits : sequence of Edit
        In order.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(edits_to_data(edits), sort_keys=True).encode()).hexdigest()[:16]


def _bytes_of(state: StageState) -> int:
    """Measure what a state keeps in memory: its large tables."""
    tables = [*state.nearest.values(), state.allocated, state.unserved, state.boarding]
    return int(sum(table.memory_usage(index=False).sum() for table in tables))


def source_from_environment() -> Source:
    """
    Read what to open: ``--run DIR`` after ``--``, else ``PLANNING_RUN``, ``PLANNING_PROJECT``, else the demo county.

    Returns
    -------
    Source
        What to open.
    """
    arguments = sys.argv[1:]
    run = os.environ.get("PLANNING_RUN")
    project = os.environ.get("PLANNING_PROJECT")
    if "--run" in arguments[:-1]:
        run = arguments[arguments.index("--run") + 1]
    if "--project" in arguments[:-1]:
        project, run = arguments[arguments.index("--project") + 1], None
    return Source(Path(project).resolve() if project else DEMO, Path(run).resolve() if run else None)


def source_of_name(name: str) -> Source | None:
    """
    Find the project that an address names.

    Parameters
    ----------
    name : str
        ``demo``, or the name of a folder of the workspace folder.

    Returns
    -------
    Source or None
        The project, which may be gone by now; None where the address names none.
    """
    if name == DEMO.parent.name:
        return Source(DEMO)
    folder = project_folder(home_folder(), name)
    return None if folder is None else Source(folder / PROJECT_FILE)


def open_workspace(source: Source, key: str, progress: Tell) -> Workspace:
    """
    Open a county and compute everything that no edit changes.

    Parameters
    ----------
    source : Source
        What to open.
    key : str
        Its hash.
    progress : callable
        Told how far it is.

    Returns
    -------
    Workspace
        The county, ready to be worked on.

    Raises
    ------
    PlanningError
        If a source cannot be taken as it stands.
    """
    from planning.report.maps import build_assets
    from planning.scenario.evaluate import evaluate
    from planning.scenario.prepare import prepare

    folder = None if source.run is None or not (source.run / "state").is_dir() else source.run / "state"
    if folder is not None:
        from planning.scenario.saved import load_county

        progress(0.1, msg("Opening the finished run"))
        county = load_county(folder)
    else:
        county = prepare(load_project(source.project), progress=lambda share, doing: progress(0.8 * share, doing))
    base: dict[str, StageState] = {}
    for number, stage in enumerate(county.project.stages):
        progress(0.8 + 0.12 * number / len(county.project.stages), msg("Measuring the ways to school"))
        base[stage] = evaluate(county, stage)
    progress(0.94, msg("Drawing the map"))
    if folder is None or source.run is None:
        return Workspace(key, county, base, build_assets(county))
    from planning.ui.kept_assets import assets_of_run

    workspace = Workspace(key, county, base, assets_of_run(county, source.run, key))
    workspace.read_answers(folder)
    return workspace


_HASHES: dict[tuple[str, int, int], str] = {}


def _file_hash(path: str, size: int, modified: int) -> str:
    """Hash a file's content once for as long as it stays as it is."""
    known = _HASHES.get((path, size, modified))
    if known is None:
        with Path(path).open("rb") as stream:
            known = hashlib.file_digest(stream, "sha256").hexdigest()
        _HASHES[(path, size, modified)] = known
    return known


def _texts(value: Any) -> Iterator[str]:
    """Find every text in nested settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
