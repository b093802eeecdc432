"""The projects page, and every page on a project that is empty, whose source failed, or whose seats are unknown."""

import csv
import re
import shutil

import openpyxl
import pytest
from ui_helpers import PAGES, make_workspace, text_of, wait_until

from planning.store.projects import PROJECT_FILE, change_draft, create_project, list_projects, read_draft

PROJECTS = "planning/ui/pages/projects.py"
#: Latin words that the page may show in Chinese: file formats, names of services and reference systems.
ALLOWED = {"openstreetmap", "worldpop", "download", "geofabrik", "english", "gpkg", "shp", "zip", "geojson", "osm", "pbf", "xlsx", "csv", "tif", "tiff", "wgs", "cgcs", "gps", "gcj", "root"}  # fmt: skip


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give an empty workspace folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("PLANNING_HOME", str(folder))
    for name in ("PLANNING_PROJECT", "PLANNING_RUN", "PLANNING_FOLDERS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def start(root, monkeypatch, home):
    """Open the app at an address, as a browser would."""
    from streamlit.testing.v1 import AppTest

    from planning.ui import state, warming

    monkeypatch.setattr(warming, "start", lambda: None)
    monkeypatch.chdir(root)

    def begin(page: str = "projects", language: str = "zh", **address: str):
        state.jobs.clear()
        app = AppTest.from_file(str(root / "app.py"), default_timeout=60)
        app.query_params["lang"] = language
        for key, value in address.items():
            app.query_params[key] = value
        if page != "county":
            app.switch_page(PAGES.get(page, PROJECTS))
        return app.run()

    return begin


@pytest.fixture
def whole(home, demo_folder):
    """Make a project of the demo county's small files, with a table of schools that has two faults."""
    folder = create_project(home, "故事县")
    for name in ("boundary.gpkg", "roads.osm.pbf", "population.tif", "schools.xlsx"):
        shutil.copyfile(demo_folder / name, folder / name)
    book = openpyxl.load_workbook(folder / "schools.xlsx")
    sheet = book.worksheets[0]
    place = {cell.value: cell.column for cell in sheet[2]}
    sheet.cell(5, place["小学学位数"]).value = "约三百"
    sheet.cell(7, place["经度"]).value = sheet.cell(7, place["纬度"]).value = 0
    sheet.cell(9, place["学校名称"]).value = "<script>alert(1)</script>"
    book.save(folder / "schools.xlsx")
    change_draft(
        folder,
        {
            "boundary": "boundary.gpkg",
            "roads.file": "roads.osm.pbf",
            "population.file": "population.tif",
            "schools.file": "schools.xlsx",
        },
    )
    return folder


def test_texts_of_data_are_no_markdown():
    from planning.ui.words import plain

    assert plain("a_b *c* ![x](http://y/z.png)") == (
        r"a\_b \*c\* \!\[x\]\(http\:" + "\u2060" + r"//y/z\.png\)"  # the joiner keeps an address from becoming a link
    )
    assert plain("小学学位数 7") == "小学学位数 7"


def _bodies(app) -> str:
    return "".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_an_empty_project_says_on_every_page_what_to_do_next(start, home, page, language):
    create_project(home, "新县")
    app = start(page, language, project="新县")
    assert not app.exception
    assert 'data-incomplete="1"' in _bodies(app)
    assert [button.key for button in app.button] == ["to-sources"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_a_failed_source_is_told_on_every_page_and_leads_to_the_check(start, whole, page, language):
    from planning.ui import state

    (whole / "roads.osm.pbf").write_bytes(b"<b>no roads</b>")
    app = start(page, language, project="故事县")
    wait_until(lambda: all(job.done for job in state.jobs()._jobs.values()))
    app.run()
    assert not app.exception
    assert 'class="pl-error"' in _bodies(app)
    assert "roads.osm.pbf" in _bodies(app)
    assert "<b>no" not in _bodies(app)
    assert "to-check" in [button.key for button in app.button]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_of_projects_stands_whatever_is_open(start, home, whole, language):
    """An empty project, one whose source failed, and the demo county, each opened and looked at from the list."""
    from planning.ui import state

    create_project(home, "新县")
    (whole / "roads.osm.pbf").write_bytes(b"<b>no roads</b>")
    for name in ("新县", "故事县", "demo"):
        app = start("projects", language, project=name)
        wait_until(lambda: all(job.done for job in state.jobs()._jobs.values()), 120)
        app.run()
        assert not app.exception
        bodies = _bodies(app)
        assert "新县" in bodies
        assert "故事县" in bodies
        assert "<b>no" not in bodies


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_project_that_is_gone_is_told(start, home, language):
    app = start("county", language, project="gone")
    assert not app.exception
    assert "project.yaml" in _bodies(app)


@pytest.fixture(scope="module")
def without_seats():
    return make_workspace("without-seats", seats_known=False)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_without_seats(open_app, without_seats, page, language):
    app = open_app(language, page, on=without_seats)
    assert not app.exception
    assert 'class="pl-error" role="alert"' not in _bodies(app)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_new_project_is_made_and_its_sources_are_asked_for(start, home, language):
    app = start(language=language)
    app.text_input(key="new-name").set_value("新县")
    app.button(key="new-begin").click().run()
    assert not app.exception
    (entry,) = list_projects(home)
    assert (entry.name, len(entry.missing)) == ("新县", 3)
    assert 'data-missing="3"' in _bodies(app)
    assert app.session_state["planner"].source.project == home / "新县" / PROJECT_FILE
    assert app.query_params["project"] == "新县"


def test_a_name_that_cannot_be_used_is_told(start, home):
    app = start()
    app.button(key="new-begin").click().run()
    assert not app.exception
    assert 'class="pl-error"' in _bodies(app)
    assert list_projects(home) == []


def test_the_demo_is_copied_and_a_project_moved_to_the_trash(start, home):
    app = start(language="en")
    app.button(key="copy-demo").click().run()
    (entry,) = list_projects(home)
    assert entry.missing == ()
    assert (entry.folder / "schools.xlsx").is_file()
    app = start(language="en", project=entry.folder.name)
    app.button(key=f"trash-{entry.folder.name}").click().run()
    assert not app.exception
    assert list_projects(home) == []
    assert len(list((home / ".trash").iterdir())) == 1
    assert app.session_state["planner"].source.project.parent.name == "demo"


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "缺少 a.shx"), ("en", "a.shx is missing")]
)  # fmt: skip
def test_an_upload_that_the_gate_refuses_is_told_on_its_card(start, home, tmp_path, language, words):
    import zipfile

    create_project(home, "新县")
    app = start(language=language, project="新县", step="sources")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.shp", "x")
        archive.writestr("a.dbf", "x")
    app.file_uploader(key="up-boundary-0").upload("a.zip", (tmp_path / "a.zip").read_bytes(), "application/zip").run()
    assert not app.exception
    assert words in _bodies(app)
    assert "boundary" not in read_draft(home / "新县")


def test_an_upload_is_stored_and_named_and_the_one_before_is_kept(start, home):
    folder = create_project(home, "新县")
    app = start(project="新县", step="sources")
    for number, name in enumerate(("甲.csv", "乙.csv")):
        content = f"学校名称,经度,纬度\n{name},107,27\n".encode()
        app.file_uploader(key=f"up-schools-{number}").upload(name, content, "text/csv").run()
        assert not app.exception
        assert read_draft(folder)["schools"]["file"] == f"sources/schools/{number + 1}/{name}"
    app.button(key="version-schools-1").click().run()
    assert read_draft(folder)["schools"]["file"] == "sources/schools/1/甲.csv"
    app.button(key="out-schools").click().run()
    assert "schools" not in read_draft(folder)
    assert (folder / "sources" / "schools" / "2" / "乙.csv").is_file()


def test_only_files_of_allowed_folders_can_be_named(start, home, tmp_path, monkeypatch):
    folder = create_project(home, "新县")
    allowed, other = tmp_path / "allowed", tmp_path / "other"
    for place in (allowed, other):
        place.mkdir()
        (place / "s.csv").write_text("学校名称,经度,纬度\n甲,107,27\n", "utf-8")
    (allowed / "link.csv").symlink_to(other / "s.csv")
    monkeypatch.setenv("PLANNING_FOLDERS", str(allowed))
    app = start(project="新县", step="sources")
    monkeypatch.setenv("PLANNING_FOLDERS", str(allowed))
    app.run()
    box = app.selectbox(key="server-schools")
    assert box.options == [str(allowed / "s.csv")]
    box.select(box.options[0]).run()
    assert not app.exception
    assert read_draft(folder)["schools"]["file"] == str(allowed / "s.csv")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_two_faults_are_listed_mended_and_the_project_is_clean(start, whole, language):
    from planning.ui import state

    def checked():
        wait_until(lambda: all(job.done for job in state.jobs()._jobs.values()), 60)
        app.run()
        assert not app.exception

    app = start(language=language, project="故事县", step="check")
    app.button(key="check-start").click().run()
    checked()
    assert "约三百" in _bodies(app)
    before = (whole / "schools.xlsx").read_bytes()
    cells = {box.key.rsplit("-", 2)[-2:][0] + box.label: box for box in app.text_input if box.key.startswith("cell-")}
    assert cells["5小学学位数"].value == "约三百"
    cells["5小学学位数"].set_value("300")
    next(box for box in app.checkbox if box.key.endswith("-7")).check()
    app.button(key="mend-save-schools").click().run()
    checked()
    assert 'data-clean="1"' in _bodies(app)
    assert "check-open" in [button.key for button in app.button]
    assert (whole / "schools.xlsx").read_bytes() == before
    named = read_draft(whole)["schools"]["file"]
    assert named == "sources/schools/1/schools.xlsx"
    assert (whole / named).with_name("note.json").is_file()


def test_saving_without_a_change_is_told(start, whole):
    from planning.ui import state

    app = start(language="en", project="故事县", step="check")
    app.button(key="check-start").click().run()
    wait_until(lambda: all(job.done for job in state.jobs()._jobs.values()), 60)
    app.run()
    app.button(key="mend-save-schools").click().run()
    assert not app.exception
    assert "Nothing was changed yet" in _bodies(app)
    assert not (whole / "sources").exists()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_headings_are_mapped_and_hostile_names_stay_text(start, whole, language):
    with (whole / "s.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(
            [
                ["校", "经度", "纬度", "容量"],
                ["<script>alert(1)</script>", 107.29, 27.74, 45],
                ["=1+1", 107.3, 27.7, 90],
            ]
        )
    change_draft(whole, {"schools.file": "s.csv"})
    app = start(language=language, project="故事县", step="columns")
    assert not app.exception
    assert "&lt;script&gt;" in _bodies(app)
    assert "<script" not in _bodies(app)
    app.selectbox(key="map-schools-s.csv--seats").select("容量")
    app.selectbox(key="map-schools-s.csv--name").select("校")
    app.selectbox(key="map-schools-s.csv--lat").select("")
    app.button(key="save-mapping-schools").click().run()
    assert not app.exception
    assert read_draft(whole)["schools"]["mapping"] == {"seats": "容量", "name": "校", "lat": ""}


def test_stages_and_totals_are_saved(start, whole):
    app = start(project="故事县", step="sources")
    app.toggle(key="stage-junior").set_value(False)
    app.number_input(key="known-total").set_value(300_000)
    app.button(key="stages-save").click().run()
    assert not app.exception
    draft = read_draft(whole)
    assert list(draft["stages"]) == ["primary"]
    assert draft["population"]["known_total"] == 300_000


@pytest.mark.parametrize("step", ["list", "sources", "columns", "check"])
def test_the_page_speaks_one_language(start, whole, step):
    said = text_of(start(project="故事县", step=step))
    said = re.sub(r"<style>.*?</style>|<[^>]*>|/\S+|\w+\.(xlsx|gpkg|tif|osm\.pbf)|&\w+;", "", said, flags=re.DOTALL)
    said = re.sub(r"script\W+alert\W+1\W+.*?script", "", said)
    assert set(re.findall(r"[a-z]{3,}", said.lower())) - ALLOWED == set()
    said = re.sub(r"<[^>]*>|/\S+", "", text_of(start(language="en", project="故事县", step=step)))
    ours = {"项目", "学校名单", "坐标系", "检查", "上传", "模板", "学段", "打开", "复制", "没有", "还缺"}
    assert not [word for word in ours if word in said]


@pytest.mark.parametrize("step", ["list", "sources", "columns", "check"])
def test_a_project_file_broken_by_hand_is_told(start, home, step):
    folder = create_project(home, "新县")
    (folder / PROJECT_FILE).write_text("name: [", "utf-8")
    app = start(language="en", project="新县", step=step)
    assert not app.exception
    assert "not readable as YAML" in _bodies(app)
    assert text_of(app)
