"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def demo_folder() -> Path:
    """Give the folder of the county that ships."""
    return ROOT / "data" / "demo"


def absent(what: str) -> None:
    """Skip a test for want of something, or fail where nothing may be wanting (``.ci/run`` sets PLANNING_STRICT)."""
    if os.environ.get("PLANNING_STRICT"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real data that is not part of the project, or skip and say why."""
    named = os.environ.get("PLANNING_DATA", "../shared/data")
    if named == "none":
        pytest.skip("PLANNING_DATA=none: no real test data on this machine")
    folder = (ROOT / named).resolve()
    if not folder.is_dir():
        absent(f"real test data not found at PLANNING_DATA={named}")
    return folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of the browser, or skip and say why."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        absent("Chromium not found; install it or set CHROMIUM to its path")
    return str(path)


@pytest.fixture(scope="session")
def nginx() -> str:
    """Give the path of the web server that bureaus put before the app, or skip and say why."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        absent("nginx not found; install it")
    return str(path)
