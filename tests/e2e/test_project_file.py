"""A project travels as one file from one machine's app to another's, network cut off: the same plan, the same figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from project_steps import send_project_file

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture
def machine(serve, demo_folder, tmp_path, monkeypatch):
    """Give a function that serves the demo county from folders of that machine alone."""

    def start(name: str):
        monkeypatch.setenv("PLANNING_HOME", str(tmp_path / name / "home"))
        monkeypatch.setenv("PLANNING_STORE", str(tmp_path / name / "store"))
        return serve(demo_folder / "project.yaml")

    return start


def place(visitor, across: float, down: float) -> None:
    """Place a school on the map."""
    before = visitor.figures()
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.map.locator("#map_div").click(position={"x": box["width"] * across, "y": box["height"] * down})
    visitor.wait_for_figures(other_than=before)


def open_only_scenario(visitor) -> None:
    """Choose the scenario that stands below today's schools."""
    visitor.page.locator(".st-key-scenario-choice input").click()
    choices = visitor.page.locator("[role=option]")
    expect(choices).to_have_count(2)
    choices.nth(1).click()


def plan_of(visitor) -> tuple[str, list[str], list[str]]:
    """Read the open plan: its figures, its changes, its table before and after."""
    visitor.rest()
    page = visitor.page
    return (
        visitor.figures(),
        page.locator(".pl-edit").all_inner_texts(),
        page.locator(".pl-table").first.locator("tbody tr").all_inner_texts(),
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_project_file_gives_the_same_plan_on_another_machine(walk, machine, tmp_path, language):
    with machine("one") as server:
        visitor = walk(language, at=server.address)
        visitor.go("plan")
        place(visitor, 0.36, 0.45)
        place(visitor, 0.5, 0.7)
        told = plan_of(visitor)
        assert len(told[1]) == 2
        visitor.go("export")
        visitor.page.locator(".st-key-export-view button").nth(2).click()
        visitor.page.locator(".st-key-make-project button").click()
        with visitor.page.expect_download() as waiting:
            visitor.page.locator(".st-key-download-project button").click(timeout=180_000)
        file = tmp_path / waiting.value.suggested_filename
        file.write_bytes(Path(waiting.value.path()).read_bytes())
        visitor.page.goto("about:blank")  # nobody looks when the server goes

    with machine("two") as server:
        visitor = walk(language, at=server.address, page="projects", ready=".pl-project")
        send_project_file(visitor.page, file)
        visitor.go("plan")
        today = visitor.figures()
        assert today != told[0]
        open_only_scenario(visitor)
        visitor.wait_for_figures(other_than=today)
        assert plan_of(visitor) == told
