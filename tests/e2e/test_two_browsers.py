"""Two planners on one scenario, each in a browser: no change is lost in silence, a stale one is told and can be made again."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def click_map(visitor, across, down):
    box = visitor.map.locator("#map_div").bounding_box()
    visitor.map.locator("#map_div").click(position={"x": box["width"] * across, "y": box["height"] * down})


def wait_for_entries(visitor, count):
    visitor.page.wait_for_function("n => document.querySelectorAll('.pl-edit').length === n", arg=count, timeout=90_000)


def test_a_stale_change_is_told_and_made_again(walk, serve, demo_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNING_STORE", str(tmp_path / "store"))
    with serve(demo_folder / "project.yaml") as server:
        first, second = walk("zh", at=server.address), walk("en", at=server.address)
        first.go("plan")
        click_map(first, 0.36, 0.45)
        wait_for_entries(first, 1)
        second.page.goto(f"{first.page.url}&lang=en")
        wait_for_entries(second, 1)
        second.map.locator(".leaflet-marker-icon.is-new").wait_for(timeout=120_000)

        click_map(first, 0.45, 0.5)
        wait_for_entries(first, 2)
        wait_for_entries(second, 1)  # it has not looked since
        click_map(second, 0.5, 0.4)
        told = second.page.locator(".pl-told")
        told.nth(1).wait_for(timeout=90_000)
        expect(told.nth(0)).to_contain_text("Another window changed this scenario")
        expect(told.nth(1)).to_contain_text("Your change was not made")
        wait_for_entries(second, 2)
        second.page.locator(".st-key-conflict-mine button").click()
        wait_for_entries(second, 3)
        second.page.locator(".st-key-conflict-mine").wait_for(state="detached")

        # Whoever does nothing to the plan and only looks sees what came, in words.
        first.map.locator(".leaflet-marker-icon.is-new").first.dispatch_event("click")
        wait_for_entries(first, 3)
        expect(first.page.locator(".pl-told")).to_contain_text("另一窗口")
