"""Drawn on the map by mouse and by keys: a road listed, shown, undone; an estate; a school at a possible site."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]
BENDS = ((0.36, 0.42), (0.41, 0.47), (0.47, 0.5))


def _spot(visitor, place) -> tuple[float, float]:
    box = visitor.map.locator("#map_div").bounding_box()
    return box["x"] + box["width"] * place[0], box["y"] + box["height"] * place[1]


def _wait_drawn(visitor, n: int) -> None:
    visitor.frame.wait_for_function(
        "n => Number(document.getElementById('map_div').dataset.drawn || 0) === n", arg=n, timeout=90_000
    )


def test_road_is_drawn_by_clicks_listed_shown_and_undone(walk):
    visitor = walk("zh")
    visitor.go("plan")
    first = visitor.figures()
    tool = visitor.map.get_by_role("button", name="画道路")
    tool.click()
    assert tool.get_attribute("aria-pressed") == "true"
    for bend in BENDS:
        visitor.page.mouse.move(*_spot(visitor, bend))
        visitor.page.mouse.click(*_spot(visitor, bend))
        visitor.page.wait_for_timeout(400)  # two clicks, not a double click
    told = visitor.map.locator(".planmap-hint b").inner_text()
    assert re.fullmatch(r"[\d.]+ 公里", told)
    visitor.page.keyboard.press("Backspace")
    expect(visitor.map.locator("path.planmap-bend")).to_have_count(2)
    shorter = visitor.map.locator(".planmap-hint b").inner_text()
    assert float(shorter.split()[0]) < float(told.split()[0])
    before = visitor.revision()
    visitor.page.mouse.dblclick(*_spot(visitor, BENDS[-1]))
    visitor.wait_for_change(before)
    panel = visitor.page.get_by_test_id("stForm")
    expect(panel).to_contain_text(told)  # the form tells the length that was told while drawing
    assert visitor.map.locator(".leaflet-marker-icon.is-new").count() == 0, "no school was placed by drawing"

    panel.get_by_role("textbox").fill("新河路")
    panel.get_by_role("button", name="添加道路").click()
    visitor.page.locator(".st-key-pl-edits").get_by_text("新河路").wait_for()
    _wait_drawn(visitor, 1)
    expect(visitor.map.locator(".planmap-legend")).to_contain_text("新建道路")
    middle = [(a + b) / 2 for a, b in zip(_spot(visitor, BENDS[0]), _spot(visitor, BENDS[1]), strict=True)]
    tip = visitor.map.locator(".planmap-tip").get_by_text("新河路")
    for _ in range(40):  # a map that is just painted anew takes the pointer for resting where it was
        visitor.page.mouse.move(middle[0] - 40, middle[1] + 60)
        visitor.page.mouse.move(*middle, steps=4)
        visitor.page.wait_for_timeout(500)
        if tip.is_visible():
            break
    assert tip.is_visible()
    visitor.page.locator(".st-key-undo button").click()
    _wait_drawn(visitor, 0)
    visitor.wait_for_figures(same_as=first)
    expect(visitor.map.locator(".planmap-legend")).not_to_contain_text("新建道路")


def test_road_is_drawn_by_keys_alone_and_given_up(walk):
    visitor = walk("en")
    visitor.go("plan")
    visitor.map.get_by_role("button", name="Draw a road").focus()
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.press(" ")
    visitor.page.keyboard.press("ArrowRight")
    expect(visitor.map.locator(".planmap-cross")).to_be_visible()
    visitor.page.wait_for_timeout(600)  # the map glides
    visitor.page.keyboard.press(" ")
    expect(visitor.map.locator("path.planmap-bend")).to_have_count(2)
    visitor.page.keyboard.press("Escape")
    expect(visitor.map.locator("path.planmap-bend")).to_have_count(0)
    expect(visitor.map.locator(".planmap-hint")).to_be_hidden()
    assert visitor.page.get_by_test_id("stForm").count() == 0


def test_possible_sites_show_their_scores_and_take_a_school(walk):
    visitor = walk("zh")
    visitor.go("plan")
    visitor.page.locator(".st-key-plan-view input").click()
    visitor.page.get_by_role("option", name="备选校址：标准以内人数", exact=True).click()
    visitor.frame.wait_for_function(
        "Number(document.getElementById('map_div').dataset.spots || 0) > 100", timeout=120_000
    )
    expect(visitor.map.locator(".planmap-legend")).to_contain_text("≥ 100")
    best = visitor.page.locator(".st-key-pl-sites .pl-edit").first
    expect(best).to_contain_text(re.compile(r"增加 \d+ 人"))
    told = best.inner_text()
    name, gain = told.split("\n")[0], re.search(r"增加 (\d+) 人", told)[1]
    first = visitor.figures()
    visitor.page.locator(".st-key-pl-sites button").first.click()
    visitor.map.locator(".leaflet-marker-icon.is-new").wait_for()
    visitor.wait_for_figures(other_than=first)
    assert int(gain) >= 100
    expect(best).not_to_contain_text(name)
