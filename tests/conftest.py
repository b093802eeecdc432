"""Fixtures that every test may use."""

from __future__ import annotations

import os
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


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real data that is not part of the project, or skip and say why."""
    named = os.environ.get("PLANNING_DATA", "../shared/data")
    folder = (ROOT / named).resolve()
    if named == "none" or not folder.is_dir():
        pytest.skip(f"real test data not found at PLANNING_DATA={named}")
    return folder
