"""A project as one zip: opened on another path it gives every table again byte for byte; what was tampered with is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from planning.cli import app
from planning.config import load_project
from planning.errors import ConfigError, PlanningError, SourceError
from planning.report.exchange.bundle import MANIFEST, pack_project, table_hashes, unpack_project
from planning.scenario.document import Document, Entry, document_from_data, document_to_data
from planning.scenario.edits import CloseSchool
from planning.scenario.evaluate import evaluate
from planning.scenario.saved import load_county
from planning.store.scenarios import ScenarioStore, store_file


@pytest.fixture(scope="module")
def here(clip, demo_folder, tmp_path_factory) -> Path:
    """Make a small project whose roads lie outside of its folder, with a run and a scenario."""
    clip_folder = clip.county.project.folder
    folder = tmp_path_factory.mktemp("machine-one") / "county"
    folder.mkdir()
    shutil.copy(clip_folder / "boundary.gpkg", folder)
    content = yaml.safe_load((clip_folder / "project.yaml").read_text("utf-8"))
    shutil.copy(demo_folder / "schools.xlsx", folder)
    content["schools"] = {"file": "schools.xlsx"}
    content["questions"] = content["questions"][:1]
    (folder / "project.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    store = ScenarioStore(store_file(folder / "project.yaml"))
    school = clip.base["primary"].sites.index[0]
    store.create(document_to_data(Document(entries=(Entry("e1", CloseSchool(school)),))), name="撤一所", comment="试")
    command("run", folder, "--out", folder / "runs" / "project")
    return folder


def command(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def figures(folder: Path, run: Path) -> pd.DataFrame:
    """Evaluate the one scenario of a project on a run of it."""
    (found,) = ScenarioStore(store_file(folder / "project.yaml")).scenarios()
    assert (found.name, found.comment) == ("撤一所", "试")
    edits = document_from_data(found.data, where="x").edits
    return pd.concat([evaluate(load_county(run / "state"), stage, edits).indicators for stage in ("primary", "junior")])


def test_a_zip_opens_on_another_path_and_replays_every_number(here, tmp_path):
    archive, there = tmp_path / "county.zip", tmp_path / "machine two" / "另一台"
    said = command("pack", here, "--out", archive, "--lang", "en")
    assert "1 scenario" in said
    moved = shutil.move(archive, tmp_path / "x.zip")
    command("unpack", moved, "--to", there)
    project = load_project(there / "project.yaml")
    assert all((there / name).is_file() for _, name in project.files())  # nothing points back to the first machine
    command("run", there, "--out", there / "again")
    again = table_hashes(there / "again")
    packed = json.loads(zipfile.ZipFile(moved).read(MANIFEST))
    assert len(again) > 25
    assert again == packed["tables"] == table_hashes(here / "runs" / "project")
    one, two = (
        json.loads((run / "run.json").read_text("utf-8")) for run in (here / "runs" / "project", there / "again")
    )
    assert one["versions"] == two["versions"]
    assert sorted(one["sha256"].values()) == sorted(two["sha256"].values())
    pd.testing.assert_frame_equal(figures(here, here / "runs" / "project"), figures(there, there / "again"))


def test_the_same_project_gives_the_same_zip(here, tmp_path):
    pack_project(here, tmp_path / "a.zip")
    pack_project(here / "project.yaml", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    first = unpack_project(tmp_path / "a.zip", tmp_path / "a")
    assert first.notices == ()
    assert first.scenarios == ("撤一所",)
    # packed once more from there, everything is where it was
    pack_project(tmp_path / "a", tmp_path / "c.zip", run=here / "runs" / "project")
    assert (tmp_path / "c.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()


def rewritten(source: Path, target: Path, changes: dict[str, bytes | None], *, honest: bool) -> Path:
    """Write a zip with other contents; an honest one says their hashes."""
    import hashlib

    contents = {name: zipfile.ZipFile(source).read(name) for name in zipfile.ZipFile(source).namelist()}
    contents = {name: data for name, data in {**contents, **changes}.items() if data is not None}
    if honest:
        document = json.loads(contents[MANIFEST])
        document["sha256"] = {n: hashlib.sha256(d).hexdigest() for n, d in contents.items() if n != MANIFEST}
        contents[MANIFEST] = json.dumps(document).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return target


@pytest.fixture(scope="module")
def packed(here, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("packed") / "p.zip"
    pack_project(here, path)
    return path


@pytest.mark.parametrize(
    ("changes", "honest", "words"),
    [
        ({"schools.xlsx": b"other"}, False, "changed since"),
        ({"schools.xlsx": None}, False, "changed since"),
        ({"more.txt": b"x"}, False, "changed since"),
        ({MANIFEST: None}, False, "no project"),
        ({MANIFEST: b"{}"}, False, "no project"),
        ({MANIFEST: b"[1]"}, False, "no project"),
        ({"../evil.yaml": b"x"}, True, "leaves its folder"),
        ({"/etc/evil": b"x"}, True, "leaves its folder"),
        ({"schools.xlsx": None}, True, "there is no file schools.xlsx"),
        ({"zeros": bytes(200_000_000)}, True, "refused"),
        ({"scenarios/009.yaml": b"a: [1"}, True, "damaged"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_refused_and_leaves_nothing(packed, tmp_path, changes, honest, words):
    bad = rewritten(packed, tmp_path / "bad.zip", changes, honest=honest)
    with pytest.raises(PlanningError) as told:
        unpack_project(bad, tmp_path / "to" / "there")
    assert words in str(told.value)
    assert not list((tmp_path / "to").rglob("*")) if (tmp_path / "to").exists() else True


def test_a_project_that_names_files_of_the_machine_is_refused(packed, tmp_path):
    content = yaml.safe_load(zipfile.ZipFile(packed).read("project.yaml"))
    content["housing"] = "/etc/passwd"
    bad = rewritten(packed, tmp_path / "bad.zip", {"project.yaml": yaml.safe_dump(content).encode()}, honest=True)
    with pytest.raises(ConfigError, match="passwd"):
        unpack_project(bad, tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_folder_that_holds_something_is_left_alone(packed, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(SourceError, match="not empty"):
        unpack_project(packed, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_other_standards_and_versions_are_told(packed, tmp_path):
    document = json.loads(zipfile.ZipFile(packed).read(MANIFEST))
    document["versions"]["numpy"] = "0.1"
    other = rewritten(
        packed, tmp_path / "o.zip", {MANIFEST: json.dumps(document).encode(), "standards.json": b"{}"}, honest=True
    )
    told = [str(notice) for notice in unpack_project(other, tmp_path / "there").notices]
    assert len(told) == 2
    assert "numpy 0.1" in told[0]


def test_export_command_writes_what_is_asked_for(here, tmp_path):
    run = here / "runs" / "project"
    said = command(
        "export", run, "--format", "shp", "--format", "gpkg", "--crs", "EPSG:4524", "--encoding", "GBK",
        "--language", "zh", "--out", tmp_path / "out", "--layer", "catchments_nearest",
    )  # fmt: skip
    assert "结果" in said
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {
        *(f"catchments_nearest.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg", "qml")),
        "layout.gpkg", "fields.csv", "notes.txt",
    }  # fmt: skip
    assert (tmp_path / "out" / "catchments_nearest.cpg").read_text().strip() == "GBK"
    for wrong in (["--crs", "EPSG:1"], ["--layer", "nothing"], ["--scenario", "no.yaml"], ["--format", "dwg"]):
        done = CliRunner().invoke(app, ["export", str(run), "--out", str(tmp_path / "no"), *wrong])
        assert done.exit_code == 2, wrong
    assert not (tmp_path / "no").exists()
