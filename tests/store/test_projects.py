"""Projects on this machine: drafts, versions, copies, the trash."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from planning.errors import ConfigError, PlanningError, SourceError
from planning.store.projects import (
    PROJECT_FILE,
    change_draft,
    copy_project,
    create_project,
    home_folder,
    list_projects,
    missing_of,
    new_version,
    project_folder,
    read_draft,
    trash_project,
    versions_of,
)


def test_a_new_project_is_found_again_with_what_is_missing(tmp_path):
    folder = create_project(tmp_path, "云岚县", language="zh")
    assert folder == tmp_path / "云岚县"
    (entry,) = list_projects(tmp_path)
    assert (entry.name, entry.missing) == ("云岚县", ("roads", "population", "schools"))
    assert read_draft(folder)["stages"]["primary"]["ages"] == [6, 11]


def test_what_is_missing_shrinks_source_by_source(tmp_path):
    folder = create_project(tmp_path, "a")
    change_draft(folder, {"roads.file": "r.osm.pbf"})
    assert missing_of(read_draft(folder)) == ("population", "schools")
    change_draft(folder, {"population.villages": "v.xlsx"})
    after = change_draft(folder, {"schools.file": "osm"})
    assert missing_of(after) == ()
    # A year alone names no people, roads without a source are no roads.
    assert missing_of({**after, "population": {"year": 2020}, "roads": {"extra": ["x"]}}) == ("roads", "population")


def test_every_state_of_the_project_file_is_kept(tmp_path):
    folder = create_project(tmp_path, "a")
    changed = [change_draft(folder, {"schools.file": name}) for name in ("one.xlsx", "two.xlsx", None)]
    states = [{**changed[-1]}, *changed]
    kept = sorted((folder / "history").glob("*.yaml"))
    assert [yaml.safe_load(file.read_text("utf-8")) for file in kept] == states[:-1]
    assert "schools" not in states[-1]


def test_a_change_that_changes_nothing_writes_nothing(tmp_path):
    folder = create_project(tmp_path, "a")
    change_draft(folder, {"boundary": None, "name": "a"})
    assert not (folder / "history").exists()


def test_two_projects_of_one_name_stand_beside_each_other(tmp_path):
    assert [create_project(tmp_path, "甲 县").name for _ in range(3)] == ["甲-县", "甲-县-2", "甲-县-3"]


@given(some.text(min_size=1, max_size=80).filter(str.strip))
def test_no_name_leaves_the_workspace_folder(tmp_path_factory, name):
    home = tmp_path_factory.mktemp("home")
    folder = create_project(home, name)
    assert folder.parent == home
    assert project_folder(home, folder.name) == folder
    assert len(list_projects(home)) == 1


@pytest.mark.parametrize("name", ["..", "a/b", "../x", "/etc", ".trash", "", "a\\b", "x."])
def test_an_address_names_only_a_folder_of_the_workspace(tmp_path, name):
    assert project_folder(tmp_path, name) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_a_name_that_cannot_be_used_is_refused(tmp_path, name):
    with pytest.raises(SourceError, match="name"):
        create_project(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_whole_and_its_own(tmp_path):
    folder = create_project(tmp_path, "a")
    (folder / "schools.csv").write_text("x")
    change_draft(folder, {"schools.file": "schools.csv"})
    copied = copy_project(folder, tmp_path, "b")
    assert (copied / "schools.csv").read_text() == "x"
    assert read_draft(copied)["name"] == "b"
    assert read_draft(folder)["name"] == "a"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_copy_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(SourceError):
        copy_project(tmp_path / "nowhere", tmp_path / "home", "b")
    assert list((tmp_path / "home").iterdir()) == []


def test_the_trash_keeps_everything(tmp_path):
    folder = create_project(tmp_path, "a")
    where = trash_project(folder)
    assert list_projects(tmp_path) == []
    assert read_draft(where)["name"] == "a"
    again = create_project(tmp_path, "a")
    assert trash_project(again) != where


def test_versions_are_numbered_and_never_reused(tmp_path):
    first = new_version(tmp_path, "schools")
    first.mkdir(parents=True)
    second = new_version(tmp_path, "schools")
    second.mkdir()
    assert [first.name, second.name] == ["1", "2"]
    assert versions_of(tmp_path, "schools") == [second, first]
    assert versions_of(tmp_path, "births") == []


def test_a_broken_project_is_listed_with_its_fault(tmp_path):
    folder = create_project(tmp_path, "a")
    (folder / PROJECT_FILE).write_text("name: [", "utf-8")
    (entry,) = list_projects(tmp_path)
    assert isinstance(entry.broken, ConfigError)
    with pytest.raises(PlanningError):
        change_draft(folder, {"name": "b"})
    assert (folder / PROJECT_FILE).read_text("utf-8") == "name: ["


def test_the_workspace_folder_can_be_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNING_HOME", str(tmp_path / "work"))
    assert home_folder() == tmp_path / "work"
    monkeypatch.delenv("PLANNING_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert home_folder() == tmp_path / "school-layout-planner" / "projects"
    assert list_projects(home_folder()) == []
