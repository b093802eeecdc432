"""The planner's story, network cut off: a county sent, mended, planned, proposed for; a reload and a killed server lose nothing."""

import contextlib
import re

import pytest
from playwright.sync_api import expect
from project_steps import mend, name_project, send_county, write_schools

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500), pytest.mark.filterwarnings("ignore::ResourceWarning")]
#: What Chromium itself says while nobody answers at the address.
SERVER_IS_GONE = re.compile(r"ERR_CONNECTION_(REFUSED|RESET)|WebSocket connection|ERR_EMPTY_RESPONSE")


@pytest.fixture(scope="module")
def schools(demo_folder, tmp_path_factory):
    """Write the bureau's sheet of schools."""
    return write_schools(demo_folder, tmp_path_factory.mktemp("sent") / "学校表.xlsx")


@pytest.fixture
def own_server(serve, demo_folder, tmp_path, monkeypatch):
    """Give a function that starts the app on its own workspace folder, again at the same address after it was killed."""
    monkeypatch.setenv("PLANNING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    with contextlib.ExitStack() as stack:
        yield lambda port=None: stack.enter_context(serve(demo_folder / "project.yaml", port=port))


def begin(visitor, name, demo_folder, schools):
    """Send a county with two faults, mend them, open it."""
    page = visitor.page
    name_project(page, name)
    uploader_speaks_the_language(page, visitor.language)
    send_county(page, demo_folder, schools)
    mend(page)
    page.reload()  # in the middle: what was sent and mended is kept
    page.locator(".st-key-check-open button").click(timeout=120_000)
    page.wait_for_selector(".pl-figures", timeout=180_000)
    page.wait_for_selector(".pl-table")
    expect(page.locator("h1").first).to_contain_text(name)
    assert f"lang={visitor.language}" in page.url or visitor.language == "zh"


def uploader_speaks_the_language(page, language):
    """Streamlit's own words are covered: what is read in the uploader is ours."""
    button, drop = {"zh": ("选择文件", "拖到"), "en": ("Choose a file", "Drop a file")}[language]
    # In one look a style may be asked of what the page is just drawing anew: wait until it is so.
    page.wait_for_function(
        """([button, drop]) => {
             const slot = document.querySelector('.st-key-pl-slot-boundary');
             const choose = slot?.querySelector('[data-testid=stFileUploaderDropzone] button p');
             const told = slot?.querySelector('[data-testid=stFileUploaderDropzoneInstructions] span');
             return choose && told && [choose, told].every(node => getComputedStyle(node).fontSize === '0px')
                 && getComputedStyle(choose, '::after').content === `"${button}"`
                 && getComputedStyle(told, '::after').content.includes(drop); }""",
        arg=[button, drop],
    )


def place(visitor):
    """Place a school where there are children, and give the figures before and after."""
    first = visitor.figures()
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.map.locator("#map_div").click(position={"x": box["width"] * 0.36, "y": box["height"] * 0.45})
    visitor.map.locator(".leaflet-marker-icon.is-new").wait_for()
    visitor.wait_for_figures(other_than=first)
    return first, visitor.figures()


def drag(visitor, before):
    """Drag the new school a little."""
    marker = visitor.map.locator(".leaflet-marker-icon.is-new").bounding_box()
    x, y = marker["x"] + marker["width"] / 2, marker["y"] + marker["height"] / 2
    visitor.page.mouse.move(x, y)
    visitor.page.mouse.down()
    visitor.page.mouse.move(x + 60, y - 30, steps=5)
    visitor.page.mouse.up()
    visitor.wait_for_figures(other_than=before)
    return visitor.figures()


def close_another(visitor, before):
    """Close a school that stands on the map, and give its name and the figures then."""
    standing = visitor.map.locator(
        ".leaflet-marker-icon[aria-label]:not(.is-new, [aria-label*='<'], [aria-label*='='])"
    )
    name = standing.first.get_attribute("aria-label")
    visitor.marker_of(name).dispatch_event("click")
    visitor.page.locator("[class*=st-key-close-] button").click(timeout=90_000)
    visitor.wait_for_figures(other_than=before)
    return name, visitor.figures()


def entries(visitor, count):
    """Wait until the plan has so many changes, and give them as they read."""
    visitor.page.wait_for_function("n => document.querySelectorAll('.pl-edit').length === n", arg=count, timeout=90_000)
    return visitor.page.locator(".pl-edit").all_inner_texts()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_planner_s_story(walk, own_server, demo_folder, schools, language):
    server = own_server()
    visitor = walk(language, at=server.address, page="projects", ready=".pl-project")
    page = visitor.page
    begin(visitor, f"故事县{language}", demo_folder, schools)

    visitor.go("plan")
    _, placed = place(visitor)
    dragged = drag(visitor, placed)
    page.reload()
    page.wait_for_selector(".pl-figures", timeout=120_000)
    visitor.wait_for_figures(same_as=dragged)
    entries(visitor, 1)
    visitor.map.locator(".leaflet-marker-icon.is-new").wait_for()
    closed, after_closure = close_another(visitor, dragged)

    visitor.go("closures")
    page.wait_for_selector(".pl-table", timeout=120_000)
    expect(page.locator(".pl-table").first).to_contain_text(closed)
    known = {"zh": r"不得|可以撤并|等待|建成|答复|拦", "en": r"Blocked|May be closed|wait for answers|new schools"}
    expect(page.locator("[role=status] b").first).to_contain_text(re.compile(known[language]))
    expect(page.locator(".pl-table").last.locator("tbody tr")).not_to_have_count(0)  # the villages that are affected

    visitor.go("plan")
    visitor.wait_for_figures(same_as=after_closure)
    told = entries(visitor, 2)
    said_before = len(visitor.faults)
    server.process.kill()
    server.process.wait()
    own_server(server.port)
    page.wait_for_selector(".pl-figures", timeout=120_000)
    page.reload()
    page.wait_for_selector(".pl-figures", timeout=180_000)
    visitor.wait_for_figures(same_as=after_closure)
    assert entries(visitor, 2) == told
    unexpected = [fault for fault in visitor.faults[said_before:] if not SERVER_IS_GONE.search(fault)]
    visitor.faults[said_before:] = unexpected
    assert not unexpected

    visitor.go("propose")
    page.locator(".st-key-ask button").first.click()
    page.wait_for_selector(".st-key-pl-changes", timeout=180_000)
    visitor.rest()  # every line of the list is there
    lines = page.locator(".st-key-pl-changes [data-testid=stCheckbox]")
    offered = lines.count()
    assert offered > 1
    lines.nth(0).locator("label").first.click()
    page.locator(".st-key-adopt-ticked button:enabled").first.click()
    page.wait_for_function(
        "n => document.querySelectorAll('.st-key-pl-changes input:disabled').length === n", arg=offered - 1
    )
    visitor.go("plan")
    visitor.wait_for_figures(other_than=after_closure)
    entries(visitor, 2 + offered - 1)
    undo = page.get_by_role("button", name={"zh": "撤销", "en": "Undo"}[language])
    for expected in (after_closure, dragged):
        undo.click()
        visitor.wait_for_figures(same_as=expected)
    entries(visitor, 1)
