"""A project as one zip: opened on another path it gives every table again byte for byte; what was tampered with is refused."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner
from zip_bomb import zip_bomb

from planning.cli import app
from planning.config import load_project
from planning.errors import ConfigError, PlanningError, SourceError
from planning.report.exchange.bundle import MANIFEST, pack_project, table_hashes, unpack_project
from planning.scenario.document import Document, Entry, document_from_data, document_to_data
from planning.scenario.edit_order import faults_of_edits
from planning.scenario.edits import (
    Assumption,
    CloseSchool,
    ConvertSchool,
    Edit,
    MergeInto,
    MoveSchool,
    NewEstate,
    NewRoad,
    NewSchool,
    SetSeats,
)
from planning.scenario.evaluate import evaluate
from planning.scenario.saved import load_county
from planning.store.scenarios import ScenarioStore, store_file


def every_edit(county) -> tuple[Edit, ...]:
    """Make an edit of every kind, each on a school of its own, and a second one to be switched off."""
    schools = county.schools[county.schools["seats_primary"].notna() & (county.schools["kind"] == "primary")]
    moved, gone, merged, into, larger, other = schools.index[1:7]
    place = schools.geometry
    end, start = place[moved], place[other]
    return (
        NewSchool("new-1", "新校", end.x + 400, end.y + 300, "primary", 270, "primary"),
        SetSeats(into, "primary", 9),
        MoveSchool(moved, end.x + 900, end.y),
        CloseSchool(gone),
        MergeInto(merged, into, with_seats=True),
        SetSeats(larger, "primary", 1800),
        ConvertSchool(other, "nine_year", beds=60),
        NewRoad("road-1", "新路", ((start.x, start.y), (end.x, end.y)), "tertiary"),
        NewEstate("estate-1", "新苑", start.x + 200, start.y, 900, 2027, (("primary", 41.0),)),
        Assumption("walking_speed_factor", 0.9),
    )


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
    entries = tuple(Entry(f"e{n}", edit, is_on=n != 2) for n, edit in enumerate(every_edit(clip.county), 1))
    store.create(document_to_data(Document(entries=entries)), name="各种改动", comment="")
    command("run", folder, "--out", folder / "runs" / "project")
    return folder


def command(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def figures(folder: Path, run: Path) -> pd.DataFrame:
    """Evaluate the one scenario of a project on a run of it."""
    county = load_county(run / "state")
    told = {}
    for found in ScenarioStore(store_file(folder / "project.yaml")).scenarios():
        edits = document_from_data(found.data, where="x").edits
        for stage in ("primary", "junior"):
            told[found.name, found.comment, stage] = evaluate(county, stage, edits).indicators
    return pd.concat(told)


def test_a_zip_opens_on_another_path_and_replays_every_number(here, tmp_path):
    archive, there = tmp_path / "county.zip", tmp_path / "machine two" / "另一台"
    said = command("pack", here, "--out", archive, "--lang", "en")
    assert "2 scenarios" in said
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
    before, after = figures(here, here / "runs" / "project"), figures(there, there / "again")
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert {key[:2] for key in before.index} == {("撤一所", "试"), ("各种改动", "")}


def test_every_kind_of_edit_travels(clip):
    edits = every_edit(clip.county)
    assert {type(edit) for edit in edits} == set(get_args(Edit))
    assert not faults_of_edits(dict(clip.county.schools["kind"]), edits)
    told = evaluate(clip.county, "primary", edits).indicators
    assert not told.equals(evaluate(clip.county, "primary", ()).indicators)


def test_the_same_project_gives_the_same_zip(here, tmp_path):
    pack_project(here, tmp_path / "a.zip")
    pack_project(here / "project.yaml", tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    first = unpack_project(tmp_path / "a.zip", tmp_path / "a")
    assert first.notices == ()
    assert sorted(first.scenarios) == ["各种改动", "撤一所"]
    # packed once more from there, everything is where it was
    pack_project(tmp_path / "a", tmp_path / "c.zip", run=here / "runs" / "project")
    assert (tmp_path / "c.zip").read_bytes() == (tmp_path / "a.zip").read_bytes()


def test_scenarios_that_cannot_be_kept_leave_nothing_behind(here, tmp_path, monkeypatch):
    archive, store = tmp_path / "a.zip", tmp_path / "store"
    pack_project(here, archive)
    monkeypatch.setenv("PLANNING_STORE", str(store))
    scenarios = store_file(tmp_path / "there" / "project.yaml")
    store.mkdir()
    scenarios.write_text("no database")
    with pytest.raises(PlanningError, match="scenarios cannot be read or saved"):
        unpack_project(archive, tmp_path / "there")
    assert not (tmp_path / "there").exists()
    scenarios.unlink()
    assert len(unpack_project(archive, tmp_path / "there").scenarios) == 2


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
        ({MANIFEST: b'{"format": 1, "sha256": {}, "tables": {}, "versions": []}'}, False, "no project"),
        ({"../evil.yaml": b"x"}, True, "leaves its folder"),
        ({"/etc/evil": b"x"}, True, "leaves its folder"),
        ({"schools.xlsx": None}, True, "there is no file schools.xlsx"),
        ({"zeros": bytes(200_000_000)}, True, "refused"),
        ({"scenarios/009.yaml": b"a: [1"}, True, "damaged"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_refused_and_leaves_nothing(packed, tmp_path, changes, honest, words):
    bad = rewritten(packed, tmp_path / "bad.zip", changes, honest=honest)
    refused(bad, tmp_path / "to" / "there", words)


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("C:/evil.yaml", "leaves its folder"),
        ("C:\\evil.yaml", "leaves its folder"),
        ("..\\evil.yaml", "leaves its folder"),
        ("files/../../evil.yaml", "leaves its folder"),
        (link("files/link"), "leaves its folder"),
        ("schools.xlsx/inner.csv", "cannot be written here"),
        ("x" * 300, "cannot be written here"),
        ("nul\0byte", "changed since"),
        ("scenarios/010.yaml", "damaged"),
    ],
    ids=lambda value: repr(getattr(value, "filename", value))[:25],
)
def test_hostile_entries_are_refused_and_leave_nothing(packed, tmp_path, entry, words):
    name = getattr(entry, "filename", entry)
    bad = rewritten(packed, tmp_path / "bad.zip", {name: b"[" * 5000}, honest=True)
    if not isinstance(entry, str):
        bad = tmp_path / "link.zip"
        with zipfile.ZipFile(tmp_path / "bad.zip") as read, zipfile.ZipFile(bad, "w") as archive:
            for kept in read.namelist():
                archive.writestr(entry if kept == name else kept, read.read(kept))
    refused(bad, tmp_path / "to" / "there", words)


def refused(archive: Path, folder: Path, words: str) -> None:
    with pytest.raises(PlanningError) as told:
        unpack_project(archive, folder)
    assert words in str(told.value)
    assert not folder.parent.exists() or not list(folder.parent.iterdir())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(packed, tmp_path):
    bad = tmp_path / "bad.zip"
    shutil.copy(packed, bad)
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr("schools.xlsx", zipfile.ZipFile(packed).read("schools.xlsx"))
    refused(bad, tmp_path / "to" / "there", "no project")


def flagged(data: bytes) -> bytes:
    """Say of every entry that it is encrypted."""
    for sign, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        at = data.find(sign)
        while at >= 0:
            data = data[: at + place] + bytes([data[at + place] | 1]) + data[at + place + 1 :]
            at = data.find(sign, at + 4)
    return data


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[: len(data) // 2], "broken or incomplete"),
        (lambda data: b"", "broken or incomplete"),
        (lambda data: b"PK and no more", "broken or incomplete"),
        (flagged, "password"),
        (lambda data: data.replace(b"PK\1\2", b"PK\1\3", 1), "broken or incomplete"),
        (lambda data: zip_bomb("project.yaml"), "refused"),
    ],
    ids=["half", "empty", "text", "encrypted", "directory", "bomb"],
)
def test_spoilt_files_are_refused_and_leave_nothing(packed, tmp_path, spoil, words):
    bad = tmp_path / "bad.zip"
    bad.write_bytes(spoil(packed.read_bytes()))
    refused(bad, tmp_path / "to" / "there", words)


def test_a_manifest_without_end_is_refused(packed, tmp_path):
    bad = rewritten(packed, tmp_path / "bad.zip", {MANIFEST: b"[" * 100_000}, honest=False)
    refused(bad, tmp_path / "to" / "there", "no project")


def test_standards_that_are_no_text_are_told_as_others(packed, tmp_path):
    other = rewritten(packed, tmp_path / "o.zip", {"standards.json": b"\xff\xfe"}, honest=True)
    (told,) = unpack_project(other, tmp_path / "there").notices
    assert "standards" in str(told)


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
