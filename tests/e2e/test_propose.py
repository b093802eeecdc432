"""A proposal in a real browser: asked for, proven, taken in part, taken back; the page written in one language only."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("language", ["zh", "en"])
def test_proposal_is_asked_for_taken_in_part_and_taken_back(walk, language):
    visitor = walk(language)
    visitor.go("propose")
    page = visitor.page
    page.locator(".st-key-ask button").first.click()
    page.wait_for_selector(".st-key-pl-changes", timeout=120_000)
    expect(page.locator(".pl-verdict.optimal")).to_have_count(1)
    lines = page.locator(".st-key-pl-changes [data-testid=stCheckbox]")
    expect(lines).to_have_count(3)
    expect(visitor.map.locator(".leaflet-marker-pane .is-proposed")).to_have_count(3)
    lines.nth(1).locator("label").first.click()
    page.locator(".st-key-adopt-ticked button:enabled").first.click()
    undo = page.locator(".st-key-propose-undo button:enabled").first
    undo.wait_for(timeout=90_000)
    expect(page.locator(".st-key-pl-changes input:disabled")).to_have_count(2)
    if language == "zh":
        assert not set(re.findall(r"[A-Za-z]{4,}", page.locator(".st-key-pl-changes").inner_text()))
    undo.click()
    page.locator(".st-key-propose-undo button:disabled").first.wait_for(timeout=90_000)
    expect(page.locator(".st-key-pl-changes input:disabled")).to_have_count(0)
